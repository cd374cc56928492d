"""`cloudchat migrate`: the same items on the other side, whatever interrupts it, and nobody notices."""

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
from counterparts import REGION
from moving import (BUCKET, META, PHOTO, Cloud, build_town, file_config, file_items, file_photos,
                    migrate, migrated, moved, run, start, write_config)
from server import wait_for

# How often an interruption at a random moment is tried, and of how many items a town has.
ROUNDS = int(os.environ.get("MIGRATE_ROUNDS", "3"))
MESSAGES = int(os.environ.get("MIGRATE_MESSAGES", "6000"))


@pytest.fixture(scope="session")
def storage(ministack):
    ministack.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return ministack


@pytest.fixture(scope="session")
def first_town(tmp_path_factory):
    return build_town(tmp_path_factory.mktemp("town") / "data")


@pytest.fixture
def town(first_town, tmp_path):
    return first_town.copy(tmp_path / "data")


@pytest.fixture
def cloud(dynoxide, storage, town):
    return Cloud(dynoxide, storage).create(town)


def out(town, cloud, *more, **how):
    return migrated(town.data / "cloud-chat.conf", cloud.configure(town), cloud, *more, **how)


def back(town, cloud, data=None, *more, **how):
    return migrated(cloud.configure(town), file_config(town, data), cloud, *more, **how)


def moved_items(path):
    return {key: item for key, item in file_items(path).items() if key not in META}


def assert_same(town, cloud):
    """All of the file is in the table, and nothing else."""
    there = cloud.items()
    assert there.pop(("META", "EPOCH")) == file_items(town.file)["META", "EPOCH"]
    assert there.pop(("META", "SCHEMA"))[0] == {"layout": 1}
    assert there == moved_items(town.file)
    assert cloud.photos() == file_photos(town.data)


STRANGE = [
    ("R#strange", "MSG#0000000000000001", '{"n":1.50,"text":"a number that DynamoDB writes its own way"}',
     None, None),
    ("R#strange", "MSG#0000000000000002", '{"pk":"x","sk":2,"v":null,"_a":[true,{"mrev":[]}]}', 7, None),
    ("R#strange", "MSG#0000000000000003", '{ "z" : 1 , "a" : "\\u00e4\\n\\"\\\\" , "":2 }', 8, None),
    ("R#strange", "MSG#0000000000000004", json.dumps({"text": "\u4e0a" * 30000}), 9, None),
    ("R#strange", "MSG#0000000000000005", "not JSON at all", None, None),
    ("R#strange", "MSG#0000000000000006", "{}", None, None),
    ("R#strange", "MSG#0000000000000007", json.dumps({"n": 2**63 - 1, "m": -2**63}), 2**53, None),
    ("U#strange", "SESSION#1", '{"n":1}', None, 4102444800123),
]


# --- there and back -------------------------------------------------------------------------------


def test_there_and_back_every_item_is_the_same(tables, storage, town, tmp_path):
    cloud = Cloud(tables, storage).create(town)
    town.add(STRANGE)
    said = out(town, cloud)
    assert "2 people, 1 room, 12 messages" in said and "1 photo" in said
    assert "Not moved: the signing keys" in said
    assert_same(town, cloud)
    back(town, cloud, tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "blobs", "cloud-chat.db", "cloud-chat.db.lock", "file.conf"]
    assert file_items(tmp_path / "new" / "cloud-chat.db") == file_items(town.file)
    assert file_photos(tmp_path / "new") == file_photos(town.data)


def test_what_dynamodb_expires_by_stands_in_its_attribute(town, cloud):
    town.add([("LIMIT#a#b", "LIMIT", "{}", None, 4102444800123)])
    out(town, cloud)
    [item] = [item for item in cloud.raw() if item["pk"]["S"] == "LIMIT#a#b"]
    assert item["expires"] == {"N": "4102444801"}


def test_what_has_expired_is_not_moved(town, cloud, tmp_path):
    town.add([("LIMIT#gone", "LIMIT", "{}", None, 1000)])
    out(town, cloud)
    assert ("LIMIT#gone", "LIMIT") not in cloud.items()
    cloud.put({"pk": {"S": "LIMIT#gone"}, "sk": {"S": "LIMIT"}, "v": {"S": "x"},
               "expires": {"N": "1"}, "_expires_ms": {"N": "1000"}})
    back(town, cloud, tmp_path / "new")
    assert ("LIMIT#gone", "LIMIT") not in file_items(tmp_path / "new" / "cloud-chat.db")


