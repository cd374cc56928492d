"""The checker is shown to see. A short load gives a good history and a good store; each test spoils
one thing in a copy of one of them and the checker must say exactly what. A checker that finds
nothing in a run under faults is worth what these tests are worth."""

import copy
import json
import shutil
import sqlite3
from contextlib import closing

import checker
import pytest
from conftest import Run
from server import Server


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """(events, database)"""
    folder = tmp_path_factory.mktemp("good")
    server = Server(folder / "data").start()
    run = Run(server, folder)
    run.put_under(seconds=2)
    server.stop()
    return run.history.events, run.copy()


@pytest.fixture
def spoilt(good, tmp_path):
    """The good case, to be spoiled."""
    events, path = good
    return Spoilt(copy.deepcopy(events), shutil.copy(path, tmp_path / "copy.db"))


class Spoilt:
    def __init__(self, events, path):
        self.events, self.path = events, path
        self.room = next(e["room"] for e in events if e["e"] == "invoke" and e["op"] == "send")

    def check(self):
        return checker.check(self.events, self.path)

    def sql(self, *statement):
        with closing(sqlite3.connect(self.path)) as db, db:
            return db.execute(*statement).fetchall()

    def key(self, what):
        """Of a row of the room by its sk, or of what a message's client_id became."""
        if isinstance(what, str):
            return "R#" + self.room, what
        return f"SENT#{what['client_id']}", f"{self.room}#{what['author']}"

    def row(self, what):
        [[body]] = self.sql("SELECT body FROM item WHERE pk = ? AND sk = ?", self.key(what))
        return json.loads(body)

    def put(self, what, body):
        self.sql("INSERT OR REPLACE INTO item (pk, sk, body) VALUES (?, ?, ?)",
                 (*self.key(what), json.dumps(body, ensure_ascii=False)))

    def change(self, what, **members):
        self.put(what, {**self.row(what), **members})

    def delete(self, what):
        self.sql("DELETE FROM item WHERE pk = ? AND sk = ?", self.key(what))

    def head(self, **by):
        """HEAD's numbers grow by as much."""
        self.change("HEAD", **{key: self.row("HEAD")[key] + n for key, n in by.items()})

    def outcomes(self, op, anywhere=False):
        """(invoke, answer) of what succeeded, in the room unless anywhere; oldest first."""
        answers = {e["x"]: e for e in self.events if "got" in e}
        return [(e, answers[e["x"]]) for e in self.events
                if e["e"] == "invoke" and e["op"] == op and e["x"] in answers
                and (anywhere or e.get("room", self.room) == self.room)]


def msg(seq):
    return f"MSG#{seq:016x}"


def has(said, *parts):
    """Whether one sentence has all the parts."""
    assert any(all(str(part) in sentence for part in parts) for sentence in said), \
        f"nothing of {parts} in:\n" + "\n".join(said[:20])


# --- the store ------------------------------------------------------------------------------------


def test_what_is_good_is_called_good(spoilt):
    assert spoilt.check() == []
    assert spoilt.row("HEAD")["seq"] > 20


def test_a_deleted_row_is_seen(spoilt):
    row = spoilt.row(msg(9))
    spoilt.delete(msg(9))
    said = spoilt.check()
    has(said, f"room {spoilt.room}: seq 9 is missing")
    has(said, row["client_id"], row["author"], "acknowledged as seq 9 and is not there: lost")


def test_a_doubled_row_is_seen(spoilt):
    """At the end, with all that belongs to it: only that it says the same again is wrong."""
    row = spoilt.row(msg(9))
    spoilt.head(seq=1, rev=1, count=1)
    head = spoilt.row("HEAD")
    spoilt.put(msg(head["seq"]), {**row, "seq": head["seq"], "rev": head["rev"],
                                  "number": head["count"]})
    said = spoilt.check()
    has(said, spoilt.room, f"the client_id {(row['author'], row['client_id'])}", "stands 2 times",
        f"[9, {head['seq']}]")
    has(said, spoilt.room, "the text", row["data"]["text"], "stands 2 times")


