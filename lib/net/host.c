#include "host.h"

#include <string.h>

static struct cc_str without_scheme(struct cc_str url)
{
    static const char *const schemes[] = { "http://", "https://" };

    for (size_t i = 0; i < CC_COUNT(schemes); i++) {
        if (cc_str_starts(url, cc_str_from(schemes[i])))
            return cc_str_skip(url, strlen(schemes[i]));
    }
    return CC_STR_ABSENT;
}

static bool ends_authority(char c)
{
    return c == '/' || c == '?' || c == '#';
}

struct cc_str cc_net_host(struct cc_str url)
{
    struct cc_str authority = without_scheme(url), port;
    size_t end = 0, host;
    int64_t number;

    while (end < authority.len && !ends_authority(authority.at[end]))
        end++;
    authority = cc_str_take(authority, end);
    if (authority.len == 0)
        return CC_STR_ABSENT;
    host = cc_str_find(authority, authority.at[0] == '[' ? ']' : ':');
    host += host < authority.len && authority.at[host] == ']';
    port = cc_str_skip(authority, host);
    if (host == 0 || (port.len > 0 && (port.at[0] != ':' ||
                                       !cc_str_to_i64(cc_str_skip(port, 1), 1, 65535, &number))))
        return CC_STR_ABSENT;
    return cc_str_take(authority, host);
}

bool cc_net_host_is_loopback(struct cc_str host)
{
    int64_t number;

    if (!cc_str_starts(host, CC_STR("127.")))
        return cc_str_eq(host, CC_STR("localhost")) || cc_str_eq(host, CC_STR("[::1]"));
    for (int i = 0; i < 4; i++) {
        if (!cc_str_to_i64(cc_str_cut(&host, '.'), 0, 255, &number) || (i < 3) != (host.at != NULL))
            return false;
    }
    return true;
}
