/* Finding people by number, without giving away who is there: each user may ask for so many
 * distinct numbers in 24 hours, and who is unknown costs as many reads as who refuses. */
#include "rows.h"

#include "../base/digest.h"
#include "../base/encode.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS (24 * 60 * 60 * (int64_t)1000)
/* Of the HMAC of a number. A collision among a day's few hundred costs nobody anything. */
#define MARK_BYTES 8
/* What an item of the store can hold, whatever the configuration says. */
#define NUMBERS_DAY_MAX 10000

/* --- the budget ------------------------------------------------------------------------------- */

/* LIMIT#discover#<user>: the marks of the numbers asked for since `started`, and not the numbers.
 */
struct asked_row {
    int64_t started_ms;
    struct cc_str marks; /* base64url */
};

static const struct cc_field asked_fields[] = {
    { .name = "started", .type = CC_FIELD_I64, .offset = offsetof(struct asked_row, started_ms) },
    { .name = "marks", .type = CC_FIELD_STR, .offset = offsetof(struct asked_row, marks) },
    { .name = NULL },
};

struct budget {
    const struct cc_caller *by;
    struct cc_str marks; /* of the numbers asked for now */
    bool is_over;
    int64_t retry_after_s;
};

static bool has_mark(struct cc_str marks, const char *mark)
{
    for (size_t i = 0; i < marks.len; i += MARK_BYTES) {
        if (memcmp(marks.at + i, mark, MARK_BYTES) == 0)
            return true;
    }
    return false;
}

/* The marks of `before`, and those of `now` that are not among them, each once. */
static struct cc_str unite(struct cc_arena *arena, struct cc_str before, struct cc_str now)
{
    char *at = cc_arena_alloc(arena, before.len + now.len);
    struct cc_str all = { at, before.len };

    if (before.len > 0)
        memcpy(at, before.at, before.len);
    for (size_t i = 0; i < now.len; i += MARK_BYTES) {
        if (has_mark(all, now.at + i))
            continue;
        memcpy(at + all.len, now.at + i, MARK_BYTES);
        all.len += MARK_BYTES;
    }
    return all;
}

static int64_t budget_of(const struct cc_chat *chat)
{
    return chat->config.discover_numbers_day < NUMBERS_DAY_MAX ? chat->config.discover_numbers_day
                                                               : NUMBERS_DAY_MAX;
}

static enum cc_code put_asked(struct cc_txn *txn, struct cc_key key, struct cc_str marks,
                              int64_t started_ms, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct asked_row row = { started_ms, cc_base64url_encode(arena, marks) };

    return cc_row_put_until(txn, key, asked_fields, &row, started_ms + DAY_MS, err);
}

static enum cc_code take_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct budget *b = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_key key = cc_key_limit(arena, "discover", b->by->user);
    struct asked_row row = { cc_txn_now_ms(txn), CC_STR("") };
    enum cc_code rc = cc_row_get(txn, key, asked_fields, &row, err);
    struct cc_str before, all;

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    before = cc_base64url_decode(arena, row.marks);
    all = unite(arena, before, b->marks);
    b->is_over = all.len > before.len && (int64_t)(all.len / MARK_BYTES) > budget_of(b->by->chat);
    b->retry_after_s = (row.started_ms + DAY_MS - cc_txn_now_ms(txn) + 999) / 1000;
    if (b->is_over || all.len == before.len)
        return CC_OK;
    return put_asked(txn, key, all, row.started_ms, err);
}

/* Keyed: there are so few numbers that a plain hash of one is as good as the number. */
static struct cc_str mark_all(const struct cc_caller *by, struct cc_strs numbers)
{
    char *marks = cc_arena_alloc(by->arena, numbers.count * MARK_BYTES);
    unsigned char digest[CC_SHA256_SIZE];

    for (size_t i = 0; i < numbers.count; i++) {
        const struct cc_str parts[] = { CC_STR("asked number"), numbers.at[i] };

        cc_hmac_sha256(by->chat->config.secret, parts, CC_COUNT(parts), digest);
        memcpy(marks + i * MARK_BYTES, digest, MARK_BYTES);
    }
    return (struct cc_str){ marks, numbers.count * MARK_BYTES };
}

