#include "admin/lighttpd.h"
#include "tests/check.h"

static struct cc_site site(void)
{
    return (struct cc_site){
        .www = CC_STR("/usr/share/cloud-chat/www"),
        .conf = CC_STR("/usr/share/cloud-chat/conf"),
        .run = CC_STR("/srv/chat/run"),
        .config = {
            .bind = CC_STR("127.0.0.1"),
            .port = 8080,
            .sockets = CC_STR("/srv/chat/run"),
            .photo_bytes_max = 5 << 20,
            .web_workers = 1,
            .web_connections = 1024,
            .stop_timeout_s = 10,
        },
    };
}

static const char *made(struct cc_arena *arena, const struct cc_site *from, bool inherited)
{
    struct cc_err err = { 0 };
    struct cc_str text;

    ck_assert_int_eq(cc_lighttpd_config(arena, from, inherited, &text, &err), CC_OK);
    return cc_str_copy(arena, text).at;
}

START_TEST(each_program_has_its_socket)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_site from = site();
    const char *text = made(arena, &from, true);

    for (const struct cc_program *p = cc_programs; p->name != NULL; p++)
        ck_assert_ptr_nonnull(
            strstr(text, cc_str_format(arena, "\"/srv/chat/run/%s.sock\"", p->name).at));
    cc_arena_free(arena);
}
END_TEST

/* "/auth" must not take "/authors.html", nor "/.well-known" a "/xwell-known". */
START_TEST(a_prefix_ends_where_its_segment_ends)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_site from = site();

    ck_assert_ptr_nonnull(strstr(made(arena, &from, true), "\"^/(?:auth|\\.well-known)(?:/|$)\""));
    cc_arena_free(arena);
}
END_TEST

START_TEST(the_listening_socket_is_inherited_or_bound)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_site from = site();

    ck_assert_ptr_nonnull(strstr(made(arena, &from, true), "server.bind = \"/dev/stdin\""));
    ck_assert_ptr_nonnull(
        strstr(made(arena, &from, false), "server.bind = \"127.0.0.1\"\nserver.port = 8080\n"));
    cc_arena_free(arena);
}
END_TEST

/* A photo that is a little too large is refused by us, with a problem document. */
START_TEST(a_photo_passes_the_web_server)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_site from = site();

    ck_assert_ptr_nonnull(strstr(made(arena, &from, true), "server.max-request-size = 6144\n"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(nothing_in_a_path_becomes_configuration)
{
    static const char *const wrong[] = { "/srv/a\"b", "/srv/a\\b", "/srv/a\nserver.port = 80" };
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_str text = CC_STR_ABSENT;

    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        struct cc_site from = site();
        struct cc_err err = { 0 };

        from.config.sockets = cc_str_from(wrong[i]);
        ck_assert_int_eq(cc_lighttpd_config(arena, &from, true, &text, &err), CC_INVALID);
    }
    ck_assert_ptr_null(text.at);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("admin/lighttpd", each_program_has_its_socket, a_prefix_ends_where_its_segment_ends,
              the_listening_socket_is_inherited_or_bound, a_photo_passes_the_web_server,
              nothing_in_a_path_becomes_configuration)
