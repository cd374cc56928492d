"""What the runs share: a server, a load on it, and the checker afterwards.

CHAOS_SECONDS: how long each load lasts (10 s; the run under kill has its own length)."""

import asyncio
import os
import time
from dataclasses import dataclass

import checker
import pytest
import store
from history import History, exchanges
from load import Load, Plan, Scene
from server import BACKEND, CLOUDCHAT, Server, children, wait_for

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


def is_good(outcome):
    return outcome is not None and "got" in outcome


def signal_everything(server, number):
    """`cloudchat serve` and all that it has started."""
    for pid in [server.process.pid, *children(server.process.pid)]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # the end of the first has ended others


@dataclass
class Run:
    """One server, its people, and what they did to it."""
    server: Server
    folder: object

    def __post_init__(self):
        self.scene = Scene(self.server)
        self.history = History(self.folder / "history.jsonl")

    def put_under(self, meanwhile=None, **plan):
        """A load, from its beginning to its end. `meanwhile` is called on a thread beside it, and
        when it fails, or returns true, the load ends before its time."""
        load = Load(self.scene, self.history, Plan(**plan))

        def disturb():
            try:
                if meanwhile():
                    load.stop()
            except BaseException:
                load.stop()
                raise

        async def both():
            if meanwhile is None:
                return await load.run()
            result, _ = await asyncio.gather(load.run(), asyncio.to_thread(disturb))
            return result

        return asyncio.run(both())

    def exchanges(self, op=None, since=0.0):
        """(invoke, outcome) of what was invoked after some time."""
        return [(invoke, outcome) for invoke, outcome in exchanges(list(self.history.events))
                if op in (None, invoke["op"]) and invoke["t"] >= since]

    def wait_for_acks(self, count):
        """Waits until that many more messages are acknowledged."""
        since = time.monotonic()
        wait_for("messages", lambda: sum(is_good(o) for _, o in self.exchanges("send", since))
                 >= count, seconds=30, every=0.05)

    def copy(self):
        if BACKEND.name == "aws":
            return store.copy_table(BACKEND.items(self.server), self.folder / "copy.json")
        return store.copy(self.server.data / "cloud-chat.db", self.folder / "copy.db")

    def check(self):
        said = checker.check(self.history.events, self.copy())
        assert not said, f"{len(said)} violations ({self.history.path}):\n" + "\n".join(said[:20])


@pytest.fixture
def make_run(tmp_path):
    """Starts a server with settings, variables of the environment, people and rooms; stops it
    whatever happens."""
    made = []

    def make(folder=tmp_path, variables=None, **settings):
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        server = Server(folder / "data", settings)
        server.env.update(variables or {})
        server.console = tmp_path / "console"
        made.append(server)
        return Run(server.start(), tmp_path)

    yield make
    for server in made:
        if server.process is not None:
            server.process.terminate()
            server.process.wait(30)
