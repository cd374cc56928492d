"""64 clients at once, and one effect; the programs run in several processes each."""

import threading
from collections import Counter

import pytest
from client import PASSWORD, Client, Person, new_client_id, new_number
from server import Server, needs_local, signed_out

CLIENTS = 64


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    several = {f"serve.{program}_workers": 2 for program in ("auth", "chat", "profile")}
    running = Server(tmp_path_factory.mktemp("races") / "data", several).start()
    yield running
    running.stop()


def race(ask, count=CLIENTS):
    """Calls ask(0) to ask(63) at the same time; their answers."""
    replies, failures = [None] * count, []
    barrier = threading.Barrier(count)

    def run(i):
        try:
            barrier.wait()
            replies[i] = ask(i)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return replies


def statuses(replies):
    return Counter(reply.status for reply in replies)


def test_one_sign_up_code_is_taken_once(server, client):
    number = new_number()
    pending = client.post("/auth/sign-up", {"name": "Ada", "phone_number": number,
                                            "password": PASSWORD}, expect=201).json()
    body = {"id": pending["id"], "code": server.code(number)}
    replies = race(lambda i: client.post("/auth/account-confirmation", body))
    assert statuses(replies) == {204: 1, 401: CLIENTS - 1}
    client.post("/auth/sign-in", {"phone_number": number, "password": PASSWORD}, expect=200)


def test_of_64_guesses_at_once_five_are_looked_at(server, client):
    number = new_number()
    pending = client.post("/auth/sign-up", {"name": "Ada", "phone_number": number,
                                            "password": PASSWORD}, expect=201).json()
    right = int(server.code(number))
    replies = race(lambda i: client.post("/auth/account-confirmation", {
        "id": pending["id"], "code": f"{(right + 1 + i) % 10**6:06d}"}))
    assert statuses(replies) == {401: CLIENTS}
    client.post("/auth/account-confirmation", {"id": pending["id"], "code": f"{right:06d}"},
                expect=401)


def test_of_64_passwords_guessed_at_once_one_is_looked_at(person):
    """Else the delay after a wrong one would be none for who guesses in parallel."""
    ada = person()
    asker = ada.anonymous()
    replies = race(lambda i: asker.post("/auth/sign-in", {
        **ada.login, "password": f"this is guess {i}"}))
    assert statuses(replies) == {401: 1, 429: CLIENTS - 1}


def test_two_pendings_of_one_number_become_one_account(server, client):
    number = new_number()
    pendings = []
    for _ in range(4):
        pending = client.post("/auth/sign-up", {"name": "Ada", "phone_number": number,
                                                "password": PASSWORD}, expect=201).json()
        pendings.append({"id": pending["id"], "code": server.code(number)})
    replies = race(lambda i: client.post("/auth/account-confirmation", pendings[i % 4]))
    assert statuses(replies)[204] == 1
    assert set(statuses(replies)) <= {204, 401, 409}


def test_one_recovery_code_is_taken_once(server, client, person):
    ada = person()
    recovery = client.post("/auth/forgot-password", ada.login, expect=200).json()
    code = server.recovery_code(ada.to)
    passwords = [f"the password of client {i}" for i in range(CLIENTS)]
    replies = race(lambda i: client.post("/auth/reset-password", {
        "id": recovery["id"], "code": code, "password": passwords[i]}))
    assert set(statuses(replies)) <= {204, 401, 429}
    [winner] = [i for i, reply in enumerate(replies) if reply.status == 204]
    client.post("/auth/sign-in", {**ada.login, "password": passwords[winner]}, expect=200)


def test_one_refresh_token_has_one_successor(client, person):
    """Itself, where it does not turn."""
    ada = person()
    replies = race(lambda i: client.post("/auth/refresh-token",
                                         {"refresh_token": ada.refresh_token}))
    assert statuses(replies) == {200: CLIENTS}
    [successor] = {reply.json()["refresh_token"] for reply in replies}
    client.post("/auth/refresh-token", {"refresh_token": successor}, expect=200)


def test_one_client_id_is_one_message(person):
    ada, bob = person(), person("Bob")
    room = ada.room_with(bob)
    body = {"room_id": room["id"], "type": "text", "data": {"text": "once"},
            "client_id": new_client_id()}
    replies = race(lambda i: ada.post("/chat/messages", body))
    assert statuses(replies) == {201: 1, 200: CLIENTS - 1}
    assert len({reply.body for reply in replies}) == 1
    assert len(bob.read(room)["items"]) == 1


