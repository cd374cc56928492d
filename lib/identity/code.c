#include "code.h"

#include "../base/digest.h"

#include <openssl/crypto.h>
#include <stdio.h>

struct cc_str cc_one_time_code(const struct cc_code_seed *seed, char out[CC_ONE_TIME_CODE_SIZE])
{
    const struct cc_str parts[] = { CC_STR("one-time code"), seed->id, seed->nonce };
    unsigned char mac[CC_SHA256_SIZE];
    uint64_t number = 0;

    cc_hmac_sha256(seed->secret, parts, CC_COUNT(parts), mac);
    for (size_t i = 0; i < sizeof(number); i++)
        number = number << 8 | mac[i];
    snprintf(out, CC_ONE_TIME_CODE_SIZE, "%06u", (unsigned)(number % 1000000)); /* bias 5e-14 */
    OPENSSL_cleanse(mac, sizeof(mac));
    return (struct cc_str){ out, CC_ONE_TIME_CODE_DIGITS };
}

bool cc_one_time_code_is(const struct cc_code_seed *seed, struct cc_str code)
{
    char expected[CC_ONE_TIME_CODE_SIZE];
    bool matches = cc_str_eq_secret(cc_one_time_code(seed, expected), code);

    OPENSSL_cleanse(expected, sizeof(expected));
    return matches;
}
