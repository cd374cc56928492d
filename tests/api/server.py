"""An installed Cloud Chat, run as its operator would run it: `cloudchat serve` on a free port and
a data folder of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

import backends
import pytest
from client import Client

ROOT = Path(__file__).resolve().parents[2]
STAGE = Path(os.environ.get("STAGE", ROOT / "build" / "stage"))
CLOUDCHAT = STAGE / "bin" / "cloudchat"
PROGRAMS = STAGE / "lib" / "cloud-chat"
BACKEND = backends.named(os.environ)
IDENTITY = BACKEND.identity

# Cheap passwords and wide throttles; what tests those sets them itself.
QUICK = {
    "identity.argon2_memory_kib": 64,
    "identity.argon2_passes": 1,
    "identity.argon2_queue": 1000,
    "identity.sign_up_address_hour": 1000000,
    "identity.recover_address_hour": 1000000,
    "identity.wrong_passwords_address_hour": 1000000,
    "chat.discover_numbers_day": 10000,
    "codes.sms": "outbox",
    "codes.email": "outbox",
    "codes.sms_day_max": 0,
    "codes.email_day_max": 0,
    "codes.address_day_max": 0,
}

SANITIZERS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
              "WARNING: ThreadSanitizer")


def wait_for(what, ask, seconds=20.0, every=0.01):
    """Asks until the answer is true, and gives it."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(every)


def needs_sqlite(why):
    """A mark for tests of what only a database in a file has."""
    return pytest.mark.skipif(BACKEND.name != "sqlite", reason=why)


def needs_local(why):
    """A mark for tests of what only accounts in the store have."""
    return pytest.mark.skipif(IDENTITY.name != "local", reason=why)


needs_rotation = pytest.mark.skipif(not IDENTITY.rotates,
                                    reason="MiniStack gives no other refresh token than the first")


def signed_out(client, target="/profile", **more):
    """The refusal of who was signed in, within the time that the backend takes for it: each program
    may remember him by itself."""
    def refusal():
        reply = client.get(target, **more)
        return reply if reply.status == 401 else None

    # One second more where it takes time at all: the last question is asked after its end.
    return wait_for("401", refusal, seconds=BACKEND.sign_out_s and BACKEND.sign_out_s + 1)


def free_port():
    """Not one of those that the system gives to whoever connects: it would be gone by the time it
    is listened at."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def environment(settings):
    """Settings as environment variables; nothing of the caller's own leaks in."""
    env = {name: os.environ[name] for name in os.environ
           if name in ("PATH", "HOME", "LANG", "TMPDIR") or name.endswith("SAN_OPTIONS")}
    for key, value in settings.items():
        env["CLOUDCHAT_" + key.upper().replace(".", "_")] = str(value)
    return env


class Server:
    def __init__(self, data, settings=None, quick=True, user=None, env=None):
        self.data = Path(data)
        self.stage = STAGE
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.settings = {**BACKEND.settings(self.data), **(QUICK if quick else {}),
                         **(settings or {})}
        self.cors = "http.cors_origins" in self.settings
        self.user = user
        self.env = {**BACKEND.environment, **(env or {})}
        self.is_prepared = False
        self.console = self.data.with_name(self.data.name + ".console")
        self.secrets = set()
        self.process = None
        self._taken = {}

    @property
    def command(self):
        return self.stage / "bin" / "cloudchat"

    def environment(self):
        return {**environment(self.settings), **self.env}

    def start(self):
        if not self.is_prepared:
            BACKEND.prepare(self)
            self.is_prepared = True
        with open(self.console, "ab") as out:
            self.process = subprocess.Popen(
                [self.command, "serve", "--data", self.data, "--port", str(self.port)], stdout=out,
                stderr=out, stdin=subprocess.DEVNULL, env=self.environment(),
                cwd=self.data.parent, start_new_session=True, **self.as_user())
        wait_for("GET /config 200", self._is_ready)
        return self

    def as_user(self):
        """For subprocess: who it runs as."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def _is_ready(self):
        assert self.process.poll() is None, f"it ended:\n{self.log()[-4000:]}"
        try:
            return Client(self.url, self.cors).get("/config").status == 200
        except OSError:
            return False

    def stop(self):
        """As an operator would; it must end well, and have nothing to complain about."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"it does not stop:\n{self.log()[-4000:]}") from None
        assert status == 0, f"it ended with {status}:\n{self.log()[-4000:]}"
        self.check_log()

    def restart(self):
        self.stop()
        return self.start()

    # --- what it wrote ---------------------------------------------------------------------------

    def log(self):
        files = [self.console, *sorted((self.data / "run").glob("*.log"))]
        return "\n".join(f.read_text(errors="replace") for f in files if f.exists())

    def log_lines(self):
        """The structured ones."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def check_log(self):
        text = self.log()
        for mark in SANITIZERS:
            assert mark not in text, text[text.index(mark):][:6000]
        lines = self.log_lines()
        errors = [line for line in lines if line["level"] == "error"]
        assert not errors, errors
        logged = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        told = [secret for secret in self.secrets if secret in logged]
        assert not told, f"the log tells {told}"

    def notices(self, to):
        """What was "sent" to a number or address, oldest first."""
        path = self.data / "outbox.jsonl"
        if not path.exists():
            return []
        lines = path.read_text().split("\n")[:-1]  # the last one may still be on its way
        return [notice for notice in map(json.loads, lines) if notice["to"] == to]

    def notice(self, to):
        """The next one that was not taken yet."""
        taken = self._taken.get(to, 0)
        found = wait_for(f"a notice to {to}", lambda: self.notices(to)[taken:])
        self._taken[to] = taken + 1
        return found[0]

    def code(self, to):
        """The one that confirms a sign-up."""
        return IDENTITY.sign_up_code(self, to)

    def recovery_code(self, to):
        return IDENTITY.recovery_code(self, to)

    # --- its processes ---------------------------------------------------------------------------

    def workers(self, program):
        """Process ids of a program's workers."""
        return self.children_named(program + ".fcgi")

    def web_server(self):
        return next(iter(self.children_named("lighttpd")), None)

    def children_named(self, name):
        found = []
        for pid in children(self.process.pid):
            try:
                if os.readlink(f"/proc/{pid}/exe").endswith("/" + name):
                    found.append(pid)
            except OSError:
                pass
        return found

    def run(self, *arguments, **more):
        """The operator's command, on this data."""
        return subprocess.run([self.command, *arguments, "--data", self.data], capture_output=True,
                              text=True, timeout=60, env=self.environment(), **more)


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def cpu_ticks(pid):
    """How long a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