def test_one_client_id_with_64_bodies_is_one_message(person):
    ada, bob = person(), person("Bob")
    room = ada.room_with(bob)
    client_id = new_client_id()
    replies = race(lambda i: ada.post("/chat/messages", {
        "room_id": room["id"], "type": "text", "data": {"text": str(i)}, "client_id": client_id}))
    assert statuses(replies) == {201: 1, 409: CLIENTS - 1}
    assert len(bob.read(room)["items"]) == 1


def test_one_direct_room(person):
    ada, bob = person(), person("Bob")
    people = [(ada, [ada.id, bob.id]), (bob, [ada.id, bob.id]), (ada, [bob.id, ada.id])]

    def ask(i):
        who, participants = people[i % 3]
        return who.post("/chat/rooms", {"participants": participants})

    replies = race(ask)
    assert statuses(replies) == {201: 1, 200: CLIENTS - 1}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert len(bob.get("/chat/rooms").json()["items"]) == 1


def test_64_messages_at_once_take_64_numbers(person):
    ada, bob = person(), person("Bob")
    room = ada.room_with(bob)
    replies = race(lambda i: (ada if i % 2 else bob).post("/chat/messages", {
        "room_id": room["id"], "type": "text", "data": {"text": str(i)},
        "client_id": new_client_id()}, expect=201))
    assert sorted(reply.json()["seq"] for reply in replies) == list(range(1, CLIENTS + 1))
    got = bob.changes(room, limit=100)
    assert [m["seq"] for m in got["messages"]] == list(range(1, CLIENTS + 1))
    assert {m["id"]: m["data"]["text"] for m in got["messages"]} == \
        {reply.json()["id"]: reply.json()["data"]["text"] for reply in replies}


def test_a_refresh_that_races_a_sign_out_does_not_bring_the_session_back(client, person):
    ada = person()

    def ask(i):
        if i == CLIENTS // 2:
            return ada.post("/auth/sign-out")
        return client.post("/auth/refresh-token", {"refresh_token": ada.refresh_token})

    replies = race(ask)
    assert set(statuses(replies)) <= {200, 204, 401}
    signed_out(ada)
    for reply in replies:
        if reply.status == 200:
            signed_out(client, token=reply.json()["access_token"])


def test_who_signs_in_while_signing_out_everywhere_is_out_or_came_after(client, person):
    """No session is left that neither its refresh token nor the list knows of."""
    ada = person()

    def ask(i):
        if i == CLIENTS // 2:
            return ada.post("/auth/sign-out", {"everywhere": True}, expect=204)
        return client.post("/auth/sign-in", {**ada.login, "password": ada.password})

    replies = race(ask)
    assert set(statuses(replies)) <= {200, 204, 401, 429}
    signed_out(ada)
    opened = [reply.json() for reply in replies if reply.status == 200]
    listed = {one["id"] for one in ada.sign_in().get("/auth/sessions").json()["items"]}
    for one in opened:
        stays = one["session_id"] in listed
        if not stays:
            signed_out(client, token=one["access_token"])
        client.post("/auth/refresh-token", {"refresh_token": one["refresh_token"]},
                    expect=200 if stays else 401)


def test_the_days_budget_holds_under_a_race(make_server):
    server = make_server(chat__discover_numbers_day=10)
    ada = Person(server).sign_up().sign_in()
    replies = race(lambda i: ada.post("/contacts/discover", {"phone_numbers": [new_number()]}))
    assert statuses(replies) == {200: 10, 429: CLIENTS - 10}


@needs_local("a pool hashes its passwords itself")
def test_a_hash_queue_that_is_full_answers_429(make_server):
    server = make_server(identity__argon2_queue=2, identity__argon2_memory_kib=19456,
                         identity__argon2_passes=4)
    client = Client(server.url)
    replies = race(lambda i: client.post("/auth/sign-up", {
        "name": "Ada", "phone_number": new_number(), "password": PASSWORD}))
    assert set(statuses(replies)) == {201, 429}
    assert all(int(r.get("retry-after")) >= 1 for r in replies if r.status == 429)
    assert server.process.poll() is None
