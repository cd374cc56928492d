/* identity/throttle.h - who may try a password now. Wrong ones slow down that account from that
 * place (1, 2, 4, ... s); many in a day close it to places from which nobody signed in before, so
 * that guessing from everywhere ends, and its owner at home never notices.
 *
 * A guess is judged before and after the hash was computed: of guesses made at the same time only
 * the first wrong one learns that it was wrong. */
#ifndef CC_IDENTITY_THROTTLE_H
#define CC_IDENTITY_THROTTLE_H

#include "login.h"

/* Names that stand in the store in place of numbers and network addresses: keyed hashes. */
struct cc_str cc_throttle_name(struct cc_arena *arena, struct cc_str secret,
                               const struct cc_str *parts, size_t count);

/* A network address as throttles count it: IPv4 by address, IPv6 by its /64, which is what one
 * subscriber gets; "-" where there is none. */
struct cc_str cc_throttle_address(struct cc_arena *arena, struct cc_str address);

struct cc_attempt {
    struct cc_str place;   /* hashed: account and address */
    struct cc_str account; /* hashed; absent: only the place counts */
    struct cc_str address; /* likewise */
    int64_t wrong_day;     /* wrong passwords a day for the account */
    int64_t wrong_hour;    /* and an hour from the address */
    int64_t delay_max_s;
    int64_t known_s; /* how long a place stays known */
    /* found out by cc_throttle_look */
    int64_t wrong; /* from this place so far */
    bool is_known; /* somebody signed in to this account from here */
};

/* *retry_after_s is 0 if a password may be tried now. The same reads in every case. */
enum cc_code cc_throttle_look(struct cc_txn *txn, struct cc_attempt *attempt,
                              int64_t *retry_after_s, struct cc_err *err) CC_NODISCARD;

/* It was wrong: counts. *retry_after_s is not 0 if another wrong one was quicker: then this one is
 * neither counted nor to be answered. */
enum cc_code cc_throttle_wrong(struct cc_txn *txn, const struct cc_attempt *attempt,
                               int64_t *retry_after_s, struct cc_err *err) CC_NODISCARD;

/* It was right: forgets the wrong ones of this place, and knows it from now on. As above. */
enum cc_code cc_throttle_right(struct cc_txn *txn, const struct cc_attempt *attempt,
                               int64_t *retry_after_s, struct cc_err *err) CC_NODISCARD;

/* It was right, and something else is asked for: counts nothing yet. As above. */
enum cc_code cc_throttle_half(struct cc_txn *txn, const struct cc_attempt *attempt,
                              int64_t *retry_after_s, struct cc_err *err) CC_NODISCARD;

/* The account's owner proved himself in another way: this place may try, whatever was before. */
enum cc_code cc_throttle_forgive(struct cc_txn *txn, const struct cc_attempt *attempt,
                                 struct cc_err *err) CC_NODISCARD;

/* Whether somebody signed in to this account from this place before. */
enum cc_code cc_throttle_is_known(struct cc_txn *txn, struct cc_str place, bool *is_known,
                                  struct cc_err *err) CC_NODISCARD;

#endif
