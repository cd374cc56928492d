#define _GNU_SOURCE /* memmem */
#include "house.h"

#include <time.h>

#define ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/* A write, as the store makes them. */
static enum cc_code call(struct house *h, enum cc_aws_effect effect, struct cc_aws_answer *out)
{
    const struct cc_aws_request request = {
        .target = CC_STR("DynamoDB_20120810.PutItem"),
        .content_type = CC_STR("application/x-amz-json-1.0"),
        .body = CC_STR("{\"TableName\":\"chat\"}"),
        .effect = effect,
    };

    cc_err_clear(&h->err);
    return cc_aws_call(h->aws, h->arena, &request, out, &h->err);
}

static void open_aws(struct house *h, const char *service, const char *endpoint)
{
    struct cc_aws_config config;

    house_open(h);
    house_set(h, "AWS_ACCESS_KEY_ID", ID);
    house_set(h, "AWS_SECRET_ACCESS_KEY", SECRET);
    ck_assert_int_eq(house_open_credentials(h), CC_OK);
    config = (struct cc_aws_config){
        .net = h->net,
        .credentials = h->credentials,
        .clock = &h->clock.base,
        .random = &house_random,
        .log = &h->log,
        .service = cc_str_from(service),
        .region = CC_STR("eu-central-1"),
        .endpoint = cc_str_from(endpoint),
    };
    ck_assert_int_eq(cc_aws_open(&config, &h->aws, &h->err), CC_OK);
}

/* --- a service that says what the test has written for it --------------------------------------
 */

struct line {
    const char *status;  /* NULL: the connection is reset instead of an answer */
    const char *headers; /* with their line ends */
    const char *body;
};

#define THROTTLED                                                                                  \
    {                                                                                              \
        "400 Bad Request", "",                                                                     \
            "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\","                \
            "\"message\":\"Rate exceeded\"}"                                                       \
    }
#define BROKEN                                                                                     \
    {                                                                                              \
        "500 Internal Server Error", "",                                                           \
            "{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\"}"                \
    }
#define RESET                                                                                      \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }
#define DONE                                                                                       \
    {                                                                                              \
        "200 OK", "", "{}"                                                                         \
    }
#define FAILED_CONDITION                                                                           \
    {                                                                                              \
        "400 Bad Request", "",                                                                     \
            "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\","    \
            "\"message\":\"The conditional request failed\"}"                                      \
    }

struct service {
    struct fake_http http; /* first */
    const struct line *lines;
    size_t count;                      /* the last one is said from then on */
    struct house_clock *_Atomic clock; /* if there is one, each answer takes 2.7 s */
    char dates[8][17];                 /* X-Amz-Date of each request */
};

static void note(struct service *s, const struct fake_request *request)
{
    struct cc_str date = fake_header(request, "X-Amz-Date");

    if (request->number < CC_COUNT(s->dates))
        snprintf(s->dates[request->number], sizeof(s->dates[0]), "%.*s", CC_STR_ARG(date));
}

static bool say(struct fake_http *http, struct fake_peer *peer, const struct fake_request *request)
{
    struct service *s = (struct service *)http;
    const struct line *line =
        &s->lines[request->number < s->count ? request->number : s->count - 1];

    note(s, request);
    if (s->clock)
        s->clock->mono_ms += 2700;
    if (!line->status) {
        fake_reset(peer);
        return false;
    }
    return fake_reply(peer, line->status, line->headers, cc_str_from(line->body));
}

static void open_service(struct house *h, struct service *s, const struct line *lines, size_t count)
{
    *s = (struct service){ .http = { .answer = say }, .lines = lines, .count = count };
    fake_http_start(&s->http);
    open_aws(h, "dynamodb", s->http.url);
}

static void close_service(struct house *h, struct service *s)
{
    fake_http_stop(&s->http);
    house_close(h);
}

/* What anybody may ask for needs no keys, and must not be signed: who signs it is refused where his
 * keys are not known, or not allowed to. */
