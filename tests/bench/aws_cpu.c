/* tests/bench/aws_cpu.c - how long the processor is busy with what we do for a call of DynamoDB:
 * making the request, signing it, reading the answer. Asked through the interface of the store, so
 * that it is the product's way; only the network is not there: the Makefile links cc_net_send to
 * what stands here, which answers at once what DynamoDB would.
 *
 *     aws_cpu ROUNDS
 *
 * Prints a line for each round: microseconds of processor time for a GetItem, for a transaction of
 * 4 items, and for each item of a page. */
#include "base/arena.h"
#include "base/buf.h"
#include "net/net.h"
#include "store/store.h"

#include "aws/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define CALLS 2000
#define PAGES 200
#define PAGE_ITEMS 50
#define ROUNDS_MAX 1000
#define ANSWER_BYTES_MAX ((size_t)256 * 1024)

#define TABLE "cloud-chat"
#define ROOM_ID "3f0c1d4e8b7a49d2a6e5c4b39f8d7e61"
#define ROOM "R#" ROOM_ID
#define USER_A "0199b2f4-6c1e-7c3a-9d52-8f3b6a1e4c70"
#define USER_B "0199b2f4-71d8-7e02-b1c4-2a9d5e8f7b36"
#define CLIENT_ID "0199b2f5-03aa-7000-8000-00000000012c"
#define TEXT "Shall we meet on Saturday at the usual place? Bring the book."

static void must(enum cc_code rc, const struct cc_err *err, const char *doing)
{
    if (rc == CC_OK)
        return;
    fprintf(stderr, "aws_cpu: %s: %s (%s)\n", doing, err->detail, err->cause);
    exit(EXIT_FAILURE);
}

/* --- what DynamoDB answers -------------------------------------------------------------------- */

/* A room's HEAD, as DynamoDB has it. */
#define HEAD                                                                                       \
    "{\"pk\":{\"S\":\"" ROOM "\"},\"sk\":{\"S\":\"HEAD\"},\"v\":{\"S\":\"q1w2e3r4t5y6\"},"         \
    "\"kind\":{\"S\":\"direct\"},\"users\":{\"L\":[{\"S\":\"" USER_A "\"},{\"S\":\"" USER_B        \
    "\"}]},\"created\":{\"N\":\"1763880000000\"},\"active\":{\"N\":\"1763900000000\"},"            \
    "\"seq\":{\"N\":\"100000\"},\"rev\":{\"N\":\"100003\"},\"count\":{\"N\":\"100000\"},"          \
    "\"settings_rev\":{\"N\":\"1\"},\"last\":{\"M\":{\"seq\":{\"N\":\"100000\"},"                  \
    "\"author\":{\"S\":\"" USER_A "\"},\"type\":{\"S\":\"text\"},\"text\":{\"S\":\"" TEXT          \
    "\"},\"created\":{\"N\":\"1763900000000\"}}},\"stamped\":{\"L\":[" STAMP "," STAMP "," STAMP   \
    "," STAMP "," STAMP "," STAMP "," STAMP "," STAMP "]}}"
#define STAMPED "\"100003 MSG#00000000000186a0\""
#define STAMP "{\"S\":" STAMPED "}"

#define SCHEMA                                                                                     \
    "{\"pk\":{\"S\":\"META\"},\"sk\":{\"S\":\"SCHEMA\"},\"v\":{\"S\":\"s\"},"                      \
    "\"layout\":{\"N\":\"2\"}}"
#define EPOCH                                                                                      \
    "{\"pk\":{\"S\":\"META\"},\"sk\":{\"S\":\"EPOCH\"},\"v\":{\"S\":\"e\"},"                       \
    "\"name\":{\"S\":\"once\"}}"

/* A page of messages, newest first. */
static struct cc_str make_page(struct cc_arena *arena)
{
    struct cc_buf out;

    cc_buf_init(&out, arena, ANSWER_BYTES_MAX);
    cc_buf_add_z(&out, "{\"Count\":50,\"ScannedCount\":50,\"Items\":[");
    for (int seq = PAGE_ITEMS; seq > 0; seq--)
        cc_buf_add_format(
            &out,
            "%s{\"pk\":{\"S\":\"" ROOM "\"},\"sk\":{\"S\":\"MSG#%016x\"},"
            "\"v\":{\"S\":\"q1w2e3r4t5y6\"},\"seq\":{\"N\":\"%d\"},\"author\":{\"S\":\"" USER_A
            "\"},\"type\":{\"S\":\"text\"},\"data\":{\"M\":{\"text\":{\"S\":\"" TEXT
            "\"}}},\"client_id\":{\"S\":\"" CLIENT_ID "\"},\"created\":{\"N\":\"1763900000000\"},"
            "\"rev\":{\"N\":\"%d\"},\"number\":{\"N\":\"%d\"}}",
            seq == PAGE_ITEMS ? "" : ",", seq, seq, seq + 3, seq);
    cc_buf_add_z(&out, "]}");
    return cc_buf_str(&out);
}

