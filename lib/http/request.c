#include "internal.h"

#include <arpa/inet.h>
#include <string.h>

/* Where the value of a variable goes. */
enum slot {
    SLOT_METHOD,
    SLOT_TARGET,
    SLOT_LENGTH,
    SLOT_ADDRESS,
    SLOT_HTTPS,
    SLOT_SCHEME,
    SLOT_TRANSFER_ENCODING,
    SLOT_HEADER, /* + enum cc_header */
    SLOT_COUNT = SLOT_HEADER + CC_H_COUNT
};

/* `once`: who sends two wants one part of the chain to see the first and another the second. */
struct variable {
    struct cc_str name;
    unsigned slot;
    bool once;
};

#define VARIABLE(name)                                                                             \
    {                                                                                              \
        "" name, sizeof(name) - 1                                                                  \
    }
static const struct variable variables[] = {
    { VARIABLE("REQUEST_METHOD"), SLOT_METHOD, true },
    { VARIABLE("REQUEST_URI"), SLOT_TARGET, true },
    { VARIABLE("CONTENT_LENGTH"), SLOT_LENGTH, true },
    { VARIABLE("REMOTE_ADDR"), SLOT_ADDRESS, true },
    { VARIABLE("HTTPS"), SLOT_HTTPS, true },
    { VARIABLE("REQUEST_SCHEME"), SLOT_SCHEME, true },
    { VARIABLE("HTTP_TRANSFER_ENCODING"), SLOT_TRANSFER_ENCODING, true },
    { VARIABLE("HTTP_ACCEPT"), SLOT_HEADER + CC_H_ACCEPT, false },
    { VARIABLE("HTTP_AUTHORIZATION"), SLOT_HEADER + CC_H_AUTHORIZATION, true },
    { VARIABLE("HTTP_CONTENT_ENCODING"), SLOT_HEADER + CC_H_CONTENT_ENCODING, true },
    { VARIABLE("CONTENT_TYPE"), SLOT_HEADER + CC_H_CONTENT_TYPE, true },
    { VARIABLE("HTTP_COOKIE"), SLOT_HEADER + CC_H_COOKIE, true },
    { VARIABLE("HTTP_HOST"), SLOT_HEADER + CC_H_HOST, true },
    { VARIABLE("HTTP_IF_MATCH"), SLOT_HEADER + CC_H_IF_MATCH, true },
    { VARIABLE("HTTP_IF_NONE_MATCH"), SLOT_HEADER + CC_H_IF_NONE_MATCH, false },
    { VARIABLE("HTTP_ORIGIN"), SLOT_HEADER + CC_H_ORIGIN, true },
    { VARIABLE("HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
      SLOT_HEADER + CC_H_ACCESS_CONTROL_REQUEST_METHOD, true },
    { VARIABLE("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
      SLOT_HEADER + CC_H_ACCESS_CONTROL_REQUEST_HEADERS, true },
    { VARIABLE("HTTP_SEC_FETCH_SITE"), SLOT_HEADER + CC_H_SEC_FETCH_SITE, true },
    { VARIABLE("HTTP_USER_AGENT"), SLOT_HEADER + CC_H_USER_AGENT, false },
    { VARIABLE("HTTP_X_FORWARDED_FOR"), SLOT_HEADER + CC_H_X_FORWARDED_FOR, true },
    { VARIABLE("HTTP_X_FORWARDED_PROTO"), SLOT_HEADER + CC_H_X_FORWARDED_PROTO, true },
    { VARIABLE("HTTP_X_REQUEST_ID"), SLOT_HEADER + CC_H_X_REQUEST_ID, false },
};

static const char *const method_names[] = { "GET",   "HEAD",   "POST",    "PUT",
                                            "PATCH", "DELETE", "OPTIONS", "?" };
_Static_assert(CC_COUNT(method_names) == CC_OTHER + 1, "each method has a name");

const char *cc_method_name(enum cc_method method)
{
    return method_names[method];
}

size_t cc_pairs_from_environ(char *const *environ, struct cc_pair *out, size_t max)
{
    size_t count = 0;

    for (; environ && *environ && count < max; environ++) {
        struct cc_str value = cc_str_from(*environ);
        struct cc_str name = cc_str_cut(&value, '=');

        if (value.at)
            out[count++] = (struct cc_pair){ name, value };
    }
    return count;
}

/* Caps first: nothing is looked at or kept of a request that is over one. */
static enum cc_code check_sizes(const struct cc_pair *vars, size_t count, struct cc_err *err)
{
    size_t all = 0, headers = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = vars[i].name.len + vars[i].value.len;

        if (cc_str_eq(vars[i].name, CC_STR("REQUEST_URI")) &&
            vars[i].value.len > CC_TARGET_BYTES_MAX)
            return cc_fail(err, CC_URI_TOO_LONG, NULL, "%zu bytes of target", vars[i].value.len);
        all += size;
        if (cc_str_starts(vars[i].name, CC_STR("HTTP_")))
            headers += size;
    }
    if (count > CC_PARAMS_MAX || all > CC_PARAMS_BYTES_MAX || headers > CC_HEADER_BYTES_MAX)
        return cc_fail(err, CC_HEADERS_TOO_LARGE, NULL,
                       "%zu parameters of %zu bytes, %zu in headers", count, all, headers);
    return CC_OK;
}

static enum cc_code collect(const struct cc_pair *vars, size_t count, struct cc_str *values,
                            struct cc_err *err)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < CC_COUNT(variables); k++) {
            struct cc_str *value = &values[variables[k].slot];

            if (!cc_str_eq(vars[i].name, variables[k].name))
                continue;
            if (value->at && variables[k].once)
                return cc_fail(err, CC_BAD_REQUEST, "A header stands twice that may stand once.",
                               "%.*s stands twice", CC_STR_ARG(variables[k].name));
            if (!value->at)
                *value = vars[i].value;
            break;
        }
    }
    return CC_OK;
}

