/* The table. Everything of a partition that has an mrev stands in a local secondary index with all
 * its attributes: only a local one can be read consistently, and an index of keys alone would cost
 * a read of the item for each row of a page. */
#include "dynamodb.h"

#include "../base/arena.h"
#include "../base/json.h"

#include <json-c/json.h>
#include <string.h>
#include <time.h>

#define CREATE_ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define CREATE_MS_MAX 300000
#define POLL_MS 200

/* --- what it looks like ----------------------------------------------------------------------- */

struct part {
    const char *attribute, *type; /* S, N */
};

static const struct part key_parts[] = { { "pk", "S" }, { "sk", "S" } };
static const struct part index_parts[] = { { "pk", "S" }, { DYNAMO_INDEX, "N" } };

static void put_z(struct cc_jw *w, const char *name, const char *value)
{
    cc_jw_put_str(w, name, cc_str_from(value));
}

static void write_key_schema(struct cc_jw *w, const struct part parts[2])
{
    static const char *const roles[] = { "HASH", "RANGE" };

    cc_jw_key(w, "KeySchema");
    cc_jw_array(w);
    for (size_t i = 0; i < 2; i++) {
        cc_jw_object(w);
        put_z(w, "AttributeName", parts[i].attribute);
        put_z(w, "KeyType", roles[i]);
        cc_jw_object_end(w);
    }
    cc_jw_array_end(w);
}

static void write_definitions(struct cc_jw *w)
{
    const struct part parts[] = { key_parts[0], key_parts[1], index_parts[1] };

    cc_jw_key(w, "AttributeDefinitions");
    cc_jw_array(w);
    for (size_t i = 0; i < CC_COUNT(parts); i++) {
        cc_jw_object(w);
        put_z(w, "AttributeName", parts[i].attribute);
        put_z(w, "AttributeType", parts[i].type);
        cc_jw_object_end(w);
    }
    cc_jw_array_end(w);
}

static void write_index(struct cc_jw *w)
{
    cc_jw_key(w, "LocalSecondaryIndexes");
    cc_jw_array(w);
    cc_jw_object(w);
    put_z(w, "IndexName", DYNAMO_INDEX);
    write_key_schema(w, index_parts);
    cc_jw_key(w, "Projection");
    cc_jw_object(w);
    put_z(w, "ProjectionType", "ALL");
    cc_jw_object_end(w);
    cc_jw_object_end(w);
    cc_jw_array_end(w);
}

static struct cc_str create_request(struct cc_arena *arena, struct cc_str table)
{
    struct dynamo_request request;

    dynamo_request_begin_table(&request, arena, table);
    put_z(&request.w, "BillingMode", "PAY_PER_REQUEST");
    cc_jw_put_bool(&request.w, "DeletionProtectionEnabled", true);
    write_definitions(&request.w);
    write_key_schema(&request.w, key_parts);
    write_index(&request.w);
    return dynamo_request_end(&request);
}

/* --- looking at one --------------------------------------------------------------------------- */

static const char *text_of(struct json_object *object, const char *name)
{
    const char *text = json_object_get_string(json_object_object_get(object, name));

    return text ? text : "";
}

static bool has_key(struct json_object *holder, const struct part parts[2])
{
    struct json_object *schema = json_object_object_get(holder, "KeySchema");

    if (!json_object_is_type(schema, json_type_array) || json_object_array_length(schema) != 2)
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct json_object *part = json_object_array_get_idx(schema, i);

        if (strcmp(text_of(part, "AttributeName"), parts[i].attribute) != 0 ||
            strcmp(text_of(part, "KeyType"), i == 0 ? "HASH" : "RANGE") != 0)
            return false;
    }
    return true;
}

static struct json_object *find_named(struct json_object *array, const char *by, const char *name)
{
    if (!json_object_is_type(array, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);

        if (strcmp(text_of(item, by), name) == 0)
            return item;
    }
    return NULL;
}

