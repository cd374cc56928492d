#include "mail.h"

#include "channel.h"

#include "../base/arena.h"
#include "../base/clock.h"

#include <assert.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)64 * 1024)
/* libcurl waits in whole seconds for each answer, where it waits without being asked; what ends all
 * of it is `progress`. */
#define SECONDS_BEYOND 1

struct delivery {
    const struct cc_net_mail *mail;
    struct cc_net *net;
    struct net_channel *channel;
    struct cc_arena *arena;
    struct curl_slist to;
    struct cc_str rest;             /* of the text */
    int64_t deadline_ms;            /* of the steady clock */
    struct cc_net_mail_reply reply; /* the last one that counts */
    bool is_sent;                   /* all of the text */
    bool is_judged;                 /* the server has answered to that */
};

/* RFC 5321 4.1.2: nothing that could end the path, the line, or begin a parameter. */
static bool is_plain(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] <= ' ' || s.at[i] >= 0x7F || strchr("<>\\\"/?#@:", s.at[i]))
            return false;
    }
    return s.len > 0;
}

static bool is_address(struct cc_str s)
{
    struct cc_str domain = s;
    struct cc_str local = cc_str_cut(&domain, '@');

    for (size_t i = 0; i < local.len; i++) {
        if (local.at[i] <= ' ' || local.at[i] >= 0x7F || strchr("<>\\\"@:", local.at[i]))
            return false;
    }
    return local.len > 0 && is_plain(domain);
}

/* --- what libcurl asks for and tells ---------------------------------------------------------- */

static size_t give_text(char *at, size_t size, size_t count, void *arg)
{
    struct delivery *delivery = arg;
    struct cc_str piece = cc_str_take(delivery->rest, size * count);

    if (piece.len > 0)
        memcpy(at, piece.at, piece.len);
    delivery->rest = cc_str_skip(delivery->rest, piece.len);
    delivery->is_sent = delivery->rest.len == 0;
    return piece.len;
}

/* RFC 3463 2, behind the code: "550 5.7.1 ...". What says nothing of its own leaves both at 0. */
static void take_status(struct cc_net_mail_reply *reply, struct cc_str text)
{
    struct cc_str class = cc_str_cut(&text, '.');
    struct cc_str subject = cc_str_cut(&text, '.');
    struct cc_str detail = cc_str_take(text, cc_str_find(text, ' '));
    int64_t kind, major, minor;

    detail = cc_str_take(detail, cc_str_find(detail, '\r'));
    if (!cc_str_to_i64(class, reply->code / 100, reply->code / 100, &kind) ||
        !cc_str_to_i64(subject, 0, 999, &major) || !cc_str_to_i64(detail, 0, 999, &minor))
        return;
    reply->subject = (int)major;
    reply->detail = (int)minor;
}

/* An answer, line by line. What comes after the server has judged the mail, or after libcurl has
 * given it up, answers to QUIT. */
static size_t take_answer(char *at, size_t size, size_t count, void *arg)
{
    struct delivery *delivery = arg;
    const struct cc_str line = { at, size * count };
    int64_t code;

    if (delivery->is_judged || delivery->channel->error[0])
        return line.len;
    if (!cc_str_to_i64(cc_str_take(line, 3), 200, 599, &code))
        return line.len;
    delivery->reply.code = (int)code;
    take_status(&delivery->reply, cc_str_skip(line, 4));
    delivery->is_judged = delivery->is_sent && (line.len < 4 || line.at[3] != '-');
    return line.len;
}

static const struct {
    const char *verb;
    enum cc_net_mail_stage stage;
} stages[] = {
    { "EHLO ", CC_NET_MAIL_HELLO }, { "HELO ", CC_NET_MAIL_HELLO },
    { "AUTH ", CC_NET_MAIL_AUTH },  { "STARTTLS\r", CC_NET_MAIL_SECURITY },
    { "MAIL ", CC_NET_MAIL_FROM },  { "RCPT ", CC_NET_MAIL_TO },
    { "DATA\r", CC_NET_MAIL_TEXT },
};

/* What libcurl sends: only from that it can be told what an answer is one to. */
static int see_command(CURL *easy, curl_infotype type, char *at, size_t len, void *arg)
{
    struct delivery *delivery = arg;

    (void)easy;
    if (type != CURLINFO_HEADER_OUT || delivery->is_sent || delivery->channel->error[0])
        return 0;
    for (size_t i = 0; i < CC_COUNT(stages); i++) {
        if (cc_str_starts((struct cc_str){ at, len }, cc_str_from(stages[i].verb)))
            delivery->reply =
                (struct cc_net_mail_reply){ stages[i].stage, delivery->reply.code, 0, 0 };
    }
    return 0;
}

