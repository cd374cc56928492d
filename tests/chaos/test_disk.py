"""The disk fills and is freed, under load: the data folder is on a file system of its own, which a
file grows to fill. Reads go on, writes are refused with 507 and nothing else, and within two
seconds of the space being free again every write is taken."""

import os
import subprocess
import time

import pytest
from client import Client
from conftest import is_good
from server import wait_for

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(os.geteuid() != 0,
                       reason="only root mounts a file system: `unshare -rm make soak`"),
]

SIZE = "40m"
SECONDS = 24
FULL_S = 3
RECOVERY_MAX_S = 2
QUIET_S = 1  # in which all is to be well again, before the next time


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(path):
    """To the last byte, in ever smaller steps."""
    with open(path, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def refused(run, since):
    return [outcome for _, outcome in run.exchanges("send", since)
            if outcome and outcome.get("status") == 507]


def fill_and_free(run, disk, phases):
    """Twice: full until writes have been refused for a while; notes (full since, refused since,
    freed)."""
    ballast = disk / "ballast"
    for _ in range(2):
        run.wait_for_acks(300)
        full = time.monotonic()
        fill(ballast)
        wait_for("507", lambda: refused(run, full) or fill(ballast), seconds=30, every=0.05)
        began = time.monotonic()
        time.sleep(FULL_S)
        phases.append((full, began, time.monotonic()))
        ballast.unlink()
        time.sleep(RECOVERY_MAX_S + QUIET_S)


def test_a_full_disk_refuses_writes_and_nothing_else(disk, make_run, tell):
    run = make_run(folder=disk, serve__chat_workers=2)
    workers = run.server.workers("chat")
    phases = []
    result = run.put_under(lambda: fill_and_free(run, disk, phases), seconds=SECONDS)
    tell(result)
    for full, began, freed in phases:
        check_phase(run, full, began, freed, tell)
    run.check()
    assert len(phases) == 2
    assert not result.given_up
    assert run.server.workers("chat") == workers
    Client(run.server.url).get("/readyz", expect=200)


def check_phase(run, full, began, freed, tell):
    during = [(i, o) for i, o in run.exchanges(since=began) if o and o["t"] <= freed]
    sends = [o for i, o in during if i["op"] == "send"]
    reads = [o for i, o in during if i["op"] in ("list", "changes", "rooms")]
    back = min(o["t"] for i, o in run.exchanges("send", freed) if is_good(o))
    late = [o for i, o in run.exchanges(since=freed + RECOVERY_MAX_S)
            if i["t"] < freed + RECOVERY_MAX_S + QUIET_S and not is_good(o)]
    tell(f"first 507 {began - full:.1f} s after the disk was full; then "
         f"{sum(not is_good(o) for o in sends)} of {len(sends)} sends refused, {len(reads)} reads; "
         f"a send succeeded {1000 * (back - freed):.0f} ms after it was freed")
    assert {(o.get("status"), o.get("code")) for i, o in during if not is_good(o)} == \
        {(507, "storage_full")}
    assert reads and all(is_good(o) for o in reads)
    assert back - freed <= RECOVERY_MAX_S
    assert not late
