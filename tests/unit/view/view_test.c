#include "view/view.h"
#include "tests/check.h"

#define TIME_MS ((int64_t)1795000000123)
#define TIME_TEXT "\"2026-11-18T11:06:40.123Z\""

struct paper {
    struct cc_arena *arena;
    struct cc_buf buf;
    struct cc_jw w;
};

static void paper_open(struct paper *p)
{
    p->arena = cc_arena_new(1 << 20);
    cc_buf_init(&p->buf, p->arena, 1 << 16);
    cc_jw_init(&p->w, &p->buf);
}

static void paper_close(struct paper *p, const char *expected)
{
    cc_check_str(cc_buf_str(&p->buf), cc_str_from(expected));
    cc_arena_free(p->arena);
}

static const struct cc_message message = {
    .id = { "room.7", 6 },
    .room = { "room", 4 },
    .author = { "ann", 3 },
    .client_id = { "c-1", 3 },
    .text = { "\"hi\"\n", 5 },
    .seq = 7,
    .rev = 12,
    .created_ms = TIME_MS,
};

#define MESSAGE                                                                                    \
    "{\"id\":\"room.7\",\"room_id\":\"room\",\"seq\":7,\"rev\":12,\"author_id\":\"ann\","          \
    "\"type\":\"text\",\"data\":{\"text\":\"\\\"hi\\\"\\n\"},\"client_id\":\"c-1\","               \
    "\"created_at\":" TIME_TEXT "}"

static const struct cc_profile bob = {
    .user = { "bob", 3 },
    .name = { "Bob", 3 },
    .phone_number = { "+4915100000002", 14 },
    .photo = { "p1", 2 },
    .photo_type = { "image/png", 9 },
    .created_ms = TIME_MS,
};

#define BOB "{\"id\":\"bob\",\"name\":\"Bob\",\"photo\":\"/users/bob/photo/p1\"}"

START_TEST(a_message)
{
    struct paper p;

    paper_open(&p);
    cc_view_message(&p.w, &message);
    paper_close(&p, MESSAGE);
}
END_TEST

START_TEST(a_page_of_messages)
{
    const struct cc_message_page page = { &message, 1, true, false, 7 };
    struct paper p;

    paper_open(&p);
    cc_view_message_page(&p.w, &page);
    paper_close(&p, "{\"items\":[" MESSAGE "],\"has_before\":true,\"has_after\":false,\"seq\":7}");
}
END_TEST

/* What he tells nobody is not in what others see. */
START_TEST(a_user_as_others_see_him)
{
    const struct cc_profile plain = { .user = CC_STR("eve"), .name = CC_STR("Eve") };
    struct paper p;

    paper_open(&p);
    cc_jw_array(&p.w);
    cc_view_user(&p.w, &bob);
    cc_view_user(&p.w, &plain);
    cc_jw_array_end(&p.w);
    paper_close(&p, "[" BOB ",{\"id\":\"eve\",\"name\":\"Eve\",\"photo\":null}]");
}
END_TEST

START_TEST(oneself)
{
    struct paper p;

    paper_open(&p);
    cc_jw_array(&p.w);
    cc_view_own_profile(&p.w, &bob);
    cc_view_preferences(&p.w, &bob);
    cc_jw_array_end(&p.w);
    paper_close(&p, "[{\"id\":\"bob\",\"name\":\"Bob\",\"phone_number\":\"+4915100000002\","
                    "\"email\":null,\"photo\":\"/users/bob/photo/p1\",\"created_at\":" TIME_TEXT
                    "},{\"discoverable\":true}]");
}
END_TEST

static struct cc_room room_of(const struct cc_message *last)
{
    return (struct cc_room){ .id = CC_STR("room"),
                             .created_ms = TIME_MS,
                             .active_ms = TIME_MS,
                             .other = bob,
                             .last = *last,
                             .unread = 3,
                             .seq = 7,
                             .rev = 12,
                             .sync = CC_STR("e.12.7"),
                             .cursor = { CC_STR("ann"), 5, 4 },
                             .other_cursor = { CC_STR("bob"), 7, 6 } };
}

