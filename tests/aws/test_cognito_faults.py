"""Cognito that is busy, breaks, or is not heard of again, at each step that people take with it: no
account is half made, who did not get through can go on where he stopped, and what is the pool's
fault is never told as a wrong password."""

import json
import os
import signal
import threading
import time
from contextlib import contextmanager

import backends
import http_faults
import pytest
from client import Client, Person, new_login
from house import house, running, well
from server import wait_for

PASSWORD, OTHER_PASSWORD = "correct horse battery", "another horse battery"
NOT_NOW = (503, 504)


# --- what Cognito says ----------------------------------------------------------------------------


def exception(status, name, message="made by the tests"):
    """As Cognito tells it, which gives no sum of its answers (DynamoDB does)."""
    body = json.dumps({"__type": name, "message": message}).encode()
    head = (f"HTTP/1.1 {status} Made\r\ncontent-type: application/x-amz-json-1.1\r\n"
            f"x-amzn-errortype: {name}:\r\ncontent-length: {len(body)}\r\n\r\n").encode()
    return http_faults.Message(head, body)


async def throttled(exchange):
    """By either name."""
    return exception(400, exchange.proxy.random.choice(("TooManyRequestsException",
                                                        "ThrottlingException")))


async def broken_before(_):
    return exception(500, "InternalErrorException")


async def broken_after(exchange):
    await exchange.forward()
    return exception(500, "InternalErrorException")


QUICK = (throttled, broken_before, broken_after, http_faults.reset_before, http_faults.reset_after)
FAULTS = [pytest.param(fault, first, id=f"{fault.__name__}-{'once' if first else 'always'}")
          for fault in QUICK for first in (True, False)]
FAULTS += [pytest.param(http_faults.silent_after, first, id=f"silent_after-{name}",
                        marks=pytest.mark.soak)  # each is waited for, for seconds
           for first, name in ((True, "once"), (False, "always"))]


# --- the town -------------------------------------------------------------------------------------


class Town:
    """A server with its tables in dynoxide and its people in a pool of MiniStack; a proxy stands
    before each."""

    def __init__(self, server, identity, pool, tables, dynamodb):
        self.server, self.identity = server, identity
        self.pool, self.tables = pool, tables  # http_faults.Proxy
        self.dynamodb = dynamodb  # and boto3 behind them
        self.client = Client(server.url)

    def people(self, to):
        """Who has that number or address in the pool, by user name."""
        return {name: who for name, who in self.identity.people(self.server).items()
                if to in (who.get("phone_number"), who.get("email"))}

    def items(self, pk):
        names = self.server.settings["store.table"]
        return self.dynamodb.query(
            TableName=names, ConsistentRead=True, KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}})["Items"]

    def owner(self, to):
        """Whose number or address it is, in our own items."""
        found = self.items(f"ID#{'email' if '@' in to else 'phone'}#{to}")
        assert len(found) <= 1
        return found[0]["user"]["S"] if found else None


@contextmanager
def a_town(folder, dynoxide, ministack, front=lambda pool: pool.url):
    """front: where the server finds the pool."""
    identity = backends.Cognito(ministack.url, ministack.folder, ministack.environment())
    with http_faults.Proxy(ministack.url) as pool, http_faults.Proxy(dynoxide.url) as tables:
        server = house(folder, tables, keys=ministack)
        server.settings |= {**identity.settings(folder.name), "cognito.endpoint": front(pool),
                            "identity.wrong_password_delay_max": "1s",
                            "identity.session_memory": "1s"}
        well(server.run("aws", "create-table"))
        with running(server):
            yield Town(server, identity, pool, tables, dynoxide.client("dynamodb"))


@pytest.fixture(scope="module")
def town(dynoxide, ministack, tmp_path_factory):
    with a_town(tmp_path_factory.mktemp("town"), dynoxide, ministack) as made:
        yield made


@pytest.fixture(autouse=True)
def no_fault_is_left(request):
    yield
    if "town" in request.fixturenames:
        request.getfixturevalue("town").pool.set(None)
        request.getfixturevalue("town").tables.set(None)


