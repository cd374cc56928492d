"""`cloudchat doctor`: each thing is broken on purpose, and the line about it says what to do."""

import fcntl
import os
import pty
import shutil
import socket
import sqlite3
import struct
import subprocess
import termios
import time
from contextlib import closing

import pytest
from doctor_lines import examine, found, only_wrong, text_of
from server import Server, free_port, needs_sqlite
from test_processes import reachable

pytestmark = needs_sqlite("tests/aws/test_doctor_aws.py has the rest")
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")

NOBODY = 65534


@pytest.fixture
def data(tmp_path):
    """An installation that has run: with a database, keys, photos. It is not running now."""
    server = Server(tmp_path / "data", {"server.port": free_port()})
    for command in ("init", "tick"):
        run = server.run(command)
        assert run.returncode == 0, run.stderr
    return server


def configure(server, **settings):
    server.settings |= {key.replace("__", "."): value for key, value in settings.items()}


# --- when all is well -----------------------------------------------------------------------------


def test_what_is_well_is_said_line_by_line(data):
    lines = examine(data)
    assert all(verdict in ("ok", "warning") for verdict, _, _ in lines), lines
    assert [what for _, what, _ in lines] == [
        "user", "configuration", "data folder", "running", "address", "programs", "page",
        "web server", "public address", "codes", "server key", "signing keys", "disk", "database",
        "photos", "outbox"]
    assert "read to its end and sound" in text_of(lines, "database")


def test_a_running_service_is_examined_without_harm(server):
    lines = examine(server)
    assert "all 4 programs listen" in text_of(lines, "running")
    assert not [line for line in lines if line[0] == "not ok"], lines


def test_it_makes_nothing(tmp_path):
    server = Server(tmp_path / "data", {"server.port": free_port()})
    assert server.run("init").returncode == 0
    for path in (server.data / "keys").iterdir():
        path.unlink()
    before = sorted(server.data.rglob("*"))
    lines = examine(server)
    assert "first `cloudchat serve` makes it" in text_of(lines, "database", "warning")
    assert sorted(server.data.rglob("*")) == before


def test_usage_and_configuration_have_their_own_exit_statuses(data):
    assert data.run("doctor", "--fully").returncode == 2
    data.settings["server.prot"] = "1"
    assert data.run("doctor").returncode == 78


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, mode, what, advice", (
    (".", 0o755, "data folder", "chmod 700 "),
    (".", 0o750, "data folder", "chmod 700 "),
    ("cloud-chat.conf", 0o620, "configuration", "chmod 600 "),
    ("cloud-chat.db", 0o640, "database", "chmod 600 "),
    ("cloud-chat.db-wal", 0o604, "database", "chmod 600 "),
    ("keys", 0o750, "keys", "cloudchat keys rotate"),
    ("keys/secret", 0o640, "server key", "600 each file"),
    ("blobs", 0o705, "photos", "chmod 700 "),
))
def test_who_else_may_read_is_found(data, path, mode, what, advice):
    (data.data / path).chmod(mode)
    only_wrong(data, what, advice)


@pytest.mark.parametrize("text, mode, verdict", (
    ("secret = Bearer 0123456789", 0o644, "not ok"),
    ("secret = Bearer 0123456789", 0o640, "ok"),
    ("secret_file = hook-secret", 0o644, "ok"),
))
def test_a_secret_that_others_can_read_is_found(data, tmp_path, text, mode, verdict):
    path = tmp_path / "etc" / "cloud-chat.conf"
    path.parent.mkdir()
    path.parent.chmod(0o755)
    (path.parent / "hook-secret").write_text("Bearer 0123456789")
    path.write_text(f"[hook]\n{text}\n")
    path.chmod(mode)
    configure(data, server__data=data.data)
    run = subprocess.run([data.command, "doctor", "--config", path], env=data.environment(),
                         capture_output=True, text=True, timeout=60, check=False)
    said = next(line for line in found(run.stdout) if line[1] == "configuration")
    assert said[0] == verdict, run.stdout
    assert ("a secret stands in it" in said[2]) == (verdict == "not ok")


@root
@pytest.mark.parametrize("path, what", (
    ("cloud-chat.conf", "configuration"), ("cloud-chat.db", "database"),
    ("cloud-chat.db-wal", "database"), ("keys/secret", "server key"), ("keys", "keys"),
    ("blobs", "photos")))
def test_what_root_has_left_is_seen_as_the_services_user_sees_it(nobodys, path, what):
    os.chown(nobodys.data / path, 0, 0)
    text = only_wrong(nobodys, what, "chown")
    assert path in text


@root
@pytest.mark.parametrize("path", ("outbox.jsonl", "run/lock"))
def test_what_root_has_made_in_passing_is_named(nobodys, path):
    file = nobodys.data / path
    file.parent.mkdir(mode=0o700, exist_ok=True)
    os.chown(file.parent, NOBODY, NOBODY)
    file.touch(0o600)
    assert path in only_wrong(nobodys, "files", "chown")


