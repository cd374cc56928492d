"""The checker where the data is in DynamoDB, with every fault of tests/aws in the way: nothing is
lost, nothing doubled, and each call keeps to its tries and its time.

Run by tests/aws/with.py, which says where the table is."""

import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import http_faults
import pytest
import store
from client import new_client_id
from conftest import SECONDS, is_good
from server import BACKEND, wait_for

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
    "HEAD before its message": {"fault": http_faults.HalfSeen(window_s=0.1)},
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
    put_under_load(run, proxy, tell)
    assert name == "none" or sum(proxy.struck.values()) > 0
    if name == "HEAD before its message":
        assert SCENARIOS[name]["fault"].kept_back > 0


def test_nothing_is_lost_and_nothing_doubled_far_away(make_run, tell, tmp_path):
    """A tenth of a second there and back, at times half as much more, in front of each answer."""
    import toxiproxy  # not there where SQLite is tested

    with toxiproxy.running(tmp_path / "toxiproxy") as make:
        wire = make("table", BACKEND.tables)
        with http_faults.Proxy(wire.url) as proxy:
            run = make_run(aws__dynamodb_endpoint=proxy.url)
            wire.add("latency", latency=100, jitter=50)
            put_under_load(run, proxy, tell)


def test_nothing_is_lost_and_nothing_doubled_while_tls_fails(make_run, tell, tmp_path):
    """Connections break, and half of the time new ones show a certificate that nobody signed."""
    trusted, foreign = (http_faults.self_signed(tmp_path / name) for name in ("trusted", "foreign"))

    def alternate():
        for certificate in (foreign, trusted) * 4:
            proxy.show(certificate)
            time.sleep(PLAN["seconds"] / 10)

    with http_faults.Proxy(BACKEND.tables, certificate=trusted) as proxy:
        run = make_run(aws__dynamodb_endpoint=proxy.url, aws__ca_file=trusted[0])
        proxy.forget()
        proxy.set(http_faults.reset_after, share=0.2)
        put_under_load(run, proxy, tell, alternate)
    assert "certificate" in run.server.log()


def put_under_load(run, proxy, tell, meanwhile=None):
    result = run.put_under(meanwhile, **PLAN)
    proxy.set(None)
    tell(result, f"{len(proxy.seen)} requests, {sum(proxy.struck.values())} struck")
    run.check()
    check_items(run)
    check_tries(proxy.seen)
    assert not result.given_up


def test_throttling_makes_few_requests_more(make_run, proxy, tell):
    """For the same work, which is done to its end both times."""
    run = make_run(aws__dynamodb_endpoint=proxy.url)
    calm = requests_of(run, proxy, None)
    throttled = requests_of(run, proxy, http_faults.throttled)
    tell(f"requests for the same work: {calm}, with three tenths throttled {throttled}")
    assert calm < throttled <= calm * REQUESTS_MAX


def requests_of(run, proxy, fault):
    proxy.forget()
    proxy.set(fault, share=0.3)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, run.scene.rooms))
    proxy.set(None)
    return len(proxy.seen)


def talk(scene):
    """One says something, the other reads it, ten times."""
    room, ada, bob = scene
    for _ in range(10):
        body = {"room_id": room, "type": "text", "data": {"text": "Hello"},
                "client_id": new_client_id()}
        insist(lambda: ada.post("/chat/messages", body, expect=(200, 201, 503)))
        insist(lambda: bob.get(f"/chat/messages?room_id={room}", expect=(200, 503)))
        insist(lambda: bob.get("/chat/rooms", expect=(200, 503)))


def insist(ask):
    while (reply := ask()).status == 503:
        pass
    return reply


# --- what a reader sees of a transaction under way ------------------------------------------------