def test_a_text_under_another_client_id_is_seen_to_be_double(spoilt):
    """A retry whose client_id was lost on the way would look like this."""
    row = spoilt.row(msg(9))
    other = {**spoilt.row(msg(10)), "data": row["data"]}
    spoilt.put(msg(10), other)
    has(spoilt.check(), spoilt.room, "the text", row["data"]["text"], "[9, 10]")


def test_two_swapped_seqs_are_seen(spoilt):
    """With their SENTs: all is whole but the order."""
    one, two = spoilt.row(msg(9)), spoilt.row(msg(10))
    for seq, row, place in ((9, two, one), (10, one, two)):
        moved = {**row, **{key: place[key] for key in ("seq", "rev", "number")}}
        spoilt.put(msg(seq), moved)
        spoilt.change(row, seq=seq)
    said = spoilt.check()
    has(said, spoilt.room, one["client_id"], one["author"], "acknowledged as seq 9")
    has(said, spoilt.room, two["client_id"], two["author"], "acknowledged as seq 10")


def test_a_skipped_rev_is_seen(spoilt):
    """Everything from there on is one further; no row is missing."""
    seq, rev = 9, spoilt.row(msg(9))["rev"]
    last = spoilt.row("HEAD")["seq"]
    for n in range(seq, last + 1):
        spoilt.change(msg(n), rev=spoilt.row(msg(n))["rev"] + 1)
    spoilt.head(rev=1)
    has(spoilt.check(), f"room {spoilt.room}: rev {rev} is of no row")


def test_a_rev_taken_twice_is_seen(spoilt):
    rev = spoilt.row(msg(9))["rev"]
    spoilt.change(msg(10), rev=rev)
    has(spoilt.check(), f"room {spoilt.room}: rev {rev} was taken 2 times")


def test_a_wrong_unread_is_seen(spoilt):
    user = spoilt.row(msg(9))["author"]
    cursor = spoilt.row(f"CURSOR#{user}")
    spoilt.change(f"CURSOR#{user}", read_count=cursor["read_count"] - 1)
    has(spoilt.check(), f"room {spoilt.room}: {user} has", "unread, but")


def test_a_cursor_that_went_back_is_seen(spoilt):
    user = spoilt.row(msg(9))["author"]
    spoilt.change(f"CURSOR#{user}", read_seq=1, read_count=spoilt.row(msg(1))["number"])
    has(spoilt.check(), f"room {spoilt.room}: {user} has read to seq 1, but to")


def test_a_wrong_count_is_seen(spoilt):
    spoilt.head(count=1)
    has(spoilt.check(), f"room {spoilt.room}: HEAD.count is", "there are")


def test_an_altered_text_is_seen(spoilt):
    row = spoilt.row(msg(9))
    spoilt.change(msg(9), data={"text": row["data"]["text"].replace("people", "peOple")})
    said = spoilt.check()
    has(said, spoilt.room, row["client_id"], "was acknowledged as", "peOple")
    has(said, spoilt.room, row["client_id"], "at seq 9 has another text than was sent")


def test_an_acknowledged_message_whose_every_trace_is_gone_is_seen(spoilt):
    """What a commit that was not synced looks like after a power cut: the store is whole, and
    only who was told of it knows."""
    last = spoilt.row("HEAD")["seq"]
    row = spoilt.row(msg(last))
    spoilt.delete(msg(last))
    spoilt.delete(row)
    spoilt.head(seq=-1, rev=-1, count=-1)
    said = spoilt.check()
    has(said, spoilt.room, row["client_id"], row["author"],
        f"acknowledged as seq {last} and is not there: lost")
    assert not [s for s in said if "missing" in s]


def test_a_message_that_nobody_sent_is_seen(spoilt):
    row = spoilt.row(msg(9))
    spoilt.events = [e for e in spoilt.events if e.get("client_id") != row["client_id"]]
    kept = {e["x"] for e in spoilt.events if e["e"] == "invoke"}
    spoilt.events = [e for e in spoilt.events if e["x"] in kept]
    has(spoilt.check(), spoilt.room, "seq 9", row["client_id"], "which nobody sent")


