"""What no web server says, straight to the sockets of the programs.

Each row of a table is sent to every program. It says all that comes back before the program closes
the connection: `404` is an answer (nobody has the path), nothing at all a connection that was
refused, which is closed without a word and logged. What no web server sends is refused even where
the specification allows it: other roles, management records (GET_VALUES), several requests at
once, ABORT_REQUEST (web servers close). Afterwards the same process answers the next good
request."""

import fcntl
import socket
import struct
import termios
import time

import pytest
from fastcgi import (ABORT, BEGIN, DATA, END, GET_VALUES, PARAMS, STDERR, STDIN, STDOUT, begin,
                     connect, describe, pair, record, request, rest, talk, variables)
from hostile_sockets import BODY_TIMEOUT_S, HEAD, SAID, ask, run_programs
from raw import read_all
from server import wait_for


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    yield from run_programs(tmp_path_factory.mktemp("fastcgi"))


def rows(*table):
    return pytest.mark.parametrize("data, answers", [
        pytest.param(data, answers, id=name) for name, data, answers in table])


def check(programs, data, answers):
    for program in programs.good:
        assert describe(talk(programs.path(program), data)) == answers, program
    programs.check()


# --- records --------------------------------------------------------------------------------------

GOOD = request()
MPXS = pair("FCGI_MPXS_CONNS", "")


