"""What commits in groups are worth, and what a sender notices of people who sign in."""

import mmap
from contextlib import ExitStack

import rows_http
import sites
import stores
import wrk
from rows_http import again, send_load
from server import ROOT
from sites import Site
from table import Line

SHIM = ROOT / "build" / "release" / "tests" / "shim" / "syncs.so"
SIGN_INS_AT_ONCE = (2, 8)


def row_group(options):
    """Sends with groups of up to 64 against groups of one"""
    pairs = grouped_and_single(options)
    grouped, single = pairs[-1]
    return [Line("the same sends, groups of up to 64 against groups of one",
                 [grouped.rate / single.rate for grouped, single in pairs], at_least=1.5,
                 note=f"{grouped.rate:,.0f} and {single.rate:,.0f} requests/s"),
            Line("waits for the disk (fsync, fdatasync) a send, with 64 senders",
                 syncs_a_send(options), at_most=0.3)]


def grouped_and_single(options):
    with ExitStack() as stack:
        both = [stack.enter_context(Site(stores.copy(rows_http.seeded(), name).data, settings))
                for name, settings in (("grouped", {}), ("single", {"store.group_max": 1}))]
        load = send_load(rows_http.seeded())
        for site in both:
            wrk.run(site.url, again(load), 1)
        return [tuple(wrk.run(site.url, again(load), options.seconds) for site in both)
                for _ in range(options.rounds)]


def syncs_a_send(options, settings=None):
    store = stores.copy(rows_http.seeded(), "counted")
    path = sites.write("syncs", "\0" * 8)
    preloaded = {"LD_PRELOAD": str(SHIM), "SYNCS_FILE": path}
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 8) as counter, \
            Site(store.data, settings, preloaded) as site:
        load = send_load(store)
        wrk.run(site.url, again(load), 1)
        return [count_round(site, load, counter, options.seconds) for _ in range(options.rounds)]


def count_round(site, load, counter, seconds):
    before = int.from_bytes(counter[:8], "little")
    sends = wrk.run(site.url, again(load), seconds).requests
    return (int.from_bytes(counter[:8], "little") - before) / sends


def row_sign_in(options):
    """Sends while people sign in"""
    store = stores.copy(rows_http.seeded(), "product")
    numbers = [person.phone_number for person in store.people[rows_http.FIRST_SIGNER:]]
    signing_in = [wrk.Load(script="sign_in.lua", connections=at_once,
                           arguments=[sites.write("signers", "\n".join(numbers) + "\n"),
                                      stores.PASSWORD]) for at_once in SIGN_INS_AT_ONCE]
    with Site(store.data) as site:
        sends = send_load(store)
        for load in (sends, *signing_in):
            wrk.run(site.url, load, 1)
        rounds = [sign_in_round(site, sends, signing_in, options.seconds)
                  for _ in range(options.rounds)]
    return [sign_in_line(at_once, rounds, n) for n, at_once in enumerate(SIGN_INS_AT_ONCE)]


def sign_in_round(site, sends, signing_in, seconds):
    """Sends alone, and the pairs (sends, sign-ins) for each number of sign-ins."""
    alone = wrk.run(site.url, again(sends), seconds)
    together = []
    for load in signing_in:
        others = wrk.start(site.url, load, seconds)
        mine = wrk.run(site.url, again(sends), seconds)
        together.append((mine, wrk.finish(others)))
    return alone, together


def sign_in_line(at_once, rounds, n):
    alone, together = rounds[-1]
    sends, sign_ins = together[n]
    return Line(f"POST /auth/sign-in, {at_once} at once, while 64 send: the sends' 99 of 100",
                [each[n][0].p99_ms / before.p99_ms for before, each in rounds], at_most=2,
                note=f"{sends.p99_ms:.1f} against {alone.p99_ms:.1f} ms; {sends.rate:,.0f} of "
                     f"{alone.rate:,.0f} sends/s, {sign_ins.rate:.0f} sign-ins/s")
