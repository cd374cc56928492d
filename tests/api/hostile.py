"""What the tests of hostile HTTP share: requests that no honest client sends, as bytes, to the
installed product, lighttpd and the programs behind it.

Each row of a table says what is sent and every answer that must come back before the server closes
the connection: `200` or `404` is a program's, `web 400` the web server's own, nothing at all a
connection closed without a word. An answer more, or one to another request than was sent, would be
a request smuggled in. All the while a bystander sends good requests; after each case he must have
had the right answers, and every worker must be the process that it was."""

import pytest
from client import Person
from raw import Bystander, describe, exchange, head, take_replies
from server import Server

BODY_TIMEOUT_S = 1
WEB_IDLE_S = 5
PROGRAM_NAMES = ("auth", "chat", "profile", "status")

ASK = "/auth/forgot-password"  # public; {} is a body that it understands and refuses: 422
ADAS = "Authorization: Bearer {ADA}"


class Stage:
    def __init__(self, folder):
        self.server = Server(folder / "data", {
            "http.body_timeout": f"{BODY_TIMEOUT_S}s", "serve.web_idle": f"{WEB_IDLE_S}s"}).start()
        self.ada, self.bob, passer_by = (Person(self.server, name).sign_up().sign_in()
                                         for name in ("Ada", "Bob", "By"))
        self.room = self.ada.room_with(self.bob)
        self.words = {"ADA": self.ada.token, "BOB": self.bob.token, "ROOM": self.room["id"],
                      "ADAS_ID": self.ada.id}
        self.bystander = Bystander(passer_by)
        self.bystander.start()
        self.pids = self.workers()

    def workers(self):
        return {name: self.server.workers(name) for name in PROGRAM_NAMES} | {
            "web": self.server.web_server()}

    def fill(self, data):
        """Puts in what is only known now: {ADA} is Ada's token."""
        for word, value in self.words.items():
            data = data.replace(b"{%s}" % word.encode(), value.encode())
        return data

    def play(self, data, half_close=False):
        """Sends a request: the answers, and what they are in a word each."""
        data = self.fill(data)
        got = exchange(self.server.port, data, half_close)
        replies = take_replies(got, is_head=data.startswith(b"HEAD"))
        return replies, ", ".join(map(describe, replies))

    def check(self):
        """All is as it was."""
        self.bystander.check()
        assert self.workers() == self.pids, "a process has died"

    def end(self):
        self.bystander.end()
        self.server.stop()


def rows(*table):
    """(name, request, answers) each; the name is what pytest shows."""
    return pytest.mark.parametrize("data, answers", [
        pytest.param(data, answers, id=name) for name, data, answers in table])


def check(play, data, answers, **more):
    replies, said = play(data, **more)
    assert said == answers, replies
    return replies


# --- requests -------------------------------------------------------------------------------------


def post(*fields, body=b"{}", target=ASK, **more):
    return head("POST", target, "Content-Type: application/json", *fields, **more) + body


def chunked(body, *fields, **more):
    return post("Transfer-Encoding: chunked", *fields, body=body, **more)


def refresh(*fields):
    return post("Content-Length: 2", *fields, target="/auth/refresh-token")


def config(*fields, **more):
    return head("GET", "/config", *fields, **more)


def of(whose, target="/profile", **more):
    return head("GET", target, f"Authorization: Bearer {{{whose}}}", **more)


OPEN = {"close": False}
FORGOT = post("Content-Length: 2", **OPEN)
