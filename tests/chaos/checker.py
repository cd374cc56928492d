"""Holds a history (history.py) against a copy of the database, and says in a sentence what is wrong:
in which room, at which seq, whose message. Nothing said: nothing acknowledged was lost, nothing
stands twice, nothing is out of order, and nobody read what was not so.

It knows the promises and not the code that keeps them: each rule below is one promise. Two places
in a history can be compared: what was answered before something else was invoked came before it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import history
import store

# Nothing was done; anything else that is no success leaves it open.
NOTHING_DONE = ("unavailable", "storage_full")


@dataclass
class Send:
    """All that is known of one message that somebody wanted to send."""
    user: str
    room: str
    client_id: str
    text: str
    floor: int = 0  # seqs that were acknowledged in the room before it was first invoked
    open: int = 0  # attempts whose outcome nobody knows
    acks: list = field(default_factory=list)  # (status, [seq, rev, author, client_id, text, id])


@dataclass
class Case:
    """A history, taken apart, and the rows."""
    rooms: dict
    sends: dict = field(default_factory=dict)  # (room, user, client_id): Send
    reads: dict = field(default_factory=lambda: defaultdict(list))  # op: (invoke, got, floor)
    moves: dict = field(default_factory=lambda: defaultdict(int))  # (room, user): read_seq at least
    last_send: dict = field(default_factory=dict)  # room: the exchange
    said: list = field(default_factory=list)

    def say(self, sentence):
        self.said.append(sentence)


def check(events, path):
    """Sentences about what is wrong; none is the wish. `path`: a database that nobody uses."""
    rooms, broken = store.read(path)
    case = Case(rooms)
    for complaint in broken:
        case.say(f"the database is damaged: {complaint}")
    take_apart(case, events)
    for room in rooms.values():
        for rule in ROWS:
            rule(case, room)
    for send in case.sends.values():
        check_send(case, send)
    check_reads(case)
    return case.said


# --- the history ----------------------------------------------------------------------------------


def take_apart(case, events):
    """One pass in the order of time. `top` is the newest seq of each room that anybody has been
    told of as acknowledged; what is invoked afterwards must lie behind it, or show it."""
    top = defaultdict(int)
    invoked = {}
    for event in events:
        if event["e"] == "invoke":
            invoked[event["x"]] = event, dict(top) if event["op"] == "rooms" else top[event["room"]]
            if event["op"] == "send":
                note_attempt(case, event, top[event["room"]])
            continue
        invoke, floor = invoked.pop(event["x"])
        if invoke["op"] == "send":
            note_outcome(case, invoke, event, top)
        elif "got" in event:
            note_read(case, invoke, event["got"], floor)
    for invoke, _ in invoked.values():  # the driver was stopped: anything may have happened
        if invoke["op"] == "send":
            send_of(case, invoke).open += 1


def send_of(case, invoke):
    return case.sends[invoke["room"], invoke["user"], invoke["client_id"]]


def note_attempt(case, invoke, floor):
    key = invoke["room"], invoke["user"], invoke["client_id"]
    case.last_send[invoke["room"]] = invoke["x"]
    if key not in case.sends:
        case.sends[key] = Send(invoke["user"], invoke["room"], invoke["client_id"],
                               invoke["text"], floor)


def note_outcome(case, invoke, event, top):
    send = send_of(case, invoke)
    if "got" in event:
        note_ack(case, send, event)
        top[send.room] = max(top[send.room], event["got"][0])
    elif event.get("code") not in NOTHING_DONE:
        send.open += 1


def note_ack(case, send, event):
    status, got = event["status"], event["got"]
    if status == 200 and not send.acks and not send.open:
        case.say(f"{name(send)} was refused as not done, and is there when it is sent again")
    if status == 201 and send.acks:
        case.say(f"{name(send)} was acknowledged as new twice: seq {send.acks[0][1][0]} and "
                 f"{got[0]}")
    if got[0] <= send.floor:
        case.say(f"{name(send)} got seq {got[0]}, but {send.floor} was acknowledged before it was "
                 "sent: the order is wrong")
    send.acks.append((status, got))


def note_read(case, invoke, got, floor):
    if invoke["op"] == "cursor":
        key = invoke["room"], invoke["user"]
        case.moves[key] = max(case.moves[key], invoke["read_seq"])
    else:
        case.reads[invoke["op"]].append((invoke, got, floor))


def name(send):
    return f"room {send.room}: message {send.client_id} of {send.user}"


# --- the rows -------------------------------------------------------------------------------------


def place(room, seq):
    """Where in `messages` a seq stands or would stand: rows are in the order of their seqs."""
    return bisect_left(room.messages, seq, key=lambda message: message["at"])


def find(room, seq):
    """The message at a seq; None: there is none."""
    at = place(room, seq)
    there = at < len(room.messages) and room.messages[at]["at"] == seq
    return room.messages[at] if there else None


def check_seqs(case, room):
    seqs = [message["at"] for message in room.messages]
    have = set(seqs)
    for seq in range(1, room.head["seq"] + 1):
        if seq not in have:
            case.say(f"room {room.id}: seq {seq} is missing")
    for message in room.messages:
        if message["at"] > room.head["seq"]:
            case.say(f"room {room.id}: seq {message['at']} lies behind HEAD.seq "
                     f"{room.head['seq']}")
        if message["seq"] != message["at"]:
            case.say(f"room {room.id}: the row of seq {message['at']} says seq {message['seq']}")


def is_counted(message):
    return message["type"] != "system"


def check_count(case, room):
    count = 0
    for message in room.messages:
        count += is_counted(message)
        if message["number"] != count:
            case.say(f"room {room.id}: seq {message['at']} says that it is number "
                     f"{message['number']}, it is {count}")
    if room.head["count"] != count:
        case.say(f"room {room.id}: HEAD.count is {room.head['count']}, there are {count}")


def check_revs(case, room):
    """The room's making, each member's joining and each message took one, and nothing else did."""
    taken = Counter([room.head["settings_rev"]])
    taken.update(room.members.values())
    taken.update(message["rev"] for message in room.messages)
    for rev in range(1, room.head["rev"] + 1):
        if taken[rev] == 0:
            case.say(f"room {room.id}: rev {rev} is of no row")
    for rev, times in taken.items():
        if times > 1:
            case.say(f"room {room.id}: rev {rev} was taken {times} times")
        if not 1 <= rev <= room.head["rev"]:
            case.say(f"room {room.id}: rev {rev} lies behind HEAD.rev {room.head['rev']}")
    for before, after in zip(room.messages, room.messages[1:]):
        if before["rev"] > after["rev"]:
            case.say(f"room {room.id}: seq {after['at']} has an older rev than "
                     f"seq {before['at']}")


def check_doubles(case, room):
    for what, key in (("client_id", lambda m: (m["author"], m["client_id"])),
                      ("text", lambda m: m["data"]["text"])):
        places = defaultdict(list)
        for message in room.messages:
            places[key(message)].append(message["at"])
        for value, seqs in places.items():
            if len(seqs) > 1:
                case.say(f"room {room.id}: the {what} {value!r} stands {len(seqs)} times, "
                         f"at seqs {seqs}")


def check_sent(case, room):
    """What makes a retry safe is there for each message, and for no other."""
    left = dict(room.sent)
    for message in room.messages:
        row = left.pop((message["author"], message["client_id"]), None)
        if row is None:
            case.say(f"room {room.id}: seq {message['at']} has no SENT: sent again it would come "
                     "twice")
        elif row["seq"] != message["at"]:
            case.say(f"room {room.id}: the SENT of {message['client_id']} names seq "
                     f"{row['seq']}, the message is {message['at']}")
    for (user, client_id), row in left.items():
        case.say(f"room {room.id}: there is a SENT of {client_id} by {user} for seq "
                 f"{row['seq']}, and no such message")


def check_origin(case, room):
    """Nobody's message came from nowhere."""
    for message in room.messages:
        send = case.sends.get((room.id, message["author"], message["client_id"]))
        if send is None:
            case.say(f"room {room.id}: seq {message['at']} is {message['client_id']} of "
                     f"{message['author']}, which nobody sent")
        elif send.text != message["data"]["text"]:
            case.say(f"{name(send)} at seq {message['at']} has another text than was sent")


