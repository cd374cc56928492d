"""Requests that schemathesis makes from the contract, right ones and wrong ones: whatever comes
back is an answer that the document promises. Its judgement and the one of contract.py know nothing
of each other. SCHEMA_EXAMPLES: how many requests of each operation, besides those at the edges of
its schema."""

import copy
import os

import pytest
from client import Person
from contract import BY_ID, DOCUMENT, OPERATIONS, SPEC, resolve
from images import png
from server import STAGE, Server

if "asan" in STAGE.parts or "tsan" in STAGE.parts:
    pytest.skip("SKIPPED: thousands of requests take too long under a sanitizer; the hostile "
                "tests and the fuzzers run there", allow_module_level=True)

import schemathesis  # noqa: E402 - it takes a second, which only this run needs to spend
from hypothesis import HealthCheck, Phase, settings  # noqa: E402
from schemathesis.core.failures import FailureGroup  # noqa: E402
from schemathesis.specs.openapi import checks as openapi  # noqa: E402

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "100"))
CHECKS = [schemathesis.checks.not_a_server_error, openapi.status_code_conformance,
          openapi.content_type_conformance, openapi.response_headers_conformance,
          openapi.response_schema_conformance, openapi.ignored_auth, openapi.unsupported_method]
# What would answer 429 to nearly everything after a while, although it may.
WIDE = {f"identity.{key}": 1000000 for key in (
    "sign_up_number_day", "recover_number_day", "wrong_passwords_day")}
WIDE["identity.wrong_password_delay_max"] = "1s"
WIDE["codes.number_day_max"] = 0
DOCUMENTED = schemathesis.openapi.from_path(DOCUMENT)
# They come with the body of the method that they replace, and a GET with one is broken HTTP (400).
DOCUMENTED.config.phases.coverage.unexpected_methods = {"put", "post", "delete", "patch"}


class World:
    """Somebody signed in, and things that he may see, so that requests get past the first 404."""

    def __init__(self, server):
        self.server = server
        self.ada, self.bob, self.cem = (Person(server, name).sign_up().sign_in()
                                        for name in ("Ada", "Bob", "Cem"))
        self.room = self.ada.room_with(self.bob)
        self.message = [self.bob.say(self.room, f"Hello {n}") for n in range(120)][-1]
        photo = self.bob.put("/profile/photo", body=png(8, 8),
                             headers={"content-type": "image/png"}, expect=200).json()["photo"]
        self.photo = photo.rsplit("/", 1)[1]
        anonymous = self.ada.anonymous()
        self.pending = anonymous.post("/auth/sign-up", {
            "name": "Eve", "email": "eve@example.org", "password": "correct horse"}).json()["id"]
        self.recovery = anonymous.post("/auth/forgot-password", self.bob.login).json()["id"]

    def real(self, id):
        """Names of parameters and members of an operation, and what is really there."""
        path = BY_ID[id].path
        things = {"room_id": self.room["id"], "participants": [self.ada.id, self.bob.id],
                  "name": self.photo, "old_password": self.cem.password}
        if id == "refresh_token":
            things["refresh_token"] = self.bob.again().refresh_token
        if id == "session_end":
            things["id"] = self.cem.again().session
        elif path.startswith("/auth/"):
            things["id"] = self.recovery if id == "reset_password" else self.pending
        else:
            things["id"] = {"rooms": self.room["id"], "messages": self.message["id"],
                            "users": self.bob.id}.get(path.split("/{id}")[0].split("/")[-1])
        if id == "sign_in":
            things |= {**self.bob.login, "password": self.bob.password}
        return things

    def asker(self, id):
        """Whose sessions come to an end is not whom the others need."""
        return self.cem if BY_ID[id].path.startswith("/auth/") else self.ada

    def headers(self, id):
        return {} if BY_ID[id].public else {"Authorization": "Bearer " + self.asker(id).token}

    def after(self, id, case, response):
        """Sees to it that the next request comes from somebody who is signed in."""
        if (id, response.status_code, response.request.method) == ("change_password", 204, "POST"):
            self.cem.password = case.body["password"]
        asker = self.asker(id)
        is_asker = response.request.headers.get("authorization") == "Bearer " + asker.token
        if is_asker and (id == "sign_out" or response.status_code == 401):
            asker.sign_in()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("schema") / "data", WIDE).start()
    try:
        made = World(server)
        secrets = set(server.secrets)
        yield made
        server.secrets = secrets  # to look for thousands of tokens in such a log takes minutes
    finally:
        server.stop()


