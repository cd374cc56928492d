#include "tests/contract/blobs.h"

#include "aws/aws.h"
#include "base/id.h"

#include <stdio.h>

/* --- a folder --------------------------------------------------------------------------------- */

static void begin_directory(struct blobs_place *p)
{
    cc_tmp_make(&p->tmp);
}

static enum cc_code open_directory(struct blobs_place *p, struct cc_blobs **out, struct cc_err *err)
{
    return cc_blobs_open_directory(cc_str_from(p->tmp.path), out, err);
}

static void end_directory(struct blobs_place *p)
{
    cc_tmp_remove(&p->tmp);
}

/* --- a bucket --------------------------------------------------------------------------------- */

static void begin_s3(struct blobs_place *p)
{
    const struct cc_net_config net = { 0 };
    struct cc_aws_credentials_config credentials = { .clock = &cc_system_clock,
                                                     .random = &cc_system_random,
                                                     .log = &p->log };
    struct cc_aws_config aws = { .clock = &cc_system_clock,
                                 .random = &cc_system_random,
                                 .log = &p->log,
                                 .service = CC_STR("s3"),
                                 .region = cc_str_from(getenv("AWS_REGION")),
                                 .endpoint = cc_str_from(getenv("CC_TEST_S3")) };
    struct cc_err err = { 0 };
    enum cc_code rc = cc_net_open(&net, &p->net, &err);

    aws.net = credentials.net = p->net;
    if (rc == CC_OK)
        rc = cc_aws_credentials_open(&credentials, &p->credentials, &err);
    aws.credentials = p->credentials;
    if (rc == CC_OK)
        rc = cc_aws_open(&aws, &p->aws, &err);
    ck_assert_msg(rc == CC_OK, "%s", err.cause);
    p->bucket = cc_str_from(getenv("CC_TEST_BUCKET"));
    p->prefix = CC_JOIN(p->arena, CC_STR("test/"), cc_id_random(p->arena, &cc_system_random, 16),
                        CC_STR("/"));
}

static enum cc_code open_s3(struct blobs_place *p, struct cc_blobs **out, struct cc_err *err)
{
    const struct cc_blobs_s3 config = {
        .aws = p->aws,
        .clock = &p->clock.base,
        .random = &cc_system_random,
        .bucket = p->bucket,
        .prefix = p->prefix,
    };

    return cc_blobs_open_s3(&config, out, err);
}

/* The bucket is the run's, and ends with it. */
static void end_s3(struct blobs_place *p)
{
    cc_aws_close(p->aws);
    cc_aws_credentials_close(p->credentials);
    cc_net_close(p->net);
}

/* --- all -------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *needs; /* a variable of the environment */
    void (*begin)(struct blobs_place *);
    enum cc_code (*open)(struct blobs_place *, struct cc_blobs **, struct cc_err *);
    void (*end)(struct blobs_place *);
} backends[] = {
    [BLOBS_DIRECTORY] = { "directory", NULL, begin_directory, open_directory, end_directory },
    [BLOBS_S3] = { "s3", "CC_TEST_S3", begin_s3, open_s3, end_s3 },
};

static int64_t turned_ms(const struct cc_clock *clock)
{
    return atomic_load(&((const struct blobs_clock *)clock)->now_ms);
}

struct cc_blobs *blobs_open_again(struct blobs_place *p)
{
    struct cc_err err = { 0 };
    struct cc_blobs *blobs;
    enum cc_code rc = backends[p->backend].open(p, &blobs, &err);

    ck_assert_msg(rc == CC_OK, "%s", err.cause);
    return blobs;
}

void blobs_open(struct blobs_place *p, int backend)
{
    *p = (struct blobs_place){
        .arena = cc_arena_new((size_t)64 * 1024 * 1024),
        .clock.base = { turned_ms, turned_ms },
        .log = { .fd = 2, .program = "test", .level = CC_LOG_ERROR, .clock = &cc_system_clock },
        .backend = backend,
    };
    atomic_init(&p->clock.now_ms, 1700000000000);
    backends[backend].begin(p);
    p->blobs = blobs_open_again(p);
}

void blobs_close(struct blobs_place *p)
{
    cc_blobs_close(p->blobs);
    backends[p->backend].end(p);
    cc_arena_free(p->arena);
}

/* --- small words ------------------------------------------------------------------------------ */

enum cc_code blobs_put(struct blobs_place *p, const char *name, struct cc_str bytes)
{
    return cc_blob_put(p->blobs, cc_str_from(name), bytes, &(struct cc_err){ 0 });
}

enum cc_code blobs_get(struct blobs_place *p, const char *name, struct cc_str *out)
{
    return cc_blob_get(p->blobs, p->arena, cc_str_from(name), out, &(struct cc_err){ 0 });
}

struct cc_strs blobs_list(struct blobs_place *p)
{
    struct cc_err err = { 0 };
    struct cc_strs names;

    ck_assert_msg(cc_blobs_list(p->blobs, p->arena, &names, &err) == CC_OK, "%s", err.cause);
    return names;
}

/* --- Check ------------------------------------------------------------------------------------ */

static bool is_here(const char *suite, int backend)
{
    const char *needs = backends[backend].needs;

    if (needs == NULL || getenv(needs) != NULL)
        return true;
    printf("SKIPPED %s on %s: %s is not set (make test-aws sets it)\n", suite,
           backends[backend].name, needs);
    return false;
}

int blobs_check_run(const char *suite, const TTest *const *tests, size_t count, int first)
{
    Suite *all = suite_create(suite);
    TCase *tcase = tcase_create(suite);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    for (int backend = first; backend < (int)CC_COUNT(backends); backend++)
        for (size_t i = is_here(suite, backend) ? 0 : count; i < count; i++)
            tcase_add_loop_test(tcase, tests[i], backend, backend + 1);
    suite_add_tcase(all, tcase);
    runner = srunner_create(all);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
