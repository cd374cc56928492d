"""`cloudchat serve` and its children: killed, stopped, run by others."""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from client import PASSWORD, Client, Person, Request, new_client_id, new_number
from fastcgi import replies_in, request, talk
from server import (CLOUDCHAT, STAGE, Server, cpu_ticks, environment, free_port, needs_local,
                    needs_sqlite, wait_for)


class Writer(threading.Thread):
    """Sends numbered messages one after another; a failure is sent again, as a client would."""

    def __init__(self, who, room, stop):
        super().__init__()
        self.who, self.room, self.stop = who, room, stop
        self.acknowledged, self.failures, self.fault = [], 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                self.send(str(len(self.acknowledged)), new_client_id())
        except BaseException as fault:
            self.fault = fault

    def send(self, text, client_id):
        body = {"room_id": self.room["id"], "type": "text", "data": {"text": text},
                "client_id": client_id}
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                reply = self.who.post("/chat/messages", body, expect=tuple(range(200, 600)))
                if reply.status in (200, 201):
                    self.acknowledged.append((reply.json()["seq"], text))
                    return
            except (OSError, AssertionError):
                pass  # the web server's own words for a worker that went: no problem document
            self.failures += 1
        raise AssertionError("not within 10 s")


def wait_for_messages(writers, count):
    def sent():
        assert not [writer.fault for writer in writers if writer.fault]
        return sum(len(writer.acknowledged) for writer in writers)

    before = sent()
    wait_for("some messages", lambda: sent() >= before + count)


def kill_worker(server, program):
    before = server.workers(program)
    os.kill(before[0], signal.SIGKILL)
    wait_for("another worker", lambda: set(server.workers(program)) - set(before))


def all_messages(who, room):
    messages, since = [], None
    while True:
        got = who.changes(room, limit=100, **({"since": since} if since else {}))
        messages += got["messages"]
        since = got["sync"]
        if not got["more"]:
            return messages


def test_a_killed_worker_is_replaced_and_loses_nothing(make_server):
    server = make_server()
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    room = ada.room_with(bob)
    stop = threading.Event()
    writers = [Writer(who, room, stop) for who in (ada, bob, ada, bob)]
    for writer in writers:
        writer.start()
    kills = 3
    try:
        for _ in range(kills):
            wait_for_messages(writers, 40)
            kill_worker(server, "chat")
            bob.get("/profile", expect=200)  # the others go on
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not [writer.fault for writer in writers if writer.fault]
    # only what was in the hands of the one that was killed
    assert sum(writer.failures for writer in writers) <= kills * len(writers) * 2
    messages = all_messages(bob, room)
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    acknowledged = sorted(pair for writer in writers for pair in writer.acknowledged)
    assert acknowledged == [(m["seq"], m["data"]["text"]) for m in messages]


@pytest.mark.parametrize("program", ["auth", "profile", "status"])
def test_each_program_is_replaced(make_server, program):
    server = make_server()
    ada = Person(server).sign_up().sign_in()
    kill_worker(server, program)
    path = {"auth": "/auth/sessions", "profile": "/profile", "status": "/config"}[program]
    wait_for("an answer", lambda: answers(server, path, ada.token))


def test_the_web_server_is_replaced(make_server):
    server = make_server()
    before = server.web_server()
    os.kill(before, signal.SIGKILL)
    wait_for("another", lambda: server.web_server() not in (None, before))
    wait_for("an answer", lambda: answers(server))


SLOW = {"identity__argon2_memory_kib": 65536, "identity__argon2_passes": 20}


def in_hand(server, program):
    """Waits until a worker computes."""
    [pid] = server.workers(program)
    before = cpu_ticks(pid)
    wait_for(f"{program} has something in hand", lambda: cpu_ticks(pid) > before + 3)


@needs_local("it is busy with hashing a password")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_what_is_in_hand(make_server, number):
    server = make_server(**SLOW)
    client = Client(server.url)
    replies = []

    def ask():
        replies.append(client.post("/auth/sign-up", {
            "name": "Ada", "phone_number": new_number(), "password": PASSWORD}))

    thread = threading.Thread(target=ask)
    thread.start()
    in_hand(server, "auth")
    server.process.send_signal(number)
    thread.join()
    assert [reply.status for reply in replies] == [201]
    assert server.process.wait(30) == 0
    with pytest.raises(OSError):
        client.get("/config")
    server.stop()


# --- a table that does not answer ----------------------------------------------------------------

def row(sk, **more):
    return {"pk": {"S": "META"}, "sk": {"S": sk}, "v": {"S": sk}, **more}


META = [row("SCHEMA", layout={"N": "2"}), row("EPOCH", name={"S": "history"})]


def confirmed(asked):
    keys = [item["Get"]["Key"] for item in asked.get("TransactItems", [])]
    return [next(({"Item": item} for item in META if item["sk"] == key["sk"]), {}) for key in keys]


