"""One call of each kind, and what it costs in DynamoDB. What is counted is a plain call: short
names and texts, items below 1 KB, and a session that was asked for a moment ago."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import recorder
from client import PASSWORD, Client, Person, new_client_id, new_number
from images import png
from server import QUICK, Server, wait_for

TEXT = "Shall we meet on Saturday at the usual place? Bring the book."
LONG_TEXT = "x" * 5_000
PAGE = 50
ROOMS = 100
# What goes out side by side must be seen side by side, also on a machine that is busy: the more so
# where several threads have to wake for it.
DELAY_S, DELAY_MANY_S = 0.1, 0.5
SETTINGS = {
    **QUICK,
    "store.backend": "dynamodb",
    "store.table": "costs",
    "blob.backend": "directory",
    "identity.session_memory": "60s",
    "identity.resend_after": "0, 300",
    # Wide, but there: each is an item.
    "codes.sms_day_max": 1000000,
    "codes.address_day_max": 1000000,
}


@dataclass(frozen=True)
class Cost:
    reads: float  # units
    writes: float
    trips: int  # one after another, until the answer


def start(data, tables, **settings):
    """The product with its tables behind that URL."""
    server = Server(data, {**SETTINGS, "aws.dynamodb_endpoint": tables.url, **settings},
                    env=tables.environment)
    for command in (("init",), ("aws", "create-table")):
        run = server.run(*command)
        assert run.returncode == 0, run.stdout + run.stderr
    return server.start()


class Meter:
    """What a call costs: all that it makes the programs ask for, also after the answer."""

    def __init__(self, server, recorder_, db):
        self.server, self.recorder, self.db = server, recorder_, db
        self.table = server.settings["store.table"]
        self.costs = {}

    def codes_to_send(self):
        """Somebody has them to send, or has sent one and not yet said so."""
        found = [self.db.query(TableName=self.table, ConsistentRead=True,
                               KeyConditionExpression="pk = :p", FilterExpression="#k = :code",
                               ExpressionAttributeNames={"#k": "kind"},
                               ExpressionAttributeValues={":p": {"S": f"TIMER#{shard}"},
                                                          ":code": {"S": "code"}})
                 for shard in range(4)]
        return any(one["Items"] for one in found)

    def settle(self):
        wait_for("all is done", lambda: not self.codes_to_send() and not self.recorder.busy)

    def cost(self, ask, delay_s=DELAY_S):
        self.settle()
        self.recorder.take()
        with self.recorder.slow(delay_s):
            said = ask()
        answered = time.monotonic()
        self.settle()
        calls = self.recorder.take()
        own = [call for call in calls if not call.is_about_timers and call.ended <= answered]
        return said, Cost(sum(call.reads for call in calls if not call.is_poll),
                          sum(call.writes for call in calls if not call.is_poll),
                          recorder.round_trips(own))

    def note(self, label, ask, **more):
        said, self.costs[label] = self.cost(ask, **more)
        return said

    def warm(self, person):
        """Each of the programs has asked for the session."""
        for path in ("/auth/sessions", "/chat/rooms", "/profile"):
            person.get(path, expect=200)
        return person


def count(meter):
    """The cost of every call, by what README calls it."""
    ada, bob = (meter.warm(Person(meter.server, name).sign_up().sign_in())
                for name in ("Ada", "Bob"))
    count_rooms(meter, ada, bob)
    count_people(meter, meter.warm(ada), meter.warm(bob))
    count_accounts(meter)
    count_sessions(meter, meter.warm(ada))
    count_status(meter, ada.anonymous())
    return meter.costs


# --- rooms and messages ---------------------------------------------------------------------------


def count_rooms(meter, ada, bob):
    note = meter.note
    pair = {"participants": [ada.id, bob.id]}
    room = note("POST /chat/rooms", lambda: ada.post("/chat/rooms", pair, expect=201)).json()
    note("POST /chat/rooms (is there)", lambda: ada.post("/chat/rooms", pair, expect=200))
    for _ in range(PAGE):
        ada.say(room, TEXT)
    count_messages(meter, ada, bob, room)
    path = f"/chat/rooms/{room['id']}"
    sync = note("GET /chat/rooms/{id}", lambda: bob.get(path, expect=200)).json()["sync"]
    note("GET /chat/rooms/{id}/cursors", lambda: bob.get(f"{path}/cursors", expect=200))
    note("GET /chat/rooms (1 room)", lambda: bob.get("/chat/rooms", expect=200))
    ada.say(room, TEXT)
    changes = note("GET /chat/rooms/{id}/changes (1 message)",
                   lambda: bob.get(f"{path}/changes", query={"since": sync}, expect=200))
    quiet = f"{path}/changes?since={changes.json()['sync']}"
    tag = bob.get(quiet, expect=200).get("etag")
    note("GET /chat/rooms/{id}/changes (nothing new)",
         lambda: bob.get(quiet, headers={"if-none-match": tag}, expect=304))
    note("PUT /chat/rooms/{id}/cursor",
         lambda: bob.put(f"{path}/cursor", {"read_seq": changes.json()["messages"][-1]["seq"]},
                         expect=204))
    count_many_rooms(meter, ada)


def count_messages(meter, ada, bob, room):
    note = meter.note
    client_id = new_client_id()
    message = note("POST /chat/messages", lambda: ada.say(room, TEXT, client_id))
    note("POST /chat/messages (again)", lambda: ada.say(room, TEXT, client_id, expect=200))
    note("POST /chat/messages (5,000 letters)", lambda: ada.say(room, LONG_TEXT))
    ada.say(room, TEXT)
    note("GET /chat/messages/{id}", lambda: bob.get(f"/chat/messages/{message['id']}", expect=200))
    note("GET /chat/messages (50)",
         lambda: bob.read(room, limit=PAGE, before=message["seq"]))
    bob.read(room, limit=1)
    note("GET /chat/messages (known)", lambda: bob.read(room, limit=1))


def befriend(meter, ada, count_):
    """Rooms with so many others, a message in each."""
    numbers = [new_number() for _ in range(count_)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Person(meter.server, "Friend",
                                            {"phone_number": number}).sign_up(), numbers))
    found = ada.post("/contacts/discover", {"phone_numbers": numbers}, expect=200).json()["items"]
    for one in found:
        room = ada.post("/chat/rooms", {"participants": [ada.id, one["user"]["id"]]},
                        expect=201).json()
        ada.say(room, TEXT)
    return numbers


def count_many_rooms(meter, ada):
    numbers = befriend(meter, ada, ROOMS - 1)
    meter.warm(ada)
    meter.note("GET /chat/rooms (100 rooms)",
               lambda: ada.get("/chat/rooms", query={"limit": 100}, expect=200),
               delay_s=DELAY_MANY_S)
    meter.note("POST /contacts/discover (1 number)",
               lambda: ada.post("/contacts/discover", {"phone_numbers": numbers[:1]}, expect=200))


# --- people ---------------------------------------------------------------------------------------


def count_people(meter, ada, bob):
    note = meter.note
    note("GET /profile", lambda: ada.get("/profile", expect=200))
    note("PATCH /profile", lambda: ada.patch("/profile", {"name": "Ada L."}, expect=200))
    note("GET /profile/preferences", lambda: ada.get("/profile/preferences", expect=200))
    note("PATCH /profile/preferences",
         lambda: ada.patch("/profile/preferences", {"discoverable": True}, expect=200))
    photo = note("PUT /profile/photo", lambda: ada.put(
        "/profile/photo", body=png(3, 3), headers={"content-type": "image/png"}, expect=200))
    note("GET /users/{id}", lambda: bob.get(f"/users/{ada.id}", expect=200))
    note("GET /users/{id}/photo/{name}", lambda: bob.get(photo.json()["photo"], expect=200))
    note("DELETE /profile/photo", lambda: ada.delete("/profile/photo", expect=(200, 204)))


# --- accounts and sessions ------------------------------------------------------------------------


def count_accounts(meter):
    note, server = meter.note, meter.server
    client, number = Client(server.url), new_number()
    pending = note("POST /auth/sign-up", lambda: client.post("/auth/sign-up", {
        "name": "Eve", "phone_number": number, "password": PASSWORD}, expect=201)).json()
    note("POST /auth/account-confirmation/resend", lambda: client.post(
        "/auth/account-confirmation/resend", {"id": pending["id"]}, expect=202))
    note("POST /auth/account-confirmation", lambda: client.post("/auth/account-confirmation", {
        "id": pending["id"], "code": server.code(number)}, expect=204))
    server.code(number)  # the one that was sent again
    eve = Person(server, "Eve", {"phone_number": number})
    note("POST /auth/sign-in", eve.sign_in)
    note("POST /auth/sign-in/challenge", lambda: client.post("/auth/sign-in/challenge", {
        "challenge_id": "none", "method": "totp", "code": "123456"}, expect=401))
    recovery = note("POST /auth/forgot-password", lambda: client.post(
        "/auth/forgot-password", {"phone_number": number}, expect=200)).json()
    note("POST /auth/reset-password", lambda: client.post("/auth/reset-password", {
        "id": recovery["id"], "code": server.recovery_code(number), "password": PASSWORD}, expect=204))


def count_sessions(meter, ada):
    note = meter.note
    note("GET /auth/sessions", lambda: ada.get("/auth/sessions", expect=200))
    note("POST /auth/refresh-token", lambda: ada.anonymous().post(
        "/auth/refresh-token", {"refresh_token": ada.refresh_token}, expect=200))
    phone = ada.again()
    note("DELETE /auth/sessions/{id}",
         lambda: ada.delete(f"/auth/sessions/{phone.session}", expect=204))
    ada.again()
    note("DELETE /auth/sessions", lambda: ada.delete("/auth/sessions", expect=204))
    note("POST /auth/change-password", lambda: ada.post("/auth/change-password", {
        "old_password": PASSWORD, "password": PASSWORD + "!"}, expect=204))
    note("POST /auth/sign-out", lambda: ada.post("/auth/sign-out", expect=204))


def count_status(meter, client):
    for path in ("/config", "/healthz", "/readyz", "/.well-known/jwks.json"):
        meter.note(f"GET {path}", lambda path=path: client.get(path, expect=200))


# --- README's table -------------------------------------------------------------------------------


BEGIN = "<!-- costs: `make test-aws` counts them -->\n"
END = "<!-- costs end -->"
HEAD = ("| call | read units | write units | round trips |\n"
        "|---|---:|---:|---:|\n")


def table(costs):
    rows = (f"| {label} | {cost.reads:g} | {cost.writes:g} | {cost.trips} |\n"
            for label, cost in sorted(costs.items(), key=lambda item: order(item[0])))
    return HEAD + "".join(rows)


def order(label):
    """By path, then by method."""
    method, _, rest = label.partition(" ")
    return rest.split(" ")[0], ("POST", "GET", "PUT", "PATCH", "DELETE").index(method)
