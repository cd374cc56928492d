"""`cloudchat backup` and `cloudchat restore`: whole, while people chat."""

import os
import pty
import random
import re
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing

import pytest
from backups import (backup, build_town, empty_house, everything, fill, refused, restore, restored,
                     texts)
from client import Client, Person
from images import png
from moments import ROUNDS
from server import CLOUDCHAT, Server, environment, needs_sqlite
from test_processes import Writer, reachable, wait_for_messages

pytestmark = needs_sqlite("a table is backed up by DynamoDB itself")


@pytest.fixture
def town(make_server):
    return build_town(make_server)


def moved(who, server):
    """The same person, with the same tokens, at another server."""
    other = Person(server, who.name, who.login, who.password)
    other.token, other.id, other.refresh_token = who.token, who.id, who.refresh_token
    return other


# --- what is in it --------------------------------------------------------------------------------


def test_the_whole_service_comes_back_on_another_machine(town, tmp_path):
    said = backup(town)
    assert "2 people, 1 room, 5 messages, 1 photo" in said
    assert town.file.stat().st_mode & 0o777 == 0o600
    photo = town.ada.get("/profile").json()["photo"]
    town.stop()
    other = empty_house(tmp_path, town)
    # tokens name who made them
    other.settings["server.public_url"] = town.url
    restored(other)
    other.start()
    ada, bob = (moved(who, other) for who in (town.ada, town.bob))
    assert texts(bob, town.room) == [f"before {n}" for n in range(5)]
    assert ada.get(photo, expect=200).body == png(8, 8)
    ada.say(town.room, "nobody had to sign in again")
    ada.anonymous().post("/auth/refresh-token", {"refresh_token": town.ada.refresh_token},
                         expect=200)
    other.stop()


def test_a_code_under_way_is_good_after_a_restore(town, tmp_path):
    eve = Person(town, "Eve")
    pending = eve.anonymous().post("/auth/sign-up", {
        "name": "Eve", **eve.login, "password": eve.password}, expect=201).json()
    code = town.code(eve.to)
    backup(town)
    town.stop()
    other = empty_house(tmp_path, town)
    restored(other)
    other.start()
    Client(other.url).post("/auth/account-confirmation", {"id": pending["id"], "code": code},
                           expect=204)
    assert not other.notices(eve.to), "it was sent once more"
    other.stop()


def test_a_person_can_look_at_it_with_the_shell(town):
    backup(town)
    with closing(sqlite3.connect(f"file:{town.file}?mode=ro", uri=True)) as db:
        notes = dict(db.execute("SELECT name, value FROM note"))
        names = [name for name, in db.execute("SELECT name FROM file ORDER BY name")]
        assert [n for n, in db.execute("SELECT text FROM message ORDER BY seq")][0] == "before 0"
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert (notes["users"], notes["messages"]) == ("2", "5")
    assert "cloud-chat.conf" in names and "keys/secret" in names
    assert len([n for n in names if n.startswith("blobs/photo/")]) == 1
    assert sorted(town.data.parent.glob("town*")) == [town.file], "something was left beside it"


def test_without_keys_nothing_secret_is_in_it(town, tmp_path):
    said = backup(town, "--without-keys")
    assert "Without keys" in said
    assert b"PRIVATE KEY" not in town.file.read_bytes()
    assert (town.data / "keys" / "secret").read_bytes() not in town.file.read_bytes()
    town.stop()
    other = empty_house(tmp_path, town)
    assert "signs in again" in restored(other)
    other.start()
    ada = moved(town.ada, other)
    ada.get("/profile", expect=401)
    assert texts(ada.sign_in(), town.room)[0] == "before 0"
    other.stop()


def test_what_was_acknowledged_before_it_began_is_in_it(town):
    stop = threading.Event()
    writers = [Writer(who, town.room, stop) for who in (town.ada, town.bob, town.ada, town.bob)]
    for writer in writers:
        writer.start()
    try:
        for n in range(3):
            wait_for_messages(writers, 60)
            before = [pair for writer in writers for pair in list(writer.acknowledged)]
            file = town.file.with_name(f"under-load.{n}")
            backup(town, file=file)
            after = [pair for writer in writers for pair in list(writer.acknowledged)]
            check_messages(file, before, after)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not [writer.fault for writer in writers if writer.fault]


