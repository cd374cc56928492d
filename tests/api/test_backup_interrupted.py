"""`cloudchat backup` and `cloudchat restore`, killed and on disks that fail: all of the old, or all
of the new."""

import shutil
import signal
import subprocess

import pytest
from backups import (backup, build_town, empty_house, everything, fill, leftovers, refused, restore,
                     restored, text_of_last, texts)
from client import Person
from moments import failing_at, killed_at, moments, needs_strace, traced, writes
from server import CLOUDCHAT, environment, needs_sqlite, wait_for

pytestmark = needs_sqlite("a table is backed up by DynamoDB itself")


@pytest.fixture
def town(make_server):
    return build_town(make_server)


# --- interrupted ----------------------------------------------------------------------------------


@needs_strace
def test_a_backup_that_is_killed_leaves_no_file(town):
    town.stop()
    kills, tried = 0, moments(town, "backup", town.file)
    for moment in tried:
        town.file.unlink(missing_ok=True)
        kills += killed_at(town, moment, "backup", town.file)
        if town.file.exists():  # then it is whole
            assert "5 messages" in restored(empty_house(town.data.parent, town, f"house{kills}"))
        said = backup(town, "--force")
        assert leftovers(town.file.parent, town.file.name) == [town.file.name], moment
        assert "2 people, 1 room, 5 messages, 1 photo" in said
    assert kills >= len(tried) * 0.8, (kills, len(tried))


@needs_strace
def test_a_restore_that_is_killed_leaves_the_old_or_the_new(town):
    """At every moment: either all that was there, or all of the backup."""
    backup(town)
    town.ada.say(town.room, "newer")
    town.stop()
    old, whole = town.data, town.data.with_name("whole")
    shutil.copytree(old, whole)
    was_old = was_new = kills = 0
    tried = moments(town, "restore", "--replace", town.file)
    for when in tried:
        shutil.rmtree(old)
        shutil.copytree(whole, old)
        kills += killed_at(town, when, "restore", "--replace", town.file)
        done = town.run("tick")  # as the next start would
        assert done.returncode == 0, (when, done.stderr)
        said = text_of_last(old)
        assert said in ("newer", "before 4"), when
        was_old, was_new = was_old + (said == "newer"), was_new + (said != "newer")
        assert town.run("doctor").stdout.count("read to its end and sound") == 1, when
        assert "Restored" in restored(town, "--replace"), when
        assert text_of_last(old) == "before 4"
        assert not list(old.glob("*.restoring*")), when
    assert was_old and was_new and kills >= len(tried) * 0.8, (was_old, was_new, kills)
    town.start()
    assert texts(town.ada, town.room) == [f"before {n}" for n in range(5)]


@needs_strace
def test_another_server_key_comes_with_its_store_or_not_at_all(town, tmp_path):
    """A restore over the data of another installation, whose key is another one."""
    backup(town)
    town.stop()
    other = empty_house(tmp_path, town)
    other.start()
    eve = Person(other, "Eve").sign_up().sign_in()
    room = eve.room_with(Person(other, "Fay").sign_up().sign_in())
    eve.say(room, "newer")
    other.stop()
    theirs, ours = (s.data.joinpath("keys", "secret").read_bytes() for s in (other, town))
    whole = other.data.with_name("whole")
    shutil.copytree(other.data, whole)
    for when in moments(other, "restore", "--replace", town.file)[-12:]:
        shutil.rmtree(other.data)
        shutil.copytree(whole, other.data)
        killed_at(other, when, "restore", "--replace", town.file)
        assert other.run("tick").returncode == 0
        key = (other.data / "keys" / "secret").read_bytes()
        assert key == (theirs if text_of_last(other.data) == "newer" else ours), when


def test_a_signal_ends_a_backup_in_order(town):
    fill(town, 12_000)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = subprocess.Popen([CLOUDCHAT, "backup", town.file, "--data", town.data],
                                   env=environment(town.settings), stderr=subprocess.PIPE,
                                   text=True)
        part = town.file.with_name(town.file.name + ".part")
        wait_for("it has begun", lambda: part.exists() or process.poll() is not None, every=0.001)
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
        assert process.returncode == 1 and "interrupted" in said, (process.returncode, said)
        assert leftovers(town.file.parent, town.file.name) == []


def test_two_backups_do_not_write_one_file(town):
    fill(town, 12_000)
    command = [CLOUDCHAT, "backup", town.file, "--data", town.data]
    both = [subprocess.Popen(command, env=environment(town.settings), stderr=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert leftovers(town.file.parent, town.file.name) == [town.file.name]


def test_what_a_killed_one_left_is_removed_and_said(town):
    part = town.file.with_name(town.file.name + ".part")
    part.write_bytes(b"half")
    assert "an interrupted backup had left" in backup(town)
    assert leftovers(town.file.parent, town.file.name) == [town.file.name]


# --- a full disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()

    def mount(kib):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", folder],
                              capture_output=True)
        if done.returncode != 0:
            pytest.skip("SKIPPED: nothing can be mounted here")
        return folder

    yield mount
    subprocess.run(["umount", folder], capture_output=True)


def test_a_disk_that_fills_leaves_no_file(town, small_disk):
    fill(town, 500)
    disk = small_disk(512)
    refused(town.run("backup", disk / "file"), "full", str(disk / "file"))
    assert list(disk.iterdir()) == []
    town.ada.say(town.room, "unharmed")


def test_a_disk_that_fills_leaves_the_old_service(town, small_disk):
    fill(town, 500)
    backup(town)
    town.stop()
    disk = small_disk(1024)
    other = empty_house(disk, town)
    assert other.run("tick").returncode == 0
    before = everything(other.data)
    refused(restore(other), "full")
    assert everything(other.data) == before
    assert not list(other.data.glob("*.restoring*"))


@needs_strace
def test_a_disk_that_fails_halfway_leaves_no_file(town):
    """The kernel tells of pages that it could not write once: who syncs the file a second time is
    told that all is well, and who reads it is shown them from memory."""
    fill(town, 12_000)
    part = town.file.with_name(town.file.name + ".part")
    done = traced(town, ["-o", "/dev/null", "-P", part, "-e", "trace=fdatasync", "-e",
                         "inject=fdatasync:error=EIO:when=1"], "backup", town.file)
    refused(done, "fdatasync")
    assert leftovers(town.file.parent, town.file.name) == []


UNCONFIRMED = "has not confirmed"


@needs_strace
def test_a_backup_is_made_or_says_why_not_wherever_the_disk_fails(town):
    town.stop()
    for moment in writes(town, "backup", town.file):
        town.file.unlink(missing_ok=True)
        done = failing_at(town, moment, "backup", town.file)
        refused(done)
        left = leftovers(town.file.parent, town.file.name)
        assert left == ([town.file.name] if UNCONFIRMED in done.stderr else []), (moment, done)
    assert UNCONFIRMED in done.stderr  # the last is the sync of its name
    restored(town, "--replace")


@needs_strace
def test_a_restore_is_done_or_says_why_not_wherever_the_disk_fails(town):
    backup(town)
    town.ada.say(town.room, "newer")
    town.stop()
    old, whole = town.data, town.data.with_name("whole")
    shutil.copytree(old, whole)
    for moment in writes(town, "restore", "--replace", town.file):
        shutil.rmtree(old)
        shutil.copytree(whole, old)
        done = failing_at(town, moment, "restore", "--replace", town.file)
        refused(done)
        assert text_of_last(old) == ("before 4" if UNCONFIRMED in done.stderr else "newer"), \
            (moment, done)
    assert UNCONFIRMED in done.stderr
