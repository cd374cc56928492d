#include "aws.h"
#include "dates.h"
#include "errors.h"

#include "../base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/crypto.h>
#include <zlib.h>

#define TRY_MS 3000
#define ANSWER_BYTES_MAX ((size_t)2 * 1024 * 1024)
/* Full jitter: a pause is anything from nothing to this, doubled with each try. */
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 2000
/* AWS takes a signature that is up to five minutes off; a refusal within one is not the clock's. */
#define SKEW_MIN_MS 60000
#define TRY_MIN_MS 50 /* with less time left than this there is no use in trying */

struct cc_aws {
    struct cc_arena *arena;
    struct cc_net *net;
    struct cc_aws_credentials *credentials;
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
    struct cc_str service, region;
    struct cc_str origin; /* "https://dynamodb.eu-central-1.amazonaws.com" */
    struct cc_str host;   /* what stands behind "//" */
    bool is_s3;
    int64_t try_ms_max;
    atomic_llong skew_ms; /* the service's clock minus ours */
    atomic_bool has_sums; /* its answers tell the sum of their bytes */
    pthread_mutex_t mutex;
    uint64_t key_generation; /* of the keys that `key` was derived from; 0: none was */
    struct cc_sigv4_key key;
};

/* --- opening ---------------------------------------------------------------------------------- */

static bool is_made_of(struct cc_str s, const char *bytes)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\0' || !strchr(bytes, s.at[i]))
            return false;
    }
    return s.len > 0;
}

#define HOST_BYTES "abcdefghijklmnopqrstuvwxyz0123456789.-"

/* The host of a region, by its partition. */
static struct cc_str default_origin(struct cc_arena *arena, struct cc_str service,
                                    struct cc_str region)
{
    struct cc_str domain = cc_str_starts(region, CC_STR("cn-")) ? CC_STR(".amazonaws.com.cn")
                                                                : CC_STR(".amazonaws.com");

    return CC_JOIN(arena, CC_STR("https://"), service, CC_STR("."), region, domain);
}

/* "Host" is signed as libcurl would write it: with a port only where it is not the scheme's. */
static bool set_origin(struct cc_aws *aws, struct cc_str origin)
{
    struct cc_str scheme = CC_STR("https://"), port = CC_STR(":443");

    if (cc_str_starts(origin, CC_STR("http://"))) {
        scheme = CC_STR("http://");
        port = CC_STR(":80");
    }
    if (!cc_str_starts(origin, scheme))
        return false;
    if (cc_str_ends(origin, CC_STR("/")))
        origin.len--;
    aws->origin = origin;
    aws->host = cc_str_skip(origin, scheme.len);
    if (cc_str_ends(aws->host, port))
        aws->host.len -= port.len;
    return is_made_of(aws->host, HOST_BYTES ":[]");
}

enum cc_code cc_aws_open(const struct cc_aws_config *config, struct cc_aws **out,
                         struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new((size_t)16 * 1024);
    struct cc_aws *aws = CC_NEW(arena, struct cc_aws);

    aws->arena = arena;
    aws->net = config->net;
    aws->credentials = config->credentials;
    aws->clock = config->clock;
    aws->random = config->random;
    aws->log = config->log;
    aws->service = cc_str_copy(arena, config->service);
    aws->region = cc_str_copy(arena, config->region);
    aws->is_s3 = cc_str_eq(config->service, CC_STR("s3"));
    aws->try_ms_max = config->try_ms_max ? config->try_ms_max : TRY_MS;
    pthread_mutex_init(&aws->mutex, NULL);
    if (is_made_of(aws->region, HOST_BYTES) &&
        set_origin(aws, config->endpoint.at ? cc_str_copy(arena, config->endpoint)
                                            : default_origin(arena, aws->service, aws->region))) {
        *out = aws;
        return CC_OK;
    }
    (void)cc_fail(err, CC_INVALID, "The region or the endpoint of AWS is not one.",
                  "aws: region \"%.*s\", endpoint \"%.*s\"", CC_STR_ARG(config->region),
                  CC_STR_ARG(config->endpoint));
    cc_aws_close(aws);
    return err->code;
}

