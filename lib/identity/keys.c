#include "keys.h"

#include "../base/encode.h"
#include "../base/file.h"
#include "../base/id.h"
#include "../base/limits.h"

#include "secret.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RSA_BITS 2048
#define SECRET "secret"
#define FILE_BYTES_MAX ((size_t)16 * 1024)
#define KEYS_MAX 64
#define KID_TIME_DIGITS 13 /* milliseconds: enough until the year 2286 */
#define KID_RANDOM_BYTES 6

static const char *path_of(const struct cc_keys_folder *folder, struct cc_arena *arena,
                           struct cc_str name)
{
    return cc_str_format(arena, "%.*s/%.*s", CC_STR_ARG(folder->path), CC_STR_ARG(name)).at;
}

static const char *path_of_key(const struct cc_keys_folder *folder, struct cc_arena *arena,
                               struct cc_str kid)
{
    return cc_str_format(arena, "%.*s/%.*s.pem", CC_STR_ARG(folder->path), CC_STR_ARG(kid)).at;
}

static bool is_there(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0;
}

/* What others can read is no secret: better not to start than to sign with it. */
static enum cc_code check_private(const char *path, struct cc_err *err)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "stat %s: %m", path);
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return cc_fail(err, CC_INVALID,
                       "The keys can be read by other users: chmod 700 the folder, 600 each file.",
                       "%s has mode %03o", path, (unsigned)(about.st_mode & 0777));
    return CC_OK;
}

static enum cc_code read_private(const char *path, struct cc_arena *arena, struct cc_str *out,
                                 struct cc_err *err)
{
    enum cc_code rc = check_private(path, err);

    if (rc == CC_OK)
        rc = cc_file_read(arena, path, FILE_BYTES_MAX, out, err);
    if (rc == CC_OK)
        cc_secret_wipe_later(arena, *out);
    return rc;
}

/* --- the list ------------------------------------------------------------------------------- */

/* "<time>-<random>.pem"; other names are not ours. */
static bool key_of_name(struct cc_arena *arena, struct cc_str name, struct cc_signing_key *out)
{
    struct cc_str kid = cc_str_take(name, name.len > 4 ? name.len - 4 : 0);
    struct cc_str rest = kid;
    struct cc_str time = cc_str_cut(&rest, '-');

    if (!cc_str_ends(name, CC_STR(".pem")) || !cc_id_is_wellformed(kid) || rest.len == 0 ||
        time.len != KID_TIME_DIGITS || !cc_str_to_i64(time, 1, INT64_MAX, &out->created_ms))
        return false;
    out->kid = cc_str_copy(arena, kid);
    out->until_ms = INT64_MAX;
    return true;
}

static int by_kid(const void *a, const void *b)
{
    const struct cc_signing_key *x = a, *y = b;

    return cc_str_cmp(x->kid, y->kid);
}

enum cc_code cc_keys_list(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_signing_keys *out, struct cc_err *err)
{
    int64_t overlap_ms = (folder->access_token_s + CC_KEYS_NOTICE_S) * 1000;
    const char *path = cc_str_z(arena, folder->path);
    DIR *dir = path ? opendir(path) : NULL;
    struct dirent *entry;

    if (!dir)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "opendir %s: %m", path ? path : "(none)");
    out->at = CC_NEW_ARRAY(arena, struct cc_signing_key, KEYS_MAX + 1);
    out->count = 0;
    while ((entry = readdir(dir)) != NULL && out->count <= KEYS_MAX)
        if (key_of_name(arena, cc_str_from(entry->d_name), &out->at[out->count]))
            out->count++;
    closedir(dir);
    if (out->count > KEYS_MAX)
        return cc_fail(err, CC_INVALID, "There are too many signing keys: rotate less often.",
                       "%s holds more than %d keys", path, KEYS_MAX);
    qsort(out->at, out->count, sizeof(out->at[0]), by_kid);
    for (size_t i = 0; i + 1 < out->count; i++)
        out->at[i].until_ms = out->at[i + 1].created_ms + overlap_ms;
    return CC_OK;
}

/* --- making --------------------------------------------------------------------------------- */

static struct cc_str bio_bytes(struct cc_arena *arena, BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    char *at = cc_arena_alloc_secret(arena, (size_t)len);

    memcpy(at, data, (size_t)len);
    return (struct cc_str){ at, (size_t)len };
}

static enum cc_code generate_pem(struct cc_arena *arena, struct cc_str *out, struct cc_err *err)
{
    EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
    BIO *bio = BIO_new(BIO_s_secmem());
    bool made = key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

    if (made)
        *out = bio_bytes(arena, bio);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return made ? CC_OK : cc_fail(err, CC_INTERNAL, NULL, "keys: no RSA key could be made");
}

