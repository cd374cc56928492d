#include "channel.h"
#include "head.h"

#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/clock.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 2000
#define IDLE_S 55
/* A thread talks with DynamoDB, S3 and STS. */
#define CONNECTIONS_KEPT 4

/* --- opening and closing ---------------------------------------------------------------------- */

/* Safe at any time since 7.84, where libcurl was built with atomics, as Debian's is. It would write
 * the keys of its connections into the file that SSLKEYLOGFILE names: they are worth what a
 * signature is. */
static enum cc_code start_curl(struct net_curl *curl, struct cc_err *err)
{
    CURLcode failed;

    if (net_curl_load(curl, err) != CC_OK)
        return err->code;
    unsetenv("SSLKEYLOGFILE");
    failed = curl->global_init(CURL_GLOBAL_DEFAULT);
    if (failed)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "net: curl_global_init: %s",
                       curl->easy_strerror(failed));
    return CC_OK;
}

enum cc_code cc_net_open(const struct cc_net_config *config, struct cc_net **out,
                         struct cc_err *err)
{
    struct cc_arena *arena;
    struct net_curl curl;
    struct cc_net *net;

    if (config->ca_file && access(config->ca_file, R_OK) != 0)
        return cc_fail(err, CC_INVALID, "The file of certificate authorities cannot be read.",
                       "net: %s cannot be read", config->ca_file);
    if (start_curl(&curl, err) != CC_OK)
        return err->code;
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of write */
    arena = cc_arena_new((size_t)64 * 1024);
    net = CC_NEW(arena, struct cc_net);
    net->curl = curl;
    net->arena = arena;
    net->ca_file = cc_str_z(arena, cc_str_from(config->ca_file));
    net->connect_ms_max = config->connect_ms_max ? config->connect_ms_max : CONNECT_MS;
    net->idle_s_max = config->idle_s_max ? config->idle_s_max : IDLE_S;
    pthread_mutex_init(&net->mutex, NULL);
    cc_cond_init(&net->stopping);
    *out = net;
    return CC_OK;
}

static void channel_close(struct net_channel *channel)
{
    channel->curl->easy_cleanup(channel->easy);
    channel->curl->multi_cleanup(channel->multi);
    cc_arena_free(channel->arena);
}

void cc_net_close(struct cc_net *net)
{
    struct net_curl curl;

    if (!net)
        return;
    curl = net->curl;
    while (net->all) {
        struct net_channel *channel = net->all;

        net->all = channel->next;
        channel_close(channel);
    }
    pthread_cond_destroy(&net->stopping);
    pthread_mutex_destroy(&net->mutex);
    cc_arena_free(net->arena);
    curl.global_cleanup();
}

void cc_net_stop(struct cc_net *net)
{
    pthread_mutex_lock(&net->mutex);
    atomic_store(&net->stopped, true);
    for (struct net_channel *channel = net->all; channel; channel = channel->next)
        net->curl.multi_wakeup(channel->multi);
    pthread_cond_broadcast(&net->stopping);
    pthread_mutex_unlock(&net->mutex);
}

bool cc_net_is_stopped(const struct cc_net *net)
{
    return atomic_load(&net->stopped);
}

bool cc_net_pause(struct cc_net *net, int64_t pause_ms)
{
    struct timespec end = cc_deadline_in(pause_ms > 0 ? pause_ms : 0);
    int timed_out = 0;

    pthread_mutex_lock(&net->mutex);
    while (!atomic_load(&net->stopped) && !timed_out)
        timed_out = pthread_cond_timedwait(&net->stopping, &net->mutex, &end);
    pthread_mutex_unlock(&net->mutex);
    return !cc_net_is_stopped(net);
}

/* --- channels --------------------------------------------------------------------------------- */

static int before_sending(void *arg, char *peer, char *self, int peer_port, int self_port);
static size_t take_header(char *at, size_t size, size_t count, void *arg);
static size_t take_body(char *at, size_t size, size_t count, void *arg);

/* What is the same for every request. An empty proxy also keeps libcurl from looking for one in the
 * environment. QUICK_EXIT: a look-up of a name that hangs does not hold up the end of its request;
 * the thread that waits for it ends by itself. */
static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
    { CURLOPT_HTTP09_ALLOWED, 0 },
    { CURLOPT_FOLLOWLOCATION, 0 },
    { CURLOPT_NETRC, CURL_NETRC_IGNORED },
    { CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
    { CURLOPT_PATH_AS_IS, 1 },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_QUICK_EXIT, 1 },
};

static const struct {
    CURLoption option;
    const char *value;
} strings[] = {
    { CURLOPT_PROTOCOLS_STR, "http,https" },
    { CURLOPT_PROXY, "" },
};

