#define _GNU_SOURCE /* gettid */
#include "password.h"

#include "secret.h"

#include "../base/text.h"

#include <argon2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SALT_BYTES 16
#define HASH_BYTES 32
#define LANES 1
#define PHC_BYTES_MAX 256

/* A hash of nothing: its salt and its digest are 'A's, that is zeroes. */
#define NOBODYS "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct cc_str cc_password_normal(struct cc_arena *arena, struct cc_str password)
{
    struct cc_str normal = cc_text_nfc(arena, password);

    if (normal.at != password.at) /* else it is the caller's, and his to wipe */
        cc_secret_wipe_later(arena, normal);
    return normal;
}

/* What leads every list of stolen passwords and is long enough to pass. A longer list belongs to an
 * operator who wants one. */
static const char *const too_common[] = {
    "password", "password1", "passw0rd", "12345678", "123456789",  "1234567890",
    "87654321", "11111111",  "00000000", "qwertyui", "qwertyuiop", "qwerty123",
    "1q2w3e4r", "iloveyou",  "sunshine", "princess", "football",   "baseball",
    "superman", "letmein1",  "abcd1234", "abcdefgh", "asdfghjkl",  "zaq12wsx",
};

static bool is_common(struct cc_str password)
{
    for (size_t i = 0; i < CC_COUNT(too_common); i++)
        if (cc_str_eq_nocase(password, cc_str_from(too_common[i])))
            return true;
    return false;
}

/* With or without the '+' of a number. */
static bool is_login(struct cc_str password, struct cc_str login)
{
    return login.len > 1 && (cc_str_eq_nocase(password, login) ||
                             (login.at[0] == '+' && cc_str_eq(password, cc_str_skip(login, 1))));
}

enum cc_code cc_password_check(const struct cc_password_rules *rules, struct cc_str password,
                               struct cc_str login, struct cc_err *err)
{
    int64_t length = (int64_t)cc_text_length(password);
    char detail[96];

    if (length < rules->min || length > rules->max) {
        snprintf(detail, sizeof(detail), "A password has %lld to %lld characters.",
                 (long long)rules->min, (long long)rules->max);
        return cc_fail_field(err, "/password", detail);
    }
    if (cc_text_is_blank(password))
        return cc_fail_field(err, "/password", "A password is not only blanks.");
    if (is_login(password, login))
        return cc_fail_field(err, "/password", "Your own number or address is no password.");
    if (is_common(password))
        return cc_fail_field(err, "/password", "This is one of the first that anybody tries.");
    return CC_OK;
}

/* --- hashing ---------------------------------------------------------------------------------- */

/* It fills a core for tens of milliseconds: whoever sends a message meanwhile goes first. The
 * kernel gives it a tenth of a core that others want, so that under full load it takes some hundred
 * milliseconds, and where a core is idle no longer than ever. */
#define NICE 10

struct hashing {
    const struct cc_hasher *hasher;
    struct cc_str password;
    const char *verify;          /* the hash that it should have; NULL: make one, */
    unsigned char *salt;         /* with this salt, */
    char encoded[PHC_BYTES_MAX]; /* into this */
    int code;                    /* argon2's */
};

static void *hash(void *arg)
{
    struct hashing *h = arg;
    const struct cc_hasher *hasher = h->hasher;
    const id_t self = (id_t)gettid();

    setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + NICE); /* 19 at most */
    if (h->verify)
        h->code = argon2id_verify(h->verify, h->password.at, h->password.len);
    else
        h->code = argon2id_hash_encoded((uint32_t)hasher->passes, (uint32_t)hasher->memory_kib,
                                        LANES, h->password.at, h->password.len, h->salt, SALT_BYTES,
                                        HASH_BYTES, h->encoded, sizeof(h->encoded));
    return NULL;
}

/* On a thread of its own, that ends with it: without privilege none gets its priority back. */
static enum cc_code hash_apart(struct hashing *h, struct cc_err *err)
{
    sigset_t all, before;
    pthread_t thread;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, NULL, hash, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "password: pthread_create: %s", strerror(failed));
    pthread_join(thread, NULL);
    return CC_OK;
}

static enum cc_code hash_in_turn(struct hashing *h, struct cc_err *err)
{
    int pass;
    enum cc_code rc = cc_gate_enter(&h->hasher->gate, &pass, err);

    if (rc != CC_OK)
        return rc;
    rc = hash_apart(h, err);
    cc_gate_leave(pass);
    if (rc != CC_OK || h->code == ARGON2_OK || h->code == ARGON2_VERIFY_MISMATCH)
        return rc;
    return cc_fail(err, h->code == ARGON2_MEMORY_ALLOCATION_ERROR ? CC_UNAVAILABLE : CC_INTERNAL,
                   NULL, "argon2: %s", argon2_error_message(h->code));
}

enum cc_code cc_password_hash(const struct cc_hasher *hasher, struct cc_arena *arena,
                              struct cc_str password, struct cc_str *phc, struct cc_err *err)
{
    unsigned char salt[SALT_BYTES];
    struct hashing h = { .hasher = hasher, .password = password, .salt = salt };
    enum cc_code rc;

    cc_random_fill(hasher->random, salt, sizeof(salt));
    rc = hash_in_turn(&h, err);
    if (rc == CC_OK)
        *phc = cc_str_copy(arena, cc_str_from(h.encoded));
    return rc;
}

static struct cc_str parameters(const struct cc_hasher *hasher, char out[PHC_BYTES_MAX])
{
    snprintf(out, PHC_BYTES_MAX, "$argon2id$v=%d$m=%lld,t=%lld,p=%d$", ARGON2_VERSION_NUMBER,
             (long long)hasher->memory_kib, (long long)hasher->passes, LANES);
    return cc_str_from(out);
}

bool cc_password_is_current(const struct cc_hasher *hasher, struct cc_str phc)
{
    char prefix[PHC_BYTES_MAX];

    return cc_str_starts(phc, parameters(hasher, prefix));
}

enum cc_code cc_password_verify(const struct cc_hasher *hasher, struct cc_arena *arena,
                                struct cc_str password, struct cc_str phc, bool *matches,
                                struct cc_err *err)
{
    char prefix[PHC_BYTES_MAX];
    const char *known = cc_str_z(arena, phc);
    struct hashing h = { .hasher = hasher, .password = password };
    enum cc_code rc;

    h.verify = known ? known : CC_JOIN(arena, parameters(hasher, prefix), CC_STR(NOBODYS)).at;
    rc = hash_in_turn(&h, err);
    if (rc == CC_OK)
        *matches = h.code == ARGON2_OK && phc.at != NULL;
    return rc;
}
