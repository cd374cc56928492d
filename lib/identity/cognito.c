#include "cognito.h"

#include "pool_keys.h"

#include "../base/id.h"

struct cc_cognito *cc_cognito_of(struct cc_identity *self)
{
    return (struct cc_cognito *)self;
}

struct cc_str cc_cognito_generation(const struct cc_cognito *cognito, struct cc_arena *arena)
{
    return cc_id_random(arena, cognito->people.config.random, CC_GENERATION_BYTES);
}

struct cc_str cc_cognito_nobody(const struct cc_cognito *cognito, struct cc_arena *arena,
                                const struct cc_identifier *login)
{
    return cc_people_hashed(&cognito->people, arena, "nobody", login->value);
}

enum cc_code cc_cognito_half_done(enum cc_code rc, struct cc_err *err)
{
    if (rc != CC_UNAVAILABLE && rc != CC_STORAGE_FULL)
        return rc;
    err->retry_after_s = 0;
    return err->code = CC_OUTCOME_UNKNOWN;
}

static void close_cognito(struct cc_identity *self)
{
    struct cc_people *people = cc_people_of(self);

    cc_pool_keys_close(people->keys);
    cc_people_close(people);
}

static const struct cc_identity_ops cognito_ops = {
    .sign_up = cc_cognito_sign_up,
    .confirm = cc_cognito_confirm,
    .resend = cc_cognito_resend,
    .sign_in = cc_cognito_sign_in,
    .answer = cc_cognito_answer,
    .refresh = cc_cognito_refresh,
    .sign_out = cc_cognito_sign_out,
    .forgot = cc_cognito_forgot,
    .reset = cc_cognito_reset,
    .change_password = cc_cognito_change_password,
    .rename = cc_cognito_rename,
    .sessions = cc_people_sessions,
    .session_end = cc_people_session_end,
    .sessions_end_others = cc_people_sessions_end_others,
    .authenticate = cc_people_authenticate,
    .jwks = cc_cognito_jwks,
    .send_code = cc_people_send_code,
    .do_job = cc_cognito_do_job,
    .disable = cc_cognito_disable,
    .enable = cc_cognito_enable,
    .end_all = cc_cognito_end_all,
    .remove_begin = cc_cognito_remove_begin,
    .remove_end = cc_cognito_remove_end,
    .close = close_cognito,
};

static enum cc_code open_keys(struct cc_cognito *cognito, const struct cc_cognito_config *config,
                              struct cc_err *err)
{
    const struct cc_pool_keys_config keys = {
        .folder = cognito->people.config.keys,
        .url = config->keys_url,
        .net = config->net,
        .clock = cognito->people.config.clock,
        .log = cognito->people.config.log,
    };

    return cc_pool_keys_open(&keys, &cognito->people.keys, err);
}

static void configure(struct cc_cognito *cognito, const struct cc_cognito_config *config)
{
    cognito->people.of_pool = true;
    cognito->people.tells_owners = config->tells_owners;
    cognito->existing_people = config->existing_people;
    cognito->pool = (struct cc_pool){
        .aws = config->aws,
        .id = config->pool,
        .client_id = config->client_id,
        .client_secret = config->client_secret,
        .rotates = config->rotates,
    };
}

enum cc_code cc_identity_open_cognito(const struct cc_identity_config *config,
                                      const struct cc_cognito_config *pool, struct cc_store *store,
                                      struct cc_identity **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_cognito *cognito = CC_NEW(arena, struct cc_cognito);
    struct cc_identity_config adapted = *config;
    enum cc_code rc;

    adapted.issuer = pool->issuer;
    adapted.client_id = pool->client_id;
    cognito->people.base.ops = &cognito_ops;
    cognito->people.arena = arena;
    configure(cognito, pool);
    rc = cc_people_open(&cognito->people, &adapted, store, err);
    if (rc == CC_OK)
        rc = open_keys(cognito, pool, err);
    if (rc == CC_OK)
        *out = &cognito->people.base;
    else
        close_cognito(&cognito->people.base);
    return rc;
}
