"""The rows of a database file, as the checker wants them: read with SQL of its own, so that no
code of the product is believed."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field


@dataclass
class Room:
    id: str
    head: dict = field(default_factory=dict)
    messages: list = field(default_factory=list)  # bodies, each with `at`: the seq of its key
    members: dict = field(default_factory=dict)  # user: rev
    cursors: dict = field(default_factory=dict)  # user: body
    sent: dict = field(default_factory=dict)  # (user, client_id): body


def read(path):
    """(rooms by id, complaints of SQLite about the file)."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        [[said]] = db.execute("PRAGMA integrity_check(1)").fetchall()
        rows = db.execute("SELECT pk, sk, body, mrev FROM item WHERE pk >= 'R#' AND pk < 'R$' "
                          "ORDER BY pk, sk").fetchall()
    rooms = {}
    for pk, sk, body, mrev in rows:
        room = rooms.setdefault(pk[2:], Room(pk[2:]))
        _add(room, sk, json.loads(body), mrev)
    return rooms, [] if said == "ok" else [said]


def _add(room, sk, body, mrev):
    kind, _, rest = sk.partition("#")
    if kind == "HEAD":
        room.head = body
    elif kind == "MSG":
        room.messages.append({**body, "at": int(rest, 16)})
    elif kind == "MEMBER":
        room.members[rest] = mrev
    elif kind == "CURSOR":
        room.cursors[rest] = body
    elif kind == "SENT":
        user, _, client_id = rest.partition("#")
        room.sent[user, client_id] = body


def copy(source, target):
    """A copy of a database that may be in use, as one snapshot."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as db, \
            closing(sqlite3.connect(target)) as to:
        db.backup(to)
        to.execute("PRAGMA journal_mode=DELETE")
    return target
