"""A data folder whose configuration keeps everything in a counterpart."""

import uuid
from contextlib import contextmanager

from client import Client
from counterparts import REGION
from server import Server


def house(tmp_path, tables, objects=None, keys=None, **settings):
    """tables, objects: counterparts or proxies; keys: whose credentials are used."""
    name = uuid.uuid4().hex[:24]
    given = {"store.backend": "dynamodb", "store.table": f"t-{name}",
             "aws.dynamodb_endpoint": tables.url}
    if objects is not None:
        given |= {"blob.backend": "s3", "blob.bucket": f"b-{name}", "blob.prefix": "chat/",
                  "aws.s3_endpoint": objects.url}
    given |= {key.replace("__", "."): value for key, value in settings.items()}
    made = Server(tmp_path / f"data-{name[:6]}", given, env=(keys or tables).environment())
    well(made.run("init"))
    return made


def well(run):
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def make_bucket(server, storage):
    name = server.settings["blob.bucket"]
    storage.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@contextmanager
def running(server):
    """What faults made it log is none of its own."""
    server.check_log = lambda: None
    server.start()
    try:
        yield Client(server.url)
    finally:
        server.stop()
