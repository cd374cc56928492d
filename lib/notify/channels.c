/* Which sender a notice goes to, and what is written down about it. */
#include "notify.h"

#include "../base/arena.h"

#define ARENA_BYTES_MAX ((size_t)16 * 1024)

struct channels {
    struct cc_sender base;
    struct cc_arena *arena;
    struct cc_channels config;
};

static struct cc_sender *sender_for(const struct channels *self, struct cc_str channel)
{
    if (cc_str_eq(channel, CC_STR("sms")))
        return self->config.sms;
    return cc_str_eq(channel, CC_STR("email")) ? self->config.email : NULL;
}

static bool may_reach(const struct channels *self, const struct cc_notice *notice)
{
    const struct cc_strs *prefixes = &self->config.sms_prefixes;

    if (prefixes->count == 0 || !cc_str_eq(notice->channel, CC_STR("sms")))
        return true;
    for (size_t i = 0; i < prefixes->count; i++) {
        if (cc_str_starts(notice->to, prefixes->at[i]))
            return true;
    }
    return false;
}

static const char *outcome_of(enum cc_code code)
{
    switch (code) {
    case CC_OK:
        return "sent";
    case CC_INVALID:
        return "never";
    case CC_FORBIDDEN:
        return "misconfigured";
    case CC_OUTCOME_UNKNOWN:
        return "unknown";
    default:
        return "again";
    }
}

struct outcome {
    const char *sender;
    enum cc_code code;
    const char *remedy; /* with CC_FORBIDDEN: for whoever set it up */
    int64_t took_ms;
};

static void note(const struct channels *self, const struct cc_notice *notice,
                 const struct outcome *outcome)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    const struct cc_log_field fields[] = {
        CC_LOG_Z("sender", outcome->sender),
        CC_LOG_STR("channel", notice->channel),
        CC_LOG_STR("to", cc_notice_masked(arena, notice->to)),
        CC_LOG_I64("attempt", notice->attempt),
        CC_LOG_Z("outcome", outcome_of(outcome->code)),
        CC_LOG_I64("ms", outcome->took_ms),
        CC_LOG_Z("remedy", outcome->remedy), /* the last: it may be absent */
    };

    cc_log_write(self->config.log, outcome->code == CC_OK ? CC_LOG_INFO : CC_LOG_WARN, "notice",
                 fields, CC_COUNT(fields) - (outcome->remedy ? 0 : 1));
    cc_arena_free(arena);
}

static enum cc_code channels_send(struct cc_sender *sender, const struct cc_notice *notice,
                                  struct cc_err *err)
{
    struct channels *self = (struct channels *)sender;
    struct cc_sender *one = sender_for(self, notice->channel);
    int64_t began_ms = cc_clock_mono_ms(self->config.clock);
    enum cc_code rc;

    if (!one)
        rc = cc_fail(err, CC_INVALID, NULL, "[codes] %.*s is none", CC_STR_ARG(notice->channel));
    else if (!may_reach(self, notice))
        rc = cc_fail(err, CC_INVALID, NULL, "[codes] sms_prefixes does not have this number");
    else
        rc = cc_sender_send(one, notice, err);
    note(self, notice,
         &(struct outcome){ .sender = one ? one->ops->name : "none",
                            .code = rc,
                            .remedy = rc == CC_FORBIDDEN ? err->detail : NULL,
                            .took_ms = cc_clock_mono_ms(self->config.clock) - began_ms });
    return rc;
}

/* There is one configuration of each kind. */
static bool is_same(const struct cc_sender *a, const struct cc_sender *b)
{
    return a != NULL && a->ops == b->ops;
}

static void channels_examine(struct cc_sender *sender, struct cc_findings *to)
{
    const struct channels *self = (struct channels *)sender;

    if (self->config.sms)
        cc_sender_examine(self->config.sms, to);
    if (self->config.email && !is_same(self->config.sms, self->config.email))
        cc_sender_examine(self->config.email, to);
}

static void channels_stop(struct cc_sender *sender)
{
    const struct channels *self = (struct channels *)sender;

    if (self->config.sms)
        cc_sender_stop(self->config.sms);
    if (self->config.email)
        cc_sender_stop(self->config.email);
}

static void channels_close(struct cc_sender *sender)
{
    const struct channels *self = (struct channels *)sender;

    cc_sender_close(self->config.sms);
    cc_sender_close(self->config.email);
    cc_arena_free(self->arena);
}

static const struct cc_sender_ops channels_ops = {
    .name = "channels",
    .send = channels_send,
    .examine = channels_examine,
    .stop = channels_stop,
    .close = channels_close,
};

void cc_sender_open_channels(const struct cc_channels *channels, struct cc_sender **out)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    struct channels *self = CC_NEW(arena, struct channels);

    *self = (struct channels){ { &channels_ops }, arena, *channels };
    *out = &self->base;
}
