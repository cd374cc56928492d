"""Rooms, messages, cursors, changes."""

import pytest
from client import Client, Person, new_client_id


@pytest.fixture
def pair(person):
    ada, bob = person(), person("Bob")
    return ada, bob, ada.room_with(bob)


def texts(messages):
    return [message["data"]["text"] for message in messages]


# --- rooms ----------------------------------------------------------------------------------------


def test_two_people_have_one_room_whoever_asks(pair):
    ada, bob, room = pair
    for who, participants in ((ada, [ada.id, bob.id]), (ada, [bob.id, ada.id]),
                              (bob, [ada.id, bob.id]), (bob, [bob.id, ada.id])):
        again = who.post("/chat/rooms", {"participants": participants}, expect=200).json()
        assert again["id"] == room["id"]


def test_a_room_needs_two_people_one_of_them_oneself(pair, person):
    ada, bob, _ = pair
    eve = person("Eve")
    for participants in ([ada.id, ada.id], [bob.id, eve.id], [ada.id], [ada.id, bob.id, eve.id]):
        ada.post("/chat/rooms", {"participants": participants}, expect=422)


def test_a_room_with_nobody_is_404_and_so_is_one_with_who_cannot_be_found(pair, person):
    ada, _, _ = pair
    hidden = person("Hidden")
    hidden.patch("/profile/preferences", {"discoverable": False}, expect=200)
    replies = [ada.post("/chat/rooms", {"participants": [ada.id, id]}, expect=404,
                        case="another's object")
               for id in ("01933b60-02aa-7c4e-8f5e-e1d2c3b4a596", hidden.id, "x")]
    assert len({str(reply.shape()) for reply in replies}) == 1


def test_a_new_room_is_empty(pair):
    ada, bob, room = pair
    assert (room["kind"], room["seq"], room["unread"], room["last_message"]) == \
        ("direct", 0, 0, None)
    assert bob.get(f"/chat/rooms/{room['id']}", expect=200).json()["other"]["id"] == ada.id
    page = bob.read(room)
    assert page == {"items": [], "has_before": False, "has_after": False, "seq": 0}


def test_strangers_do_not_find_a_room_by_any_of_its_paths(pair, person):
    ada, bob, room = pair
    message = ada.say(room, "secret")
    eve = person("Eve")
    as_no_room = eve.get("/chat/rooms/no-such-room", expect=404)
    asks = {
        ("GET", f"/chat/rooms/{room['id']}"): None,
        ("GET", f"/chat/rooms/{room['id']}/cursors"): None,
        ("GET", f"/chat/rooms/{room['id']}/changes"): None,
        ("PUT", f"/chat/rooms/{room['id']}/cursor"): {"read_seq": 1},
        ("GET", f"/chat/messages/{message['id']}"): None,
        ("GET", f"/chat/messages?room_id={room['id']}"): None,
        ("POST", "/chat/messages"): {"room_id": room["id"], "type": "text", "client_id": "x",
                                     "data": {"text": "hi"}},
    }
    for (method, target), body in asks.items():
        reply = eve.request(method, target, json=body, expect=404, case="another's object")
        assert reply.shape() == as_no_room.shape(), target
    assert texts(bob.read(room)["items"]) == ["secret"]
    assert eve.get("/chat/rooms").json()["items"] == []


def test_rooms_are_listed_by_last_activity_in_pages(person):
    ada = person()
    others = [person(f"Other {i}") for i in range(5)]
    rooms = [ada.room_with(other) for other in others]
    for i in (2, 0, 4, 1, 3):
        others[i].say(rooms[i], f"from {i}")
    seen, cursor, pages = [], None, 0
    while True:
        reply = ada.get("/chat/rooms", query={"limit": 2, **({"cursor": cursor} if cursor else {})},
                        expect=200)
        page = reply.json()
        seen += [room["id"] for room in page["items"]]
        pages += 1
        cursor = page["next"]
        if cursor is None:
            assert reply.get("link") is None
            break
        target = reply.get("link")[1:].split(">")[0]
        assert ada.get(target, expect=200).json()["items"] == ada.get(
            "/chat/rooms", query={"limit": 2, "cursor": cursor}).json()["items"]
    assert seen == [rooms[i]["id"] for i in (3, 1, 4, 0, 2)]
    assert pages == 3


