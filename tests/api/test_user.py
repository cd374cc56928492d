"""`cloudchat user`, beside the running service: what an operator sees of people, and does with
their accounts."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import threading

import pytest
from client import PASSWORD, Person, new_number
from images import png
from moments import every_moment, killed_at, needs_strace
from server import BACKEND, signed_out, wait_for


def user(server, *arguments, status=0, **more):
    run = server.run("user", *arguments, **more)
    assert run.returncode == status, run.stdout + run.stderr
    return run


def people(server):
    return [json.loads(line) for line in user(server, "list", "--json").stdout.splitlines()]


def account(server, who):
    return json.loads(user(server, "show", who, "--json").stdout)


def sign_in(person, expect):
    return person.anonymous().post("/auth/sign-in", {
        **person.login, "password": person.password}, expect=expect)


# --- seeing ---------------------------------------------------------------------------------------


def test_the_list_has_everybody(server, person):
    ada, bob = person("Ada"), person("Bob", login={"email": f"{new_number()[1:]}@example.org"})
    ada.again(device_name="phone")
    found = {each["id"]: each for each in people(server)}
    assert found[ada.id] | {"created_at": ""} == {
        "id": ada.id, "name": "Ada", "phone_number": ada.number, "email": None, "state": "active",
        "created_at": "", "sessions": 2}
    assert found[bob.id]["email"] == bob.to and found[bob.id]["phone_number"] is None


def test_the_list_is_a_table_for_people(server, person):
    ada = person("Ada Lovelace")
    head, *rows = user(server, "list").stdout.splitlines()
    assert head.split()[:2] == ["ID", "CREATED"]
    row = next(row for row in rows if row.startswith(ada.id))
    assert ada.number in row and row.endswith("  Ada Lovelace")


def test_a_reader_who_has_seen_enough_ends_the_list(server, person):
    person()
    with subprocess.Popen([server.command, "user", "list", "--data", server.data],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=server.environment()) as process:
        process.stdout.close()
        process.stderr.read()
        assert process.wait(30) in (1, -signal.SIGPIPE)


def test_somebody_is_shown_by_number_and_by_id(server, person):
    ada, bob = person("Ada"), person("Bob")
    ada.room_with(bob)
    ada.again(device_name="Phone")
    shown = account(server, ada.number)
    assert shown == account(server, ada.id)
    assert (shown["id"], shown["name"], shown["rooms"], shown["state"], shown["photo"]) == (
        ada.id, "Ada", 1, "active", False)
    assert [session["device_name"] for session in shown["sessions"]] == ["Phone", None]
    text = user(server, "show", ada.number).stdout
    assert ada.session in text and "Phone" in text and ada.id in text


def test_an_address_is_taken_in_any_case(server, person):
    bob = person("Bob", login={"email": f"bob{new_number()[1:]}@example.org"})
    assert account(server, bob.to.upper())["id"] == bob.id


@pytest.mark.parametrize("words, status, says", (
    (("show", "+4915199999999"), 1, "Nobody has this number."),
    (("show", "nobody@example.org"), 1, "Nobody has this address."),
    (("show", "0199f2e0-aaaa-7bbb-8ccc-000000000000"), 1, "Nobody has this id."),
    (("remove", "+4915199999999", "--yes"), 1, "Nobody has this number."),
    (("show", "4915199999999"), 2, "country code"),
    (("show", "who is this"), 2, "an id"),
    (("show",), 2, "who?"),
    (("show", "+4915199999999", "more"), 2, "too many words"),
    (("sign-in", "+4915199999999"), 2, "sign-in"),
    ((), 2, "expected list | show WHO"),
))
def test_what_is_not_understood_or_not_there_is_said(server, words, status, says):
    assert says in user(server, *words, status=status).stderr


# --- disabling ------------------------------------------------------------------------------------


def test_who_is_disabled_is_out_and_cannot_come_back(server, person):
    ada = person()
    assert "is disabled. 1 session ended" in user(server, "disable", ada.number).stdout
    signed_out(ada)
    ada.anonymous().post("/auth/refresh-token", {"refresh_token": ada.refresh_token}, expect=401)
    wrong = sign_in(ada, expect=401)
    stranger = Person(server, login={"phone_number": new_number()})
    assert wrong.shape() == sign_in(stranger, expect=401).shape()
    assert account(server, ada.id)["state"] == "disabled"


def test_a_new_password_does_not_bring_back_who_is_disabled(server, person):
    ada = person()
    before = ada.anonymous().post("/auth/forgot-password", ada.login, expect=200).json()
    code = server.recovery_code(ada.to)
    user(server, "disable", ada.number)
    ada.anonymous().post("/auth/reset-password", {
        "id": before["id"], "code": code, "password": PASSWORD + "!"}, expect=401)
    ada.anonymous().post("/auth/forgot-password", ada.login, expect=200)
    bob = person("Bob")  # whose code came after
    assert bob.token and not server.notices(ada.to)[2:]


def test_who_is_enabled_again_signs_in(server, person):
    ada = person()
    user(server, "disable", ada.id)
    assert "may sign in" in user(server, "enable", ada.id).stdout
    ada.sign_in()
    ada.get("/profile", expect=200)


def test_what_changes_something_is_logged_without_the_number(server, person):
    ada = person()
    env = {**server.environment(), "CLOUDCHAT_SERVER_LOG_LEVEL": "error"}
    run = subprocess.run([server.command, "user", "disable", ada.number, "--data", server.data],
                         env=env, capture_output=True, text=True, timeout=60)
    line = json.loads(run.stderr.splitlines()[-1])
    assert (line["event"], line["user"], line["program"]) == ("account disabled", ada.id, "user")
    assert line["by"] and ada.number not in json.dumps(line)


def test_a_dry_run_changes_nothing(server, person):
    ada = person()
    for verb in ("disable", "sign-out", "remove"):
        run = user(server, verb, ada.number, "--dry-run")
        assert f"Ada ({ada.number}) would be" in run.stdout and "account" not in run.stderr
    user(server, "sign-out", ada.number, ada.session, "--dry-run")
    ada.get("/profile", expect=200)
    assert account(server, ada.id)["state"] == "active"


# --- signing out ----------------------------------------------------------------------------------


def test_all_devices_are_signed_out(server, person):
    ada = person()
    phone = ada.again()
    assert "2 sessions ended" in user(server, "sign-out", ada.number).stdout
    signed_out(ada)
    signed_out(phone)
    ada.sign_in().get("/profile", expect=200)


def test_one_device_is_signed_out_and_the_others_stay(server, person):
    ada = person()
    phone = ada.again()
    user(server, "sign-out", ada.number, phone.session[:12])
    signed_out(phone)
    ada.get("/profile", expect=200)
    run = user(server, "sign-out", ada.number, phone.session, status=1)
    assert "no such session" in run.stderr


def test_two_devices_that_are_meant_at_once_are_neither(server, person):
    ada = person()
    starts = {ada.session[0]}
    while (device := ada.again()).session[0] not in starts:
        starts.add(device.session[0])
    before = account(server, ada.id)["sessions"]
    run = user(server, "sign-out", ada.number, device.session[0], status=1)
    assert "Several sessions" in run.stderr
    user(server, "sign-out", ada.number, "", status=2)
    assert account(server, ada.id)["sessions"] == before


# --- removing -------------------------------------------------------------------------------------


def test_who_is_removed_is_gone_for_himself_and_a_removed_account_for_others(server, person):
    ada, bob = person("Ada"), person("Bob")
    room = ada.room_with(bob)
    bob.say(room, "Hello Ada")
    bob.put("/profile/photo", body=png(8, 8), headers={"content-type": "image/png"}, expect=200)
    assert "is removed." in user(server, "remove", bob.number, "--yes").stdout

    signed_out(bob)
    sign_in(bob, expect=401)
    seen = ada.get(f"/chat/rooms/{room['id']}", expect=200).json()
    assert seen["other"] == {"id": bob.id, "name": "", "photo": None, "removed": True}
    assert ada.get("/chat/rooms", expect=200).json()["items"][0]["other"]["removed"]
    assert ada.changes(room)["room"]["other"]["removed"]
    assert [each["data"]["text"] for each in ada.read(room)["items"]] == ["Hello Ada"]
    assert ada.read(room)["items"][0]["author_id"] == bob.id
    ada.get(f"/users/{bob.id}", expect=404)
    assert ada.post("/contacts/discover", {"phone_numbers": [bob.number]}).json()["items"] == []
    ada.post("/chat/rooms", {"participants": [ada.id, bob.id]}, expect=200)


def test_nothing_that_tells_who_he_was_is_left(make_server):
    server = make_server()
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Zacharias"))
    bob.say(ada.room_with(bob), "Hello Ada")
    bob.put("/profile/photo", body=png(8, 8), headers={"content-type": "image/png"}, expect=200)
    assert len(BACKEND.blobs(server)) == 1
    user(server, "remove", bob.id, "--yes")
    assert BACKEND.blobs(server) == []
    user(server, "show", bob.id, status=1)
    assert [each["name"] for each in people(server)] == ["Ada"]
    server.stop()
    if BACKEND.name == "sqlite":  # the file itself is wiped within the hour
        subprocess.run(["sqlite3", server.data / "cloud-chat.db", "VACUUM;"], check=True)
        subprocess.run(["sqlite3", server.data / "cloud-chat.db",
                        "PRAGMA wal_checkpoint(TRUNCATE)"], check=True, capture_output=True)
    stored = BACKEND.stored(server)
    assert b"Ada" in stored and bob.id.encode() in stored
    assert b"Zacharias" not in stored and bob.number.encode() not in stored


def test_a_number_that_was_removed_can_be_signed_up_anew(server, person):
    ada, bob = person("Ada"), person("Bob")
    room = ada.room_with(bob)
    user(server, "remove", bob.number, "--yes")
    anew = Person(server, "Another", bob.login).sign_up().sign_in()
    assert anew.id != bob.id
    anew.get(f"/chat/rooms/{room['id']}", expect=404)
    assert ada.room_with(anew)["id"] != room["id"]


def test_without_a_word_from_a_person_nobody_is_removed(server, person):
    ada = person()
    run = user(server, "remove", ada.number, status=2, stdin=subprocess.DEVNULL)
    assert "--yes" in run.stderr
    ada.get("/profile", expect=200)


@pytest.mark.parametrize("answer, status, state", (("yes", 0, None), ("y", 2, "active"),
                                                   ("", 2, "active")))
def test_a_person_at_a_terminal_is_asked(server, person, answer, status, state):
    ada = person()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen([server.command, "user", "remove", ada.number, "--data", server.data],
                          stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=server.environment()) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said = process.communicate(timeout=30)[1].decode()
        os.close(ours)
        assert process.returncode == status, said
    assert f"Remove Ada ({ada.number}) for good?" in said
    if state:
        assert account(server, ada.id)["state"] == state
    else:
        user(server, "show", ada.id, status=1)


# --- in a user pool -------------------------------------------------------------------------------

in_a_pool = pytest.mark.skipif(BACKEND.identity.name != "cognito", reason="there is no user pool")


@in_a_pool
def test_the_pool_knows_who_is_disabled_signed_out_and_removed(server, person):
    ada = person()
    pool, cognito = server.settings["cognito.pool"], BACKEND.identity.client()

    def is_enabled():
        return cognito.admin_get_user(UserPoolId=pool, Username=ada.id)["Enabled"]

    user(server, "disable", ada.number)
    assert not is_enabled()
    user(server, "enable", ada.number)
    assert is_enabled()
    user(server, "sign-out", ada.number)
    user(server, "remove", ada.number, "--yes")
    assert ada.id not in BACKEND.identity.people(server)


@in_a_pool
def test_a_pool_user_that_is_gone_already_is_in_nobodys_way(server, person):
    ada = person()
    BACKEND.identity.client().admin_delete_user(
        UserPoolId=server.settings["cognito.pool"], Username=ada.id)
    user(server, "disable", ada.number)
    user(server, "remove", ada.number, "--yes")
    Person(server, "Anew", ada.login).sign_up()


# --- at the same moment ---------------------------------------------------------------------------


def test_what_is_sent_while_its_author_is_removed_is_there_or_refused(server, person):
    ada, bob = person("Ada"), person("Bob")
    room = ada.room_with(bob)
    sent = []

    def talk():
        while True:
            reply = bob.post("/chat/messages", {
                "room_id": room["id"], "type": "text", "data": {"text": "still here"},
                "client_id": f"c{len(sent)}"}, expect=(201, 401))
            if reply.status == 401:
                return
            sent.append(reply.json()["seq"])

    talking = threading.Thread(target=talk)
    talking.start()
    wait_for("a few messages", lambda: len(sent) > 5)
    user(server, "remove", bob.number, "--yes")
    talking.join(30)
    assert not talking.is_alive()
    assert sent == list(range(1, len(sent) + 1))
    assert ada.get(f"/chat/rooms/{room['id']}", expect=200).json()["seq"] == len(sent)


def test_a_device_that_signs_in_while_the_account_is_removed_does_not_stay(server, person):
    ada = person()
    devices, stop = [], threading.Event()

    def come():
        while not stop.is_set():
            reply = ada.anonymous().post("/auth/sign-in", {
                **ada.login, "password": ada.password}, expect=(200, 401, 429))
            if reply.status != 200:
                return
            devices.append(reply.json()["access_token"])

    coming = [threading.Thread(target=come) for _ in range(4)]
    for each in coming:
        each.start()
    wait_for("some devices", lambda: len(devices) > 8)
    user(server, "remove", ada.number, "--yes")
    for each in coming:
        each.join(30)
    stop.set()
    for token in devices[-8:]:
        signed_out(ada.anonymous(), token=token)


# --- killed ---------------------------------------------------------------------------------------

KILLS = int(os.environ.get("REMOVAL_KILLS", "12"))
# What the store does that stays: in a file, and over a network.
LASTING = ("fdatasync", "pwrite64", "unlink", "unlinkat", "sendto")


def spread(moments):
    every = [moment for moment in moments if moment[0] in LASTING]
    return every[::max(1, len(every) // KILLS)]


def finished(server, *arguments):
    """Whether there was still something to do."""
    run = server.run("user", "remove", *arguments, "--yes")
    assert run.returncode == 0 or "Nobody has this" in run.stderr, run.stderr
    return run.returncode == 0


@needs_strace
def test_a_removal_that_is_killed_anywhere_ends_when_it_is_run_again(make_server):
    """By the number, as before; where that is free already by the id, and by itself in time."""
    server = make_server()
    ada = Person(server, "Ada").sign_up().sign_in()

    def newcomer():
        bob = Person(server, "Bob").sign_up().sign_in()
        ada.say(ada.room_with(bob), "Hello Bob")
        return bob

    tried = spread(every_moment(server, "user", "remove", newcomer().id, "--yes"))
    kills = begun = 0
    for moment in tried:
        bob = newcomer()
        kills += killed_at(server, moment, "user", "remove", bob.number, "--yes")
        state = {each["id"]: each["state"] for each in people(server)}.get(bob.id, "gone")
        begun += state == "removing"
        sign_in(bob, expect=200 if state == "active" else (401, 429))
        assert finished(server, bob.number) == (state != "gone"), moment
        finished(server, bob.id)
        user(server, "show", bob.id, status=1)
        Person(server, "Anew", bob.login).sign_up()
        assert account(server, bob.number)["id"] != bob.id
    assert kills >= len(tried) * 0.8, (kills, tried)
    assert begun, "no kill came between the steps"
    assert all(room["other"].get("removed") for room in ada.get(
        "/chat/rooms?limit=100", expect=200).json()["items"])
