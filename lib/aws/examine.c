#include "examine.h"
#include "dates.h"

#include "../base/arena.h"

#include <stdio.h>

#define SKEW_DOUBTFUL_MS 30000
#define SKEW_WRONG_MS 240000 /* at 300,000 AWS takes no signature any more */
#define SOON_MS INT64_C(300000)
#define KEY_ENDS 4 /* bytes of an access key's id that are shown at each end */
#define BODY_BYTES_MAX ((size_t)256 * 1024)

/* --- keys ------------------------------------------------------------------------------------- */

/* Enough to tell one key from another. */
static struct cc_str shortened(struct cc_arena *arena, struct cc_str id)
{
    if (id.len < 4 * KEY_ENDS)
        return CC_STR("a short one");
    return CC_JOIN(arena, cc_str_take(id, KEY_ENDS), CC_STR("..."),
                   cc_str_skip(id, id.len - KEY_ENDS));
}

static void tell_of_keys(struct cc_aws_credentials *credentials, struct cc_arena *arena,
                         const struct cc_aws_keys *keys, struct cc_findings *to)
{
    const struct cc_str source = cc_aws_credentials_source(credentials);
    const struct cc_str id = shortened(arena, keys->id);
    const int64_t until_ms = cc_aws_credentials_until_ms(credentials);
    char until[CC_TIME_TEXT_SIZE];

    if (until_ms != INT64_MAX && until_ms - cc_clock_wall_ms(&cc_system_clock) < SOON_MS)
        cc_find_doubtful(to, "credentials",
                         "%.*s, from %.*s, end at %s: look whether their source gives new ones.",
                         CC_STR_ARG(id), CC_STR_ARG(source), cc_time_format(until_ms, until).at);
    else if (until_ms != INT64_MAX)
        cc_find_well(to, "credentials", "%.*s, from %.*s, good until %s and then renewed",
                     CC_STR_ARG(id), CC_STR_ARG(source), cc_time_format(until_ms, until).at);
    else if (keys->token.len > 0)
        cc_find_doubtful(to, "credentials",
                         "%.*s, from %.*s, are for some hours (they have a session token), and "
                         "nothing renews them: give the service a role, or a user's key.",
                         CC_STR_ARG(id), CC_STR_ARG(source));
    else
        cc_find_well(to, "credentials", "%.*s, from %.*s", CC_STR_ARG(id), CC_STR_ARG(source));
}

bool cc_aws_credentials_examine(struct cc_aws_credentials *credentials, struct cc_findings *to)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    const int64_t deadline_ms = cc_clock_mono_ms(&cc_system_clock) + CC_AWS_EXAMINE_MS;
    const struct cc_str source = cc_aws_credentials_source(credentials);
    struct cc_aws_keys keys;
    struct cc_err err = { 0 };
    uint64_t generation;
    const bool found =
        cc_aws_credentials_get(credentials, arena, deadline_ms, &keys, &generation, &err) == CC_OK;

    if (found)
        tell_of_keys(credentials, arena, &keys, to);
    else
        cc_find_wrong(to, "credentials", err.cause,
                      "None come from %.*s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                      "AWS_PROFILE, or give this machine a role.",
                      CC_STR_ARG(source));
    cc_arena_free(arena);
    return found;
}

/* --- the way there ---------------------------------------------------------------------------- */

static const char *const advice[] = {
    [CC_NET_NAME] = "The name has no address: look at [aws] region and the endpoints under [aws], "
                    "and at this machine's DNS.",
    [CC_NET_CONNECTION] = "Nobody answers there: look at the endpoints under [aws], at routes, "
                          "firewalls and security groups.",
    [CC_NET_TRUST] = "Its certificate is not trusted: [aws] ca_file names the authorities of a "
                     "private endpoint.",
    [CC_NET_ANSWER] = "There is no whole answer: look at what stands between this machine and it.",
};

static bool is_local(struct cc_str origin)
{
    return cc_str_starts(origin, CC_STR("http://127.")) ||
           cc_str_starts(origin, CC_STR("http://localhost")) ||
           cc_str_starts(origin, CC_STR("http://[::1]"));
}

static void tell_of_origin(struct cc_str origin, const char *what, int64_t took_ms,
                           struct cc_findings *to)
{
    if (cc_str_starts(origin, CC_STR("https://")))
        cc_find_well(to, what, "%.*s answers within %lld ms, with a certificate that is trusted",
                     CC_STR_ARG(origin), (long long)took_ms);
    else if (is_local(origin))
        cc_find_well(to, what, "%.*s answers within %lld ms, on this machine", CC_STR_ARG(origin),
                     (long long)took_ms);
    else
        cc_find_doubtful(to, what,
                         "%.*s answers, without TLS: messages travel in the open. Let the endpoint "
                         "under [aws] begin with https://.",
                         CC_STR_ARG(origin));
}

/* A Date is cut to the second, and was written when half of the time was over. */
static int64_t skew_of(const struct cc_net_answer *answer, int64_t sent_ms)
{
    const int64_t now_ms = cc_clock_wall_ms(&cc_system_clock);
    int64_t date_ms;

    if (!aws_date_http(cc_net_header_find(&answer->headers, CC_STR("Date")), &date_ms))
        return INT64_MAX;
    return date_ms + 500 - (sent_ms + now_ms) / 2;
}

