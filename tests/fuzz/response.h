/* tests/fuzz/response.h - what must be true of every answer, whatever the request was: it is an
 * answer, whole, with headers that hold one line each, and it never says that it was our fault. */
#ifndef CC_TESTS_FUZZ_RESPONSE_H
#define CC_TESTS_FUZZ_RESPONSE_H

#include "fuzz.h"

#include "base/json.h"

struct fuzz_response {
    int64_t status;
    struct cc_str head, body; /* the head without the empty line */
};

/* The one header of that name; absent without it. */
static inline struct cc_str fuzz_header(const struct fuzz_response *r, const char *name)
{
    struct cc_str rest = r->head, found = CC_STR_ABSENT;

    while (rest.at) {
        struct cc_str value = cc_str_cut(&rest, '\n');
        struct cc_str key = cc_str_cut(&value, ':');

        if (!cc_str_eq_nocase(key, cc_str_from(name)))
            continue;
        fuzz_require(!found.at || cc_str_eq(key, CC_STR("Vary")));
        fuzz_require(cc_str_ends(value, CC_STR("\r")));
        found = cc_str_trim(cc_str_take(value, value.len - 1));
    }
    return found;
}

static inline void fuzz_require_header_lines(struct cc_str head)
{
    while (head.at) {
        struct cc_str line = cc_str_cut(&head, '\n');
        size_t colon = cc_str_find(line, ':');

        fuzz_require(cc_str_ends(line, CC_STR("\r")));
        fuzz_require(colon > 0 && colon < line.len);
        for (size_t i = 0; i < line.len - 1; i++) {
            unsigned char c = (unsigned char)line.at[i];

            fuzz_require((c >= 0x20 || c == '\t') && c != 0x7f);
            fuzz_require(i >= colon || (c > 0x20 && c < 0x7f));
        }
    }
}

static inline void fuzz_require_lengths(const struct fuzz_response *r, bool is_head)
{
    struct cc_str length = fuzz_header(r, "Content-Length");
    int64_t said;

    if (r->status == 204 || r->status == 304) {
        fuzz_require(!length.at && r->body.len == 0);
        return;
    }
    fuzz_require(cc_str_to_i64(length, 0, INT64_MAX, &said));
    fuzz_require((int64_t)r->body.len == (is_head ? 0 : said));
}

static inline void fuzz_require_problem(struct cc_arena *arena, const struct fuzz_response *r)
{
    struct cc_str type = fuzz_header(r, "Content-Type");
    struct cc_err err = { 0 };

    if (r->body.len && cc_str_ends(type, CC_STR("json")))
        fuzz_require(cc_json_check(arena, r->body, &cc_json_default_limits, &err) == CC_OK);
    if (r->status < 400)
        return;
    fuzz_require(cc_str_eq(type, CC_STR("application/problem+json")));
    fuzz_require((r->status == 401) == (fuzz_header(r, "WWW-Authenticate").at != NULL));
    fuzz_require((r->status == 405) == (fuzz_header(r, "Allow").at != NULL));
}

/* Takes a whole CGI response apart. */
static inline void fuzz_require_response(struct cc_arena *arena, struct cc_str text, bool is_head,
                                         struct fuzz_response *out)
{
    const char *end = text.len ? memmem(text.at, text.len, "\r\n\r\n", 4) : NULL;

    fuzz_require(end);
    out->head = cc_str_take(text, (size_t)(end - text.at) + 1);
    out->body = cc_str_skip(text, (size_t)(end - text.at) + 4);
    fuzz_require(cc_str_starts(text, CC_STR("Status: ")));
    fuzz_require(cc_str_to_i64(cc_str_take(cc_str_skip(text, 8), 3), 200, 499, &out->status));
    fuzz_require_header_lines(out->head);
    fuzz_require(fuzz_header(out, "X-Request-Id").len > 0);
    fuzz_require_lengths(out, is_head);
    fuzz_require_problem(arena, out);
}

#endif
