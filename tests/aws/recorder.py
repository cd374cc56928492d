"""What the product asks of DynamoDB, written down on its way: how many round trips one after
another, and how many read and write units DynamoDB would bill.

A Recorder is a "fault" of http_faults.Proxy that only delays. It asks for ConsumedCapacity where
the product does not; so it stands before dynoxide, which checks no signature (the body is another
one then) and counts as AWS does (test_cost.py shows it)."""

import asyncio
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass

import http_faults

READS = ("GetItem", "BatchGetItem", "Query", "TransactGetItems")
WRITES = ("PutItem", "DeleteItem", "TransactWriteItems")
DATA = READS + WRITES
TIMERS = "TIMER#"


@dataclass
class Call:
    operation: str
    partitions: set
    began: float
    ended: float
    units: float

    @property
    def reads(self):
        return self.units if self.operation in READS else 0

    @property
    def writes(self):
        return self.units if self.operation in WRITES else 0

    @property
    def is_about_timers(self):
        """What a program does every second by itself, and after an answer."""
        return all(pk.startswith(TIMERS) for pk in self.partitions)

    @property
    def is_poll(self):
        return is_poll(self.operation, self.partitions)


def is_poll(operation, partitions):
    """Whether it looks for something to do: all programs do, and one of them finds it."""
    return operation in READS and all(pk.startswith(TIMERS) for pk in partitions)


def partitions_of(operation, body):
    """Those that a request names."""
    if operation == "Query":
        return {body["ExpressionAttributeValues"][":p"]["S"]}
    if operation == "BatchGetItem":
        return {key["pk"]["S"] for table in body["RequestItems"].values() for key in table["Keys"]}
    if operation.startswith("Transact"):
        actions = [action for item in body["TransactItems"] for action in item.values()]
    else:
        actions = [body]
    return {(action.get("Key") or action["Item"])["pk"]["S"] for action in actions}


def units_of(answer):
    """An answer has one capacity, or one for each table; an error has none."""
    consumed = answer.get("ConsumedCapacity", [])
    return sum(one["CapacityUnits"] for one in
               (consumed if isinstance(consumed, list) else [consumed]))


def asking_for_units(request, body):
    more = json.dumps({**body, "ReturnConsumedCapacity": "TOTAL"}).encode()
    return http_faults.with_length(http_faults.Message(request.head, more))


class Recorder:
    def __init__(self):
        self.delay_s = 0.0  # on the way of each request, in all
        self.calls = []
        self.busy = 0  # calls under way, but for those that look what is due

    async def __call__(self, exchange):
        began, request = time.monotonic(), exchange.request
        body = request.json()
        partitions = partitions_of(request.operation, body)
        exchange.request = asking_for_units(request, body)
        counts = not is_poll(request.operation, partitions)
        self.busy += counts
        try:
            await asyncio.sleep(self.delay_s)
            got = await exchange.forward()
        finally:
            self.busy -= counts
        self.calls.append(Call(request.operation, partitions, began, time.monotonic(),
                               units_of(got.json())))
        return got

    @contextmanager
    def slow(self, delay_s):
        self.delay_s = delay_s
        try:
            yield
        finally:
            self.delay_s = 0.0

    def take(self):
        """What was recorded since the last time."""
        calls, self.calls = self.calls, []
        return calls


def round_trips(calls):
    """How many one after another: the longest chain of calls of which each began when the one
    before it had ended. Those that go out side by side are one."""
    chains = []  # (when its last call ended, how long it is)
    for call in sorted(calls, key=lambda call: call.began):
        before = (length for ended, length in chains if ended <= call.began)
        chains.append((call.ended, 1 + max(before, default=0)))
    return max((length for _, length in chains), default=0)
