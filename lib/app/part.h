/* app/part.h - a file that appears under its name when it is whole: until then it is FILE.part,
 * which one process writes, and which goes when that one gives up. What a killed one left is
 * removed by the next. */
#ifndef CC_APP_PART_H
#define CC_APP_PART_H

#include "../base/arena.h"
#include "../base/str.h"

struct cc_part {
    const char *path;   /* FILE */
    const char *part;   /* FILE.part: 0600, empty at first */
    bool replaces;      /* FILE may be there already */
    bool removed_stale; /* a killed one's */
    int lock;
};

/* Both paths live in the arena. CC_CONFLICT: there is such a file already (unless it `replaces`),
 * or another process is writing it. CC_STORAGE_FULL, CC_UNAVAILABLE: the folder cannot be written.
 */
enum cc_code cc_part_open(struct cc_arena *arena, const char *path, bool replaces,
                          struct cc_part *out, struct cc_err *err) CC_NODISCARD;

/* What stands in it is on disk already; gives it its name. Then, and whenever it fails, there is no
 * part any more. CC_OUTCOME_UNKNOWN: it has its name, and a power cut could take it. CC_CONFLICT,
 * CC_STORAGE_FULL, CC_UNAVAILABLE. */
enum cc_code cc_part_finish(struct cc_part *part, struct cc_err *err) CC_NODISCARD;
void cc_part_give_up(struct cc_part *part);

#endif