struct answer {
    const char *operation;
    struct cc_str body;
    struct cc_str checksum; /* as DynamoDB sends one with each answer */
};

static struct answer answers[] = {
    { "GetItem", CC_STR("{\"Item\":" HEAD "}"), CC_STR_ABSENT },
    { "Query", CC_STR_ABSENT, CC_STR_ABSENT },
    { "TransactWriteItems", CC_STR("{}"), CC_STR_ABSENT },
    { "BatchGetItem",
      CC_STR("{\"Responses\":{\"" TABLE "\":[" SCHEMA "," EPOCH "]},\"UnprocessedKeys\":{}}"),
      CC_STR_ABSENT },
    { "TransactGetItems", CC_STR("{\"Responses\":[{\"Item\":" SCHEMA "},{\"Item\":" EPOCH "},{}]}"),
      CC_STR_ABSENT },
};

static void make_answers(struct cc_arena *arena)
{
    answers[1].body = make_page(arena);
    for (size_t i = 0; i < CC_COUNT(answers); i++) {
        const unsigned char *bytes = (const unsigned char *)answers[i].body.at;

        answers[i].checksum = cc_str_from_i64(
            arena, (int64_t)crc32_z(crc32_z(0, NULL, 0), bytes, answers[i].body.len));
    }
}

static const struct answer *answer_to(const struct cc_net_request *request)
{
    struct cc_str operation = cc_net_header_find(&request->headers, CC_STR("X-Amz-Target"));

    cc_str_cut(&operation, '.');
    for (size_t i = 0; i < CC_COUNT(answers); i++) {
        if (cc_str_eq(operation, cc_str_from(answers[i].operation)))
            return &answers[i];
    }
    fprintf(stderr, "aws_cpu: no answer to %.*s\n", CC_STR_ARG(operation));
    exit(EXIT_FAILURE);
}

/* What lib/aws calls instead of cc_net_send. */
enum cc_code __wrap_cc_net_send(struct cc_net *net, struct cc_arena *arena,
                                const struct cc_net_request *request, struct cc_net_answer *out,
                                struct cc_err *err) CC_NODISCARD;

enum cc_code __wrap_cc_net_send(struct cc_net *net, struct cc_arena *arena,
                                const struct cc_net_request *request, struct cc_net_answer *out,
                                struct cc_err *err)
{
    const struct answer *answer = answer_to(request);
    const struct cc_str signed_by = cc_net_header_find(&request->headers, CC_STR("Authorization"));
    struct cc_net_header *headers = CC_NEW_ARRAY(arena, struct cc_net_header, 2);

    (void)net;
    if (!cc_str_starts(signed_by, CC_STR("AWS4-HMAC-SHA256 ")))
        return cc_fail(err, CC_INTERNAL, NULL, "not signed");
    headers[0] =
        (struct cc_net_header){ CC_STR("content-type"), CC_STR("application/x-amz-json-1.0") };
    headers[1] = (struct cc_net_header){ CC_STR("x-amz-crc32"), answer->checksum };
    *out = (struct cc_net_answer){ 200, { headers, 2 }, cc_str_copy(arena, answer->body) };
    return CC_OK;
}

/* --- what is asked ---------------------------------------------------------------------------- */

static enum cc_code get_head(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_key key = { CC_STR(ROOM), CC_STR("HEAD") };

    return cc_txn_get(txn, key, arg, err);
}

static enum cc_code get_page(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_range range = { .pk = CC_STR(ROOM),
                                    .from = CC_STR("MSG#"),
                                    .to = CC_STR("MSG#~"),
                                    .newest_first = true,
                                    .limit = PAGE_ITEMS };

    return cc_txn_query(txn, &range, arg, err);
}

/* The four items of a message, as the chat writes them; the first two must be new. */
static const struct {
    const char *pk, *sk, *body;
} written[] = {
    { ROOM, "MSG#00000000000186a1",
      "{\"seq\":100001,\"author\":\"" USER_A "\",\"type\":\"text\",\"data\":{\"text\":\"" TEXT
      "\"},\"client_id\":\"" CLIENT_ID
      "\",\"created\":1763900000000,\"rev\":100004,\"number\":100001}" },
    { "SENT#" CLIENT_ID, ROOM_ID "#" USER_A,
      "{\"seq\":100001,\"hash\":\"kJ8sLmQp3vXz7RtYwN2bCg\"}" },
    { ROOM, "CURSOR#" USER_A,
      "{\"delivered_seq\":100001,\"read_seq\":100001,\"read_count\":100001}" },
    { ROOM, "HEAD",
      "{\"kind\":\"direct\",\"users\":[\"" USER_A "\",\"" USER_B
      "\"],\"created\":1763880000000,\"active\":1763900000000,\"seq\":100001,"
      "\"rev\":100004,\"count\":100001,\"settings_rev\":1,\"last\":{\"seq\":100001,"
      "\"author\":\"" USER_A "\",\"type\":\"text\",\"text\":\"" TEXT
      "\",\"created\":1763900000000},\"stamped\":[" STAMPED "," STAMPED "," STAMPED "," STAMPED
      "," STAMPED "," STAMPED "," STAMPED "," STAMPED "]}" },
};

