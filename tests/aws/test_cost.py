"""What each call of the API costs in DynamoDB: README's figures are those that are counted here."""

import os
import re
import statistics
import subprocess
import time
from pathlib import Path

import costs
import http_faults
import pytest
import recorder
from client import Person
from contract import OPERATIONS
from server import ROOT

README = (ROOT / "README.md").read_text()
SEND, LIST, ROOMS = "POST /chat/messages", "GET /chat/messages (50)", "GET /chat/rooms (100 rooms)"

PROGRAMS, SHARDS = 3, 4  # that look for what is due, and where
LOOK_S = 3


@pytest.fixture(scope="module")
def recording(dynoxide):
    """Before the tables: a Recorder, and where it stands."""
    made = recorder.Recorder()
    with http_faults.Proxy(dynoxide.url) as proxy:
        proxy.set(made, only=recorder.DATA)
        proxy.environment = dynoxide.environment()
        yield made, proxy


@pytest.fixture(scope="module")
def meter(dynoxide, recording, tmp_path_factory):
    made, proxy = recording
    server = costs.start(tmp_path_factory.mktemp("costs") / "data", proxy)
    yield costs.Meter(server, made, dynoxide.client("dynamodb"))
    server.stop()


@pytest.fixture(scope="module")
def counted(meter):
    return costs.count(meter)


def people(server):
    return [Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob")]


# --- README ---------------------------------------------------------------------------------------


def test_readme_says_what_is_counted(counted):
    told = README.split(costs.BEGIN, 1)[1].split(costs.END, 1)[0]
    assert told == costs.table(counted), f"README should say:\n{costs.table(counted)}"


def test_every_call_is_counted(counted):
    missing = {f"{op.method} {op.path}" for op in OPERATIONS} - \
        {label.split(" (")[0] for label in counted}
    assert not missing


def test_readme_says_what_a_million_messages_cost(counted):
    text = " ".join(README.split())
    write, read, told = map(float, re.search(
        r"At ([\d.]+) dollars for a million write units and ([\d.]+) for a million read units .*? "
        r"a million messages cost ([\d.]+) dollars", text).groups())
    send = counted[SEND]
    assert told == pytest.approx(send.writes * write + send.reads * read, abs=0.005)


# --- bounds ---------------------------------------------------------------------------------------


def test_a_send_is_8_write_units(counted):
    """Four items, each twice for the transaction; no index."""
    assert counted[SEND].writes == 8


@pytest.mark.parametrize("letter, writes", [("x", 8), ("é", 8), ("海", 10)])
def test_a_head_with_a_long_text_in_it_costs_two_more(meter, letter, writes):
    ada, bob = people(meter.server)
    room = ada.room_with(bob)
    for _ in range(10):  # HEAD names the last 8
        ada.say(room, costs.TEXT)
    _, cost = meter.cost(lambda: ada.say(room, letter * 200))
    assert cost.writes == writes


@pytest.mark.parametrize("label, most", [(SEND, 2), (LIST, 2), (ROOMS, 3)])
def test_round_trips_one_after_another(counted, label, most):
    assert counted[label].trips <= most


def test_a_session_that_is_not_remembered_is_asked_for_first(recording, dynoxide, tmp_path):
    made, proxy = recording
    server = costs.start(tmp_path / "data", proxy,
                         **{"identity.session_memory": "0s", "store.table": "costs-sessions"})
    meter = costs.Meter(server, made, dynoxide.client("dynamodb"))
    ada, bob = people(server)
    room = ada.room_with(bob)
    _, cost = meter.cost(lambda: ada.say(room, costs.TEXT))
    server.stop()
    assert cost == costs.Cost(reads=4, writes=8, trips=3)


def test_sends_do_not_make_the_programs_look_for_work(meter):
    """Each looks once a second, whatever is asked of it; a look is a query of each shard."""
    ada, bob = people(meter.server)
    room = ada.room_with(bob)
    meter.settle()
    meter.recorder.take()
    began = time.monotonic()
    while time.monotonic() < began + LOOK_S:
        ada.say(room, costs.TEXT)
    looks = [call for call in meter.recorder.take() if call.is_poll]
    assert sum(call.units for call in looks) == len(looks)
    assert PROGRAMS <= len(looks) / SHARDS <= PROGRAMS * (LOOK_S + 1)


def test_signing_and_json_keep_to_their_processor_time():
    """In microseconds: a GetItem, a transaction of 4 items, each item of a page."""
    program = Path(os.environ["BUILT"]) / "tests" / "bench" / "aws_cpu"
    out = subprocess.run([program, "3"], check=True, capture_output=True, text=True).stdout
    rounds = [tuple(map(float, line.split())) for line in out.splitlines()]
    for took, bound in zip(map(statistics.median, zip(*rounds)), (60, 60, 3), strict=True):
        assert 0 < took < bound, rounds


# --- the method: what dynoxide bills is what AWS publishes ----------------------------------------

INDEX = {"IndexName": "mrev", "Projection": {"ProjectionType": "ALL"},
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                       {"AttributeName": "mrev", "KeyType": "RANGE"}]}
KEYS = {"pk": "S", "sk": "S", "mrev": "N"}


