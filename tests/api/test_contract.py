"""The document itself, and that the programs have exactly its routes."""

import re
import subprocess

import contract
import pytest
from contract import OPERATIONS, SPEC
from client import Reply
from server import PROGRAMS, ROOT, environment

EVERYWHERE = {"400", "414", "431", "500", "503"}


def schemas(node, where=""):
    """Everything in the document that is an object's schema."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield where, node
        for name, value in node.items():
            if name not in ("example", "examples"):
                yield from schemas(value, where + contract.pointer(name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from schemas(value, f"{where}/{index}")


def test_every_object_says_all_its_members():
    assert len(list(schemas(SPEC))) > 30
    open_ended = [where for where, node in schemas(SPEC)
                  if node.get("additionalProperties") is not False]
    assert not open_ended


def test_every_operation_lists_the_answers_that_any_may_have():
    for op in OPERATIONS:
        wanted = EVERYWHERE | ({"401"} if not op.public else set())
        if op.body:
            wanted |= {"408", "422"}
        # A body is judged by its length and coding before it is known whether anybody reads it.
        if op.method != "GET":
            wanted |= {"413", "415"}
        if op.method in ("POST", "PUT", "PATCH"):
            wanted.add("411")
        assert wanted <= set(op.spec["responses"]), op.id


def test_what_writes_may_find_no_room_or_not_know_and_only_that():
    """Every GET reads one snapshot of the store; everything else saves something."""
    for op in OPERATIONS:
        of_writers = {"504", "507"} & set(op.spec["responses"])
        assert of_writers == (set() if op.method == "GET" else {"504", "507"}), op.id


def test_only_what_reads_a_body_may_wait_for_it_in_vain():
    assert {op.id for op in OPERATIONS if op.has(408)} == {op.id for op in OPERATIONS if op.body}


def test_operation_ids_are_unique():
    assert len({op.id for op in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("name", SPEC["components"]["schemas"])
def test_examples_are_what_their_schema_says(name):
    for example in SPEC["components"]["schemas"][name].get("examples", []):
        contract.validate(f"/components/schemas/{name}", example)


@pytest.mark.parametrize("name", SPEC["components"]["responses"])
def test_examples_of_problems_are_problems(name):
    content = SPEC["components"]["responses"][name].get("content", {})
    for kind, media in content.items():
        where = f"/components/responses/{name}/content" + contract.pointer(kind) + "/schema"
        contract.validate(where, media["example"])


def test_what_takes_a_body_shows_one():
    for op in OPERATIONS:
        if op.takes_json:
            schema, _ = contract.resolve(op.body["application/json"]["schema"], "")
            assert schema.get("examples"), op.id


def routes_of_the_programs():
    for program in sorted(PROGRAMS.glob("*.fcgi")):
        out = subprocess.run([program, "--routes"], capture_output=True, text=True, timeout=10,
                             check=True, env=environment({}))
        for line in out.stdout.splitlines():
            yield tuple(line.split())


def test_the_programs_have_exactly_these_routes():
    said = {(op.method, op.path, "public" if op.public else "user") for op in OPERATIONS}
    assert set(routes_of_the_programs()) == said


PROBLEM_FILES = sorted((ROOT / "conf" / "lighttpd").glob("problem-*.html"))


@pytest.mark.parametrize("path", PROBLEM_FILES, ids=lambda path: path.stem)
def test_what_the_web_server_answers_by_itself_is_a_problem(path):
    status = int(path.stem[-3:])
    kind = [("Content-Type", "application/problem+json")]
    reply = Reply(status, kind, path.read_bytes())
    contract.check_web_server(reply)
    for name in contract.WEB_SERVER_ANSWERS:
        example = SPEC["components"]["responses"][name]["content"][kind[0][1]]["example"]
        if example["status"] == status:
            assert (reply.json()["code"], reply.json()["title"]) == (
                example["code"], example["title"])


def test_the_web_server_knows_each_of_them(server):
    text = (server.data / "run" / "lighttpd.conf").read_text()
    known = re.findall(r'"(problem-\d+\.html)" => "application/problem\+json"', text)
    assert known == [path.name for path in PROBLEM_FILES]


def test_the_document_is_served_and_is_of_this_version(client):
    reply = client.get("/openapi.json", expect=200)
    assert reply.json() == SPEC
    assert client.get("/config", expect=200).json()["version"] == SPEC["info"]["version"]
    assert reply.get("content-type").startswith("application/json")
