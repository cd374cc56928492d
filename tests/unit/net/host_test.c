#include "../../check.h"

#include "net/host.h"

START_TEST(the_host_of_a_url_is_what_stands_before_its_port)
{
    static const struct {
        const char *url, *host;
    } rows[] = {
        { "http://localhost", "localhost" },
        { "http://localhost/x", "localhost" },
        { "https://127.0.0.1:4566/pool/.well-known/jwks.json", "127.0.0.1" },
        { "https://[::1]:80", "[::1]" },
        { "https://example.org?x=localhost", "example.org" },
        { "https://localhost:80@example.org", NULL },
        { "https://localhost@example.org", "localhost@example.org" },
        { "http://localhost:", NULL },
        { "http://localhost:0", NULL },
        { "http://localhost:65536", NULL },
        { "http://localhost:80x", NULL },
        { "http://[::1", "[::1" },
        { "http://:80", NULL },
        { "http://", NULL },
        { "http:///x", NULL },
        { "ftp://localhost", NULL },
        { "localhost", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++)
        cc_check_str(cc_net_host(cc_check_guarded(cc_str_from(rows[i].url))),
                     cc_str_from(rows[i].host));
    ck_assert_ptr_null(cc_net_host(CC_STR_ABSENT).at);
}
END_TEST

START_TEST(only_this_machine_is_a_loopback)
{
    static const char *const ours[] = { "localhost", "[::1]", "127.0.0.1", "127.255.0.9" };
    static const char *const others[] = {
        "127.evil.example", "127.0.0.1.example", "127.0.0", "127.0.0.256",
        "127.0.0.01",       "localhost.",        "[::2]",   "::1",
        "128.0.0.1",        "xlocalhost",        "[::1",    ""
    };

    for (size_t i = 0; i < CC_COUNT(ours); i++)
        ck_assert_msg(cc_net_host_is_loopback(cc_str_from(ours[i])), "%s", ours[i]);
    for (size_t i = 0; i < CC_COUNT(others); i++)
        ck_assert_msg(!cc_net_host_is_loopback(cc_str_from(others[i])), "%s", others[i]);
    ck_assert(!cc_net_host_is_loopback(CC_STR_ABSENT));
}
END_TEST

CC_CHECK_MAIN("net/host", the_host_of_a_url_is_what_stands_before_its_port,
              only_this_machine_is_a_loopback)
