"""What a pool knows of people that local identity does not: a second step, and people who were
there before us. On MiniStack, which never asks for a code by SMS."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import http_faults
import pool_house
import pytest
from client import PASSWORD, Client, Person, claims, new_number
from house import well
from second_step import take_second_step, totp, wrong_totp
from server import wait_for

AT_ONCE = 8


@pytest.fixture
def house(tmp_path, ministack):
    with pool_house.running(tmp_path, ministack, **{
            "cognito.existing_people": "yes", "identity.wrong_password_delay_max": "1s"}) as made:
        yield made


def challenge(house, person):
    """That stands between a right password and the session."""
    got = Client(house.server.url).post("/auth/sign-in", {
        **person.login, "password": person.password, "device_name": "Laptop"}, expect=200).json()
    assert set(got) == {"challenge"} and got["challenge"]["methods"] == ["totp"]
    house.server.secrets.add(got["challenge"]["id"])
    return got["challenge"]["id"]


def answer(house, challenge_id, code, method="totp", expect=None):
    """Once the throttle lets it through."""
    allowed = (200, 401, 429) if expect is None else (expect, 429)

    def ask():
        reply = Client(house.server.url).post("/auth/sign-in/challenge", {
            "challenge_id": challenge_id, "method": method, "code": code}, expect=allowed)
        return reply if reply.status != 429 else None

    return wait_for("an answer that is not 429", ask, every=0.2)


@pytest.fixture
def ada(house):
    made = house.person().sign_in()
    made.secret = take_second_step(house.pool.client(), made.token)
    return made


# --- the second step ------------------------------------------------------------------------------


def test_a_code_stands_between_the_password_and_the_session(house, ada):
    tokens = answer(house, challenge(house, ada), totp(ada.secret), expect=200).json()
    laptop = Person(house.server, "Ada", ada.login).take(tokens)
    assert laptop.id == ada.id
    devices = laptop.get("/auth/sessions", expect=200).json()["items"]
    assert [each["device_name"] for each in devices if each["current"]] == ["Laptop"]
    laptop.take(Client(house.server.url).post("/auth/refresh-token", {
        "refresh_token": laptop.refresh_token}, expect=200).json() | {"session_id": laptop.session})
    assert laptop.get("/profile", expect=200)


def test_a_challenge_is_answered_once_also_where_the_pool_would_take_it_twice(house, ada):
    name, code = challenge(house, ada), totp(ada.secret)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        replies = list(threads.map(lambda _: answer(house, name, code), range(AT_ONCE)))
    assert sorted(reply.status for reply in replies) == [200] + [401] * (AT_ONCE - 1)
    answer(house, name, code, expect=401)
    assert len(ada.get("/auth/sessions").json()["items"]) == 2


def test_a_wrong_code_can_be_mended_four_times(house, ada):
    name = challenge(house, ada)
    for _ in range(4):
        assert answer(house, name, wrong_totp(ada.secret)).code == "wrong_code"
    answer(house, name, totp(ada.secret), expect=200)


def test_a_challenge_has_five_tries(house, ada):
    name = challenge(house, ada)
    for _ in range(5):
        answer(house, name, wrong_totp(ada.secret), expect=401)
    answer(house, name, totp(ada.secret), expect=401)


def test_a_wrong_code_slows_the_next_one_down_as_a_wrong_password_does(house, ada):
    name = challenge(house, ada)
    answer(house, name, wrong_totp(ada.secret), expect=401)
    reply = Client(house.server.url).post("/auth/sign-in/challenge", {
        "challenge_id": name, "method": "totp", "code": totp(ada.secret)}, expect=429)
    assert reply.get("retry-after") == "1"
    answer(house, name, totp(ada.secret), expect=200)


def test_what_does_not_fit_a_challenge_is_a_wrong_code(house, ada):
    name = challenge(house, ada)
    for given, method in ((name, "sms"), (name, "recovery_code"), (name[:-1], "totp"),
                          (name.swapcase(), "totp"), ("..", "totp"), ("x", "totp"), ("#", "totp"),
                          (ada.session, "totp")):
        assert answer(house, given, totp(ada.secret), method).code == "wrong_code"


def test_a_challenge_ends_after_three_minutes(house, ada):
    name = challenge(house, ada)
    with sqlite3.connect(house.server.data / "cloud-chat.db") as store:
        (ends,), = store.execute("SELECT expires_ms FROM item WHERE sk = 'CHALLENGE'")
        assert 170 < ends / 1000 - time.time() <= 180
        store.execute("UPDATE item SET expires_ms = 1 WHERE sk = 'CHALLENGE'")
    answer(house, name, totp(ada.secret), expect=401)


def test_a_new_password_ends_the_challenges_of_the_old_one(house, ada):
    name = challenge(house, ada)
    ada.post("/auth/change-password", {"old_password": PASSWORD, "password": PASSWORD + "!"},
             expect=204)
    answer(house, name, totp(ada.secret), expect=401)


def test_who_is_disabled_meanwhile_does_not_come_in(house, ada):
    name = challenge(house, ada)
    well(house.server.run("user", "disable", ada.number))
    answer(house, name, totp(ada.secret), expect=401)


async def busy(_):
    """Cognito's way to say it."""
    return http_faults.answer(400, "TooManyRequestsException")


