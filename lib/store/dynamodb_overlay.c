#include "dynamodb.h"

#include "../base/arena.h"

#include <string.h>

bool dynamo_key_eq(struct cc_key a, struct cc_key b)
{
    return cc_str_eq(a.sk, b.sk) && cc_str_eq(a.pk, b.pk);
}

void dynamo_overlay_init(struct dynamo_overlay *overlay, struct cc_arena *arena)
{
    *overlay = (struct dynamo_overlay){ .arena = arena };
}

/* FNV-1a. */
static uint32_t add_hash(uint32_t hash, struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.at[i]) * UINT32_C(16777619);
    return hash;
}

static uint32_t hash_of(struct cc_key key)
{
    return add_hash(add_hash(UINT32_C(2166136261), key.pk), key.sk);
}

static struct dynamo_entry *find(const struct dynamo_overlay *overlay, struct cc_key key,
                                 uint32_t hash)
{
    for (size_t i = 0; i < overlay->count; i++) {
        if (overlay->at[i].hash == hash && dynamo_key_eq(overlay->at[i].key, key))
            return &overlay->at[i];
    }
    return NULL;
}

struct dynamo_entry *dynamo_overlay_find(const struct dynamo_overlay *overlay, struct cc_key key)
{
    return overlay->count > 0 ? find(overlay, key, hash_of(key)) : NULL;
}

struct dynamo_entry *dynamo_overlay_touch(struct dynamo_overlay *overlay, struct cc_key key)
{
    const uint32_t hash = hash_of(key);
    struct dynamo_entry *entry = find(overlay, key, hash);

    if (entry)
        return entry;
    if (overlay->count == overlay->room) {
        const size_t room = overlay->room ? overlay->room * 2 : 8;

        overlay->at =
            cc_arena_grow(overlay->arena, overlay->at, overlay->room * sizeof(*overlay->at),
                          room * sizeof(*overlay->at));
        overlay->room = room;
    }
    entry = &overlay->at[overlay->count++];
    *entry = (struct dynamo_entry){ .hash = hash,
                                    .key = { cc_str_copy(overlay->arena, key.pk),
                                             cc_str_copy(overlay->arena, key.sk) } };
    return entry;
}

bool dynamo_entry_counts(const struct dynamo_entry *entry)
{
    return entry->write != DYNAMO_NOTHING || entry->checked || entry->guessed;
}

size_t dynamo_overlay_items(const struct dynamo_overlay *overlay)
{
    size_t items = 0;

    for (size_t i = 0; i < overlay->count; i++)
        items += dynamo_entry_counts(&overlay->at[i]);
    return items;
}

bool dynamo_overlay_writes(const struct dynamo_overlay *overlay)
{
    for (size_t i = 0; i < overlay->count; i++) {
        if (overlay->at[i].write != DYNAMO_NOTHING)
            return true;
    }
    return false;
}

struct dynamo_mark dynamo_overlay_mark(const struct dynamo_overlay *overlay, struct cc_arena *arena)
{
    struct dynamo_mark mark = { .count = overlay->count };

    mark.at = CC_NEW_ARRAY(arena, struct dynamo_entry, overlay->count);
    if (overlay->count > 0)
        memcpy(mark.at, overlay->at, overlay->count * sizeof(*overlay->at));
    return mark;
}

void dynamo_overlay_undo(struct dynamo_overlay *overlay, const struct dynamo_mark *mark)
{
    for (size_t i = 0; i < overlay->count; i++) {
        overlay->at[i].write = i < mark->count ? mark->at[i].write : DYNAMO_NOTHING;
        if (i < mark->count)
            overlay->at[i].item = mark->at[i].item;
    }
}

void dynamo_overlay_forget(struct dynamo_overlay *overlay, const struct dynamo_mark *mark)
{
    if (mark->count > 0)
        memcpy(overlay->at, mark->at, mark->count * sizeof(*overlay->at));
    overlay->count = mark->count;
}
