#include "token_keys.h"

#include "../base/die.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

bool cc_token_kid_is_wellformed(struct cc_str kid)
{
    if (kid.len < 1 || kid.len > CC_TOKEN_KID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < kid.len; i++) {
        if (kid.at[i] <= ' ' || kid.at[i] > '~')
            return false;
    }
    return true;
}

enum cc_code cc_token_keys_find(struct cc_token_keys *keys, struct cc_arena *arena,
                                struct cc_str kid, struct cc_token_key *out, struct cc_err *err)
{
    return keys->ops->find(keys, arena, kid, out, err);
}

uint64_t cc_token_keys_generation(struct cc_token_keys *keys)
{
    return keys->ops->generation(keys);
}

struct cc_str cc_token_key_pem(struct cc_arena *arena, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct cc_str pem = CC_STR_ABSENT;
    char *data = NULL;

    if (bio && PEM_write_bio_PUBKEY(bio, key) == 1) {
        long len = BIO_get_mem_data(bio, &data);

        pem = cc_str_copy(arena, (struct cc_str){ data, (size_t)len });
    }
    BIO_free(bio);
    return pem;
}

static void free_key(void *key)
{
    EVP_PKEY_free(key);
}

void cc_token_key_lend(struct cc_arena *arena, struct cc_str kid, EVP_PKEY *key,
                       struct cc_token_key *out)
{
    if (EVP_PKEY_up_ref(key) != 1)
        cc_die("a key of tokens cannot be lent");
    cc_arena_defer(arena, free_key, key);
    *out = (struct cc_token_key){ .kid = cc_str_copy(arena, kid), .key = key };
}
