#include "../../check.h"

#include "base/arena.h"
#include "notify/notify.h"

#include <fcntl.h>
#include <stdio.h>

/* A sender that does as it is told, and keeps what it is given. */
struct told {
    struct cc_sender base;
    enum cc_code verdict;
    int sent, stopped, closed;
};

static enum cc_code told_send(struct cc_sender *sender, const struct cc_notice *notice,
                              struct cc_err *err)
{
    struct told *told = (struct told *)sender;

    (void)notice;
    told->sent++;
    return told->verdict == CC_OK ? CC_OK
                                  : cc_fail(err, told->verdict, "Look at it.", "as it was told");
}

static void told_examine(struct cc_sender *sender, struct cc_findings *to)
{
    (void)sender;
    cc_find_well(to, "told", "well");
}

static void told_stop(struct cc_sender *sender)
{
    ((struct told *)sender)->stopped++;
}

static void told_close(struct cc_sender *sender)
{
    ((struct told *)sender)->closed++;
}

static const struct cc_sender_ops told_ops = { "told", told_send, told_examine, told_stop,
                                               told_close };

struct scene {
    struct told sms, email;
    struct cc_sender *sender;
    struct cc_log log;
    char path[64];
    char text[4096]; /* what was logged */
    struct cc_err err;
};

static void open_scene(struct scene *s, struct cc_strs prefixes)
{
    const struct cc_channels channels = { &s->sms.base, &s->email.base, prefixes, &cc_system_clock,
                                          &s->log };

    *s = (struct scene){ .sms = { .base = { &told_ops } }, .email = { .base = { &told_ops } } };
    snprintf(s->path, sizeof(s->path), "/tmp/cc-channels-XXXXXX");
    s->log =
        (struct cc_log){ .fd = mkstemp(s->path), .program = "test", .clock = &cc_system_clock };
    cc_sender_open_channels(&channels, &s->sender);
}

static void close_scene(struct scene *s)
{
    cc_sender_close(s->sender);
    ck_assert_int_eq(s->sms.closed, 1);
    ck_assert_int_eq(s->email.closed, 1);
    close(s->log.fd);
    unlink(s->path);
}

static enum cc_code send_to(struct scene *s, const char *channel, const char *to)
{
    const struct cc_notice notice = { .to = cc_str_from(to),
                                      .channel = cc_str_from(channel),
                                      .code = CC_STR("135790"),
                                      .text = CC_STR("135790 is your code."),
                                      .attempt = 3 };
    enum cc_code rc;
    ssize_t len;

    cc_err_clear(&s->err);
    rc = cc_sender_send(s->sender, &notice, &s->err);
    len = pread(s->log.fd, s->text, sizeof(s->text) - 1, 0);
    s->text[len > 0 ? len : 0] = '\0';
    return rc;
}

static const struct cc_strs everywhere = { NULL, 0 };

START_TEST(each_channel_has_its_sender)
{
    struct scene s;

    open_scene(&s, everywhere);
    ck_assert_int_eq(send_to(&s, "sms", "+4915112345678"), CC_OK);
    ck_assert_int_eq(send_to(&s, "email", "ada@example.org"), CC_OK);
    ck_assert_int_eq(send_to(&s, "email", "bob@example.org"), CC_OK);
    ck_assert_int_eq(s.sms.sent, 1);
    ck_assert_int_eq(s.email.sent, 2);
    ck_assert_int_eq(send_to(&s, "voice", "+4915112345678"), CC_INVALID);
    cc_sender_stop(s.sender);
    ck_assert_int_eq(s.sms.stopped, 1);
    ck_assert_int_eq(s.email.stopped, 1);
    close_scene(&s);
}
END_TEST

START_TEST(what_came_of_a_try_is_logged_without_the_code_or_the_number)
{
    static const struct {
        enum cc_code verdict;
        const char *outcome, *level;
    } rows[] = {
        { CC_OK, "\"outcome\":\"sent\"", "\"level\":\"info\"" },
        { CC_UNAVAILABLE, "\"outcome\":\"again\"", "\"level\":\"warn\"" },
        { CC_OUTCOME_UNKNOWN, "\"outcome\":\"unknown\"", "\"level\":\"warn\"" },
        { CC_FORBIDDEN, "\"outcome\":\"misconfigured\"", "\"level\":\"warn\"" },
        { CC_INVALID, "\"outcome\":\"never\"", "\"level\":\"warn\"" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct scene s;

        open_scene(&s, everywhere);
        s.sms.verdict = rows[i].verdict;
        ck_assert_int_eq(send_to(&s, "sms", "+4915112345678"), rows[i].verdict);
        ck_assert_msg(strstr(s.text, rows[i].outcome) != NULL, "%s", s.text);
        ck_assert_msg(strstr(s.text, rows[i].level) != NULL, "%s", s.text);
        ck_assert_ptr_nonnull(strstr(s.text, "\"sender\":\"told\""));
        ck_assert_ptr_nonnull(strstr(s.text, "\"channel\":\"sms\""));
        ck_assert_ptr_nonnull(strstr(s.text, "\"attempt\":3"));
        ck_assert_ptr_nonnull(strstr(s.text, "\"ms\":"));
        ck_assert_int_eq(strstr(s.text, "\"remedy\":\"Look at it.\"") != NULL,
                         rows[i].verdict == CC_FORBIDDEN);
        ck_assert_ptr_nonnull(strstr(s.text, "+49*********78"));
        ck_assert_ptr_null(strstr(s.text, "15112345"));
        ck_assert_ptr_null(strstr(s.text, "135790"));
        close_scene(&s);
    }
}
END_TEST

START_TEST(little_is_left_of_a_number_or_address)
{
    static const struct {
        const char *to, *masked;
    } rows[] = {
        { "+4915112345678", "+49*********78" },    { "+12345", "+12*45" },  { "+1234", "***" },
        { "ada@example.org", "a***@example.org" }, { "a@b.c", "a***@b.c" }, { "", "***" },
    };
    struct cc_arena *arena = cc_arena_new((size_t)1 << 20);

    for (size_t i = 0; i < CC_COUNT(rows); i++)
        cc_check_str(cc_notice_masked(arena, cc_check_guarded(cc_str_from(rows[i].to))),
                     cc_str_from(rows[i].masked));
    cc_arena_free(arena);
}
END_TEST

/* Whatever was asked for earlier, or by whom: this is the last door before money is spent. */
START_TEST(no_sms_goes_to_a_country_that_is_not_listed)
{
    const struct cc_str prefixes[] = { CC_STR("+49"), CC_STR("+4366") };
    struct scene s;

    open_scene(&s, (struct cc_strs){ prefixes, CC_COUNT(prefixes) });
    ck_assert_int_eq(send_to(&s, "sms", "+4915112345678"), CC_OK);
    ck_assert_int_eq(send_to(&s, "sms", "+436601234567"), CC_OK);
    ck_assert_int_eq(send_to(&s, "sms", "+437001234567"), CC_INVALID);
    ck_assert_int_eq(send_to(&s, "sms", "+88213123456"), CC_INVALID);
    ck_assert_int_eq(s.sms.sent, 2);
    ck_assert_int_eq(send_to(&s, "email", "ada@example.org"), CC_OK);
    close_scene(&s);
}
END_TEST

CC_CHECK_MAIN("notify/channels", each_channel_has_its_sender,
              what_came_of_a_try_is_logged_without_the_code_or_the_number,
              little_is_left_of_a_number_or_address, no_sms_goes_to_a_country_that_is_not_listed)
