#include "source.h"

#include "../base/arena.h"
#include "../net/host.h"

#define STEP_MS 1000 /* on the machine or beside it an answer takes milliseconds */

/* --- containers ------------------------------------------------------------------------------- */

bool aws_container_url_is_allowed(struct cc_str url)
{
    static const char *const known[] = { "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
    struct cc_str host = cc_net_host(url);

    if (cc_str_starts(url, CC_STR("https://")))
        return true;
    for (size_t i = 0; i < CC_COUNT(known); i++) {
        if (cc_str_eq(host, cc_str_from(known[i])))
            return true;
    }
    return cc_net_host_is_loopback(host);
}

enum cc_code aws_fetch_container(const struct aws_source *source, struct cc_arena *arena,
                                 int64_t timeout_ms, struct aws_found *out, struct cc_err *err)
{
    struct cc_net_header header = { CC_STR("Authorization"), source->token };
    struct cc_net_request request = {
        .method = CC_STR("GET"),
        .url = source->url,
        .headers = { &header, 0 },
        .timeout_ms = timeout_ms < STEP_MS ? timeout_ms : STEP_MS,
    };
    struct cc_str text;
    enum cc_code rc = CC_OK;

    if (source->token_path)
        rc = aws_token_read(arena, source->token_path, &header.value, err);
    request.headers.count = header.value.at ? 1 : 0;
    if (rc == CC_OK)
        rc = aws_source_ask(source, arena, &request, &text, err);
    if (rc != CC_OK)
        return rc;
    rc = aws_keys_read_json(arena, text, out, err);
    aws_wipe(text);
    return rc;
}

/* --- the machine's role (IMDSv2; never version 1, which a request forged through us could read) -
 */

#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

/* One of the three steps, of which none may take long. */
struct step {
    const char *method;
    struct cc_str path;
    const struct cc_net_header *header;
    int64_t deadline_ms; /* of all three, by the steady clock */
};

static enum cc_code ask_machine(const struct aws_source *source, struct cc_arena *arena,
                                const struct step *step, struct cc_str *out, struct cc_err *err)
{
    const int64_t left_ms = step->deadline_ms - cc_clock_mono_ms(source->clock);
    struct cc_net_request request = {
        .method = cc_str_from(step->method),
        .url = CC_JOIN(arena, source->url, step->path),
        .headers = { step->header, 1 },
        .timeout_ms = left_ms < STEP_MS ? left_ms : STEP_MS,
    };

    if (left_ms < 1)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: %s: out of time", source->name);
    return aws_source_ask(source, arena, &request, out, err);
}

enum cc_code aws_fetch_machine(const struct aws_source *source, struct cc_arena *arena,
                               int64_t timeout_ms, struct aws_found *out, struct cc_err *err)
{
    const int64_t deadline_ms = cc_clock_mono_ms(source->clock) + timeout_ms;
    const struct cc_net_header ttl = { CC_STR("X-aws-ec2-metadata-token-ttl-seconds"),
                                       CC_STR("60") };
    struct cc_net_header token = { CC_STR("X-aws-ec2-metadata-token"), CC_STR_ABSENT };
    const struct step steps[] = {
        { "PUT", CC_STR("/latest/api/token"), &ttl, deadline_ms },
        { "GET", CC_STR(ROLE_PATH), &token, deadline_ms },
    };
    struct step last = { "GET", CC_STR_ABSENT, &token, deadline_ms };
    struct cc_str role, text;
    enum cc_code rc = ask_machine(source, arena, &steps[0], &token.value, err);

    if (rc == CC_OK)
        rc = ask_machine(source, arena, &steps[1], &role, err);
    if (rc != CC_OK)
        return rc;
    last.path = CC_JOIN(arena, CC_STR(ROLE_PATH), cc_str_trim(cc_str_cut(&role, '\n')));
    rc = ask_machine(source, arena, &last, &text, err);
    if (rc != CC_OK)
        return rc;
    rc = aws_keys_read_json(arena, text, out, err);
    aws_wipe(text);
    return rc;
}
