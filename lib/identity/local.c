#include "local.h"

struct cc_local *cc_local_of(struct cc_identity *self)
{
    return (struct cc_local *)self;
}

bool cc_local_code_fits(const struct cc_local *local, const struct cc_proof *proof,
                        struct cc_str code)
{
    const struct cc_code_seed seed = { local->people.secret, proof->id, proof->nonce };

    return cc_one_time_code_is(&seed, code);
}

static void close_local(struct cc_identity *self)
{
    struct cc_local *local = cc_local_of(self);

    cc_keyring_close(local->ring);
    cc_people_close(&local->people);
}

/* Of a time when there was a pool. */
static enum cc_code do_no_job(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_job *job, struct cc_err *err)
{
    (void)self, (void)arena, (void)job;
    return cc_fail(err, CC_INVALID, NULL, "identity: there is no pool");
}

static const struct cc_identity_ops local_ops = {
    .sign_up = cc_local_sign_up,
    .confirm = cc_local_confirm,
    .resend = cc_local_resend,
    .sign_in = cc_local_sign_in,
    .answer = cc_local_answer,
    .refresh = cc_local_refresh,
    .sign_out = cc_local_sign_out,
    .forgot = cc_local_forgot,
    .reset = cc_local_reset,
    .change_password = cc_local_change_password,
    .rename = cc_local_rename,
    .sessions = cc_people_sessions,
    .session_end = cc_people_session_end,
    .sessions_end_others = cc_people_sessions_end_others,
    .authenticate = cc_people_authenticate,
    .jwks = cc_local_jwks,
    .send_code = cc_people_send_code,
    .do_job = do_no_job,
    .disable = cc_local_disable,
    .enable = cc_local_enable,
    .end_all = cc_local_end_all,
    .remove_begin = cc_local_remove_begin,
    .remove_end = cc_local_remove_end,
    .close = close_local,
};

static void configure(struct cc_local *local)
{
    const struct cc_identity_config *config = &local->people.config;
    struct cc_str lock =
        cc_str_format(local->people.arena, "%.*s/argon2.lock", CC_STR_ARG(config->keys));

    local->hasher = (struct cc_hasher){
        .gate = { .path = lock.at,
                  .inside = config->argon2_parallel,
                  .waiting = config->argon2_queue },
        .memory_kib = config->argon2_memory_kib,
        .passes = config->argon2_passes,
        .random = config->random,
    };
}

static enum cc_code open_ring(struct cc_local *local, struct cc_err *err)
{
    struct cc_people *people = &local->people;
    enum cc_code rc = cc_keyring_open(&people->folder, people->config.log, &local->ring, err);

    if (rc == CC_OK)
        people->keys = cc_keyring_public(local->ring);
    return rc;
}

enum cc_code cc_identity_open_local(const struct cc_identity_config *config, struct cc_store *store,
                                    struct cc_identity **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_local *local = CC_NEW(arena, struct cc_local);
    enum cc_code rc;

    local->people.base.ops = &local_ops;
    local->people.arena = arena;
    rc = cc_people_open(&local->people, config, store, err);
    if (rc == CC_OK)
        rc = open_ring(local, err);
    configure(local);
    if (rc == CC_OK)
        *out = &local->people.base;
    else
        close_local(&local->people.base);
    return rc;
}
