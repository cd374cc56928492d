"""`cloudchat doctor` of what is kept at AWS: each thing is broken on purpose, and the line about it
says what to do. What it says of files is in tests/api/test_doctor.py."""

import datetime
import email.utils
import json
import socket
import time

import http_faults
import pytest
from counterparts import REGION
from house import house, make_bucket, running, well
from server import free_port
from doctor_lines import examine, only_wrong, text_of

TABLE = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "sk", "AttributeType": "S"},
                                  {"AttributeName": "mrev", "AttributeType": "N"}],
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                       {"AttributeName": "sk", "KeyType": "RANGE"}],
         "LocalSecondaryIndexes": [{
             "IndexName": "mrev", "Projection": {"ProjectionType": "ALL"},
             "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                           {"AttributeName": "mrev", "KeyType": "RANGE"}]}],
         "BillingMode": "PAY_PER_REQUEST"}


@pytest.fixture
def well_made(ministack, tmp_path):
    """Table and bucket in MiniStack, and nothing wrong."""
    server = house(tmp_path, ministack, ministack)
    well(server.run("aws", "create-table"))
    make_bucket(server, ministack)
    return server


@pytest.fixture
def proxied(well_made, ministack):
    """The same, with a proxy in the way."""
    with http_faults.Proxy(ministack.url) as proxy:
        well_made.settings |= {"aws.dynamodb_endpoint": proxy.url, "aws.s3_endpoint": proxy.url}
        yield well_made, proxy


# --- when all is well -----------------------------------------------------------------------------


def test_what_is_well_is_said_line_by_line(tables, ministack, tmp_path):
    server = house(tmp_path, tables, ministack, keys=ministack)
    well(server.run("aws", "create-table"))
    bucket = make_bucket(server, ministack)
    lines = examine(server)
    assert not [line for line in lines if line[0] == "not ok"], lines
    told = [what for _, what, _ in lines]
    assert told[told.index("credentials"):] == [
        "credentials", "DynamoDB", "S3", "clock", "table", "index", "deletion", "expiry", "backup",
        "rights", "contents", "bucket", "objects", "public access", "outbox"]
    assert "first start" in text_of(lines, "contents")
    assert not ministack.client("s3").list_objects_v2(Bucket=bucket).get("Contents")
    items = tables.client("dynamodb").scan(TableName=server.settings["store.table"])
    assert items["Count"] == 0, "it has written"


def test_a_running_service_is_examined_and_read_to_its_end_if_asked(well_made):
    with running(well_made):
        assert "--full" in text_of(examine(well_made), "contents")
        assert "read to their end" in text_of(examine(well_made, "--full"), "contents")


def test_no_secret_is_shown(well_made, ministack):
    well_made.env["AWS_SESSION_TOKEN"] = "a-session-token"
    run = well_made.run("doctor")
    assert "session token" in run.stdout
    for secret in (ministack.key, ministack.secret, "a-session-token"):
        assert secret not in run.stdout + run.stderr


# --- credentials ----------------------------------------------------------------------------------


def test_no_credentials(well_made):
    del well_made.env["AWS_ACCESS_KEY_ID"], well_made.env["AWS_SECRET_ACCESS_KEY"]
    only_wrong(well_made, "AWS", "AWS_ACCESS_KEY_ID", "AWS_PROFILE")
    del well_made.env["AWS_EC2_METADATA_DISABLED"]
    well_made.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"http://127.0.0.1:{free_port()}"
    only_wrong(well_made, "credentials", "the machine's role", "AWS_PROFILE")
    lines = examine(well_made)
    assert "no credentials" in text_of(lines, "table", "skipped")
    assert "no credentials" in text_of(lines, "bucket", "skipped")


def test_keys_of_a_profile_name_their_file(well_made, ministack, tmp_path):
    path = tmp_path / "credentials"
    path.write_text(f"[chat]\naws_access_key_id = {ministack.key}\n"
                    f"aws_secret_access_key = {ministack.secret}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del well_made.env[name]
    well_made.env |= {"AWS_PROFILE": "chat", "AWS_SHARED_CREDENTIALS_FILE": str(path)}
    assert f"profile chat of {path}" in text_of(examine(well_made), "credentials")


def test_a_key_that_nobody_knows(well_made):
    well_made.env["AWS_ACCESS_KEY_ID"] = "AKIAUNKNOWNUNKNOWNXX"
    lines = examine(well_made)
    assert "does not know this access key" in text_of(lines, "table", "not ok")
    assert "does not know this access key" in text_of(lines, "bucket", "not ok")


def test_a_secret_of_another_key(well_made):
    well_made.env["AWS_SECRET_ACCESS_KEY"] = "not the secret of this key"
    lines = examine(well_made)
    assert "typing error" in text_of(lines, "table", "not ok")
    assert "typing error" in text_of(lines, "bucket", "not ok")


def test_no_region(well_made):
    del well_made.env["AWS_REGION"]
    only_wrong(well_made, "AWS", "[aws] region")


# --- the way there --------------------------------------------------------------------------------


def test_a_name_without_an_address(well_made):
    well_made.settings["aws.dynamodb_endpoint"] = "https://dynamodb.nowhere.invalid"
    only_wrong(well_made, "DynamoDB", "dynamodb.nowhere.invalid", "DNS", "[aws] region")


def test_nobody_at_the_address(well_made):
    well_made.settings["aws.s3_endpoint"] = f"http://127.0.0.1:{free_port()}"
    only_wrong(well_made, "S3", "firewalls")


def test_somebody_who_never_answers(well_made):
    with socket.create_server(("127.0.0.1", 0)) as port:
        well_made.settings["aws.dynamodb_endpoint"] = f"http://127.0.0.1:{port.getsockname()[1]}"
        began = time.monotonic()
        only_wrong(well_made, "DynamoDB", "no whole answer")
        assert time.monotonic() - began < 20


def test_a_service_that_falls_silent_later(proxied):
    server, proxy = proxied
    proxy.set(http_faults.silent_after, only=("DescribeTable",))
    only_wrong(server, "table", "gives no answer")


def test_a_strange_certificate(dynoxide, tmp_path):
    certificate = http_faults.self_signed(tmp_path)
    with http_faults.Proxy(dynoxide.url, certificate) as proxy:
        server = house(tmp_path, proxy, keys=dynoxide)
        only_wrong(server, "DynamoDB", "certificate", "[aws] ca_file")
        server.settings["aws.ca_file"] = certificate[0]
        well(server.run("aws", "create-table"))
        assert "a certificate that is trusted" in text_of(examine(server), "DynamoDB")


@pytest.mark.parametrize("seconds, verdict, text", (
    (20, "ok", "to within"), (-90, "warning", "fast: let a time service"),
    (90, "warning", "slow: let a time service"), (400, "not ok", "slow: let a time service")))
def test_a_clock_that_is_wrong(proxied, seconds, verdict, text):
    server, proxy = proxied

    async def at_another_time(exchange):
        got = await exchange.forward()
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        lines = [line for line in got.head.split(b"\r\n")[:-2]
                 if not line.lower().startswith(b"date:")]
        date = email.utils.format_datetime(now, usegmt=True).encode()
        got.head = b"\r\n".join([*lines, b"Date: " + date]) + b"\r\n\r\n"
        return got

    proxy.set(at_another_time)
    assert text in text_of(examine(server), "clock", verdict)


# --- the table ------------------------------------------------------------------------------------


def without(**changes):
    return {name: value for name, value in {**TABLE, **changes}.items() if value is not None}


NO_INDEX = without(LocalSecondaryIndexes=None,
                   AttributeDefinitions=TABLE["AttributeDefinitions"][:2])
OTHER_KEY = without(KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    AttributeDefinitions=TABLE["AttributeDefinitions"][:1],
                    LocalSecondaryIndexes=None)
OTHER_TYPE = without(AttributeDefinitions=[{**each, "AttributeType": "N" if each[
    "AttributeName"] == "sk" else each["AttributeType"]} for each in TABLE["AttributeDefinitions"]])
KEYS_ONLY = without(LocalSecondaryIndexes=[{**TABLE["LocalSecondaryIndexes"][0],
                                            "Projection": {"ProjectionType": "KEYS_ONLY"}}])


def test_a_missing_table(tables, tmp_path):
    only_wrong(house(tmp_path, tables), "table", "cloudchat aws create-table", "[store] table")


@pytest.mark.parametrize("shape, what, text", (
    (NO_INDEX, "index", "no local secondary index mrev"),
    (OTHER_KEY, "table", "its key is not pk (S), sk (S)"),
    (OTHER_TYPE, "table", "its key is not pk (S), sk (S)"),
    (KEYS_ONLY, "index", "projection ALL")),
    ids=("no index", "other key", "other type", "keys only"))
def test_a_table_of_another_shape(tables, tmp_path, shape, what, text):
    server = house(tmp_path, tables)
    tables.client("dynamodb").create_table(TableName=server.settings["store.table"], **shape)
    only_wrong(server, what, text, "create-table` makes")


def test_what_is_good_to_have(ministack, tmp_path):
    """A table that somebody has made by hand."""
    server = house(tmp_path, ministack)
    db, table = ministack.client("dynamodb"), server.settings["store.table"]
    db.create_table(TableName=table, **without(
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}))
    lines = examine(server)
    assert "on-demand" in text_of(lines, "table", "warning")
    assert "create-table` switches it on" in text_of(lines, "expiry", "warning")
    assert "create-table` switches it on" in text_of(lines, "backup", "warning")
    assert f"--table-name {table} --deletion" in text_of(lines, "deletion", "warning")
    db.update_time_to_live(TableName=table, TimeToLiveSpecification={
        "Enabled": True, "AttributeName": "ttl"})
    assert "the attribute ttl" in only_wrong(server, "expiry")


def test_what_the_rights_do_not_let_us_know_is_no_fault(proxied):
    """AWS leaves out nothing of a table; an older endpoint may."""
    server, proxy = proxied

    async def untold(exchange):
        if exchange.request.operation == "DescribeContinuousBackups":
            return http_faults.answer(400, "AccessDeniedException")
        told = json.loads((await exchange.forward()).body)
        del told["Table"]["DeletionProtectionEnabled"]
        return http_faults.answer_with(200, json.dumps(told).encode())

    proxy.set(untold, only=("DescribeContinuousBackups", "DescribeTable"))
    lines = examine(server)
    assert "dynamodb:DescribeContinuousBackups" in text_of(lines, "backup", "skipped")
    assert "not told here" in text_of(lines, "deletion", "skipped")
    assert not [line for line in lines if line[0] == "not ok"]


def test_time_to_live_by_another_attribute_does_not_count(proxied):
    """As AWS has it, which lets nobody change the attribute; MiniStack does."""
    server, proxy = proxied

    async def by_ttl(exchange):
        if exchange.request.operation == "UpdateTimeToLive":
            return http_faults.answer(400, "ValidationException", "TimeToLive is already enabled")
        return http_faults.answer_with(200, b'{"TimeToLiveDescription": {"TimeToLiveStatus": '
                                            b'"ENABLED", "AttributeName": "ttl"}}')

    proxy.set(by_ttl, only=("DescribeTimeToLive", "UpdateTimeToLive"))
    assert "does not delete what has expired" in well(server.run("aws", "create-table"))


@pytest.mark.parametrize("operation, right", (
    ("GetItem", "GetItem"), ("BatchGetItem", "BatchGetItem"), ("PutItem", "PutItem"),
    ("DeleteItem", "DeleteItem"), ("TransactWriteItems", "ConditionCheckItem"),
    ("Query", "Query, Query of the index")))
def test_a_right_that_is_missing(proxied, operation, right):
    server, proxy = proxied

    async def denied(_):
        return http_faults.answer(400, "AccessDeniedException")

    proxy.set(denied, only=(operation,))
    only_wrong(server, "rights", f"do not allow {right} of dynamodb", "cloudchat aws policy")


def test_a_table_of_another_version(well_made, ministack):
    table = well_made.settings["store.table"]
    ministack.client("dynamodb").put_item(TableName=table, Item={
        "pk": {"S": "META"}, "sk": {"S": "SCHEMA"}, "v": {"S": "x"}, "layout": {"N": "99"}})
    only_wrong(well_made, "contents", "another version")


# --- the bucket -----------------------------------------------------------------------------------


def test_a_missing_bucket(ministack, tmp_path):
    server = house(tmp_path, ministack, ministack)
    well(server.run("aws", "create-table"))
    only_wrong(server, "bucket", "aws s3 mb", "[blob] bucket")


@pytest.mark.parametrize("method, right", (("PUT", "PutObject"), ("DELETE", "DeleteObject")))
def test_a_right_to_objects_that_is_missing(proxied, method, right):
    server, proxy = proxied

    async def denied(_):
        return http_faults.answer_with(
            403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

    proxy.set(denied, only=(method,))
    only_wrong(server, "objects", f"s3:{right}", "cloudchat aws policy")
    if method == "DELETE":
        assert "by hand" in text_of(examine(server), "objects", "warning")


def test_a_bucket_in_another_region(proxied):
    server, proxy = proxied

    async def moved(exchange):
        got = await exchange.forward()
        got.head = got.head[:-2] + b"x-amz-bucket-region: ap-south-1\r\n\r\n"
        return got

    proxy.set(moved, only=("GET",))
    only_wrong(server, "bucket", "is in ap-south-1", REGION)


def test_a_bucket_that_lets_everybody_in(proxied, ministack):
    """MiniStack blocks nothing, and does not say whether a policy is public."""
    server, proxy = proxied
    ministack.client("s3").delete_public_access_block(Bucket=server.settings["blob.bucket"])
    assert "Block Public Access" in text_of(examine(server), "public access", "warning")

    async def public(exchange):
        if "policyStatus" not in exchange.request.first:
            return await exchange.forward()
        return http_faults.answer_with(
            200, b"<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>")

    proxy.set(public)
    only_wrong(server, "public access", "Block Public Access")


def test_a_bucket_that_keeps_what_is_deleted(well_made, ministack):
    ministack.client("s3").put_bucket_versioning(
        Bucket=well_made.settings["blob.bucket"], VersioningConfiguration={"Status": "Enabled"})
    assert "noncurrent versions" in text_of(examine(well_made), "versions", "warning")


# --- what is needed -------------------------------------------------------------------------------


def test_a_table_is_made_once_and_a_second_time_nothing_happens(tables, tmp_path):
    server = house(tmp_path, tables)
    table = server.settings["store.table"]
    assert f"The table {table} is there, in {REGION}." in well(server.run("aws", "create-table"))
    assert f"The table {table} is there already" in well(server.run("aws", "create-table"))


def test_the_rights_that_are_printed_are_a_policy(well_made):
    policy = json.loads(well(well_made.run("aws", "policy")))
    allowed = {action for each in policy["Statement"] for action in each["Action"]}
    assert {"dynamodb:ConditionCheckItem", "s3:PutObject", "s3:ListBucket"} <= allowed
    resources = [name for each in policy["Statement"] for name in each["Resource"]]
    assert f"arn:aws:s3:::{well_made.settings['blob.bucket']}/chat/*" in resources
    assert any(name.endswith("/index/mrev") for name in resources)