def check_unread(case, room):
    newest_own = {}
    for message in room.messages:
        newest_own[message["author"]] = message["at"]
    for user in room.members:
        cursor = room.cursors.get(user)
        if cursor is None:
            case.say(f"room {room.id}: {user} has no cursor")
            continue
        check_cursor(case, room, user, cursor, newest_own.get(user, 0))


def count_of_others(room, user, after, up_to):
    """What somebody has not read who has read up to `after`."""
    rows = room.messages[place(room, after + 1):place(room, up_to + 1)]
    return sum(is_counted(row) and row["author"] != user for row in rows)


def check_cursor(case, room, user, cursor, own):
    read_seq = cursor["read_seq"]
    unread = room.head["count"] - cursor["read_count"]
    is_so = count_of_others(room, user, read_seq, room.head["seq"])
    if unread != is_so:
        case.say(f"room {room.id}: {user} has {unread} unread, but {is_so} messages of others "
                 f"stand behind seq {read_seq}")
    least = max(own, case.moves.get((room.id, user), 0))
    if read_seq < least:
        case.say(f"room {room.id}: {user} has read to seq {read_seq}, but to {least} was "
                 "acknowledged")
    if not read_seq <= cursor["delivered_seq"] <= room.head["seq"]:
        case.say(f"room {room.id}: the cursor of {user} is at {cursor['delivered_seq']}, read "
                 f"{read_seq}, of {room.head['seq']}")


ROWS = (check_seqs, check_count, check_revs, check_doubles, check_sent, check_origin, check_unread)


# --- what was acknowledged ------------------------------------------------------------------------


