"""That the faults are what their names say, as boto3 sees them: what the client is told, and
whether it was carried out."""

import http.client
import json
import threading
import time
import uuid
from urllib.parse import urlsplit

import counterparts
import http_faults
import pytest
from botocore.exceptions import (BotoCoreError, ClientError, ConnectionClosedError,
                                 HTTPClientError, ReadTimeoutError, ResponseStreamingError,
                                 SSLError)

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


@pytest.fixture(scope="module")
def table(dynoxide):
    """A client without a proxy, and the name of a table."""
    db, name = dynoxide.client("dynamodb"), f"t-{uuid.uuid4().hex}"
    db.create_table(TableName=name, KeySchema=KEYS, BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": key["AttributeName"],
                                           "AttributeType": "S"} for key in KEYS])
    return db, name


@pytest.fixture
def proxy(dynoxide):
    with http_faults.Proxy(dynoxide.url) as running:
        yield running


def through(proxy, dynoxide, **more):
    return counterparts.client("dynamodb", proxy.url, dynoxide.key, dynoxide.secret, **more)


def item(name):
    return {"pk": {"S": "R#1"}, "sk": {"S": name}}


def put(db, table, name, **more):
    return db.transact_write_items(TransactItems=[{"Put": {
        "TableName": table, "Item": item(name),
        "ConditionExpression": "attribute_not_exists(pk)"}}], **more)


def is_there(table, name):
    db, table = table
    return "Item" in db.get_item(TableName=table, Key=item(name), ConsistentRead=True)


def error_of(call):
    with pytest.raises((ClientError, BotoCoreError)) as caught:
        call()
    error = caught.value
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error)


LOST = (ConnectionClosedError, HTTPClientError, ResponseStreamingError)

# fault, what boto3 makes of it, whether it was carried out
TOLD = (
    (http_faults.throttled, ("ProvisionedThroughputExceededException", "ThrottlingException"),
     False),
    (http_faults.conflict, ("TransactionCanceledException",), False),
    (http_faults.broken_before, ("InternalServerError",), False),
    (http_faults.broken_after, ("InternalServerError",), True),
    (http_faults.reset_before, LOST, False),
    (http_faults.reset_after, LOST, True),
    (http_faults.no_http, LOST, True),
    (http_faults.silent_after, (ReadTimeoutError,), True),
)


@pytest.mark.parametrize("fault, told, carried_out", TOLD,
                         ids=lambda value: getattr(value, "__name__", None))
def test_a_fault_is_what_its_name_says(proxy, dynoxide, table, fault, told, carried_out):
    name = f"{fault.__name__}"
    proxy.set(fault)
    error = error_of(lambda: put(through(proxy, dynoxide, timeout_s=1), table[1], name))
    assert error in told
    assert is_there(table, name) == carried_out
    assert proxy.forwarded["TransactWriteItems"] == carried_out
    proxy.set(None)
    put(through(proxy, dynoxide), table[1], f"after {name}")


def test_a_conflict_has_a_reason_for_each_item(proxy, dynoxide, table):
    proxy.set(http_faults.conflict)
    db = through(proxy, dynoxide)
    with pytest.raises(ClientError) as caught:
        db.transact_write_items(TransactItems=[
            {"Put": {"TableName": table[1], "Item": item(name)}} for name in "ab"])
    reasons = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert reasons == ["TransactionConflict", "None"]


def raw(proxy, operation, **request):
    """As bytes, without boto3: that takes half an answer for a whole one where it can read it."""
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=5)
    body = json.dumps(request)
    connection.request("POST", "/", body, {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"DynamoDB_20120810.{operation}", "x-amz-date": "20260101T000000Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/r/dynamodb/aws4_request, "
                         "SignedHeaders=host, Signature=0"})
    return connection


def raw_put(proxy, table, name):
    return raw(proxy, "TransactWriteItems",
               TransactItems=[{"Put": {"TableName": table, "Item": item(name)}}])


@pytest.mark.parametrize("fault", (http_faults.truncated, http_faults.says_more))
def test_an_answer_ends_before_its_length_and_it_was_carried_out(proxy, table, fault):
    proxy.set(fault)
    answer = raw_put(proxy, table[1], fault.__name__).getresponse()
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert is_there(table, fault.__name__)


