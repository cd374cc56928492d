"""Where the servers of the tests keep their data, and who keeps their people's passwords. What
differs for the tests stands here, and nowhere else."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# --- identity -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Local:
    """Accounts are in the store, codes in the outbox, keys in the data folder."""
    name = "local"
    rotates = True  # refreshing gives another refresh token
    sends_codes = False  # the tests' configuration has them written into the outbox
    # Cases of the contract that cannot come to be: nobody is asked for a second step.
    unseen = frozenset({"answer_challenge: success"})

    def settings(self, mark):
        return {}

    def sign_up_code(self, server, to):
        return server.notice(to)["code"]

    def recovery_code(self, server, to):
        return server.notice(to)["code"]

    def issuer(self, server):
        return server.url

    def client_id(self, server):
        return "cloud-chat"

    def shorten_tokens(self, server):
        """To a second, before it starts."""
        server.settings["identity.access_token"] = "1s"

    def signing_key(self, server, kid):
        """Where the private key of the access tokens is."""
        return server.data / "keys" / f"{kid}.pem"


@dataclass(frozen=True)
class Cognito:
    """A user pool in MiniStack for each data folder, and in it a client with a secret. MiniStack
    sends no codes: they are always these. It gives no other refresh token than the first."""
    endpoint: str
    state: Path  # MiniStack's folder
    environment: dict = field(repr=False)
    name = "cognito"
    rotates = False
    sends_codes = True
    unseen = frozenset()

    def settings(self, mark):
        made = make_pool(self.endpoint, mark, tuple(sorted(self.environment.items())))
        return {"identity.backend": "cognito", "cognito.endpoint": self.endpoint, **made}

    def sign_up_code(self, server, to):
        return "123456"

    def recovery_code(self, server, to):
        return "654321"

    def issuer(self, server):
        pool = server.settings["cognito.pool"]
        return f"https://cognito-idp.{pool.split('_')[0]}.amazonaws.com/{pool}"

    def client_id(self, server):
        return server.settings["cognito.client_id"]

    def shorten_tokens(self, server):
        self.client().update_user_pool_client(
            UserPoolId=server.settings["cognito.pool"], ClientId=self.client_id(server),
            **{**CLIENT, "AccessTokenValidity": 1, "TokenValidityUnits": {
                "AccessToken": "seconds"}})

    def signing_key(self, server, kid):
        return self.state / "cognito-pool-keys" / f"{server.settings['cognito.pool']}-access.pem"

    def client(self):
        return boto_client("cognito-idp", self.endpoint, self.environment)

    def people(self, server):
        """Who is in the pool: the attributes of each by his username, and `status`."""
        pages = self.client().get_paginator("list_users")
        users = [user for page in pages.paginate(UserPoolId=server.settings["cognito.pool"])
                 for user in page["Users"]]
        return {user["Username"]: {"status": user["UserStatus"],
                                   **{one["Name"]: one["Value"] for one in user["Attributes"]}}
                for user in users}


CLIENT = {
    "ClientName": "cloud-chat", "PreventUserExistenceErrors": "ENABLED",
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "EnableTokenRevocation": True, "AccessTokenValidity": 15,
    "TokenValidityUnits": {"AccessToken": "minutes"}}


@cache  # the same data folder, the same pool
def make_pool(endpoint, mark, environment):
    """A pool whose rules for passwords are ours, so that ours are the ones that are seen, and where
    who wants to may have a second step."""
    cognito = boto_client("cognito-idp", endpoint, dict(environment))
    pool = cognito.create_user_pool(
        PoolName=f"p-{mark}", AutoVerifiedAttributes=["phone_number", "email"],
        Policies={"PasswordPolicy": {
            "MinimumLength": 8, "RequireUppercase": False, "RequireLowercase": False,
            "RequireNumbers": False, "RequireSymbols": False}})["UserPool"]["Id"]
    cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="OPTIONAL",
                                     SoftwareTokenMfaConfiguration={"Enabled": True})
    client = cognito.create_user_pool_client(
        UserPoolId=pool, GenerateSecret=True, **CLIENT)["UserPoolClient"]
    return {"cognito.pool": pool, "cognito.client_id": client["ClientId"],
            "cognito.client_secret": client["ClientSecret"]}


# --- data -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sqlite:
    """Files in the data folder."""
    name = "sqlite"
    sign_out_s = 0  # until a session that has ended is refused everywhere
    environment = {}
    identity = Local()
    opens_sockets = False  # each thread, when it first needs them

    def settings(self, data):
        return {}

    def prepare(self, server):
        pass

    def stored(self, server):
        """The bytes of the store."""
        files = list(server.data.glob("cloud-chat.db*"))
        assert files
        return b"".join(file.read_bytes() for file in files)

    def blobs(self, server):
        """The bytes of each."""
        return [file.read_bytes() for file in (server.data / "blobs").rglob("*") if file.is_file()]


@dataclass(frozen=True)
class Aws:
    """A table and a part of a bucket, in what stands in for AWS (tests/README)."""
    tables: str  # endpoint
    objects: str
    bucket: str
    environment: dict = field(repr=False)  # with the credentials
    identity: object = Local()
    name = "aws"
    sign_out_s = 2
    opens_sockets = True

    def settings(self, data):
        """The same data folder, the same table."""
        mark = hashlib.sha256(str(data).encode()).hexdigest()[:24]
        return {"store.backend": "dynamodb", "store.table": f"t-{mark}",
                "aws.dynamodb_endpoint": self.tables, "aws.s3_endpoint": self.objects,
                "identity.session_memory": f"{self.sign_out_s}s",
                "blob.backend": "s3", "blob.bucket": self.bucket, "blob.prefix": f"{mark}/",
                **self.identity.settings(mark)}

    def prepare(self, server):
        for command in (("init",), ("aws", "create-table")):
            run = server.run(*command, **server.as_user())
            assert run.returncode == 0, run.stdout + run.stderr

    def client(self, service, url):
        return boto_client(service, url, self.environment)

    def items(self, server):
        """All of the table, as DynamoDB tells them."""
        pages = self.client("dynamodb", self.tables).get_paginator("scan")
        name = server.settings["store.table"]
        return [item for page in pages.paginate(TableName=name, ConsistentRead=True)
                for item in page["Items"]]

    def stored(self, server):
        items = self.items(server)
        assert items
        return json.dumps(items, ensure_ascii=False, default=str).encode()

    def blobs(self, server):
        s3, prefix = self.client("s3", self.objects), server.settings["blob.prefix"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [s3.get_object(Bucket=self.bucket, Key=found["Key"])["Body"].read()
                for page in pages for found in page.get("Contents", [])]


def boto_client(service, url, environment):
    """boto3's: by others, so that what we wrote is read as they understand it."""
    import boto3  # not there where SQLite is tested

    return boto3.client(service, endpoint_url=url, region_name=environment["AWS_REGION"],
                        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])


def refuse_root(key):
    """MiniStack takes these for the account's root and then checks no signature at all."""
    assert key != "test" and not (key.isdigit() and len(key) == 12), \
        f"the key {key} is root in MiniStack: no signature would be checked"


def named(env):
    """By the environment, as tests/aws/with.py sets it."""
    if "CC_TEST_DYNAMODB" not in env:
        return Sqlite()
    refuse_root(env["AWS_ACCESS_KEY_ID"])
    given = {name: value for name, value in env.items() if name.startswith("AWS_")}
    identity = Local()
    if "CC_TEST_COGNITO" in env:
        identity = Cognito(env["CC_TEST_COGNITO"], Path(env["CC_TEST_COGNITO_STATE"]), given)
    return Aws(env["CC_TEST_DYNAMODB"], env["CC_TEST_S3"], env["CC_TEST_BUCKET"], given, identity)
