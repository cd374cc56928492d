#include "people.h"

#include <stdio.h>

struct cc_people *cc_people_of(struct cc_identity *self)
{
    return (struct cc_people *)self;
}

enum cc_code cc_people_view(struct cc_people *people, struct cc_arena *arena, cc_txn_fn *fn,
                            void *arg, struct cc_err *err)
{
    enum cc_code rc = cc_store_view(people->store, arena, fn, arg, err);

    if (rc == CC_NOT_FOUND)
        cc_err_clear(err);
    return rc;
}

enum cc_code cc_people_run(struct cc_people *people, struct cc_arena *arena, cc_txn_fn *fn,
                           void *arg, struct cc_err *err)
{
    enum cc_code rc = cc_store_run(people->store, arena, fn, arg, err);

    if (rc == CC_NOT_FOUND)
        cc_err_clear(err);
    return rc;
}

void cc_people_run_aside(struct cc_people *people, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                         const char *what)
{
    struct cc_err err = { 0 };
    enum cc_code rc = cc_people_run(people, arena, fn, arg, &err);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        cc_log_warn(people->config.log, what, CC_LOG_Z("cause", err.cause));
}

int64_t cc_people_resend_after_s(const struct cc_people *people, int64_t sends)
{
    size_t step = sends < 1 ? 0 : (size_t)sends - 1;

    return people->resend_after_s[step < people->resend_steps ? step : people->resend_steps - 1];
}

struct cc_str cc_people_hashed(const struct cc_people *people, struct cc_arena *arena,
                               const char *what, struct cc_str value)
{
    const struct cc_str parts[] = { cc_str_from(what), value };

    return cc_throttle_name(arena, people->secret, parts, CC_COUNT(parts));
}

struct cc_attempt cc_people_attempt(const struct cc_people *people, struct cc_arena *arena,
                                    const struct cc_identifier *login, struct cc_str address)
{
    struct cc_str from = cc_throttle_address(arena, address);
    const struct cc_str parts[] = { CC_STR("place"), cc_str_from(login->kind), login->value, from };

    return (struct cc_attempt){
        .place = cc_throttle_name(arena, people->secret, parts, CC_COUNT(parts)),
        .account = cc_people_hashed(people, arena, login->kind, login->value),
        .address = cc_people_hashed(people, arena, "address", from),
        .wrong_day = people->config.wrong_passwords_day,
        .wrong_hour = people->config.wrong_passwords_address_hour,
        .delay_max_s = people->config.wrong_password_delay_max_s,
        .known_s = people->config.known_address_s,
    };
}

struct cc_budget_use cc_people_budget(const struct cc_people *people, struct cc_arena *arena,
                                      const struct cc_identifier *login, struct cc_str address)
{
    return (struct cc_budget_use){
        .kind = login->kind,
        .number = cc_people_hashed(people, arena, login->kind, login->value),
        .address = cc_people_hashed(people, arena, "address", cc_throttle_address(arena, address)),
    };
}

enum cc_code cc_people_budget_judge(const struct cc_people *people, const struct cc_budget_use *use,
                                    struct cc_err *err)
{
    if (use->retry_after_s > 0)
        return cc_budget_fail(&people->config.budget, use, err);
    cc_budget_note(&people->config.budget, use, people->config.log);
    return CC_OK;
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

enum cc_code cc_people_fail_throttled(const struct cc_people *people, enum cc_throttled what,
                                      int64_t retry_after_s, struct cc_err *err)
{
    char detail[sizeof(err->detail)] = "";

    describe(&people->config, what, sizeof(detail), detail);
    return cc_fail_retry(err, CC_TOO_MANY, (int)retry_after_s, detail, "identity: throttled");
}

enum cc_code cc_people_fail_code(struct cc_err *err)
{
    return cc_fail(err, CC_WRONG_CODE, NULL, "identity: wrong, expired, used or no code");
}

enum cc_code cc_people_fail_credentials(struct cc_err *err)
{
    return cc_fail(err, CC_WRONG_CREDENTIALS, NULL, "identity: wrong number or password");
}

enum cc_code cc_people_fail_refresh(struct cc_err *err, const char *why)
{
    return cc_fail(err, CC_UNAUTHORIZED, "This session is over: sign in again.",
                   "refresh token: %s", why);
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum cc_code read_resend_steps(struct cc_people *people, struct cc_err *err)
{
    const struct cc_strs *steps = &people->config.resend_after;

    if (steps->count == 0 || steps->count > CC_RESEND_STEPS_MAX)
        return cc_fail(err, CC_INVALID, "resend_after has one to eight numbers of seconds.",
                       "identity: resend_after has %zu entries", steps->count);
    for (size_t i = 0; i < steps->count; i++)
        if (!cc_str_to_i64(steps->at[i], 0, 24 * 3600, &people->resend_after_s[i]))
            return cc_fail(err, CC_INVALID, "resend_after is a list of seconds, like 30, 60, 120.",
                           "identity: resend_after entry %zu is no number of seconds", i + 1);
    people->resend_steps = steps->count;
    return CC_OK;
}

enum cc_code cc_people_open(struct cc_people *people, const struct cc_identity_config *config,
                            struct cc_store *store, struct cc_err *err)
{
    enum cc_code rc;

    people->config = *config;
    people->store = store;
    people->folder = (struct cc_keys_folder){ config->keys, config->access_token_s, config->clock,
                                              config->random };
    people->rules = (struct cc_password_rules){ config->password_min, config->password_max };
    rc = read_resend_steps(people, err);
    if (rc == CC_OK)
        rc = cc_keys_create(&people->folder, err);
    if (rc == CC_OK)
        rc = cc_keys_secret(&people->folder, people->arena, &people->secret, err);
    if (rc == CC_OK)
        people->cache = cc_token_cache_open();
    return rc;
}

void cc_people_close(struct cc_people *people)
{
    if (people->cache)
        cc_token_cache_close(people->cache);
    cc_arena_free(people->arena);
}
