"""Codes by Amazon SNS, as MiniStack understands it, and what SNS says when it cannot."""

import json
import re
import urllib.request
from contextlib import contextmanager
from urllib.parse import parse_qs

import http_faults
import pytest
from client import PASSWORD, Client, Person, new_number
from counterparts import REGION
from server import Server, wait_for


@contextmanager
def serving(folder, endpoint, keys, **settings):
    """A server whose codes go by SNS, and nothing else to AWS."""
    given = {"codes.sms": "sns", "codes.sms_day_max": 0, "aws.sns_endpoint": endpoint,
             "aws.region": REGION} | {key.replace("__", "."): value
                                      for key, value in settings.items()}
    folder.mkdir(exist_ok=True)
    server = Server(folder / "data", given, env=keys.environment())
    server.secrets.add(keys.secret)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def sign_up(server, number):
    server.secrets.add(number)
    return Client(server.url).post("/auth/sign-up", {
        "name": "Ada", "phone_number": number, "password": PASSWORD}, expect=201).json()


def confirm(server, pending, code):
    server.secrets.add(code)
    Client(server.url).post("/auth/account-confirmation", {"id": pending["id"], "code": code},
                            expect=204)


def arrived(ministack, number):
    """The SMS to a number that MiniStack keeps."""
    url = f"{ministack.url}/_ministack/sns/sms-messages?region={REGION}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        kept = json.load(answer)
    found = []

    def look(value):
        if isinstance(value, dict) and value.get("PhoneNumber") == number:
            found.append(value)
        for inner in value.values() if isinstance(value, dict) else \
                value if isinstance(value, list) else ():
            look(inner)

    look(kept)
    return found


def code_of(text):
    return re.match(r"(\d{6}) is your", text)[1]


def outcomes(server):
    return [line["outcome"] for line in server.log_lines() if line["event"] == "notice"]


def test_a_code_arrives_by_sms_and_works(ministack, tmp_path):
    number = new_number()
    with serving(tmp_path, ministack.url, ministack, sns__sender_id="CloudChat",
                 sns__max_price="0.25", sns__origination_number="+12065550100") as server:
        pending = sign_up(server, number)
        sms = wait_for("an SMS", lambda: arrived(ministack, number))[0]
        attributes = json.dumps(sms["MessageAttributes"])
        for word in ("Transactional", "CloudChat", "0.25", "+12065550100", "AWS.SNS.SMS.MaxPrice",
                     "AWS.SNS.SMS.SenderID", "AWS.MM.SMS.OriginationNumber", "AWS.SNS.SMS.SMSType"):
            assert word in attributes, attributes
        confirm(server, pending, code_of(sms["Message"]))
        Person(server, login={"phone_number": number}).sign_in()


async def busy(exchange):
    return http_faults.answer_with(
        429, b"<ErrorResponse><Error><Code>Throttled</Code></Error></ErrorResponse>")


async def broken(exchange):
    return http_faults.answer_with(
        500, b"<ErrorResponse><Error><Code>InternalError</Code></Error></ErrorResponse>")


@pytest.mark.parametrize("fault, outcome", (
    (busy, "again"), (broken, "unknown"), (http_faults.reset_before, "unknown"),
    (http_faults.reset_after, "unknown"),
), ids=lambda value: getattr(value, "__name__", ""))
def test_what_failed_is_sent_again_and_is_the_same(ministack, tmp_path, fault, outcome):
    number = new_number()
    with http_faults.Proxy(ministack.url) as proxy, \
            serving(tmp_path, proxy.url, ministack) as server:
        proxy.set(fault)
        pending = sign_up(server, number)
        wait_for("a failure", lambda: outcomes(server), seconds=30)
        assert outcomes(server)[0] == outcome
        proxy.set(None)
        wait_for("success", lambda: outcomes(server)[-1] == "sent", seconds=30)
        texts = {parse_qs(seen.body.decode())["Message"][0] for seen in proxy.seen}
        assert len({code_of(text) for text in texts}) == 1
        confirm(server, pending, code_of(texts.pop()))


def refusing(status, code, message):
    async def refuse(exchange):
        number = parse_qs(exchange.request.body.decode())["PhoneNumber"][0]
        return http_faults.answer_with(status, (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>"
            f"{message.format(number=number)}</Message></Error></ErrorResponse>").encode())

    return refuse


NOT_ALLOWED = ("User: arn:aws:iam::1:user/c is not authorized to perform: SNS:Publish on "
               "resource: {number} because no policy allows it")
REFUSALS = (
    # what SNS has against this number
    (400, "OptedOut", "{number} is opted out", "never"),
    (400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: {number} is not valid",
     "never"),
    (400, "ParameterValueInvalid", "The phone number {number} is none", "never"),
    (400, "ValidationException", "Invalid phone number", "never"),
    # what it has against us
    (403, "AuthorizationError", NOT_ALLOWED, "misconfigured"),
    (403, "InvalidClientTokenId", "The security token is invalid", "misconfigured"),
    (403, "SignatureDoesNotMatch", "Check your key", "misconfigured"),
    (403, "KMSOptInRequired", "The key needs a subscription", "misconfigured"),
    (400, "KMSAccessDenied", "The ciphertext refers to a key", "misconfigured"),
    (400, "InvalidParameter", "Invalid parameter: AWS.SNS.SMS.SenderID", "misconfigured"),
    (400, "UserError", "{number} is not verified in the sandbox", "misconfigured"),
    (404, "NotFound", "No such thing", "misconfigured"),
)


def test_a_refusal_of_a_number_is_final_and_one_of_ours_is_not(ministack, tmp_path):
    """None of them repeats the number in the log, as AWS does in its own words."""
    with http_faults.Proxy(ministack.url) as proxy, serving(
            tmp_path, proxy.url, ministack, codes__address_day_max=0) as server:
        for status, code, message, outcome in REFUSALS:
            number, seen = new_number(), len(outcomes(server))
            proxy.set(refusing(status, code, message))
            pending = sign_up(server, number)
            wait_for("a try", lambda: outcomes(server)[seen:], seconds=30)
            assert outcomes(server)[seen] == outcome, code
            proxy.set(None)
            if outcome == "misconfigured":
                wait_for("it is sent", lambda: outcomes(server)[-1] == "sent", seconds=30)
                confirm(server, pending, code_of(arrived(ministack, number)[0]["Message"]))
        assert "look at keys and rights" in server.log()


def test_the_policy_allows_it(ministack, tmp_path):
    server = Server(tmp_path / "data", {"codes.sms": "sns", "aws.region": REGION})
    server.run("init")
    run = server.run("aws", "policy")
    assert run.returncode == 0, run.stderr
    rights = [right for one in json.loads(run.stdout)["Statement"] for right in one["Action"]]
    assert "sns:Publish" in rights and all(right.startswith("sns:") for right in rights)
