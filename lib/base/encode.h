/* base/encode.h - bytes as text. Decoders are strict: one spelling for each value. An
 * absent string stays absent. */
#ifndef CC_BASE_ENCODE_H
#define CC_BASE_ENCODE_H

#include "buf.h"

/* Lower-case hexadecimal. Decoding refuses upper case and odd lengths (absent string). */
struct cc_str cc_hex_encode(struct cc_arena *arena, struct cc_str bytes);
struct cc_str cc_hex_decode(struct cc_arena *arena, struct cc_str text);

/* RFC 4648 section 5, without padding. Decoding refuses padding, foreign bytes, impossible
 * lengths and non-zero trailing bits (absent string). */
struct cc_str cc_base64url_encode(struct cc_arena *arena, struct cc_str bytes);
struct cc_str cc_base64url_decode(struct cc_arena *arena, struct cc_str text);

/* RFC 3986 2.1, as one path segment or query value: everything but unreserved is escaped. */
struct cc_str cc_percent_encode(struct cc_arena *arena, struct cc_str bytes);
void cc_percent_add(struct cc_buf *buf, struct cc_str bytes); /* the same, behind what is there */
/* Once. A '%' without two hexadecimal digits behind it: absent string. '+' stays '+'. What comes
 * out may be any bytes, NUL and '/' among them. */
struct cc_str cc_percent_decode(struct cc_arena *arena, struct cc_str text);

#endif