void cc_aws_close(struct cc_aws *aws)
{
    if (!aws)
        return;
    pthread_mutex_destroy(&aws->mutex);
    OPENSSL_cleanse(&aws->key, sizeof(aws->key));
    cc_arena_free(aws->arena);
}

/* --- signing ---------------------------------------------------------------------------------- */

/* Keys with what was derived from them for today. */
struct signer {
    struct cc_aws_keys keys;
    uint64_t generation;
    int64_t wall_ms; /* the time to sign with: the service's, as far as we know it */
    struct cc_sigv4_key *key;
};

static bool key_is_kept(struct cc_aws *aws, const struct signer *signer)
{
    bool kept;

    pthread_mutex_lock(&aws->mutex);
    kept =
        aws->key_generation == signer->generation && cc_sigv4_key_fits(&aws->key, signer->wall_ms);
    if (kept)
        *signer->key = aws->key;
    pthread_mutex_unlock(&aws->mutex);
    return kept;
}

static enum cc_code get_signer(struct cc_aws *aws, struct cc_arena *arena, int64_t deadline_ms,
                               struct signer *out, struct cc_err *err)
{
    enum cc_code rc = cc_aws_credentials_get(aws->credentials, arena, deadline_ms, &out->keys,
                                             &out->generation, err);

    if (rc != CC_OK)
        return rc;
    out->wall_ms = cc_clock_wall_ms(aws->clock) + atomic_load(&aws->skew_ms);
    out->key = cc_arena_alloc_secret(arena, sizeof(*out->key));
    if (key_is_kept(aws, out))
        return CC_OK;
    cc_sigv4_derive(arena, out->keys.secret, aws->region, aws->service, out->wall_ms, out->key);
    pthread_mutex_lock(&aws->mutex);
    aws->key = *out->key;
    aws->key_generation = out->generation;
    pthread_mutex_unlock(&aws->mutex);
    return CC_OK;
}

#define OWN_HEADERS 3 /* host, content-type, x-amz-target */
#define SIGNATURE_HEADERS CC_COUNT(((struct cc_sigv4 *)NULL)->added)

/* There is room behind them for those of the signature. */
static struct cc_net_headers headers_of(const struct cc_aws *aws, struct cc_arena *arena,
                                        const struct cc_aws_request *request)
{
    struct cc_net_header *at = CC_NEW_ARRAY(
        arena, struct cc_net_header, OWN_HEADERS + SIGNATURE_HEADERS + request->headers.count);
    size_t count = 0;

    if (request->content_type.at)
        at[count++] = (struct cc_net_header){ CC_STR("Content-Type"), request->content_type };
    at[count++] = (struct cc_net_header){ CC_STR("Host"), aws->host };
    if (request->target.at)
        at[count++] = (struct cc_net_header){ CC_STR("X-Amz-Target"), request->target };
    for (size_t i = 0; i < request->headers.count; i++)
        at[count++] = request->headers.at[i];
    return (struct cc_net_headers){ at, count };
}

static struct cc_sigv4_request unsigned_of(const struct cc_aws *aws, struct cc_arena *arena,
                                           const struct cc_aws_request *request)
{
    return (struct cc_sigv4_request){
        .method = request->method.at ? request->method : CC_STR("POST"),
        .path = request->path.at ? cc_sigv4_path(arena, request->path) : CC_STR("/"),
        .query = cc_sigv4_query(arena, &request->query),
        .headers = headers_of(aws, arena, request),
        .body = request->body,
        .region = aws->region,
        .service = aws->service,
        .flags = aws->is_s3 ? CC_SIGV4_PATH_AS_SENT | CC_SIGV4_BODY_HEADER : 0,
    };
}

static struct cc_str url_of(const struct cc_aws *aws, struct cc_arena *arena, struct cc_str path,
                            struct cc_str query)
{
    return CC_JOIN(arena, aws->origin, path, query.len ? CC_STR("?") : CC_STR(""), query);
}

/* --- one try ---------------------------------------------------------------------------------- */