@rows(
    ("good", GOOD, "404"),
    ("nothing", b"", ""),
    ("half_a_header", b"\1\1\0", ""),
    ("version_0", record(BEGIN, bytes(8), version=0) + GOOD, ""),
    ("version_2", record(BEGIN, bytes(8), version=2) + GOOD, ""),
    ("version_255_later", begin() + record(PARAMS, HEAD) + record(PARAMS, version=255), ""),
    ("role_authorizer", begin(role=2) + SAID, ""),
    ("role_filter", begin(role=3) + SAID, ""),
    ("role_0", begin(role=0) + SAID, ""),
    ("role_65535", begin(role=65535) + SAID, ""),
    ("flags_255_and_no_more", begin(flags=255) + SAID + rest(), "404"),
    ("begin_of_7_bytes", record(BEGIN, b"\0\1\0\0\0\0\0") + SAID, ""),
    ("begin_of_9_bytes", record(BEGIN, b"\0\1\0\0\0\0\0\0\0") + SAID, ""),
    ("begin_of_nothing", record(BEGIN) + SAID, ""),
    ("begin_of_65535_bytes_that_do_not_come", record(BEGIN, bytes(8), length=65535), ""),
    ("begin_twice", begin() + begin() + SAID + rest(), ""),
    ("begin_twice_with_another_id", begin() + begin(id=2) + SAID + rest(), ""),
    ("begin_in_the_body", begin() + SAID + begin(id=2) + rest(), ""),
    ("begin_again_in_the_body", begin() + SAID + begin() + rest(), ""),
    ("a_thousand_begins", begin() + begin(id=7) * 1000 + SAID + rest(), ""),
    ("begin_with_id_0", begin(id=0) + GOOD, ""),
    ("id_65535", request(id=65535), "404"),
    ("id_changes", begin() + record(PARAMS, HEAD, id=2) + record(PARAMS, id=2), ""),
    ("id_changes_inside", begin() + record(PARAMS, HEAD) + record(PARAMS, id=2) + record(PARAMS)
     + rest(id=2) + rest(), ""),
    ("params_of_another_id_between", begin() + record(PARAMS, pair("REQUEST_URI", "/x"), id=2)
     + SAID + rest(), ""),
    ("params_before_begin", SAID + GOOD, ""),
    ("body_before_begin", rest(b"x") + GOOD, ""),
    ("body_before_params", begin() + rest() + SAID, ""),
    ("body_among_params", begin() + record(PARAMS, HEAD) + rest() + record(PARAMS), ""),
    ("params_behind_params", begin() + SAID + SAID + rest(), ""),
    ("params_in_the_body", begin() + SAID + record(STDIN, b"x") + SAID + rest(), ""),
    ("params_that_do_not_end", begin() + record(PARAMS, HEAD), ""),
    ("no_params", begin() + record(PARAMS) + rest(), "400"),
    ("no_body_record", begin() + SAID, "404"),
    ("body_that_does_not_end", begin() + SAID + record(STDIN, b"x"), "404"),
    ("body_behind_the_body", begin() + SAID + rest() + rest(b"x"), "404"),
    ("data_instead_of_body", begin() + SAID + record(DATA, b"x") + rest(), ""),
    ("data_instead_of_params", begin() + record(DATA, HEAD), ""),
    ("output_from_the_web_server", begin() + record(STDOUT, b"Status: 200 OK\r\n\r\n") + SAID, ""),
    ("errors_from_the_web_server", begin() + record(STDERR, b"x") + SAID, ""),
    ("end_from_the_web_server", begin() + record(END, bytes(8)) + SAID, ""),
    ("abort_before_begin", record(ABORT) + GOOD, ""),
    ("abort_at_once", begin() + record(ABORT), ""),
    ("abort_among_params", begin() + record(PARAMS, HEAD) + record(ABORT), ""),
    ("abort_before_the_body", begin() + SAID + record(ABORT), ""),
    ("abort_in_the_body", begin() + SAID + record(STDIN, b"x") + record(ABORT), ""),
    ("abort_behind_the_body", GOOD + record(ABORT), "404"),
    ("abort_of_another", begin() + record(ABORT, id=2) + SAID + rest(), ""),
    ("abort_of_id_0", record(ABORT, id=0) + GOOD, ""),
    ("type_0", begin() + record(0) + SAID, ""),
    ("type_12", begin() + record(12, b"x") + SAID, ""),
    ("type_255", begin() + record(255) + SAID, ""),
    ("management_type_77", record(77, b"x", id=0) + GOOD, ""),
    ("management_type_255_inside", begin() + record(255, id=0) + SAID + rest(), ""),
    ("management_in_the_body", begin() + SAID + record(0, id=0) + rest(), ""),
    ("values", record(GET_VALUES, MPXS, id=0) + GOOD, ""),
    ("values_of_nothing", record(GET_VALUES, id=0) + GOOD, ""),
    ("values_that_lie", record(GET_VALUES, b"\xff" * 9, id=0) + GOOD, ""),
    # libfcgi wrote each answer into 64 bytes on its stack, and asserted what malloc gave.
    ("values_asked_40_times", record(GET_VALUES, MPXS * 40, id=0) + GOOD, ""),
    ("values_of_2_gb", record(GET_VALUES, b"\xff\xff\xff\xfe" * 2, id=0) + GOOD, ""),
    ("values_asked_40_times_in_the_body", begin() + SAID + record(GET_VALUES, MPXS * 40, id=0)
     + rest(), ""),
    ("values_of_2_gb_in_the_body", begin() + SAID
     + record(GET_VALUES, b"\xff\xff\xff\xfe" * 2, id=0) + rest(), ""),
    ("version_2_in_the_body", begin() + SAID + record(STDIN, b"x", version=2) + rest(), ""),
    ("id_changes_in_the_body", begin() + SAID + record(STDIN, b"x") + rest(id=2), ""),
    ("values_of_64_kb", record(GET_VALUES, bytes(65535), id=0) + GOOD, ""),
    ("values_with_an_id", record(GET_VALUES, id=5) + GOOD, ""),
    ("padding", begin() + record(PARAMS, HEAD, padding=255) + record(PARAMS, padding=255)
     + record(STDIN, b"x", padding=255) + record(STDIN, padding=255), "404"),
    ("padding_and_kept", (request(keep=True)[:-2] + b"\xff\0" + bytes(255)) * 3 + GOOD,
     "404, 404, 404, 404"),
    ("padding_behind_the_beginning", begin()[:6] + b"\xff\0" + begin()[8:] + bytes(255) + SAID
     + rest(), ""),  # libfcgi does not understand it
    ("padding_that_does_not_come", begin() + SAID[:-2] + b"\xff\0", ""),
    ("65535_bytes_that_do_not_come", begin() + record(PARAMS, HEAD, length=65535), ""),
    ("length_one_too_long", begin() + record(PARAMS, HEAD, length=len(HEAD) + 1) + rest(), ""),
    ("length_one_too_short", begin() + record(PARAMS, HEAD, length=len(HEAD) - 1) + rest(), ""),
    ("a_million_records_of_others", record(STDIN, b"x", id=9) * 1000000 + GOOD, ""),
    ("a_million_records_of_others_inside", begin() + record(PARAMS, id=9) * 1000000 + SAID
     + rest(), ""),
    ("params_byte_by_byte", begin() + b"".join(record(PARAMS, HEAD[i:i + 1])
                                               for i in range(len(HEAD)))
     + record(PARAMS) + rest(), "404"),
    ("kept", request(keep=True) * 3 + GOOD, "404, 404, 404, 404"),
    ("kept_and_broken", request(keep=True) + record(77) + GOOD, "404"),
    ("not_kept", GOOD * 3, "404"),
    ("kept_and_body_not_ended", begin(flags=1) + SAID + GOOD, ""),
    ("http", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ""),
    ("scgi", b"24:CONTENT_LENGTH\0000\0SCGI\0001\0,", ""),
    ("zeros", bytes(100000), ""),
    ("ones", b"\1" * 100000, ""),
    ("bytes_of_255", b"\xff" * 100000, ""),
)
def test_records(programs, data, answers):
    check(programs, data, answers)


