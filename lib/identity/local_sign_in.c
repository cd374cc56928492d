#include "local.h"

#include "../base/id.h"

#define SESSION_ID_BYTES 16
#define TIMES_MAX 3

static enum cc_code check_password(struct cc_local *local, struct cc_arena *arena,
                                   struct cc_str password, struct cc_signing_in *run, bool *matches,
                                   struct cc_err *err)
{
    const struct cc_hasher *hasher = &local->hasher;
    struct cc_str normal = cc_password_normal(arena, password);
    const struct cc_str hash = run->credential.hash;
    enum cc_code rc = cc_password_verify(hasher, arena, normal, hash, matches, err);

    *matches = *matches && cc_people_may_sign_in(run);
    run->new_hash = hash;
    if (rc == CC_OK && *matches && !cc_password_is_current(hasher, hash))
        rc = cc_password_hash(hasher, arena, normal, &run->new_hash, err);
    return rc;
}

static enum cc_code try_password(struct cc_local *local, struct cc_arena *arena,
                                 struct cc_str password, struct cc_signing_in *run,
                                 struct cc_err *err)
{
    bool matches = false;
    enum cc_code rc = cc_people_sign_in_look(arena, run, err);

    if (rc == CC_OK)
        rc = check_password(local, arena, password, run, &matches, err);
    if (rc != CC_OK)
        return rc;
    if (matches)
        return cc_people_sign_in_open(arena, run, err);
    rc = cc_people_sign_in_wrong(arena, run, err);
    return rc == CC_OK ? cc_people_fail_credentials(err) : rc;
}

/* A neighbour who signs in may have hashed the same password anew meanwhile: look again. */
static enum cc_code sign_in(struct cc_local *local, struct cc_arena *arena, struct cc_str password,
                            struct cc_signing_in *run, struct cc_err *err)
{
    enum cc_code rc;
    int times = 0;

    do {
        rc = try_password(local, arena, password, run, err);
    } while (rc == CC_OK && run->is_stale && ++times < TIMES_MAX);
    return rc == CC_OK && run->is_stale ? cc_people_fail_credentials(err) : rc;
}

enum cc_code cc_local_sign_in(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_sign_in *in, struct cc_signed_in *out,
                              struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct cc_signing_in run;
    struct cc_principal who;
    enum cc_code rc = cc_people_sign_in_check(&local->people, arena, in, &run, err);

    if (rc != CC_OK)
        return rc;
    run.session.id = cc_id_random(arena, local->people.config.random, SESSION_ID_BYTES);
    rc = sign_in(local, arena, in->password, &run, err);
    if (rc != CC_OK)
        return rc;
    who = (struct cc_principal){ run.user, run.session.id };
    *out = (struct cc_signed_in){ .challenge.id = CC_STR_ABSENT };
    return cc_local_tokens(local, arena, &who, &run.session, &out->tokens, err);
}

/* Nobody was given a challenge here. */
enum cc_code cc_local_answer(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_answer *in, struct cc_signed_in *out,
                             struct cc_err *err)
{
    (void)self, (void)arena, (void)in, (void)out;
    return cc_people_fail_code(err);
}
