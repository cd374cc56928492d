#include "tests/check.h"
#include "tests/tmp.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/file.h"

#include <stdio.h>

static const char *const levels[] = { "debug", "info", "warn", NULL };

struct settings {
    struct cc_str name, folder, secret, absent;
    int64_t port, wait_s, size;
    bool on;
    int level;
    struct cc_strs list;
};

static const struct cc_config_key keys[] = {
    { "server", "name", CC_CONFIG_STR, offsetof(struct settings, name), "Cloud Chat", 1, 20, NULL,
      "What it is called." },
    { "server", "port", CC_CONFIG_I64, offsetof(struct settings, port), "8080", 1, 65535, NULL,
      "Where it listens." },
    { "server", "data", CC_CONFIG_PATH, offsetof(struct settings, folder), "var", 0, 0, NULL,
      "The folder." },
    { "server", "level", CC_CONFIG_ENUM, offsetof(struct settings, level), "info", 0, 0, levels,
      "How much is logged." },
    { "codes", "token", CC_CONFIG_SECRET, offsetof(struct settings, secret), NULL, 4, 4096, NULL,
      "The key of the sender." },
    { "codes", "absent", CC_CONFIG_STR, offsetof(struct settings, absent), NULL, 0, 0, NULL,
      "Nothing." },
    { "codes", "wait", CC_CONFIG_SECONDS, offsetof(struct settings, wait_s), "10m", 1, 172800, NULL,
      "How long | how short." },
    { "codes", "size", CC_CONFIG_BYTES, offsetof(struct settings, size), "4k", 0, 0, NULL,
      "How large." },
    { "codes", "on", CC_CONFIG_BOOL, offsetof(struct settings, on), "no", 0, 0, NULL, "Whether." },
    { "codes", "list", CC_CONFIG_LIST, offsetof(struct settings, list), "", 0, 3, NULL,
      "Several." },
    { .section = NULL },
};

static struct cc_arena *arena;
static struct settings out;
static struct cc_err err;
static struct cc_tmp tmp;
static char path[80];

static void set_up(void)
{
    arena = cc_arena_new(8 << 20);
    cc_tmp_make(&tmp);
    snprintf(path, sizeof(path), "%s/test.conf", tmp.path);
}

static void tear_down(void)
{
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}

/* Each test is a process of its own: what it sets in the environment ends with it. */
static enum cc_code read_text(const char *text)
{
    enum cc_code rc;

    cc_err_clear(&err);
    memset(&out, 0xAA, sizeof(out));
    ck_assert_int_eq(cc_file_write(path, cc_str_from(text), 0600, &err), CC_OK);
    rc = cc_config_read(arena, keys, path, &out, &err);
    unlink(path);
    return rc;
}

/* The file is refused; the detail is its name and `expected`. */
static void check_refused(const char *text, const char *expected)
{
    set_up();
    ck_assert_msg(read_text(text) == CC_INVALID, "%s", text);
    ck_assert_msg(cc_str_starts(cc_str_from(err.detail), cc_str_from(path)), "%s", err.detail);
    ck_assert_str_eq(err.detail + strlen(path), expected);
    tear_down();
}

START_TEST(an_empty_file_gives_what_is_built_in)
{
    set_up();
    ck_assert_msg(read_text("") == CC_OK, "%s", err.detail);
    cc_check_str(out.name, CC_STR("Cloud Chat"));
    ck_assert_int_eq(out.port, 8080);
    cc_check_str(out.folder, cc_str_format(arena, "%s/var", tmp.path));
    ck_assert_int_eq(out.level, 1);
    ck_assert_ptr_null(out.secret.at);
    ck_assert_ptr_null(out.absent.at);
    ck_assert_int_eq(out.wait_s, 600);
    ck_assert_int_eq(out.size, 4096);
    ck_assert(!out.on);
    ck_assert_uint_eq(out.list.count, 0);
    tear_down();
}
END_TEST

