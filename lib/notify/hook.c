/* A service that sends SMS, or anything else, when it gets an HTTPS request. */
#include "template.h"

#include "../aws/dates.h"
#include "../base/arena.h"
#include "../net/host.h"
#include "../net/net.h"

#include <string.h>

#define ARENA_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define ANSWER_BYTES_MAX ((size_t)1024 * 1024) /* nobody reads it, but it must be taken */
#define EXAMINE_MS 4000

struct hook {
    struct cc_sender base;
    struct cc_arena *arena;
    struct cc_hook_config config;
    struct cc_net *net;
};

/* --- sending ---------------------------------------------------------------------------------- */

static struct cc_net_request request_of(const struct hook *self, struct cc_net_header headers[2],
                                        struct cc_str body)
{
    const bool is_json = self->config.content == CC_HOOK_JSON;

    headers[0] = (struct cc_net_header){ CC_STR("Content-Type"),
                                         is_json ? CC_STR("application/json")
                                                 : CC_STR("application/x-www-form-urlencoded") };
    headers[1] = (struct cc_net_header){ self->config.header, self->config.secret };
    return (struct cc_net_request){
        .method = CC_STR("POST"),
        .url = self->config.url,
        .headers = { headers, self->config.secret.len > 0 ? 2 : 1 },
        .body = body,
        .timeout_ms = CC_NOTICE_MS_MAX - 1000,
        .answer_bytes_max = ANSWER_BYTES_MAX,
    };
}

/* What is not named is refused for what the configuration says: a redirect, a path that is none, a
 * secret that is wrong or may not. */
static const struct {
    int status;
    enum cc_code code;
} statuses[] = {
    /* this request, and it will be refused again */
    { 400, CC_INVALID },
    { 409, CC_INVALID },
    { 413, CC_INVALID },
    { 422, CC_INVALID },
    /* the same once more (RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4, RFC 9110 15.6.4) */
    { 408, CC_UNAVAILABLE },
    { 425, CC_UNAVAILABLE },
    { 429, CC_UNAVAILABLE },
    { 503, CC_UNAVAILABLE },
};

static enum cc_code code_of(int status)
{
    if (status >= 200 && status < 300)
        return CC_OK;
    for (size_t i = 0; i < CC_COUNT(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].code;
    }
    /* Who fails with it in hand may have sent it: each time may be paid for. */
    return status >= 500 ? CC_OUTCOME_UNKNOWN : CC_FORBIDDEN;
}

static const char *remedy_of(int status)
{
    if (status == 401 || status == 403 || status == 407)
        return "The hook does not let us in: look at [hook] secret and header.";
    if (status < 400)
        return "The hook has moved: look at [hook] url.";
    return "The hook does not take our requests: look at [hook] url and content.";
}

/* What the service says in its body may repeat the number or the code: only its status is told. */
static enum cc_code judge(const struct hook *self, const struct cc_net_answer *answer,
                          struct cc_err *err)
{
    const int status = answer->status;
    const enum cc_code code = code_of(status);
    int64_t after_ms;

    if (code == CC_OK)
        return code;
    after_ms = aws_date_retry_after_ms(cc_net_header_find(&answer->headers, CC_STR("Retry-After")),
                                       cc_clock_wall_ms(self->config.clock));
    return cc_fail_retry(err, code, (int)((after_ms + 999) / 1000),
                         code == CC_FORBIDDEN ? remedy_of(status) : NULL, "hook: http %d", status);
}

static enum cc_code post(const struct hook *self, struct cc_arena *arena,
                         const struct cc_notice *notice, struct cc_err *err)
{
    struct cc_net_header headers[2];
    struct cc_net_request request;
    struct cc_net_answer answer;
    struct cc_err why = { 0 };
    const struct cc_str body = notify_template_fill(
        arena, self->config.body, (enum cc_hook_content)self->config.content, notice);
    enum cc_code rc;

    if (!body.at)
        return cc_fail(err, CC_INVALID, NULL, "hook: the notice is too long");
    request = request_of(self, headers, body);
    rc = cc_net_send(self->net, arena, &request, &answer, &why);
    if (rc == CC_OK)
        return judge(self, &answer, err);
    return cc_fail(err, rc == CC_INTERNAL ? CC_INVALID : rc, NULL, "hook: %s", why.cause);
}

static enum cc_code hook_send(struct cc_sender *sender, const struct cc_notice *notice,
                              struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    enum cc_code rc = post((struct hook *)sender, arena, notice, err);

    cc_arena_free(arena);
    return rc;
}

/* --- for the doctor --------------------------------------------------------------------------- */

