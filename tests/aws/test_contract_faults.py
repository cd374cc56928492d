"""The contracts of the store and of the blobs, with faults in the way of their requests: the first
try of each fails, or a share of them, and nobody who uses the interface notices."""

import os
import subprocess
from pathlib import Path

import http_faults
import pytest
from counterparts import REGION

CONTRACT = Path(os.environ["CONTRACT"])
BUCKET = "blobs-under-faults"
# Of a connection, and of answers: whatever the service is.
WIRE = (http_faults.broken_after, http_faults.reset_before, http_faults.reset_after,
        http_faults.truncated, http_faults.says_more, http_faults.says_less, http_faults.no_http)
STORE = ("store_items_test", "store_parallel_test", "timer_test")
# Not what makes the table: an operator does that, and does it again.
DATA = ("GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "DeleteItem", "UpdateItem",
        "TransactGetItems", "TransactWriteItems")


def run(suite, proxy, counterpart, **variables):
    env = {**os.environ, **counterpart.environment(), **variables}
    done = subprocess.run([CONTRACT / suite], env=env, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(proxy.struck.values()) >= 5, proxy.struck


@pytest.fixture(scope="module")
def bucket(ministack):
    ministack.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return BUCKET


@pytest.mark.parametrize("fault", (http_faults.slow_down, *WIRE), ids=lambda f: f.__name__)
def test_blobs_when_every_first_try_fails(ministack, bucket, fault):
    with http_faults.Proxy(ministack.url) as proxy:
        proxy.set(fault, first=True)
        run("blob_test", proxy, ministack, CC_TEST_S3=proxy.url, CC_TEST_BUCKET=bucket,
            BLOBS_EACH="5")


# All of it is long: each case runs in `make test-aws` once, and each with each in `make soak`.
EVERY_FAULT = [pytest.param(suite, fault, id=f"{suite}-{fault.__name__}",
                            marks=[] if i % len(STORE) == k else [pytest.mark.soak])
               for k, suite in enumerate(STORE)
               for i, fault in enumerate((http_faults.throttled, http_faults.broken_before, *WIRE))]


@pytest.mark.parametrize("suite, fault", EVERY_FAULT)
def test_the_store_when_every_first_try_fails(dynoxide, suite, fault):
    with http_faults.Proxy(dynoxide.url) as proxy:
        proxy.set(fault, only=DATA, first=True)
        run(suite, proxy, dynoxide, CC_TEST_DYNAMODB=proxy.url)


# The third counts what killed processes get done in a time.
@pytest.mark.parametrize("suite", ("store_items_test", "timer_test"))
@pytest.mark.parametrize("how", (
    {"fault": http_faults.conflict, "share": 0.2, "only": ("TransactWriteItems",)},
    {"fault": http_faults.throttled, "share": 0.1, "only": DATA}),
    ids=lambda how: how["fault"].__name__)
def test_the_store_when_some_fail(dynoxide, suite, how):
    with http_faults.Proxy(dynoxide.url) as proxy:
        proxy.set(**how)
        run(suite, proxy, dynoxide, CC_TEST_DYNAMODB=proxy.url)
