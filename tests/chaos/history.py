"""What was asked of the server and what it answered, in the order in which the one driver saw it.

Each exchange is two JSON lines: `invoke` before the request leaves, and `answer` or `lost` when
its outcome is there. So for two exchanges, "the answer of this one stands before the invoke of that
one" means that the one was over before the other began.

    {"t": 12.3, "e": "invoke", "x": 7, "op": "send", "user": .., "room": .., "client_id": ..,
     "text": .., "attempt": 1}
    {"t": 12.4, "e": "answer", "x": 7, "status": 201, "got": {"id": .., "seq": 5, "rev": 8, ..}}
    {"t": 12.4, "e": "lost", "x": 8, "why": ".."}

t is CLOCK_MONOTONIC in seconds, the same in all processes of the machine. Operations:

    send     got: the message, see brief()
    list     query {"before" | "after": seq, "limit": n}; got: items, seq, has_before, has_after
    changes  reader (whose state it adds to), since; got: sync, rev, messages, members, more, reset
    cursor   read_seq; got: nothing
    rooms    got: items: room, seq, rev, unread, read_seq
An answer that is no success has `code`, of its problem document (None: the web server's own), and
no `got`."""

import json
import time


def brief(message):
    """What is kept of a message: [seq, rev, author, client_id, text, id]."""
    return [message["seq"], message["rev"], message["author_id"], message["client_id"],
            message["data"]["text"], message["id"]]


class History:
    """Grows in memory and, line by line, in a file for those who look into a failure."""

    def __init__(self, path):
        self.path = path
        self.events = []
        self.count = 0
        self._file = open(path, "w")

    def invoke(self, op, **what):
        self.count += 1
        self._note({"t": time.monotonic(), "e": "invoke", "x": self.count, "op": op, **what})
        return self.count

    def answer(self, x, status, **what):
        self._note({"t": time.monotonic(), "e": "answer", "x": x, "status": status, **what})

    def lost(self, x, why):
        self._note({"t": time.monotonic(), "e": "lost", "x": x, "why": why})

    def _note(self, event):
        self.events.append(event)
        self._file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def close(self):
        self._file.close()


def read(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def exchanges(events):
    """Pairs of (invoke, outcome), by invoke; the outcome is None where the driver was stopped."""
    outcome = {event["x"]: event for event in events if event["e"] != "invoke"}
    return [(event, outcome.get(event["x"])) for event in events if event["e"] == "invoke"]
