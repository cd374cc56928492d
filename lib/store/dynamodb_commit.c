/* An overlay becomes one TransactWriteItems: what was written, and a condition for each item that
 * was read. Whether two commits fit together is decided by DynamoDB alone. */
#include "dynamodb.h"

#include "../base/arena.h"
#include "../base/id.h"

#define TOKEN_BYTES 16

/* --- the request ------------------------------------------------------------------------------ */

static void put_z(struct cc_jw *w, const char *name, const char *value)
{
    cc_jw_put_str(w, name, cc_str_from(value));
}

/* It is still the one that was read. */
static void write_unchanged(struct cc_jw *w, struct cc_str v)
{
    put_z(w, "ConditionExpression", "v = :v");
    cc_jw_key(w, "ExpressionAttributeValues");
    cc_jw_object(w);
    dynamo_put_str(w, ":v", v);
    cc_jw_object_end(w);
}

/* It does not exist, or no longer counts. */
static void write_absent_or_expired(struct cc_jw *w, int64_t now_ms)
{
    put_z(w, "ConditionExpression", "attribute_not_exists(pk) OR #e <= :now");
    cc_jw_key(w, "ExpressionAttributeNames");
    cc_jw_object(w);
    put_z(w, "#e", "_expires_ms");
    cc_jw_object_end(w);
    cc_jw_key(w, "ExpressionAttributeValues");
    cc_jw_object(w);
    dynamo_put_i64(w, ":now", now_ms);
    cc_jw_object_end(w);
}

static void write_condition(struct cc_jw *w, const struct dynamo_entry *entry, int64_t now_ms)
{
    if (entry->checked && entry->seen == DYNAMO_PRESENT)
        write_unchanged(w, entry->row.v);
    else if (entry->checked && entry->seen == DYNAMO_ABSENT)
        put_z(w, "ConditionExpression", "attribute_not_exists(pk)");
    else if (entry->guessed)
        write_absent_or_expired(w, now_ms);
}

/* Requests and answers live in an arena of their own: those of a lost race are of no more use. */
struct commit {
    struct dynamo_store *store;
    struct cc_arena *arena;
    struct dynamo_overlay *overlay;
    struct cc_str v;
    int64_t now_ms;
};

static void write_subject(const struct commit *c, struct cc_jw *w, const struct dynamo_entry *entry)
{
    cc_jw_put_str(w, "TableName", c->store->table);
    if (entry->write == DYNAMO_PUT) {
        cc_jw_key(w, "Item");
        dynamo_item_write(c->arena, w, &entry->item, c->v);
    } else {
        cc_jw_key(w, "Key");
        dynamo_key_write(w, entry->key);
    }
}

static void write_action(const struct commit *c, struct cc_jw *w, const struct dynamo_entry *entry)
{
    static const char *const names[] = {
        [DYNAMO_NOTHING] = "ConditionCheck", [DYNAMO_PUT] = "Put", [DYNAMO_DELETE] = "Delete"
    };

    cc_jw_object(w);
    cc_jw_key(w, names[entry->write]);
    cc_jw_object(w);
    write_subject(c, w, entry);
    write_condition(w, entry, c->now_ms);
    cc_jw_object_end(w);
    cc_jw_object_end(w);
}

static void write_actions(const struct commit *c, struct cc_jw *w)
{
    cc_jw_key(w, "TransactItems");
    cc_jw_array(w);
    for (size_t i = 0; i < c->overlay->count; i++) {
        if (dynamo_entry_counts(&c->overlay->at[i]))
            write_action(c, w, &c->overlay->at[i]);
    }
    cc_jw_array_end(w);
}

/* --- why it was cancelled --------------------------------------------------------------------- */

/* The entry that has the reason number `at`. */
static struct dynamo_entry *counted(struct dynamo_overlay *overlay, size_t at)
{
    for (size_t i = 0; i < overlay->count; i++) {
        if (dynamo_entry_counts(&overlay->at[i]) && at-- == 0)
            return &overlay->at[i];
    }
    return NULL;
}

struct reason {
    struct cc_str code, message;
};

static bool read_reason(struct cc_json_reader *r, struct reason *out)
{
    struct cc_json_each each;

    *out = (struct reason){ 0 };
    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        if (cc_str_eq(each.name, CC_STR("Code")))
            each.broken = !cc_json_take_str(r, &out->code);
        else if (cc_str_eq(each.name, CC_STR("Message")) && *r->at == '"')
            each.broken = !cc_json_take_str(r, &out->message);
        else
            each.broken = !cc_json_skip(r);
    }
    return !each.broken && out->code.at;
}

