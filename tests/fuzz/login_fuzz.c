/* Phone numbers and e-mail addresses: what is accepted has one spelling, under which its owner is
 * found. */
#include "fuzz.h"

#include "identity/login.h"

static bool is_phone(struct cc_str s)
{
    if (s.len < 8 || s.len > 16 || s.at[0] != '+' || s.at[1] == '0')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return true;
}

static void require_address(struct cc_str s)
{
    size_t at = cc_str_find(s, '@');

    fuzz_require(s.len <= 254 && at >= 1 && at <= 64 && at < s.len);
    fuzz_require(cc_str_find(cc_str_skip(s, at + 1), '@') == s.len - at - 1);
    for (size_t i = 0; i < s.len; i++) {
        fuzz_require(s.at[i] > 0x20 && s.at[i] < 0x7f);
        fuzz_require(s.at[i] < 'A' || s.at[i] > 'Z');
        fuzz_require(i == 0 || s.at[i] != '.' || s.at[i - 1] != '.');
    }
}

static void require_one_spelling(struct cc_arena *arena, const struct cc_identifier *is)
{
    bool is_email = strcmp(is->kind, "email") == 0;
    const struct cc_login again = { .phone_number = is_email ? CC_STR_ABSENT : is->value,
                                    .email = is_email ? is->value : CC_STR_ABSENT };
    struct cc_identifier same;
    struct cc_err err = { 0 };

    fuzz_require(cc_login_check(arena, &again, &same, &err) == CC_OK);
    fuzz_require(cc_str_eq(same.value, is->value));
    fuzz_require(same.kind == is->kind);
}

static void check(struct cc_arena *arena, const struct cc_login *login)
{
    struct cc_identifier is;
    struct cc_err err = { 0 };
    enum cc_code rc = cc_login_check(arena, login, &is, &err);

    if (rc != CC_OK) {
        fuzz_require(rc == CC_INVALID && err.invalid_count == 1);
        fuzz_require_error(&err, rc);
        return;
    }
    if (login->email.at)
        require_address(is.value);
    else
        fuzz_require(is_phone(is.value));
    require_one_spelling(arena, &is);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str text = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();

    check(arena, &(struct cc_login){ .phone_number = text });
    check(arena, &(struct cc_login){ .email = text });
    return 0;
}