static bool refuse_what_is_signed(struct fake_http *http, struct fake_peer *peer,
                                  const struct fake_request *request)
{
    (void)http;
    if (fake_header(request, "Authorization").at || fake_header(request, "X-Amz-Date").at)
        return fake_reply(peer, "400 Bad Request", "", CC_STR("{\"__type\":\"Signed\"}"));
    return request->number == 0 ? fake_reply(peer, "400 Bad Request", "",
                                             CC_STR("{\"__type\":\"TooManyRequestsException\"}"))
                                : fake_reply(peer, "200 OK", "", request->body);
}

START_TEST(what_is_public_is_sent_unsigned_and_without_keys)
{
    const struct cc_aws_request request = {
        .target = CC_STR("AWSCognitoIdentityProviderService.InitiateAuth"),
        .content_type = CC_STR("application/x-amz-json-1.1"),
        .body = CC_STR("{\"AuthFlow\":\"USER_PASSWORD_AUTH\"}"),
        .is_public = true,
    };
    struct fake_http http = { .answer = refuse_what_is_signed };
    struct cc_aws_answer answer;
    struct house h;

    fake_http_start(&http);
    open_aws(&h, "cognito-idp", http.url);
    h.env_count = 0; /* whoever asked for keys now would find none */
    ck_assert_int_eq(cc_aws_call(h.aws, h.arena, &request, &answer, &h.err), CC_OK);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(answer.tries, 2);
    cc_check_str(answer.body, request.body);
    fake_http_stop(&http);
    house_close(&h);
}
END_TEST

/* --- signing -----------------------------------------------------------------------------------
 */

struct verifier {
    struct fake_http http; /* first */
    char fault[256];
    const char *service;
    unsigned flags;
    _Atomic int64_t wall_ms;
};

static struct cc_str between(struct cc_str text, const char *before, const char *after)
{
    const char *at = memmem(text.at, text.len, before, strlen(before));
    struct cc_str rest;

    if (!at)
        return CC_STR_ABSENT;
    rest = cc_str_skip(text, (size_t)(at - text.at) + strlen(before));
    at = memmem(rest.at, rest.len, after, strlen(after));
    return at ? cc_str_take(rest, (size_t)(at - rest.at)) : rest;
}

/* Signs what came, with the headers that are said to be signed, and compares. What a service does,
 * from nothing but the request and the secret. */
static struct cc_str expected_signature(struct cc_arena *arena, const struct verifier *v,
                                        const struct fake_request *request)
{
    static const struct cc_aws_keys keys = { { ID, sizeof(ID) - 1 },
                                             { SECRET, sizeof(SECRET) - 1 },
                                             { NULL, 0 } };
    struct cc_str names = between(fake_header(request, "Authorization"), "SignedHeaders=", ", ");
    struct cc_str line = cc_str_take(request->head, cc_str_find(request->head, '\r'));
    struct cc_net_header headers[16];
    struct cc_sigv4_request plain = { .headers = { headers, 0 },
                                      .body = request->body,
                                      .region = CC_STR("eu-central-1"),
                                      .service = cc_str_from(v->service),
                                      .wall_ms = v->wall_ms,
                                      .flags = v->flags };
    struct cc_sigv4_key key;
    struct cc_sigv4 made;

    while (names.at) {
        struct cc_str name = cc_str_cut(&names, ';');

        /* The two that the signature itself adds. */
        if (!cc_str_eq(name, CC_STR("x-amz-date")) &&
            !cc_str_eq(name, CC_STR("x-amz-content-sha256")))
            headers[plain.headers.count++] =
                (struct cc_net_header){ name, fake_header(request, cc_str_z(arena, name)) };
    }
    plain.method = cc_str_cut(&line, ' ');
    plain.query = cc_str_cut(&line, ' ');
    plain.path = cc_str_cut(&plain.query, '?');
    cc_sigv4_derive(arena, keys.secret, plain.region, plain.service, plain.wall_ms, &key);
    cc_sigv4_sign(arena, &plain, &keys, &key, &made);
    return made.signature;
}

static bool verify(struct fake_http *http, struct fake_peer *peer,
                   const struct fake_request *request)
{
    struct verifier *v = (struct verifier *)http;
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_str given = between(fake_header(request, "Authorization"), "Signature=", "\r");

    if (!cc_str_eq(given, expected_signature(arena, v, request)))
        snprintf(v->fault, sizeof(v->fault), "%.*s", CC_STR_ARG(request->head));
    cc_arena_free(arena);
    return fake_reply(peer, "200 OK", "", CC_STR("{}"));
}

