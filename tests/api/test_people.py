"""Profiles, preferences, finding people, photos."""

import pytest
from client import Person, new_number
from images import GIF, JPEG, WEBP, WEBP_LOSSLESS, png
from server import BACKEND, IDENTITY


def discover(who, *numbers, expect=200):
    return who.post("/contacts/discover", {"phone_numbers": list(numbers)}, expect=expect).json()


def test_ones_own_profile_shows_the_number_and_others_do_not(person):
    ada, bob = person(), person("Bob")
    mine = ada.get("/profile", expect=200).json()
    assert (mine["id"], mine["name"], mine["phone_number"], mine["email"], mine["photo"]) == \
        (ada.id, "Ada", ada.number, None, None)
    seen = bob.get(f"/users/{ada.id}", expect=200)
    assert seen.json() == {"id": ada.id, "name": "Ada", "photo": None}
    assert ada.number.encode() not in seen.body


def test_a_new_name_is_seen_by_others(person):
    ada, bob = person(), person("Bob")
    room = ada.room_with(bob)
    ada.patch("/profile", {"name": "Ada L."}, expect=200)
    assert bob.get(f"/users/{ada.id}").json()["name"] == "Ada L."
    assert bob.get(f"/chat/rooms/{room['id']}").json()["other"]["name"] == "Ada L."


@pytest.mark.skipif(IDENTITY.name == "local", reason="there is no pool to know it")
def test_a_new_name_is_known_at_the_pool(person, server):
    ada = person()
    ada.patch("/profile", {"name": "Ada Łovelace 👩‍💻"}, expect=200)
    assert IDENTITY.people(server)[ada.id]["name"] == "Ada Łovelace 👩‍💻"


def test_an_empty_change_changes_nothing(person):
    ada = person()
    assert ada.patch("/profile", {}, expect=(200, 422)).status in (200, 422)
    assert ada.get("/profile").json()["name"] == "Ada"


def test_nobody_is_404(person):
    person().get("/users/nobody", expect=404)


# --- who can be found -----------------------------------------------------------------------------


def test_who_does_not_want_to_be_found_looks_like_nobody(person):
    ada, bob = person(), person("Bob")
    assert ada.get("/profile/preferences", expect=200).json() == {"discoverable": True}
    ada.patch("/profile/preferences", {"discoverable": False}, expect=200)
    assert ada.get("/profile/preferences").json() == {"discoverable": False}
    assert discover(bob, ada.number) == discover(bob, new_number()) == {"items": []}
    hidden = bob.get(f"/users/{ada.id}", expect=404, case="another's object")
    assert hidden.shape() == bob.get("/users/nobody", expect=404).shape()
    ada.get(f"/users/{ada.id}", expect=200)  # she herself
    ada.patch("/profile/preferences", {"discoverable": True}, expect=200)
    assert len(discover(bob, ada.number)["items"]) == 1


def test_who_shares_a_room_is_still_seen(person):
    ada, bob, eve = person(), person("Bob"), person("Eve")
    ada.room_with(bob)
    ada.patch("/profile/preferences", {"discoverable": False}, expect=200)
    bob.get(f"/users/{ada.id}", expect=200)
    eve.get(f"/users/{ada.id}", expect=404)


def test_many_numbers_at_once(person):
    ada = person()
    others = [person(f"Other {i}") for i in range(3)]
    numbers = [new_number() for _ in range(97)]
    asked = numbers[:50] + [o.number for o in others] + numbers[50:]
    found = discover(ada, *asked)["items"]
    assert [f["phone_number"] for f in found] == [o.number for o in others]
    assert [f["user"]["id"] for f in found] == [o.id for o in others]


def test_wrong_numbers_are_named_by_their_place(person):
    ada = person()
    reply = ada.post("/contacts/discover", {"phone_numbers": [new_number(), "0151 1234567"]},
                     expect=422)
    assert reply.pointers == ["/phone_numbers/1"]


def test_the_days_budget_is_of_distinct_numbers(make_server):
    server = make_server(chat__discover_numbers_day=5)
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    numbers = [new_number() for _ in range(4)]
    discover(ada, *numbers)
    for _ in range(3):
        discover(ada, *numbers)  # the same ones again cost nothing
    assert len(discover(ada, bob.number, bob.number)["items"]) >= 1
    reply = ada.post("/contacts/discover", {"phone_numbers": [new_number()]}, expect=429)
    assert 0 < int(reply.get("retry-after")) <= 24 * 3600
    assert "5 numbers a day" in reply.json()["detail"]
    discover(ada, *numbers, bob.number)
    discover(bob, new_number())  # each has a budget of their own


