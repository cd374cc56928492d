/* base/json_canonical.h - JSON in one spelling: texts that say the same become the same bytes,
 * whatever the order of their members, their spaces and their escapes. For comparing. */
#ifndef CC_BASE_JSON_CANONICAL_H
#define CC_BASE_JSON_CANONICAL_H

#include "buf.h"

/* Adds it to `out`, whose arena also holds what is needed on the way: members in the order of their
 * names' bytes, numbers digit for digit as they stand. false: it is not JSON, not UTF-8, or deeper
 * than 32 levels; part of it may have been added. */
bool cc_json_canonical(struct cc_str text, struct cc_buf *out) CC_NODISCARD;

#endif
