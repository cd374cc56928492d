"""Tokens and sessions: refreshing, signing out, cookies, keys."""

import base64
import hashlib
import hmac
import json

import pytest
from client import PASSWORD, Client, Person, claims, token_header
from server import IDENTITY, needs_local, needs_rotation, signed_out, wait_for


def refresh(client, token, expect=200):
    return client.post("/auth/refresh-token", {"refresh_token": token}, expect=expect)


def test_an_access_token_looks_like_cognitos(server, person):
    ada = person()
    said = claims(ada.token)
    assert token_header(ada.token)["alg"] == "RS256"
    assert said["token_use"] == "access"
    assert said["iss"] == IDENTITY.issuer(server)
    assert said["client_id"] == IDENTITY.client_id(server)
    assert said["username"] == ada.get("/profile").json()["id"]
    assert said["exp"] - said["iat"] == 15 * 60


def test_signing_out_ends_the_session_at_once(person, client):
    ada = person()
    phone = ada.again()
    ada.post("/auth/sign-out", expect=204)
    signed_out(ada)
    refresh(client, ada.refresh_token, 401)
    phone.get("/profile", expect=200)


def test_signing_out_everywhere_ends_all_sessions_and_ones_own(person, client):
    ada, bob = person(), person("Bob")
    phone = ada.again()
    phone.get("/profile", expect=200)
    ada.post("/auth/sign-out", {"everywhere": True}, expect=204)
    phone.get("/auth/sessions", expect=401)
    for device in (ada, phone):
        signed_out(device)
        refresh(client, device.refresh_token, 401)
    bob.get("/auth/sessions", expect=200)
    [session] = ada.sign_in().get("/auth/sessions", expect=200).json()["items"]
    assert session["current"]
    refresh(client, ada.refresh_token)


@pytest.mark.parametrize("body", [None, {}, {"everywhere": False}], ids=str)
def test_signing_out_without_everywhere_ends_ones_own_session_alone(person, body):
    ada = person()
    phone = ada.again()
    ada.post("/auth/sign-out", body, expect=204)
    ada.get("/auth/sessions", expect=401)
    phone.get("/auth/sessions", expect=200)


@pytest.mark.parametrize("body, status, pointer", [
    (b'{"everywhere": 1}', 422, "/everywhere"), (b'{"everywhere": null}', 422, "/everywhere"),
    (b'{"anywhere": true}', 422, "/anywhere"), (b"[true]", (400, 422), None),
    (b"{", 400, None), (b" ", 400, None)])
def test_a_sign_out_that_is_not_understood_signs_nobody_out(person, body, status, pointer):
    ada = person()
    reply = ada.post("/auth/sign-out", body=body, headers={"content-type": "application/json"},
                     expect=status)
    assert pointer is None or reply.pointers == [pointer]
    ada.post("/auth/sign-out", body=b'{"everywhere": true}',
             headers={"content-type": "text/plain"}, expect=415)
    ada.get("/auth/sessions", expect=200)


def test_a_session_that_ended_can_end_no_other(person):
    """Nowhere, and at once, however long others remember it."""
    ada = person()
    phone = ada.again()
    phone.get("/auth/sessions", expect=200)
    ada.delete(f"/auth/sessions/{phone.session}", expect=204)
    phone.delete("/auth/sessions", expect=401)
    phone.post("/auth/sign-out", {"everywhere": True}, expect=401)
    ada.get("/auth/sessions", expect=200)


def test_a_session_can_be_ended_from_another_device(person, client):
    ada = person()
    phone = ada.again(device_name="phone")
    sessions = ada.get("/auth/sessions", expect=200).json()["items"]
    assert {s["id"] for s in sessions} == {ada.session, phone.session}
    assert [s["device_name"] for s in sessions if s["id"] == phone.session] == ["phone"]
    assert [s["id"] for s in sessions if s["current"]] == [ada.session]
    ada.delete(f"/auth/sessions/{phone.session}", expect=204)
    signed_out(phone)
    refresh(client, phone.refresh_token, 401)
    ada.delete(f"/auth/sessions/{phone.session}", expect=404)


def test_all_other_sessions_can_be_ended(person):
    ada = person()
    others = [ada.again() for _ in range(3)]
    ada.delete("/auth/sessions", expect=204)
    for other in others:
        signed_out(other)
    assert [s["id"] for s in ada.get("/auth/sessions").json()["items"]] == [ada.session]


def test_another_persons_session_is_not_found_and_goes_on(person):
    ada, eve = person(), person("Eve")
    eve.delete(f"/auth/sessions/{ada.session}", expect=404, case="another's object")
    ada.get("/profile", expect=200)


def test_the_oldest_session_goes_when_there_are_too_many(make_server):
    server = make_server(identity__sessions_max=3)
    ada = Person(server).sign_up().sign_in()
    others = [ada.again() for _ in range(3)]
    signed_out(ada)
    for other in others:
        other.get("/profile", expect=200)


# --- refreshing -----------------------------------------------------------------------------------


