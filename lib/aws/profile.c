#include "profile.h"

#include <stddef.h>

#define MEMBER(member) offsetof(struct aws_profile, member)

static const struct {
    const char *key;
    size_t member;
} keys[] = {
    { "aws_access_key_id", MEMBER(access_key_id) },
    { "aws_secret_access_key", MEMBER(secret_access_key) },
    { "aws_session_token", MEMBER(session_token) },
    { "role_arn", MEMBER(role_arn) },
    { "role_session_name", MEMBER(role_session_name) },
    { "external_id", MEMBER(external_id) },
    { "web_identity_token_file", MEMBER(web_identity_token_file) },
    { "source_profile", MEMBER(source_profile) },
    { "credential_source", MEMBER(credential_source) },
    { "credential_process", MEMBER(credential_process) },
    { "sso_session", MEMBER(sso) },
    { "sso_start_url", MEMBER(sso) },
    { "mfa_serial", MEMBER(mfa_serial) },
    { "region", MEMBER(region) },
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "[profile name]" is about `name`; in the file of credentials "[name]" is. */
static bool is_section_of(struct cc_str line, enum aws_file file, struct cc_str name)
{
    struct cc_str word = CC_STR("profile");
    struct cc_str section = cc_str_skip(line, 1);

    section = cc_str_trim(cc_str_take(section, cc_str_find(section, ']')));
    if (file == AWS_FILE_CREDENTIALS || cc_str_eq(section, CC_STR("default")))
        return cc_str_eq(section, name);
    if (!cc_str_starts(section, word) || section.len == word.len || !is_blank(section.at[word.len]))
        return false;
    return cc_str_eq(cc_str_trim(cc_str_skip(section, word.len)), name);
}

/* What follows " #" or " ;" is a comment. */
static struct cc_str without_comment(struct cc_str value)
{
    for (size_t i = 1; i < value.len; i++) {
        if ((value.at[i] == '#' || value.at[i] == ';') && is_blank(value.at[i - 1]))
            return cc_str_trim(cc_str_take(value, i));
    }
    return value;
}

static void set(struct cc_str line, const struct aws_profile *before, struct aws_profile *out)
{
    struct cc_str value = line;
    struct cc_str key = cc_str_trim(cc_str_cut(&value, '='));

    value = without_comment(cc_str_trim(value));
    for (size_t i = 0; i < CC_COUNT(keys) && value.len; i++) {
        size_t member = keys[i].member;

        if (cc_str_eq_nocase(key, cc_str_from(keys[i].key)) &&
            !((const struct cc_str *)((const char *)before + member))->at)
            *(struct cc_str *)((char *)out + member) = value;
    }
}

void aws_profile_read(struct cc_str text, enum aws_file file, struct cc_str name,
                      struct aws_profile *out)
{
    const struct aws_profile before = *out;
    bool ours = false;

    while (text.at) {
        struct cc_str line = cc_str_cut(&text, '\n');

        if (cc_str_ends(line, CC_STR("\r")))
            line.len--;
        /* What is indented belongs to the setting above: sub-settings of a service. */
        if (line.len == 0 || is_blank(line.at[0]) || line.at[0] == '#' || line.at[0] == ';')
            continue;
        if (line.at[0] == '[') {
            ours = is_section_of(line, file, name);
            out->found = out->found || ours;
        } else if (ours) {
            set(line, &before, out);
        }
    }
}
