"""What commits in groups are worth, and what a sender notices of people who sign in."""

import mmap
from contextlib import ExitStack

import rows_http
import sites
import stores
import wrk
from rows_http import again, in_turn, ratios, send_load
from sites import Site
from stores import BUILT
from table import Figures, Line, Row

SHIM = BUILT / "tests" / "shim" / "syncs.so"
SIGN_INS_AT_ONCE = (2, 8)


def measure_group(options):
    return [ratios(grouped_and_single(options)), Figures(syncs_a_send(options))]


def grouped_and_single(options):
    with ExitStack() as stack:
        both = [stack.enter_context(Site(stores.copy(rows_http.seeded(), name).data, settings))
                for name, settings in (("grouped", {}), ("single", {"store.group_max": 1}))]
        return in_turn(both, send_load(rows_http.seeded()), options)


def syncs_a_send(options):
    store = stores.copy(rows_http.seeded(), "counted")
    path = sites.write("syncs", "\0" * 8)
    preloaded = {"LD_PRELOAD": str(SHIM), "SYNCS_FILE": path}
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 8) as counter, \
            Site(store.data, None, preloaded) as site:
        load = send_load(store)
        wrk.run(site.url, again(load), 1)
        return [count_round(site, load, counter, options.seconds) for _ in range(options.rounds)]


def count_round(site, load, counter, seconds):
    before = int.from_bytes(counter[:8], "little")
    sends = wrk.run(site.url, again(load), seconds).requests
    return (int.from_bytes(counter[:8], "little") - before) / sends


def measure_sign_in(options):
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
    return [growth_of_waits(rounds, n) for n in range(len(SIGN_INS_AT_ONCE))]


def sign_in_round(site, sends, signing_in, seconds):
    """Sends alone, and the pairs (sends, sign-ins) for each number of sign-ins."""
    alone = wrk.run(site.url, again(sends), seconds)
    together = []
    for load in signing_in:
        others = wrk.start(site.url, load, seconds)
        mine = wrk.run(site.url, again(sends), seconds)
        together.append((mine, wrk.finish(others)))
    return alone, together


def growth_of_waits(rounds, n):
    alone, together = rounds[-1]
    sends, sign_ins = together[n]
    return Figures([each[n][0].p99_ms / before.p99_ms for before, each in rounds],
                   f"{sends.p99_ms:.1f} against {alone.p99_ms:.1f} ms; {sends.rate:,.0f} of "
                   f"{alone.rate:,.0f} sends/s, {sign_ins.rate:.0f} sign-ins/s")


ROWS = {
    "group": Row((Line("the same sends, groups of up to 64 beside groups of one", at_least=1.5),
                  Line(f"waits for the disk a send, with {wrk.CONNECTIONS} senders", at_most=0.3)),
                 measure_group),
    "sign-in": Row(tuple(Line(f"99 of 100 sends within, while {at_once} sign in without a pause, "
                              "beside sends alone", at_most=2) for at_once in SIGN_INS_AT_ONCE),
                   measure_sign_in),
}
