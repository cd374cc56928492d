/* An item of the store, which a damaged disk or a newer version may have written: no bytes of it
 * harm, and what is read comes back from a second writing as it was. */
#include "fuzz.h"
#include "table.h"

/* A number, of eight bytes, can stand in two of the text, in an array that doubles as it grows. */
#define BYTES_A_BYTE 128
#define BYTES_AT_LEAST 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str body = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 };
    struct fuzz_row row, again;
    struct cc_str saved;
    enum cc_code rc;

    memset(&row, 0xAA, sizeof(row));
    rc = cc_fields_load(arena, fuzz_fields, body, &row, &err);
    fuzz_require(cc_arena_used(arena) <= BYTES_AT_LEAST + BYTES_A_BYTE * body.len);
    if (rc != CC_OK) {
        fuzz_require(rc == CC_INTERNAL);
        fuzz_require_error(&err, rc);
        return 0;
    }
    saved = cc_fields_save(arena, fuzz_fields, &row);
    fuzz_require(cc_fields_load(arena, fuzz_fields, fuzz_copy(arena, saved), &again, &err) ==
                 CC_OK);
    fuzz_require(cc_str_eq(cc_fields_save(arena, fuzz_fields, &again), saved));
    return 0;
}