START_TEST(every_type_is_read)
{
    set_up();
    ck_assert_msg(read_text("# comment\r\n; another\n\n[server]\n  name = A = B ; C\r\nport=443\n"
                            "data = /srv/chat\nlevel = warn\n[codes]\n"
                            "token = s;cr#t\nwait = 2d\nsize = 5m\n\ton = yes\n"
                            "list = a , b,c\nabsent =") == CC_OK,
                  "%s", err.detail);
    cc_check_str(out.name, CC_STR("A = B"));
    ck_assert_int_eq(out.port, 443);
    cc_check_str(out.folder, CC_STR("/srv/chat"));
    ck_assert_int_eq(out.level, 2);
    cc_check_str(out.secret, CC_STR("s;cr#t"));
    ck_assert_int_eq(out.wait_s, 172800);
    ck_assert_int_eq(out.size, 5 << 20);
    ck_assert(out.on);
    ck_assert_uint_eq(out.list.count, 3);
    cc_check_str(out.list.at[1], CC_STR("b"));
    cc_check_str(out.absent, CC_STR(""));
    tear_down();
}
END_TEST

START_TEST(an_unknown_key_is_refused_with_its_line_and_the_nearest)
{
    check_refused("# one\n[server]\n\nprot = 1\n", ":4: there is no key prot; did you mean port?");
    check_refused("[codes]\nport = 1\n",
                  ":2: there is no port in [codes]; did you mean port in [server]?");
    check_refused("[sever]\nport = 1\n",
                  ":2: there is no port in [sever]; did you mean port in [server]?");
    check_refused("[server]\nsomething_else = 1\n",
                  ":2: there is no key something_else in [server]");
    check_refused("port = 1\n", ":1: there is no port in []; did you mean port in [server]?");
}
END_TEST

START_TEST(an_indented_key_is_a_key_and_not_more_of_the_one_before)
{
    check_refused("[server]\nname = a\n  prot = 1\n",
                  ":3: there is no key prot; did you mean port?");
}
END_TEST

START_TEST(what_is_there_twice_is_refused)
{
    check_refused("[server]\nport = 1\n[codes]\n[server]\nport = 1\n",
                  ":5: port was given already, in line 2");
    check_refused("[codes]\ntoken = abcd\ntoken_file = x\n",
                  ":3: token_file was given already, in line 2");
}
END_TEST

START_TEST(a_line_that_is_nothing_is_refused)
{
    check_refused("[server]\nname = a\nport\n", ":3: neither [section] nor key = value");
    check_refused("[server\n", ":1: neither [section] nor key = value");
    check_refused("[server]\nport\nprot = 1\n", ":2: neither [section] nor key = value");
}
END_TEST

/* inih cuts a long line into two; a secret would silently be another one. */
START_TEST(a_line_that_is_too_long_is_refused)
{
    char text[9000] = "[codes]\ntoken = ";
    size_t len = strlen(text);

    set_up();
    memset(text + len, 'x', sizeof(text) - len - 1);
    ck_assert_int_eq(read_text(text), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(err.detail, ":2: the line is longer than"));
    tear_down();
}
END_TEST

START_TEST(lines_are_whole_or_refused_at_every_length)
{
    set_up();
    for (size_t len = 150; len < 230; len++) {
        char text[300] = "[codes]\ntoken = ";
        size_t at = strlen(text);

        memset(text + at, 'x', len);
        if (read_text(text) == CC_OK)
            ck_assert_uint_eq(out.secret.len, len);
        else
            ck_assert_ptr_nonnull(strstr(err.detail, ":2: the line is longer than"));
    }
    tear_down();
}
END_TEST

