#include "sqlite.h"

#include "../base/encode.h"
#include "../base/json.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* "CCdb": how a database of ours is told from another program's. */
#define APPLICATION_ID 0x43436462

static const char tables[] =
    "CREATE TABLE item ("
    "  pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL,"
    "  mrev INTEGER, expires_ms INTEGER,"
    "  PRIMARY KEY (pk, sk)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX item_mrev ON item (pk, mrev) WHERE mrev IS NOT NULL;"
    "CREATE INDEX item_expires ON item (expires_ms) WHERE expires_ms IS NOT NULL;";

/* For people with the sqlite3 shell; no code reads them. The members of bodies are called what
 * chat/ and identity/ call them. */
static const char views[] =
    "CREATE VIEW room AS SELECT"
    "  substr(pk, 3) AS room,"
    "  body ->> '$.kind' AS kind, body ->> '$.users' AS users,"
    "  body ->> '$.seq' AS seq, body ->> '$.rev' AS rev,"
    "  datetime(body ->> '$.created' / 1000, 'unixepoch') AS created,"
    "  datetime(body ->> '$.active' / 1000, 'unixepoch') AS active,"
    "  body"
    "  FROM item WHERE pk >= 'R#' AND pk < 'R$' AND sk = 'HEAD';"
    "CREATE VIEW message AS SELECT"
    "  substr(pk, 3) AS room, body ->> '$.seq' AS seq,"
    "  body ->> '$.author' AS author, body ->> '$.type' AS type,"
    "  body ->> '$.data.text' AS text,"
    "  datetime(body ->> '$.created' / 1000, 'unixepoch') AS created,"
    "  body"
    "  FROM item WHERE pk >= 'R#' AND pk < 'R$' AND sk >= 'MSG#' AND sk < 'MSG$';"
    "CREATE VIEW member AS SELECT"
    "  substr(pk, 3) AS room, substr(sk, 8) AS user,"
    "  body ->> '$.role' AS role, body ->> '$.state' AS state,"
    "  datetime(body ->> '$.joined' / 1000, 'unixepoch') AS joined,"
    "  body"
    "  FROM item WHERE pk >= 'R#' AND pk < 'R$' AND sk >= 'MEMBER#' AND sk < 'MEMBER$';"
    "CREATE VIEW user AS SELECT"
    "  substr(pk, 3) AS user, body ->> '$.name' AS name,"
    "  body ->> '$.phone_number' AS phone_number, body ->> '$.email' AS email,"
    "  datetime(body ->> '$.created' / 1000, 'unixepoch') AS created,"
    "  body"
    "  FROM item WHERE pk >= 'U#' AND pk < 'U$' AND sk = 'PROFILE';";

