"""What we wrote, read by others: boto3 and the AWS command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from client import Person
from images import png
from server import BACKEND

pytestmark = pytest.mark.skipif(BACKEND.name != "aws", reason="`make test-aws` runs it")
AWS = Path(sys.executable).with_name("aws")


def aws(*arguments):
    """The command line, with the same credentials."""
    region = BACKEND.environment["AWS_REGION"]
    run = subprocess.run([AWS, *arguments, "--region", region, "--output", "json"],
                         capture_output=True, text=True, timeout=60,
                         env={"PATH": os.environ["PATH"], **BACKEND.environment})
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def room(server):
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    room = ada.room_with(bob)
    ada.say(room, "Grüße, 上海 \U0001f44b")
    return room["id"]


def test_boto3_reads_a_message_in_dynamodbs_own_types(server, room):
    [message] = [item for item in BACKEND.items(server)
                 if item["pk"]["S"] == f"R#{room}" and item["sk"]["S"].startswith("MSG#")]
    assert message["seq"] == {"N": "1"} and message["type"] == {"S": "text"}
    assert message["data"] == {"M": {"text": {"S": "Grüße, 上海 \U0001f44b"}}}
    assert message["v"]["S"]


def test_the_command_line_reads_a_rooms_head(server, room):
    got = aws("dynamodb", "get-item", "--endpoint-url", BACKEND.tables, "--table-name",
              server.settings["store.table"], "--consistent-read", "--key",
              json.dumps({"pk": {"S": f"R#{room}"}, "sk": {"S": "HEAD"}}))
    assert got["Item"]["seq"] == {"N": "1"}


def test_the_command_line_finds_in_the_index_what_changes_and_no_message(server, room):
    got = aws("dynamodb", "query", "--endpoint-url", BACKEND.tables, "--table-name",
              server.settings["store.table"], "--index-name", "mrev", "--consistent-read",
              "--key-condition-expression", "pk = :room", "--expression-attribute-values",
              json.dumps({":room": {"S": f"R#{room}"}}))
    assert [item["sk"]["S"].split("#")[0] for item in got["Items"]] == ["MEMBER", "MEMBER"]
    assert [item["mrev"] for item in got["Items"]] == [{"N": "2"}, {"N": "3"}]


def test_the_command_line_reads_a_photo(server, person, tmp_path):
    ada = person()
    path = ada.put("/profile/photo", body=png(3, 3), headers={"content-type": "image/png"},
                   expect=200).json()["photo"]
    name = f"{server.settings['blob.prefix']}photo/{ada.id}/{path.rsplit('/', 1)[1]}"
    aws("s3api", "get-object", "--endpoint-url", BACKEND.objects, "--bucket", BACKEND.bucket,
        "--key", name, str(tmp_path / "photo"))
    assert (tmp_path / "photo").read_bytes() == png(3, 3)
