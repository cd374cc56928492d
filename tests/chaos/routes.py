"""Every route as somebody uses it, once: what is made ready, the request itself, and what must be
true afterwards, whatever became of the request.

A route is a generator. It yields its Call when all is ready, is given the Outcome, and goes on to
ask again as a client would, and to look at what the others see. What all routes have in common,
state() of the store before and after, is looked at by whoever runs it."""

import json as json_module
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field

from client import PASSWORD, Client, Person, Request, new_client_id, new_number
from images import png
from server import wait_for

ROUTES = []


@dataclass
class Route:
    program: str
    id: str  # of the operation in openapi.json
    case: str
    run: object

    @property
    def name(self):
        return self.id + (f", {self.case}" if self.case else "")


def route(program, id=None, case=""):
    def keep(run):
        ROUTES.append(Route(program, id or run.__name__, case, run))
        return run
    return keep


@dataclass
class Call:
    person: Client
    request: Request
    expect: tuple


def call(person, method, target, json=None, body=None, kind=None, token=None, expect=200):
    headers = {}
    if json is not None:
        body, kind = json_module.dumps(json).encode(), "application/json"
    if kind:
        headers["content-type"] = kind
    token = token or getattr(person, "token", None)
    if token:
        headers["authorization"] = "Bearer " + token
    return Call(person, Request(method, target, headers, body),
                expect if isinstance(expect, tuple) else (expect,))


def again(it, *others):
    """The same once more; `others`: what it is answered where it was done already."""
    reply = it.person.exchange(it.request)
    expected = others or it.expect
    assert reply.status in expected, f"asked again: {reply}, expected {expected}"
    return reply


# --- the people, and what is stored ---------------------------------------------------------------


@dataclass
class World:
    server: object
    ada: Person = None
    bob: Person = None
    room: dict = None
    message: dict = None
    photo: str = None
    before: dict = field(default_factory=dict)
    changed: Counter = None  # what the request did to the store

    def populate(self):
        self.ada, self.bob = (Person(self.server, name).sign_up().sign_in()
                              for name in ("Ada", "Bob"))
        self.room = self.ada.room_with(self.bob)
        self.message = self.bob.say(self.room, "Hello Ada")
        profile = self.bob.put("/profile/photo", body=png(8, 8),
                               headers={"content-type": "image/png"}, expect=200).json()
        self.photo = profile["photo"]
        return self

    def stranger(self):
        return Person(self.server, "Eve").sign_up().sign_in()

    def anyone(self):
        return Client(self.server.url)

    def room_path(self, rest=""):
        return f"/chat/rooms/{self.room['id']}{rest}"

    def select(self, sql):
        db = sqlite3.connect(f"file:{self.server.data}/cloud-chat.db?mode=ro", uri=True)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def quick_check(self):
        return self.select("PRAGMA quick_check")[0][0]

    def rows(self):
        """Everything that is stored: {(pk, sk): the rest}."""
        return {row[:2]: row[2:] for row in
                self.select("SELECT pk, sk, body, mrev, expires_ms FROM item")}

    def note_before(self):
        self.before = self.rows()

    def note_after(self):
        after, now = self.rows(), time.time() * 1000
        changes = {key: "added" for key in after.keys() - self.before.keys()}
        changes |= {key: "removed" for key in self.before.keys() - after.keys()
                    if not self.has_expired(key, now)}
        changes |= {key: "changed" for key in after.keys() & self.before.keys()
                    if after[key] != self.before[key]}
        self.changed = Counter(f"{kind(key)} {what}" for key, what in changes.items()
                               if key[0].split("#")[0] not in BESIDE)

    def has_expired(self, key, now):
        """Then whoever sweeps may have removed it: a proof that takes an hour meets that."""
        expires = self.before[key][-1]
        return expires is not None and expires <= now


# Throttles count in transactions of their own; jobs are taken as soon as they are there.
BESIDE = ("LIMIT", "TIMER")


def kind(key):
    pk, sk = key
    return pk.split("#")[0] + "/" + sk.split("#")[0]


# --- auth -----------------------------------------------------------------------------------------


def sign_up_body(number, name="Eve"):
    return {"name": name, "phone_number": number, "password": PASSWORD}


