"""The same programs as plain CGI, started by the web server for each request."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from client import Client
from server import BACKEND, PROGRAMS, STAGE, Server, free_port, needs_sqlite, wait_for
from test_main_job import the_main_job

LIGHTTPD = shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin")


def configuration(server):
    programs = {prefix: name for name, paths in server.programs.items() for prefix in paths}
    aliases = ",\n".join(f'  "{prefix}" => "{PROGRAMS}/{name}.fcgi"'
                         for prefix, name in programs.items())
    env = {"CLOUDCHAT_CONFIG": f"{server.data}/cloud-chat.conf", **BACKEND.environment}
    variables = ",\n".join(f'  "{name}" => "{value}"' for name, value in env.items())
    return f"""
server.document-root = "{STAGE}/share/cloud-chat/www"
server.port = {server.port}
server.bind = "127.0.0.1"
server.errorlog = "{server.data}/run/cgi.log"
server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
server.max-request-size = 16384
alias.url = (
{aliases}
)
setenv.add-environment = (
{variables}
)
cgi.assign = (".fcgi" => "")
"""


class CgiServer(Server):
    """A folder that `cloudchat serve` once made, now served by another web server."""

    def __init__(self, data):
        super().__init__(data)
        self.programs = None

    def start(self):
        super().start()
        self.programs = Client(self.url).get("/config", expect=200).json()["programs"]
        self.stop()
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.write_settings()
        path = self.data / "run" / "cgi.conf"
        path.write_text(configuration(self))
        with open(self.console, "ab") as out:
            self.process = subprocess.Popen([LIGHTTPD, "-D", "-f", path], stdout=out, stderr=out)
        wait_for("GET /config 200", self._is_ready)
        return self

    def write_settings(self):
        """What was in the environment has to be in the file."""
        path = self.data / "cloud-chat.conf"
        settings = {**self.settings, "server.public_url": self.url}
        sections = {}
        for key, value in settings.items():
            section, name = key.split(".")
            sections.setdefault(section, []).append(f"{name} = {value}")
        text = "".join(f"[{section}]\n" + "\n".join(lines) + "\n"
                       for section, lines in sections.items())
        path.write_text(text)

    def stop(self):
        if self.programs is None or self.process is None:
            return super().stop()
        process, self.process = self.process, None
        process.terminate()
        process.wait(20)
        self.check_log()


@pytest.fixture(scope="module")
def cgi(tmp_path_factory):
    if not LIGHTTPD:
        pytest.skip("lighttpd is not installed")
    server = CgiServer(Path(tmp_path_factory.mktemp("cgi")) / "data")
    yield server.start()
    server.stop()


def test_the_main_job_by_cgi(cgi):
    the_main_job(cgi)


def test_a_query_without_equals_is_no_argument(cgi):
    """RFC 3875 4.4 makes words of the query arguments of the program."""
    for query in ("--version", "--routes", "-h", "--help+x"):
        assert "programs" in Client(cgi.url).get("/config?" + query, expect=200).json()


def test_a_header_is_no_setting(cgi):
    headers = {"proxy": "http://evil.example", "cloudchat-config": "/dev/null"}
    Client(cgi.url).get("/config", headers=headers, expect=200)


def test_head_and_errors_by_cgi(cgi):
    client = Client(cgi.url)
    client.request("HEAD", "/config", expect=200)
    client.delete("/config", expect=405)
    client.get("/profile", expect=401)
    client.get("/chat/nothing", expect=404)
    client.post("/auth/sign-in", {"password": 1}, expect=422)


@needs_sqlite("only a database in a file has a log")
def test_a_long_log_is_read_by_one_program_alone(cgi):
    """As a server leaves it that was killed. The first program to open the database reads it all,
    and empties it when it ends."""
    log = cgi.data / "cloud-chat.db-wal"
    os.truncate(log, 2 << 20)
    Client(cgi.url).get("/config", expect=200)
    wait_for("an empty log", lambda: log.stat().st_size == 0)
    Client(cgi.url).get("/readyz", expect=200)