static size_t drop_body(char *at, size_t size, size_t count, void *arg)
{
    (void)at;
    (void)arg;
    return size * count;
}

/* The answer to the mail's end, and to QUIT, libcurl awaits without giving control back: then it
 * asks here, once a second. */
static int progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct delivery *delivery = arg;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return cc_net_is_stopped(delivery->net) ||
           cc_clock_mono_ms(&cc_system_clock) > delivery->deadline_ms;
}

/* --- one mail --------------------------------------------------------------------------------- */

static struct cc_str url_of(struct cc_arena *arena, const struct cc_net_mail *mail)
{
    return cc_str_format(arena, "%s://%.*s:%lld/%.*s",
                         mail->tls == CC_NET_MAIL_TLS ? "smtps" : "smtp", CC_STR_ARG(mail->host),
                         (long long)mail->port, CC_STR_ARG(mail->hello));
}

/* A password goes in no other way than these two: the others are proofs of old hashes, or leave the
 * choice to the server. */
static int set_user(const struct net_curl *curl, CURL *easy, const struct delivery *delivery)
{
    const struct cc_net_mail *mail = delivery->mail;
    int failed = 0;

    if (mail->user.len == 0)
        return 0;
    failed |= (int)curl->easy_setopt(easy, CURLOPT_USERNAME, cc_str_z(delivery->arena, mail->user));
    failed |= (int)curl->easy_setopt(easy, CURLOPT_PASSWORD,
                                     cc_str_copy_secret(delivery->arena, mail->password).at);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_SASL_IR, 1L); /* RFC 4954 4 */
    return failed | (int)curl->easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
}

static int set_mail(const struct net_curl *curl, CURL *easy, struct delivery *delivery)
{
    const struct cc_net_mail *mail = delivery->mail;
    int failed = 0;

    if (!mail->to.at) {
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
        return failed | (int)curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    delivery->to.data = (char *)(uintptr_t)cc_str_z(delivery->arena, mail->to);
    failed |=
        (int)curl->easy_setopt(easy, CURLOPT_MAIL_FROM, cc_str_z(delivery->arena, mail->from));
    failed |= (int)curl->easy_setopt(easy, CURLOPT_MAIL_RCPT, &delivery->to);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
    return failed | (int)curl->easy_setopt(easy, CURLOPT_READDATA, delivery);
}

static int set_tls(const struct net_curl *curl, CURL *easy, const struct delivery *delivery)
{
    const struct cc_net *net = delivery->net;
    const enum cc_net_mail_tls tls = delivery->mail->tls;
    int failed = 0;

    failed |= (int)curl->easy_setopt(
        easy, CURLOPT_USE_SSL, (long)(tls == CC_NET_MAIL_CLEAR ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    failed |= (int)curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (net->ca_file) {
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CAINFO, net->ca_file);
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return failed;
}

static int set_bounds(const struct net_curl *curl, CURL *easy, struct delivery *delivery)
{
    const int64_t timeout_ms = delivery->mail->timeout_ms;
    int failed = 0;

    failed |= (int)curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                                     (long)(timeout_ms / 1000 + SECONDS_BEYOND));
    failed |= (int)curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progress);
    return failed | (int)curl->easy_setopt(easy, CURLOPT_XFERINFODATA, delivery);
}

static int set_all(const struct net_curl *curl, CURL *easy, struct delivery *delivery)
{
    struct cc_str url = url_of(delivery->arena, delivery->mail);
    int failed = set_bounds(curl, easy, delivery) | set_tls(curl, easy, delivery) |
                 set_user(curl, easy, delivery) | set_mail(curl, easy, delivery);

    failed |= (int)curl->easy_setopt(easy, CURLOPT_URL, url.at);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    failed |= (int)curl->easy_setopt(easy, CURLOPT_PROXY, "");
    failed |= (int)curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, delivery->channel->error);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_DEBUGFUNCTION, see_command);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_DEBUGDATA, delivery);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_answer);
    failed |= (int)curl->easy_setopt(easy, CURLOPT_HEADERDATA, delivery);
    return failed | (int)curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body);
}

/* RFC 4954 6, RFC 3207 4: authentication or encryption is required, too weak or has failed. It may
 * be the answer to any command. */