def test_refreshing_gives_another_access_token(person, client):
    ada = person()
    tokens = refresh(client, ada.refresh_token).json()
    assert tokens["access_token"] != ada.token
    ada.token = tokens["access_token"]
    ada.get("/profile", expect=200)
    assert claims(ada.token)["username"] == ada.id
    assert claims(ada.token)["origin_jti"] == ada.session
    refresh(client, tokens["refresh_token"])


@needs_rotation
def test_refreshing_turns_the_token(person, client):
    ada = person()
    assert refresh(client, ada.refresh_token).json()["refresh_token"] != ada.refresh_token


@needs_rotation
def test_a_retry_within_the_grace_gets_the_same_successor(person, client):
    ada = person()
    first = refresh(client, ada.refresh_token).json()
    again = refresh(client, ada.refresh_token).json()
    assert again["refresh_token"] == first["refresh_token"]
    refresh(client, first["refresh_token"])


@needs_rotation
def test_an_older_token_ends_the_session(person, client):
    ada = person()
    second = refresh(client, ada.refresh_token).json()["refresh_token"]
    third = refresh(client, second).json()["refresh_token"]
    assert refresh(client, ada.refresh_token, 401).code == "unauthorized"
    refresh(client, third, 401)
    signed_out(ada)


@needs_rotation
def test_after_the_grace_the_token_before_ends_the_session(make_server):
    server = make_server(identity__refresh_grace="0s")
    ada = Person(server).sign_up().sign_in()
    client = Client(server.url)
    successor = refresh(client, ada.refresh_token).json()["refresh_token"]
    # the very same millisecond may still count as within it
    wait_for("reuse is noticed", lambda: client.post(
        "/auth/refresh-token", {"refresh_token": ada.refresh_token}).status == 401)
    refresh(client, successor, 401)


def test_a_session_that_is_not_used_ends(make_server):
    server = make_server(identity__session_idle="1s")
    ada = Person(server).sign_up().sign_in()
    wait_for("the session is over", lambda: ada.get("/auth/sessions").status == 401, every=0.1)
    refresh(Client(server.url), ada.refresh_token, 401)


@needs_local("a pool's have no number, and its own seal")
def test_refresh_tokens_of_another_number_are_401(person, client):
    ada = person()
    user, session, n, mac = ada.refresh_token.split(".")
    for forged in (f"{user}.{session}.{int(n) + 1}.{mac}", f"{user}.{session}.-1.{mac}",
                   f"{user}.{session}.{n}."):
        assert refresh(client, forged, 401).code == "unauthorized"
    refresh(client, ada.refresh_token)


def test_forged_refresh_tokens_are_401(person, client):
    ada, eve = person(), person("Eve")
    user, session, seal = ada.refresh_token.split(".", 2)
    other_user, other_session, other = eve.refresh_token.split(".", 2)
    for forged in (f"{user}.{session}.{other}", f"{user}.{other_session}.{other}",
                   f"{other_user}.{other_session}.{seal}", f"{user}.{other_session}.{seal}",
                   f"{other_user}.{session}.{seal}", f"{user}.{session}.", f"{user}.{session}",
                   f"{user}.{session}.{seal}A", f"{user}.{session}.{seal[:-8]}AAAAAAAA",
                   "....", "x", ada.token):
        assert refresh(client, forged, 401).code == "unauthorized"
    refresh(client, ada.refresh_token)
    assert client.post("/auth/refresh-token", {}, expect=401).code == "unauthorized"


# --- hostile access tokens ------------------------------------------------------------------------


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged_tokens(ada, jwks):
    header, payload, signature = ada.token.split(".")
    none = b64(b'{"alg":"none","typ":"JWT"}')
    hs = b64(json.dumps({"alg": "HS256", "kid": token_header(ada.token)["kid"]}).encode())
    secret = base64.urlsafe_b64decode(jwks["keys"][0]["n"] + "==")
    mac = b64(hmac.new(secret, f"{hs}.{payload}".encode(), hashlib.sha256).digest())
    other = b64(json.dumps({**claims(ada.token), "sub": "somebody-else"}).encode())
    yield f"{none}.{payload}."
    yield f"{none}.{payload}.{signature}"
    yield f"{hs}.{payload}.{mac}"
    yield f"{header}.{other}.{signature}"
    yield f"{header}.{payload}."
    yield f"{header}.{payload}"
    yield f"{header}.{payload}.{signature[:-4]}AAAA"
    yield f"{header}.{payload}.{signature}=="
    yield f"{header}.{payload}.{signature}.{signature}"
    yield ada.refresh_token
    yield "a" * 5000
    yield "."
    yield ".."


def test_forged_access_tokens_are_401(person, client):
    ada = person()
    jwks = client.get("/.well-known/jwks.json", expect=200).json()
    for token in forged_tokens(ada, jwks):
        client.get("/profile", token=token, expect=401)
    ada.get("/profile", expect=200)


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {} x",
                                   "Bearer {},{}", "Bearer\t{}"])
def test_other_authorizations_are_401(person, client, value):
    ada = person()
    headers = {"authorization": value.replace("{}", ada.token)}
    client.get("/profile", headers=headers, expect=(400, 401))


