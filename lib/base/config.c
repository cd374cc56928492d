#include "config_reader.h"
#include "arena.h"
#include "file.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>

#define FILE_BYTES_MAX ((size_t)256 * 1024)
#define NAME_BYTES_MAX 80
#define PREFIX "CLOUDCHAT_"

extern char **environ;

/* --- finding a key ---------------------------------------------------------------------------- */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* How many letters must be changed, added or left out to make one of the other (Levenshtein). */
static size_t edit_distance(struct cc_str a, struct cc_str b)
{
    size_t row[NAME_BYTES_MAX + 1];

    if (a.len > NAME_BYTES_MAX || b.len > NAME_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];

            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a.at[i - 1] != b.at[j - 1]));
            diagonal = above;
        }
    }
    return row[b.len];
}

/* "server.port", or "CLOUDCHAT_SERVER_PORT". */
static struct cc_str full_name(char out[NAME_BYTES_MAX + 1], const struct cc_config_key *key,
                               bool as_variable)
{
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, out, NAME_BYTES_MAX + 1);
    cc_buf_add_format(&buf, as_variable ? PREFIX "%s_%s" : "%s.%s", key->section, key->key);
    for (size_t i = 0; as_variable && i < buf.len; i++) {
        char c = out[i];

        out[i] = (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c == '-' ? '_' : c);
    }
    return cc_buf_str(&buf);
}

/* The key that somebody who wrote `name` may have meant; NULL if none is near. */
static const struct cc_config_key *nearest(const struct cc_config_key *keys, struct cc_str name,
                                           bool as_variable)
{
    const struct cc_config_key *best = NULL;
    size_t best_distance = 3 + name.len / 16; /* two slips, more in a long name */

    for (const struct cc_config_key *key = keys; key->section; key++) {
        char memory[NAME_BYTES_MAX + 1];
        size_t distance = edit_distance(name, full_name(memory, key, as_variable));

        if (distance < best_distance && key->type != CC_CONFIG_GONE) {
            best = key;
            best_distance = distance;
        }
    }
    return best;
}

/* By its full name, or that of a secret with "_file" (or "_FILE") behind it. */
static const struct cc_config_key *find_key(const struct cc_config_key *keys, struct cc_str name,
                                            bool as_variable, bool *names_file)
{
    const struct cc_str suffix = as_variable ? CC_STR("_FILE") : CC_STR("_file");

    for (const struct cc_config_key *key = keys; key->section; key++) {
        char memory[NAME_BYTES_MAX + 1];
        struct cc_str known = full_name(memory, key, as_variable);

        *names_file = key->type == CC_CONFIG_SECRET && name.len == known.len + suffix.len &&
                      cc_str_ends(name, suffix);
        if (cc_str_eq(*names_file ? cc_str_take(name, known.len) : name, known))
            return key;
    }
    return NULL;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Notes what is wrong with the present line; the first fault stays. Returns 0, as inih wants it. */
static int CC_PRINTF(2, 3) fault(struct cc_config_reader *r, const char *format, ...)
{
    va_list args;

    if (r->fault_line)
        return 0;
    r->fault_line = r->line;
    va_start(args, format);
    vsnprintf(r->fault, sizeof(r->fault), format, args);
    va_end(args);
    return 0;
}

/* For inih: the next line, as fgets would give it. White space in front is left out, because inih
 * takes an indented line for more of the value before it. Ends at the first fault. */
static char *next_line(char *out, int size, void *user)
{
    struct cc_config_reader *r = user;
    struct cc_str line;

    if (!r->rest.at || r->fault_line)
        return NULL;
    r->line++;
    line = cc_str_trim(cc_str_cut(&r->rest, '\n'));
    if (line.len + 2 > (size_t)size) {
        fault(r, "the line is longer than %d bytes", size - 2);
        return NULL;
    }
    if (line.len)
        memcpy(out, line.at, line.len);
    memcpy(out + line.len, "\n", 2);
    return out;
}

/* A key of that very name in another section; NULL if there is none. */
static const struct cc_config_key *elsewhere(const struct cc_config_key *keys, const char *name)
{
    for (const struct cc_config_key *key = keys; key->section; key++) {
        if (strcmp(key->key, name) == 0 && key->type != CC_CONFIG_GONE)
            return key;
    }
    return NULL;
}

static int unknown_key(struct cc_config_reader *r, const char *section, const char *name,
                       struct cc_str full)
{
    const struct cc_config_key *meant = elsewhere(r->keys, name);

    if (!meant)
        meant = nearest(r->keys, full, false);
    if (!meant)
        return fault(r, "there is no key %.40s in [%.30s]", name, section);
    if (strcmp(meant->section, section) == 0)
        return fault(r, "there is no key %.40s; did you mean %s?", name, meant->key);
    return fault(r, "there is no %.30s in [%.20s]; did you mean %s in [%s]?", name, section,
                 meant->key, meant->section);
}

/* For inih: one key and its value. */
static int take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct cc_config_reader *r = user;
    struct cc_str full = cc_str_format(r->arena, "%s.%s", section, name);
    const struct cc_config_key *key;
    struct cc_config_given *given;
    bool names_file;

    key = find_key(r->keys, full, false, &names_file);
    if (!key)
        return unknown_key(r, section, name, full);
    given = &r->given[key - r->keys];
    if (given->value.at)
        return fault(r, "%.40s was given already, in line %s", name,
                     strrchr(given->where, ':') + 1);
    given->value = cc_str_copy(r->arena, cc_str_from(value));
    given->where = cc_str_format(r->arena, "%s:%d", r->path, r->line).at;
    given->names_file = names_file;
    return 1;
}

