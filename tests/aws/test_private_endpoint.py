"""An endpoint with a certificate of a private authority, and one that is slow to answer."""

import time

import http_faults
import pytest
from house import house, running, well


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return http_faults.self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def private(dynoxide, certificate):
    with http_faults.Proxy(dynoxide.url, certificate) as running:
        yield running


def test_a_strange_certificate_is_refused(private, dynoxide, tmp_path):
    server = house(tmp_path, private, keys=dynoxide)
    run = server.run("aws", "create-table")
    assert run.returncode == 1 and "certificate" in run.stderr
    assert not private.seen


def test_a_named_authority_is_trusted(private, dynoxide, tmp_path, certificate):
    server = house(tmp_path, private, keys=dynoxide, aws__ca_file=certificate[0])
    well(server.run("aws", "create-table"))
    with running(server) as client:
        client.get("/readyz", expect=200)


def test_the_bundle_of_awss_own_programs_is_trusted(private, dynoxide, tmp_path, certificate):
    server = house(tmp_path, private, keys=dynoxide)
    server.env["AWS_CA_BUNDLE"] = str(certificate[0])
    well(server.run("aws", "create-table"))


def test_the_configuration_goes_before_the_environment(private, dynoxide, tmp_path, certificate):
    server = house(tmp_path, private, keys=dynoxide, aws__ca_file=certificate[0])
    server.env["AWS_CA_BUNDLE"] = "/nonexistent/ca.pem"
    well(server.run("aws", "create-table"))


def test_a_file_of_authorities_that_is_missing_is_named(private, dynoxide, tmp_path):
    server = house(tmp_path, private, keys=dynoxide, aws__ca_file="/nonexistent/ca.pem")
    run = server.run("aws", "create-table")
    assert run.returncode == 78
    assert "[aws] ca_file" in run.stderr and "/nonexistent/ca.pem" in run.stderr


@pytest.mark.parametrize("fault", (http_faults.silent_after, http_faults.throttled),
                         ids=lambda fault: fault.__name__)
def test_not_ready_is_said_within_a_second(dynoxide, tmp_path, fault):
    """Whoever asks, a load balancer, does not wait for all that a call may try."""
    with http_faults.Proxy(dynoxide.url) as proxy:
        server = house(tmp_path, proxy, keys=dynoxide)
        well(server.run("aws", "create-table"))
        with running(server) as client:
            client.get("/readyz", expect=200)
            proxy.set(fault, only=("GetItem",))
            began = time.monotonic()
            client.get("/readyz", expect=503)
            assert time.monotonic() - began < 2.5
            proxy.set(None)
            client.get("/readyz", expect=200)
