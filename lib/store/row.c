#include "row.h"

enum cc_code cc_row_get(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                        void *out, struct cc_err *err)
{
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, key, &item, err);

    return rc == CC_OK ? cc_fields_load(cc_txn_arena(txn), fields, item.body, out, err) : rc;
}

struct cc_item cc_row_item(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                           const void *in)
{
    return (struct cc_item){ .key = key, .body = cc_fields_save(cc_txn_arena(txn), fields, in) };
}

enum cc_code cc_row_put(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                        const void *in, struct cc_err *err)
{
    const struct cc_item item = cc_row_item(txn, key, fields, in);

    return cc_txn_put(txn, &item, err);
}

enum cc_code cc_row_put_until(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                              const void *in, int64_t expires_ms, struct cc_err *err)
{
    struct cc_item item = cc_row_item(txn, key, fields, in);

    item.expires_ms = expires_ms;
    return cc_txn_put(txn, &item, err);
}

enum cc_code cc_row_insert(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                           const void *in, struct cc_err *err)
{
    const struct cc_item item = cc_row_item(txn, key, fields, in);

    return cc_txn_insert(txn, &item, err);
}