def test_a_list_cursor_is_its_owners_and_not_forged(person):
    ada, eve = person(), person("Eve")
    others = [person(f"Other {i}") for i in range(2)]
    for other in others:
        ada.room_with(other)
        eve.room_with(other)
    cursor = ada.get("/chat/rooms?limit=1").json()["next"]
    for who, bad in ((eve, cursor), (ada, cursor[:-2] + "AA"), (ada, "x"), (ada, "")):
        reply = who.get("/chat/rooms", query={"limit": 1, "cursor": bad}, expect=422)
        assert reply.pointers == ["/cursor"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "99999999999999999999", "01"])
def test_limits_are_1_to_100(pair, limit):
    ada, _, room = pair
    for target in ("/chat/rooms?", f"/chat/messages?room_id={room['id']}&",
                   f"/chat/rooms/{room['id']}/changes?"):
        assert ada.get(target + "limit=" + limit, expect=422).pointers == ["/limit"]


# --- messages -------------------------------------------------------------------------------------


def test_the_same_client_id_and_body_is_the_same_message(pair):
    ada, bob, room = pair
    client_id = new_client_id()
    first = ada.say(room, "once", client_id)
    again = ada.say(room, "once", client_id, expect=200)
    assert again == first
    assert len(bob.read(room)["items"]) == 1


def test_a_client_id_of_another_message_is_409(pair):
    ada, bob, room = pair
    client_id = new_client_id()
    ada.say(room, "once", client_id)
    problem = ada.say(room, "twice", client_id, expect=409)
    assert problem["code"] == "client_id_reused"
    bob.say(room, "mine", client_id)  # another sender's is another name
    assert texts(ada.read(room)["items"]) == ["mine", "once"]


def test_messages_are_numbered_without_a_hole(pair):
    ada, bob, room = pair
    sent = [(ada if i % 2 else bob).say(room, str(i)) for i in range(7)]
    assert [m["seq"] for m in sent] == list(range(1, 8))
    assert [m["rev"] for m in sent] == sorted({m["rev"] for m in sent})
    for message in sent:
        assert message["id"] == f"{room['id']}.{message['seq']}"
        assert bob.get(f"/chat/messages/{message['id']}", expect=200).json() == message


def test_paging_before_after_and_around(pair):
    ada, _, room = pair
    for i in range(1, 11):
        ada.say(room, str(i))

    def page(**query):
        got = ada.read(room, **query)
        assert got["seq"] == 10
        return [m["seq"] for m in got["items"]], got["has_before"], got["has_after"]

    assert page() == (list(range(10, 0, -1)), False, False)
    assert page(limit=3) == ([10, 9, 8], True, False)
    assert page(before=8, limit=3) == ([7, 6, 5], True, True)
    assert page(before=3, limit=5) == ([2, 1], False, True)
    assert page(before=1, limit=5) == ([], False, True)
    assert page(after=0, limit=3) == ([3, 2, 1], False, True)
    assert page(after=7, limit=5) == ([10, 9, 8], True, False)
    assert page(after=10) == ([], True, False)
    seqs, before, after = page(around=5, limit=5)
    assert (5 in seqs, len(seqs), before, after) == (True, 5, True, True)
    assert seqs == sorted(seqs, reverse=True)
    assert page(around=1, limit=3)[0][-1] == 1
    assert page(around=10, limit=3)[0][0] == 10