def test_what_is_over_the_budget_uses_nothing_up(make_server):
    server = make_server(chat__discover_numbers_day=3)
    ada = Person(server).sign_up().sign_in()
    discover(ada, *(new_number() for _ in range(4)), expect=429)
    discover(ada, *(new_number() for _ in range(3)))


# --- photos ---------------------------------------------------------------------------------------


def put_photo(who, data, kind="application/octet-stream", expect=200):
    return who.put("/profile/photo", body=data, headers={"content-type": kind}, expect=expect)


@pytest.mark.parametrize("data, kind", [(png(3, 5), "image/png"), (JPEG, "image/jpeg"),
                                        (WEBP, "image/webp"), (WEBP_LOSSLESS, "image/webp")],
                         ids=["png", "jpeg", "webp", "lossless"])
def test_a_photo_comes_back_with_the_type_of_its_bytes(person, data, kind):
    ada, bob = person(), person("Bob")
    for said in (kind, "application/octet-stream", "image/png"):
        path = put_photo(ada, data, said).json()["photo"]
        seen = bob.get(path, expect=200)
        assert seen.body == data
        assert seen.get("content-type") == kind
        assert seen.get("x-content-type-options") == "nosniff"
        assert int(seen.get("content-length")) == len(data)
    assert bob.get(f"/users/{ada.id}").json()["photo"] == path


def test_a_photo_has_an_etag(person):
    ada = person()
    path = put_photo(ada, JPEG).json()["photo"]
    tag = ada.get(path, expect=200).get("etag")
    ada.get(path, headers={"if-none-match": tag}, expect=304)
    ada.get(path, headers={"if-none-match": '"other"'}, expect=200)


def test_a_photo_is_not_given_to_who_does_not_accept_its_type(person):
    ada = person()
    path = put_photo(ada, JPEG).json()["photo"]
    for accept in ("image/jpeg", "image/*", "image/avif,image/webp,*/*;q=0.8"):
        ada.get(path, headers={"accept": accept}, expect=200)
    ada.get(path, headers={"accept": "image/png"}, expect=406)


@pytest.mark.parametrize("data", [b"", b"x", GIF, b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                                  b"<html><script>alert(1)</script>", JPEG[:20], png(3, 3)[:20],
                                  WEBP[:12], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", png(8193, 1),
                                  png(0, 4), b"RIFF\xff\xff\xff\xffWEBPVP8 "],
                         ids=range(13))
def test_what_is_no_photo_is_422_and_changes_nothing(person, data):
    ada = person()
    path = put_photo(ada, JPEG).json()["photo"]
    put_photo(ada, data, "image/jpeg", expect=422)
    assert ada.get("/profile").json()["photo"] == path
    ada.get(path, expect=200)


def bytes_on_disk(server, data):
    return [blob for blob in BACKEND.blobs(server) if blob == data]


def test_replaced_and_deleted_bytes_are_gone_from_disk(person, server):
    ada = person()
    first, second = png(31, 17), png(17, 31)
    old = put_photo(ada, first).json()["photo"]
    assert len(bytes_on_disk(server, first)) == 1
    new = put_photo(ada, second).json()["photo"]
    assert new != old
    assert not bytes_on_disk(server, first)
    ada.get(old, expect=404)
    ada.delete("/profile/photo", expect=204)
    assert not bytes_on_disk(server, second)
    ada.get(new, expect=404)
    assert ada.get("/profile").json()["photo"] is None
    ada.delete("/profile/photo", expect=204)  # once more does no harm


def test_a_photo_is_for_those_who_may_see_the_profile(person, client):
    ada, bob, eve = person(), person("Bob"), person("Eve")
    ada.room_with(bob)
    path = put_photo(ada, JPEG).json()["photo"]
    ada.patch("/profile/preferences", {"discoverable": False}, expect=200)
    bob.get(path, expect=200)
    hidden = eve.get(path, expect=404, case="another's object")
    assert hidden.shape() == eve.get(f"/users/{ada.id}/photo/other", expect=404).shape()
    client.get(path, expect=401)
    name = path.rsplit("/", 1)[1]
    bob.get(f"/users/{bob.id}/photo/{name}", expect=404)


def test_the_largest_photo_that_is_allowed(person):
    ada = person()
    limit = ada.get("/config").json()["limits"]["photo_bytes"]
    data = png(64, 64)
    path = put_photo(ada, data + bytes(limit - len(data)), expect=(200, 422))
    if path.status == 200:  # a decoder may mind what stands behind the image
        assert len(ada.get(path.json()["photo"], expect=200).body) == limit
