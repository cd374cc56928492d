#include "source.h"

#include "../base/arena.h"
#include "../base/encode.h"

#include <string.h>

/* Keys for a role: from STS, by a token of somebody whom AWS trusts (web identity), or by other
 * keys. */
struct role {
    struct cc_str arn, session, external_id;
};

/* The fields of a form (application/x-www-form-urlencoded); absent ones are left out. */
static struct cc_str form_of(struct cc_arena *arena, const struct cc_net_header *fields,
                             size_t count)
{
    struct cc_net_header *given = CC_NEW_ARRAY(arena, struct cc_net_header, count);
    struct cc_net_headers pairs = { given, 0 };

    for (size_t i = 0; i < count; i++) {
        if (fields[i].value.at)
            given[pairs.count++] = fields[i];
    }
    return cc_sigv4_query(arena, &pairs);
}

static const struct cc_net_header form_type = { { "Content-Type", 12 },
                                                { "application/x-www-form-urlencoded", 33 } };

static enum cc_code read_answer(const struct aws_source *source, struct cc_arena *arena,
                                struct cc_net_request *request, struct aws_found *out,
                                struct cc_err *err)
{
    struct cc_str text;
    enum cc_code rc = aws_source_ask(source, arena, request, &text, err);

    if (rc != CC_OK)
        return rc;
    rc = aws_keys_read_xml(arena, text, out, err);
    aws_wipe(text);
    return rc;
}

static enum cc_code by_token(const struct aws_source *source, struct cc_arena *arena,
                             const struct role *role, const char *token_path, int64_t timeout_ms,
                             struct aws_found *out, struct cc_err *err)
{
    struct cc_net_header fields[] = {
        { CC_STR("Action"), CC_STR("AssumeRoleWithWebIdentity") },
        { CC_STR("Version"), CC_STR("2011-06-15") },
        { CC_STR("RoleArn"), role->arn },
        { CC_STR("RoleSessionName"), role->session },
        { CC_STR("WebIdentityToken"), CC_STR_ABSENT },
    };
    struct cc_net_request request = {
        .method = CC_STR("POST"),
        .url = CC_JOIN(arena, source->sts_url, CC_STR("/")),
        .headers = { &form_type, 1 },
        .timeout_ms = timeout_ms,
    };
    enum cc_code rc = aws_token_read(arena, token_path, &fields[4].value, err);

    if (rc != CC_OK)
        return rc;
    request.body = form_of(arena, fields, CC_COUNT(fields));
    rc = read_answer(source, arena, &request, out, err);
    aws_wipe(request.body);
    return rc;
}

static void sign(const struct aws_source *source, struct cc_arena *arena,
                 const struct cc_aws_keys *keys, struct cc_net_request *request)
{
    const struct cc_sigv4_request plain = {
        .method = request->method,
        .path = CC_STR("/"),
        .headers = request->headers,
        .body = request->body,
        .region = source->region,
        .service = CC_STR("sts"),
        .wall_ms = cc_clock_wall_ms(source->clock),
    };
    struct cc_sigv4_key *key = cc_arena_alloc_secret(arena, sizeof(*key));
    struct cc_net_header *headers;
    struct cc_sigv4 made;

    cc_sigv4_derive(arena, keys->secret, plain.region, plain.service, plain.wall_ms, key);
    cc_sigv4_sign(arena, &plain, keys, key, &made);
    headers = CC_NEW_ARRAY(arena, struct cc_net_header, plain.headers.count + made.added_count);
    memcpy(headers, plain.headers.at, plain.headers.count * sizeof(*headers));
    memcpy(headers + plain.headers.count, made.added, made.added_count * sizeof(*headers));
    request->headers = (struct cc_net_headers){ headers, plain.headers.count + made.added_count };
}