static enum cc_code take_budget(const struct cc_caller *by, struct cc_strs numbers,
                                struct cc_err *err)
{
    struct budget b = { .by = by, .marks = mark_all(by, numbers) };
    char detail[sizeof(err->detail)];
    enum cc_code rc = cc_store_run(by->chat->store, by->arena, take_in, &b, err);

    if (rc != CC_OK || !b.is_over)
        return rc;
    snprintf(detail, sizeof(detail), "You may look for at most %lld numbers a day.",
             (long long)budget_of(by->chat));
    return cc_fail_retry(err, CC_TOO_MANY, (int)b.retry_after_s, detail,
                         "discover: over the day's distinct numbers");
}

/* --- the answer ------------------------------------------------------------------------------- */

struct finding {
    struct cc_strs numbers;
    struct cc_contact *found;
    size_t count;
};

/* Who is unknown has his own number for an id, which is no user's: so as much is read for him as
 * for who refuses. */
static enum cc_code find_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct finding *f = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const size_t count = f->numbers.count;
    struct cc_str *users = CC_NEW_ARRAY(arena, struct cc_str, count);
    struct cc_profile *profiles = CC_NEW_ARRAY(arena, struct cc_profile, count);
    enum cc_code rc = cc_identifier_find_many(txn, "phone", f->numbers.at, count, users, err);

    if (rc != CC_OK)
        return rc;
    for (size_t i = 0; i < count; i++)
        users[i] = users[i].at ? users[i] : f->numbers.at[i];
    rc = cc_profile_get_many(txn, users, count, profiles, err);
    f->count = 0;
    for (size_t i = 0; i < count && rc == CC_OK; i++) {
        if (profiles[i].user.at && cc_profile_is_discoverable(&profiles[i]))
            f->found[f->count++] = (struct cc_contact){ f->numbers.at[i], profiles[i] };
    }
    return rc;
}

static enum cc_code check_numbers(struct cc_strs numbers, struct cc_err *err)
{
    char pointer[sizeof("/phone_numbers/") + 20];

    if (numbers.count > CC_DISCOVER_NUMBERS_MAX)
        return cc_fail_field(err, "/phone_numbers", "must have at most 100 items");
    for (size_t i = 0; i < numbers.count; i++) {
        const char *fault = cc_phone_fault(numbers.at[i]);

        snprintf(pointer, sizeof(pointer), "/phone_numbers/%zu", i);
        if (fault)
            cc_fail_field(err, pointer, fault);
    }
    return err->code;
}

/* Each number once, in the order asked: the store is asked for no key twice. */
static struct cc_strs distinct(struct cc_arena *arena, struct cc_strs numbers)
{
    struct cc_str *at = CC_NEW_ARRAY(arena, struct cc_str, numbers.count);
    size_t count = 0;

    for (size_t i = 0; i < numbers.count; i++) {
        size_t k = 0;

        while (k < count && !cc_str_eq(at[k], numbers.at[i]))
            k++;
        if (k == count)
            at[count++] = numbers.at[i];
    }
    return (struct cc_strs){ at, count };
}

enum cc_code cc_contacts_discover(const struct cc_caller *by, struct cc_strs phone_numbers,
                                  struct cc_contacts *out, struct cc_err *err)
{
    struct finding f = { 0 };
    enum cc_code rc = check_numbers(phone_numbers, err);

    if (rc != CC_OK)
        return rc;
    f.numbers = distinct(by->arena, phone_numbers);
    f.found = CC_NEW_ARRAY(by->arena, struct cc_contact, f.numbers.count);
    rc = take_budget(by, f.numbers, err);
    if (rc == CC_OK)
        rc = cc_store_view(by->chat->store, by->arena, find_in, &f, err);
    if (rc == CC_OK)
        *out = (struct cc_contacts){ f.found, f.count };
    return rc;
}