def test_before_after_and_around_exclude_one_another(pair):
    ada, _, room = pair
    ada.say(room, "x")
    for query in ({"before": 1, "after": 1}, {"after": 0, "around": 1}, {"before": -1},
                  {"before": "x"}, {"around": 2**63}):
        ada.get("/chat/messages", query={"room_id": room["id"], **query}, expect=422)
    ada.get("/chat/messages", expect=422)
    assert ada.get("/chat/messages?room_id=a&room_id=b", expect=400).code == "bad_request"


STRANGE = ["<script>alert(1)</script>", "\u202ertl", "👩‍👩‍👧‍👦", "e\u0301", "line\nbreak\ttab",
           "null", "\"quoted\\\"", "\U0001f600" * 50, "'; DROP TABLE items; --", "%00", "a\u2028b"]


def test_text_comes_back_as_it_was_sent(pair):
    ada, bob, room = pair
    for text in STRANGE:
        ada.say(room, text)
    assert texts(bob.read(room)["items"]) == STRANGE[::-1]


def test_text_has_1_to_10000_characters_and_not_only_blanks(pair):
    ada, bob, room = pair
    for character in ("ä", "\U0001f600"):
        ada.say(room, character * 10000)
        assert bob.read(room)["items"][0]["data"]["text"] == character * 10000
        [listed] = bob.get("/chat/rooms").json()["items"]
        assert listed["last_message"]["text"] == character * 200
    for text in ("", " ", "\n\t", "\u00a0", "x" * 10001):
        reply = ada.post("/chat/messages", {"room_id": room["id"], "type": "text",
                                            "data": {"text": text},
                                            "client_id": new_client_id()}, expect=422)
        assert reply.pointers == ["/data/text"]


def test_what_config_says_is_what_the_operator_chose(make_server):
    server = make_server(chat__message_characters_max=3, chat__poll_interval="5s",
                         http__body_bytes_max="4k", serve__web_idle="7s")
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    offered = ada.get("/config", expect=200).json()
    assert offered["limits"]["message_characters"] == 3
    assert offered["limits"]["body_bytes"] == 4096
    assert "server.max-read-idle = 7\n" in (server.data / "run" / "lighttpd.conf").read_text()
    ada.post("/chat/rooms", {"participants": ["x" * 4096, bob.id]}, expect=413)
    assert offered["realtime"]["interval_ms"] == 5000
    room = ada.room_with(bob)
    ada.say(room, "\u4e0a\u6d77!")
    ada.post("/chat/messages", {"room_id": room["id"], "type": "text", "client_id": "long",
                                "data": {"text": "four"}}, expect=422)


@pytest.mark.parametrize("client_id", ["", "a b", "a/b", "x" * 65, "ä", "a\n"])
def test_client_ids_are_names(pair, client_id):
    ada, _, room = pair
    reply = ada.post("/chat/messages", {"room_id": room["id"], "type": "text",
                                        "data": {"text": "x"}, "client_id": client_id}, expect=422)
    assert reply.pointers == ["/client_id"]


@pytest.mark.parametrize("id", ["x", "x.1", "{room}", "{room}.0", "{room}.2", "{room}.01",
                                "{room}.-1", "{room}.1.1", "{room}.99999999999999999999",
                                "{room}.1x", "{room}."])
def test_ids_that_no_message_has_are_404(pair, id):
    ada, _, room = pair
    ada.say(room, "x")
    ada.get("/chat/messages/" + id.replace("{room}", room["id"]), expect=404)


# --- cursors and unread ---------------------------------------------------------------------------


def unread(who):
    [room] = who.get("/chat/rooms").json()["items"]
    return room["unread"]


def cursor(who, room):
    return who.get(f"/chat/rooms/{room['id']}").json()["cursor"]


def move(who, room, **to):
    who.put(f"/chat/rooms/{room['id']}/cursor", to, expect=204)