# --- parameters -----------------------------------------------------------------------------------


def four(number):
    return (number | 1 << 31).to_bytes(4, "big")


def params(content):
    """A request with this content of PARAMS, in as many records as it takes."""
    pieces = [content[i:i + 65535] for i in range(0, len(content), 65535)]
    return begin() + b"".join(record(PARAMS, p) for p in pieces) + record(PARAMS) + rest()


def lies(name, value, tail=b"A" * 50):
    return params(HEAD + name + value + tail)


def more(**said):
    return params(HEAD + b"".join(pair(name, value) for name, value in said.items()))


def only(**said):
    return params(b"".join(pair(name, value) for name, value in said.items()))


MOST = 0x7fffffff

# libfcgi gave the sum of two lengths, as an int, to malloc, and asserted that it came back.
NEAR_INT_MAX = [(f"lengths_{n:x}_{v:x}", lies(four(n), four(v)), "") for n, v in (
    (MOST, MOST), (MOST, 0), (0, MOST), (MOST, 1), (1, MOST), (MOST - 1, 0), (MOST - 1, 1),
    (MOST - 2, 0), (0, MOST - 2), (0x40000000, 0x40000000), (0x3fffffff, 0x40000000), (MOST, 3),
    (0x7ffffff0, 0x20), (100000000, 1))]


