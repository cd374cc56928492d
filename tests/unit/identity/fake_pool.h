/* A user pool in a few lines: what the tests of identity/cognito need of Cognito, as AWS's
 * documentation has it, and faults wherever a test wants them. Its tokens are signed with a key of
 * the house, which it publishes as its own. */
#ifndef CC_TESTS_FAKE_POOL_H
#define CC_TESTS_FAKE_POOL_H

#include "pool_scene.h"

#include "base/id.h"
#include "identity/access_token.h"
#include "identity/keyring.h"

#include <json-c/json.h>

#define POOL_USERS_MAX 80
#define POOL_CALLS_MAX 256
#define POOL_REVOKED_MAX 8
#define POOL_CODE CC_STR("123456")
#define POOL_ISSUER CC_STR("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34e")

enum pool_fault {
    POOL_WORKS,
    POOL_THROTTLES, /* refuses, and does nothing */
    POOL_BREAKS,    /* 500, and does nothing */
    POOL_LOSES,     /* does it, and its answer gets lost */
    POOL_IS_MUTE,   /* does it, but no code is delivered */
    POOL_IS_TIRED,  /* likewise: it has sent enough today */
};

struct pool_user {
    char name[64], password[128], phone[32];
    char email[64]; /* verified */
    char said[64];  /* his name, as it was last changed */
    char sub[64];   /* as who asks for him is told; tokens say his name */
    bool is_there, is_confirmed, has_reset;
    bool is_strange; /* the address is not verified (any more) */
    bool is_over;    /* what was given to him is no longer good */
};

struct fake_pool {
    struct scene scene; /* first */
    struct cc_keys_folder folder;
    struct cc_keyring *ring;
    pthread_mutex_t mutex;
    struct pool_user users[POOL_USERS_MAX];
    const char *faulty; /* this operation has the fault */
    enum pool_fault fault;
    int fault_times; /* so often */
    char calls[POOL_CALLS_MAX][40];
    size_t call_count;
    char revoked[POOL_REVOKED_MAX][160];
    size_t revoked_count;
    bool rotates;
    const char *refused;                     /* a number that it takes for none */
    bool wants_number;                       /* of everybody who signs up */
    bool refuses_tokens;                     /* as if they were revoked, or of too narrow a scope */
    bool confirms;                           /* whoever signs up, by a trigger */
    const char *challenge;                   /* stands before every sign-in; NULL: none does */
    void (*in_between)(struct fake_pool *);  /* runs once, while a sign-in is judged */
    void (*before_code)(struct fake_pool *); /* runs once, before a code for a new password goes */
};

/* --- requests --------------------------------------------------------------------------------- */

static inline const char *pool_member(struct json_object *o, const char *name)
{
    struct json_object *inner = json_object_object_get(o, "AuthParameters");
    struct json_object *value = json_object_object_get(o, name);

    if (!value && inner)
        value = json_object_object_get(inner, name);
    return value ? json_object_get_string(value) : "";
}

static inline struct pool_user *pool_find(struct fake_pool *p, const char *name)
{
    for (size_t i = 0; i < POOL_USERS_MAX; i++)
        if (p->users[i].is_there && strcmp(p->users[i].name, name) == 0)
            return &p->users[i];
    return NULL;
}

static inline size_t pool_people(struct fake_pool *p)
{
    size_t count = 0;

    for (size_t i = 0; i < POOL_USERS_MAX; i++)
        count += p->users[i].is_there;
    return count;
}

static inline size_t pool_calls(struct fake_pool *p, const char *operation)
{
    size_t count = 0;

    for (size_t i = 0; i < p->call_count; i++)
        count += strcmp(p->calls[i], operation) == 0;
    return count;
}

