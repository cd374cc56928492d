"""What slows down who tries too often, and whom it does not."""

import pytest
from client import PASSWORD, Client, Person, new_number
from server import wait_for


def from_address(n):
    return {"x-forwarded-for": f"203.0.113.{n}"}


@pytest.fixture
def behind_proxy(make_server):
    """A server that believes X-Forwarded-For, so that a test can come from many addresses."""
    return lambda **settings: make_server(http__trusted_proxy="yes", **settings)


def sign_in(client, login, password, address=1):
    return client.post("/auth/sign-in", {**login, "password": password},
                       headers=from_address(address))


def sign_up(client, number, address=1, expect=201):
    return client.post("/auth/sign-up", {"name": "Ada", "phone_number": number,
                                         "password": PASSWORD}, headers=from_address(address),
                       expect=expect)


def test_wrong_passwords_slow_down_that_number_from_that_address(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    ada = Person(server).sign_up()
    waits = []

    def try_wrong():
        reply = sign_in(client, ada.login, "not this one")
        if reply.status == 429:
            waits.append(int(reply.get("retry-after")))
        return reply.status == 401

    for _ in range(3):
        wait_for("a try", try_wrong, every=0.02)
    assert sign_in(client, ada.login, PASSWORD).status == 429  # the right one waits as well
    assert waits == sorted(waits) or max(waits) <= 4
    assert max(waits) in (2, 3, 4)
    # other numbers from there, and that number from elsewhere, are not slowed down
    assert sign_in(client, {"phone_number": new_number()}, "not this one").status == 401
    assert sign_in(client, ada.login, PASSWORD, address=2).status == 200


def test_an_unknown_number_is_slowed_down_alike(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    ada = Person(server).sign_up()
    seen = []
    for login in (ada.login, {"phone_number": new_number()}):
        replies = [sign_in(client, login, "not this one") for _ in range(6)]
        seen.append([(r.status, r.get("retry-after")) for r in replies])
    assert seen[0] == seen[1]
    assert {status for status, _ in seen[0]} == {401, 429}


def test_a_right_password_starts_anew(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    ada = Person(server).sign_up()
    wait_for("a wrong try", lambda: sign_in(client, ada.login, "no").status in (401, 422))
    sign_in(client, ada.login, "not this one")
    wait_for("the right one", lambda: sign_in(client, ada.login, PASSWORD).status == 200)
    assert sign_in(client, ada.login, "not this one").status == 401


def test_after_a_days_wrong_passwords_only_known_addresses_may_try(behind_proxy):
    server = behind_proxy(identity__wrong_passwords_day=5)
    client = Client(server.url)
    ada = Person(server).sign_up()
    assert sign_in(client, ada.login, PASSWORD, address=1).status == 200
    for stranger in range(10, 15):
        assert sign_in(client, ada.login, "not this one", stranger).status == 401
    closed = sign_in(client, ada.login, PASSWORD, address=99)
    assert closed.status == 429
    assert "5 a day" in closed.json()["detail"]
    assert sign_in(client, ada.login, PASSWORD, address=1).status == 200


def test_many_wrong_passwords_close_an_address_to_all_numbers(behind_proxy):
    """Else one address could try one password on every number, and keep the host busy hashing."""
    server = behind_proxy(identity__wrong_passwords_address_hour=5)
    client = Client(server.url)
    ada = Person(server).sign_up()
    for _ in range(5):
        assert sign_in(client, {"phone_number": new_number()}, "not this one").status == 401
    closed = sign_in(client, {"phone_number": new_number()}, "not this one")
    assert closed.status == 429
    assert 0 < int(closed.get("retry-after")) <= 3600
    assert sign_in(client, ada.login, PASSWORD, address=2).status == 200


def test_a_wrong_password_from_a_known_address_is_slowed_down_too(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    ada = Person(server).sign_up()
    assert sign_in(client, ada.login, PASSWORD).status == 200
    tried = [sign_in(client, ada.login, "not this one").status for _ in range(4)]
    assert 429 in tried


def test_wrong_old_passwords_are_slowed_down(behind_proxy):
    """Who holds a token must not try passwords with it."""
    server = behind_proxy()
    ada = Person(server).sign_up().sign_in()
    tried = [ada.post("/auth/change-password", {"old_password": f"not this one {i}",
                                                "password": "another horse"}).status
             for i in range(8)]
    assert 429 in tried
    ada.get("/profile", expect=200)


def test_five_sign_ups_a_number_and_day(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    number = new_number()
    for address in range(1, 6):
        sign_up(client, number, address)
    reply = sign_up(client, number, 6, expect=429)
    assert "5 sign-ups a day" in reply.json()["detail"]
    assert 3600 < int(reply.get("retry-after")) <= 24 * 3600
    sign_up(client, new_number(), 6)


def test_a_taken_number_runs_into_the_same_throttle(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    taken, free = Person(server).sign_up().number, new_number()
    sign_up(client, free)
    tries = [[sign_up(client, number, address, expect=(201, 429)).status
              for address in range(20, 26)] for number in (taken, free)]
    assert tries[0] == tries[1]


def test_sign_ups_an_address_and_hour(behind_proxy):
    server = behind_proxy(identity__sign_up_address_hour=3)
    client = Client(server.url)
    for _ in range(3):
        sign_up(client, new_number(), 7)
    reply = sign_up(client, new_number(), 7, expect=429)
    assert "3 an hour" in reply.json()["detail"]
    assert 0 < int(reply.get("retry-after")) <= 3600
    sign_up(client, new_number(), 8)


def test_an_address_of_a_client_is_not_believed_without_a_proxy(make_server):
    server = make_server(identity__sign_up_address_hour=2)
    client = Client(server.url)
    for address in range(2):
        sign_up(client, new_number(), address)
    sign_up(client, new_number(), 3, expect=429)


def test_only_the_proxys_own_entry_of_forwarded_for_is_believed(behind_proxy):
    server = behind_proxy(identity__sign_up_address_hour=1)
    client = Client(server.url)
    for i, expect in ((1, 201), (2, 429)):
        client.post("/auth/sign-up", {"name": "Ada", "phone_number": new_number(),
                                      "password": PASSWORD}, expect=expect,
                    headers={"x-forwarded-for": f"198.51.100.{i}, 203.0.113.9"})


def test_recoveries_are_limited_for_known_and_unknown_alike(behind_proxy):
    server = behind_proxy()
    client = Client(server.url)
    seen = []
    for login in (Person(server).sign_up().login, {"phone_number": new_number()}):
        replies = [client.post("/auth/forgot-password", login, headers=from_address(50 + i))
                   for i in range(7)]
        seen.append([reply.status for reply in replies])
    assert seen[0] == seen[1]
    assert seen[0][0] == 200 and seen[0][-1] == 429


def test_recoveries_an_address_and_hour(behind_proxy):
    server = behind_proxy(identity__recover_address_hour=2)
    client = Client(server.url)
    for _ in range(2):
        client.post("/auth/forgot-password", {"phone_number": new_number()},
                    headers=from_address(3), expect=200)
    client.post("/auth/forgot-password", {"phone_number": new_number()}, headers=from_address(3),
                expect=429)
