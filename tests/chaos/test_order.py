"""The order of effects, from a trace of the product: nothing is acknowledged before it is on disk,
and nobody touches the database without the lock."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import syscalls
from client import Person
from images import png
from syscalls import Traced

needs_strace = pytest.mark.skipif(syscalls.why_not() is not None,
                                  reason=f"cannot trace: {syscalls.why_not()}")


@pytest.fixture
def server(tmp_path):
    made = []

    def make(**settings):
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        made.append(Traced(tmp_path / "data", settings))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


def text(number):
    return f"marker-{number:06d}-"


def say_all(ada, bob, room, numbers, threads, rest=""):
    """Each text in one request, from both people."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda n: (ada if n % 2 else bob).say(room, text(n) + rest), numbers))


def in_requests(calls, socket):
    """The markers that came in."""
    found = re.compile(r"marker-\d{6}-")
    return {marker for call in calls
            if call.name in syscalls.READS and socket in (call.file or "")
            for marker in found.findall(call.arguments)}


def check_answers(calls, count):
    socket = "/run/chat.sock"
    markers = in_requests(calls, socket)
    assert len(markers) == count
    near = [call for call in calls if socket in (call.file or "") or call.name == "fdatasync"
            or (call.file or "").endswith("-wal") and "marker-" in call.arguments]
    wrong = [said for marker in sorted(markers)
             if (said := syscalls.answered_before_sync(near, marker, socket))]
    assert not wrong, wrong[:10]


def play(server, singly, together, fat=0):
    """People sign up, write one after another, then many at once, change a profile."""
    ada, bob = (Person(server, name).sign_up().sign_in() for name in ("marker-900001-", "Bob"))
    room = ada.room_with(bob)
    say_all(ada, bob, room, range(singly), 1)
    say_all(ada, bob, room, range(singly, singly + together), 16)
    say_all(ada, bob, room, range(500000, 500000 + fat), 16, rest="\u4e00" * 9000)
    ada.put("/profile/photo", body=png(8, 8), headers={"content-type": "image/png"}, expect=200)
    ada.patch("/profile", {"name": "marker-900002-"}, expect=200)


def check_order(running, sends, tell):
    """Gives how many times the log began anew."""
    calls = running.calls()
    check_answers(calls, sends)
    for marker, socket in (("marker-900001-", "/auth.sock"), ("marker-900002-", "/profile.sock")):
        assert syscalls.answered_before_sync(calls, marker, socket) is None
    assert syscalls.written_without_lock(calls, running.database) == []
    pages, emptied, begun = syscalls.checkpoints(calls, running.database)
    tell(f"{sends} sends, {len(calls)} calls, {pages} pages checkpointed, the log emptied "
         f"{emptied} times, begun {begun} times")
    assert pages > 0 and emptied > 0
    return begun - emptied


@needs_strace
def test_no_answer_before_its_sync_and_no_write_without_the_lock(server, tell):
    running = server()
    play(running, 25, 160)
    running.stop()
    check_order(running, 185, tell)


@needs_strace
@pytest.mark.soak
def test_nor_while_the_log_fills_and_begins_anew(server, tell):
    running = server(serve__chat_workers=2)
    play(running, 100, 500, fat=2400)
    running.stop()
    assert check_order(running, 3000, tell) > 0


@needs_strace
def test_what_is_acknowledged_has_its_name_on_disk(server, tmp_path):
    """Photos, keys, configuration: synced, named, and the folder of the name synced. Photos stand
    in a folder of their own, of which nobody else makes sure."""
    running = server(photo__folder=tmp_path / "photos")
    play(running, 0, 1)
    running.stop()
    calls = running.calls()
    asked, answered = syscalls.exchange(calls, "/profile/photo", "/profile.sock")
    names = [syscalls.named_by(call)[-1]
             for call in syscalls.names_given(calls, tmp_path, answered.begin)]
    assert syscalls.volatile_names(calls, tmp_path, answered.begin) == []
    for part in ("/photos/photo/", "/keys/secret", ".pem", "/cloud-chat.conf"):
        assert any(part in name for name in names), part


# --- the analysis sees ----------------------------------------------------------------------------

SOCKET = '28<UNIX-STREAM:[5->4,"/d/run/chat.sock"]>'
LOCK = ("3</d/cloud-chat.db.lock>, F_OFD_SETLK%s, {l_type=F_%s, l_whence=SEEK_SET, l_start=1, "
        "l_len=1}")
