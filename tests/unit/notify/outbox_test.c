#include "../../check.h"

#include "base/arena.h"
#include "base/file.h"
#include "notify/notify.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

struct box {
    struct cc_arena *arena;
    char folder[64];
    struct cc_str path;
    struct cc_sender *sender;
    int terminal;
};

static int64_t fixed_ms(const struct cc_clock *clock)
{
    (void)clock;
    return 1795000000123LL;
}

static const struct cc_clock fixed_clock = { fixed_ms, fixed_ms };

/* What would go to the terminal goes into a file. */
static void box_open(struct box *b)
{
    struct cc_err err = { 0 };

    b->arena = cc_arena_new((size_t)16 << 20);
    snprintf(b->folder, sizeof(b->folder), "/tmp/cc-outbox-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(b->folder));
    b->path = cc_str_format(b->arena, "%s/outbox.jsonl", b->folder);
    b->terminal = open(cc_str_format(b->arena, "%s/terminal", b->folder).at,
                       O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(dup2(b->terminal, STDERR_FILENO), 0);
    ck_assert_int_eq(cc_sender_open_outbox(b->path, &fixed_clock, &b->sender, &err), CC_OK);
}

static struct cc_str content(struct box *b, const char *name)
{
    struct cc_str bytes;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_file_read(b->arena, cc_str_format(b->arena, "%s/%s", b->folder, name).at,
                                  (size_t)4 << 20, &bytes, &err),
                     CC_OK);
    return bytes;
}

static void box_close(struct box *b)
{
    cc_sender_close(b->sender);
    unlink(b->path.at);
    unlink(cc_str_format(b->arena, "%s/terminal", b->folder).at);
    rmdir(b->folder);
    close(b->terminal);
    cc_arena_free(b->arena);
}

static const struct cc_notice notice = {
    .to = { "+4915112345678", 14 },
    .channel = { "sms", 3 },
    .code = { "042137", 6 },
    .text = { "\"042137\" is your code.\n", 23 },
};

START_TEST(a_notice_becomes_one_line_of_json)
{
    struct box b;
    struct cc_err err = { 0 };

    box_open(&b);
    ck_assert_int_eq(cc_sender_send(b.sender, &notice, &err), CC_OK);
    cc_check_str(content(&b, "outbox.jsonl"),
                 CC_STR("{\"to\":\"+4915112345678\",\"channel\":\"sms\",\"code\":\"042137\","
                        "\"text\":\"\\\"042137\\\" is your code.\\n\","
                        "\"at\":\"2026-11-18T11:06:40.123Z\"}\n"));
    box_close(&b);
}
END_TEST

START_TEST(a_notice_without_a_code_says_so)
{
    struct box b;
    struct cc_err err = { 0 };
    struct cc_notice without = notice;

    box_open(&b);
    without.code = CC_STR_ABSENT;
    ck_assert_int_eq(cc_sender_send(b.sender, &without, &err), CC_OK);
    ck_assert_ptr_nonnull(strstr(content(&b, "outbox.jsonl").at, "\"code\":null"));
    box_close(&b);
}
END_TEST

START_TEST(the_terminal_shows_whom_and_what)
{
    struct box b;
    struct cc_err err = { 0 };
    struct cc_str shown;

    box_open(&b);
    ck_assert_int_eq(cc_sender_send(b.sender, &notice, &err), CC_OK);
    shown = content(&b, "terminal");
    ck_assert_ptr_nonnull(strstr(shown.at, "+4915112345678"));
    ck_assert_ptr_nonnull(strstr(shown.at, "042137"));
    box_close(&b);
}
END_TEST

START_TEST(the_file_is_for_its_owner_alone)
{
    struct box b;
    struct cc_err err = { 0 };
    struct stat about;

    box_open(&b);
    umask(0);
    ck_assert_int_eq(cc_sender_send(b.sender, &notice, &err), CC_OK);
    ck_assert_int_eq(stat(b.path.at, &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
    box_close(&b);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_a_failure_to_be_tried_again)
{
    struct box b;
    struct cc_err err = { 0 };
    struct cc_sender *sender;

    box_open(&b);
    ck_assert_int_eq(
        cc_sender_open_outbox(CC_STR("/nonexistent/outbox"), &fixed_clock, &sender, &err), CC_OK);
    ck_assert_int_eq(cc_sender_send(sender, &notice, &err), CC_UNAVAILABLE);
    cc_sender_close(sender);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_sender_open_outbox(CC_STR(""), &fixed_clock, &sender, &err), CC_INVALID);
    box_close(&b);
}
END_TEST

static void *send_many(void *arg)
{
    struct cc_err err = { 0 };

    for (int i = 0; i < 50; i++)
        if (cc_sender_send(arg, &notice, &err) != CC_OK)
            return "failed";
    return NULL;
}

START_TEST(lines_of_many_threads_do_not_mix)
{
    struct box b;
    pthread_t threads[8];
    struct cc_str rest;
    size_t lines = 0;
    void *fault;

    box_open(&b);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_many, b.sender), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], &fault);
        ck_assert_ptr_null(fault);
    }
    rest = content(&b, "outbox.jsonl");
    while (rest.len) {
        struct cc_str line = cc_str_copy(b.arena, cc_str_cut(&rest, '\n'));
        struct json_object *object = json_tokener_parse(line.at);

        ck_assert_ptr_nonnull(object);
        json_object_put(object);
        lines++;
    }
    ck_assert_uint_eq(lines, 400);
    box_close(&b);
}
END_TEST

CC_CHECK_MAIN("notify/outbox", a_notice_becomes_one_line_of_json, a_notice_without_a_code_says_so,
              the_terminal_shows_whom_and_what, the_file_is_for_its_owner_alone,
              a_folder_that_is_not_there_is_a_failure_to_be_tried_again,
              lines_of_many_threads_do_not_mix)
