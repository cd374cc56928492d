"""Headers: who is asking, twice the same, named like a variable, broken, large, and whose address
it is. How the tables are read: hostile.py."""

import pytest
from client import new_number
from hostile import ADAS, check, config, post, refresh, rows
from raw import describe, exchange, head, take_replies


# --- who is asking --------------------------------------------------------------------------------


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


# --- twice, and in other words --------------------------------------------------------------------


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
