#include "cognito.h"

/* Who has a second step cannot sign in yet. */
enum cc_code cc_cognito_challenge(struct cc_cognito *cognito, struct cc_arena *arena,
                                  struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                  struct cc_signed_in *out, struct cc_err *err)
{
    (void)cognito, (void)arena, (void)run, (void)out;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "pool: the challenge %.*s",
                   CC_STR_ARG(auth->challenge));
}

enum cc_code cc_cognito_answer(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_answer *in, struct cc_signed_in *out,
                               struct cc_err *err)
{
    (void)self, (void)arena, (void)in, (void)out;
    return cc_people_fail_code(err);
}
