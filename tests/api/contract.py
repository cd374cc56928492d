"""www/openapi.json as something that can be asked: which operation a request was, and whether its
answer is one that the document promises. Notes which cases of each operation were seen."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).resolve().parents[2] / "www" / "openapi.json"
# Headers that mean something to a client: where one is sent, the document has to say so.
NOTABLE = {"allow", "cache-control", "etag", "link", "location", "retry-after", "set-cookie",
           "www-authenticate"}
# Every answer may carry these, so the document does not repeat them: not to be cached.
UNSPOKEN = {("cache-control", "no-store")}
# Problems that the web server may find by itself.
WEB_SERVER_ANSWERS = ("BadRequest", "LengthRequired", "TooLarge", "HeadersTooLarge", "Internal",
                      "Unavailable")


def parse_json(data):
    """Strict: UTF-8, no name twice, no NaN."""
    def pairs(items):
        assert len({name for name, _ in items}) == len(items), f"a name twice: {items}"
        return dict(items)

    def constant(text):
        raise ValueError(f"{text} is not JSON")

    return json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    spec: dict = field(hash=False, compare=False, repr=False)

    @property
    def public(self):
        return "security" in self.spec

    @property
    def body(self):
        """Media types that it takes."""
        return self.spec.get("requestBody", {}).get("content", {})

    @property
    def takes_json(self):
        return "application/json" in self.body

    def has(self, status):
        return str(status) in self.spec["responses"]

    def cases(self):
        """Which cases a test has to show."""
        wanted = {"success", "wrong method"}
        if not self.public:
            wanted |= {"no token", "expired token"}
            if self.has(404):
                wanted.add("another's object")
        if self.body:
            wanted |= {"bad body", "wrong content type", "body over the limit"}
        elif self.has(422):
            wanted.add("bad query")
        return wanted


def load():
    document = parse_json(DOCUMENT.read_bytes())
    operations = [Operation(spec["operationId"], method.upper(), path, spec)
                  for path, item in document["paths"].items() for method, spec in item.items()]
    return document, operations


SPEC, OPERATIONS = load()
BY_ID = {op.id: op for op in OPERATIONS}
REGISTRY = Registry().with_resource("urn:api", Resource(SPEC, DRAFT202012))


def pattern(path):
    return re.compile("^" + re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path)) + "$")


PATTERNS = {path: pattern(path) for path in SPEC["paths"]}


def find_path(path):
    return next((known for known, regex in PATTERNS.items() if regex.match(path)), None)


def find(method, path):
    known = find_path(path)
    method = "GET" if method == "HEAD" else method
    return next((op for op in OPERATIONS if op.path == known and op.method == method), None)


def allowed(path):
    """What Allow says of a path."""
    methods = {op.method for op in OPERATIONS if op.path == path}
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def pointer(*names):
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


@cache
def validator(where):
    return Draft202012Validator({"$ref": "urn:api#" + where}, registry=REGISTRY,
                                format_checker=FormatChecker())


def validate(where, value):
    errors = [f"{e.json_path}: {e.message}" for e in validator(where).iter_errors(value)]
    assert not errors, f"not as {where} says: {errors} in {value!r}"


def resolve(node, where):
    """A node of the document, and where it really stands."""
    if "$ref" in node:
        names = node["$ref"].split("/")[1:]
        node = SPEC
        for name in names:
            node = node[name]
        return node, pointer(*names)
    return node, where


def response_of(method, path, status):
    """The response object that the document has for an answer."""
    known = find_path(path)
    op = find(method, path)
    if known is None:
        name = {404: "NotFound", 400: "BadRequest", 414: "UriTooLong", 431: "HeadersTooLarge"}
        assert status in name, f"{method} {path}: no such path, and yet {status}"
        return response("components", "responses", name[status])
    if status == 405:
        return response("components", "responses", "MethodNotAllowed")
    if method == "OPTIONS" and status == 204:
        return response("components", "responses", "Options")
    assert op, f"{method} {path}: {status} for a method that it does not have"
    assert op.has(status), f"{op.id} must not answer {status}"
    return response("paths", known, op.method.lower(), "responses", str(status))


def response(*names):
    node = SPEC
    for name in names:
        node = node[name]
    return resolve(node, pointer(*names))


def check(method, path, reply, cors=False):
    """That an answer of a program is as the document says, to the last header."""
    node, where = response_of(method, path, reply.status)
    check_headers(node, where, reply)
    # The document must leave these out where the web server may be who answers.
    assert reply.get("x-request-id"), "X-Request-Id is missing"
    assert reply.status not in (429, 503) or reply.get("retry-after"), "Retry-After is missing"
    if not cors:
        assert not [n for n, _ in reply.headers if n.lower().startswith("access-control-")], \
            "CORS is off unless asked for"
    if method == "HEAD":
        assert reply.body == b""
        return
    check_body(node, where, reply)


def check_headers(node, where, reply):
    promised = {name.lower(): (spec, name) for name, spec in node.get("headers", {}).items()}
    for low, (spec, name) in promised.items():
        spec, at = resolve(spec, where + pointer("headers", name))
        values = reply.all(low)
        assert values or not spec.get("required"), f"{name} is missing"
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        if values:
            validate(at + "/schema", values[0])
    for name, value in reply.headers:
        if name.lower() in NOTABLE and (name.lower(), value) not in UNSPOKEN:
            assert name.lower() in promised, f"{name}: {value} is not in the document"


def check_body(node, where, reply):
    content = node.get("content")
    if content is None:
        assert reply.body == b"", f"a body where none is promised: {reply.body[:100]!r}"
        return
    kind = reply.get("content-type")
    assert kind in content, f"{kind} is not one of {list(content)}"
    if "schema" in content[kind]:
        value = parse_json(reply.body)
        validate(where + pointer("content", kind) + "/schema", value)
        if kind == "application/problem+json":
            assert value["status"] == reply.status
            assert value.get("request_id") == reply.get("x-request-id")


def check_web_server(reply):
    """That a problem which the web server found by itself is as the document says."""
    assert reply.get("content-type") == "application/problem+json", reply.headers
    value = parse_json(reply.body)
    validate("/components/schemas/Problem", value)
    assert value["status"] == reply.status
    assert "request_id" not in value and reply.get("x-request-id") is None


def case_of(op, request, reply):
    """What an exchange shows, where that can be seen from outside."""
    status = reply.status
    if status < 400:
        return "success"
    if status == 401 and not op.public and "authorization" not in request.headers:
        return "no token"
    if status == 415:
        return "wrong content type"
    if status == 413:
        return "body over the limit"
    if status in (400, 422) and request.body is not None:
        return "bad body"
    if status == 422:
        return "bad query"
    return None


class Coverage:
    """Which cases of which operation a run has shown."""

    def __init__(self):
        self.seen = set()

    def note(self, method, path, request, reply, case):
        if reply.status == 405:
            self.seen |= {(op.id, "wrong method") for op in OPERATIONS
                          if op.path == find_path(path)}
            return
        op = find(method, path)
        case = case or (op and case_of(op, request, reply))
        if op and case:
            self.seen.add((op.id, case))

    def missing(self):
        return sorted(f"{op.id}: {case}" for op in OPERATIONS for case in op.cases()
                      if (op.id, case) not in self.seen)


COVERAGE = Coverage()