@contextmanager
def faulty(house, operation):
    house.server.check_log = lambda: None  # 503 is an error of the service's
    house.proxy.set(busy, only=(operation,))
    yield
    house.proxy.set(None)


def test_a_pool_that_is_busy_with_an_answer_is_503_and_the_code_stays_good(house, ada):
    name, code = challenge(house, ada), totp(ada.secret)
    with faulty(house, "RespondToAuthChallenge"):
        answer(house, name, code, expect=503)
    answer(house, name, totp(ada.secret), expect=200)


def test_what_cannot_be_answered_here_is_said(house):
    ada = house.person()
    cognito, pool = house.pool.client(), house.server.settings["cognito.pool"]
    name = next(iter(house.pool.people(house.server)))
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD,
                                    Permanent=False)
    reply = Client(house.server.url).post("/auth/sign-in", {
        **ada.login, "password": PASSWORD}, expect=403)
    assert "new password" in reply.json()["detail"]


# --- people who were there before -----------------------------------------------------------------


def there_before(house, username=None, verified="true", name="Grace Hopper", **more):
    """Somebody whom the pool knows, and we do not."""
    number = new_number()
    cognito, pool = house.pool.client(), house.server.settings["cognito.pool"]
    attributes = {"phone_number": number, "phone_number_verified": verified, "name": name, **more}
    made = cognito.admin_create_user(
        UserPoolId=pool, Username=username or number, MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()])["User"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=username or number,
                                    Password=PASSWORD, Permanent=True)
    person = Person(house.server, name, {"phone_number": number})
    person.sub = next(each["Value"] for each in made["Attributes"] if each["Name"] == "sub")
    return person


def take_over(person, **more):
    person.sign_in(**more)
    person.id = person.get("/profile", expect=200).json()["id"]
    return person


def refused(house, person, password=PASSWORD):
    reply = Client(house.server.url).post("/auth/sign-in", {**person.login, "password": password},
                                          expect=401)
    assert reply.code == "wrong_credentials"


def rows(house, where):
    with sqlite3.connect(house.server.data / "cloud-chat.db") as store:
        return store.execute(f"SELECT pk, sk FROM item WHERE {where}").fetchall()


def test_who_was_there_before_comes_along_with_number_and_password(house):
    address = f"g{new_number()[1:]}@Example.org"
    grace = take_over(there_before(house, email=address, email_verified="true"))
    profile = grace.get("/profile", expect=200).json()
    assert profile["id"] == grace.sub and claims(grace.token)["username"] == grace.number
    assert profile["name"] == "Grace Hopper" and profile["phone_number"] == grace.number
    assert profile["email"] == address.lower()
    ada = house.person().sign_in()
    room = ada.room_with(grace)
    grace.say(room, "Hello")
    assert ada.read(room)["items"][0]["author_id"] == grace.id
    again = take_over(Person(house.server, "Grace", grace.login))
    assert again.id == grace.id and len(again.get("/auth/sessions").json()["items"]) == 2
    by_mail = Person(house.server, "Grace", {"email": address.lower()})
    assert take_over(by_mail).id == grace.id


