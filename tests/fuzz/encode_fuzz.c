/* Bytes as text: what is encoded decodes to the same, and a decoder knows one spelling alone. */
#include "fuzz.h"

#include "base/encode.h"

#include <stdio.h>

static void require_one_spelling(struct cc_arena *arena, struct cc_str text)
{
    struct cc_str hex = cc_hex_decode(arena, text);
    struct cc_str base64 = cc_base64url_decode(arena, text);
    struct cc_str plain = cc_percent_decode(arena, text);

    if (hex.at)
        fuzz_require(cc_str_eq(cc_hex_encode(arena, hex), text));
    if (base64.at)
        fuzz_require(cc_str_eq(cc_base64url_encode(arena, base64), text));
    if (plain.at)
        fuzz_require(plain.len <= text.len);
    if (plain.at && cc_str_find(text, '%') == text.len)
        fuzz_require(cc_str_eq(plain, text));
}

static void require_round_trip(struct cc_arena *arena, struct cc_str bytes)
{
    struct cc_str escaped = cc_percent_encode(arena, bytes);

    fuzz_require(cc_str_eq(cc_hex_decode(arena, cc_hex_encode(arena, bytes)), bytes));
    fuzz_require(cc_str_eq(cc_base64url_decode(arena, cc_base64url_encode(arena, bytes)), bytes));
    fuzz_require(cc_str_eq(cc_percent_decode(arena, escaped), bytes));
    for (size_t i = 0; i < escaped.len; i++)
        fuzz_require(escaped.at[i] > 0x20 && escaped.at[i] != '/' && escaped.at[i] != '&');
}

/* A number has one spelling too. */
static void require_number(struct cc_str text)
{
    char again[32];
    int64_t value;

    if (!cc_str_to_i64(text, INT64_MIN, INT64_MAX, &value))
        return;
    snprintf(again, sizeof(again), "%lld", (long long)value);
    fuzz_require(cc_str_eq(cc_str_from(again), text));
    fuzz_require(cc_str_to_i64(text, value, value, &value));
    if (value > INT64_MIN)
        fuzz_require(!cc_str_to_i64(text, INT64_MIN, value - 1, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str bytes = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();

    require_one_spelling(arena, bytes);
    require_round_trip(arena, bytes);
    require_number(bytes);
    return 0;
}
