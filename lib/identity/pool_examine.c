#include "pool_examine.h"

#include "jwks.h"

#include "../aws/examine.h"
#include "../base/arena.h"
#include "../base/json.h"
#include "../base/jsonw.h"
#include "../net/host.h"

#include <json-c/json.h>
#include <string.h>

#define EXAMINE_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define REQUEST_BYTES_MAX ((size_t)4 * 1024)
#define DAY_S (24 * 3600)
#define REFRESH_DAYS_DEFAULT 30 /* of Cognito */

struct examiner {
    const struct cc_pool_examine *pool;
    struct cc_arena *arena;
    struct cc_findings *to;
};

/* --- asking ----------------------------------------------------------------------------------- */

static struct cc_str body_of(const struct examiner *e, bool names_client)
{
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, e->arena, REQUEST_BYTES_MAX);
    cc_jw_init(&w, &buf);
    cc_jw_object(&w);
    cc_jw_put_str(&w, "UserPoolId", e->pool->pool);
    if (names_client)
        cc_jw_put_str(&w, "ClientId", e->pool->client_id);
    cc_jw_object_end(&w);
    return cc_buf_str(&buf);
}

static bool tell_of_refusal(const struct examiner *e, const char *what, const char *operation,
                            const struct cc_aws_answer *answer)
{
    if (cc_aws_is_denied(answer->error))
        return cc_find_wrong(e->to, what, NULL,
                             "The credentials do not allow cognito-idp:%s: `cloudchat aws policy` "
                             "prints what they must.",
                             operation);
    if (!cc_str_eq(answer->error, CC_STR("ResourceNotFoundException")))
        return cc_aws_find_refused(e->to, what, answer, "Cognito does not describe it.");
    if (strcmp(what, "pool") == 0)
        return cc_find_wrong(e->to, what, NULL,
                             "There is no user pool %.*s: [cognito] pool names another, or it is "
                             "in another account.",
                             CC_STR_ARG(e->pool->pool));
    return cc_find_wrong(e->to, what, NULL,
                         "The pool has no client %.*s: [cognito] client_id names another.",
                         CC_STR_ARG(e->pool->client_id));
}

/* The member `name` of what is described; NULL: there is none, and that is told. */
static struct json_object *describe(const struct examiner *e, const char *what,
                                    const char *operation, const char *name)
{
    struct cc_aws_request call = {
        .target = cc_str_format(e->arena, "AWSCognitoIdentityProviderService.%s", operation),
        .content_type = CC_STR("application/x-amz-json-1.1"),
        .body = body_of(e, strcmp(what, "client") == 0),
        .effect = CC_AWS_READS,
    };
    struct cc_aws_answer answer = { .error = CC_STR_ABSENT };
    struct json_object *object = NULL;
    struct cc_err err = { 0 };

    if (cc_aws_ask(e->pool->aws, e->arena, &call, &answer, &err) != CC_OK) {
        cc_find_wrong(e->to, what, err.cause, "Cognito gives no answer: try again.");
        return NULL;
    }
    if (answer.error.at) {
        tell_of_refusal(e, what, operation, &answer);
        return NULL;
    }
    if (cc_json_parse_own(e->arena, answer.body, &object, &err) == CC_OK &&
        json_object_object_get_ex(object, name, &object))
        return object;
    cc_find_wrong(e->to, what, err.cause, "Cognito describes it in a way that cannot be read.");
    return NULL;
}

static const char *text_of(struct json_object *object, const char *name)
{
    const char *text = json_object_get_string(json_object_object_get(object, name));

    return text ? text : "";
}

static bool is_true(struct json_object *object, const char *name)
{
    return json_object_get_boolean(json_object_object_get(object, name));
}

static size_t length_of(struct json_object *object, const char *name)
{
    struct json_object *list = json_object_object_get(object, name);

    return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static bool lists(struct json_object *object, const char *name, const char *value)
{
    struct json_object *list = json_object_object_get(object, name);

    for (size_t i = 0; i < length_of(object, name); i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(list, i));

        if (text && strcmp(text, value) == 0)
            return true;
    }
    return false;
}

/* --- the pool --------------------------------------------------------------------------------- */

/* What it asks of everybody, and we do not give; NULL: nothing. */
static const char *foreign_attribute(struct json_object *pool)
{
    static const char *const given[] = { "sub", "name", "phone_number", "email" };
    struct json_object *list = json_object_object_get(pool, "SchemaAttributes");

    for (size_t i = 0; i < length_of(pool, "SchemaAttributes"); i++) {
        struct json_object *each = json_object_array_get_idx(list, i);
        const char *name = text_of(each, "Name");
        size_t at = 0;

        while (at < CC_COUNT(given) && strcmp(given[at], name) != 0)
            at++;
        if (is_true(each, "Required") && at == CC_COUNT(given))
            return name;
    }
    return NULL;
}

