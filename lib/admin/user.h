/* admin/user.h - how `cloudchat user` shows people: to a person as text, to a program as one JSON
 * object a line. */
#ifndef CC_ADMIN_USER_H
#define CC_ADMIN_USER_H

#include "site.h"

#include "../app/removal.h"
#include "../identity/account.h"

struct cc_user_printer {
    struct cc_arena *arena; /* of one row */
    bool json;
    int64_t count; /* so far */
};

/* A row of the list, on standard output; the first one comes with a head. */
void cc_user_print_row(struct cc_user_printer *printer, const struct cc_account *account);
/* How many that were. */
void cc_user_print_end(const struct cc_user_printer *printer);

/* All of one. */
void cc_user_print(struct cc_arena *arena, const struct cc_account *account, int64_t rooms,
                   bool json);
void cc_user_print_session(struct cc_arena *arena, const struct cc_session *session);

/* "Ada (+49...)", for sentences. */
const char *cc_user_called(struct cc_arena *arena, const struct cc_account *account);

#endif