START_TEST(what_arrives_is_what_was_signed)
{
    static const struct {
        const char *service;
        unsigned flags;
    } rows[] = { { "dynamodb", 0 }, { "s3", CC_SIGV4_PATH_AS_SENT | CC_SIGV4_BODY_HEADER } };
    const struct cc_net_header query[] = { { CC_STR("list-type"), CC_STR("2") },
                                           { CC_STR("a b"), CC_STR("c&d=\xc3\xa4") } };
    const struct cc_net_header more[] = { { CC_STR("X-Amz-Meta-Of"), CC_STR("  two   words ") } };
    const struct cc_aws_request requests[] = {
        { .target = CC_STR("DynamoDB_20120810.GetItem"),
          .content_type = CC_STR("application/x-amz-json-1.0"),
          .body = CC_STR("{}") },
        { .method = CC_STR("GET"), .path = CC_STR("/bucket/a b//c+d%"), .query = { query, 2 } },
        { .method = CC_STR("PUT"), .path = CC_STR("/bucket/k"), .headers = { more, 1 } },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct verifier v = { .http = { .answer = verify },
                              .service = rows[i].service,
                              .flags = rows[i].flags,
                              .wall_ms = HOUSE_START_MS };
        struct cc_aws_answer answer;
        struct house h;

        fake_http_start(&v.http);
        open_aws(&h, v.service, v.http.url);
        for (size_t j = 0; j < CC_COUNT(requests); j++)
            ck_assert_msg(cc_aws_call(h.aws, h.arena, &requests[j], &answer, &h.err) == CC_OK, "%s",
                          h.err.cause);
        fake_http_stop(&v.http);
        ck_assert_msg(v.fault[0] == '\0', "%s", v.fault);
        house_close(&h);
    }
}
END_TEST

/* The key derived from the secret is kept, but not longer than it is right. */
START_TEST(a_new_day_has_a_new_key)
{
    struct verifier v = { .http = { .answer = verify },
                          .service = "dynamodb",
                          .wall_ms = HOUSE_START_MS };
    struct cc_aws_answer answer;
    struct house h;

    fake_http_start(&v.http);
    open_aws(&h, v.service, v.http.url);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_OK);
        house_turn(&h, 12 * 3600000);
        v.wall_ms += 12 * 3600000;
    }
    fake_http_stop(&v.http);
    ck_assert_msg(v.fault[0] == '\0', "%s", v.fault);
    house_close(&h);
}
END_TEST

/* --- trying again ------------------------------------------------------------------------------
 */

struct outcome {
    const char *name;
    struct line lines[5];
    size_t count;
    enum cc_aws_effect effect;
    enum cc_code code;
    unsigned requests;
    const char *error; /* with CC_OK; NULL: none */
    bool earlier_unknown;
};