def test_unread_is_what_others_wrote_since_one_read(pair):
    ada, bob, room = pair
    for i in range(4):
        ada.say(room, str(i))
    assert (unread(bob), unread(ada)) == (4, 0)
    move(bob, room, read_seq=3)
    assert unread(bob) == 1
    bob.say(room, "answer")
    assert (unread(bob), unread(ada)) == (0, 1)


def test_cursors_never_move_back_and_not_beyond_the_end(pair):
    ada, bob, room = pair
    for i in range(3):
        ada.say(room, str(i))
    move(bob, room, delivered_seq=2)
    assert cursor(bob, room) == {"delivered_seq": 2, "read_seq": 0}
    move(bob, room, delivered_seq=1, read_seq=2)
    assert cursor(bob, room) == {"delivered_seq": 2, "read_seq": 2}
    move(bob, room, read_seq=1)
    assert cursor(bob, room) == {"delivered_seq": 2, "read_seq": 2}
    move(bob, room, read_seq=1000)
    assert cursor(bob, room) == {"delivered_seq": 3, "read_seq": 3}
    assert unread(bob) == 0


def test_everybody_sees_how_far_the_other_is(pair):
    ada, bob, room = pair
    ada.say(room, "x")
    move(bob, room, delivered_seq=1)
    cursors = {c["user_id"]: (c["delivered_seq"], c["read_seq"])
               for c in ada.get(f"/chat/rooms/{room['id']}/cursors").json()["items"]}
    assert cursors == {ada.id: (1, 1), bob.id: (1, 0)}
    assert ada.get(f"/chat/rooms/{room['id']}").json()["other_cursor"] == \
        {"delivered_seq": 1, "read_seq": 0}


def test_a_cursor_that_says_nothing_is_422(pair):
    ada, _, room = pair
    ada.put(f"/chat/rooms/{room['id']}/cursor", {}, expect=422)


# --- changes --------------------------------------------------------------------------------------


def test_changes_from_the_beginning_hold_everything(pair):
    ada, bob, room = pair
    sent = [ada.say(room, str(i)) for i in range(3)]
    got = bob.changes(room)
    assert got["messages"] == sent
    assert {m["user_id"] for m in got["members"]} == {ada.id, bob.id}
    assert got["room"]["id"] == room["id"]
    assert {c["user_id"] for c in got["cursors"]} == {ada.id, bob.id}
    assert not got["more"]
    assert bob.changes(room, since=got["sync"])["messages"] == []


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_changes_in_pages_miss_nothing(pair, limit):
    ada, bob, room = pair
    start = bob.changes(room)["sync"]
    sent = [ada.say(room, str(i)) for i in range(10)]
    seen, since, rounds = [], start, 0
    while True:
        got = bob.changes(room, since=since, limit=limit)
        seen += got["messages"]
        since = got["sync"]
        rounds += 1
        if rounds == 1:  # in the middle of it, more comes
            sent.append(ada.say(room, "late"))
            continue
        if not got["more"]:
            break
    assert seen == sent


def test_changes_from_the_beginning_in_pages_of_one(pair):
    ada, bob, room = pair
    sent = [ada.say(room, str(i)) for i in range(3)]
    pages, query = [], {"limit": 1}
    while not pages or pages[-1]["more"]:
        pages.append(bob.changes(room, **query))
        query["since"] = pages[-1]["sync"]
        assert len(pages) < 10
    assert [m for page in pages for m in page["messages"]] == sent
    assert {m["user_id"] for page in pages for m in page["members"]} == {ada.id, bob.id}
    assert [("room" in page) for page in pages] == [True] + [False] * (len(pages) - 1)


