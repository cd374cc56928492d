#include "app/app.h"
#include "tests/check.h"
#include "tests/scratch.h"

#include <stdio.h>

struct world {
    struct cc_scratch in;
    struct cc_config config;
};

static enum cc_code read_text(struct world *w, const char *text)
{
    const char *path = cc_scratch_write(&w->in, "cloud-chat.conf", text);

    return cc_app_read_config(w->in.arena, path, &w->config, &w->in.err);
}

START_TEST(an_empty_file_is_a_working_configuration)
{
    struct world w;

    cc_scratch_open(&w.in);
    ck_assert_msg(read_text(&w, "") == CC_OK, "%s", w.in.err.detail);
    cc_check_str(w.config.bind, CC_STR("127.0.0.1"));
    cc_check_str(w.config.public_url, CC_STR("http://localhost:8080"));
    ck_assert_int_eq(w.config.codes_sms, CC_SMS_NONE);
    ck_assert_int_eq(w.config.codes_email, CC_EMAIL_NONE);
    ck_assert_uint_eq(w.config.identity.resend_after.count, 4);
    ck_assert_int_eq(w.config.identity.code_lifetime_s, 600);
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(what_belongs_to_the_data_folder_stands_in_it)
{
    struct world w;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, "[store]\npath = /elsewhere/chat.db\n"), CC_OK);
    cc_check_str(w.config.data, cc_str_from(w.in.tmp.path));
    cc_check_str(w.config.store.path, CC_STR("/elsewhere/chat.db"));
    cc_check_str(w.config.identity.keys, cc_str_format(w.in.arena, "%s/keys", w.in.tmp.path));
    cc_check_str(w.config.blobs, cc_str_format(w.in.arena, "%s/blobs", w.in.tmp.path));
    cc_check_str(w.config.outbox, cc_str_format(w.in.arena, "%s/outbox.jsonl", w.in.tmp.path));
    cc_check_str(w.config.sockets, cc_str_format(w.in.arena, "%s/run", w.in.tmp.path));
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(the_public_url_follows_the_port)
{
    struct world w;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, "[server]\nport = 9000\n"), CC_OK);
    cc_check_str(w.config.public_url, CC_STR("http://localhost:9000"));
    cc_check_str(w.config.identity.issuer, CC_STR("http://localhost:9000"));
    cc_scratch_close(&w.in);
}
END_TEST

/* Tokens and cookies are bound to it: a guess would be wrong for everybody but this machine. */
START_TEST(who_listens_to_the_world_must_say_under_which_name)
{
    struct world w;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, "[server]\nbind = 0.0.0.0\n"), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.in.err.detail, "public_url"));
    ck_assert_int_eq(
        read_text(&w, "[server]\nbind = 0.0.0.0\npublic_url = https://chat.example.org\n"), CC_OK);
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(a_public_url_is_an_origin_and_nothing_more)
{
    static const char *const wrong[] = { "chat.example.org",
                                         "ftp://chat.example.org",
                                         "https://",
                                         "https://chat.example.org/",
                                         "https://chat.example.org/chat",
                                         "https://ada@chat.example.org",
                                         "https://chat.example.org?a",
                                         "https://chat.example.org#a",
                                         "https://chat example" };
    struct world w;

    cc_scratch_open(&w.in);
    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        struct cc_str text = cc_str_format(w.in.arena, "[server]\npublic_url = %s\n", wrong[i]);

        ck_assert_msg(read_text(&w, text.at) == CC_INVALID, "%s", wrong[i]);
    }
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(contradictions_are_refused)
{
    struct world w;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, "[identity]\npassword_min = 20\npassword_max = 10\n"),
                     CC_INVALID);
    ck_assert_int_eq(read_text(&w, "[identity]\nresend_after = 30, soon\n"), CC_INVALID);
    ck_assert_int_eq(read_text(&w, "[identity]\nresend_after =\n"), CC_INVALID);
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(a_pool_is_named_with_its_region_and_client)
{
#define COGNITO "[identity]\nbackend = cognito\n[cognito]\n"
    struct world w;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, COGNITO "pool = eu-central-1_Ab12\nclient_id = x\n"), CC_OK);
    ck_assert_int_eq(read_text(&w, "[cognito]\npool = nothing\n"), CC_OK); /* unused */
    ck_assert_int_eq(read_text(&w, COGNITO "client_id = x\n"), CC_INVALID);
    ck_assert_int_eq(read_text(&w, COGNITO "pool = Ab12\nclient_id = x\n"), CC_INVALID);
    ck_assert_int_eq(read_text(&w, COGNITO "pool = _Ab12\nclient_id = x\n"), CC_INVALID);
    ck_assert_int_eq(read_text(&w, COGNITO "pool = eu-central-1_\nclient_id = x\n"), CC_INVALID);
    ck_assert_int_eq(read_text(&w, COGNITO "pool = eu-central-1_Ab12\n"), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.in.err.detail, "client_id"));
    cc_scratch_close(&w.in);
}
END_TEST