#define ROOM(last)                                                                                 \
    "{\"id\":\"room\",\"kind\":\"direct\",\"created_at\":" TIME_TEXT ",\"active_at\":" TIME_TEXT   \
    ",\"other\":" BOB ",\"last_message\":" last                                                    \
    ",\"unread\":3,\"mentioned\":false,\"seq\":7,\"rev\":12,\"sync\":\"e.12.7\","                  \
    "\"cursor\":{\"delivered_seq\":5,\"read_seq\":4},"                                             \
    "\"other_cursor\":{\"delivered_seq\":7,\"read_seq\":6}}"
#define LAST                                                                                       \
    "{\"id\":\"room.7\",\"seq\":7,\"author_id\":\"ann\",\"type\":\"text\","                        \
    "\"text\":\"\\\"hi\\\"\\n\",\"created_at\":" TIME_TEXT "}"

START_TEST(rooms_with_and_without_a_message)
{
    const struct cc_message none = { .seq = 0 };
    const struct cc_room rooms[] = { room_of(&message), room_of(&none) };
    const struct cc_room_page page = { rooms, 2, CC_STR("more") };
    struct paper p;

    paper_open(&p);
    cc_view_room_page(&p.w, &page);
    paper_close(&p, "{\"items\":[" ROOM(LAST) "," ROOM("null") "],\"next\":\"more\"}");
}
END_TEST

START_TEST(changes)
{
    const struct cc_member member = { CC_STR("ann"), CC_ROLE_MEMBER, CC_MEMBER_IN, TIME_MS, 2 };
    const struct cc_cursor cursor = { CC_STR("ann"), 7, 6 };
    const struct cc_changes full = { .sync = CC_STR("e.12.7"),
                                     .rev = 12,
                                     .messages = &message,
                                     .message_count = 1,
                                     .members = &member,
                                     .member_count = 1,
                                     .has_room = true,
                                     .room = room_of(&message),
                                     .cursors = { &cursor, 1 },
                                     .more = true };
    const struct cc_changes reset = { .sync = CC_STR("e.12.7"), .rev = 12, .reset = true };
    struct paper p;

    paper_open(&p);
    cc_jw_array(&p.w);
    cc_view_changes(&p.w, &full);
    cc_view_changes(&p.w, &reset);
    cc_jw_array_end(&p.w);
    paper_close(
        &p,
        "[{\"sync\":\"e.12.7\",\"rev\":12,\"messages\":[" MESSAGE "],\"members\":[{"
        "\"user_id\":\"ann\",\"role\":\"member\",\"state\":\"in\",\"joined_at\":" TIME_TEXT
        ",\"rev\":2}],\"room\":" ROOM(
            LAST) ",\"cursors\":[{\"user_id\":\"ann\","
                  "\"delivered_seq\":7,\"read_seq\":6}],\"more\":true},"
                  "{\"sync\":\"e.12.7\",\"rev\":12,\"messages\":[],\"members\":[],\"cursors\":[],"
                  "\"more\":false,\"reset\":true}]");
}
END_TEST

START_TEST(cursors_and_contacts_are_lists)
{
    const struct cc_cursor cursor = { CC_STR("ann"), 7, 6 };
    const struct cc_contact contact = { CC_STR("+4915100000002"), bob };
    struct paper p;

    paper_open(&p);
    cc_jw_array(&p.w);
    cc_view_cursors(&p.w, &(struct cc_cursors){ &cursor, 1 });
    cc_view_contacts(&p.w, &(struct cc_contacts){ &contact, 1 });
    cc_jw_array_end(&p.w);
    paper_close(&p, "[{\"items\":[{\"user_id\":\"ann\",\"delivered_seq\":7,\"read_seq\":6}],"
                    "\"next\":null},{\"items\":[{\"phone_number\":\"+4915100000002\","
                    "\"user\":" BOB "}]}]");
}
END_TEST

CC_CHECK_MAIN("view/view", a_message, a_page_of_messages, a_user_as_others_see_him, oneself,
              rooms_with_and_without_a_message, changes, cursors_and_contacts_are_lists)
