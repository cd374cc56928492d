"""A mail server (tests/mail) and a service that sends SMS, which the tests ask to fail."""

import email
import email.policy
import json
import ssl
import struct
import subprocess
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

from server import wait_for

PROGRAM = Path(__file__).resolve().parents[1] / "mail" / "server.js"
USER, PASSWORD = "codes@example.org", "a secret: of mail"


def authority(folder, names="IP:127.0.0.1,DNS:localhost"):
    """A certificate, for this machine unless told otherwise, which is its own authority, and its
    key."""
    folder.mkdir(exist_ok=True)
    made = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=x",
                    "-addext", f"subjectAltName={names}",
                    "-out", made[0], "-keyout", made[1]], check=True, capture_output=True)
    return made


# --- mail -----------------------------------------------------------------------------------------


class Mailbox:
    """What the mail server says, and what it is told."""

    def __init__(self, process):
        self.process = process
        self.said = []
        threading.Thread(target=self._listen, daemon=True).start()
        self.port = wait_for("the mail server", lambda: self._all("port"))[0]

    def _listen(self):
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def _all(self, kind):
        return [said[kind] for said in list(self.said) if kind in said]

    def fail(self, to, *faults):
        """What happens to the next tries to that address; see tests/mail/server.js."""
        self.process.stdin.write(json.dumps({"to": to, "faults": faults}) + "\n")
        self.process.stdin.flush()
        wait_for("the faults are set", lambda: to in self._all("set"))

    def tries(self, to):
        """Each mail of which all came in, taken or not."""
        return [parse(mail) for mail in self._all("tried") if mail["to"] == to]

    def mails(self, to):
        return [parse(mail) for mail in self._all("mail") if mail["to"] == to]

    def errors(self):
        return self._all("error")

    def sign_ins(self):
        """Who tried to, with whatever password."""
        return self._all("auth")

    def code(self, to, number=0):
        """Of the mail of that number that was taken."""
        mails = wait_for(f"a mail to {to}", lambda: self.mails(to)[number:], seconds=30)
        return code_of(mails[0].get_content())


def parse(mail):
    message = email.message_from_bytes(mail["text"].encode("latin-1"), policy=email.policy.SMTP)
    message.envelope = mail
    return message


def code_of(text):
    """The six digits that a text begins with."""
    assert text[:6].isdigit() and text[6] == " ", text
    return text[:6]


@contextmanager
def mail_server(certificate, security="starttls"):
    """security: what it offers, as [smtp] security has it."""
    process = subprocess.Popen(["node", PROGRAM, *certificate, USER, PASSWORD, security], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Mailbox(process)
    finally:
        process.stdin.close()
        assert process.wait(10) == 0


def smtp(mailbox, certificate, **more):
    """Settings of a server that sends mail there."""
    return {"codes__email": "smtp", "smtp__host": "127.0.0.1", "smtp__port": mailbox.port,
            "smtp__user": USER, "smtp__password": PASSWORD, "smtp__from": "codes@example.org",
            "smtp__ca_file": certificate[0], **more}


# --- SMS ------------------------------------------------------------------------------------------


class Service(ThreadingHTTPServer):
    """Keeps each request by the number that `number_of` finds in it. The n-th to one number fails
    as `faults[number][n]` says: a status, (status, Retry-After), "before", "after" or "silent"."""

    daemon_threads = True

    def __init__(self, number_of, certificate=None):
        super().__init__(("127.0.0.1", 0), Answering)
        self.number_of = number_of
        self.faults = {}
        self.tries = defaultdict(list)
        self.ends = threading.Event()
        scheme = "http"
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            self.socket = tls.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)
            scheme = "https"
        self.url = f"{scheme}://localhost:{self.server_address[1]}/send?via=1"

    def handle_error(self, request, client_address):
        pass  # who does not trust us, or was reset

    def sent(self, number):
        """The requests that were answered with success, or would have been."""
        return [one for one in list(self.tries[number]) if one["fault"] in (None, "after")]


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.send_response(405)
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        number = self.server.number_of(body)
        earlier = self.server.tries[number]
        faults = self.server.faults.get(number, ())
        fault = faults[len(earlier)] if len(earlier) < len(faults) else None
        earlier.append({"path": self.path, "headers": self.headers, "body": body, "fault": fault,
                        "at": time.monotonic()})
        self.answer(fault)

    def answer(self, fault):
        if fault == "silent":
            self.server.ends.wait(60)
            self.close_connection = True
        elif fault in ("before", "after"):
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            status, after = fault if isinstance(fault, tuple) else (fault or 201, None)
            self.send_response(status)
            if after is not None:
                self.send_header("Retry-After", str(after))
            self.send_header("Content-Length", "0")
            self.end_headers()


@contextmanager
def service(number_of, certificate=None):
    made = Service(number_of, certificate)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        made.ends.set()
        made.shutdown()
        thread.join()
        made.server_close()
