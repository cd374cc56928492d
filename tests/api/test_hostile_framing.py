"""Where a request ends, and the next one begins: lengths, chunks, several on one connection.
How the tables are read: hostile.py."""

import re

import pytest
from hostile import ADAS, FORGOT, OPEN, check, chunked, config, of, post, rows
from raw import connect, describe, exchange, head, read_all, take_replies


# --- how long the body is -------------------------------------------------------------------------


def length(text):
    return (f"length_{text!r}"[:60], post(f"Content-Length: {text}"), "web 400")


@rows(
    ("of_the_body", post("Content-Length: 2"), "422"),
    ("between_blanks", post("Content-Length: \t 2 \t"), "422"),
    ("after_zeros", post("Content-Length: 0000000000000002"), "422"),
    ("none", post(), "web 411"),
    ("none_in_put", head("PUT", "/profile/photo", ADAS), "415"),
    ("none_in_patch", head("PATCH", "/profile", ADAS), "415"),
    ("none_in_http_1_0", post(version="HTTP/1.0"), "web 411"),
    ("none_in_delete", head("DELETE", "/profile/photo", ADAS), "204"),
    ("twice_the_same", post("Content-Length: 2", "Content-Length: 2"), "web 400"),
    ("twice_different", post("Content-Length: 2", "Content-Length: 3"), "web 400"),
    ("twice_the_first_empty", post("Content-Length:", "Content-Length: 2"), "422"),
    ("empty", post("Content-Length:"), "web 411"),
    ("in_two_cases", post("content-length: 2", "CONTENT-LENGTH: 20"), "web 400"),
    *map(length, ("2, 2", "2,3", "2,", ",2", "+2", "-2", "-0", "0x2", "2 2", "2\t2", "2abc", "2.0",
                  "1e1", "2;", '"2"', "'2'", "two", "NaN", "\xb2", "2\x0b", "%32", "2\xa0")),
    ("with_an_underscore", post("Content_Length: 2"), "web 411"),
    ("with_an_underscore_as_well", post("Content-Length: 2", "Content_Length: 20"), "422"),
    ("far_too_large", post("Content-Length: 99999999"), "web 413"),
    ("2^31-1", post("Content-Length: 2147483647"), "web 413"),
    ("2^31", post("Content-Length: 2147483648"), "web 413"),
    ("2^32+2", post("Content-Length: 4294967298"), "web 413"),
    ("2^63-1", post("Content-Length: 9223372036854775807"), "web 413"),
    ("2^63", post("Content-Length: 9223372036854775808"), "web 400"),
    ("2^64+2", post("Content-Length: 18446744073709551618"), "web 400"),
    ("10^40", post("Content-Length: 1" + "0" * 40), "web 400"),
    ("a_thousand_digits", post("Content-Length: " + "2" * 1000), "web 400"),
    ("in_get", head("GET", "/config", "Content-Length: 2") + b"{}", "web 400"),
    ("in_head", head("HEAD", "/config", "Content-Length: 2") + b"{}", "web 400"),
    ("zero_in_get", head("GET", "/config", "Content-Length: 0"), "200"),
    ("in_delete", head("DELETE", "/profile/photo", ADAS, "Content-Length: 2") + b"{}", "204"),
    ("in_options", head("OPTIONS", "/profile", "Content-Length: 2") + b"{}", "204"),
    ("longer_than_said", post("Content-Length: 2", body=b"{}{}\r\n\r\n", close=False),
     "422, web 400"),
    ("longer_by_a_request", post("Content-Length: 2", body=b"{}" + head("GET", "/healthz"),
                                 close=False), "422, 200"),
    ("longer_by_a_request_after_close", post("Content-Length: 2",
                                             body=b"{}" + head("GET", "/healthz")), "422"),
)
def test_length(play, data, answers):
    check(play, data, answers)


@pytest.mark.parametrize("said", [3, 100, 200000])
def test_a_body_shorter_than_said_is_not_answered(play, said):
    check(play, post(f"Content-Length: {said}"), "", half_close=True)


# --- chunks ---------------------------------------------------------------------------------------


def coded(text, body=b"2\r\n{}\r\n0\r\n\r\n", **more):
    return post(f"Transfer-Encoding: {text}", body=body, **more)


def size(text):
    return (f"size_{text!r}"[:60], chunked(text.encode("latin-1") + b"\r\n{}\r\n0\r\n\r\n"),
            "web 400")


