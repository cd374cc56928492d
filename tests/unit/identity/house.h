/* What the tests of lib/identity share: a house with a store on disk, an identity with cheap
 * passwords, a clock that is turned by hand and a sender that keeps what it is given. */
#ifndef CC_TESTS_HOUSE_H
#define CC_TESTS_HOUSE_H

#define _GNU_SOURCE
#include "../../check.h"

#include "base/file.h"
#include "identity/code.h"
#include "identity/identity.h"
#include "identity/items.h"
#include "identity/keys.h"
#include "store/keys.h"
#include "store/timer.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>

#define HOUSE_NOTICES_MAX 64
#define HOUSE_START_MS 1795000000000LL
#define PASSWORD CC_STR("correct horse battery")
#define ADA CC_STR("+4915112345678")
#define BOB CC_STR("+4915112345679")
#define NOBODY CC_STR("+4915199999999")
#define HOME CC_STR("192.0.2.1")
#define AWAY CC_STR("198.51.100.7")

struct house_clock {
    struct cc_clock base;
    _Atomic int64_t ms;
};

struct house_sender {
    struct cc_sender base;
    struct cc_notice notices[HOUSE_NOTICES_MAX];
    size_t count;
    enum cc_code verdict;
    struct cc_arena *arena;
};

struct house {
    struct cc_arena *arena;
    char folder[64];
    struct house_clock clock;
    struct cc_log log;
    struct cc_identity_config config;
    struct cc_store *store;
    struct cc_identity *identity;
    struct house_sender sender;
    struct cc_err err; /* of the last call */
    struct cc_str address;
};

static inline int64_t house_now(const struct cc_clock *clock)
{
    return atomic_load(&((const struct house_clock *)clock)->ms);
}

static inline void turn(struct house *h, int64_t seconds)
{
    atomic_fetch_add(&h->clock.ms, seconds * 1000);
}

static inline enum cc_code house_send(struct cc_sender *sender, const struct cc_notice *notice,
                                      struct cc_err *err)
{
    struct house_sender *self = (struct house_sender *)sender;
    struct cc_notice *kept = &self->notices[self->count];

    if (self->verdict != CC_OK)
        return cc_fail(err, self->verdict, NULL, "the sender was told to fail");
    ck_assert_uint_lt(self->count, HOUSE_NOTICES_MAX);
    kept->to = cc_str_copy(self->arena, notice->to);
    kept->channel = cc_str_copy(self->arena, notice->channel);
    kept->code = notice->code.at ? cc_str_copy(self->arena, notice->code) : CC_STR_ABSENT;
    kept->text = cc_str_copy(self->arena, notice->text);
    kept->id = cc_str_copy(self->arena, notice->id);
    kept->attempt = notice->attempt;
    self->count++;
    return CC_OK;
}

static inline void house_sender_examine(struct cc_sender *sender, struct cc_findings *to)
{
    (void)sender;
    (void)to;
}

static inline void house_sender_close(struct cc_sender *sender)
{
    (void)sender;
}

static const struct cc_sender_ops house_sender_ops = { .name = "house",
                                                       .send = house_send,
                                                       .examine = house_sender_examine,
                                                       .stop = house_sender_close,
                                                       .close = house_sender_close };

/* An RSA key takes a sixth of a second: one a program, made before Check forks, is enough. */
static char house_pem[4096];
static size_t house_pem_len;

