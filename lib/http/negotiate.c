#include "internal.h"

/* RFC 9110 12.4.2: "q=0", "q=0.", "q=0.000" say "not this". */
static bool is_refused(struct cc_str parameters)
{
    while (parameters.at) {
        struct cc_str value = cc_str_cut(&parameters, ';');
        struct cc_str name = cc_str_trim(cc_str_cut(&value, '='));

        if (!value.at || !cc_str_eq_nocase(name, CC_STR("q")))
            continue;
        value = cc_str_trim(value);
        for (size_t i = 0; i < value.len; i++)
            if (value.at[i] != '0' && value.at[i] != '.')
                return false;
        return true;
    }
    return false;
}

/* RFC 9110 12.5.1: a range names a type, all subtypes of one, or everything. `type` has no
 * parameters. */
static bool covers(struct cc_str range, struct cc_str type)
{
    size_t slash = cc_str_find(type, '/');

    if (cc_str_eq(range, CC_STR("*/*")) || cc_str_eq_nocase(range, type))
        return true;
    return range.len == slash + 2 && range.at[range.len - 1] == '*' &&
           cc_str_eq_nocase(cc_str_take(range, slash + 1), cc_str_take(type, slash + 1));
}

bool cc_accepts(struct cc_str accept, struct cc_str type)
{
    if (cc_str_trim(accept).len == 0)
        return true;
    while (accept.at) {
        struct cc_str parameters = cc_str_cut(&accept, ',');
        struct cc_str range = cc_str_trim(cc_str_cut(&parameters, ';'));

        if (is_refused(parameters))
            continue;
        if (covers(range, type) || covers(range, CC_STR("application/json")) ||
            covers(range, CC_STR("application/problem+json")))
            return true;
    }
    return false;
}
