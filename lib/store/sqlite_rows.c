/* For who moves all that is stored, or walks through it: every row, whether it has expired or not.
 */
#include "sqlite.h"

enum cc_code sqlite_rows_open(struct sqlite_conn *conn, struct cc_key after,
                              struct sqlite_rows *out, struct cc_err *err)
{
    static const char all[] = "SELECT pk, sk, body, mrev, expires_ms FROM item ORDER BY pk, sk";
    static const char rest[] = "SELECT pk, sk, body, mrev, expires_ms FROM item"
                               " WHERE (pk, sk) > (?, ?) ORDER BY pk, sk";
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(conn->db, after.pk.at ? rest : all, -1, &stmt, NULL) != SQLITE_OK)
        return sqlite_conn_fail(conn, "read all items", err);
    if (after.pk.at) {
        sqlite3_bind_text64(stmt, 1, after.pk.at, after.pk.len, SQLITE_TRANSIENT, SQLITE_UTF8);
        sqlite3_bind_text64(stmt, 2, after.sk.at, after.sk.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    *out = (struct sqlite_rows){ conn, stmt };
    return CC_OK;
}

enum cc_code sqlite_rows_next(struct sqlite_rows *rows, struct cc_arena *arena, struct cc_item *out,
                              struct cc_err *err)
{
    const int step = sqlite3_step(rows->stmt);

    if (step == SQLITE_DONE)
        return CC_NOT_FOUND;
    if (step != SQLITE_ROW)
        return sqlite_conn_fail(rows->conn, "read all items", err);
    *out = (struct cc_item){
        .key = { sqlite_column(arena, rows->stmt, 0), sqlite_column(arena, rows->stmt, 1) },
        .body = sqlite_column(arena, rows->stmt, 2),
        .mrev = sqlite3_column_int64(rows->stmt, 3),
        .expires_ms = sqlite3_column_int64(rows->stmt, 4),
    };
    return CC_OK;
}

void sqlite_rows_close(struct sqlite_rows *rows)
{
    sqlite3_finalize(rows->stmt);
    rows->stmt = NULL;
}