def unread(who):
    [room] = who.get("/chat/rooms", expect=200).json()["items"]
    return room["unread"]


def go_on(server, town, said):
    """Both people, with what they held before: nothing is new to them but what is."""
    ada, bob = moved(town.ada, server), moved(town.bob, server)
    assert unread(bob) == said["unread"]
    assert bob.changes(town.room, since=said["sync"]) == said["changes"]
    photo = ada.get("/profile", expect=200).json()["photo"]
    assert ada.get(photo, expect=200).body == PHOTO
    return ada, bob


def test_people_go_on_where_they_were(town, cloud):
    server = town.server().start()
    ada, bob = moved(town.ada, server), moved(town.bob, server)
    sync = bob.changes(town.room)["sync"]
    said = {"sync": sync, "changes": bob.changes(town.room, since=sync), "unread": unread(bob)}
    assert said["unread"] == 3
    server.stop()
    out(town, cloud)
    server = cloud.serve(town)
    ada, bob = go_on(server, town, said)
    ada.say(town.room, "from the cloud")
    assert [m["data"]["text"] for m in bob.changes(town.room, since=sync)["messages"]] == [
        "from the cloud"]
    ada.take(ada.anonymous().post("/auth/refresh-token", {"refresh_token": ada.refresh_token},
                                  expect=200).json())
    sync = bob.changes(town.room)["sync"]
    said = {"sync": sync, "changes": bob.changes(town.room, since=sync), "unread": 4}
    server.stop()
    assert "replaced-" in back(town, cloud, None, "--replace")
    server = town.server().start()
    ada.server = server
    go_on(server, town, said)
    server.stop()


# --- interrupted ----------------------------------------------------------------------------------


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
    wait_for("it has begun", lambda: len(cloud.raw()) > 100)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "It was interrupted." in said and "Run it again" in said
    assert ("META", "SCHEMA") not in cloud.items()
    out(town, cloud)
    assert_same(town, cloud)


def half_moved(town, cloud):
    """A table that holds the beginning of the town."""
    town.fill(MESSAGES)
    cloud.configure(town)
    process = start(town.data / "cloud-chat.conf", town.data / "aws.conf", cloud)
    wait_for("it has begun", lambda: len(cloud.raw()) > 100)
    process.kill()
    process.communicate()
    assert ("META", "MIGRATION") in cloud.items()
    return cloud


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


# --- refused --------------------------------------------------------------------------------------