static bool is_defined(struct json_object *table, const struct part *part)
{
    struct json_object *definition = find_named(
        json_object_object_get(table, "AttributeDefinitions"), "AttributeName", part->attribute);

    return definition && strcmp(text_of(definition, "AttributeType"), part->type) == 0;
}

const char *dynamo_table_key_fault(struct json_object *table)
{
    if (has_key(table, key_parts) && is_defined(table, &key_parts[0]) &&
        is_defined(table, &key_parts[1]))
        return NULL;
    return "its key is not pk (S), sk (S)";
}

const char *dynamo_table_index_fault(struct json_object *table)
{
    struct json_object *index = find_named(json_object_object_get(table, "LocalSecondaryIndexes"),
                                           "IndexName", DYNAMO_INDEX);

    if (!index)
        return "it has no local secondary index mrev (pk, mrev: N) of all attributes";
    if (!has_key(index, index_parts) || !is_defined(table, &index_parts[1]))
        return "its index mrev is not one of pk (S), mrev (N)";
    if (strcmp(text_of(json_object_object_get(index, "Projection"), "ProjectionType"), "ALL") != 0)
        return "its index mrev does not have all attributes (projection ALL)";
    return NULL;
}

static enum cc_code check_shape(struct json_object *table, struct cc_str name, struct cc_err *err)
{
    const char *wrong = dynamo_table_key_fault(table);

    if (wrong == NULL)
        wrong = dynamo_table_index_fault(table);
    if (wrong == NULL)
        return CC_OK;
    return cc_fail(err, CC_INVALID,
                   "There is a table of that name, but it is none of ours: choose another name.",
                   "dynamodb: the table %.*s: %s", CC_STR_ARG(name), wrong);
}

enum state { STATE_ABSENT, STATE_MAKING, STATE_READY };

static enum cc_code judge_description(struct cc_arena *arena, const struct cc_aws_answer *answer,
                                      struct cc_str name, enum state *out, struct cc_err *err)
{
    struct json_object *object = NULL, *table;
    enum cc_code rc = cc_json_parse_own(arena, answer->body, &object, err);

    if (rc != CC_OK)
        return rc;
    table = json_object_object_get(object, "Table");
    *out = strcmp(text_of(table, "TableStatus"), "CREATING") == 0 ? STATE_MAKING : STATE_READY;
    return check_shape(table, name, err);
}

static enum cc_code describe(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                             enum state *out, struct cc_err *err)
{
    struct dynamo_request request;
    struct cc_aws_answer answer;
    enum cc_code rc;

    *out = STATE_ABSENT;
    dynamo_request_begin_table(&request, arena, table);
    rc = dynamo_call(aws, arena, "DescribeTable", CC_AWS_READS, dynamo_request_end(&request),
                     &answer, err);
    if (rc != CC_OK)
        return rc;
    if (cc_str_eq(answer.error, CC_STR("ResourceNotFoundException")))
        return CC_OK;
    if (answer.error.at)
        return dynamo_fail(&answer, "DescribeTable", err);
    return judge_description(arena, &answer, table, out, err);
}

enum cc_code dynamo_table_check(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                                struct cc_err *err)
{
    enum state state;
    enum cc_code rc = describe(aws, arena, table, &state, err);

    if (rc == CC_OK && state == STATE_ABSENT)
        return cc_fail(err, CC_INVALID,
                       "The table is not there: `cloudchat aws create-table` makes it.",
                       "dynamodb: no table %.*s", CC_STR_ARG(table));
    return rc;
}

/* --- making one ------------------------------------------------------------------------------- */

/* Another one may have made it in the meantime. */
static enum cc_code create(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                           struct cc_err *err)
{
    struct cc_aws_answer answer;
    enum cc_code rc = dynamo_call(aws, arena, "CreateTable", CC_AWS_REPEATABLE,
                                  create_request(arena, table), &answer, err);