static enum cc_code read_method(struct cc_str text, struct cc_request *out, struct cc_err *err)
{
    if (text.len == 0 || text.len > 32)
        return cc_fail(err, CC_BAD_REQUEST, NULL, "REQUEST_METHOD of %zu bytes", text.len);
    out->method_text = text;
    for (unsigned i = 0; i < CC_OTHER; i++)
        if (cc_str_eq(text, cc_str_from(method_names[i])))
            out->method = (enum cc_method)i;
    return CC_OK;
}

/* RFC 9112 3.2.1: only the origin form, in the bytes that RFC 3986 allows. The web server may have
 * decoded what it calls the path; what the client sent is here. */
static enum cc_code read_target(struct cc_str target, struct cc_request *out, struct cc_err *err)
{
    if (!cc_str_starts(target, CC_STR("/")))
        return cc_fail(err, CC_BAD_REQUEST, NULL, "no REQUEST_URI, or not in origin form");
    for (size_t i = 0; i < target.len; i++) {
        unsigned char byte = (unsigned char)target.at[i];

        if (byte <= 0x20 || byte >= 0x7f || byte == '#')
            return cc_fail(err, CC_BAD_REQUEST, "The address holds a byte that must be escaped.",
                           "byte %u in REQUEST_URI", byte);
    }
    out->target = target;
    out->query = target;
    out->path = cc_str_cut(&out->query, '?');
    return CC_OK;
}

/* Web servers give an empty CONTENT_LENGTH for a request without one. */
static enum cc_code read_length(const struct cc_str *values, struct cc_request *out,
                                struct cc_err *err)
{
    struct cc_str text = values[SLOT_LENGTH];

    if (text.len == 0 && values[SLOT_TRANSFER_ENCODING].len)
        return cc_fail(err, CC_LENGTH_REQUIRED, NULL, "a body in chunks, without its length");
    if (text.len && !cc_str_to_i64(text, 0, INT64_MAX, &out->content_length))
        return cc_fail(err, CC_BAD_REQUEST, "Content-Length is not a number.", "CONTENT_LENGTH");
    return CC_OK;
}

static bool is_address(struct cc_str text)
{
    char z[INET6_ADDRSTRLEN];
    unsigned char bytes[16];

    if (text.len == 0 || text.len >= sizeof(z) || memchr(text.at, 0, text.len))
        return false;
    memcpy(z, text.at, text.len);
    z[text.len] = '\0';
    return inet_pton(AF_INET, z, bytes) == 1 || inet_pton(AF_INET6, z, bytes) == 1;
}

/* The last entry is the one that our own proxy added; those before it are the client's word. */
static struct cc_str forwarded_address(struct cc_str list)
{
    struct cc_str last = CC_STR_ABSENT;

    while (list.at)
        last = cc_str_trim(cc_str_cut(&list, ','));
    return last;
}

static void read_peer(const struct cc_str *values, bool trusted_proxy, struct cc_request *out)
{
    struct cc_str forwarded = forwarded_address(values[SLOT_HEADER + CC_H_X_FORWARDED_FOR]);
    struct cc_str proto = values[SLOT_HEADER + CC_H_X_FORWARDED_PROTO];

    out->remote_addr = values[SLOT_ADDRESS];
    out->https = cc_str_eq_nocase(values[SLOT_HTTPS], CC_STR("on")) ||
                 cc_str_eq_nocase(values[SLOT_SCHEME], CC_STR("https"));
    if (!trusted_proxy)
        return;
    if (is_address(forwarded))
        out->remote_addr = forwarded;
    if (proto.len)
        out->https = cc_str_eq_nocase(cc_str_trim(proto), CC_STR("https"));
}

enum cc_code cc_request_from_cgi(const struct cc_pair *vars, size_t count,
                                 const struct cc_http_config *config, struct cc_request *out,
                                 struct cc_err *err)
{
    struct cc_str values[SLOT_COUNT] = { { NULL, 0 } };
    enum cc_code rc;

    *out = (struct cc_request){ .method = CC_OTHER, .content_length = -1 };
    rc = check_sizes(vars, count, err);
    if (rc == CC_OK)
        rc = collect(vars, count, values, err);
    if (rc == CC_OK)
        rc = read_method(values[SLOT_METHOD], out, err);
    if (rc == CC_OK)
        rc = read_target(values[SLOT_TARGET], out, err);
    if (rc == CC_OK)
        rc = read_length(values, out, err);
    if (rc != CC_OK)
        return rc;
    read_peer(values, config->trusted_proxy, out);
    memcpy(out->header, &values[SLOT_HEADER], sizeof(out->header));
    return CC_OK;
}
