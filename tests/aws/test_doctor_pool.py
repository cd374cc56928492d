"""`cloudchat doctor` of a user pool, its client and its keys: each thing is set wrongly, and the
line about it says what to do."""

import json
import socket
import time

import http_faults
import pytest
from doctor_lines import examine, only_wrong, text_of
from house import well
from server import Server, free_port

PHONE_AND_EMAIL = ["phone_number", "email"]
POOL = {"PoolName": "chat", "AutoVerifiedAttributes": PHONE_AND_EMAIL, "MfaConfiguration": "OFF",
        "DeletionProtection": "ACTIVE",
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms",
                             "ExternalId": "chat"}}
CLIENT = {"ClientName": "chat", "GenerateSecret": True, "RefreshTokenValidity": 60,
          "PreventUserExistenceErrors": "ENABLED", "EnableTokenRevocation": True,
          "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}


@pytest.fixture
def make_site(ministack, tmp_path):
    """A data folder of its own, whose people are in a pool of MiniStack's."""
    cognito = ministack.client("cognito-idp")

    def make(client=None, **pool):
        made = cognito.create_user_pool(**{**POOL, **pool})["UserPool"]["Id"]
        app = cognito.create_user_pool_client(UserPoolId=made, **{**CLIENT, **(client or {})})[
            "UserPoolClient"]
        settings = {"identity.backend": "cognito", "cognito.endpoint": ministack.url,
                    "cognito.pool": made, "cognito.client_id": app["ClientId"],
                    "cognito.client_secret": app.get("ClientSecret", "")}
        site = Server(tmp_path / "data", settings, env=ministack.environment())
        well(site.run("init"))
        return site

    return make


@pytest.fixture
def proxied(make_site, ministack):
    """With a proxy in the way."""
    site = make_site()
    with http_faults.Proxy(ministack.url) as proxy:
        site.settings["cognito.endpoint"] = proxy.url
        yield site, proxy


def described(**changes):
    """A proxy's fault: what is described is like this instead; None: it is not there."""
    async def change(exchange):
        got = await exchange.forward()
        told = json.loads(got.content())
        next(iter(told.values())).update(changes)
        return http_faults.answer_with(200, json.dumps(told).encode())

    return change


# --- when all is well -----------------------------------------------------------------------------


def test_a_pool_as_it_should_be_is_told_line_by_line(make_site):
    lines = examine(make_site())
    assert not [line for line in lines if line[0] == "not ok"], lines
    told = [what for _, what, _ in lines]
    assert told[told.index("Cognito"):] == ["Cognito", "clock", "pool", "pool codes", "client",
                                            "pool keys", "outbox"]
    assert "with its secret" in text_of(lines, "client")
    assert "for RS256" in text_of(lines, "pool keys")


def test_no_secret_is_shown(make_site):
    site = make_site()
    run = site.run("doctor")
    assert site.settings["cognito.client_secret"] not in run.stdout + run.stderr


def test_a_client_without_a_secret_can_be_used_and_is_warned_of(make_site):
    lines = examine(make_site({"GenerateSecret": False}))
    assert "secret" not in text_of(lines, "client")
    assert ["warning", "client secret"] in [list(line[:2]) for line in lines]


def test_the_rights_are_those_that_are_printed(make_site):
    policy = json.loads(well(make_site().run("aws", "policy")))
    allowed = {action for each in policy["Statement"] for action in each["Action"]}
    assert {"cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient",
            "cognito-idp:AdminDeleteUser"} <= allowed


# --- the pool -------------------------------------------------------------------------------------


def test_a_pool_that_is_not_there(make_site):
    site = make_site()
    site.settings["cognito.pool"] = "eu-central-1_Nowhere99"
    lines = examine(site)
    assert "[cognito] pool" in text_of(lines, "pool", "not ok")
    assert "the pool cannot be seen" in text_of(lines, "client", "skipped")


@pytest.mark.parametrize("pool, texts", (
    ({"UsernameAttributes": ["phone_number"]}, ("UsernameAttributes", "let [cognito] pool")),
    ({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}}, ("self-registration",)),
    ({"AutoVerifiedAttributes": []}, ("sends no codes",)),
    ({"Schema": [{"Name": "birthdate", "AttributeDataType": "String", "Required": True}]},
     ("asks everybody for birthdate",))),
    ids=("user names", "administrators", "codes", "attributes"))
def test_a_pool_to_which_nobody_can_sign_up(make_site, pool, texts):
    only_wrong(make_site(**pool), "pool", *texts)


def test_a_pool_that_cannot_send_to_phones(make_site):
    only_wrong(make_site(SmsConfiguration={}), "pool codes", "SmsConfiguration", "sns:Publish")


@pytest.mark.parametrize("pool, what, text", (
    ({"AutoVerifiedAttributes": ["email"]}, "pool codes", "e-mail addresses alone"),
    ({"AliasAttributes": ["phone_number"]}, "pool aliases", "AliasAttributes"),
    ({"DeletionProtection": "INACTIVE"}, "pool deletion", "Switch it on"),
    ({"MfaConfiguration": "ON"}, "pool MFA", "Make it optional")))
def test_what_an_operator_should_know_of_a_pool(make_site, pool, what, text):
    assert text in text_of(examine(make_site(**pool)), what, "warning")