static bool set_fixed(const struct cc_net *net, struct net_channel *channel)
{
    const struct net_curl *curl = channel->curl;
    CURL *easy = channel->easy;
    int failed = 0;

    for (size_t i = 0; i < CC_COUNT(numbers); i++)
        failed |= (int)curl->easy_setopt(easy, numbers[i].option, numbers[i].value);
    for (size_t i = 0; i < CC_COUNT(strings); i++)
        failed |= (int)curl->easy_setopt(easy, strings[i].option, strings[i].value);
    if (net->ca_file) {
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CAINFO, net->ca_file);
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    failed |= (int)curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)net->connect_ms_max);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)net->idle_s_max);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, channel->error);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    return failed == 0;
}

static enum cc_code channel_open(struct cc_net *net, struct net_channel **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new((size_t)32 * 1024);
    struct net_channel *channel = CC_NEW(arena, struct net_channel);

    channel->curl = &net->curl;
    channel->arena = arena;
    channel->multi = net->curl.multi_init();
    channel->easy = net->curl.easy_init();
    if (!channel->multi || !channel->easy || !set_fixed(net, channel) ||
        net->curl.multi_setopt(channel->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT)) {
        channel_close(channel);
        return cc_fail(err, CC_UNAVAILABLE, NULL, "net: libcurl gives no handle");
    }
    *out = channel;
    return CC_OK;
}

enum cc_code net_channel_take(struct cc_net *net, struct net_channel **out, struct cc_err *err)
{
    enum cc_code rc;

    pthread_mutex_lock(&net->mutex);
    *out = net->idle;
    if (*out)
        net->idle = (*out)->next_idle;
    pthread_mutex_unlock(&net->mutex);
    if (*out)
        return CC_OK;
    rc = channel_open(net, out, err);
    if (rc != CC_OK)
        return rc;
    pthread_mutex_lock(&net->mutex);
    (*out)->next = net->all;
    net->all = *out;
    pthread_mutex_unlock(&net->mutex);
    return CC_OK;
}

void net_channel_give_back(struct cc_net *net, struct net_channel *channel)
{
    pthread_mutex_lock(&net->mutex);
    channel->next_idle = net->idle;
    net->idle = channel;
    pthread_mutex_unlock(&net->mutex);
}

/* With its connections. */
static void channel_discard(struct cc_net *net, struct net_channel *channel)
{
    struct net_channel **at = &net->all;

    pthread_mutex_lock(&net->mutex);
    while (*at != channel)
        at = &(*at)->next;
    *at = channel->next;
    pthread_mutex_unlock(&net->mutex);
    channel_close(channel);
}

/* --- one request ------------------------------------------------------------------------------ */

struct transfer {
    const struct cc_net_request *request;
    struct cc_arena *arena;
    struct net_head head;
    struct cc_buf body;
    struct curl_slist *lines;
    const char *refused; /* why the answer is, in words */
    unsigned begun;      /* how many times libcurl was about to send the request */
    enum cc_net_stage stage;
};

/* On a connection that was closed before a byte of the answer came, libcurl sends again by itself.
 * Whether the first was carried out nobody knows: that is for the caller to judge. */
static int before_sending(void *arg, char *peer, char *self, int peer_port, int self_port)
{
    struct transfer *transfer = arg;

    (void)peer;
    (void)self;
    (void)peer_port;
    (void)self_port;
    return transfer->begun++ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* When the head is here, how much room its body needs is known as well. */
static const char *expect_body(struct transfer *transfer)
{
    const struct net_head *head = &transfer->head;
    size_t max = transfer->request->answer_bytes_max;

    if (!net_head_has_body(head) || head->length <= 0)
        return NULL;
    if ((uint64_t)head->length > max)
        return "too large a body";
    cc_buf_reserve(&transfer->body, (size_t)head->length);
    return NULL;
}

static size_t take_header(char *at, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    struct net_head *head = &transfer->head;
    bool ended = head->ended;

    transfer->refused = net_head_line(head, (struct cc_str){ at, size * count });
    if (!transfer->refused && head->ended && !ended)
        transfer->refused = expect_body(transfer);
    return transfer->refused ? 0 : size * count;
}

static size_t take_body(char *at, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;

    cc_buf_add(&transfer->body, (struct cc_str){ at, size * count });
    if (transfer->body.overflow)
        transfer->refused = "too large a body";
    return transfer->refused ? 0 : size * count;
}

/* RFC 9110 5.5: what could end the line that it stands in would begin another of the sender's. */
static bool is_one_line(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\r' || s.at[i] == '\n' || s.at[i] == '\0')
            return false;
    }
    return true;
}