/* The first column of the first row of a statement that takes no parameters. */
static enum cc_code read_number(struct sqlite_conn *conn, const char *sql, int64_t *out,
                                struct cc_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum cc_code rc = CC_OK;

    if (sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        rc = sqlite_conn_fail(conn, sql, err);
    else
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc;
}

enum state { STATE_EMPTY, STATE_OURS };

/* Both numbers of one snapshot: another process may be making the database at this moment. */
static enum cc_code read_marks(struct sqlite_conn *conn, int64_t *id, int64_t *objects,
                               struct cc_err *err)
{
    enum cc_code rc = sqlite_conn_do(conn, SQLITE_STMT_BEGIN_READ, err);

    if (rc == CC_OK)
        rc = read_number(conn, "SELECT count(*) FROM sqlite_schema", objects, err);
    if (rc == CC_OK)
        rc = read_number(conn, "PRAGMA application_id", id, err);
    sqlite_conn_rollback(conn);
    return rc;
}

static enum cc_code examine(struct sqlite_conn *conn, enum state *out, struct cc_err *err)
{
    int64_t id = 0, objects = 0;
    enum cc_code rc = read_marks(conn, &id, &objects, err);

    if (rc != CC_OK)
        return rc;
    if (id != APPLICATION_ID && (id != 0 || objects != 0))
        return cc_fail(err, CC_INVALID,
                       "The file is a database of another program: give the right path.",
                       "store: application_id %lld, %lld objects in %s", (long long)id,
                       (long long)objects, conn->path);
    *out = id == APPLICATION_ID ? STATE_OURS : STATE_EMPTY;
    return CC_OK;
}

static enum cc_code put_meta(struct sqlite_conn *conn, struct cc_str sk, struct cc_str body,
                             struct cc_err *err)
{
    struct cc_item item = { .key = { CC_STR("META"), sk }, .body = body };
    struct sqlite_txn txn;

    sqlite_txn_init(&txn, conn, conn->arena, 0, false);
    return cc_txn_put(&txn.base, &item, err);
}

enum cc_code sqlite_schema_stamp(struct sqlite_conn *conn, struct cc_err *err)
{
    return put_meta(conn, CC_STR("SCHEMA"),
                    cc_str_format(conn->arena, "{\"layout\":%d}", SQLITE_LAYOUT), err);
}

static struct cc_str new_epoch(struct sqlite_conn *conn, const struct cc_random *random)
{
    char bytes[9];
    struct cc_str name;

    cc_random_fill(random, bytes, sizeof(bytes));
    name = cc_base64url_encode(conn->arena, (struct cc_str){ bytes, sizeof(bytes) });
    return cc_str_format(conn->arena, "{\"name\":\"%.*s\"}", CC_STR_ARG(name));
}

static enum cc_code fill(struct sqlite_conn *conn, const struct cc_random *random,
                         struct cc_err *err)
{
    char pragma[64];
    enum cc_code rc;

    snprintf(pragma, sizeof(pragma), "PRAGMA application_id=%d", APPLICATION_ID);
    rc = sqlite_conn_execute(conn, tables, err);
    if (rc == CC_OK)
        rc = sqlite_conn_execute(conn, views, err);
    if (rc == CC_OK)
        rc = sqlite_conn_execute(conn, pragma, err);
    if (rc == CC_OK)
        rc = sqlite_schema_stamp(conn, err);
    if (rc == CC_OK)
        rc = put_meta(conn, CC_STR("EPOCH"), new_epoch(conn, random), err);
    return rc;
}

/* The layout appears whole or not at all: a process that dies here leaves an empty database. */
enum cc_code sqlite_schema_create(struct sqlite_conn *conn, const struct cc_random *random,
                                  struct cc_err *err)
{
    enum cc_code rc = sqlite_conn_do(conn, SQLITE_STMT_BEGIN_WRITE, err);

    if (rc == CC_OK)
        rc = fill(conn, random, err);
    if (rc == CC_OK)
        rc = sqlite_conn_do(conn, SQLITE_STMT_COMMIT, err);
    sqlite_conn_rollback(conn);
    return rc;
}

/* Held under the lock: others may be doing the same. */
static enum cc_code create_unless_done(struct sqlite_conn *conn, bool network,
                                       const struct cc_random *random, struct cc_err *err)
{
    enum state state;
    enum cc_code rc = examine(conn, &state, err);

    if (rc != CC_OK || state == STATE_OURS)
        return rc;
    rc = sqlite_conn_set_journal(conn, network, err);
    return rc == CC_OK ? sqlite_schema_create(conn, random, err) : rc;
}

/* The member of META/<sk>, in the arena. */
static enum cc_code read_meta(struct sqlite_conn *conn, struct cc_arena *arena, struct cc_str sk,
                              const char *member, struct cc_str *out, struct cc_err *err)
{
    struct json_object *body, *value;
    struct sqlite_txn txn;
    struct cc_item item;
    enum cc_code rc;

    sqlite_txn_init(&txn, conn, arena, 0, true);
    rc = cc_txn_get(&txn.base, (struct cc_key){ CC_STR("META"), sk }, &item, err);
    if (rc == CC_OK)
        rc = cc_json_parse_own(arena, item.body, &body, err);
    if (rc == CC_OK && !json_object_object_get_ex(body, member, &value))
        rc = CC_NOT_FOUND;
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_INVALID,
                       "The database is incomplete. Keep the file as it is and restore a backup.",
                       "store: no META %.*s in %s", CC_STR_ARG(sk), conn->path);
    if (rc != CC_OK)
        return rc;
    *out = cc_str_copy(arena, cc_str_from(json_object_get_string(value)));
    return CC_OK;
}