def test_the_scheme_has_no_case(person, client):
    client.get("/profile", headers={"authorization": "bearer " + person().token}, expect=200)


def test_a_token_of_another_installation_is_401(make_server, person):
    elsewhere = Person(make_server()).sign_up().sign_in()
    person().get("/profile", token=elsewhere.token, expect=401)


def test_a_token_in_the_address_is_not_one(person, client):
    ada = person()
    client.get("/profile", query={"access_token": ada.token}, expect=401)


# --- keys -----------------------------------------------------------------------------------------


@needs_local("a pool's keys are AWS's affair")
def test_keys_are_rotated_without_signing_anybody_out(make_server):
    server = make_server()
    client = Client(server.url)
    ada = Person(server).sign_up().sign_in()
    old = token_header(ada.token)["kid"]
    done = server.run("keys", "rotate")
    assert done.returncode == 0, done.stderr

    def newest():
        return token_header(refresh(client, ada.refresh_token).json()["access_token"])["kid"] != old

    wait_for("the new key signs", newest, every=0.1)
    fresh = refresh(client, ada.refresh_token).json()["access_token"]
    kids = [key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]]
    assert {old, token_header(fresh)["kid"]} <= set(kids)
    for _ in range(8):  # whichever thread answers
        ada.get("/profile", expect=200)
        ada.get("/chat/rooms", expect=200)
        ada.get("/chat/rooms", token=fresh, expect=200)
    server.restart()
    ada.get("/profile", expect=200)


# --- cookies --------------------------------------------------------------------------------------


def cookie_of(reply):
    value, *attributes = reply.get("set-cookie").split("; ")
    name, _, value = value.partition("=")
    assert name == "cc_refresh"
    return value, set(attributes)


@pytest.fixture
def browser(server, person):
    """Somebody whose refresh token is in a cookie; says the answer and the cookie."""
    ada = person()
    reply = ada.anonymous().post("/auth/sign-in", {**ada.login, "password": PASSWORD,
                                                   "cookie": True}, expect=200)
    return reply, cookie_of(reply)


def with_cookie(value, **more):
    return {"cookie": f"a=b; cc_refresh={value}; c=d", **more}


def test_a_browsers_refresh_token_is_only_in_the_cookie(browser):
    reply, (value, attributes) = browser
    assert "refresh_token" not in reply.json()
    assert value.encode() not in reply.body
    assert {"HttpOnly", "SameSite=Strict", "Path=/auth"} <= attributes
    assert "Secure" not in attributes  # http on localhost


def test_the_cookie_refreshes(browser, client):
    _, (value, _) = browser
    reply = client.post("/auth/refresh-token", {}, headers=with_cookie(value), expect=200)
    assert "refresh_token" not in reply.json()
    successor, attributes = cookie_of(reply)
    assert (successor != value) == IDENTITY.rotates
    assert {"HttpOnly", "SameSite=Strict", "Path=/auth"} <= attributes
    client.get("/profile", token=reply.json()["access_token"], expect=200)


def test_the_cookie_is_only_taken_from_our_own_pages(browser, client, server):
    _, (value, _) = browser
    for more, expect in (({"origin": "http://evil.example"}, 403),
                         ({"origin": "null"}, 403),
                         ({"origin": server.url + ".evil.example"}, 403),
                         ({"origin": server.url.replace("http", "https", 1)}, 403),
                         ({"sec-fetch-site": "cross-site"}, 403),
                         ({"sec-fetch-site": "same-site"}, 403),
                         ({"origin": server.url, "sec-fetch-site": "cross-site"}, 403),
                         ({"sec-fetch-site": "none"}, 200),
                         ({"origin": server.url, "sec-fetch-site": "same-origin"}, 200)):
        reply = client.post("/auth/refresh-token", {}, headers=with_cookie(value, **more),
                            expect=expect)
        if expect == 403:
            assert reply.code == "forbidden"


def test_a_cookie_is_not_given_to_another_site(person, client):
    ada = person()
    client.post("/auth/sign-in", {**ada.login, "password": PASSWORD, "cookie": True},
                headers={"origin": "http://evil.example"}, expect=403)


def test_signing_out_clears_the_cookie(browser, client):
    reply, (value, _) = browser
    token = reply.json()["access_token"]
    gone = client.post("/auth/sign-out", token=token, headers=with_cookie(value), expect=204)
    cleared, attributes = cookie_of(gone)
    assert cleared == ""
    assert "Max-Age=0" in attributes
    client.post("/auth/refresh-token", {}, headers=with_cookie(value), expect=401)


def test_two_cookies_of_that_name_are_none(browser, client):
    _, (value, _) = browser
    client.post("/auth/refresh-token", {},
                headers={"cookie": f"cc_refresh={value}; cc_refresh={value}"}, expect=(400, 401))


def test_behind_https_the_cookie_is_secure(make_server):
    server = make_server(server__public_url="https://chat.example.org")
    ada = Person(server).sign_up().sign_in()
    reply = ada.anonymous().post("/auth/sign-in", {**ada.login, "password": PASSWORD,
                                                   "cookie": True}, expect=200)
    assert "Secure" in cookie_of(reply)[1]
