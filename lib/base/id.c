#include "id.h"
#include "arena.h"
#include "encode.h"

#define UUID_TEXT_BYTES 36

struct cc_str cc_id_uuid7(struct cc_arena *arena, const struct cc_clock *clock,
                          const struct cc_random *random)
{
    uint64_t now_ms = (uint64_t)cc_clock_wall_ms(clock);
    char *out = cc_arena_alloc(arena, UUID_TEXT_BYTES + 1);
    unsigned char bytes[16];
    size_t at = 0;

    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(now_ms >> (40 - 8 * i));
    cc_random_fill(random, bytes + 6, 10);
    bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0F));
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3F));
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = "0123456789abcdef"[bytes[i] >> 4];
        out[at++] = "0123456789abcdef"[bytes[i] & 15];
    }
    return (struct cc_str){ out, UUID_TEXT_BYTES };
}

struct cc_str cc_id_random(struct cc_arena *arena, const struct cc_random *random, size_t bytes)
{
    char *raw = cc_arena_alloc(arena, bytes + 1);

    cc_random_fill(random, raw, bytes);
    return cc_base64url_encode(arena, (struct cc_str){ raw, bytes });
}

static bool is_id_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

bool cc_id_is_wellformed(struct cc_str s)
{
    if (s.len < 1 || s.len > CC_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_id_byte(s.at[i]))
            return false;
    }
    return !cc_str_eq(s, CC_STR(".")) && !cc_str_eq(s, CC_STR(".."));
}
