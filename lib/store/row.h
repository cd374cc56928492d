/* store/row.h - an item whose body is a struct: a table of fields (base/field.h) says how it is
 * written. Its key comes from keys.h. */
#ifndef CC_STORE_ROW_H
#define CC_STORE_ROW_H

#include "store.h"

#include "../base/field.h"

/* Reads a row. CC_NOT_FOUND (err left alone), CC_INTERNAL as cc_fields_load; else as cc_txn_get. */
enum cc_code cc_row_get(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                        void *out, struct cc_err *err) CC_NODISCARD;

/* The item that a row becomes. */
struct cc_item cc_row_item(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                           const void *in);

/* That item as cc_txn_put and cc_txn_insert take it; `until`: it expires then. */
enum cc_code cc_row_put(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                        const void *in, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_row_put_until(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                              const void *in, int64_t expires_ms, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_row_insert(struct cc_txn *txn, struct cc_key key, const struct cc_field *fields,
                           const void *in, struct cc_err *err) CC_NODISCARD;

#endif
