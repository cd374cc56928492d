/* For `cloudchat doctor`: whether the table is there and as we make it, and whether the keys allow
 * what the programs do. A right to write is tried with a condition that nothing can meet: who may
 * not write is refused before it is looked at. */
#include "dynamodb.h"

#include "../aws/examine.h"
#include "../base/arena.h"
#include "../base/json.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define EXAMINE_ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct examiner {
    const struct cc_dynamodb_config *config;
    struct cc_arena *arena;
    struct cc_findings *to;
};

/* --- asking ----------------------------------------------------------------------------------- */

static void begin(const struct examiner *e, struct dynamo_request *request)
{
    dynamo_request_begin_table(request, e->arena, e->config->table);
}

/* false: there is no answer, and `err` says why. */
static bool ask(const struct examiner *e, const char *operation, struct dynamo_request *request,
                struct cc_aws_answer *out, struct cc_err *err)
{
    struct cc_aws_request call = dynamo_call_make(e->arena, operation, dynamo_request_end(request));

    return cc_aws_ask(e->config->aws, e->arena, &call, out, err) == CC_OK;
}

/* The answer as an object; NULL: there is none, and `answer` or `err` says why. */
static struct json_object *describe(const struct examiner *e, const char *operation,
                                    struct cc_aws_answer *answer, struct cc_err *err)
{
    struct dynamo_request request;
    struct json_object *object = NULL;

    begin(e, &request);
    if (!ask(e, operation, &request, answer, err) || answer->error.at ||
        cc_json_parse_own(e->arena, answer->body, &object, err) != CC_OK)
        return NULL;
    return object;
}

static const char *text_of(struct json_object *object, const char *name)
{
    const char *text = json_object_get_string(json_object_object_get(object, name));

    return text ? text : "";
}

/* --- the table -------------------------------------------------------------------------------- */

static bool tell_of_absence(const struct examiner *e, const struct cc_aws_answer *answer)
{
    const struct cc_str table = e->config->table;

    if (cc_str_eq(answer->error, CC_STR("ResourceNotFoundException")))
        return cc_find_wrong(e->to, "table", NULL,
                             "There is no table %.*s: `cloudchat aws create-table` makes it, or "
                             "[store] table or [aws] region name another place.",
                             CC_STR_ARG(table));
    if (cc_aws_is_denied(answer->error))
        return cc_find_wrong(e->to, "table", NULL,
                             "The credentials do not allow dynamodb:DescribeTable of %.*s: "
                             "`cloudchat aws policy` prints what they must.",
                             CC_STR_ARG(table));
    return cc_aws_find_refused(e->to, "table", answer, "DynamoDB does not describe the table.");
}

static bool is_active(const struct examiner *e, struct json_object *table)
{
    const char *status = text_of(table, "TableStatus");

    if (strcmp(status, "ACTIVE") == 0 || strcmp(status, "UPDATING") == 0)
        return true;
    return cc_find_wrong(e->to, "table", NULL, "%.*s is not ready: its status is %s.",
                         CC_STR_ARG(e->config->table), status[0] ? status : "unknown");
}

static void tell_of_table(const struct examiner *e, struct json_object *table)
{
    const char *mode = text_of(json_object_object_get(table, "BillingModeSummary"), "BillingMode");
    const long long items = json_object_get_int64(json_object_object_get(table, "ItemCount"));

    if (strcmp(mode, "PAY_PER_REQUEST") == 0)
        cc_find_well(e->to, "table", "%.*s: ready, paid by request, about %lld items",
                     CC_STR_ARG(e->config->table), items);
    else
        cc_find_doubtful(e->to, "table",
                         "%.*s is ready, with about %lld items, and paid by provisioned capacity: "
                         "beyond it people are refused. Switch it to on-demand unless it scales.",
                         CC_STR_ARG(e->config->table), items);
}

/* What stands in for DynamoDB may say nothing of it. */
static void tell_of_deletion(const struct examiner *e, struct json_object *table)
{
    struct json_object *told = json_object_object_get(table, "DeletionProtectionEnabled");

    if (!told)
        cc_find_unseen(e->to, "deletion", "Whether the table may be deleted is not told here.");
    else if (!json_object_get_boolean(told))
        cc_find_doubtful(
            e->to, "deletion",
            "Deletion protection is off: a slip of the hand deletes all messages. `aws "
            "dynamodb update-table --table-name %.*s --deletion-protection-enabled` "
            "switches it on.",
            CC_STR_ARG(e->config->table));
    else
        cc_find_well(e->to, "deletion", "nobody deletes the table by a slip of the hand");
}

static bool examine_shape(const struct examiner *e, struct json_object *table)
{
    const char *key = dynamo_table_key_fault(table), *index = dynamo_table_index_fault(table);
    static const char advice[] = "That cannot be changed: let [store] table name a new one, which "
                                 "`cloudchat aws create-table` makes.";

    if (key)
        return cc_find_wrong(e->to, "table", NULL, "%.*s is none of ours: %s. %s",
                             CC_STR_ARG(e->config->table), key, advice);
    if (index)
        return cc_find_wrong(e->to, "index", NULL, "%.*s is none of ours: %s. %s",
                             CC_STR_ARG(e->config->table), index, advice);
    tell_of_table(e, table);
    cc_find_well(e->to, "index", DYNAMO_INDEX ", local, of all attributes");
    tell_of_deletion(e, table);
    return true;
}