SMUGGLED = head("GET", "/profile", ADAS)
INNER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@rows(
    ("one", chunked(b"2\r\n{}\r\n0\r\n\r\n"), "422"),
    ("two", chunked(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), "422"),
    ("none", chunked(b"0\r\n\r\n"), "400"),
    ("size_in_capitals", chunked(b"A\r\n{        }\r\n0\r\n\r\n"), "422"),
    ("size_after_zeros", chunked(b"0000002\r\n{}\r\n000\r\n\r\n"), "422"),
    ("extension", chunked(b"2;a=b;c\r\n{}\r\n0;d=\"e\"\r\n\r\n"), "422"),
    ("extension_with_a_line_break", chunked(b"2;a=\"\n\"\r\n{}\r\n0\r\n\r\n"), "web 400"),
    ("extension_of_20_kb", chunked(b"2;" + b"a" * 20000 + b"\r\n{}\r\n0\r\n\r\n"), "web 400"),
    *map(size, ("g", "-2", "+2", "0x2", "", ";", "ffffffffffffffff", "fffffffffffffffe",
                "7fffffffffffffff", "8000000000000000", "10000000000000002", "f" * 40, "\xb2")),
    ("size_2^31", chunked(b"80000000\r\n{}\r\n0\r\n\r\n"), "web 413"),
    ("size_2^32+2", chunked(b"100000002\r\n{}\r\n0\r\n\r\n"), "web 413"),
    ("nothing_after_the_data", chunked(b"2\r\n{}0\r\n\r\n"), "web 400"),
    ("line_feeds_alone", chunked(b"2\n{}\n0\n\n"), "web 400"),
    ("longer_than_its_size", chunked(b"2\r\n{}{}\r\n0\r\n\r\n"), "web 400"),
    ("shorter_than_its_size", chunked(b"3\r\n{}\r\n0\r\n\r\n"), "web 400"),
    ("trailer", chunked(b"2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n"), "422"),
    ("trailer_of_20_kb", chunked(b"2\r\n{}\r\n0\r\nX: " + b"a" * 20000 + b"\r\n\r\n"), "422"),
    ("trailer_that_signs_in", chunked(b"0\r\nAuthorization: Bearer {ADA}\r\n\r\n",
                                      target="/auth/sign-out"), "401"),
    ("trailer_with_a_length", chunked(b"2\r\n{}\r\n0\r\nContent-Length: 500\r\n\r\n"), "422"),
    ("a_request_behind", chunked(b"2\r\n{}\r\n0\r\n\r\n" + SMUGGLED, close=False), "422, 200"),
    ("a_request_inside", chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(INNER), INNER)), "400"),
    ("a_request_behind_a_zero_inside", chunked(b"7\r\n{0\r\n\r\n}\r\n0\r\n\r\n" + SMUGGLED),
     "400"),
    ("over_the_limit", chunked(b"c8000\r\n" + b" " * 0xc8000 + b"\r\n0\r\n\r\n"), "413"),
    ("to_get", head("GET", "/config", "Transfer-Encoding: chunked") + b"0\r\n\r\n", "web 400"),
)
def test_chunks(play, data, answers):
    check(play, data, answers)


@rows(
    ("in_capitals", coded("CHUNKED"), "422"),
    ("twice_in_one", coded("chunked, chunked"), "web 501"),
    ("twice", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked",
                   body=b"2\r\n{}\r\n0\r\n\r\n"), "422"),
    ("then_identity", coded("chunked, identity"), "web 501"),
    ("identity", coded("identity", b"{}"), "web 501"),
    ("identity_with_length", post("Transfer-Encoding: identity", "Content-Length: 2"), "web 501"),
    ("gzip_before", coded("gzip, chunked"), "web 501"),
    ("xchunked", coded("xchunked"), "web 501"),
    ("chunkedx", coded("chunked-x"), "web 501"),
    ("quoted", coded('"chunked"'), "web 501"),
    ("parameter", coded("chunked;q=1"), "web 501"),
    ("empty", coded("", b"{}"), "web 411"),
    ("vertical_tab", coded("\x0bchunked"), "web 400"),
    ("folded", coded("\r\n chunked"), "web 501"),
    ("space_before_colon", post("Transfer-Encoding : chunked", body=b"0\r\n\r\n"), "web 400"),
    ("underscore", post("Transfer_Encoding: chunked", body=b"0\r\n\r\n"), "web 411"),
    ("underscore_and_length", post("Transfer_Encoding: chunked", "Content-Length: 2"), "422"),
    ("in_http_1_0", coded("chunked", version="HTTP/1.0"), "web 400"),
    ("length_before", post("Content-Length: 5", "Transfer-Encoding: chunked",
                           body=b"0\r\n\r\n" + SMUGGLED), "web 400"),
    ("length_behind", post("Transfer-Encoding: chunked", "Content-Length: 5",
                           body=b"0\r\n\r\n" + SMUGGLED), "web 400"),
    ("xchunked_and_length", post("Transfer-Encoding: xchunked", "Content-Length: 2"), "web 501"),
)
def test_transfer_coding(play, data, answers):
    check(play, data, answers)


@pytest.mark.parametrize("body", [b"", b"2", b"2\r\n", b"2\r\n{}", b"2\r\n{}\r\n", b"2\r\n{}\r\n0",
                                  b"2\r\n{}\r\n0\r\n", b"2\r\n{}\r\n0\r\nX: y\r\n"])
