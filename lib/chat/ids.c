#include "rows.h"

#include "../base/digest.h"
#include "../base/encode.h"
#include "../base/id.h"

#define ROOM_ID_BYTES 16
#define MAC_BYTES 16 /* of 32: 128 bits are out of reach */

/* A hash and no secret: every host, and one that lost its keys, must come to the same id. */
struct cc_str cc_room_id_direct(struct cc_arena *arena, struct cc_str a, struct cc_str b)
{
    const bool in_order = cc_str_cmp(a, b) < 0;
    const struct cc_str parts[] = { in_order ? a : b, in_order ? b : a };
    unsigned char digest[CC_SHA256_SIZE];

    cc_hmac_sha256(CC_STR("direct room"), parts, CC_COUNT(parts), digest);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)digest, ROOM_ID_BYTES });
}

/* No dot: it ends the room in the id of a message. */
bool cc_room_id_is_wellformed(struct cc_str id)
{
    return cc_id_is_wellformed(id) && cc_str_find(id, '.') == id.len;
}

struct cc_str cc_message_id(struct cc_arena *arena, struct cc_str room, int64_t seq)
{
    return CC_JOIN(arena, room, CC_STR("."), cc_str_from_i64(arena, seq));
}

bool cc_message_id_parse(struct cc_str id, struct cc_str *room, int64_t *seq)
{
    struct cc_str rest = id;
    struct cc_str head = cc_str_cut(&rest, '.');

    if (!cc_room_id_is_wellformed(head) || !rest.at || !cc_str_to_i64(rest, 1, INT64_MAX, seq))
        return false;
    *room = head;
    return true;
}

struct cc_str cc_sync_format(const struct cc_caller *by, int64_t rev, int64_t seq)
{
    return CC_JOIN(by->arena, cc_store_epoch(by->chat->store), CC_STR("."),
                   cc_str_from_i64(by->arena, rev), CC_STR("."), cc_str_from_i64(by->arena, seq));
}

bool cc_sync_parse(const struct cc_caller *by, struct cc_str token, struct cc_sync *out)
{
    struct cc_str rest = token;
    struct cc_str epoch = cc_str_cut(&rest, '.');
    struct cc_str rev = rest.at ? cc_str_cut(&rest, '.') : CC_STR_ABSENT;
    struct cc_sync sync;

    if (epoch.len == 0 || !rest.at || !cc_str_to_i64(rev, 0, INT64_MAX, &sync.rev) ||
        !cc_str_to_i64(rest, 0, INT64_MAX, &sync.seq))
        return false;
    sync.foreign = !cc_str_eq(epoch, cc_store_epoch(by->chat->store));
    *out = sync;
    return true;
}

/* The epoch is sealed in: after a restore the same place in a list means something else. */
static void seal_mac(const struct cc_caller *by, const char *list, struct cc_str payload,
                     unsigned char mac[CC_SHA256_SIZE])
{
    const struct cc_str parts[] = { CC_STR("list cursor"), cc_store_epoch(by->chat->store),
                                    by->user, cc_str_from(list), payload };

    cc_hmac_sha256(by->chat->config.secret, parts, CC_COUNT(parts), mac);
}

struct cc_str cc_seal(const struct cc_caller *by, const char *list, struct cc_str payload)
{
    unsigned char mac[CC_SHA256_SIZE];
    const struct cc_str parts[] = { { (const char *)mac, MAC_BYTES }, payload };

    seal_mac(by, list, payload, mac);
    return cc_base64url_encode(by->arena, cc_str_join(by->arena, parts, CC_COUNT(parts)));
}

struct cc_str cc_seal_open(const struct cc_caller *by, const char *list, struct cc_str sealed)
{
    struct cc_str bytes = cc_base64url_decode(by->arena, sealed);
    struct cc_str payload = cc_str_skip(bytes, MAC_BYTES);
    unsigned char mac[CC_SHA256_SIZE];

    if (bytes.len < MAC_BYTES)
        return CC_STR_ABSENT;
    seal_mac(by, list, payload, mac);
    if (!cc_str_eq_secret(cc_str_take(bytes, MAC_BYTES),
                          (struct cc_str){ (const char *)mac, MAC_BYTES }))
        return CC_STR_ABSENT;
    return payload;
}
