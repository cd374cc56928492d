"""Whether a list and a send take longer in a large room and in a store of many rooms. The load is
fixed and light, so that what is seen is how long each request takes and not how they queue. Small
and large are asked at the same time: what disturbs one disturbs the other."""

import os
import statistics
from contextlib import ExitStack
from dataclasses import dataclass, replace

import sites
import stores
import wrk
from rows_http import again
from sites import Site, bearer
from table import Line

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


@dataclass
class Growth:
    what: str
    small: stores.Store
    large: stores.Store


def row_room(options):
    """A room that has become large"""
    growth = Growth(f"a room grows from {SMALL_ROOM:,} to {LARGE_ROOM:,} messages",
                    stores.seeded("small-room", room_plan(SMALL_ROOM)),
                    stores.seeded("large-room", room_plan(LARGE_ROOM)))
    sizes = {id(growth.small): SMALL_ROOM, id(growth.large): LARGE_ROOM}
    loads = [("GET /chat/messages, newest 50", list_load, 1.1),
             ("GET /chat/messages, 50 from anywhere in it",
              lambda store: page_load(store, sizes[id(store)]), None),
             ("POST /chat/messages", lambda store: send_load(store, 1), 1.1)]
    return lines(growth, loads, options)


def row_store(options):
    """A store of many rooms"""
    growth = Growth(f"a store grows from {FEW_ROOMS:,} to {MANY_ROOMS:,} rooms",
                    stores.seeded("few-rooms", store_plan(FEW_ROOMS)),
                    stores.seeded("many-rooms", store_plan(MANY_ROOMS)))
    loads = [("GET /chat/messages, newest 50", list_load, 1.1),
             (f"POST /chat/messages, into {FEW_ROOMS} rooms",
              lambda store: send_load(store, FEW_ROOMS), 1.1),
             ("POST /chat/messages, into all its rooms",
              lambda store: send_load(store, len(store.rooms)), None)]
    return lines(growth, loads, options)


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


def lines(growth, loads, options):
    rounds = [one_round(growth, loads, options) for _ in range(options.rounds)]
    return [line(f"{what}, when {growth.what}", [each[n] for each in rounds], at_most)
            for n, (what, _, at_most) in enumerate(loads)]


def one_round(growth, loads, options):
    """On fresh copies: the rounds before would have made the small one large."""
    copies = stores.copy(growth.small, "small"), stores.copy(growth.large, "large")
    os.sync()  # what copying left to be written would be in somebody's way later
    with ExitStack() as stack:
        running = [stack.enter_context(Site(store.data)) for store in copies]
        return [compare(running, [make(growth.small), make(growth.large)], options)
                for _, make, _ in loads]


def compare(running, loads, options):
    """Outcomes with the small and with the large store."""
    for seconds in (1, options.seconds):  # the first warms up
        under_way = [wrk.start(site.url, again(load), seconds)
                     for site, load in zip(running, loads)]
        outcomes = [wrk.finish(one) for one in under_way]
    return outcomes


def line(what, outcomes, at_most):
    small, large = (statistics.median(each) for each in
                    zip(*((s.p50_ms, l.p50_ms) for s, l in outcomes)))
    return Line(f"{what}: median wait", [after.p50_ms / before.p50_ms for before, after in outcomes],
                at_most=at_most, note=f"{large:.2f} against {small:.2f} ms at "
                                      f"{outcomes[-1][0].rate:,.0f} requests/s")
