"""Load on a server, by wrk (HTTP/1.1, keep-alive). A connection asks again when it is answered: at
once, or after a pause, which makes a load that is about the same whatever it is put on."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).parent / "wrk"
CONNECTIONS = 64


@dataclass
class Load:
    """What is asked for. No script: GET of `target`."""
    target: str = "/"
    script: str = "report.lua"
    arguments: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    connections: int = CONNECTIONS
    pause_ms: int | None = None


@dataclass
class Outcome:
    requests: int
    seconds: float
    refused: int  # answers of 400 and more
    broken: int  # no answer
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float

    @property
    def rate(self):
        return self.requests / self.seconds


def start(url, load, seconds):
    """A run of wrk under way; finish() gives what came out."""
    headers = [word for name, value in load.headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "10s",
               "-s", SCRIPTS / load.script, *headers, url + load.target, *load.arguments]
    env = {**os.environ, "LUA_PATH": f"{SCRIPTS}/?.lua;;"}
    if load.pause_ms is not None:
        env["PAUSE_MS"] = str(load.pause_ms)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=env)


def finish(running):
    out, complaints = running.communicate()
    assert running.returncode == 0 and not complaints, complaints or out
    outcome = Outcome(**json.loads(out.splitlines()[-1]))
    assert outcome.requests > 0, "no request was answered"
    assert outcome.refused == 0, f"{outcome.refused} of {outcome.requests} requests were refused"
    assert outcome.broken == 0, f"{outcome.broken} requests were not answered"
    return outcome


def run(url, load, seconds):
    return finish(start(url, load, seconds))


def run_number():
    """For send.lua: the time, as UUIDv7 begins."""
    return f"{time.time_ns() // 1_000_000:012x}"
