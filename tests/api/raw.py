"""HTTP as bytes: what is sent is what stands there, and what comes back is taken apart strictly."""

import re
import socket
import threading
import time

import contract
from client import Reply

PATIENCE_S = 20
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [ -~]*")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~]*)")


def head(method, target, *fields, version="HTTP/1.1", host="localhost", close=True):
    """A request up to its empty line. Text stands for its Latin-1 bytes."""
    lines = [f"{method} {target} {version}", *([f"Host: {host}"] if host is not None else []),
             *(["Connection: close"] if close else []), *fields]
    return "".join(line + "\r\n" for line in lines).encode("latin-1") + b"\r\n"


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def read_all(s):
    """Until the server closes, which it must within our patience."""
    got = b""
    try:
        while chunk := s.recv(65536):
            got += chunk
    except ConnectionResetError:
        pass  # it closed without having read all that we sent
    except TimeoutError:
        raise AssertionError(f"no end within {PATIENCE_S} s, after {got[:300]!r}") from None
    return got


def send(s, data):
    """True if all of it was taken: a server that has answered already may close."""
    try:
        s.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def exchange(port, data, half_close=False):
    """Everything that comes back to some bytes until the server closes."""
    with connect(port) as s:
        if send(s, data) and half_close:
            s.shutdown(socket.SHUT_WR)
        return read_all(s)


def take_reply(data, is_head=False):
    """The first answer, and what follows it. Anything that one reader may take for the end of a
    line, a header or a body and another may not is a fault."""
    top, blank, rest = data.partition(b"\r\n\r\n")
    assert blank, f"half an answer: {data[:300]!r}"
    first, *lines = top.split(b"\r\n")
    status = STATUS_LINE.fullmatch(first)
    assert status, f"no status line: {first[:100]!r} in {data[:300]!r}"
    fields = [FIELD_LINE.fullmatch(line) for line in lines]
    assert all(fields), f"not a header: {lines}"
    reply = Reply(int(status[1]), [(f[1].decode(), f[2].decode().strip()) for f in fields], b"")
    if is_head or reply.status < 200 or reply.status in (204, 304):
        return reply, rest
    reply.body, rest = take_body(reply, rest)
    return reply, rest


def take_body(reply, rest):
    lengths = reply.all("content-length")
    assert len(lengths) + len(reply.all("transfer-encoding")) == 1, reply.headers
    if not lengths:
        return take_chunks(rest)
    size = int(lengths[0])
    assert len(rest) >= size, f"{len(rest)} of {size} bytes"
    return rest[:size], rest[size:]


def take_chunks(rest):
    body = b""
    while True:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        assert rest[size:size + 2] == b"\r\n", "a chunk that does not end"
        body, rest = body + rest[:size], rest[size + 2:]
        if size == 0:
            return body, rest


def take_replies(data, is_head=False):
    replies = []
    while data:
        reply, data = take_reply(data, is_head)
        replies.append(reply)
    return replies


def describe(reply):
    """`200`, `web 400`: the status, and who answered; a problem is looked at closely."""
    if reply.status < 400:
        return str(reply.status)
    if reply.get("x-request-id") is None:
        if reply.body:
            contract.check_web_server(reply)
        return f"web {reply.status}"
    if reply.body:
        assert reply.get("content-type") == "application/problem+json"
        problem = reply.json()
        contract.validate("/components/schemas/Problem", problem)
        assert problem["status"] == reply.status
        assert problem["request_id"] == reply.get("x-request-id")
    return str(reply.status)


class Bystander(threading.Thread):
    """Somebody polite on one connection: each request says something that its answer must say."""

    PAUSE_S = 0.004

    def __init__(self, person):
        super().__init__(daemon=True)
        self.person = person
        self.done = 0
        self.fault = None
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.is_set():
                self.be_polite()
        except BaseException as error:  # whatever it is, its owner must hear of it
            self.fault = error

    def be_polite(self):
        """Until the server says that it will close."""
        with connect(self.person.port) as s:
            while not self.ended.is_set():
                if "close" in self.ask(s):
                    return
                time.sleep(self.PAUSE_S)

    def ask(self, s):
        name = f"By {self.done}"
        body = f'{{"name":"{name}"}}'.encode()
        s.sendall(head("PATCH", "/profile", f"Authorization: Bearer {self.person.token}",
                       "Content-Type: application/json", f"Content-Length: {len(body)}",
                       close=False) + body)
        got = b""
        while not is_whole(got):
            chunk = s.recv(65536)
            assert chunk, f"closed in the middle: {got!r}"
            got += chunk
        reply, rest = take_reply(got)
        assert rest == b"", f"more than was asked for: {rest[:300]!r}"
        assert reply.status == 200, reply
        assert (reply.json()["name"], reply.json()["id"]) == (name, self.person.id)
        self.done += 1
        return reply.get("connection") or ""

    def check(self):
        """That all is well, and goes on being well."""
        before = self.done
        deadline = time.monotonic() + PATIENCE_S
        while self.done <= before + 1 and not self.fault:
            assert time.monotonic() < deadline, "the bystander is not answered any more"
            time.sleep(0.001)
        assert not self.fault, f"the bystander was disturbed: {self.fault!r}"

    def end(self):
        self.ended.set()
        self.join(PATIENCE_S)
        assert not self.fault, f"the bystander was disturbed: {self.fault!r}"


def is_whole(got):
    top, blank, rest = got.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", top)
    return bool(blank) and len(rest) >= int(size[1] if size else 0)
