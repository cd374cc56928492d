#include "login.h"

#include "../store/keys.h"
#include "../store/row.h"

#include <string.h>

#define PHONE_DIGITS_MIN 7 /* the shortest in use; E.164 only names the upper bound */
#define PHONE_DIGITS_MAX 15
#define EMAIL_BYTES_MAX 254 /* RFC 5321 4.5.3.1.3, less the angle brackets */
#define EMAIL_LOCAL_MAX 64  /* 4.5.3.1.1 */
#define LABEL_MAX 63        /* RFC 1035 2.3.4 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *cc_phone_fault(struct cc_str phone)
{
    struct cc_str digits;

    if (cc_str_starts(phone, CC_STR("00")))
        return "Write the number with a plus sign in place of 00, like +49...";
    if (!cc_str_starts(phone, CC_STR("+")))
        return "Write the number with its country code, like +49...";
    digits = cc_str_skip(phone, 1);
    for (size_t i = 0; i < digits.len; i++)
        if (!is_digit(digits.at[i]))
            return "Write only digits behind the plus sign: no spaces, brackets or dashes.";
    if (cc_str_starts(digits, CC_STR("0")))
        return "No country code begins with 0.";
    if (digits.len < PHONE_DIGITS_MIN)
        return "This number is too short.";
    if (digits.len > PHONE_DIGITS_MAX)
        return "This number is too long: there are at most 15 digits.";
    return NULL;
}

/* RFC 5321 4.1.2 Dot-string; a Quoted-string is refused: nobody has one. */
static bool is_local_part(struct cc_str local)
{
    char previous = '.';

    if (local.len == 0 || local.len > EMAIL_LOCAL_MAX)
        return false;
    for (size_t i = 0; i < local.len; i++) {
        char c = local.at[i];

        if (c == '.' ? previous == '.' : !is_alnum(c) && !strchr("!#$%&'*+/=?^_`{|}~-", c))
            return false;
        previous = c;
    }
    return previous != '.';
}

static bool is_label(struct cc_str label)
{
    if (label.len == 0 || label.len > LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_alnum(label.at[i]) && label.at[i] != '-')
            return false;
    return label.at[0] != '-' && label.at[label.len - 1] != '-';
}

static bool is_domain(struct cc_str domain)
{
    struct cc_str rest = domain, label = CC_STR_ABSENT;
    size_t labels = 0;

    while (rest.at) {
        label = cc_str_cut(&rest, '.');
        if (!is_label(label))
            return false;
        labels++;
    }
    return labels >= 2 && !is_digit(label.at[0]); /* an IPv4 address is no domain */
}

const char *cc_email_fault(struct cc_str email)
{
    struct cc_str domain = email;
    struct cc_str local = cc_str_cut(&domain, '@');

    if (email.len > EMAIL_BYTES_MAX)
        return "This address is too long.";
    if (!domain.at)
        return "An e-mail address has an @ in it.";
    if (memchr(email.at, '\0', email.len) || !is_local_part(local) || !is_domain(domain))
        return "This is not an e-mail address that mail can be sent to.";
    return NULL;
}

static struct cc_str lower(struct cc_arena *arena, struct cc_str s)
{
    char *at = cc_arena_alloc(arena, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        at[i] = (char)(s.at[i] >= 'A' && s.at[i] <= 'Z' ? s.at[i] - 'A' + 'a' : s.at[i]);
    return (struct cc_str){ at, s.len };
}

enum cc_code cc_login_check(struct cc_arena *arena, const struct cc_login *login,
                            struct cc_identifier *out, struct cc_err *err)
{
    const char *fault;

    if (login->phone_number.at && login->email.at)
        return cc_fail_field(err, "/email", "Give a phone_number or an email, not both.");
    if (login->email.at) {
        fault = cc_email_fault(login->email);
        *out = (struct cc_identifier){ "email", lower(arena, login->email) };
        return fault ? cc_fail_field(err, "/email", fault) : CC_OK;
    }
    if (!login->phone_number.at)
        return cc_fail_field(err, "/phone_number", "Give a phone_number or an email.");
    fault = cc_phone_fault(login->phone_number);
    *out = (struct cc_identifier){ "phone", login->phone_number };
    return fault ? cc_fail_field(err, "/phone_number", fault) : CC_OK;
}

struct owner {
    struct cc_str user;
};

static const struct cc_field fields[] = {
    { .name = "user", .type = CC_FIELD_STR, .offset = offsetof(struct owner, user) },
    { .name = NULL },
};

enum cc_code cc_identifier_get(struct cc_txn *txn, const struct cc_identifier *identifier,
                               struct cc_str *user, struct cc_err *err)
{
    return cc_identifier_find_many(txn, identifier->kind, &identifier->value, 1, user, err);
}

enum cc_code cc_identifier_insert(struct cc_txn *txn, const struct cc_identifier *identifier,
                                  struct cc_str user, struct cc_err *err)
{
    const struct cc_key key =
        cc_key_identifier(cc_txn_arena(txn), identifier->kind, identifier->value);
    const struct owner owner = { user };

    return cc_row_insert(txn, key, fields, &owner, err);
}

enum cc_code cc_identifier_delete(struct cc_txn *txn, const struct cc_identifier *identifier,
                                  struct cc_err *err)
{
    return cc_txn_delete(
        txn, cc_key_identifier(cc_txn_arena(txn), identifier->kind, identifier->value), err);
}

enum cc_code cc_identifier_find_many(struct cc_txn *txn, const char *kind,
                                     const struct cc_str *values, size_t count,
                                     struct cc_str *users_out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_key *keys = CC_NEW_ARRAY(arena, struct cc_key, count);
    struct cc_item *items = CC_NEW_ARRAY(arena, struct cc_item, count);
    enum cc_code rc;

    for (size_t i = 0; i < count; i++)
        keys[i] = cc_key_identifier(arena, kind, values[i]);
    rc = cc_txn_get_many(txn, keys, count, items, err);
    for (size_t i = 0; i < count && rc == CC_OK; i++) {
        struct owner owner = { CC_STR_ABSENT };

        if (items[i].body.at)
            rc = cc_fields_load(arena, fields, items[i].body, &owner, err);
        users_out[i] = owner.user;
    }
    return rc;
}
