"""The first line: methods, versions, paths, queries. How the tables are read: hostile.py."""

from hostile import ADAS, check, config, rows
from raw import head


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