/* "refresh.<session>.<user>": so it needs to remember nothing. */
static inline struct cc_str pool_tokens(struct fake_pool *p, struct cc_arena *arena,
                                        const char *user, struct cc_str session, bool with_refresh)
{
    const struct cc_clock *clock = &p->scene.house.clock.base;
    const int64_t now_s = cc_clock_wall_ms(clock) / 1000;
    const struct cc_access_token_rules rules = { .issuer = POOL_ISSUER,
                                                 .client_id = CC_STR("client"),
                                                 .now_s = now_s };
    const struct cc_claims claims = { .user = cc_str_from(user),
                                      .session = session,
                                      .token = cc_id_random(arena, &cc_system_random, 16),
                                      .event = CC_STR("event"),
                                      .signed_in_s = now_s,
                                      .issued_s = now_s,
                                      .expires_s = now_s + 900 };
    struct cc_err err = { 0 };
    struct cc_str token, refresh = CC_STR("");

    ck_assert_int_eq(cc_access_token_sign(arena, p->ring, &rules, &claims, &token, &err), CC_OK);
    if (with_refresh)
        refresh = cc_str_format(arena, "\"RefreshToken\":\"refresh.%.*s.%s\",", CC_STR_ARG(session),
                                user);
    return cc_str_format(arena,
                         "{\"AuthenticationResult\":{\"AccessToken\":\"%.*s\",%.*s"
                         "\"ExpiresIn\":900,\"TokenType\":\"Bearer\"}}",
                         CC_STR_ARG(token), CC_STR_ARG(refresh));
}

#define POOL_ERROR(name_, message_)                                                                \
    CC_STR("{\"__type\":\"" name_ "\",\"message\":\"" message_ "\"}")
#define POOL_DONE CC_STR("{}")

static inline const char *pool_attribute(struct json_object *attributes, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(attributes); i++) {
        struct json_object *pair = json_object_array_get_idx(attributes, i);

        if (strcmp(pool_member(pair, "Name"), name) == 0)
            return pool_member(pair, "Value");
    }
    return "";
}

static inline struct cc_str pool_sign_up(struct fake_pool *p, struct json_object *in)
{
    struct json_object *attributes = json_object_object_get(in, "UserAttributes");
    struct pool_user *user = p->users;
    const char *number = pool_attribute(attributes, "phone_number");

    if (pool_find(p, pool_member(in, "Username")))
        return POOL_ERROR("UsernameExistsException", "User already exists");
    if (p->refused && strcmp(number, p->refused) == 0)
        return POOL_ERROR("InvalidParameterException", "Invalid phone number format.");
    if (p->wants_number && !number[0])
        return POOL_ERROR("InvalidParameterException",
                          "Attributes did not conform to the schema: phone_number: The attribute "
                          "is required");
    while (user->is_there)
        user++;
    *user = (struct pool_user){ .is_there = true };
    snprintf(user->name, sizeof(user->name), "%s", pool_member(in, "Username"));
    snprintf(user->sub, sizeof(user->sub), "%s", user->name);
    snprintf(user->password, sizeof(user->password), "%s", pool_member(in, "Password"));
    snprintf(user->phone, sizeof(user->phone), "%s", number);
    snprintf(user->email, sizeof(user->email), "%s", pool_attribute(attributes, "email"));
    user->is_confirmed = p->confirms;
    return p->confirms ? CC_STR("{\"UserConfirmed\":true}") : POOL_DONE;
}

static inline bool pool_code_fits(struct json_object *in)
{
    return cc_str_eq(cc_str_from(pool_member(in, "ConfirmationCode")), POOL_CODE);
}

/* As the counterpart does, and not AWS: a user without an address has this code as well. */
static inline struct cc_str pool_confirm(struct fake_pool *p, struct json_object *in)
{
    struct pool_user *user = pool_find(p, pool_member(in, "Username"));

    if (!user)
        return POOL_ERROR("UserNotFoundException", "Username/client id combination not found.");
    if (user->is_confirmed)
        return POOL_ERROR("NotAuthorizedException",
                          "User cannot be confirmed. Current status is CONFIRMED");
    if (!pool_code_fits(in))
        return POOL_ERROR("CodeMismatchException", "Invalid verification code");
    user->is_confirmed = true;
    return POOL_DONE;
}