def test_a_poll_without_news_is_304(pair):
    ada, bob, room = pair
    sync = bob.changes(room)["sync"]
    target = f"/chat/rooms/{room['id']}/changes?since={sync}"
    tag = bob.get(target, expect=200).get("etag")
    not_modified = bob.get(target, headers={"if-none-match": tag}, expect=304)
    assert not_modified.get("etag") == tag
    bob.get(target, headers={"if-none-match": f'"other", W/{tag}'}, expect=304)
    bob.get(target, headers={"if-none-match": "*"}, expect=304)
    ada.say(room, "news")
    got = bob.get(target, headers={"if-none-match": tag}, expect=200)
    assert texts(got.json()["messages"]) == ["news"]


def test_a_cursor_is_news_too(pair):
    ada, bob, room = pair
    ada.say(room, "x")
    target = f"/chat/rooms/{room['id']}/changes?since={ada.changes(room)['sync']}"
    tag = ada.get(target, expect=200).get("etag")
    move(bob, room, read_seq=1)
    got = ada.get(target, headers={"if-none-match": tag}, expect=200).json()
    assert {c["user_id"]: c["read_seq"] for c in got["cursors"]} == {ada.id: 1, bob.id: 1}


def test_a_tag_is_not_another_persons(pair):
    ada, bob, room = pair
    ada.say(room, "x")
    target = f"/chat/rooms/{room['id']}/changes"
    tag = ada.get(target, expect=200).get("etag")
    mine = bob.get(target, headers={"if-none-match": tag}, expect=(200, 304))
    assert mine.status == 200  # `room` in it is as its reader sees it


def test_a_sync_of_another_history_resets(pair, person):
    ada, _, room = pair
    ada.say(room, "x")
    sync = ada.changes(room)["sync"]
    epoch, rev, seq = sync.split(".")
    for other in (f"other{epoch[5:]}.{rev}.{seq}", f"{epoch}.{int(rev) + 5}.{seq}",
                  f"{epoch}.{rev}.{int(seq) + 5}"):
        got = ada.changes(room, since=other)
        assert got["reset"] is True
        assert (got["messages"], got["more"], got["sync"]) == ([], False, sync)
    for bad in ("", "x", "a.b.c", f"{epoch}.{rev}", f"{epoch}.-1.{seq}", f"{sync}.1",
                f"{epoch}.+1.{seq}", f"{epoch}. 1.{seq}", f"{epoch}.{rev}.{2**64}", "x" * 129):
        reply = ada.get(f"/chat/rooms/{room['id']}/changes", query={"since": bad}, expect=422)
        assert reply.pointers == ["/since"]


def test_two_rooms_do_not_mix(person):
    ada, bob, carl = person(), person("Bob"), person("Carl")
    with_bob, with_carl = ada.room_with(bob), ada.room_with(carl)
    ada.say(with_bob, "for bob", client_id="same")
    ada.say(with_carl, "for carl", client_id="same")
    assert texts(bob.changes(with_bob)["messages"]) == ["for bob"]
    assert texts(carl.changes(with_carl)["messages"]) == ["for carl"]
    carl.get(f"/chat/rooms/{with_bob['id']}", expect=404)


def test_nobody_reads_without_a_token(pair):
    ada, _, room = pair
    Client(ada.url).get(f"/chat/messages?room_id={room['id']}", expect=401)


def test_the_heaviest_pages_are_answered_whole(pair):
    """A control character takes six bytes of JSON: nothing that may be sent is too much to read."""
    ada, bob, room = pair
    heavy = "\u0001" * 9999 + "."
    sent = [ada.say(room, heavy)["id"] for _ in range(100)]
    page = bob.read(room, limit=100)
    items = page["items"]
    while page["has_before"]:  # a page may hold fewer than were asked for
        page = bob.read(room, limit=100, before=items[-1]["seq"])
        items += page["items"]
    assert [m["id"] for m in items] == sent[::-1]
    assert all(m["data"]["text"] == heavy for m in items)
    news = bob.changes(room, limit=100)
    seen = news["messages"]
    while news["more"]:
        news = bob.changes(room, since=news["sync"], limit=100)
        seen += news["messages"]
    assert [m["id"] for m in seen] == sent