def test_chunks_that_do_not_end_are_not_answered(play, body):
    check(play, chunked(body), "", half_close=True)


# --- several on one connection --------------------------------------------------------------------


@rows(
    ("good_broken_good", of("ADA", **OPEN) + b"GET /con\0fig HTTP/1.1\r\n\r\n" + of("BOB"),
     "200, web 400"),
    ("good_refused_good", of("ADA", **OPEN) + head("GET", "/profile", **OPEN) + of("BOB"),
     "200, 401, 200"),
    ("bodies_between", FORGOT + of("ADA", **OPEN) + FORGOT + of("BOB"), "422, 200, 422, 200"),
    ("chunks_between", chunked(b"2\r\n{}\r\n0\r\n\r\n", **OPEN) + of("ADA"), "422, 200"),
    ("body_that_nobody_reads", post("Content-Length: 40", body=of("ADA")[:40], target="/nothing",
                                    **OPEN) + of("BOB"), "404, 200"),
    ("body_over_the_limit", post("Content-Length: 300000", body=b" " * 300000, **OPEN) + of("ADA"),
     "413, 200"),
    ("body_to_who_takes_none", head("DELETE", "/profile/photo", ADAS, "Content-Length: 50", **OPEN)
     + of("BOB")[:50] + of("ADA"), "204, 200"),
    ("two_bodies_and_a_broken_chunk", FORGOT + FORGOT + chunked(b"x\r\n", **OPEN) + of("ADA"),
     "422, 422, web 400"),
    ("not_modified_between", head("GET", "/config", "If-None-Match: *", **OPEN) + of("ADA"),
     "304, 200"),
    ("fifty", of("ADA", **OPEN) * 49 + of("ADA"), ", ".join(["200"] * 50)),
    ("after_close", of("ADA") + of("BOB"), "200"),
)
def test_pipeline(play, data, answers):
    check(play, data, answers)


def test_pipelined_answers_are_those_to_the_requests_in_their_order(play):
    whose = "ADA BOB BOB ADA ADA ADA BOB ADA".split()
    data = b"".join(of(one, **OPEN) for one in whose) + of("BOB")
    replies, _ = play(data)
    names = [reply.json()["name"].upper()[:3] for reply in replies]
    assert names == [*whose, "BOB"]


def test_the_answer_to_head_has_no_body_that_could_be_taken_for_an_answer(stage):
    data = stage.fill(head("HEAD", "/profile", ADAS, close=False) + of("BOB"))
    got = exchange(stage.server.port, data)
    first, second = re.split(rb"(?<=\r\n\r\n)(?=HTTP/)", got)
    assert take_replies(first, is_head=True)[0].status == 200
    assert take_replies(second)[0].json()["name"] == "Bob"
    stage.check()


EXPECTING = "Expect: 100-continue"


@rows(
    ("body_at_once", post(EXPECTING, "Content-Length: 2"), "422"),
    ("in_http_1_0", post(EXPECTING, "Content-Length: 2", version="HTTP/1.0"), "422"),
    ("in_another_case", post("expect: 100-Continue", "Content-Length: 2"), "422"),
    ("without_a_body", config(EXPECTING), "200"),
    ("with_a_body_over_the_limit", post(EXPECTING, "Content-Length: 99999999"), "web 413"),
    ("something_else", post("Expect: 200-ok", "Content-Length: 2"), "422"),
    ("twice", post(EXPECTING, EXPECTING, "Content-Length: 2"), "422"),
    ("with_chunks", chunked(b"2\r\n{}\r\n0\r\n\r\n", EXPECTING), "422"),
)
def test_expect(play, data, answers):
    check(play, data, answers)


def test_who_waits_for_100_gets_it_and_then_one_answer(stage):
    with connect(stage.server.port) as s:
        s.sendall(post(EXPECTING, "Content-Length: 2", body=b""))
        assert s.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(b"{}")
        assert describe(*take_replies(read_all(s))) == "422"
    stage.check()


SETTINGS = "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"


@rows(
    ("h2c", config("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", SETTINGS), "200"),
    ("h2c_without_settings", config("Connection: Upgrade", "Upgrade: h2c"), "200"),
    ("h2c_with_a_body", post("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", SETTINGS,
                             "Content-Length: 2"), "422"),
    ("h2", config("Connection: Upgrade", "Upgrade: h2"), "200"),
    ("websocket", config("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), "200"),
    ("tls", config("Connection: Upgrade", "Upgrade: TLS/1.0"), "200"),
    ("hop_by_hop_authorization", head("GET", "/profile", ADAS, "Connection: Authorization"), "200"),
    ("hop_by_hop_length", post("Connection: Content-Length", "Content-Length: 2"), "422"),
)
def test_upgrade_and_connection(play, data, answers):
    check(play, data, answers)
