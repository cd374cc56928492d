/* base/config.h - reads an INI file (inih) by a table of keys into a struct. An unknown key is an
 * error with file, line and the nearest known key; so is one that stands there twice, and a
 * variable CLOUDCHAT_... that no key has (but CLOUDCHAT_CONFIG, which names the file). Each key
 * can also be given as CLOUDCHAT_<SECTION>_<KEY>, which wins over the file; a secret also as a
 * file, by <key>_file or CLOUDCHAT_<SECTION>_<KEY>_FILE, whose last newline does not count.
 *
 * A comment is a line that starts with '#' or ';', or what follows " ;" behind a value.
 * A line is refused beyond what inih can hold (198 bytes in Debian's); a variable may be longer. */
#ifndef CC_BASE_CONFIG_H
#define CC_BASE_CONFIG_H

#include "buf.h"

enum cc_config_type {
    CC_CONFIG_STR,     /* struct cc_str */
    CC_CONFIG_PATH,    /* struct cc_str; a relative one starts at the folder of the file */
    CC_CONFIG_SECRET,  /* struct cc_str; never printed; also by <key>_file */
    CC_CONFIG_I64,     /* int64_t */
    CC_CONFIG_BOOL,    /* bool: yes, no */
    CC_CONFIG_ENUM,    /* int: index in `values` */
    CC_CONFIG_LIST,    /* struct cc_strs: separated by commas */
    CC_CONFIG_SECONDS, /* int64_t seconds: 90, 90s, 10m, 2h, 14d */
    CC_CONFIG_BYTES,   /* int64_t bytes: 4096, 64k, 5m */
    CC_CONFIG_GONE,    /* was a key once: who gives it reads in `help` what to write instead. It is
                          shown nowhere, and has neither a place nor a fallback */
};

struct cc_config_key {
    const char *section;
    const char *key;
    enum cc_config_type type;
    size_t offset;
    const char *fallback; /* as it would stand in the file; NULL: zero or absent */
    int64_t min, max;     /* of the value; STR, PATH, SECRET: bytes; LIST: items; both 0: any */
    const char *const *values; /* NULL-terminated */
    const char *help;          /* one sentence */
};

/* Reads `path` (NULL: only the environment and the fallbacks) and the environment into `out`.
 * `keys` ends with a row whose section is NULL. Values live in the arena. CC_INVALID: the detail
 * says file, line and what is wrong. */
enum cc_code cc_config_read(struct cc_arena *arena, const struct cc_config_key *keys,
                            const char *path, void *out, struct cc_err *err) CC_NODISCARD;

/* A value in a file that is made; of a secret its name is that of the key with "_file" behind it.
 */
struct cc_config_setting {
    const char *section, *key;
    const char *value; /* fits one line, without " ;" */
};

/* The table for people: as a commented configuration file, in which what stands in `set` (up to
 * `count`) has that value and all else is commented out; and as a Markdown table (README). */
void cc_config_print_file(const struct cc_config_key *keys, const struct cc_config_setting *set,
                          size_t count, struct cc_buf *out);
void cc_config_print_markdown(const struct cc_config_key *keys, struct cc_buf *out);

#endif
