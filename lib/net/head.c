#include "head.h"

#include "../base/arena.h"

#include <string.h>

void net_head_init(struct net_head *head, struct cc_arena *arena, bool bodiless)
{
    *head = (struct net_head){ .arena = arena, .bodiless = bodiless, .length = -1 };
    head->headers = CC_NEW_ARRAY(arena, struct cc_net_header, NET_HEADERS_MAX);
}

bool net_head_has_body(const struct net_head *head)
{
    return !head->bodiless && head->status != 204 && head->status != 304;
}

/* "HTTP/1.1 200 OK" begins a head: the first, or the one after an interim answer. */
static const char *status_line(struct net_head *head, struct cc_str line)
{
    struct cc_str digits = cc_str_take(cc_str_skip(line, strlen("HTTP/1.1 ")), 3);
    int64_t status;

    if (!cc_str_starts(line, CC_STR("HTTP/1.")) || line.len < strlen("HTTP/1.1 200") ||
        line.at[8] != ' ' || !cc_str_to_i64(digits, 100, 599, &status))
        return "no status of HTTP";
    head->status = (int)status;
    head->count = 0;
    head->length = -1;
    head->chunked = false;
    return NULL;
}

static bool is_token(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return s.len > 0;
}

/* RFC 9110 8.6: digits, once. A list of equal values could be repaired; whoever sends one is not
 * to be believed about anything else either. */
static const char *length_header(struct net_head *head, struct cc_str value)
{
    if (head->length >= 0)
        return "two lengths";
    return cc_str_to_i64(value, 0, INT64_MAX, &head->length) ? NULL : "no length";
}

static const char *header_line(struct net_head *head, struct cc_str line)
{
    struct cc_str value = line;
    struct cc_str name = cc_str_cut(&value, ':');

    if (!value.at || !is_token(name))
        return "a header that is none"; /* a folded line among them (RFC 9112 5.2) */
    if (head->count == NET_HEADERS_MAX)
        return "too many headers";
    value = cc_str_trim(value);
    if (cc_str_eq_nocase(name, CC_STR("Transfer-Encoding"))) {
        if (head->chunked || !cc_str_eq_nocase(value, CC_STR("chunked")))
            return "a foreign transfer coding";
        head->chunked = true;
    }
    head->headers[head->count++] =
        (struct cc_net_header){ cc_str_copy(head->arena, name), cc_str_copy(head->arena, value) };
    return cc_str_eq_nocase(name, CC_STR("Content-Length")) ? length_header(head, value) : NULL;
}

/* RFC 9112 6.3. A body that ends where the connection does could have been cut anywhere. */
static const char *end_line(struct net_head *head)
{
    if (head->status < 200)
        return NULL;
    head->ended = true;
    if (head->chunked && head->length >= 0)
        return "two ways to tell the length";
    if (net_head_has_body(head) && !head->chunked && head->length < 0)
        return "a body without a length";
    return NULL;
}

const char *net_head_line(struct net_head *head, struct cc_str line)
{
    head->bytes += line.len;
    if (head->bytes > NET_HEAD_BYTES_MAX)
        return "too long a head";
    if (head->ended)
        return NULL;
    if (cc_str_ends(line, CC_STR("\n")))
        line.len--;
    if (cc_str_ends(line, CC_STR("\r")))
        line.len--;
    if (memchr(line.at, '\0', line.len) || memchr(line.at, '\r', line.len))
        return "a header that is none";
    if (line.len == 0)
        return head->status ? end_line(head) : "no status of HTTP";
    if (head->status == 0 || (head->status < 200 && cc_str_starts(line, CC_STR("HTTP/"))))
        return status_line(head, line);
    return header_line(head, line);
}

struct cc_str cc_net_header_find(const struct cc_net_headers *headers, struct cc_str name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (cc_str_eq_nocase(headers->at[i].name, name))
            return headers->at[i].value;
    }
    return CC_STR_ABSENT;
}