def as_told(room, row):
    """A row as history.brief() has it."""
    return [row["at"], row["rev"], row["author"], row["client_id"], row["data"]["text"],
            f"{room.id}.{row['at']}"]


def check_send(case, send):
    room = case.rooms.get(send.room)
    if room is None:
        case.say(f"{name(send)}: the room is gone")
        return
    for _, got in send.acks:
        row = find(room, got[0])
        if row is None or (row["author"], row["client_id"]) != (send.user, send.client_id):
            case.say(f"{name(send)} was acknowledged as seq {got[0]} and is not there: lost")
        elif as_told(room, row) != got:
            case.say(f"{name(send)} was acknowledged as {got} and is {as_told(room, row)}")
    if not send.acks and not send.open and (send.user, send.client_id) in room.sent:
        case.say(f"{name(send)} was refused each time as not done, and is there")


# --- what was read --------------------------------------------------------------------------------


def check_reads(case):
    for invoke, got, floor in case.reads["list"]:
        check_page(case, case.rooms[invoke["room"]], invoke, got, floor)
    for invoke, got, floor in case.reads["rooms"]:
        for item in got["items"]:
            check_room_item(case, invoke["user"], item, floor.get(item["room"], 0))
    for reads in by_reader(case).values():
        follow(case, case.rooms[reads[0][0]["room"]], reads)


def check_items(case, room, who, items):
    for item in items:
        row = find(room, item[0])
        if row is None or as_told(room, row) != item:
            case.say(f"room {room.id}: {who} was shown {item}, which is not what stands at seq "
                     f"{item[0]}")


def check_floor(case, room, who, seq, floor):
    if seq < floor:
        case.say(f"room {room.id}: {who} was shown the room up to seq {seq}, but {floor} was "
                 "acknowledged before he asked")
    if seq > room.head["seq"]:
        case.say(f"room {room.id}: {who} was shown the room up to seq {seq}, it ends at "
                 f"{room.head['seq']}")


def wanted(query, newest):
    """The first and last seq of the page that was asked for."""
    limit = query["limit"]
    if "after" in query:
        return min(query["after"], newest) + 1, min(query["after"] + limit, newest)
    last = min(query.get("before", newest + 1), newest + 1) - 1
    return max(1, last - limit + 1), last


def check_page(case, room, invoke, got, floor):
    who = f"{invoke['user']}, who asked for {invoke['query']},"
    first, last = wanted(invoke["query"], got["seq"])
    seqs = [item[0] for item in got["items"]]
    check_floor(case, room, who, got["seq"], floor)
    check_items(case, room, who, got["items"])
    if seqs != list(range(last, first - 1, -1)):
        case.say(f"room {room.id}: {who} was shown seqs {seqs} instead of {last} down to {first}")
    if (got["has_before"], got["has_after"]) != (first > 1, last < got["seq"]):
        case.say(f"room {room.id}: {who} was told wrongly whether there is more")


def check_room_item(case, user, item, floor):
    room = case.rooms[item["room"]]
    who = f"{user}, who listed his rooms,"
    check_floor(case, room, who, item["seq"], floor)
    is_so = count_of_others(room, user, item["read_seq"], item["seq"])
    if item["unread"] != is_so:
        case.say(f"room {room.id}: {who} was told of {item['unread']} unread between seqs "
                 f"{item['read_seq']} and {item['seq']}, there are {is_so}")


# --- who follows the changes ----------------------------------------------------------------------


def by_reader(case):
    readers = defaultdict(list)
    for read in case.reads["changes"]:
        readers[read[0]["reader"]].append(read)
    return readers


def follow(case, room, reads):
    """A client that applies all that it is given; who reads when all has been sent must hold what
    the store holds."""
    who = f"{reads[0][0]['user']}, who follows the changes,"
    seqs, members, rev = set(), {}, 0
    for invoke, got, floor in reads:
        if got["reset"]:
            case.say(f"room {room.id}: {who} was told to begin anew")
        if got["rev"] < rev:
            case.say(f"room {room.id}: {who} was shown rev {got['rev']} after {rev}")
        rev = got["rev"]
        check_items(case, room, who, got["messages"])
        seqs.update(item[0] for item in got["messages"])
        members.update(got["members"])
        check_no_hole(case, room, who, seqs)
        if not got["more"]:
            check_floor(case, room, who, len(seqs), floor)
    if invoke["x"] > case.last_send.get(room.id, 0):
        check_end(case, room, who, (len(seqs), members, rev), reads[-1][1]["more"])


def check_no_hole(case, room, who, seqs):
    if seqs and len(seqs) != max(seqs):
        hole = next((seq for seq in range(1, max(seqs)) if seq not in seqs), None)
        case.say(f"room {room.id}: {who} was given seq {max(seqs)} and not {hole}")


def check_end(case, room, who, have, more):
    want = room.head["seq"], room.members, room.head["rev"]
    if more:
        case.say(f"room {room.id}: {who} did not read to the end")
    elif have != want:
        case.say(f"room {room.id}: {who} ends with (messages, members, rev) {have}, "
                 f"the room is {want}")