/* The file that is printed is read by the same table: were a fallback no value that its key takes,
 * or a help text that breaks a line, this would tell. */
START_TEST(the_printed_file_says_what_holds_without_it)
{
    struct cc_buf buf;
    struct world w;
    struct cc_config bare;
    char *text;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, ""), CC_OK);
    bare = w.config;
    cc_buf_init(&buf, w.in.arena, 1 << 18);
    cc_config_print_file(cc_config_keys, NULL, 0, &buf);
    text = cc_arena_alloc(w.in.arena, buf.len + 1);
    memcpy(text, buf.at, buf.len);
    for (char *line = text; line != NULL; line = strchr(line + 1, '\n')) {
        char *hash = line[0] == '\n' ? line + 1 : line;

        if (hash[0] == '#' && hash[1] != ' ')
            hash[0] = ' ';
    }
    ck_assert_msg(read_text(&w, text) == CC_OK, "%s", w.in.err.detail);
    cc_check_str(w.config.public_url, bare.public_url);
    cc_check_str(w.config.data, bare.data);
    ck_assert_int_eq(w.config.identity.session_idle_s, bare.identity.session_idle_s);
    ck_assert_int_eq(w.config.photo_bytes_max, bare.photo_bytes_max);
    cc_scratch_close(&w.in);
}
END_TEST