static const char *const stages[] = {
    [CC_NET_NAME] = "The name of the host in [hook] url has no address.",
    [CC_NET_CONNECTION] = "Nobody answers at [hook] url.",
    [CC_NET_TRUST] = ("Who answers at [hook] url cannot show that he is that host: the certificate "
                      "is not signed by an authority that is trusted ([hook] ca_file)."),
    [CC_NET_ANSWER] = "Who answers at [hook] url does not speak HTTP to the end.",
};

/* HEAD sends nothing to anybody; whatever the status, who gives it is there and trusted. The URL is
 * not shown: a key may stand in it. */
static void hook_examine(struct cc_sender *sender, struct cc_findings *to)
{
    const struct hook *self = (struct hook *)sender;
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    const struct cc_net_request request = {
        .method = CC_STR("HEAD"),
        .url = self->config.url,
        .timeout_ms = EXAMINE_MS,
    };
    enum cc_net_stage stage;
    struct cc_net_answer answer;
    struct cc_err err = { 0 };

    if (cc_net_probe(self->net, arena, &request, &answer, &stage, &err) == CC_OK)
        cc_find_well(to, "hook", "%.*s answers", CC_STR_ARG(cc_net_host(self->config.url)));
    else
        cc_find_wrong(to, "hook", err.cause, "%s", stages[stage]);
    cc_arena_free(arena);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void hook_stop(struct cc_sender *sender)
{
    cc_net_stop(((struct hook *)sender)->net);
}

static void hook_close(struct cc_sender *sender)
{
    const struct hook *self = (struct hook *)sender;

    cc_net_close(self->net);
    cc_arena_free(self->arena);
}

static const struct cc_sender_ops hook_ops = {
    .name = "hook",
    .send = hook_send,
    .examine = hook_examine,
    .stop = hook_stop,
    .close = hook_close,
};

/* What carries the code and the secret is read by nobody on the way. */
static bool is_safe_url(struct cc_str url)
{
    const struct cc_str host = cc_net_host(url);

    for (size_t i = 0; i < url.len; i++) {
        if (url.at[i] <= ' ' || url.at[i] >= 0x7F || url.at[i] == '#' || url.at[i] == '"')
            return false;
    }
    return host.len > 0 && cc_str_find(host, '@') == host.len &&
           (cc_str_starts(url, CC_STR("https://")) || cc_net_host_is_loopback(host));
}

/* RFC 9110 5.6.2 */
static bool is_header_name(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] <= ' ' || s.at[i] >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", s.at[i]))
            return false;
    }
    return s.len > 0;
}

static bool is_header_value(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < ' ' || s.at[i] >= 0x7F)
            return false;
    }
    return true;
}

static enum cc_code check(struct cc_arena *arena, const struct cc_hook_config *config,
                          struct cc_err *err)
{
    const char *fault =
        notify_template_fault(arena, config->body, (enum cc_hook_content)config->content);

    if (!fault && !is_safe_url(config->url))
        fault = "[hook] url must be like https://sms.example.org/send; http only on this machine.";
    if (!fault && !is_header_name(config->header))
        fault = "[hook] header must be the name of a header, like Authorization.";
    if (!fault && !is_header_value(config->secret))
        fault = "[hook] secret must be one line of ASCII.";
    return fault ? cc_fail(err, CC_INVALID, fault, "hook: %s", fault) : CC_OK;
}

static void keep(struct hook *self, const struct cc_hook_config *config)
{
    struct cc_arena *arena = self->arena;

    self->config = (struct cc_hook_config){
        .url = cc_str_copy(arena, config->url),
        .content = config->content,
        .body = cc_str_copy(arena, config->body),
        .header = cc_str_copy(arena, config->header),
        .secret = cc_str_copy_secret(arena, config->secret),
        .ca_file = cc_str_copy(arena, config->ca_file),
        .clock = config->clock,
    };
}

enum cc_code cc_sender_open_hook(const struct cc_hook_config *config, struct cc_sender **out,
                                 struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    struct hook *self = CC_NEW(arena, struct hook);
    struct cc_net_config net = { .ca_file = NULL };
    enum cc_code rc = check(arena, config, err);

    *self = (struct hook){ .base = { &hook_ops }, .arena = arena };
    keep(self, config);
    if (config->ca_file.len > 0)
        net.ca_file = self->config.ca_file.at;
    if (rc == CC_OK)
        rc = cc_net_open(&net, &self->net, err);
    if (rc != CC_OK) {
        cc_arena_free(arena);
        return rc;
    }
    *out = &self->base;
    return CC_OK;
}
