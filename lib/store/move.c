#include "move_parts.h"

#include "../base/arena.h"

#define PAGE_ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct cc_move *move_make(const struct cc_move_config *config)
{
    struct cc_arena *arena = cc_arena_new((size_t)4 * 1024 * 1024);
    struct cc_move *self = CC_NEW(arena, struct cc_move);

    self->arena = arena;
    self->page = cc_arena_new(PAGE_ARENA_BYTES);
    self->item = cc_arena_new(CC_ARENA_CEILING_BYTES);
    self->config = *config;
    self->table = dynamo_store_make(config->table);
    self->lock.fd = -1;
    return self;
}

enum cc_code cc_move_open(const struct cc_move_config *config, struct cc_move **out,
                          struct cc_err *err)
{
    struct cc_move *self = move_make(config);
    enum cc_code rc = config->to_table ? move_out_open(self, err) : move_in_open(self, err);

    if (rc != CC_OK) {
        cc_move_close(self);
        return rc;
    }
    *out = self;
    return CC_OK;
}

bool cc_move_resumes(const struct cc_move *move)
{
    return move->resumes;
}

enum cc_code cc_move_copy(struct cc_move *move, struct cc_err *err)
{
    return move->config.to_table ? move_out_copy(move, err) : move_in_copy(move, err);
}

/* What differs is thrown away. If even that fails, the next run finds the same. */
static void forget(struct cc_move *self)
{
    struct cc_err ignored = { 0 };

    if (self->config.to_table)
        (void)!move_out_forget(self, &ignored);
    else
        self->replacing->keeps_fresh = false;
}

enum cc_code cc_move_verify(struct cc_move *move, struct cc_tally *out, struct cc_err *err)
{
    enum cc_code rc = move_compare(move, out, err);

    if (rc == CC_CONFLICT || rc == CC_INVALID)
        forget(move);
    return rc;
}

enum cc_code cc_move_commit(struct cc_move *move, struct cc_arena *arena, struct cc_str *kept,
                            struct cc_err *err)
{
    *kept = CC_STR_ABSENT;
    return move->config.to_table ? move_out_commit(move, err)
                                 : move_in_commit(move, arena, kept, err);
}

void cc_move_close(struct cc_move *move)
{
    if (move == NULL)
        return;
    if (move->replacing == NULL && move->file != NULL) {
        sqlite_conn_rollback(move->file);
        sqlite_conn_close(move->file);
    }
    cc_replacing_close(move->replacing);
    sqlite_lock_close(&move->lock);
    cc_store_close(&move->table->base);
    cc_arena_free(move->item);
    cc_arena_free(move->page);
    cc_arena_free(move->arena);
}
