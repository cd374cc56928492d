import contract
import pytest
from client import Client, Person
from hostile import Stage
from images import png
from server import CLOUDCHAT, IDENTITY, Server

MISSING = pytest.StashKey()


def pytest_configure(config):
    if not CLOUDCHAT.exists():
        raise pytest.UsageError(f"{CLOUDCHAT} is not there: `make stage` puts it there")


# --- which cases of which route were seen, over all of xdist's workers ----------------------------


def pytest_sessionfinish(session, exitstatus):
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["coverage"] = sorted(contract.COVERAGE.seen)
        return
    if exitstatus == 0 and is_whole(config):
        config.stash[MISSING] = [case for case in contract.COVERAGE.missing()
                                 if case not in IDENTITY.unseen]
        if config.stash[MISSING]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    contract.COVERAGE.seen |= {tuple(case) for case in node.workeroutput.get("coverage", [])}


def is_whole(config):
    """Whether the run was of everything: only then a missing case is a fault."""
    option = config.option
    return not (option.keyword or option.markexpr or option.collectonly or option.deselect
                or any(".py" in argument for argument in config.args))


def pytest_terminal_summary(terminalreporter, config):
    missing = config.stash.get(MISSING, [])
    if missing:
        terminalreporter.section("cases that no test shows", red=True)
        for line in missing:
            terminalreporter.line(line)


# --- servers and people ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The one that most tests share: quick passwords, wide throttles."""
    running = Server(tmp_path_factory.mktemp("shared") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def make_server(tmp_path):
    """Starts others, for what the shared one cannot show."""
    made = []

    def make(**settings):
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        quick = settings.pop("quick", True)
        made.append(Server(tmp_path / f"data{len(made)}", settings, quick))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def client(server):
    return Client(server.url)


@pytest.fixture
def person(server):
    """Makes people who are signed in."""
    return lambda name="Ada", **more: Person(server, name, **more).sign_up().sign_in()


class Scene:
    """Two people with a room, messages and photos, and a stranger; nobody changes it."""

    def __init__(self, server, photo):
        self.server = server
        self.ada, self.bob, self.eve = (Person(server, name).sign_up().sign_in()
                                        for name in ("Ada", "Bob", "Eve"))
        self.room = self.ada.room_with(self.bob)
        self.message = self.bob.say(self.room, "Hello Ada")
        profile = self.bob.put("/profile/photo", body=photo, headers={"content-type": "image/png"},
                               expect=200).json()
        self.photo = profile["photo"].rsplit("/", 1)[1]

    def target(self, op):
        """A path of an operation at which there is something that Ada may see."""
        query = f"?room_id={self.room['id']}" if op.id == "message_list" else ""
        return self.path(op) + query

    def path(self, op):
        ids = {"/chat/rooms": self.room["id"], "/chat/messages": self.message["id"],
               "/users": self.bob.id, "/auth/sessions": self.ada.session}
        for prefix, value in ids.items():
            if op.path.startswith(prefix):
                return op.path.replace("{id}", value).replace("{name}", self.photo)
        return op.path


@pytest.fixture(scope="session")
def scene(server):
    return Scene(server, png(8, 8))


# --- hostile HTTP (hostile.py) --------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    running = Stage(tmp_path_factory.mktemp("hostile"))
    yield running
    running.end()


@pytest.fixture
def play(stage):
    """Sends a request and describes the answers; then all must be as it was."""
    yield stage.play
    stage.check()
