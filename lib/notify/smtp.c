/* E-mail by a mail server that takes it from us (RFC 6409). */
#include "mail.h"
#include "notify.h"

#include "../base/arena.h"
#include "../net/host.h"
#include "../net/mail.h"

#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1024 * 1024)
#define EXAMINE_MS 6000

struct smtp {
    struct cc_sender base;
    struct cc_arena *arena;
    struct cc_smtp_config config;
    struct cc_net *net;
};

/* --- sending ---------------------------------------------------------------------------------- */

static struct cc_str domain_of(struct cc_str address)
{
    return cc_str_skip(address, cc_str_find(address, '@') + 1);
}

static struct cc_net_mail envelope(const struct smtp *self)
{
    static const enum cc_net_mail_tls tls[] = {
        [CC_SMTP_STARTTLS] = CC_NET_MAIL_STARTTLS,
        [CC_SMTP_TLS] = CC_NET_MAIL_TLS,
        [CC_SMTP_NONE] = CC_NET_MAIL_CLEAR,
    };
    const struct cc_smtp_config *config = &self->config;

    return (struct cc_net_mail){
        .host = config->host,
        .port = config->port,
        .tls = tls[config->security],
        .user = config->user,
        .password = config->password,
        .hello = domain_of(config->from),
        .from = config->from,
    };
}

/* What mail servers write down on the way is the subject: it holds no code. */
static struct cc_str subject_of(const struct smtp *self, struct cc_arena *arena,
                                const struct cc_notice *notice)
{
    return CC_JOIN(arena, self->config.name,
                   notice->code.at ? CC_STR(" - your code") : CC_STR(" - your account"));
}

/* What to do where the server takes no mail of ours, by what it refused. */
static const char *const remedies[] = {
    [CC_NET_MAIL_GREETING] = "The mail server refuses this host: ask who runs it.",
    [CC_NET_MAIL_HELLO] =
        "The mail server refuses this host, or the domain of [smtp] from: ask who "
        "runs it.",
    [CC_NET_MAIL_SECURITY] = "The mail server has no TLS for us: look at [smtp] security and port.",
    [CC_NET_MAIL_AUTH] = "The mail server does not know [smtp] user, or not with this password, or "
                         "wants a different [smtp] security.",
    [CC_NET_MAIL_FROM] = "The mail server takes no mail from [smtp] from: use an address that "
                         "[smtp] user may send from.",
    [CC_NET_MAIL_TO] =
        "The mail server passes no mail on for us: look at [smtp] user and from, and "
        "ask who runs it what it has against this host.",
    [CC_NET_MAIL_TEXT] = "The mail server takes no text from us: ask who runs it.",
};

static enum cc_code hand_over(const struct smtp *self, const struct cc_net_mail *mail,
                              struct cc_err *err)
{
    struct cc_net_mail_reply reply;
    struct cc_err why = { 0 };
    enum cc_code rc = cc_net_mail(self->net, mail, &reply, &why);

    if (rc == CC_OK)
        return rc;
    return cc_fail(err, rc == CC_INTERNAL ? CC_INVALID : rc,
                   rc == CC_FORBIDDEN ? remedies[reply.stage] : NULL, "%s", why.cause);
}

static enum cc_code deliver(const struct smtp *self, struct cc_arena *arena,
                            const struct cc_notice *notice, struct cc_err *err)
{
    const struct notify_mail mail = {
        .from_name = self->config.name,
        .from = self->config.from,
        .to = notice->to,
        .subject = subject_of(self, arena, notice),
        .text = notice->text,
        .id = notice->id,
        .wall_ms = cc_clock_wall_ms(self->config.clock),
    };
    struct cc_net_mail sent = envelope(self);

    if (!notify_mail_is_address(notice->to))
        return cc_fail(err, CC_INVALID, NULL, "smtp: the address is none");
    sent.to = notice->to;
    sent.text = notify_mail_build(arena, &mail);
    sent.timeout_ms = CC_NOTICE_MS_MAX - 1000;
    if (!sent.text.at)
        return cc_fail(err, CC_INVALID, NULL, "smtp: the notice is too long");
    return hand_over(self, &sent, err);
}

