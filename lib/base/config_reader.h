/* base/config_reader.h - what the files of the configuration share: config.c finds what was given
 * for each key, config_value.c makes values of it, config_print.c shows the table. For the files
 * of this folder. */
#ifndef CC_BASE_CONFIG_READER_H
#define CC_BASE_CONFIG_READER_H

#include "config.h"

/* What was given for one key. */
struct cc_config_given {
    struct cc_str value; /* absent: nothing was */
    const char *where;   /* "cloud-chat.conf:12", or the name of the variable */
    bool names_file;     /* the value is the path of a file that holds the secret */
    bool by_variable;
};

struct cc_config_reader {
    struct cc_arena *arena;
    const struct cc_config_key *keys;
    struct cc_config_given *given; /* one for each key */
    const char *path;              /* as it is shown */
    struct cc_str folder;
    struct cc_str rest; /* of the file */
    int line;
    int fault_line; /* 0: none */
    char fault[120];
};

/* CC_INVALID: the detail says where, and what is wrong there. */
enum cc_code cc_config_refuse(struct cc_err *err, const char *where, const char *format,
                              ...) CC_NODISCARD CC_PRINTF(3, 4);

/* What was given for `key`, or its fallback, into its member of `out`. CC_INVALID. */
enum cc_code cc_config_read_value(struct cc_config_reader *r, const struct cc_config_key *key,
                                  void *out, struct cc_err *err) CC_NODISCARD;

/* "one, two, three" */
void cc_config_add_values(struct cc_buf *out, const char *const *values);

#endif
