"""Requests that no honest client sends, as bytes, to the installed product: lighttpd and the
programs behind it.

Each row of a table says what is sent and every answer that must come back before the server closes
the connection: `200` or `404` is a program's, `web 400` the web server's own, nothing at all a
connection closed without a word. An answer more, or one to another request than was sent, would be
a request smuggled in. All the while a bystander sends good requests; after each case he must have
had the right answers, and every worker must be the process that it was."""

import json
import os
import re
import socket
import struct
import threading
import time

import pytest
from client import Person, new_client_id, new_number
from raw import Bystander, connect, describe, exchange, head, read_all, send, take_replies
from server import Server, wait_for

BODY_TIMEOUT_S = 1
WEB_IDLE_S = 5
PROGRAM_NAMES = ("auth", "chat", "profile", "status")


# --- who is there ---------------------------------------------------------------------------------


class Stage:
    def __init__(self, folder):
        self.server = Server(folder / "data", {
            "http.body_timeout": f"{BODY_TIMEOUT_S}s", "serve.web_idle": f"{WEB_IDLE_S}s"}).start()
        self.ada, self.bob, passer_by = (Person(self.server, name).sign_up().sign_in()
                                         for name in ("Ada", "Bob", "By"))
        self.room = self.ada.room_with(self.bob)
        self.words = {"ADA": self.ada.token, "BOB": self.bob.token, "ROOM": self.room["id"],
                      "ADAS_ID": self.ada.id}
        self.bystander = Bystander(passer_by)
        self.bystander.start()
        self.pids = self.workers()

    def workers(self):
        return {name: self.server.workers(name) for name in PROGRAM_NAMES} | {
            "web": self.server.web_server()}

    def fill(self, data):
        """Puts in what is only known now: {ADA} is Ada's token."""
        for word, value in self.words.items():
            data = data.replace(b"{%s}" % word.encode(), value.encode())
        return data

    def check(self):
        self.bystander.check()
        assert self.workers() == self.pids, "a process has died"

    def end(self):
        self.bystander.end()
        self.server.stop()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    running = Stage(tmp_path_factory.mktemp("hostile"))
    yield running
    running.end()


@pytest.fixture
def play(stage):
    """Sends a request and describes the answers; then all must be as it was."""
    def exchange_and_describe(data, half_close=False):
        data = stage.fill(data)
        got = exchange(stage.server.port, data, half_close)
        replies = take_replies(got, is_head=data.startswith(b"HEAD"))
        return replies, ", ".join(map(describe, replies))

    yield exchange_and_describe
    stage.check()


def rows(*table):
    """(name, request, answers) each; the name is what pytest shows."""
    return pytest.mark.parametrize("data, answers", [
        pytest.param(data, answers, id=name) for name, data, answers in table])


def check(play, data, answers, **more):
    replies, said = play(data, **more)
    assert said == answers, replies
    return replies


# --- how long the body is -------------------------------------------------------------------------

ASK = "/auth/forgot-password"  # public; {} is a body that it understands and refuses: 422
ADAS = "Authorization: Bearer {ADA}"


def post(*fields, body=b"{}", target=ASK, **more):
    return head("POST", target, "Content-Type: application/json", *fields, **more) + body


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


def chunked(body, *fields, **more):
    return post("Transfer-Encoding: chunked", *fields, body=body, **more)


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


# --- headers that say who is asking ---------------------------------------------------------------


def profile(*fields, **more):
    return head("GET", "/profile", *fields, **more)


