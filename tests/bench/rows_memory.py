"""How much memory all programs take, at rest: proportional set sizes (PSS), which count a page that
several share by its share."""

import json
import re
import time
from pathlib import Path

import rows_http
import stores
import wrk
from server import children
from sites import Site, ask, bearer
from table import Figures, Line, Row

THREADS = 4
REQUESTS = 1000
STARTS = 3


def pss_mb(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB$", text, re.M).group(1)) * 1024 / 1e6


def settled(read, still_s=1.0, seconds=20):
    """What read() gives once it has not changed for a while."""
    deadline = time.monotonic() + seconds
    last, since = read(), time.monotonic()
    while time.monotonic() - since < still_s and time.monotonic() < deadline:
        time.sleep(0.1)
        now = read()
        if now != last:
            last, since = now, time.monotonic()
    return last


def sizes(site):
    """MB of each handler, and of all with the parent and the web server."""
    pids = children(site.process.pid)
    names = {pid: Path(f"/proc/{pid}/exe").resolve().name for pid in pids}
    handlers = {names[pid]: pss_mb(pid) for pid in pids if names[pid].endswith(".fcgi")}
    return handlers, sum(pss_mb(pid) for pid in (site.process.pid, *pids))


def requests(store):
    """Some of each program: (method, target, headers, body)."""
    reader = store.people[rows_http.READER]
    hot = rows_http.hot_room(store)
    room = rows_http.send_rooms(store)[0]
    as_json = {"Content-Type": "application/json"}
    sign_in = {"phone_number": store.people[-1].phone_number, "password": stores.PASSWORD}
    send = {"room_id": room.id, "type": "text", "data": {"text": "Hello"},
            "client_id": f"{wrk.run_number()}-7000-8000-00000000000"}
    return {
        "auth": [("POST", "/auth/sign-in", as_json, sign_in),
                 ("GET", "/auth/sessions", bearer(reader), None)],
        "chat": [("GET", "/chat/rooms", bearer(reader), None),
                 ("GET", f"/chat/messages?room_id={hot.id}",
                  bearer(store.people[hot.people[0]]), None),
                 ("POST", "/chat/messages", {**bearer(store.people[room.people[0]]), **as_json},
                  send)],
        "profile": [("GET", "/profile", bearer(reader), None),
                    ("GET", "/profile/preferences", bearer(reader), None)],
        "status": [("GET", "/config", {}, None), ("GET", "/readyz", {}, None)],
    }


def warm_up(site, asked, times):
    for wanted in asked.values():
        for n in range(times):
            method, target, headers, body = wanted[n % len(wanted)]
            if body and "client_id" in body:
                body = {**body, "client_id": f"{wrk.run_number()}-{n}"}
            answer = ask(site.url, target, method, headers, body and json.dumps(body))
            assert answer.status < 400, (target, answer.status, answer.body[:300])


def measure_start():
    """After a few requests to each program, and after many."""
    store = stores.copy(rows_http.seeded(), "product")
    with Site(store.data, {"http.threads": THREADS}) as site:
        asked = requests(store)
        warm_up(site, asked, 2 * THREADS)
        few = settled(lambda: sizes(site))
        # no sign-ins: a thousand would take half a minute
        asked["auth"] = asked["auth"][1:]
        warm_up(site, asked, REQUESTS)
        return few, settled(lambda: sizes(site))


def measure(options):
    starts = [measure_start() for _ in range(min(STARTS, options.rounds))]
    return [figures for measured in zip(*starts) for figures in summed_up(measured)]


def summed_up(measured):
    each = ", ".join(f"{name} {mb:.1f}" for name, mb in measured[-1][0].items())
    return [Figures([max(h.values()) for h, _ in measured], each),
            Figures([sum(h.values()) for h, _ in measured]),
            Figures([everything for _, everything in measured])]


def lines(when, largest=None, handlers=None, everything=None):
    return (Line(f"memory (PSS) at rest, {THREADS} threads each{when}: largest handler",
                 at_most=largest, unit=" MB"),
            Line("the same: all handlers", at_most=handlers, unit=" MB"),
            Line("the same: with lighttpd and the parent", at_most=everything, unit=" MB"))


ROWS = {
    "memory": Row(lines("", 4, 22, 26) + lines(f", after {REQUESTS:,} requests to each"), measure),
}