    if (rc != CC_OK)
        return rc;
    if (answer.error.at && !cc_str_eq(answer.error, CC_STR("ResourceInUseException")))
        return dynamo_fail(&answer, "CreateTable", err);
    return CC_OK;
}

static enum cc_code wait_until_ready(struct cc_aws *aws, struct cc_arena *arena,
                                     struct cc_str table, struct cc_err *err)
{
    const int64_t deadline_ms = cc_clock_mono_ms(&cc_system_clock) + CREATE_MS_MAX;
    const struct timespec pause = { .tv_nsec = POLL_MS * 1000 * 1000 };
    enum state state;

    for (;;) {
        enum cc_code rc = describe(aws, arena, table, &state, err);

        if (rc != CC_OK || state == STATE_READY)
            return rc;
        if (cc_clock_mono_ms(&cc_system_clock) > deadline_ms)
            return cc_fail(err, CC_UNAVAILABLE, "The table is not ready yet: try again.",
                           "dynamodb: the table %.*s was not ready in time", CC_STR_ARG(table));
        nanosleep(&pause, NULL);
        cc_arena_reset(arena);
    }
}

/* A setting beside the table itself. What the service does not have is not switched on. */
static bool switch_on(struct cc_aws *aws, struct cc_arena *arena, const char *operation,
                      struct dynamo_request *request)
{
    struct cc_err ignored = { 0 };
    struct cc_aws_answer answer;

    return dynamo_call(aws, arena, operation, CC_AWS_REPEATABLE, dynamo_request_end(request),
                       &answer, &ignored) == CC_OK &&
           !answer.error.at;
}

/* To ask for what is so already is an error here. */
static bool switch_expiry_on(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table)
{
    struct cc_err ignored = { 0 };
    struct dynamo_request request;
    bool on = false;

    if (dynamo_table_ttl(aws, arena, table, &on, &ignored) == CC_OK && on)
        return true;
    dynamo_request_begin_table(&request, arena, table);
    cc_jw_key(&request.w, "TimeToLiveSpecification");
    cc_jw_object(&request.w);
    cc_jw_put_bool(&request.w, "Enabled", true);
    put_z(&request.w, "AttributeName", DYNAMO_EXPIRY);
    cc_jw_object_end(&request.w);
    return switch_on(aws, arena, "UpdateTimeToLive", &request);
}

static bool switch_recovery_on(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table)
{
    struct dynamo_request request;

    dynamo_request_begin_table(&request, arena, table);
    cc_jw_key(&request.w, "PointInTimeRecoverySpecification");
    cc_jw_object(&request.w);
    cc_jw_put_bool(&request.w, "PointInTimeRecoveryEnabled", true);
    cc_jw_object_end(&request.w);
    return switch_on(aws, arena, "UpdateContinuousBackups", &request);
}

static enum cc_code make_table(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                               struct cc_dynamodb_table *out, struct cc_err *err)
{
    enum state state;
    enum cc_code rc = describe(aws, arena, table, &state, err);

    out->created = rc == CC_OK && state == STATE_ABSENT;
    if (out->created)
        rc = create(aws, arena, table, err);
    if (rc == CC_OK)
        rc = wait_until_ready(aws, arena, table, err);
    if (rc != CC_OK)
        return rc;
    out->expiry = switch_expiry_on(aws, arena, table);
    out->recovery = switch_recovery_on(aws, arena, table);
    return CC_OK;
}

enum cc_code cc_store_create_dynamodb(struct cc_aws *aws, struct cc_str table,
                                      struct cc_dynamodb_table *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CREATE_ARENA_BYTES);
    struct cc_dynamodb_table made = { 0 };
    enum cc_code rc = make_table(aws, arena, table, &made, err);

    cc_arena_free(arena);
    if (rc == CC_OK)
        *out = made;
    return rc;
}
