"""Requests a second through lighttpd, beside a program that answers the same bytes at once; and what
sending takes from a sender who waits."""

from contextlib import ExitStack
from dataclasses import dataclass

import sites
import stores
import wrk
from sites import Baseline, Site, ask, bearer
from table import Line

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
    sync = stores.json.loads(ask(site.url, f"/chat/rooms/{room.id}", headers=headers).body)["sync"]
    target = f"{path}?since={sync}"
    headers["If-None-Match"] = expect(ask(site.url, target, headers=headers)).header("etag")
    answer = expect(ask(site.url, target, headers=headers), 304)
    return Case(wrk.Load(target, headers=headers), answer)


def send(site, store):
    room = send_rooms(store)[0]
    headers = {**bearer(store.people[room.people[0]]), "Content-Type": "application/json"}
    body = stores.json.dumps({"room_id": room.id, "type": "text", "data": {"text": "x" * 65},
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


def side_by_side(case, options):
    """Rounds of the product and of the baseline in turn: a list of pairs of outcomes."""
    store = stores.copy(seeded(), "product")
    with ExitStack() as stack:
        product = stack.enter_context(Site(store.data))
        what = case(product, store)
        baseline = stack.enter_context(Baseline(what.answer.as_cgi()))
        both = (product, baseline)
        for site in both:
            wrk.run(site.url, again(what.load), 1)  # warms up
        return [tuple(wrk.run(site.url, again(what.load), options.seconds) for site in both)
                for _ in range(options.rounds)]


def ratio_line(what, pairs, at_least):
    ratios = [product.rate / baseline.rate for product, baseline in pairs]
    product, baseline = pairs[-1]
    return Line(what, ratios, at_least=at_least,
                note=f"{product.rate:,.0f} of {baseline.rate:,.0f} requests/s")


def row_messages(options):
    """GET /chat/messages"""
    return [ratio_line("GET /chat/messages, newest 50 of 100,000: requests/s of the baseline's",
                       side_by_side(messages, options), 0.85)]


def row_rooms(options):
    """GET /chat/rooms"""
    return [ratio_line(f"GET /chat/rooms, {PARTNERS} rooms with unread messages",
                       side_by_side(rooms, options), 0.35)]


def row_changes(options):
    """GET /chat/rooms/{id}/changes"""
    return [ratio_line("GET /chat/rooms/{id}/changes, nothing new (304)",
                       side_by_side(changes, options), 0.85)]


def row_send(options):
    """POST /chat/messages"""
    pairs = side_by_side(send, options)
    waits = [product.p99_ms for product, _ in pairs]
    return [ratio_line("POST /chat/messages, on disk before the answer, into 100 rooms", pairs, 0.45),
            Line("the same: 99 of 100 answers within, with 64 senders", waits, at_most=15, unit=" ms",
                 note=f"median {pairs[-1][0].p50_ms:.1f} ms")]