/* What lets nobody sign up, or in. */
static bool pool_can_serve(const struct examiner *e, struct json_object *pool)
{
    const char *foreign = foreign_attribute(pool);

    if (length_of(pool, "UsernameAttributes") > 0)
        return cc_find_wrong(e->to, "pool", NULL,
                             "Its people sign in by number or address (UsernameAttributes), so "
                             "that our ids are no user names there. That cannot be changed: let "
                             "[cognito] pool name another; conf/aws/template.yaml makes one.");
    if (is_true(json_object_object_get(pool, "AdminCreateUserConfig"), "AllowAdminCreateUserOnly"))
        return cc_find_wrong(e->to, "pool", NULL,
                             "Only administrators make users (AllowAdminCreateUserOnly): nobody "
                             "can sign up. Switch self-registration on.");
    if (foreign)
        return cc_find_wrong(e->to, "pool", NULL,
                             "It asks everybody for %s, which we do not know of anybody: nobody "
                             "can sign up. Let [cognito] pool name another.",
                             foreign);
    if (length_of(pool, "AutoVerifiedAttributes") == 0)
        return cc_find_wrong(e->to, "pool", NULL,
                             "It sends no codes (AutoVerifiedAttributes is empty): nobody can "
                             "confirm a sign-up. Let it verify phone_number and email.");
    return true;
}

static void tell_of_aliases(const struct examiner *e, struct json_object *pool)
{
    if (lists(pool, "AliasAttributes", "phone_number") || lists(pool, "AliasAttributes", "email"))
        cc_find_doubtful(e->to, "pool aliases",
                         "Numbers or addresses are names of users, too (AliasAttributes): whose "
                         "number another user of the pool has cannot sign up here. We need none.");
}

static void tell_of_codes(const struct examiner *e, struct json_object *pool)
{
    const bool phone = lists(pool, "AutoVerifiedAttributes", "phone_number");
    const bool email = lists(pool, "AutoVerifiedAttributes", "email");
    const char *role = text_of(json_object_object_get(pool, "SmsConfiguration"), "SnsCallerArn");

    if (phone && !role[0])
        cc_find_wrong(e->to, "pool codes", NULL,
                      "The pool has no role for SMS (SmsConfiguration): no code reaches a phone. "
                      "Give it one that may sns:Publish.");
    else if (!phone || !email)
        cc_find_doubtful(e->to, "pool codes",
                         "They go to %s alone (AutoVerifiedAttributes): who signs up otherwise "
                         "gets none.",
                         phone ? "phone numbers" : "e-mail addresses");
    else
        cc_find_well(e->to, "pool codes", "to phone numbers and e-mail addresses");
}

static void tell_of_safety(const struct examiner *e, struct json_object *pool)
{
    if (strcmp(text_of(pool, "DeletionProtection"), "ACTIVE") != 0)
        cc_find_doubtful(e->to, "pool deletion",
                         "Deletion protection is off: a slip of the hand deletes all passwords. "
                         "Switch it on.");
    if (strcmp(text_of(pool, "MfaConfiguration"), "ON") == 0)
        cc_find_doubtful(e->to, "pool MFA",
                         "A second step is required of everybody, also of those who have none "
                         "yet: they cannot sign in. Make it optional.");
}

static bool examine_pool(const struct examiner *e)
{
    struct json_object *pool = describe(e, "pool", "DescribeUserPool", "UserPool");

    if (!pool || !pool_can_serve(e, pool))
        return pool != NULL;
    cc_find_well(e->to, "pool", "%.*s (%s)", CC_STR_ARG(e->pool->pool), text_of(pool, "Name"));
    tell_of_aliases(e, pool);
    tell_of_codes(e, pool);
    tell_of_safety(e, pool);
    return true;
}

/* --- the client ------------------------------------------------------------------------------- */

static bool flows_fit(const struct examiner *e, struct json_object *client)
{
    const bool refreshes = lists(client, "ExplicitAuthFlows", "ALLOW_REFRESH_TOKEN_AUTH");

    if (!lists(client, "ExplicitAuthFlows", "ALLOW_USER_PASSWORD_AUTH"))
        return cc_find_wrong(e->to, "client", NULL,
                             "It does not allow USER_PASSWORD_AUTH: nobody can sign in. Add "
                             "ALLOW_USER_PASSWORD_AUTH to its ExplicitAuthFlows.");
    if (!e->pool->rotation && !refreshes)
        return cc_find_wrong(e->to, "client", NULL,
                             "It does not allow REFRESH_TOKEN_AUTH: sessions end with their first "
                             "access token. Add ALLOW_REFRESH_TOKEN_AUTH to its "
                             "ExplicitAuthFlows.");
    return true;
}