@pytest.fixture
def nobodys(tmp_path_factory):
    """One that belongs to nobody."""
    folder = tmp_path_factory.mktemp("nobody")
    os.chown(folder, NOBODY, NOBODY)
    reachable(folder)
    # Who has given up being root is nobody's to trace, and so the leak checker cannot look.
    server = Server(folder / "data", {"server.port": free_port()}, user=NOBODY,
                    env={"ASAN_OPTIONS": "detect_leaks=0"})
    for command in ("init", "tick"):
        run = server.run(command, **server.as_user())
        assert run.returncode == 0, run.stderr
    return server


@root
def test_root_becomes_the_data_folders_owner(nobodys):
    lines = examine(nobodys)
    assert "seen as that user" in text_of(lines, "user")
    assert not [line for line in lines if line[0] == "not ok"], lines
    foreign = [p for p in nobodys.data.rglob("*") if p.stat().st_uid != NOBODY]
    assert not foreign


@root
def test_what_the_owner_cannot_reach_is_seen_as_root(nobodys):
    """A data folder of systemd's DynamicUser, whose name leads through a folder of root's."""
    nobodys.data.parent.chmod(0o700)
    os.chown(nobodys.data.parent, 0, 0)
    lines = examine(nobodys)
    assert "DynamicUser" in text_of(lines, "user", "warning")
    assert not [line for line in lines if line[0] == "not ok"], lines


@root
def test_another_user_is_told_whom_to_be(data):
    reachable(data.data)
    data.data.parent.chmod(0o755)
    data.data.chmod(0o755)
    (data.data / "cloud-chat.conf").chmod(0o644)
    lines = examine(data, user=NOBODY, group=NOBODY, extra_groups=[])
    assert "run this as root, or as root" in text_of(lines, "user", "not ok")


def test_a_missing_data_folder_is_named(data):
    gone = data.data.with_name("gone")
    configure(data, server__data=gone)
    lines = examine(data)
    assert f"cloudchat init --data {gone}" in text_of(lines, "data folder", "not ok")


# --- programs and web server ----------------------------------------------------------------------


@pytest.fixture
def installed(data, tmp_path):
    """A copy of the installation, to be broken."""
    shutil.copytree(data.stage, tmp_path / "stage")
    data.stage = tmp_path / "stage"
    return data


def test_a_program_that_is_missing_is_named(installed):
    (installed.stage / "lib/cloud-chat/chat.fcgi").unlink()
    only_wrong(installed, "programs", "chat.fcgi", "make install")


def test_a_program_of_another_version_is_named(installed):
    program = installed.stage / "lib/cloud-chat/auth.fcgi"
    program.unlink()
    program.write_text("#!/bin/sh\necho auth 0.0.9\n")
    program.chmod(0o755)
    only_wrong(installed, "programs", "auth.fcgi", "another version")


def test_a_page_without_its_libraries_is_named(installed):
    (installed.stage / "share/cloud-chat/www/vendor/preact.js").unlink()
    only_wrong(installed, "page", "preact.js", "make install")


def test_a_missing_web_server_is_named(data):
    configure(data, serve__web_server="lighttpd-of-dreams")
    only_wrong(data, "web server", "lighttpd-of-dreams", "[serve] web_server")


def test_a_web_server_without_a_module_is_named(data, tmp_path):
    script = tmp_path / "lighttpd"
    script.write_text("#!/bin/sh\nsed s/mod_setenv/mod_nonsense/ | /usr/sbin/lighttpd \"$@\"\n")
    script.chmod(0o755)
    configure(data, serve__web_server=script)
    only_wrong(data, "web server", "mod_nonsense.so", "must be 1.4.69 or newer")


def test_a_web_server_that_hangs_holds_up_nobody(data, tmp_path):
    script = tmp_path / "lighttpd"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    configure(data, serve__web_server=script)
    began = time.monotonic()
    only_wrong(data, "web server", "did not end within 5000 ms")
    assert time.monotonic() - began < 30


def test_without_a_web_server_of_ours_none_is_asked_for(data):
    configure(data, serve__web_server="none")
    lines = examine(data)
    assert "yours" in text_of(lines, "web server")
    assert "page" not in [what for _, what, _ in lines]


# --- sockets and addresses ------------------------------------------------------------------------


def test_a_port_that_is_taken_is_named(data):
    with socket.create_server(("127.0.0.1", data.settings["server.port"])):
        only_wrong(data, "address", "in use")


def test_a_program_that_does_not_listen_is_named(data):
    run = data.data / "run"
    run.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(run / "auth.sock"))
        one.listen()
        only_wrong(data, "running", "status does not", "start it anew")


def test_sockets_that_others_could_exchange_are_named(data):
    run = data.data / "run"
    run.mkdir()
    run.chmod(0o777)
    only_wrong(data, "sockets", "[serve] sockets")


def test_a_path_too_long_for_a_socket_is_named(data):
    configure(data, serve__sockets=data.data / ("x" * 100))
    assert "[serve] sockets" in text_of(examine(data), "sockets", "not ok")