static inline struct cc_str pool_refresh(struct fake_pool *p, struct cc_arena *arena,
                                         const char *token)
{
    struct cc_str rest = cc_str_from(token);
    struct cc_str session;
    struct pool_user *user;

    (void)cc_str_cut(&rest, '.');
    session = cc_str_cut(&rest, '.');
    user = pool_find(p, cc_str_z(arena, rest));
    for (size_t i = 0; i < p->revoked_count; i++)
        if (strcmp(p->revoked[i], token) == 0)
            user = NULL;
    if (!user || user->is_over)
        return POOL_ERROR("NotAuthorizedException", "Refresh Token has been revoked");
    return pool_tokens(p, arena, user->name, session, p->rotates);
}

static inline struct cc_str pool_auth(struct fake_pool *p, struct cc_arena *arena,
                                      struct json_object *in)
{
    struct pool_user *user = pool_find(p, pool_member(in, "USERNAME"));
    void (*in_between)(struct fake_pool *) = p->in_between;

    if (strcmp(pool_member(in, "AuthFlow"), "REFRESH_TOKEN_AUTH") == 0)
        return pool_refresh(p, arena, pool_member(in, "REFRESH_TOKEN"));
    if (!user || strcmp(user->password, pool_member(in, "PASSWORD")) != 0)
        return POOL_ERROR("NotAuthorizedException", "Incorrect username or password.");
    if (!user->is_confirmed)
        return POOL_ERROR("UserNotConfirmedException", "User is not confirmed.");
    user->is_over = false;
    p->in_between = NULL;
    if (in_between)
        in_between(p);
    if (p->challenge)
        return cc_str_format(arena, "{\"ChallengeName\":\"%s\",\"Session\":\"%s\"}", p->challenge,
                             user->name);
    return pool_tokens(p, arena, user->name, cc_id_random(arena, &cc_system_random, 16), true);
}

/* To the phone, if there is one. */
static inline struct cc_str pool_forgot(struct fake_pool *p, struct cc_arena *arena,
                                        struct pool_user *user)
{
    void (*before_code)(struct fake_pool *) = p->before_code;

    p->before_code = NULL;
    if (before_code)
        before_code(p);
    if (user)
        user->has_reset = true;
    return cc_str_format(arena, "{\"CodeDeliveryDetails\":{\"AttributeName\":\"%s\"}}",
                         user && !user->phone[0] ? "email" : "phone_number");
}

static inline struct cc_str pool_reset(struct fake_pool *p, struct json_object *in)
{
    struct pool_user *user = pool_find(p, pool_member(in, "Username"));

    if (!user || !user->has_reset)
        return POOL_ERROR("ExpiredCodeException", "request a code again.");
    if (!pool_code_fits(in))
        return POOL_ERROR("CodeMismatchException", "Invalid verification code");
    user->has_reset = false;
    snprintf(user->password, sizeof(user->password), "%s", pool_member(in, "Password"));
    return POOL_DONE;
}

/* Tokens name no user to this pool: the tests have one who does what he does by his. */
static inline struct cc_str pool_change(struct fake_pool *p, struct json_object *in)
{
    struct pool_user *user = p->users;

    if (strcmp(user->password, pool_member(in, "PreviousPassword")) != 0)
        return POOL_ERROR("NotAuthorizedException", "Incorrect username or password.");
    snprintf(user->password, sizeof(user->password), "%s", pool_member(in, "ProposedPassword"));
    return POOL_DONE;
}

static inline struct cc_str pool_sign_out(struct fake_pool *p)
{
    if (p->refuses_tokens)
        return POOL_ERROR("NotAuthorizedException", "Access Token has been revoked");
    p->users[0].is_over = true;
    return POOL_DONE;
}

static inline struct cc_str pool_rename(struct fake_pool *p, struct json_object *in)
{
    struct json_object *pair =
        json_object_array_get_idx(json_object_object_get(in, "UserAttributes"), 0);

    if (p->refuses_tokens)
        return POOL_ERROR("NotAuthorizedException", "Access Token does not have required scopes");
    ck_assert_str_eq(pool_member(pair, "Name"), "name");
    snprintf(p->users[0].said, sizeof(p->users[0].said), "%s", pool_member(pair, "Value"));
    return POOL_DONE;
}