@pytest.mark.parametrize("operation, what", (
    ("DescribeUserPool", "pool"), ("DescribeUserPoolClient", "client")))
def test_a_right_that_is_missing(proxied, operation, what):
    site, proxy = proxied

    async def denied(_):
        return http_faults.answer(400, "AccessDeniedException")

    proxy.set(denied, only=(operation,))
    only_wrong(site, what, f"cognito-idp:{operation}", "cloudchat aws policy")


def test_a_key_that_nobody_knows(make_site):
    site = make_site()
    site.env["AWS_ACCESS_KEY_ID"] = "AKIAUNKNOWNUNKNOWNXX"
    only_wrong(site, "pool", "does not know this access key")


def test_without_credentials_the_keys_are_looked_at_all_the_same(make_site):
    site = make_site()
    del site.env["AWS_ACCESS_KEY_ID"], site.env["AWS_SECRET_ACCESS_KEY"]
    del site.env["AWS_EC2_METADATA_DISABLED"]
    site.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"http://127.0.0.1:{free_port()}"
    lines = examine(site)
    assert "no credentials" in text_of(lines, "pool", "skipped")
    assert "for RS256" in text_of(lines, "pool keys")


def test_nobody_at_the_address(make_site):
    site = make_site()
    site.settings["cognito.endpoint"] = f"http://127.0.0.1:{free_port()}"
    lines = examine(site)
    assert "Nobody answers there" in text_of(lines, "Cognito", "not ok")
    assert "cannot be reached" in text_of(lines, "pool", "skipped")
    assert "Nobody answers there" in text_of(lines, "pool keys", "not ok")


def test_somebody_who_never_answers(make_site):
    site = make_site()
    with socket.create_server(("127.0.0.1", 0)) as port:
        site.settings["cognito.endpoint"] = f"http://127.0.0.1:{port.getsockname()[1]}"
        began = time.monotonic()
        assert "no whole answer" in text_of(examine(site), "Cognito", "not ok")
        assert time.monotonic() - began < 30


# --- the client -----------------------------------------------------------------------------------


def test_a_client_that_is_not_there(make_site):
    site = make_site()
    site.settings["cognito.client_id"] = "nobodys0client"
    only_wrong(site, "client", "[cognito] client_id")


@pytest.mark.parametrize("client, texts", (
    ({"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]}, ("ALLOW_USER_PASSWORD_AUTH",)),
    ({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}, ("ALLOW_REFRESH_TOKEN_AUTH",)),
    ({"EnableTokenRevocation": False}, ("EnableTokenRevocation",)),
    ({"WriteAttributes": ["name", "email"]}, ("may not write phone_number",))),
    ids=("password", "refresh", "revocation", "attributes"))
def test_a_client_that_cannot_do_what_we_ask(make_site, client, texts):
    only_wrong(make_site(client), "client", *texts)


@pytest.mark.parametrize("has, given, text", (
    (True, "", "client_secret_file"), (False, "something", "remove [cognito] client_secret"),
    (True, "another", "copy it again")), ids=("missing", "needless", "wrong"))
def test_a_secret_that_does_not_fit(make_site, has, given, text):
    site = make_site({"GenerateSecret": has})
    site.settings["cognito.client_secret"] = given
    only_wrong(site, "client", text)


def test_rotation_that_does_not_fit(proxied):
    site, proxy = proxied
    site.settings["cognito.rotation"] = "yes"
    only_wrong(site, "client", "does not rotate", "Set it to no")
    proxy.set(described(RefreshTokenRotation={"Feature": "ENABLED"},
                        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]),
              only=("DescribeUserPoolClient",))
    assert "rotating refresh tokens" in text_of(examine(site), "client")
    assert "RetryGracePeriodSeconds" in text_of(examine(site), "client rotation", "warning")
    proxy.set(described(RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
                        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]),
              only=("DescribeUserPoolClient",))
    assert "client rotation" not in [what for _, what, _ in examine(site)]
    site.settings["cognito.rotation"] = "no"
    assert "ALLOW_REFRESH_TOKEN_AUTH" in only_wrong(site, "client")


@pytest.mark.parametrize("client, what, text", (
    ({"RefreshTokenValidity": 5}, "client tokens", "last 5 days"),
    ({"PreventUserExistenceErrors": "LEGACY"}, "client answers", "PreventUserExistenceErrors")))
def test_what_an_operator_should_know_of_a_client(make_site, client, what, text):
    assert text in text_of(examine(make_site(client)), what, "warning")


# --- its keys -------------------------------------------------------------------------------------


# RFC 7515, A.2: whose private half anybody can have.
PUBLISHED = json.dumps({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one",
                                  "e": "AQAB", "n": (
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5"
    "rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhy"
    "xXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")}]}).encode()


def keys_are(body, status=200):
    async def answer(_):
        return http_faults.answer_with(status, body)

    return answer


def test_keys_that_are_none(proxied):
    site, proxy = proxied
    proxy.set(keys_are(b'{"keys":[]}'), only=("GET",))
    assert "no set of keys" in text_of(examine(site), "pool keys", "not ok")
    proxy.set(keys_are(PUBLISHED), only=("GET",))
    assert "for trying out alone" in text_of(examine(site), "pool keys", "warning")
    proxy.set(keys_are(b"nothing", status=404), only=("GET",))
    assert "answers with 404" in text_of(examine(site), "pool keys", "not ok")
