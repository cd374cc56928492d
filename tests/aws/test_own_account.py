"""What somebody does with his account by his own access token, at the pool as well as with us: signs
out everywhere, changes his name. With a pool that is busy, breaks, or takes the token no more."""

import http_faults
import pool_house
import pytest
from client import Client
from server import wait_for

JOB = "AdminUserGlobalSignOut"


@pytest.fixture(scope="module")
def house(ministack, tmp_path_factory):
    with pool_house.running(tmp_path_factory.mktemp("own"), ministack,
                            **{"identity.wrong_password_delay_max": "1s"}) as made:
        made.server.check_log = lambda: None  # 503 is an error of the service's
        yield made


@pytest.fixture(autouse=True)
def no_fault_is_left(house):
    yield
    house.proxy.set(None)
    house.proxy.forget()


def calls(house, operation):
    return sum(seen.operation == operation for seen in house.proxy.seen)


def is_good_at_pool(house, ada, refresh_token):
    """Asked there directly, as if we were not."""
    settings = house.server.settings
    flow = {"REFRESH_TOKEN": refresh_token.split(".", 3)[3],
            "SECRET_HASH": house.secret_hash(ada.id)}
    pool = house.pool.client()
    try:
        pool.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", ClientId=settings["cognito.client_id"],
                           AuthParameters=flow)
    except pool.exceptions.NotAuthorizedException:
        return False
    return True


async def throttled(_):
    return http_faults.answer(400, "TooManyRequestsException")


async def broken(_):
    return http_faults.answer(500, "InternalErrorException")


async def refused(_):
    """As of a token that was revoked, or whose scope is too narrow."""
    return http_faults.answer(400, "NotAuthorizedException")


FAULTS = (throttled, broken, http_faults.reset_before, http_faults.reset_after)


def name(fault):
    return fault.__name__ if fault else "none"


def all_out(house, ada, phone):
    for device in (ada, phone):
        device.get("/auth/sessions", expect=401)
        device.get("/profile", expect=401)
        Client(house.server.url).post("/auth/refresh-token", {
            "refresh_token": device.refresh_token}, expect=401)


# --- out, everywhere ------------------------------------------------------------------------------


def test_signing_out_everywhere_ends_at_the_pool_what_it_gave(house):
    ada = house.person().sign_in()
    phone = ada.again()
    assert is_good_at_pool(house, ada, phone.refresh_token)
    house.proxy.forget()
    ada.post("/auth/sign-out", {"everywhere": True}, expect=204)
    assert [seen.operation for seen in house.proxy.seen] == ["GlobalSignOut"]
    for device in (ada, phone):
        assert not is_good_at_pool(house, ada, device.refresh_token)
    all_out(house, ada, phone)
    ada.sign_in()
    assert is_good_at_pool(house, ada, ada.refresh_token)


@pytest.mark.parametrize("fault", (*FAULTS, refused), ids=name)
def test_while_the_pool_does_not_do_it_all_is_over_here_and_a_job_does_it_there(house, fault):
    ada = house.person().sign_in()
    phone = ada.again()
    house.proxy.forget()
    house.proxy.set(fault, only=("GlobalSignOut", JOB))
    ada.post("/auth/sign-out", {"everywhere": True}, expect=204)
    assert house.proxy.struck["GlobalSignOut"], "the pool was not asked"
    all_out(house, ada, phone)
    house.proxy.set(None)
    wait_for("the job has done it", lambda: calls(house, JOB) and
             not is_good_at_pool(house, ada, phone.refresh_token))


def test_a_sign_out_of_one_device_leaves_the_others_at_the_pool(house):
    ada = house.person().sign_in()
    phone = ada.again()
    ada.post("/auth/sign-out", {"everywhere": False}, expect=204)
    assert is_good_at_pool(house, ada, phone.refresh_token)
    phone.get("/auth/sessions", expect=200)


# --- the name -------------------------------------------------------------------------------------


def names(house, ada):
    """Here, and there."""
    settings = house.server.settings
    user = house.pool.client().admin_get_user(UserPoolId=settings["cognito.pool"], Username=ada.id)
    there = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
    return ada.get("/profile", expect=200).json()["name"], there["name"]


def test_a_new_name_is_set_at_the_pool_by_the_persons_own_token(house):
    ada = house.person().sign_in()
    house.proxy.forget()
    ada.patch("/profile", {"name": "Ada L."}, expect=200)
    assert [seen.operation for seen in house.proxy.seen] == ["UpdateUserAttributes"]
    assert names(house, ada) == ("Ada L.", "Ada L.")


def test_a_name_that_is_none_is_not_told_to_the_pool(house):
    ada = house.person().sign_in()
    house.proxy.forget()
    ada.patch("/profile", {"name": "a" * 65}, expect=422)
    ada.patch("/profile/preferences", {"discoverable": False}, expect=200)
    assert not house.proxy.seen


@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_while_the_pool_is_away_the_name_stays(house, fault):
    ada = house.person().sign_in()
    house.proxy.set(fault, only=("UpdateUserAttributes",))
    ada.patch("/profile", {"name": "Ada L."}, expect=(503, 504))
    assert house.proxy.struck["UpdateUserAttributes"]
    assert names(house, ada)[0] == "Ada"
    house.proxy.set(None)
    ada.patch("/profile", {"name": "Ada L."}, expect=200)
    assert names(house, ada) == ("Ada L.", "Ada L.")


def test_a_name_that_the_pool_does_not_take_is_taken_here_and_the_log_says_so(house):
    ada = house.person().sign_in()
    house.proxy.set(refused, only=("UpdateUserAttributes",))
    ada.patch("/profile", {"name": "Ada L."}, expect=200)
    house.proxy.set(None)
    assert names(house, ada) == ("Ada L.", "Ada")
    assert "the pool keeps the old name of somebody" in house.server.log()
