"""Codes that really leave: by SMTP and by an HTTPS hook, to servers that fail as they are told."""

import json
import re
import subprocess
from contextlib import contextmanager
from urllib.parse import parse_qs

import mailbox
import pytest
from client import PASSWORD, Client, Person, new_number
from server import CLOUDCHAT, ROOT, Server, environment, needs_local, needs_sqlite, wait_for

pytestmark = needs_local("the codes of a pool are not sent by us")
# Everywhere: what the queue and the budgets do. The rest does not depend on where the data is.
once = needs_sqlite("how codes are sent does not depend on where the data is")

SECRET = "Basic QUM6c2VjcmV0IG9mIHRoZSBob29r"
TEMPLATE = '{"to":"{to}","text":"{text}","code":"{code}","id":"{id}"}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return mailbox.authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def box(certificate):
    with mailbox.mail_server(certificate) as running:
        yield running


@pytest.fixture(scope="module")
def sms(certificate):
    with mailbox.service(lambda body: json.loads(body)["to"], certificate) as running:
        yield running


def hook(service, certificate, **more):
    return {"codes__sms": "hook", "hook__url": service.url, "hook__body": TEMPLATE,
            "hook__secret": SECRET, "hook__ca_file": certificate[0], **more}


@pytest.fixture(scope="module")
def sending(box, sms, certificate, tmp_path_factory):
    """A server whose codes go to both."""
    settings = {**mailbox.smtp(box, certificate), **hook(sms, certificate),
                "server__name": "Caf\u00e9 \"Chat\"\u2026"}
    with running(tmp_path_factory.mktemp("sending"), settings) as server:
        yield server


@contextmanager
def running(folder, settings):
    server = Server(folder / "data", {key.replace("__", "."): value
                                      for key, value in settings.items()})
    server.secrets |= {SECRET, mailbox.PASSWORD}
    server.start()
    try:
        yield server
    finally:
        server.stop()


def new_address():
    """The log keeps no more of it than the domain."""
    return f"ada.l@n{new_number()[1:]}.example.net"


def sign_up(server, login, expect=201):
    server.secrets.add(next(iter(login.values())))
    return Client(server.url).post("/auth/sign-up", {
        "name": "Ada", **login, "password": PASSWORD}, expect=expect).json()


def confirm(server, pending, code, expect=204):
    server.secrets.add(code)
    Client(server.url).post("/auth/account-confirmation", {"id": pending["id"], "code": code},
                            expect=expect)


def outcomes(server, masked):
    """Of the tries to send to somebody, oldest first."""
    return [line["outcome"] for line in server.log_lines()
            if line["event"] == "notice" and line["to"] == masked]


def remedies(server, masked):
    """What is to be done about them."""
    return [line.get("remedy") for line in server.log_lines()
            if line["event"] == "notice" and line["to"] == masked]


def masked(to):
    if "@" in to:
        return to[0] + "***" + to[to.index("@"):]
    return to[:3] + "*" * (len(to) - 5) + to[-2:]


# --- mail -----------------------------------------------------------------------------------------


@once
def test_an_account_is_made_and_recovered_by_mail(sending, box):
    to = new_address()
    person = Person(sending, login={"email": to})
    pending = sign_up(sending, person.login)
    confirm(sending, pending, box.code(to))
    person.sign_in()
    recovery = Client(sending.url).post("/auth/forgot-password", person.login, expect=200).json()
    Client(sending.url).post("/auth/reset-password", {
        "id": recovery["id"], "code": box.code(to, 1), "password": "another battery"}, expect=204)
    person.password = "another battery"
    person.sign_in()


@once
def test_a_mail_is_one_that_every_mailbox_understands(sending, box):
    to = new_address()
    sign_up(sending, {"email": to})
    code = box.code(to)
    mail = box.mails(to)[0]
    assert mail.envelope["secure"] and mail.envelope["from"] == "codes@example.org"
    assert mail["From"] == 'Caf\u00e9 "Chat"\u2026 <codes@example.org>' \
        or mail["From"].addresses[0].display_name == 'Caf\u00e9 "Chat"\u2026'
    assert mail["To"] == f"<{to}>" or mail["To"].addresses[0].addr_spec == to
    assert mail["Subject"] == 'Caf\u00e9 "Chat"\u2026 - your code'
    assert code not in mail["Subject"]
    assert mail["Date"].datetime.tzinfo is not None
    assert re.fullmatch(r"<[A-Za-z0-9_-]{20,}@example\.org>", mail["Message-ID"])
    assert mail.get_content_type() == "text/plain" and mail.get_content_charset() == "utf-8"
    assert not mail.defects
    lines = mail.envelope["text"].split("\r\n")
    assert max(map(len, lines)) <= 76 and not any("\n" in line for line in lines)


