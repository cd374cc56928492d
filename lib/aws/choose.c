/* Where AWS's keys come from: the first source that is configured. */
#include "source.h"

#include "../base/arena.h"

#include <stdlib.h>

struct chooser {
    struct cc_arena *arena;
    const struct cc_aws_credentials_config *config;
    struct aws_source *source;
    struct cc_err *err;
};

static struct cc_str variable(const struct chooser *c, const char *name)
{
    const char *value = c->config->env ? c->config->env(c->config->env_arg, name) : getenv(name);

    return value && *value ? cc_str_copy(c->arena, cc_str_from(value)) : CC_STR_ABSENT;
}

static enum cc_code refuse(const struct chooser *c, const char *what)
{
    return cc_fail(c->err, CC_INVALID, what, "aws credentials: %s", what);
}

static enum cc_code from_environment(struct chooser *c)
{
    struct aws_source *s = c->source;

    s->fixed.keys.id = variable(c, "AWS_ACCESS_KEY_ID");
    s->fixed.keys.secret = variable(c, "AWS_SECRET_ACCESS_KEY");
    s->fixed.keys.token = variable(c, "AWS_SESSION_TOKEN");
    if (!s->fixed.keys.id.at && !s->fixed.keys.secret.at)
        return CC_OK;
    if (!s->fixed.keys.id.at || !s->fixed.keys.secret.at)
        return refuse(c, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together.");
    s->name = "the environment";
    s->fetch = aws_fetch_fixed;
    return CC_OK;
}

static enum cc_code from_web_identity(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str file = variable(c, "AWS_WEB_IDENTITY_TOKEN_FILE");
    struct cc_str session = variable(c, "AWS_ROLE_SESSION_NAME");

    if (!file.at)
        return CC_OK;
    s->token_path = file.at;
    s->role_arn = variable(c, "AWS_ROLE_ARN");
    if (session.at)
        s->role_session = session;
    if (!s->role_arn.at)
        return refuse(c, "AWS_WEB_IDENTITY_TOKEN_FILE needs AWS_ROLE_ARN beside it.");
    s->name = "web identity";
    s->fetch = aws_fetch_web_identity;
    return CC_OK;
}

/* A file of ~/.aws, or the one that the environment names. */
static const char *shared_file(const struct chooser *c, const char *name, const char *in_home)
{
    struct cc_str path = variable(c, name);
    struct cc_str home = variable(c, "HOME");

    if (path.at)
        return path.at;
    return home.at ? CC_JOIN(c->arena, home, cc_str_from(in_home)).at : NULL;
}

static enum cc_code check_profile(const struct chooser *c, const struct aws_profile *p, bool named)
{
    bool has_keys = p->access_key_id.at && p->secret_access_key.at;

    if (p->sso.at || p->credential_process.at || p->credential_source.at)
        return refuse(c, "The profile of AWS takes its keys from a source that is not supported "
                         "(sso, credential_process or credential_source).");
    if (p->role_arn.at && !p->web_identity_token_file.at && !p->source_profile.at)
        return refuse(c, "The profile of AWS has role_arn, but neither web_identity_token_file nor "
                         "source_profile.");
    if (p->role_arn.at && p->mfa_serial.at)
        return refuse(c, "The profile of AWS has mfa_serial: nobody is here to type a code.");
    if (!has_keys && (p->access_key_id.at || p->secret_access_key.at))
        return refuse(c, "The profile of AWS has half of a key.");
    if (named && !has_keys && !p->role_arn.at)
        return refuse(c, "The profile that AWS_PROFILE names is not there, or has no keys.");
    return CC_OK;
}

/* What can be known of a role before it is asked for. */
static enum cc_code check_role(const struct chooser *c, const struct aws_profile *p)
{
    struct cc_aws_keys keys;

    if (!p->role_arn.at || p->web_identity_token_file.at)
        return CC_OK;
    return aws_source_profile_keys(c->source, c->arena, p, &keys, c->err);
}

static enum cc_code from_profile(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str named = variable(c, "AWS_PROFILE");
    struct aws_profile profile = { 0 };
    enum cc_code rc;

    s->profile = named.at ? named : CC_STR("default");
    s->credentials_path = shared_file(c, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
    s->config_path = shared_file(c, "AWS_CONFIG_FILE", "/.aws/config");
    rc = aws_profile_load(s, c->arena, s->profile, &profile, c->err);
    if (rc == CC_OK)
        rc = check_profile(c, &profile, named.at != NULL);
    if (rc == CC_OK)
        rc = check_role(c, &profile);
    if (rc != CC_OK || (!profile.access_key_id.at && !profile.role_arn.at))
        return rc;
    s->name = cc_str_format(c->arena, "profile %.*s of %s", CC_STR_ARG(s->profile),
                            s->credentials_path ? s->credentials_path : s->config_path)
                  .at;
    s->fetch = aws_fetch_profile;
    return CC_OK;
}

static enum cc_code from_container(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str relative = variable(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    struct cc_str full = variable(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");

    if (!relative.at && !full.at)
        return CC_OK;
    s->url = relative.at ? CC_JOIN(c->arena, CC_STR("http://169.254.170.2"), relative) : full;
    if (!aws_container_url_is_allowed(s->url))
        return refuse(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or at an address of "
                         "this machine.");
    s->token_path = variable(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").at;
    s->token = variable(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    s->name = "the container's endpoint";
    s->fetch = aws_fetch_container;
    return CC_OK;
}

static struct cc_str without_slash(struct cc_str url)
{
    return cc_str_ends(url, CC_STR("/")) ? cc_str_take(url, url.len - 1) : url;
}

static enum cc_code from_machine(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str endpoint = variable(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT");

    if (cc_str_eq_nocase(variable(c, "AWS_EC2_METADATA_DISABLED"), CC_STR("true")))
        return refuse(c, "No credentials of AWS are configured: set AWS_ACCESS_KEY_ID and "
                         "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.");
    s->url = CC_STR("http://169.254.169.254");
    if (endpoint.at)
        s->url = endpoint;
    if (c->config->imds_endpoint.at)
        s->url = cc_str_copy(c->arena, c->config->imds_endpoint);
    s->url = without_slash(s->url);
    s->name = "the machine's role";
    s->fetch = aws_fetch_machine;
    return CC_OK;
}

/* STS is asked by two of the sources. */
static void set_sts(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str region = variable(c, "AWS_REGION");

    if (c->config->region.at)
        region = cc_str_copy(c->arena, c->config->region);
    s->region = region.at ? region : CC_STR("us-east-1");
    s->role_session = CC_STR("cloud-chat");
    s->sts_url = cc_str_starts(s->region, CC_STR("cn-")) ? CC_STR(".amazonaws.com.cn")
                                                         : CC_STR(".amazonaws.com");
    s->sts_url = CC_JOIN(c->arena, CC_STR("https://sts."), s->region, s->sts_url);
    if (c->config->sts_endpoint.at)
        s->sts_url = without_slash(cc_str_copy(c->arena, c->config->sts_endpoint));
}

enum cc_code aws_source_choose(const struct cc_aws_credentials_config *config,
                               struct cc_arena *arena, struct aws_source *source,
                               struct cc_err *err)
{
    static enum cc_code (*const sources[])(struct chooser *) = { from_environment,
                                                                 from_web_identity, from_profile,
                                                                 from_container, from_machine };
    struct chooser c = { arena, config, source, err };
    enum cc_code rc = CC_OK;

    set_sts(&c);
    for (size_t i = 0; i < CC_COUNT(sources) && rc == CC_OK && !source->fetch; i++)
        rc = sources[i](&c);
    return rc;
}
