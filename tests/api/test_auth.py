"""Accounts: sign-up, codes, passwords, recovery."""

import stat

import pytest
from client import PASSWORD, Client, Person, address_of, new_login, new_number
from second_step import take_second_step, totp
from server import BACKEND, IDENTITY, needs_local, signed_out, wait_for

OTHER_PASSWORD = "another horse battery"


# What holds for both is shown with both.
KINDS = ("phone_number", "email")


@pytest.fixture(params=KINDS)
def login(request):
    """What nobody signs in with yet."""
    return new_login(request.param)


def sign_up(client, login, **more):
    return client.post("/auth/sign-up", {"name": "Ada", **login, "password": PASSWORD, **more},
                       expect=201).json()


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def confirm(client, id, code, expect):
    return client.post("/auth/account-confirmation", {"id": id, "code": code}, expect=expect)


def test_a_code_is_good_once(server, client, login):
    pending = sign_up(client, login)
    code = server.code(address_of(login))
    confirm(client, pending["id"], code, 204)
    assert confirm(client, pending["id"], code, 401).code == "wrong_code"


def test_wrong_used_and_absent_codes_look_alike(server, client):
    login, other = new_login(), new_login()
    pending, used = sign_up(client, login), sign_up(client, other)
    confirm(client, used["id"], server.code(address_of(other)), 204)
    code = server.code(address_of(login))
    shapes = [confirm(client, id, c, 401).shape()[:2] + (None,) for id, c in (
        (pending["id"], wrong(code)), (used["id"], code), ("nobody-at-all", code))]
    assert shapes[0] == shapes[1] == shapes[2]
    texts = {confirm(client, id, wrong(code), 401).json()["detail"]
             for id in (pending["id"], used["id"], "nobody-at-all")}
    assert len(texts) == 1


def test_five_wrong_tries_use_a_code_up(server, client):
    login = new_login()
    pending = sign_up(client, login)
    code = server.code(address_of(login))
    for _ in range(5):
        confirm(client, pending["id"], wrong(code), 401)
    confirm(client, pending["id"], code, 401)


def test_four_wrong_tries_do_not(server, client):
    login = new_login()
    pending = sign_up(client, login)
    code = server.code(address_of(login))
    for _ in range(4):
        confirm(client, pending["id"], wrong(code), 401)
    confirm(client, pending["id"], code, 204)


def test_a_code_expires(make_server):
    server = make_server(identity__code_lifetime="1s")
    client, login = Client(server.url), new_login()
    pending = sign_up(client, login)
    assert pending["expires_in_s"] == 1
    code = server.code(address_of(login))

    def is_over():
        # too early for a pending account that is there (429); one that is not looks like any other
        return client.post("/auth/account-confirmation/resend",
                           {"id": pending["id"]}).status == 202

    wait_for("the pending account has expired", is_over, every=0.1)
    confirm(client, pending["id"], code, 401)


def test_until_it_is_confirmed_nobody_can_sign_in(client, login):
    sign_up(client, login)
    reply = client.post("/auth/sign-in", {**login, "password": PASSWORD}, expect=401)
    assert reply.code == "wrong_credentials"


@pytest.mark.parametrize("kind", KINDS)
def test_who_signs_up_what_is_taken_learns_nothing_and_its_owner_is_told(server, client, kind):
    ada = Person(server, login=new_login(kind)).sign_up()
    pending = sign_up(client, ada.login, password=OTHER_PASSWORD)
    shape = sign_up(client, new_login(kind), name="Eve", password=OTHER_PASSWORD)
    assert {k: v for k, v in shape.items() if k != "id"} == \
        {k: v for k, v in pending.items() if k != "id"}
    notice = server.notice(ada.to)
    assert "code" not in notice or notice["code"] is None
    for code in ("000000", "123456"):
        confirm(client, pending["id"], code, 401)
    ada.sign_in()


def test_a_stranger_cannot_have_the_owner_confirm_his_password(server, client, login):
    """Both sign up the same number; whoever confirms, confirms their own."""
    eve = sign_up(client, login, password="eves password here")
    first = server.code(address_of(login))
    ada = sign_up(client, login)
    second = server.code(address_of(login))
    confirm(client, ada["id"], second, 204)
    assert confirm(client, eve["id"], first, 409).code == "conflict"
    client.post("/auth/sign-in", {**login, "password": PASSWORD}, expect=200)
    client.post("/auth/sign-in", {**login, "password": "eves password here"}, expect=401)


