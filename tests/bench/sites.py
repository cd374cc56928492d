"""The product and the baseline, each behind a lighttpd of its own, started by `cloudchat serve`."""

import http.client
import mmap
import shutil
from pathlib import Path

import stores
from server import STAGE, Server, environment

CONSTANT = stores.BUILT / "tests" / "bench" / "constant"
# What the web server adds to every answer by itself.
ADDED = ("date", "connection", "keep-alive", "server", "transfer-encoding")


class Site(Server):
    """With the defaults of the product, but for what stores.SETTINGS says. What it logs goes into a
    file, as an operator's would."""

    def __init__(self, data, settings=None, more_environment=None):
        super().__init__(data, {**stores.SETTINGS, **(settings or {})}, quick=False)
        self.more_environment = more_environment or {}

    def environment(self):
        return {**environment(self.settings), **self.more_environment}

    def _is_ready(self):
        assert self.process.poll() is None, f"it ended:\n{self.log()[-4000:]}"
        try:
            return ask(self.url, "/config").status == 200
        except OSError:
            return False

    def check_log(self):
        """It is too long to be read line by line."""
        with open(self.console, "rb") as file:
            if self.console.stat().st_size == 0:
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                at = text.find(b'"level":"error"')
                assert at < 0, text[max(0, at - 200):at + 400]

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        elif self.process is not None:
            self.process.terminate()
            self.process.wait(30)


class Baseline(Site):
    """The constant program in the place of chat.fcgi; all else is the same."""

    def __init__(self, answer, name="baseline", settings=None):
        home = stores.HOME / "run" / name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "answer").write_bytes(answer)
        super().__init__(home / "data", settings, {"CONSTANT_ANSWER": str(home / "answer")})
        self.stage = home / "stage"
        shutil.copytree(STAGE, self.stage)
        shutil.copy(CONSTANT, self.stage / "lib" / "cloud-chat" / "chat.fcgi")


class Answer:
    def __init__(self, response):
        self.status, self.reason = response.status, response.reason
        self.headers = response.getheaders()
        self.body = response.read()

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def as_cgi(self):
        """What a program must write so that the web server makes this answer of it."""
        lines = [f"Status: {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() not in ADDED]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def ask(url, target, method="GET", headers=None, body=None):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, target, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def bearer(person):
    return {"Authorization": f"Bearer {person.token}"}


def write(name, text):
    """A file for a script of wrk."""
    path = Path(stores.HOME / "run" / name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)