@rows(
    *NEAR_INT_MAX,
    ("length_cut_off", params(HEAD + b"\xff\xff"), ""),
    ("second_length_missing", params(HEAD + b"\5"), ""),
    ("second_length_cut_off", params(HEAD + b"\5\x80\0"), ""),
    ("value_cut_off", params(HEAD + b"\1\5Xabc"), ""),
    ("name_cut_off", params(HEAD + b"\5\1X"), ""),
    ("beyond_its_record", begin() + record(PARAMS, HEAD + b"\1\4Xab") + record(PARAMS, b"cd")
     + record(PARAMS) + rest(), "404"),
    ("lengths_of_four_bytes_for_short_ones", params(HEAD + four(1) + four(1) + b"Xy"), "404"),
    ("empty_name", more(**{"": "x"}), "404"),
    ("empty_value", more(X=""), "404"),
    ("nothing_and_nothing", params(HEAD + b"\0\0" * 20), "404"),
    ("name_with_equals", more(**{"X=REQUEST_METHOD": "x"}), "404"),
    ("name_with_nul", more(**{"REQUEST_METHOD\0": "x"}), ""),
    ("name_with_line_break", more(**{"X\r\nY": "z"}), "404"),
    ("names_of_255", more(**{"\xff" * 200: "\xff" * 200}), "404"),
    ("none", params(b""), "400"),
    ("no_method", only(REQUEST_URI="/nothing"), "400"),
    ("no_target", only(REQUEST_METHOD="GET"), "400"),
    ("empty_method", only(REQUEST_METHOD="", REQUEST_URI="/nothing"), "400"),
    ("empty_target", only(REQUEST_METHOD="GET", REQUEST_URI=""), "400"),
    ("method_of_33_bytes", only(REQUEST_METHOD="X" * 33, REQUEST_URI="/nothing"), "400"),
    ("method_with_nul", only(REQUEST_METHOD="GET\0X", REQUEST_URI="/nothing"), ""),
    ("method_in_small_letters", only(REQUEST_METHOD="get", REQUEST_URI="/nothing"), "404"),
    ("names_in_small_letters", only(request_method="GET", request_uri="/nothing"), "400"),
    ("target_with_nul", only(REQUEST_METHOD="GET", REQUEST_URI="/nothing\0/x"), ""),
    ("target_with_line_break", only(REQUEST_METHOD="GET", REQUEST_URI="/a\r\nX: y"), "400"),
    ("target_with_255", only(REQUEST_METHOD="GET", REQUEST_URI="/\xff"), "400"),
    ("target_absolute", only(REQUEST_METHOD="GET", REQUEST_URI="http://x/nothing"), "400"),
    ("target_of_4_kb", params(variables(target="/" + "a" * 4095)), "404"),
    ("target_longer_than_4_kb", params(variables(target="/" + "a" * 4096)), "414"),
    ("method_twice", more(REQUEST_METHOD="GET"), "400"),
    ("target_twice", more(REQUEST_URI="/nothing"), "400"),
    ("length_twice", more(CONTENT_LENGTH="0"), "400"),
    ("address_twice", more(REMOTE_ADDR="192.0.2.1"), "400"),
    *((f"{name}_twice", params(HEAD + pair(name, "x") * 2), "400") for name in (
        "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_HOST", "HTTP_ORIGIN", "CONTENT_TYPE",
        "HTTP_CONTENT_ENCODING", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO",
        "HTTP_SEC_FETCH_SITE", "HTTP_IF_MATCH", "HTTP_TRANSFER_ENCODING", "HTTPS")),
    *((f"length_{text!r}", params(variables(length=text)), "400") for text in (
        "-1", "+5", "0x5", "5x", "1e3", " 5", "5 ", "5,5", "\xb2", "9223372036854775808",
        "18446744073709551618")),
    ("length_and_chunks", more(HTTP_TRANSFER_ENCODING="chunked"), "411"),
    ("122_more", more(**{f"X{i}": "" for i in range(122)}), "404"),
    ("200_more", more(**{f"X{i}": "" for i in range(200)}), "431"),
    ("a_header_of_17_kb", more(HTTP_X="x" * 17000), "431"),
    ("a_variable_of_60_kb", more(X="x" * 60000), "404"),
    ("a_variable_of_70_kb", more(X="x" * 70000), "431"),
    ("10_mb", more(X="x" * 10000000), ""),
    ("a_million_of_nothing", params(HEAD + b"\0\0" * 1000000), ""),
)
def test_parameters(programs, data, answers):
    check(programs, data, answers)


def test_parameters_may_be_split_anywhere(programs):
    for cut in range(len(HEAD) + 1):
        pieces = b"".join(record(PARAMS, part) for part in (HEAD[:cut], HEAD[cut:]) if part)
        data = begin() + pieces + record(PARAMS) + rest()
        assert describe(talk(programs.path("status"), data)) == "404", cut
    programs.check()


# --- bodies ---------------------------------------------------------------------------------------


SPACES = b" " * 99998


@rows(
    ("right", ask(b"{}", 2), "422"),
    ("byte_by_byte", ask(b"", 100000, record(STDIN, b"{") + record(STDIN, b" ") * 99998
                         + record(STDIN, b"}") + record(STDIN)), "422"),
    ("one_less", ask(b"{}", 1), "400"),
    ("one_more", ask(b"{}", 3), "400"),
    ("none", ask(b"", 2), "400"),
    ("none_said", ask(b"{}", ""), "411"),
    ("far_more_said", ask(b"{}", 9223372036854775807), "413"),
    ("far_more_sent", ask(b"{}" + SPACES[:60000], 2), "400"),
    ("over_the_limit", ask(b"", 1000000, record(STDIN, SPACES[:50000]) * 20 + record(STDIN)),
     "413"),
    ("aborted", ask(b"", 2, record(STDIN, b"{") + record(ABORT)), ""),
    ("of_another_request", ask(b"", 2, rest(b"{}", id=2) + rest()), ""),
    ("between_those_of_another", ask(b"", 2, record(STDIN, b"x", id=2) + record(STDIN, b"{")
                                     + record(STDIN, id=2) + record(STDIN, b"}")
                                     + record(STDIN)), ""),
    ("with_padding", ask(b"", 2, record(STDIN, b"{", padding=255) + record(STDIN, b"}", padding=1)
                         + record(STDIN, padding=9)), "422"),
    ("longer_than_its_record", ask(b"", 2, record(STDIN, b"{}", length=65535)), "400"),
)
def test_bodies(programs, data, answers):
    assert describe(talk(programs.path("auth"), data)) == answers
    programs.check()