class Story(Person):
    """Somebody's way through all that is asked of the pool; each step can be done again. Where one
    got through, it is remembered what it gave."""

    # In their order: the operation of Cognito, and the status of success.
    STEPS = {"sign_up": ("SignUp", 201), "confirm": ("ConfirmSignUp", 204),
             "sign_in": ("InitiateAuth", 200), "refresh": ("InitiateAuth", 200),
             "change": ("ChangePassword", 204), "forgot": ("ForgotPassword", 200),
             "reset": ("ConfirmForgotPassword", 204)}

    def __init__(self, town, kind="phone_number"):
        super().__init__(town.server, login=new_login(kind))
        self.town, self.pending, self.recovery = town, None, None
        self.next_password = PASSWORD

    def do(self, step):
        reply = getattr(self, "do_" + step)()
        if reply.status == self.STEPS[step][1]:
            getattr(self, "take_" + step, lambda _: None)(reply)
        return reply

    def ask(self, path, body):
        return Client(self.url).post(path, body, expect=tuple(range(200, 600)))

    def do_sign_up(self):
        return self.ask("/auth/sign-up", {"name": "Ada", **self.login, "password": PASSWORD})

    def take_sign_up(self, reply):
        self.pending = reply.json()["id"]

    def do_confirm(self):
        code = self.town.identity.sign_up_code(self.server, self.to)
        return self.ask("/auth/account-confirmation", {"id": self.pending, "code": code})

    def do_sign_in(self):
        return self.ask("/auth/sign-in", {**self.login, "password": self.password})

    def take_sign_in(self, reply):
        self.take(reply.json())

    def do_refresh(self):
        return self.ask("/auth/refresh-token", {"refresh_token": self.refresh_token})

    def do_change(self):
        self.next_password = OTHER_PASSWORD
        return self.post("/auth/change-password", {
            "old_password": self.password, "password": self.next_password},
            expect=tuple(range(200, 600)))

    def take_change(self, _):
        self.password = self.next_password

    def do_forgot(self):
        return self.ask("/auth/forgot-password", self.login)

    def take_forgot(self, reply):
        self.recovery = reply.json()["id"]

    def do_reset(self):
        self.next_password = "the third horse of it"
        code = self.town.identity.recovery_code(self.server, self.to)
        return self.ask("/auth/reset-password", {
            "id": self.recovery, "code": code, "password": self.next_password})

    take_reset = take_change

    # --- and what a person does who is told to try again ------------------------------------------

    def come_to(self, step):
        """Takes all steps before."""
        for earlier in self.STEPS:
            if earlier == step:
                return
            reply = self.do(earlier)
            assert reply.status == self.STEPS[earlier][1], (earlier, reply)

    def settle(self, step):
        """Again, until it is done; or it turns out that it was."""
        reply = wait_for(step, lambda: self.unless_early(step), every=0.2)
        if reply.status == self.STEPS[step][1]:
            return
        assert step in ("confirm", "change", "reset") and reply.status == 401, reply
        self.password = self.next_password  # it was done, and nobody told

    def unless_early(self, step):
        reply = self.do(step)
        return reply if reply.status != 429 else None

    def go_on_after(self, step):
        names = list(self.STEPS)
        for later in names[names.index(step) + 1:]:
            self.settle(later)

    def is_one_account(self):
        """One person in the pool, one owner of the number, and the password that was last."""
        self.settle("sign_in")
        [(name, who)] = [(name, who) for name, who in self.town.people(self.to).items()
                         if who["status"] == "CONFIRMED"]
        assert self.town.owner(self.to) == name == self.id
        wrong = self.ask("/auth/sign-in", {**self.login, "password": "not this one"})
        assert (wrong.status, wrong.code) == (401, "wrong_credentials")


# --- each fault at each step ----------------------------------------------------------------------


@pytest.mark.parametrize("fault, first", FAULTS)
@pytest.mark.parametrize("step", Story.STEPS)
def test_who_did_not_get_through_goes_on_where_he_stopped(town, step, fault, first):
    goes_on(Story(town), step, fault, first)


# Where an address is another way than a number.
@pytest.mark.parametrize("fault, first", FAULTS)
@pytest.mark.parametrize("step", ("sign_up", "confirm", "forgot", "reset"))
def test_so_does_who_signs_up_with_an_address(town, step, fault, first):
    goes_on(Story(town, "email"), step, fault, first)


