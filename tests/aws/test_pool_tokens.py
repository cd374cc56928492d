"""Tokens of a user pool, and the keys by which they are checked, over HTTP: who asks the pool how
often, what is taken for a key, and whose tokens are taken. The document of keys passes a proxy that
counts and changes it; the rest of Cognito is MiniStack's."""

import hashlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import http_faults
import pool_house
import pytest
from client import PASSWORD, Client, claims, new_number, token_header
from forge import Rsa, b64, hmac_token, unb64

FLOOD = 200
PROGRAMS = ("/profile", "/chat/rooms", "/auth/sessions", "/profile/preferences")
PUBLISHED = Path(__file__).parents[2] / "lib" / "identity" / "published_keys.c"


@pytest.fixture
def house(tmp_path, ministack):
    with pool_house.running(tmp_path, ministack) as made:
        yield made


def served(document, status=200):
    """A fault: this is the document."""
    async def fault(_):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return http_faults.answer_with(status, body)
    return fault


def unknown_kids(house, token, count):
    """Tokens signed with the pool's key, each of which names another one."""
    key, header, payload = house.key(), token_header(token), claims(token)
    return [key.token({**header, "kid": f"unknown-{i}"}, payload) for i in range(count)]


# --- how often the pool is asked ------------------------------------------------------------------


def test_all_processes_together_ask_once_whatever_keys_are_named(house):
    ada = house.person().sign_in()
    for target in PROGRAMS:
        assert house.ask(ada.token, target) == 200
    assert house.asked() == 1
    tokens = unknown_kids(house, ada.token, FLOOD)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(
            lambda i: house.ask(tokens[i], PROGRAMS[i % len(PROGRAMS)]), range(FLOOD)))
    assert set(answers) == {401}
    assert house.asked() == 1
    assert house.ask(ada.token) == 200


def test_a_flood_while_the_pool_is_down_asks_once_and_tells_nobody_that_his_token_is_none(house):
    ada = house.person().sign_in()
    house.restart_without_keys(served(b"", 503))
    began = time.monotonic()
    with ThreadPoolExecutor(16) as threads:
        answers = set(threads.map(lambda i: house.ask(ada.token, PROGRAMS[i % len(PROGRAMS)]),
                                  range(FLOOD)))
    assert answers == {503}
    assert house.asked() <= 1 + (time.monotonic() - began) // 15
    house.restart_without_keys()
    assert house.ask(ada.token) == 200


def test_keys_outlive_a_restart_and_a_pool_that_is_down(house):
    ada = house.person().sign_in()
    house.proxy.set(served(b"", 500), only=("GET",))
    house.server.restart()
    for target in PROGRAMS:
        assert house.ask(ada.token, target) == 200
    assert house.asked() == 1


# --- what is taken for a key ----------------------------------------------------------------------


@pytest.mark.parametrize("document", (
    b"", b"<html>", {"keys": []}, {"keys": [{"kty": "oct", "kid": "evil", "k": b64("secret")}]},
    b" " * 70_000), ids=("nothing", "html", "none", "oct", "long"))
def test_a_document_that_is_none_is_503_and_not_401(house, document):
    ada = house.person().sign_in()
    house.restart_without_keys(served(document))
    assert house.ask(ada.token) == 503
    Client(house.server.url).post("/auth/sign-in", {
        **ada.login, "password": PASSWORD}, expect=503)