static const struct outcome outcomes[] = {
    { "at once", { DONE }, 1, CC_AWS_ONCE, CC_OK, 1 },
    { "throttled for a while", { THROTTLED, THROTTLED, DONE }, 3, CC_AWS_ONCE, CC_OK, 3 },
    { "throttled to the end", { THROTTLED }, 1, CC_AWS_ONCE, CC_UNAVAILABLE, 4 },
    { "broken once", { BROKEN, DONE }, 2, CC_AWS_REPEATABLE, CC_OK, 2, NULL, true },
    { "broken once, read", { BROKEN, DONE }, 2, CC_AWS_READS, CC_OK, 2 },
    { "broken once, not to be repeated", { BROKEN, DONE }, 2, CC_AWS_ONCE, CC_OUTCOME_UNKNOWN, 1 },
    { "reset, then done", { RESET, DONE }, 2, CC_AWS_REPEATABLE, CC_OK, 2, NULL, true },
    { "reset, not to be repeated", { RESET, DONE }, 2, CC_AWS_ONCE, CC_OUTCOME_UNKNOWN, 1 },
    { "reset to the end", { RESET }, 1, CC_AWS_REPEATABLE, CC_OUTCOME_UNKNOWN, 4 },
    { "reset to the end, read", { RESET }, 1, CC_AWS_READS, CC_UNAVAILABLE, 4 },
    { "unknown, then throttled",
      { RESET, THROTTLED },
      2,
      CC_AWS_REPEATABLE,
      CC_OUTCOME_UNKNOWN,
      4 },
    { "throttled, then unknown, not to be repeated",
      { THROTTLED, RESET, DONE },
      3,
      CC_AWS_ONCE,
      CC_OUTCOME_UNKNOWN,
      2 },
    { "a failed condition",
      { FAILED_CONDITION },
      1,
      CC_AWS_ONCE,
      CC_OK,
      1,
      "ConditionalCheckFailedException" },
    { "a failed condition, perhaps by our own hand",
      { RESET, FAILED_CONDITION },
      2,
      CC_AWS_REPEATABLE,
      CC_OK,
      2,
      "ConditionalCheckFailedException",
      true },
    { "no permission",
      { { "400 Bad Request", "", "{\"__type\":\"x#AccessDeniedException\"}" } },
      1,
      CC_AWS_ONCE,
      CC_UNAVAILABLE,
      1 },
    { "no permission, after an unknown try",
      { RESET, { "400 Bad Request", "", "{\"__type\":\"x#AccessDeniedException\"}" } },
      2,
      CC_AWS_REPEATABLE,
      CC_OUTCOME_UNKNOWN,
      2 },
    { "wrong keys that do not change",
      { { "400 Bad Request", "", "{\"__type\":\"x#UnrecognizedClientException\"}" } },
      1,
      CC_AWS_ONCE,
      CC_UNAVAILABLE,
      2 },
    { "HEAD has no body", { { "404 Not Found", "", "" } }, 1, CC_AWS_READS, CC_OK, 1, "404" },
    { "S3 speaks XML",
      { { "404 Not Found", "", "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>" } },
      1,
      CC_AWS_READS,
      CC_OK,
      1,
      "NoSuchKey" },
    { "a server in between is ill",
      { { "503 Service Unavailable", "", "<html>nginx" }, DONE },
      2,
      CC_AWS_REPEATABLE,
      CC_OK,
      2,
      NULL,
      true },
    { "the checksum is right",
      { { "200 OK", "x-amz-crc32: 2745614147\r\n", "{}" } },
      1,
      CC_AWS_ONCE,
      CC_OK,
      1 },
    { "the checksum is wrong",
      { { "200 OK", "x-amz-crc32: 2745614148\r\n", "{}" },
        { "200 OK", "x-amz-crc32: 2745614147\r\n", "{}" } },
      2,
      CC_AWS_REPEATABLE,
      CC_OK,
      2,
      NULL,
      true },
};

static void check_outcome(const struct outcome *row)
{
    struct cc_aws_answer answer = { .status = 0 };
    struct service s;
    struct house h;

    open_service(&h, &s, row->lines, row->count);
    ck_assert_msg(call(&h, row->effect, &answer) == row->code, "%s: %d %s", row->name, h.err.code,
                  h.err.cause);
    ck_assert_msg(atomic_load(&s.http.requests) == row->requests, "%s: %u requests", row->name,
                  atomic_load(&s.http.requests));
    if (row->code == CC_OK) {
        cc_check_str(answer.error, cc_str_from(row->error));
        ck_assert_msg(answer.earlier_unknown == row->earlier_unknown, "%s", row->name);
        ck_assert_uint_eq(answer.tries, row->requests);
    }
    close_service(&h, &s);
}

START_TEST(what_comes_of_a_call_and_how_often_it_is_sent)
{
    for (size_t i = 0; i < CC_COUNT(outcomes); i++)
        check_outcome(&outcomes[i]);
}
END_TEST

/* What is left over of the answer before stands first; the one that was asked for comes behind it.
 */