GOOD = {
    "ask": f'10 read({SOCKET}, "marker-000001-", 100) = 14',
    "lock": f"11 fcntl({LOCK % ('W', 'WRLCK')}) = 0",
    "store": '11 pwrite64(5</d/cloud-chat.db-wal>, "marker-000001-", 4096, 56) = 4096',
    "sync": "11 fdatasync(5</d/cloud-chat.db-wal>) = 0",
    "checkpoint": '11 pwrite64(4</d/cloud-chat.db>, "page", 4096, 0) = 4096',
    "unlock": f"11 fcntl({LOCK % ('', 'UNLCK')}) = 0",
    "answer": f'10 write({SOCKET}, "Status: 201", 11) = 11',
    "file": '10 write(7</d/x.tmp>, "photo", 5) = 5',
    "file sync": "10 fsync(7</d/x.tmp>) = 0",
    "name": '10 rename("/d/x.tmp", "/d/x") = 0',
    "name sync": "10 fsync(8</d>) = 0",
}


def doctored(order=None, **changed):
    """The good trace with lines left out, moved or changed."""
    lines = {**GOOD, **{name.replace("_", " "): line for name, line in changed.items()}}
    order = order or " / ".join(lines)
    return list(syscalls.parse(line for name in order.split(" / ")
                               for line in lines[name].split("\n")))


def findings(calls):
    return [what for what, found in (
        ("answer", syscalls.answered_before_sync(calls, "marker-000001-", "/run/chat.sock")),
        ("lock", syscalls.written_without_lock(calls, "/d/cloud-chat.db")),
        ("name", syscalls.volatile_names(calls, "/d", 1000))) if found]


ANSWER = "ask / lock / store / sync / unlock / answer"
FILE = "ask / lock / store / sync / unlock / answer / file / file sync / name / name sync"


@pytest.mark.parametrize("finding,calls", {
    "nothing": ([], doctored()),
    "answer before the sync": (
        ["answer"], doctored("ask / lock / store / answer / sync / unlock")),
    "answer while it is synced": (["answer"], doctored(
        ANSWER.replace("sync", "begin / answer / end").removesuffix(" / answer"),
        begin="11 fdatasync(5</d/cloud-chat.db-wal> <unfinished ...>",
        end="11 <... fdatasync resumed>) = 0")),
    "a sync that failed": (["answer"], doctored(
        ANSWER, sync="11 fdatasync(5</d/cloud-chat.db-wal>) = -1 EIO (Input/output error)")),
    "a sync of another file": (["answer"], doctored(
        ANSWER, sync="11 fdatasync(5</d/cloud-chat.db>) = 0")),
    "a sync before the write": (
        ["answer"], doctored("ask / lock / sync / store / unlock / answer")),
    "no sync": (["answer"], doctored("ask / lock / store / unlock / answer")),
    "checkpoint after unlock": (
        ["lock"], doctored("ask / lock / store / sync / unlock / checkpoint / answer")),
    "checkpoint that outlasts the lock": (["lock"], doctored(
        "ask / lock / store / sync / begin / unlock / end / answer",
        begin='11 pwrite64(4</d/cloud-chat.db>, "page", 4096, 0 <unfinished ...>',
        end="11 <... pwrite64 resumed>) = 4096")),
    "checkpoint by a neighbour": (["lock"], doctored(
        checkpoint='12 pwrite64(4</d/cloud-chat.db>, "page", 4096, 0) = 4096')),
    "the log emptied without a lock": (["lock"], doctored(
        FILE + " / checkpoint", checkpoint="11 ftruncate(5</d/cloud-chat.db-wal>, 0) = 0")),
    "a lock that was refused": (["lock"], doctored(
        lock=GOOD["lock"].replace("= 0", "= -1 EAGAIN (Resource temporarily unavailable)"))),
    "a lock of another byte": (["lock"], doctored(
        lock=GOOD["lock"].replace("l_start=1", "l_start=0"))),
    "bytes not synced": (["name"], doctored(FILE.replace(" / file sync", ""))),
    "bytes written after their sync": (
        ["name"], doctored(FILE.replace("file / file sync", "file sync / file"))),
    "folder not synced": (["name"], doctored(FILE.removesuffix(" / name sync"))),
    "folder synced too early": (
        ["name"], doctored(FILE.replace("name / name sync", "name sync / name"))),
    "another folder synced": (["name"], doctored(name_sync="10 fsync(8</d/y>) = 0")),
}.values())
def test_the_analysis_sees(finding, calls):
    assert findings(calls) == finding
