#include "archive.h"

#include "../base/digest.h"
#include "../base/limits.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

/* A reader with the shell, or with a program of its own, is not asked to take in more at once. */
#define CHUNK_BYTES ((size_t)1024 * 1024)
#define DAMAGED "The backup is damaged: take another one."

struct cc_archive {
    struct cc_arena *arena; /* holds this struct */
    const char *path;
    sqlite3 *db;
};

static const char tables[] =
    "CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, mode INTEGER NOT NULL,"
    "  size INTEGER NOT NULL, sha256 BLOB NOT NULL) STRICT;"
    "CREATE TABLE chunk (file INTEGER NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL,"
    "  PRIMARY KEY (file, n)) STRICT;";

/* --- SQLite's codes become ours --------------------------------------------------------------- */

static enum cc_code code_of(int primary)
{
    switch (primary) {
    case SQLITE_FULL:
        return CC_STORAGE_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return CC_INVALID;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
        return CC_INTERNAL;
    default:
        return CC_UNAVAILABLE;
    }
}

static enum cc_code fail_sqlite(struct cc_archive *archive, const char *doing, struct cc_err *err)
{
    int code = sqlite3_extended_errcode(archive->db);
    bool is_quota = code == SQLITE_IOERR_WRITE && sqlite3_system_errno(archive->db) == EDQUOT;
    enum cc_code ours = is_quota ? CC_STORAGE_FULL : code_of(code & 0xff);
    const char *detail = NULL;

    if (ours == CC_INVALID)
        detail = (code & 0xff) == SQLITE_NOTADB ? "The file is not a backup." : DAMAGED;
    return cc_fail(err, ours, detail, "archive: %s: %s (code %d, errno %d) in %s", doing,
                   sqlite3_errmsg(archive->db), code, sqlite3_system_errno(archive->db),
                   archive->path);
}