def check_messages(file, before, after):
    """One instant: all of before, nothing without its room's number, no hole."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        found = dict(db.execute("SELECT seq, text FROM message"))
        [(seq,)] = db.execute("SELECT seq FROM room").fetchall()
    assert sorted(found) == list(range(1, seq + 1))
    assert not [pair for pair in before if found.get(pair[0]) != pair[1]]
    late = dict(after)
    assert len([n for n in found if n > 5 and n not in late]) <= 4, "more than were in hand"


def test_photos_that_are_exchanged_meanwhile_are_there(town, tmp_path):
    """The old one of the two goes when the new one is named; a backup has the one it names."""
    stop = threading.Event()

    def exchange():
        side = 8
        while not stop.is_set():
            side = 8 + (side - 7) % 32
            town.ada.put("/profile/photo", body=png(side, 8),
                         headers={"content-type": "image/png"}, expect=200)

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        for n in range(4):
            file = town.file.with_name(f"photos.{n}")
            backup(town, file=file)
            check_photos(file)
    finally:
        stop.set()
        thread.join()


def check_photos(file):
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        named = {f"blobs/photo/{user}/{photo}" for user, photo in db.execute(
            "SELECT user, body ->> '$.photo' FROM user WHERE body ->> '$.photo' IS NOT NULL")}
        there = {name for name, in db.execute("SELECT name FROM file")}
    assert len(named) == 1 and named <= there


# --- clients --------------------------------------------------------------------------------------


def test_clients_start_anew_after_a_restore(town):
    ada = town.ada
    backup(town)
    ada.say(town.room, "after the backup")
    path = f"/chat/rooms/{town.room['id']}/changes"
    seen = ada.get(path, expect=200)
    target = path + "?since=" + seen.json()["sync"]
    etags = {t: ada.get(t, expect=200).get("etag") for t in (path, "/chat/rooms")}
    page = ada.read(town.room, limit=2)
    town.stop()
    restored(town, "--replace")
    town.start()
    got = ada.get(target, expect=200).json()
    assert got["reset"] is True and got["messages"] == []
    for where, etag in etags.items():
        assert etag and ada.get(where, headers={"if-none-match": etag}).status == 200
    assert texts(ada, town.room) == [f"before {n}" for n in range(5)]
    # another message takes the number of the lost one
    ada.say(town.room, "after the restore")
    assert ada.get(target, expect=200).json()["reset"] is True
    assert ada.read(town.room, limit=2)["items"][0]["seq"] == page["items"][0]["seq"]


def test_sessions_stay_unless_told_otherwise(town):
    backup(town)
    lost = town.ada
    other = lost.again()
    lost.post("/auth/sign-out", expect=204)
    lost.get("/profile", expect=401)
    town.stop()
    restored(town, "--replace")
    town.start()
    lost.get("/profile", expect=200)  # README says so
    other.get("/profile", expect=401)  # began after the backup
    town.stop()
    assert "signs in again" in restored(town, "--replace", "--end-sessions")
    town.start()
    lost.get("/profile", expect=401)
    lost.anonymous().post("/auth/refresh-token", {"refresh_token": lost.refresh_token}, expect=401)
    assert texts(lost.sign_in(), town.room)[0] == "before 0"


# --- what is refused ------------------------------------------------------------------------------


def test_a_restore_is_refused_while_the_service_runs(town):
    backup(town)
    before = everything(town.data)
    refused(restore(town, "--replace"), "stop it first", "chat.fcgi (")
    assert everything(town.data) == before
    town.ada.say(town.room, "it goes on")


def test_a_restore_is_refused_while_a_shell_has_the_database_open(town):
    backup(town)
    town.stop()
    with closing(sqlite3.connect(town.data / "cloud-chat.db")) as shell:
        shell.execute("SELECT count(*) FROM item").fetchone()
        refused(restore(town, "--replace"), "stop it first", f"({os.getpid()})")
    restored(town, "--replace")


def test_what_a_restore_has_replaced_may_be_open(town):
    backup(town)
    town.stop()
    restored(town, "--replace")
    [kept] = town.data.glob("cloud-chat.db.replaced-*")
    with open(kept, "rb"):
        restored(town, "--replace")


def test_people_are_not_replaced_unasked(town):
    backup(town)
    town.ada.say(town.room, "newer")
    town.stop()
    before = everything(town.data)
    refused(restore(town), "--replace")
    assert everything(town.data) == before
    said = restored(town, "--replace")
    [kept] = town.data.glob("cloud-chat.db.replaced-*")
    assert str(kept) in said
    with closing(sqlite3.connect(f"file:{kept}?mode=ro&immutable=1", uri=True)) as db:
        assert db.execute("SELECT text FROM message ORDER BY seq DESC").fetchone() == ("newer",)


def test_a_file_that_is_there_is_not_replaced_unasked(town):
    backup(town)
    before = town.file.read_bytes()
    refused(town.run("backup", town.file), "--force", str(town.file))
    assert town.file.read_bytes() == before
    backup(town, "--force")


def test_a_backup_never_takes_the_place_of_what_it_is_of(town):
    os.symlink(town.data / "cloud-chat.db", town.data / "link.db")
    for name in ("cloud-chat.db", "cloud-chat.db-wal", "cloud-chat.db.lock", "cloud-chat.conf",
                 "keys/backup", "blobs/backup", "link.db"):
        refused(town.run("backup", town.data / name, "--force"), "in the place of")
    town.ada.say(town.room, "unharmed")


def test_a_place_that_cannot_be_written_is_said(town):
    for path, word in ((town.data.parent / "nowhere" / "file", "not there"),
                       (town.data.parent, "not the name"), ("", "not the name"),
                       ("/proc/file", "cannot be written")):
        refused(town.run("backup", path), word)


def spoilt(town, at, name="spoilt"):
    path = town.file.with_name(name)
    data = bytearray(town.file.read_bytes())
    data[at] ^= 0x20
    path.write_bytes(data)
    return path


def test_a_byte_that_changed_anywhere_is_noticed_or_harmless(town, tmp_path):
    backup(town)
    town.stop()
    size = town.file.stat().st_size
    raw = town.file.read_bytes()
    marks = [raw.index(b"before 3"), raw.index(b"PRIVATE KEY"), raw.index(b"IHDR"), 18, 30, 4096]
    other = empty_house(tmp_path, town)
    fresh = other.data.with_name("fresh")
    shutil.copytree(other.data, fresh)
    expected = None
    for at in marks + [random.randrange(size) for _ in range(ROUNDS)]:
        done = restore(other, file=spoilt(town, at))
        if at in marks[:3]:
            assert "damaged" in done.stderr, (at, done.stderr)
        if done.returncode != 0:
            assert not (other.data / "cloud-chat.db").exists(), at
            continue
        rows = [row for row in everything(other.data)[0] if row[1] != "EPOCH"]
        expected = expected or rows
        assert rows == expected, f"byte {at} of {size} went unnoticed"
        shutil.rmtree(other.data)
        shutil.copytree(fresh, other.data)


def test_what_is_no_backup_is_refused(town, tmp_path):
    backup(town)
    town.stop()
    other = empty_house(tmp_path, town)
    for content, word in ((b"", "not a backup"), (b"x" * 5000, "not a backup"),
                          (town.file.read_bytes()[:8192], "damaged")):
        path = tmp_path / "file"
        path.write_bytes(content)
        refused(restore(other, file=path), word)
    refused(restore(other, file=town.data / "cloud-chat.db"), "not a backup")
    refused(restore(other, file=tmp_path / "nothing"), "no such backup")
    refused(restore(other, file=tmp_path), "cannot be read")
    for change, word in (("UPDATE note SET value = '2' WHERE name = 'format'", "newer version"),
                         ("UPDATE item SET body = '{\"layout\":3}' WHERE sk = 'SCHEMA'", "newer"),
                         ("DELETE FROM item WHERE sk LIKE 'MSG%'", "damaged"),
                         ("UPDATE file SET name = 'keys/../x.pem' WHERE name LIKE '%.pem'",
                          "another kind")):
        path = shutil.copy(town.file, tmp_path / "changed")
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(change)
        refused(restore(other, file=path), word)
    assert not (other.data / "cloud-chat.db").exists()


# --- progress -------------------------------------------------------------------------------------


def said_to_a_terminal(town, *arguments):
    ours, theirs = pty.openpty()
    done = subprocess.run([CLOUDCHAT, *arguments, "--data", town.data],
                          env=environment(town.settings), stderr=theirs, stdout=subprocess.DEVNULL,
                          timeout=60)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:
        pass  # that is the end of what was said
    os.close(ours)
    assert done.returncode == 0, said
    return said.decode()


def test_progress_goes_to_a_terminal_on_one_line_and_quiet_says_nothing(town):
    fill(town, 20_000)
    said = said_to_a_terminal(town, "backup", town.file)
    assert "\n" not in said
    assert re.search(r"(Copying|Verifying) the database [0-9.]+ of [0-9.]+ MB \([0-9]+ %\)", said)
    assert said.endswith("\r\033[K"), "the line is still there"
    done = town.run("backup", town.file, "--force", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    town.stop()
    said = said_to_a_terminal(town, "restore", "--replace", town.file)
    assert "\n" not in said and re.search(r"the database .* MB \([0-9]+ %\)", said)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_restores_for_the_user_whose_folder_it_is(town, tmp_path_factory):
    nobody = 65534
    backup(town)
    town.stop()
    folder = tmp_path_factory.mktemp("nobody")
    os.chown(folder, nobody, nobody)
    reachable(folder)
    other = Server(folder / "data", town.settings, user=nobody)
    assert other.run("init", user=nobody, group=nobody).returncode == 0
    other.file = town.file
    restored(other)
    foreign = [p for p in other.data.rglob("*") if p.stat().st_uid != nobody]
    assert not foreign
    other.start()
    ada = moved(town.ada, other).sign_in()
    assert texts(ada, town.room)[0] == "before 0"
    assert ada.get(ada.get("/profile").json()["photo"], expect=200).body == png(8, 8)
    other.stop()
    shutil.rmtree(other.data)
