/* A request's body by a table: what is accepted keeps every rule of its row, comes back from the
 * store as it went in, and the reader of the store reads the same in it as json-c does. */
#include "fuzz.h"
#include "table.h"

#include "base/text.h"

static bool is_text(struct cc_str s, size_t min, size_t max)
{
    size_t length = cc_text_length(s);

    return cc_text_is_utf8(s) && s.at[s.len] == '\0' && length >= min && length <= max;
}

static void require_texts(const struct fuzz_row *row)
{
    fuzz_require(row->needed.at && is_text(row->needed, 0, 16));
    fuzz_require(!row->text.at || is_text(row->text, 2, 40));
    fuzz_require(!row->secret.at || is_text(row->secret, 0, SIZE_MAX));
    fuzz_require(!row->name.at || is_text(row->name, 1, 20));
    fuzz_require(row->words.count <= 5);
    for (size_t i = 0; i < row->words.count; i++)
        fuzz_require(is_text(row->words.at[i], 1, 4));
    for (size_t i = 0; i < row->secrets.count; i++)
        fuzz_require(is_text(row->secrets.at[i], 0, SIZE_MAX));
    fuzz_require(!row->inner.text.at || is_text(row->inner.text, 1, SIZE_MAX));
}

static void require_rules(const struct fuzz_row *row)
{
    require_texts(row);
    fuzz_require(row->small >= -5 && row->small <= 10);
    fuzz_require(row->counted >= 0 && (row->is_counted || row->counted == 0));
    fuzz_require(row->flag_there || !row->flag);
    fuzz_require(row->fruit >= 0 && row->fruit < (int)CC_COUNT(fuzz_fruits) - 1);
    fuzz_require(row->numbers.count <= 4);
    fuzz_require(row->inner.numbers.count <= 3);
}

static struct cc_str load_and_save(struct cc_arena *arena, const struct cc_field *fields,
                                   struct cc_str text)
{
    struct cc_err err = { 0 };
    struct fuzz_row row;

    fuzz_require(cc_fields_load(arena, fields, fuzz_copy(arena, text), &row, &err) == CC_OK);
    return cc_fields_save(arena, fields, &row);
}

/* Decoding makes names clean, loading does not: for the comparison they are plain strings. */
static void plain_fields(struct cc_field out[CC_COUNT(fuzz_fields)])
{
    memcpy(out, fuzz_fields, sizeof(fuzz_fields));
    for (size_t i = 0; i < CC_COUNT(fuzz_fields); i++)
        if (out[i].type == CC_FIELD_NAME)
            out[i].type = CC_FIELD_STR;
}

/* "-0" is a number for json-c, and nothing that we write. */
static bool has_minus_zero(struct cc_str text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.at[i] == '-' && text.at[i + 1] == '0')
            return true;
    return false;
}

static void require_both_readers_agree(struct cc_arena *arena, struct cc_str text)
{
    struct cc_field plain[CC_COUNT(fuzz_fields)];
    struct cc_err err = { 0 };
    struct fuzz_row row;

    plain_fields(plain);
    if (cc_fields_decode(arena, plain, text, &row, &err) == CC_OK && !has_minus_zero(text))
        fuzz_require(
            cc_str_eq(cc_fields_save(arena, plain, &row), load_and_save(arena, plain, text)));
}

static void require_refusal(const struct cc_err *err, enum cc_code rc)
{
    fuzz_require(rc == CC_BAD_REQUEST || rc == CC_TOO_LARGE || rc == CC_INVALID);
    fuzz_require_error(err, rc);
    fuzz_require((rc == CC_INVALID) == (err->invalid_count > 0));
    for (size_t i = 0; i < err->invalid_count; i++)
        fuzz_require(err->invalid[i].pointer[0] == '/' || err->invalid[i].pointer[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str text = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 };
    struct fuzz_row row, again;
    struct cc_str saved;
    enum cc_code rc;

    memset(&row, 0xAA, sizeof(row)); /* what a caller forgot is not what a table says */
    rc = cc_fields_decode(arena, fuzz_fields, text, &row, &err);
    require_both_readers_agree(arena, text);
    if (rc != CC_OK) {
        require_refusal(&err, rc);
        return 0;
    }
    require_rules(&row);
    saved = cc_fields_save(arena, fuzz_fields, &row);
    fuzz_require(cc_str_eq(load_and_save(arena, fuzz_fields, saved), saved));
    fuzz_require(cc_fields_decode(arena, fuzz_fields, saved, &again, &err) == CC_OK);
    fuzz_require(cc_str_eq(cc_fields_save(arena, fuzz_fields, &again), saved));
    return 0;
}
