"""The disk fails, under load: EIO, ENOSPC, EINTR and short writes where the chat worker writes,
truncates and syncs the database's files, now and then and every time. Whatever an answer says is
true: 503 and 507 that nothing was done, 504 that nobody knows. Reads go on; the worker stays; and
once the fault is over, so are its effects.

Made by `strace -e inject` in the running worker. An injected write of 0 bytes is the only short one
that strace can make without lying about what it wrote; halves of writes are made by a library of
ours (tests/shim/short_write.c)."""

import os
import shutil
import time
from collections import Counter

import pytest
from conftest import is_good
from faults import injected, injections
from server import wait_for

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

UNKNOWN, FULL, UNAVAILABLE = (504, "outcome_unknown"), (507, "storage_full"), (503, "unavailable")
SECONDS = 8
FAULT_S = 2
RECOVERY_MAX_S = 2

# The fault, and what a send may be told while it lasts. Every time, unless `when` says otherwise:
# an endless EINTR is none that a kernel would give.
FAULTS = [
    ("pwrite64:error=EIO", {UNKNOWN}),
    ("pwrite64:error=EIO:when=1+7", {UNKNOWN}),
    ("pwrite64:error=ENOSPC", {FULL}),
    ("pwrite64:error=ENOSPC:when=1+7", {FULL}),
    ("pwrite64:error=EINTR:when=1+2", set()),
    ("pwrite64:retval=0", {FULL}),
    ("pwrite64:retval=0:when=1+7", {FULL}),
    ("fdatasync:error=EIO", {UNKNOWN}),
    ("fdatasync:error=EIO:when=1+3", {UNKNOWN}),
    ("fdatasync:error=ENOSPC", {UNKNOWN}),
    ("fdatasync:error=EINTR:when=1+3", {UNKNOWN}),
]


def strike(run, fault, log, times):
    run.wait_for_acks(100)
    with injected(run.server.workers("chat"), run.server.data, fault, log):
        times.append(time.monotonic())
        wait_for("it strikes", lambda: injections(log) > 0, seconds=FAULT_S * 5)
        time.sleep(FAULT_S)
        times.append(time.monotonic())
    times.append(time.monotonic())


@pytest.mark.parametrize("fault, told", FAULTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_failing_disk(fault, told, make_run, tell, tmp_path):
    run = make_run()
    workers = run.server.workers("chat")
    times, log = [], tmp_path / "strace"
    result = run.put_under(lambda: strike(run, fault, log, times), seconds=SECONDS, rate=100)
    began, _, over = times
    outcomes = Counter((o["status"], o.get("code")) if o["e"] == "answer" else o["why"]
                       for i, o in run.exchanges("send") if not is_good(o))
    tell(f"struck {injections(log)} times; {dict(outcomes)}", result)
    run.check()
    assert set(outcomes) <= told
    assert outcomes or not told
    assert not [o for i, o in run.exchanges() if i["op"] in ("list", "changes", "rooms")
                and not is_good(o)]
    assert not [o for i, o in run.exchanges(since=over + RECOVERY_MAX_S) if not is_good(o)]
    assert not result.given_up
    assert run.server.workers("chat") == workers