@rows(
    ("right", profile(ADAS), "200"),
    ("name_in_capitals", profile("AUTHORIZATION: Bearer {ADA}"), "200"),
    ("scheme_in_small_letters", profile("Authorization: bearer {ADA}"), "200"),
    ("more_blanks", profile("Authorization:   Bearer   {ADA}\t "), "200"),
    ("none", profile(), "401"),
    ("empty", profile("Authorization:"), "401"),
    ("scheme_alone", profile("Authorization: Bearer"), "401"),
    ("no_scheme", profile("Authorization: {ADA}"), "401"),
    ("another_scheme", profile("Authorization: Basic {ADA}"), "401"),
    ("scheme_and_more", profile("Authorization: BearerX {ADA}"), "401"),
    ("colon_behind_scheme", profile("Authorization: Bearer: {ADA}"), "401"),
    ("tab_behind_scheme", profile("Authorization: Bearer\t{ADA}"), "401"),
    ("quoted", profile('Authorization: Bearer "{ADA}"'), "401"),
    ("as_a_parameter", profile("Authorization: Bearer token={ADA}"), "401"),
    ("something_behind", profile("Authorization: Bearer {ADA} x"), "401"),
    ("twice_the_same", profile(ADAS, ADAS), "401"),
    ("twice_different", profile(ADAS, "Authorization: Bearer {BOB}"), "401"),
    ("twice_in_two_cases", profile(ADAS, "authorization: Bearer {BOB}"), "401"),
    ("twice_in_one", profile("Authorization: Bearer {ADA}, Bearer {BOB}"), "401"),
    ("basic_behind", profile(ADAS, "Authorization: Basic QWRhOng="), "401"),
    ("basic_before", profile("Authorization: Basic QWRhOng=", ADAS), "401"),
    ("empty_before", profile("Authorization:", ADAS), "200"),
    ("folded", profile("Authorization: Bearer\r\n {ADA}"), "200"),
    ("folded_twice", profile("Authorization: Bearer {ADA}\r\n Bearer {BOB}"), "401"),
    ("space_before_colon", profile("Authorization : Bearer {ADA}"), "web 400"),
    ("space_before_name", head("GET", "/profile", " Authorization: Bearer {ADA}"), "401"),
    ("underscore_behind", profile("Authorization_: Bearer {ADA}"), "401"),
    ("cgi_name", profile("HTTP_AUTHORIZATION: Bearer {ADA}"), "401"),
    ("cgi_name_with_dash", profile("Http-Authorization: Bearer {ADA}"), "401"),
    ("for_the_proxy", profile("Proxy-Authorization: Bearer {ADA}"), "401"),
    ("as_redirected", profile("Redirect-Http-Authorization: Bearer {ADA}"), "401"),
    ("forwarded_user", profile("X-Forwarded-User: {ADAS_ID}", "Remote-User: {ADAS_ID}"), "401"),
    ("in_the_query", head("GET", "/profile?access_token={ADA}"), "401"),
    ("in_a_cookie", profile("Cookie: access_token={ADA}; Authorization=Bearer {ADA}"), "401"),
    ("nul_behind", profile("Authorization: Bearer {ADA}\0"), "web 400"),
    ("nul_before", profile("Authorization: \0Bearer {ADA}"), "web 400"),
    ("byte_behind", profile("Authorization: Bearer {ADA}\xff"), "401"),
    ("of_15_kb", profile("Authorization: Bearer " + "a" * 15000), "401"),
)
def test_authorization(play, data, answers):
    replies = check(play, data, answers)
    if answers == "200":
        assert replies[0].json()["name"] == "Ada"


def refresh(*fields):
    return post("Content-Length: 2", *fields, target="/auth/refresh-token")


@rows(
    ("host", head("GET", "/config", "Host: evil.example"), "web 400"),
    ("host_the_same", head("GET", "/config", "Host: localhost"), "200"),
    ("type", post("Content-Length: 2", "Content-Type: text/plain"), "web 400"),
    ("type_the_same", post("Content-Length: 2", "Content-Type: application/json"), "422"),
    ("encoding", post("Content-Length: 2", "Content-Encoding: identity",
                      "Content-Encoding: gzip"), "415"),
    ("cookie", refresh("Cookie: cc_refresh=a", "Cookie: cc_refresh=b"), "401"),
    ("cookie_in_one", refresh("Cookie: cc_refresh=a; cc_refresh=b"), "401"),
    ("origin", refresh("Cookie: cc_refresh=a", "Origin: http://evil.example",
                       "Origin: http://localhost"), "403"),
    ("site", refresh("Cookie: cc_refresh=a", "Sec-Fetch-Site: same-origin",
                     "Sec-Fetch-Site: cross-site"), "403"),
    ("if_none_match", head("GET", "/config", 'If-None-Match: "x"', "If-None-Match: *"), "200"),
    ("accept", head("GET", "/config", "Accept: text/html", "Accept: application/json"), "200"),
    ("user_agent", head("GET", "/config", "User-Agent: a", "User-Agent: b"), "200"),
    ("forwarded_for", head("GET", "/config", "X-Forwarded-For: ::1", "X-Forwarded-For: x"), "200"),
    ("forwarded_proto", head("GET", "/config", "X-Forwarded-Proto: http",
                             "X-Forwarded-Proto: https"), "200"),
    ("type_by_its_cgi_name", post("Content-Length: 2", "Content_Type: text/plain"), "422"),
    ("encoding_with_an_underscore", post("Content-Length: 2", "Content_Encoding: gzip",
                                         "Content-Encoding: identity"), "400"),
    ("etag_with_an_underscore", head("GET", "/config", 'If_None_Match: "x"', "If-None-Match: *"),
     "200"),
    ("site_with_an_underscore", refresh("Cookie: cc_refresh=a", "Sec-Fetch-Site: cross-site",
                                        "Sec_Fetch_Site: same-origin"), "400"),
)
def test_a_header_twice(play, data, answers):
    check(play, data, answers)


