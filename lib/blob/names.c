#include "names.h"

#include "../base/arena.h"

void cc_blob_names_add(struct cc_blob_names *names, struct cc_str name)
{
    if (names->count == names->room) {
        size_t room = names->room ? names->room * 2 : 64;

        names->at = cc_arena_grow(names->arena, names->at, names->room * sizeof(*names->at),
                                  room * sizeof(*names->at));
        names->room = room;
    }
    names->at[names->count++] = name;
}