static bool secret_fits(const struct examiner *e, struct json_object *client)
{
    const char *theirs = text_of(client, "ClientSecret");
    const struct cc_str ours = e->pool->client_secret;

    if (ours.len == 0 && !theirs[0])
        return true;
    if (ours.len == 0)
        return cc_find_wrong(e->to, "client", NULL,
                             "It has a secret, and the configuration none: set [cognito] "
                             "client_secret, or client_secret_file.");
    if (!theirs[0])
        return cc_find_wrong(e->to, "client", NULL,
                             "It has no secret, and the configuration one: remove [cognito] "
                             "client_secret.");
    if (cc_str_eq_secret(ours, cc_str_from(theirs)))
        return true;
    return cc_find_wrong(e->to, "client", NULL,
                         "[cognito] client_secret is not the client's secret: copy it again.");
}

static bool rotation_fits(const struct examiner *e, struct json_object *client)
{
    const char *feature =
        text_of(json_object_object_get(client, "RefreshTokenRotation"), "Feature");
    const bool rotates = strcmp(feature, "ENABLED") == 0;

    if (rotates == e->pool->rotation)
        return true;
    return cc_find_wrong(e->to, "client", NULL,
                         "It %s refresh tokens, and [cognito] rotation says %s: nobody stays "
                         "signed in. Set it to %s.",
                         rotates ? "rotates" : "does not rotate", rotates ? "no" : "yes",
                         rotates ? "yes" : "no");
}

/* origin_jti, by which we know a session, stands only in tokens that can be revoked. */
static bool revokes(const struct examiner *e, struct json_object *client)
{
    if (is_true(client, "EnableTokenRevocation"))
        return true;
    return cc_find_wrong(e->to, "client", NULL,
                         "Its tokens cannot be revoked, and do not name their session: nobody can "
                         "sign in. Set EnableTokenRevocation.");
}

/* An empty list is all of them. */
static bool writes_fit(const struct examiner *e, struct json_object *client)
{
    static const char *const ours[] = { "name", "phone_number", "email" };

    for (size_t i = 0; i < CC_COUNT(ours) && length_of(client, "WriteAttributes") > 0; i++) {
        if (!lists(client, "WriteAttributes", ours[i]))
            return cc_find_wrong(e->to, "client", NULL,
                                 "It may not write %s: nobody can sign up. Add name, phone_number "
                                 "and email to its WriteAttributes.",
                                 ours[i]);
    }
    return true;
}

static int64_t seconds_in(const char *unit)
{
    if (strcmp(unit, "seconds") == 0)
        return 1;
    if (strcmp(unit, "minutes") == 0)
        return 60;
    return strcmp(unit, "hours") == 0 ? 3600 : DAY_S;
}

static void tell_of_lifetimes(const struct examiner *e, struct json_object *client)
{
    struct json_object *units = json_object_object_get(client, "TokenValidityUnits");
    const int64_t given =
        json_object_get_int64(json_object_object_get(client, "RefreshTokenValidity"));
    const int64_t lasts_s = given > 0 ? given * seconds_in(text_of(units, "RefreshToken"))
                                      : REFRESH_DAYS_DEFAULT * DAY_S;

    if (lasts_s < e->pool->session_idle_s)
        cc_find_doubtful(e->to, "client tokens",
                         "Refresh tokens last %lld days, [identity] session_idle %lld: everybody "
                         "signs in anew when the shorter one is over, however often he comes. Set "
                         "RefreshTokenValidity.",
                         (long long)(lasts_s / DAY_S),
                         (long long)(e->pool->session_idle_s / DAY_S));
}

static void tell_of_existence(const struct examiner *e, struct json_object *client)
{
    if (strcmp(text_of(client, "PreventUserExistenceErrors"), "ENABLED") != 0)
        cc_find_doubtful(e->to, "client answers",
                         "To whoever asks the pool itself, its errors tell who is in it: set "
                         "PreventUserExistenceErrors to ENABLED.");
}

/* Whoever holds a person's access token may write his number at the pool. Without a secret he can
 * then ask the pool itself for a new password, and we are never asked. */
static void tell_of_secret(const struct examiner *e)
{
    if (e->pool->client_secret.len == 0)
        cc_find_doubtful(
            e->to, "client secret",
            "The client has none: who gets hold of somebody's access token can ask the "
            "pool for a new password with it, past this service. Use a client with a "
            "secret.");
}