static enum cc_code parse_file(struct cc_config_reader *r, struct cc_err *err)
{
    int first_fault = ini_parse_stream(next_line, r, take_pair, r);
    char where[96];

    if (first_fault == 0 && !r->fault_line)
        return CC_OK;
    /* A line that inih itself cannot read does not stop it, nor does it tell us at once. */
    if (first_fault > 0 && (!r->fault_line || first_fault < r->fault_line)) {
        r->fault_line = 0;
        r->line = first_fault;
        fault(r, "neither [section] nor key = value");
    } else if (first_fault < 0) {
        return cc_fail(err, CC_INTERNAL, NULL, "inih: %d", first_fault);
    }
    snprintf(where, sizeof(where), "%s:%d", r->path, r->fault_line);
    return cc_config_refuse(err, where, "%s", r->fault);
}

/* The end of the path, which says most. */
static const char *shown_path(const char *path)
{
    const size_t room = 48;
    size_t len = strlen(path);

    return len > room ? path + len - room : path;
}

static enum cc_code read_file(struct cc_config_reader *r, const char *path, struct cc_err *err)
{
    const char *slash = strrchr(path, '/');
    struct cc_err why = { 0 };

    r->path = shown_path(path);
    r->folder = slash ? cc_str_take(cc_str_from(path), (size_t)(slash - path) + 1) : CC_STR("");
    if (cc_file_read(r->arena, path, FILE_BYTES_MAX, &r->rest, &why) != CC_OK)
        return cc_config_refuse(err, r->path, "the file cannot be read (%s)", why.cause);
    if (!cc_text_is_utf8(r->rest) || cc_str_find(r->rest, '\0') < r->rest.len)
        return cc_config_refuse(err, r->path, "the file is not text in UTF-8");
    return parse_file(r, err);
}

/* --- the environment -------------------------------------------------------------------------- */

static enum cc_code unknown_variable(struct cc_config_reader *r, struct cc_str name,
                                     struct cc_err *err)
{
    const struct cc_config_key *meant = nearest(r->keys, name, true);
    const char *shown = cc_str_z(r->arena, cc_str_take(name, 60));
    char memory[NAME_BYTES_MAX + 1];

    if (!meant)
        return cc_config_refuse(err, shown, "there is no such setting");
    return cc_config_refuse(err, shown, "there is no such setting; did you mean %.*s?",
                            CC_STR_ARG(full_name(memory, meant, true)));
}

static enum cc_code take_variable(struct cc_config_reader *r, struct cc_str variable,
                                  struct cc_err *err)
{
    struct cc_str value = variable;
    struct cc_str name = cc_str_cut(&value, '=');
    const struct cc_config_key *key;
    struct cc_config_given *given;
    bool names_file;

    if (!cc_str_starts(name, CC_STR(PREFIX)) || cc_str_eq(name, CC_STR(PREFIX "CONFIG")))
        return CC_OK;
    key = find_key(r->keys, name, true, &names_file);
    if (!key)
        return unknown_variable(r, name, err);
    given = &r->given[key - r->keys];
    if (given->by_variable)
        return cc_config_refuse(err, given->where, "is also given by another variable");
    *given =
        (struct cc_config_given){ .value = value.at ? cc_str_copy(r->arena, value) : CC_STR(""),
                                  .where = cc_str_z(r->arena, name),
                                  .names_file = names_file,
                                  .by_variable = true };
    return CC_OK;
}

static enum cc_code read_environment(struct cc_config_reader *r, struct cc_err *err)
{
    for (char **variable = environ; *variable; variable++) {
        enum cc_code rc = take_variable(r, cc_str_from(*variable), err);

        if (rc != CC_OK)
            return rc;
    }
    return CC_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

enum cc_code cc_config_read(struct cc_arena *arena, const struct cc_config_key *keys,
                            const char *path, void *out, struct cc_err *err)
{
    struct cc_config_reader r = { .arena = arena, .keys = keys, .folder = CC_STR("") };
    size_t count = 0;
    enum cc_code rc = CC_OK;

    while (keys[count].section)
        count++;
    r.given = CC_NEW_ARRAY(arena, struct cc_config_given, count);
    if (path)
        rc = read_file(&r, path, err);
    if (rc == CC_OK)
        rc = read_environment(&r, err);
    for (size_t i = 0; rc == CC_OK && i < count; i++)
        rc = cc_config_read_value(&r, &keys[i], out, err);
    return rc;
}
