"""The rows of a database file, or of a table of DynamoDB, as the checker wants them: read with SQL of
its own, or by boto3, so that no code of the product is believed."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path


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
    path = Path(path)
    rows, complaints = _read_table(path) if path.suffix == ".json" else _read_file(path)
    rooms = {}
    for pk, sk, body, mrev in rows:
        kind, _, rest = pk.partition("#")
        room, _, user = (rest, "", "") if kind == "R" else sk.partition("#")
        room = rooms.setdefault(room, Room(room))
        if kind == "SENT":
            room.sent[user, rest] = body
        else:
            _add(room, sk, body, mrev)
    return rooms, complaints


def _read_file(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        [[said]] = db.execute("PRAGMA integrity_check(1)").fetchall()
        rows = db.execute("SELECT pk, sk, body, mrev FROM item WHERE pk >= 'R#' AND pk < 'R$' "
                          "OR pk >= 'SENT#' AND pk < 'SENT$' ORDER BY pk, sk").fetchall()
    complaints = [] if said == "ok" else [said]
    return [(pk, sk, json.loads(body), mrev) for pk, sk, body, mrev in rows], complaints


def _read_table(path):
    items = [item for item in json.loads(path.read_text())
             if item["pk"].startswith(("R#", "SENT#"))]
    items.sort(key=lambda item: (item["pk"], item["sk"]))
    return [(item["pk"], item["sk"], item, item.get("mrev")) for item in items], []


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


def copy_table(items, target):
    """Items of DynamoDB, in its own types."""
    from boto3.dynamodb.types import TypeDeserializer  # not there where SQLite is tested

    plain = TypeDeserializer().deserialize
    target.write_text(json.dumps(
        [{name: plain(value) for name, value in item.items()} for item in items], default=int))
    return target


def copy(source, target):
    """A copy of a database that may be in use, as one snapshot."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as db, \
            closing(sqlite3.connect(target)) as to:
        db.backup(to)
        to.execute("PRAGMA journal_mode=DELETE")
    return target