class Table(http.server.BaseHTTPRequestHandler):
    """An empty table of DynamoDB, as far as programs that start want to know. A sign-in is not
    answered."""
    protocol_version = "HTTP/1.1"
    asked, over = threading.Event(), threading.Event()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if b"LIMIT#" in body:
            self.asked.set()
            self.over.wait(30)
        operation = self.headers["x-amz-target"].split(".")[1]
        answer = json.dumps({
            "BatchGetItem": {"Responses": {"table": META}, "UnprocessedKeys": {}},
            "TransactGetItems": {"Responses": confirmed(json.loads(body))},
            "DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}},
            "Query": {"Items": []},
        }.get(operation, {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def table():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Table) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        Table.over.set()
        running.shutdown()
        thread.join()


@needs_sqlite("it brings a table of its own")
def test_stopping_does_not_wait_for_a_table_that_does_not_answer(table, tmp_path):
    """Nobody called off the calls of AWS: one took its 8 seconds."""
    server = Server(tmp_path / "data", {
        "store.backend": "dynamodb", "store.table": "table", "aws.endpoint": table,
        "aws.region": "us-east-1", "blob.backend": "directory"},
        env={"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}).start()
    server.stop()
    body = json.dumps({"phone_number": new_number(), "password": PASSWORD}).encode()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "auth.sock"))
    listener.listen()
    process = subprocess.Popen(
        [STAGE / "lib" / "cloud-chat" / "auth.fcgi"], stdin=listener,
        env={**server.environment(), "CLOUDCHAT_CONFIG": server.data / "cloud-chat.conf"})
    replies = []
    thread = threading.Thread(target=lambda: replies.extend(replies_in(talk(
        tmp_path / "auth.sock",
        request("POST", "/auth/sign-in", body=body, CONTENT_TYPE="application/json")))))
    thread.start()
    assert Table.asked.wait(20)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert time.monotonic() - started < 6
    thread.join()
    assert [reply.status for reply in replies] == [503]


# --- what `serve` leaves, and what it refuses ------------------------------------------------------

def all_workers(server):
    """One of each program; /config answers when the first of them has come to be what it will be."""
    names = ("auth", "chat", "profile", "status")

    def found():
        pids = [pid for name in names for pid in server.workers(name)]
        return pids if len(pids) == len(names) else None

    return wait_for("all workers", found)


def test_stopping_leaves_no_process_and_no_socket(make_server):
    server = make_server()
    pids = all_workers(server)
    server.stop()
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    assert not [p for p in (server.data / "run").iterdir() if p.is_socket()]


def test_children_die_with_their_parent(tmp_path):
    server = Server(tmp_path / "data").start()
    pids = all_workers(server)
    server.process.kill()
    server.process.wait()
    server.process = None

    def is_gone(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    wait_for("they are gone", lambda: all(is_gone(pid) for pid in pids))
    wait_for("its port is free", lambda: not answers(server))
    server.start()  # nothing that it left behind is in the way
    server.stop()


def answers(server, path="/config", token="-"):
    """Whether it is there; who is not yet may leave it to the web server to say so."""
    request = Request("GET", path, {"authorization": "Bearer " + token}, None)
    try:
        return Client(server.url).exchange(request).status == 200
    except OSError:
        return False


def serve(data, port, settings):
    """One that is not expected to get far."""
    return subprocess.run([CLOUDCHAT, "serve", "--data", data, "--port", str(port)],
                          capture_output=True, text=True, timeout=30, env=environment(settings))


def test_there_is_one_serve_a_data_folder(make_server):
    server = make_server()
    second = serve(server.data, free_port(), server.settings)
    assert second.returncode != 0
    assert "already" in second.stderr + second.stdout
    Client(server.url).get("/config", expect=200)


def test_a_port_that_is_taken_is_said(make_server, tmp_path):
    server = make_server()
    second = serve(tmp_path / "other", server.port, server.settings)
    assert second.returncode != 0
    assert str(server.port) in second.stderr + second.stdout


def test_an_unknown_key_is_said_with_file_line_and_the_nearest(make_server, tmp_path):
    server = make_server()
    server.stop()
    path = server.data / "cloud-chat.conf"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "[chat]", "discover_number_day = 5", ""]))
    done = serve(server.data, server.port, {})
    said = done.stderr + done.stdout
    assert done.returncode != 0
    assert f"cloud-chat.conf:{len(lines) + 2}" in said
    assert "discover_numbers_day" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_runs_as_an_ordinary_user(tmp_path_factory):
    nobody = 65534
    folder = tmp_path_factory.mktemp("nobody")
    os.chown(folder, nobody, nobody)
    reachable(folder)
    server = Server(folder / "data", user=nobody).start()
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    ada.say(ada.room_with(bob), "Hello Bob")
    server.restart()
    assert bob.get("/chat/rooms").json()["items"][0]["unread"] == 1
    server.stop()
    shutil.rmtree(server.data)


def test_what_one_worker_keeps_ready_another_makes_old(make_server):
    """The newest page is sent as it was made; each worker has its own, and all of them send."""
    server = make_server(serve__chat_workers=3, http__threads=2)
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    room = ada.room_with(bob)
    for i in range(40):
        ada.say(room, str(i))
        for who in (ada, bob, bob):
            page = who.read(room)
            assert (page["seq"], page["items"][0]["data"]["text"]) == (i + 1, str(i))


def reachable(folder):
    """pytest's folders are its user's alone."""
    for parent in folder.parents:
        if parent.name.startswith("pytest-") or parent.name.startswith("popen-"):
            parent.chmod(0o711)
