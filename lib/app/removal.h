/* app/removal.h - removes somebody: his account, his profile, what is his own. It touches all that
 * knows of him, in an order in which it can be interrupted anywhere: what was begun goes on when it
 * is done again, and is done again by whoever does what is due. */
#ifndef CC_APP_REMOVAL_H
#define CC_APP_REMOVAL_H

#include "app.h"

/* CC_OK also where there is no such user (any more). What fails may have been done in part: nobody
 * signs in to it any more, and it can be done again. */
enum cc_code cc_app_remove_person(struct cc_app *app, struct cc_arena *arena, struct cc_str user,
                                  struct cc_err *err) CC_NODISCARD;

/* Does a job of kind CC_JOB_REMOVAL. */
enum cc_code cc_app_finish_removal(struct cc_app *app, struct cc_arena *arena,
                                   const struct cc_job *job, struct cc_err *err) CC_NODISCARD;

#endif