/* What is to be said of a cancelled transaction: a reason that another try cannot mend goes before
 * one that it can. */
struct verdict {
    bool lost;
    struct reason other;
};

static void weigh_reason(const struct reason *reason, struct dynamo_entry *entry,
                         struct verdict *verdict)
{
    const enum dynamo_reason why = dynamo_reason_of(reason->code);

    entry->failed = why == DYNAMO_RACE;
    if (why == DYNAMO_RACE || why == DYNAMO_THROTTLE)
        verdict->lost = true;
    else if (why == DYNAMO_REFUSAL)
        verdict->other = *reason;
}

static bool read_reasons(struct cc_json_reader *r, struct dynamo_overlay *overlay,
                         struct verdict *verdict)
{
    struct cc_json_each each;
    size_t at = 0;

    for (each = cc_json_each(r, '['); cc_json_next(&each); at++) {
        struct dynamo_entry *entry = counted(overlay, at);
        struct reason reason;

        each.broken = entry == NULL || !read_reason(r, &reason);
        if (!each.broken)
            weigh_reason(&reason, entry, verdict);
    }
    return !each.broken;
}

static enum dynamo_fate judge_cancelled(const struct commit *c, const struct cc_aws_answer *answer,
                                        const char *operation, struct cc_err *err)
{
    struct cc_json_reader r = cc_json_reader_of(c->arena, answer->body);
    struct verdict verdict = { 0 };
    struct cc_json_each each;

    for (each = cc_json_each(&r, '{'); cc_json_next(&each);)
        each.broken = cc_str_eq(each.name, CC_STR("CancellationReasons"))
                          ? !read_reasons(&r, c->overlay, &verdict)
                          : !cc_json_skip(&r);
    if (!each.broken && verdict.other.code.at)
        (void)!dynamo_fail_named(verdict.other.code, verdict.other.message, operation, err);
    else if (!each.broken && verdict.lost)
        return DYNAMO_LOST;
    else
        (void)!dynamo_fail_answer(operation, err);
    return DYNAMO_UNDONE;
}

/* What says nothing of the token does not say either what became of an earlier try with it. */
static enum dynamo_fate judge_error(const struct commit *c, const struct cc_aws_answer *answer,
                                    const char *operation, struct cc_err *err)
{
    if (cc_str_eq(answer->error, CC_STR("TransactionCanceledException")))
        return judge_cancelled(c, answer, operation, err);
    if (answer->earlier_unknown) {
        (void)!cc_fail(err, CC_OUTCOME_UNKNOWN, NULL, "dynamodb %s: %.*s: %.*s", operation,
                       CC_STR_ARG(answer->error), CC_STR_ARG(answer->message));
        return DYNAMO_UNKNOWN;
    }
    if (dynamo_reason_of(answer->error) == DYNAMO_RACE)
        return DYNAMO_LOST;
    (void)!dynamo_fail(answer, operation, err);
    return DYNAMO_UNDONE;
}

/* --- sending ---------------------------------------------------------------------------------- */

static enum dynamo_fate fate_of_call(enum cc_code rc)
{
    return rc == CC_OUTCOME_UNKNOWN ? DYNAMO_UNKNOWN : DYNAMO_UNDONE;
}

/* Also where there is one write that depends on nothing. As a PutItem it would cost half, but its
 * second try, after an answer that was lost, could undo what another has written over the first. */
static enum dynamo_fate commit_all(const struct commit *c, struct cc_err *err)
{
    struct dynamo_request request;
    struct cc_aws_answer answer;
    enum cc_code rc;

    dynamo_request_begin(&request, c->arena);
    cc_jw_put_str(&request.w, "ClientRequestToken",
                  cc_id_random(c->arena, c->store->random, TOKEN_BYTES));
    write_actions(c, &request.w);
    rc = dynamo_call(c->store->aws, c->arena, "TransactWriteItems", CC_AWS_REPEATABLE,
                     dynamo_request_end(&request), &answer, err);
    if (rc != CC_OK)
        return fate_of_call(rc);
    return answer.error.at ? judge_error(c, &answer, "TransactWriteItems", err) : DYNAMO_COMMITTED;
}

/* --- confirming ------------------------------------------------------------------------------- */

