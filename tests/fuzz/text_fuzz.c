/* Text that people write: UTF-8, NFC, names in one line, cutting. utf8proc says what UTF-8 is. */
#include "fuzz.h"

#include "base/text.h"

#include <utf8proc.h>

static bool is_utf8_for_utf8proc(struct cc_str s)
{
    while (s.len > 0) {
        utf8proc_int32_t c;
        utf8proc_ssize_t step =
            utf8proc_iterate((const unsigned char *)s.at, (utf8proc_ssize_t)s.len, &c);

        if (step <= 0)
            return false;
        s = cc_str_skip(s, (size_t)step);
    }
    return true;
}

static void require_beginning(struct cc_str cut, struct cc_str text)
{
    fuzz_require(cut.len <= text.len && cc_str_starts(text, cut));
    fuzz_require(cc_text_is_utf8(cut));
}

static void require_cuts(struct cc_str text, size_t max)
{
    struct cc_str characters = cc_text_cut_characters(text, max);

    require_beginning(characters, text);
    fuzz_require(cc_text_length(characters) <= max);
    fuzz_require(cc_str_eq(cc_text_cut_characters(characters, max), characters));
    fuzz_require(cc_text_length(text) > max || cc_str_eq(characters, text));
}

static void require_name(struct cc_arena *arena, struct cc_str text)
{
    struct cc_str name = cc_text_name(arena, text);

    if (!name.at)
        return;
    fuzz_require(cc_text_is_utf8(name));
    fuzz_require(cc_str_eq(cc_text_name(arena, name), name));
    fuzz_require(name.len == 0 || (name.at[0] != ' ' && name.at[name.len - 1] != ' '));
    for (size_t i = 0; i < name.len; i++) {
        fuzz_require((unsigned char)name.at[i] >= 0x20);
        fuzz_require(i == 0 || name.at[i] != ' ' || name.at[i - 1] != ' ');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str text = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_str nfc;
    size_t max = fuzz_byte(&text);

    fuzz_require(cc_text_is_utf8(text) == is_utf8_for_utf8proc(text));
    if (!cc_text_is_utf8(text))
        return 0;
    require_cuts(text, max);
    require_name(arena, text);
    nfc = cc_text_nfc(arena, text);
    fuzz_require(nfc.at && cc_text_is_utf8(nfc));
    fuzz_require(cc_str_eq(cc_text_nfc(arena, nfc), nfc));
    fuzz_require(cc_text_is_blank(nfc) == cc_text_is_blank(text));
    return 0;
}