START_TEST(wrong_values_are_refused_with_their_line)
{
    check_refused("[server]\nport = 0\n", ":2: [server] port must be 1 to 65535");
    check_refused("[server]\nport = 65536\n", ":2: [server] port must be 1 to 65535");
    check_refused("[server]\nport = 8080x\n", ":2: [server] port must be a whole number");
    check_refused("[server]\nport =\n", ":2: [server] port must be a whole number");
    check_refused("[server]\nname =\n", ":2: [server] name must have 1 to 20 bytes");
    check_refused("[server]\nlevel = Info\n",
                  ":2: [server] level must be one of debug, info, warn");
    check_refused("[codes]\non = true\n", ":2: [codes] on must be yes or no");
    check_refused("[codes]\nwait = 3w\n",
                  ":2: [codes] wait must be a time, like 90s, 10m, 2h or 14d");
    check_refused("[codes]\nwait = 3d\n", ":2: [codes] wait must be 1 to 172800 seconds");
    check_refused("[codes]\nwait = 9223372036854775807d\n",
                  ":2: [codes] wait must be a time, like 90s, 10m, 2h or 14d");
    check_refused("[codes]\nsize = 1g\n", ":2: [codes] size must be a size, like 4096, 64k or 5m");
    check_refused("[codes]\nlist = a,,b\n",
                  ":2: [codes] list must be a list separated by commas, without an empty place");
    check_refused("[codes]\nlist = a,b,c,d\n", ":2: [codes] list must have 0 to 3 items");
}
END_TEST

START_TEST(the_environment_wins)
{
    set_up();
    setenv("CLOUDCHAT_SERVER_PORT", "99", 1);
    setenv("CLOUDCHAT_CODES_LIST", "x", 1);
    setenv("CLOUDCHAT_CONFIG", "/nowhere", 1);
    ck_assert_msg(read_text("[server]\nport = 1\n") == CC_OK, "%s", err.detail);
    ck_assert_int_eq(out.port, 99);
    ck_assert_uint_eq(out.list.count, 1);
    tear_down();
}
END_TEST

START_TEST(the_environment_alone_will_do)
{
    setenv("CLOUDCHAT_SERVER_DATA", "here", 1);
    arena = cc_arena_new(1 << 20);
    ck_assert_msg(cc_config_read(arena, keys, NULL, &out, &err) == CC_OK, "%s", err.detail);
    cc_check_str(out.folder, CC_STR("here"));
}
END_TEST

START_TEST(a_wrong_variable_is_refused_by_name)
{
    set_up();
    setenv("CLOUDCHAT_SERVER_PORT", "x", 1);
    ck_assert_int_eq(read_text(""), CC_INVALID);
    ck_assert_str_eq(err.detail, "CLOUDCHAT_SERVER_PORT: [server] port must be a whole number");
    setenv("CLOUDCHAT_SERVER_PORT", "1", 1);
    setenv("CLOUDCHAT_SERVER_PROT", "1", 1);
    ck_assert_int_eq(read_text(""), CC_INVALID);
    ck_assert_str_eq(err.detail, "CLOUDCHAT_SERVER_PROT: there is no such setting; did you mean "
                                 "CLOUDCHAT_SERVER_PORT?");
    tear_down();
}
END_TEST

START_TEST(a_secret_may_stand_in_a_file)
{
    char secret[100];

    set_up();
    snprintf(secret, sizeof(secret), "%s/secret", tmp.path);
    ck_assert_int_eq(cc_file_write(secret, CC_STR("hush\n"), 0600, &err), CC_OK);
    ck_assert_msg(read_text("[codes]\ntoken_file = secret\n") == CC_OK, "%s", err.detail);
    cc_check_str(out.secret, CC_STR("hush"));
    ck_assert_msg(read_text("[codes]\ntoken_file = missing\n") == CC_INVALID, "%s", err.detail);
    ck_assert_ptr_nonnull(strstr(err.detail, ":2: the secret cannot be read (there is no "));
    setenv("CLOUDCHAT_CODES_TOKEN_FILE", secret, 1);
    ck_assert_msg(read_text("[codes]\ntoken = other\n") == CC_OK, "%s", err.detail);
    cc_check_str(out.secret, CC_STR("hush"));
    setenv("CLOUDCHAT_CODES_TOKEN", "both", 1);
    ck_assert_int_eq(read_text(""), CC_INVALID);
    unlink(secret);
    tear_down();
}
END_TEST

START_TEST(only_secrets_may_stand_in_files)
{
    check_refused("[server]\nname_file = x\n", ":2: there is no key name_file in [server]");
}
END_TEST

