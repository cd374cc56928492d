#include "sigv4.h"

#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/clock.h"
#include "../base/encode.h"

#include <assert.h>
#include <string.h>

#include <openssl/crypto.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define CANONICAL_BYTES_MAX ((size_t)1024 * 1024) /* no service takes a head of that size */

#define EXPIRES_S_MAX 604800

/* "20150830T123600Z": ISO 8601, basic format */
#define TIME_SIZE 17
#define DAY_LEN 8

/* --- what is sent ----------------------------------------------------------------------------- */

struct cc_str cc_sigv4_path(struct cc_arena *arena, struct cc_str path)
{
    struct cc_buf out;

    cc_buf_init(&out, arena, CANONICAL_BYTES_MAX);
    while (path.at) {
        cc_buf_add(&out, cc_percent_encode(arena, cc_str_cut(&path, '/')));
        if (path.at)
            cc_buf_add_byte(&out, '/');
    }
    return cc_buf_str(&out);
}

struct cc_str cc_sigv4_query(struct cc_arena *arena, const struct cc_net_headers *pairs)
{
    struct cc_buf out;

    if (pairs->count == 0)
        return CC_STR_ABSENT;
    cc_buf_init(&out, arena, CANONICAL_BYTES_MAX);
    for (size_t i = 0; i < pairs->count; i++) {
        if (i > 0)
            cc_buf_add_byte(&out, '&');
        cc_buf_add(&out, cc_percent_encode(arena, pairs->at[i].name));
        cc_buf_add_byte(&out, '=');
        cc_buf_add(&out, cc_percent_encode(arena, pairs->at[i].value));
    }
    return cc_buf_str(&out);
}

/* --- pairs in order --------------------------------------------------------------------------- */

struct pairs {
    struct cc_net_header *at;
    size_t count;
};

/* By name, then, for a query, by value; headers of one name keep their order. There are a few of
 * them, and most stand in order already. */
static void sort(struct pairs *pairs, bool by_value)
{
    for (size_t i = 1; i < pairs->count; i++) {
        struct cc_net_header moved = pairs->at[i];
        size_t to = i;

        for (; to > 0; to--) {
            int order = cc_str_cmp(pairs->at[to - 1].name, moved.name);

            if (order == 0 && by_value)
                order = cc_str_cmp(pairs->at[to - 1].value, moved.value);
            if (order <= 0)
                break;
            pairs->at[to] = pairs->at[to - 1];
        }
        pairs->at[to] = moved;
    }
}

/* --- the canonical request -------------------------------------------------------------------- */

/* RFC 3986 5.2.4, and of several slashes one: what a server makes of the path. */
static struct cc_str straighten(struct cc_arena *arena, struct cc_str path)
{
    char *out = cc_arena_alloc(arena, path.len + 2);
    struct cc_str segment = CC_STR(""), rest = path;
    size_t len = 0;

    while (rest.at) {
        segment = cc_str_cut(&rest, '/');
        if (cc_str_eq(segment, CC_STR(".."))) {
            while (len > 0 && out[--len] != '/')
                ;
        } else if (segment.len > 0 && !cc_str_eq(segment, CC_STR("."))) {
            out[len++] = '/';
            memcpy(out + len, segment.at, segment.len);
            len += segment.len;
        }
    }
    if (len == 0 || segment.len == 0 || cc_str_eq(segment, CC_STR(".")) ||
        cc_str_eq(segment, CC_STR("..")))
        out[len++] = '/';
    return (struct cc_str){ out, len };
}

static struct cc_str canonical_path(struct cc_arena *arena, const struct cc_sigv4_request *request)
{
    if (request->path.len <= 1)
        return CC_STR("/");
    if (request->flags & CC_SIGV4_PATH_AS_SENT)
        return request->path;
    return cc_sigv4_path(arena, straighten(arena, request->path));
}

/* One spelling for each value, whatever the sender has left unencoded. */
static struct cc_str respell(struct cc_arena *arena, struct cc_str text)
{
    struct cc_str plain = cc_percent_decode(arena, text);

    return cc_percent_encode(arena, plain.at ? plain : text);
}