def goes_on(story, step, fault, first):
    town = story.town
    story.come_to(step)
    operation, done = story.STEPS[step]
    town.pool.set(fault, only=(operation,), first=first)
    town.pool.forget()
    reply = story.do(step)
    assert town.pool.struck[operation], "the pool was not asked"
    assert reply.status in ((done, *NOT_NOW) if first else NOT_NOW), reply
    town.pool.set(None)
    story.settle(step)
    if step == "reset":
        signed_out(story)
    story.go_on_after(step)
    story.is_one_account()


def signed_out(story):
    """A password that was reset has ended every session, whoever was told of it."""
    wait_for("401", lambda: story.get("/profile").status == 401, every=0.1)


# --- what is not the pool's fault -----------------------------------------------------------------


def taking_no(to):
    """The pool does not take this number or address for one."""
    what = "email address" if "@" in to else "phone number"

    async def strike(exchange):
        if to.encode() in exchange.request.body:
            return exception(400, "InvalidParameterException", f"Invalid {what} format.")
        return await exchange.forward()

    return strike


@pytest.mark.parametrize("kind", ("phone_number", "email"))
def test_what_the_pool_does_not_take_is_said_by_its_field_each_time(town, kind):
    story = Story(town, kind)
    town.pool.set(taking_no(story.to), only=("SignUp",))
    for _ in range(2):
        reply = story.do("sign_up")
        assert reply.status == 422, reply
        assert reply.pointers == [f"/{kind}"]
    town.pool.set(None)
    story.come_to("refresh")


# --- two at once, and half of it ------------------------------------------------------------------


def two_sign_ups_of_one_number(town):
    stories = [Story(town), Story(town)]
    stories[1].login = stories[0].login
    for story in stories:
        story.come_to("confirm")
    assert len(town.people(stories[0].to)) == 2
    return stories


def confirm_at_once(stories):
    replies = [None] * len(stories)
    barrier = threading.Barrier(len(stories))

    def run(i):
        barrier.wait()
        replies[i] = stories[i].do("confirm")

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(stories))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def is_alone(town, winner):
    """Nobody else is in the pool with that number."""
    return list(town.people(winner.to)) == [town.owner(winner.to)]


def test_who_comes_second_to_a_number_leaves_nobody_in_the_pool(town):
    stories = two_sign_ups_of_one_number(town)
    assert stories[0].do("confirm").status == 204
    late = stories[1].do("confirm")
    assert (late.status, late.code) == (409, "conflict")
    wait_for("the second is gone", lambda: is_alone(town, stories[0]))
    stories[0].is_one_account()


def test_of_two_at_once_one_stays(town):
    stories = two_sign_ups_of_one_number(town)
    replies = confirm_at_once(stories)
    assert sorted(reply.status for reply in replies) == [204, 409], replies
    winner = next(story for story, reply in zip(stories, replies, strict=True)
                  if reply.status == 204)
    wait_for("the other is gone", lambda: is_alone(town, winner))
    winner.is_one_account()


@pytest.mark.parametrize("fault", (throttled, broken_after, http_faults.reset_before),
                         ids=lambda fault: fault.__name__)
def test_the_loser_goes_however_often_he_cannot_be_removed(town, fault):
    """He is in nobody's way meanwhile: the number has one owner."""
    stories = two_sign_ups_of_one_number(town)
    town.pool.set(fault, only=("AdminDeleteUser",))
    assert stories[0].do("confirm").status == 204
    assert stories[1].do("confirm").status in (409, *NOT_NOW)
    stories[0].settle("sign_in")
    town.pool.set(None)
    stories[1].do("confirm")
    wait_for("he is gone", lambda: hurried(town) and is_alone(town, stories[0]), every=0.2)
    stories[0].is_one_account()


def hurried(town):
    """What is to be done later is done now, as if the time had passed."""
    for shard in range(4):
        for job in town.items(f"TIMER#{shard}"):
            due, rest = job["sk"]["S"].split("#", 1)
            if int(due, 16) > time.time() * 1000:
                move(town, job, f"{1:016x}#{rest}")
    return True


