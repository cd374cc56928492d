#include "tests/check.h"

#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

#include <dirent.h>
#include <stdio.h>

#include <json-c/json.h>

/* --- the vectors: every stage, for headers and for the query ---------------------------------- */

struct vector {
    struct cc_arena *arena;
    char name[256];
    const char *root;
    struct json_object *context;
    struct cc_sigv4_request request;
    struct cc_aws_keys keys;
    struct cc_str late_token; /* one that is added after signing */
    struct cc_str target;     /* path and query, as they stand in the request */
};

static struct cc_str read_part(const struct vector *v, const char *part)
{
    struct cc_str path = cc_str_format(v->arena, "%s/sigv4/%s/%s", v->root, v->name, part);
    struct cc_err err = { 0 };
    struct cc_str text;

    ck_assert_msg(cc_file_read(v->arena, path.at, 1 << 20, &text, &err) == CC_OK, "%s", err.cause);
    return text;
}

static struct json_object *member(const struct vector *v, const char *name)
{
    return json_object_object_get(v->context, name);
}

static bool is_true(const struct vector *v, const char *name)
{
    return json_object_get_boolean(member(v, name));
}

static struct cc_str text_of(const struct vector *v, struct json_object *value)
{
    return value ? cc_str_copy(v->arena, cc_str_from(json_object_get_string(value)))
                 : CC_STR_ABSENT;
}

static void read_context(struct vector *v)
{
    struct json_object *keys;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_json_parse(v->arena, read_part(v, "context.json"), &cc_json_default_limits,
                                   &v->context, &err),
                     CC_OK);
    keys = member(v, "credentials");
    v->keys.id = text_of(v, json_object_object_get(keys, "access_key_id"));
    v->keys.secret = text_of(v, json_object_object_get(keys, "secret_access_key"));
    v->keys.token = text_of(v, json_object_object_get(keys, "token"));
    if (is_true(v, "omit_session_token")) {
        v->late_token = v->keys.token;
        v->keys.token = CC_STR_ABSENT;
    }
    v->request.region = text_of(v, member(v, "region"));
    v->request.service = text_of(v, member(v, "service"));
    ck_assert_str_eq(json_object_get_string(member(v, "timestamp")), "2015-08-30T12:36:00Z");
    v->request.wall_ms = INT64_C(1440938160000);
    v->request.flags = (is_true(v, "normalize") ? 0 : CC_SIGV4_PATH_AS_SENT) |
                       (is_true(v, "sign_body") ? CC_SIGV4_BODY_HEADER : 0);
}

/* A line that begins with a space belongs to the header before it. */
static void read_headers(struct vector *v, struct cc_str *rest)
{
    struct cc_net_header *headers = CC_NEW_ARRAY(v->arena, struct cc_net_header, 16);
    size_t count = 0;

    while (rest->at) {
        struct cc_str value = cc_str_cut(rest, '\n');
        struct cc_str name;

        if (value.len == 0)
            break;
        if (value.at[0] == ' ') {
            struct cc_str *last = &headers[count - 1].value;

            last->len = (size_t)(value.at + value.len - last->at);
            continue;
        }
        name = cc_str_cut(&value, ':');
        headers[count++] = (struct cc_net_header){ name, value };
    }
    v->request.headers = (struct cc_net_headers){ headers, count };
}

static void read_request(struct vector *v)
{
    struct cc_str rest = read_part(v, "request.txt");
    struct cc_str line = cc_str_cut(&rest, '\n');

    v->request.method = cc_str_cut(&line, ' ');
    v->target = cc_str_take(line, line.len - strlen(" HTTP/1.1"));
    v->request.query = v->target;
    v->request.path = cc_str_cut(&v->request.query, '?');
    /* What is not made straight is S3's way: encoded once, for sending and for signing. */
    if (v->request.flags & CC_SIGV4_PATH_AS_SENT)
        v->request.path = cc_sigv4_path(v->arena, v->request.path);
    read_headers(v, &rest);
    v->request.body = rest.at ? rest : CC_STR("");
}

static void check_part(const struct vector *v, const char *part, struct cc_str actual)
{
    struct cc_str expected = read_part(v, part);

    ck_assert_msg(cc_str_eq(cc_str_trim(actual), expected), "%s/%s is \"%.*s\", not \"%.*s\"",
                  v->name, part, CC_STR_ARG(actual), CC_STR_ARG(expected));
}

static void add_headers(struct cc_buf *out, const struct cc_net_header *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cc_buf_add(out, at[i].name);
        cc_buf_add_byte(out, ':');
        cc_buf_add(out, at[i].value);
        cc_buf_add_byte(out, '\n');
    }
}