static void add_line(struct transfer *transfer, struct cc_str line)
{
    struct curl_slist *node = CC_NEW(transfer->arena, struct curl_slist);

    node->data = (char *)(uintptr_t)line.at;
    node->next = transfer->lines;
    transfer->lines = node;
}

/* The list is made backwards. An empty value is written with ';', or libcurl leaves it out; with
 * ':' and nothing behind it, libcurl leaves out what it would add by itself. */
static enum cc_code make_lines(struct transfer *transfer, struct cc_err *err)
{
    const struct cc_net_headers *headers = &transfer->request->headers;

    for (size_t i = headers->count; i-- > 0;) {
        struct cc_str name = headers->at[i].name, value = headers->at[i].value;

        if (name.len == 0 || !is_one_line(name) || !is_one_line(value))
            return cc_fail(err, CC_INTERNAL, NULL, "net: header %zu is not one line", i);
        add_line(transfer, value.len ? CC_JOIN(transfer->arena, name, CC_STR(": "), value)
                                     : CC_JOIN(transfer->arena, name, CC_STR(";")));
    }
    if (!cc_net_header_find(headers, CC_STR("Accept")).at)
        add_line(transfer, CC_STR("Accept:"));
    if (!cc_net_header_find(headers, CC_STR("Content-Type")).at)
        add_line(transfer, CC_STR("Content-Type:"));
    add_line(transfer, CC_STR("Expect:"));
    return CC_OK;
}

/* RFC 9110 8.6: what usually has a body says so when there is none. */
static bool has_body(const struct cc_net_request *request)
{
    return request->body.at || cc_str_eq(request->method, CC_STR("POST")) ||
           cc_str_eq(request->method, CC_STR("PUT"));
}

/* HTTPGET and POST each undo what the request before this one has set. */
static int set_body(const struct net_channel *channel, const struct cc_net_request *request,
                    const char *method)
{
    const struct net_curl *curl = channel->curl;
    CURL *easy = channel->easy;
    bool is_head = cc_str_eq(request->method, CC_STR("HEAD"));
    int failed = 0;

    if (has_body(request)) {
        failed |= (int)curl->easy_setopt(easy, CURLOPT_POST, 1L);
        failed |= (int)curl->easy_setopt(easy, CURLOPT_POSTFIELDS,
                                         request->body.at ? request->body.at : "");
        failed |= (int)curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                         (curl_off_t)request->body.len);
    } else {
        failed |= (int)curl->easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    if (is_head)
        failed |= (int)curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return failed | (int)curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_head ? NULL : method);
}

static enum cc_code set_request(struct net_channel *channel, struct transfer *transfer,
                                struct cc_err *err)
{
    const struct cc_net_request *request = transfer->request;
    const char *method = cc_str_z(transfer->arena, request->method);
    const char *url = cc_str_z(transfer->arena, request->url);
    const struct net_curl *curl = channel->curl;
    CURL *easy = channel->easy;
    int failed = 0;

    if (!method || !url)
        return cc_fail(err, CC_INTERNAL, NULL, "net: no method or no URL");
    failed |= set_body(channel, request, method);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_URL, url);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->lines);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    channel->error[0] = '\0';
    return failed ? cc_fail(err, CC_UNAVAILABLE, NULL, "net: no memory for a request") : CC_OK;
}

CURLcode net_perform(struct cc_net *net, struct net_channel *channel)
{
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    const struct net_curl *curl = channel->curl;
    CURLMcode failed = curl->multi_add_handle(channel->multi, channel->easy);
    int running = 1, left;
    const CURLMsg *message;

    while (!failed && running && !cc_net_is_stopped(net)) {
        failed = curl->multi_perform(channel->multi, &running);
        if (!failed && running)
            failed = curl->multi_poll(channel->multi, NULL, 0, 1000, NULL);
    }
    while ((message = curl->multi_info_read(channel->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            result = message->data.result;
    }
    curl->multi_remove_handle(channel->multi, channel->easy);
    return failed ? CURLE_FAILED_INIT : result;
}

/* For the log, without user, path and query: a presigned query is as good as a key. */
static struct cc_str host_of(struct cc_str url)
{
    struct cc_str host = cc_str_skip(url, cc_str_find(url, ':') + strlen("://"));
    size_t user;

    host = cc_str_take(host, cc_str_find(host, '/'));
    host = cc_str_take(host, cc_str_find(host, '?'));
    host = cc_str_take(host, cc_str_find(host, '#'));
    user = cc_str_find(host, '@');
    return user < host.len ? cc_str_skip(host, user + 1) : host;
}

static bool is_our_fault(CURLcode result)
{
    return result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL ||
           result == CURLE_LOGIN_DENIED;
}

static const char *reason_of(const struct cc_net *net, const struct net_channel *channel,
                             const struct transfer *transfer, CURLcode result)
{
    if (transfer->refused)
        return transfer->refused;
    if (result == CURLE_ABORTED_BY_CALLBACK)
        return cc_net_is_stopped(net) ? "stopped" : "the connection was closed";
    return channel->error[0] ? channel->error : channel->curl->easy_strerror(result);
}

/* Out of time says nothing of where, but that nothing was sent. */
static enum cc_net_stage stage_of(const struct transfer *transfer, CURLcode result)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return CC_NET_NAME;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return CC_NET_TRUST;
    default:
        return transfer->begun ? CC_NET_ANSWER : CC_NET_CONNECTION;
    }
}

