"""The disk fails, under load: EIO, ENOSPC, EINTR and short writes where the chat worker writes,
truncates and syncs the database's files, now and then and every time. Whatever an answer says is
true: 503 and 507 that nothing was done, 504 that nobody knows. Reads go on; the worker stays; and
once the fault is over, so are its effects.

Made by `strace -e inject` in the running worker. An injected write of 0 bytes is the only short one
that strace can make without lying about what it wrote; halves of writes are made by a library of
ours (tests/shim/short_write.c)."""

import errno
import os
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import is_good, signal_everything
from faults import injected, injections
from server import wait_for

pytestmark = pytest.mark.soak

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
SHIM = Path(os.environ.get("SHIMS", "build/release/tests/shim")) / "short_write.so"

UNKNOWN, FULL, UNAVAILABLE = (504, "outcome_unknown"), (507, "storage_full"), (503, "unavailable")
SECONDS = 8
RATE = 100  # what a traced worker manages with ease
FAULT_S = 2
RECOVERY_MAX_S = 2

# The fault, and what a send may be told while it lasts. Every time, unless `when` says otherwise:
# an endless EINTR is none that a kernel would give.
FAULTS = [
    ("pwrite64:error=EIO", {UNKNOWN}),
    ("pwrite64:error=EIO:when=1+41", {UNKNOWN}),
    ("pwrite64:error=ENOSPC", {FULL}),
    ("pwrite64:error=ENOSPC:when=1+41", {FULL}),
    ("pwrite64:error=EINTR:when=1+2", set()),
    ("pwrite64:retval=0", {FULL}),
    ("pwrite64:retval=0:when=1+41", {FULL}),
    ("fdatasync:error=EIO", {UNKNOWN}),
    ("fdatasync:error=EIO:when=1+3", {UNKNOWN}),
    ("fdatasync:error=ENOSPC", {UNKNOWN}),
    ("fdatasync:error=EINTR:when=1+3", {UNKNOWN}),
]


def strike(run, pids, fault, log, times):
    """The fault for a while, in processes; notes when it was over."""
    with injected(pids, run.server.data, fault, log):
        wait_for("it strikes", lambda: injections(log) > 0, seconds=20)
        time.sleep(FAULT_S)
    times.append(time.monotonic())


def failures(run, since=0.0):
    """How often which failure was told to whom."""
    return Counter((i["op"], o.get("status", "lost"), o.get("code")) for i, o in
                   run.exchanges(since=since) if not is_good(o))


# What the log calls a request of the load.
OPERATIONS = {
    ("POST", "/chat/messages"): "send",
    ("GET", "/chat/messages"): "list",
    ("GET", "/chat/rooms"): "rooms",
    ("GET", "/chat/rooms/{id}/changes"): "changes",
    ("PUT", "/chat/rooms/{id}/cursor"): "cursor",
}


def unmade(run):
    """Failures of the tracer's: where it lets go while it holds a call back, the kernel has been
    given a number that is none."""
    return Counter((OPERATIONS[line["method"], line["route"]], line["status"], line["code"])
                   for line in run.server.log_lines()
                   if f"errno {errno.ENOSYS})" in line.get("cause", ""))


def check_recovery(run, result, over):
    run.check()
    assert not failures(run, over + RECOVERY_MAX_S)
    assert not result.given_up


def put_under(run, fault, tell, tmp_path):
    """A load, with the fault for a while in the chat workers: who failed. They are over it in time,
    and the same workers."""
    workers = run.server.workers("chat")
    over, log = [], tmp_path / "strace"

    def meanwhile():
        run.wait_for_acks(100)
        strike(run, workers, fault, log, over)

    result = run.put_under(meanwhile, seconds=SECONDS, rate=RATE)
    found = failures(run) - unmade(run)
    tell(f"struck {injections(log)} times; {dict(found)}", result)
    check_recovery(run, result, over[0])
    assert run.server.workers("chat") == workers
    return found