LATER = {
    "values_that_overrun": record(GET_VALUES, MPXS * 40, id=0),
    "values_of_2_gb": record(GET_VALUES, b"\xff\xff\xff\xfe" * 2, id=0),
    "management": record(77, b"x", id=0),
    "version_2": record(STDIN, b"}", version=2),
    "another_request": record(STDIN, b"}", id=2),
    "begin": begin(),
    "begin_another": begin(id=2),
    "params": SAID,
    "data": record(DATA, b"}"),
    "abort": record(ABORT),
    "broken_off": b"\1\5\0",
}


@pytest.mark.parametrize("data", LATER.values(), ids=LATER)
def test_what_comes_while_a_body_is_read_is_looked_at(programs, data):
    """The thread waits for the other half of the body by then."""
    refused = len(refusals(programs))
    with connect(programs.path("auth")) as s:
        s.sendall(ask(b"", 2, record(STDIN, b"{")))
        wait_for("it is being read", lambda: unread(s) == 0)
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        assert describe(read_all(s)) == "400"
    assert len(refusals(programs)) == refused + 1
    programs.check()


def test_records_that_drip_hold_no_thread_for_ever(programs):
    """A byte of padding now and then is no body: libfcgi waited for as long as they came."""
    with connect(programs.path("auth")) as s:
        s.sendall(ask(b"", 2, record(STDIN, b"{") + record(STDIN, b"}", padding=255)[:10]))
        s.sendall(record(STDIN, padding=255)[:1])
        s.settimeout(0.1)
        began = time.monotonic()
        answer = b""
        while not answer and time.monotonic() - began < 5 * BODY_TIMEOUT_S:
            try:
                s.sendall(bytes(1))
                answer = s.recv(65536)
            except TimeoutError:
                pass
    assert b"Status: 408" in answer
    programs.check()


# --- the log --------------------------------------------------------------------------------------


def refusals(programs):
    return [line for line in programs.server.log_lines() if line["event"] == "connection refused"]


def unread(s):
    """Bytes that the program has not taken yet (SIOCOUTQ)."""
    return struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)))[0]


@pytest.mark.parametrize("data, cause", [
    (record(GET_VALUES, MPXS, id=0) + GOOD, "a record out of place in a head"),
    (begin(role=2) + SAID, "a beginning that is none of a responder"),
    (b"GET / HTTP/1.1\r\n\r\n", "a version that is not 1"),
    (begin() + record(PARAMS, HEAD, id=2), "a record of another request"),
    (begin() + SAID + record(ABORT), "a record out of place in a body"),
    (begin() + record(PARAMS, HEAD + b"\1\3Xa\0b") + record(PARAMS), "a parameter with a NUL"),
    (begin() + record(PARAMS, b"\xff" * 9) + record(PARAMS),
     "a parameter longer than what came"),
    (begin() + record(PARAMS, b"\1") + record(PARAMS), "a length that is cut off"),
    (begin() + record(PARAMS, pair("X", "x" * 60000)) * 2, "a head over the limit"),
    (begin() + b"\1", "it broke off"),
    (b"", None),
])
def test_what_is_refused_is_logged_once_and_says_why(programs, data, cause):
    before = len(refusals(programs))
    assert talk(programs.path("chat"), data) == b""  # it is logged before it is closed
    new = refusals(programs)[before:]
    found = [(line["program"], line["level"], line["cause"]) for line in new]
    assert found == ([("chat", "warn", cause)] if cause else [])
