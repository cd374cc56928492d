/* The configuration file and the environment, by the real table of keys. What is accepted lies
 * within the bounds of its key and means the same when it is given again; what is refused is
 * refused in one line that says where. The input is a file, and behind a NUL variables, each
 * ended by another. */
#define _GNU_SOURCE /* memfd_create */

#include "fuzz.h"

#include "app/config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define VARIABLES_MAX 256

extern char **environ;

static const char *write_file(struct cc_str text)
{
    static int fd = -1;
    static char path[64];

    if (fd < 0) {
        fd = memfd_create("config", 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    fuzz_require(ftruncate(fd, 0) == 0);
    fuzz_require(pwrite(fd, text.at, text.len, 0) == (ssize_t)text.len);
    return path;
}

/* Reads with these variables and no others: a sanitizer must not see them change. */
static enum cc_code read_with(struct cc_arena *arena, char **variables, const char *path,
                              struct cc_config *out, struct cc_err *err)
{
    char **before = environ;
    enum cc_code rc;

    *out = (struct cc_config){ 0 };
    environ = variables;
    rc = cc_config_read(arena, cc_config_keys, path, out, err);
    environ = before;
    return rc;
}

static char **split(struct cc_arena *arena, struct cc_str in)
{
    char **variables = CC_NEW_ARRAY(arena, char *, VARIABLES_MAX + 1);

    for (size_t count = 0; in.at && count < VARIABLES_MAX; count++) {
        struct cc_str one = cc_str_cut(&in, '\0');

        variables[count] = cc_arena_alloc(arena, one.len + 1);
        if (one.len)
            memcpy(variables[count], one.at, one.len);
    }
    return variables;
}

static const void *member(const struct cc_config_key *key, const struct cc_config *config)
{
    return (const char *)config + key->offset;
}

/* What is no key any more has no value. */
static bool is_kept(const struct cc_config_key *key)
{
    return key->type != CC_CONFIG_GONE;
}

static bool is_number(enum cc_config_type type)
{
    return type == CC_CONFIG_I64 || type == CC_CONFIG_SECONDS || type == CC_CONFIG_BYTES;
}

static void require_bounds(const struct cc_config_key *key, const struct cc_config *config)
{
    const void *at = member(key, config);
    int64_t value = key->min, choices = 0;

    if (is_number(key->type))
        value = *(const int64_t *)at;
    else if (key->type == CC_CONFIG_LIST)
        value = (int64_t)((const struct cc_strs *)at)->count;
    if (key->min || key->max)
        fuzz_require(value >= key->min && value <= key->max);
    while (key->type == CC_CONFIG_ENUM && key->values[choices])
        choices++;
    if (key->type == CC_CONFIG_ENUM)
        fuzz_require(*(const int *)at >= 0 && *(const int *)at < choices);
}

/* --- the same again, in the plainest words ---------------------------------------------------- */

static void add_list(struct cc_buf *out, const struct cc_strs *list)
{
    for (size_t i = 0; i < list->count; i++) {
        fuzz_require(list->at[i].len > 0 && cc_str_find(list->at[i], ',') == list->at[i].len);
        if (i)
            cc_buf_add_byte(out, ',');
        cc_buf_add(out, list->at[i]);
    }
}

static void add_value(struct cc_buf *out, const struct cc_config_key *key,
                      const struct cc_config *config)
{
    const void *at = member(key, config);

    if (is_number(key->type))
        cc_buf_add_i64(out, *(const int64_t *)at);
    else if (key->type == CC_CONFIG_LIST)
        add_list(out, at);
    else if (key->type == CC_CONFIG_BOOL)
        cc_buf_add_z(out, *(const bool *)at ? "yes" : "no");
    else if (key->type == CC_CONFIG_ENUM)
        cc_buf_add_z(out, key->values[*(const int *)at]);
    else
        cc_buf_add(out, *(const struct cc_str *)at);
}

static char *write_variable(struct cc_arena *arena, const struct cc_config_key *key,
                            const struct cc_config *config)
{
    struct cc_buf out;
    char *text;

    cc_buf_init(&out, arena, 2 * FUZZ_INPUT_MAX);
    cc_buf_add_format(&out, "CLOUDCHAT_%s_%s", key->section, key->key);
    for (size_t i = 0; i < out.len; i++)
        out.at[i] = (char)(out.at[i] >= 'a' && out.at[i] <= 'z' ? out.at[i] - 32 : out.at[i]);
    cc_buf_add_byte(&out, '=');
    add_value(&out, key, config);
    text = cc_arena_alloc(arena, out.len + 1);
    memcpy(text, out.at, out.len);
    return text;
}

static char **write_variables(struct cc_arena *arena, const struct cc_config *config)
{
    char **variables = CC_NEW_ARRAY(arena, char *, VARIABLES_MAX + 1);
    size_t count = 0;

    for (const struct cc_config_key *key = cc_config_keys; key->section; key++) {
        fuzz_require(count < VARIABLES_MAX);
        if (is_kept(key))
            variables[count++] = write_variable(arena, key, config);
    }
    return variables;
}

static void require_same_again(struct cc_arena *arena, const struct cc_config *config)
{
    char **variables = write_variables(arena, config);
    struct cc_err err = { 0 };
    struct cc_config again;
    size_t i = 0;

    fuzz_require(read_with(arena, variables, NULL, &again, &err) == CC_OK);
    for (const struct cc_config_key *key = cc_config_keys; key->section; key++)
        fuzz_require(!is_kept(key) ||
                     strcmp(write_variable(arena, key, &again), variables[i++]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str in = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_str file = cc_str_cut(&in, '\0');
    struct cc_err err = { 0 };
    struct cc_config config;
    enum cc_code rc = read_with(arena, split(arena, in), write_file(file), &config, &err);

    if (rc != CC_OK) {
        fuzz_require(rc == CC_INVALID);
        fuzz_require_error(&err, rc);
        for (const char *c = err.detail; *c; c++)
            fuzz_require((unsigned char)*c >= 0x20 && *c != 0x7f);
        return 0;
    }
    for (const struct cc_config_key *key = cc_config_keys; key->section; key++)
        require_bounds(key, &config);
    require_same_again(arena, &config);
    return 0;
}