static struct cc_str signed_request(const struct vector *v, struct cc_str query,
                                    const struct cc_net_header *added, size_t count)
{
    struct cc_str rest = v->target;
    struct cc_str path = cc_str_cut(&rest, '?');
    struct cc_buf out;

    cc_buf_init(&out, v->arena, 1 << 16);
    cc_buf_add(&out, v->request.method);
    cc_buf_add_byte(&out, ' ');
    cc_buf_add(&out, path);
    if (query.len) {
        cc_buf_add_byte(&out, '?');
        cc_buf_add(&out, query);
    }
    cc_buf_add_z(&out, " HTTP/1.1\n");
    add_headers(&out, v->request.headers.at, v->request.headers.count);
    add_headers(&out, added, count);
    cc_buf_add_byte(&out, '\n');
    cc_buf_add(&out, v->request.body);
    return cc_buf_str(&out);
}

static void check_header_stages(const struct vector *v, const struct cc_sigv4_key *key)
{
    struct cc_net_header added[5];
    struct cc_sigv4 made;
    size_t count = 0;

    cc_sigv4_sign(v->arena, &v->request, &v->keys, key, &made);
    check_part(v, "header-canonical-request.txt", made.canonical);
    check_part(v, "header-string-to-sign.txt", made.to_sign);
    check_part(v, "header-signature.txt", made.signature);
    if (v->late_token.at)
        added[count++] = (struct cc_net_header){ CC_STR("X-Amz-Security-Token"), v->late_token };
    for (size_t i = 0; i < made.added_count; i++)
        added[count++] = made.added[i];
    check_part(v, "header-signed-request.txt", signed_request(v, made.query, added, count));
}

/* The signature stands last; what is not signed, before it. */
static struct cc_str with_late_token(const struct vector *v, struct cc_str query)
{
    size_t cut = query.len - strlen("&X-Amz-Signature=") - 64;
    const struct cc_net_header token = { CC_STR("X-Amz-Security-Token"), v->late_token };

    if (!v->late_token.at)
        return query;
    return CC_JOIN(v->arena, cc_str_take(query, cut), CC_STR("&"),
                   cc_sigv4_query(v->arena, &(struct cc_net_headers){ &token, 1 }),
                   cc_str_skip(query, cut));
}

static void check_query_stages(struct vector *v, const struct cc_sigv4_key *key)
{
    struct cc_sigv4 made;
    int64_t expires_s = json_object_get_int64(member(v, "expiration_in_seconds"));

    cc_sigv4_presign(v->arena, &v->request, expires_s, &v->keys, key, &made);
    check_part(v, "query-canonical-request.txt", made.canonical);
    check_part(v, "query-string-to-sign.txt", made.to_sign);
    check_part(v, "query-signature.txt", made.signature);
    check_part(v, "query-signed-request.txt",
               signed_request(v, with_late_token(v, made.query), NULL, 0));
}

static void check_vector(struct vector *v)
{
    struct cc_sigv4_key key;

    v->late_token = CC_STR_ABSENT;
    read_context(v);
    read_request(v);
    cc_sigv4_derive(v->arena, v->keys.secret, v->request.region, v->request.service,
                    v->request.wall_ms, &key);
    check_header_stages(v, &key);
    check_query_stages(v, &key);
}

