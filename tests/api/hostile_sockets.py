"""What the tests share that speak to the sockets of the programs, past the web server."""

from client import Person
from fastcgi import PARAMS, begin, record, replies_in, request, rest, talk, variables
from server import Server

BODY_TIMEOUT_S = 1
HEAD_TIMEOUT_S = 5
THREADS = 4

HEAD = variables()
SAID = record(PARAMS, HEAD) + record(PARAMS)  # all parameters


class Programs:
    """One installation; for each program a request whose answer is its own and nobody else's."""

    def __init__(self, folder):
        self.server = Server(folder / "data", {
            "http.body_timeout": f"{BODY_TIMEOUT_S}s", "http.threads": THREADS}).start()
        self.ada = Person(self.server).sign_up().sign_in()
        token = {"HTTP_AUTHORIZATION": "Bearer " + self.ada.token}
        self.good = {
            "auth": (request("GET", "/auth/sessions", **token), self.ada.session),
            "chat": (request("GET", "/chat/rooms", **token), '"next"'),
            "profile": (request("GET", "/profile", **token), self.ada.id),
            "status": (request("GET", "/config"), "Cloud Chat"),
        }
        self.pids = self.workers()

    def path(self, program):
        return self.server.data / "run" / f"{program}.sock"

    def workers(self):
        return {program: self.server.workers(program) for program in self.good}

    def ask(self, program):
        data, mark = self.good[program]
        (reply,) = replies_in(talk(self.path(program), data))
        assert reply.status == 200 and mark in reply.body.decode(), reply

    def check(self):
        for program in self.good:
            self.ask(program)
        assert self.workers() == self.pids, "a program has died"


def run_programs(folder):
    """For a fixture."""
    running = Programs(folder)
    yield running
    running.check()
    running.server.stop()


def ask(body, length, records=None):
    """Of auth, which understands {} and refuses it: 422."""
    said = variables("POST", "/auth/forgot-password", length, CONTENT_TYPE="application/json")
    return begin() + record(PARAMS, said) + record(PARAMS) + (records or rest(body))
