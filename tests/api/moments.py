"""A command that is killed, or whose disk fails, at any of its system calls (with strace)."""

import os
import random
import re
import shutil
import subprocess

import pytest
from server import CLOUDCHAT

# How often an interruption at a random moment is tried.
ROUNDS = int(os.environ.get("BACKUP_ROUNDS", "5"))

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
# What can change something that stays.
CALLS = ("write,pwrite64,fsync,fdatasync,rename,renameat2,unlink,link,ftruncate,openat,mkdirat,"
         "sendto")


def traced(server, options, *arguments):
    return subprocess.run(
        ["strace", "-f", "-qq", *options, CLOUDCHAT, *arguments, "--data", server.data],
        env={**server.environment(), "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True, timeout=60, text=True)


def killed_at(server, moment, *arguments):
    """Kills it before its n-th call of that name is made; whether it came to that."""
    call, n = moment
    done = traced(server, ["-o", "/dev/null", "-e", f"trace={call}", "-e",
                           f"inject={call}:error=EINTR:signal=KILL:when={n}"], *arguments)
    assert done.returncode in (0, -9, 137), done.stderr
    return done.returncode != 0


def every_moment(server, *arguments):
    """Its calls, in their order, each with its number among those of its name."""
    path = server.data.with_name("trace")
    done = traced(server, ["-o", path, "-e", f"trace={CALLS}"], *arguments)
    assert done.returncode == 0, done.stderr
    every, seen = [], {}
    for call in re.findall(r"^\d+ +(\w+)\(", path.read_text(), re.M):
        seen[call] = seen.get(call, 0) + 1
        every.append((call, seen[call]))
    return every


def moments(server, *arguments):
    """Some of its calls, the last ones above all: there the new takes the place of the old."""
    every = every_moment(server, *arguments)
    begin = every[:-ROUNDS * 3]
    return random.sample(begin, min(ROUNDS, len(begin))) + every[-ROUNDS * 3:]


# What changes files of ours, but the shared memory of SQLite, which is nothing on disk, and its
# own sync of a folder, of which it does not tell, and which is done once more.
WRITING = "write,pwrite64,fsync,fdatasync,rename,renameat2,link,ftruncate,mkdirat"
NO_MATTER = re.compile(r"-shm>|fdatasync\(\d+<[^>]*/data\d*>\)")


def writes(server, *arguments):
    """(call, its number among those of the name): some of the writes, and all that is rarer."""
    path = server.data.with_name("trace")
    done = traced(server, ["-y", "-o", path, "-e", f"trace={WRITING}"], *arguments)
    assert done.returncode == 0, done.stderr
    every, seen = [], {}
    for line in path.read_text().splitlines():
        if call := re.match(r"\d+ +(\w+)\(", line):
            seen[call[1]] = seen.get(call[1], 0) + 1
            ours = f"<{server.data.parent}" in line  # not a pipe, not what a sanitizer writes
            if ours and not NO_MATTER.search(line) and " = -1 " not in line:
                every.append((call[1], seen[call[1]]))
    chosen = random.sample(every, min(ROUNDS, len(every)))
    return [moment for moment in every if moment in chosen or "write" not in moment[0]]


def failing_at(server, moment, *arguments):
    call, n = moment
    return traced(server, ["-o", "/dev/null", "-e", f"trace={call}", "-e",
                           f"inject={call}:error=EIO:when={n}"], *arguments)