def test_afterwards_everything_is_as_for_anybody_else(house):
    grace = take_over(there_before(house))
    anybody = Client(house.server.url)
    tokens = anybody.post("/auth/refresh-token", {"refresh_token": grace.refresh_token},
                          expect=200).json()
    grace.token = tokens["access_token"]
    grace.post("/auth/change-password", {"old_password": PASSWORD, "password": "another one!"},
               expect=204)
    refused(house, grace)
    begun = anybody.post("/auth/forgot-password", grace.login, expect=200).json()
    anybody.post("/auth/reset-password", {"id": begun["id"], "code": "654321",
                                          "password": "a third one!"}, expect=204)
    grace.get("/profile", expect=401)
    grace.password = "a third one!"
    take_over(grace)
    assert grace.id == grace.sub
    grace.post("/auth/sign-out", expect=204)
    grace.get("/profile", expect=401)
    anybody.post("/auth/refresh-token", {"refresh_token": grace.refresh_token}, expect=401)


def test_who_is_removed_is_removed_from_the_pool_too(house):
    grace = take_over(there_before(house))
    assert grace.number in house.pool.people(house.server)
    well(house.server.run("user", "remove", grace.number, "--yes"))
    assert grace.number not in house.pool.people(house.server)
    grace.get("/profile", expect=401)
    refused(house, grace)


def test_first_sign_ins_at_the_same_moment_make_one_account(house):
    grace = there_before(house)
    others = [Person(house.server, "Grace", grace.login) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        ids = list(threads.map(lambda other: take_over(other).id, others))
    assert set(ids) == {grace.sub}
    assert len(rows(house, "sk = 'PROFILE'")) == 1
    assert len(rows(house, "sk = 'ID'")) == 1
    for other in others:
        other.get("/profile", expect=200)


def test_a_pool_that_cannot_say_who_it_is_is_503_and_makes_no_account(house):
    grace = there_before(house)
    with faulty(house, "GetUser"):
        Client(house.server.url).post("/auth/sign-in", {**grace.login, "password": PASSWORD},
                                      expect=503)
    assert not rows(house, "sk IN ('PROFILE', 'CREDENTIAL', 'ID')")
    assert take_over(grace).id == grace.sub


def test_a_second_step_comes_before_the_account(house):
    grace = there_before(house)
    there = house.pool.client().initiate_auth(
        ClientId=house.server.settings["cognito.client_id"], AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": grace.number, "PASSWORD": PASSWORD,
                        "SECRET_HASH": house.secret_hash(grace.number)})["AuthenticationResult"]
    secret = take_second_step(house.pool.client(), there["AccessToken"])
    name = challenge(house, grace)
    assert not rows(house, "sk = 'PROFILE'")
    answer(house, name, wrong_totp(secret), expect=401)
    tokens = answer(house, name, totp(secret), expect=200).json()
    grace.take(tokens)
    assert grace.get("/profile", expect=200).json()["id"] == grace.sub


def test_a_name_that_nobody_could_have_here_is_replaced(house):
    grace = take_over(there_before(house, name="x" * 200))
    assert grace.get("/profile").json()["name"] == "New member"


def test_a_number_that_is_not_proved_brings_nobody_in(house):
    refused(house, there_before(house, verified="false"))
    assert not rows(house, "sk = 'PROFILE'")


def test_a_number_that_is_no_username_brings_nobody_in(house):
    refused(house, there_before(house, username="grace"))


def test_the_username_of_another_number_brings_nobody_in(house):
    """Whoever may make users there could else take anybody's number."""
    number = new_number()
    there_before(house, username=number)
    refused(house, Person(house.server, "Mallory", {"phone_number": number}))
    assert not rows(house, "sk = 'PROFILE'")


def test_a_wrong_password_makes_no_account(house):
    grace = there_before(house)
    refused(house, grace, "not the password")
    assert not rows(house, "sk IN ('PROFILE', 'CREDENTIAL', 'ID')")


def test_whoever_proves_the_number_first_has_it(house):
    grace = there_before(house)
    newcomer = Person(house.server, "New", grace.login, password="of the newcomer")
    assert newcomer.sign_up().sign_in().id != grace.sub
    refused(house, grace)


def test_an_address_that_another_has_proved_stays_his(house):
    address = f"g{new_number()[1:]}@example.org"
    ada = Person(house.server, "Ada", {"email": address}).sign_up().sign_in()
    grace = take_over(there_before(house, email=address, email_verified="true"))
    assert grace.get("/profile").json()["email"] is None
    assert ada.get("/profile").json()["email"] == address
