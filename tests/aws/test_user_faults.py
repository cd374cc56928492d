"""`cloudchat user` while the user pool does not answer, or refuses: nobody gets in by it, no number
is lost, and what was begun is ended."""

import json

import http_faults
import pytest
from backends import Cognito
from client import Client, Person
from house import house, make_bucket, running, well
from server import wait_for

BUSY = ("AdminDeleteUser", "AdminDisableUser", "AdminUserGlobalSignOut")


@pytest.fixture
def site(ministack, tmp_path, monkeypatch):
    """A running service whose pool is behind a proxy; and somebody in it."""
    identity = Cognito(ministack.url, ministack.folder, ministack.environment())
    monkeypatch.setattr("server.IDENTITY", identity)
    with http_faults.Proxy(ministack.url) as proxy:
        server = house(tmp_path, ministack, ministack, **{
            **identity.settings("faults"), "cognito.endpoint": proxy.url,
            "identity.session_memory": "0s"})
        well(server.run("aws", "create-table"))
        make_bucket(server, ministack)
        with running(server):
            yield server, proxy, Person(server, "Ada").sign_up().sign_in()


def user(server, *words, status=0):
    run = server.run("user", *words)
    assert run.returncode == status, run.stdout + run.stderr
    return run


def state(server, who):
    return json.loads(user(server, "show", who, "--json").stdout)["state"]


def try_to_sign_in(person):
    return Client(person.url).post("/auth/sign-in", {
        **person.login, "password": person.password}).status


async def broken(_):
    return http_faults.answer(500, "InternalErrorException")


def test_a_pool_that_fails_keeps_nobody_in(site):
    server, proxy, ada = site
    proxy.set(broken, only=BUSY)
    user(server, "disable", ada.number, status=1)
    assert state(server, ada.id) == "disabled"
    ada.get("/profile", expect=401)
    assert try_to_sign_in(ada) == 401
    proxy.set(None)
    user(server, "disable", ada.number)
    user(server, "enable", ada.number)
    wait_for("the throttle lets him in", lambda: try_to_sign_in(ada) == 200)


def test_a_removal_that_the_pool_holds_up_is_ended_by_running_it_again(site):
    server, proxy, ada = site
    proxy.set(broken, only=BUSY)
    assert "Run it again" in user(server, "remove", ada.number, "--yes", status=1).stderr
    assert state(server, ada.number) == "removing"
    ada.get("/profile", expect=401)
    assert try_to_sign_in(ada) in (401, 429)
    proxy.set(None)
    user(server, "remove", ada.number, "--yes")
    user(server, "show", ada.number, status=1)
    assert Person(server, "Anew", ada.login).sign_up()


def test_a_right_that_is_missing_is_named(site):
    server, proxy, ada = site

    async def denied(_):
        return http_faults.answer(400, "AccessDeniedException")

    proxy.set(denied, only=("AdminDeleteUser",))
    assert "AdminDeleteUser" in user(server, "remove", ada.number, "--yes", status=1).stderr