static enum cc_code execute(struct cc_archive *archive, const char *sql, struct cc_err *err)
{
    if (sqlite3_exec(archive->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail_sqlite(archive, sql, err);
    return CC_OK;
}

static enum cc_code prepare(struct cc_archive *archive, const char *sql, sqlite3_stmt **out,
                            struct cc_err *err)
{
    if (sqlite3_prepare_v2(archive->db, sql, -1, out, NULL) != SQLITE_OK)
        return fail_sqlite(archive, sql, err);
    return CC_OK;
}

static void bind_str(sqlite3_stmt *stmt, int at, struct cc_str s)
{
    sqlite3_bind_text64(stmt, at, s.at, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_blob(sqlite3_stmt *stmt, int at, struct cc_str s)
{
    sqlite3_bind_blob64(stmt, at, s.at ? s.at : "", s.len, SQLITE_STATIC);
}

/* One that gives no rows; it is finalized. */
static enum cc_code finish(struct cc_archive *archive, sqlite3_stmt *stmt, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (sqlite3_step(stmt) != SQLITE_DONE)
        rc = fail_sqlite(archive, sqlite3_sql(stmt), err);
    sqlite3_finalize(stmt);
    return rc;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static enum cc_code open_database(const char *path, int flags, struct cc_archive **out,
                                  struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new((size_t)16 * 1024);
    struct cc_archive *archive = CC_NEW(arena, struct cc_archive);
    enum cc_code rc = CC_OK;

    archive->arena = arena;
    archive->path = cc_str_copy(arena, cc_str_from(path)).at;
    if (sqlite3_open_v2(path, &archive->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK)
        rc = fail_sqlite(archive, "open", err);
    if (rc != CC_OK) {
        cc_archive_close(archive);
        return rc;
    }
    *out = archive;
    return CC_OK;
}

void cc_archive_close(struct cc_archive *archive)
{
    if (archive == NULL)
        return;
    sqlite3_close(archive->db);
    cc_arena_free(archive->arena);
}

/* Without a journal: what is not finished is thrown away as a whole. */
enum cc_code cc_archive_create(const char *path, struct cc_archive **out, struct cc_err *err)
{
    struct cc_archive *archive;
    enum cc_code rc = open_database(path, SQLITE_OPEN_READWRITE, &archive, err);

    if (rc != CC_OK)
        return rc;
    rc = execute(archive,
                 "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF;"
                 "PRAGMA synchronous=OFF; BEGIN IMMEDIATE",
                 err);
    if (rc == CC_OK)
        rc = execute(archive, tables, err);
    if (rc != CC_OK) {
        cc_archive_close(archive);
        return rc;
    }
    *out = archive;
    return CC_OK;
}

enum cc_code cc_archive_finish(struct cc_archive *archive, struct cc_err *err)
{
    enum cc_code rc = execute(archive, "COMMIT", err);
    int fd;

    if (rc != CC_OK)
        return rc;
    fd = open(archive->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        rc = cc_fail(err, errno == ENOSPC || errno == EDQUOT ? CC_STORAGE_FULL : CC_UNAVAILABLE,
                     NULL, "archive: fsync %s: %s", archive->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Another database has no such tables. */
static enum cc_code check_tables(struct cc_archive *archive, struct cc_err *err)
{
    sqlite3_stmt *stmt;
    enum cc_code rc = prepare(archive,
                              "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
                              "('note', 'file', 'chunk')",
                              &stmt, err);

    if (rc != CC_OK)
        return rc;
    if (sqlite3_step(stmt) != SQLITE_ROW)
        rc = fail_sqlite(archive, "look for its tables", err);
    else if (sqlite3_column_int(stmt, 0) != 3)
        rc = cc_fail(err, CC_INVALID, "The file is a database, but not a backup.",
                     "archive: no tables of one in %s", archive->path);
    sqlite3_finalize(stmt);
    return rc;
}

/* SQLite's own would say only that it cannot be opened. */
static enum cc_code check_file(const char *path, struct cc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char first;
    ssize_t got;
    int number = errno;

    if (fd < 0)
        return cc_fail(err, number == ENOENT ? CC_NOT_FOUND : CC_UNAVAILABLE,
                       number == ENOENT ? "There is no such backup." : "The backup cannot be read.",
                       "open %s: %s", path, strerror(number));
    got = read(fd, &first, 1);
    number = errno;
    close(fd);
    if (got < 0)
        return cc_fail(err, CC_UNAVAILABLE, "The backup cannot be read.", "read %s: %s", path,
                       strerror(number));
    if (got == 0)
        return cc_fail(err, CC_INVALID, "The file is not a backup.", "%s is empty", path);
    return CC_OK;
}

enum cc_code cc_archive_open(const char *path, struct cc_archive **out, struct cc_err *err)
{
    struct cc_archive *archive;
    enum cc_code rc = check_file(path, err);

    if (rc == CC_OK)
        rc = open_database(path, SQLITE_OPEN_READONLY, &archive, err);
    if (rc != CC_OK)
        return rc;
    rc = execute(archive, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; BEGIN", err);
    if (rc == CC_OK)
        rc = check_tables(archive, err);
    if (rc != CC_OK) {
        cc_archive_close(archive);
        return rc;
    }
    *out = archive;
    return CC_OK;
}

/* --- adding ----------------------------------------------------------------------------------- */

static enum cc_code add_chunks(struct cc_archive *archive, int64_t id, struct cc_str bytes,
                               struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    for (int64_t n = 0; rc == CC_OK && bytes.len > 0; n++) {
        struct cc_str chunk = cc_str_take(bytes, CHUNK_BYTES);
        sqlite3_stmt *stmt;

        rc = prepare(archive, "INSERT INTO chunk (file, n, bytes) VALUES (?, ?, ?)", &stmt, err);
        if (rc != CC_OK)
            return rc;
        sqlite3_bind_int64(stmt, 1, id);
        sqlite3_bind_int64(stmt, 2, n);
        bind_blob(stmt, 3, chunk);
        rc = finish(archive, stmt, err);
        bytes = cc_str_skip(bytes, chunk.len);
    }
    return rc;
}

enum cc_code cc_archive_add(struct cc_archive *archive, struct cc_str name, unsigned mode,
                            struct cc_str bytes, struct cc_err *err)
{
    unsigned char sum[CC_SHA256_SIZE];
    sqlite3_stmt *stmt;
    enum cc_code rc = prepare(
        archive, "INSERT INTO file (name, mode, size, sha256) VALUES (?, ?, ?, ?)", &stmt, err);

    if (rc != CC_OK)
        return rc;
    cc_sha256(bytes, sum);
    bind_str(stmt, 1, name);
    sqlite3_bind_int64(stmt, 2, (int64_t)mode);
    sqlite3_bind_int64(stmt, 3, (int64_t)bytes.len);
    bind_blob(stmt, 4, (struct cc_str){ (const char *)sum, sizeof(sum) });
    rc = finish(archive, stmt, err);
    if (rc != CC_OK)
        return rc;
    return add_chunks(archive, sqlite3_last_insert_rowid(archive->db), bytes, err);
}

enum cc_code cc_archive_note(struct cc_archive *archive, const char *name, struct cc_str value,
                             struct cc_err *err)
{
    sqlite3_stmt *stmt;
    enum cc_code rc = prepare(archive, "INSERT INTO note (name, value) VALUES (?, ?)", &stmt, err);

    if (rc != CC_OK)
        return rc;
    bind_str(stmt, 1, cc_str_from(name));
    bind_str(stmt, 2, value);
    return finish(archive, stmt, err);
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct cc_str column_str(sqlite3_stmt *stmt, int column)
{
    const void *at = sqlite3_column_blob(stmt, column);

    return (struct cc_str){ at ? at : "", (size_t)sqlite3_column_bytes(stmt, column) };
}

enum cc_code cc_archive_read_note(struct cc_archive *archive, struct cc_arena *arena,
                                  const char *name, struct cc_str *out, struct cc_err *err)
{
    sqlite3_stmt *stmt;
    enum cc_code rc = prepare(archive, "SELECT value FROM note WHERE name = ?", &stmt, err);
    int step;

    if (rc != CC_OK)
        return rc;
    bind_str(stmt, 1, cc_str_from(name));
    step = sqlite3_step(stmt);
    *out = CC_STR_ABSENT;
    if (step == SQLITE_ROW)
        *out = cc_str_copy(arena, column_str(stmt, 0));
    else if (step != SQLITE_DONE)
        rc = fail_sqlite(archive, "read a note", err);
    sqlite3_finalize(stmt);
    return rc;
}

/* False: no archive of ours says so. */
static bool add_file(struct cc_arena *arena, sqlite3_stmt *stmt, size_t *room,
                     struct cc_archive_files *files)
{
    const int64_t size_bytes = sqlite3_column_int64(stmt, 2);
    struct cc_archive_file *file;

    if (size_bytes < 0 || size_bytes > INT64_MAX - files->size_bytes)
        return false;
    if (files->count == *room) {
        size_t more = *room ? *room * 2 : 64;

        files->at =
            cc_arena_grow(arena, files->at, *room * sizeof(*files->at), more * sizeof(*files->at));
        *room = more;
    }
    file = &files->at[files->count++];
    file->name = cc_str_copy(arena, column_str(stmt, 0));
    file->mode = (unsigned)sqlite3_column_int64(stmt, 1) & 07777;
    file->size_bytes = size_bytes;
    files->size_bytes += size_bytes;
    return true;
}

enum cc_code cc_archive_list(struct cc_archive *archive, struct cc_arena *arena,
                             struct cc_str prefix, struct cc_archive_files *out, struct cc_err *err)
{
    struct cc_archive_files files = { 0 };
    size_t room = 0;
    sqlite3_stmt *stmt;
    int step;
    enum cc_code rc = prepare(archive,
                              "SELECT name, mode, size FROM file "
                              "WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
                              &stmt, err);

    if (rc != CC_OK)
        return rc;
    bind_str(stmt, 1, prefix);
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW && add_file(arena, stmt, &room, &files))
        continue;
    if (step == SQLITE_ROW)
        rc = cc_fail(err, CC_INVALID, DAMAGED, "archive: the size of a file cannot be");
    else if (step != SQLITE_DONE)
        rc = fail_sqlite(archive, "list files", err);
    sqlite3_finalize(stmt);
    if (rc == CC_OK)
        *out = files;
    return rc;
}

struct reading {
    int64_t id;
    size_t size;
    unsigned char sum[CC_SHA256_SIZE];
};

static enum cc_code find_file(struct cc_archive *archive, struct cc_str name, struct reading *out,
                              struct cc_err *err)
{
    sqlite3_stmt *stmt;
    enum cc_code rc =
        prepare(archive, "SELECT id, size, sha256 FROM file WHERE name = ?", &stmt, err);
    struct cc_str sum;
    int step;

    if (rc != CC_OK)
        return rc;
    bind_str(stmt, 1, name);
    step = sqlite3_step(stmt);
    sum = step == SQLITE_ROW ? column_str(stmt, 2) : CC_STR_ABSENT;
    if (step == SQLITE_ROW && sum.len == sizeof(out->sum) && sqlite3_column_int64(stmt, 1) >= 0) {
        memcpy(out->sum, sum.at, sizeof(out->sum));
        out->id = sqlite3_column_int64(stmt, 0);
        out->size = (size_t)sqlite3_column_int64(stmt, 1);
    } else if (step == SQLITE_ROW || step == SQLITE_DONE) {
        rc = cc_fail(err, CC_INVALID, DAMAGED, "archive: no file %.*s", CC_STR_ARG(name));
    } else {
        rc = fail_sqlite(archive, "find a file", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/* What a damaged size says is not asked of the memory: the chunks are counted first. */
static enum cc_code check_size(struct cc_archive *archive, const struct reading *file,
                               struct cc_err *err)
{
    sqlite3_stmt *stmt;
    enum cc_code rc = prepare(
        archive, "SELECT coalesce(sum(length(bytes)), 0) FROM chunk WHERE file = ?", &stmt, err);

    if (rc != CC_OK)
        return rc;
    sqlite3_bind_int64(stmt, 1, file->id);
    if (sqlite3_step(stmt) != SQLITE_ROW)
        rc = fail_sqlite(archive, "count chunks", err);
    else if (sqlite3_column_int64(stmt, 0) != (int64_t)file->size)
        rc = cc_fail(err, CC_INVALID, DAMAGED, "archive: file %lld is not as long as noted",
                     (long long)file->id);
    sqlite3_finalize(stmt);
    return rc;
}

static enum cc_code read_chunks(struct cc_archive *archive, const struct reading *file, char *out,
                                struct cc_err *err)
{
    size_t len = 0;
    sqlite3_stmt *stmt;
    int step;
    enum cc_code rc =
        prepare(archive, "SELECT bytes FROM chunk WHERE file = ? ORDER BY n", &stmt, err);

    if (rc != CC_OK)
        return rc;
    sqlite3_bind_int64(stmt, 1, file->id);
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct cc_str chunk = column_str(stmt, 0);

        if (chunk.len > file->size - len)
            break;
        memcpy(out + len, chunk.at, chunk.len);
        len += chunk.len;
    }
    if (step != SQLITE_DONE)
        rc = fail_sqlite(archive, "read a file", err);
    sqlite3_finalize(stmt);
    return rc;
}

enum cc_code cc_archive_read(struct cc_archive *archive, struct cc_arena *arena, struct cc_str name,
                             struct cc_str *out, struct cc_err *err)
{
    unsigned char sum[CC_SHA256_SIZE];
    struct reading file;
    struct cc_str bytes;
    char *at;
    enum cc_code rc = find_file(archive, name, &file, err);

    if (rc == CC_OK)
        rc = check_size(archive, &file, err);
    if (rc != CC_OK)
        return rc;
    at = cc_arena_alloc(arena, file.size + 1);
    rc = read_chunks(archive, &file, at, err);
    if (rc != CC_OK)
        return rc;
    bytes = (struct cc_str){ at, file.size };
    cc_sha256(bytes, sum);
    if (memcmp(sum, file.sum, sizeof(sum)) != 0)
        return cc_fail(err, CC_INVALID, DAMAGED, "archive: %.*s is not what was put there",
                       CC_STR_ARG(name));
    *out = bytes;
    return CC_OK;
}

enum cc_code cc_archive_verify(struct cc_archive *archive, struct cc_progress *progress,
                               struct cc_err *err)
{
    struct cc_arena *list = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_arena *each = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_archive_files files = { 0 };
    struct cc_str ignored;
    int64_t done = 0;
    enum cc_code rc = cc_archive_list(archive, list, CC_STR(""), &files, err);

    for (size_t i = 0; rc == CC_OK && i < files.count; i++) {
        rc = cc_archive_read(archive, each, files.at[i].name, &ignored, err);
        cc_arena_reset(each);
        done += files.at[i].size_bytes;
        if (rc == CC_OK)
            rc = cc_progress_report(progress, "Verifying the files", done, files.size_bytes, err);
    }
    cc_arena_free(each);
    cc_arena_free(list);
    return rc;
}