/* Configurations are pasted into bug reports, and so are errors. */
START_TEST(no_error_tells_a_secret)
{
    set_up();
    ck_assert_int_eq(read_text("[codes]\ntoken = abc\n"), CC_INVALID);
    ck_assert_ptr_null(strstr(err.detail, "abc"));
    ck_assert_ptr_null(strstr(err.cause, "abc"));
    tear_down();
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    arena = cc_arena_new(1 << 20);
    ck_assert_int_eq(cc_config_read(arena, keys, "/nowhere/x.conf", &out, &err), CC_INVALID);
    ck_assert_str_eq(err.detail,
                     "/nowhere/x.conf: the file cannot be read (there is no /nowhere/x.conf)");
    cc_arena_free(arena);
    check_refused("[server]\nname = \xFF\n", ": the file is not text in UTF-8");
}
END_TEST

START_TEST(the_table_prints_a_file_that_changes_nothing)
{
    struct cc_buf buf;

    arena = cc_arena_new(1 << 20);
    cc_buf_init(&buf, arena, 1 << 16);
    cc_config_print_file(keys, NULL, 0, &buf);
    ck_assert(cc_str_starts(cc_buf_str(&buf),
                            CC_STR("[server]\n\n# What it is called.\n#name = Cloud Chat\n\n")));
    ck_assert_ptr_nonnull(
        strstr(cc_str_copy(arena, cc_buf_str(&buf)).at,
               "# How much is logged. One of debug, info, warn.\n#level = info\n"));
}
END_TEST

START_TEST(a_printed_file_has_the_values_that_are_set)
{
    const struct cc_config_setting set[] = { { "server", "level", "debug" },
                                             { "codes", "token_file", "token" },
                                             { "server", "na", "x" } };
    struct cc_buf buf;
    const char *text;

    arena = cc_arena_new(1 << 20);
    cc_buf_init(&buf, arena, 1 << 16);
    cc_config_print_file(keys, set, CC_COUNT(set), &buf);
    text = cc_str_copy(arena, cc_buf_str(&buf)).at;
    ck_assert_ptr_nonnull(strstr(text, "One of debug, info, warn.\nlevel = debug\n"));
    ck_assert_ptr_nonnull(strstr(text, "# The key of the sender.\ntoken_file = token\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n#name = Cloud Chat\n"));
    ck_assert_ptr_null(strstr(text, "= x"));
}
END_TEST

START_TEST(the_table_prints_as_markdown)
{
    struct cc_buf buf;
    const char *text;

    arena = cc_arena_new(1 << 20);
    cc_buf_init(&buf, arena, 1 << 16);
    cc_config_print_markdown(keys, &buf);
    text = cc_str_copy(arena, cc_buf_str(&buf)).at;
    ck_assert_ptr_nonnull(strstr(text, "| server | `port` | `8080` | Where it listens. |\n"));
    ck_assert_ptr_nonnull(strstr(text, "| codes | `token` |  | The key of the sender. |\n"));
    ck_assert_ptr_nonnull(strstr(text, "How long \\| how short."));
}
END_TEST

CC_CHECK_MAIN("base/config", an_empty_file_gives_what_is_built_in, every_type_is_read,
              an_unknown_key_is_refused_with_its_line_and_the_nearest,
              an_indented_key_is_a_key_and_not_more_of_the_one_before,
              what_is_there_twice_is_refused, a_line_that_is_nothing_is_refused,
              a_line_that_is_too_long_is_refused, lines_are_whole_or_refused_at_every_length,
              wrong_values_are_refused_with_their_line, the_environment_wins,
              the_environment_alone_will_do, a_wrong_variable_is_refused_by_name,
              a_secret_may_stand_in_a_file, only_secrets_may_stand_in_files,
              no_error_tells_a_secret, a_file_that_cannot_be_read_is_named,
              the_table_prints_a_file_that_changes_nothing, the_table_prints_as_markdown,
              a_printed_file_has_the_values_that_are_set)