static bool wants_sign_in(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

/* A refusal for good that would meet any mail of ours. Before RCPT nobody knows to whom it goes. At
 * RCPT some servers say what they had against the client or the sender (Postfix does unless told
 * otherwise): X.7.z is their policy, X.1.7 and X.1.8 are the sender's address (RFC 3463), and 500,
 * 502, 503 and 504 are about commands (RFC 5321 4.2.2), of which some mean an AUTH that is missing.
 * What is said of the text is about this mail. */
static bool is_about_us(const struct cc_net_mail_reply *reply)
{
    if (reply->stage < CC_NET_MAIL_TO || wants_sign_in(reply->code))
        return true;
    if (reply->stage == CC_NET_MAIL_TEXT)
        return false;
    return reply->subject == 7 ||
           (reply->subject == 1 && (reply->detail == 7 || reply->detail == 8)) ||
           (reply->code < 510 && reply->code != 501);
}

static enum cc_code code_of(struct delivery *delivery, CURLcode result)
{
    struct cc_net_mail_reply *reply = &delivery->reply;

    if (result == CURLE_USE_SSL_FAILED)
        reply->stage = CC_NET_MAIL_SECURITY;
    else if (result == CURLE_LOGIN_DENIED || wants_sign_in(reply->code))
        reply->stage = CC_NET_MAIL_AUTH;
    if (reply->code >= 500)
        return is_about_us(reply) ? CC_FORBIDDEN : CC_INVALID;
    if (reply->code >= 400)
        return CC_UNAVAILABLE;
    if (result == CURLE_USE_SSL_FAILED || result == CURLE_LOGIN_DENIED)
        return CC_FORBIDDEN; /* it has no TLS, or no way to sign in that we take */
    return delivery->is_sent && !delivery->is_judged ? CC_OUTCOME_UNKNOWN : CC_UNAVAILABLE;
}

static enum cc_code judge(struct delivery *delivery, CURLcode result, struct cc_err *err)
{
    const struct net_channel *channel = delivery->channel;
    const struct cc_net_mail_reply *reply = &delivery->reply;
    const char *why = channel->curl->easy_strerror(result);
    enum cc_code code;

    if (result == CURLE_OK)
        return CC_OK;
    code = code_of(delivery, result);
    if (cc_net_is_stopped(delivery->net))
        why = "stopped";
    return cc_fail(err, code, NULL, "mail: %.*s: %s (curl %d, the server's last answer %d, %d.%d)",
                   CC_STR_ARG(delivery->mail->host), why, (int)result, reply->code, reply->subject,
                   reply->detail);
}

/* On a handle of its own: what HTTP leaves behind in the channel's does not reach it. */
static enum cc_code deliver(struct delivery *delivery, struct cc_err *err)
{
    struct net_channel *channel = delivery->channel;
    CURL *kept = channel->easy;
    CURLcode result;

    channel->error[0] = '\0';
    channel->easy = channel->curl->easy_init();
    if (!channel->easy || set_all(channel->curl, channel->easy, delivery) != 0) {
        channel->curl->easy_cleanup(channel->easy);
        channel->easy = kept;
        return cc_fail(err, CC_UNAVAILABLE, NULL, "mail: libcurl gives no handle");
    }
    result = net_perform(delivery->net, channel);
    channel->curl->easy_cleanup(channel->easy);
    channel->easy = kept;
    return judge(delivery, result, err);
}

static const char *fault_of(const struct cc_net_mail *mail)
{
    if (!is_plain(mail->host) || !is_plain(mail->hello))
        return "a name of a host is none";
    if (mail->to.at && (!is_address(mail->from) || !is_address(mail->to)))
        return "an address is none";
    if (mail->user.len > 0 && (memchr(mail->user.at, '\0', mail->user.len) || !mail->password.at ||
                               memchr(mail->password.at, '\0', mail->password.len)))
        return "the user or the password holds a NUL";
    return NULL;
}

enum cc_code cc_net_mail(struct cc_net *net, const struct cc_net_mail *mail,
                         struct cc_net_mail_reply *reply, struct cc_err *err)
{
    struct delivery delivery = { .mail = mail, .net = net, .rest = mail->text };
    const char *fault = fault_of(mail);
    enum cc_code rc;

    assert(mail->timeout_ms > 0);
    if (fault)
        return cc_fail(err, CC_INTERNAL, NULL, "mail: %s", fault);
    if (cc_net_is_stopped(net))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "mail: stopped");
    rc = net_channel_take(net, &delivery.channel, err);
    if (rc != CC_OK)
        return rc;
    delivery.arena = cc_arena_new(ARENA_BYTES_MAX);
    delivery.deadline_ms = cc_clock_mono_ms(&cc_system_clock) + mail->timeout_ms;
    rc = deliver(&delivery, err);
    net_channel_give_back(net, delivery.channel);
    cc_arena_free(delivery.arena);
    if (reply)
        *reply = delivery.reply;
    return rc;
}
