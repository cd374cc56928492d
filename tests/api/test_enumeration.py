"""Who asks learns nothing about who has an account: not by status, body or header, and not by how
long the answer takes.

Requests about a known and an unknown number follow each other, so that what else the machine does
befalls both. What is compared is the mean of the faster half of each: noise only ever adds. How
sure that is says a bootstrap. That a difference would be noticed is shown with programs that are
2 ms slower where the number is known, by a preloaded library.

The password hash is cheap for that: it takes its 20 ms and more on both sides, and they vary by
more than what is looked for. That it is made on both sides is shown with the real one."""

import os
import random
import statistics
import time
from dataclasses import dataclass

import pytest
from client import PASSWORD, Client, Person, new_login, new_number
from server import STAGE, Server, needs_local, needs_sqlite

TOLERANCE_MS = 0.5
ADDED_MS = 2
ROUNDS = int(os.environ.get("TIMING_ROUNDS", 8))
PAIRS = 100  # in a round
BOOTSTRAP = 500
KNOWN = 8
# Numbers of those who have an account begin with it, and no others: the mark of the slow programs.
KNOWN_PREFIX = "+4917"

SETTINGS = {  # throttles out of the way, and a proxy, to come from anywhere
    "http.trusted_proxy": "yes", "identity.wrong_passwords_day": 1000000,
    "identity.sign_up_number_day": 1000000, "identity.recover_number_day": 1000000}
REAL_HASH = {"identity.argon2_memory_kib": 19456, "identity.argon2_passes": 2}


def known_number():
    return KNOWN_PREFIX + new_number()[len(KNOWN_PREFIX):]


class SlowServer(Server):
    """Slower where a known number is asked about."""

    def environment(self):
        return super().environment() | {
            "LD_PRELOAD": os.environ["SHIMS"] + "/slow_body.so", "SLOW_TEXT": KNOWN_PREFIX,
            "SLOW_US": str(ADDED_MS * 1000)}


def running(kind, folder, **settings):
    server = kind(folder / "data", SETTINGS | settings).start()
    server.known = [Person(server, f"Known {i}", {"phone_number": known_number()}).sign_up()
                    for i in range(KNOWN)]
    server.asker = Person(server, "Asker").sign_up().sign_in()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    yield from running(Server, tmp_path_factory.mktemp("enumeration"))


@pytest.fixture(scope="module")
def slow_target(tmp_path_factory):
    if "asan" in STAGE.parts or "tsan" in STAGE.parts:
        pytest.skip("a sanitizer does not let another library be preloaded")
    yield from running(SlowServer, tmp_path_factory.mktemp("slow"))


@pytest.fixture(scope="module")
def costly_target(tmp_path_factory):
    """With the real password hash."""
    yield from running(Server, tmp_path_factory.mktemp("costly"), **REAL_HASH)


