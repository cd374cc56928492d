"""The edge: requests that no polite client sends, and other origins."""

import socket

import contract
import pytest
from client import Client, Person, Request


def raw(server, data):
    """Bytes as they are, and what comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        s.sendall(data)
        s.settimeout(10)
        got = b""
        while chunk := s.recv(65536):
            got += chunk
    return got


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


def http(server, method, target, headers=(), body=b""):
    lines = [f"{method} {target} HTTP/1.1", f"Host: localhost:{server.port}", "Connection: close",
             *headers]
    return raw(server, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def test_what_no_path_may_hold_is_400_or_404_and_never_a_500(server, scene):
    auth = f"Authorization: Bearer {scene.ada.token}"
    for path in ("/chat/rooms/%00", "/chat/rooms/..%2f", "/chat/%2e%2e/auth/sessions",
                 "/chat//rooms", "//chat/rooms", "/./chat/rooms", "/chat\\rooms", "/chat/rooms/%",
                 "/chat/rooms/\xc3\xbf", "/chat/rooms/%252e%252e", "/chat/rooms%2f",
                 "/%63hat/rooms/x", "/chat/rooms;a=b", "/../../etc/passwd",
                 "/%2e%2e/%2e%2e/etc/passwd", "*", "x", "http://evil/chat"):
        answer = http(server, "GET", path, [auth])
        assert status_of(answer) in (400, 404), (path, answer[:200])
        assert b"root:" not in answer


def test_an_encoded_path_is_the_same_path(scene):
    reply = scene.ada.exchange(Request("GET", "/%63onfig", {}, None))
    assert reply.status in (200, 404)
    room = scene.room["id"]
    encoded = "".join(f"%{ord(c):02x}" for c in room)
    assert scene.ada.get(f"/chat/rooms/{encoded}", expect=200).json()["id"] == room


def test_headers_that_may_stand_once_do_not_stand_twice(server, scene):
    auth = f"Authorization: Bearer {scene.ada.token}"
    for twice in ([auth, "Authorization: Bearer x"], [auth, auth]):
        answer = http(server, "GET", "/profile", twice)
        assert status_of(answer) in (400, 401), answer[:200]
    answer = http(server, "POST", "/auth/sign-in", ["Content-Type: application/json",
                  "Content-Length: 2", "Content-Length: 3"], b"{}")
    assert status_of(answer) == 400


UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.mark.parametrize("opening", [
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    f"GET /config HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n"])
def test_there_is_no_http_2_through_which_to_tunnel_past_a_proxy(server, opening):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        s.sendall(opening.encode())
        answer = s.recv(64)
    assert answer.startswith(b"HTTP/1.") and status_of(answer) in (200, 400, 505), answer


def test_a_body_in_chunks_is_taken(server):
    answer = http(server, "POST", "/auth/forgot-password", [
        "Content-Type: application/json", "Transfer-Encoding: chunked"],
        b"2\r\n{}\r\n0\r\n\r\n")
    assert status_of(answer) in (411, 422), answer


def test_a_body_both_in_chunks_and_with_a_length_is_refused(server):
    answer = http(server, "POST", "/auth/forgot-password", [
        "Content-Type: application/json", "Transfer-Encoding: chunked", "Content-Length: 5"],
        b"2\r\n{}\r\n0\r\n\r\n")
    assert status_of(answer) in (400, 411, 422), answer


def test_a_body_shorter_than_it_says_is_not_answered_as_if_it_were_whole(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        s.sendall(f"POST /auth/forgot-password HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
                  "Connection: close\r\nContent-Type: application/json\r\n"
                  "Content-Length: 100\r\n\r\n{}".encode())
        s.shutdown(socket.SHUT_WR)
        got = s.recv(65536)
    assert not got.startswith(b"HTTP/1.1 2")


def test_a_target_that_is_too_long_is_414(client):
    reply = client.get("/config?" + "x" * 5000, expect=414)
    assert reply.code == "uri_too_long"


def test_headers_that_are_too_large_are_431(server, client):
    answer = http(server, "GET", "/config", ["X-Padding: " + "x" * 30000])
    assert status_of(answer) in (400, 431)
    client.get("/config", headers={"x-padding": "x" * 3000}, expect=200)


def test_many_small_headers_are_refused_or_taken_and_nothing_breaks(server, client):
    answer = http(server, "GET", "/config", [f"X-{i}: {i}" for i in range(200)])
    assert status_of(answer) in (200, 400, 431)
    client.get("/config", expect=200)


def test_a_compressed_body_is_415(client):
    client.post("/auth/forgot-password", {"email": "a@example.org"}, expect=415,
                headers={"content-encoding": "gzip"})


def test_what_is_not_accepted_is_406(client):
    assert client.get("/config", headers={"accept": "text/html"}, expect=406).code == \
        "not_acceptable"
    for accept in ("*/*", "application/json", "application/*;q=0.5, text/html", ""):
        client.get("/config", headers={"accept": accept}, expect=200)


def test_charset_utf_8_is_json_all_the_same(client):
    for kind in ("application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""):
        client.post("/auth/forgot-password", {}, headers={"content-type": kind}, expect=422)


def test_requests_have_names_of_the_servers_own(client):
    replies = [client.get("/healthz", headers={"x-request-id": "mine"}) for _ in range(2)]
    names = {reply.get("x-request-id") for reply in replies}
    assert len(names) == 2 and "mine" not in names


def test_a_trusted_proxy_names_requests(make_server):
    client = Client(make_server(http__trusted_proxy="yes").url)
    reply = client.get("/nothing", headers={"x-request-id": "from-the-proxy"}, expect=404)
    assert reply.get("x-request-id") == reply.json()["request_id"] == "from-the-proxy"
    for bad in ("a b", "x" * 65, "\"", "é"):
        assert client.get("/healthz", headers={"x-request-id": bad}).get("x-request-id") != bad


def test_a_header_never_becomes_an_environment_variable(server, client):
    """httpoxy, and our own configuration: neither is to be had from outside."""
    headers = {"proxy": "http://evil.example", "cloudchat-identity-access-token": "1s",
               "cloudchat_config": "/dev/null", "ld-preload": "x"}
    for _ in range(20):
        client.get("/config", headers=headers, expect=200)
    for name in ("auth", "chat", "profile", "status"):
        for pid in server.workers(name):
            with open(f"/proc/{pid}/environ", "rb") as f:
                environ = f.read()
            assert b"evil" not in environ and b"PROXY" not in environ.upper()


def test_every_answer_says_what_a_browser_must_not_do(scene, client):
    for reply in (client.get("/config"), client.get("/nothing", expect=404),
                  scene.ada.get("/profile"), client.get("/profile", expect=401)):
        assert reply.get("x-content-type-options") == "nosniff"
        assert "default-src 'none'" in reply.get("content-security-policy")
        assert reply.get("access-control-allow-origin") is None
    assert scene.ada.get("/profile").get("cache-control") == "no-store"


def test_the_page_has_a_strict_policy(server, client):
    page = client.get("/", expect=200)
    policy = page.get("content-security-policy")
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert page.get("x-content-type-options") == "nosniff"
    assert b"<script>" not in page.body


# --- other origins --------------------------------------------------------------------------------


def test_without_being_told_no_origin_is_allowed(client):
    """Client checks that no Access-Control header is in any answer; here with an origin."""
    headers = {"origin": "https://app.example", "access-control-request-method": "POST",
               "access-control-request-headers": "authorization"}
    client.request("OPTIONS", "/chat/rooms", headers=headers, expect=204)
    client.get("/config", headers={"origin": "https://app.example"}, expect=200)


@pytest.fixture
def open_server(make_server):
    return make_server(http__cors_origins="https://app.example, https://other.example")


def test_origins_that_were_named_may_call(open_server):
    ada = Person(open_server).sign_up().sign_in()
    client = Client(open_server.url, cors=True)
    for origin in ("https://app.example", "https://other.example"):
        preflight = client.request("OPTIONS", "/chat/rooms", expect=204, headers={
            "origin": origin, "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type"})
        assert preflight.get("access-control-allow-origin") == origin
        assert "POST" in preflight.get("access-control-allow-methods")
        assert "authorization" in preflight.get("access-control-allow-headers").lower()
        got = ada.get("/chat/rooms", headers={"origin": origin}, expect=200)
        assert got.get("access-control-allow-origin") == origin
        assert got.get("access-control-allow-credentials") is None
        assert "origin" in got.get("vary").lower()
        refused = client.get("/chat/rooms", headers={"origin": origin}, expect=401)
        assert refused.get("access-control-allow-origin") == origin


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example", "null",
                                    "https://app.example.evil.example", "https://app.example:8443",
                                    "https://APP.example", "https://app.example/"])
def test_other_origins_may_not(open_server, origin):
    client = Client(open_server.url, cors=True)
    for reply in (client.get("/config", headers={"origin": origin}, expect=200),
                  client.request("OPTIONS", "/config", headers={
                      "origin": origin, "access-control-request-method": "GET"}, expect=204)):
        assert reply.get("access-control-allow-origin") is None


def test_a_foreign_origin_gets_no_cookie_even_if_it_may_call(open_server):
    ada = Person(open_server).sign_up()
    Client(open_server.url, cors=True).post("/auth/sign-in", {
        **ada.login, "password": ada.password, "cookie": True},
        headers={"origin": "https://app.example"}, expect=403)


def test_config_says_what_the_document_says(client):
    programs = client.get("/config", expect=200).json()["programs"]
    prefixes = {prefix: name for name, paths in programs.items() for prefix in paths}
    for op in contract.OPERATIONS:
        first = "/" + op.path.split("/")[1]
        assert prefixes[first] == op.spec["tags"][0] or first == "/.well-known"
