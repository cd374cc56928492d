"""Each allocation fails once, one after another: an answer is right or a clean refusal, or the
worker ends in order and is replaced; nothing is half written; the next request is answered."""

import collections
import os
import random
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import memory
import pytest
from client import new_client_id, new_number
from contract import OPERATIONS
from images import png
from memory import NEVER, OF_NO_REQUEST, Deaths, Machine, Order, Tally, held
from routes import ROUTES, World, call, check_room, sign_up_body
from server import CLOUDCHAT, QUICK, Server, wait_for

PROGRAMS = ("auth", "chat", "profile", "status")
SEED = int(os.environ.get("MEMORY_SEED", "1"))
# In the short runs: of one route, of one start.
FEW = 5

# Throttles that the same person would meet a thousand times; one thread of each kind, so that the
# same request allocates the same.
SETTINGS = {
    **QUICK,
    "http.threads": 1,
    "identity.resend_after": "0",
    "identity.recover_number_day": 1000000,
    "codes.number_day_max": 0,
    "identity.sessions_max": 10,
}

# Where libraries are known to crash without memory; functions without a name are their own affair.
# Whatever else crashes was given something by us that it should not have been given.
KNOWN_CRASHES = {
    "libfcgi.so.0": {"FCGX_Accept_r"},  # asserts that malloc succeeded
    "libcrypto.so.3": {"CRYPTO_THREAD_read_lock"},  # when it could not be initialised
    "libjwt.so.0": set(),  # writes base64 to where its memory should be
    "libjson-c.so.5": set(),  # copies a member's name without a look
}


def is_known(crash):
    module, symbol = memory.culprit(crash)
    return module in KNOWN_CRASHES and (symbol.startswith("0x")
                                        or symbol in KNOWN_CRASHES[module])


def make_machine(folder):
    folder.mkdir(exist_ok=True)
    orders = {program: Order(folder, program + ".fcgi") for program in PROGRAMS}
    server = Server(folder / "data", SETTINGS, env=memory.environment(folder)).start()
    return Machine(server, orders)


