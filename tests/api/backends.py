"""Where the servers of the tests keep their data. What differs for the tests stands here, and
nowhere else."""

import hashlib
import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sqlite:
    """Files in the data folder."""
    name = "sqlite"
    sign_out_s = 0  # until a session that has ended is refused everywhere
    environment = {}
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
    name = "aws"
    sign_out_s = 2
    opens_sockets = True

    def settings(self, data):
        """The same data folder, the same table."""
        mark = hashlib.sha256(str(data).encode()).hexdigest()[:24]
        return {"store.backend": "dynamodb", "store.table": f"t-{mark}",
                "aws.dynamodb_endpoint": self.tables, "aws.s3_endpoint": self.objects,
                "identity.session_memory": f"{self.sign_out_s}s",
                "blob.backend": "s3", "blob.bucket": self.bucket, "blob.prefix": f"{mark}/"}

    def prepare(self, server):
        for command in (("init",), ("aws", "create-table")):
            run = server.run(*command, **server.as_user())
            assert run.returncode == 0, run.stdout + run.stderr

    def client(self, service, url):
        """boto3's: by others, so that what we wrote is read as they understand it."""
        import boto3  # not there where SQLite is tested

        return boto3.client(service, endpoint_url=url,
                            region_name=self.environment["AWS_REGION"],
                            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"])

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


def refuse_root(key):
    """MiniStack takes these for the account's root and then checks no signature at all."""
    assert key != "test" and not (key.isdigit() and len(key) == 12), \
        f"the key {key} is root in MiniStack: no signature would be checked"


def named(env):
    """By the environment, as tests/aws/with.py sets it."""
    if "CC_TEST_DYNAMODB" not in env:
        return Sqlite()
    refuse_root(env["AWS_ACCESS_KEY_ID"])
    return Aws(env["CC_TEST_DYNAMODB"], env["CC_TEST_S3"],
               env["CC_TEST_BUCKET"],
               {name: value for name, value in env.items() if name.startswith("AWS_")})
