"""From exec to the first byte of the answer, as plain CGI, beside a program that is linked to the
same libraries and answers the same bytes."""

import statistics
import subprocess

import rows_http
import sites
import stores
from server import ROOT, STAGE, environment
from sites import CONSTANT, Site, ask, bearer
from table import Line

LAUNCH = ROOT / "build" / "release" / "tests" / "bench" / "launch"
RUNS = 100  # of each program in a round


def cgi_environment(target, headers):
    """What a web server gives to a CGI program (RFC 3875)."""
    return {"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "bench", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "GET", "REQUEST_URI": target,
            "SCRIPT_NAME": "", "PATH_INFO": target, "QUERY_STRING": "", "HTTP_HOST": "localhost",
            **{"HTTP_" + name.upper(): value for name, value in headers.items()}}


def as_file(name, variables):
    return sites.write(name, "".join(f"{key}={value}\n" for key, value in variables.items()))


def compare(program, target, headers, store, options):
    with Site(store.data) as site:
        answer = rows_http.expect(ask(site.url, target, headers=headers))
    request = cgi_environment(target, headers)
    config = {"CLOUDCHAT_CONFIG": str(store.data / "cloud-chat.conf"), **environment(stores.SETTINGS)}
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


def cgi_line(what, rounds):
    product, constant = rounds[-1]
    return Line(f"plain CGI, from exec to the first byte: {what}",
                [product / constant for product, constant in rounds], at_most=2,
                note=f"{product / 1000:.2f} and {constant / 1000:.2f} ms")


def row_cgi(options):
    """From exec to the first byte"""
    store = stores.copy(rows_http.seeded(), "product")
    reader = bearer(store.people[rows_http.READER])
    return [cgi_line("GET /config", compare("status", "/config", {}, store, options)),
            cgi_line(f"GET /chat/rooms, {rows_http.PARTNERS} rooms",
                     compare("chat", "/chat/rooms", reader, store, options))]
