"""From exec to the first byte of the answer, as plain CGI, beside a program that is linked to the
same libraries and answers the same bytes.

Who opens the database alone reads its write-ahead log first. So these programs find it nearly as
long as it is ever left by programs that end in order."""

import json
import statistics
import subprocess
import uuid

import rows_http
import sites
import stores
from server import STAGE, environment
from sites import Site, ask, bearer
from stores import BUILT
from table import Figures, Line, Row

CONSTANT = BUILT / "tests" / "bench" / "constant_cgi"
LAUNCH = BUILT / "tests" / "bench" / "launch"
RUNS = 100  # of each program in a round
LOG_BYTES = 900 * 1024  # beyond 1 MiB the last program empties it


def cgi_environment(target, headers):
    """What a web server gives to a CGI program (RFC 3875)."""
    return {"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "bench", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "GET", "REQUEST_URI": target,
            "SCRIPT_NAME": "", "PATH_INFO": target, "QUERY_STRING": "", "HTTP_HOST": "localhost",
            **{"HTTP_" + name.upper(): value for name, value in headers.items()}}


def as_file(name, variables):
    return sites.write(name, "".join(f"{key}={value}\n" for key, value in variables.items()))


def send(site, store):
    room = rows_http.send_rooms(store)[0]
    headers = {**bearer(store.people[room.people[0]]), "Content-Type": "application/json"}
    body = json.dumps({"room_id": room.id, "type": "text", "data": {"text": "x"},
                       "client_id": str(uuid.uuid4())})
    rows_http.expect(ask(site.url, "/chat/messages", "POST", headers, body), 201)


def log_bytes(store):
    return (store.data / "cloud-chat.db-wal").stat().st_size


def leave_log(store):
    with Site(store.data):
        pass  # however long the log was, it is short now
    with Site(store.data) as site:
        while log_bytes(store) < LOG_BYTES:
            send(site, store)
    assert log_bytes(store) >= LOG_BYTES


def compare(program, target, headers, store, options):
    with Site(store.data) as site:
        answer = rows_http.expect(ask(site.url, target, headers=headers))
    leave_log(store)
    request = cgi_environment(target, headers)
    config = {**environment(stores.SETTINGS),
              "CLOUDCHAT_CONFIG": str(store.data / "cloud-chat.conf")}
    answer_path = sites.write("cgi.answer", answer.as_cgi().decode())
    command = [LAUNCH, str(RUNS), STAGE / "lib" / "cloud-chat" / f"{program}.fcgi",
               as_file("cgi.product", {**config, **request}), CONSTANT,
               as_file("cgi.constant", {"CONSTANT_ANSWER": answer_path, **request})]
    return [round_of(command) for _ in range(options.rounds)]


def round_of(command):
    """The median microseconds of each program."""
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    columns = zip(*(map(float, line.split()) for line in out.splitlines()))
    return [statistics.median(column) for column in columns]


def ratios(rounds):
    product, constant = rounds[-1]
    return Figures([product / constant for product, constant in rounds],
                   f"{product / 1000:.2f} and {constant / 1000:.2f} ms")


def measure(options):
    store = stores.copy(rows_http.seeded(), "product")
    reader = bearer(store.people[rows_http.READER])
    return [ratios(compare("status", "/config", {}, store, options)),
            ratios(compare("chat", "/chat/rooms", reader, store, options))]


ROWS = {
    "cgi": Row((Line("plain CGI, from exec to the first byte: GET /config", at_most=2),
                # The constant program checks no signature and opens no database.
                Line(f"the same, signed in and with an open database: GET /chat/rooms, "
                     f"{rows_http.PARTNERS} rooms")), measure),
}
