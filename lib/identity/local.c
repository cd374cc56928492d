#include "local.h"

#include "secret.h"

#include "../base/field.h"
#include "../base/id.h"

#include <stdio.h>
#include <string.h>

struct cc_local *cc_local_of(struct cc_identity *self)
{
    return (struct cc_local *)self;
}

enum cc_code cc_local_view(struct cc_local *local, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                           struct cc_err *err)
{
    enum cc_code rc = cc_store_view(local->store, arena, fn, arg, err);

    if (rc == CC_NOT_FOUND)
        cc_err_clear(err);
    return rc;
}

enum cc_code cc_local_run(struct cc_local *local, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                          struct cc_err *err)
{
    enum cc_code rc = cc_store_run(local->store, arena, fn, arg, err);

    if (rc == CC_NOT_FOUND)
        cc_err_clear(err);
    return rc;
}

int64_t cc_local_resend_after_s(const struct cc_local *local, int64_t sends)
{
    size_t step = sends < 1 ? 0 : (size_t)sends - 1;

    return local->resend_after_s[step < local->resend_steps ? step : local->resend_steps - 1];
}

struct cc_str cc_local_hashed(const struct cc_local *local, struct cc_arena *arena,
                              const char *what, struct cc_str value)
{
    const struct cc_str parts[] = { cc_str_from(what), value };

    return cc_throttle_name(arena, local->secret, parts, CC_COUNT(parts));
}

struct cc_attempt cc_local_attempt(const struct cc_local *local, struct cc_arena *arena,
                                   const struct cc_identifier *login, struct cc_str address)
{
    struct cc_str from = cc_throttle_address(arena, address);
    const struct cc_str parts[] = { CC_STR("place"), cc_str_from(login->kind), login->value, from };

    return (struct cc_attempt){
        .place = cc_throttle_name(arena, local->secret, parts, CC_COUNT(parts)),
        .account = cc_local_hashed(local, arena, login->kind, login->value),
        .address = cc_local_hashed(local, arena, "address", from),
        .wrong_day = local->config.wrong_passwords_day,
        .wrong_hour = local->config.wrong_passwords_address_hour,
        .delay_max_s = local->config.wrong_password_delay_max_s,
        .known_s = local->config.known_address_s,
    };
}

bool cc_local_code_fits(const struct cc_local *local, const struct cc_proof *proof,
                        struct cc_str code)
{
    return cc_one_time_code_is(&(struct cc_code_seed){ local->secret, proof->id, proof->nonce },
                               code);
}

static void describe(const struct cc_identity_config *config, enum cc_throttled what, size_t size,
                     char *out)
{
    switch (what) {
    case CC_THROTTLED_SIGN_UP:
        snprintf(
            out, size,
            "At most %lld sign-ups a day with one number or address, and %lld an hour from one "
            "place.",
            (long long)config->sign_up_number_day, (long long)config->sign_up_address_hour);
        break;
    case CC_THROTTLED_RESEND:
        snprintf(out, size, "A code was sent a moment ago. Another can be sent later.");
        break;
    case CC_THROTTLED_RECOVERY:
        snprintf(out, size,
                 "At most %lld recoveries a day for one number or address, and %lld an hour from "
                 "one place.",
                 (long long)config->recover_number_day, (long long)config->recover_address_hour);
        break;
    case CC_THROTTLED_PASSWORD:
        snprintf(out, size,
                 "Wrong passwords slow the next try down, by 1, 2, 4, ... seconds; at most %lld a "
                 "day, and %lld an hour from one place.",
                 (long long)config->wrong_passwords_day,
                 (long long)config->wrong_passwords_address_hour);
        break;
    }
}

enum cc_code cc_local_fail_throttled(const struct cc_local *local, enum cc_throttled what,
                                     int64_t retry_after_s, struct cc_err *err)
{
    char detail[sizeof(err->detail)] = "";

    describe(&local->config, what, sizeof(detail), detail);
    return cc_fail_retry(err, CC_TOO_MANY, (int)retry_after_s, detail, "identity: throttled");
}

enum cc_code cc_local_fail_code(struct cc_err *err)
{
    return cc_fail(err, CC_WRONG_CODE, NULL, "identity: wrong, expired, used or no code");
}

/* --- opening ---------------------------------------------------------------------------------- */

static void close_local(struct cc_identity *self)
{
    struct cc_local *local = cc_local_of(self);

    if (local->cache)
        cc_token_cache_close(local->cache);
    cc_keyring_close(local->ring);
    cc_arena_free(local->arena);
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
    .sessions = cc_local_sessions,
    .session_end = cc_local_session_end,
    .sessions_end_others = cc_local_sessions_end_others,
    .authenticate = cc_local_authenticate,
    .jwks = cc_local_jwks,
    .send_code = cc_local_send_code,
    .close = close_local,
};

static enum cc_code read_resend_steps(struct cc_local *local, struct cc_err *err)
{
    const struct cc_strs *steps = &local->config.resend_after;

    if (steps->count == 0 || steps->count > CC_RESEND_STEPS_MAX)
        return cc_fail(err, CC_INVALID, "resend_after has one to eight numbers of seconds.",
                       "identity: resend_after has %zu entries", steps->count);
    for (size_t i = 0; i < steps->count; i++)
        if (!cc_str_to_i64(steps->at[i], 0, 24 * 3600, &local->resend_after_s[i]))
            return cc_fail(err, CC_INVALID, "resend_after is a list of seconds, like 30, 60, 120.",
                           "identity: resend_after entry %zu is no number of seconds", i + 1);
    local->resend_steps = steps->count;
    return CC_OK;
}

static void configure(struct cc_local *local)
{
    const struct cc_identity_config *config = &local->config;

    local->folder = (struct cc_keys_folder){ config->keys, config->access_token_s, config->clock,
                                             config->random };
    local->rules = (struct cc_password_rules){ config->password_min, config->password_max };
    local->hasher = (struct cc_hasher){
        .gate = { .path =
                      cc_str_format(local->arena, "%.*s/argon2.lock", CC_STR_ARG(config->keys)).at,
                  .inside = config->argon2_parallel,
                  .waiting = config->argon2_queue },
        .memory_kib = config->argon2_memory_kib,
        .passes = config->argon2_passes,
        .random = config->random,
    };
}

static enum cc_code open_local(struct cc_local *local, struct cc_err *err)
{
    enum cc_code rc = read_resend_steps(local, err);

    if (rc != CC_OK)
        return rc;
    configure(local);
    rc = cc_keys_create(&local->folder, err);
    if (rc == CC_OK)
        rc = cc_keys_secret(&local->folder, local->arena, &local->secret, err);
    if (rc == CC_OK)
        rc = cc_keyring_open(&local->folder, local->config.log, &local->ring, err);
    if (rc == CC_OK)
        local->cache = cc_token_cache_open();
    return rc;
}

enum cc_code cc_identity_open_local(const struct cc_identity_config *config, struct cc_store *store,
                                    struct cc_identity **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_local *local = CC_NEW(arena, struct cc_local);
    enum cc_code rc;

    local->base.ops = &local_ops;
    local->arena = arena;
    local->config = *config;
    local->store = store;
    rc = open_local(local, err);
    if (rc == CC_OK)
        *out = &local->base;
    else
        close_local(&local->base);
    return rc;
}
