"""The product with its tables in dynoxide, behind toxiproxy with 25 ms on every way there and back:
as far away as DynamoDB may be. What is measured is how well it waits."""

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import sites
import stores
import wrk
from rows_http import again, ratios
from server import CLOUDCHAT, environment
from sites import Site, bearer
from stores import BUILT
from table import Figures, Line, Row

DELAY_MS = 25
FEW, MANY = 1, 32
ROOMS = 100
LONG_ROOM = 500  # messages in the first one; in the others:
MESSAGES = 20
SETTINGS = {"store.backend": "dynamodb", "store.table": "bench",
            "identity.argon2_memory_kib": 64, "identity.argon2_passes": 1}  # nobody measures those
CPU_ROUNDS = 11  # they are short
CPU = BUILT / "tests" / "bench" / "aws_cpu"


# --- where it runs --------------------------------------------------------------------------------


@dataclass
class Far:
    """A seeded table, and the long way to it."""
    store: stores.Store
    url: str
    environment: dict

    def site(self, name, **settings):
        """One more server on the same table, with that delay."""
        return Site(stores.copy(self.store, name).data,
                    {**SETTINGS, "aws.dynamodb_endpoint": self.url, **settings}, self.environment)


def plan():
    """The first has a room with each of the others."""
    return stores.Plan(people=ROOMS + 1, rooms=[
        (0, n, LONG_ROOM if n == 1 else MESSAGES) for n in range(1, ROOMS + 1)])


def seed(folder, endpoint, credentials):
    """As stores.seed does, into a table."""
    folder.mkdir(parents=True)
    env = {**environment({**stores.SETTINGS, **SETTINGS, "aws.dynamodb_endpoint": endpoint}),
           **credentials}
    for command in (("init",), ("aws", "create-table")):
        subprocess.run([CLOUDCHAT, *command, "--data", folder / "data"], env=env, check=True,
                       stdout=subprocess.DEVNULL)
    with open(folder / "made", "w") as out:
        subprocess.run([stores.SEED, folder / "data" / "cloud-chat.conf"], env=env, check=True,
                       input=plan().text(), text=True, stdout=out)
    return stores.read_manifest(folder)


@contextmanager
def far():
    """Both stand-ins, and a table that is seeded anew."""
    import counterparts  # needs boto3, which is not there where nothing of AWS is measured
    import toxiproxy

    home = stores.HOME / "run" / "aws"
    shutil.rmtree(home, ignore_errors=True)
    with ExitStack() as stack:
        tables = stack.enter_context(counterparts.dynoxide(home / "dynoxide"))
        make = stack.enter_context(toxiproxy.running(home / "toxiproxy"))
        store = seed(home / "seeded", tables.url, tables.environment())
        way = make("dynamodb", tables.url)
        way.add("latency", latency=DELAY_MS)
        yield Far(store, way.url, tables.environment())


# --- loads ----------------------------------------------------------------------------------------


def send_load(store, rooms, clients):
    senders = sites.write(f"aws-senders-{rooms[0].id}-{len(rooms)}", store.senders(rooms))
    return wrk.Load(script="send.lua", arguments=[senders, ""], connections=clients)


def page_load(store, clients):
    """Anywhere in a room: the newest page may be remembered."""
    room = store.rooms[0]
    return wrk.Load(script="pages.lua", headers=bearer(store.people[room.people[1]]),
                    arguments=[f"/chat/messages?room_id={room.id}&limit=50&before=",
                               str(LONG_ROOM)], connections=clients)


def rooms_load(store, clients):
    return wrk.Load(f"/chat/rooms?limit={ROOMS}", headers=bearer(store.people[0]),
                    connections=clients)


def in_turn(running, loads, options):
    """Outcomes of each round: of each server with its load."""
    one_round(running, loads, 1)  # warms up
    return [one_round(running, loads, options.seconds) for _ in range(options.rounds)]


def one_round(running, loads, seconds):
    return [wrk.run(site.url, again(load), seconds) for site, load in zip(running, loads)]


# --- rows -----------------------------------------------------------------------------------------


def measure_cpu(options):
    out = subprocess.run([CPU, str(CPU_ROUNDS)], check=True, capture_output=True, text=True,
                         env={"PATH": os.environ["PATH"]}).stdout
    columns = zip(*(map(float, line.split()) for line in out.splitlines()))
    return [Figures(list(column)) for column in columns]


def measure_wait(options):
    """One client alone: in times of the delay."""
    with far() as there, there.site("one", **{"http.threads": FEW}) as site:
        loads = [send_load(there.store, there.store.rooms, 1), page_load(there.store, 1),
                 rooms_load(there.store, 1)]
        rounds = in_turn([site] * len(loads), loads, options)
    return [waits([outcomes[n] for outcomes in rounds]) for n in range(len(loads))]


def waits(outcomes):
    return Figures([outcome.p50_ms / DELAY_MS for outcome in outcomes],
                   f"{outcomes[-1].p50_ms:.1f} ms")


def measure_threads(options):
    with far() as there, ExitStack() as stack:
        running = [stack.enter_context(there.site(f"threads-{n}", **{"http.threads": n}))
                   for n in (FEW, MANY)]
        return [grown(running, load, there.store, options) for load in
                (lambda store, n: send_load(store, store.rooms, n), page_load)]


def grown(running, load, store, options):
    loads = [load(store, threads) for threads in (FEW, MANY)]
    return ratios([outcomes[::-1] for outcomes in in_turn(running, loads, options)])


def measure_hot(options):
    with far() as there, ExitStack() as stack:
        running = [stack.enter_context(there.site(name, **{"http.threads": MANY, **settings}))
                   for name, settings in (("shared", {}), ("alone", {"store.group_max": 1}))]
        # Each has a room of its own: what one has still in hand would be in the other's way.
        loads = [send_load(there.store, there.store.rooms[n:n + 1], MANY)
                 for n in range(len(running))]
        rounds = in_turn(running, loads, options)
    return [ratios(rounds), *(Figures([outcomes[n].rate for outcomes in rounds])
                              for n in range(len(running)))]


BUSY = "processor time of signing and of DynamoDB's JSON"

ROWS = {
    "aws-cpu": Row((Line(f"{BUSY}: a GetItem", at_most=60, unit=" µs"),
                    Line("the same: a transaction of 4 items", at_most=60, unit=" µs"),
                    Line("the same: each item of a page of 50", at_most=3, unit=" µs")),
                   measure_cpu),
    # The bounds leave no room for one round trip more.
    "aws-wait": Row((Line(f"median wait in times of {DELAY_MS} ms: POST /chat/messages",
                          at_most=2.9),
                     Line("the same: GET /chat/messages, 50 from anywhere in a room", at_most=2.9),
                     Line(f"the same: GET /chat/rooms, {ROOMS} rooms", at_most=3.9)),
                    measure_wait),
    "aws-hot": Row((Line(f"one room, {MANY} senders: shared commits beside one a message"),
                    Line("the same: sends/s with shared commits", unit="/s"),
                    Line("the same: sends/s with a commit for each message", unit="/s")),
                   measure_hot),
    "aws-threads": Row((Line(f"sends/s of {MANY} threads beside one, into {ROOMS} rooms",
                             at_least=24),
                        Line("the same: GET /chat/messages, 50 from anywhere in a room",
                             at_least=24)),
                       measure_threads),
}
