/* identity/budget.h - how many codes may be asked for, so that nobody makes this installation pay
 * for SMS to numbers of his (SMS pumping), nor fill a stranger's telephone. Counted when a code is
 * asked for, whether or not the number is anybody's, and before anything is made.
 *
 * Four bounds hold at once: a list of countries, codes a day for a number, for a network address,
 * and for the installation. Of the last a tenth is kept for people at places from which they have
 * signed in: who uses up the rest keeps others from signing up, but nobody from his account. */
#ifndef CC_IDENTITY_BUDGET_H
#define CC_IDENTITY_BUDGET_H

#include "limit.h"

struct cc_identifier;

struct cc_budget_config {
    bool no_sms, no_email;       /* codes do not go that way at all */
    struct cc_strs sms_prefixes; /* "+49"; none: everywhere */
    int64_t sms_day_max;         /* for the installation; 0 is no limit, here and below */
    int64_t email_day_max;
    int64_t number_day_max;
    int64_t address_day_max;
};

/* One code that somebody asks for. */
struct cc_budget_use {
    const char *kind;      /* of the identifier: "phone", "email" */
    struct cc_str number;  /* hashed: the identifier; of who is at a known place, the place */
    struct cc_str address; /* hashed: the network address */
    bool is_known;         /* somebody signed in with that identifier from there */
    /* the verdict of cc_budget_take */
    int64_t retry_after_s; /* 0: it may be sent */
    const char *what;      /* the limit that was met */
    bool was_last;         /* of the installation's day */
};

/* CC_INVALID with the pointer and a sentence where no code can go to that identifier, whoever has
 * it. */
enum cc_code cc_budget_check(const struct cc_budget_config *config,
                             const struct cc_identifier *login, struct cc_err *err) CC_NODISCARD;

/* Whether a code may go there at all, for who must not be told. */
bool cc_budget_reaches(const struct cc_budget_config *config, const struct cc_identifier *login);

/* Takes one code of each budget, or of none if one of them is used up: then retry_after_s says for
 * how long. In the caller's transaction. */
enum cc_code cc_budget_take(struct cc_txn *txn, const struct cc_budget_config *config,
                            struct cc_budget_use *use, struct cc_err *err) CC_NODISCARD;

/* CC_TOO_MANY, with what the limit was. */
enum cc_code cc_budget_fail(const struct cc_budget_config *config, const struct cc_budget_use *use,
                            struct cc_err *err) CC_NODISCARD;

/* After the commit: a warning with the code that used up the installation's day, and with no
 * other. */
void cc_budget_note(const struct cc_budget_config *config, const struct cc_budget_use *use,
                    const struct cc_log *log);

#endif