def test_no_key_but_those_for_rs256_lets_anybody_in(house, tmp_path):
    ada = house.person().sign_in()
    mine, public = Rsa.make(tmp_path / "mine.pem"), house.document()["keys"]
    twin = mine.jwk(token_header(ada.token)["kid"])
    keys = {"oct": {"kty": "oct", "kid": "oct", "k": b64("secret"), "alg": "HS256"},
            "hs256": {**mine.jwk("hs256"), "alg": "HS256"},
            "enc": {**mine.jwk("enc"), "use": "enc"},
            "none": {**mine.jwk("none"), "alg": "none"}, "d": {**mine.jwk("d"), "d": "AQAB"},
            "small": Rsa.make(tmp_path / "small.pem", 1024).jwk("small")}
    house.restart_without_keys(served({"keys": [*keys.values(), *public]}))
    assert house.ask(ada.token) == 200
    for kid in keys:
        header = {**token_header(ada.token), "kid": kid}
        for token in (mine.token(header, claims(ada.token)),
                      hmac_token({**header, "alg": "HS256"}, claims(ada.token), b"secret"),
                      hmac_token(header, claims(ada.token), b"secret")):
            assert house.ask(token) == 401, kid
    house.restart_without_keys(served({"keys": [*public, twin]}))
    assert house.ask(ada.token) == 401  # of two keys of one name none is taken
    assert house.ask(mine.token(token_header(ada.token), claims(ada.token))) == 401


def test_the_keys_that_ministack_serves_are_each_pools_own_and_published_nowhere(house):
    known = set(re.findall(r'"([0-9a-f]{64})"', PUBLISHED.read_text()))
    assert len(known) > 5
    document = house.document()
    digests = {hashlib.sha256(unb64(key["n"])).hexdigest() for key in document["keys"]}
    assert len(digests) == 2 and not digests & known
    assert house.person().sign_in()  # and they are taken
    shown = Client(house.server.url).get("/.well-known/jwks.json", expect=200).json()["keys"]
    assert {key["n"] for key in shown} == {key["n"] for key in document["keys"]}


# --- whose tokens are taken -----------------------------------------------------------------------


def signed_in_there(house, client_id, person, has_secret):
    """By the pool itself, past us."""
    hashed = {"SECRET_HASH": house.secret_hash(person.id)} if has_secret else {}
    return house.pool.client().initiate_auth(
        ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person.id, "PASSWORD": PASSWORD, **hashed}
    )["AuthenticationResult"]


def test_no_token_but_an_access_token_of_our_client_and_a_session_of_ours_is_taken(house):
    ada = house.person().sign_in()
    cognito, ours = house.pool.client(), house.server.settings
    other = cognito.create_user_pool_client(
        UserPoolId=ours["cognito.pool"], ClientName="other",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    there = signed_in_there(house, other, ada, False)
    past_us = signed_in_there(house, ours["cognito.client_id"], ada, True)
    for what, token in {"of another client": there["AccessToken"],
                        "an id token of another client": there["IdToken"],
                        "an id token": past_us["IdToken"],
                        "a refresh token": past_us["RefreshToken"],
                        "good, but no session of ours": past_us["AccessToken"]}.items():
        for target in PROGRAMS:
            assert house.ask(token, target) == 401, what
    assert house.ask(ada.token) == 200


def test_a_token_of_another_pool_is_not_taken(house, tmp_path, ministack):
    ada = house.person().sign_in()
    folder = tmp_path / "other"
    folder.mkdir()
    with pool_house.running(folder, ministack) as other:
        bob = other.person("Bob").sign_in()
        assert house.ask(bob.token) == other.ask(ada.token) == 401
        assert house.ask(ada.token) == other.ask(bob.token) == 200


def test_an_account_made_at_the_pool_past_us_is_nobody_here(house):
    """Whoever knows the client may sign up there, with any username that is free."""
    cognito, settings = house.pool.client(), house.server.settings
    number = new_number()
    cognito.admin_create_user(UserPoolId=settings["cognito.pool"], Username=number, UserAttributes=[
        {"Name": "phone_number", "Value": number},
        {"Name": "phone_number_verified", "Value": "true"}], MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=settings["cognito.pool"], Username=number,
                                    Password=PASSWORD, Permanent=True)
    Client(house.server.url).post("/auth/sign-in", {
        "phone_number": number, "password": PASSWORD}, expect=401)