struct call {
    struct cc_aws *aws;
    struct cc_arena *arena;
    const struct cc_aws_request *request;
    struct cc_sigv4_request plain; /* the request before it is signed */
    int64_t deadline_ms;
    unsigned tries;
    bool unknown;   /* a try may have been carried out */
    bool clock_set; /* these two are done once a call */
    bool keys_asked_for;
    bool is_made;        /* the last try's request, so that it could be sent */
    uint64_t generation; /* of the keys of the last try */
    int64_t signed_ms;   /* when it was signed, by the service's clock */
    struct cc_net_answer answer;
    struct aws_error error;
    struct cc_err failure; /* of the last try, if it brought no answer */
};

static int64_t left_ms(const struct call *call)
{
    return call->deadline_ms - cc_clock_mono_ms(call->aws->clock);
}

/* DynamoDB tells the sum of an answer's bytes: the one way to notice that it was cut where a length
 * told otherwise. What was cut off then stands where the next answer is looked for, and may look
 * like one: who has told a sum with one 200 tells it with each. */
static bool is_fitting(void *arg, const struct cc_net_answer *answer)
{
    struct cc_aws *aws = arg;
    struct cc_str said = cc_net_header_find(&answer->headers, CC_STR("x-amz-crc32"));
    const unsigned char *bytes = (const unsigned char *)answer->body.at;
    int64_t sum;

    if (!said.at)
        return answer->status != 200 || !atomic_load(&aws->has_sums);
    if (answer->status == 200)
        atomic_store(&aws->has_sums, true);
    return cc_str_to_i64(said, 0, UINT32_MAX, &sum) &&
           (uint64_t)sum == crc32_z(crc32_z(0, NULL, 0), bytes, answer->body.len);
}

static struct cc_net_request request_of(const struct call *call, struct cc_net_headers headers,
                                        struct cc_str query)
{
    size_t most = call->request->answer_bytes_max;

    return (struct cc_net_request){
        .method = call->plain.method,
        .url = url_of(call->aws, call->arena, call->plain.path, query),
        .headers = headers,
        .body = call->request->body,
        .answer_bytes_max = most ? most : ANSWER_BYTES_MAX,
        .is_fitting = is_fitting,
        .is_fitting_arg = call->aws,
    };
}

static struct cc_net_request sign(struct call *call, const struct signer *signer)
{
    struct cc_sigv4_request *plain = &call->plain;
    struct cc_net_header *headers = (struct cc_net_header *)(uintptr_t)plain->headers.at;
    struct cc_sigv4 made;

    plain->wall_ms = signer->wall_ms;
    cc_sigv4_sign(call->arena, plain, &signer->keys, signer->key, &made);
    memcpy(headers + plain->headers.count, made.added, made.added_count * sizeof(made.added[0]));
    return request_of(call,
                      (struct cc_net_headers){ headers, plain->headers.count + made.added_count },
                      made.query);
}

/* The request as it is sent. */
static enum cc_code make(struct call *call, struct cc_net_request *out, struct cc_err *err)
{
    struct signer signer;
    enum cc_code rc;

    if (call->request->is_public) {
        *out = request_of(call, call->plain.headers, call->plain.query);
        return CC_OK;
    }
    rc = get_signer(call->aws, call->arena, call->deadline_ms, &signer, err);
    if (rc != CC_OK)
        return rc;
    call->generation = signer.generation;
    call->signed_ms = signer.wall_ms;
    *out = sign(call, &signer);
    return CC_OK;
}

static enum cc_code try_once(struct call *call, struct cc_err *err)
{
    struct cc_net_request request;
    int64_t most_ms;
    enum cc_code rc = make(call, &request, err);

    if (rc != CC_OK)
        return rc;
    call->is_made = true;
    most_ms = left_ms(call);
    if (most_ms < 1)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "out of time");
    request.timeout_ms = most_ms < call->aws->try_ms_max ? most_ms : call->aws->try_ms_max;
    return cc_net_send(call->aws->net, call->arena, &request, &call->answer, err);
}

/* One try, and what is to be done about it. */
static enum aws_remedy attempt(struct call *call)
{
    enum cc_code rc;