def config(*fields, **more):
    return head("GET", "/config", *fields, **more)


@rows(
    ("request_method", config("Request-Method: DELETE", "Request_Method: DELETE",
                              "X-HTTP-Method-Override: DELETE"), "200"),
    ("request_uri", config("Request-Uri: /profile", "Request_Uri: /profile",
                           "X-Original-URL: /profile", "X-Rewrite-URL: /profile"), "200"),
    ("remote_addr", config("Remote-Addr: 127.0.0.1", "Remote_Addr: ::1"), "200"),
    ("script_name", config("Script-Name: /x", "Path-Info: /../x", "Document-Root: /etc"), "200"),
    ("content_length", config("Http-Content-Length: 5", "Content_Length: 5"), "200"),
    ("https", config("Https: on", "Request-Scheme: https", "Server-Port: 1"), "200"),
    ("proxy", config("Proxy: http://evil.example"), "200"),
    ("http_proxy", config("HTTP_PROXY: http://evil.example"), "200"),
    ("loader", config("LD_PRELOAD: /tmp/x.so", "Ld-Preload: /tmp/x.so"), "200"),
    ("our_configuration", config("CLOUDCHAT_CONFIG: /dev/null", "Cloudchat-Server-Data: /"), "200"),
    ("gateway_interface", config("Gateway-Interface: x", "FCGI_ROLE: AUTHORIZER"), "200"),
    ("sendfile", config("X-Sendfile: /etc/passwd", "X-Accel-Redirect: /etc/passwd"), "200"),
)
def test_a_header_that_is_named_like_a_variable(play, data, answers):
    replies = check(play, data, answers)
    assert replies[0].json()["name"] == "Cloud Chat"


@rows(
    ("space_in_name", config("X Y: 1"), "web 400"),
    ("tab_in_name", config("X\tY: 1"), "web 400"),
    ("no_name", config(": 1"), "web 400"),
    ("no_colon", config("Nothing"), "web 400"),
    ("colon_in_name", config("X:Y: 1"), "200"),
    ("quote_in_name", config('X"Y: 1'), "web 400"),
    ("parenthesis_in_name", config("X(Y): 1"), "web 400"),
    ("high_byte_in_name", config("X\xe9: 1"), "web 400"),
    ("nul_in_name", config("X\0Y: 1"), "web 400"),
    ("newline_in_name", config("X\nY: 1"), "web 400"),
    ("equals_in_name", config("X=Y: 1"), "web 400"),
    ("nul_in_value", config("X: a\0b"), "web 400"),
    ("bell_in_value", config("X: a\x07b"), "web 400"),
    ("delete_in_value", config("X: a\x7fb"), "web 400"),
    ("high_byte_in_value", config("X: a\xff\xfeb"), "200"),
    ("carriage_return_in_value", config("X: a\rY: b"), "web 400"),
    ("two_carriage_returns", config("X: a\r"), "web 400"),
    ("line_feed_in_value", config("X: a\nAuthorization: Bearer {ADA}"), "web 400"),
    ("line_feeds_alone", config("X: a").replace(b"\r\n", b"\n"), "web 400"),
    ("folded", config("X: a\r\n b"), "200"),
    ("folded_by_tab", config("X: a\r\n\tb"), "200"),
    ("folded_empty", config("X: a\r\n "), "200"),
    ("first_line_folded", head("GET", "/config\r\n", "X: y"), "web 400"),
    ("no_host", config(host=None), "web 400"),
    ("no_host_in_http_1_0", config(host=None, version="HTTP/1.0"), "200"),
    ("empty_host", config(host=""), "web 400"),
    ("host_with_space", config(host="a b"), "web 400"),
    ("host_with_slash", config(host="a/b"), "web 400"),
    ("host_with_query", config(host="a?b"), "web 400"),
    ("host_with_at", config(host="a@b"), "web 400"),
    ("host_with_nul", config(host="a\0b"), "web 400"),
    ("host_with_markup", config(host="<b>"), "web 400"),
    ("host_with_two_ports", config(host="a:1:2"), "web 400"),
    ("host_with_a_port_too_large", config(host="a:99999999"), "web 400"),
    ("host_half_an_address", config(host="[::1"), "web 400"),
    ("host_of_another", config(host="evil.example"), "200"),
    ("host_of_300_bytes", config(host="a" * 300), "200"),
)
def test_a_header_that_is_broken(play, data, answers):
    check(play, data, answers)


