"""What holds for every route, made from the contract: a route is tested by standing in it."""

import json

import contract
import pytest
from client import Person, Request
from contract import BY_ID, OPERATIONS
from server import IDENTITY, Server, wait_for

PRIVATE = [op for op in OPERATIONS if not op.public]
JSON = [op for op in OPERATIONS if op.takes_json]
PHOTO = BY_ID["photo_put"]
WITH_GET = [op for op in OPERATIONS if op.method == "GET"]


def ids(value):
    return value.id if isinstance(value, contract.Operation) else str(value)


def each(operations):
    return pytest.mark.parametrize("op", operations, ids=ids)


def example(op):
    """A body that is right."""
    schema, _ = contract.resolve(op.body["application/json"]["schema"], "")
    return dict(schema["examples"][0])


def valid_body(op):
    """What makes a request complete, as far as the sign-in check can tell."""
    if op.takes_json:
        return {"json": example(op)}
    if op.body:
        return {"body": b"bytes", "headers": {"content-type": next(iter(op.body))}}
    return {}


# --- who is asking --------------------------------------------------------------------------------


@each(PRIVATE)
def test_without_a_token_it_is_401(op, scene, client):
    reply = client.request(op.method, scene.target(op), expect=401, **valid_body(op))
    assert reply.code == "unauthorized"


@pytest.fixture(scope="module")
def expired(tmp_path_factory):
    """A server whose tokens are good for a second, and one that was."""
    running = Server(tmp_path_factory.mktemp("expired") / "data")
    IDENTITY.shorten_tokens(running)
    running.start()
    person = Person(running).sign_up().sign_in()
    wait_for("the token has expired", lambda: person.get("/profile").status == 401, every=0.05)
    yield person
    running.stop()


@each(PRIVATE)
def test_with_an_expired_token_it_is_401(op, scene, expired):
    reply = expired.request(op.method, scene.target(op), expect=401, case="expired token",
                            **valid_body(op))
    assert reply.code == "unauthorized"


@each([op for op in PRIVATE if op.body])
def test_the_sign_in_check_comes_before_the_body_is_looked_at(op, scene, client):
    client.request(op.method, scene.target(op), body=b"{", expect=401)


# --- how it is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", contract.SPEC["paths"])
def test_other_methods_are_405_and_allow_says_which_are_not(path, scene):
    op = next(op for op in OPERATIONS if op.path == path)
    allowed = contract.allowed(path)
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        if method not in allowed:
            reply = scene.ada.request(method, scene.path(op), expect=405)
            assert set(reply.get("allow").split(", ")) == allowed
            assert method == "HEAD" or reply.code == "method_not_allowed"


@pytest.mark.parametrize("path", contract.SPEC["paths"])
def test_options_says_what_is_allowed_even_to_strangers(path, scene, client):
    op = next(op for op in OPERATIONS if op.path == path)
    reply = client.request("OPTIONS", scene.path(op), expect=204)
    assert set(reply.get("allow").split(", ")) == contract.allowed(path)


@each(WITH_GET)
def test_head_is_get_without_the_body(op, scene):
    got = scene.ada.get(scene.target(op), expect=200)
    head = scene.ada.request("HEAD", scene.target(op), expect=200)

    def comparable(reply):
        return sorted((n.lower(), v) for n, v in reply.headers
                      if n.lower() not in ("date", "x-request-id"))

    assert comparable(head) == comparable(got)
    assert head.get("x-request-id") != got.get("x-request-id")


@each([op for op in WITH_GET if op.has(422)])
def test_a_parameter_that_it_does_not_have_is_422(op, scene):
    target = scene.target(op)
    reply = scene.ada.get(target + ("&" if "?" in target else "?") + "surprise=1", expect=422)
    assert reply.pointers == ["/surprise"]


# --- the body -------------------------------------------------------------------------------------


@each(JSON)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded",
                                  "application/jsonx", "application/json; charset=utf-16", None])
def test_a_body_of_another_type_is_415(op, kind, scene):
    headers = {"content-type": kind} if kind else {}
    scene.ada.request(op.method, scene.path(op), body=json.dumps(example(op)).encode(),
                      headers=headers, expect=415)


@pytest.mark.parametrize("kind", ["text/plain", "image/gif", "application/json"])
def test_a_photo_of_another_type_is_415(kind, scene):
    scene.ada.put(PHOTO.path, body=b"GIF89a", headers={"content-type": kind}, expect=415)


@each(JSON)
def test_a_body_over_the_limit_is_413(op, scene):
    limit = scene.ada.get("/config").json()["limits"]["body_bytes"]
    body = json.dumps(example(op)).encode()
    scene.ada.request(op.method, scene.path(op), body=body + b" " * (limit + 1 - len(body)),
                      headers={"content-type": "application/json"}, expect=413)


@each([op for op in PRIVATE if not op.body and op.method != "GET"])
@pytest.mark.parametrize("status, length, headers", [(413, 1, {}),
                                                     (415, 0, {"content-encoding": "gzip"})],
                         ids=["too large", "compressed"])
def test_a_body_that_nobody_reads_is_held_to_the_same(op, status, length, headers, scene):
    limit = scene.ada.get("/config").json()["limits"]["body_bytes"]
    scene.ada.request(op.method, scene.path(op), body=bytes(limit + length), headers=headers,
                      expect=status)


@each(JSON)
def test_a_body_as_large_as_the_limit_is_taken(op, scene):
    limit = scene.ada.get("/config").json()["limits"]["body_bytes"]
    body = b'{"surprise": 1}'
    reply = scene.ada.request(op.method, scene.path(op), body=body + b" " * (limit - len(body)),
                              headers={"content-type": "application/json"}, expect=422)
    assert "/surprise" in reply.pointers


