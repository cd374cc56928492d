"""The load: distinct users, several rooms, messages at a steady rate, each sent again under the
same client_id until it is acknowledged; beside them readers by list and by changes, cursors that
move, and room lists. All of it is noted in a history for the checker.

A sender is a lane: one user in one room, one message at a time. Some users have two lanes in a
room, so that a room takes several messages of one author at once. The rate is kept by each lane's
own time-table, not by the answers: a server that stalls is not asked more kindly."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from client import Person
from history import brief
from http1 import Connection, Lost

PEOPLE = 8
# Who talks with whom: neighbours in a ring, and those across it.
PAIRS = [(i, (i + 1) % PEOPLE) for i in range(PEOPLE)] + [(i, i + 4) for i in range(4)]
SECOND_LANES = 8
PAGE = 50
PATIENCE_S = 20


@dataclass
class Plan:
    rate: float = 300  # messages a second, all lanes together
    seconds: float = 10
    patience_s: float = PATIENCE_S  # until a message is given up
    read_every_s: float = 0.1  # each reader
    timeout_s: float = 20  # for one answer


@dataclass
class Result:
    plan: Plan
    seconds: float = 0
    driver_seconds: float = 0  # of a processor, for the driver itself
    acknowledged: int = 0
    retried: int = 0
    given_up: list = field(default_factory=list)
    latencies: list = field(default_factory=list)  # first send to success, seconds

    def p(self, share):
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    def __str__(self):
        return (f"{self.acknowledged} messages in {self.seconds:.1f} s "
                f"({self.acknowledged / self.seconds:.0f}/s), {self.retried} sent again, "
                f"{len(self.given_up)} given up; first send to success: "
                f"p50 {self.p(.5):.1f}, p99 {self.p(.99):.1f}, worst {self.p(1):.1f} ms; "
                f"driver {self.driver_seconds / self.seconds:.0%} of a core")


class Scene:
    """The people and rooms of a load; made once, on a server that is well."""

    def __init__(self, server):
        self.server = server
        self.people = [Person(server, f"P{i}").sign_up().sign_in() for i in range(PEOPLE)]
        self.rooms = []
        for a, b in PAIRS:
            room = self.people[a].room_with(self.people[b])["id"]
            self.rooms.append((room, self.people[a], self.people[b]))

    def lanes(self):
        lanes = [(room, who) for room, *two in self.rooms for who in two]
        return lanes + lanes[:SECOND_LANES * 3:3]


class Load:
    def __init__(self, scene, history, plan):
        parts = urlsplit(scene.server.url)
        self.scene, self.history, self.plan = scene, history, plan
        self.address = (parts.hostname, parts.port)
        self.result = Result(plan)
        self.stopping = False
        self.name = f"{random.getrandbits(32):08x}"

    def stop(self):
        """Ends it before its time."""
        self.stopping = True

    async def run(self):
        began, cpu = time.monotonic(), time.process_time()
        senders = [Sender(self, i, room, who)
                   for i, (room, who) in enumerate(self.scene.lanes())]
        readers = [Follower(self, room, who) for room, _, who in self.scene.rooms]
        readers += [Pager(self, room, who) for room, who, _ in self.scene.rooms[::3]]
        readers += [Lister(self, who) for who in self.scene.people[::4]]
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(reader.run()) for reader in readers]
            async with asyncio.TaskGroup() as sending:
                for sender in senders:
                    sending.create_task(sender.run(began, len(senders)))
            self.result.seconds = time.monotonic() - began
            self.result.driver_seconds = time.process_time() - cpu
            self.stopping = True
            await asyncio.gather(*reading)
        await self.last_look()
        return self.result

    async def last_look(self):
        """All is quiet: the other of each room reads it from the beginning, and everybody looks at
        his rooms."""
        for room, who, _ in self.scene.rooms:
            await Follower(self, room, who).finish()
        for who in self.scene.people:
            await Lister(self, who).look()

    def connect(self, who):
        return Connection(*self.address, who.token, self.plan.timeout_s)

    async def exchange(self, connection, op, request, got, **what):
        """One request, noted. Gives what `got` makes of the answer; None: no success."""
        x = self.history.invoke(op, **what)
        try:
            answer = await connection.ask(*request)
        except Lost as lost:
            self.history.lost(x, str(lost))
            return None
        if answer.status >= 300:
            self.history.answer(x, answer.status, code=answer.code)
            return None
        told = got(answer.json() if answer.body else None)
        self.history.answer(x, answer.status, got=told)
        return told


# --- senders --------------------------------------------------------------------------------------


class Sender:
    def __init__(self, load, number, room, who):
        self.load, self.number, self.room, self.who = load, number, room, who
        self.connection = load.connect(who)

    async def run(self, began, lanes):
        plan = self.load.plan
        for n in itertools.count():
            due = began + (n * lanes + self.number) / plan.rate
            if due >= began + plan.seconds or self.load.stopping:
                break
            await asyncio.sleep(due - time.monotonic())
            if not self.load.stopping:
                await self.send(n)
        self.connection.close()

    async def send(self, n):
        """Until it is acknowledged: at once after the first failure, then with growing pauses."""
        result = self.load.result
        name = f"{self.load.name}-{self.number}-{n}"
        began, pause = time.monotonic(), 0.0
        for attempt in itertools.count(1):
            if await self.attempt(name, attempt):
                result.acknowledged += 1
                result.latencies.append(time.monotonic() - began)
                return
            if time.monotonic() - began > self.load.plan.patience_s:
                result.given_up.append(name)
                return
            result.retried += 1
            await asyncio.sleep(pause)
            pause = min(0.1, pause * 2 + 0.005)

    async def attempt(self, name, attempt):
        text = f"message {name}, which is as long as what people write to each other"
        body = {"room_id": self.room, "type": "text", "data": {"text": text}, "client_id": name}
        return await self.load.exchange(
            self.connection, "send", ("POST", "/chat/messages", body), brief, user=self.who.id,
            room=self.room, client_id=name, text=text, attempt=attempt)


# --- readers --------------------------------------------------------------------------------------


class Reader:
    """Does one thing again and again until the load is over."""

    def __init__(self, load, who):
        self.load, self.who = load, who
        self.connection = load.connect(who)

    async def run(self):
        while not self.load.stopping:
            began = time.monotonic()
            await self.look()
            await asyncio.sleep(began + self.load.plan.read_every_s - time.monotonic())
        await self.finish()
        self.connection.close()

    async def finish(self):
        pass


class Follower(Reader):
    """Follows a room by its changes, and now and then has read what it saw."""

    numbers = itertools.count(1)

    def __init__(self, load, room, who):
        super().__init__(load, who)
        self.room, self.since, self.seq, self.looks = room, None, 0, 0
        self.name = f"{load.name}-{next(self.numbers)}"

    async def look(self):
        self.looks += 1
        got = await self.read()
        if got and self.seq and self.looks % 7 == 0:
            await self.move()
        return got

    async def read(self):
        query = {"limit": PAGE, **({"since": self.since} if self.since else {})}
        target = f"/chat/rooms/{self.room}/changes?{urlencode(query)}"
        got = await self.load.exchange(self.connection, "changes", ("GET", target), brief_changes,
                                       user=self.who.id, room=self.room, reader=self.name,
                                       since=self.since)
        if got:
            self.since = got["sync"]
            self.seq = max([self.seq] + [message[0] for message in got["messages"]])
        return got

    async def move(self):
        read_seq = random.randint(1, self.seq)
        target = f"/chat/rooms/{self.room}/cursor"
        await self.load.exchange(self.connection, "cursor", ("PUT", target, {"read_seq": read_seq}),
                                 lambda _: {}, user=self.who.id, room=self.room, read_seq=read_seq)

    async def finish(self):
        """To the end; a failure is tried again."""
        deadline = time.monotonic() + self.load.plan.patience_s
        got = None
        while not got or got["more"]:
            got = await self.read()
            if not got:
                assert time.monotonic() < deadline, "the changes cannot be read"
                await asyncio.sleep(0.02)


class Pager(Reader):
    """Reads pages: the newest, those before and those after some place."""

    def __init__(self, load, room, who):
        super().__init__(load, who)
        self.room, self.seq = room, 0

    async def look(self):
        query = {"limit": random.choice((1, 10, PAGE))}
        if self.seq:
            place = random.randint(1, self.seq)
            query.update(random.choice(({}, {"before": place}, {"after": place},
                                        {"after": self.seq})))
        target = "/chat/messages?" + urlencode({"room_id": self.room, **query})
        got = await self.load.exchange(self.connection, "list", ("GET", target), brief_page,
                                       user=self.who.id, room=self.room, query=query)
        if got:
            self.seq = got["seq"]


class Lister(Reader):
    """Looks at the rooms and what is unread in them."""

    async def look(self):
        await self.load.exchange(self.connection, "rooms", ("GET", "/chat/rooms?limit=100"),
                                 brief_rooms, user=self.who.id)


def brief_changes(changes):
    return {"sync": changes["sync"], "rev": changes["rev"], "more": changes["more"],
            "reset": changes.get("reset", False),
            "messages": [brief(message) for message in changes["messages"]],
            "members": [[member["user_id"], member["rev"]] for member in changes["members"]]}


def brief_page(page):
    return {"seq": page["seq"], "has_before": page["has_before"], "has_after": page["has_after"],
            "items": [brief(message) for message in page["items"]]}


def brief_rooms(page):
    return {"items": [{"room": room["id"], "seq": room["seq"], "rev": room["rev"],
                       "unread": room["unread"], "read_seq": room["cursor"]["read_seq"]}
                      for room in page["items"]]}
