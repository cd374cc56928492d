#include "exchange.h"

static struct cc_str find(const char *header, const char *name)
{
    struct cc_request req = { 0 };
    struct cc_ctx cx = { .req = &req };

    if (header)
        req.header[CC_H_COOKIE] = cc_check_guarded(cc_str_from(header));
    return cc_cookie_find(&cx, cc_str_from(name));
}

START_TEST(a_cookie_is_found_by_its_whole_name)
{
    static const struct {
        const char *header, *value; /* of cc_refresh; NULL: absent */
    } rows[] = {
        { NULL, NULL },
        { "", NULL },
        { "cc_refresh=abc", "abc" },
        { "a=1; cc_refresh=abc; b=2", "abc" },
        { "a=1;cc_refresh=abc", "abc" },
        { " cc_refresh = abc ", "abc" },
        { "cc_refresh=a=b==", "a=b==" },
        { "cc_refresh=", "" },
        { "cc_refresh", NULL },
        { "xcc_refresh=abc", NULL },
        { "cc_refreshx=abc", NULL },
        { "CC_REFRESH=abc", NULL },
        { "a=cc_refresh=abc", NULL },
        { ";;;=;", NULL },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++)
        cc_check_str(find(rows[i].header, "cc_refresh"), cc_str_from(rows[i].value));
}
END_TEST

START_TEST(a_cookie_that_stands_twice_is_nobodys)
{
    ck_assert_ptr_null(find("cc_refresh=a; cc_refresh=b", "cc_refresh").at);
    ck_assert_ptr_null(find("cc_refresh=a; cc_refresh=a", "cc_refresh").at);
    ck_assert_ptr_null(find("cc_refresh=; x=1; cc_refresh=a", "cc_refresh").at);
}
END_TEST

CC_CHECK_MAIN("http/cookie", a_cookie_is_found_by_its_whole_name,
              a_cookie_that_stands_twice_is_nobodys)
