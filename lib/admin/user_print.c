#include "user.h"

#include "../base/jsonw.h"
#include "../base/text.h"

#include <stdio.h>

#define ROW_BYTES_MAX ((size_t)64 * 1024)
#define DAY_TEXT 10 /* of "2026-11-23T04:05:06.789Z" */
#define MINUTE_TEXT 16

/* What a terminal would take for a command must not reach it, whatever stands in the store: names
 * are clean when they come in, and a shell can put others there. */
static struct cc_str harmless(struct cc_arena *arena, struct cc_str text)
{
    struct cc_str copy = cc_str_copy(arena, text);

    cc_text_tame((char *)(uintptr_t)copy.at, copy.len);
    return copy;
}

static struct cc_str login_of(const struct cc_account *account)
{
    const struct cc_profile *profile = &account->profile;

    return profile->phone_number.at ? profile->phone_number : profile->email;
}

const char *cc_user_called(struct cc_arena *arena, const struct cc_account *account)
{
    if (!account->profile.name.at)
        return cc_str_format(arena, "The account %.*s", CC_STR_ARG(account->profile.user)).at;
    return cc_str_format(arena, "%.*s (%.*s)", CC_STR_ARG(harmless(arena, account->profile.name)),
                         CC_STR_ARG(harmless(arena, login_of(account))))
        .at;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void put_account(struct cc_jw *w, const struct cc_account *account)
{
    const struct cc_profile *profile = &account->profile;

    cc_jw_put_str(w, "id", profile->user);
    cc_jw_put_str(w, "name", profile->name);
    cc_jw_put_str(w, "phone_number", profile->phone_number);
    cc_jw_put_str(w, "email", profile->email);
    cc_jw_put_str(w, "state", cc_str_from(cc_account_state_names[account->state]));
    cc_jw_put_time(w, "created_at", profile->created_ms);
}

static void put_sessions(struct cc_jw *w, const struct cc_sessions *sessions)
{
    cc_jw_key(w, "sessions");
    cc_jw_array(w);
    for (size_t i = 0; i < sessions->count; i++) {
        cc_jw_object(w);
        cc_jw_put_str(w, "id", sessions->at[i].id);
        cc_jw_put_str(w, "device_name", sessions->at[i].device_name);
        cc_jw_put_time(w, "created_at", sessions->at[i].created_ms);
        cc_jw_put_time(w, "seen_at", sessions->at[i].seen_ms);
        cc_jw_object_end(w);
    }
    cc_jw_array_end(w);
}

static void begin(struct cc_jw *w, struct cc_buf *buf, struct cc_arena *arena)
{
    cc_buf_init(buf, arena, ROW_BYTES_MAX);
    cc_jw_init(w, buf);
    cc_jw_object(w);
}

static void end(struct cc_jw *w, struct cc_buf *buf)
{
    cc_jw_object_end(w);
    cc_buf_add_byte(buf, '\n');
    fwrite(buf->at, 1, buf->len, stdout);
}

static void print_row_json(struct cc_arena *arena, const struct cc_account *account)
{
    struct cc_buf buf;
    struct cc_jw w;

    begin(&w, &buf, arena);
    put_account(&w, account);
    cc_jw_put_i64(&w, "sessions", (int64_t)account->session_count);
    end(&w, &buf);
}

static void print_json(struct cc_arena *arena, const struct cc_account *account, int64_t rooms)
{
    struct cc_buf buf;
    struct cc_jw w;

    begin(&w, &buf, arena);
    put_account(&w, account);
    cc_jw_put_time(&w, "updated_at", account->profile.updated_ms);
    cc_jw_put_bool(&w, "discoverable", !account->profile.hidden_by_number);
    cc_jw_put_bool(&w, "photo", account->profile.photo.at != NULL);
    cc_jw_put_i64(&w, "rooms", rooms);
    put_sessions(&w, &account->sessions);
    end(&w, &buf);
}

/* --- text ------------------------------------------------------------------------------------- */

/* The name comes last: how wide it is is the terminal's own affair. */
static void print_row_text(struct cc_arena *arena, const struct cc_account *account)
{
    const struct cc_profile *profile = &account->profile;
    char created[CC_TIME_TEXT_SIZE];

    cc_time_format(profile->created_ms, created);
    printf("%-36.*s  %.*s  %8zu  %-8s  %-16.*s  %.*s\n", CC_STR_ARG(profile->user), DAY_TEXT,
           created, account->session_count, cc_account_state_names[account->state],
           CC_STR_ARG(harmless(arena, login_of(account))),
           CC_STR_ARG(harmless(arena, profile->name)));
}

void cc_user_print_row(struct cc_user_printer *printer, const struct cc_account *account)
{
    cc_arena_reset(printer->arena);
    if (printer->json) {
        print_row_json(printer->arena, account);
        return;
    }
    if (printer->count++ == 0)
        printf("%-36s  %-10s  %8s  %-8s  %-16s  %s\n", "ID", "CREATED", "SESSIONS", "STATE",
               "NUMBER, ADDRESS", "NAME");
    print_row_text(printer->arena, account);
}

void cc_user_print_end(const struct cc_user_printer *printer)
{
    if (!printer->json && printer->count == 0)
        printf("There is nobody yet.\n");
}

static void print_field(struct cc_arena *arena, const char *name, struct cc_str value)
{
    if (value.at)
        printf("%-12s %.*s\n", name, CC_STR_ARG(harmless(arena, value)));
}

static void print_time(const char *name, int64_t at_ms)
{
    char text[CC_TIME_TEXT_SIZE];

    printf("%-12s %s\n", name, cc_time_format(at_ms, text).at);
}

void cc_user_print_session(struct cc_arena *arena, const struct cc_session *session)
{
    char created[CC_TIME_TEXT_SIZE], seen[CC_TIME_TEXT_SIZE];

    cc_time_format(session->created_ms, created);
    cc_time_format(session->seen_ms, seen);
    printf("  %.*s  since %.*s  seen %.*s  %.*s\n", CC_STR_ARG(session->id), MINUTE_TEXT, created,
           MINUTE_TEXT, seen, CC_STR_ARG(harmless(arena, session->device_name)));
}

static void print_text(struct cc_arena *arena, const struct cc_account *account, int64_t rooms)
{
    const struct cc_profile *profile = &account->profile;

    print_field(arena, "id", profile->user);
    print_field(arena, "name", profile->name);
    print_field(arena, "number", profile->phone_number);
    print_field(arena, "address", profile->email);
    print_field(arena, "state", cc_str_from(cc_account_state_names[account->state]));
    if (profile->name.at) {
        print_time("created", profile->created_ms);
        print_time("changed", profile->updated_ms);
        printf("%-12s %s\n", "photo", profile->photo.at ? "yes" : "no");
        printf("%-12s %s\n", "found by", profile->hidden_by_number ? "nobody" : "number");
    }
    printf("%-12s %lld\n%-12s %zu\n", "rooms", (long long)rooms, "sessions",
           account->session_count);
    for (size_t i = 0; i < account->sessions.count; i++)
        cc_user_print_session(arena, &account->sessions.at[i]);
}

void cc_user_print(struct cc_arena *arena, const struct cc_account *account, int64_t rooms,
                   bool json)
{
    if (json)
        print_json(arena, account, rooms);
    else
        print_text(arena, account, rooms);
}
