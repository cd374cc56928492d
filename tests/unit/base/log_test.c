#include "tests/check.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>

#include <json-c/json.h>

static int64_t fixed_ms(const struct cc_clock *clock)
{
    (void)clock;
    return 1795406706789;
}

static const struct cc_clock fixed_clock = { fixed_ms, fixed_ms };
static int ends[2];
static char said[1 << 20];

static struct cc_log start(bool readable)
{
    ck_assert_int_eq(pipe(ends), 0);
    return (struct cc_log){ ends[1], "chat", CC_LOG_INFO, readable, &fixed_clock };
}

/* Everything that was logged. */
static struct cc_str heard(void)
{
    size_t len = 0;
    ssize_t got;

    close(ends[1]);
    while ((got = read(ends[0], said + len, sizeof(said) - len)) > 0)
        len += (size_t)got;
    close(ends[0]);
    return (struct cc_str){ said, len };
}

/* The line as JSON; it is one line, not too long, and passes the gate. */
static struct json_object *parsed(struct cc_arena *arena, struct cc_str line)
{
    struct json_object *value = NULL;
    struct cc_err err = { 0 };

    ck_assert_uint_le(line.len, CC_LOG_LINE_MAX);
    ck_assert_uint_eq(cc_str_find(line, '\n'), line.len - 1);
    ck_assert_msg(cc_json_parse(arena, line, &cc_json_default_limits, &value, &err) == CC_OK,
                  "%s in %.*s", err.cause, CC_STR_ARG(line));
    return value;
}

START_TEST(a_line_is_one_json_object)
{
    struct cc_log log = start(false);

    cc_log_info(&log, "store \"opened\"", CC_LOG_Z("path", "a\nb\x01\xFF"), CC_LOG_I64("ms", -3),
                CC_LOG_STR("absent", CC_STR_ABSENT));
    cc_check_str(heard(), CC_STR("{\"at\":\"2026-11-23T04:05:06.789Z\",\"level\":\"info\","
                                 "\"program\":\"chat\",\"event\":\"store \\\"opened\\\"\","
                                 "\"path\":\"a\\nb\\u0001\xEF\xBF\xBD\",\"ms\":-3,"
                                 "\"absent\":null}\n"));
}
END_TEST

START_TEST(what_is_below_the_level_is_silent)
{
    struct cc_log log = start(false);

    cc_log_at(&log, CC_LOG_DEBUG, "quiet", CC_LOG_I64("n", 1));
    cc_check_str(heard(), CC_STR(""));
}
END_TEST

/* Lengths around the limit, of text that grows by 1, 2 and 6 when it is escaped. */
START_TEST(a_long_line_is_cut_and_stays_json)
{
    static const char fillers[][3] = { "a", "\"", "\x01", "\xC3\xA4" };
    struct cc_arena *arena = cc_arena_new(1 << 20);
    static char text[9000];

    for (size_t i = 0; i < CC_COUNT(fillers); i++) {
        size_t step = strlen(fillers[i]);

        for (size_t at = 0; at + step <= sizeof(text); at += step)
            memcpy(text + at, fillers[i], step);
        for (size_t len = 600; len<sizeof(text); len += len> 3900 && len < 4200 ? 1 : 97) {
            struct cc_log log = start(false);
            struct json_object *line;
            struct cc_str all;

            cc_log_warn(&log, "long", CC_LOG_STR("text", ((struct cc_str){ text, len })),
                        CC_LOG_I64("after", 1));
            all = heard();
            line = parsed(arena, all);
            if (len > CC_LOG_LINE_MAX)
                ck_assert(json_object_object_get_ex(line, "cut", NULL));
            ck_assert(json_object_object_get_ex(line, "text", NULL));
            cc_arena_reset(arena);
        }
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(what_fits_is_not_cut)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_log log = start(false);
    char text[3800];

    memset(text, 'a', sizeof(text));
    cc_log_warn(&log, "long", CC_LOG_STR("text", ((struct cc_str){ text, sizeof(text) })));
    ck_assert(!json_object_object_get_ex(parsed(arena, heard()), "cut", NULL));
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_readable_line_cannot_command_the_terminal)
{
    struct cc_log log = start(true);

    cc_log_error(&log, "failed",
                 CC_LOG_Z("why", "\x1B[2J\xC2\x9B"
                                 "1m\x7F\r\nforged \xC3\xA4\xFF"),
                 CC_LOG_I64("n", 2));
    cc_check_str(heard(),
                 CC_STR("04:05:06.789 error chat: failed why=?[2J?1m?? forged \xC3\xA4? n=2\n"));
}
END_TEST

START_TEST(a_long_readable_line_is_cut)
{
    struct cc_log log = start(true);
    static char text[9000];
    struct cc_str all;

    memset(text, 'a', sizeof(text));
    cc_log_warn(&log, "long", CC_LOG_STR("text", ((struct cc_str){ text, sizeof(text) })));
    all = heard();
    ck_assert_uint_le(all.len, CC_LOG_LINE_MAX);
    ck_assert_uint_eq(cc_str_find(all, '\n'), all.len - 1);
}
END_TEST

#define THREADS 8
#define LINES 200

static void *chatter(void *arg)
{
    const struct cc_log *log = arg;
    char text[300];

    memset(text, 'x', sizeof(text));
    for (int i = 0; i < LINES; i++)
        cc_log_info(log, "line", CC_LOG_STR("text", ((struct cc_str){ text, sizeof(text) })));
    return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
    struct cc_log log = { -1, "chat", CC_LOG_INFO, false, &fixed_clock };
    FILE *file = tmpfile();
    pthread_t threads[THREADS];
    size_t count = 0, len;
    struct cc_str rest;

    ck_assert_ptr_nonnull(file);
    log.fd = fileno(file);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, chatter, &log), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    rewind(file);
    len = fread(said, 1, sizeof(said), file);
    rest = (struct cc_str){ said, len };
    while (rest.len > 0) {
        struct cc_str line = cc_str_cut(&rest, '\n');

        ck_assert_uint_eq(line.len, 390);
        ck_assert(cc_str_starts(line, CC_STR("{\"at\":")) && cc_str_ends(line, CC_STR("x\"}")));
        count++;
    }
    ck_assert_uint_eq(count, THREADS * LINES);
    fclose(file);
}
END_TEST

CC_CHECK_MAIN("base/log", a_line_is_one_json_object, what_is_below_the_level_is_silent,
              a_long_line_is_cut_and_stays_json, what_fits_is_not_cut,
              a_readable_line_cannot_command_the_terminal, a_long_readable_line_is_cut,
              lines_of_threads_do_not_mix)