static void write_gets(const struct commit *c, struct cc_jw *w)
{
    cc_jw_key(w, "TransactItems");
    cc_jw_array(w);
    for (size_t i = 0; i < c->overlay->count; i++) {
        if (!dynamo_entry_counts(&c->overlay->at[i]))
            continue;
        cc_jw_object(w);
        cc_jw_key(w, "Get");
        cc_jw_object(w);
        cc_jw_put_str(w, "TableName", c->store->table);
        cc_jw_key(w, "Key");
        dynamo_key_write(w, c->overlay->at[i].key);
        put_z(w, "ProjectionExpression", "v, #e");
        cc_jw_key(w, "ExpressionAttributeNames");
        cc_jw_object(w);
        put_z(w, "#e", "_expires_ms");
        cc_jw_object_end(w);
        cc_jw_object_end(w);
        cc_jw_object_end(w);
    }
    cc_jw_array_end(w);
}

static bool still_is(const struct dynamo_entry *entry, const struct dynamo_row *now, int64_t now_ms)
{
    if (entry->seen == DYNAMO_PRESENT)
        return cc_str_eq(now->v, entry->row.v);
    if (entry->seen == DYNAMO_ABSENT || !now->v.at)
        return !now->v.at;
    return now->item.expires_ms > 0 && now->item.expires_ms <= now_ms;
}

/* {"Item": {...}}, or {} where there is none. */
static bool read_got(struct cc_json_reader *r, struct dynamo_row *out)
{
    struct cc_json_each each;

    *out = (struct dynamo_row){ 0 };
    for (each = cc_json_each(r, '{'); cc_json_next(&each);)
        each.broken = cc_str_eq(each.name, CC_STR("Item")) ? !dynamo_item_read(r, r->arena, out)
                                                           : !cc_json_skip(r);
    return !each.broken;
}

static bool compare_all(const struct commit *c, struct cc_json_reader *r, size_t *changed)
{
    struct cc_json_each each;
    size_t at = 0;

    for (each = cc_json_each(r, '['); cc_json_next(&each); at++) {
        struct dynamo_entry *entry = counted(c->overlay, at);
        struct dynamo_row now;

        each.broken = entry == NULL || !read_got(r, &now);
        if (each.broken)
            break;
        entry->failed = !still_is(entry, &now, c->now_ms);
        *changed += entry->failed;
    }
    return !each.broken && at == dynamo_overlay_items(c->overlay);
}

static enum dynamo_fate judge_gets(const struct commit *c, const struct cc_aws_answer *answer,
                                   struct cc_err *err)
{
    struct cc_json_reader r = cc_json_reader_of(c->arena, answer->body);
    struct cc_json_each each;
    size_t changed = 0;
    bool compared = false;

    for (each = cc_json_each(&r, '{'); cc_json_next(&each);) {
        const bool is_all = cc_str_eq(each.name, CC_STR("Responses"));

        each.broken = is_all ? !compare_all(c, &r, &changed) : !cc_json_skip(&r);
        compared |= is_all;
    }
    if (each.broken || !compared) {
        (void)!dynamo_fail_answer("TransactGetItems", err);
        return DYNAMO_UNDONE;
    }
    return changed > 0 ? DYNAMO_LOST : DYNAMO_COMMITTED;
}

static enum dynamo_fate confirm_all(const struct commit *c, struct cc_err *err)
{
    struct dynamo_request request;
    struct cc_aws_answer answer;
    enum cc_code rc;

    dynamo_request_begin(&request, c->arena);
    write_gets(c, &request.w);
    rc = dynamo_call(c->store->aws, c->arena, "TransactGetItems", CC_AWS_READS,
                     dynamo_request_end(&request), &answer, err);
    if (rc != CC_OK)
        return DYNAMO_UNDONE;
    return answer.error.at ? judge_error(c, &answer, "TransactGetItems", err)
                           : judge_gets(c, &answer, err);
}

/* --- the interface ---------------------------------------------------------------------------- */

enum dynamo_fate dynamo_commit(struct dynamo_store *store, struct dynamo_overlay *overlay,
                               struct cc_str v, struct cc_err *err)
{
    const struct commit c = { store, dynamo_call_arena(), overlay, v,
                              cc_clock_wall_ms(store->clock) };
    enum dynamo_fate fate = commit_all(&c, err);

    cc_arena_free(c.arena);
    return fate;
}

enum dynamo_fate dynamo_confirm(struct dynamo_store *store, struct dynamo_overlay *overlay,
                                struct cc_err *err)
{
    const struct commit c = { store, dynamo_call_arena(), overlay, CC_STR_ABSENT,
                              cc_clock_wall_ms(store->clock) };
    enum dynamo_fate fate = confirm_all(&c, err);

    cc_arena_free(c.arena);
    return fate;
}
