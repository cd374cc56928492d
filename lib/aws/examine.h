/* aws/examine.h - looks over what calls of AWS need: keys, a way to the service, and the time. For
 * `cloudchat doctor`; it puts nothing right and repeats nothing. Each question to the network is
 * given a few seconds. */
#ifndef CC_AWS_EXAMINE_H
#define CC_AWS_EXAMINE_H

#include "aws.h"

#include "../base/finding.h"

#define CC_AWS_EXAMINE_MS 4000

/* Whether there are keys, whose, and for how long; never a secret. false: there are none. */
bool cc_aws_credentials_examine(struct cc_aws_credentials *credentials, struct cc_findings *to);

/* Whether the service answers at all, asked for nothing in particular and unsigned. `what` is its
 * name for people. false: it does not. `skew_ms`, where it is not NULL, becomes how much its clock
 * is before ours, or INT64_MAX: it does not say. */
bool cc_aws_examine(struct cc_aws *aws, struct cc_net *net, const char *what, int64_t *skew_ms,
                    struct cc_findings *to);

/* Our clock, by what a service's said. */
void cc_aws_clock_examine(int64_t skew_ms, struct cc_findings *to);

/* cc_aws_probe, within CC_AWS_EXAMINE_MS. */
enum cc_code cc_aws_ask(struct cc_aws *aws, struct cc_arena *arena, struct cc_aws_request *request,
                        struct cc_aws_answer *out, struct cc_err *err) CC_NODISCARD;

/* Whether an error says that the keys are good and do not allow this. */
bool cc_aws_is_denied(struct cc_str error);

/* Tells of an error of the service, as far as its name says what to do: keys that it does not know,
 * a clock that is wrong. `otherwise` is the text for any other. Always false. */
bool cc_aws_find_refused(struct cc_findings *to, const char *what,
                         const struct cc_aws_answer *answer, const char *otherwise);

#endif
