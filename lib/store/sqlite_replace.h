/* store/sqlite_replace.h - a database that is made beside the one that is there, and takes its
 * place (copy.h), as the files that make one share it; nobody else includes it. */
#ifndef CC_STORE_SQLITE_REPLACE_H
#define CC_STORE_SQLITE_REPLACE_H

#include "sqlite.h"

struct cc_replacing {
    struct cc_arena *arena; /* holds this struct */
    struct sqlite_settings old, fresh;
    struct sqlite_lock lock;
    struct sqlite_conn *conn; /* to the new one, until it is committed */
    const struct cc_clock *clock;
    const struct cc_random *random;
    bool has_data;
    bool is_damaged;  /* the old one cannot be read */
    bool keeps_fresh; /* what was not committed stays, for another run to go on with */
    struct cc_str epoch;
};

/* cc_store_open_sqlite_alone, with the new one called <path><suffix>, which may be there already.
 */
enum cc_code sqlite_replacing_open(const struct cc_store_config *config, const char *suffix,
                                   struct cc_replacing **out, struct cc_err *err) CC_NODISCARD;
/* Closes the connection to the new one and removes its files. */
enum cc_code sqlite_replacing_discard(struct cc_replacing *self, struct cc_err *err) CC_NODISCARD;

#endif
