/* notify/notify.h - one-time codes on their way to a person. Sending is at least once, and never
 * inside a transaction or before the answer that caused it. */
#ifndef CC_NOTIFY_NOTIFY_H
#define CC_NOTIFY_NOTIFY_H

#include "../base/clock.h"
#include "../base/log.h"

struct cc_notice {
    struct cc_str to;      /* E.164 number or e-mail address */
    struct cc_str channel; /* "sms", "email", "voice" */
    struct cc_str code;    /* absent in a notice without one */
    struct cc_str text;    /* what the person reads */
};

struct cc_sender {
    const struct cc_sender_ops *ops; /* first member of each implementation */
};

struct cc_sender_ops {
    enum cc_code (*send)(struct cc_sender *, const struct cc_notice *, struct cc_err *);
    void (*close)(struct cc_sender *);
};

/* CC_UNAVAILABLE: try again later. CC_INVALID: this will never arrive. */
enum cc_code cc_sender_send(struct cc_sender *sender, const struct cc_notice *notice,
                            struct cc_err *err) CC_NODISCARD;
void cc_sender_close(struct cc_sender *sender);

/* For trying out and for tests: shows each notice on the terminal (standard error) and appends it
 * to `path`, one JSON object a line: to, channel, code, text, at. Nothing is really sent. */
enum cc_code cc_sender_open_outbox(struct cc_str path, const struct cc_clock *clock,
                                   struct cc_sender **out, struct cc_err *err) CC_NODISCARD;

#endif