    cc_err_clear(&call->failure);
    call->is_made = false;
    call->error = (struct aws_error){ .remedy = AWS_DENIED };
    rc = try_once(call, &call->failure);
    call->tries++;
    if (rc == CC_OK)
        aws_error_read(call->arena, &call->answer, &call->error);
    else if (rc == CC_OUTCOME_UNKNOWN)
        call->error.remedy = AWS_AGAIN_UNKNOWN;
    else if (rc == CC_UNAVAILABLE && call->is_made)
        call->error.remedy = AWS_AGAIN;
    if (call->error.remedy == AWS_AGAIN_UNKNOWN && call->request->effect != CC_AWS_READS)
        call->unknown = true;
    return call->error.remedy;
}

/* --- between tries ---------------------------------------------------------------------------- */

static int64_t jitter_ms(const struct call *call)
{
    int64_t most_ms = (int64_t)PAUSE_FIRST_MS << (call->tries - 1);
    uint32_t random;

    if (most_ms > PAUSE_MAX_MS)
        most_ms = PAUSE_MAX_MS;
    cc_random_fill(call->aws->random, &random, sizeof(random));
    return random % (most_ms + 1);
}

static int64_t retry_after_ms(const struct call *call)
{
    int64_t now_ms = cc_clock_wall_ms(call->aws->clock) + atomic_load(&call->aws->skew_ms);

    if (call->failure.code != CC_OK)
        return 0;
    return aws_date_retry_after_ms(cc_net_header_find(&call->answer.headers, CC_STR("Retry-After")),
                                   now_ms);
}

/* The same once more, after a while. false: there is no time for it, or it is over. */
static bool wait_for_next(struct call *call)
{
    int64_t pause_ms = jitter_ms(call), asked_ms = retry_after_ms(call);

    if (pause_ms < asked_ms)
        pause_ms = asked_ms;
    return pause_ms + TRY_MIN_MS <= left_ms(call) && cc_net_pause(call->aws->net, pause_ms);
}

/* The service's Date is right, or nothing else would be. false: it is not the clock. */
static bool set_clock(struct call *call)
{
    struct cc_aws *aws = call->aws;
    int64_t date_ms, skew_ms;

    if (call->clock_set || call->request->is_public ||
        !aws_date_http(cc_net_header_find(&call->answer.headers, CC_STR("Date")), &date_ms) ||
        (date_ms - call->signed_ms < SKEW_MIN_MS && call->signed_ms - date_ms < SKEW_MIN_MS))
        return false;
    skew_ms = date_ms - cc_clock_wall_ms(aws->clock);
    atomic_store(&aws->skew_ms, skew_ms);
    call->clock_set = true;
    cc_log_warn(aws->log, "the clock is wrong: signing with the service's",
                CC_LOG_STR("service", aws->service), CC_LOG_I64("skew_ms", skew_ms));
    return true;
}

static bool ask_for_keys(struct call *call)
{
    if (call->keys_asked_for || call->request->is_public)
        return false;
    cc_aws_credentials_refused(call->aws->credentials, call->generation);
    call->keys_asked_for = true;
    return true;
}

static bool may_try_again(struct call *call, enum aws_remedy remedy)
{
    if (call->tries == CC_AWS_TRIES_MAX || cc_net_is_stopped(call->aws->net) ||
        (call->request->effect == CC_AWS_ONCE && call->unknown))
        return false;
    switch (remedy) {
    case AWS_AGAIN:
    case AWS_AGAIN_UNKNOWN:
        return wait_for_next(call);
    case AWS_CLOCK:
        return set_clock(call);
    case AWS_KEYS:
        return ask_for_keys(call);
    case AWS_JUDGE:
    case AWS_DENIED:
        break;
    }
    return false;
}

/* --- the call --------------------------------------------------------------------------------- */

/* What a log may call it: "GetItem", "PUT". */
static struct cc_str name_of(const struct call *call)
{
    struct cc_str rest = call->request->target;

    if (!rest.at)
        return call->plain.method;
    cc_str_cut(&rest, '.');
    return rest.at ? rest : call->request->target;
}

static enum cc_code give_up(const struct call *call, struct cc_err *err)
{
    struct cc_str service = call->aws->service, name = name_of(call);
    enum cc_code code = call->unknown ? CC_OUTCOME_UNKNOWN : CC_UNAVAILABLE;