def test_bytes_behind_the_body_are_there_to_be_mistaken(proxy, table):
    """Whoever reads them as the next answer is told what nobody said."""
    proxy.set(http_faults.says_less)
    answer = raw_put(proxy, table[1], "says_less").getresponse()
    assert answer.fp.peek().startswith(b"{}HTTP/1.1 200 OK")
    assert answer.read() == b"{}" and is_there(table, "says_less")


def test_the_share_of_requests_is_kept(proxy, dynoxide, table):
    proxy.set(http_faults.throttled, share=0.3, only=("GetItem",))
    db = through(proxy, dynoxide, tries=1)
    for _ in range(200):
        try:
            db.get_item(TableName=table[1], Key=item("x"))
        except ClientError:
            pass
    db.list_tables()
    assert 40 <= proxy.struck["GetItem"] <= 80
    assert proxy.forwarded["GetItem"] == 200 - proxy.struck["GetItem"]
    assert proxy.struck["ListTables"] == 0 and len(proxy.seen) == 201


def test_an_answer_can_be_larger_than_anybody_takes(proxy, dynoxide, table):
    proxy.set(http_faults.too_long)
    got = through(proxy, dynoxide).get_item(TableName=table[1], Key=item("x"))
    assert len(got["Item"]["pk"]["S"]) == 64 << 20


def test_a_reader_sees_head_before_its_message_and_not_after_the_answer(proxy, dynoxide, table):
    db, name = through(proxy, dynoxide), table[1]
    proxy.set(http_faults.HalfSeen(window_s=0.5))
    transaction = [
        {"Put": {"TableName": name, "Item": {**item("HEAD"), "seq": {"N": "1"}}}},
        {"Put": {"TableName": name, "Item": item("MSG#1"),
                 "ConditionExpression": "attribute_not_exists(pk)"}}]
    writer = threading.Thread(target=db.transact_write_items,
                              kwargs={"TransactItems": transaction})
    writer.start()

    def names():
        found = db.query(TableName=name, KeyConditionExpression="pk = :pk",
                         ExpressionAttributeValues={":pk": {"S": "R#1"}}, ConsistentRead=True)
        return {each["sk"]["S"] for each in found["Items"]}

    counterparts.wait_for("HEAD", lambda: "HEAD" in names())
    assert "MSG#1" not in names()
    assert "Item" not in db.get_item(TableName=name, Key=item("MSG#1"), ConsistentRead=True)
    writer.join()
    assert "MSG#1" in names()
    assert proxy.fault.kept_back >= 2 and not proxy.fault.hidden


def test_a_certificate_that_nobody_signed_is_one(dynoxide, tmp_path):
    made = http_faults.self_signed(tmp_path)
    with http_faults.Proxy(dynoxide.url, certificate=made) as proxy:
        assert error_of(through(proxy, dynoxide).list_tables) is SSLError
        trusting = through(proxy, dynoxide, verify=str(made[0]))
        trusting.list_tables()
        assert len(proxy.seen) == 1


# --- toxiproxy ------------------------------------------------------------------------------------


@pytest.fixture
def wire(toxic, dynoxide):
    return toxic(uuid.uuid4().hex, dynoxide.url)


def test_toxiproxy_delays(wire, dynoxide):
    db = through(wire, dynoxide)
    db.list_tables()
    wire.add("latency", latency=200)
    began = time.monotonic()
    db.list_tables()
    assert 0.2 <= time.monotonic() - began < 2
    wire.clear()
    began = time.monotonic()
    db.list_tables()
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize("toxic_of, told", (
    ({"type": "reset_peer", "stream": "upstream", "timeout": 0}, LOST),
    ({"type": "timeout", "timeout": 0}, (ReadTimeoutError,))))
def test_toxiproxy_breaks_what_is_under_way(wire, dynoxide, toxic_of, told):
    wire.add(**toxic_of)
    assert error_of(through(wire, dynoxide, timeout_s=1).list_tables) in told
    wire.clear()
    through(wire, dynoxide).list_tables()


def test_toxiproxy_ends_an_answer_in_its_middle(wire):
    wire.add("limit_data", bytes=240)
    answer = raw(wire, "ListTables").getresponse()
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