# --- the first line -------------------------------------------------------------------------------

REST = b"Host: localhost\r\nConnection: close\r\n\r\n"


def line(text):
    return text.encode("latin-1") + b"\r\n" + REST


@rows(
    ("empty_lines_before", b"\r\n" + config(), "web 400"),
    ("many_empty_lines_before", b"\r\n" * 50 + config(), "web 400"),
    ("space_before", line(" GET /config HTTP/1.1"), "web 501"),
    ("two_spaces", line("GET  /config HTTP/1.1"), "web 400"),
    ("two_spaces_before_version", line("GET /config  HTTP/1.1"), "400"),
    ("tabs", line("GET\t/config\tHTTP/1.1"), "web 400"),
    ("space_behind", line("GET /config HTTP/1.1 "), "web 400"),
    ("space_in_target", line("GET /con fig HTTP/1.1"), "400"),
    ("no_version", line("GET /config"), "web 400"),
    ("nothing_but_a_method", line("GET"), "web 400"),
    ("no_method", line("/config HTTP/1.1"), "web 501"),
    ("version_0_9", line("GET /config HTTP/0.9"), "web 505"),
    ("version_1_0", line("GET /config HTTP/1.0"), "200"),
    ("version_1_2", line("GET /config HTTP/1.2"), "web 505"),
    ("version_1_10", line("GET /config HTTP/1.10"), "web 400"),
    ("version_1", line("GET /config HTTP/1"), "web 505"),
    ("version_2_0", line("GET /config HTTP/2.0"), "web 505"),
    ("version_9_9", line("GET /config HTTP/9.9"), "web 505"),
    ("version_x", line("GET /config HTTP/x.y"), "web 505"),
    ("version_in_small_letters", line("GET /config http/1.1"), "web 400"),
    ("another_protocol", line("GET /config ICAP/1.1"), "web 400"),
    ("preface_of_http_2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "web 505"),
    ("method_in_small_letters", line("get /config HTTP/1.1"), "web 501"),
    ("unknown_method", line("BREW /config HTTP/1.1"), "web 501"),
    ("unknown_method_of_9_kb", line("A" * 9000 + " /config HTTP/1.1"), "web 501"),
    ("method_with_markup", line("<GET> /config HTTP/1.1"), "web 501"),
    ("method_with_nul", line("GET\0 /config HTTP/1.1"), "web 501"),
    ("webdav", line("PROPFIND /chat/rooms HTTP/1.1"), "405"),
    ("trace", line("TRACE /config HTTP/1.1"), "405"),
    ("connect", line("CONNECT localhost:80 HTTP/1.1"), "web 400"),
    ("asterisk_options", line("OPTIONS * HTTP/1.1"), "200"),
    ("asterisk_get", line("GET * HTTP/1.1"), "web 400"),
    ("absolute", line("GET http://localhost/config HTTP/1.1"), "200"),
    ("absolute_of_another", line("GET http://evil.example/config HTTP/1.1"), "web 400"),
    ("absolute_with_user", line("GET http://a:b@localhost/config HTTP/1.1"), "web 400"),
    ("absolute_ftp", line("GET ftp://localhost/config HTTP/1.1"), "web 400"),
    ("absolute_without_path", line("OPTIONS http://localhost HTTP/1.1"), "web 400"),
    ("absolute_without_host", line("GET http:///config HTTP/1.1"), "web 400"),
    ("relative", line("GET config HTTP/1.1"), "web 400"),
    ("query_alone", line("GET ?a HTTP/1.1"), "web 400"),
    ("target_of_4_kb", line("GET /" + "a" * 4095 + " HTTP/1.1"), "404"),
    ("target_of_4_kb_and_a_byte", line("GET /" + "a" * 4096 + " HTTP/1.1"), "414"),
    ("target_of_15_kb", line("GET /" + "a" * 15000 + " HTTP/1.1"), "414"),
    ("target_of_1_mb", line("GET /" + "a" * 1000000 + " HTTP/1.1"), "web 431"),
    ("fragment", line("GET /config#x HTTP/1.1"), "400"),
    ("bytes_of_tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
     "web 400"),
    ("zeros", bytes(1000), "web 400"),
    ("a_redis_command", b"*1\r\n$4\r\nINFO\r\n\r\n", "web 400"),
    ("a_fastcgi_record", b"\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\r\n\r\n", "web 400"),
)
def test_first_line(play, data, answers):
    check(play, data, answers)


# --- paths and queries ----------------------------------------------------------------------------


def room(text):
    """A room's path made strange: Ada may see the room, and gets nothing."""
    return head("GET", text, ADAS)


@rows(
    ("right", room("/chat/rooms/{ROOM}"), "200"),
    ("slash_behind", room("/chat/rooms/{ROOM}/"), "404"),
    ("slash_before", room("//chat/rooms/{ROOM}"), "404"),
    ("slashes_inside", room("/chat//rooms/{ROOM}"), "404"),
    ("slash_encoded", room("/chat/rooms%2f{ROOM}"), "400"),
    ("slash_encoded_behind", room("/chat/rooms/{ROOM}%2F"), "400"),
    ("slash_encoded_twice", room("/chat/rooms/{ROOM}%252Fchanges"), "404"),
    ("other_room_and_back", room("/chat/rooms/x/../{ROOM}"), "400"),
    ("other_room_and_back_encoded", room("/chat/rooms/x/%2e%2E/{ROOM}"), "400"),
    ("back_by_another_program", room("/auth/../chat/rooms/{ROOM}"), "400"),
    ("back_to_the_page", room("/chat/rooms/../../index.html"), "200"),
    ("back_beyond_the_root", room("/../../../../etc/passwd"), "400"),
    ("back_encoded_beyond_the_root", room("/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), "400"),
    ("back_with_slash_encoded", room("/..%2f..%2f..%2fetc%2fpasswd"), "400"),
    ("dot", room("/chat/./rooms/{ROOM}"), "400"),
    ("dot_encoded", room("/chat/%2e/rooms/{ROOM}"), "400"),
    ("three_dots", room("/chat/.../rooms/{ROOM}"), "404"),
    ("dot_behind", room("/chat/rooms/{ROOM}."), "404"),
    ("backslash", room("/chat\\rooms\\{ROOM}"), "404"),
    ("backslash_encoded", room("/chat/rooms/..%5c{ROOM}"), "404"),
    ("nul", room("/chat/rooms/{ROOM}%00"), "web 400"),
    ("nul_and_suffix", room("/chat/rooms/{ROOM}%00.json"), "web 400"),
    ("line_break", room("/chat/rooms/{ROOM}%0d%0aX:%20y"), "web 400"),
    ("line_feed", room("/chat/rooms/{ROOM}%0a"), "web 400"),
    ("space", room("/chat/rooms/{ROOM}%20"), "404"),
    ("plus", room("/chat/rooms/{ROOM}+"), "404"),
    ("semicolon", room("/chat/rooms/{ROOM};a=b"), "404"),
    ("semicolon_and_dots", room("/chat/rooms/..;/{ROOM}"), "404"),
    ("question_mark_encoded", room("/chat/rooms/{ROOM}%3Flimit=1"), "404"),
    ("hash_encoded", room("/chat/rooms/{ROOM}%23"), "404"),
    ("percent_alone", room("/chat/rooms/{ROOM}%"), "400"),
    ("percent_and_a_digit", room("/chat/rooms/{ROOM}%2"), "400"),
    ("percent_and_no_digits", room("/chat/rooms/{ROOM}%zz"), "400"),
    ("percent_u", room("/chat/rooms/{ROOM}%u002f"), "400"),
    ("percent_minus", room("/chat/rooms/{ROOM}%-1"), "400"),
    ("utf_8", room("/chat/rooms/%C3%BF"), "404"),
    ("utf_8_of_a_nul", room("/chat/rooms/{ROOM}%C0%80"), "web 400"),
    ("utf_8_overlong_slash", room("/chat/rooms%c0%af{ROOM}"), "web 400"),
    ("utf_8_overlong_dots", room("/chat/%c0%ae%c0%ae/x"), "web 400"),
    ("utf_8_overlong_of_three", room("/chat/rooms%e0%80%af{ROOM}"), "400"),
    ("utf_8_surrogate", room("/chat/rooms/%ed%a0%80"), "400"),
    ("utf_8_beyond", room("/chat/rooms/%f4%90%80%80"), "400"),
    ("utf_8_of_five", room("/chat/rooms/%f8%88%80%80%80"), "web 400"),
    ("utf_8_cut_off", room("/chat/rooms/%e2%82"), "400"),
    ("utf_8_in_the_middle", room("/chat/rooms/%80"), "400"),
    ("byte_ff", room("/chat/rooms/%ff"), "web 400"),
    ("raw_utf_8", room("/chat/rooms/\xc3\xbf"), "400"),
    ("raw_overlong", room("/chat/rooms\xc0\xaf{ROOM}"), "web 400"),
    ("raw_ff", room("/chat/rooms/\xff"), "web 400"),
    ("raw_control_byte", room("/chat/rooms/\x01"), "web 400"),
    ("raw_delete", room("/chat/rooms/\x7f"), "web 400"),
    ("raw_nul", room("/chat/rooms/\0"), "web 400"),
    ("in_capitals", room("/CHAT/ROOMS/{ROOM}"), "404"),
    ("room_encoded_twice", room("/chat/rooms/%25%36%31"), "404"),
    ("program_encoded", room("/%63hat/rooms/{ROOM}"), "200"),
    ("a_thousand_segments", room("/chat" + "/a" * 1000), "404"),
    ("two_thousand_empty_segments", room("/chat" + "/" * 2000), "404"),
    ("a_thousand_times_back", room("/chat" + "/.." * 1000), "400"),
    ("the_program_itself", room("/chat.fcgi"), "404"),
    ("the_database", room("/cloud-chat.db"), "404"),
    ("the_keys", room("/keys/"), "404"),
    ("a_file_and_more", room("/index.html/x"), "404"),
    ("a_file_and_nul", room("/index.html%00.js"), "web 400"),
    ("a_folder", room("/vendor/"), "404"),
    ("a_hidden_file", room("/.git/config"), "404"),
    ("a_drive", room("/c:/windows/win.ini"), "404"),
)
def test_path(play, data, answers):
    replies = check(play, data, answers)
    assert b"root:" not in replies[0].body


def messages(query):
    return head("GET", "/chat/messages" + query, ADAS)


@rows(
    ("right", messages("?room_id={ROOM}&limit=1"), "200"),
    ("none", messages(""), "422"),
    ("question_mark_alone", messages("?"), "422"),
    ("two_question_marks", messages("??room_id={ROOM}"), "422"),
    ("a_name_twice", messages("?room_id={ROOM}&room_id={ROOM}"), "400"),
    ("a_name_twice_encoded", messages("?room_id={ROOM}&%72oom_id=x"), "400"),
    ("a_name_in_brackets", messages("?room_id[]={ROOM}"), "422"),
    ("a_name_alone", messages("?room_id"), "400"),
    ("an_empty_name", messages("?room_id={ROOM}&=x"), "422"),
    ("ampersands", messages("?room_id={ROOM}&&&"), "400"),
    ("semicolons", messages("?room_id={ROOM};limit=1"), "404"),
    ("a_thousand_names", messages("?" + "&".join(f"a{i}=" for i in range(600))), "422"),
    ("a_thousand_times_the_same", messages("?" + "&".join(["limit=1"] * 500)), "400"),
    ("a_number_too_large", messages("?room_id={ROOM}&limit=99999999999999999999"), "422"),
    ("a_number_below", messages("?room_id={ROOM}&limit=-1"), "422"),
    ("a_number_with_plus", messages("?room_id={ROOM}&limit=%2B1"), "422"),
    ("a_number_with_blank", messages("?room_id={ROOM}&limit=+1"), "422"),
    ("a_number_with_nul", messages("?room_id={ROOM}&limit=1%00"), "web 400"),
    ("a_number_in_hexadecimal", messages("?room_id={ROOM}&limit=0x1"), "422"),
    ("a_number_with_exponent", messages("?room_id={ROOM}&limit=1e1"), "422"),
    ("a_bad_escape", messages("?room_id={ROOM}&limit=%zz"), "400"),
    ("half_an_escape", messages("?room_id={ROOM}&limit=1%"), "400"),
    ("not_utf_8", messages("?room_id=%ff"), "web 400"),
    ("a_slash", messages("?room_id={ROOM}/../x"), "404"),
    ("an_address", messages("?room_id=http://evil.example/"), "404"),
    ("a_line_break", messages("?room_id={ROOM}%0d%0aX-Evil:%201"), "web 400"),
    ("raw_utf_8", messages("?room_id=\xc3\xbf"), "400"),
    ("raw_bytes", messages("?room_id=\xff\xfe"), "web 400"),
    ("markup", messages("?room_id=%3Cscript%3E"), "404"),
    ("key_of_another_row", messages("?room_id={ROOM}%23MSG%23"), "404"),
)
def test_query(play, data, answers):
    check(play, data, answers)


# --- large ----------------------------------------------------------------------------------------


def config_of(total):
    """A request whose head has so many bytes."""
    return config("X-Padding: " + "x" * (total - len(config("X-Padding: "))))


def many(count):
    return config(*(f"X-{i}: {i}" for i in range(count)))


@rows(
    ("at_the_limit", config_of(16384), "200"),
    ("a_byte_over_the_limit", config_of(16385), "web 431"),
    ("of_1_mb", config_of(1 << 20), "web 431"),
    ("a_name_of_10_kb", config("X" * 10000 + ": 1"), "200"),
    ("100_headers", many(100), "200"),
    ("200_headers", many(200), "431"),
    ("10000_headers", many(10000), "web 431"),
    ("a_header_1000_times", config(*["X-Same: 1"] * 1000), "200"),
    ("a_cookie_of_12_kb", refresh("Cookie: cc_refresh=" + "a" * 12000), "401"),
    ("3000_cookies", refresh("Cookie: " + "; ".join(["a=b"] * 3000)), "401"),
    ("an_etag_of_12_kb", config('If-None-Match: "' + "a" * 12000 + '"'), "200"),
    ("3000_etags", config("If-None-Match: " + ", ".join(['"a"'] * 2000)), "200"),
    ("3000_types", config("Accept: " + ", ".join(["a/b"] * 2000)), "406"),
    ("no_end_of_head", config()[:-4] + b"x" * 100000, "web 431"),
)
def test_a_large_head(play, data, answers):
    check(play, data, answers)


# --- several on one connection --------------------------------------------------------------------


def of(whose, target="/profile", **more):
    return head("GET", target, f"Authorization: Bearer {{{whose}}}", **more)


OPEN = {"close": False}
FORGOT = post("Content-Length: 2", **OPEN)


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


# --- slow, and gone -------------------------------------------------------------------------------


class Slow(threading.Thread):
    """Sends pieces with a pause between them, and then waits for the end."""

    def __init__(self, stage, pieces, pause_s):
        super().__init__()
        self.port = stage.server.port
        self.pieces, self.pause_s = [stage.fill(piece) for piece in pieces], pause_s
        self.said = self.took_s = None

    def run(self):
        with connect(self.port) as s:
            for piece in self.pieces:
                send(s, piece)
                last = time.monotonic()
                time.sleep(self.pause_s)
            got = read_all(s)
        self.took_s = time.monotonic() - last
        self.said = ", ".join(map(describe, take_replies(got)))


def bytewise(data, count=5):
    """One by one for a while, then the rest."""
    return [data[i:i + 1] for i in range(count)] + [data[count:]]


# Name, pieces, answers. What is stalled is closed without a word.
SLOW = (
    ("a_first_line_a_byte_a_second", bytewise(config()), "200"),
    ("a_header_a_byte_a_second", [config()[:40], *bytewise(config()[40:])], "200"),
    ("the_last_byte_late", [config()[:-1], config()[-1:]], "200"),
    ("a_body_a_byte_a_second", [post("Content-Length: 7", body=b""), *bytewise(b"{     }")],
     "422"),
    ("chunks_a_byte_a_second", [chunked(b""), *bytewise(b"2\r\n{}\r\n0\r\n\r\n")], "422"),
    ("nothing_at_all", [b""], ""),
    ("half_a_method", [b"GE"], ""),
    ("half_a_line", [b"GET /conf"], ""),
    ("a_line", [b"GET /config HTTP/1.1\r\n"], ""),
    ("half_a_header", [config()[:-8]], ""),
    ("a_head_but_for_its_last_byte", [config()[:-1]], ""),
    ("a_head_that_ends_in_carriage_returns", [config().replace(b"\r\n", b"\r\r\n")], ""),
    ("a_head_and_no_body", [post("Content-Length: 2", body=b"")], ""),
    ("half_a_body", [post("Content-Length: 2", body=b"{")], ""),
    ("a_head_and_no_chunk", [chunked(b"")], ""),
    ("half_a_chunk_size", [chunked(b"2")], ""),
    ("half_a_chunk", [chunked(b"2\r\n{")], ""),
    ("chunks_of_carriage_returns", [chunked(b"2\r{}\r0\r\r")], ""),
    ("no_last_chunk", [chunked(b"2\r\n{}\r\n")], ""),
    ("half_a_trailer", [chunked(b"2\r\n{}\r\n0\r\nX: ")], ""),
)


def test_slow_and_stalled_requests_end_and_disturb_nobody(stage):
    before = open_sockets(stage)
    slow = {name: Slow(stage, pieces, 1.0) for name, pieces, _ in SLOW}
    for one in slow.values():
        one.start()
    deaf = [never_reads(stage) for _ in range(5)]
    while any(one.is_alive() for one in slow.values()):
        stage.check()
        time.sleep(0.05)
    assert {name: one.said for name, one in slow.items()} == {
        name: answers for name, _, answers in SLOW}
    late = {name: one.took_s for name, one in slow.items()
            if one.took_s > WEB_IDLE_S + 4}
    assert not late
    wait_for("nothing is left open", lambda: open_sockets(stage) <= before)
    for s in deaf:
        s.close()
    stage.check()


def never_reads(stage):
    """Asks for more than fits into all buffers, and looks away."""
    s = connect(stage.server.port)
    s.setblocking(False)
    try:
        s.sendall(head("GET", "/openapi.json", close=False) * 500)
    except BlockingIOError:
        pass
    return s


def open_sockets(stage):
    """Of all processes. Other files they open as they first need them: a thread its database."""
    pids = [*stage.server.children_named("lighttpd"), *sum(map(stage.server.workers,
                                                              PROGRAM_NAMES), [])]
    return sum(is_socket(entry) for pid in pids for entry in os.scandir(f"/proc/{pid}/fd"))


def is_socket(entry):
    try:
        return os.readlink(entry.path).startswith("socket:")
    except FileNotFoundError:
        return False  # closed meanwhile


def reset(s):
    """Closes so that the other side learns it at once, in the middle of whatever it does."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["closed", "reset"])
def test_a_request_cut_off_at_any_byte_does_nothing(stage, leave):
    before = len(stage.ada.read(stage.room)["items"])
    open_before = open_sockets(stage)
    body = json.dumps({"room_id": stage.room["id"], "type": "text", "data": {"text": "cut"},
                       "client_id": new_client_id()}).encode()
    whole = stage.fill(head("POST", "/chat/messages", "Content-Type: application/json",
                            f"Content-Length: {len(body)}", ADAS) + body)
    token = whole.index(stage.ada.token.encode())
    for cut in range(len(whole)):
        if cut < token + 10 or cut > token + len(stage.ada.token) - 10:
            s = connect(stage.server.port)
            s.sendall(whole[:cut])
            leave(s)
    stage.check()
    wait_for("nothing is left open", lambda: open_sockets(stage) <= open_before)
    assert len(stage.ada.read(stage.room)["items"]) == before
    assert take_replies(exchange(stage.server.port, whole))[0].status == 201
    assert len(stage.ada.read(stage.room)["items"]) == before + 1


def test_who_leaves_before_the_answer_disturbs_nobody(stage):
    before = open_sockets(stage)
    for data in (of("ADA"), head("GET", "/openapi.json"), FORGOT, of("ADA", close=False) * 20):
        for leave in (socket.socket.close, reset) * 20:
            s = connect(stage.server.port)
            s.sendall(stage.fill(data))
            leave(s)
    stage.check()
    wait_for("nothing is left open", lambda: open_sockets(stage) <= before)


# --- whose address it is --------------------------------------------------------------------------

RECOVERIES = 3


def recoveries(server, *fields):
    """Asks more often than one address may; gives the answers. {i} in a header is the number of
    the request."""
    said = []
    for i in range(RECOVERIES + 2):
        body = b'{"phone_number":"%s"}' % new_number().encode()
        data = post(*(text.replace("{i}", str(i)) for text in fields),
                    f"Content-Length: {len(body)}", body=body)
        said += map(describe, take_replies(exchange(server.port, data)))
    return said


FREE = ["200"] * (RECOVERIES + 2)
HELD = ["200"] * RECOVERIES + ["429"] * 2
BAD = ["400"] * (RECOVERIES + 2)


@pytest.mark.parametrize("fields, off, on", [
    (["X-Forwarded-For: 192.0.2.{i}"], HELD, FREE),
    (["X-Forwarded-For: 192.0.2.{i}, 192.0.2.99"], HELD, HELD),
    (["X-Forwarded-For: 198.51.100.{i}", "X-Forwarded-For: 192.0.2.98"], HELD, HELD),
    (["X-Forwarded-For: 192.0.2.97", "X-Forwarded-For: 198.51.{i}.1"], HELD, FREE),
    (["X-Forwarded-For: 192.0.2.{i}, unknown"], HELD, HELD),
    (["X-Forwarded-For: 192.0.2.96", "X_Forwarded_For: 198.18.0.{i}"], BAD, BAD),
    (["X-Real-IP: 192.0.2.{i}", "Forwarded: for=192.0.2.{i}", "Client-IP: 192.0.2.{i}",
      "Remote-Addr: 192.0.2.{i}", "X-Forwarded-For:", "Via: 192.0.2.{i}"], HELD, HELD),
], ids=["alone", "before_the_proxys", "first_of_two_headers", "second_of_two_headers",
        "no_address", "with_underscores", "by_other_names"])
def test_an_address_that_a_client_names_counts_only_behind_a_trusted_proxy(make_server, fields, off,
                                                                           on):
    for trusted, expected in (("no", off), ("yes", on)):
        server = make_server(http__trusted_proxy=trusted,
                             identity__recover_address_hour=RECOVERIES)
        assert recoveries(server, *fields) == expected
