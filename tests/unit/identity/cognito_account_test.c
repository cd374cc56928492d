/* A name, and the end of an account, at a user pool. */
#include "cognito_scene.h"

/* --- the name --------------------------------------------------------------------------------- */

static enum cc_code take_name(struct fake_pool *p, const struct cc_tokens *tokens)
{
    struct house *h = &p->scene.house;
    struct cc_rename in = { whose(h, tokens->access_token), tokens->access_token,
                            CC_STR("Ada L.") };

    return cc_identity_rename(h->identity, h->arena, &in, anew(h));
}

START_TEST(a_new_name_is_told_to_the_pool_which_may_refuse_it_but_not_be_away)
{
    static const struct {
        enum pool_fault fault;
        enum cc_code code;
    } rows[] = { { POOL_THROTTLES, CC_UNAVAILABLE },
                 { POOL_BREAKS, CC_OUTCOME_UNKNOWN },
                 { POOL_LOSES, CC_OUTCOME_UNKNOWN },
                 { POOL_WORKS, CC_OK } };
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;

    tokens = open_signed_in(&p);
    p.refuses_tokens = true;
    ck_assert_int_eq(take_name(&p, &tokens), CC_OK);
    ck_assert_int_eq(h->err.code, CC_OK);
    ck_assert_str_eq(p.users[0].said, "");
    p.refuses_tokens = false;
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        pool_fails(&p, "UpdateUserAttributes", rows[i].fault, 100);
        ck_assert_int_eq(take_name(&p, &tokens), rows[i].code);
    }
    ck_assert_str_eq(p.users[0].said, "Ada L.");
    pool_close(&p);
}
END_TEST

/* --- what an operator does -------------------------------------------------------------------- */

START_TEST(a_removed_account_is_gone_from_the_pool)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str user;

    tokens = open_signed_in(&p);
    user = whose(h, tokens.access_token).user;
    ck_assert_int_eq(cc_identity_remove_begin(h->identity, h->arena, user, anew(h)), CC_OK);
    pool_fails(&p, "AdminDeleteUser", POOL_BREAKS, 4);
    ck_assert_int_ne(cc_identity_remove_end(h->identity, h->arena, user, anew(h)), CC_OK);
    ck_assert_int_eq(cc_identity_remove_end(h->identity, h->arena, user, anew(h)), CC_OK);
    ck_assert_uint_eq(pool_people(&p), 0);
    (void)new_account(&p, ADA); /* the number is free */
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito_account");
    TCase *tcase = tcase_create("identity/cognito_account");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_new_name_is_told_to_the_pool_which_may_refuse_it_but_not_be_away);
    tcase_add_test(tcase, a_removed_account_is_gone_from_the_pool);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
