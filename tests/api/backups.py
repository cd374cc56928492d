"""What the tests of `cloudchat backup` and `cloudchat restore` share."""

import sqlite3
from contextlib import closing

from client import Person
from images import png
from server import Server
from test_processes import all_messages


def build_town(make_server):
    """A server with two people, a room, messages and a photo; its backup is `town.file`."""
    server = make_server()
    server.ada, server.bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    server.room = server.ada.room_with(server.bob)
    for n in range(5):
        server.ada.say(server.room, f"before {n}")
    server.ada.put("/profile/photo", body=png(8, 8), headers={"content-type": "image/png"},
                   expect=200)
    server.file = server.data.with_name("town.backup")
    return server


def backup(server, *more, file=None):
    done = server.run("backup", file or server.file, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def restore(server, *more, file=None):
    return server.run("restore", file or server.file, *more)


def restored(server, *more):
    done = restore(server, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(done, *words):
    assert done.returncode == 1, done.stdout + done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def leftovers(folder, name):
    return sorted(p.name for p in folder.iterdir() if p.name.startswith(name))


def empty_house(tmp_path, like, name="new"):
    """A data folder that `cloudchat init` has made, on another machine so to say."""
    server = Server(tmp_path / name, dict(like.settings))
    server.file = like.file
    done = server.run("init")
    assert done.returncode == 0, done.stderr
    return server


def fill(server, count):
    """Messages past the service, which is stopped for that."""
    server.stop()
    with closing(sqlite3.connect(server.data / "cloud-chat.db")) as db, db:
        db.execute("INSERT INTO item (pk, sk, body) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                   "SELECT i + 1 FROM n WHERE i < ?) SELECT 'R#filling', printf('MSG#%016x', i), "
                   "printf('{\"seq\":%d,\"data\":{\"text\":\"%s\"}}', i, hex(randomblob(1000))) "
                   "FROM n", (count,))
    server.start()


def everything(data):
    """What stands in a data folder and counts: the rows, the keys, the photos."""
    with closing(sqlite3.connect(f"file:{data}/cloud-chat.db?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT * FROM item ORDER BY pk, sk").fetchall()
    return (rows, (data / "keys" / "secret").read_bytes(),
            {p.relative_to(data): p.read_bytes() for p in (data / "blobs").rglob("*")
             if p.is_file()})


def texts(who, room):
    return [m["data"]["text"] for m in all_messages(who, room)]


def text_of_last(data):
    with closing(sqlite3.connect(data / "cloud-chat.db")) as db:
        [(ok,)] = db.execute("PRAGMA integrity_check").fetchall()
        assert ok == "ok"
        return db.execute("SELECT text FROM message ORDER BY seq DESC").fetchone()[0]