/* Two refreshes at once, or an answer that was lost, are no theft. */
static void tell_of_grace(const struct examiner *e, struct json_object *client)
{
    struct json_object *rotation = json_object_object_get(client, "RefreshTokenRotation");

    if (e->pool->rotation &&
        json_object_get_int64(json_object_object_get(rotation, "RetryGracePeriodSeconds")) == 0)
        cc_find_doubtful(e->to, "client rotation",
                         "A refresh whose answer is lost signs the person out: set "
                         "RetryGracePeriodSeconds to 60.");
}

static void examine_client(const struct examiner *e)
{
    struct json_object *client = describe(e, "client", "DescribeUserPoolClient", "UserPoolClient");

    if (!client || !flows_fit(e, client) || !secret_fits(e, client) || !rotation_fits(e, client) ||
        !revokes(e, client) || !writes_fit(e, client))
        return;
    cc_find_well(e->to, "client", "%.*s (%s)%s%s", CC_STR_ARG(e->pool->client_id),
                 text_of(client, "ClientName"),
                 e->pool->client_secret.len > 0 ? ", with its secret" : "",
                 e->pool->rotation ? ", rotating refresh tokens" : "");
    tell_of_lifetimes(e, client);
    tell_of_existence(e, client);
    tell_of_secret(e);
    tell_of_grace(e, client);
}

void cc_pool_examine(const struct cc_pool_examine *pool, struct cc_findings *to)
{
    const struct examiner e = { pool, cc_arena_new(EXAMINE_ARENA_BYTES), to };

    if (examine_pool(&e))
        examine_client(&e);
    else
        cc_find_unseen(to, "client", "Not looked at: the pool cannot be seen.");
    cc_arena_free(e.arena);
}

/* --- its keys --------------------------------------------------------------------------------- */

static void tell_of_keys(const struct examiner *e, struct cc_str text)
{
    const bool is_local = cc_net_host_is_loopback(cc_net_host(e->pool->keys_url));
    const struct cc_jwks_rules strict = { 0 }, lax = { .published_keys = true };
    struct cc_jwk_set keys;
    struct cc_err err = { 0 }, why = { 0 };

    if (cc_jwks_read(e->arena, text, &strict, &keys, &err) == CC_OK) {
        cc_find_well(e->to, "pool keys", "%zu for RS256, from %.*s", keys.count,
                     CC_STR_ARG(e->pool->keys_url));
        return;
    }
    if (cc_jwks_read(e->arena, text, &lax, &keys, &why) != CC_OK)
        cc_find_wrong(e->to, "pool keys", why.cause,
                      "%.*s is no set of keys that can be used: look at [cognito] pool, issuer and "
                      "endpoint.",
                      CC_STR_ARG(e->pool->keys_url));
    else if (is_local)
        cc_find_doubtful(e->to, "pool keys",
                         "%.*s signs with a key whose private half is published, as emulators do: "
                         "for trying out alone.",
                         CC_STR_ARG(e->pool->keys_url));
    else
        cc_find_wrong(e->to, "pool keys", err.cause,
                      "%.*s signs with a key whose private half is published: whoever likes to can "
                      "be anybody. It is not AWS that answers there: look at [cognito] issuer and "
                      "endpoint.",
                      CC_STR_ARG(e->pool->keys_url));
}

static const char *const advice[] = {
    [CC_NET_NAME] = "The name has no address: look at [cognito] pool and issuer.",
    [CC_NET_CONNECTION] = "Nobody answers there: look at routes and firewalls.",
    [CC_NET_TRUST] = "Its certificate is not trusted: [aws] ca_file names other authorities.",
    [CC_NET_ANSWER] = "There is no whole answer: try again.",
};

void cc_pool_keys_examine(const struct cc_pool_examine *pool, struct cc_findings *to)
{
    const struct examiner e = { pool, cc_arena_new(EXAMINE_ARENA_BYTES), to };
    const struct cc_net_request request = {
        .method = CC_STR("GET"),
        .url = pool->keys_url,
        .timeout_ms = CC_AWS_EXAMINE_MS,
        .answer_bytes_max = CC_JWKS_BYTES_MAX,
    };
    struct cc_net_answer answer;
    enum cc_net_stage stage;
    struct cc_err err = { 0 };

    if (cc_net_probe(pool->net, e.arena, &request, &answer, &stage, &err) != CC_OK)
        cc_find_wrong(to, "pool keys", err.cause, "%.*s cannot be read. %s",
                      CC_STR_ARG(pool->keys_url), advice[stage]);
    else if (answer.status != 200)
        cc_find_wrong(to, "pool keys", NULL,
                      "%.*s answers with %d: look at [cognito] pool, issuer and endpoint.",
                      CC_STR_ARG(pool->keys_url), answer.status);
    else
        tell_of_keys(&e, answer.body);
    cc_arena_free(e.arena);
}
