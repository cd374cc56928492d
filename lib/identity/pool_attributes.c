/* What a pool does not take of a person's attributes: as fields of his, in our words. */
#include "pool_call.h"

#include <assert.h>
#include <string.h>

#define SCHEMA "Attributes did not conform to the schema: "

static const struct attribute {
    const char *name;
    const char *complaint; /* how one of it alone begins; NULL: there is none */
    const char *pointer, *detail;
} attributes[] = {
    { "name", NULL, "/name", "This name is not allowed here. It may be too long, or too short." },
    { "phone_number", "Invalid phone number", "/phone_number",
      "No code can be sent to this number. Please check it." },
    { "email", "Invalid email", "/email", "No code can be sent to this address. Please check it." },
};

void pool_put_attribute(struct pool_call *call, const char *name, struct cc_str value)
{
    if (!value.at) {
        call->withheld = name;
        return;
    }
    assert(call->given_count < CC_COUNT(call->given));
    call->given[call->given_count++] = name;
    cc_jw_object(&call->w);
    cc_jw_put_str(&call->w, "Name", cc_str_from(name));
    cc_jw_put_str(&call->w, "Value", value);
    cc_jw_object_end(&call->w);
}

static bool is_given(const struct pool_call *call, const struct attribute *attribute)
{
    for (size_t i = 0; i < call->given_count; i++)
        if (strcmp(call->given[i], attribute->name) == 0)
            return true;
    return false;
}

/* A name has parts for the pool: "name.formatted". */
static const struct attribute *attribute_of(struct cc_str name)
{
    struct cc_str whole = cc_str_cut(&name, '.');

    for (size_t i = 0; i < CC_COUNT(attributes); i++)
        if (cc_str_eq(whole, cc_str_from(attributes[i].name)))
            return &attributes[i];
    return NULL;
}

/* "phone_number: The attribute is required". What is wrong with anything else than what was given
 * is for whoever runs the pool to mend. */
static enum cc_code judge_rule(const struct pool_call *call, struct cc_str rule, struct cc_err *err)
{
    const struct attribute *attribute = attribute_of(cc_str_trim(cc_str_cut(&rule, ':')));

    if (!attribute)
        return CC_UNAVAILABLE;
    if (is_given(call, attribute))
        return cc_fail_field(err, attribute->pointer, attribute->detail);
    return call->withheld && strcmp(call->withheld, attribute->name) == 0 ? CC_NOT_FOUND
                                                                          : CC_UNAVAILABLE;
}

/* A line each. What the person can mend comes first: it is the same with and without an address. */
static enum cc_code judge_rules(const struct pool_call *call, struct cc_str rules,
                                struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    while (rules.at) {
        struct cc_str rule = cc_str_cut(&rules, '\n');
        enum cc_code one = rule.len > 0 ? judge_rule(call, rule, err) : CC_OK;

        if (one == CC_INVALID || (one == CC_UNAVAILABLE && rc != CC_INVALID) || rc == CC_OK)
            rc = one;
    }
    return rc == CC_OK ? CC_UNAVAILABLE : rc;
}

enum cc_code pool_judge_attributes(const struct pool_call *call, struct cc_str message,
                                   struct cc_err *err)
{
    if (cc_str_starts(message, CC_STR(SCHEMA)))
        return judge_rules(call, cc_str_skip(message, strlen(SCHEMA)), err);
    for (size_t i = 0; i < CC_COUNT(attributes); i++) {
        const struct attribute *each = &attributes[i];

        if (each->complaint && cc_str_starts(message, cc_str_from(each->complaint)) &&
            is_given(call, each))
            return cc_fail_field(err, each->pointer, each->detail);
    }
    return CC_UNAVAILABLE;
}