static bool say_late(struct fake_http *http, struct fake_peer *peer,
                     const struct fake_request *request)
{
    const char *sum = "x-amz-crc32: 2745614147\r\n";

    (void)http;
    if (request->number == 1 &&
        !fake_write(peer, CC_STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")))
        return false;
    return fake_reply(peer, "200 OK", sum, CC_STR("{}"));
}

START_TEST(an_answer_without_the_sum_that_others_had_is_none_and_ends_its_connection)
{
    struct fake_http http = { .answer = say_late };
    struct cc_aws_answer answer;
    struct house h;

    fake_http_start(&http);
    open_aws(&h, "dynamodb", http.url);
    ck_assert_int_eq(call(&h, CC_AWS_REPEATABLE, &answer), CC_OK);
    ck_assert_int_eq(call(&h, CC_AWS_REPEATABLE, &answer), CC_OK);
    cc_check_str(answer.body, CC_STR("{}"));
    ck_assert_uint_eq(answer.tries, 2);
    ck_assert(answer.earlier_unknown);
    ck_assert_uint_eq(atomic_load(&http.connections), 2);
    fake_http_stop(&http);
    house_close(&h);
}
END_TEST

START_TEST(where_nobody_listens_nothing_was_done)
{
    static const struct line lines[] = { DONE };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    fake_http_stop(&s.http);
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(h.err.cause, "dynamodb PutItem: net: 127.0.0.1"));
    ck_assert_ptr_nonnull(strstr(h.err.cause, "(4 tries)"));
    house_close(&h);
}
END_TEST

START_TEST(the_cause_names_the_call_and_the_error_of_aws)
{
    static const struct line lines[] = { THROTTLED };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_UNAVAILABLE);
    ck_assert_str_eq(h.err.cause,
                     "dynamodb PutItem: 400 ThrottlingException: Rate exceeded (4 tries)");
    close_service(&h, &s);
}
END_TEST

/* What a service says in words may repeat the telephone number that it was given. */
START_TEST(of_a_private_call_no_words_of_the_service_are_told_and_a_refusal_is_the_callers)
{
    static const struct line lines[] = {
        THROTTLED,
        { "403 Forbidden", "",
          "<Error><Code>AuthorizationError</Code><Message>not for +49151</Message></Error>" },
    };
    const struct cc_aws_request request = { .body = CC_STR("x"), .is_private = true };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    ck_assert_int_eq(cc_aws_call(h.aws, h.arena, &request, &answer, &h.err), CC_UNAVAILABLE);
    ck_assert_str_eq(h.err.cause, "dynamodb POST: 400 ThrottlingException:  (4 tries)");
    close_service(&h, &s);
    open_service(&h, &s, lines + 1, 1);
    ck_assert_int_eq(cc_aws_call(h.aws, h.arena, &request, &answer, &h.err), CC_OK);
    cc_check_str(answer.error, CC_STR("AuthorizationError"));
    ck_assert_int_eq(answer.status, 403);
    close_service(&h, &s);
}
END_TEST

START_TEST(a_call_waits_as_long_as_it_is_asked_to)
{
    static const struct line lines[] = {
        { "503 Slow Down", "Retry-After: 1\r\n", "<Error><Code>SlowDown</Code></Error>" }, DONE
    };
    int64_t start_ms = cc_clock_mono_ms(&cc_system_clock);
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 2);
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_OK);
    ck_assert_int_ge(cc_clock_mono_ms(&cc_system_clock) - start_ms, 1000);
    close_service(&h, &s);
}
END_TEST

START_TEST(a_wait_that_does_not_fit_is_passed_on)
{
    static const struct line lines[] = { { "503 Slow Down", "Retry-After: 60\r\n",
                                           "<Error><Code>SlowDown</Code></Error>" } };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_UNAVAILABLE);
    ck_assert_int_eq(h.err.retry_after_s, 60);
    ck_assert_uint_eq(atomic_load(&s.http.requests), 1);
    close_service(&h, &s);
}
END_TEST

/* The third try ends after the eighth second: there is no fourth. */
START_TEST(all_tries_together_have_one_deadline)
{
    static const struct line lines[] = { THROTTLED };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    s.clock = &h.clock;
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_UNAVAILABLE);
    ck_assert_uint_eq(atomic_load(&s.http.requests), 3);
    close_service(&h, &s);
}
END_TEST

START_TEST(a_call_may_have_less_time)
{
    static const struct line lines[] = { THROTTLED };
    const struct cc_aws_request request = { .target = CC_STR("DynamoDB_20120810.GetItem"),
                                            .body = CC_STR("{}"),
                                            .effect = CC_AWS_READS,
                                            .timeout_ms = 1000 };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    s.clock = &h.clock;
    ck_assert_int_eq(cc_aws_call(h.aws, h.arena, &request, &answer, &h.err), CC_UNAVAILABLE);
    ck_assert_uint_eq(atomic_load(&s.http.requests), 1);
    close_service(&h, &s);
}
END_TEST

