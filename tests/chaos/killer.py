"""Kills workers of a running `cloudchat serve` with SIGKILL, one every so often, and sees to it that
the one it kills has a request in hand: it stops it, looks for an accepted connection among its
descriptors, and lets it go on if there is none.

    killer.py PARENT PROGRAM SECONDS EVERY_MS

A process of its own, so that looking does not slow the load down. One JSON line a kill:
    {"from": .., "to": .., "pid": .., "in_hand": accepted connections, "looks": ..}
It died at some time between the two (CLOCK_MONOTONIC)."""

import json
import os
import random
import signal
import sys
import time

# Between two rounds of looking: a request takes about as long, and a core is not to be eaten up.
PAUSE_S = 0.0003


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def workers(parent, program):
    found = []
    for pid in children(parent):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith(f"/{program}.fcgi"):
                found.append(pid)
        except OSError:
            pass  # it has just died
    return found


def sockets(pid):
    """The sockets among a worker's descriptors, by number: what they are called in /proc."""
    found = {}
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            if int(fd) > 2 and target.startswith("socket:"):
                found[fd] = target
    except OSError:
        pass  # closed meanwhile, or dead
    return found


def connections(program):
    """All that were accepted at a socket of that name: they bear its path, and the pair that each
    thread feeds libfcgi by bears none."""
    with open("/proc/net/unix") as file:
        rows = [line.split() for line in file]
    return {f"socket:[{row[6]}]" for row in rows
            if len(row) == 8 and row[5] == "03" and row[7].endswith(f"/{program}.sock")}


def accepted(pid, program):
    """How many connections a worker holds."""
    return len(connections(program) & set(sockets(pid).values()))


def seems_busy(pid, program, idle):
    """A quick look at a worker that runs. `idle` remembers which sockets of each one are there to
    stay, so that they need not be looked at again."""
    known = idle.setdefault(pid, set())
    new = set(sockets(pid).values()) - known
    if not new:
        return False
    busy = new & connections(program)
    known |= new - busy
    return bool(busy)


def is_stopped(pid):
    """Every thread of it: SIGSTOP reaches them one by one."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as file:
            if file.read().rsplit(")", 1)[1].split()[0] not in "Tt":
                return False
    return True


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 0.2
    while not is_stopped(pid) and time.monotonic() < deadline:
        pass


def catch(pid, program, idle):
    """Connections in the hand of a worker, which is stopped if there are some."""
    if not seems_busy(pid, program, idle):
        return 0
    stop(pid)
    count = accepted(pid, program)
    if not count:
        os.kill(pid, signal.SIGCONT)
    return count


def kill_one(parent, program, until, idle):
    """Looks at random workers until one has something in hand; when the time is over, kills any."""
    looks, in_hand, pid = 0, 0, None
    while not in_hand and time.monotonic() < until:
        pids = workers(parent, program)
        random.shuffle(pids)
        for pid in pids:
            looks += 1
            try:
                in_hand = catch(pid, program, idle)
            except OSError:
                continue  # it died meanwhile
            if in_hand:
                break
        else:
            time.sleep(PAUSE_S)
    if pid is None:
        return None
    try:
        if not in_hand:
            stop(pid)
            in_hand = accepted(pid, program)
        before = time.monotonic()
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return None  # it died by itself
    return {"from": before, "to": time.monotonic(), "pid": pid, "in_hand": in_hand, "looks": looks}


def main(parent, program, seconds, every_ms):
    every = every_ms / 1000
    began = time.monotonic()
    due, idle = began, {}
    while (due := due + every) < began + seconds:
        time.sleep(max(0, due - time.monotonic()))
        kill = kill_one(parent, program, due + every, idle)
        if kill:
            print(json.dumps(kill), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
