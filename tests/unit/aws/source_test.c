#include "tests/check.h"

#include "aws/source.h"
#include "base/arena.h"
#include "base/limits.h"

START_TEST(a_profile_is_what_both_files_say_of_it)
{
    struct aws_profile p = { .found = false };

    aws_profile_read(CC_STR("# keys\n"
                            "[default]\naws_access_key_id=A0\n"
                            "[other]\r\n"
                            "AWS_ACCESS_KEY_ID = A1 \r\n"
                            "aws_secret_access_key\t=\ts/+=1 # comment\r\n"
                            "aws_secret_access_key_id = no\n"
                            "nonsense\n"
                            "= 3\n"
                            "[profile other]\naws_session_token = no\n"),
                     AWS_FILE_CREDENTIALS, CC_STR("other"), &p);
    aws_profile_read(CC_STR("[default]\nregion = eu-north-1\n"
                            "[other]\nrole_arn = not this section\n"
                            "[ profile \t other ]\n"
                            "aws_access_key_id = the other file said it first\n"
                            "s3 =\n  region = nested\n  role_arn = nested\n"
                            "region = eu-central-1\nregion = eu-west-1\n"
                            "[profile others]\nrole_arn = no\n"),
                     AWS_FILE_CONFIG, CC_STR("other"), &p);
    ck_assert(p.found);
    cc_check_str(p.access_key_id, CC_STR("A1"));
    cc_check_str(p.secret_access_key, CC_STR("s/+=1"));
    cc_check_str(p.region, CC_STR("eu-west-1"));
    ck_assert_ptr_null(p.session_token.at);
    ck_assert_ptr_null(p.role_arn.at);
}
END_TEST

START_TEST(a_long_session_token_is_read_whole)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct aws_profile p = { .found = false };
    char token[4001];

    memset(token, 't', sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    aws_profile_read(cc_str_format(arena, "[default]\naws_session_token = %s", token),
                     AWS_FILE_CREDENTIALS, CC_STR("default"), &p);
    ck_assert_uint_eq(p.session_token.len, sizeof(token) - 1);
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_profile_that_is_not_there_is_not_found)
{
    static const char *const texts[] = {
        "", "[default", "[profile]\n", "[profile default]\nx=y", "default\n", "[]\n", "[defaults]"
    };

    for (size_t i = 0; i < CC_COUNT(texts); i++) {
        struct aws_profile p = { .found = false };

        aws_profile_read(cc_check_guarded(cc_str_from(texts[i])), AWS_FILE_CREDENTIALS,
                         CC_STR("default"), &p);
        ck_assert_msg(p.found == (i == 1), "%s", texts[i]); /* "[default" is, to AWS's tools too */
    }
}
END_TEST

START_TEST(a_container_is_asked_on_this_machine_or_by_https)
{
    static const struct {
        const char *url;
        bool allowed;
    } rows[] = {
        { "http://169.254.170.2/v2/credentials/x", true },
        { "http://169.254.170.23/v1/credentials", true },
        { "http://[fd00:ec2::23]/v1/credentials", true },
        { "http://127.0.0.1:9911/creds", true },
        { "http://127.255.0.9", true },
        { "http://localhost:80/creds", true },
        { "http://[::1]:80/creds", true },
        { "https://credentials.example.org/creds", true },
        { "http://credentials.example.org/creds", false },
        { "http://169.254.169.254/creds", false },
        { "http://127.0.0.1.evil.example/creds", false },
        { "http://127.evil.example/creds", false },
        { "http://127.0.0.1@evil.example/creds", false },
        { "http://localhost.evil.example/", false },
        { "http://[::1].evil.example/", false },
        { "http://127.0.0.1\\@evil.example/", false },
        { "http://127.0.0.256/", false },
        { "http://127.0.0/", false },
        { "http://", false },
        { "ftp://127.0.0.1/", false },
        { "127.0.0.1", false },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++)
        ck_assert_msg(aws_container_url_is_allowed(cc_check_guarded(cc_str_from(rows[i].url))) ==
                          rows[i].allowed,
                      "%s", rows[i].url);
}
END_TEST

START_TEST(keys_are_read_from_json)
{
    static const struct {
        const char *text;
        enum cc_code code;
        int64_t expires_ms;
    } rows[] = {
        { "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
          "\"Expiration\":\"2026-11-23T04:05:06Z\",\"Type\":\"AWS-HMAC\"}",
          CC_OK, 1795406706000 },
        { "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}", CC_OK, 0 },
        { "{\"Code\":\"Failed\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}", CC_UNAVAILABLE,
          0 },
        { "{\"AccessKeyId\":\"A\"}", CC_UNAVAILABLE, 0 },
        { "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"\"}", CC_UNAVAILABLE, 0 },
        { "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":7}", CC_UNAVAILABLE, 0 },
        { "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}",
          CC_UNAVAILABLE, 0 },
        { "[]", CC_UNAVAILABLE, 0 },
        { "null", CC_UNAVAILABLE, 0 },
        { "{", CC_BAD_REQUEST, 0 },
    };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct aws_found found = { .expires_ms = 0 };
        struct cc_err err = { 0 };

        ck_assert_msg(aws_keys_read_json(arena, cc_check_guarded(cc_str_from(rows[i].text)), &found,
                                         &err) == rows[i].code,
                      "%s: %s", rows[i].text, err.cause);
        ck_assert_int_eq(found.expires_ms, rows[i].expires_ms);
        if (rows[i].code == CC_OK) {
            cc_check_str(found.keys.id, CC_STR("A"));
            cc_check_str(found.keys.secret, CC_STR("S"));
            cc_check_str(found.keys.token, CC_STR("T"));
        }
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(keys_are_read_from_the_xml_of_sts)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct aws_found found;
    struct cc_err err = { 0 };

    ck_assert_int_eq(
        aws_keys_read_xml(
            arena,
            CC_STR("<AssumeRoleWithWebIdentityResponse "
                   "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                   "<AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn</Arn>"
                   "<AssumedRoleId>x</AssumedRoleId></AssumedRoleUser><Credentials>"
                   "<SessionToken>T</SessionToken><SecretAccessKey>S</SecretAccessKey>"
                   "<Expiration>2026-11-23T04:05:06Z</Expiration><AccessKeyId>A</AccessKeyId>"
                   "</Credentials></AssumeRoleWithWebIdentityResult>"
                   "</AssumeRoleWithWebIdentityResponse>"),
            &found, &err),
        CC_OK);
    cc_check_str(found.keys.id, CC_STR("A"));
    cc_check_str(found.keys.secret, CC_STR("S"));
    cc_check_str(found.keys.token, CC_STR("T"));
    ck_assert_int_eq(found.expires_ms, 1795406706000);
    ck_assert_int_eq(aws_keys_read_xml(arena, CC_STR("<a/>"), &found, &err), CC_UNAVAILABLE);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("aws/source", a_profile_is_what_both_files_say_of_it,
              a_long_session_token_is_read_whole, a_profile_that_is_not_there_is_not_found,
              a_container_is_asked_on_this_machine_or_by_https, keys_are_read_from_json,
              keys_are_read_from_the_xml_of_sts)
