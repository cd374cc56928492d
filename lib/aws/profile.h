/* aws/profile.h - the files that the AWS command line keeps in ~/.aws. Not by inih, which cuts
 * lines at 200 bytes: session tokens are longer. Pure. */
#ifndef CC_AWS_PROFILE_H
#define CC_AWS_PROFILE_H

#include "../base/str.h"

enum aws_file {
    AWS_FILE_CREDENTIALS, /* sections are named after profiles */
    AWS_FILE_CONFIG,      /* "[profile name]", but "[default]" */
};

/* What a profile says; borrowed from the text, absent where it says nothing. */
struct aws_profile {
    bool found;
    struct cc_str access_key_id, secret_access_key, session_token;
    struct cc_str role_arn, role_session_name, external_id;
    struct cc_str web_identity_token_file, source_profile;
    /* not supported, but noticed */
    struct cc_str credential_source, credential_process, sso, mfa_serial;
    struct cc_str region;
};

/* Adds what the file's text says of that profile to `out`; what stands there already stays. */
void aws_profile_read(struct cc_str text, enum aws_file file, struct cc_str name,
                      struct aws_profile *out);

#endif
