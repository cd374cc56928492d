/* identity/challenge.h - a sign-in that waits for its second step: the password was right, and the
 * pool asks for a code. The pool's name for it (its session) does not leave us: it would be good
 * for as many tries as the pool allows, and until the pool forgets it. It stands in the store under
 * an id that cannot be guessed, good for CC_CHALLENGE_TRIES tries and for one success. That has to
 * be written down somewhere anyway, so an id that held everything sealed would save nothing. */
#ifndef CC_IDENTITY_CHALLENGE_H
#define CC_IDENTITY_CHALLENGE_H

#include "login.h"

#define CC_CHALLENGE_MS                                                                            \
    INT64_C(180000) /* as long as Cognito's, unless the client says otherwise                      \
                     */
#define CC_CHALLENGE_TRIES 5

struct cc_challenge_item {
    struct cc_str id;          /* not in the body: the key says it */
    struct cc_str kind, value; /* of the number or address that signs in */
    struct cc_str user;        /* absent: somebody who is only in the pool yet */
    struct cc_str hash;        /* of the credential when the password was right; absent likewise */
    struct cc_str username;    /* in the pool */
    struct cc_str name;        /* of the challenge, by the pool */
    struct cc_str session;     /* the pool's */
    struct cc_str device;
    int64_t tries; /* so far */
    int64_t expires_ms;
};

/* Whose sign-in it is. */
struct cc_identifier cc_challenge_login(const struct cc_challenge_item *item);

/* These are for a transaction. */
enum cc_code cc_challenge_put(struct cc_txn *txn, const struct cc_challenge_item *item,
                              struct cc_err *err) CC_NODISCARD;

/* CC_NOT_FOUND (err left alone): there is none of that name (any more), or its tries are used up.
 */
enum cc_code cc_challenge_get(struct cc_txn *txn, struct cc_str id, struct cc_challenge_item *out,
                              struct cc_err *err) CC_NODISCARD;

/* The same, and counts one more try. */
enum cc_code cc_challenge_try(struct cc_txn *txn, struct cc_str id, struct cc_challenge_item *out,
                              struct cc_err *err) CC_NODISCARD;

/* It was answered: nobody else can. CC_NOT_FOUND (err left alone): somebody has. */
enum cc_code cc_challenge_use(struct cc_txn *txn, struct cc_str id,
                              struct cc_err *err) CC_NODISCARD;

#endif
