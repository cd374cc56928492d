/* base/jsonw.h - writes JSON into a buffer. It owns escaping, commas and nesting; misuse (a value
 * without a key in an object, ends that do not match) is a programmer's error and asserted.
 * Strings must be UTF-8: what is not is written as U+FFFD, so that the document stays valid. */
#ifndef CC_BASE_JSONW_H
#define CC_BASE_JSONW_H

#include "buf.h"

#define CC_JW_DEPTH_MAX 32

struct cc_jw {
    struct cc_buf *buf;
    unsigned depth;
    uint32_t is_object; /* bit per level */
    uint32_t has_items; /* bit per level */
    bool after_key;
};

void cc_jw_init(struct cc_jw *w, struct cc_buf *buf);

void cc_jw_object(struct cc_jw *w);
void cc_jw_object_end(struct cc_jw *w);
void cc_jw_array(struct cc_jw *w);
void cc_jw_array_end(struct cc_jw *w);
void cc_jw_key(struct cc_jw *w, const char *key);    /* plain ASCII of ours */
void cc_jw_name(struct cc_jw *w, struct cc_str key); /* the same of any text */

void cc_jw_str(struct cc_jw *w, struct cc_str value); /* absent writes null */
void cc_jw_i64(struct cc_jw *w, int64_t value);
void cc_jw_bool(struct cc_jw *w, bool value);
void cc_jw_null(struct cc_jw *w);
void cc_jw_time(struct cc_jw *w, int64_t wall_ms);   /* RFC 3339 with milliseconds */
void cc_jw_raw(struct cc_jw *w, struct cc_str json); /* a value that is JSON already, ours */

/* key and value in one */
void cc_jw_put_str(struct cc_jw *w, const char *key, struct cc_str value);
void cc_jw_put_i64(struct cc_jw *w, const char *key, int64_t value);
void cc_jw_put_bool(struct cc_jw *w, const char *key, bool value);
void cc_jw_put_time(struct cc_jw *w, const char *key, int64_t wall_ms);

#endif
