"""What the runs share: a server, a load on it, and the checker afterwards.

CHAOS_SECONDS: how long each load lasts (10 s; the run under kill has its own length)."""

import asyncio
import os
from dataclasses import dataclass

import checker
import pytest
import store
from history import History
from load import Load, Plan, Scene
from server import CLOUDCHAT, Server

SECONDS = float(os.environ.get("CHAOS_SECONDS", 10))
FIGURES = pytest.StashKey()


def pytest_configure(config):
    if not CLOUDCHAT.exists():
        raise pytest.UsageError(f"{CLOUDCHAT} is not there: `make stage` puts it there")
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[FIGURES]:
        terminalreporter.line(line)


@pytest.fixture
def tell(pytestconfig, request):
    """Figures of a run, for who reads its output."""
    return lambda *lines: pytestconfig.stash[FIGURES].extend(
        f"{request.node.name}: {line}" for line in lines)


@dataclass
class Run:
    """One server, its people, and what they did to it."""
    server: Server
    folder: object

    def __post_init__(self):
        self.scene = Scene(self.server)
        self.history = History(self.folder / "history.jsonl")

    def load(self, **plan):
        return Load(self.scene, self.history, Plan(**plan))

    def put_under(self, **plan):
        """A load, from its beginning to its end."""
        return asyncio.run(self.load(**plan).run())

    def copy(self):
        return store.copy(self.server.data / "cloud-chat.db", self.folder / "copy.db")

    def check(self):
        said = checker.check(self.history.events, self.copy())
        assert not said, f"{len(said)} violations ({self.history.path}):\n" + "\n".join(said[:20])


@pytest.fixture
def make_run(tmp_path):
    """Starts a server with settings, people and rooms; stops it whatever happens."""
    made = []

    def make(folder=tmp_path, **settings):
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        server = Server(folder / "data", settings)
        made.append(server)
        return Run(server.start(), tmp_path)

    yield make
    for server in made:
        if server.process is not None:
            server.stop()