static struct cc_str canonical_query(struct cc_arena *arena, struct cc_str query)
{
    struct pairs pairs = { NULL, 0 };
    struct cc_buf out;
    size_t most = 1;

    if (query.len == 0)
        return CC_STR("");
    for (size_t i = 0; i < query.len; i++)
        most += query.at[i] == '&';
    pairs.at = CC_NEW_ARRAY(arena, struct cc_net_header, most);
    while (query.at) {
        struct cc_str value = cc_str_cut(&query, '&');
        struct cc_str name = cc_str_cut(&value, '=');

        pairs.at[pairs.count++] =
            (struct cc_net_header){ respell(arena, name),
                                    value.at ? respell(arena, value) : CC_STR("") };
    }
    sort(&pairs, true);
    cc_buf_init(&out, arena, CANONICAL_BYTES_MAX);
    for (size_t i = 0; i < pairs.count; i++) {
        if (i > 0)
            cc_buf_add_byte(&out, '&');
        cc_buf_add(&out, pairs.at[i].name);
        cc_buf_add_byte(&out, '=');
        cc_buf_add(&out, pairs.at[i].value);
    }
    return cc_buf_str(&out);
}

static struct cc_str lower(struct cc_arena *arena, struct cc_str s)
{
    char *out = cc_arena_alloc(arena, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        out[i] = (char)(s.at[i] >= 'A' && s.at[i] <= 'Z' ? s.at[i] + ('a' - 'A') : s.at[i]);
    return (struct cc_str){ out, s.len };
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Without space at its ends, and one space wherever there was any. */
static void add_value(struct cc_buf *out, struct cc_str value)
{
    bool space = false, begun = false;

    for (size_t i = 0; i < value.len; i++) {
        if (is_space(value.at[i])) {
            space = begun;
            continue;
        }
        if (space)
            cc_buf_add_byte(out, ' ');
        cc_buf_add_byte(out, value.at[i]);
        space = false;
        begun = true;
    }
}

/* What is being signed, on its way. */
struct signing {
    struct cc_arena *arena;
    const struct cc_sigv4_request *request;
    const struct cc_aws_keys *keys;
    const struct cc_sigv4_key *key;
    struct pairs headers; /* to be signed, names in lower case, sorted */
    struct cc_str signed_names;
    struct cc_str query; /* to be signed */
    struct cc_str body_hash;
    struct cc_str time;
    struct cc_str scope;
};

static void add_header(struct signing *s, struct cc_str name, struct cc_str value)
{
    s->headers.at[s->headers.count++] = (struct cc_net_header){ lower(s->arena, name), value };
}

static bool same_name_as_before(const struct pairs *headers, size_t i)
{
    return i > 0 && cc_str_eq(headers->at[i].name, headers->at[i - 1].name);
}

static void name_headers(struct signing *s)
{
    struct cc_buf out;

    sort(&s->headers, false);
    cc_buf_init(&out, s->arena, CANONICAL_BYTES_MAX);
    for (size_t i = 0; i < s->headers.count; i++) {
        if (same_name_as_before(&s->headers, i))
            continue;
        if (i > 0)
            cc_buf_add_byte(&out, ';');
        cc_buf_add(&out, s->headers.at[i].name);
    }
    s->signed_names = cc_buf_str(&out);
}

static void add_headers(struct cc_buf *out, const struct pairs *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (same_name_as_before(headers, i)) {
            cc_buf_add_byte(out, ',');
        } else {
            if (i > 0)
                cc_buf_add_byte(out, '\n');
            cc_buf_add(out, headers->at[i].name);
            cc_buf_add_byte(out, ':');
        }
        add_value(out, headers->at[i].value);
    }
    cc_buf_add_byte(out, '\n');
}

static void add_lines(struct cc_buf *out, const struct cc_str *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cc_buf_add(out, lines[i]);
        if (i + 1 < count)
            cc_buf_add_byte(out, '\n');
    }
}

static struct cc_str canonical_request(const struct signing *s)
{
    const struct cc_str first[] = {
        s->request->method,
        canonical_path(s->arena, s->request),
        canonical_query(s->arena, s->query),
        CC_STR(""),
    };
    const struct cc_str last[] = { CC_STR(""), s->signed_names, s->body_hash };
    struct cc_buf out;

