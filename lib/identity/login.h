/* identity/login.h - the identifier by which a person signs in, and who owns it. */
#ifndef CC_IDENTITY_LOGIN_H
#define CC_IDENTITY_LOGIN_H

#include "identity.h"

/* One kind and its value, as both stand in the store. */
struct cc_identifier {
    const char *kind; /* "phone", "email" */
    struct cc_str value;
};

/* Exactly one of both, and well-formed, else CC_INVALID with the pointer and the reason. An e-mail
 * address is lower-cased: RFC 5321 lets the part before the '@' differ by case, but no common
 * provider does, and a telephone's keyboard likes to begin with a capital. */
enum cc_code cc_login_check(struct cc_arena *arena, const struct cc_login *login,
                            struct cc_identifier *out, struct cc_err *err) CC_NODISCARD;

/* In a transaction. Whose it is: absent when nobody's (that is CC_OK). */
enum cc_code cc_identifier_get(struct cc_txn *txn, const struct cc_identifier *identifier,
                               struct cc_str *user, struct cc_err *err) CC_NODISCARD;

/* From then on it is nobody's. */
enum cc_code cc_identifier_delete(struct cc_txn *txn, const struct cc_identifier *identifier,
                                  struct cc_err *err) CC_NODISCARD;

/* CC_EXISTS (err left alone): somebody owns it. */
enum cc_code cc_identifier_insert(struct cc_txn *txn, const struct cc_identifier *identifier,
                                  struct cc_str user, struct cc_err *err) CC_NODISCARD;

#endif
