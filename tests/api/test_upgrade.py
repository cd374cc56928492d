"""What an earlier version left: its database is refused, its backup is restored."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from backups import restored
from client import Person
from server import Server, needs_local, needs_sqlite

pytestmark = [needs_sqlite("a table is backed up by DynamoDB itself"),
              needs_local("the people of the backup are in it")]

# Made by the last version of layout 1. Ada and Bob, and Ada and Eve, have a room, in which each of
# the two has said the room's id under each of these.
OLD = Path(__file__).parent / "data" / "layout-1.backup"
CLIENT_IDS = ["hello-1", "a.b_c", "x" * 64, "019ab2f5-03aa-7000-8000-00000000012c"]
NUMBERS = {"Ada": "+12025550101", "Bob": "+12025550102", "Eve": "+12025550103"}


@pytest.fixture
def old(tmp_path):
    server = Server(tmp_path / "data")
    assert server.run("init").returncode == 0
    server.file = shutil.copy(OLD, tmp_path / "backup")
    return server


def rows(path):
    with closing(sqlite3.connect(path)) as db:
        return {(pk, sk): body for pk, sk, body in db.execute("SELECT pk, sk, body FROM item")
                if pk != "META"}


def new_key(pk, sk):
    if not sk.startswith("SENT#"):
        return pk, sk
    _, user, client_id = sk.split("#")
    return "SENT#" + client_id, pk[2:] + "#" + user


def test_what_was_sent_before_an_upgrade_is_known_after_it(old):
    restored(old)
    old.start()
    people = [Person(old, name, {"phone_number": number}).sign_in()
              for name, number in NUMBERS.items()]
    ada = people[0]
    for other in people[1:]:
        room = ada.room_with(other)
        for who in (ada, other):
            ids = [who.say(room, f"to {room['id']}", id, expect=200)["id"] for id in CLIENT_IDS]
            assert len(set(ids)) == len(CLIENT_IDS)
        assert ada.say(room, "one more", "new")["seq"] == 9
    old.stop()


def test_an_upgrade_moves_what_client_ids_became_and_nothing_else(old):
    before = rows(old.file)
    assert sum(sk.startswith("SENT#") for _, sk in before) == 16
    restored(old)
    after = rows(old.data / "cloud-chat.db")
    assert after == {new_key(*key): body for key, body in before.items()}


def test_a_database_of_an_older_version_is_refused_and_left_as_it_is(old):
    restored(old)
    path = old.data / "cloud-chat.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE item SET body = '{\"layout\":1}' WHERE sk = 'SCHEMA'")
    before = rows(path)
    for command in (["tick"], ["doctor"], ["backup", old.data / "file"]):
        done = old.run(*command)
        assert done.returncode != 0
        assert "older version: make a backup with that version" in done.stdout + done.stderr
    assert rows(path) == before
