"""That the counterparts are as strict as the suite relies on: what they let pass would pass in our
programs, too."""

import base64
import hashlib
import hmac
import threading
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass

import backends
import counterparts
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

TABLE = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def status_of(url, data=None, method="GET", headers=None):
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def refusal(call, *arguments, **more):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    return caught.value.response["Error"]["Code"]


@pytest.fixture(scope="session")
def bucket(ministack):
    """A client of S3 and the name of a bucket."""
    s3, name = ministack.client("s3"), f"bucket-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name,
                     CreateBucketConfiguration={"LocationConstraint": counterparts.REGION})
    return s3, name


# --- signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ("test", "000000000000", "123456789012"))
def test_the_suite_refuses_to_run_with_the_keys_of_root(key):
    with pytest.raises(AssertionError, match="root in MiniStack"):
        backends.refuse_root(key)
    with pytest.raises(AssertionError, match="root in MiniStack"):
        backends.named({"CC_TEST_DYNAMODB": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": key})


def signed(ministack, body):
    """A request for ListTables, as curl would send it."""
    request = AWSRequest("POST", ministack.url + "/", data=body, headers={
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.ListTables"})
    SigV4Auth(Credentials(ministack.key, ministack.secret), "dynamodb",
              counterparts.REGION).add_auth(request)
    return dict(request.headers)


def test_a_request_without_signature_is_refused(ministack):
    headers = {name: value for name, value in signed(ministack, b"{}").items()
               if name.lower() != "authorization"}
    assert status_of(ministack.url, b"{}", "POST", headers) in (400, 403)


def test_a_body_that_was_changed_after_signing_is_refused(ministack):
    headers = signed(ministack, b"{}")
    assert status_of(ministack.url, b"{}", "POST", headers) == 200
    assert status_of(ministack.url, b'{"Limit":1}', "POST", headers) in (400, 403)


def test_a_date_of_yesterday_is_refused(ministack, monkeypatch):
    import datetime

    import botocore.auth

    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: yesterday)
    assert status_of(ministack.url, b"{}", "POST", signed(ministack, b"{}")) in (400, 403)


@pytest.mark.parametrize("service, call, code", (
    ("dynamodb", "list_tables", "InvalidSignatureException"),
    ("s3", "list_buckets", "SignatureDoesNotMatch")))
def test_a_wrong_secret_is_refused(ministack, service, call, code):
    wrong = counterparts.client(service, ministack.url, ministack.key, "not the secret")
    assert refusal(getattr(wrong, call)) == code


def test_an_unknown_key_is_refused(ministack):
    unknown = counterparts.client("dynamodb", ministack.url, "AKIAUNKNOWNUNKNOWNXX", "x")
    assert refusal(unknown.list_tables) == "UnrecognizedClientException"


# --- S3 -------------------------------------------------------------------------------------------


def test_an_object_is_made_once_where_that_is_asked(bucket):
    s3, name = bucket
    s3.put_object(Bucket=name, Key="once", Body=b"first", IfNoneMatch="*")
    again = {"Bucket": name, "Key": "once", "Body": b"second", "IfNoneMatch": "*"}
    assert refusal(s3.put_object, **again) == "PreconditionFailed"
    assert s3.get_object(Bucket=name, Key="once")["Body"].read() == b"first"


def presigned(bucket, **more):
    s3, name = bucket
    return s3.generate_presigned_url("put_object", Params={
        "Bucket": name, "Key": "upload", "ContentType": "image/png", "ContentLength": 3},
        ExpiresIn=60, **more)


def test_a_presigned_put_holds_type_length_and_method(bucket):
    url = presigned(bucket)
    png = {"content-type": "image/png"}
    assert status_of(url, b"abc", "PUT", png) == 200
    assert status_of(url, b"abcd", "PUT", png) == 403
    assert status_of(url, b"abc", "PUT", {"content-type": "text/html"}) == 403
    assert status_of(url, None, "GET") == 403
    assert status_of(url.replace("upload", "another"), b"abc", "PUT", png) == 403


# --- DynamoDB -------------------------------------------------------------------------------------


@pytest.fixture
def table(tables):
    """A client of DynamoDB and the name of a table."""
    db, name = tables.client("dynamodb"), f"t-{uuid.uuid4().hex}"
    db.create_table(TableName=name, **TABLE)
    db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    yield db, name
    db.delete_table(TableName=name)


def test_a_transaction_with_the_same_token_is_carried_out_once(table):
    db, name = table
    put = {"Put": {"TableName": name, "Item": {"pk": {"S": "a"}},
                   "ConditionExpression": "attribute_not_exists(pk)"}}
    for _ in range(2):
        db.transact_write_items(TransactItems=[put], ClientRequestToken="the-same-token")
    other = [put, {"Put": {"TableName": name, "Item": {"pk": {"S": "b"}}}}]
    assert refusal(db.transact_write_items, TransactItems=other,
                   ClientRequestToken="the-same-token") == "IdempotentParameterMismatchException"


def count_up(db, name, times, won):
    """Reads a counter and writes it one higher, if it is still what was read."""
    for _ in range(times):
        item = db.get_item(TableName=name, Key={"pk": {"S": "n"}}, ConsistentRead=True)["Item"]
        n = int(item["n"]["N"])
        try:
            db.transact_write_items(TransactItems=[{"Update": {
                "TableName": name, "Key": {"pk": {"S": "n"}}, "UpdateExpression": "SET n = :new",
                "ConditionExpression": "n = :old", "ExpressionAttributeValues": {
                    ":old": {"N": str(n)}, ":new": {"N": str(n + 1)}}}}])
            won.append(1)
        except ClientError as error:
            assert error.response["Error"]["Code"] in (
                "TransactionCanceledException", "TransactionConflictException")


def test_nobody_overwrites_what_another_has_written_in_a_race(table):
    db, name = table
    db.put_item(TableName=name, Item={"pk": {"S": "n"}, "n": {"N": "0"}})
    won = []
    threads = [threading.Thread(target=count_up, args=(db, name, 25, won)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item = db.get_item(TableName=name, Key={"pk": {"S": "n"}}, ConsistentRead=True)["Item"]
    assert int(item["n"]["N"]) == len(won) >= 25


# --- Cognito --------------------------------------------------------------------------------------


PASSWORD = "correct horse battery"


@pytest.fixture
def pool(ministack):
    """What anybody may ask of a pool, by a client of it with a secret."""
    made = backends.make_pool(ministack.url, uuid.uuid4().hex,
                              tuple(sorted(ministack.environment().items())))
    return Pool(ministack, made["cognito.pool"], made["cognito.client_id"],
                made["cognito.client_secret"])


@dataclass
class Pool:
    ministack: counterparts.Counterpart
    id: str
    client_id: str
    secret: str

    def __post_init__(self):
        self.api = self.ministack.client("cognito-idp")

    def hash(self, user):
        """SECRET_HASH, as AWS describes it."""
        mac = hmac.new(self.secret.encode(), (user + self.client_id).encode(), hashlib.sha256)
        return base64.b64encode(mac.digest()).decode()

    def ask(self, call, user, **more):
        return getattr(self.api, call)(ClientId=self.client_id, Username=user,
                                       SecretHash=self.hash(user), **more)

    def sign_up(self, user, number="+4915112345678"):
        return self.ask("sign_up", user, Password=PASSWORD, UserAttributes=[
            {"Name": "phone_number", "Value": number}])

    def auth(self, flow, user, **parameters):
        return self.api.initiate_auth(
            ClientId=self.client_id, AuthFlow=flow,
            AuthParameters={"SECRET_HASH": self.hash(user), **parameters})

    def sign_in(self, user, password=None):
        """AuthenticationResult."""
        return self.auth("USER_PASSWORD_AUTH", user, USERNAME=user,
                         PASSWORD=password or PASSWORD)["AuthenticationResult"]


def test_a_wrong_code_of_a_sign_up_is_refused_and_the_right_one_once(pool):
    pool.sign_up("ada")
    assert refusal(pool.sign_in, "ada") == "UserNotConfirmedException"
    assert refusal(pool.ask, "confirm_sign_up", "ada",
                   ConfirmationCode="000000") == "CodeMismatchException"
    pool.ask("confirm_sign_up", "ada", ConfirmationCode="123456")
    assert refusal(pool.ask, "confirm_sign_up", "ada",
                   ConfirmationCode="123456") == "NotAuthorizedException"
    assert pool.sign_in("ada")["AccessToken"]


def test_a_wrong_hash_of_the_clients_secret_is_refused(pool):
    pool.secret += "x"
    assert refusal(pool.sign_up, "ada") == "NotAuthorizedException"


def test_who_is_not_there_looks_like_a_wrong_password(pool):
    pool.sign_up("ada")
    pool.ask("confirm_sign_up", "ada", ConfirmationCode="123456")
    assert refusal(pool.sign_in, "ada", "not this one") == "NotAuthorizedException"
    assert refusal(pool.sign_in, "nobody") == "NotAuthorizedException"


def test_a_new_password_needs_the_code_that_was_asked_for(pool):
    pool.sign_up("ada")
    pool.ask("confirm_sign_up", "ada", ConfirmationCode="123456")
    again = {"ConfirmationCode": "654321", "Password": "another horse battery"}
    assert refusal(pool.ask, "confirm_forgot_password", "ada", **again) == "ExpiredCodeException"
    pool.ask("forgot_password", "ada")
    wrong = {**again, "ConfirmationCode": "000000"}
    assert refusal(pool.ask, "confirm_forgot_password", "ada", **wrong) == "CodeMismatchException"
    pool.ask("confirm_forgot_password", "ada", **again)
    assert pool.sign_in("ada", "another horse battery")["AccessToken"]
    assert refusal(pool.sign_in, "ada") == "NotAuthorizedException"


def test_a_revoked_refresh_token_gives_no_other_and_none_turns(pool):
    pool.sign_up("ada")
    pool.ask("confirm_sign_up", "ada", ConfirmationCode="123456")
    token = pool.sign_in("ada")["RefreshToken"]
    fresh = pool.auth("REFRESH_TOKEN_AUTH", "ada", REFRESH_TOKEN=token)["AuthenticationResult"]
    assert fresh["AccessToken"] and "RefreshToken" not in fresh
    pool.api.revoke_token(Token=token, ClientId=pool.client_id, ClientSecret=pool.secret)
    assert refusal(pool.auth, "REFRESH_TOKEN_AUTH", "ada",
                   REFRESH_TOKEN=token) == "NotAuthorizedException"


def test_only_who_may_removes_people(pool, ministack):
    pool.sign_up("ada")
    wrong = counterparts.client("cognito-idp", ministack.url, ministack.key, "not the secret")
    them = {"UserPoolId": pool.id, "Username": "ada"}
    assert refusal(wrong.admin_delete_user, **them) == "InvalidSignatureException"
    pool.api.admin_delete_user(**them)
    assert refusal(pool.api.admin_get_user, **them) == "UserNotFoundException"
