/* notify/mail.h - what a mail consists of: RFC 5322 for its header, RFC 2047 for what is not ASCII
 * there, RFC 2045 (quoted-printable) for its body. Nothing that is put in can begin a line of the
 * header. Pure. */
#ifndef CC_NOTIFY_MAIL_H
#define CC_NOTIFY_MAIL_H

#include "../base/str.h"

struct notify_mail {
    struct cc_str from_name;
    struct cc_str from, to; /* addresses: notify_mail_is_address */
    struct cc_str subject;
    struct cc_str text;
    struct cc_str id; /* letters, digits, '-', '_': the front of the Message-ID */
    int64_t wall_ms;
};

/* The whole mail, its lines ended by CRLF; in the arena, wiped with it: the text holds a code. */
struct cc_str notify_mail_build(struct cc_arena *arena, const struct notify_mail *mail);

/* As it may stand between '<' and '>': ASCII without space, brackets, quotes or a second '@'. */
bool notify_mail_is_address(struct cc_str address);

/* Text for a header: as it is, where that is safe, else as encoded words, each on a line of its
 * own. */
struct cc_str notify_mail_words(struct cc_arena *arena, struct cc_str text);

/* Quoted-printable, lines of 76 at most; ended by CRLF. */
struct cc_str notify_mail_quoted(struct cc_arena *arena, struct cc_str text);

/* RFC 5322 3.3, in UTC. */
struct cc_str notify_mail_date(struct cc_arena *arena, int64_t wall_ms);

#endif
