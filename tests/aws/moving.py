"""What the tests of `cloudchat migrate` share: a town that was chatted in, its two configurations,
and how each side is read by others: sqlite3 and boto3."""

import json
import os
import shutil
import sqlite3
import subprocess
import uuid
from contextlib import closing

from client import Person
from counterparts import REGION
from images import png
from server import CLOUDCHAT, Server, environment, free_port, wait_for

PHOTO = png(8, 8)
META = {("META", "SCHEMA"), ("META", "EPOCH")}
OWN = ("pk", "sk", "v", "mrev", "expires", "_expires_ms", "_json")
BUCKET = "moving"
# How many items a town has to move, where it is to take a while.
MESSAGES = int(os.environ.get("MIGRATE_MESSAGES", "6000"))


# --- a town ---------------------------------------------------------------------------------------


def build_town(folder):
    """A data folder in which two people have chatted, and what they hold."""
    url = f"http://localhost:{free_port()}"
    server = Server(folder, {"server.public_url": url})
    server.start()
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    room = ada.room_with(bob)
    for n in range(5):
        ada.say(room, f"Grüße {n}, 上海 \U0001f44b")
    bob.put(f"/chat/rooms/{room['id']}/cursor", {"read_seq": 2}, expect=(200, 204))
    ada.put("/profile/photo", body=PHOTO, headers={"content-type": "image/png"}, expect=200)
    server.stop()
    return Town(folder, url, ada, bob, room)


class Town:
    def __init__(self, data, url, ada, bob, room):
        self.data, self.url, self.ada, self.bob, self.room = data, url, ada, bob, room
        self.file = data / "cloud-chat.db"

    def copy(self, data):
        shutil.copytree(self.data, data)
        return Town(data, self.url, self.ada, self.bob, self.room)

    def server(self, **settings):
        """The service on the file, or on what the settings say."""
        return Server(self.data, {"server.public_url": self.url, **settings})

    def add(self, rows):
        """(pk, sk, body, mrev, expires_ms), as nobody but a test writes them."""
        with closing(sqlite3.connect(self.file)) as db, db:
            db.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?)", rows)

    def fill(self, count):
        """A room with so many messages."""
        self.add((f"R#full-{n // 1000}", f"MSG#{n:016x}",
                  json.dumps({"seq": n, "rev": n, "author": "ada", "type": "text",
                              "data": {"text": f"message {n} äöü " * (n % 7)}}),
                  n if n % 10 == 0 else None, None) for n in range(1, count + 1))


def moved(who, server):
    """The same person, with the same tokens, at another server."""
    other = Person(server, who.name, who.login, who.password)
    other.token, other.id, other.refresh_token = who.token, who.id, who.refresh_token
    return other


# --- the other side -------------------------------------------------------------------------------


