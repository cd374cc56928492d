"""conf/aws/template.yaml: README's own commands make the stack on MiniStack, and the service runs on
it as the stack's own user, who has the stack's rights and no other. MiniStack speaks TLS here, as the
bucket is closed to what does not.

Of what the template says MiniStack's CloudFormation leaves out the table's expiry and its
point-in-time recovery, the bucket's lifecycle, and SMS as a second step; of an on-demand table it
tells a throughput. There the text of the template is looked at instead."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import counterparts
import http_faults
import pytest
import yaml
from botocore.exceptions import ClientError
from client import Person
from counterparts import REGION
from doctor_lines import examine
from house import well
from images import png
from server import CLOUDCHAT, ROOT, STAGE, Server

TEMPLATE = STAGE / "share" / "cloud-chat" / "conf" / "aws" / "template.yaml"
BIN = Path(sys.executable).parent


class Loader(yaml.SafeLoader):
    """!Ref and the like are kept as they stand."""


Loader.add_multi_constructor("!", lambda loader, tag, node: {tag: loader.construct_yaml_str(node)
                             if isinstance(node, yaml.ScalarNode) else node.value})


def resource(name):
    return yaml.load(TEMPLATE.read_text(), Loader)["Resources"][name]


# --- README's commands ----------------------------------------------------------------------------


def blocks():
    """What README has pasted into a shell."""
    text = (ROOT / "README.md").read_text()
    told = text.split("## From an AWS account to a service\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```sh\n(.*?)^```", told, re.M | re.S)


class Account:
    """An AWS account, in which a stack is made, and a host of ours."""

    def __init__(self, ministack, folder):
        self.ministack = ministack
        self.folder = folder
        self.data = folder / "chat"
        self.env = {"PATH": f"{CLOUDCHAT.parent}:{BIN}:{os.environ['PATH']}", "HOME": str(folder),
                    "AWS_ENDPOINT_URL": ministack.url, **self.endpoints(),
                    **ministack.environment()}
        del self.env["AWS_REGION"]

    def endpoints(self):
        """For us; AWS's own programs heed AWS_ENDPOINT_URL."""
        return {"CLOUDCHAT_AWS_ENDPOINT": self.ministack.url,
                "CLOUDCHAT_COGNITO_ENDPOINT": self.ministack.url}

    def shell(self, script):
        for theirs, ours in (("/srv/chat", self.data), ("/usr/local", STAGE)):
            script = script.replace(theirs, str(ours))
        return subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60,
                              env={**self.env, "AWS_DEFAULT_REGION": REGION}, cwd=self.folder)

    def client(self, service):
        return self.ministack.client(service)

    def stack(self, name="cloud-chat"):
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    def outputs(self, name="cloud-chat"):
        return {one["OutputKey"]: one["OutputValue"] for one in self.stack(name)["Outputs"]}

    def setting(self, section, key):
        """As it stands in the configuration that was written."""
        [text] = re.findall(rf"^\[{section}\]\n(.*?)(?=^\[|\Z)",
                            (self.data / "cloud-chat.conf").read_text(), re.M | re.S)
        return re.search(rf"^{key} = (.*)$", text, re.M).group(1)


@pytest.fixture(scope="session")
def ministack_tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws")
    certificate = http_faults.self_signed(folder / "tls")
    with counterparts.ministack(folder / "ministack", certificate) as running:
        yield running


@pytest.fixture(scope="session")
def account(ministack_tls, tmp_path_factory):
    """README, up to where the service would be started."""
    made = Account(ministack_tls, tmp_path_factory.mktemp("account"))
    told = well(made.shell(blocks()[0]))
    [secret] = re.findall(r"^\s*(\(umask 077.*?\))$", told, re.M | re.S)
    well(made.shell(secret))
    return made