/* The newest key is current, also when the clock was set back since the last one was made. */
static enum cc_code next_kid(const struct cc_keys_folder *folder, struct cc_arena *arena,
                             struct cc_str *kid, struct cc_err *err)
{
    int64_t created_ms = cc_clock_wall_ms(folder->clock);
    struct cc_signing_keys keys = { NULL, 0 };
    enum cc_code rc = cc_keys_list(folder, arena, &keys, err);

    if (rc != CC_OK)
        return rc;
    if (keys.count && created_ms <= keys.at[keys.count - 1].created_ms)
        created_ms = keys.at[keys.count - 1].created_ms + 1;
    *kid = cc_str_format(arena, "%0*lld-%.*s", KID_TIME_DIGITS, (long long)created_ms,
                         CC_STR_ARG(cc_id_random(arena, folder->random, KID_RANDOM_BYTES)));
    return CC_OK;
}

static enum cc_code add_key(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *kid, struct cc_err *err)
{
    struct cc_str pem = CC_STR_ABSENT;
    enum cc_code rc = generate_pem(arena, &pem, err);

    if (rc == CC_OK)
        rc = next_kid(folder, arena, kid, err);
    if (rc == CC_OK)
        rc = cc_file_create(path_of_key(folder, arena, *kid), pem, 0600, err);
    return rc;
}

/* Two processes that start at once agree on the one that was first. */
static enum cc_code add_secret(const struct cc_keys_folder *folder, const char *path,
                               struct cc_arena *arena, struct cc_err *err)
{
    char *bytes = cc_arena_alloc_secret(arena, CC_KEYS_SECRET_BYTES);
    struct cc_err raced = { 0 };
    struct cc_str text;
    enum cc_code rc;

    cc_random_fill(folder->random, bytes, CC_KEYS_SECRET_BYTES);
    text = cc_hex_encode(arena, (struct cc_str){ bytes, CC_KEYS_SECRET_BYTES });
    cc_secret_wipe_later(arena, text);
    rc = cc_file_create(path, text, 0600, &raced);
    if (rc == CC_OK || rc == CC_EXISTS)
        return CC_OK;
    *err = raced;
    return rc;
}

static enum cc_code create(const struct cc_keys_folder *folder, struct cc_arena *arena,
                           struct cc_err *err)
{
    const char *path = cc_str_z(arena, folder->path);
    const char *secret = path_of(folder, arena, CC_STR(SECRET));
    struct cc_signing_keys keys = { NULL, 0 };
    struct cc_str kid;
    enum cc_code rc;

    if (!path || path[0] == '\0')
        return cc_fail(err, CC_INVALID, "The folder of keys is not named.", "keys: no path");
    rc = is_there(path) ? CC_OK : cc_dir_make(path, 0700, err);
    if (rc == CC_OK)
        rc = check_private(path, err);
    if (rc == CC_OK && !is_there(secret))
        rc = add_secret(folder, secret, arena, err);
    if (rc == CC_OK)
        rc = cc_keys_list(folder, arena, &keys, err);
    if (rc == CC_OK && keys.count == 0)
        rc = add_key(folder, arena, &kid, err);
    return rc;
}

enum cc_code cc_keys_create(const struct cc_keys_folder *folder, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc = create(folder, arena, err);

    cc_arena_free(arena);
    return rc;
}

enum cc_code cc_keys_rotate(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *kid, struct cc_err *err)
{
    int64_t now_ms = cc_clock_wall_ms(folder->clock);
    struct cc_signing_keys keys = { NULL, 0 };
    enum cc_code rc = add_key(folder, arena, kid, err);

    if (rc == CC_OK)
        rc = cc_keys_list(folder, arena, &keys, err);
    for (size_t i = 0; rc == CC_OK && i < keys.count; i++)
        if (keys.at[i].until_ms <= now_ms)
            rc = cc_file_remove(path_of_key(folder, arena, keys.at[i].kid), err);
    return rc;
}

/* --- reading -------------------------------------------------------------------------------- */

enum cc_code cc_keys_read(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_str kid, struct cc_str *pem, struct cc_err *err)
{
    return read_private(path_of_key(folder, arena, kid), arena, pem, err);
}

enum cc_code cc_keys_secret(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *secret, struct cc_err *err)
{
    struct cc_str text, bytes;
    enum cc_code rc = read_private(path_of(folder, arena, CC_STR(SECRET)), arena, &text, err);

    if (rc != CC_OK)
        return rc;
    if (cc_str_ends(text, CC_STR("\n"))) /* written by hand */
        text.len--;
    bytes = cc_hex_decode(arena, text);
    if (!bytes.at || bytes.len != CC_KEYS_SECRET_BYTES)
        return cc_fail(err, CC_INVALID,
                       "The server key is damaged: 64 hexadecimal digits expected.",
                       "keys: secret is not %d bytes in hexadecimal", CC_KEYS_SECRET_BYTES);
    cc_secret_wipe_later(arena, bytes);
    *secret = bytes;
    return CC_OK;
}