START_TEST(a_probe_asks_once_and_gives_any_answer)
{
    static const struct {
        struct line line;
        const char *error;
    } rows[] = {
        { { "400 Bad Request", "", "{\"__type\":\"x#AccessDeniedException\"}" },
          "AccessDeniedException" },
        { { "400 Bad Request", "", "{\"__type\":\"x#UnrecognizedClientException\"}" },
          "UnrecognizedClientException" },
        { THROTTLED, "ThrottlingException" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        const struct cc_aws_request request = { .body = CC_STR("{}") };
        struct cc_aws_answer answer;
        struct service s;
        struct house h;

        open_service(&h, &s, &rows[i].line, 1);
        ck_assert_int_eq(cc_aws_probe(h.aws, h.arena, &request, &answer, &h.err), CC_OK);
        cc_check_str(answer.error, cc_str_from(rows[i].error));
        ck_assert_uint_eq(atomic_load(&s.http.requests), 1);
        fake_http_stop(&s.http);
        ck_assert_int_ne(cc_aws_probe(h.aws, h.arena, &request, &answer, &h.err), CC_OK);
        house_close(&h);
    }
}
END_TEST

struct caller {
    struct house *house;
    enum cc_code code;
    pthread_t thread;
};

static void *run_call(void *arg)
{
    struct caller *caller = arg;
    struct cc_aws_answer answer;

    caller->code = call(caller->house, CC_AWS_READS, &answer);
    return NULL;
}

START_TEST(stopping_ends_the_wait_between_tries)
{
    static const struct line lines[] = { { "503 Slow Down", "Retry-After: 7\r\n",
                                           "<Error><Code>SlowDown</Code></Error>" } };
    int64_t start_ms = cc_clock_mono_ms(&cc_system_clock);
    struct caller caller;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 1);
    caller.house = &h;
    pthread_create(&caller.thread, NULL, run_call, &caller);
    cc_wait_until(atomic_load(&s.http.requests) == 1);
    cc_net_stop(h.net);
    pthread_join(caller.thread, NULL);
    ck_assert_int_eq(caller.code, CC_UNAVAILABLE);
    ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - start_ms, 3000);
    close_service(&h, &s);
}
END_TEST

/* --- the clock ---------------------------------------------------------------------------------
 */

#define SKEWED(date)                                                                               \
    {                                                                                              \
        "400 Bad Request", "Date: " date "\r\n",                                                   \
            "{\"__type\":\"com.amazon.coral.service#InvalidSignatureException\"}"                  \
    }

START_TEST(a_wrong_clock_is_set_by_the_service_and_stays_set)
{
    static const struct line lines[] = { SKEWED("Mon, 23 Nov 2026 05:05:07 GMT"), DONE };
    struct cc_aws_answer answer;
    struct service s;
    struct house h;

    open_service(&h, &s, lines, 2);
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_OK);
    house_turn(&h, 1000);
    ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_OK);
    fake_http_stop(&s.http);
    ck_assert_uint_eq(atomic_load(&s.http.requests), 3);
    ck_assert_str_eq(s.dates[0], "20261123T040506Z");
    ck_assert_str_eq(s.dates[1], "20261123T050507Z");
    ck_assert_str_eq(s.dates[2], "20261123T050508Z");
    house_close(&h);
}
END_TEST

START_TEST(the_clock_is_set_once_a_call_and_only_if_it_is_wrong)
{
    static const struct {
        struct line lines[2];
        unsigned requests;
    } rows[] = {
        { { SKEWED("Mon, 23 Nov 2026 05:05:07 GMT"), SKEWED("Mon, 23 Nov 2026 09:05:07 GMT") }, 2 },
        { { SKEWED("Mon, 23 Nov 2026 04:05:59 GMT"), DONE }, 1 },
        { { SKEWED("Mon, 23 Nov 2026 04:04:20 GMT"), DONE }, 1 },
        { { SKEWED("yesterday"), DONE }, 1 },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct cc_aws_answer answer;
        struct service s;
        struct house h;

        open_service(&h, &s, rows[i].lines, 2);
        ck_assert_int_eq(call(&h, CC_AWS_ONCE, &answer), CC_UNAVAILABLE);
        ck_assert_uint_eq(atomic_load(&s.http.requests), rows[i].requests);
        close_service(&h, &s);
    }
}
END_TEST

