#include "password.h"

#include "secret.h"

#include "../base/text.h"

#include <argon2.h>
#include <stdio.h>
#include <string.h>

#define SALT_BYTES 16
#define HASH_BYTES 32
#define LANES 1
#define PHC_BYTES_MAX 256

/* A hash of nothing: its salt and its digest are 'A's, that is zeroes. */
#define NOBODYS "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct cc_str cc_password_normal(struct cc_arena *arena, struct cc_str password)
{
    struct cc_str normal = cc_text_nfc(arena, password);

    if (normal.at != password.at) /* else it is the caller's, and his to wipe */
        cc_secret_wipe_later(arena, normal);
    return normal;
}

/* What leads every list of stolen passwords and is long enough to pass. A longer list belongs to an
 * operator who wants one. */
static const char *const too_common[] = {
    "password", "password1", "passw0rd", "12345678", "123456789",  "1234567890",
    "87654321", "11111111",  "00000000", "qwertyui", "qwertyuiop", "qwerty123",
    "1q2w3e4r", "iloveyou",  "sunshine", "princess", "football",   "baseball",
    "superman", "letmein1",  "abcd1234", "abcdefgh", "asdfghjkl",  "zaq12wsx",
};

static bool is_common(struct cc_str password)
{
    for (size_t i = 0; i < CC_COUNT(too_common); i++)
        if (cc_str_eq_nocase(password, cc_str_from(too_common[i])))
            return true;
    return false;
}

/* With or without the '+' of a number. */
static bool is_login(struct cc_str password, struct cc_str login)
{
    return login.len > 1 && (cc_str_eq_nocase(password, login) ||
                             (login.at[0] == '+' && cc_str_eq(password, cc_str_skip(login, 1))));
}

enum cc_code cc_password_check(const struct cc_password_rules *rules, struct cc_str password,
                               struct cc_str login, struct cc_err *err)
{
    int64_t length = (int64_t)cc_text_length(password);
    char detail[96];

    if (length < rules->min || length > rules->max) {
        snprintf(detail, sizeof(detail), "A password has %lld to %lld characters.",
                 (long long)rules->min, (long long)rules->max);
        return cc_fail_field(err, "/password", detail);
    }
    if (cc_text_is_blank(password))
        return cc_fail_field(err, "/password", "A password is not only blanks.");
    if (is_login(password, login))
        return cc_fail_field(err, "/password", "Your own number or address is no password.");
    if (is_common(password))
        return cc_fail_field(err, "/password", "This is one of the first that anybody tries.");
    return CC_OK;
}

static enum cc_code fail_argon2(struct cc_err *err, int code)
{
    return cc_fail(err, code == ARGON2_MEMORY_ALLOCATION_ERROR ? CC_UNAVAILABLE : CC_INTERNAL, NULL,
                   "argon2: %s", argon2_error_message(code));
}

enum cc_code cc_password_hash(const struct cc_hasher *hasher, struct cc_arena *arena,
                              struct cc_str password, struct cc_str *phc, struct cc_err *err)
{
    unsigned char salt[SALT_BYTES];
    char encoded[PHC_BYTES_MAX];
    enum cc_code rc;
    int pass, code;

    cc_random_fill(hasher->random, salt, sizeof(salt));
    rc = cc_gate_enter(&hasher->gate, &pass, err);
    if (rc != CC_OK)
        return rc;
    code = argon2id_hash_encoded((uint32_t)hasher->passes, (uint32_t)hasher->memory_kib, LANES,
                                 password.at, password.len, salt, sizeof(salt), HASH_BYTES, encoded,
                                 sizeof(encoded));
    cc_gate_leave(pass);
    if (code != ARGON2_OK)
        return fail_argon2(err, code);
    *phc = cc_str_copy(arena, cc_str_from(encoded));
    return CC_OK;
}

static struct cc_str parameters(const struct cc_hasher *hasher, char out[PHC_BYTES_MAX])
{
    snprintf(out, PHC_BYTES_MAX, "$argon2id$v=%d$m=%lld,t=%lld,p=%d$", ARGON2_VERSION_NUMBER,
             (long long)hasher->memory_kib, (long long)hasher->passes, LANES);
    return cc_str_from(out);
}

bool cc_password_is_current(const struct cc_hasher *hasher, struct cc_str phc)
{
    char prefix[PHC_BYTES_MAX];

    return cc_str_starts(phc, parameters(hasher, prefix));
}

enum cc_code cc_password_verify(const struct cc_hasher *hasher, struct cc_arena *arena,
                                struct cc_str password, struct cc_str phc, bool *matches,
                                struct cc_err *err)
{
    char prefix[PHC_BYTES_MAX];
    const char *encoded = cc_str_z(arena, phc);
    enum cc_code rc;
    int pass, code;

    if (!encoded)
        encoded = cc_str_format(arena, "%s%s", parameters(hasher, prefix).at, NOBODYS).at;
    rc = cc_gate_enter(&hasher->gate, &pass, err);
    if (rc != CC_OK)
        return rc;
    code = argon2id_verify(encoded, password.at, password.len);
    cc_gate_leave(pass);
    if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
        return fail_argon2(err, code);
    *matches = code == ARGON2_OK && phc.at != NULL;
    return CC_OK;
}