class Asker:
    """Asks about known and unknown numbers in turn, each time from another address."""

    def __init__(self, target, path, body, known=None):
        self.client = Client(target.url)
        self.path, self.body = path, body
        self.known = known or [person.number for person in target.known]
        self.unknown = [new_number() for _ in self.known]
        self.token = target.asker.token if path.startswith("/contacts") else None
        self.count = 0

    def ask(self, number):
        self.count += 1
        n = self.count
        began = time.perf_counter()
        reply = self.client.post(self.path, self.body(number), token=self.token, headers={
            "x-forwarded-for": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"})
        return (time.perf_counter() - began) * 1000, reply

    def pair(self, i):
        known, unknown = (numbers[i % len(numbers)] for numbers in (self.known, self.unknown))
        if i % 2:
            return self.ask(known), self.ask(unknown)
        second, first = self.ask(unknown), self.ask(known)
        return first, second


# path, body
CASES = {
    "sign-up": ("/auth/sign-up", lambda number: {
        "name": "Eve", "phone_number": number, "password": PASSWORD}),
    "sign-in": ("/auth/sign-in", lambda number: {
        "phone_number": number, "password": "not this one"}),
    "forgot": ("/auth/forgot-password", lambda number: {"phone_number": number}),
    "discover": ("/contacts/discover", lambda number: {"phone_numbers": [number]}),
}


ASKS_POOL = needs_local("how long Cognito takes is not ours to promise")


def asker_of(target, case):
    path, body = CASES[case]
    return Asker(target, path, body, shy_numbers(target) if case == "discover" else None)


def shy_numbers(target):
    """Of people who do not allow that they are found."""
    shy = [Person(target, f"Shy {i}", {"phone_number": known_number()}).sign_up().sign_in()
           for i in range(4)]
    for person in shy:
        person.patch("/profile/preferences", {"discoverable": False}, expect=200)
    return [person.number for person in shy]


# --- what the answers say -------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_answers_about_known_and_unknown_numbers_are_alike(target, case):
    (_, known), (_, unknown) = asker_of(target, case).pair(0)
    assert known.shape() == unknown.shape()


@pytest.mark.parametrize("case", ["sign-up", "sign-in", "forgot"])
def test_answers_about_known_and_unknown_addresses_are_alike(target, case):
    path, body = CASES[case]
    more = body("+491")
    del more["phone_number"]
    known = Person(target, login=new_login("email")).sign_up()
    shapes = [Client(target.url).post(path, {**more, **login}).shape()
              for login in (known.login, new_login("email"))]
    assert shapes[0] == shapes[1]


# --- and how long they take -----------------------------------------------------------------------


def faster_half(values):
    return statistics.fmean(sorted(values)[:max(1, len(values) // 2)])


def difference(pairs):
    return faster_half([known for known, _ in pairs]) - faster_half([other for _, other in pairs])


@dataclass
class Verdict:
    """How much longer the known number takes, in ms; 99 % of the bootstrap's lie in low..high."""

    low: float
    middle: float
    high: float
    pairs: int

    @property
    def is_alike(self):
        return -TOLERANCE_MS <= self.low and self.high <= TOLERANCE_MS

    @property
    def differs(self):
        return self.low > TOLERANCE_MS or self.high < -TOLERANCE_MS

    def __str__(self):
        return (f"known numbers take {self.middle:+.2f} ms ({self.low:+.2f} to {self.high:+.2f}), "
                f"by {self.pairs} pairs")


def judge(pairs, choose=random.Random(1).choices):
    resampled = sorted(difference(choose(pairs, k=len(pairs))) for _ in range(BOOTSTRAP))
    cut = BOOTSTRAP // 200
    return Verdict(resampled[cut], difference(pairs), resampled[-1 - cut], len(pairs))


def measure(asker, count):
    """Milliseconds that the known and the unknown take."""
    return [tuple(ms for ms, _ in asker.pair(i)) for i in range(count)]


def compare(asker):
    """Rounds until the verdict is clear; a busy machine gets more."""
    pairs = []
    for _ in range(ROUNDS):
        pairs += measure(asker, PAIRS)
        verdict = judge(pairs)
        if verdict.is_alike or verdict.differs:
            break
    print(verdict)
    return verdict


@pytest.mark.parametrize("case", [pytest.param(case, marks=() if case == "discover" else ASKS_POOL)
                                  for case in CASES])
def test_they_take_as_long(target, case):
    verdict = compare(asker_of(target, case))
    assert not verdict.differs, verdict


@needs_sqlite("the two milliseconds are added in the database's file")
@pytest.mark.parametrize("case", CASES)
def test_two_milliseconds_would_be_noticed(slow_target, case):
    verdict = compare(asker_of(slow_target, case))
    assert verdict.differs, verdict
    assert ADDED_MS / 2 < verdict.middle < ADDED_MS * 2, verdict


@needs_local("a pool hashes its passwords itself")
@pytest.mark.parametrize("case", ["sign-up", "sign-in"])
def test_the_password_is_hashed_for_known_and_unknown_numbers(costly_target, case):
    pairs = measure(asker_of(costly_target, case), 24)
    known, unknown = (faster_half(times) for times in zip(*pairs, strict=True))
    print(f"known {known:.1f} ms, unknown {unknown:.1f} ms")
    assert 0.75 < known / unknown < 1.33, (known, unknown)
