/* A body with a code in it does not stay behind in memory that is given back. Every free() comes
 * past here; of those that our own code calls, what is freed is looked through. What libcurl copies
 * is its own affair. */
#define _GNU_SOURCE /* memmem */
#include "../aws/house.h"

#include "notify/notify.h"

#include <malloc.h>
#include <stdatomic.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifdef IS_SANITIZED
/* free() is the sanitizer's. */
int main(void)
{
    printf("SKIPPED notify/wiped: this program is sanitized\n");
    return 0;
}
#else

#define CODE "907153" /* nowhere else in memory */

extern void __libc_free(void *at);
extern const char __executable_start[], etext[];

static atomic_bool looks;
static atomic_int found;

void free(void *at)
{
    const char *caller = __builtin_return_address(0);

    if (at && atomic_load(&looks) && caller >= __executable_start && caller < etext &&
        memmem(at, malloc_usable_size(at), CODE, strlen(CODE)))
        atomic_fetch_add(&found, 1);
    __libc_free(at);
}

/* How often a code was left in what is given back while this was sent. */
static int left_by(struct cc_sender *sender)
{
    static const struct cc_notice notice = {
        .to = { "+4915112345678", 14 },
        .channel = { "sms", 3 },
        .code = { CODE, 6 },
        .text = { CODE " is your code: \"tell\" it to nobody.\n", 42 },
        .id = { "x-1", 3 },
        .attempt = 1,
    };
    struct cc_err err = { 0 };
    enum cc_code rc;

    atomic_store(&found, 0);
    atomic_store(&looks, true);
    rc = cc_sender_send(sender, &notice, &err);
    atomic_store(&looks, false);
    ck_assert_msg(rc == CC_OK, "%s", err.cause);
    return atomic_load(&found);
}

static bool say_done(struct fake_http *http, struct fake_peer *peer,
                     const struct fake_request *request)
{
    const struct cc_str body = request->body;

    (void)http;
    return fake_reply(peer, memmem(body.at, body.len, CODE, strlen(CODE)) ? "200 OK" : "400 What",
                      "", CC_STR("<PublishResponse/>"));
}

static void check_hook(int content, const char *body)
{
    struct fake_http http = { .answer = say_done };
    struct cc_hook_config config = { .content = content,
                                     .body = cc_str_from(body),
                                     .header = CC_STR("Authorization"),
                                     .clock = &cc_system_clock };
    struct cc_err err = { 0 };
    struct cc_sender *sender;

    fake_http_start(&http);
    config.url = cc_str_from(http.url);
    ck_assert_msg(cc_sender_open_hook(&config, &sender, &err) == CC_OK, "%s", err.cause);
    ck_assert_int_eq(left_by(sender), 0);
    cc_sender_close(sender);
    fake_http_stop(&http);
}

START_TEST(a_hook_leaves_no_code_behind)
{
    check_hook(CC_HOOK_JSON, "{\"to\":\"{to}\",\"text\":\"{text}\",\"code\":\"{code}\"}");
    check_hook(CC_HOOK_FORM, "To={to}&Body={text}&Code={code}");
}
END_TEST

START_TEST(sns_leaves_no_code_behind)
{
    struct fake_http http = { .answer = say_done };
    struct cc_sns_config config = { .sender_id = CC_STR("Chat") };
    struct cc_sender *sender;
    struct house h;

    fake_http_start(&http);
    house_open(&h);
    house_set(&h, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    house_set(&h, "AWS_SECRET_ACCESS_KEY", "hush");
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    ck_assert_int_eq(cc_aws_open(&(struct cc_aws_config){ .net = h.net,
                                                          .credentials = h.credentials,
                                                          .clock = &h.clock.base,
                                                          .random = &house_random,
                                                          .log = &h.log,
                                                          .service = CC_STR("sns"),
                                                          .region = CC_STR("eu-central-1"),
                                                          .endpoint = cc_str_from(http.url) },
                                 &h.aws, &h.err),
                     CC_OK);
    config.aws = h.aws;
    config.net = h.net;
    ck_assert_int_eq(cc_sender_open_sns(&config, &sender, &h.err), CC_OK);
    ck_assert_int_eq(left_by(sender), 0);
    cc_sender_close(sender);
    house_close(&h);
    fake_http_stop(&http);
}
END_TEST

/* That what is left behind would be seen. */
static enum cc_code careless_send(struct cc_sender *sender, const struct cc_notice *notice,
                                  struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(4096);

    (void)sender;
    (void)err;
    cc_str_copy(arena, notice->text);
    cc_arena_free(arena);
    return CC_OK;
}

START_TEST(who_is_careless_is_seen)
{
    static const struct cc_sender_ops ops = { .name = "careless", .send = careless_send };
    struct cc_sender careless = { &ops };

    ck_assert_int_eq(left_by(&careless), 1);
}
END_TEST

CC_CHECK_MAIN("notify/wiped", a_hook_leaves_no_code_behind, sns_leaves_no_code_behind,
              who_is_careless_is_seen)
#endif