def refused(said, *arguments, status=1):
    done = migrate(*arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stderr
    return done.stderr


def test_a_table_with_something_in_it_is_refused(town, cloud):
    cloud.put({"pk": {"S": "U#x"}, "sk": {"S": "PROFILE"}, "v": {"S": "x"}})
    before = cloud.raw()
    refused("There is something in the table already", town.data / "cloud-chat.conf",
            cloud.configure(town), cloud)
    assert cloud.raw() == before


def test_a_table_that_a_first_start_has_made_ours_is_taken(town, cloud):
    server = town.server(**cloud.settings())
    server.env = cloud.environment()
    assert server.run("tick").returncode == 0
    assert ("META", "EPOCH") in cloud.items()
    out(town, cloud)
    assert_same(town, cloud)


def test_the_beginning_of_another_migration_is_refused(town, cloud, tmp_path):
    half_moved(town, cloud)
    other = town.copy(tmp_path / "other")
    with closing(sqlite3.connect(other.file)) as db, db:
        db.execute("""UPDATE item SET body = '{"name":"another"}' WHERE sk = 'EPOCH'""")
    refused("another database's migration", other.data / "cloud-chat.conf",
            cloud.configure(other), cloud)


def test_what_was_moved_is_not_moved_again(town, cloud):
    out(town, cloud)
    refused("This database is in the table already, whole.", town.data / "cloud-chat.conf",
            cloud.configure(town), cloud)
    assert_same(town, cloud)


def test_a_database_with_people_gives_way_only_when_told(town, cloud):
    out(town, cloud)
    before = town.file.read_bytes()
    refused("--replace puts what comes in their place", cloud.configure(town), file_config(town),
            cloud)
    assert town.file.read_bytes() == before
    back(town, cloud, None, "--replace")
    [kept] = town.data.glob("cloud-chat.db.replaced-*")
    assert file_items(kept) == file_items(town.file)


def test_a_database_that_is_open_is_refused(town, cloud):
    config = cloud.configure(town)
    server = town.server().start()
    refused("Another program has the database open: stop it first.",
            town.data / "cloud-chat.conf", config, cloud)
    server.stop()
    with closing(sqlite3.connect(town.file)) as shell:
        shell.execute("SELECT * FROM item").fetchone()
        assert "python" in refused("stop it first", town.data / "cloud-chat.conf", config, cloud)
    assert cloud.raw() == []


def test_without_a_table_it_says_how_to_make_one(town, dynoxide, storage):
    cloud = Cloud(dynoxide, storage)
    refused("`cloudchat aws create-table` makes it", town.data / "cloud-chat.conf",
            cloud.configure(town), cloud, status=78)


def test_an_item_that_no_table_takes_is_found_before_anything_is_written(town, cloud):
    town.add([("R#big", "MSG#1", json.dumps({"text": "x" * 190000}), None, None)])
    said = refused("no table takes", town.data / "cloud-chat.conf", cloud.configure(town), cloud,
                   status=78)
    assert "R#big MSG#1 is larger than 180 KB" in said
    assert cloud.raw() == []


def test_configurations_that_name_the_same_are_refused(town, cloud):
    config = town.data / "cloud-chat.conf"
    refused("there is nothing to move", config, config, cloud, status=78)
    other = file_config(town, town.data.with_name("other"))
    refused("not from one to another of its kind", config, other, cloud, status=78)


def test_keys_that_were_refused_are_said_to_be(town, storage):
    cloud = Cloud(storage, storage).create(town)
    wrong = {**cloud.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}
    done = run("migrate", "--data", town.data, "--to", cloud.configure(town), env=wrong)
    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stderr or "InvalidSignature" in done.stderr


# --- a dry run ------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_writes_nothing(town, cloud):
    cloud.configure(town)
    before = town.file.read_bytes()
    with http_faults.Proxy(cloud.tables.url) as proxy:
        cloud.urls["dynamodb"] = proxy.url
        said = out(town, cloud, "--dry-run")
        cloud.urls["dynamodb"] = cloud.tables.url
        writes = [seen for seen in proxy.seen if seen.operation not in (
            "DescribeTable", "GetItem", "Scan")]
    assert "Nothing was written." in said and "2 people, 1 room, 5 messages" in said
    assert "1 photo" in said and "write units" in said
    assert all(b"DeleteRequest" in seen.body and b"PROBE" in seen.body for seen in writes)
    assert cloud.raw() == [] and cloud.photos() == {}
    assert town.file.read_bytes() == before


def test_a_dry_run_takes_nobody_off_the_air(town, cloud):
    config = cloud.configure(town)
    server = town.server().start()
    said = migrated(town.data / "cloud-chat.conf", config, cloud, "--dry-run")
    assert "5 messages" in said
    moved(town.ada, server).say(town.room, "still here")
    server.stop()


def test_a_dry_run_back_makes_no_file(town, cloud, tmp_path):
    out(town, cloud)
    before = cloud.raw()
    said = back(town, cloud, tmp_path / "new", "--dry-run")
    assert "2 people, 1 room, 5 messages" in said and "1 photo" in said
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["file.conf"]
    assert cloud.raw() == before


def test_a_dry_run_finds_what_would_be_in_the_way(town, cloud):
    cloud.put({"pk": {"S": "U#x"}, "sk": {"S": "PROFILE"}, "v": {"S": "x"}})
    done = migrate(town.data / "cloud-chat.conf", cloud.configure(town), cloud, "--dry-run")
    assert done.returncode == 1 and "something in the table already" in done.stderr


def test_a_dry_run_finds_that_there_is_no_bucket(town, cloud):
    no_bucket = cloud.configure(town, **{"blob.bucket": "none-of-ours"})
    done = migrate(town.data / "cloud-chat.conf", no_bucket, cloud, "--dry-run")
    assert done.returncode == 1 and "NoSuchBucket" in done.stderr


# --- verified -------------------------------------------------------------------------------------


class BeforeVerifying:
    """Does something to the table when it is about to be read to its end."""

    def __init__(self, act, scans):
        self.act, self.scans = act, scans

    async def __call__(self, exchange):
        self.scans -= 1
        if self.scans == 0:
            self.act()
        return await exchange.forward()


def meddled(town, cloud, act, scans, from_, to):
    with http_faults.Proxy(cloud.tables.url) as proxy:
        proxy.set(BeforeVerifying(act, scans), only=("Scan",))
        cloud.urls["dynamodb"] = proxy.url
        cloud.configure(town)
        done = migrate(from_, to, cloud)
        cloud.urls["dynamodb"] = cloud.tables.url
        cloud.configure(town)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def change(cloud, member, value):
    def act():
        item = next(item for item in cloud.raw() if item["sk"]["S"].startswith("MSG#"))
        cloud.put({**item, member: value})
    return act


def remove(cloud):
    def act():
        item = next(item for item in cloud.raw() if item["sk"]["S"].startswith("MSG#"))
        cloud.delete(item["pk"]["S"], item["sk"]["S"])
    return act


def add(cloud):
    return lambda: cloud.put({"pk": {"S": "R#new"}, "sk": {"S": "HEAD"}, "v": {"S": "x"}})


MEDDLING = {
    "a_word": (lambda cloud: change(cloud, "type", {"S": "other"}), "is not the same"),
    "its_mrev": (lambda cloud: change(cloud, "mrev", {"N": "99"}), "is not the same"),
    "its_expiry": (lambda cloud: change(cloud, "_expires_ms", {"N": "4102444800000"}),
                   "is not the same"),
    "one_less": (remove, "is not in the table"),
    "one_more": (add, "is in the table alone"),
}


@pytest.mark.parametrize("how", MEDDLING)
def test_a_copy_that_is_not_the_same_is_noticed_and_mended(town, cloud, how):
    act, why = MEDDLING[how]
    said = meddled(town, cloud, act(cloud), 2, town.data / "cloud-chat.conf",
                   town.data / "aws.conf")
    assert why in said and "run it again" in said
    assert ("META", "SCHEMA") not in cloud.items()
    out(town, cloud)
    assert_same(town, cloud)


@pytest.mark.parametrize("how", MEDDLING)
def test_a_table_that_was_written_to_meanwhile_is_noticed(town, cloud, tmp_path, how):
    act, why = MEDDLING[how]
    out(town, cloud)
    config = file_config(town, tmp_path / "new")
    said = meddled(town, cloud, act(cloud), 2, town.data / "aws.conf", config)
    assert why in said and "stop every program that uses it" in said
    assert not list((tmp_path / "new").glob("cloud-chat.db*[!k]"))
    back(town, cloud, tmp_path / "new")
    there, here = cloud.items(), file_items(tmp_path / "new" / "cloud-chat.db")
    assert {k: v for k, v in there.items() if k not in META} == {
        k: v for k, v in here.items() if k not in META}


def test_a_photo_that_is_there_with_other_bytes_is_replaced(town, cloud):
    [name] = file_photos(town.data)
    cloud.storage.client("s3").put_object(Bucket=BUCKET, Key=f"{cloud.name}/{name}", Body=b"half")
    out(town, cloud)
    assert cloud.photos() == file_photos(town.data)


def test_photos_that_nobody_names_go_later(town, cloud, tmp_path):
    cloud.storage.client("s3").put_object(Bucket=BUCKET, Key=f"{cloud.name}/photo/ann/old",
                                          Body=b"old")
    assert "1 photo that had been there goes in 30 days" in out(town, cloud)
    timers = [item for key, item in cloud.items().items() if key[0].startswith("TIMER#")]
    assert any("old" in json.dumps(item[0]) for item in timers)


def test_photos_alone_can_be_moved(town, cloud):
    config = write_config(town.data / "photos.conf", {
        "server.public_url": town.url,
        **{key: value for key, value in cloud.settings().items() if key[:5] != "store"}})
    said = migrated(town.data / "cloud-chat.conf", config, cloud)
    assert "1 photo" in said and "people" not in said
    assert cloud.photos() == file_photos(town.data)


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
