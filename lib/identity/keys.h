/* identity/keys.h - the folder of keys, as files that several hosts may share: `secret` (the server
 * key of codes, refresh tokens and hashed names) and `<kid>.pem` for each signing key. The newest
 * signs. An older one stays published and valid until the last token that it signed has expired.
 *
 * When a key was made is part of its name, so that copying the folder changes nothing. */
#ifndef CC_IDENTITY_KEYS_H
#define CC_IDENTITY_KEYS_H

#include "../base/arena.h"
#include "../base/clock.h"
#include "../base/finding.h"
#include "../base/random.h"
#include "../base/str.h"

/* How late a running worker may notice a new key: so long it may still sign with the old one. */
#define CC_KEYS_NOTICE_S 60
#define CC_KEYS_SECRET_BYTES 32

struct cc_keys_folder {
    struct cc_str path;     /* 0700; each file in it 0600 */
    int64_t access_token_s; /* how long a token that an older key signed can still be valid */
    const struct cc_clock *clock;
    const struct cc_random *random;
};

struct cc_signing_key {
    struct cc_str kid;
    int64_t created_ms;
    int64_t until_ms; /* not valid from then on; INT64_MAX for the current key */
};

struct cc_signing_keys {
    struct cc_signing_key *at; /* the oldest first: the last one is current */
    size_t count;
};

/* Makes the folder, the secret and a first signing key where there are none; several processes may
 * do so at once. CC_INVALID: others may read the folder; the detail says what to do.
 * CC_STORAGE_FULL, CC_UNAVAILABLE. */
enum cc_code cc_keys_create(const struct cc_keys_folder *folder, struct cc_err *err) CC_NODISCARD;

/* Makes a new current key and deletes those that are not valid any more. `kid` of the new one lives
 * in the arena. Running workers notice within CC_KEYS_NOTICE_S; nobody is signed out. */
enum cc_code cc_keys_rotate(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *kid, struct cc_err *err) CC_NODISCARD;

/* All keys in the folder, also those that are not valid any more. */
enum cc_code cc_keys_list(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_signing_keys *out, struct cc_err *err) CC_NODISCARD;

/* The PEM of one private key, wiped with the arena. CC_INVALID: others may read it. */
enum cc_code cc_keys_read(const struct cc_keys_folder *folder, struct cc_arena *arena,
                          struct cc_str kid, struct cc_str *pem, struct cc_err *err) CC_NODISCARD;

/* The server key: CC_KEYS_SECRET_BYTES, wiped with the arena. */
enum cc_code cc_keys_secret(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_str *secret, struct cc_err *err) CC_NODISCARD;

/* Looks over the folder and each key in it, and makes nothing. For `cloudchat doctor`. */
void cc_keys_examine(const struct cc_keys_folder *folder, struct cc_findings *to);

/* --- for a backup ------------------------------------------------------------------------------
 *
 * All files of keys, and the bytes of one (wiped with the arena). */
enum cc_code cc_keys_files(const struct cc_keys_folder *folder, struct cc_arena *arena,
                           struct cc_strs *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_keys_file_read(const struct cc_keys_folder *folder, struct cc_arena *arena,
                               struct cc_str name, struct cc_str *out,
                               struct cc_err *err) CC_NODISCARD;

/* Puts such a file back. A signing key is there at once, beside those that are. Another server key
 * than the present one would end every session of the present store: it waits for the history of
 * the store that has this name. CC_INVALID: not the name of such a file. CC_CONFLICT: another key
 * has that name. CC_STORAGE_FULL, CC_UNAVAILABLE. */
enum cc_code cc_keys_file_put_back(const struct cc_keys_folder *folder, struct cc_str epoch,
                                   struct cc_str name, struct cc_str bytes,
                                   struct cc_err *err) CC_NODISCARD;

/* The server key that waits for this history comes into use. The one before it is kept beside it.
 * CC_OK also if none waits; several processes may do so at once. CC_UNAVAILABLE. */
enum cc_code cc_keys_adopt(const struct cc_keys_folder *folder, struct cc_str epoch,
                           struct cc_err *err) CC_NODISCARD;

#endif