@pytest.fixture(scope="session")
def service(account, tmp_path_factory):
    """README's second block, with the key that it makes."""
    begin, _ = blocks()[1].split("cloudchat doctor")
    told = well(account.shell(begin + 'echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"'))
    key, secret = told.splitlines()[-1].split()
    assert key != account.ministack.key
    made = Server(account.data, quick=False, env={
        **account.endpoints(), **account.ministack.environment(),
        "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})
    return told_where(made)


def told_where(server):
    """MiniStack sends no codes: they are always this one."""
    server.settings = {"server.public_url": server.url}
    server.code = lambda to: "123456"
    return server


# --- what is made ---------------------------------------------------------------------------------


def test_the_template_has_no_fault_that_its_linter_knows():
    run = subprocess.run([BIN / "cfn-lint", "--include-checks", "I", "--", TEMPLATE],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


def of_every_table(described):
    """Without what is the table's own, and what MiniStack tells of no index but its own."""
    own = ("TableName", "TableArn", "TableId", "CreationDateTime", "ProvisionedThroughput",
           "BillingModeSummary", "WarmThroughput", "ItemCount", "TableSizeBytes")
    kept = {name: value for name, value in described.items() if name not in own}
    kept["BillingMode"] = described["BillingModeSummary"]["BillingMode"]
    kept["LocalSecondaryIndexes"] = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in described["LocalSecondaryIndexes"]]
    return kept


@pytest.fixture(scope="session")
def by_hand(account):
    """A table of `cloudchat aws create-table`."""
    well(account.shell("CLOUDCHAT_STORE_TABLE=by-hand cloudchat aws create-table --data "
                       "/srv/chat"))
    return "by-hand"


def test_its_table_is_the_one_of_create_table(account, by_hand):
    db = account.client("dynamodb")
    made, wanted = (of_every_table(db.describe_table(TableName=name)["Table"])
                    for name in (account.outputs()["StoreTable"], by_hand))
    assert made == wanted
    assert wanted["BillingMode"] == "PAY_PER_REQUEST" and wanted["DeletionProtectionEnabled"]


def test_expiry_and_recovery_are_those_of_create_table(account, by_hand):
    db, said = account.client("dynamodb"), resource("Table")["Properties"]
    ttl = db.describe_time_to_live(TableName=by_hand)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED",
                   "AttributeName": said["TimeToLiveSpecification"]["AttributeName"]}
    assert said["TimeToLiveSpecification"]["Enabled"] is True
    backups = db.describe_continuous_backups(TableName=by_hand)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert said["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_pool_is_what_we_need(account):
    pool = account.client("cognito-idp").describe_user_pool(
        UserPoolId=account.outputs()["CognitoPool"])["UserPool"]
    assert not pool["AliasAttributes"] and not pool["UsernameAttributes"]
    assert set(pool["AutoVerifiedAttributes"]) == {"phone_number", "email"}
    rule = pool["Policies"]["PasswordPolicy"]
    assert rule["MinimumLength"] == int(fallback("identity", "password_min"))
    assert not any(rule[f"Require{what}"] for what in ("Lowercase", "Uppercase", "Numbers",
                                                       "Symbols"))
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["DeletionProtection"] == "ACTIVE"
    assert not pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]
    assert not [one["Name"] for one in pool["SchemaAttributes"]
                if one["Required"] and one["Name"] != "sub"]


def test_the_pool_sends_by_a_role_of_its_own(account):
    sms = account.client("cognito-idp").describe_user_pool(
        UserPoolId=account.outputs()["CognitoPool"])["UserPool"]["SmsConfiguration"]
    role = account.client("iam").get_role(RoleName=sms["SnsCallerArn"].split("/")[-1])["Role"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {
        "sts:ExternalId": sms["ExternalId"], "aws:SourceAccount": role["Arn"].split(":")[4]}}
    assert sms["ExternalId"] in account.stack()["StackId"] and len(sms["ExternalId"]) == 36


def test_a_second_step_may_be_totp_or_sms(account):
    mfa = account.client("cognito-idp").get_user_pool_mfa_config(
        UserPoolId=account.outputs()["CognitoPool"])
    assert mfa["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
    assert resource("Pool")["Properties"]["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA", "SMS_MFA"]


def fallback(section, key):
    """What holds of ours unless it is given."""
    printed = subprocess.run([CLOUDCHAT, "config", "--keys"], capture_output=True, text=True,
                             timeout=60, check=True).stdout
    return re.search(rf"^{section}\.{key} = (.*)$", printed, re.M).group(1)


def test_the_client_is_what_we_need(account):
    client = account.client("cognito-idp").describe_user_pool_client(
        UserPoolId=account.outputs()["CognitoPool"],
        ClientId=account.outputs()["CognitoClientId"])["UserPoolClient"]
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_USER_PASSWORD_AUTH",
                                                "ALLOW_REFRESH_TOKEN_AUTH"}
    assert client["PreventUserExistenceErrors"] == "ENABLED" and client["EnableTokenRevocation"]
    assert not client["AllowedOAuthFlowsUserPoolClient"]
    lives = {kind: f"{client[f'{kind}Validity']}{client['TokenValidityUnits'][kind][0]}"
             for kind in ("AccessToken", "RefreshToken")}
    assert lives == {"AccessToken": fallback("identity", "access_token"),
                     "RefreshToken": fallback("identity", "session_idle")}
    assert set(client["WriteAttributes"]) == {"name", "phone_number", "email"}


def test_the_bucket_is_nobody_elses(account):
    s3, bucket = account.client("s3"), account.outputs()["BlobBucket"]
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    [rule] = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert rule["AllowedOrigins"] == ["https://chat.example.org"]
    assert set(rule["AllowedMethods"]) == {"GET", "PUT"}
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    kept = [rule for rule in resource("Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]
            if rule["Status"] == "Enabled"]
    assert {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"} <= {
        name for rule in kept for name in rule}


def test_the_bucket_is_closed_to_what_is_not_encrypted(account):
    """MiniStack, as AWS, goes by what the last proxy says of the way before it."""
    s3, bucket = account.client("s3"), account.outputs()["BlobBucket"]
    s3.put_object(Bucket=bucket, Key="by-tls", Body=b"x")
    s3.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header(
        "X-Forwarded-Proto", "http"))
    with pytest.raises(ClientError, match="AccessDenied|Forbidden"):
        s3.put_object(Bucket=bucket, Key="in-the-clear", Body=b"x")


def test_what_holds_data_stays_when_the_stack_goes():
    for name in ("Table", "Bucket", "BucketPolicy", "Pool", "Client", "SmsRole"):
        assert {resource(name)[what] for what in ("DeletionPolicy", "UpdateReplacePolicy")} == {
            "Retain"}, name


# --- the rights -----------------------------------------------------------------------------------


def allowed(policy):
    """Which action of what it allows, for any account."""
    def several(value):
        return value if isinstance(value, list) else [value]

    assert {one["Effect"] for one in policy["Statement"]} == {"Allow"}
    return {(action, re.sub(r":\d{12}:", ":*:", name)) for one in policy["Statement"]
            for action in several(one["Action"]) for name in several(one["Resource"])}


def rights_of(account, name="cloud-chat"):
    arn, iam = account.outputs(name)["RightsArn"], account.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return allowed(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"])


def test_its_rights_are_those_that_are_printed(account):
    printed = json.loads(well(account.shell("cloudchat aws policy --data /srv/chat")))
    assert rights_of(account) == allowed(printed)


# --- the configuration ----------------------------------------------------------------------------


def test_the_configuration_is_private_and_tells_no_secret(account):
    config, secret = account.data / "cloud-chat.conf", account.data / "client-secret"
    assert config.stat().st_mode & 0o777 == 0o600 and secret.stat().st_mode & 0o777 == 0o600
    client = account.client("cognito-idp").describe_user_pool_client(
        UserPoolId=account.outputs()["CognitoPool"],
        ClientId=account.outputs()["CognitoClientId"])["UserPoolClient"]
    assert secret.read_text().strip() == client["ClientSecret"]
    assert client["ClientSecret"] not in config.read_text()
    assert client["ClientSecret"] not in json.dumps(account.outputs())


def test_the_configuration_is_what_the_stack_tells(account):
    told = account.outputs()
    for section, key, name in (("store", "table", "StoreTable"), ("blob", "bucket", "BlobBucket"),
                               ("cognito", "pool", "CognitoPool"), ("aws", "region", "AwsRegion"),
                               ("cognito", "client_id", "CognitoClientId"),
                               ("server", "public_url", "ServerPublicUrl")):
        assert account.setting(section, key) == told[name]
    backends = [account.setting(section, "backend") for section in ("store", "blob", "identity")]
    assert backends == ["dynamodb", "s3", "cognito"]


def test_a_configuration_that_is_there_stays(account):
    config = account.data / "cloud-chat.conf"
    before = config.read_text()
    again = account.shell("cloudchat aws config stack.json --to /srv/chat/cloud-chat.conf")
    assert again.returncode == 1 and "--force" in again.stderr
    assert config.read_text() == before
    well(account.shell("cloudchat aws config stack.json --force --to /srv/chat/cloud-chat.conf"))
    assert config.read_text() == before


def test_the_outputs_alone_will_do_and_go_to_standard_output(account):
    printed = account.shell("aws cloudformation describe-stacks --stack-name cloud-chat --query "
                            "'Stacks[0].Outputs' >outputs.json; cloudchat aws config outputs.json")
    assert well(printed) == (account.data / "cloud-chat.conf").read_text()
    assert "describe-user-pool-client" in printed.stderr


@pytest.mark.parametrize("words", ("config", "config stack.json --data /srv/chat", "policy --force",
                                   "create-table stack.json", "config a.json b.json", "confg x"))
def test_words_that_do_not_fit_are_not_understood(account, words):
    assert account.shell(f"cloudchat aws {words}").returncode == 2


# --- the service ----------------------------------------------------------------------------------


def test_the_service_has_all_the_rights_it_needs(service):
    wrong = [line for line in examine(service) if line[0] == "not ok"]
    assert not wrong, wrong


def chat(service):
    """Two people, from nothing to a message and a photo that was read."""
    ada, bob = (Person(service, name).sign_up().sign_in() for name in ("Ada", "Bob"))
    room = ada.room_with(bob)
    ada.say(room, "Hello, Bob!")
    [message] = bob.read(room)["items"]
    assert message["data"] == {"text": "Hello, Bob!"}
    path = ada.put("/profile/photo", body=png(3, 3), headers={"content-type": "image/png"},
                   expect=200).json()["photo"]
    assert bob.get(path, expect=200).body == png(3, 3)
    ada.anonymous().post("/auth/refresh-token", {"refresh_token": ada.refresh_token}, expect=200)


def test_people_sign_up_sign_in_and_send(service):
    service.start()
    chat(service)
    service.stop()
    assert "Nobody can sign up" not in service.log(), "the pool sends the codes"


def test_the_rights_are_enough_for_the_operator(service):
    service.start()
    cyd = Person(service, "Cyd").sign_up().sign_in()
    for command in ("show", "disable", "enable", "sign-out", "remove"):
        well(service.run("user", command, cyd.number, *["--yes"] * (command == "remove")))
    assert service.run("user", "show", cyd.number).returncode == 1
    service.stop()


def test_the_ready_configuration_serves_too(account, service, tmp_path):
    """Changed in what it marks, and told where MiniStack is."""
    told = account.outputs()
    made = Server(tmp_path / "data", quick=False, env=service.env)
    told_where(made).settings |= {
        "aws.region": told["AwsRegion"],
        "store.table": told["StoreTable"], "blob.bucket": told["BlobBucket"],
        "cognito.pool": told["CognitoPool"], "cognito.client_id": told["CognitoClientId"]}
    made.data.mkdir(mode=0o700)
    for file in (TEMPLATE.with_name("cloud-chat.conf"), account.data / "client-secret"):
        (made.data / file.name).write_bytes(file.read_bytes())
        (made.data / file.name).chmod(0o600)
    assert not [line for line in examine(made) if line[0] == "not ok" and line[1] != "keys"]
    made.start()
    chat(made)
    made.stop()


# --- other stacks ---------------------------------------------------------------------------------


def deploy(account, name, *parameters):
    """The last of several values of a parameter counts. awscli names a change set by the second in
    which it makes it."""
    time.sleep(1 - time.time() % 1)
    return account.shell(
        f"aws cloudformation deploy --stack-name {name} --capabilities CAPABILITY_IAM "
        f"--template-file {TEMPLATE} --parameter-overrides PublicUrl=https://chat.example.org "
        + " ".join(parameters))


def test_instances_get_a_role_with_the_same_rights(account):
    well(deploy(account, "on-instances"))
    told, iam = account.outputs("on-instances"), account.client("iam")
    assert "HostUserName" not in told
    profile = told["HostProfileName"].split("/")[-1]  # MiniStack tells its ARN instead
    [role] = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    [policy] = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert policy["PolicyArn"] == told["RightsArn"]


def test_who_tells_owners_by_sms_may_send_them(account):
    well(deploy(account, "tells", "OwnerNotice=sms"))
    printed = json.loads(well(account.shell("""
        aws cloudformation describe-stacks --stack-name tells >tells.json
        install -d -m 700 tells && echo secret >tells/client-secret
        cloudchat aws config tells.json --to tells/cloud-chat.conf >/dev/null
        cloudchat aws policy --data tells""")))
    assert ("sns:Publish", "*") in allowed(printed)
    assert rights_of(account, "tells") == allowed(printed)
    assert ("sns:Publish", "*") not in rights_of(account)


def test_a_stack_is_brought_up_to_date(account):
    """What is kept stays the same."""
    well(deploy(account, "to-change", "Host=none"))
    before = account.outputs("to-change")
    well(deploy(account, "to-change", "Host=user", "PublicUrl=https://elsewhere.example.org"))
    after = account.outputs("to-change")
    assert after.pop("HostUserName")
    assert after == {**before, "ServerPublicUrl": "https://elsewhere.example.org"}
    [rule] = account.client("s3").get_bucket_cors(Bucket=after["BlobBucket"])["CORSRules"]
    assert rule["AllowedOrigins"] == ["https://elsewhere.example.org"]


def test_a_stack_that_goes_leaves_what_holds_data(account):
    well(deploy(account, "to-go", "Host=none"))
    told = account.outputs("to-go")
    account.client("cloudformation").delete_stack(StackName="to-go")
    account.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="to-go", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert account.client("dynamodb").describe_table(TableName=told["StoreTable"])
    assert account.client("s3").get_bucket_policy(Bucket=told["BlobBucket"])
    assert account.client("cognito-idp").describe_user_pool_client(
        UserPoolId=told["CognitoPool"], ClientId=told["CognitoClientId"])
    with pytest.raises(ClientError, match="NoSuchEntity"):
        account.client("iam").get_policy(PolicyArn=told["RightsArn"])


def test_mails_of_an_identity_of_ses(account):
    arn = "MailIdentityArn=arn:aws:ses:eu-central-1:123456789012:identity/example.org"
    refused = deploy(account, "with-mail", arn)
    assert refused.returncode != 0 and "MailFrom" in refused.stderr
    well(deploy(account, "with-mail-from", arn, "'MailFrom=Chat <chat@example.org>'"))
    mail = account.client("cognito-idp").describe_user_pool(
        UserPoolId=account.outputs("with-mail-from")["CognitoPool"])["UserPool"][
            "EmailConfiguration"]
    assert mail["EmailSendingAccount"] == "DEVELOPER" and mail["From"] == "Chat <chat@example.org>"


@pytest.mark.parametrize("url", ("chat.example.org", "https://chat.example.org/", "ftp://x"))
def test_an_address_of_another_kind_is_refused(account, url):
    assert deploy(account, "wrong-address", f"PublicUrl={url}").returncode != 0