def stop(server):
    """Its log is full of what we did to it, so it is not looked at."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = make_machine(tmp_path_factory.mktemp("memory"))
    yield made
    stop(made.server)


@pytest.fixture
def world(machine):
    return World(machine.server).populate()


# --- routes ---------------------------------------------------------------------------------------


def once(machine, world, route, number):
    """The route while that allocation fails. The outcome, and what it is called."""
    run = route.run(world)
    it = next(run)
    world.note_before()
    outcome = machine.ask(route.program, number, it.person, it.request)
    world.note_after()
    kind = outcome.kind(it.expect)
    with held(f"{kind}, in the store {dict(world.changed)}; the allocation\n"
              f"{memory.readable(outcome.fault)}\nthe crash\n{memory.readable(outcome.crash)}\n"):
        assert not kind.startswith("wrong")
        assert kind != "crashed" or is_known(outcome.crash)
        assert list(run) == []  # it asks again, and looks
        if outcome.end:
            machine.let_grow_up(route.program)
    return outcome, kind


def in_peace(machine, world, route):
    """What the route does to the store, and the paths of its allocations, once all is warm: twice
    as many."""
    order, count, paths = machine.orders[route.program], None, []
    while count != len(paths):
        count = len(paths)
        order.shared.is_recording = 1
        _, kind = once(machine, world, route, NEVER)
        paths = order.paths()
        assert kind == "right"
    return paths, world.changed


def first_of_each(paths, seen=()):
    """Numbers of allocations, counted from 1: the first of each path that was not seen."""
    firsts = {path: number for number, path in reversed(list(enumerate(paths, 1)))}
    return sorted(number for path, number in firsts.items() if path not in seen)


def sample(numbers, count):
    return sorted(random.Random(SEED).sample(numbers, min(count, len(numbers))))


def every(paths):
    return range(1, len(paths) + 1)


class FewNew:
    """Some of the paths that no route before had."""

    def __init__(self):
        self.seen = set()

    def __call__(self, paths):
        numbers = sample(first_of_each(paths, self.seen), FEW)
        self.seen |= {paths[number - 1] for number in numbers}
        return numbers


def fail_one(machine, world, route, number, whole):
    """The outcome, after all that must hold."""
    outcome, kind = once(machine, world, route, number)
    wanted = [whole] if kind == "right" else [collections.Counter(), whole]
    assert world.changed in wanted, f"{kind}, half written: {dict(world.changed)}, not " \
        f"{dict(whole)}\n{memory.readable(outcome.fault)}"
    if outcome.end:
        for _ in range(2):  # the new one is to be warm, too
            once(machine, world, route, NEVER)
    return outcome, kind


def fail_each(machine, world, route, choose):
    """What became of those that were chosen, and what was wrong."""
    paths, whole = in_peace(machine, world, route)
    tally, faults = Tally(), []
    for number in choose(paths):
        try:
            outcome, kind = fail_one(machine, world, route, number, whole)
            tally.add(kind if outcome.failed else "not reached", outcome)
        except AssertionError as error:
            faults.append(f"{route.name}, allocation {number} of {len(paths)}: {error}")
    return tally, faults


def survey(folder, routes, choose):
    """One server of its own, and the routes as they come. Lines to print, all in all, faults."""
    machine = make_machine(folder)
    world = World(machine.server).populate()
    lines, total, faults = [], Tally(), []
    for route in routes:
        try:
            tally, wrong = fail_each(machine, world, route, choose)
        except AssertionError as error:
            tally, wrong = Tally(), [f"{route.name}: {error}"]
        lines.append(f"{route.name}: {tally}")
        total.merge(tally)
        faults += wrong
    check_room(world, world.room["id"])
    assert world.quick_check() == "ok"
    stop(machine.server)
    return lines, total, faults


def report(tell, surveys):
    total, faults = Tally(), []
    for lines, tally, wrong in surveys:
        tell(*lines)
        total.merge(tally)
        faults += wrong
    tell(f"in all: {total}")
    assert not faults, f"{len(faults)} wrong:\n" + "\n".join(faults[:20])
    return total


def test_each_operation_is_among_the_routes():
    assert {op.id for op in OPERATIONS} == {route.id for route in ROUTES}


def test_some_allocations_that_fail_harm_nothing(tmp_path, tell):
    """Of each route a few that no route of the program before it had."""
    def of(program):
        routes = [route for route in ROUTES if route.program == program]
        return survey(tmp_path / program, routes, FewNew())

    with ThreadPoolExecutor() as pool:
        total = report(tell, pool.map(of, PROGRAMS))
    assert {"right", "503", "ended", "crashed"} <= set(total.kinds)


@pytest.mark.soak
def test_each_allocation_that_fails_harms_nothing(tmp_path, tell):
    left = collections.deque(ROUTES)

    def routes():
        while True:
            try:
                yield left.popleft()
            except IndexError:
                return

    servers = range(12)  # they mostly wait for workers to grow old enough to be killed
    with ThreadPoolExecutor(len(servers)) as pool:
        total = report(tell, pool.map(lambda n: survey(tmp_path / str(n), routes(), every),
                                      servers))
    assert {"right", "503", "ended", "crashed"} <= set(total.kinds)


# --- starting -------------------------------------------------------------------------------------


def start_once(folder, server, program, number):
    """Starts the program beside the server while that allocation fails. What was wrong, or None."""
    order = Order(folder, program + ".fcgi")
    order.arm(number, OF_NO_REQUEST)
    with memory.Beside(folder, server, program) as beside:
        serves = beside.serves()
        order.shared.scope = 0
        status = beside.stop()
    if serves and status == 0:
        return None
    crash = order.shared.crash.copy()
    if status < 0 and is_known(crash):
        return None
    if status > 0 and beside.said:
        return None
    return f"{program}, allocation {number}: {serves=} {status=} {beside.said!r}\n" \
        f"{memory.readable(order.shared.fault.copy())}\n{memory.readable(crash)}"


def start_each(tmp_path, server, choose):
    faults, count = [], 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for program in PROGRAMS:
            order = Order(tmp_path, program + ".fcgi")
            order.record(OF_NO_REQUEST)
            with memory.Beside(tmp_path, server, program) as beside:
                assert beside.serves()
                paths = order.paths()
                assert beside.stop() == 0
            numbers = choose(paths)
            count += len(numbers)
            folders = [tmp_path / "even", tmp_path / "odd"]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            halves = pool.map(lambda n: [start_once(folders[n], server, program, number)
                                         for number in numbers[n::2]], range(2))
            faults += [fault for half in halves for fault in half if fault]
    return count, faults


@pytest.mark.parametrize("choose", [
    lambda paths: sample(first_of_each(paths), 2 * FEW),
    pytest.param(first_of_each, marks=pytest.mark.soak)], ids=["some", "each path"])
def test_a_program_starts_or_says_why_not(tmp_path, machine, tell, choose):
    count, faults = start_each(tmp_path, machine.server, choose)
    tell(f"{count} allocations at the start")
    assert not faults, f"{len(faults)} wrong:\n" + "\n".join(faults[:20])


def init_once(folder, number):
    """Ends with what it says, or has succeeded; a second run makes whole what the first began."""
    order = Order(folder, "cloudchat")
    order.arm(number, OF_NO_REQUEST)
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    ended = memory.run([CLOUDCHAT, "init", "--data", data], memory.environment(folder))
    fault, crash = order.shared.fault.copy(), order.shared.crash.copy()
    with held(f"{ended}\n{memory.readable(fault)}\n{memory.readable(crash)}"):
        assert ended.returncode >= 0 or is_known(crash)
        assert ended.returncode <= 0 or ended.stderr
        for command in (["init"], ["keys", "list"]):
            again = memory.run([CLOUDCHAT, *command, "--data", data], {})
            assert again.returncode == 0, again
        assert len(list((data / "keys").glob("*.pem"))) == 1


@pytest.mark.parametrize("count", [FEW, pytest.param(200, marks=pytest.mark.soak)])
def test_init_leaves_nothing_half_made(tmp_path, count):
    order = Order(tmp_path, "cloudchat")
    order.record(OF_NO_REQUEST)
    assert memory.run([CLOUDCHAT, "init", "--data", tmp_path / "first"],
                      memory.environment(tmp_path)).returncode == 0
    for number in sample(first_of_each(order.paths()), count):
        init_once(tmp_path, number)


def cloudchat(folder, *arguments):
    return memory.run([CLOUDCHAT, *arguments], memory.environment(folder))


def cloudchat_once(folder, number, *arguments):
    """While that allocation fails. Whether it has succeeded; if not, it says why."""
    order = Order(folder, "cloudchat")
    order.arm(number, OF_NO_REQUEST)
    ended = cloudchat(folder, *arguments)
    order.shared.scope = 0
    fault, crash = order.shared.fault.copy(), order.shared.crash.copy()
    with held(f"{ended}\n{memory.readable(fault)}\n{memory.readable(crash)}"):
        assert order.failed
        assert ended.returncode >= 0 or is_known(crash)
        assert ended.returncode <= 0 or ended.stderr
    return ended.returncode == 0


def allocations_of(folder, count, *arguments):
    order = Order(folder, "cloudchat")
    order.record(OF_NO_REQUEST)
    assert cloudchat(folder, *arguments).returncode == 0
    return sample(first_of_each(order.paths()), count)


@pytest.mark.parametrize("count", [FEW, pytest.param(400, marks=pytest.mark.soak)])
def test_a_backup_is_whole_or_none(tmp_path, world, count):
    """And a restore leaves the old or the new, and can be done once more."""
    data, house, other = world.server.data, tmp_path / "house", tmp_path / "other"
    good, file = tmp_path / "good", tmp_path / "backup"
    restore = ["restore", "--data", other]
    assert cloudchat(tmp_path, "init", "--data", house).returncode == 0
    for number in allocations_of(tmp_path, count, "backup", good, "--data", data):
        done = cloudchat_once(tmp_path, number, "backup", file, "--force", "--data", data)
        assert file.exists() == done
        if done:
            shutil.copytree(house, other)
            assert cloudchat(tmp_path, *restore, file).returncode == 0
            shutil.rmtree(other)
            file.unlink()
    shutil.copytree(house, other)
    for number in allocations_of(tmp_path, count, *restore, good):
        shutil.rmtree(other)
        shutil.copytree(house, other)
        done = cloudchat_once(tmp_path, number, *restore, good)
        assert (other / "cloud-chat.db").exists() == done
        assert cloudchat(tmp_path, *restore, good, "--replace").returncode == 0


# --- the first request of a program ---------------------------------------------------------------


def first_requests(world):
    """What opens, fetches or parses something the first time that it is asked."""
    return {
        "auth": ("POST", "/auth/sign-in",
                 {"phone_number": world.ada.number, "password": world.ada.password}),
        "chat": ("POST", "/chat/messages", {
            "room_id": world.room["id"], "type": "text", "data": {"text": "first"},
            "client_id": new_client_id()}),
        "profile": ("GET", world.photo, None),
        "status": ("GET", "/readyz", None),
    }


def ask_first(folder, world, program, number):
    """Of a program that was just started, while that allocation fails. What was wrong, or None."""
    order = Order(folder, program + ".fcgi")
    with memory.Beside(folder, world.server, program) as beside:
        assert beside.serves()
        if number == NEVER:
            order.record()
        else:
            order.arm(number)
        method, target, body = first_requests(world)[program]
        status = beside.ask(method, target, body, world.ada.token)
        end = beside.stop()
    crash = order.shared.crash.copy()
    if end < 0 and is_known(crash):
        return None
    if (status in (200, 201, 500, 503, 504) and end == 0) or end == memory.EX_OSERR:
        return None
    return f"{program}, allocation {number}: {status=} {end=}\n" \
        f"{memory.readable(order.shared.fault.copy())}\n{memory.readable(crash)}"


@pytest.mark.parametrize("choose", [
    lambda paths: sample(first_of_each(paths), 2 * FEW),
    pytest.param(first_of_each, marks=pytest.mark.soak)], ids=["some", "each path"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_first_request_is_answered_or_refused(tmp_path, world, program, tell, choose):
    assert ask_first(tmp_path, world, program, NEVER) is None
    numbers = choose(Order.paths_of_last(tmp_path, program + ".fcgi"))
    faults = [ask_first(tmp_path, world, program, number) for number in numbers]
    tell(f"{len(numbers)} allocations")
    assert not any(faults), "\n".join(filter(None, faults))
    check_room(world, world.room["id"])


# --- threads that nobody waits for ----------------------------------------------------------------


@pytest.mark.parametrize("count", [2 * FEW, pytest.param(150, marks=pytest.mark.soak)])
def test_the_ticker_loses_no_code(machine, world, count):
    """What it had no memory for stays noted, and is done when its lease is over."""
    order = machine.orders["auth"]
    for number in range(1, count + 1):
        phone = new_number()
        order.arm(number, OF_NO_REQUEST)
        reply = world.anyone().post("/auth/sign-up", sign_up_body(phone), expect=(201, 500, 503))
        if reply.status == 201:
            wait_for(f"a code or its job, allocation {number}", lambda: is_noted(world, phone))
        order.shared.scope = 0
        if world.server.workers("auth") == []:
            wait_for("another worker", lambda: world.server.workers("auth"))
    ends = [end for end in Deaths(machine.server).take() if end[0] == "auth"]
    assert all(manner == "exit" for _, manner, _ in ends), ends
    wait_for("it signs up again", lambda: world.stranger())


def is_noted(world, phone):
    return world.server.notices(phone) or any(key[0].startswith("TIMER#") for key in world.rows())


# --- no memory and no descriptors for real --------------------------------------------------------


def test_a_worker_without_memory_ends_in_order_and_others_go_on(make_limited):
    server, world = make_limited()
    deaths = Deaths(server)
    profile, = server.workers("profile")
    memory.limit_memory(profile, 256 * 1024)
    photo = png(8, 8) + bytes(3 << 20)
    request = call(world.ada, "PUT", "/profile/photo", body=photo, kind="image/png").request
    assert memory.is_web_servers(memory.exchange(world.ada, request))
    world.ada.say(world.room, "others go on")
    assert wait_for("its end", deaths.take) == [("profile", "exit", memory.EX_OSERR)]
    world.ada.get("/profile", expect=200)
    assert server.workers("profile") != [profile]
    stop(server)


def test_without_descriptors_requests_wait_and_files_are_503(make_limited):
    server, world = make_limited()
    profile, = server.workers("profile")
    world.ada.get(world.photo, expect=200)
    with memory.descriptors(profile, more=1):
        world.ada.get("/profile", expect=200)
        world.ada.get(world.photo, expect=503)
    with memory.descriptors(profile, more=0):
        waiting = threading.Thread(target=world.ada.get, args=("/profile",), kwargs={"expect": 200})
        waiting.start()
        wait_for("accept fails", lambda: "accept failed" in server.log())
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()
    assert server.workers("profile") == [profile]
    world.ada.get(world.photo, expect=200)
    stop(server)


@pytest.fixture
def make_limited(tmp_path):
    """A server without the shim. One heap for all threads: others are address space from the
    beginning, so that no limit of it would be met."""
    def make():
        server = Server(tmp_path / "data", {**QUICK, "http.threads": 1},
                        env={"MALLOC_ARENA_MAX": "1"}).start()
        return server, World(server).populate()
    return make
