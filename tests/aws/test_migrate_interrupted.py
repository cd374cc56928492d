"""`cloudchat migrate`, killed, cut off, on a full disk and through faults: it goes on where it
stopped."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import http_faults
import pytest
from moving import (MESSAGES, Cloud, assert_same, back, file_config, file_items, file_photos,
                    half_moved, migrate, out, start)
from server import wait_for

# How often an interruption at a random moment is tried.
ROUNDS = int(os.environ.get("MIGRATE_ROUNDS", "3"))


def kill_at_random(process, most_s):
    try:
        process.wait(random.uniform(0, most_s))
    except subprocess.TimeoutExpired:
        process.kill()
    said = process.communicate()[1]
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode != 0


def timed(call):
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def killed_now_and_then(start_one, whole_s):
    """Kills it ROUNDS times, and lets it come to its end."""
    for _ in range(ROUNDS):
        if not kill_at_random(start_one(), whole_s):
            return


def test_killed_on_the_way_out_it_goes_on(town, cloud, dynoxide, storage):
    town.fill(MESSAGES)
    other = Cloud(dynoxide, storage).create(town)
    whole_s = timed(lambda: out(town, other))
    cloud.configure(town)
    before = file_items(town.file)
    killed_now_and_then(lambda: start(town.data / "cloud-chat.conf", town.data / "aws.conf", cloud),
                        whole_s)
    if not cloud.items().get(("META", "SCHEMA")):
        out(town, cloud)
    assert_same(town, cloud)
    assert file_items(town.file) == before


def test_killed_on_the_way_back_it_goes_on(town, cloud, tmp_path):
    town.fill(MESSAGES)
    out(town, cloud)
    whole_s = timed(lambda: back(town, cloud, tmp_path / "once"))
    config = file_config(town, tmp_path / "new")
    killed_now_and_then(lambda: start(cloud.configure(town), config, cloud), whole_s)
    if not (tmp_path / "new" / "cloud-chat.db").exists():
        back(town, cloud, tmp_path / "new")
    assert file_items(tmp_path / "new" / "cloud-chat.db") == file_items(town.file)
    assert file_photos(tmp_path / "new") == file_photos(town.data)


class StopAfter:
    """Ends a migration when so many of its requests have been answered."""

    def __init__(self, count):
        self.count = count

    async def __call__(self, exchange):
        self.count -= 1
        if self.count < 0:
            exchange.reset()
        return await exchange.forward()


def interrupted(town, cloud, after, to=None):
    """A migration during which the network goes for good."""
    with http_faults.Proxy(cloud.tables.url) as proxy:
        proxy.set(StopAfter(after), only=("BatchWriteItem",))
        cloud.urls["dynamodb"] = proxy.url
        done = migrate(town.data / "cloud-chat.conf", cloud.configure(town), cloud)
        cloud.urls["dynamodb"] = cloud.tables.url
    assert done.returncode == 1
    return done


def test_when_the_network_goes_it_says_so_and_goes_on_later(town, cloud):
    town.fill(MESSAGES)
    done = interrupted(town, cloud, 60)
    assert "Run it again: it goes on where it stopped." in done.stderr
    assert "BatchWriteItem" in done.stderr
    written = len(cloud.raw())
    assert 400 < written < MESSAGES
    with http_faults.Proxy(cloud.tables.url) as proxy:
        cloud.urls["dynamodb"] = proxy.url
        out(town, cloud)
        cloud.urls["dynamodb"] = cloud.tables.url
        assert proxy.forwarded["BatchWriteItem"] < 1.2 * (MESSAGES - written) / 25 + 20
    assert_same(town, cloud)


def test_when_the_bucket_goes_it_says_so_and_goes_on_later(town, cloud):
    for n in range(20):
        path = town.data / "blobs" / "photo" / "ann" / f"photo-{n}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([n]) * 1000)
    with http_faults.Proxy(cloud.storage.url) as proxy:
        proxy.set(StopAfter(15))
        cloud.urls["s3"] = proxy.url
        done = migrate(town.data / "cloud-chat.conf", cloud.configure(town), cloud)
        cloud.urls["s3"] = cloud.storage.url
    assert done.returncode == 1 and "it goes on where it stopped" in done.stderr
    assert 0 < len(cloud.photos()) < 21 and ("META", "SCHEMA") not in cloud.items()
    out(town, cloud)
    assert_same(town, cloud)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_said_to_be_full_and_more_room_goes_on(town, cloud, small_disk):
    town.fill(MESSAGES)
    out(town, cloud)
    done = migrate(cloud.configure(town), file_config(town, small_disk), cloud, "--dry-run")
    assert done.returncode == 1 and "not enough room" in done.stderr
    done = migrate(cloud.configure(town), file_config(town, small_disk), cloud)
    assert done.returncode == 1
    assert "disk is full" in done.stderr and "it goes on where it stopped" in done.stderr
    assert not (small_disk / "cloud-chat.db").exists()
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    back(town, cloud, small_disk)
    assert file_items(small_disk / "cloud-chat.db") == file_items(town.file)


def test_ctrl_c_ends_it_in_order(town, cloud):
    town.fill(MESSAGES)
    cloud.configure(town)
    process = start(town.data / "cloud-chat.conf", town.data / "aws.conf", cloud)
    wait_for("it has begun", cloud.has_items)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "It was interrupted." in said and "Run it again" in said
    assert ("META", "SCHEMA") not in cloud.items()
    out(town, cloud)
    assert_same(town, cloud)


def test_nobody_serves_from_a_table_that_is_half_there(town, cloud):
    half_moved(town, cloud)
    server = town.server(**cloud.settings())
    server.env = cloud.environment()
    done = server.run("tick")
    assert done.returncode == 78
    assert "A migration into this table has not come to its end" in done.stderr
    done = server.run("doctor")
    assert done.returncode == 1
    assert "A migration into this table has not come to its end" in done.stdout
    config = file_config(town, town.data.with_name("other"))
    done = migrate(cloud.configure(town), config, cloud)
    assert "A migration into this table has not come to its end" in done.stderr
    assert not (town.data.with_name("other") / "cloud-chat.db").exists()


def test_what_changed_since_it_was_interrupted_is_moved_as_it_is_now(town, cloud):
    half_moved(town, cloud)
    with closing(sqlite3.connect(town.file)) as db, db:
        db.execute("DELETE FROM item WHERE pk = 'R#full-0' AND sk < 'MSG#0000000000000020'")
        db.execute("""UPDATE item SET body = '{"text":"edited"}', mrev = 77
                      WHERE pk = 'R#full-0' AND sk = 'MSG#0000000000000021'""")
    town.add([("R#full-0", "MSG#0000000000000000", "{}", None, None)])
    out(town, cloud)
    assert_same(town, cloud)


# --- faults ---------------------------------------------------------------------------------------


class LeftOut:
    """DynamoDB takes some of a batch and leaves the rest to be sent again."""

    async def __call__(self, exchange):
        body = exchange.request.json()
        (table, items), = body["RequestItems"].items()
        if len(items) < 2:
            return await exchange.forward()
        half = json.dumps({"RequestItems": {table: items[:len(items) // 2]}}).encode()
        exchange.request = http_faults.with_length(
            http_faults.Message(exchange.request.head, half))
        await exchange.forward()
        return http_faults.answer_with(200, json.dumps(
            {"UnprocessedItems": {table: items[len(items) // 2:]}}).encode())


FAULTS = {
    "throttled": {"fault": http_faults.throttled, "share": 0.3},
    "left_out": {"fault": LeftOut(), "share": 0.3, "only": ("BatchWriteItem",)},
    "reset_after": {"fault": http_faults.reset_after, "share": 0.1},
    "broken_after": {"fault": http_faults.broken_after, "share": 0.1},
    "truncated": {"fault": http_faults.truncated, "share": 0.1},
}


@pytest.mark.parametrize("how", FAULTS)
def test_faults_cost_time_and_nothing_else(town, cloud, tmp_path, how):
    town.fill(MESSAGES // 3)
    with http_faults.Proxy(cloud.tables.url) as proxy:
        proxy.set(**FAULTS[how])
        cloud.urls["dynamodb"] = proxy.url
        out(town, cloud)
        assert_same(town, cloud)
        back(town, cloud, tmp_path / "new")
        assert sum(proxy.struck.values()) >= 5
    assert file_items(tmp_path / "new" / "cloud-chat.db") == file_items(town.file)
