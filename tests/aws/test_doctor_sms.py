"""`cloudchat doctor` of SNS, which is to send codes by SMS."""

import json

import http_faults
import pytest
from doctor_lines import examine, only_wrong, text_of
from house import well
from server import Server

@pytest.fixture
def site(ministack, tmp_path):
    made = Server(tmp_path / "data", {"codes.sms": "sns", "aws.sns_endpoint": ministack.url},
                  env=ministack.environment())
    for command in ("init", "tick"):
        well(made.run(command))
    return made


@pytest.fixture
def proxied(site, ministack):
    with http_faults.Proxy(ministack.url) as proxy:
        site.settings["aws.sns_endpoint"] = proxy.url
        yield site, proxy


def told(xml, status=200):
    async def tell(exchange):
        if exchange.request.first.startswith("GET"):
            return await exchange.forward()
        assert b"Publish" not in exchange.request.body
        return http_faults.answer_with(status, xml.encode())

    return tell


def sandbox(boxed):
    return told("<GetSMSSandboxAccountStatusResponse><GetSMSSandboxAccountStatusResult>"
                f"<IsInSandbox>{boxed}</IsInSandbox></GetSMSSandboxAccountStatusResult>"
                "</GetSMSSandboxAccountStatusResponse>")


def error(code):
    return told(f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error>"
                "</ErrorResponse>", 403)


def test_an_account_that_may_send_is_well(proxied):
    site, proxy = proxied
    proxy.set(sandbox("false"))
    lines = examine(site)
    assert "answers" in text_of(lines, "SNS")
    assert "to any number" in text_of(lines, "SMS")


def test_an_account_in_the_sandbox(proxied):
    site, proxy = proxied
    proxy.set(sandbox("true"))
    assert "sandbox" in text_of(examine(site), "SMS", "warning")


def test_who_may_only_send_is_not_told_that_something_is_wrong(proxied):
    site, proxy = proxied
    proxy.set(error("AuthorizationError"))
    assert "GetSMSSandboxAccountStatus" in text_of(examine(site), "SMS", "skipped")


def test_keys_that_nobody_knows(proxied):
    site, proxy = proxied
    proxy.set(error("InvalidClientTokenId"))
    only_wrong(site, "SMS", "does not know this access key")


def test_what_stands_in_for_sns_is_not_asked_to_send(site, ministack):
    assert "answers" in text_of(examine(site), "SNS")
    assert "SNS SMS to" not in ministack.log.read_text()


def test_the_rights_are_those_that_are_printed(site):
    policy = json.loads(well(site.run("aws", "policy")))
    allowed = {action for each in policy["Statement"] for action in each["Action"]}
    assert allowed == {"sns:Publish", "sns:GetSMSSandboxAccountStatus"}
