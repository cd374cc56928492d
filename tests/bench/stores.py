"""Stores to measure in: seeded once by seed.c, kept in build/bench/stores, copied for each use."""

import hashlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from server import CLOUDCHAT, ROOT, environment

BUILT = Path(os.environ.get("BUILT", ROOT / "build" / "release"))
SEED = BUILT / "tests" / "bench" / "seed"
HOME = ROOT / "build" / "bench"
PASSWORD = "correct horse battery"  # as seed.c says it
# What decides what stands in a store; it is seeded anew when they change.
LAYOUT = ("tests/bench/seed.c", "tests/bench/stores.py", "lib/chat/rows.c", "lib/store/keys.c",
          "lib/store/sqlite_schema.c", "lib/identity/items.c", "lib/identity/access_token.c")
# The access tokens that seeding leaves are good for 24 hours.
AGE_MAX_S = 20 * 3600

SETTINGS = {
    "server.public_url": "http://bench.example",
    "identity.access_token": "24h",
    "identity.sign_up_address_hour": 1000000,
    "codes.sms": "outbox",
    "codes.sms_day_max": 0,
    "codes.address_day_max": 0,
}


@dataclass
class Person:
    id: str
    phone_number: str
    token: str


@dataclass
class Room:
    id: str
    people: tuple  # numbers of its two


@dataclass
class Plan:
    """People by number from 0, and rooms as (one, other, messages)."""
    people: int
    rooms: list

    def text(self):
        lines = [f"people {self.people}"]
        lines += [f"room {a} {b} {messages}" for a, b, messages in self.rooms]
        return "\n".join(lines) + "\n"


@dataclass
class Store:
    data: Path
    people: list
    rooms: list

    def senders(self, rooms):
        """Lines for send.lua: who may send into these rooms, each of the two in turn."""
        both = [(room, number) for side in (0, 1) for room in rooms
                for number in (room.people[side],)]
        return "".join(f"{self.people[number].token} {room.id}\n" for room, number in both)


def digest(plan):
    files = b"".join((ROOT / name).read_bytes() for name in LAYOUT)
    return hashlib.sha256(plan.text().encode() + files).hexdigest()


def read_manifest(folder):
    people, rooms = [], []
    for line in (folder / "made").read_text().splitlines():
        kind, *words = line.split()
        if kind == "person":
            people.append(Person(*words[1:]))
        else:
            rooms.append(Room(words[0], (int(words[1]), int(words[2]))))
    return Store(folder / "data", people, rooms)


def is_fresh(folder, plan):
    try:
        stamp = json.loads((folder / "stamp").read_text())
    except FileNotFoundError:
        return False
    return stamp["digest"] == digest(plan) and time.time() - stamp["time"] < AGE_MAX_S


def seed(folder, plan):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    env = environment({**SETTINGS, "store.durability": "normal", "store.group_max": 256})
    subprocess.run([CLOUDCHAT, "init", "--data", folder / "data"], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    with open(folder / "made", "w") as out:
        subprocess.run([SEED, folder / "data" / "cloud-chat.conf"], env=env, check=True,
                       input=plan.text(), text=True, stdout=out)
    stamp = {"digest": digest(plan), "time": time.time()}
    (folder / "stamp").write_text(json.dumps(stamp))


def seeded(name, plan, say=print):
    """The store of that name, made if it is not there or out of date."""
    folder = HOME / "stores" / name
    if not is_fresh(folder, plan):
        messages = sum(room[2] for room in plan.rooms)
        say(f"seeding: {plan.people} people, {len(plan.rooms)} rooms, {messages} messages")
        seed(folder, plan)
    return read_manifest(folder)


def copy(store, name):
    """A copy to run in, in place of the last one of that name."""
    folder = HOME / "run" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(store.data, folder / "data")
    return Store(folder / "data", store.people, store.rooms)