    if (call->failure.code == CC_INTERNAL && !call->unknown)
        code = CC_INTERNAL;
    if (call->failure.code != CC_OK)
        return cc_fail(err, code, NULL, "%.*s %.*s: %.190s (%u tries)", CC_STR_ARG(service),
                       CC_STR_ARG(name), call->failure.cause, call->tries);
    return cc_fail_retry(
        err, code, (int)((retry_after_ms(call) + 999) / 1000), NULL,
        "%.*s %.*s: %d %.*s: %.*s (%u tries)", CC_STR_ARG(service), CC_STR_ARG(name),
        call->answer.status, CC_STR_ARG(call->error.name),
        CC_STR_ARG(cc_str_take(call->error.message, call->request->is_private ? 0 : 120)),
        call->tries);
}

static void begin(struct call *call, struct cc_aws *aws, struct cc_arena *arena,
                  const struct cc_aws_request *request)
{
    *call = (struct call){ .aws = aws, .arena = arena, .request = request };
    call->plain = unsigned_of(aws, arena, request);
    call->deadline_ms = cc_clock_mono_ms(aws->clock) +
                        (request->timeout_ms ? request->timeout_ms : CC_AWS_CALL_MS_MAX);
}

static void give(const struct call *call, struct cc_aws_answer *out)
{
    *out = (struct cc_aws_answer){
        .status = call->answer.status,
        .headers = call->answer.headers,
        .body = call->answer.body,
        .error = call->error.name,
        .message = call->error.message,
        .earlier_unknown = call->unknown,
        .tries = call->tries,
    };
}

/* Whether the last try's answer is one for the caller. */
static bool is_for_caller(const struct call *call, enum aws_remedy remedy)
{
    if (remedy == AWS_JUDGE)
        return true;
    return call->request->is_private && call->failure.code == CC_OK && !call->unknown &&
           (remedy == AWS_DENIED || remedy == AWS_KEYS || remedy == AWS_CLOCK);
}

enum cc_code cc_aws_call(struct cc_aws *aws, struct cc_arena *arena,
                         const struct cc_aws_request *request, struct cc_aws_answer *out,
                         struct cc_err *err)
{
    struct call call;
    enum aws_remedy remedy;

    begin(&call, aws, arena, request);
    do {
        remedy = attempt(&call);
    } while (remedy != AWS_JUDGE && may_try_again(&call, remedy));
    if (!is_for_caller(&call, remedy))
        return give_up(&call, err);
    give(&call, out);
    return CC_OK;
}

enum cc_code cc_aws_probe(struct cc_aws *aws, struct cc_arena *arena,
                          const struct cc_aws_request *request, struct cc_aws_answer *out,
                          struct cc_err *err)
{
    struct call call;

    begin(&call, aws, arena, request);
    (void)attempt(&call);
    if (call.failure.code != CC_OK)
        return give_up(&call, err);
    give(&call, out);
    return CC_OK;
}

struct cc_str cc_aws_origin(const struct cc_aws *aws)
{
    return aws->origin;
}

enum cc_code cc_aws_presign(struct cc_aws *aws, struct cc_arena *arena,
                            const struct cc_aws_request *request, int64_t expires_s,
                            struct cc_str *out, struct cc_err *err)
{
    struct cc_sigv4_request plain = unsigned_of(aws, arena, request);
    int64_t deadline_ms = cc_clock_mono_ms(aws->clock) + CC_AWS_CALL_MS_MAX;
    struct signer signer;
    struct cc_sigv4 made;
    enum cc_code rc = get_signer(aws, arena, deadline_ms, &signer, err);

    if (rc != CC_OK)
        return rc;
    plain.wall_ms = signer.wall_ms;
    if (aws->is_s3)
        plain.flags = CC_SIGV4_PATH_AS_SENT | CC_SIGV4_BODY_UNSIGNED;
    cc_sigv4_presign(arena, &plain, expires_s, &signer.keys, signer.key, &made);
    *out = url_of(aws, arena, plain.path, made.query);
    return CC_OK;
}