def move(town, item, sk):
    table = town.server.settings["store.table"]
    town.dynamodb.put_item(TableName=table, Item={**item, "sk": {"S": sk}})
    town.dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def test_who_never_confirms_is_not_kept_in_the_pool(town):
    story = Story(town)
    story.come_to("confirm")
    assert len(town.people(story.to)) == 1
    wait_for("he is gone", lambda: hurried(town) and not town.people(story.to), every=0.2)


@pytest.mark.parametrize("fault", (broken_after, http_faults.reset_after),
                         ids=lambda fault: fault.__name__)
def test_nor_who_was_not_told_of_his_sign_up(town, fault):
    """The pool has him, and nobody has the id by which to confirm."""
    story = Story(town)
    town.pool.set(fault, only=("SignUp",))
    assert story.do("sign_up").status in NOT_NOW
    town.pool.set(None)
    assert town.people(story.to)
    wait_for("he is gone", lambda: hurried(town) and not town.people(story.to), every=0.2)


def of_identifiers(fault):
    """The fault, where a number gets its owner."""
    async def strike(exchange):
        if b'"ID#phone' in exchange.request.body:
            return await fault(exchange)
        return await exchange.forward()

    return strike


@pytest.mark.parametrize("fault", (http_faults.broken_before, http_faults.reset_before,
                                   http_faults.broken_after, http_faults.reset_after),
                         ids=lambda fault: fault.__name__)
def test_who_is_confirmed_at_the_pool_and_not_yet_with_us_can_finish(town, fault):
    story = Story(town)
    story.come_to("confirm")
    town.tables.set(of_identifiers(fault), only=("TransactWriteItems", "PutItem"))
    assert story.do("confirm").status in NOT_NOW
    assert [who["status"] for who in town.people(story.to).values()] == ["CONFIRMED"]
    town.tables.set(None)
    story.settle("confirm")
    story.is_one_account()


# --- a process that is not there any more ---------------------------------------------------------


def killing(server):
    """Carried out, and then there is nobody to be told."""
    async def strike(exchange):
        await exchange.forward()
        for pid in server.workers("auth"):
            os.kill(pid, signal.SIGKILL)
        exchange.reset()

    return strike


@pytest.mark.parametrize("step", ("change", "reset"))
def test_who_was_signed_in_does_not_stay_so_when_nobody_lives_to_end_it(town, step):
    story = Story(town)
    story.come_to(step)
    other = story.again()
    town.pool.set(killing(town.server), only=(story.STEPS[step][0],), first=True)
    # The web server answers by itself.
    with pytest.raises(AssertionError, match="(?s): 50[0-9] .*X-Request-Id is missing"):
        story.do(step)
    town.pool.set(None)
    other.get("/profile", expect=200)
    wait_for("he is out", lambda: hurried(town) and other.get("/profile").status == 401, every=0.2)
    assert story.get("/profile").status == (200 if step == "change" else 401)
    story.password = story.next_password
    story.is_one_account()


# --- a pool that is not there ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def far(dynoxide, ministack, toxic, tmp_path_factory):
    """A town whose pool is behind a network."""
    ways = []

    def front(pool):
        ways.append(toxic("pool", pool.url))
        return ways[0].url

    with a_town(tmp_path_factory.mktemp("far"), dynoxide, ministack, front) as made:
        made.way = ways[0]
        yield made


@pytest.mark.parametrize("toxic_of", ({"type": "timeout", "timeout": 0},
                                      {"type": "reset_peer", "timeout": 0},
                                      {"type": "limit_data", "bytes": 20},
                                      {"type": "latency", "latency": 20000}),
                         ids=lambda toxic: toxic["type"])
def test_while_the_pool_is_away_who_is_signed_in_goes_on_and_others_are_told_to_wait(
        far, toxic_of):
    ada = Story(far)
    ada.come_to("refresh")
    far.way.add(**toxic_of)
    began = time.monotonic()
    reply = ada.do("sign_in")
    assert (reply.status, reply.code) == (503, "unavailable"), reply
    assert time.monotonic() - began < 12
    assert ada.do("refresh").status == 503
    ada.get("/profile", expect=200)
    far.way.clear()
    ada.settle("refresh")
    ada.settle("sign_in")
