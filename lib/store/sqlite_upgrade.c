/* From each layout to the next. Whoever is the first to open a database of an older one brings it
 * up to date; the others wait for the lock meanwhile, and find it done. The programs of the version
 * before must have ended: they would go on in their own layout. */
#include "sqlite.h"

/* Layout 2: what a client_id became stands under it, and no longer beside its room. */
static const char sent_by_client_id[] =
    "INSERT INTO item (pk, sk, body)"
    "  SELECT 'SENT#' || substr(author_and_client_id, at + 1),"
    "    substr(pk, 3) || '#' || substr(author_and_client_id, 1, at - 1), body"
    "  FROM (SELECT pk, body, substr(sk, 6) AS author_and_client_id,"
    "          instr(substr(sk, 6), '#') AS at"
    "        FROM item WHERE pk >= 'R#' AND pk < 'R$' AND sk >= 'SENT#' AND sk < 'SENT$');"
    "DELETE FROM item WHERE pk >= 'R#' AND pk < 'R$' AND sk >= 'SENT#' AND sk < 'SENT$';";

static const char *const steps[SQLITE_LAYOUT] = { [1] = sent_by_client_id };

static bool is_older(int64_t layout)
{
    return layout > 0 && layout < SQLITE_LAYOUT;
}

/* Another process may have been quicker. */
static enum cc_code climb(struct sqlite_conn *conn, struct cc_err *err)
{
    int64_t layout = 0;
    enum cc_code rc = sqlite_schema_layout(conn, &layout, err);

    if (rc != CC_OK || !is_older(layout))
        return rc;
    for (; rc == CC_OK && layout < SQLITE_LAYOUT; layout++)
        rc = sqlite_schema_execute(conn, steps[layout], err);
    return rc == CC_OK ? sqlite_schema_stamp(conn, SQLITE_LAYOUT, err) : rc;
}

static enum cc_code climb_at_once(struct sqlite_conn *conn, struct cc_err *err)
{
    enum cc_code rc = sqlite_conn_do(conn, SQLITE_STMT_BEGIN_WRITE, err);

    if (rc == CC_OK)
        rc = climb(conn, err);
    if (rc == CC_OK)
        rc = sqlite_conn_do(conn, SQLITE_STMT_COMMIT, err);
    sqlite_conn_rollback(conn);
    return rc;
}

enum cc_code sqlite_upgrade(struct sqlite_conn *conn, struct sqlite_lock *lock,
                            const struct sqlite_settings *settings, struct cc_err *err)
{
    int64_t layout = 0;
    enum cc_code rc = sqlite_schema_layout(conn, &layout, err);

    if (rc == CC_OK && is_older(layout))
        rc = sqlite_lock_within(lock, settings->wait_ms, err);
    if (rc != CC_OK || !is_older(layout))
        return rc;
    rc = climb_at_once(conn, err);
    sqlite_lock_release(lock);
    return rc;
}