/* Confirming proves the address that the code went to. */
static inline struct cc_str pool_describe(struct cc_arena *arena, const struct pool_user *user)
{
    return cc_str_format(
        arena,
        "{\"Username\":\"%s\",\"UserStatus\":\"%s\",\"Enabled\":true,\"UserAttributes\":["
        "{\"Name\":\"sub\",\"Value\":\"%s\"},"
        "{\"Name\":\"email\",\"Value\":\"%s\"},"
        "{\"Name\":\"email_verified\",\"Value\":\"%s\"},"
        "{\"Name\":\"phone_number\",\"Value\":\"%s\"},"
        "{\"Name\":\"phone_number_verified\",\"Value\":\"%s\"}]}",
        user->name, user->is_confirmed ? "CONFIRMED" : "UNCONFIRMED", user->sub, user->email,
        user->email[0] ? "true" : "false", user->phone,
        user->phone[0] && user->is_confirmed && !user->is_strange ? "true" : "false");
}

static inline struct cc_str pool_admin(struct fake_pool *p, struct cc_arena *arena,
                                       const char *name, struct json_object *in)
{
    struct pool_user *user = pool_find(p, pool_member(in, "Username"));

    if (!user)
        return POOL_ERROR("UserNotFoundException", "User does not exist.");
    if (strcmp(name, "AdminDeleteUser") == 0)
        user->is_there = false;
    if (strcmp(name, "AdminUserGlobalSignOut") == 0)
        user->is_over = true;
    return strcmp(name, "AdminGetUser") == 0 ? pool_describe(arena, user) : POOL_DONE;
}

static inline struct cc_str pool_do(struct fake_pool *p, struct cc_arena *arena, const char *name,
                                    struct json_object *in)
{
    struct pool_user *user = pool_find(p, pool_member(in, "Username"));

    if (strcmp(name, "SignUp") == 0)
        return pool_sign_up(p, in);
    if (strcmp(name, "ConfirmSignUp") == 0)
        return pool_confirm(p, in);
    if (strcmp(name, "InitiateAuth") == 0)
        return pool_auth(p, arena, in);
    if (strcmp(name, "GetTokensFromRefreshToken") == 0)
        return pool_refresh(p, arena, pool_member(in, "RefreshToken"));
    if (strcmp(name, "ConfirmForgotPassword") == 0)
        return pool_reset(p, in);
    if (strcmp(name, "ChangePassword") == 0)
        return pool_change(p, in);
    if (strcmp(name, "ForgotPassword") == 0)
        return pool_forgot(p, arena, user);
    if (strcmp(name, "GlobalSignOut") == 0)
        return pool_sign_out(p);
    if (strcmp(name, "UpdateUserAttributes") == 0)
        return pool_rename(p, in);
    if (strcmp(name, "RevokeToken") == 0 && p->revoked_count < POOL_REVOKED_MAX)
        snprintf(p->revoked[p->revoked_count++], sizeof(p->revoked[0]), "%s",
                 pool_member(in, "Token"));
    return strncmp(name, "Admin", 5) == 0 ? pool_admin(p, arena, name, in) : POOL_DONE;
}

/* --- the server ------------------------------------------------------------------------------- */

static inline bool pool_has_fault(struct fake_pool *p, const char *name)
{
    if (!p->faulty || strcmp(p->faulty, name) != 0 || p->fault_times == 0)
        return false;
    p->fault_times--;
    return true;
}

