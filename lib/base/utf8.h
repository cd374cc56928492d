/* base/utf8.h - one step through UTF-8, for the readers and writers of this folder. */
#ifndef CC_BASE_UTF8_H
#define CC_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define CC_UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The bytes of the character that starts at `at`, of which `left` (> 0) bytes may be read; 0 if
 * there is none. RFC 3629 section 4: nothing overlong, no surrogates, nothing above U+10FFFF. */
static inline size_t cc_utf8_step(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t len = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4 || left < len)
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return len;
}

/* The bytes of the character `c`, a code point that is no surrogate. */
static inline size_t cc_utf8_size(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/* Writes the character `c` (a code point that is no surrogate) to `out`, which has room for four
 * bytes. Returns how many it took. */
static inline size_t cc_utf8_put(unsigned char *out, uint32_t c)
{
    static const unsigned char first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    size_t len = cc_utf8_size(c);

    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (unsigned char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (unsigned char)(first[len] | c);
    return len;
}

#endif