def test_a_missing_memory_of_a_client_id_is_seen(spoilt):
    row = spoilt.row(msg(9))
    spoilt.delete(row)
    has(spoilt.check(), f"room {spoilt.room}: seq 9 has no SENT")


def test_a_damaged_file_is_seen(spoilt):
    """An index that lacks a row: no query by the primary key would ever notice."""
    [[index]] = spoilt.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'item_mrev'")
    [[size]] = spoilt.sql("PRAGMA page_size")
    with open(spoilt.path, "r+b") as file:
        file.seek((index - 1) * size + 3)  # how many cells the page has
        file.write(b"\0\1")
    has(spoilt.check(), "the database is damaged")


# --- the history ----------------------------------------------------------------------------------


def test_two_acknowledgements_of_one_message_as_new_are_seen(spoilt):
    invoke, answer = spoilt.outcomes("send")[5]
    spoilt.events += [{**invoke, "x": -1}, {**answer, "x": -1}]
    has(spoilt.check(), invoke["client_id"], "acknowledged as new twice")


def test_an_order_against_the_sender_is_seen(spoilt):
    """The second message of somebody, sent after the first was acknowledged, has the smaller seq."""
    one, two = [pair for pair in spoilt.outcomes("send")
                if pair[0]["user"] == spoilt.row(msg(9))["author"]][:2]
    for event in (one[1], two[1]):
        spoilt.events.remove(event)
    spoilt.events[:0] = [two[0], two[1], one[0], one[1]]
    has(spoilt.check(), one[0]["client_id"], one[0]["user"], "the order is wrong")


def test_a_refusal_that_was_none_is_seen(spoilt):
    """503 says that nothing was done."""
    invoke, answer = spoilt.outcomes("send")[5]
    del answer["got"]
    answer.update(status=503, code="unavailable")
    has(spoilt.check(), invoke["client_id"], "refused each time as not done, and is there")


def test_a_page_with_a_hole_is_seen(spoilt):
    invoke, answer = next(pair for pair in spoilt.outcomes("list", anywhere=True)
                          if len(pair[1]["got"]["items"]) > 3)
    gone = answer["got"]["items"].pop(1)[0]
    has(spoilt.check(), invoke["room"], invoke["user"], "was shown seqs", f"{gone + 1}, {gone - 1}")


def test_a_page_that_is_behind_is_seen(spoilt):
    """A read that does not show what was acknowledged before it."""
    invoke, answer = spoilt.outcomes("rooms")[-1]
    item = answer["got"]["items"][0]
    item["seq"] -= 1
    has(spoilt.check(), item["room"], invoke["user"], f"up to seq {item['seq']}, but",
        "acknowledged before he asked")


def test_a_page_that_shows_another_text_is_seen(spoilt):
    invoke, answer = next(pair for pair in spoilt.outcomes("list", anywhere=True)
                          if pair[1]["got"]["items"])
    answer["got"]["items"][0][4] += "!"
    has(spoilt.check(), invoke["room"], invoke["user"], "which is not what stands at seq")


def test_a_wrong_number_of_unread_in_an_answer_is_seen(spoilt):
    invoke, answer = spoilt.outcomes("rooms")[-1]
    answer["got"]["items"][0]["unread"] += 1
    has(spoilt.check(), answer["got"]["items"][0]["room"], invoke["user"], "was told of")


def test_changes_that_leave_one_out_are_seen(spoilt):
    invoke, answer = next(pair for pair in spoilt.outcomes("changes")
                          if len(pair[1]["got"]["messages"]) > 2)
    gone = answer["got"]["messages"].pop(0)[0]
    has(spoilt.check(), spoilt.room, invoke["user"], "was given seq", f"and not {gone}")


def test_a_follower_who_does_not_end_with_what_the_room_is_is_seen(spoilt):
    spoilt.change("HEAD", rev=spoilt.row("HEAD")["rev"] + 1)
    has(spoilt.check(), spoilt.room, "who follows the changes, ends with")
