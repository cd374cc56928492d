"""Runs a command with counterparts beside it, and ends as the command does.

    with.py dynoxide COMMAND...             tables in dynoxide
    with.py ministack COMMAND...            tables in MiniStack
    with.py --cognito dynoxide COMMAND...   and people in user pools of MiniStack

The bucket is in MiniStack either way. The command finds in its environment
    CC_TEST_DYNAMODB, CC_TEST_S3     the endpoints
    CC_TEST_BUCKET                   a bucket that is there and empty
    CC_TEST_COGNITO                  the endpoint, if it was asked for
    CC_TEST_COGNITO_STATE            the folder in which MiniStack keeps the keys of its pools
and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION."""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import counterparts

BUCKET = "cloud-chat-test"


def make_bucket(storage):
    storage.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": counterparts.REGION})


def cognito(storage):
    return {"CC_TEST_COGNITO": storage.url, "CC_TEST_COGNITO_STATE": str(storage.folder)}


def main(tables, command, with_cognito=False):
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloud-chat-aws-")))
        storage = stack.enter_context(counterparts.ministack(folder / "ministack"))
        make_bucket(storage)
        database = storage if tables == "ministack" else \
            stack.enter_context(counterparts.STARTS[tables](folder / tables))
        env = {**os.environ, **storage.environment(), "CC_TEST_DYNAMODB": database.url,
               "CC_TEST_S3": storage.url, "CC_TEST_BUCKET": BUCKET,
               **(cognito(storage) if with_cognito else {})}
        return subprocess.run(command, env=env).returncode


if __name__ == "__main__":
    asked = sys.argv[1] == "--cognito"
    name, *rest = sys.argv[1 + asked:]
    sys.exit(main(name, rest, asked))