def test_addresses_that_do_people_no_good_are_named(data):
    configure(data, server__public_url="http://chat.example.org")
    only_wrong(data, "public address", "not https")
    configure(data, server__public_url="https://chat.example.org")
    lines = examine(data)
    assert "[http] trusted_proxy" in text_of(lines, "public address", "warning")
    configure(data, http__trusted_proxy="yes")
    assert text_of(examine(data), "public address") == "https://chat.example.org"


# --- keys -----------------------------------------------------------------------------------------


def newest(data):
    return max((data.data / "keys").glob("*.pem"))


def test_a_damaged_signing_key_is_named(data):
    newest(data).write_text("-----BEGIN PRIVATE KEY-----\n")
    only_wrong(data, "signing keys", newest(data).name)


def test_a_signing_key_that_others_can_read_is_named(data):
    newest(data).chmod(0o644)
    only_wrong(data, "signing keys", newest(data).name, "600 each file")


def test_a_key_from_the_future_tells_of_the_clock(data):
    key = newest(data)
    key.rename(key.with_name("2" + key.name[1:]))
    only_wrong(data, "signing keys", "clock")


def test_an_old_key_asks_for_another(data):
    key = newest(data)
    key.rename(key.with_name(f"{int(time.time() - 500 * 86400) * 1000:013}{key.name[13:]}"))
    text = text_of(examine(data), "signing keys", "warning")
    assert "500 days" in text and "cloudchat keys rotate" in text


def test_a_damaged_server_key_is_named(data):
    (data.data / "keys/secret").write_text("no secret")
    only_wrong(data, "server key", "64 hexadecimal digits")


def test_a_lost_server_key_is_named(data):
    (data.data / "keys/secret").unlink()
    only_wrong(data, "server key", "from a backup")


# --- database -------------------------------------------------------------------------------------


def test_a_damaged_database_is_named(data):
    path = data.data / "cloud-chat.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE large AS SELECT randomblob(65536) AS it")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(path, "r+b") as file:
        file.seek(-5 * 4096, os.SEEK_END)
        file.write(b"\xa5" * 4096)
    only_wrong(data, "database", "damaged", "restore a backup")


def test_a_file_that_is_no_database_is_named(data):
    (data.data / "cloud-chat.db").write_text("no database" * 1000)
    only_wrong(data, "database", "not a database")


def test_another_programs_database_is_named(data):
    (data.data / "cloud-chat.db-wal").unlink()
    with closing(sqlite3.connect(data.data / "cloud-chat.db")) as db:
        db.execute("PRAGMA application_id = 7")
        db.commit()
    only_wrong(data, "database", "another program")


def test_a_missing_database_beside_its_log_is_named(data):
    os.truncate(data.data / "cloud-chat.db-wal", 4096)
    (data.data / "cloud-chat.db").unlink()
    only_wrong(data, "database", "write-ahead log")


def test_a_log_that_has_grown_names_who_reads(data):
    with open(data.data / "cloud-chat.db-wal", "ab") as log:
        log.truncate(200 << 20)
        log.flush()
        text = text_of(examine(data), "database log", "warning")
        assert "200 MiB" in text and f"({os.getpid()})" in text


def test_a_database_that_is_being_restored_is_told_of(data):
    """The lock of who has it alone."""
    with open(data.data / "cloud-chat.db.lock", "r+b") as lock:
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK,
                    struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 2, 1, 0))
        only_wrong(data, "database", "restored or migrated")


@root
def test_a_full_disk_is_told_of(data):
    folder = data.data.with_name("full")
    folder.mkdir(mode=0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", folder])
    if done.returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        configure(data, store__path=folder / "cloud-chat.db")
        only_wrong(data, "disk", "make room")
    finally:
        subprocess.run(["umount", folder], check=True)


# --- how it looks ---------------------------------------------------------------------------------


def on_terminal(data, columns=100, **env):
    """What a person sees."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(ours, "rb", 0) as terminal:
        process = subprocess.Popen([data.command, "doctor", "--data", data.data], stdout=theirs,
                                   env={**data.environment(), "TERM": "xterm", **env})
        os.close(theirs)
        text = b""
        try:
            while chunk := terminal.read(4096):
                text += chunk
        except OSError:  # the other side has closed
            pass
        assert process.wait(20) == 0
    return text.decode().replace("\r\n", "\n")


def test_colour_is_for_terminals_alone(data):
    assert "\x1b[32mok" in on_terminal(data)
    assert "\x1b" not in on_terminal(data, NO_COLOR="1")
    assert "\x1b" not in on_terminal(data, TERM="dumb")
    assert "\x1b" not in data.run("doctor").stdout


def test_lines_are_broken_where_a_terminal_ends(data):
    lines = on_terminal(data, columns=80, NO_COLOR="1").split("\n")
    assert max(map(len, lines)) < 80 < max(map(len, data.run("doctor").stdout.split("\n")))
