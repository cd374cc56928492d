/* From each layout to the next, while a backup of an older version becomes a database: nobody has
 * that open, and the backup is still there if anything fails. */
#include "sqlite.h"

/* Layout 2: what a client_id became stands under it, and no longer beside its room. Read from the
 * backup: from the same table SQLite would hold all of it in memory first. */
static const char sent_by_client_id[] =
    "INSERT INTO main.item (pk, sk, body)"
    "  SELECT 'SENT#' || substr(author_and_client_id, at + 1),"
    "    substr(pk, 3) || '#' || substr(author_and_client_id, 1, at - 1), body"
    "  FROM (SELECT pk, body, substr(sk, 6) AS author_and_client_id,"
    "          instr(substr(sk, 6), '#') AS at"
    "        FROM copy.item WHERE pk >= 'R#' AND pk < 'R$' AND sk >= 'SENT#' AND sk < 'SENT$');"
    "DELETE FROM main.item WHERE pk >= 'R#' AND pk < 'R$' AND sk >= 'SENT#' AND sk < 'SENT$';";

static const char *const steps[SQLITE_LAYOUT] = { [SQLITE_LAYOUT_OLDEST] = sent_by_client_id };

enum cc_code sqlite_upgrade(struct sqlite_conn *conn, struct cc_err *err)
{
    int64_t layout = 0;
    enum cc_code rc = sqlite_schema_layout(conn, &layout, err);

    if (rc != CC_OK || layout == SQLITE_LAYOUT)
        return rc;
    for (; rc == CC_OK && layout < SQLITE_LAYOUT; layout++)
        rc = sqlite_conn_execute(conn, steps[layout], err);
    return rc == CC_OK ? sqlite_schema_stamp(conn, err) : rc;
}
