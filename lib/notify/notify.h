/* notify/notify.h - one-time codes on their way to a person. Sending is at least once, and never
 * inside a transaction or before the answer that caused it.
 *
 * What a sender says of a failure (`cause`) goes into the log: it names neither the person, nor the
 * code, nor a secret, and repeats nothing of what a server answered in words of its own. */
#ifndef CC_NOTIFY_NOTIFY_H
#define CC_NOTIFY_NOTIFY_H

#include "../base/clock.h"
#include "../base/finding.h"
#include "../base/log.h"

struct cc_aws;
struct cc_net;

/* One try ends within so long, whatever happens at the other end. */
#define CC_NOTICE_MS_MAX 10000

struct cc_notice {
    struct cc_str to;      /* E.164 number or e-mail address */
    struct cc_str channel; /* "sms", "email" */
    struct cc_str code;    /* absent in a notice without one */
    struct cc_str text;    /* what the person reads */
    struct cc_str id;      /* names it, the same with every try: letters, digits, '-', '_' */
    int64_t attempt;       /* 1: the first try; for the log */
};

struct cc_sender {
    const struct cc_sender_ops *ops; /* first member of each implementation */
};

struct cc_sender_ops {
    const char *name; /* as the configuration has it: "outbox" */
    enum cc_code (*send)(struct cc_sender *, const struct cc_notice *, struct cc_err *);
    void (*examine)(struct cc_sender *, struct cc_findings *);
    void (*stop)(struct cc_sender *);
    void (*close)(struct cc_sender *);
};

/* By one thread at a time, and within CC_NOTICE_MS_MAX.
 * CC_UNAVAILABLE: it was not sent, try again later; retry_after_s is set where the other end said
 *   when.
 * CC_FORBIDDEN: it was not sent, nor would another be: keys, password, rights or addresses of this
 *   installation are wrong, and the detail says in a sentence which. Try again later, when somebody
 *   may have put that right.
 * CC_OUTCOME_UNKNOWN: it may have been sent; try again, but not for ever.
 * CC_INVALID: this one will never arrive. */
enum cc_code cc_sender_send(struct cc_sender *sender, const struct cc_notice *notice,
                            struct cc_err *err) CC_NODISCARD;

/* For `cloudchat doctor`: looks whether it could send, as far as that can be seen without sending.
 * Tells one finding or more; puts nothing right. */
void cc_sender_examine(struct cc_sender *sender, struct cc_findings *to);

/* Ends what is being sent, and every later try before it begins. From any thread. */
void cc_sender_stop(struct cc_sender *sender);
void cc_sender_close(struct cc_sender *sender); /* NULL is allowed */

/* A number or address of which only as much is left as an operator needs in order to recognise it:
 * "+49*********78", "a***@example.org". In the arena. */
struct cc_str cc_notice_masked(struct cc_arena *arena, struct cc_str to);

/* --- implementations -------------------------------------------------------------------------- */

struct cc_channels {
    struct cc_sender *sms, *email; /* NULL: nothing goes that way. Closed together with it. */
    struct cc_strs sms_prefixes;   /* "+49": SMS go to these alone; none: to all */
    const struct cc_clock *clock;  /* what is pointed at must outlive it */
    const struct cc_log *log;
};

/* Gives each notice to the sender of its channel, and writes into the log what came of it. */
void cc_sender_open_channels(const struct cc_channels *channels, struct cc_sender **out);

/* For trying out and for tests: shows each notice on the terminal (standard error) and appends it
 * to `path`, one JSON object a line: to, channel, code, text, at. Nothing is really sent. */
enum cc_code cc_sender_open_outbox(struct cc_str path, const struct cc_clock *clock,
                                   struct cc_sender **out, struct cc_err *err) CC_NODISCARD;

/* SMS by Amazon SNS. */
struct cc_sns_config {
    struct cc_aws *aws;               /* of the service "sns"; must outlive it */
    struct cc_net *net;               /* the same; of `aws`, for looking whether it answers */
    struct cc_str sender_id;          /* what stands as the sender; empty: as SNS has it */
    struct cc_str origination_number; /* E.164, from which it is sent; empty: as SNS has it */
    struct cc_str max_price;          /* in dollars for one SMS ("0.50"); empty: as SNS has it */
};

/* CC_INVALID: one of them is not what it must be; the detail names the key. */
enum cc_code cc_sender_open_sns(const struct cc_sns_config *config, struct cc_sender **out,
                                struct cc_err *err) CC_NODISCARD;

enum cc_hook_content { CC_HOOK_JSON, CC_HOOK_FORM };

/* An HTTPS request (POST), made from a template in which {to}, {code}, {text}, {channel} and {id}
 * stand for what they say, escaped as the content wants it. */
struct cc_hook_config {
    struct cc_str url; /* https, or http on this machine */
    int content;       /* enum cc_hook_content */
    struct cc_str body;
    struct cc_str header;  /* the name of the one that carries the secret */
    struct cc_str secret;  /* empty: that header is not sent */
    struct cc_str ca_file; /* PEM; empty: the system's authorities */
    const struct cc_clock *clock;
};

/* Copies the strings. CC_INVALID: as above. */
enum cc_code cc_sender_open_hook(const struct cc_hook_config *config, struct cc_sender **out,
                                 struct cc_err *err) CC_NODISCARD;

enum cc_smtp_security { CC_SMTP_STARTTLS, CC_SMTP_TLS, CC_SMTP_NONE };

struct cc_smtp_config {
    struct cc_str host;
    int64_t port;
    int security;                 /* enum cc_smtp_security; NONE only on this machine */
    struct cc_str user, password; /* empty user: no sign-in */
    struct cc_str from;           /* address */
    struct cc_str name;           /* of the installation: who writes, and what about */
    struct cc_str ca_file;        /* PEM; empty: the system's authorities */
    const struct cc_clock *clock;
};

/* Copies the strings. CC_INVALID: as above. */
enum cc_code cc_sender_open_smtp(const struct cc_smtp_config *config, struct cc_sender **out,
                                 struct cc_err *err) CC_NODISCARD;

#endif
