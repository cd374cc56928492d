"""Whether a list and a send take longer in a large room and in a store of many rooms. The load is
fixed and light, so that what is seen is how long each request takes and not how they queue. Small
and large are asked at the same time: what disturbs one disturbs the other."""

import os
from contextlib import ExitStack
from dataclasses import replace

import sites
import stores
import wrk
from rows_http import again
from sites import Site, bearer
from table import Figures, Line, Row

CONNECTIONS = 8
PAUSE_MS = 10
SMALL_ROOM, LARGE_ROOM = 1_000, 1_000_000
FEW_ROOMS, MANY_ROOMS = 10, 10_000
MESSAGES = 30  # in each room of the store that grows in rooms


def room_plan(messages):
    return stores.Plan(people=2, rooms=[(0, 1, messages)])


def store_plan(rooms):
    """150 people have 11,175 pairs. The first rooms are the same whatever the number of all."""
    people = 150
    pairs = [(a, b) for b in range(people) for a in range(b)]
    return stores.Plan(people, [(a, b, MESSAGES) for a, b in pairs[:rooms]])


def stores_of(small, large):
    """Pairs of a name and a plan."""
    return [stores.seeded(name, plan) for name, plan in (small, large)]


def measure_room(options):
    both = stores_of(("small-room", room_plan(SMALL_ROOM)), ("large-room", room_plan(LARGE_ROOM)))
    largest = {store.data: seq for store, seq in zip(both, (SMALL_ROOM, LARGE_ROOM))}
    return rounds_of(both, [list_load, lambda store: page_load(store, largest[store.data]),
                            lambda store: send_load(store, 1)], options)


def measure_store(options):
    both = stores_of(("few-rooms", store_plan(FEW_ROOMS)), ("many-rooms", store_plan(MANY_ROOMS)))
    return rounds_of(both, [list_load, lambda store: send_load(store, FEW_ROOMS),
                            lambda store: send_load(store, len(store.rooms))], options)


# --- loads ----------------------------------------------------------------------------------------


def paced(load):
    return replace(load, connections=CONNECTIONS, pause_ms=PAUSE_MS)


def list_load(store):
    room = store.rooms[0]
    return paced(wrk.Load(f"/chat/messages?room_id={room.id}&limit=50",
                          headers=bearer(store.people[room.people[0]])))


def page_load(store, messages):
    room = store.rooms[0]
    return paced(wrk.Load(script="pages.lua", headers=bearer(store.people[room.people[0]]),
                          arguments=[f"/chat/messages?room_id={room.id}&limit=50&before=",
                                     str(messages)]))


def send_load(store, rooms):
    senders = store.senders(store.rooms[:rooms])
    name = f"senders-{store.rooms[0].id}-{rooms}"
    return paced(wrk.Load(script="send.lua", arguments=[sites.write(name, senders), ""]))


# --- rounds ---------------------------------------------------------------------------------------


def rounds_of(both, loads, options):
    """Figures for each of the loads, which are functions of a store."""
    rounds = [one_round(both, loads, options) for _ in range(options.rounds)]
    return [waits([each[n] for each in rounds]) for n in range(len(loads))]


def one_round(both, loads, options):
    """On fresh copies: the rounds before would have made the small one large."""
    copies = [stores.copy(store, name) for store, name in zip(both, ("small", "large"))]
    os.sync()  # what copying left to be written would be in somebody's way later
    with ExitStack() as stack:
        running = [stack.enter_context(Site(store.data)) for store in copies]
        return [compare(running, [load(store) for store in both], options) for load in loads]


def compare(running, loads, options):
    """Outcomes with the small and with the large store."""
    for seconds in (1, options.seconds):  # the first warms up
        under_way = [wrk.start(site.url, again(load), seconds)
                     for site, load in zip(running, loads)]
        outcomes = [wrk.finish(one) for one in under_way]
    return outcomes


def waits(rounds):
    small, large = rounds[-1]
    return Figures([after.p50_ms / before.p50_ms for before, after in rounds],
                   f"{large.p50_ms:.2f} against {small.p50_ms:.2f} ms at "
                   f"{small.rate:,.0f} requests/s each")


IN_ROOM = f"in a room of {LARGE_ROOM:,} messages beside one of {SMALL_ROOM:,}"
IN_STORE = f"in a store of {MANY_ROOMS:,} rooms beside one of {FEW_ROOMS:,}"

ROWS = {
    "room-growth": Row((Line(f"median wait for GET /chat/messages, newest 50, {IN_ROOM}",
                             at_most=1.1),
                        Line("the same: 50 from anywhere in it"),
                        Line(f"median wait for POST /chat/messages, {IN_ROOM}", at_most=1.1)),
                       measure_room),
    "store-growth": Row((Line(f"median wait for GET /chat/messages, newest 50, {IN_STORE}",
                              at_most=1.1),
                         Line(f"median wait for POST /chat/messages, into {FEW_ROOMS} rooms, "
                              f"{IN_STORE}", at_most=1.1),
                         Line("the same: into all its rooms")),
                        measure_store),
}