    cc_buf_init(&out, s->arena, CANONICAL_BYTES_MAX);
    cc_buf_reserve(&out, 768);
    add_lines(&out, first, CC_COUNT(first));
    add_headers(&out, &s->headers);
    add_lines(&out, last, CC_COUNT(last));
    return cc_buf_str(&out);
}

/* --- the signature ---------------------------------------------------------------------------- */

static struct cc_str hex_sha256(struct cc_arena *arena, struct cc_str data)
{
    unsigned char digest[CC_SHA256_SIZE];

    cc_sha256(data, digest);
    return cc_hex_encode(arena, (struct cc_str){ (char *)digest, sizeof(digest) });
}

/* From "2015-08-30T12:36:00.000Z". */
static struct cc_str basic_time(int64_t wall_ms, char out[TIME_SIZE])
{
    char extended[CC_TIME_TEXT_SIZE];
    struct cc_str from = cc_time_format(wall_ms, extended);
    size_t len = 0;

    for (size_t i = 0; i < from.len && from.at[i] != '.'; i++) {
        if (from.at[i] != '-' && from.at[i] != ':')
            out[len++] = from.at[i];
    }
    out[len++] = 'Z';
    out[len] = '\0';
    return (struct cc_str){ out, len };
}

static void hmac(struct cc_str key, struct cc_str bytes, unsigned char out[CC_SHA256_SIZE])
{
    unsigned char digest[CC_SHA256_SIZE]; /* `key` may be what stands in out */

    cc_hmac_sha256_bytes(key, bytes, digest);
    memcpy(out, digest, sizeof(digest));
    OPENSSL_cleanse(digest, sizeof(digest));
}

void cc_sigv4_derive(struct cc_arena *arena, struct cc_str secret, struct cc_str region,
                     struct cc_str service, int64_t wall_ms, struct cc_sigv4_key *out)
{
    char time[TIME_SIZE];
    static const char prefix[] = { 'A', 'W', 'S', '4' };
    char *first = cc_arena_alloc_secret(arena, sizeof(prefix) + secret.len);
    struct cc_str derived = { (char *)out->key, sizeof(out->key) };

    memcpy(first, prefix, sizeof(prefix));
    memcpy(first + sizeof(prefix), secret.at, secret.len);
    basic_time(wall_ms, time);
    memcpy(out->day, time, sizeof(out->day));
    hmac((struct cc_str){ first, sizeof(prefix) + secret.len }, (struct cc_str){ time, DAY_LEN },
         out->key);
    hmac(derived, region, out->key);
    hmac(derived, service, out->key);
    hmac(derived, CC_STR("aws4_request"), out->key);
}

bool cc_sigv4_key_fits(const struct cc_sigv4_key *key, int64_t wall_ms)
{
    char time[TIME_SIZE];

    basic_time(wall_ms, time);
    return memcmp(key->day, time, sizeof(key->day)) == 0;
}

static struct cc_str string_to_sign(const struct signing *s, struct cc_str canonical)
{
    return CC_JOIN(s->arena, CC_STR(ALGORITHM "\n"), s->time, CC_STR("\n"), s->scope, CC_STR("\n"),
                   hex_sha256(s->arena, canonical));
}

static void start(struct signing *s, struct cc_arena *arena, const struct cc_sigv4_request *request,
                  const struct cc_aws_keys *keys, const struct cc_sigv4_key *key)
{
    char *time = cc_arena_alloc(arena, TIME_SIZE);

    *s = (struct signing){ .arena = arena, .request = request, .keys = keys, .key = key };
    s->time = basic_time(request->wall_ms, time);
    assert(memcmp(key->day, time, sizeof(key->day)) == 0);
    s->scope = CC_JOIN(arena, cc_str_take(s->time, DAY_LEN), CC_STR("/"), request->region,
                       CC_STR("/"), request->service, CC_STR("/aws4_request"));
    s->query = request->query;
    s->body_hash = request->flags & CC_SIGV4_BODY_UNSIGNED ? CC_STR("UNSIGNED-PAYLOAD")
                                                           : hex_sha256(arena, request->body);
    s->headers.at = CC_NEW_ARRAY(arena, struct cc_net_header, request->headers.count + 3);
    for (size_t i = 0; i < request->headers.count; i++)
        add_header(s, request->headers.at[i].name, request->headers.at[i].value);
}