static enum cc_code put_four(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    (void)arg;
    for (size_t i = 0; i < CC_COUNT(written) && rc == CC_OK; i++) {
        const struct cc_item item = { .key = { cc_str_from(written[i].pk),
                                               cc_str_from(written[i].sk) },
                                      .body = cc_str_from(written[i].body) };

        rc = i < 2 ? cc_txn_insert(txn, &item, err) : cc_txn_put(txn, &item, err);
    }
    return rc;
}

/* --- measuring -------------------------------------------------------------------------------- */

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

struct bench {
    struct cc_store *store;
    struct cc_arena *arena; /* as a worker's: reset after each request */
};

static double each_get(struct bench *b)
{
    const double began = cpu_us();

    for (int i = 0; i < CALLS; i++) {
        struct cc_err err = { 0 };
        struct cc_item item;

        must(cc_store_view(b->store, b->arena, get_head, &item, &err), &err, "GetItem");
        cc_arena_reset(b->arena);
    }
    return (cpu_us() - began) / CALLS;
}

static double each_transaction(struct bench *b)
{
    const double began = cpu_us();

    for (int i = 0; i < CALLS; i++) {
        struct cc_err err = { 0 };

        must(cc_store_run(b->store, b->arena, put_four, NULL, &err), &err, "TransactWriteItems");
        cc_arena_reset(b->arena);
    }
    return (cpu_us() - began) / CALLS;
}

static double each_item_of_page(struct bench *b)
{
    const double began = cpu_us();

    for (int i = 0; i < PAGES; i++) {
        struct cc_err err = { 0 };
        struct cc_items items;

        must(cc_store_view(b->store, b->arena, get_page, &items, &err), &err, "Query");
        if (items.count != PAGE_ITEMS)
            exit(EXIT_FAILURE);
        cc_arena_reset(b->arena);
    }
    return (cpu_us() - began) / PAGES / PAGE_ITEMS;
}

static void measure(struct bench *b, long rounds)
{
    for (long round = -1; round < rounds; round++) { /* the first warms up */
        const double get_us = each_get(b);
        const double transaction_us = each_transaction(b);
        const double item_us = each_item_of_page(b);

        if (round >= 0)
            printf("%.3f %.3f %.3f\n", get_us, transaction_us, item_us);
    }
}

/* --- the way there ---------------------------------------------------------------------------- */

static const char *environment(void *arg, const char *name)
{
    (void)arg;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return "AKIDEXAMPLE";
    if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
        return "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    return NULL;
}

struct house {
    struct cc_net *net;
    struct cc_aws_credentials *credentials;
    struct cc_aws *aws;
    struct cc_log log;
};

static void open_aws(struct house *h)
{
    const struct cc_net_config net = { 0 };
    struct cc_aws_credentials_config credentials = {
        .clock = &cc_system_clock, .random = &cc_system_random, .log = &h->log, .env = environment
    };
    struct cc_aws_config aws = { .clock = &cc_system_clock,
                                 .random = &cc_system_random,
                                 .log = &h->log,
                                 .service = CC_STR("dynamodb"),
                                 .region = CC_STR("eu-central-1") };
    struct cc_err err = { 0 };

    must(cc_net_open(&net, &h->net, &err), &err, "net");
    credentials.net = aws.net = h->net;
    must(cc_aws_credentials_open(&credentials, &h->credentials, &err), &err, "credentials");
    aws.credentials = h->credentials;
    must(cc_aws_open(&aws, &h->aws, &err), &err, "aws");
}

static void close_aws(struct house *h)
{
    cc_aws_close(h->aws);
    cc_aws_credentials_close(h->credentials);
    cc_net_close(h->net);
}

int main(int argc, char **argv)
{
    struct house house = {
        .log = { .fd = 2, .program = "aws_cpu", .level = CC_LOG_WARN, .clock = &cc_system_clock }
    };
    struct bench bench = { .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_dynamodb_config store = { .table = CC_STR(TABLE),
                                        .clock = &cc_system_clock,
                                        .random = &cc_system_random };
    const long rounds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    struct cc_err err = { 0 };

    if (rounds < 1 || rounds > ROUNDS_MAX)
        return EXIT_FAILURE;
    make_answers(arena);
    open_aws(&house);
    store.aws = house.aws;
    must(cc_store_open_dynamodb(&store, &bench.store, &err), &err, "store");
    measure(&bench, rounds);
    cc_store_close(bench.store);
    close_aws(&house);
    cc_arena_free(arena);
    cc_arena_free(bench.arena);
    return EXIT_SUCCESS;
}