def fill(case, things):
    """Puts what is there into a request's places for it; whether there were any."""
    if case.media_type == "image/png":
        case.body = png(8, 8)
        return True
    filled = False
    body = case.body if isinstance(case.body, dict) else {}
    for place in (case.path_parameters or {}, case.query or {}, body):
        for name, thing in things.items():
            if name in place and type(place[name]) is type(thing):
                place[name] = thing
                filled = True
    return filled


def send(world, case, id):
    headers = world.headers(id)
    response = case.call(base_url=world.server.url, headers=headers, timeout=30)
    try:
        case.validate_response(response, checks=CHECKS, headers=headers)
    finally:
        world.after(id, case, response)
    return response


@DOCUMENTED.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
          phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_promises(case, world):
    id = case.operation.definition.raw["operationId"]
    # A wrong password would slow down those that follow, right or wrong.
    if id != "change_password":
        send(world, case, id)
    if fill(case, world.real(id)) or id == "change_password":
        send(world, case, id)


# --- that it gets somewhere, and sees -------------------------------------------------------------


def right(op):
    """A request as the document shows it."""
    content = {kind: media.get("schema", {}) for kind, media in op.body.items()}
    kind = next(iter(content), None)
    more = {"media_type": kind} if kind else {}
    if op.takes_json:
        more["body"] = dict(resolve(content[kind], "")[0]["examples"][0])
    elif kind:
        more |= {"media_type": "image/png", "body": b""}
    query = {"room_id": "x"} if op.id == "message_list" else {}
    return DOCUMENTED[op.path][op.method].Case(
        path_parameters={name: "x" for name in ("id", "name") if f"{{{name}}}" in op.path},
        query=query, **more)


# Where it takes more than being there: the code, which only its owner knows, or to have waited.
OTHERWISE = {"answer_challenge": (401,), "confirm_account": (401,), "reset_password": (401,),
             "resend_code": (202, 429)}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
def test_with_what_is_really_there_it_gets_past_the_door(op, world):
    case = right(op)
    fill(case, world.real(op.id))
    assert send(world, case, op.id).status_code in OTHERWISE.get(op.id, (200, 201, 204))


def no_such_status(spec):
    del spec["paths"]["/config"]["get"]["responses"]["200"]


def another_type(spec):
    content = spec["paths"]["/config"]["get"]["responses"]["200"]["content"]
    content["text/plain"] = content.pop("application/json")


def a_header_more(spec):
    headers = spec["paths"]["/config"]["get"]["responses"]["200"]["headers"]
    headers["X-Planted"] = {"required": True, "schema": {"type": "string"}}


def another_schema(spec):
    spec["components"]["schemas"]["Config"]["properties"]["version"] = {"type": "integer"}


def not_public(spec):
    del spec["paths"]["/config"]["get"]["security"]


@pytest.mark.parametrize("plant, what", [
    (no_such_status, "Undocumented status code"),
    (another_type, "Undocumented Content-Type"),
    (a_header_more, "Missing required response headers"),
    (another_schema, "Response violates schema"),
    (not_public, "without authentication"),
])
def test_what_the_document_does_not_say_is_seen(plant, what, world):
    spec = copy.deepcopy(SPEC)
    plant(spec)
    case = schemathesis.openapi.from_dict(spec)["/config"]["GET"].Case()
    with pytest.raises(FailureGroup) as failures:
        send(world, case, "config_get")
    assert what in str(failures.value)
