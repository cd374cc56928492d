"""The checker where the data is in DynamoDB, with every fault of tests/aws in the way: nothing is
lost, nothing doubled, and each call keeps to its tries and its time.

Run by tests/aws/with.py, which says where the table is."""

import time
from collections import Counter, defaultdict

import http_faults
import pytest
import store
from conftest import SECONDS
from server import BACKEND

pytestmark = [
    pytest.mark.aws,
    pytest.mark.skipif(BACKEND.name != "aws", reason="`make test-aws` runs it"),
]

PLAN = {"rate": 20, "seconds": min(SECONDS, 5), "read_every_s": 0.5}
TRIES_MAX, CALL_S_MAX = 4, 8
REQUESTS_MAX = 1.5  # times those without a fault, with 30 % of them throttled
COMMITS = ("TransactWriteItems",)

SCENARIOS = {
    "none": {"fault": None},
    "a tenth throttled": {"fault": http_faults.throttled, "share": 0.1},
    "three tenths throttled": {"fault": http_faults.throttled, "share": 0.3},
    "a third of the commits conflict": {"fault": http_faults.conflict, "share": 0.3,
                                        "only": COMMITS},
    "500 before": {"fault": http_faults.broken_before, "share": 0.1},
    "500 after": {"fault": http_faults.broken_after, "share": 0.2},
    "reset before": {"fault": http_faults.reset_before, "share": 0.1},
    "reset after": {"fault": http_faults.reset_after, "share": 0.2},
    "silent after": {"fault": http_faults.silent_after, "share": 0.01},
    "truncated": {"fault": http_faults.truncated, "share": 0.1},
    "too long": {"fault": http_faults.too_long, "share": 0.01},
    "says more": {"fault": http_faults.says_more, "share": 0.1},
    "says less": {"fault": http_faults.says_less, "share": 0.1},
    "no HTTP": {"fault": http_faults.no_http, "share": 0.1},
    "HEAD before its message": {"fault": http_faults.HalfSeen()},
}


@pytest.fixture
def proxy():
    with http_faults.Proxy(BACKEND.tables) as running:
        yield running


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_and_nothing_doubled(make_run, proxy, tell, name):
    run = make_run(aws__dynamodb_endpoint=proxy.url)
    proxy.forget()
    proxy.set(**SCENARIOS[name])
    result = run.put_under(**PLAN)
    proxy.set(None)
    tell(result, f"{len(proxy.seen)} requests, {sum(proxy.struck.values())} struck")
    run.check()
    check_items(run)
    check_tries(proxy.seen)
    assert not result.given_up
    assert name == "none" or sum(proxy.struck.values()) > 0


def test_throttling_makes_few_requests_more(make_run, proxy, tell):
    run = make_run(aws__dynamodb_endpoint=proxy.url)
    calm = requests_of(run, proxy, None)
    throttled = requests_of(run, proxy, http_faults.throttled)
    tell(f"requests a message, with its readers: {calm:.1f}, throttled {throttled:.1f}")
    assert throttled <= calm * REQUESTS_MAX


def requests_of(run, proxy, fault):
    proxy.forget()
    proxy.set(fault, share=0.3)
    return run.put_under(**PLAN).acknowledged and len(proxy.seen) / PLAN["rate"] / PLAN["seconds"]


# --- a service that is gone -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", (http_faults.throttled, http_faults.broken_before,
                                   http_faults.reset_before, http_faults.silent_after),
                         ids=lambda fault: fault.__name__)
def test_a_call_gives_up_in_time(make_run, proxy, fault):
    """Who asks is told that it cannot be done now, and it can again when the service is back."""
    ada = make_run(aws__dynamodb_endpoint=proxy.url).scene.people[0]
    proxy.forget()
    proxy.set(fault)
    began = time.monotonic()
    assert ada.get("/chat/rooms", expect=503).code == "unavailable"
    assert time.monotonic() - began <= CALL_S_MAX + 1
    proxy.set(None)
    tries = Counter(seen.body for seen in proxy.seen if ada.id.encode() in seen.body)
    assert 1 <= max(tries.values()) <= TRIES_MAX
    ada.get("/chat/rooms", expect=200)


def test_nothing_is_told_to_a_certificate_that_nobody_signed(make_run, tmp_path):
    server = make_run().server
    with http_faults.Proxy(BACKEND.tables, certificate=http_faults.self_signed(tmp_path)) as proxy:
        server.settings["aws.dynamodb_endpoint"] = proxy.url
        refused = server.run("aws", "create-table")
        assert refused.returncode != 0 and "certificate" in refused.stderr, refused.stderr
        assert proxy.connections == 0 and not proxy.seen


def check_items(run):
    """As many as were acknowledged, and some of those of which nobody knows; each room has beside
    them its HEAD, and of its two members the row and the cursor."""
    rooms, _ = store.read(run.copy())
    acknowledged = {i["client_id"] for i, o in run.exchanges("send") if o and "got" in o}
    tried = {i["client_id"] for i, _ in run.exchanges("send")}
    stored = {client_id for room in rooms.values() for _, client_id in room.sent}
    assert acknowledged <= stored <= tried
    items = [item for item in BACKEND.items(run.server) if item["pk"]["S"].startswith("R#")]
    assert len(items) == 5 * len(rooms) + 2 * len(stored)


def check_tries(seen):
    """A commit that is tried again has the same token."""
    times = defaultdict(list)
    for request in seen:
        if request.token:
            times[request.token].append(request.at)
    assert times
    assert max(map(len, times.values())) <= TRIES_MAX
    assert max(each[-1] - each[0] for each in times.values()) <= CALL_S_MAX