bool cc_aws_examine(struct cc_aws *aws, struct cc_net *net, const char *what, int64_t *skew_ms,
                    struct cc_findings *to)
{
    struct cc_arena *arena = cc_arena_new((size_t)1024 * 1024);
    const struct cc_str origin = cc_aws_origin(aws);
    const int64_t sent_ms = cc_clock_wall_ms(&cc_system_clock);
    const int64_t began_ms = cc_clock_mono_ms(&cc_system_clock);
    const struct cc_net_request request = {
        .method = CC_STR("GET"),
        .url = CC_JOIN(arena, origin, CC_STR("/")),
        .timeout_ms = CC_AWS_EXAMINE_MS,
        .answer_bytes_max = BODY_BYTES_MAX,
    };
    struct cc_net_answer answer;
    enum cc_net_stage stage;
    struct cc_err err = { 0 };
    const bool answers = cc_net_probe(net, arena, &request, &answer, &stage, &err) == CC_OK;

    if (answers)
        tell_of_origin(origin, what, cc_clock_mono_ms(&cc_system_clock) - began_ms, to);
    else
        cc_find_wrong(to, what, err.cause, "%.*s cannot be reached. %s", CC_STR_ARG(origin),
                      advice[stage]);
    if (skew_ms)
        *skew_ms = answers ? skew_of(&answer, sent_ms) : INT64_MAX;
    cc_arena_free(arena);
    return answers;
}

/* --- the time --------------------------------------------------------------------------------- */

void cc_aws_clock_examine(int64_t skew_ms, struct cc_findings *to)
{
    const int64_t off_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    const char *side = skew_ms > 0 ? "slow" : "fast";

    if (skew_ms == INT64_MAX)
        cc_find_unseen(to, "clock", "No service has said what time it is.");
    else if (off_ms > SKEW_WRONG_MS)
        cc_find_wrong(to, "clock", NULL,
                      "This machine's clock is %lld s %s: let a time service (chrony, "
                      "systemd-timesyncd) set it.",
                      (long long)off_ms / 1000, side);
    else if (off_ms > SKEW_DOUBTFUL_MS)
        cc_find_doubtful(to, "clock",
                         "This machine's clock is %lld s %s: let a time service (chrony, "
                         "systemd-timesyncd) set it. AWS takes nothing that is 5 minutes off.",
                         (long long)off_ms / 1000, side);
    else
        cc_find_well(to, "clock", "as AWS has it, to within %lld s", (long long)off_ms / 1000 + 1);
}

/* --- what a service says ---------------------------------------------------------------------- */

enum cc_code cc_aws_ask(struct cc_aws *aws, struct cc_arena *arena, struct cc_aws_request *request,
                        struct cc_aws_answer *out, struct cc_err *err)
{
    request->timeout_ms = CC_AWS_EXAMINE_MS;
    return cc_aws_probe(aws, arena, request, out, err);
}

bool cc_aws_is_denied(struct cc_str error)
{
    return cc_str_eq(error, CC_STR("AccessDenied")) ||
           cc_str_eq(error, CC_STR("AccessDeniedException"));
}

#define UNKNOWN_KEY                                                                                \
    "AWS does not know this access key: it has been deleted, or belongs to another endpoint "      \
    "under "                                                                                       \
    "[aws]."
#define WRONG_SECRET                                                                               \
    "The secret key is not the one of the access key: look for a typing error. A clock that is "   \
    "wrong looks the same."
#define OVER "The credentials have expired: get new ones."
#define CLOCK "The clock of this machine is wrong: let a time service set it."
#define BUSY "AWS is too busy to answer now: run this again."

static const struct {
    const char *error;
    const char *text;
} refusals[] = {
    { "UnrecognizedClientException", UNKNOWN_KEY },
    { "InvalidAccessKeyId", UNKNOWN_KEY },
    { "InvalidClientTokenId", UNKNOWN_KEY },
    { "InvalidSignatureException", WRONG_SECRET },
    { "SignatureDoesNotMatch", WRONG_SECRET },
    { "ExpiredToken", OVER },
    { "ExpiredTokenException", OVER },
    { "RequestTimeTooSkewed", CLOCK },
    { "RequestExpired", CLOCK },
    { "ThrottlingException", BUSY },
    { "ProvisionedThroughputExceededException", BUSY },
    { "SlowDown", BUSY },
    { "ServiceUnavailable", BUSY },
    { "InternalServerError", BUSY },
};

bool cc_aws_find_refused(struct cc_findings *to, const char *what,
                         const struct cc_aws_answer *answer, const char *otherwise)
{
    char cause[256];

    snprintf(cause, sizeof(cause), "%d %.*s: %.*s", answer->status, CC_STR_ARG(answer->error),
             CC_STR_ARG(answer->message));
    for (size_t i = 0; i < CC_COUNT(refusals); i++) {
        if (cc_str_eq(answer->error, cc_str_from(refusals[i].error)))
            return cc_find_wrong(to, what, cause, "%s", refusals[i].text);
    }
    return cc_find_wrong(to, what, cause, "%s", otherwise);
}