static void finish(struct signing *s, struct cc_sigv4 *out)
{
    const struct cc_str key = { (const char *)s->key->key, sizeof(s->key->key) };
    unsigned char mac[CC_SHA256_SIZE];

    out->canonical = canonical_request(s);
    out->to_sign = string_to_sign(s, out->canonical);
    cc_hmac_sha256_bytes(key, out->to_sign, mac);
    out->signature = cc_hex_encode(s->arena, (struct cc_str){ (char *)mac, sizeof(mac) });
}

static void send_header(struct cc_sigv4 *out, struct cc_str name, struct cc_str value)
{
    out->added[out->added_count++] = (struct cc_net_header){ name, value };
}

static void send_signed(struct signing *s, struct cc_sigv4 *out, struct cc_str name,
                        struct cc_str value)
{
    send_header(out, name, value);
    add_header(s, name, value);
}

void cc_sigv4_sign(struct cc_arena *arena, const struct cc_sigv4_request *request,
                   const struct cc_aws_keys *keys, const struct cc_sigv4_key *key,
                   struct cc_sigv4 *out)
{
    struct signing s;

    *out = (struct cc_sigv4){ .query = request->query };
    start(&s, arena, request, keys, key);
    if (keys->token.at)
        send_signed(&s, out, CC_STR("X-Amz-Security-Token"), keys->token);
    send_signed(&s, out, CC_STR("X-Amz-Date"), s.time);
    if (request->flags & CC_SIGV4_BODY_HEADER)
        send_signed(&s, out, CC_STR("x-amz-content-sha256"), s.body_hash);
    name_headers(&s);
    finish(&s, out);
    send_header(out, CC_STR("Authorization"),
                CC_JOIN(arena, CC_STR(ALGORITHM " Credential="), keys->id, CC_STR("/"), s.scope,
                        CC_STR(", SignedHeaders="), s.signed_names, CC_STR(", Signature="),
                        out->signature));
}

/* What a presigned query says, up to the signature. */
static void add_parameters(const struct signing *s, int64_t expires_s, struct cc_buf *out)
{
    struct cc_str credential = CC_JOIN(s->arena, s->keys->id, CC_STR("/"), s->scope);

    if (s->request->query.len) {
        cc_buf_add(out, s->request->query);
        cc_buf_add_byte(out, '&');
    }
    cc_buf_add_z(out, "X-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=");
    cc_buf_add(out, cc_percent_encode(s->arena, credential));
    cc_buf_add_z(out, "&X-Amz-Date=");
    cc_buf_add(out, s->time);
    cc_buf_add_z(out, "&X-Amz-SignedHeaders=");
    cc_buf_add(out, cc_percent_encode(s->arena, s->signed_names));
    cc_buf_add_z(out, "&X-Amz-Expires=");
    cc_buf_add_i64(out, expires_s);
    if (s->keys->token.at) {
        cc_buf_add_z(out, "&X-Amz-Security-Token=");
        cc_buf_add(out, cc_percent_encode(s->arena, s->keys->token));
    }
}

void cc_sigv4_presign(struct cc_arena *arena, const struct cc_sigv4_request *request,
                      int64_t expires_s, const struct cc_aws_keys *keys,
                      const struct cc_sigv4_key *key, struct cc_sigv4 *out)
{
    struct signing s;
    struct cc_buf query;

    assert(expires_s >= 1 && expires_s <= EXPIRES_S_MAX);
    *out = (struct cc_sigv4){ .added_count = 0 };
    start(&s, arena, request, keys, key);
    name_headers(&s);
    cc_buf_init(&query, arena, CANONICAL_BYTES_MAX);
    add_parameters(&s, expires_s, &query);
    s.query = cc_buf_str(&query);
    finish(&s, out);
    cc_buf_add_z(&query, "&X-Amz-Signature=");
    cc_buf_add(&query, out->signature);
    out->query = cc_buf_str(&query);
}
