"""What stands in for AWS in the tests, written by others: MiniStack (DynamoDB, S3, Cognito, SNS,
STS, IAM; checks signatures) and dynoxide (DynamoDB, exact under races; checks none). tests/README
says what each is good for and where it is lax.

The Makefile installs both and says where they are: MINISTACK and DYNOXIDE."""

import os
import subprocess
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from backends import refuse_root
from botocore.config import Config
from server import free_port, wait_for

REGION = "eu-central-1"
# What the suite asks of an account, and no more.
POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*",
             "Action": ["dynamodb:*", "s3:*", "sts:GetCallerIdentity", "sts:AssumeRole",
                        "cognito-idp:*", "sns:*", "cloudformation:*", "iam:*"]}]}"""


@dataclass
class Counterpart:
    name: str
    url: str
    key: str  # of an IAM user
    secret: str = field(repr=False)
    process: subprocess.Popen = field(repr=False)
    log: Path = field(repr=False)
    certificate: tuple | None = None  # of TLS, if it speaks that

    @property
    def folder(self):
        """Where it keeps what it keeps."""
        return self.log.parent

    def client(self, service, **more):
        """boto3's, which neither retries nor waits for ever."""
        return client(service, self.url, self.key, self.secret, **trust(self.certificate), **more)

    def environment(self):
        """For a program that finds its credentials where every program of AWS finds them."""
        given = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret,
                 "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
        if self.certificate:
            given["AWS_CA_BUNDLE"] = str(self.certificate[0])
        return given


def trust(certificate):
    return {"verify": str(certificate[0])} if certificate else {}


def client(service, url, key, secret, tries=1, timeout_s=10, **more):
    config = Config(retries={"total_max_attempts": tries}, connect_timeout=timeout_s,
                    read_timeout=timeout_s, s3={"addressing_style": "path"})
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id=key,
                        aws_secret_access_key=secret, config=config, **more)


# --- starting and stopping ------------------------------------------------------------------------


def launch(folder, command, env):
    """A process of a counterpart, which sees nothing of the caller's environment, and does not
    outlive it."""
    folder.mkdir(parents=True)
    log = folder / "log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command], stdout=out, stderr=out,
            stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **env})
    return process, log


def wait_until_up(process, log, ask):
    def is_up():
        assert process.poll() is None, f"it ended:\n{log.read_text()[-4000:]}"
        try:
            ask()
            return True
        except Exception:  # whatever boto3 makes of a port that does not answer yet
            return False

    wait_for("the counterpart answers", is_up, seconds=60, every=0.05)


@contextmanager
def stopped(process):
    """Ends it whatever happens."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it may wait for a connection that we still hold
            process.kill()
            process.wait()


@contextmanager
def ministack(folder, certificate=None):
    """MiniStack with AUTH=true, and in it a user whose requests must be signed rightly. With the
    paths of a certificate and its key it speaks TLS, and nothing else."""
    port = free_port()
    url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    tls = {} if certificate is None else {
        "USE_SSL": "1", "MINISTACK_SSL_CERT": str(certificate[0]),
        "MINISTACK_SSL_KEY": str(certificate[1])}
    process, log = launch(folder, [os.environ["MINISTACK"]], {
        "AUTH": "true", "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port), "STATE_DIR": str(folder), "S3_DATA_DIR": str(folder),
        "IOT_MTLS_ENABLED": "0", **tls})  # else it binds port 8883 on all addresses
    with stopped(process):
        # The account's root, for this alone: to make the user.
        iam = client("iam", url, "test", "test", **trust(certificate))
        wait_until_up(process, log, iam.list_users)
        name = f"suite-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="suite", PolicyDocument=POLICY)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        refuse_root(made["AccessKeyId"])
        yield Counterpart("ministack", url, made["AccessKeyId"], made["SecretAccessKey"], process,
                          log, certificate)


@contextmanager
def dynoxide(folder):
    """dynoxide, in memory: any key and any signature will do."""
    port = free_port()
    process, log = launch(folder, [os.environ["DYNOXIDE"], "serve", "--host", "127.0.0.1",
                                   "--port", str(port), "--log", "quiet"], {})
    with stopped(process):
        made = Counterpart("dynoxide", f"http://127.0.0.1:{port}", "AKIADYNOXIDEDYNOXIDE",
                           "any secret will do", process, log)
        wait_until_up(process, log, made.client("dynamodb").list_tables)
        yield made


STARTS = {"ministack": ministack, "dynoxide": dynoxide}