def confirm(world, number, id):
    code = world.server.notices(number)[-1]["code"]
    return world.anyone().post("/auth/account-confirmation", {"id": id, "code": code}, expect=204)


@route("auth")
def sign_up(world):
    """A pending account and the code for it, or neither."""
    number = new_number()
    it = call(world.anyone(), "POST", "/auth/sign-up", sign_up_body(number), expect=201)
    yield it
    pending = world.changed["PENDING/PENDING added"]
    wait_for("the code", lambda: len(world.server.notices(number)) >= pending)
    assert len(world.server.notices(number)) == pending
    id = again(it).json()["id"]
    wait_for("the second code", lambda: len(world.server.notices(number)) > pending)
    confirm(world, number, id)


@route("auth")
def confirm_account(world):
    person = Person(world.server, "Eve")
    id = person.anonymous().post("/auth/sign-up", sign_up_body(person.number),
                                 expect=201).json()["id"]
    code = world.server.code(person.number)
    it = call(person.anonymous(), "POST", "/auth/account-confirmation", {"id": id, "code": code},
              expect=204)
    yield it
    again(it, *([401, 409] if world.changed else []))
    person.sign_in()


@route("auth")
def resend_code(world):
    number = new_number()
    id = world.anyone().post("/auth/sign-up", sign_up_body(number), expect=201).json()["id"]
    world.server.code(number)
    it = call(world.anyone(), "POST", "/auth/account-confirmation/resend", {"id": id}, expect=202)
    yield it
    again(it)
    world.server.code(number)


def sign_in_body(person, password=None):
    return {**person.login, "password": password or person.password}


@route("auth")
def sign_in(world):
    it = call(world.anyone(), "POST", "/auth/sign-in", sign_in_body(world.stranger()))
    yield it
    again(it)


@route("auth", "sign_in", "wrong password")
def sign_in_wrong(world):
    person = world.stranger()
    it = call(world.anyone(), "POST", "/auth/sign-in", sign_in_body(person, "not this one"),
              expect=401)
    yield it
    person.get("/profile", expect=200)


@route("auth", case="nobody is asked for a second step")
def answer_challenge(world):
    it = call(world.anyone(), "POST", "/auth/sign-in/challenge",
              {"challenge_id": "A" * 22, "method": "totp", "code": "123456"}, expect=401)
    yield it
    again(it)


@route("auth")
def refresh_token(world):
    device = world.stranger()
    it = call(world.anyone(), "POST", "/auth/refresh-token",
              {"refresh_token": device.refresh_token})
    yield it
    device.take(again(it).json())
    device.get("/profile", expect=200)


@route("auth")
def sign_out(world):
    device = world.stranger()
    it = call(device, "POST", "/auth/sign-out", expect=204)
    yield it
    again(it, *([401] if world.changed else []))
    device.get("/profile", expect=401)


@route("auth")
def forgot_password(world):
    person = world.bob
    count = len(world.server.notices(person.number))
    it = call(world.anyone(), "POST", "/auth/forgot-password", person.login)
    yield it
    resets = world.changed["RESET/RESET added"]
    wait_for("the code", lambda: len(world.server.notices(person.number)) >= count + resets)
    again(it)
    wait_for("the second code", lambda: len(world.server.notices(person.number)) > count + resets)


@route("auth")
def reset_password(world):
    person = world.stranger()
    id = person.anonymous().post("/auth/forgot-password", person.login, expect=200).json()["id"]
    code = world.server.recovery_code(person.number)
    it = call(person.anonymous(), "POST", "/auth/reset-password",
              {"id": id, "code": code, "password": "another one 123"}, expect=204)
    yield it
    again(it, *([401] if world.changed else []))
    person.password = "another one 123"
    person.sign_in()


@route("auth")
def change_password(world):
    person = world.stranger()
    it = call(person, "POST", "/auth/change-password",
              {"old_password": person.password, "password": "another one 123"}, expect=204)
    yield it
    again(it, *([401] if world.changed else []))
    person.password = "another one 123"
    person.sign_in()


@route("auth")
def session_list(world):
    it = call(world.ada, "GET", "/auth/sessions")
    yield it
    again(it)


