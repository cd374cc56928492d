"""A client that believes nothing: every answer is held against the contract as it arrives."""

import base64
import http.client
import itertools
import json as json_module
import os
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

import contract

# The paths of the programs; everything else is a file, and the web server's affair.
OURS = ("/auth", "/.well-known", "/chat", "/profile", "/users", "/contacts", "/config", "/healthz",
        "/readyz")


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes | None


@dataclass
class Reply:
    status: int
    headers: list = field(repr=False)
    body: bytes = field(repr=True)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), None)

    def json(self):
        return contract.parse_json(self.body)

    @property
    def code(self):
        """Of a problem document."""
        return self.json()["code"]

    @property
    def pointers(self):
        """Which fields a 422 names."""
        return [error["pointer"] for error in self.json()["errors"]]

    def shape(self):
        """What somebody who compares answers sees: everything but names, times and tokens."""
        skip = {"date", "x-request-id"}
        names = sorted((k.lower(), v) for k, v in self.headers if k.lower() not in skip)
        value = self.json() if self.body else None
        if isinstance(value, dict):
            value = {k: type(v).__name__ + str(len(v)) if k in ("id", "request_id") else v
                     for k, v in value.items()}
        return self.status, names, value


class Client:
    def __init__(self, url, cors=False):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.url = url
        self.cors = cors

    def exchange(self, request):
        """One request on a connection of its own; nothing is checked."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.putrequest(request.method, request.target, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
                # RFC 9110 8.6; lighttpd answers 411 without it
                connection.putheader("content-length", str(len(request.body or b"")))
            connection.endheaders(request.body)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def request(self, method, target, json=None, body=None, token=None, headers=None, query=None,
                expect=None, case=None):
        """expect: the status, or several. case: what this shows, where it cannot be seen."""
        headers = {name.lower(): value for name, value in (headers or {}).items()}
        if json is not None:
            body = json_module.dumps(json, ensure_ascii=False).encode()
            headers.setdefault("content-type", "application/json")
        if token:
            headers["authorization"] = "Bearer " + token
        if query:
            target += "?" + urlencode(query, quote_via=quote)
        request = Request(method, target, headers, body)
        reply = self.exchange(request)
        self.check(request, reply, expect, case)
        return reply

    def check(self, request, reply, expect=None, case=None):
        path = request.target.split("?")[0]
        said = f"{request.method} {request.target}: {reply.status} {reply.body[:600]!r}"
        if expect is not None:
            expected = expect if isinstance(expect, tuple) else (expect,)
            assert reply.status in expected, f"{said}, expected {expect}"
        else:
            assert reply.status < 500, said
        if path.startswith(OURS):
            try:
                contract.check(request.method, path, reply, self.cors)
            except AssertionError as error:
                raise AssertionError(f"{said}\n{error}\n{reply.headers}") from None
            contract.COVERAGE.note(request.method, path, request, reply, case)

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def post(self, target, json=None, **more):
        return self.request("POST", target, json=json, **more)

    def put(self, target, json=None, **more):
        return self.request("PUT", target, json=json, **more)

    def patch(self, target, json=None, **more):
        return self.request("PATCH", target, json=json, **more)

    def delete(self, target, **more):
        return self.request("DELETE", target, **more)


numbers = itertools.count(int.from_bytes(os.urandom(3)) * 1000)


def new_number():
    """A phone number that nobody has."""
    return f"+4915{next(numbers) % 10**11:011d}"


def new_login(kind="phone_number"):
    """What nobody signs in with yet."""
    number = new_number()
    return {kind: number if kind == "phone_number" else f"p{number[1:]}@example.org"}


def address_of(login):
    """Where codes go."""
    return next(iter(login.values()))


def new_client_id():
    return str(uuid.uuid4())


def claims(token):
    """Of a JSON Web Token; not checked."""
    return _part(token, 1)


def token_header(token):
    return _part(token, 0)


def _part(token, index):
    part = token.split(".")[index]
    return json_module.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


PASSWORD = "correct horse battery"


class Person(Client):
    """Somebody with an account, signed in: requests carry the access token."""

    def __init__(self, server, name="Ada", login=None, password=PASSWORD):
        super().__init__(server.url, server.cors)
        self.server = server
        self.name = name
        self.login = login or new_login()
        self.password = password
        self.token = self.refresh_token = self.session = self.id = None
        server.secrets.add(password)
        server.secrets.add(self.to)

    @property
    def to(self):
        return address_of(self.login)

    @property
    def number(self):
        return self.login["phone_number"]

    def request(self, method, target, token=None, **more):
        return super().request(method, target, token=token or self.token, **more)

    def anonymous(self):
        return Client(self.url, self.cors)

    def sign_up(self):
        pending = self.anonymous().post("/auth/sign-up", {
            "name": self.name, **self.login, "password": self.password}, expect=201).json()
        code = self.server.code(self.to)
        self.anonymous().post("/auth/account-confirmation", {"id": pending["id"], "code": code},
                              expect=204)
        return self

    def sign_in(self, **more):
        tokens = self.anonymous().post("/auth/sign-in", {
            **self.login, "password": self.password, **more}, expect=200).json()
        return self.take(tokens)

    def take(self, tokens):
        self.token = tokens["access_token"]
        self.refresh_token = tokens.get("refresh_token")
        self.session = tokens["session_id"]
        self.id = claims(self.token)["username"]
        self.server.secrets |= {self.token, self.refresh_token or self.token}
        return self

    def again(self, **more):
        """The same person on another device."""
        other = Person(self.server, self.name, self.login, self.password)
        return other.sign_in(**more)

    def room_with(self, other):
        return self.post("/chat/rooms", {"participants": [self.id, other.id]},
                         expect=(200, 201)).json()

    def say(self, room, text, client_id=None, expect=201):
        """expect: see request()."""
        return self.post("/chat/messages", {
            "room_id": room["id"], "type": "text", "data": {"text": text},
            "client_id": client_id or new_client_id()}, expect=expect).json()

    def read(self, room, **query):
        return self.get("/chat/messages", query={"room_id": room["id"], **query},
                        expect=200).json()

    def changes(self, room, **query):
        return self.get(f"/chat/rooms/{room['id']}/changes", query=query, expect=200).json()
