/* base/log.h - one JSON object a line; readable text where standard error is a terminal. Never a
 * token, code, password, message text or phone number: callers pass what may be read. A line is one
 * write(2), at most CC_LOG_LINE_MAX bytes; safe from several threads. Values that do not fit are
 * cut, and "cut": true says so. */
#ifndef CC_BASE_LOG_H
#define CC_BASE_LOG_H

#include "clock.h"

#define CC_LOG_LINE_MAX 4096

enum cc_log_level { CC_LOG_DEBUG, CC_LOG_INFO, CC_LOG_WARN, CC_LOG_ERROR };

struct cc_log {
    int fd;
    const char *program;
    enum cc_log_level level;
    bool readable; /* text instead of JSON */
    const struct cc_clock *clock;
};

enum cc_log_field_type { CC_LOG_FIELD_STR, CC_LOG_FIELD_I64 };

struct cc_log_field {
    const char *name;
    enum cc_log_field_type type;
    struct cc_str str;
    int64_t i64;
};

#define CC_LOG_STR(name, value)                                                                    \
    {                                                                                              \
        (name), CC_LOG_FIELD_STR, (value), 0                                                       \
    }
#define CC_LOG_Z(name, value)                                                                      \
    {                                                                                              \
        (name), CC_LOG_FIELD_STR, cc_str_from(value), 0                                            \
    }
#define CC_LOG_I64(name, value)                                                                    \
    {                                                                                              \
        (name), CC_LOG_FIELD_I64, { NULL, 0 }, (value)                                             \
    }

void cc_log_write(const struct cc_log *log, enum cc_log_level level, const char *event,
                  const struct cc_log_field *fields, size_t count);

/* cc_log_info(log, "store opened", CC_LOG_STR("path", path), CC_LOG_I64("ms", 3)); */
#define cc_log_at(log, level, event, ...)                                                          \
    cc_log_write((log), (level), (event), (const struct cc_log_field[]){ __VA_ARGS__ },            \
                 sizeof((const struct cc_log_field[]){ __VA_ARGS__ }) /                            \
                     sizeof(struct cc_log_field))
#define cc_log_info(log, event, ...) cc_log_at(log, CC_LOG_INFO, event, __VA_ARGS__)
#define cc_log_warn(log, event, ...) cc_log_at(log, CC_LOG_WARN, event, __VA_ARGS__)
#define cc_log_error(log, event, ...) cc_log_at(log, CC_LOG_ERROR, event, __VA_ARGS__)

#endif
