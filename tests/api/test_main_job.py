"""Two people sign up, find each other and chat."""

import pytest
from client import Client, Person, new_client_id
from images import png
from server import signed_out


def the_main_job(server):
    """All of it, as two clients would do it."""
    ada = Person(server, "Ada").sign_up().sign_in(device_name="laptop")
    bob = Person(server, "Bob").sign_up().sign_in(device_name="phone")

    found = ada.post("/contacts/discover", {"phone_numbers": [bob.number]}, expect=200).json()
    assert found == {"items": [{"phone_number": bob.number,
                                "user": {"id": bob.id, "name": "Bob", "photo": None}}]}

    made = ada.post("/chat/rooms", {"participants": [ada.id, bob.id]}, expect=201).json()
    assert made["other"] == {"id": bob.id, "name": "Bob", "photo": None}
    hello = ada.say(made, "Hello Bob")
    assert (hello["seq"], hello["author_id"], hello["data"]) == (1, ada.id, {"text": "Hello Bob"})

    [room] = bob.get("/chat/rooms", expect=200).json()["items"]
    assert (room["id"], room["unread"], room["other"]["name"]) == (made["id"], 1, "Ada")
    assert room["last_message"]["text"] == "Hello Bob"
    assert [m["id"] for m in bob.read(room)["items"]] == [hello["id"]]
    bob.put(f"/chat/rooms/{room['id']}/cursor", {"read_seq": 1}, expect=204)
    answer = bob.say(room, "Hello Ada")

    news = ada.changes(room, since=made["sync"])
    assert [m["id"] for m in news["messages"]] == [hello["id"], answer["id"]]
    [mine] = ada.get("/chat/rooms", expect=200).json()["items"]
    assert mine["unread"] == 1
    assert mine["other_cursor"] == {"delivered_seq": 2, "read_seq": 2}  # a send reads up to itself
    ada.put("/profile/photo", body=png(4, 4), headers={"content-type": "image/png"}, expect=200)
    [seen] = bob.get("/chat/rooms", expect=200).json()["items"]
    assert bob.get(seen["other"]["photo"], expect=200).body == png(4, 4)
    ada.post("/auth/sign-out", expect=204)
    signed_out(ada)
    signed_out(ada, "/chat/rooms")
    return ada, bob


def test_the_main_job(server):
    the_main_job(server)


def test_the_main_job_by_email_and_with_default_settings(make_server):
    """Nothing turned down: the real password hash, the real throttles."""
    server = make_server(quick=False, codes__sms="outbox", codes__email="outbox")
    people = [Person(server, name, {"email": f"{name.lower()}@example.org"}).sign_up().sign_in()
              for name in ("Ada", "Bob")]
    ada, bob = people
    profile = ada.get("/profile", expect=200).json()
    assert (profile["email"], profile["phone_number"]) == ("ada@example.org", None)
    # Who has no number cannot be found, nor seen by who knows only the id.
    ada.post("/chat/rooms", {"participants": [ada.id, bob.id]}, expect=404)
    carl = Person(server, "Carl").sign_up().sign_in()
    room = ada.room_with(carl)
    ada.say(room, "Hello Carl")
    assert carl.read(room)["items"][0]["data"]["text"] == "Hello Carl"


def test_the_address_as_ids_are_given_and_others_are_not_taken(server):
    for login in ({"email": "ada"}, {"email": "a b@example.org"}, {"email": "ada@example"},
                  {"email": "ädä@example.org"}, {"email": "a@b@example.org"}):
        reply = Client(server.url).post("/auth/sign-up", {
            "name": "Ada", **login, "password": "correct horse battery"}, expect=422)
        assert reply.pointers == ["/email"]


@pytest.mark.parametrize("number", ["4915112345678", "+49 151 12345678", "0049151123456",
                                    "+0151123456", "+49(151)123456", "+49151", "+",
                                    "+4915112345678901", "tel:+4915112345678", "+٤٩١٥١١٢٣٤٥٦٧"])
def test_other_spellings_of_a_number_are_refused_with_the_reason(server, number):
    reply = Client(server.url).post("/auth/sign-up", {
        "name": "Ada", "phone_number": number, "password": "correct horse battery"}, expect=422)
    [error] = reply.json()["errors"]
    assert error["pointer"] == "/phone_number"
    assert len(error["detail"]) > 10


def test_names_are_made_one_clean_line(server):
    ada = Person(server, "  Ada \t  L. ").sign_up().sign_in()
    assert ada.get("/profile").json()["name"] == "Ada L."
    for bad in (" ", "A\u202eda", "A\u0007da", "a" * 65):
        ada.patch("/profile", {"name": bad}, expect=422)
    composed = ada.patch("/profile", {"name": "e\u0301" + "x" * 63}, expect=200).json()["name"]
    assert composed == "é" + "x" * 63


def test_a_second_start_finds_its_data(make_server):
    server = make_server()
    ada, bob = the_main_job(server)
    server.restart()
    ada.sign_in()
    [room] = ada.get("/chat/rooms", expect=200).json()["items"]
    assert [m["data"]["text"] for m in ada.read(room)["items"]] == ["Hello Ada", "Hello Bob"]
    bob.get("/profile", expect=200)  # he is still signed in
    bob.say(room, "after", client_id=new_client_id())
