#include "dates.h"
#include "errors.h"
#include "source.h"
#include "xml.h"

#include "../base/arena.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/limits.h"

#include <string.h>

#include <json-c/json.h>
#include <openssl/crypto.h>

#define FILE_BYTES_MAX ((size_t)256 * 1024)
#define TOKEN_BYTES_MAX ((size_t)64 * 1024)
#define ANSWER_BYTES_MAX ((size_t)64 * 1024)

/* --- what an answer says ---------------------------------------------------------------------- */

static enum cc_code set_found(struct aws_found *out, const struct aws_found *found,
                              struct cc_str expires, struct cc_err *err)
{
    struct aws_found whole = *found;

    if (!whole.keys.id.len || !whole.keys.secret.len)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: the answer has no keys");
    if (expires.at && !aws_date_iso(expires, &whole.expires_ms))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: the answer's end is no time");
    *out = whole;
    return CC_OK;
}

/* json-c's own copy is wiped: it would stay in freed memory. */
static struct cc_str take_member(struct cc_arena *arena, struct json_object *object,
                                 const char *name)
{
    struct json_object *value = json_object_object_get(object, name);
    char *text, *copy;
    size_t len;

    if (!json_object_is_type(value, json_type_string))
        return CC_STR_ABSENT;
    text = (char *)(uintptr_t)json_object_get_string(value);
    len = (size_t)json_object_get_string_len(value);
    copy = cc_arena_alloc_secret(arena, len + 1);
    memcpy(copy, text, len);
    OPENSSL_cleanse(text, len);
    return (struct cc_str){ copy, len };
}

enum cc_code aws_keys_read_json(struct cc_arena *arena, struct cc_str text, struct aws_found *out,
                                struct cc_err *err)
{
    struct aws_found found = { .expires_ms = 0 };
    struct json_object *object;
    struct cc_str code;

    if (cc_json_parse(arena, text, &cc_json_default_limits, &object, err) != CC_OK)
        return err->code;
    if (!json_object_is_type(object, json_type_object))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: the answer is no object");
    code = take_member(arena, object, "Code");
    if (code.at && !cc_str_eq(code, CC_STR("Success")))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: %.*s", CC_STR_ARG(code));
    found.keys.id = take_member(arena, object, "AccessKeyId");
    found.keys.secret = take_member(arena, object, "SecretAccessKey");
    found.keys.token = take_member(arena, object, "Token");
    return set_found(out, &found, take_member(arena, object, "Expiration"), err);
}

enum cc_code aws_keys_read_xml(struct cc_arena *arena, struct cc_str text, struct aws_found *out,
                               struct cc_err *err)
{
    struct aws_found found = { .expires_ms = 0 };
    struct cc_str expires;
    const struct aws_xml_want wants[] = {
        { "AccessKeyId", &found.keys.id },
        { "SecretAccessKey", &found.keys.secret },
        { "SessionToken", &found.keys.token },
        { "Expiration", &expires },
    };

    if (!aws_xml_find(arena, text, wants, CC_COUNT(wants)))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: the answer is not XML");
    return set_found(out, &found, expires, err);
}

/* --- asking ----------------------------------------------------------------------------------- */

void aws_wipe(struct cc_str text)
{
    OPENSSL_cleanse((void *)(uintptr_t)text.at, text.len);
}

enum cc_code aws_source_ask(const struct aws_source *source, struct cc_arena *arena,
                            struct cc_net_request *request, struct cc_str *out, struct cc_err *err)
{
    struct cc_net_answer answer;
    struct aws_error error;
    enum cc_code rc;

    request->answer_bytes_max = ANSWER_BYTES_MAX;
    rc = cc_net_send(source->net, arena, request, &answer, err);
    if (rc != CC_OK)
        return rc;
    if (answer.status == 200) {
        *out = answer.body;
        return CC_OK;
    }
    aws_error_read(arena, &answer, &error);
    return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: %s: %d %.*s %.*s", source->name,
                   answer.status, CC_STR_ARG(error.name),
                   CC_STR_ARG(cc_str_take(error.message, 120)));
}

static void wipe(void *text)
{
    aws_wipe(*(const struct cc_str *)text);
}

/* A file's text lies in the arena as it was read, secrets and all. */
static void wipe_with(struct cc_arena *arena, struct cc_str text)
{
    struct cc_str *copy = CC_NEW(arena, struct cc_str);

    *copy = text;
    cc_arena_defer(arena, wipe, copy);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum cc_code aws_token_read(struct cc_arena *arena, const char *path, struct cc_str *out,
                            struct cc_err *err)
{
    enum cc_code rc = cc_file_read(arena, path, TOKEN_BYTES_MAX, out, err);

    if (rc != CC_OK)
        return rc;
    wipe_with(arena, *out);
    while (out->len && is_space(out->at[out->len - 1]))
        out->len--;
    return CC_OK;
}

static enum cc_code read_file(struct cc_arena *arena, const char *path, struct cc_str *out,
                              struct cc_err *err)
{
    enum cc_code rc;

    *out = CC_STR_ABSENT;
    if (!path)
        return CC_OK;
    rc = cc_file_read(arena, path, FILE_BYTES_MAX, out, err);
    if (rc == CC_OK)
        wipe_with(arena, *out);
    if (rc != CC_NOT_FOUND)
        return rc;
    cc_err_clear(err);
    return CC_OK;
}

enum cc_code aws_profile_load(const struct aws_source *source, struct cc_arena *arena,
                              struct cc_str name, struct aws_profile *out, struct cc_err *err)
{
    struct cc_str credentials, config;
    enum cc_code rc = read_file(arena, source->credentials_path, &credentials, err);

    if (rc == CC_OK)
        rc = read_file(arena, source->config_path, &config, err);
    if (rc != CC_OK)
        return rc;
    *out = (struct aws_profile){ .found = false };
    aws_profile_read(credentials, AWS_FILE_CREDENTIALS, name, out);
    aws_profile_read(config, AWS_FILE_CONFIG, name, out);
    return CC_OK;
}

enum cc_code aws_fetch_fixed(const struct aws_source *source, struct cc_arena *arena,
                             int64_t timeout_ms, struct aws_found *out, struct cc_err *err)
{
    (void)arena;
    (void)timeout_ms;
    (void)err;
    *out = source->fixed;
    return CC_OK;
}