@pytest.fixture(scope="module")
def billed(dynoxide):
    """bill(operation, arguments): the units of a call on a table like ours."""
    db = dynoxide.client("dynamodb")
    db.create_table(
        TableName="billed", BillingMode="PAY_PER_REQUEST", LocalSecondaryIndexes=[INDEX],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"},
                   {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                              for name, kind in KEYS.items()])
    for name, size in (("1", 100), ("2", 3000), ("3", 3000), ("9", 9000)):
        db.put_item(TableName="billed", Item=item(name, size))
    return lambda operation, arguments: recorder.units_of(
        getattr(db, operation)(ReturnConsumedCapacity="TOTAL", **arguments))


def item(name, size, **more):
    """So large in all, by AWS's rule: names and values in UTF-8."""
    return {"pk": {"S": "R#1"}, "sk": {"S": name},
            "text": {"S": "x" * (size - len("pkR#1sktext") - len(name))}, **more}


def key(name):
    return {"pk": {"S": "R#1"}, "sk": {"S": name}}


def put(name, size, **more):
    return {"TableName": "billed", "Item": item(name, size, **more)}


def get(name):
    return {"TableName": "billed", "Key": key(name)}


def query(first, last):
    return {"TableName": "billed", "ConsistentRead": True,
            "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :z",
            "ExpressionAttributeValues": {":p": {"S": "R#1"}, ":a": {"S": first},
                                          ":z": {"S": last}}}


def check(name):
    return {**get(name), "ConditionExpression": "attribute_exists(pk)"}


# One unit reads 4 KB, consistently, and writes 1 KB; what is absent counts as well. A batch rounds
# up each item, a query the sum. In a transaction each item is twice as dear; an index is an item
# more to write.
BILLS = [
    ("get_item", {**get("1"), "ConsistentRead": True}, 1),
    ("get_item", {**get("9"), "ConsistentRead": True}, 3),
    ("get_item", {**get("absent"), "ConsistentRead": True}, 1),
    ("batch_get_item", {"RequestItems": {"billed": {
        "ConsistentRead": True, "Keys": [key("1"), key("2"), key("9"), key("absent")]}}}, 6),
    ("query", query("1", "3"), 2),
    ("query", query("4", "5"), 1),
    ("transact_get_items", {"TransactItems": [{"Get": get("1")}, {"Get": get("9")}]}, 8),
    ("put_item", put("a", 1024), 1),
    ("put_item", put("b", 1025), 2),
    ("put_item", put("c", 500, mrev={"N": "1"}), 2),
    ("delete_item", get("absent"), 1),
    ("transact_write_items", {"TransactItems": [{"Put": put("d", 1024)}, {"Put": put("e", 1025)},
                                                {"ConditionCheck": check("1")}]}, 8),
]


@pytest.mark.parametrize("operation, arguments, units", BILLS,
                         ids=[f"{bill[0]}-{n}" for n, bill in enumerate(BILLS)])
def test_dynoxide_counts_as_aws_publishes(billed, operation, arguments, units):
    assert billed(operation, arguments) == units


# --- the method: round trips ----------------------------------------------------------------------


def call(began, ended):
    return recorder.Call("Query", {"R#1"}, began, ended, 1)


@pytest.mark.parametrize("calls, trips", [
    ([], 0),
    ([call(0, 1)], 1),
    ([call(0, 1), call(1, 2), call(2.5, 3)], 3),
    ([call(0, 1), call(0.1, 1.2), call(0.2, 0.9)], 1),
    ([call(0, 1), call(1.1, 2), call(1.2, 2.1), call(0.5, 5)], 2),
])
def test_what_goes_out_side_by_side_is_one_round_trip(calls, trips):
    assert recorder.round_trips(calls) == trips
    assert recorder.round_trips(calls[::-1]) == trips