/* --- presigned URLs ----------------------------------------------------------------------------
 */

START_TEST(a_presigned_url_names_all_that_it_needs)
{
    const struct cc_aws_request request = { .method = CC_STR("PUT"),
                                            .path = CC_STR("/photos/a b"),
                                            .content_type = CC_STR("image/jpeg") };
    struct cc_str url, expected;
    struct house h;

    open_aws(&h, "s3", NULL);
    ck_assert_int_eq(cc_aws_presign(h.aws, h.arena, &request, 900, &url, &h.err), CC_OK);
    expected = CC_STR("https://s3.eu-central-1.amazonaws.com/photos/a%20b?"
                      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" ID
                      "%2F20261123%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T040506Z&"
                      "X-Amz-SignedHeaders=content-type%3Bhost&X-Amz-Expires=900&"
                      "X-Amz-Signature=");
    ck_assert_msg(cc_str_starts(url, expected), "%.*s", CC_STR_ARG(url));
    ck_assert_uint_eq(url.len, expected.len + 64);
    house_close(&h);
}
END_TEST

/* --- opening -----------------------------------------------------------------------------------
 */

START_TEST(an_endpoint_has_a_scheme_and_a_host_and_nothing_else)
{
    static const struct {
        const char *region, *endpoint;
        enum cc_code code;
    } rows[] = {
        { "eu-central-1", NULL, CC_OK },
        { "eu-central-1", "http://127.0.0.1:8000", CC_OK },
        { "eu-central-1", "https://dynamodb.example.org/", CC_OK },
        { "eu-central-1", "http://[::1]:8000", CC_OK },
        { "", NULL, CC_INVALID },
        { "eu central", NULL, CC_INVALID },
        { "evil.example/", NULL, CC_INVALID },
        { "eu-central-1", "", CC_INVALID },
        { "eu-central-1", "dynamodb.example.org", CC_INVALID },
        { "eu-central-1", "https://", CC_INVALID },
        { "eu-central-1", "https://a/b", CC_INVALID },
        { "eu-central-1", "https://me@a", CC_INVALID },
        { "eu-central-1", "ftp://a", CC_INVALID },
    };
    struct house h;

    house_open(&h);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        const struct cc_aws_config config = { .net = h.net,
                                              .clock = &h.clock.base,
                                              .service = CC_STR("dynamodb"),
                                              .region = cc_str_from(rows[i].region),
                                              .endpoint = cc_str_from(rows[i].endpoint) };
        struct cc_aws *aws = NULL;

        cc_err_clear(&h.err);
        ck_assert_msg(cc_aws_open(&config, &aws, &h.err) == rows[i].code, "%zu", i);
        cc_aws_close(aws);
    }
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("aws/aws", what_arrives_is_what_was_signed,
              what_is_public_is_sent_unsigned_and_without_keys,
              what_comes_of_a_call_and_how_often_it_is_sent,
              an_answer_without_the_sum_that_others_had_is_none_and_ends_its_connection,
              where_nobody_listens_nothing_was_done, the_cause_names_the_call_and_the_error_of_aws,
              of_a_private_call_no_words_of_the_service_are_told_and_a_refusal_is_the_callers,
              a_call_waits_as_long_as_it_is_asked_to, a_wait_that_does_not_fit_is_passed_on,
              all_tries_together_have_one_deadline, a_call_may_have_less_time,
              a_probe_asks_once_and_gives_any_answer, stopping_ends_the_wait_between_tries,
              a_wrong_clock_is_set_by_the_service_and_stays_set,
              the_clock_is_set_once_a_call_and_only_if_it_is_wrong, a_new_day_has_a_new_key,
              a_presigned_url_names_all_that_it_needs,
              an_endpoint_has_a_scheme_and_a_host_and_nothing_else)