def greylisted(stage, code, times=2):
    return [{"stage": stage, "code": code}] * times


@once
@pytest.mark.parametrize("faults", (
    greylisted("rcpt", 450), greylisted("data", 451), [{"stage": "before"}], [{"stage": "after"}],
), ids=("greylisted", "greylisted-data", "cut-before", "cut-after"))
def test_what_failed_for_now_is_sent_again_and_is_the_same(sending, box, faults):
    to = new_address()
    box.fail(to, *faults)
    pending = sign_up(sending, {"email": to})
    number = 1 if faults == [{"stage": "after"}] else 0
    code = box.code(to, number)
    tried = box.tries(to)
    assert {mailbox.code_of(mail.get_content()) for mail in tried} == {code}
    assert len({mail["Message-ID"] for mail in tried}) == 1
    confirm(sending, pending, code)
    again = "again" if "code" in faults[0] else "unknown"
    wait_for("the log", lambda: outcomes(sending, masked(to)) == [again] * len(faults) + ["sent"])


@once
def test_what_is_refused_for_good_is_not_sent_again(sending, box):
    to = new_address()
    box.fail(to, *greylisted("rcpt", 550))
    pending = sign_up(sending, {"email": to})
    wait_for("given up", lambda: outcomes(sending, masked(to)) == ["never"])
    assert not box.tries(to)
    confirm(sending, pending, "000000", expect=401)


@once
def test_an_account_is_made_by_a_mail_server_that_speaks_tls_from_the_first_byte(certificate,
                                                                               tmp_path):
    to = new_address()
    with mailbox.mail_server(certificate, "tls") as box, \
            running(tmp_path, mailbox.smtp(box, certificate, smtp__security="tls")) as server:
        confirm(server, sign_up(server, {"email": to}), box.code(to))
        mail = box.mails(to)[0]
        assert mail.envelope["secure"] and mail.envelope["user"] == mailbox.USER


@once
@pytest.mark.parametrize("offered", ("starttls", "tls"))
@pytest.mark.parametrize("known, names", ((False, "IP:127.0.0.1"), (True, "DNS:mail.example.org")),
                         ids=("authority", "name"))
def test_who_cannot_be_trusted_gets_neither_code_nor_password(tmp_path, offered, known, names):
    shown = mailbox.authority(tmp_path / "shown", names)
    to = new_address()
    settings = {"smtp__security": offered, "smtp__ca_file": shown[0] if known else ""}
    with mailbox.mail_server(shown, offered) as box, \
            running(tmp_path, mailbox.smtp(box, shown, **settings)) as server:
        sign_up(server, {"email": to})
        wait_for("a try", lambda: outcomes(server, masked(to)))
        assert outcomes(server, masked(to))[0] == "again"
        assert "certificate" in server.log()
        assert not box.tries(to) and not box.sign_ins()


@once
def test_a_mail_server_without_tls_gets_neither_code_nor_password(certificate, tmp_path):
    to = new_address()
    with mailbox.mail_server(certificate, "none") as box, \
            running(tmp_path, mailbox.smtp(box, certificate)) as server:
        sign_up(server, {"email": to})
        wait_for("a try", lambda: outcomes(server, masked(to)))
        assert outcomes(server, masked(to))[0] == "misconfigured"
        assert remedies(server, masked(to))[0].endswith("look at [smtp] security and port.")
        assert not box.tries(to) and not box.sign_ins()


@once
def test_a_code_that_a_wrong_password_of_ours_held_up_arrives_when_it_is_right(box, certificate,
                                                                              tmp_path):
    to = new_address()
    settings = mailbox.smtp(box, certificate, smtp__password="not " + mailbox.PASSWORD)
    with running(tmp_path, settings) as server:
        pending = sign_up(server, {"email": to})
        wait_for("two tries", lambda: outcomes(server, masked(to)) == ["misconfigured"] * 2)
        assert remedies(server, masked(to))[0].startswith(
            "The mail server does not know [smtp] user, or not with this password")
        assert not box.tries(to)
        server.stop()
        server.settings["smtp.password"] = mailbox.PASSWORD
        server.start()
        confirm(server, pending, box.code(to))


