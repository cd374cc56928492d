#include "removal.h"

#include "../identity/account.h"

/* While the profile names the photo: what is uploaded at this very moment goes by its own job. */
static enum cc_code remove_photo(struct cc_app *app, struct cc_arena *arena, struct cc_str user,
                                 struct cc_err *err)
{
    const struct cc_caller him = { app->chat, arena, user };
    struct cc_err why = { 0 };
    enum cc_code rc = cc_photo_remove(&him, &why);

    if (rc != CC_OK && rc != CC_UNAUTHORIZED) {
        *err = why;
        return rc;
    }
    return CC_OK;
}

enum cc_code cc_app_remove_person(struct cc_app *app, struct cc_arena *arena, struct cc_str user,
                                  struct cc_err *err)
{
    enum cc_code rc = cc_identity_remove_begin(app->identity, arena, user, err);

    if (rc == CC_OK)
        rc = remove_photo(app, arena, user, err);
    if (rc == CC_OK)
        rc = cc_identity_remove_end(app->identity, arena, user, err);
    return rc == CC_OK ? cc_person_forget(app->chat, arena, user, err) : rc;
}

enum cc_code cc_app_finish_removal(struct cc_app *app, struct cc_arena *arena,
                                   const struct cc_job *job, struct cc_err *err)
{
    struct cc_str user;
    enum cc_code rc = cc_account_of_job(arena, job, &user, err);

    return rc == CC_OK ? cc_app_remove_person(app, arena, user, err) : rc;
}