__attribute__((constructor)) static void house_make_pem(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());

    if (key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        house_pem_len = (size_t)BIO_read(bio, house_pem, sizeof(house_pem));
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static inline const char *house_path(struct house *h, const char *name)
{
    return cc_str_format(h->arena, "%s/%s", h->folder, name).at;
}

static inline void house_config(struct house *h)
{
    static const struct cc_str steps[] = { { "30", 2 }, { "60", 2 }, { "120", 3 }, { "300", 3 } };

    h->config = (struct cc_identity_config){
        .keys = cc_str_from(house_path(h, "keys")),
        .issuer = CC_STR("https://chat.example.org"),
        .client_id = CC_STR("cloud-chat"),
        .access_token_s = 900,
        .session_idle_s = 60 * 24 * 3600,
        .refresh_grace_s = 60,
        .sessions_max = 50,
        .code_lifetime_s = 600,
        .code_tries = 5,
        .resend_after = { steps, CC_COUNT(steps) },
        .sign_up_number_day = 5,
        .sign_up_address_hour = 20,
        .recover_number_day = 5,
        .recover_address_hour = 20,
        .wrong_passwords_day = 100,
        .wrong_passwords_address_hour = 300,
        .wrong_password_delay_max_s = 900,
        .known_address_s = 180 * 24 * 3600,
        .password_min = 8,
        .password_max = 256,
        .argon2_memory_kib = 8,
        .argon2_passes = 1,
        .argon2_parallel = 2,
        .argon2_queue = 200,
        .clock = &h->clock.base,
        .random = &cc_system_random,
        .log = &h->log,
    };
}

static inline void house_folder(struct house *h)
{
    *h = (struct house){ .arena = cc_arena_new((size_t)256 * 1024 * 1024), .address = HOME };
    snprintf(h->folder, sizeof(h->folder), "/tmp/cc-identity-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(h->folder));
    h->clock.base = (struct cc_clock){ house_now, house_now };
    atomic_store(&h->clock.ms, HOUSE_START_MS);
    h->log = (struct cc_log){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                              .program = "test",
                              .level = CC_LOG_ERROR,
                              .clock = &h->clock.base };
    h->sender = (struct house_sender){ .base = { &house_sender_ops }, .arena = h->arena };
    house_config(h);
}

static inline void house_open_store(struct house *h)
{
    struct cc_store_config config = { .path = cc_str_from(house_path(h, "test.db")),
                                      .durability = 1,
                                      .group_max = 64,
                                      .wait_ms = 30000,
                                      .cache_bytes = 1 << 20,
                                      .clock = &h->clock.base,
                                      .random = &cc_system_random,
                                      .log = &h->log };

    ck_assert_msg(cc_store_open_sqlite(&config, &h->store, &h->err) == CC_OK, "%s", h->err.cause);
}

static inline void house_open_identity(struct house *h)
{
    ck_assert_msg(cc_identity_open_local(&h->config, h->store, &h->identity, &h->err) == CC_OK,
                  "%s", h->err.cause);
}

static inline void house_open(struct house *h)
{
    house_folder(h);
    ck_assert_int_eq(cc_dir_make(house_path(h, "keys"), 0700, &h->err), CC_OK);
    ck_assert_int_eq(cc_file_write(house_path(h, "keys/1790000000000-first.pem"),
                                   (struct cc_str){ house_pem, house_pem_len }, 0600, &h->err),
                     CC_OK);
    house_open_store(h);
    house_open_identity(h);
}

static inline int house_remove(const char *path, const struct stat *about, int kind,
                               struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static inline void house_close(struct house *h)
{
    cc_identity_close(h->identity);
    cc_store_close(h->store);
    nftw(h->folder, house_remove, 16, FTW_DEPTH | FTW_PHYS);
    close(h->log.fd);
    cc_arena_free(h->arena);
}

static inline struct cc_err *anew(struct house *h)
{
    cc_err_clear(&h->err);
    return &h->err;
}

/* --- what people do --------------------------------------------------------------------------- */

static inline struct cc_login login_of(struct cc_str who)
{
    struct cc_login login = { 0 };

    if (cc_str_find(who, '@') < who.len)
        login.email = who;
    else
        login.phone_number = who;
    return login;
}

static inline enum cc_code sign_up(struct house *h, struct cc_str who, struct cc_str *id)
{
    struct cc_sign_up in = { CC_STR("Ada"), login_of(who), PASSWORD, h->address };
    struct cc_pending pending = { 0 };
    enum cc_code rc = cc_identity_sign_up(h->identity, h->arena, &in, &pending, anew(h));

    *id = pending.id;
    return rc;
}

static inline enum cc_code confirm(struct house *h, struct cc_str id, struct cc_str code)
{
    struct cc_confirm in = { id, code };

    return cc_identity_confirm(h->identity, h->arena, &in, anew(h));
}

static inline enum cc_code resend(struct house *h, struct cc_str id, int64_t *after_s)
{
    struct cc_resend in = { id, CC_STR_ABSENT, h->address };

    return cc_identity_resend(h->identity, h->arena, &in, after_s, anew(h));
}

/* Does what is due, as the tick does. */
static inline void send_codes(struct house *h)
{
    struct cc_jobs jobs;

    do {
        ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 16, &jobs, anew(h)), CC_OK);
        for (size_t i = 0; i < jobs.count; i++) {
            ck_assert_int_eq(
                cc_identity_send_code(h->identity, h->arena, &jobs.at[i], &h->sender.base, anew(h)),
                h->sender.verdict);
            if (h->sender.verdict == CC_OK)
                ck_assert_int_eq(cc_timer_done(h->store, h->arena, &jobs.at[i], anew(h)), CC_OK);
        }
    } while (jobs.count > 0);
}

static inline const struct cc_notice *last_notice(struct house *h)
{
    ck_assert_uint_gt(h->sender.count, 0);
    return &h->sender.notices[h->sender.count - 1];
}

/* The code that was sent last, in which the first digit is another. */
static inline struct cc_str wrong_code(struct house *h)
{
    struct cc_str code = cc_str_copy(h->arena, last_notice(h)->code);

    *(char *)(uintptr_t)code.at = code.at[0] == '9' ? '0' : (char)(code.at[0] + 1);
    return code;
}

static inline void make_account(struct house *h, struct cc_str who)
{
    struct cc_str id;

    ck_assert_msg(sign_up(h, who, &id) == CC_OK, "%s", h->err.cause);
    send_codes(h);
    ck_assert_msg(confirm(h, id, last_notice(h)->code) == CC_OK, "%s", h->err.cause);
}

static inline enum cc_code sign_in_with(struct house *h, struct cc_str who, struct cc_str password,
                                        struct cc_tokens *tokens)
{
    struct cc_sign_in in = { login_of(who), password, CC_STR("laptop"), h->address };
    struct cc_signed_in out = { .challenge.id = CC_STR_ABSENT };
    enum cc_code rc = cc_identity_sign_in(h->identity, h->arena, &in, &out, anew(h));

    *tokens = out.tokens;
    return rc;
}

static inline struct cc_tokens sign_in(struct house *h, struct cc_str who)
{
    struct cc_tokens tokens;

    ck_assert_msg(sign_in_with(h, who, PASSWORD, &tokens) == CC_OK, "%s", h->err.cause);
    return tokens;
}

static inline enum cc_code guess(struct house *h, struct cc_str who)
{
    struct cc_tokens tokens;

    return sign_in_with(h, who, CC_STR("not the password"), &tokens);
}

static inline enum cc_code authenticate(struct house *h, struct cc_str token,
                                        struct cc_principal *who)
{
    return cc_identity_authenticate(h->identity, h->arena, token, who, anew(h));
}

static inline struct cc_principal whose(struct house *h, struct cc_str token)
{
    struct cc_principal who;

    ck_assert_msg(authenticate(h, token, &who) == CC_OK, "%s", h->err.cause);
    return who;
}

static inline bool is_signed_in(struct house *h, const struct cc_tokens *tokens)
{
    struct cc_principal who;
    enum cc_code rc = authenticate(h, tokens->access_token, &who);

    ck_assert_msg(rc == CC_OK || rc == CC_UNAUTHORIZED, "%s", h->err.cause);
    return rc == CC_OK;
}

static inline enum cc_code refresh(struct house *h, struct cc_str token, struct cc_tokens *out)
{
    return cc_identity_refresh(h->identity, h->arena, token, out, anew(h));
}

/* The code that would fit, sent or not: with the server key in hand one can know it. */
struct house_proof {
    enum cc_proof_kind kind;
    struct cc_str id;
    struct cc_proof proof;
};

static inline enum cc_code house_read_proof(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct house_proof *it = arg;

    return cc_proof_get(txn, it->kind, it->id, &it->proof, err);
}

static inline struct cc_str code_that_fits(struct house *h, enum cc_proof_kind kind,
                                           struct cc_str id)
{
    struct cc_keys_folder folder = { h->config.keys, 900, &h->clock.base, &cc_system_random };
    struct house_proof it = { kind, id, { .id = CC_STR_ABSENT } };
    struct cc_str secret;
    char code[CC_ONE_TIME_CODE_SIZE];

    ck_assert_int_eq(cc_keys_secret(&folder, h->arena, &secret, anew(h)), CC_OK);
    ck_assert_int_eq(cc_store_view(h->store, h->arena, house_read_proof, &it, anew(h)), CC_OK);
    return cc_str_copy(
        h->arena, cc_one_time_code(&(struct cc_code_seed){ secret, id, it.proof.nonce }, code));
}

/* Items in the store, also those that have expired. */
static inline int64_t rows(struct house *h)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int64_t count;

    ck_assert_int_eq(sqlite3_open(house_path(h, "test.db"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM item", -1, &stmt, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    count = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return count;
}

/* --- many at once ----------------------------------------------------------------------------- */

struct racer {
    struct house *house;
    void *arg;
    enum cc_code (*run)(struct house *, struct cc_arena *, void *, struct cc_str *);
    pthread_barrier_t *start;
    enum cc_code verdict;
    struct cc_str result;
    struct cc_arena *arena;
    pthread_t thread;
};

static inline void *race_one(void *arg)
{
    struct racer *racer = arg;

    pthread_barrier_wait(racer->start);
    racer->verdict = racer->run(racer->house, racer->arena, racer->arg, &racer->result);
    return NULL;
}

#define RACERS 64

/* 64 threads call `run` at the same moment. */
static inline void race(struct house *h, struct racer racers[RACERS],
                        enum cc_code (*run)(struct house *, struct cc_arena *, void *,
                                            struct cc_str *),
                        void *arg)
{
    pthread_barrier_t start;

    pthread_barrier_init(&start, NULL, RACERS);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){
            h, arg, run, &start, CC_OK, CC_STR_ABSENT, cc_arena_new(CC_ARENA_CEILING_BYTES), 0
        };
        ck_assert_int_eq(pthread_create(&racers[i].thread, NULL, race_one, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        if (racers[i].result.at)
            racers[i].result = cc_str_copy(h->arena, racers[i].result);
        cc_arena_free(racers[i].arena);
    }
    pthread_barrier_destroy(&start);
}

static inline size_t race_count(const struct racer racers[RACERS], enum cc_code verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < RACERS; i++)
        count += racers[i].verdict == verdict;
    return count;
}

#endif