static enum cc_code smtp_send(struct cc_sender *sender, const struct cc_notice *notice,
                              struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    enum cc_code rc = deliver((struct smtp *)sender, arena, notice, err);

    cc_arena_free(arena);
    return rc;
}

/* What keeps the mail server from taking mail from us, in a sentence. */
static const char *fault_of(enum cc_code code, const struct cc_net_mail_reply *reply)
{
    if (code == CC_FORBIDDEN)
        return remedies[reply->stage];
    if (reply->code >= 400)
        return "The mail server refuses us for now: try again.";
    if (reply->stage == CC_NET_MAIL_SECURITY)
        return "The mail server cannot show that it is [smtp] host: its certificate is not signed "
               "by an authority that is trusted ([smtp] ca_file).";
    if (reply->code == 0)
        return "Nobody who can be trusted answers at [smtp] host and port ([smtp] ca_file names "
               "the authorities).";
    return "The mail server does not speak SMTP to the end.";
}

/* Greets the server and signs in. */
static void smtp_examine(struct cc_sender *sender, struct cc_findings *to)
{
    const struct smtp *self = (struct smtp *)sender;
    struct cc_net_mail mail = envelope(self);
    struct cc_net_mail_reply reply = { .code = 0 };
    struct cc_err err = { 0 };
    enum cc_code rc;

    mail.timeout_ms = EXAMINE_MS;
    rc = cc_net_mail(self->net, &mail, &reply, &err);
    if (rc == CC_OK)
        cc_find_well(to, "mail server", "%.*s takes mail from us", CC_STR_ARG(self->config.host));
    else
        cc_find_wrong(to, "mail server", err.cause, "%s", fault_of(rc, &reply));
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void smtp_stop(struct cc_sender *sender)
{
    cc_net_stop(((struct smtp *)sender)->net);
}

static void smtp_close(struct cc_sender *sender)
{
    const struct smtp *self = (struct smtp *)sender;

    cc_net_close(self->net);
    cc_arena_free(self->arena);
}

static const struct cc_sender_ops smtp_ops = {
    .name = "smtp",
    .send = smtp_send,
    .examine = smtp_examine,
    .stop = smtp_stop,
    .close = smtp_close,
};

static bool is_host(struct cc_str host)
{
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '.' && c != '-')
            return false;
    }
    return host.len > 0;
}

static enum cc_code check(const struct cc_smtp_config *config, struct cc_err *err)
{
    const char *fault = NULL;

    if (!is_host(config->host))
        fault = "[smtp] host must be the name of a host, or an IPv4 address.";
    else if (!notify_mail_is_address(config->from))
        fault = "[smtp] from must be an address, like codes@example.org, without a name.";
    else if (config->security == CC_SMTP_NONE && !cc_net_host_is_loopback(config->host))
        fault = "[smtp] security may be none only where the host is this machine: codes and the "
                "password would pass in the clear.";
    return fault ? cc_fail(err, CC_INVALID, fault, "smtp: %s", fault) : CC_OK;
}

static void keep(struct smtp *self, const struct cc_smtp_config *config)
{
    struct cc_arena *arena = self->arena;

    self->config = *config;
    self->config.host = cc_str_copy(arena, config->host);
    self->config.user = cc_str_copy(arena, config->user);
    self->config.password = cc_str_copy_secret(arena, config->password);
    self->config.from = cc_str_copy(arena, config->from);
    self->config.name = cc_str_copy(arena, config->name);
    self->config.ca_file = cc_str_copy(arena, config->ca_file);
}

enum cc_code cc_sender_open_smtp(const struct cc_smtp_config *config, struct cc_sender **out,
                                 struct cc_err *err)
{
    enum cc_code rc = check(config, err);
    struct cc_net_config net = { .ca_file = NULL };
    struct cc_arena *arena;
    struct smtp *self;

    if (rc != CC_OK)
        return rc;
    arena = cc_arena_new(ARENA_BYTES_MAX);
    self = CC_NEW(arena, struct smtp);
    *self = (struct smtp){ .base = { &smtp_ops }, .arena = arena };
    keep(self, config);
    if (config->ca_file.len > 0)
        net.ca_file = self->config.ca_file.at;
    rc = cc_net_open(&net, &self->net, err);
    if (rc != CC_OK) {
        cc_arena_free(arena);
        return rc;
    }
    *out = &self->base;
    return CC_OK;
}