@needs_strace
@pytest.mark.parametrize("fault, told", FAULTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_failing_disk_is_told_as_it_is(fault, told, make_run, tell, tmp_path):
    found = put_under(make_run(), fault, tell, tmp_path)
    writes = {(op, *answer) for op in ("send", "cursor") for answer in told}
    assert set(found) <= writes
    assert bool(found) == bool(told)


@needs_strace
@pytest.mark.parametrize("fault, told", [("pread64:error=EIO", {UNAVAILABLE}),
                                         ("pread64:error=EIO:when=1+7", {UNAVAILABLE}),
                                         ("pread64:error=EINTR:when=1+2", set())],
                         ids=lambda v: v if isinstance(v, str) else "")
def test_a_disk_that_cannot_be_read_is_told_as_it_is(fault, told, make_run, tell, tmp_path):
    """Whoever it is, nothing was done for him, and nothing is made up for what was not read."""
    found = put_under(make_run(), fault, tell, tmp_path)
    assert {tuple(answer) for _, *answer in found} == told


# A new worker empties the write-ahead log (its first sweep erases what was deleted), so it is
# traced from its birth on: by way of the parent, which forks it.
@needs_strace
@pytest.mark.parametrize("fault", ["ftruncate:error=EIO", "ftruncate:error=ENOSPC",
                                   "ftruncate:error=EINTR:when=1"])
def test_a_log_that_cannot_be_cut_is_told_to_nobody(fault, make_run, tell, tmp_path):
    run = make_run()
    over, log, killed = [], tmp_path / "strace", []

    def meanwhile():
        run.wait_for_acks(100)
        with injected([run.server.process.pid], run.server.data, fault, log):
            killed.append(time.monotonic())
            os.kill(run.server.workers("chat")[0], signal.SIGKILL)
            wait_for("it strikes", lambda: injections(log) > 0, seconds=20)
        over.append(time.monotonic())

    result = run.put_under(meanwhile, seconds=SECONDS, rate=RATE)
    tell(f"struck {injections(log)} times", result)
    check_recovery(run, result, over[0])
    stray = [o for i, o in run.exchanges() if not is_good(o) and i["t"] > killed[0] + 0.01]
    assert not stray


@needs_strace
@pytest.mark.parametrize("fault", ["pwrite64:error=ENOSPC:when=1+13", "pwrite64:retval=0:when=1+13",
                                   "fdatasync:error=EIO:when=1+2"])
def test_what_was_refused_is_not_there_after_a_crash_either(fault, make_run, tell, tmp_path):
    """A commit that failed has left bytes in the log. When all processes are killed at once, whoever
    comes next reads the log from its beginning: what was refused as not done must not be in it."""
    run = make_run()
    over, log = [], tmp_path / "strace"

    def meanwhile():
        run.wait_for_acks(100)
        with injected(run.server.workers("chat"), run.server.data, fault, log):
            wait_for("it strikes", lambda: injections(log) > 20, seconds=20)
            signal_everything(run.server, signal.SIGKILL)
            run.server.process.wait()
        run.server.start()
        over.append(time.monotonic())

    result = run.put_under(meanwhile, seconds=SECONDS, rate=RATE)
    tell(f"struck {injections(log)} times; {dict(failures(run))}", result)
    check_recovery(run, result, over[0])


def test_half_a_write_is_no_fault(make_run, tell, tmp_path):
    """Every write of several bytes to the database is cut in half, all the time; nobody notices."""
    assert SHIM.exists(), f"{SHIM} is not there: `make soak` builds it"
    count = tmp_path / "count"
    count.write_bytes(bytes(8))
    run = make_run(variables={"LD_PRELOAD": str(SHIM), "SHORT_WRITES_FILE": str(count)})
    result = run.put_under(seconds=SECONDS)
    struck = int.from_bytes(count.read_bytes(), "little")
    tell(f"struck {struck} times", result)
    run.check()
    assert struck > result.acknowledged
    assert not failures(run)
