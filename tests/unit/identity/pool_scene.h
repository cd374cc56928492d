/* What tests of a user pool share: a house, a server that stands where Cognito would, and a client
 * of it. */
#ifndef CC_TESTS_POOL_SCENE_H
#define CC_TESTS_POOL_SCENE_H

#include "house.h"

#include "../../fake_http.h"

#include "identity/pool.h"
#include "net/net.h"

struct scene {
    struct house house; /* first */
    struct fake_http http;
    struct cc_net *net;
    struct cc_aws_credentials *credentials;
    struct cc_aws *aws;
};

static inline const char *scene_env(void *arg, const char *name)
{
    (void)arg;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return "AKIDEXAMPLE";
    return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "secret" : NULL;
}

static inline void scene_open_aws(struct scene *s)
{
    const struct cc_net_config net = { .ca_file = NULL };
    const struct cc_clock *clock = &s->house.clock.base;

    ck_assert_int_eq(cc_net_open(&net, &s->net, &s->house.err), CC_OK);
    ck_assert_int_eq(
        cc_aws_credentials_open(&(struct cc_aws_credentials_config){ .net = s->net,
                                                                     .clock = clock,
                                                                     .random = &cc_system_random,
                                                                     .log = &s->house.log,
                                                                     .env = scene_env },
                                &s->credentials, &s->house.err),
        CC_OK);
    ck_assert_int_eq(cc_aws_open(&(struct cc_aws_config){ .net = s->net,
                                                          .credentials = s->credentials,
                                                          .clock = clock,
                                                          .random = &cc_system_random,
                                                          .log = &s->house.log,
                                                          .service = CC_STR("cognito-idp"),
                                                          .region = CC_STR("eu-central-1"),
                                                          .endpoint = cc_str_from(s->http.url) },
                                 &s->aws, &s->house.err),
                     CC_OK);
}

/* The house must be there. */
static inline void scene_open(struct scene *s, fake_answer_fn *answer, void *arg)
{
    s->http = (struct fake_http){ .answer = answer, .arg = arg };
    fake_http_start(&s->http);
    scene_open_aws(s);
}

static inline void scene_close(struct scene *s)
{
    cc_aws_close(s->aws);
    cc_aws_credentials_close(s->credentials);
    fake_http_stop(&s->http);
    cc_net_close(s->net);
}

#endif
