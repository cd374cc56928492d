#include "mail.h"

#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/utf8.h"

#include <string.h>
#include <time.h>

#define MAIL_BYTES_MAX ((size_t)64 * 1024)
/* RFC 2047 2: 75 characters a word; with "Subject: " in front a line has 76. */
#define WORD_MAX 64
#define WORD_FRONT "=?UTF-8?Q?"
#define WORD_BACK "?="
#define LINE_MAX 76 /* RFC 2045 6.7 (5), the soft break included */

static const char hex[] = "0123456789ABCDEF";

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void add_hex(struct cc_buf *buf, unsigned char byte)
{
    cc_buf_add_byte(buf, '=');
    cc_buf_add_byte(buf, hex[byte >> 4]);
    cc_buf_add_byte(buf, hex[byte & 0x0F]);
}

/* --- the header ------------------------------------------------------------------------------- */

bool notify_mail_is_address(struct cc_str address)
{
    struct cc_str domain = address;
    struct cc_str local = cc_str_cut(&domain, '@');

    for (size_t i = 0; i < address.len; i++) {
        if (address.at[i] <= ' ' || address.at[i] >= 0x7F || strchr("<>()[]\\\",;:", address.at[i]))
            return false;
    }
    return local.len > 0 && domain.len > 0 && cc_str_find(domain, '@') == domain.len;
}

static bool is_plain(struct cc_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alnum(text.at[i]) && text.at[i] != ' ' && text.at[i] != '-' && text.at[i] != '\'')
            return false;
    }
    return text.len > 0 && text.len <= WORD_MAX && text.at[0] != ' ';
}

/* A character and not a byte is what may not be cut in two (RFC 2047 5); what is no UTF-8 goes byte
 * for byte. */
static size_t step_of(struct cc_str rest)
{
    size_t step = cc_utf8_step((const unsigned char *)rest.at, rest.len);

    return step ? step : 1;
}

static size_t width_of(struct cc_str piece)
{
    return piece.len == 1 && (is_alnum(piece.at[0]) || piece.at[0] == ' ') ? 1 : 3 * piece.len;
}

static void add_piece(struct cc_buf *buf, struct cc_str piece)
{
    if (width_of(piece) == 1) {
        cc_buf_add_byte(buf, (char)(piece.at[0] == ' ' ? '_' : piece.at[0]));
        return;
    }
    for (size_t i = 0; i < piece.len; i++)
        add_hex(buf, (unsigned char)piece.at[i]);
}

struct cc_str notify_mail_words(struct cc_arena *arena, struct cc_str text)
{
    const size_t frame = strlen(WORD_FRONT WORD_BACK);
    struct cc_buf buf;
    size_t width = frame;

    if (is_plain(text))
        return text;
    cc_buf_init(&buf, arena, MAIL_BYTES_MAX);
    cc_buf_add_z(&buf, WORD_FRONT);
    for (struct cc_str rest = text; rest.len > 0;) {
        const struct cc_str piece = cc_str_take(rest, step_of(rest));

        if (width + width_of(piece) > WORD_MAX) {
            cc_buf_add_z(&buf, WORD_BACK "\r\n " WORD_FRONT);
            width = frame;
        }
        add_piece(&buf, piece);
        width += width_of(piece);
        rest = cc_str_skip(rest, piece.len);
    }
    cc_buf_add_z(&buf, WORD_BACK);
    return cc_buf_str(&buf);
}

struct cc_str notify_mail_date(struct cc_arena *arena, int64_t wall_ms)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    return cc_str_format(arena, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
                         tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                         tm.tm_sec);
}

/* --- the body --------------------------------------------------------------------------------- */

/* What may stand as it is. A '.' and an 'F' at the beginning of a line mean something to servers on
 * the way ("From "), a space at its end is lost. */
static bool stands(struct cc_str rest, size_t width)
{
    const char c = rest.at[0];
    const bool is_last = rest.len == 1 || rest.at[1] == '\n' || rest.at[1] == '\r';

    if (c == '=' || c < ' ' || c >= 0x7F)
        return false;
    if (width == 0 && (c == '.' || c == 'F'))
        return false;
    return c != ' ' || !is_last;
}

static size_t line_end_of(struct cc_str rest)
{
    if (rest.at[0] == '\n')
        return 1;
    return cc_str_starts(rest, CC_STR("\r\n")) ? 2 : 0;
}

static size_t add_char(struct cc_buf *buf, struct cc_str rest, size_t width)
{
    if (width + 3 > LINE_MAX - 1) {
        cc_buf_add_z(buf, "=\r\n");
        width = 0;
    }
    if (stands(rest, width)) {
        cc_buf_add_byte(buf, rest.at[0]);
        return width + 1;
    }
    add_hex(buf, (unsigned char)rest.at[0]);
    return width + 3;
}

struct cc_str notify_mail_quoted(struct cc_arena *arena, struct cc_str text)
{
    struct cc_buf buf;
    size_t width = 0;

    cc_buf_init_secret(&buf, arena, text.len * 4 + 16);
    for (struct cc_str rest = text; rest.len > 0;) {
        size_t end = line_end_of(rest);

        if (end > 0) {
            cc_buf_add_z(&buf, "\r\n");
            width = 0;
        } else {
            width = add_char(&buf, rest, width);
        }
        rest = cc_str_skip(rest, end > 0 ? end : 1);
    }
    if (width > 0)
        cc_buf_add_z(&buf, "\r\n");
    return cc_buf_str(&buf);
}

struct cc_str notify_mail_build(struct cc_arena *arena, const struct notify_mail *mail)
{
    const struct cc_str body = notify_mail_quoted(arena, mail->text);
    const struct cc_str name = notify_mail_words(arena, mail->from_name);
    const struct cc_str subject = notify_mail_words(arena, mail->subject);
    const struct cc_str date = notify_mail_date(arena, mail->wall_ms);
    const struct cc_str domain = cc_str_skip(mail->from, cc_str_find(mail->from, '@'));
    struct cc_buf buf;

    cc_buf_init_secret(&buf, arena, MAIL_BYTES_MAX);
    cc_buf_add_format(&buf, "Date: %.*s\r\n", CC_STR_ARG(date));
    cc_buf_add_format(&buf, "From: %.*s\r\n <%.*s>\r\n", CC_STR_ARG(name), CC_STR_ARG(mail->from));
    cc_buf_add_format(&buf, "To: <%.*s>\r\n", CC_STR_ARG(mail->to));
    cc_buf_add_format(&buf, "Message-ID: <%.*s%.*s>\r\n", CC_STR_ARG(mail->id), CC_STR_ARG(domain));
    cc_buf_add_format(&buf, "Subject: %.*s\r\n", CC_STR_ARG(subject));
    /* RFC 3834 5: nobody's holiday notice answers it. */
    cc_buf_add_z(&buf, "Auto-Submitted: auto-generated\r\n"
                       "MIME-Version: 1.0\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: quoted-printable\r\n"
                       "\r\n");
    cc_buf_add(&buf, body);
    return buf.overflow ? CC_STR_ABSENT : cc_buf_str(&buf);
}
