/* What the name of a user pool says: its region, who signs its tokens, where its keys are. */
#include "../../check.h"

#include "app/aws.h"
#include "base/arena.h"

static const struct {
    const char *pool, *endpoint, *all, *issuer; /* of the configuration; empty: not set */
    const char *signs, *keys;
} pools[] = {
    { "eu-central-1_Ab12Cd34e", "", "", "",
      "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34e",
      "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34e/.well-known/"
      "jwks.json" },
    { "cn-north-1_Ab12Cd34e", "", "", "",
      "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab12Cd34e",
      "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab12Cd34e/.well-known/"
      "jwks.json" },
    { "us-east-1_x", "http://127.0.0.1:1/", "http://127.0.0.1:2", "",
      "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x",
      "http://127.0.0.1:1/us-east-1_x/.well-known/jwks.json" },
    { "us-east-1_x", "", "http://127.0.0.1:2", "https://me", "https://me",
      "http://127.0.0.1:2/us-east-1_x/.well-known/jwks.json" },
};

START_TEST(the_name_of_a_pool_says_who_signs_and_where_his_keys_are)
{
    for (size_t i = 0; i < CC_COUNT(pools); i++) {
        struct cc_arena *arena = cc_arena_new(1 << 16);
        struct cc_config config = { .aws.endpoint = cc_str_from(pools[i].all),
                                    .cognito = { .pool = cc_str_from(pools[i].pool),
                                                 .endpoint = cc_str_from(pools[i].endpoint),
                                                 .issuer = cc_str_from(pools[i].issuer) } };
        struct cc_str region = cc_app_pool_region(&config);

        ck_assert(cc_str_starts(config.cognito.pool, region));
        ck_assert_int_eq(config.cognito.pool.at[region.len], '_');
        cc_check_str(cc_app_pool_issuer(arena, &config), cc_str_from(pools[i].signs));
        cc_check_str(cc_app_pool_keys_url(arena, &config), cc_str_from(pools[i].keys));
        cc_arena_free(arena);
    }
}
END_TEST

CC_CHECK_MAIN("app/aws", the_name_of_a_pool_says_who_signs_and_where_his_keys_are)
