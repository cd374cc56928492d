/* blob/names.h - a list of names that grows while it is found. */
#ifndef CC_BLOB_NAMES_H
#define CC_BLOB_NAMES_H

#include "../base/str.h"

struct cc_blob_names {
    struct cc_arena *arena; /* of the list; the names are the caller's */
    struct cc_str *at;
    size_t count, room;
};

/* Keeps the text itself no longer than its owner does. */
void cc_blob_names_add(struct cc_blob_names *names, struct cc_str name);

#endif
