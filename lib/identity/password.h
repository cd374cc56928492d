/* identity/password.h - what a password may be, and its argon2id hash (RFC 9106) as a PHC string.
 * Hashing takes tens of milliseconds and megabytes: never inside a transaction, and only so many
 * at a time on the host. */
#ifndef CC_IDENTITY_PASSWORD_H
#define CC_IDENTITY_PASSWORD_H

#include "gate.h"

#include "../base/arena.h"
#include "../base/random.h"

struct cc_password_rules {
    int64_t min, max; /* characters (code points) */
};

struct cc_hasher {
    struct cc_gate gate;
    int64_t memory_kib, passes;
    const struct cc_random *random;
};

/* One spelling for what looks the same: NFC (RFC 8265 4.2), so that it does not matter on which
 * keyboard it was typed. Wiped with the arena. */
struct cc_str cc_password_normal(struct cc_arena *arena, struct cc_str password);

/* CC_INVALID at /password: too short or long, blank, the person's own number or address, or one of
 * those that everybody tries first. `password` is normal. */
enum cc_code cc_password_check(const struct cc_password_rules *rules, struct cc_str password,
                               struct cc_str login, struct cc_err *err) CC_NODISCARD;

/* CC_TOO_MANY: too many wait for their turn. CC_UNAVAILABLE. */
enum cc_code cc_password_hash(const struct cc_hasher *hasher, struct cc_arena *arena,
                              struct cc_str password, struct cc_str *phc,
                              struct cc_err *err) CC_NODISCARD;

/* An absent `phc` takes as long and never matches. Errors as above. */
enum cc_code cc_password_verify(const struct cc_hasher *hasher, struct cc_arena *arena,
                                struct cc_str password, struct cc_str phc, bool *matches,
                                struct cc_err *err) CC_NODISCARD;

/* Whether it was made with the parameters of today. */
bool cc_password_is_current(const struct cc_hasher *hasher, struct cc_str phc);

#endif