static inline bool pool_answer(struct fake_pool *p, struct fake_peer *peer, struct cc_arena *arena,
                               const char *name, struct cc_str body)
{
    struct json_object *in = json_tokener_parse(cc_str_z(arena, body));
    enum pool_fault fault = pool_has_fault(p, name) ? p->fault : POOL_WORKS;
    struct cc_str text = CC_STR("");

    if (p->call_count < POOL_CALLS_MAX)
        snprintf(p->calls[p->call_count++], sizeof(p->calls[0]), "%s", name);
    if (fault == POOL_WORKS || fault == POOL_LOSES || fault >= POOL_IS_MUTE)
        text = pool_do(p, arena, name, in);
    json_object_put(in);
    if (fault == POOL_IS_MUTE)
        text = POOL_ERROR("CodeDeliveryFailureException", "Failed to deliver");
    if (fault == POOL_IS_TIRED)
        text = POOL_ERROR("LimitExceededException", "Exceeded daily email limit");
    if (fault == POOL_THROTTLES)
        return fake_reply(peer, "400 Bad Request", "",
                          POOL_ERROR("TooManyRequestsException", "Rate exceeded"));
    if (fault == POOL_BREAKS)
        return fake_reply(peer, "500 Internal Server Error", "",
                          POOL_ERROR("InternalErrorException", "x"));
    if (fault == POOL_LOSES) {
        fake_reset(peer);
        return false;
    }
    return fake_reply(
        peer, cc_str_starts(text, CC_STR("{\"__type\"")) ? "400 Bad Request" : "200 OK", "", text);
}

static inline bool pool_serve(struct fake_http *http, struct fake_peer *peer,
                              const struct fake_request *request)
{
    struct fake_pool *p = http->arg;
    struct cc_arena *arena = cc_arena_new((size_t)1 << 20);
    struct cc_str name = fake_header(request, "X-Amz-Target");
    struct cc_jwks jwks;
    bool stays;

    pthread_mutex_lock(&p->mutex);
    if (name.at) {
        (void)cc_str_cut(&name, '.');
        stays = pool_answer(p, peer, arena, cc_str_z(arena, name), request->body);
    } else {
        cc_keyring_jwks(p->ring, arena, &jwks);
        stays = fake_reply(peer, "200 OK", "", jwks.json);
    }
    pthread_mutex_unlock(&p->mutex);
    cc_arena_free(arena);
    return stays;
}

/* The next so many requests for this operation have the fault. */
static inline void pool_fails(struct fake_pool *p, const char *operation, enum pool_fault fault,
                              int times)
{
    pthread_mutex_lock(&p->mutex);
    p->faulty = operation;
    p->fault = fault;
    p->fault_times = times;
    pthread_mutex_unlock(&p->mutex);
}

static inline void pool_open(struct fake_pool *p, bool rotates)
{
    struct house *h = &p->scene.house;
    struct cc_cognito_config config;

    *p = (struct fake_pool){ .rotates = rotates };
    pthread_mutex_init(&p->mutex, NULL);
    house_open(h);
    cc_identity_close(h->identity);
    p->folder = (struct cc_keys_folder){ h->config.keys, 900, &h->clock.base, &cc_system_random };
    ck_assert_int_eq(cc_keyring_open(&p->folder, &h->log, &p->ring, &h->err), CC_OK);
    scene_open(&p->scene, pool_serve, p);
    config = (struct cc_cognito_config){
        .aws = p->scene.aws,
        .net = p->scene.net,
        .pool = CC_STR("eu-central-1_Ab12Cd34e"),
        .client_id = CC_STR("client"),
        .issuer = POOL_ISSUER,
        .keys_url = cc_str_format(h->arena, "%s/.well-known/jwks.json", p->scene.http.url),
        .rotates = rotates,
        .tells_owners = true,
    };
    ck_assert_msg(cc_identity_open_cognito(&h->config, &config, h->store, &h->identity, &h->err) ==
                      CC_OK,
                  "%s", h->err.cause);
}

static inline void pool_close(struct fake_pool *p)
{
    struct cc_identity *identity = p->scene.house.identity;

    cc_identity_close(identity);
    p->scene.house.identity = NULL;
    scene_close(&p->scene);
    cc_keyring_close(p->ring);
    pthread_mutex_destroy(&p->mutex);
    house_close(&p->scene.house);
}

#endif
