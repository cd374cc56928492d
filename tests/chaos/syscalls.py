"""What the product's processes asked of the kernel, in its order, and what must be true of it.

strace stops a thread at the beginning and at the end of each call and writes a line before it lets
it go on: what one thread did because of what another one had done stands behind it in the file.

    -f -yy: threads and children too, descriptors with the names of their files and sockets"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server import CLOUDCHAT, Server, wait_for

CALLS = ("read,write,readv,writev,recvfrom,recvmsg,sendto,sendmsg,pwrite64,pwritev,ftruncate,"
         "fallocate,fdatasync,fsync,fcntl,open,openat,creat,close,rename,renameat,renameat2,link,"
         "linkat,mkdir,mkdirat")
# As much as the store writes at once: a commit in one piece
BYTES_SHOWN = 131072

LINE = re.compile(r"(\d+) +(.*)", re.DOTALL)
BEGUN = re.compile(r"(\w+)\((.*) <unfinished \.\.\.>$", re.DOTALL)
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
WHOLE = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*)>)?(?: .*)?$", re.DOTALL)
DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)<(.*?)>(?=,|$)")

READS = {"read", "readv", "recvfrom", "recvmsg"}
WRITES = {"write", "writev", "sendto", "sendmsg", "pwrite64", "pwritev"}
CHANGES = {"write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate"}


@dataclass
class Call:
    thread: int
    name: str
    arguments: str
    result: str
    begin: int  # numbers of lines
    end: int

    def __post_init__(self):
        match = DESCRIPTOR.match(self.arguments)
        self.file = match[2].removesuffix("(deleted)") if match else None

    @property
    def succeeded(self):
        return self.result.lstrip("-").isdigit() and int(self.result) >= 0

    def __str__(self):
        return f"line {self.end}: {self.thread} {self.name}({self.arguments[:100]}) = {self.result}"


def parse(lines):
    """Calls that ended, by when they did."""
    begun = {}
    for number, line in enumerate(lines):
        thread, said = LINE.match(line.rstrip("\n")).groups()
        if match := BEGUN.match(said):
            begun[thread] = (number, match[1], match[2])
            continue
        begin = number
        if match := RESUMED.match(said):
            begin, name, arguments = begun.pop(thread)
            said = f"{name}({arguments}{match[2]}"
        if match := WHOLE.match(said):
            yield Call(int(thread), match[1], match[2], match[3], begin, number)


# --- what must be true ----------------------------------------------------------------------------


def first(calls, wanted):
    return next(filter(wanted, calls), None)


def exchange(calls, text, socket):
    """The call that read a request with this text, and the first one that answers it."""
    asked = first(calls, lambda c: c.name in READS and socket in (c.file or "")
                  and text in c.arguments)
    answered = asked and first(calls, lambda c: c.name in WRITES and c.file == asked.file
                               and c.begin > asked.end)
    return asked, answered


def answered_before_sync(calls, text, socket):
    """None if all is well. `text` stands in one request alone, which came through `socket`, and in
    what was stored for it: the answer begins behind the fdatasync of its commit."""
    asked, answered = exchange(calls, text, socket)
    if not asked or not answered:
        return f"{text}: no request, or no answer"
    stored = first(calls, lambda c: c.name in WRITES and (c.file or "").endswith("-wal")
                   and text in c.arguments)
    if not stored:
        return f"{text}: not in the log"
    synced = first(calls, lambda c: c.name == "fdatasync" and c.file == stored.file
                   and c.begin > stored.end and c.thread == stored.thread and c.result == "0")
    if not synced or synced.end > answered.begin:
        return f"{text}: answered at {answered}, synced at {synced}"
    return None


LOCKS = {"F_WRLCK", "F_RDLCK"}
WRITE_BYTE = "l_start=1, l_len=1"


def holders(calls, lock):
    """For each change of who holds the write lock: the line, the thread or None."""
    for call in calls:
        if call.file != lock or not call.succeeded:
            continue
        if call.name == "fcntl" and WRITE_BYTE in call.arguments:
            taken = any(kind in call.arguments for kind in LOCKS)
            yield (call.end, call.thread) if taken else (call.begin, None)


def written_without_lock(calls, database):
    """Changes of the database and its log by a thread that does not hold the write lock."""
    held = sorted(holders(calls, database + ".lock"), key=lambda change: change[0])
    files = {database, database + "-wal", database + "-journal"}
    wrong, holder = [], None
    for call in sorted(calls, key=lambda c: c.begin):
        while held and held[0][0] < call.begin:
            holder = held.pop(0)[1]
        until = held[0][0] if held else call.end + 1
        if call.name in CHANGES and call.file in files:
            if holder != call.thread or until < call.end:
                wrong.append(f"{call}, the lock is held by {holder}")
    return wrong


def checkpoints(calls, database):
    """How many times the database itself was written, its log was emptied, and begun anew."""
    return (sum(c.name == "pwrite64" and c.file == database for c in calls),
            sum(c.name == "ftruncate" and c.file == database + "-wal" for c in calls),
            sum(c.name == "pwrite64" and c.file == database + "-wal"
                and c.arguments.endswith(", 32, 0") for c in calls))


PATH = re.compile(r'"([^"]*)"')
NAMING = {"rename", "renameat", "renameat2", "link", "linkat"}


def named_by(call):
    """Paths that a call gives: the old and the new one, or the one it makes."""
    folders = [match[1] for match in re.finditer(r"(?:AT_FDCWD|\d+)<(.*?)>(?=,)", call.arguments)]
    paths = PATH.findall(call.arguments)
    if "at" in call.name:
        paths = [str(Path(folder, path)) for folder, path in zip(folders, paths)]
    return paths


def is_sync(call, path):
    return call.name in ("fsync", "fdatasync") and call.file == path and call.result == "0"


def volatile_names(calls, below, until):
    """Files and folders below a folder that got a name before line `until`, of which a power cut
    then could take it or its bytes: the bytes were not synced before, or its folder not after."""
    wrong = []
    for call in names_given(calls, below, until):
        *old, new = named_by(call)
        folder = str(Path(new).parent)
        if old and not synced_since_written(calls, old[0], call.begin):
            wrong.append(f"{call}: its bytes were not synced")
        if not first(calls, lambda c: is_sync(c, folder) and c.thread == call.thread
                     and c.begin > call.end and c.end < until):
            wrong.append(f"{call}: {folder} was not synced")
    return wrong


def names_given(calls, below, until):
    """The folder of what is unfinished is made anew when it is missing, with nothing in it."""
    named = [(c, Path(named_by(c)[-1])) for c in calls if c.begin < until and c.succeeded
             and c.name in NAMING | {"mkdir", "mkdirat"}]
    return [c for c, path in named if path.is_relative_to(below) and path.name != ".unfinished"]


def synced_since_written(calls, path, before):
    written = [c.end for c in calls if c.name in CHANGES and c.file == path and c.end < before]
    return first(calls, lambda c: is_sync(c, path) and max(written, default=-1) < c.begin
                 and c.end < before)


# --- tracing --------------------------------------------------------------------------------------


def why_not():
    """Why strace cannot be used here, or None."""
    try:
        done = subprocess.run(["strace", "-f", "-yy", "--seccomp-bpf", "-e", "trace=read", "-o",
                               "/dev/null", "true"], capture_output=True, text=True, timeout=20)
    except FileNotFoundError:
        return "there is no strace"
    return None if done.returncode == 0 else f"strace: {done.stderr.strip()}"


class Traced(Server):
    """A server all of whose processes are traced from their first call to their last."""

    def __init__(self, data, settings=None):
        super().__init__(data, settings)
        self.trace = self.data.with_name(self.data.name + ".trace")
        self.wrapper = self.data.with_name(self.data.name + ".strace")
        # -D: the process that is started is the product itself
        self.wrapper.write_text(f"#!/bin/sh\nexec strace -D -f -qqq -yy -s {BYTES_SHOWN} "
                                f"-e signal=none --seccomp-bpf -e trace={CALLS} -o '{self.trace}' "
                                f"-- '{CLOUDCHAT}' \"$@\"\n")
        self.wrapper.chmod(0o755)

    @property
    def command(self):
        return self.wrapper

    @property
    def database(self):
        return str(self.data / "cloud-chat.db")

    def calls(self):
        """What was done until it had stopped."""
        said = b"Cloud Chat has stopped."
        wait_for("the end of the trace", lambda: said in self.trace.read_bytes()[-4096:])
        with self.trace.open(encoding="ascii", errors="replace") as lines:
            return list(parse(lines))