/* An installation that was there before [codes] had two keys. */
START_TEST(the_old_key_of_codes_says_what_took_its_place)
{
    struct world w;
    struct cc_buf buf;

    cc_scratch_open(&w.in);
    ck_assert_int_eq(read_text(&w, "[codes]\nsender = outbox\n"), CC_INVALID);
    ck_assert_msg(strstr(w.in.err.detail, ":2: there is no [codes] sender any more: sms ") != NULL,
                  "%s", w.in.err.detail);
    ck_assert_msg(strstr(w.in.err.detail, "email") != NULL, "%s", w.in.err.detail);
    ck_assert_int_eq(setenv("CLOUDCHAT_CODES_SENDER", "outbox", 1), 0);
    ck_assert_int_eq(read_text(&w, ""), CC_INVALID);
    ck_assert_msg(strstr(w.in.err.detail, "CLOUDCHAT_CODES_SENDER") != NULL, "%s", w.in.err.detail);
    ck_assert_int_eq(unsetenv("CLOUDCHAT_CODES_SENDER"), 0);
    ck_assert_int_eq(read_text(&w, "[codes]\nsenders = outbox\n"), CC_INVALID);
    ck_assert_msg(strstr(w.in.err.detail, "did you mean sender") == NULL, "%s", w.in.err.detail);
    cc_buf_init(&buf, w.in.arena, 1 << 18);
    cc_config_print_file(cc_config_keys, NULL, 0, &buf);
    cc_config_print_markdown(cc_config_keys, &buf);
    cc_buf_add_byte(&buf, '\0');
    ck_assert_ptr_null(strstr(buf.at, "#sender ="));
    ck_assert_ptr_null(strstr(buf.at, "`sender`"));
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(a_sender_that_was_chosen_has_what_it_needs)
{
    static const struct {
        const char *text, *missing;
    } rows[] = {
        { "[codes]\nsms = hook\n", "[hook] url" },
        { "[codes]\nemail = hook\n", "[hook] url" },
        { "[codes]\nemail = smtp\n", "[smtp] host" },
        { "[codes]\nemail = smtp\n[smtp]\nhost = mail.example.org\n", "[smtp] from" },
        { "[codes]\nemail = smtp\n[smtp]\nhost = m.example.org\nfrom = a@example.org\nuser = a\n",
          "[smtp] password" },
        { "[codes]\nsms_prefixes = +49, 43\n", "sms_prefixes" },
        { "[codes]\nsms_prefixes = +\n", "sms_prefixes" },
        { "[codes]\nemail = sns\n", "one of none, outbox, smtp, hook" },
    };
    struct world w;

    cc_scratch_open(&w.in);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        ck_assert_int_eq(read_text(&w, rows[i].text), CC_INVALID);
        ck_assert_msg(strstr(w.in.err.detail, rows[i].missing) != NULL, "%s", w.in.err.detail);
    }
    ck_assert_int_eq(read_text(&w, "[codes]\nsms = hook\n[hook]\nurl = https://x.example.org\n"),
                     CC_OK);
    ck_assert(!w.config.identity.budget.no_sms);
    ck_assert(w.config.identity.budget.no_email);
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(every_key_is_explained_in_one_sentence)
{
    for (const struct cc_config_key *key = cc_config_keys; key->section != NULL; key++) {
        size_t len = strlen(key->help);

        if (key->type == CC_CONFIG_GONE)
            continue;
        ck_assert_msg(len > 10 && key->help[len - 1] == '.', "%s.%s", key->section, key->key);
        ck_assert_msg(strchr(key->help, '\n') == NULL, "%s.%s", key->section, key->key);
        ck_assert_msg(key->fallback != NULL, "%s.%s", key->section, key->key);
    }
}
END_TEST

/* workers[i] is a key of the program i by its place alone. */
START_TEST(each_program_has_its_workers_key_in_its_place)
{
    const struct cc_config_key *key = cc_config_keys;

    while (key->section != NULL && key->offset != offsetof(struct cc_config, workers))
        key++;
    for (size_t i = 0; cc_programs[i].name != NULL; i++, key++) {
        char expected[64];

        snprintf(expected, sizeof(expected), "%s_workers", cc_programs[i].name);
        ck_assert_str_eq(key->key, expected);
        ck_assert_uint_eq(key->offset, offsetof(struct cc_config, workers) + i * sizeof(int64_t));
    }
}
END_TEST

START_TEST(no_path_belongs_to_two_programs)
{
    for (const struct cc_program *a = cc_programs; a->name != NULL; a++) {
        for (size_t i = 0; a->prefixes[i] != NULL; i++) {
            ck_assert_int_eq(a->prefixes[i][0], '/');
            for (const struct cc_program *b = a + 1; b->name != NULL; b++) {
                for (size_t j = 0; b->prefixes[j] != NULL; j++)
                    ck_assert_str_ne(a->prefixes[i], b->prefixes[j]);
            }
        }
    }
}
END_TEST

START_TEST(the_environment_names_the_configuration)
{
    const char *path = NULL;
    struct world w;

    cc_scratch_open(&w.in);
    setenv("CLOUDCHAT_CONFIG", "/srv/chat/cloud-chat.conf", 1);
    ck_assert_int_eq(cc_app_find_config(w.in.arena, &path, &w.in.err), CC_OK);
    ck_assert_str_eq(path, "/srv/chat/cloud-chat.conf");
    unsetenv("CLOUDCHAT_CONFIG");
    ck_assert_int_eq(cc_app_find_config(w.in.arena, &path, &w.in.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.in.err.detail, "CLOUDCHAT_CONFIG"));
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(a_path_is_shown_without_its_dots)
{
    cc_check_str(cc_app_tidy_path(CC_STR("/srv/chat/.")), CC_STR("/srv/chat"));
    cc_check_str(cc_app_tidy_path(CC_STR("/srv/chat/./")), CC_STR("/srv/chat"));
    cc_check_str(cc_app_tidy_path(CC_STR("/")), CC_STR("/"));
    cc_check_str(cc_app_tidy_path(CC_STR("/srv/.hidden")), CC_STR("/srv/.hidden"));
}
END_TEST

CC_CHECK_MAIN("app/config", an_empty_file_is_a_working_configuration,
              what_belongs_to_the_data_folder_stands_in_it, the_public_url_follows_the_port,
              who_listens_to_the_world_must_say_under_which_name,
              a_public_url_is_an_origin_and_nothing_more, contradictions_are_refused,
              a_pool_is_named_with_its_region_and_client,
              the_printed_file_says_what_holds_without_it,
              the_old_key_of_codes_says_what_took_its_place,
              a_sender_that_was_chosen_has_what_it_needs, every_key_is_explained_in_one_sentence,
              each_program_has_its_workers_key_in_its_place, no_path_belongs_to_two_programs,
              the_environment_names_the_configuration, a_path_is_shown_without_its_dots)
