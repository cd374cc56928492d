"""FastCGI 1.0 as bytes, straight to a program's socket: right and wrong records."""

import re
import socket
import struct

import contract
from client import Reply
from raw import PATIENCE_S, read_all

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES = range(1, 10)


def record(kind, content=b"", id=1, version=1, padding=0, length=None):
    """length: what it claims to hold, where that is not true."""
    length = len(content) if length is None else length
    return struct.pack(">BBHHBB", version, kind, id, length, padding, 0) + content + bytes(padding)


def begin(role=1, flags=0, id=1):
    return record(BEGIN, struct.pack(">HB5x", role, flags), id)


def size(number):
    """Section 3.4: one byte, or four."""
    return bytes([number]) if number < 128 else struct.pack(">I", number | 1 << 31)


def pair(name, value):
    name, value = name.encode("latin-1"), value.encode("latin-1")
    return size(len(name)) + size(len(value)) + name + value


def variables(method="GET", target="/nothing", length="", **more):
    """What a web server says of a request, as the content of PARAMS."""
    said = {"REQUEST_METHOD": method, "REQUEST_URI": target, "CONTENT_LENGTH": str(length),
            "REMOTE_ADDR": "192.0.2.1", **more}
    return b"".join(pair(name, value) for name, value in said.items())


def rest(body=b"", id=1):
    return (record(STDIN, body, id) if body else b"") + record(STDIN, id=id)


def request(*said, body=b"", keep=False, id=1, **more):
    """A whole one. said, more: as for variables()."""
    content = variables(*said, **({"length": len(body)} if body else {}), **more)
    return (begin(flags=int(keep), id=id) + record(PARAMS, content, id) + record(PARAMS, id=id)
            + rest(body, id))


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE_S)
    s.connect(str(path))
    return s


def talk(path, data, half_close=True):
    """Everything that comes back until the program closes."""
    with connect(path) as s:
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has seen enough
        return read_all(s)


def take_records(data):
    """(type, id, content) each; nothing else may be there."""
    found = []
    while data:
        version, kind, id, length, padding, _ = struct.unpack(">BBHHBB", data[:8])
        assert version == 1 and len(data) >= 8 + length + padding, f"not a record: {data[:100]!r}"
        found.append((kind, id, data[8:8 + length]))
        data = data[8 + length + padding:]
    return found


def take_reply(output):
    """What a program wrote, which has to be a whole answer by CGI."""
    top, blank, body = output.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    assert blank and re.fullmatch(r"Status: \d{3} [ -~]+", lines[0]), output[:200]
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    reply = Reply(int(lines[0][8:11]), headers, body)
    assert reply.get("content-length") in (None, str(len(body)))
    if reply.status >= 400:
        contract.validate("/components/schemas/Problem", reply.json())
        assert reply.json()["request_id"] == reply.get("x-request-id")
    return reply


def replies_in(data):
    """Each answer; nothing else may have come."""
    output, found = b"", []
    for kind, _, content in take_records(data):
        if kind == STDOUT:
            output += content
        else:
            assert kind == END and content == bytes(8), (kind, content)
            found.append(take_reply(output))
            output = b""
    assert output == b"", "half an answer"
    return found


def describe(data):
    return ", ".join(str(reply.status) for reply in replies_in(data))