enum cc_code sqlite_schema_layout(struct sqlite_conn *conn, int64_t *out, struct cc_err *err)
{
    struct cc_str text;
    enum cc_code rc = read_meta(conn, conn->arena, CC_STR("SCHEMA"), "layout", &text, err);

    if (rc == CC_OK && !cc_str_to_i64(text, 1, INT32_MAX, out))
        rc = cc_fail(err, CC_INVALID, SQLITE_DAMAGED, "store: layout %.*s in %s", CC_STR_ARG(text),
                     conn->path);
    return rc;
}

static enum cc_code check_layout(struct sqlite_conn *conn, int64_t oldest, struct cc_err *err)
{
    int64_t found = 0;
    enum cc_code rc = sqlite_schema_layout(conn, &found, err);

    if (rc != CC_OK || (found >= oldest && found <= SQLITE_LAYOUT))
        return rc;
    return cc_fail(err, CC_INVALID,
                   found > SQLITE_LAYOUT
                       ? "The database was made by a newer version: run that version, or restore a "
                         "backup of this one's."
                       : "The database was made by an older version: make a backup with that "
                         "version, and restore it with this one.",
                   "store: layout %lld, this program's is %d, in %s", (long long)found,
                   SQLITE_LAYOUT, conn->path);
}

/* SQLite opens a file that it may not write without a word. */
static enum cc_code check_writable(struct sqlite_conn *conn, struct cc_err *err)
{
    if (sqlite3_db_readonly(conn->db, "main") == 0)
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE,
                   "The database cannot be written: look at its permissions and its disk.",
                   "store: %s is read-only", conn->path);
}

static enum cc_code create_locked(struct sqlite_conn *conn, struct sqlite_lock *lock,
                                  const struct sqlite_settings *settings,
                                  const struct cc_random *random, struct cc_err *err)
{
    enum cc_code rc = sqlite_lock_within(lock, settings->wait_ms, err);

    if (rc != CC_OK)
        return rc;
    rc = create_unless_done(conn, settings->network, random, err);
    sqlite_lock_release(lock);
    return rc;
}

static enum cc_code check_journal(struct sqlite_conn *conn, bool network, struct cc_err *err)
{
    int64_t is_wal = 0;
    enum cc_code rc =
        read_number(conn, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal, err);

    if (rc != CC_OK || is_wal == !network)
        return rc;
    return cc_fail(err, CC_INVALID,
                   "The database is not in the journal mode that the configuration asks for: "
                   "set it with the sqlite3 shell, while no program has it open.",
                   "store: journal_mode of %s must be %s", conn->path, network ? "delete" : "wal");
}

enum cc_code sqlite_schema_open(struct sqlite_conn *conn, struct sqlite_lock *lock,
                                const struct sqlite_settings *settings,
                                const struct cc_random *random, struct cc_err *err)
{
    enum state state;
    enum cc_code rc = examine(conn, &state, err);

    if (rc == CC_OK)
        rc = check_writable(conn, err);
    if (rc == CC_OK && state == STATE_EMPTY)
        rc = create_locked(conn, lock, settings, random, err);
    if (rc == CC_OK)
        rc = check_journal(conn, settings->network, err);
    return rc == CC_OK ? check_layout(conn, SQLITE_LAYOUT, err) : rc;
}

enum cc_code sqlite_schema_check(struct sqlite_conn *conn, int64_t oldest, struct cc_err *err)
{
    enum state state;
    enum cc_code rc = examine(conn, &state, err);

    if (rc == CC_OK && state == STATE_EMPTY)
        rc = cc_fail(err, CC_INVALID, "The file is no database of Cloud Chat.",
                     "store: nothing in %s", conn->path);
    return rc == CC_OK ? check_layout(conn, oldest, err) : rc;
}

enum cc_code sqlite_schema_renew(struct sqlite_conn *conn, const struct cc_random *random,
                                 struct cc_err *err)
{
    return put_meta(conn, CC_STR("EPOCH"), new_epoch(conn, random), err);
}

enum cc_code sqlite_schema_epoch(struct sqlite_conn *conn, struct cc_arena *arena,
                                 struct cc_str *out, struct cc_err *err)
{
    return read_meta(conn, arena, CC_STR("EPOCH"), "name", out, err);
}
