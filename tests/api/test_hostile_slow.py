"""Requests that come slowly, stall or are cut off, and clients who leave or never read."""

import json
import os
import socket
import struct
import threading
import time

import pytest
from client import new_client_id
from hostile import ADAS, FORGOT, PROGRAM_NAMES, WEB_IDLE_S, chunked, config, of, post
from raw import connect, describe, exchange, head, read_all, send, take_replies
from server import BACKEND, wait_for


class Slow(threading.Thread):
    """Sends pieces with a pause between them, and then waits for the end."""

    def __init__(self, stage, pieces, pause_s):
        super().__init__()
        self.port = stage.server.port
        self.pieces, self.pause_s = [stage.fill(piece) for piece in pieces], pause_s
        self.said = self.took_s = None

    def run(self):
        with connect(self.port) as s:
            for piece in self.pieces:
                send(s, piece)
                last = time.monotonic()
                time.sleep(self.pause_s)
            got = read_all(s)
        self.took_s = time.monotonic() - last
        self.said = ", ".join(map(describe, take_replies(got)))


def bytewise(data, count=5):
    """One by one for a while, then the rest."""
    return [data[i:i + 1] for i in range(count)] + [data[count:]]


# Name, pieces, answers. What is stalled is closed without a word.
SLOW = (
    ("a_first_line_a_byte_a_second", bytewise(config()), "200"),
    ("a_header_a_byte_a_second", [config()[:40], *bytewise(config()[40:])], "200"),
    ("the_last_byte_late", [config()[:-1], config()[-1:]], "200"),
    ("a_body_a_byte_a_second", [post("Content-Length: 7", body=b""), *bytewise(b"{     }")],
     "422"),
    ("chunks_a_byte_a_second", [chunked(b""), *bytewise(b"2\r\n{}\r\n0\r\n\r\n")], "422"),
    ("nothing_at_all", [b""], ""),
    ("half_a_method", [b"GE"], ""),
    ("half_a_line", [b"GET /conf"], ""),
    ("a_line", [b"GET /config HTTP/1.1\r\n"], ""),
    ("half_a_header", [config()[:-8]], ""),
    ("a_head_but_for_its_last_byte", [config()[:-1]], ""),
    ("a_head_that_ends_in_carriage_returns", [config().replace(b"\r\n", b"\r\r\n")], ""),
    ("a_head_and_no_body", [post("Content-Length: 2", body=b"")], ""),
    ("half_a_body", [post("Content-Length: 2", body=b"{")], ""),
    ("a_head_and_no_chunk", [chunked(b"")], ""),
    ("half_a_chunk_size", [chunked(b"2")], ""),
    ("half_a_chunk", [chunked(b"2\r\n{")], ""),
    ("chunks_of_carriage_returns", [chunked(b"2\r{}\r0\r\r")], ""),
    ("no_last_chunk", [chunked(b"2\r\n{}\r\n")], ""),
    ("half_a_trailer", [chunked(b"2\r\n{}\r\n0\r\nX: ")], ""),
)


def test_slow_and_stalled_requests_end_and_disturb_nobody(stage):
    before = open_sockets(stage)
    slow = {name: Slow(stage, pieces, 1.0) for name, pieces, _ in SLOW}
    for one in slow.values():
        one.start()
    deaf = [never_reads(stage) for _ in range(5)]
    while any(one.is_alive() for one in slow.values()):
        stage.check()
        time.sleep(0.05)
    assert {name: one.said for name, one in slow.items()} == {
        name: answers for name, _, answers in SLOW}
    late = {name: one.took_s for name, one in slow.items()
            if one.took_s > WEB_IDLE_S + 4}
    assert not late
    wait_for("nothing is left open", lambda: open_sockets(stage) <= before)
    for s in deaf:
        s.close()
    stage.check()


def never_reads(stage):
    """Asks for more than fits into all buffers, and looks away."""
    s = connect(stage.server.port)
    s.setblocking(False)
    try:
        s.sendall(head("GET", "/openapi.json", close=False) * 500)
    except BlockingIOError:
        pass
    return s


def open_sockets(stage):
    """Of all processes, once the bystander has been answered: his connection is among them each
    time. Other files they open as they first need them: a thread its database, or, where that is
    not a file, sockets to it; then those of the web server have to do."""
    stage.check()
    names = () if BACKEND.opens_sockets else PROGRAM_NAMES
    pids = [*stage.server.children_named("lighttpd"), *sum(map(stage.server.workers, names), [])]
    return sum(is_socket(entry) for pid in pids for entry in os.scandir(f"/proc/{pid}/fd"))


def is_socket(entry):
    try:
        return os.readlink(entry.path).startswith("socket:")
    except FileNotFoundError:
        return False  # closed meanwhile


def reset(s):
    """Closes so that the other side learns it at once, in the middle of whatever it does."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["closed", "reset"])
def test_a_request_cut_off_at_any_byte_does_nothing(stage, leave):
    before = len(stage.ada.read(stage.room)["items"])
    open_before = open_sockets(stage)
    body = json.dumps({"room_id": stage.room["id"], "type": "text", "data": {"text": "cut"},
                       "client_id": new_client_id()}).encode()
    whole = stage.fill(head("POST", "/chat/messages", "Content-Type: application/json",
                            f"Content-Length: {len(body)}", ADAS) + body)
    token = whole.index(stage.ada.token.encode())
    for cut in range(len(whole)):
        if cut < token + 10 or cut > token + len(stage.ada.token) - 10:
            s = connect(stage.server.port)
            s.sendall(whole[:cut])
            leave(s)
    stage.check()
    wait_for("nothing is left open", lambda: open_sockets(stage) <= open_before)
    assert len(stage.ada.read(stage.room)["items"]) == before
    assert take_replies(exchange(stage.server.port, whole))[0].status == 201
    assert len(stage.ada.read(stage.room)["items"]) == before + 1


def test_who_leaves_before_the_answer_disturbs_nobody(stage):
    before = open_sockets(stage)
    for data in (of("ADA"), head("GET", "/openapi.json"), FORGOT, of("ADA", close=False) * 20):
        for leave in (socket.socket.close, reset) * 20:
            s = connect(stage.server.port)
            s.sendall(stage.fill(data))
            leave(s)
    stage.check()
    wait_for("nothing is left open", lambda: open_sockets(stage) <= before)
