"""Requests a second through lighttpd, beside a program that answers the same bytes at once; and how
long a sender waits."""

import json
from contextlib import ExitStack
from dataclasses import dataclass

import sites
import stores
import wrk
from sites import Baseline, Site, ask, bearer
from table import Figures, Line, Row

PARTNERS = 20  # the reader's rooms, each with unread messages
SEND_ROOMS = 100
SIGNERS = 16

READER = 0
HOT = PARTNERS + 1  # the first of the two in the room of 100,000
SENDERS = HOT + 2
FIRST_SIGNER = SENDERS + 2 * SEND_ROOMS


def plan(busy_messages=100_000):
    """The store of these rows; people by number as above."""
    return stores.Plan(
        people=FIRST_SIGNER + SIGNERS,
        rooms=[(READER, READER + n, 30) for n in range(1, PARTNERS + 1)]
        + [(HOT, HOT + 1, busy_messages)]
        + [(SENDERS + 2 * n, SENDERS + 2 * n + 1, 50) for n in range(SEND_ROOMS)])


def seeded():
    return stores.seeded("main", plan())


def hot_room(store):
    return store.rooms[PARTNERS]


def send_rooms(store):
    return store.rooms[PARTNERS + 1:]


@dataclass
class Case:
    """One request as wrk sends it, and the answer that the baseline gives to it."""
    load: wrk.Load
    answer: sites.Answer


def send_load(store):
    senders = sites.write("senders", store.senders(send_rooms(store)))
    return wrk.Load(script="send.lua", arguments=[senders, wrk.run_number()])


def messages(site, store):
    room = hot_room(store)
    target = f"/chat/messages?room_id={room.id}&limit=50"
    headers = bearer(store.people[room.people[0]])
    return Case(wrk.Load(target, headers=headers), expect(ask(site.url, target, headers=headers)))


def rooms(site, store):
    headers = bearer(store.people[READER])
    target = "/chat/rooms?limit=50"
    return Case(wrk.Load(target, headers=headers), expect(ask(site.url, target, headers=headers)))


def changes(site, store):
    room = hot_room(store)
    headers = bearer(store.people[room.people[0]])
    path = f"/chat/rooms/{room.id}/changes"
    sync = json.loads(ask(site.url, f"/chat/rooms/{room.id}", headers=headers).body)["sync"]
    target = f"{path}?since={sync}"
    headers["If-None-Match"] = expect(ask(site.url, target, headers=headers)).header("etag")
    answer = expect(ask(site.url, target, headers=headers), 304)
    return Case(wrk.Load(target, headers=headers), answer)


def send(site, store):
    room = send_rooms(store)[0]
    headers = {**bearer(store.people[room.people[0]]), "Content-Type": "application/json"}
    body = json.dumps({"room_id": room.id, "type": "text", "data": {"text": "x" * 65},
                              "client_id": f"{wrk.run_number()}-7000-8000-000000000000"})
    answer = expect(ask(site.url, "/chat/messages", "POST", headers, body), 201)
    return Case(send_load(store), answer)


def expect(answer, status=200):
    assert answer.status == status, f"{answer.status}: {answer.body[:500]}"
    return answer


def again(load):
    """The same load with new messages."""
    if load.script == "send.lua":
        load.arguments[1] = wrk.run_number()
    return load


def in_turn(sites_, load, options):
    """Rounds of the sites in turn, in every second one the other way round: a list of their
    outcomes in each round."""
    for site in sites_:
        wrk.run(site.url, again(load), 1)  # warms up
    return [one_round(sites_, load, options.seconds, n % 2) for n in range(options.rounds)]


def one_round(sites_, load, seconds, reversed_):
    order = sites_[::-1] if reversed_ else sites_
    outcomes = [wrk.run(site.url, again(load), seconds) for site in order]
    return outcomes[::-1] if reversed_ else outcomes


def beside_baseline(case, options):
    """Rounds of the product and of the baseline."""
    store = stores.copy(seeded(), "product")
    with ExitStack() as stack:
        product = stack.enter_context(Site(store.data))
        what = case(product, store)
        baseline = stack.enter_context(Baseline(what.answer.as_cgi()))
        return in_turn((product, baseline), what.load, options)


def ratios(rounds):
    one, other = rounds[-1]
    return Figures([one.rate / other.rate for one, other in rounds],
                   f"{one.rate:,.0f} of {other.rate:,.0f} requests/s")


def measure_control(options):
    store = stores.copy(seeded(), "product")
    with Site(store.data) as product:
        what = messages(product, store)
    with ExitStack() as stack:
        both = [stack.enter_context(Baseline(what.answer.as_cgi(), name))
                for name in ("baseline", "control")]
        return [ratios(in_turn(both, what.load, options))]


def measure_send(options):
    rounds = beside_baseline(send, options)
    waits = Figures([product.p99_ms for product, _ in rounds],
                    f"median {rounds[-1][0].p50_ms:.1f} ms")
    return [ratios(rounds), waits]


def beside(case):
    return lambda options: [ratios(beside_baseline(case, options))]


ROWS = {
    "control": Row((Line("control: the baseline beside itself, 13 KB an answer"),),
                   measure_control),
    "messages": Row((Line("GET /chat/messages, newest 50 of 100,000", at_least=0.85),),
                    beside(messages)),
    "rooms": Row((Line(f"GET /chat/rooms, {PARTNERS} rooms with unread messages", at_least=0.35),),
                 beside(rooms)),
    "changes": Row((Line("GET /chat/rooms/{id}/changes, nothing new (304)", at_least=0.85),),
                   beside(changes)),
    "send": Row((Line(f"POST /chat/messages, on disk before the answer, into {SEND_ROOMS} rooms",
                      at_least=0.45),
                 Line(f"the same: 99 of 100 answers within, with {wrk.CONNECTIONS} senders",
                      at_most=15, unit=" ms")),
                measure_send),
}
