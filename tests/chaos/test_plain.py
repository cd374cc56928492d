"""Nothing fails, nothing is killed: what the checker says of a load at the full rate."""

from conftest import SECONDS


def test_a_steady_load_leaves_nothing_to_say(make_run, tell):
    run = make_run()
    result = run.put_under(seconds=SECONDS)
    tell(result)
    run.check()
    assert result.retried == 0 and not result.given_up
    assert result.acknowledged >= result.plan.rate * SECONDS * 0.98
    assert result.seconds <= SECONDS * 1.05 + 1