START_TEST(every_published_case_is_signed_as_published_at_every_stage)
{
    struct vector v = { .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    const struct dirent *entry;
    char path[4096];
    int count = 0;
    DIR *folder;

    v.root = getenv("VECTORS") ? getenv("VECTORS") : "../shared/vectors";
    snprintf(path, sizeof(path), "%s/sigv4", v.root);
    folder = opendir(path);
    if (!folder) {
        printf("SKIPPED aws/sigv4: no vectors in %s (make VECTORS=...)\n", path);
        cc_arena_free(v.arena);
        return;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(v.name, sizeof(v.name), "%s", entry->d_name);
        check_vector(&v);
        cc_arena_reset(v.arena);
        count++;
    }
    closedir(folder);
    cc_arena_free(v.arena);
    ck_assert_int_eq(count, 38);
}
END_TEST

/* --- what the vectors leave out --------------------------------------------------------------- */

#define NOON_MS INT64_C(1440936000000) /* 2015-08-30T12:00:00Z */

static const struct cc_aws_keys keys = { { "AKIDEXAMPLE", 11 }, { "secret", 6 }, { NULL, 0 } };

static struct cc_str canonical(struct cc_arena *arena, const char *path, const char *query,
                               unsigned flags)
{
    const struct cc_net_header host = { CC_STR("Host"), CC_STR("h") };
    const struct cc_sigv4_request request = {
        .method = CC_STR("GET"),
        .path = cc_str_from(path),
        .query = cc_str_from(query),
        .headers = { &host, 1 },
        .region = CC_STR("r"),
        .service = CC_STR("s"),
        .wall_ms = NOON_MS,
        .flags = flags,
    };
    struct cc_sigv4_key key;
    struct cc_sigv4 made;

    cc_sigv4_derive(arena, keys.secret, request.region, request.service, NOON_MS, &key);
    cc_sigv4_sign(arena, &request, &keys, &key, &made);
    return made.canonical;
}

static struct cc_str line(struct cc_str text, int number)
{
    for (int i = 0; i < number; i++)
        cc_str_cut(&text, '\n');
    return cc_str_cut(&text, '\n');
}

START_TEST(a_path_is_made_straight_and_encoded_again_except_for_s3)
{
    static const struct {
        const char *sent, *straight;
    } rows[] = {
        { "/", "/" },          { "/a%20b/c", "/a%2520b/c" }, { "/a/b/..", "/a/" },
        { "/a/b/.", "/a/b/" }, { "/../../a", "/a" },         { "/a/./b//c/../d", "/a/b/d" },
        { "/...", "/..." },
    };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        cc_check_str(line(canonical(arena, rows[i].sent, NULL, 0), 1),
                     cc_str_from(rows[i].straight));
        cc_check_str(line(canonical(arena, rows[i].sent, NULL, CC_SIGV4_PATH_AS_SENT), 1),
                     cc_str_from(rows[i].sent));
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_query_is_sorted_by_name_then_by_value_and_spelled_in_one_way)
{
    static const struct {
        const char *sent, *canonical;
    } rows[] = {
        { "b=2&a=2&a=1", "a=1&a=2&b=2" }, { "a=%2f&b", "a=%2F&b=" },   { "a=b=c", "a=b%3Dc" },
        { "a=100%", "a=100%25" },         { "versions", "versions=" }, { "a=+", "a=%2B" },
    };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(rows); i++)
        cc_check_str(line(canonical(arena, "/", rows[i].sent, 0), 2),
                     cc_str_from(rows[i].canonical));
    cc_arena_free(arena);
}
END_TEST

START_TEST(what_is_sent_is_encoded_once)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    const struct cc_net_header pairs[] = { { CC_STR("prefix"), CC_STR("a b/") },
                                           { CC_STR("list-type"), CC_STR("2") } };

    cc_check_str(cc_sigv4_path(arena, CC_STR("/bucket/a b+c/\xc3\xa4%/")),
                 CC_STR("/bucket/a%20b%2Bc/%C3%A4%25/"));
    cc_check_str(cc_sigv4_query(arena, &(struct cc_net_headers){ pairs, 2 }),
                 CC_STR("prefix=a%20b%2F&list-type=2"));
    ck_assert_ptr_null(cc_sigv4_query(arena, &(struct cc_net_headers){ pairs, 0 }).at);
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_presigned_url_of_s3_does_not_sign_the_body)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_str text = canonical(arena, "/", NULL, CC_SIGV4_BODY_UNSIGNED | CC_SIGV4_BODY_HEADER);

    ck_assert(cc_str_ends(text, CC_STR("\nUNSIGNED-PAYLOAD")));
    cc_check_str(line(text, 4), CC_STR("x-amz-content-sha256:UNSIGNED-PAYLOAD"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_derived_key_is_for_one_day)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_sigv4_key key;

    cc_sigv4_derive(arena, keys.secret, CC_STR("r"), CC_STR("s"), NOON_MS, &key);
    ck_assert(cc_sigv4_key_fits(&key, NOON_MS));
    ck_assert(cc_sigv4_key_fits(&key, NOON_MS + 12 * 3600000 - 1));
    ck_assert(!cc_sigv4_key_fits(&key, NOON_MS + 12 * 3600000));
    ck_assert(!cc_sigv4_key_fits(&key, NOON_MS - 12 * 3600000 - 1));
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("aws/sigv4", every_published_case_is_signed_as_published_at_every_stage,
              a_path_is_made_straight_and_encoded_again_except_for_s3,
              a_query_is_sorted_by_name_then_by_value_and_spelled_in_one_way,
              what_is_sent_is_encoded_once, a_presigned_url_of_s3_does_not_sign_the_body,
              a_derived_key_is_for_one_day)