static enum cc_code fail_transfer(const struct cc_net *net, const struct net_channel *channel,
                                  struct transfer *transfer, CURLcode result, struct cc_err *err)
{
    struct cc_str host = host_of(transfer->request->url);
    enum cc_code code = transfer->begun ? CC_OUTCOME_UNKNOWN : CC_UNAVAILABLE;

    transfer->stage = stage_of(transfer, result);
    return cc_fail(err, !transfer->begun && is_our_fault(result) ? CC_INTERNAL : code, NULL,
                   "net: %.*s: %s (curl %d)", CC_STR_ARG(host),
                   reason_of(net, channel, transfer, result), (int)result);
}

/* What libcurl lets pass: an answer that ended before its head did, or its body before its
 * length. */
static const char *check_whole(const struct transfer *transfer)
{
    const struct net_head *head = &transfer->head;

    if (!head->ended)
        return "no whole head";
    if (net_head_has_body(head) && head->length >= 0 &&
        (uint64_t)head->length != transfer->body.len)
        return "a body of another length";
    return NULL;
}

static enum cc_code exchange(struct cc_net *net, struct net_channel *channel,
                             struct transfer *transfer, struct cc_err *err)
{
    CURLcode result;

    if (set_request(channel, transfer, err) != CC_OK)
        return err->code;
    result = net_perform(net, channel);
    if (result == CURLE_OK)
        transfer->refused = check_whole(transfer);
    if (result == CURLE_OK && !transfer->refused)
        return CC_OK;
    return fail_transfer(net, channel, transfer, result, err);
}

static struct cc_net_answer answer_of(const struct transfer *transfer)
{
    return (struct cc_net_answer){
        transfer->head.status,
        { transfer->head.headers, transfer->head.count },
        transfer->body.len ? cc_buf_str(&transfer->body) : CC_STR(""),
    };
}

static enum cc_code fail_unfitting(const struct cc_net_request *request, enum cc_net_stage *stage,
                                   struct cc_err *err)
{
    struct cc_str host = host_of(request->url);

    *stage = CC_NET_ANSWER;
    return cc_fail(err, CC_OUTCOME_UNKNOWN, NULL,
                   "net: %.*s: an answer that cannot be the one to this request", CC_STR_ARG(host));
}

enum cc_code cc_net_probe(struct cc_net *net, struct cc_arena *arena,
                          const struct cc_net_request *request, struct cc_net_answer *out,
                          enum cc_net_stage *stage, struct cc_err *err)
{
    struct transfer transfer = { .request = request, .arena = arena, .stage = CC_NET_CONNECTION };
    struct net_channel *channel = NULL;
    enum cc_code rc;

    assert(request->timeout_ms > 0);
    *stage = CC_NET_CONNECTION;
    if (cc_net_is_stopped(net))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "net: stopped");
    rc = make_lines(&transfer, err);
    if (rc == CC_OK)
        rc = net_channel_take(net, &channel, err);
    if (rc != CC_OK)
        return rc;
    net_head_init(&transfer.head, arena, cc_str_eq(request->method, CC_STR("HEAD")));
    cc_buf_init(&transfer.body, arena, request->answer_bytes_max);
    rc = exchange(net, channel, &transfer, err);
    if (rc == CC_OK)
        *out = answer_of(&transfer);
    if (rc == CC_OK && request->is_fitting && !request->is_fitting(request->is_fitting_arg, out)) {
        channel_discard(net, channel);
        return fail_unfitting(request, stage, err);
    }
    net_channel_give_back(net, channel);
    *stage = transfer.stage;
    return rc;
}

enum cc_code cc_net_send(struct cc_net *net, struct cc_arena *arena,
                         const struct cc_net_request *request, struct cc_net_answer *out,
                         struct cc_err *err)
{
    enum cc_net_stage ignored;

    return cc_net_probe(net, arena, request, out, &ignored, err);
}
