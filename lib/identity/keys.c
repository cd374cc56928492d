#define _GNU_SOURCE /* open-file-description locks */
#include "keys.h"

#include "../base/encode.h"
#include "../base/id.h"
#include "../base/limits.h"

#include "secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RSA_BITS 2048
#define FILE_BYTES_MAX ((size_t)16 * 1024)
#define KEYS_MAX 64
#define KID_TIME_DIGITS 13 /* milliseconds: enough until the year 2286 */
#define KID_RANDOM_BYTES 6

/* ENOSPC is told apart: the operator can mend it. */
static enum cc_code fail_errno(struct cc_err *err, const char *what, const char *name)
{
    int error = errno;

    if (error == ENOSPC || error == EDQUOT)
        return cc_fail(err, CC_STORAGE_FULL, NULL, "keys: %s %s: %s", what, name, strerror(error));
    if (error == EACCES || error == EPERM || error == EROFS)
        return cc_fail(err, CC_INVALID, "The folder of keys cannot be used: permission denied.",
                       "keys: %s %s: %s", what, name, strerror(error));
    return cc_fail(err, CC_UNAVAILABLE, NULL, "keys: %s %s: %s", what, name, strerror(error));
}

/* What others can read is no secret: better not to start than to sign with it. */
static enum cc_code check_private(const struct stat *st, const char *name, struct cc_err *err)
{
    if (st->st_mode & (S_IRWXG | S_IRWXO))
        return cc_fail(err, CC_INVALID,
                       "The keys can be read by other users: chmod 700 the folder, 600 each file.",
                       "keys: %s has mode %03o", name, (unsigned)(st->st_mode & 0777));
    return CC_OK;
}

static enum cc_code open_folder(const struct cc_keys_folder *folder, struct cc_arena *arena,
                                int *out, struct cc_err *err)
{
    const char *path = cc_str_z(arena, folder->path);
    struct stat st;
    enum cc_code rc;
    int fd;

    if (!path)
        return cc_fail(err, CC_INVALID, "The folder of keys is not named.", "keys: no path");
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "open", path);
    if (fstat(fd, &st) != 0)
        rc = fail_errno(err, "stat", path);
    else
        rc = check_private(&st, path, err);
    if (rc == CC_OK)
        *out = fd;
    else
        close(fd);
    return rc;
}

/* Who makes or removes keys holds this; who reads them does not need it. Released by close. */
static enum cc_code lock_folder(int dir, int *out, struct cc_err *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
    int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return fail_errno(err, "open", "lock");
    while (fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
        if (errno != EINTR) {
            enum cc_code rc = fail_errno(err, "lock", "lock");

            close(fd);
            return rc;
        }
    }
    *out = fd;
    return CC_OK;
}

static bool write_all(int fd, struct cc_str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.at, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = cc_str_skip(bytes, (size_t)n);
    }
    return true;
}

/* There whole or not at all, also after a power cut. The caller holds the lock. */
static enum cc_code write_file(int dir, const char *name, struct cc_str bytes, struct cc_err *err)
{
    int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written;

    if (fd < 0)
        return fail_errno(err, "create", name);
    written = fchmod(fd, 0600) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
    if (!written || renameat(dir, "new", dir, name) != 0 || fsync(dir) != 0) {
        enum cc_code rc = fail_errno(err, "write", name);

        close(fd);
        unlinkat(dir, "new", 0);
        return rc;
    }
    close(fd);
    return CC_OK;
}

static enum cc_code read_fd(int fd, struct cc_arena *arena, const char *name, struct cc_str *out,
                            struct cc_err *err)
{
    char *at = cc_arena_alloc_secret(arena, FILE_BYTES_MAX + 1);
    size_t len = 0;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail_errno(err, "stat", name);
    if (check_private(&st, name, err) != CC_OK)
        return err->code;
    while (len < FILE_BYTES_MAX) {
        ssize_t n = read(fd, at + len, FILE_BYTES_MAX - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "read", name);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *out = (struct cc_str){ at, len };
    return CC_OK;
}

/* CC_NOT_FOUND leaves err alone. */
static enum cc_code read_file(int dir, struct cc_arena *arena, const char *name, struct cc_str *out,
                              struct cc_err *err)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    enum cc_code rc;

    if (fd < 0 && errno == ENOENT)
        return CC_NOT_FOUND;
    if (fd < 0)
        return fail_errno(err, "open", name);
    rc = read_fd(fd, arena, name, out, err);
    close(fd);
    return rc;
}