@route("auth")
def session_end_others(world):
    person = world.stranger()
    device = person.again()
    it = call(person, "DELETE", "/auth/sessions", expect=204)
    yield it
    again(it)
    device.get("/profile", expect=401)


@route("auth")
def session_end(world):
    person = world.stranger()
    device = person.again()
    it = call(person, "DELETE", "/auth/sessions/" + device.session, expect=204)
    yield it
    again(it, *([404] if world.changed else []))
    device.get("/profile", expect=401)


@route("auth")
def jwks(world):
    it = call(world.anyone(), "GET", "/.well-known/jwks.json")
    yield it
    again(it)


# --- chat -----------------------------------------------------------------------------------------


def reads(program, id, make, case=""):
    """A route that changes nothing."""
    def run(world):
        it = make(world)
        yield it
        assert not world.changed
        again(it)
    route(program, id, case)(run)


reads("chat", "room_list", lambda world: call(world.ada, "GET", "/chat/rooms"))
reads("chat", "room_get", lambda world: call(world.ada, "GET", world.room_path()))
reads("chat", "room_get", lambda world: call(world.ada, "GET", "/chat/rooms/none", expect=404),
      "not there")
reads("chat", "cursor_list", lambda world: call(world.ada, "GET", world.room_path("/cursors")))
reads("chat", "change_list", lambda world: call(world.ada, "GET", world.room_path("/changes")))
reads("chat", "message_list", lambda world: call(
    world.ada, "GET", f"/chat/messages?room_id={world.room['id']}"))
reads("chat", "message_list", lambda world: call(
    world.ada, "GET", "/chat/messages?surprise=1", expect=422), "wrong query")
reads("chat", "message_get", lambda world: call(
    world.ada, "GET", f"/chat/messages/{world.message['id']}"))
reads("chat", "message_send", lambda world: call(
    world.ada, "POST", "/chat/messages", {"type": "text", "data": {"text": 1}, "x": {"y": []}},
    expect=422), "wrong members")
reads("chat", "message_send", lambda world: call(
    world.ada, "POST", "/chat/messages", body=b'{"a": ', kind="application/json", expect=400),
    "not JSON")


@route("chat")
def room_create(world):
    other = world.stranger()
    it = call(world.ada, "POST", "/chat/rooms", {"participants": [world.ada.id, other.id]},
              expect=(200, 201))
    yield it
    room = again(it).json()
    for person in (world.ada, other):
        assert room["id"] in [r["id"] for r in person.get("/chat/rooms?limit=100").json()["items"]]


@route("chat")
def cursor_put(world):
    message = world.bob.say(world.room, "one more")
    it = call(world.ada, "PUT", world.room_path("/cursor"), {"read_seq": message["seq"]},
              expect=204)
    yield it
    again(it)
    assert world.ada.get(world.room_path()).json()["unread"] == 0


@route("chat")
def message_send(world):
    """It is there once, with all that it says; the room's numbers agree."""
    text = "Grüße, 世界. " * 20 + '"quoted" \\ and\nin two lines'
    it = call(world.ada, "POST", "/chat/messages", {
        "room_id": world.room["id"], "type": "text", "data": {"text": text},
        "client_id": new_client_id()}, expect=(200, 201))
    yield it
    sent = again(it).json()
    assert sent["data"]["text"] == text
    assert count_of(world, sent["client_id"]) == 1
    check_room(world, world.room["id"])


def count_of(world, client_id):
    return sum(json_module.loads(row[0]).get("client_id") == client_id
               for key, row in world.rows().items() if kind(key) == "R/MSG")


def check_room(world, room):
    """HEAD, messages, what was sent and cursors agree."""
    all_rows = world.rows()
    rows = {sk: json_module.loads(row[0]) for (pk, sk), row in all_rows.items()
            if pk == "R#" + room}
    head = rows["HEAD"]
    messages = {int(sk[4:], 16): row for sk, row in rows.items() if sk.startswith("MSG#")}
    sent = [json_module.loads(row[0])["seq"] for (pk, sk), row in all_rows.items()
            if pk.startswith("SENT#") and sk.startswith(room + "#")]
    assert sorted(messages) == list(range(1, head["seq"] + 1)), "seq has a hole"
    assert sorted(sent) == sorted(messages), "SENT and MSG do not agree"
    revs = [row["rev"] for row in messages.values()]
    assert len(set(revs)) == len(revs) and max(revs, default=0) <= head["rev"]
    for sk, row in rows.items():
        if sk.startswith("CURSOR#"):
            assert row.get("read_seq", 0) <= head["seq"], sk