def test_resending_gives_the_same_code_after_a_while(make_server, login):
    server = make_server(identity__resend_after="1, 300")
    client, number = Client(server.url), address_of(login)
    pending = sign_up(client, login)
    assert pending["resend_after_s"] == 1
    code = server.code(number)
    wait_for("it may be sent again", lambda: client.post(
        "/auth/account-confirmation/resend", {"id": pending["id"]}).status == 202, every=0.1)
    assert server.code(number) == code
    reply = client.post("/auth/account-confirmation/resend", {"id": pending["id"]}, expect=429)
    assert 290 <= int(reply.get("retry-after")) <= 300
    confirm(client, pending["id"], code, 204)


def test_resending_too_early_is_429(client):
    pending = sign_up(client, new_login())
    reply = client.post("/auth/account-confirmation/resend", {"id": pending["id"]}, expect=429)
    assert 25 <= int(reply.get("retry-after")) <= 30


@needs_local("the codes of a pool are not sent by us")
def test_resending_too_early_sends_nothing(server, client):
    login = new_login()
    pending = sign_up(client, login)
    server.code(address_of(login))
    client.post("/auth/account-confirmation/resend", {"id": pending["id"]}, expect=429)
    assert len(server.notices(address_of(login))) == 1


@pytest.mark.parametrize("kind, channel", (("phone_number", "email"), ("email", "sms")))
def test_a_channel_must_fit_the_identifier(client, kind, channel):
    pending = sign_up(client, new_login(kind))
    reply = client.post("/auth/account-confirmation/resend",
                        {"id": pending["id"], "channel": channel}, expect=422)
    assert reply.pointers == ["/channel"]


def test_resending_for_nobody_looks_like_resending(client):
    for id in ("nobody-at-all", "not/well formed"):
        reply = client.post("/auth/account-confirmation/resend", {"id": id}, expect=202)
        assert reply.json() == {"resend_after_s": 30}


def test_exactly_one_identifier_is_taken(client):
    both = {"phone_number": new_number(), "email": "ada@example.org"}
    for path, rest in (("/auth/sign-up", {"name": "Ada", "password": PASSWORD}),
                       ("/auth/sign-in", {"password": PASSWORD}), ("/auth/forgot-password", {})):
        client.post(path, {**rest, **both}, expect=422)
        client.post(path, rest, expect=422)


@pytest.mark.parametrize("password, expect", [("short77", 422), ("eight888", 201), ("x" * 256, 201),
                                              ("x" * 257, 422), ("пароль12", 201),
                                              ("        ", 422)])
def test_passwords_have_8_to_256_characters_and_not_only_blanks(client, password, expect):
    reply = client.post("/auth/sign-up", {"name": "Ada", "phone_number": new_number(),
                                          "password": password}, expect=expect)
    if expect == 422:
        assert reply.pointers == ["/password"]


def test_the_address_of_an_account_has_no_case_in_its_domain(server, client):
    login = new_login("email")
    Person(server, login=login).sign_up()
    upper = login["email"].replace("example.org", "Example.ORG")
    client.post("/auth/sign-in", {"email": upper, "password": PASSWORD}, expect=200)


def test_the_configuration_says_by_what_one_signs_up_and_whether_codes_come(client):
    said = client.get("/config", expect=200).json()["identity"]
    assert (said["phone_number"], said["email"]) == (True, True)
    assert said["codes_are_sent"] == dict.fromkeys(("phone_number", "email"),
                                                   IDENTITY.sends_codes)


# --- recovery -------------------------------------------------------------------------------------


def forgot(client, login):
    return client.post("/auth/forgot-password", login, expect=200).json()


def reset(client, id, code, expect, password=OTHER_PASSWORD):
    return client.post("/auth/reset-password", {"id": id, "code": code, "password": password},
                       expect=expect)


def test_reset_sets_the_password_and_ends_every_session(server, client, login):
    ada = Person(server, login=login).sign_up().sign_in()
    phone = ada.again()
    recovery = forgot(client, ada.login)
    reset(client, recovery["id"], server.recovery_code(ada.to), 204)
    for device in (ada, phone):
        assert signed_out(device).code == "unauthorized"
        client.post("/auth/refresh-token", {"refresh_token": device.refresh_token}, expect=401)
    client.post("/auth/sign-in", {**ada.login, "password": OTHER_PASSWORD}, expect=200)
    client.post("/auth/sign-in", {**ada.login, "password": PASSWORD}, expect=401)


def test_a_recovery_code_is_good_once(server, client, login):
    ada = Person(server, login=login).sign_up()
    recovery = forgot(client, ada.login)
    code = server.recovery_code(ada.to)
    reset(client, recovery["id"], code, 204)
    assert reset(client, recovery["id"], code, 401).code == "wrong_code"