/* --- the list ----------------------------------------------------------------------------------
 */

static bool kid_created(struct cc_str kid, int64_t *created_ms)
{
    struct cc_str rest = kid;
    struct cc_str time = cc_str_cut(&rest, '-');

    return time.len == KID_TIME_DIGITS && rest.len > 0 && cc_id_is_wellformed(kid) &&
           cc_str_to_i64(time, 1, INT64_MAX, created_ms);
}

static int by_kid(const void *a, const void *b)
{
    const struct cc_signing_key *x = a, *y = b;

    return cc_str_cmp(x->kid, y->kid);
}

/* Takes `dir` over. */
static enum cc_code read_names(int dir, struct cc_arena *arena, struct cc_signing_keys *out,
                               struct cc_err *err)
{
    DIR *entries = fdopendir(dir);
    struct dirent *entry;

    if (!entries) {
        close(dir);
        return fail_errno(err, "list", ".");
    }
    out->at = CC_NEW_ARRAY(arena, struct cc_signing_key, KEYS_MAX);
    out->count = 0;
    while ((entry = readdir(entries)) != NULL && out->count < KEYS_MAX) {
        struct cc_str name = cc_str_from(entry->d_name);
        struct cc_signing_key key = { .until_ms = INT64_MAX };

        if (!cc_str_ends(name, CC_STR(".pem")))
            continue;
        key.kid = cc_str_copy(arena, cc_str_take(name, name.len - 4));
        if (kid_created(key.kid, &key.created_ms))
            out->at[out->count++] = key;
    }
    closedir(entries);
    return CC_OK;
}

enum cc_code cc_keys_list(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_signing_keys *out, struct cc_err *err)
{
    int64_t overlap_ms = (folder->access_token_s + CC_KEYS_NOTICE_S) * 1000;
    enum cc_code rc;
    int dir = -1;

    rc = open_folder(folder, arena, &dir, err);
    if (rc == CC_OK)
        rc = read_names(dir, arena, out, err);
    if (rc != CC_OK)
        return rc;
    qsort(out->at, out->count, sizeof(out->at[0]), by_kid);
    for (size_t i = 0; i + 1 < out->count; i++)
        out->at[i].until_ms = out->at[i + 1].created_ms + overlap_ms;
    return CC_OK;
}

/* --- making ------------------------------------------------------------------------------------
 */

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
    struct cc_signing_keys keys;
    enum cc_code rc = cc_keys_list(folder, arena, &keys, err);

    if (rc != CC_OK)
        return rc;
    if (keys.count && created_ms <= keys.at[keys.count - 1].created_ms)
        created_ms = keys.at[keys.count - 1].created_ms + 1;
    *kid = cc_str_format(arena, "%0*lld-%.*s", KID_TIME_DIGITS, (long long)created_ms,
                         CC_STR_ARG(cc_id_random(arena, folder->random, KID_RANDOM_BYTES)));
    return CC_OK;
}

static enum cc_code add_key(const struct cc_keys_folder *folder, int dir, struct cc_arena *arena,
                            struct cc_str *kid, struct cc_err *err)
{
    struct cc_str pem;
    enum cc_code rc = generate_pem(arena, &pem, err);

    if (rc == CC_OK)
        rc = next_kid(folder, arena, kid, err);
    if (rc != CC_OK)
        return rc;
    return write_file(dir, cc_str_format(arena, "%.*s.pem", CC_STR_ARG(*kid)).at, pem, err);
}

static enum cc_code add_secret(const struct cc_keys_folder *folder, int dir, struct cc_arena *arena,
                               struct cc_err *err)
{
    char *bytes = cc_arena_alloc_secret(arena, CC_KEYS_SECRET_BYTES);
    char *line = cc_arena_alloc_secret(arena, 2 * CC_KEYS_SECRET_BYTES + 1);
    static const char digits[] = "0123456789abcdef";

    cc_random_fill(folder->random, bytes, CC_KEYS_SECRET_BYTES);
    for (size_t i = 0; i < CC_KEYS_SECRET_BYTES; i++) {
        line[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        line[2 * i + 1] = digits[bytes[i] & 15];
    }
    line[2 * CC_KEYS_SECRET_BYTES] = '\n';
    return write_file(dir, "secret", (struct cc_str){ line, 2 * CC_KEYS_SECRET_BYTES + 1 }, err);
}

/* The caller holds the lock. */
static enum cc_code add_what_is_missing(const struct cc_keys_folder *folder, int dir,
                                        struct cc_arena *arena, struct cc_err *err)
{
    struct cc_signing_keys keys;
    struct cc_str ignored;
    enum cc_code rc;

