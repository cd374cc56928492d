"""`cloudchat migrate`: the same items on the other side, and nobody notices."""

import json
import sqlite3
from contextlib import closing

import http_faults
import pytest
from moving import (BUCKET, META, PHOTO, Cloud, assert_same, back, file_config, file_items,
                    file_photos, half_moved, migrate, migrated, moved, out, run, write_config)

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
