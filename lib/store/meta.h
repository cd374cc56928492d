/* store/meta.h - for backends alone: the items of a store that speak of the store itself. */
#ifndef CC_STORE_META_H
#define CC_STORE_META_H

#include "store.h"

#define CC_META_KEY(name) ((struct cc_key){ CC_STR("META"), CC_STR(name) })
#define CC_META_SCHEMA CC_META_KEY("SCHEMA") /* {"layout": 2} */
#define CC_META_EPOCH CC_META_KEY("EPOCH")   /* {"name": "..."} */
/* There as long as items are moved into this store (move.h); a store that has it does not serve. */
#define CC_META_MIGRATION CC_META_KEY("MIGRATION")

/* Whether it is one of those. They are not moved: the other store has its own. */
static inline bool cc_meta_holds(struct cc_key key)
{
    return cc_str_eq(key.pk, CC_STR("META")) &&
           (cc_str_eq(key.sk, CC_STR("SCHEMA")) || cc_str_eq(key.sk, CC_STR("EPOCH")) ||
            cc_str_eq(key.sk, CC_STR("MIGRATION")));
}

#endif
