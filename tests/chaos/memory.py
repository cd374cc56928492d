"""Allocations that fail on purpose: tests/shim/malloc.so is preloaded into the programs and told
which one. What followed is judged here."""

import ctypes
import http.client
import json
import mmap
import os
import re
import resource
import socket
import struct
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import contract
from client import Reply
from server import PROGRAMS, ROOT, STAGE, wait_for

# The mode of the installed tree: build/stage is that of a release.
BUILD = STAGE.parent if STAGE.parent != ROOT / "build" else ROOT / "build" / "release"
SHIM = BUILD / "tests" / "shim" / "malloc.so"

OF_REQUESTS, OF_NO_REQUEST = 1, 2
FRAMES_MAX = 40
PATHS_MAX = 1 << 16
NEVER = 1 << 40
EX_OSERR = 71  # what cc_die ends with


# --- what the shim and we share -------------------------------------------------------------------


class Frame(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_uint64), ("module", ctypes.c_char * 56),
                ("symbol", ctypes.c_char * 56)]


class Trace(ctypes.Structure):
    _fields_ = [("count", ctypes.c_uint32), ("number", ctypes.c_uint32),
                ("frames", Frame * FRAMES_MAX)]

    def copy(self):
        return [(frame.module.decode(), frame.symbol.decode(), frame.offset)
                for frame in self.frames[:self.count]]


class Layout(ctypes.Structure):
    """`struct order` of tests/shim/malloc.c"""
    _fields_ = [("scope", ctypes.c_uint32), ("in_hand", ctypes.c_uint32),
                ("left", ctypes.c_int64), ("width", ctypes.c_int64), ("failed", ctypes.c_int64),
                ("fault", Trace), ("crash", Trace),
                ("is_recording", ctypes.c_uint32), ("paths", ctypes.c_uint64 * PATHS_MAX)]


class Order:
    """Steers one program: which of its allocations fails."""

    def __init__(self, folder, program):
        path = Path(folder) / program
        path.write_bytes(bytes(ctypes.sizeof(Layout)))
        with open(path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), 0)
        self.shared = Layout.from_buffer(self.memory)
        self.armed = 0

    def arm(self, number, scope=OF_REQUESTS, width=1):
        """The number-th allocation from now on fails, and `width` in all."""
        shared = self.shared
        shared.failed = shared.fault.count = shared.crash.count = 0
        self.armed = shared.left = number
        shared.width = width
        shared.scope = scope

    def disarm(self):
        """Once no request is in hand any more. How many allocations there were."""
        wait_for("the request is done", lambda: self.shared.in_hand == 0, every=0.0002)
        self.shared.scope = 0
        return self.armed - self.shared.left

    def record(self, scope=OF_REQUESTS):
        """None fails; paths() tells what came."""
        self.arm(NEVER, scope)
        self.shared.is_recording = 1

    def paths(self):
        """By which path of calls each allocation came, those of the same way under one number."""
        self.shared.is_recording = 0
        return self.shared.paths[:min(self.armed - self.shared.left, PATHS_MAX)]

    @staticmethod
    def paths_of_last(folder, program):
        """Of a program that was recorded and has ended."""
        shared = Layout.from_buffer_copy((Path(folder) / program).read_bytes())
        return shared.paths[:min(NEVER - shared.left, PATHS_MAX)]

    @property
    def failed(self):
        return self.shared.failed > 0


def environment(folder):
    """For programs that are to be steered by orders in this folder."""
    assert SHIM.exists(), f"{SHIM} is not there: without it nothing would fail"
    return {"LD_PRELOAD": str(SHIM), "MALLOC_FAULTS": str(folder)}


# --- who was it -----------------------------------------------------------------------------------