# --- profile --------------------------------------------------------------------------------------


reads("profile", "profile_get", lambda world: call(world.ada, "GET", "/profile"))
reads("profile", "profile_get", lambda world: call(world.anyone(), "GET", "/profile", expect=401),
      "no token")
reads("profile", "preferences_get", lambda world: call(world.ada, "GET", "/profile/preferences"))
reads("profile", "user_get", lambda world: call(world.ada, "GET", "/users/" + world.bob.id))
reads("profile", "photo_get", lambda world: call(world.ada, "GET", world.photo))


@route("profile", "profile_get", "a token seen for the first time")
def with_new_token(world):
    it = call(world.stranger(), "GET", "/profile")
    yield it
    again(it)


@route("profile", "profile_get", "a token with another's signature")
def with_forged_token(world):
    """Never let in, whatever fails while it is looked at."""
    head, _, signature = world.stranger().token.split(".")
    _, payload, _ = world.stranger().token.split(".")
    it = call(world.anyone(), "GET", "/profile", token=f"{head}.{payload}.{signature}", expect=401)
    yield it
    again(it)


@route("profile")
def profile_change(world):
    name = "Ada 世界 " + new_client_id()[:8]
    it = call(world.ada, "PATCH", "/profile", {"name": name})
    yield it
    assert again(it).json()["name"] == name


@route("profile")
def preferences_change(world):
    value = not world.ada.get("/profile/preferences").json()["discoverable"]
    it = call(world.ada, "PATCH", "/profile/preferences", {"discoverable": value})
    yield it
    assert again(it).json()["discoverable"] == value


def photos(world):
    folder = world.server.data / "blobs" / "photo"
    return {path.name for path in folder.glob("*/*")}


def check_photos(world):
    """Each profile's photo is there; what no profile names is a job of the ticker's."""
    rows = world.rows()
    named = {json_module.loads(row[0]).get("photo") for key, row in rows.items()
             if kind(key) == "U/PROFILE"} - {None}
    jobs = {key[1].split("#", 1)[1] for key in rows if key[0].startswith("TIMER#")}
    assert named <= photos(world), "a profile names a photo that is not there"
    lost = {name for name in photos(world) - named if not any(name in job for job in jobs)}
    assert not lost, f"photos that nobody removes: {lost}"
    assert not list((world.server.data / "blobs" / ".unfinished").glob("*"))


@route("profile")
def photo_put(world):
    photo = png(8, 8) + bytes(100_000)  # more than the arena's first block
    it = call(world.ada, "PUT", "/profile/photo", body=photo, kind="image/png")
    yield it
    check_photos(world)
    path = again(it).json()["photo"]
    assert world.bob.get(path, expect=200).body == photo
    check_photos(world)


@route("profile")
def photo_delete(world):
    world.ada.put("/profile/photo", body=png(8, 8), headers={"content-type": "image/png"},
                  expect=200)
    it = call(world.ada, "DELETE", "/profile/photo", expect=204)
    yield it
    check_photos(world)
    again(it)
    assert world.ada.get("/profile").json().get("photo") is None


@route("profile")
def contacts_discover(world):
    it = call(world.ada, "POST", "/contacts/discover",
              {"phone_numbers": [world.bob.number, new_number()]})
    yield it
    assert len(again(it).json()["items"]) == 1


# --- status ---------------------------------------------------------------------------------------


reads("status", "config_get", lambda world: call(world.anyone(), "GET", "/config"))
reads("status", "config_get", lambda world: call(world.anyone(), "GET", "/nothing", expect=404),
      "no such path")
reads("status", "health_get", lambda world: call(world.anyone(), "GET", "/healthz"))
reads("status", "ready_get", lambda world: call(world.anyone(), "GET", "/readyz", expect=(200,)))
