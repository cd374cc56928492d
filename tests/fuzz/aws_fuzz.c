/* What AWS and its surroundings say: bodies of errors, keys in JSON and XML, files of profiles,
 * dates, and the head that any answer begins with. The first byte chooses. */
#include "fuzz.h"

#include "aws/dates.h"
#include "aws/errors.h"
#include "aws/source.h"
#include "net/head.h"

static void check_within(struct cc_str text, struct cc_str part)
{
    fuzz_require(!part.at || (part.at >= text.at && part.at + part.len <= text.at + text.len));
}

static void check_error(struct cc_str text, int status)
{
    struct cc_str body = text;
    const struct cc_net_header type = { CC_STR("x-amzn-errortype"), cc_str_cut(&body, '\n') };
    const struct cc_net_answer answer = { .status = status,
                                          .headers = { &type, 1 },
                                          .body = body.at ? body : CC_STR("") };
    struct aws_error error;

    aws_error_read(fuzz_arena(), &answer, &error);
    fuzz_require(error.name.len > 0);
    fuzz_require(cc_str_find(error.name, ':') == error.name.len);
    fuzz_require(status < 500 || error.remedy != AWS_JUDGE);
}

static void check_keys(struct cc_str text, bool xml)
{
    struct aws_found found;
    struct cc_err err = { 0 };
    struct cc_arena *arena = fuzz_arena();
    /* json-c's text is wiped where it lies. */
    enum cc_code rc = xml ? aws_keys_read_xml(arena, text, &found, &err)
                          : aws_keys_read_json(arena, text, &found, &err);

    if (rc != CC_OK) {
        fuzz_require_error(&err, rc);
        return;
    }
    fuzz_require(found.keys.id.len > 0 && found.keys.secret.len > 0);
    fuzz_require(found.expires_ms >= 0);
}

static void check_profile(struct cc_str text, enum aws_file file)
{
    struct aws_profile p = { .found = false };

    aws_profile_read(text, file, CC_STR("default"), &p);
    fuzz_require(p.found || !p.access_key_id.at);
    check_within(text, p.access_key_id);
    check_within(text, p.secret_access_key);
    check_within(text, p.session_token);
    check_within(text, p.role_arn);
    check_within(text, p.source_profile);
    check_within(text, p.region);
}

static void check_dates(struct cc_str text)
{
    int64_t ms;

    fuzz_require(!aws_date_http(text, &ms) || ms >= 0);
    fuzz_require(!aws_date_iso(text, &ms) || ms >= 0);
    fuzz_require(aws_date_retry_after_ms(text, 1000) >= 0);
    fuzz_require(!aws_container_url_is_allowed(text) || cc_str_starts(text, CC_STR("http")));
}

/* However its lines are cut, what is accepted has one length and one status. */
static void check_head(struct cc_str text)
{
    struct net_head head;
    const char *refused = NULL;

    net_head_init(&head, fuzz_arena(), false);
    while (text.len && !refused) {
        size_t len = cc_str_find(text, '\n');
        struct cc_str line = cc_str_take(text, len + 1);

        refused = net_head_line(&head, line);
        text = cc_str_skip(text, line.len);
    }
    if (refused || !head.ended)
        return;
    fuzz_require(head.status >= 200 && head.status <= 599);
    fuzz_require(!head.chunked || head.length < 0);
    fuzz_require(!net_head_has_body(&head) || head.chunked || head.length >= 0);
    for (size_t i = 0; i < head.count; i++)
        fuzz_require(head.headers[i].name.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 301, 400, 403, 404, 429, 500, 503 };
    struct cc_str text = fuzz_place(data, size);
    unsigned choice = fuzz_byte(&text);

    switch (choice % 8) {
    case 0:
    case 1:
        check_error(text, statuses[choice / 8 % CC_COUNT(statuses)]);
        break;
    case 2:
        check_keys(text, false);
        break;
    case 3:
        check_keys(text, true);
        break;
    case 4:
        check_profile(text, AWS_FILE_CREDENTIALS);
        break;
    case 5:
        check_profile(text, AWS_FILE_CONFIG);
        break;
    case 6:
        check_dates(text);
        break;
    default:
        check_head(text);
    }
    return 0;
}
