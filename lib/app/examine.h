/* app/examine.h - looks over what the configuration names beside the programs themselves: keys, the
 * store, the photos, and AWS where one of them is there. For `cloudchat doctor`; it makes and
 * changes nothing, but for an object in a bucket that it removes, and sends nothing unless told. */
#ifndef CC_APP_EXAMINE_H
#define CC_APP_EXAMINE_H

#include "config.h"

#include "../base/finding.h"

struct cc_app_examine {
    bool whole;            /* reads all that is stored, however long that takes and whatever it
                              costs */
    struct cc_str send_to; /* a number or an address to which a message is sent; absent: none is */
};

void cc_app_examine(const struct cc_config *config, const struct cc_app_examine *what,
                    struct cc_findings *to);

#endif
