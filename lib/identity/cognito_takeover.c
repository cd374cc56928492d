#include "cognito.h"

enum cc_code cc_cognito_take_over(struct cc_cognito *cognito, struct cc_arena *arena,
                                  struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                  const struct cc_claims *claims, struct cc_err *err)
{
    (void)cognito, (void)arena, (void)run, (void)auth, (void)claims;
    return cc_people_fail_credentials(err);
}
