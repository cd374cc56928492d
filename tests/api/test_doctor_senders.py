"""`cloudchat doctor` of who sends codes: a mail server and a hook, each broken on purpose. That
nothing is sent is seen by them. SNS is in tests/aws/test_doctor_sms.py."""

import base64
import http.server
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest
from doctor_lines import examine, found, only_wrong, text_of
from server import Server, free_port, needs_sqlite

pytestmark = needs_sqlite("who sends codes is the same with every store")

USER, PASSWORD = "chat", "the password of the mail server"


@pytest.fixture
def certificate(tmp_path):
    """Of localhost, signed by nobody."""
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-out", paths[0], "-keyout",
                    paths[1]], check=True, capture_output=True)
    return paths


@pytest.fixture
def site(tmp_path):
    made = Server(tmp_path / "data")
    for command in ("init", "tick"):
        run = made.run(command)
        assert run.returncode == 0, run.stderr
    return made


# --- a mail server --------------------------------------------------------------------------------


class Mailer:
    """One that speaks as much SMTP as a greeting and a sign-in need, one connection after another;
    `heard` has the verbs."""

    def __init__(self, certificate=None):
        self.heard = []
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            try:
                self.talk(connection)
            except OSError:  # who does not trust us leaves
                pass
            finally:
                connection.close()

    def talk(self, connection):
        lines, secure = connection.makefile("rwb"), False

        def say(text):
            lines.write(text.encode() + b"\r\n")
            lines.flush()

        say("220 localhost")
        while line := lines.readline().decode().strip():
            verb = line.split()[0].upper()
            self.heard.append(verb)
            if verb == "EHLO":
                offered = "AUTH PLAIN" if secure or not self.context else "STARTTLS"
                say(f"250-localhost\r\n250 {offered}")
            elif verb == "STARTTLS":
                say("220 go on")
                connection = self.context.wrap_socket(connection, server_side=True)
                lines, secure = connection.makefile("rwb"), True
            elif verb == "AUTH":
                proof = line.split()[2] if len(line.split()) > 2 else None
                if proof is None:
                    say("334 ")
                    proof = lines.readline().decode().strip()
                right = base64.b64decode(proof).split(b"\0")[1:] == [
                    USER.encode(), PASSWORD.encode()]
                say("235 welcome" if right else "535 no")
            else:
                say("221 bye" if verb == "QUIT" else "250 ok")


@contextmanager
def mailer(certificate=None):
    server = Mailer(certificate)
    try:
        yield server
    finally:
        server.listener.close()


def mail_by(site, server, **more):
    site.settings |= {"codes.email": "smtp", "smtp.host": "localhost", "smtp.port": server.port,
                      "smtp.from": "chat@example.org", "smtp.user": USER,
                      "smtp.password": PASSWORD,
                      **{key.replace("__", "."): value for key, value in more.items()}}
    return site


def test_a_mail_server_that_takes_our_mail_gets_none(site, certificate):
    with mailer(certificate) as server:
        lines = examine(mail_by(site, server, smtp__ca_file=certificate[0]))
    assert "takes mail from us" in text_of(lines, "mail server")
    assert {"EHLO", "STARTTLS", "AUTH"} <= set(server.heard)
    assert not {"MAIL", "RCPT", "DATA"} & set(server.heard)


def test_a_mail_server_that_does_not_know_us(site, certificate):
    with mailer(certificate) as server:
        only_wrong(mail_by(site, server, smtp__ca_file=certificate[0], smtp__password="another"),
                   "mail server", "[smtp] user")


def test_no_secret_of_a_sender_is_shown(site, certificate):
    with mailer(certificate) as server:
        for password in (PASSWORD, "another"):
            run = mail_by(site, server, smtp__ca_file=certificate[0],
                          smtp__password=password).run("doctor")
            assert password not in run.stdout + run.stderr


def test_a_mail_server_whose_certificate_nobody_signed(site, certificate):
    with mailer(certificate) as server:
        only_wrong(mail_by(site, server), "mail server", "[smtp] ca_file")
    assert "AUTH" not in server.heard


def test_a_mail_server_without_tls_gets_no_password(site):
    with mailer() as server:
        only_wrong(mail_by(site, server), "mail server", "[smtp] security")
        assert "AUTH" not in server.heard
        assert "takes mail" in text_of(examine(mail_by(site, server, smtp__security="none")),
                                       "mail server")


def test_nobody_at_the_mail_server(site):
    class Nobody:
        port = free_port()

    only_wrong(mail_by(site, Nobody), "mail server", "[smtp] host and port")


# --- a hook ---------------------------------------------------------------------------------------


@contextmanager
def hook(certificate):
    """`heard` has the methods."""
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            heard.append(self.command)
            self.send_response(405)
            self.end_headers()

        do_HEAD = do_POST = do_GET = answer

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}/send", heard
    finally:
        server.shutdown()
        server.server_close()


def test_a_hook_that_answers_is_not_made_to_send(site, certificate):
    with hook(certificate) as (url, heard):
        site.settings |= {"codes.sms": "hook", "codes.email": "hook", "hook.url": url,
                          "hook.ca_file": certificate[0]}
        assert "answers" in text_of(examine(site), "hook")
    assert heard == ["HEAD"]


def test_a_hook_whose_certificate_nobody_signed(site, certificate):
    with hook(certificate) as (url, heard):
        site.settings |= {"codes.sms": "hook", "hook.url": url}
        only_wrong(site, "hook", "[hook] ca_file")
    assert heard == []


def test_nobody_at_the_hook(site):
    site.settings |= {"codes.sms": "hook", "hook.url": f"https://localhost:{free_port()}/"}
    only_wrong(site, "hook", "Nobody answers")
    site.settings |= {"hook.url": "https://hook.nowhere.invalid/"}
    only_wrong(site, "hook", "no address")


# --- none -----------------------------------------------------------------------------------------


def test_who_gets_no_code_is_said(site):
    site.settings |= {"codes.sms": "none", "codes.email": "none"}
    assert "nobody can sign up" in text_of(examine(site), "codes", "warning")
    site.settings |= {"codes.sms": "outbox"}
    lines = examine(site)
    assert "[codes] email is none" in text_of(lines, "codes")
    assert "codes reach nobody" in text_of(lines, "outbox", "warning")


# --- sending, where that is asked for -------------------------------------------------------------


@pytest.mark.parametrize("to, channel", (("+4915112345678", "sms"), ("a@example.org", "email")))
def test_a_test_message_goes_the_way_of_a_code(site, to, channel):
    lines = found(site.run("doctor", "--send-test", to).stdout)
    assert f"on its way to {to}" in text_of(lines, "test")
    [notice] = site.notices(to)
    assert notice["channel"] == channel and "test of Cloud Chat" in notice["text"]


def test_a_test_message_that_nobody_takes(site):
    class Nobody:
        port = free_port()

    lines = examine(mail_by(site, Nobody), "--send-test", "a@example.org")
    assert "No message could be sent" in text_of(lines, "test", "not ok")
    site.settings |= {"codes.sms": "none", "codes.email": "none"}
    assert "none" in text_of(examine(site, "--send-test", "a@example.org"), "test", "not ok")


def test_a_test_message_needs_a_number_or_an_address(site):
    assert site.run("doctor", "--send-test", "4915112345678").returncode == 2
    assert site.run("doctor", "--send-test", "Ada").returncode == 2