static bool examine_table(const struct examiner *e)
{
    struct cc_aws_answer answer = { .error = CC_STR_ABSENT };
    struct cc_err err = { 0 };
    struct json_object *object = describe(e, "DescribeTable", &answer, &err), *table;

    if (err.code != CC_OK)
        return cc_find_wrong(e->to, "table", err.cause, "DynamoDB gives no answer: try again.");
    if (answer.error.at)
        return tell_of_absence(e, &answer);
    table = json_object_object_get(object, "Table");
    return is_active(e, table) && examine_shape(e, table);
}

/* --- what is good to have ----------------------------------------------------------------------
 */

#define SWITCH_ON "`cloudchat aws create-table` switches it on."

static void examine_expiry(const struct examiner *e)
{
    struct cc_aws_answer answer = { .error = CC_STR_ABSENT };
    struct cc_err err = { 0 };
    struct json_object *object = describe(e, "DescribeTimeToLive", &answer, &err);
    struct json_object *told = json_object_object_get(object, "TimeToLiveDescription");
    const char *attribute = text_of(told, "AttributeName");

    if (!object)
        cc_find_doubtful(e->to, "expiry",
                         "Whether DynamoDB deletes what has expired is not told, and until then "
                         "the programs do not: the credentials need dynamodb:DescribeTimeToLive.");
    else if (strncmp(text_of(told, "TimeToLiveStatus"), "ENABL", 5) != 0)
        cc_find_doubtful(e->to, "expiry",
                         "DynamoDB does not delete what has expired, so the programs read the "
                         "whole table for it, which costs: " SWITCH_ON);
    else if (strcmp(attribute, DYNAMO_EXPIRY) != 0)
        cc_find_wrong(e->to, "expiry", NULL,
                      "DynamoDB deletes by the attribute %s instead of " DYNAMO_EXPIRY
                      ": switch Time to Live off in DynamoDB's console, then " SWITCH_ON,
                      attribute);
    else
        cc_find_well(e->to, "expiry", "DynamoDB deletes what has expired");
}

static void examine_recovery(const struct examiner *e)
{
    struct cc_aws_answer answer = { .error = CC_STR_ABSENT };
    struct cc_err err = { 0 };
    struct json_object *object = describe(e, "DescribeContinuousBackups", &answer, &err);
    struct json_object *backups = json_object_object_get(object, "ContinuousBackupsDescription");
    struct json_object *told = json_object_object_get(backups, "PointInTimeRecoveryDescription");

    if (!object)
        cc_find_unseen(e->to, "backup",
                       "Whether point-in-time recovery is on is not told here "
                       "(dynamodb:DescribeContinuousBackups).");
    else if (strcmp(text_of(told, "PointInTimeRecoveryStatus"), "ENABLED") != 0)
        cc_find_doubtful(e->to, "backup",
                         "Point-in-time recovery is off, so nothing is kept of what is deleted or "
                         "lost: " SWITCH_ON);
    else
        cc_find_well(e->to, "backup", "point-in-time recovery is on");
}

/* --- rights ----------------------------------------------------------------------------------- */

static void write_key(struct cc_jw *w)
{
    cc_jw_key(w, "Key");
    dynamo_key_write(w, (struct cc_key){ CC_STR("META"), CC_STR("SCHEMA") });
}

static void write_impossible(struct cc_jw *w)
{
    cc_jw_put_str(w, "ConditionExpression",
                  CC_STR("attribute_exists(pk) AND attribute_not_exists(pk)"));
}

static void write_get(const struct examiner *e, struct cc_jw *w)
{
    (void)e;
    write_key(w);
}

static void write_batch(const struct examiner *e, struct cc_jw *w)
{
    cc_jw_key(w, "RequestItems");
    cc_jw_object(w);
    cc_jw_name(w, e->config->table);
    cc_jw_object(w);
    cc_jw_key(w, "Keys");
    cc_jw_array(w);
    dynamo_key_write(w, (struct cc_key){ CC_STR("META"), CC_STR("SCHEMA") });
    cc_jw_array_end(w);
    cc_jw_object_end(w);
    cc_jw_object_end(w);
}

static void write_query(const struct examiner *e, struct cc_jw *w)
{
    (void)e;
    cc_jw_put_i64(w, "Limit", 1);
    cc_jw_put_str(w, "KeyConditionExpression", CC_STR("pk = :pk"));
    cc_jw_key(w, "ExpressionAttributeValues");
    cc_jw_object(w);
    dynamo_put_str(w, ":pk", CC_STR("META"));
    cc_jw_object_end(w);
}

static void write_query_index(const struct examiner *e, struct cc_jw *w)
{
    cc_jw_put_str(w, "IndexName", CC_STR(DYNAMO_INDEX));
    write_query(e, w);
}

