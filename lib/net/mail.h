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

/* CC_OK: the server has taken it.
 * CC_UNAVAILABLE: it has not: not reached, not trusted, or refused for now (4yz).
 * CC_OUTCOME_UNKNOWN: all of the mail was sent and no answer came.
 * CC_INVALID: refused for good (5yz).
 * CC_INTERNAL: the mail itself is wrong: an address or a name that would end its line.
 * `reply`, where it is not NULL, is the code of the server's last answer, 0 without one. The cause
 * repeats nothing of what the server said but that code. */
enum cc_code cc_net_mail(struct cc_net *net, const struct cc_net_mail *mail, int *reply,
                         struct cc_err *err) CC_NODISCARD;

#endif
