/* What an operator does with an account, and its name: here the store is all that knows of it. */
#include "local.h"

enum cc_code cc_local_rename(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_rename *in, struct cc_err *err)
{
    (void)self, (void)arena, (void)in, (void)err;
    return CC_OK;
}

enum cc_code cc_local_disable(struct cc_identity *self, struct cc_arena *arena, struct cc_str user,
                              struct cc_err *err)
{
    return cc_account_disable(cc_people_of(self)->store, arena, user, err);
}

enum cc_code cc_local_enable(struct cc_identity *self, struct cc_arena *arena, struct cc_str user,
                             struct cc_err *err)
{
    return cc_account_enable(cc_people_of(self)->store, arena, user, err);
}

enum cc_code cc_local_end_all(struct cc_identity *self, struct cc_arena *arena, struct cc_str user,
                              struct cc_err *err)
{
    return cc_account_end_sessions(cc_people_of(self)->store, arena, user, err);
}

enum cc_code cc_local_remove_begin(struct cc_identity *self, struct cc_arena *arena,
                                   struct cc_str user, struct cc_err *err)
{
    return cc_account_remove_begin(cc_people_of(self)->store, arena, user, err);
}

enum cc_code cc_local_remove_end(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str user, struct cc_err *err)
{
    return cc_account_remove_end(cc_people_of(self)->store, arena, user, err);
}