def test_a_photo_over_the_limit_is_413(scene):
    limit = scene.ada.get("/config").json()["limits"]["photo_bytes"]
    scene.ada.put(PHOTO.path, body=bytes(limit + 1), headers={"content-type": "image/png"},
                  expect=413)


NOT_JSON = {
    "nothing": b"",
    "cut off": b'{"a": ',
    "two values": b"{} {}",
    "a comment": b"{} // yes",
    "a trailing comma": b'{"a": 1,}',
    "not UTF-8": b'{"a": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a zero byte": b'{"a": "\0"}',
    "an escaped zero": b'{"a": "\\u0000"}',
    "a name twice": b'{"a": 1, "a": 2}',
    "NaN": b'{"a": NaN}',
    "more than 64 bits": b'{"a": 18446744073709551616}',
}


def not_json():
    """Of each body what cannot be one; where none is needed, nothing is as good."""
    return [pytest.param(op, what, id=f"{op.id}-{what}") for op in JSON for what in NOT_JSON
            if what != "nothing" or op.spec["requestBody"]["required"]]


@pytest.mark.parametrize("op, what", not_json())
def test_what_is_not_json_is_400(op, what, scene):
    reply = scene.ada.request(op.method, scene.path(op), body=NOT_JSON[what],
                              headers={"content-type": "application/json"}, expect=400)
    assert reply.code == "bad_request"


def test_what_is_too_deep_is_413(client):
    client.post("/auth/forgot-password", body=b"[" * 100 + b"]" * 100,
                headers={"content-type": "application/json"}, expect=413)


@each(JSON)
@pytest.mark.parametrize("value", [[], "text", 1, None, True], ids=repr)
def test_json_that_is_no_object_is_refused(op, value, scene):
    scene.ada.request(op.method, scene.path(op), body=json.dumps(value).encode(),
                      headers={"content-type": "application/json"}, expect=(400, 422))


@each(JSON)
def test_a_member_that_it_does_not_have_is_422(op, scene):
    reply = scene.ada.request(op.method, scene.path(op), json={**example(op), "sur/prise~": 1},
                              expect=422)
    assert reply.pointers == ["/sur~1prise~0"]


def wrong_members():
    """Each member of each body, wrong in each way that its schema knows."""
    for op in JSON:
        schema, _ = contract.resolve(op.body["application/json"]["schema"], "")
        for name, spec in schema["properties"].items():
            spec, _ = contract.resolve(spec, "")
            for how, value in wrong_values(spec):
                yield pytest.param(op, name, value, id=f"{op.id}-{name}-{how}")


def wrong_values(spec):
    kind = spec.get("type") or type(spec.get("const")).__name__
    yield "object", {"a": 1} if kind != "object" else 1
    yield "null", None
    if kind in ("string", "str"):
        yield "number", 1
        yield "empty", ""
    if "maxLength" in spec:
        yield "too long", "a" * (spec["maxLength"] + 1)
    if kind == "integer":
        yield "fraction", 1.5
        yield "text", "1"
        yield "negative", -1
    if kind == "array":
        yield "too many", ["+4915112345678"] * (spec["maxItems"] + 1)
        yield "none", []
        yield "of numbers", [1] * spec["minItems"]
    if kind == "boolean":
        yield "number", 1
        yield "text", "true"


@pytest.mark.parametrize("op, name, value", list(wrong_members()))
def test_a_wrong_member_is_422_and_named(op, name, value, scene):
    body = example(op)
    if name in ("phone_number", "email"):
        body.pop("phone_number", None)
    body[name] = value
    reply = scene.ada.request(op.method, scene.path(op), json=body, expect=422)
    assert any(p == "/" + name or p.startswith(f"/{name}/") for p in reply.pointers)


def required(op):
    schema, _ = contract.resolve(op.body["application/json"]["schema"], "")
    return {"/" + name for name in schema["required"]}


@each([op for op in JSON if required(op)])
def test_each_member_that_is_missing_is_named(op, scene):
    reply = scene.ada.request(op.method, scene.path(op), json={}, expect=422)
    assert set(reply.pointers) >= required(op)


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth", "/auth/", "/auth/nothing", "/auth/sign-in/", "/chat",
                                  "/chat/rooms//cursor", "/profile/", "/users", "/users/",
                                  "/config/", "/CONFIG", "/healthz/x", "/nothing",
                                  "/nothing.html", "/.well-known/nothing", "/auth.fcgi"])
def test_a_path_that_is_not_there_is_a_404_problem(path, scene):
    reply = scene.ada.get(path, expect=404)
    assert reply.code == "not_found"


@pytest.mark.parametrize("id", ["%00", "a%2Fb", "%2e%2e", "%2e", "..%2f..", "%", "%zz", "%ff",
                                "a%20b", "%c0%af", "a;b", "a%0d%0ab"])
def test_segments_that_no_id_has_are_refused(id, scene):
    for path in (f"/chat/rooms/{id}", f"/users/{id}", f"/chat/messages/{id}"):
        reply = scene.ada.exchange(Request("GET", path, {
            "authorization": "Bearer " + scene.ada.token}, None))
        assert reply.status in (400, 404), reply


def test_an_answer_that_the_document_does_not_have_is_noticed(client, monkeypatch):
    """Everything here rests on that."""
    monkeypatch.delitem(BY_ID["config_get"].spec["responses"], "200")
    with pytest.raises(AssertionError, match="must not answer 200"):
        client.get("/config")
