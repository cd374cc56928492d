"""The contract of the blobs, on a bucket, with a fault in every request's way: each first try fails,
and nobody notices."""

import os
import subprocess
from pathlib import Path

import http_faults
import pytest
from counterparts import REGION

CONTRACT = Path(os.environ["CONTRACT"])
BUCKET = "blobs-under-faults"
FAULTS = (http_faults.slow_down, http_faults.broken_after, http_faults.reset_before,
          http_faults.reset_after, http_faults.truncated, http_faults.says_more,
          http_faults.no_http)


@pytest.fixture(scope="module")
def bucket(ministack):
    ministack.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return BUCKET


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_in_every_first_try_is_nobodys_trouble(ministack, bucket, fault):
    with http_faults.Proxy(ministack.url) as proxy:
        proxy.set(fault, first=True)
        env = {**os.environ, **ministack.environment(), "CC_TEST_S3": proxy.url,
               "CC_TEST_BUCKET": bucket, "BLOBS_EACH": "5"}
        run = subprocess.run([CONTRACT / "blob_test"], env=env, capture_output=True, text=True,
                             timeout=110)
        assert run.returncode == 0, run.stdout + run.stderr
        assert sum(proxy.struck.values()) > 100
