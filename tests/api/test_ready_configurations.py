"""share/cloud-chat/conf: what an operator is given to begin with. The configuration of AWS serves in
tests/aws/test_template.py."""

import re
import shutil
import subprocess
from urllib.parse import parse_qs

import mailbox
import pytest
from client import Person
from server import CLOUDCHAT, STAGE, Server, environment, needs_sqlite, wait_for

CONF = STAGE / "share" / "cloud-chat" / "conf"
UNIT = CONF / "systemd" / "cloud-chat.service"


def put(tmp_path, name, change=lambda text: text):
    """A data folder with the ready configuration of that name, and the secrets that it names."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    text = change((CONF / name / "cloud-chat.conf").read_text())
    for file, content in (("cloud-chat.conf", text), *(
            (secret, "a secret\n") for secret in re.findall(r"^[a-z_]+_file = (.*-.*)$", text,
                                                            re.M))):
        (data / file).write_text(content)
        (data / file).chmod(0o600)
    return data


def with_examples(text):
    return re.sub(r"^#(?=[a-z_]+ = )", "", text, flags=re.M)


@pytest.mark.parametrize("change", (str, with_examples), ids=("as it stands", "with examples"))
@pytest.mark.parametrize("name", ("one-host", "aws"))
def test_all_its_keys_are_there_and_take_the_values(tmp_path, name, change):
    data = put(tmp_path, name, change)
    run = subprocess.run([CLOUDCHAT, "config", "--lighttpd", "--data", data], capture_output=True,
                         text=True, timeout=60, env=environment({}))
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", ("one-host", "aws"))
def test_a_value_that_is_not_the_operators_choice_is_the_one_that_holds_anyway(name):
    """So that what is written down does not go stale: what differs is marked or explained by it."""
    printed = subprocess.run([CLOUDCHAT, "config"], capture_output=True, text=True, timeout=60,
                             check=True).stdout
    chosen = {"server.public_url", "http.trusted_proxy", "codes.email", "smtp.host", "smtp.from",
              "aws.region", "store.backend", "blob.backend", "blob.bucket", "identity.backend",
              "cognito.pool", "cognito.client_id", "cognito.client_secret_file"}
    section = None
    for line in (CONF / name / "cloud-chat.conf").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif " = " in line and not line.startswith("#"):
            key, value = line.split(" = ", 1)
            if f"{section}.{key}" not in chosen:
                assert f"\n{section}.{key} = {value}\n" in "\n" + printed, line


def with_both_senders(text):
    """What an operator does who sends mail and SMS: the examples of [smtp] and [hook]."""
    front, senders = text.split("[smtp]", 1)
    senders, rest = senders.split("# ---", 1)
    return f"{front}[smtp]{with_examples(senders)}# ---{rest}".replace("sms = none", "sms = hook")


def number_of_form(body):
    return parse_qs(body)["To"][0]


@needs_sqlite("it is the configuration of a host with SQLite")
def test_one_host_serves_and_sends_with_it(tmp_path):
    """Its address is this one, and who takes mail and SMS is on this machine; all else is as it
    stands."""
    certificate = mailbox.authority(tmp_path / "authority")
    with mailbox.mail_server(certificate) as box, \
            mailbox.service(number_of_form, certificate) as sms:
        server = Server(put(tmp_path, "one-host", with_both_senders), quick=False)
        (server.data / "smtp-password").write_text(mailbox.PASSWORD + "\n")
        server.settings = {
            "server.public_url": server.url, "smtp.host": "127.0.0.1", "smtp.port": box.port,
            "smtp.user": mailbox.USER, "smtp.ca_file": certificate[0], "hook.url": sms.url,
            "hook.ca_file": certificate[0]}
        server.code = lambda to: box.code(to) if "@" in to else code_of_form(sms, to)
        server.start()
        chat(server)
        server.stop()


def code_of_form(sms, number):
    [sent] = wait_for("an SMS", lambda: sms.sent(number))
    assert sent["headers"]["Authorization"] == "a secret"
    form = parse_qs(sent["body"])
    assert form["From"] == ["+12025550100"]
    return mailbox.code_of(form["Body"][0])


def chat(server):
    ada = Person(server, "Ada").sign_up().sign_in()
    bob = Person(server, "Bob", {"email": "bob@example.org"}).sign_up().sign_in()
    room = bob.room_with(ada)
    bob.say(room, "Hello, Ada!")
    assert [message["data"]["text"] for message in ada.read(room)["items"]] == ["Hello, Ada!"]


def settings_of_unit():
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", UNIT.read_text(), re.M))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_unit(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", str(CLOUDCHAT), UNIT.read_text(), flags=re.M))
    run = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True,
                         timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_the_unit_starts_what_is_installed_in_the_folder_that_systemd_makes():
    told = settings_of_unit()
    program, command, option, folder = told["ExecStart"].split()
    assert program.endswith("/bin/cloudchat") and (command, option) == ("serve", "--data")
    assert folder == f"/var/lib/{told['StateDirectory']}"
    for name in re.findall(r"\.\./([a-z-]+)/cloud-chat\.conf", UNIT.read_text()):
        assert (CONF / name / "cloud-chat.conf").exists()


def test_a_configuration_to_be_mended_ends_as_the_unit_expects(tmp_path):
    """Else systemd would start it again for ever."""
    data = put(tmp_path, "one-host", lambda text: text + "[nothing]\nkey = value\n")
    run = subprocess.run([CLOUDCHAT, "serve", "--data", data], capture_output=True, text=True,
                         timeout=60, env=environment({}))
    assert str(run.returncode) in settings_of_unit()["RestartPreventExitStatus"].split()