def test_a_stranger_who_asks_for_a_code_can_neither_burn_nor_replace_it(server, client, login):
    ada = Person(server, login=login).sign_up()
    hers = forgot(client, ada.login)
    code = server.recovery_code(ada.to)
    eves = forgot(client, ada.login)
    for _ in range(6):
        reset(client, eves["id"], "000000", (401, 429))
    reset(client, hers["id"], code, 204)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recovery_of_nobody_looks_like_one(server, client, kind):
    ada = Person(server, login=new_login(kind)).sign_up()
    known, unknown = forgot(client, ada.login), forgot(client, new_login(kind))
    assert known["resend_after_s"] == unknown["resend_after_s"]
    assert len(known["id"]) == len(unknown["id"])
    texts = [reset(client, r["id"], "000000", 401).json()["detail"] for r in (known, unknown)]
    assert texts[0] == texts[1]


def test_a_bad_new_password_does_not_use_the_code_up(server, client):
    ada = Person(server).sign_up()
    recovery = forgot(client, ada.login)
    code = server.recovery_code(ada.to)
    reset(client, recovery["id"], code, 422, password="short")
    reset(client, recovery["id"], code, 204)


def test_codes_of_sign_up_and_of_recovery_are_not_one_anothers(server, client):
    ada = Person(server).sign_up()
    recovery = forgot(client, ada.login)
    code = server.recovery_code(ada.to)
    confirm(client, recovery["id"], code, 401)
    login = new_login()
    pending = sign_up(client, login)
    reset(client, pending["id"], server.code(address_of(login)), 401)


# --- challenges -----------------------------------------------------------------------------------


def test_a_challenge_that_nobody_was_given_is_a_wrong_code(client):
    answer = {"challenge_id": "kZcXBfPDFQ", "method": "totp", "code": "123456"}
    reply = client.post("/auth/sign-in/challenge", answer, expect=401)
    assert reply.code == "wrong_code"


@pytest.mark.skipif(IDENTITY.name != "cognito", reason="an account in the store has no second step")
def test_a_challenge_that_is_answered_opens_the_session(server, client, person):
    ada = person()
    secret = take_second_step(IDENTITY.client(), ada.token)
    asked = client.post("/auth/sign-in", {**ada.login, "password": PASSWORD}, expect=200).json()
    challenge = asked["challenge"]["id"]
    server.secrets.add(challenge)
    tokens = client.post("/auth/sign-in/challenge", {
        "challenge_id": challenge, "method": "totp", "code": totp(secret)}, expect=200).json()
    assert Person(server, login=ada.login).take(tokens).id == ada.id


# --- changing the password ------------------------------------------------------------------------


def test_change_ends_the_other_sessions_and_keeps_this_one(server, client):
    ada = Person(server).sign_up().sign_in()
    phone = ada.again()
    ada.post("/auth/change-password", {"old_password": PASSWORD, "password": OTHER_PASSWORD},
             expect=204)
    signed_out(phone)
    client.post("/auth/refresh-token", {"refresh_token": phone.refresh_token}, expect=401)
    ada.get("/profile", expect=200)
    client.post("/auth/refresh-token", {"refresh_token": ada.refresh_token}, expect=200)
    client.post("/auth/sign-in", {**ada.login, "password": OTHER_PASSWORD}, expect=200)


def test_change_needs_the_old_password(person):
    ada = person()
    reply = ada.post("/auth/change-password", {"old_password": "not this one",
                                               "password": OTHER_PASSWORD}, expect=401)
    assert reply.code == "wrong_credentials"
    ada.get("/profile", expect=200)


# --- what lies on disk ----------------------------------------------------------------------------


def test_the_data_folder_is_its_owners_and_keys_are_0600(server, person):
    person()
    keys = server.data / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    files = list(keys.iterdir())
    assert files
    for path in [*files, *server.data.glob("outbox.jsonl"), *server.data.glob("cloud-chat.db")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_code_or_password_or_refresh_token_lies_in_the_store(server, client):
    password = "a password like no other"
    ada = Person(server, password=password)
    pending = sign_up(client, ada.login, password=password)
    code = server.code(ada.to)
    stored = BACKEND.stored(server)
    assert password.encode() not in stored
    assert f'"{code}"'.encode() not in stored
    confirm(client, pending["id"], code, 204)
    ada.sign_in()
    stored = BACKEND.stored(server)
    assert ada.refresh_token.encode() not in stored
    assert ada.token.split(".")[2].encode() not in stored
