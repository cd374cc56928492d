/* An item as DynamoDB gives it, which somebody may have put there by hand: no bytes of it harm, and
 * what is read of it comes back from a second writing as it was. */
#include "fuzz.h"

#include "base/text.h"
#include "store/dynamodb.h"

static struct cc_str write_body(struct cc_arena *arena, struct cc_str body)
{
    const struct cc_item item = { .key = { CC_STR("P"), CC_STR("S") }, .body = body };
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, arena, CC_ARENA_CEILING_BYTES / 4);
    cc_jw_init(&w, &buf);
    dynamo_item_write(arena, &w, &item, CC_STR("V"));
    fuzz_require(!buf.overflow && w.depth == 0);
    return fuzz_copy(arena, cc_buf_str(&buf));
}

static struct cc_str there_and_back(struct cc_arena *arena, struct cc_str body)
{
    struct cc_json_reader r = cc_json_reader_of(arena, write_body(arena, body));
    struct dynamo_row row;

    fuzz_require(dynamo_item_read(&r, arena, &row) && r.at == r.end);
    fuzz_require(cc_str_eq(row.v, CC_STR("V")));
    return row.item.body;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_arena *arena = fuzz_arena();
    struct cc_json_reader r = cc_json_reader_of(arena, fuzz_place(data, size));
    struct dynamo_row row;
    struct cc_str once;

    if (!dynamo_item_read(&r, arena, &row))
        return 0;
    fuzz_require(row.item.body.at && row.item.body.at[row.item.body.len] == '\0');
    if (!cc_text_is_utf8(row.item.body)) /* text of another's; we write no such one */
        return 0;
    once = there_and_back(arena, row.item.body);
    fuzz_require(cc_str_eq(there_and_back(arena, once), once));
    return 0;
}
