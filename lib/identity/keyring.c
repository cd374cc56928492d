#include "keyring.h"

#include "jwks.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define MODULUS_BYTES_MAX 1024
#define SET_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* How often the folder is looked at: when all is well, and when an unknown key was named. */
#define LOOK_MS 5000
#define LOOK_UNKNOWN_MS 1000

struct key {
    struct cc_str kid;
    int64_t until_ms;
    struct cc_str private_pem, public_pem;
    EVP_PKEY *pkey;     /* of the set's arena */
    struct cc_str n, e; /* big-endian */
};

struct set {
    struct cc_arena *arena;
    struct key *at;
    size_t count;
};

struct cc_keyring {
    struct cc_token_keys base;
    struct cc_arena *arena;
    const struct cc_keys_folder *folder;
    const struct cc_log *log;
    pthread_mutex_t mutex; /* for all below */
    struct set set;
    uint64_t generation;
    int64_t looked_ms;
    bool is_blind; /* the last look failed */
};

/* --- reading one key -------------------------------------------------------------------------- */

/* A server must not ask for a passphrase on its terminal. */
static int no_passphrase(char *out, int size, int is_writing, void *unused)
{
    (void)out, (void)size, (void)is_writing, (void)unused;
    return 0;
}

static EVP_PKEY *parse_private(struct cc_str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static struct cc_str number(struct cc_arena *arena, const EVP_PKEY *key, const char *name)
{
    unsigned char bytes[MODULUS_BYTES_MAX];
    struct cc_str out = CC_STR_ABSENT;
    BIGNUM *value = NULL;

    if (EVP_PKEY_get_bn_param(key, name, &value) == 1 && BN_num_bytes(value) <= MODULUS_BYTES_MAX) {
        size_t len = (size_t)BN_bn2bin(value, bytes);

        out = cc_str_copy(arena, (struct cc_str){ (const char *)bytes, len });
    }
    BN_free(value);
    return out;
}

static bool describe(struct cc_arena *arena, struct key *out)
{
    if (!EVP_PKEY_is_a(out->pkey, "RSA") || EVP_PKEY_get_bits(out->pkey) < RSA_BITS_MIN)
        return false;
    out->public_pem = cc_token_key_pem(arena, out->pkey);
    out->n = number(arena, out->pkey, OSSL_PKEY_PARAM_RSA_N);
    out->e = number(arena, out->pkey, OSSL_PKEY_PARAM_RSA_E);
    return out->public_pem.at && out->n.at && out->e.at;
}

static void free_key(void *pkey)
{
    EVP_PKEY_free(pkey);
}

static enum cc_code read_key(const struct cc_keys_folder *folder, struct cc_arena *arena,
                             const struct cc_signing_key *named, struct key *out,
                             struct cc_err *err)
{
    enum cc_code rc = cc_keys_read(folder, arena, named->kid, &out->private_pem, err);

    if (rc != CC_OK)
        return rc;
    out->kid = named->kid;
    out->until_ms = named->until_ms;
    out->pkey = parse_private(out->private_pem);
    cc_arena_defer(arena, free_key, out->pkey);
    if (!out->pkey || !describe(arena, out))
        return cc_fail(err, CC_INVALID, "A signing key is damaged.",
                       "keys: %.*s.pem is not an RSA key of at least %d bits without a passphrase",
                       CC_STR_ARG(named->kid), RSA_BITS_MIN);
    return CC_OK;
}

/* --- the set ---------------------------------------------------------------------------------- */

static enum cc_code fill_set(const struct cc_keys_folder *folder, struct set *set,
                             struct cc_err *err)
{
    struct cc_signing_keys names;
    enum cc_code rc = cc_keys_list(folder, set->arena, &names, err);

    if (rc == CC_OK && names.count == 0)
        return cc_fail(err, CC_INVALID, "The folder of keys has no signing key.",
                       "keys: no key in the folder");
    if (rc != CC_OK)
        return rc;
    set->at = CC_NEW_ARRAY(set->arena, struct key, names.count);
    for (size_t i = 0; i < names.count && rc == CC_OK; i++)
        rc = read_key(folder, set->arena, &names.at[i], &set->at[i], err);
    set->count = names.count;
    return rc;
}

static enum cc_code read_set(const struct cc_keys_folder *folder, struct set *out,
                             struct cc_err *err)
{
    struct set set = { .arena = cc_arena_new(SET_BYTES_MAX) };
    enum cc_code rc = fill_set(folder, &set, err);

    if (rc == CC_OK)
        *out = set;
    else
        cc_arena_free(set.arena);
    return rc;
}

static bool has_names(const struct set *set, const struct cc_signing_keys *names)
{
    if (set->count != names->count)
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (!cc_str_eq(set->at[i].kid, names->at[i].kid))
            return false;
    return true;
}

static void replace_set(struct cc_keyring *ring, struct cc_err *err)
{
    struct set set;

    if (read_set(ring->folder, &set, err) != CC_OK)
        return;
    cc_arena_free(ring->set.arena);
    ring->set = set;
    ring->generation++;
    cc_log_info(ring->log, "signing keys changed", CC_LOG_I64("keys", (int64_t)set.count));
}

/* The names are compared, not the folder's time: a key added within one tick of the file system's
 * clock would else go unnoticed. What cannot be read leaves us with the keys that we have. */
static void look(struct cc_keyring *ring, int64_t interval_ms)
{
    int64_t now_ms = cc_clock_mono_ms(ring->folder->clock);
    struct cc_signing_keys names;
    struct cc_err err = { 0 };
    struct cc_arena *scratch;

    if (now_ms - ring->looked_ms < interval_ms)
        return;
    ring->looked_ms = now_ms;
    scratch = cc_arena_new(SET_BYTES_MAX);
    if (cc_keys_list(ring->folder, scratch, &names, &err) == CC_OK &&
        !has_names(&ring->set, &names))
        replace_set(ring, &err);
    ring->is_blind = err.code != CC_OK;
    if (ring->is_blind)
        cc_log_warn(ring->log, "signing keys not read", CC_LOG_Z("cause", err.cause));
    cc_arena_free(scratch);
}

/* --- asking ----------------------------------------------------------------------------------- */

static struct cc_str copy_secret(struct cc_arena *arena, struct cc_str s)
{
    char *at = cc_arena_alloc_secret(arena, s.len + 1);

    memcpy(at, s.at, s.len);
    return (struct cc_str){ at, s.len };
}

void cc_keyring_current(struct cc_keyring *ring, struct cc_arena *arena, struct cc_token_key *out)
{
    const struct key *key;

    pthread_mutex_lock(&ring->mutex);
    look(ring, LOOK_MS);
    key = &ring->set.at[ring->set.count - 1];
    cc_token_key_lend(arena, key->kid, key->pkey, out);
    out->pem = copy_secret(arena, key->private_pem);
    pthread_mutex_unlock(&ring->mutex);
}

static const struct key *find(const struct set *set, struct cc_str kid, int64_t now_ms)
{
    for (size_t i = 0; i < set->count; i++)
        if (cc_str_eq(set->at[i].kid, kid))
            return set->at[i].until_ms > now_ms ? &set->at[i] : NULL;
    return NULL;
}

static struct cc_keyring *ring_of(struct cc_token_keys *keys)
{
    return (struct cc_keyring *)keys;
}

static enum cc_code find_public(struct cc_token_keys *keys, struct cc_arena *arena,
                                struct cc_str kid, struct cc_token_key *out, struct cc_err *err)
{
    struct cc_keyring *ring = ring_of(keys);
    int64_t now_ms = cc_clock_wall_ms(ring->folder->clock);
    const struct key *key;
    enum cc_code rc = CC_OK;

    pthread_mutex_lock(&ring->mutex);
    look(ring, LOOK_MS);
    key = find(&ring->set, kid, now_ms);
    if (!key) {
        look(ring, LOOK_UNKNOWN_MS);
        key = find(&ring->set, kid, now_ms);
    }
    if (key) {
        cc_token_key_lend(arena, key->kid, key->pkey, out);
        out->pem = cc_str_copy(arena, key->public_pem);
    } else {
        rc = cc_fail(err, ring->is_blind ? CC_UNAVAILABLE : CC_UNAUTHORIZED, NULL,
                     "keys: kid is unknown");
    }
    pthread_mutex_unlock(&ring->mutex);
    return rc;
}

static uint64_t generation_of(struct cc_token_keys *keys)
{
    struct cc_keyring *ring = ring_of(keys);
    uint64_t generation;

    pthread_mutex_lock(&ring->mutex);
    look(ring, LOOK_MS);
    generation = ring->generation;
    pthread_mutex_unlock(&ring->mutex);
    return generation;
}

static const struct cc_token_keys_ops keyring_ops = { find_public, generation_of };

struct cc_token_keys *cc_keyring_public(struct cc_keyring *ring)
{
    return &ring->base;
}

/* The current key first. */
static struct cc_jwk *valid_keys(const struct set *set, struct cc_arena *arena, int64_t now_ms,
                                 size_t *count)
{
    struct cc_jwk *keys = CC_NEW_ARRAY(arena, struct cc_jwk, set->count);

    *count = 0;
    for (size_t i = set->count; i-- > 0;) {
        const struct key *key = &set->at[i];

        if (key->until_ms > now_ms)
            keys[(*count)++] = (struct cc_jwk){ .kid = key->kid, .n = key->n, .e = key->e };
    }
    return keys;
}

void cc_keyring_jwks(struct cc_keyring *ring, struct cc_arena *arena, struct cc_jwks *out)
{
    int64_t now_ms = cc_clock_wall_ms(ring->folder->clock);
    struct cc_jwk *keys;
    size_t count;

    pthread_mutex_lock(&ring->mutex);
    look(ring, LOOK_MS);
    keys = valid_keys(&ring->set, arena, now_ms, &count);
    cc_jwks_write(arena, keys, count, out);
    pthread_mutex_unlock(&ring->mutex);
}

/* --- opening ---------------------------------------------------------------------------------- */

enum cc_code cc_keyring_open(const struct cc_keys_folder *folder, const struct cc_log *log,
                             struct cc_keyring **out, struct cc_err *err)
{
    struct set set;
    enum cc_code rc = read_set(folder, &set, err);
    struct cc_arena *arena;
    struct cc_keyring *ring;

    if (rc != CC_OK)
        return rc;
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    ring = CC_NEW(arena, struct cc_keyring);
    ring->base.ops = &keyring_ops;
    ring->arena = arena;
    ring->folder = folder;
    ring->log = log;
    ring->set = set;
    ring->looked_ms = cc_clock_mono_ms(folder->clock);
    pthread_mutex_init(&ring->mutex, NULL);
    *out = ring;
    return CC_OK;
}

void cc_keyring_close(struct cc_keyring *ring)
{
    if (!ring)
        return;
    pthread_mutex_destroy(&ring->mutex);
    cc_arena_free(ring->set.arena);
    cc_arena_free(ring->arena);
}