static void write_put(const struct examiner *e, struct cc_jw *w)
{
    (void)e;
    cc_jw_key(w, "Item");
    dynamo_key_write(w, (struct cc_key){ CC_STR("META"), CC_STR("DOCTOR") });
    write_impossible(w);
}

static void write_delete(const struct examiner *e, struct cc_jw *w)
{
    (void)e;
    write_key(w);
    write_impossible(w);
}

static void write_check(const struct examiner *e, struct cc_jw *w)
{
    cc_jw_key(w, "TransactItems");
    cc_jw_array(w);
    cc_jw_object(w);
    cc_jw_key(w, "ConditionCheck");
    cc_jw_object(w);
    cc_jw_put_str(w, "TableName", e->config->table);
    write_key(w);
    write_impossible(w);
    cc_jw_object_end(w);
    cc_jw_object_end(w);
    cc_jw_array_end(w);
}

static const struct right {
    const char *name; /* of IAM, as people are told */
    const char *operation;
    void (*write)(const struct examiner *, struct cc_jw *);
    bool names_table;     /* in the request's own member */
    const char *expected; /* the error that comes where it is allowed; NULL: none */
} rights[] = {
    { "GetItem", "GetItem", write_get, true, NULL },
    { "BatchGetItem", "BatchGetItem", write_batch, false, NULL },
    { "Query", "Query", write_query, true, NULL },
    { "Query of the index", "Query", write_query_index, true, NULL },
    { "PutItem", "PutItem", write_put, true, "ConditionalCheckFailedException" },
    { "DeleteItem", "DeleteItem", write_delete, true, "ConditionalCheckFailedException" },
    { "ConditionCheckItem", "TransactWriteItems", write_check, false,
      "TransactionCanceledException" },
};

/* `missing` grows by what the keys do not allow. false: it cannot be told, and that was told. */
static bool try_right(const struct examiner *e, const struct right *right, struct cc_buf *missing)
{
    struct dynamo_request request;
    struct cc_aws_answer answer = { .error = CC_STR_ABSENT };
    struct cc_err err = { 0 };

    if (right->names_table)
        begin(e, &request);
    else
        dynamo_request_begin(&request, e->arena);
    right->write(e, &request.w);
    if (!ask(e, right->operation, &request, &answer, &err))
        return cc_find_wrong(e->to, "rights", err.cause, "DynamoDB gives no answer: try again.");
    if (cc_aws_is_denied(answer.error))
        cc_buf_add_format(missing, "%s%s", missing->len > 0 ? ", " : "", right->name);
    else if (answer.error.at && !cc_str_eq(answer.error, cc_str_from(right->expected)))
        return cc_aws_find_refused(e->to, "rights", &answer, "DynamoDB refuses what we ask.");
    return true;
}

static bool examine_rights(const struct examiner *e)
{
    char text[256];
    struct cc_buf missing;

    cc_buf_init_fixed(&missing, text, sizeof(text));
    for (size_t i = 0; i < CC_COUNT(rights); i++) {
        if (!try_right(e, &rights[i], &missing))
            return false;
    }
    if (missing.len > 0)
        return cc_find_wrong(e->to, "rights", NULL,
                             "The credentials do not allow %.*s of dynamodb: `cloudchat aws "
                             "policy` prints what they must.",
                             CC_STR_ARG(cc_buf_str(&missing)));
    cc_find_well(e->to, "rights", "the credentials allow all that the programs ask of the table");
    return true;
}

/* --- what stands in it ------------------------------------------------------------------------ */

/* Opening an empty table would write into it; this only reads. */
static void examine_contents(const struct examiner *e, bool whole)
{
    struct dynamo_store *store = dynamo_store_make(e->config);
    struct cc_err err = { 0 };
    enum cc_code rc = dynamo_store_recognize(store, e->arena, &err);

    if (rc == CC_OK && whole)
        rc = cc_store_verify(&store->base, e->arena, &err);
    if (rc == CC_NOT_FOUND)
        cc_find_well(e->to, "contents", "nothing yet: the first start begins it");
    else if (rc != CC_OK)
        cc_find_failed(e->to, "contents", &err);
    else
        cc_find_well(e->to, "contents", "epoch %.*s; %s", CC_STR_ARG(cc_store_epoch(&store->base)),
                     whole ? "read to their end, and every item can be understood"
                           : "not read (--full reads every item, which is paid by size)");
    cc_store_close(&store->base);
}

void cc_store_examine_dynamodb(const struct cc_dynamodb_config *config, bool whole,
                               struct cc_findings *to)
{
    const struct examiner e = { config, cc_arena_new(EXAMINE_ARENA_BYTES), to };

    if (examine_table(&e)) {
        examine_expiry(&e);
        examine_recovery(&e);
        if (examine_rights(&e))
            examine_contents(&e, whole);
        else
            cc_find_unseen(to, "contents", "Not looked at: the table cannot be used.");
    } else {
        cc_find_unseen(to, "rights", "Not tried: the table cannot be used.");
    }
    cc_arena_free(e.arena);
}