# --- SMS ------------------------------------------------------------------------------------------

FAULTS = ([503], [500, 500], [502], [429], ["before"], ["after"], [408], [425])


def test_a_service_that_fails_gets_the_same_again(sending, sms):
    """All at once: each waits for its own next try."""
    people = {new_number(): faults for faults in FAULTS}
    sms.faults.update(people)
    pendings = {number: sign_up(sending, {"phone_number": number}) for number in people}
    for number, faults in people.items():
        wait_for("the last try", lambda: len(sms.tries[number]) > len(faults), seconds=40)
        bodies = [one["body"] for one in sms.tries[number]]
        assert len(set(bodies)) == 1, bodies
        confirm(sending, pendings[number], json.loads(bodies[0])["code"])
        Person(sending, login={"phone_number": number}).sign_in()


@once
def test_a_service_may_say_when_to_come_again(sending, sms):
    number = new_number()
    sms.faults[number] = [(429, 5)]
    sign_up(sending, {"phone_number": number})
    wait_for("the second try", lambda: len(sms.tries[number]) == 2)
    first, second = sms.tries[number]
    assert second["at"] - first["at"] >= 4.9


@once
@pytest.mark.parametrize("status", (400, 409, 413, 422))
def test_what_a_service_refuses_is_not_asked_again(sending, sms, status):
    number = new_number()
    sms.faults[number] = [status]
    sign_up(sending, {"phone_number": number})
    wait_for("given up", lambda: outcomes(sending, masked(number)) == ["never"])


def test_what_a_service_has_against_us_is_no_verdict_on_a_code(sending, sms):
    """All at once: each waits for its own next try."""
    people = {new_number(): status for status in (401, 402, 403, 404, 405, 410, 302)}
    sms.faults.update((number, [status]) for number, status in people.items())
    pendings = {number: sign_up(sending, {"phone_number": number}) for number in people}
    for number, status in people.items():
        wait_for("the second try", lambda: len(sms.tries[number]) == 2, seconds=30)
        confirm(sending, pendings[number], json.loads(sms.sent(number)[0]["body"])["code"])
        first = wait_for("a line", lambda: outcomes(sending, masked(number)))
        assert first[0] == "misconfigured", status
        key = "secret" if status in (401, 403) else "url"
        assert f"[hook] {key}" in remedies(sending, masked(number))[0]


@once
def test_a_silent_service_holds_up_nobody_for_long(sms, certificate, tmp_path):
    """One who sends no SMS, because the service is silent, gets his mail."""
    number, to = new_number(), new_address()
    sms.faults[number] = ["silent"]
    with running(tmp_path, hook(sms, certificate, codes__email="outbox")) as server:
        sign_up(server, {"phone_number": number})
        wait_for("the silence", lambda: sms.tries[number])
        pending = sign_up(server, {"email": to})
        confirm(server, pending, server.code(to))


@once
def test_nobody_waits_for_a_silent_service_when_the_server_stops(sms, certificate, tmp_path):
    number = new_number()
    sms.faults[number] = ["silent"]
    with running(tmp_path, hook(sms, certificate)) as server:
        sign_up(server, {"phone_number": number})
        wait_for("the silence", lambda: sms.tries[number])
        process = server.process
        process.terminate()
        process.wait(8)
        server.process = None
    assert process.returncode == 0


def test_the_owner_of_a_taken_number_is_told_without_a_code(sending, sms):
    person = Person(sending)
    pending = sign_up(sending, person.login)
    wait_for("a code", lambda: sms.sent(person.number))
    confirm(sending, pending, json.loads(sms.sent(person.number)[0]["body"])["code"])
    sign_up(sending, person.login)
    wait_for("a notice", lambda: len(sms.sent(person.number)) == 2)
    told = json.loads(sms.sent(person.number)[1]["body"])
    assert told["code"] == "" and "has an account already" in told["text"]


@once
def test_who_asks_learns_of_each_way_whether_codes_leave(sms, certificate, tmp_path):
    with running(tmp_path, hook(sms, certificate, codes__email="outbox")) as server:
        said = Client(server.url).get("/config", expect=200).json()["identity"]
    assert said["codes_are_sent"] == {"phone_number": True, "email": False}
    assert said["phone_number"] and said["email"]