/* --- for a backup --------------------------------------------------------------------------- */

enum cc_code cc_keys_files(const struct cc_keys_folder *folder, struct cc_arena *arena,
                           struct cc_strs *out, struct cc_err *err)
{
    struct cc_signing_keys keys;
    struct cc_str *names;
    enum cc_code rc = cc_keys_list(folder, arena, &keys, err);

    if (rc != CC_OK)
        return rc;
    names = CC_NEW_ARRAY(arena, struct cc_str, keys.count + 1);
    names[0] = CC_STR(SECRET);
    for (size_t i = 0; i < keys.count; i++)
        names[i + 1] = cc_str_format(arena, "%.*s.pem", CC_STR_ARG(keys.at[i].kid));
    *out = (struct cc_strs){ names, keys.count + 1 };
    return CC_OK;
}

enum cc_code cc_keys_file_read(const struct cc_keys_folder *folder, struct cc_arena *arena,
                               struct cc_str name, struct cc_str *out, struct cc_err *err)
{
    return read_private(path_of(folder, arena, name), arena, out, err);
}

static const char *path_waiting(const struct cc_keys_folder *folder, struct cc_arena *arena,
                                struct cc_str epoch)
{
    return path_of(folder, arena, cc_str_format(arena, SECRET ".%.*s", CC_STR_ARG(epoch)));
}

/* Where a file goes. CC_EXISTS: it is there already, with these bytes. */
static enum cc_code find_place(const struct cc_keys_folder *folder, struct cc_arena *arena,
                               struct cc_str name, struct cc_str bytes, struct cc_err *err)
{
    const char *path = path_of(folder, arena, name);
    struct cc_signing_key ignored;
    struct cc_str present;
    enum cc_code rc;

    if (!cc_str_eq(name, CC_STR(SECRET)) && !key_of_name(arena, name, &ignored))
        return cc_fail(err, CC_INVALID, "The backup holds a key of another kind.",
                       "keys: not a name of ours: %.*s", CC_STR_ARG(name));
    if (!is_there(path))
        return CC_OK;
    rc = read_private(path, arena, &present, err);
    if (rc != CC_OK)
        return rc;
    if (cc_str_eq_secret(present, bytes))
        return CC_EXISTS;
    if (cc_str_eq(name, CC_STR(SECRET)))
        return CC_OK;
    return cc_fail(err, CC_CONFLICT, "Another signing key has the name of one of the backup.",
                   "keys: move %s away", path);
}

static enum cc_code put_back(const struct cc_keys_folder *folder, struct cc_arena *arena,
                             struct cc_str epoch, struct cc_str name, struct cc_str bytes,
                             struct cc_err *err)
{
    enum cc_code rc = cc_dir_make(cc_str_z(arena, folder->path), 0700, err);

    if (rc == CC_OK)
        rc = find_place(folder, arena, name, bytes, err);
    if (rc != CC_OK)
        return rc == CC_EXISTS ? CC_OK : rc;
    if (cc_str_eq(name, CC_STR(SECRET)))
        return cc_file_write(path_waiting(folder, arena, epoch), bytes, 0600, err);
    return cc_file_create(path_of(folder, arena, name), bytes, 0600, err);
}

enum cc_code cc_keys_file_put_back(const struct cc_keys_folder *folder, struct cc_str epoch,
                                   struct cc_str name, struct cc_str bytes, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc = put_back(folder, arena, epoch, name, bytes, err);

    cc_arena_free(arena);
    return rc;
}

/* Another process may be doing the same: what is gone has been done. */
static enum cc_code adopt(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_str epoch, struct cc_err *err)
{
    const char *waiting = path_waiting(folder, arena, epoch);
    const char *secret = path_of(folder, arena, CC_STR(SECRET));
    const char *before =
        path_of(folder, arena, cc_str_format(arena, SECRET ".before-%.*s", CC_STR_ARG(epoch)));

    if (!is_there(waiting))
        return CC_OK;
    if (link(secret, before) != 0 && errno != ENOENT && errno != EEXIST)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "keys: link %s: %m", before);
    if (rename(waiting, secret) != 0 && errno != ENOENT)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "keys: rename %s: %m", waiting);
    return cc_dir_sync(cc_str_z(arena, folder->path), err);
}

enum cc_code cc_keys_adopt(const struct cc_keys_folder *folder, struct cc_str epoch,
                           struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    enum cc_code rc = adopt(folder, arena, epoch, err);

    cc_arena_free(arena);
    return rc;
}
