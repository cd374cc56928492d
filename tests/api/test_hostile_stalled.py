"""Who stalls, goes away, never reads or sends nonsense by the thousand, straight at the sockets of
the programs: nobody else notices, and nothing of it stays."""

import os
import random
import socket
import threading
import time

import pytest
from fastcgi import STDIN, begin, connect, describe, record, replies_in, request, talk
from hostile_sockets import BODY_TIMEOUT_S, HEAD_TIMEOUT_S, SAID, THREADS, ask, run_programs
from raw import read_all
from server import STAGE, wait_for

MANY = 3000


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    yield from run_programs(tmp_path_factory.mktemp("fastcgi"))


# --- stalled, gone and deaf -----------------------------------------------------------------------


def a_message(programs):
    """A request that would leave a room behind, had it been whole."""
    body = b'{"name":"cut off"}'
    return request("PATCH", "/profile", body=body, CONTENT_TYPE="application/json",
                   HTTP_AUTHORIZATION="Bearer " + programs.ada.token)


@pytest.mark.parametrize("half_close", [True, False], ids=["half_closed", "closed"])
def test_a_request_cut_off_at_any_byte_does_nothing(programs, half_close):
    data = a_message(programs)
    for cut in range(len(data) - 10):  # then the body is complete
        s = connect(programs.path("profile"))
        s.sendall(data[:cut])
        if half_close:
            s.shutdown(socket.SHUT_WR)
            assert describe(read_all(s)) in ("", "400"), cut
        s.close()
    programs.check()
    assert programs.ada.get("/profile").json()["name"] == "Ada"


class Asking(threading.Thread):
    """Good requests to one program, one after another, and how long the slowest took."""

    def __init__(self, programs, program):
        super().__init__()
        self.programs, self.program = programs, program
        self.ended = threading.Event()
        self.slowest_s, self.fault, self.done = 0, None, 0

    def run(self):
        try:
            while not self.ended.wait(0.02):
                began = time.monotonic()
                self.programs.ask(self.program)
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                self.done += 1
        except BaseException as error:
            self.fault = error


def stall(path):
    """64 connections, stalled at every stage of what comes before a body."""
    data = begin() + SAID
    stalled = [connect(path) for _ in range(64)]
    for number, s in enumerate(stalled):
        s.sendall(data[:(len(data) - 8) * number // 64])
    return stalled


def test_64_stalled_connections_hold_up_nobody(programs):
    """Sixteen for each thread of each program."""
    bystanders = [Asking(programs, program) for program in programs.good]
    stalled = [s for program in programs.good for s in stall(programs.path(program))]
    began = time.monotonic()
    for bystander in bystanders:
        bystander.start()
    assert all(read_all(s) == b"" for s in stalled)
    assert time.monotonic() - began < 2 * HEAD_TIMEOUT_S + 5
    for bystander in bystanders:
        bystander.ended.set()
        bystander.join()
        assert not bystander.fault
        assert bystander.done > 5 and bystander.slowest_s < HEAD_TIMEOUT_S
    programs.check()


def test_stalled_bodies_are_given_up_in_time(programs):
    data = ask(b"", 2, record(STDIN, b"{"))
    bystander = Asking(programs, "auth")
    stalled = [connect(programs.path("auth")) for _ in range(4 * THREADS)]
    for s in stalled:
        s.sendall(data)
    bystander.start()
    began = time.monotonic()
    assert {describe(read_all(s)) for s in stalled} == {"408"}
    assert time.monotonic() - began < 4 * BODY_TIMEOUT_S + 10
    bystander.ended.set()
    bystander.join()
    assert not bystander.fault
    programs.check()


def test_who_never_reads_is_given_up(programs):
    deaf = [connect(programs.path("status")) for _ in range(THREADS)]
    for s in deaf:
        s.setblocking(False)
        try:
            s.sendall(request("GET", "/config", keep=True) * 5000)
        except BlockingIOError:
            pass
    programs.check()
    for s in deaf:
        s.settimeout(15)
        read_all(s)
        s.close()


# --- nothing is left behind -----------------------------------------------------------------------


def broken_requests(seed):
    """Without an end: good requests with something wrong, the same for the same seed."""
    chance = random.Random(seed)
    good = request("POST", "/nothing", body=b"some body", HTTP_AUTHORIZATION="Bearer x")
    while True:
        data = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)):]
        if chance.random() < 0.2:
            at = chance.randrange(len(data) + 1)
            data[at:at] = chance.randbytes(chance.randrange(1, 100))
        yield bytes(data)


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def sockets(pid):
    return sum(os.readlink(f.path).startswith("socket:") for f in os.scandir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("program", ["auth", "chat", "profile", "status"])
def test_thousands_of_broken_requests_leave_nothing_behind(programs, program):
    (pid,) = programs.workers()[program]
    path = programs.path(program)
    stream = broken_requests(program)
    for _ in range(500):
        replies_in(talk(path, next(stream)))
    before = pss_kib(pid), sockets(pid)
    for _ in range(MANY):
        replies_in(talk(path, next(stream)))
    wait_for("sockets are closed", lambda: sockets(pid) <= before[1])
    if STAGE.parent.name in ("asan", "tsan"):
        print(f"SKIPPED growth of memory: {STAGE.parent.name} keeps what is freed")
    else:
        assert pss_kib(pid) - before[0] < 512
    programs.check()
