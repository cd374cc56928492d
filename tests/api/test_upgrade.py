"""A database that an earlier version left."""

import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress

import pytest
from client import Person
from server import CLOUDCHAT, environment, needs_sqlite

pytestmark = needs_sqlite("DynamoDB's tables are brought to a new layout by way of SQLite")

CLIENT_IDS = ["hello-1", "a.b_c", "x" * 64, "019ab2f5-03aa-7000-8000-00000000012c"]
SENT = "pk >= 'SENT#' AND pk < 'SENT$'"
# What a client_id became stood beside its room: R#<room> SENT#<user>#<client_id>.
TO_LAYOUT_1 = f"""
    INSERT INTO item (pk, sk, body)
      SELECT 'R#' || substr(sk, 1, instr(sk, '#') - 1),
             'SENT#' || substr(sk, instr(sk, '#') + 1) || '#' || substr(pk, 6), body
      FROM item WHERE {SENT};
    DELETE FROM item WHERE {SENT};
    UPDATE item SET body = '{{"layout":1}}' WHERE pk = 'META' AND sk = 'SCHEMA';
"""


def shell(server, *script):
    with closing(sqlite3.connect(server.data / "cloud-chat.db")) as db, db:
        if script:
            db.executescript(*script)
        return db.execute("SELECT * FROM item ORDER BY pk, sk").fetchall()


@pytest.fixture
def old(make_server):
    """A server that stands, whose database is of layout 1: (it, what people sent, all rows as they
    were before)."""
    server = make_server()
    ada, bob, eve = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob", "Eve"))
    sent = [(who, room, client_id, who.say(room, f"{number}", client_id)["id"])
            for number, (room, people) in enumerate([(ada.room_with(bob), (ada, bob)),
                                                     (ada.room_with(eve), (ada, eve))])
            for who in people for client_id in CLIENT_IDS]
    server.stop()
    before = shell(server)
    assert len([row for row in before if row[0].startswith("SENT#")]) == len(sent) == 16
    after = shell(server, TO_LAYOUT_1)
    assert not [row for row in after if row[0].startswith("SENT#")]
    assert len([row for row in after if row[1].startswith("SENT#")]) == len(sent)
    return server, sent, before


def test_what_was_sent_before_an_upgrade_is_known_after_it(old):
    """All programs open it at the same moment."""
    server, sent, _ = old
    server.start()
    for who, room, client_id, id in sent:
        number = int(room["id"] != sent[0][1]["id"])
        assert who.say(room, f"{number}", client_id, expect=200)["id"] == id
    assert sent[0][0].say(sent[0][1], "one more", "new")["seq"] == 9


def test_an_upgrade_changes_nothing_else(old):
    server, _, before = old
    server.start()
    server.stop()
    assert shell(server) == before


def test_an_upgrade_that_is_killed_is_done_again(old):
    """A large one, killed sooner and later: the old layout or the new one, and nothing between."""
    server, _, before = old
    shell(server, """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO item (pk, sk, body)
          SELECT 'R#room' || (i % 100), 'SENT#user' || (i % 7) || '#' || i, '{"seq":1,"hash":""}'
          FROM n""")
    copy, layouts = server.data.with_name("copy"), set()
    for wait_s in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 60):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(server.data, copy)
        layouts.add(upgraded_for(copy, wait_s, len(before) + 100000))
    assert layouts == {1, 2}


def upgraded_for(data, wait_s, count):
    """Its layout when a program that opens it is killed after so long."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run([CLOUDCHAT, "tick", "--data", data], env=environment({}), timeout=wait_s)
    with closing(sqlite3.connect(data / "cloud-chat.db")) as db:
        [[layout]] = db.execute("SELECT body ->> '$.layout' FROM item WHERE sk = 'SCHEMA'")
        [[new]] = db.execute(f"SELECT count(*) FROM item WHERE {SENT}")
        [[all_rows]] = db.execute("SELECT count(*) FROM item")
        [[verdict]] = db.execute("PRAGMA integrity_check")
    assert (all_rows, verdict) == (count, "ok")
    assert new == (100016 if layout == 2 else 0)
    return layout
