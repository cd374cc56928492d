"""The counterparts, one of each a session (and worker of xdist)."""

import counterparts
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
