#include "../../check.h"

#include "base/arena.h"
#include "identity/code.h"
#include "identity/login.h"

#include <stdio.h>

START_TEST(numbers_in_e164_are_taken)
{
    static const char *const good[] = { "+4915112345678", "+12025550123", "+2904567",
                                        "+123456789012345" };

    for (size_t i = 0; i < CC_COUNT(good); i++)
        ck_assert_msg(!cc_phone_fault(cc_check_guarded(cc_str_from(good[i]))), "%s", good[i]);
}
END_TEST

START_TEST(other_spellings_of_a_number_are_refused_with_the_reason)
{
    static const struct {
        const char *phone, *word;
    } bad[] = {
        { "", "country code" },
        { "015112345678", "country code" },
        { "004915112345678", "00" },
        { "4915112345678", "country code" },
        { "+49 151 12345678", "digits" },
        { "+49-151-12345678", "digits" },
        { "+49(0)15112345678", "digits" },
        { "+49151\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5", "digits" },
        { "+4915112345678 ", "digits" },
        { " +4915112345678", "country code" },
        { "++4915112345678", "digits" },
        { "\xef\xbc\x8b"
          "4915112345678",
          "country code" },
        { "+015112345678", "begins with 0" },
        { "+", "short" },
        { "+123456", "short" },
        { "+1234567890123456", "long" },
        { "+4915112345678;ext=1", "digits" },
        { "tel:+4915112345678", "country code" },
    };

    for (size_t i = 0; i < CC_COUNT(bad); i++) {
        const char *fault = cc_phone_fault(cc_check_guarded(cc_str_from(bad[i].phone)));

        ck_assert_msg(fault && strstr(fault, bad[i].word), "\"%s\": %s", bad[i].phone,
                      fault ? fault : "taken");
        ck_assert_uint_lt(strlen(fault), 96);
    }
}
END_TEST

START_TEST(common_mail_addresses_are_taken)
{
    static const char *const good[] = {
        "ada@example.org",    "a@b.de",     "ada.lovelace+chat@mail.example.co.uk",
        "o'hara@example.org", "1@1and1.de", "x@xn--mnchen-3ya.de"
    };

    for (size_t i = 0; i < CC_COUNT(good); i++)
        ck_assert_msg(!cc_email_fault(cc_check_guarded(cc_str_from(good[i]))), "%s", good[i]);
}
END_TEST

START_TEST(what_is_no_mail_address_is_refused)
{
    static const char *const bad[] = { "",
                                       "ada",
                                       "@",
                                       "@example.org",
                                       "ada@",
                                       "ada@localhost",
                                       "a@b@c.de",
                                       ".a@b.de",
                                       "a.@b.de",
                                       "a..b@c.de",
                                       "a b@c.de",
                                       "a@-b.de",
                                       "a@b-.de",
                                       "a@b..de",
                                       "a@.b.de",
                                       "a@b.de.",
                                       "a@[1.2.3.4]",
                                       "a@1.2.3.4",
                                       "a@b_c.de",
                                       "\"a\"@b.de",
                                       "a@b.de\r\n",
                                       "a@b.de\nBcc: x@y.z",
                                       "\xc3\xa4@b.de",
                                       "a@\xc3\xa4.de",
                                       "a<b@c.de",
                                       "a,b@c.de" };
    char long_one[300];

    for (size_t i = 0; i < CC_COUNT(bad); i++)
        ck_assert_msg(cc_email_fault(cc_check_guarded(cc_str_from(bad[i]))), "taken: %s", bad[i]);
    ck_assert_ptr_nonnull(cc_email_fault((struct cc_str){ "a\0@b.de", 7 }));
    memset(long_one, 'a', sizeof(long_one));
    memcpy(long_one + 65, "@b.de", 6);
    ck_assert_ptr_nonnull(cc_email_fault(cc_str_from(long_one)));
    ck_assert_ptr_null(cc_email_fault(cc_str_from(long_one + 1)));
}
END_TEST

START_TEST(a_code_has_six_digits_and_depends_on_all_of_its_seed)
{
    struct cc_code_seed seed = { CC_STR("key"), CC_STR("id"), CC_STR("nonce") };
    struct cc_code_seed others[] = {
        { CC_STR("kez"), CC_STR("id"), CC_STR("nonce") },
        { CC_STR("key"), CC_STR("ie"), CC_STR("nonce") },
        { CC_STR("key"), CC_STR("id"), CC_STR("noncf") },
        { CC_STR("key"), CC_STR("idn"), CC_STR("once") },
    };
    char out[CC_ONE_TIME_CODE_SIZE], other[CC_ONE_TIME_CODE_SIZE];
    struct cc_str code = cc_one_time_code(&seed, out);

    ck_assert_uint_eq(code.len, 6);
    for (size_t i = 0; i < 6; i++)
        ck_assert(code.at[i] >= '0' && code.at[i] <= '9');
    ck_assert(cc_one_time_code_is(&seed, code));
    ck_assert(!cc_one_time_code_is(&seed, cc_str_take(code, 5)));
    ck_assert(!cc_one_time_code_is(&seed, CC_STR("")));
    ck_assert(!cc_one_time_code_is(&seed, CC_STR_ABSENT));
    for (size_t i = 0; i < CC_COUNT(others); i++)
        ck_assert(!cc_str_eq(cc_one_time_code(&others[i], other), code));
}
END_TEST

START_TEST(codes_are_spread_evenly)
{
    size_t first[10] = { 0 };
    char out[CC_ONE_TIME_CODE_SIZE], nonce[16];

    for (int i = 0; i < 10000; i++) {
        struct cc_code_seed seed = { CC_STR("key"), CC_STR("id"), CC_STR_ABSENT };

        snprintf(nonce, sizeof(nonce), "%d", i);
        seed.nonce = cc_str_from(nonce);
        first[cc_one_time_code(&seed, out).at[0] - '0']++;
    }
    for (size_t i = 0; i < 10; i++)
        ck_assert(first[i] > 850 && first[i] < 1150);
}
END_TEST

CC_CHECK_MAIN("identity/login", numbers_in_e164_are_taken,
              other_spellings_of_a_number_are_refused_with_the_reason,
              common_mail_addresses_are_taken, what_is_no_mail_address_is_refused,
              a_code_has_six_digits_and_depends_on_all_of_its_seed, codes_are_spread_evenly)
