"""The counterparts, one of each a session (and worker of xdist)."""

import counterparts
import moving
import pytest
import toxiproxy


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    with counterparts.ministack(tmp_path_factory.mktemp("aws") / "ministack") as running:
        yield running


@pytest.fixture(scope="session")
def dynoxide(tmp_path_factory):
    with counterparts.dynoxide(tmp_path_factory.mktemp("aws") / "dynoxide") as running:
        yield running


@pytest.fixture(params=("ministack", "dynoxide"))
def tables(request):
    """Each that has DynamoDB."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def toxic(tmp_path_factory):
    """Makes toxiproxy's proxies."""
    with toxiproxy.running(tmp_path_factory.mktemp("aws") / "toxiproxy") as make:
        yield make


# --- of `cloudchat migrate` -----------------------------------------------------------------------


@pytest.fixture(scope="session")
def storage(ministack):
    ministack.client("s3").create_bucket(
        Bucket=moving.BUCKET, CreateBucketConfiguration={"LocationConstraint": counterparts.REGION})
    return ministack


@pytest.fixture(scope="session")
def first_town(tmp_path_factory):
    return moving.build_town(tmp_path_factory.mktemp("town") / "data")


@pytest.fixture
def town(first_town, tmp_path):
    return first_town.copy(tmp_path / "data")


@pytest.fixture
def cloud(dynoxide, storage, town):
    return moving.Cloud(dynoxide, storage).create(town)
