"""Who asks learns nothing about who has an account: not by status, body or header, and not by how
long the answer takes."""

import math
import statistics
import time

import pytest
from client import PASSWORD, Client, Person, new_number

TOLERANCE = 0.05
ROUNDS = 6


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """The real password hash; throttles out of the way, and a proxy, to come from anywhere."""
    from server import Server
    settings = {"http.trusted_proxy": "yes", "identity.wrong_passwords_day": 1000000,
                "identity.sign_up_number_day": 1000000, "identity.recover_number_day": 1000000,
                "identity.argon2_memory_kib": 19456, "identity.argon2_passes": 2}
    running = Server(tmp_path_factory.mktemp("enumeration") / "data", settings).start()
    running.known = [Person(running, f"Known {i}").sign_up() for i in range(8)]
    running.asker = Person(running, "Asker").sign_up().sign_in()
    yield running
    running.stop()


class Asker:
    """Asks about known and unknown numbers in turn, each time from another address."""

    def __init__(self, target, path, body):
        self.client = Client(target.url)
        self.path, self.body = path, body
        self.known = [person.number for person in target.known]
        self.unknown = [new_number() for _ in self.known]
        self.token = target.asker.token if path.startswith("/contacts") else None
        self.count = 0

    def ask(self, number):
        self.count += 1
        n = self.count
        began = time.perf_counter()
        reply = self.client.post(self.path, self.body(number), token=self.token, headers={
            "x-forwarded-for": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"})
        return time.perf_counter() - began, reply

    def pair(self, i):
        known, unknown = (numbers[i % len(numbers)] for numbers in (self.known, self.unknown))
        if i % 2:
            return self.ask(known), self.ask(unknown)
        second, first = self.ask(unknown), self.ask(known)
        return first, second


CASES = {
    "sign-up": ("/auth/sign-up", 24, lambda number: {
        "name": "Eve", "phone_number": number, "password": PASSWORD}),
    "sign-in": ("/auth/sign-in", 24, lambda number: {
        "phone_number": number, "password": "not this one"}),
    "forgot": ("/auth/forgot-password", 150, lambda number: {"phone_number": number}),
}


@pytest.mark.parametrize("case", CASES)
def test_answers_about_known_and_unknown_numbers_are_alike(target, case):
    path, _, body = CASES[case]
    (_, known), (_, unknown) = Asker(target, path, body).pair(0)
    assert known.shape() == unknown.shape()


def compare(asker, pairs):
    """Pairs of one known and one unknown, one right after the other, so that what else the machine
    does befalls both; the median of their ratios. A busy machine gets more rounds. What fails is
    a difference that is beyond the tolerance and not chance."""
    ratios = []
    for _ in range(ROUNDS):
        for i in range(pairs):
            (known, _), (unknown, _) = asker.pair(i)
            ratios.append(known / unknown)
        low, high = interval_of_median(ratios)
        if within(low) and within(high):
            return
    middle = statistics.median(ratios)
    assert within(middle) or low <= 1 <= high, \
        f"known takes {middle:.3f} ({low:.3f} to {high:.3f}) times as long as unknown"


def interval_of_median(values):
    """99.9 %, by the sign test: the order statistics around the middle."""
    values, half = sorted(values), 1.65 * math.sqrt(len(values))
    middle = len(values) / 2
    return values[max(0, int(middle - half))], values[min(len(values) - 1, int(middle + half))]


def within(ratio):
    return abs(ratio - 1) <= TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_they_take_as_long(target, case):
    path, pairs, body = CASES[case]
    compare(Asker(target, path, body), pairs)


def test_finding_nobody_and_finding_who_does_not_allow_it_take_as_long(target):
    shy = [Person(target, f"Shy {i}").sign_up().sign_in() for i in range(4)]
    for person in shy:
        person.patch("/profile/preferences", {"discoverable": False}, expect=200)
    asker = Asker(target, "/contacts/discover", lambda number: {"phone_numbers": [number]})
    asker.known = [person.number for person in shy]
    (_, known), (_, unknown) = asker.pair(0)
    assert known.shape() == unknown.shape()
    compare(asker, 150)