static enum cc_code by_keys(const struct aws_source *source, struct cc_arena *arena,
                            const struct role *role, const struct cc_aws_keys *keys,
                            int64_t timeout_ms, struct aws_found *out, struct cc_err *err)
{
    const struct cc_net_header fields[] = {
        { CC_STR("Action"), CC_STR("AssumeRole") },
        { CC_STR("Version"), CC_STR("2011-06-15") },
        { CC_STR("RoleArn"), role->arn },
        { CC_STR("RoleSessionName"), role->session },
        { CC_STR("ExternalId"), role->external_id },
    };
    struct cc_str host = cc_str_skip(source->sts_url, cc_str_find(source->sts_url, ':') + 3);
    const struct cc_net_header headers[] = { form_type, { CC_STR("Host"), host } };
    struct cc_net_request request = {
        .method = CC_STR("POST"),
        .url = CC_JOIN(arena, source->sts_url, CC_STR("/")),
        .headers = { headers, CC_COUNT(headers) },
        .body = form_of(arena, fields, CC_COUNT(fields)),
        .timeout_ms = timeout_ms,
    };

    sign(source, arena, keys, &request);
    return read_answer(source, arena, &request, out, err);
}

enum cc_code aws_fetch_web_identity(const struct aws_source *source, struct cc_arena *arena,
                                    int64_t timeout_ms, struct aws_found *out, struct cc_err *err)
{
    const struct role role = { source->role_arn, source->role_session, CC_STR_ABSENT };

    return by_token(source, arena, &role, source->token_path, timeout_ms, out, err);
}

static struct cc_aws_keys keys_of(const struct aws_profile *profile)
{
    return (struct cc_aws_keys){ profile->access_key_id, profile->secret_access_key,
                                 profile->session_token };
}

/* A profile may be its own source. */
enum cc_code aws_source_profile_keys(const struct aws_source *source, struct cc_arena *arena,
                                     const struct aws_profile *profile, struct cc_aws_keys *out,
                                     struct cc_err *err)
{
    const struct cc_str name = profile->source_profile;
    struct aws_profile from;
    enum cc_code rc = aws_profile_load(source, arena, name, &from, err);

    if (rc != CC_OK)
        return rc;
    if (from.role_arn.at && !cc_str_eq(name, source->profile))
        return cc_fail(err, CC_INVALID,
                       "The source_profile of AWS's profile is a role itself: one role by way of "
                       "another is not supported.",
                       "aws credentials: source_profile %.*s is a role", CC_STR_ARG(name));
    if (!from.access_key_id.at || !from.secret_access_key.at)
        return cc_fail(err, CC_INVALID,
                       "The source_profile of AWS's profile is not there, or has no keys.",
                       "aws credentials: source_profile %.*s has no keys", CC_STR_ARG(name));
    *out = keys_of(&from);
    return CC_OK;
}

static enum cc_code fetch_role(const struct aws_source *source, struct cc_arena *arena,
                               const struct aws_profile *profile, int64_t timeout_ms,
                               struct aws_found *out, struct cc_err *err)
{
    const struct role role = {
        profile->role_arn,
        profile->role_session_name.at ? profile->role_session_name : source->role_session,
        profile->external_id,
    };
    struct cc_aws_keys keys;
    enum cc_code rc;

    if (profile->web_identity_token_file.at)
        return by_token(source, arena, &role, cc_str_z(arena, profile->web_identity_token_file),
                        timeout_ms, out, err);
    rc = aws_source_profile_keys(source, arena, profile, &keys, err);
    return rc == CC_OK ? by_keys(source, arena, &role, &keys, timeout_ms, out, err) : rc;
}

enum cc_code aws_fetch_profile(const struct aws_source *source, struct cc_arena *arena,
                               int64_t timeout_ms, struct aws_found *out, struct cc_err *err)
{
    struct aws_profile profile;
    enum cc_code rc = aws_profile_load(source, arena, source->profile, &profile, err);

    if (rc != CC_OK)
        return rc;
    if (profile.role_arn.at)
        return fetch_role(source, arena, &profile, timeout_ms, out, err);
    if (!profile.access_key_id.at || !profile.secret_access_key.at)
        return cc_fail(err, CC_INVALID, NULL, "aws credentials: %s has no keys", source->name);
    *out = (struct aws_found){ .keys = keys_of(&profile) };
    return CC_OK;
}
