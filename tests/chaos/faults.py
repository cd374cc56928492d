"""Faults of system calls on the database's files, made by strace in a process that runs."""

import signal
import subprocess
from contextlib import contextmanager

from server import wait_for

FILES = ("cloud-chat.db", "cloud-chat.db-wal", "cloud-chat.db-shm")


@contextmanager
def injected(pids, data, fault, log):
    """`fault` as strace -e inject= takes it, in these processes and in what they fork."""
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", "signal=none",
               "-e", f"inject={fault}", "-e", f"trace={fault.split(':')[0]}"]
    for file in FILES:
        command += ["-P", str(data / file)]
    for pid in pids:
        command += ["-p", str(pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait_for("strace is attached", lambda: all(is_traced(pid, tracer.pid) for pid in pids))
        yield
    finally:
        end(tracer)


def end(tracer):
    tracer.send_signal(signal.SIGINT)  # it detaches
    try:
        tracer.wait(5)
    except subprocess.TimeoutExpired:  # it may wait for ever for one that was killed under it
        tracer.kill()
        tracer.wait()


def is_traced(pid, by):
    with open(f"/proc/{pid}/status") as file:
        return f"TracerPid:\t{by}\n" in file.read()


def injections(log):
    """How often it struck."""
    return log.read_text().count("(INJECTED)")
