/* identity/secret.h - what must not stay behind in memory. */
#ifndef CC_IDENTITY_SECRET_H
#define CC_IDENTITY_SECRET_H

#include "../base/arena.h"
#include "../base/str.h"

/* Wipes these bytes of the arena when it is reset. */
void cc_secret_wipe_later(struct cc_arena *arena, struct cc_str secret);

#endif