@once
def test_twilio_as_readme_has_it(certificate, tmp_path):
    """The settings of the example, but for the address."""
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"```ini\n(\[codes\]\nsms = hook\n.*?)```", readme, re.S)[1]
    given = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
    assert given["url"].startswith("https://api.twilio.com/") and given["content"] == "form"
    with mailbox.service(lambda body: parse_qs(body)["To"][0], certificate) as twilio:
        number = new_number()
        with running(tmp_path, {"codes__sms": "hook", "hook__url": twilio.url,
                                "hook__content": given["content"], "hook__body": given["body"],
                                "hook__secret": SECRET,
                                "hook__ca_file": certificate[0]}) as server:
            pending = sign_up(server, {"phone_number": number})
            wait_for("a request", lambda: twilio.sent(number))
            got = twilio.sent(number)[0]
            form = parse_qs(got["body"], strict_parsing=True)
            assert set(form) == {"To", "From", "Body"} and form["From"][0].startswith("+")
            assert got["headers"]["Authorization"] == SECRET
            assert got["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
            confirm(server, pending, mailbox.code_of(form["Body"][0]))


# --- what is refused ------------------------------------------------------------------------------


@once
@pytest.mark.parametrize("settings, said", (
    ({"codes.sms": "hook"}, "[hook] url must be set"),
    ({"codes.sms": "hook", "hook.url": "http://sms.example.org/"}, "[hook] url must be like https"),
    ({"codes.sms": "hook", "hook.url": "https://sms.example.org/", "hook.body": "{}"},
     "[hook] body has no {to}"),
    ({"codes.email": "smtp"}, "[smtp] host must be set"),
    ({"codes.email": "smtp", "smtp.host": "mail.example.org"}, "[smtp] from must be set"),
    ({"codes.email": "smtp", "smtp.host": "mail.example.org", "smtp.from": "a@example.org",
      "smtp.security": "none"}, "[smtp] security may be none only"),
    ({"codes.email": "smtp", "smtp.host": "mail.example.org", "smtp.from": "Ada <a@example.org>"},
     "[smtp] from must be an address"),
    ({"codes.sms": "sns"}, "[aws] region must be set"),
    ({"codes.sender": "outbox"}, "there is no [codes] sender any more"),
), ids=lambda value: value if isinstance(value, str) else "")
def test_a_sender_that_cannot_send_is_refused_at_the_start(tmp_path, settings, said):
    (tmp_path / "cloud-chat.conf").touch()
    run = subprocess.run([CLOUDCHAT, "tick", "--data", tmp_path], text=True, timeout=30,
                         capture_output=True, env=environment(settings))
    assert run.returncode != 0
    assert said in run.stderr, run.stderr


# --- budgets --------------------------------------------------------------------------------------


@once
def test_a_country_that_is_not_listed_is_refused_alike(make_server):
    server = make_server(codes__sms_prefixes="+4915, +43")
    known = Person(server).sign_up()
    server.stop()
    server.settings["codes.sms_prefixes"] = "+43"
    server.start()
    for number in (known.number, new_number()):
        said = sign_up(server, {"phone_number": number}, expect=422)
        assert said["errors"] == [{
            "pointer": "/phone_number",
            "detail": "Codes can be sent only to numbers that begin with +43."}]
    shapes = [Client(server.url).post("/auth/forgot-password", {"phone_number": number},
                                      expect=200).shape()
              for number in (known.number, new_number())]
    assert shapes[0] == shapes[1]
    known.sign_in()


def test_a_day_that_is_used_up_is_told_alike(make_server):
    server = make_server(codes__sms_day_max=4)
    known = Person(server).sign_up()
    for _ in range(3):
        sign_up(server, {"phone_number": new_number()})
    client = Client(server.url)
    asked = [client.post("/auth/forgot-password", {"phone_number": number}, expect=429)
             for number in (known.number, new_number())]
    asked += [client.post("/auth/sign-up", {"name": "Ada", "phone_number": number,
                                            "password": PASSWORD}, expect=429)
              for number in (known.number, new_number())]
    for reply in asked:
        assert 86000 < int(reply.get("Retry-After")) <= 86400
        assert reply.json()["detail"] == "At most 4 codes a day can be sent by SMS to all people."
    told = [line for line in server.log_lines() if line["event"] == "the day's codes are used up"]
    assert len(told) == 1 and told[0]["level"] == "warn"
    sign_up(server, {"email": new_address()})
