/* store/move.h - moves all that is stored from a database in a file into a table of DynamoDB, or
 * back: the same items, the same epoch, so that nobody whom it serves notices. The source is only
 * read. The target serves from cc_move_commit on, and not before; until then a run that ended
 * somehow is gone on with by the next one.
 *
 * The file belongs to the move alone as long as that is open. A table cannot be locked: that nobody
 * has written to it is seen when it is verified, by reading it once more. */
#ifndef CC_STORE_MOVE_H
#define CC_STORE_MOVE_H

#include "tally.h"

struct cc_move_config {
    const struct cc_store_config *file;
    const struct cc_dynamodb_config *table;
    bool to_table; /* else to the file */
    bool replaces; /* to a file where people are already: they give way */
    struct cc_progress *progress;
};

struct cc_move_outlook {
    struct cc_tally tally; /* of what has not expired */
    bool resumes;          /* an earlier run has begun it */
};

/* Reads the source to its end, also while it serves, and looks whether the target can be written;
 * changes nothing. Codes as cc_move_open. */
enum cc_code cc_move_look(const struct cc_move_config *config, struct cc_move_outlook *out,
                          struct cc_err *err) CC_NODISCARD;

struct cc_move;

/* Opens both sides and marks the target as one that does not serve. What the configuration points
 * at must outlive it. CC_CONFLICT: there is something else in the target. CC_INVALID: there is
 * nothing to move, it is damaged, or the target is no place for it. CC_UNAVAILABLE: something has
 * the file open; a side cannot be reached. CC_STORAGE_FULL. */
enum cc_code cc_move_open(const struct cc_move_config *config, struct cc_move **out,
                          struct cc_err *err) CC_NODISCARD;
bool cc_move_resumes(const struct cc_move *move);

/* Copies what earlier runs have not. CC_UNAVAILABLE, CC_STORAGE_FULL: the next run goes on. */
enum cc_code cc_move_copy(struct cc_move *move, struct cc_err *err) CC_NODISCARD;

/* Reads both sides to their end and compares them item by item; what has expired meanwhile may be
 * gone. CC_CONFLICT: they differ, and the cause names an item; the next run begins anew. */
enum cc_code cc_move_verify(struct cc_move *move, struct cc_tally *out,
                            struct cc_err *err) CC_NODISCARD;

/* From now on the target serves. Where a file with data gave way, it is kept beside it: `kept` is
 * its path (in `arena`), else absent. CC_OUTCOME_UNKNOWN: perhaps it does. */
enum cc_code cc_move_commit(struct cc_move *move, struct cc_arena *arena, struct cc_str *kept,
                            struct cc_err *err) CC_NODISCARD;
void cc_move_close(struct cc_move *move); /* NULL is allowed */

#endif
