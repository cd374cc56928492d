#include "internal.h"

/* RFC 6265 4.2. A name that stands there twice is nobody's: a neighbouring host can plant a second
 * one, and which comes first is not ours to guess. */
struct cc_str cc_cookie_find(const struct cc_ctx *cx, struct cc_str name)
{
    struct cc_str rest = cx->req->header[CC_H_COOKIE];
    struct cc_str found = CC_STR_ABSENT;

    while (rest.at) {
        struct cc_str value = cc_str_cut(&rest, ';');
        struct cc_str key = cc_str_trim(cc_str_cut(&value, '='));

        if (!value.at || !cc_str_eq(key, name))
            continue;
        if (found.at)
            return CC_STR_ABSENT;
        found = cc_str_trim(value);
    }
    return found;
}