class Cloud:
    """A table and a part of a bucket that belong to one test, and the configuration of them."""

    def __init__(self, tables, storage, name=None):
        self.tables, self.storage = tables, storage
        self.name = name or f"t-{uuid.uuid4().hex[:12]}"
        self.urls = {"dynamodb": tables.url, "s3": storage.url}

    def settings(self):
        return {"store.backend": "dynamodb", "store.table": self.name,
                "aws.dynamodb_endpoint": self.urls["dynamodb"], "aws.s3_endpoint": self.urls["s3"],
                "blob.backend": "s3", "blob.bucket": BUCKET, "blob.prefix": f"{self.name}/"}

    def environment(self):
        return {**self.storage.environment(), "AWS_REGION": REGION}

    def configure(self, town, **more):
        """Writes the file beside the town's own."""
        return write_config(town.data / "aws.conf",
                            {"server.public_url": town.url, **self.settings(), **more})

    def create(self, town):
        done = run("aws", "create-table", "--config", self.configure(town), env=self.environment())
        assert done.returncode == 0, done.stderr
        return self

    def serve(self, town):
        """The service on this side."""
        server = town.server(**self.settings())
        server.env = self.environment()
        return server.start()

    # --- as others read it -----------------------------------------------------------------------

    def raw(self):
        pages = self.tables.client("dynamodb").get_paginator("scan")
        return [item for page in pages.paginate(TableName=self.name, ConsistentRead=True)
                for item in page["Items"]]

    def has_items(self):
        """Asked quickly: reading all takes as long as writing it."""
        page = self.tables.client("dynamodb").scan(TableName=self.name, Limit=1,
                                                   ConsistentRead=True)
        return page["Count"] > 0

    def items(self):
        return dict(as_row(item) for item in self.raw())

    def put(self, item):
        self.tables.client("dynamodb").put_item(TableName=self.name, Item=item)

    def delete(self, pk, sk):
        self.tables.client("dynamodb").delete_item(TableName=self.name,
                                                   Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def photos(self):
        s3 = self.storage.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{self.name}/").get("Contents", [])
        return {each["Key"].removeprefix(f"{self.name}/"):
                s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}


def value_of(typed):
    """README: DynamoDB's own types."""
    (kind, value), = typed.items()
    if kind == "N":
        return int(value)
    if kind == "L":
        return [value_of(each) for each in value]
    if kind == "M":
        return {name: value_of(each) for name, each in value.items()}
    return None if kind == "NULL" else value


def as_row(item):
    """README: what stands beside the members, and the `_` before those with such a name."""
    body = {name.removeprefix("_"): value_of(typed) for name, typed in item.items()
            if name not in OWN}
    if "_json" in item:
        body = item["_json"]["S"]
    key = item["pk"]["S"], item["sk"]["S"]
    return key, (body, *(int(item[name]["N"]) if name in item else None
                         for name in ("mrev", "_expires_ms")))


def file_items(path):
    """Bodies that DynamoDB has no values for (fractions, members without a name, no JSON) stay the
    text that they are."""
    def no_value(_):
        raise ValueError

    def members(pairs):
        return dict(pairs) if all(name for name, _ in pairs) else no_value(pairs)

    def body_of(text):
        try:
            return json.loads(text, parse_float=no_value, object_pairs_hook=members)
        except ValueError:
            return text

    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return {(pk, sk): (body_of(body), mrev, expires)
                for pk, sk, body, mrev, expires in db.execute("SELECT * FROM item")}


def file_photos(data):
    folder = data / "blobs"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file()}


# --- the command ----------------------------------------------------------------------------------


def write_config(path, settings):
    sections = {}
    for key, value in settings.items():
        section, name = key.split(".")
        sections.setdefault(section, []).append(f"{name} = {value}\n")
    path.write_text("".join(f"[{section}]\n{''.join(lines)}" for section, lines in
                            sections.items()))
    return path


def file_config(town, data=None, **more):
    """A configuration of a database in a file, in the town's folder or in another one."""
    data = data or town.data
    data.mkdir(exist_ok=True)
    return write_config(data / "file.conf",
                        {"server.public_url": town.url, "identity.keys": town.data / "keys",
                         **more})


def command(*arguments):
    return [str(argument) for argument in (CLOUDCHAT, *arguments)]


def run(*arguments, env, timeout=100, **more):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=timeout,
                          env={**environment({}), **env}, **more)


def migrate(from_, to, cloud, *more, **how):
    return run("migrate", "--config", from_, "--to", to, *more, env=cloud.environment(), **how)


def migrated(*arguments, **how):
    done = migrate(*arguments, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start(from_, to, cloud, *more):
    return subprocess.Popen(command("migrate", "--config", from_, "--to", to, *more),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**environment({}), **cloud.environment()})


# --- a whole move ---------------------------------------------------------------------------------


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
    assert there.pop(("META", "SCHEMA"))[0] == {"layout": 2}
    assert there == moved_items(town.file)
    assert cloud.photos() == file_photos(town.data)


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
