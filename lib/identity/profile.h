/* identity/profile.h - what others see of a person. Who may see it is decided in chat/. */
#ifndef CC_IDENTITY_PROFILE_H
#define CC_IDENTITY_PROFILE_H

#include "../store/store.h"

#define CC_PROFILE_NAME_CHARACTERS_MAX 64

struct cc_profile {
    struct cc_str user; /* not stored in the body: the key says it */
    struct cc_str name;
    struct cc_str phone_number; /* shown to the owner alone; absent when by e-mail */
    struct cc_str email;        /* likewise */
    struct cc_str photo;        /* random name of the blob; absent without one */
    struct cc_str photo_type;   /* content type */
    int64_t created_ms;
    int64_t updated_ms;
    bool hidden_by_number; /* does not want to be found by number */
    bool is_gone;          /* not stored: the account was removed, and only `user` is known */
};

/* In a transaction. CC_NOT_FOUND (err left alone) for who does not exist. */
enum cc_code cc_profile_get(struct cc_txn *txn, struct cc_str user, struct cc_profile *out,
                            struct cc_err *err) CC_NODISCARD;
/* Many at once, in the order asked; who does not exist has an absent `user`. */
enum cc_code cc_profile_get_many(struct cc_txn *txn, const struct cc_str *users, size_t count,
                                 struct cc_profile *out, struct cc_err *err) CC_NODISCARD;
/* As its item says; its text is borrowed from that. */
enum cc_code cc_profile_load(struct cc_arena *arena, const struct cc_item *item,
                             struct cc_profile *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_profile_put(struct cc_txn *txn, const struct cc_profile *profile,
                            struct cc_err *err) CC_NODISCARD;

/* CC_OK also where there is none. */
enum cc_code cc_profile_delete(struct cc_txn *txn, struct cc_str user,
                               struct cc_err *err) CC_NODISCARD;

/* Which user owns each identifier of one kind ("phone", "email"); absent where nobody does. */
enum cc_code cc_identifier_find_many(struct cc_txn *txn, const char *kind,
                                     const struct cc_str *values, size_t count,
                                     struct cc_str *users_out, struct cc_err *err) CC_NODISCARD;

/* ITU-T E.164: '+', no leading zero, 7 to 15 digits. NULL if it is one, else the reason, in words
 * for the person ("write it with the country code, like +49..."). */
const char *cc_phone_fault(struct cc_str phone);
/* RFC 5321, the common subset: one '@', a domain with a dot, at most 254 bytes, ASCII. */
const char *cc_email_fault(struct cc_str email);

#endif
