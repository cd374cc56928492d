/* base/buf.h - the one growing buffer. It is given its ceiling at birth; what would go beyond is
 * not added, and `overflow` stays set: ask once, at the end. From then on nothing is added, so
 * that what stands in it is always a beginning of what was meant. */
#ifndef CC_BASE_BUF_H
#define CC_BASE_BUF_H

#include "str.h"

struct cc_buf {
    struct cc_arena *arena;
    char *at;
    size_t len;
    size_t cap;
    size_t ceiling;
    bool overflow;
};

void cc_buf_init(struct cc_buf *buf, struct cc_arena *arena, size_t ceiling_bytes);
/* Over memory of the caller's that never grows: holds size_bytes - 1. */
void cc_buf_init_fixed(struct cc_buf *buf, char *memory, size_t size_bytes);
/* Over memory of the arena's that never grows, and is wiped with it: a buffer that grows leaves its
 * former self behind. */
void cc_buf_init_secret(struct cc_buf *buf, struct cc_arena *arena, size_t size_bytes);
void cc_buf_reserve(struct cc_buf *buf, size_t more_bytes); /* a hint: room for that many more */
void cc_buf_add(struct cc_buf *buf, struct cc_str s);
void cc_buf_add_z(struct cc_buf *buf, const char *literal);
void cc_buf_add_byte(struct cc_buf *buf, char byte);
void cc_buf_add_i64(struct cc_buf *buf, int64_t value);
void cc_buf_add_format(struct cc_buf *buf, const char *format, ...) CC_PRINTF(2, 3);
/* What stands in it, borrowed until the next addition. */
struct cc_str cc_buf_str(const struct cc_buf *buf);

#endif
