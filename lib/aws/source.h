/* aws/source.h - one source of AWS's keys each: how it is asked. For the files of this folder.
 *
 * A source is asked by one thread at a time. What it gives lies in the arena, the secrets wiped
 * with it. CC_UNAVAILABLE: it gives nothing now; CC_INVALID: it never will. */
#ifndef CC_AWS_SOURCE_H
#define CC_AWS_SOURCE_H

#include "credentials.h"
#include "profile.h"

struct aws_found {
    struct cc_aws_keys keys;
    int64_t expires_ms; /* by the wall clock; 0: never */
};

struct aws_source;

typedef enum cc_code aws_fetch_fn(const struct aws_source *source, struct cc_arena *arena,
                                  int64_t timeout_ms, struct aws_found *out, struct cc_err *err);

/* Where the environment points; what is not of this source is absent. Chosen once. */
struct aws_source {
    aws_fetch_fn *fetch;
    const char *name; /* for people */
    struct cc_net *net;
    const struct cc_clock *clock;
    struct aws_found fixed; /* the environment: what it says */
    struct cc_str profile;  /* its name, and the two files; NULL: there is none */
    const char *credentials_path, *config_path;
    struct cc_str url;      /* of the container, whole, or of the machine, without a path */
    struct cc_str sts_url;  /* without a path */
    const char *token_path; /* the container's or the web identity's token; NULL: none */
    struct cc_str token;    /* the container's, if no file has it */
    struct cc_str role_arn, role_session, region;
};

/* Reads the environment and fills in what `source` is, of which `net` and `clock` are set already.
 * Copies into the arena, which must outlive it. CC_INVALID, as cc_aws_credentials_open. */
enum cc_code aws_source_choose(const struct cc_aws_credentials_config *config,
                               struct cc_arena *arena, struct aws_source *source,
                               struct cc_err *err) CC_NODISCARD;

aws_fetch_fn aws_fetch_fixed, aws_fetch_profile, aws_fetch_web_identity, aws_fetch_container,
    aws_fetch_machine;

/* One request; its answer's body, if the status is 200. Any failure names the source and what the
 * answer says. */
enum cc_code aws_source_ask(const struct aws_source *source, struct cc_arena *arena,
                            struct cc_net_request *request, struct cc_str *out,
                            struct cc_err *err) CC_NODISCARD;

/* A token that something renews: the file's text without the space at its end, read anew each
 * time; wiped with the arena. */
enum cc_code aws_token_read(struct cc_arena *arena, const char *path, struct cc_str *out,
                            struct cc_err *err) CC_NODISCARD;

/* An answer that held keys and has been read: zeroes. */
void aws_wipe(struct cc_str text);

/* What both files say of a profile of the source; files that are not there say nothing. Their text
 * is wiped with the arena. */
enum cc_code aws_profile_load(const struct aws_source *source, struct cc_arena *arena,
                              struct cc_str name, struct aws_profile *out,
                              struct cc_err *err) CC_NODISCARD;

/* The keys of the profile that `profile` names as its source. CC_INVALID: there are none, or they
 * would be those of another role. */
enum cc_code aws_source_profile_keys(const struct aws_source *source, struct cc_arena *arena,
                                     const struct aws_profile *profile, struct cc_aws_keys *out,
                                     struct cc_err *err) CC_NODISCARD;

/* What the endpoints of containers and machines answer: JSON with AccessKeyId and its like. */
enum cc_code aws_keys_read_json(struct cc_arena *arena, struct cc_str text, struct aws_found *out,
                                struct cc_err *err) CC_NODISCARD;
/* The same of STS: XML. */
enum cc_code aws_keys_read_xml(struct cc_arena *arena, struct cc_str text, struct aws_found *out,
                               struct cc_err *err) CC_NODISCARD;

/* Whether a container's credentials may be asked for there, as AWS's SDKs have it: anywhere by
 * https, else only on this machine and at the addresses of ECS and EKS. */
bool aws_container_url_is_allowed(struct cc_str url);

#endif