    if (faccessat(dir, "secret", F_OK, 0) != 0) {
        rc = add_secret(folder, dir, arena, err);
        if (rc != CC_OK)
            return rc;
    }
    rc = cc_keys_list(folder, arena, &keys, err);
    if (rc == CC_OK && keys.count == 0)
        rc = add_key(folder, dir, arena, &ignored, err);
    return rc;
}

static bool is_complete(const struct cc_keys_folder *folder, int dir, struct cc_arena *arena)
{
    struct cc_signing_keys keys;
    struct cc_err ignored = { 0 };

    return faccessat(dir, "secret", F_OK, 0) == 0 &&
           cc_keys_list(folder, arena, &keys, &ignored) == CC_OK && keys.count > 0;
}

static enum cc_code create(const struct cc_keys_folder *folder, struct cc_arena *arena,
                           struct cc_err *err)
{
    const char *path = cc_str_z(arena, folder->path);
    int dir = -1, lock = -1;
    enum cc_code rc;

    if (path && mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail_errno(err, "mkdir", path);
    rc = open_folder(folder, arena, &dir, err);
    if (rc != CC_OK)
        return rc;
    if (!is_complete(folder, dir, arena)) { /* a complete folder may be read-only */
        rc = lock_folder(dir, &lock, err);
        if (rc == CC_OK)
            rc = add_what_is_missing(folder, dir, arena, err);
    }
    if (lock >= 0)
        close(lock);
    close(dir);
    return rc;
}

enum cc_code cc_keys_create(const struct cc_keys_folder *folder, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc = create(folder, arena, err);

    cc_arena_free(arena);
    return rc;
}

static enum cc_code remove_invalid(const struct cc_keys_folder *folder, int dir,
                                   struct cc_arena *arena, struct cc_err *err)
{
    int64_t now_ms = cc_clock_wall_ms(folder->clock);
    struct cc_signing_keys keys;
    enum cc_code rc = cc_keys_list(folder, arena, &keys, err);

    for (size_t i = 0; i < keys.count && rc == CC_OK; i++) {
        const char *name = cc_str_format(arena, "%.*s.pem", CC_STR_ARG(keys.at[i].kid)).at;

        if (keys.at[i].until_ms <= now_ms && unlinkat(dir, name, 0) != 0 && errno != ENOENT)
            rc = fail_errno(err, "remove", name);
    }
    return rc;
}

enum cc_code cc_keys_rotate(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *kid, struct cc_err *err)
{
    int dir = -1, lock = -1;
    enum cc_code rc = open_folder(folder, arena, &dir, err);

    if (rc != CC_OK)
        return rc;
    rc = lock_folder(dir, &lock, err);
    if (rc == CC_OK)
        rc = add_key(folder, dir, arena, kid, err);
    if (rc == CC_OK)
        rc = remove_invalid(folder, dir, arena, err);
    if (lock >= 0)
        close(lock);
    close(dir);
    return rc;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static enum cc_code read_named(const struct cc_keys_folder *folder, struct cc_arena *arena,
                               const char *name, struct cc_str *out, struct cc_err *err)
{
    int dir = -1;
    enum cc_code rc = open_folder(folder, arena, &dir, err);

    if (rc != CC_OK)
        return rc;
    rc = read_file(dir, arena, name, out, err);
    close(dir);
    return rc;
}

enum cc_code cc_keys_read(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_str kid, struct cc_str *pem, struct cc_err *err)
{
    const char *name = cc_str_format(arena, "%.*s.pem", CC_STR_ARG(kid)).at;
    enum cc_code rc = read_named(folder, arena, name, pem, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "keys: %s has gone", name);
    return rc;
}

enum cc_code cc_keys_secret(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *secret, struct cc_err *err)
{
    struct cc_str text, bytes;
    enum cc_code rc = read_named(folder, arena, "secret", &text, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_INVALID, "The folder of keys has no server key.",
                       "keys: secret is missing");
    if (rc != CC_OK)
        return rc;
    if (cc_str_ends(text, CC_STR("\n")))
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