def test_who_sees_head_before_its_message_is_told_to_come_again(make_run, proxy):
    """By the page, by the changes and by the message itself; never that there is nothing."""
    run = make_run(aws__dynamodb_endpoint=proxy.url)
    room, ada, bob = run.scene.rooms[0]
    paths = (f"/chat/messages?room_id={room}", f"/chat/rooms/{room}/changes",
             f"/chat/messages/{room}.1")

    def announced():
        return any(item["seq"] == 1 for item in bob.get("/chat/rooms", expect=200).json()["items"])

    proxy.set(http_faults.HalfSeen(window_s=2))
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(ada.say, {"id": room}, "Hello")
        wait_for("HEAD", announced)
        assert [bob.get(path, expect=(200, 404, 503)).status for path in paths] == [503] * 3
        assert not sending.done()
        message = sending.result()
    page, changes, itself = (bob.get(path, expect=200).json() for path in paths)
    assert page["items"] == changes["messages"] == [itself] == [message]


def test_a_session_that_is_just_being_opened_ends_with_the_others(make_run, proxy):
    """Whoever ends all others, or changes the password, sees that somebody is signing in, most
    often at another process."""
    run = make_run(aws__dynamodb_endpoint=proxy.url, serve__auth_workers=4,
                   http__threads=1)  # so that each request has a process of its own
    _, ada, _ = run.scene.rooms[0]
    for _ in range(4):
        proxy.set(http_faults.HalfSeen(window_s=0.5, kept=lambda sk: sk.startswith("SESSION#"),
                                       blind=True))
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(ada.again)
            wait_for("a session is kept back", lambda: proxy.fault.hidden)
            ada.delete("/auth/sessions", expect=204)
            other = opening.result()
        assert proxy.fault.conflicts > 0
        assert not [each for each in ada.get("/auth/sessions", expect=200).json()["items"]
                    if each["id"] == other.session]


@pytest.mark.parametrize("kept", (
    lambda sk, _: sk == "HEAD", lambda sk, _: sk.startswith("CURSOR#"),
    lambda sk, maker: sk == f"MEMBER#{maker.id}"), ids=("HEAD", "cursors", "its maker"))
def test_a_room_that_is_half_made_is_whole_or_not_there(make_run, proxy, kept):
    """To its second member, who looks at it and makes it himself while it is being made."""
    people = make_run(aws__dynamodb_endpoint=proxy.url).scene.people
    ada, bob = people[0], people[2]  # who have no room yet
    proxy.set(http_faults.HalfSeen(window_s=1, kept=lambda sk: kept(sk, ada)))
    with ThreadPoolExecutor(2) as pool:
        making = pool.submit(ada.room_with, bob)
        wait_for("its rows are kept back", lambda: proxy.fault.hidden)
        making_too = pool.submit(insist, lambda: make_room(bob, ada))
        while not making.done():
            look_at_rooms(bob)
    assert making_too.result().json()["id"] == making.result()["id"]
    assert proxy.fault.kept_back > 0
    look_at_rooms(bob)


def make_room(ada, bob):
    return ada.post("/chat/rooms", {"participants": [ada.id, bob.id]}, expect=(200, 201, 503))


def look_at_rooms(who):
    reply = who.get("/chat/rooms?limit=100", expect=(200, 503))
    for room in reply.json().get("items", []):
        changes = who.get(f"/chat/rooms/{room['id']}/changes", expect=(200, 404, 503))
        if changes.status == 200:
            assert len(changes.json()["members"]) == 2


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
    sends = run.exchanges("send")
    acknowledged = {invoke["client_id"] for invoke, outcome in sends if is_good(outcome)}
    unknown = {invoke["client_id"] for invoke, outcome in sends if stays_unknown(outcome)}
    stored = {client_id for room in rooms.values() for _, client_id in room.sent}
    assert acknowledged <= stored <= acknowledged | unknown
    items = [item for item in BACKEND.items(run.server)
             if item["pk"]["S"].startswith(("R#", "SENT#"))]
    assert len(items) == 5 * len(rooms) + 2 * len(stored)


def stays_unknown(outcome):
    return outcome is None or outcome["e"] == "lost" or outcome.get("code") == "outcome_unknown"


def check_tries(seen):
    """A commit that is tried again has the same token."""
    times = defaultdict(list)
    for request in seen:
        if request.token:
            times[request.token].append(request.at)
    assert times
    assert max(map(len, times.values())) <= TRIES_MAX
    assert max(each[-1] - each[0] for each in times.values()) <= CALL_S_MAX
