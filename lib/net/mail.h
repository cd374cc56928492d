/* net/mail.h - hands one mail to a mail server (SMTP, RFC 5321) and says what came of it. libcurl
 * is the transport; what the mail consists of is the caller's affair. Each mail has a connection of
 * its own, which ends with it. */
#ifndef CC_NET_MAIL_H
#define CC_NET_MAIL_H

#include "net.h"

enum cc_net_mail_tls {
    CC_NET_MAIL_STARTTLS, /* from the greeting on (RFC 3207); refused where the server has none */
    CC_NET_MAIL_TLS,      /* from the first byte (RFC 8314) */
    CC_NET_MAIL_CLEAR,    /* none: what is sent can be read on the way, the password too */
};

struct cc_net_mail {
    struct cc_str host; /* a name or an IPv4 address */
    int64_t port;
    enum cc_net_mail_tls tls;
    struct cc_str user, password; /* absent or empty user: no sign-in; else AUTH PLAIN or LOGIN */
    struct cc_str hello;          /* who we are (EHLO): a domain */
    struct cc_str from, to;       /* addresses, without brackets; `to` absent: nothing is sent, the
                                     server is only greeted and signed in to */
    struct cc_str text;           /* header and body, its lines ended by CRLF */
    int64_t timeout_ms;           /* for all of it; positive */
};

/* What the server's last answer is one to. */
enum cc_net_mail_stage {
    CC_NET_MAIL_GREETING, /* our coming; or there is no answer at all */
    CC_NET_MAIL_HELLO,
    CC_NET_MAIL_SECURITY, /* STARTTLS, or the want of it */
    CC_NET_MAIL_AUTH,
    CC_NET_MAIL_FROM,
    CC_NET_MAIL_TO,
    CC_NET_MAIL_TEXT, /* DATA, and the text itself */
};

struct cc_net_mail_reply {
    enum cc_net_mail_stage stage;
    int code;            /* RFC 5321 4.2; 0: there is none */
    int subject, detail; /* RFC 3463: of "5.7.8" 7 and 8; both 0: not said */
};

/* CC_OK: the server has taken it.
 * CC_UNAVAILABLE: it has not: not reached, not trusted, or refused for now (4yz).
 * CC_FORBIDDEN: it has not, and would not take any mail of ours: no TLS, no sign-in, or refused for
 *   what we are (5yz). Whoever set it up must put that right.
 * CC_OUTCOME_UNKNOWN: all of the mail was sent and no answer came.
 * CC_INVALID: refused for good for what this mail is, or to whom it goes (5yz).
 * CC_INTERNAL: the mail itself is wrong: an address or a name that would end its line.
 * `reply`, where it is not NULL, is the server's last answer. The cause repeats nothing of what the
 * server said but its numbers. */
enum cc_code cc_net_mail(struct cc_net *net, const struct cc_net_mail *mail,
                         struct cc_net_mail_reply *reply, struct cc_err *err) CC_NODISCARD;

#endif
