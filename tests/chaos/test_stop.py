"""`cloudchat serve` itself ends in the middle of a load, and is started again: killed alone (its
children end in order, by themselves), killed with all its children at once, asked to stop as an
operator or a terminal does, or together with all its children, as some init systems do it.

Nothing acknowledged is lost, every message that failed meanwhile succeeds when it is sent again;
and who was only asked to stop has finished what it had in hand: nothing was done without the answer
having left."""

import os
import signal
import time

import pytest
from conftest import is_good, signal_everything

pytestmark = pytest.mark.soak

ROUNDS = 4
SECONDS = 20


def kill_the_parent(server):
    server.process.kill()
    server.process.wait()


def kill_everything(server):
    signal_everything(server, signal.SIGKILL)
    server.process.wait()


def end_the_group(server):
    """The parent's process group holds the parent alone."""
    os.killpg(server.process.pid, signal.SIGTERM)
    assert server.process.wait(30) == 0


def end_everything(server):
    signal_everything(server, signal.SIGTERM)
    assert server.process.wait(30) == 0


def restart_often(run, end, away):
    """Again and again, in the middle of the load; notes how long nobody was served."""
    for _ in range(ROUNDS):
        run.wait_for_acks(300)
        began = time.monotonic()
        end(run.server)
        run.server.start()
        away.append(time.monotonic() - began)
        run.wait_for_acks(1)


def put_under_restarts(run, end, tell):
    away = []
    result = run.put_under(lambda: restart_often(run, end, away), seconds=SECONDS)
    tell(result, f"away for {', '.join(f'{1000 * s:.0f}' for s in away)} ms")
    run.check()
    assert len(away) == ROUNDS
    assert not result.given_up


@pytest.mark.parametrize("end", [kill_the_parent, kill_everything, end_everything])
def test_what_was_acknowledged_is_there_after(end, make_run, tell):
    put_under_restarts(make_run(serve__chat_workers=2), end, tell)


def test_a_stop_finishes_what_is_in_hand(make_run, tell):
    """So a message whose first answer did not come was not done either, and is new when it is sent
    again. No request gets a 5xx: it is answered, or not taken at all."""
    run = make_run(serve__chat_workers=2)
    put_under_restarts(run, end_the_group, tell)
    again = [outcome for invoke, outcome in run.exchanges("send")
             if invoke["attempt"] > 1 and is_good(outcome)]
    assert again
    assert {outcome["status"] for outcome in again} == {201}
    errors = [outcome for _, outcome in run.exchanges() if outcome.get("status", 0) >= 500]
    assert not errors, errors[:5]