# Frames that are no answer to the question in whose code something happened.
NOBODYS = ("malloc.so", "libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "[vdso]")


def culprit(trace):
    """The module and function of the innermost frame that is neither libc's nor the shim's."""
    for module, symbol, offset in trace:
        if module not in NOBODYS:
            return module, symbol or hex(offset)
    return "libc.so.6", trace[-1][1] if trace else ""


def is_ours(module):
    return module == "cloudchat" or module.endswith(".fcgi")


def readable(trace):
    """One line a frame, ours with file and line."""
    lines = []
    for module, symbol, offset in trace:
        if is_ours(module):
            path = PROGRAMS / module if module.endswith(".fcgi") else STAGE / "bin" / module
            symbol = subprocess.run(
                ["addr2line", "-sfpe", path, hex(offset - 1)], capture_output=True,
                text=True).stdout.strip()
        lines.append(f"    {module}: {symbol or hex(offset)}")
    return "\n".join(lines)


# --- what followed --------------------------------------------------------------------------------


@dataclass
class Outcome:
    reply: Reply | None  # None: the connection ended
    failed: bool  # whether the allocation was reached
    allocations: int
    fault: list
    crash: list
    end: tuple | None  # how the worker ended: manner and status

    def kind(self, expect):
        """What became of it; whatever is none of these is a fault of ours."""
        if self.end == ("exit", EX_OSERR):
            return "ended"
        if self.end and self.end[0] == "signal":
            module, _ = culprit(self.crash)
            return "wrong: a signal in our code" if is_ours(module) else "crashed"
        if self.end:
            return f"wrong: the worker ended with {self.end}"
        if self.reply is None:
            return "wrong: no answer from a worker that lives"
        if self.reply.status in expect:
            return "right"
        if self.reply.status in (500, 503, 504) and not is_web_servers(self.reply):
            return str(self.reply.status)
        return f"wrong: {self.reply.status} {self.reply.body[:200]}"


@dataclass
class Tally:
    """Of one route."""
    kinds: dict = field(default_factory=dict)
    crashes: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)

    def add(self, kind, outcome):
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "crashed":
            self._count(self.crashes, culprit(outcome.crash))
        if kind == "500":
            self._count(self.errors, culprit(outcome.fault))

    @staticmethod
    def _count(where, what):
        where[what] = where.get(what, 0) + 1

    def merge(self, other):
        for mine, theirs in ((self.kinds, other.kinds), (self.crashes, other.crashes),
                             (self.errors, other.errors)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count

    def __str__(self):
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        crashes = "".join(f"; {count} crashes in {module} {symbol}"
                          for (module, symbol), count in sorted(self.crashes.items()))
        return f"{sum(self.kinds.values())} failed: {kinds}{crashes}"


# --- a worker under a supervisor ------------------------------------------------------------------


class Deaths:
    """How workers ended, from the log of `cloudchat serve`."""

    def __init__(self, server):
        self.server = server
        self.offset = 0

    def take(self):
        """Those that are new, as (program, manner, status)."""
        found = []
        with open(self.server.console, "rb") as console:
            console.seek(self.offset)
            lines = console.read().split(b"\n")
        self.offset += sum(len(line) + 1 for line in lines[:-1])
        for line in lines[:-1]:
            if b'"program died"' in line:
                said = contract.parse_json(line)
                found.append((said["child"], said["manner"], said["status"]))
        return found


def exchange(person, request):
    try:
        return person.exchange(request)
    except (OSError, http.client.HTTPException):
        return None


def is_web_servers(reply):
    """Not the program's: each answer of those names its request."""
    return reply is None or reply.get("x-request-id") is None


class Machine:
    """A running server whose programs' allocations can be made to fail."""

    def __init__(self, server, orders):
        self.server = server
        self.orders = orders
        self.deaths = Deaths(server)

    def ask(self, program, number, person, request, scope=OF_REQUESTS, width=1):
        """The request, while that program's number-th allocation fails."""
        order = self.orders[program]
        order.arm(number, scope, width)
        reply = exchange(person, request)
        end = None
        if is_web_servers(reply) and order.failed:
            end = self._end_of(program)
        allocations = order.disarm()
        return Outcome(reply, order.failed, allocations, order.shared.fault.copy(),
                       order.shared.crash.copy(), end)

    def _end_of(self, program):
        def told():
            return [death[1:] for death in self.deaths.take() if death[0] == program]
        return wait_for(f"the end of {program} is logged", told)[-1]

    def let_grow_up(self, program, age_s=0.55):
        """Until its worker has lived so long that its death is none of the young, which the
        supervisor answers with longer and longer pauses."""
        def is_grown():
            workers = self.server.workers(program)
            return workers and all(age_of(pid) >= age_s for pid in workers)
        wait_for(f"{program} is up", is_grown)


# --- a program beside the server ------------------------------------------------------------------


def record(kind, content):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name, value):
    name, value = name.encode(), value.encode()
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


class Beside:
    """Another process of a program, on the same data, that only we talk to."""

    def __init__(self, folder, server, program):
        self.path = Path(folder) / (program + ".sock")
        self.path.unlink(missing_ok=True)
        self.said = b""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.path))
            listener.listen()
            self.process = subprocess.Popen(
                [PROGRAMS / (program + ".fcgi")], stdin=listener, stderr=subprocess.PIPE,
                env={**server.environment(), **environment(folder),
                     "CLOUDCHAT_CONFIG": str(server.data / "cloud-chat.conf"),
                     "CLOUDCHAT_SERVER_PORT": str(server.port)})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def serves(self):
        """Whether it does, or has ended."""
        while line := self.process.stderr.readline():
            self.said += line
            if b'"serving"' in line:
                return True
        return False

    def ask(self, method, target, body, token):
        """The status of its answer; None if there was no whole one."""
        body = b"" if body is None else json.dumps(body).encode()
        params = {"REQUEST_METHOD": method, "REQUEST_URI": target, "REMOTE_ADDR": "127.0.0.1",
                  "HTTP_AUTHORIZATION": "Bearer " + token, "CONTENT_LENGTH": str(len(body)),
                  "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
                  **({"CONTENT_TYPE": "application/json"} if body else {})}
        request = record(1, struct.pack(">HB5x", 1, 0)) \
            + record(4, b"".join(pair(*param) for param in params.items())) + record(4, b"") \
            + (record(5, body) if body else b"") + record(5, b"")
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(str(self.path))
            try:
                s.sendall(request)
                return self._status(s.makefile("rb").read())
            except OSError:
                return None

    @staticmethod
    def _status(answer):
        match = re.search(rb"Status: ([0-9]{3})", answer)
        return int(match[1]) if match else None

    def stop(self):
        """How it ends: minus the signal, or its status."""
        if self.process.poll() is None:
            self.process.terminate()
        self.said += self.process.stderr.read()
        return self.process.wait(30)


def run(command, env):
    return subprocess.run(command, capture_output=True, timeout=60,
                          env={"PATH": os.environ["PATH"], **env})


# --- what a process may have ----------------------------------------------------------------------


def limit_memory(pid, more):
    """It may have so many bytes of address space more than it has."""
    size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.prlimit(pid, resource.RLIMIT_AS, (size + more, size + more))


@contextmanager
def descriptors(pid, more):
    """Meanwhile it may open so many more than it has."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}
    free = [fd for fd in range(max(used) + more + 2) if fd not in used]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[more], before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def age_of(pid):
    try:
        started = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except OSError:
        return 0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")


@contextmanager
def held(what):
    """Names what was done when something in here is not as it should be."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{what}:\n{error}") from None
