/* blob/blob.h - media bytes by name. A blob is there whole or not at all, and when it is deleted
 * its bytes are gone. It does not know what the bytes are or who may see them. */
#ifndef CC_BLOB_BLOB_H
#define CC_BLOB_BLOB_H

#include "../base/arena.h"
#include "../base/str.h"

struct cc_blobs {
    const struct cc_blobs_ops *ops; /* first member of each implementation */
};

struct cc_blobs_ops {
    enum cc_code (*put)(struct cc_blobs *, struct cc_str, struct cc_str, struct cc_err *);
    enum cc_code (*get)(struct cc_blobs *, struct cc_arena *, struct cc_str, struct cc_str *,
                        struct cc_err *);
    enum cc_code (*remove)(struct cc_blobs *, struct cc_str, struct cc_err *);
    void (*close)(struct cc_blobs *);
};

/* Names are ids (cc_id_is_wellformed) with '/' between them: "photo/<user>/<random>"; anything
 * else is CC_INTERNAL. put: CC_EXISTS, CC_STORAGE_FULL, CC_UNAVAILABLE; on disk when it returns.
 * get: CC_NOT_FOUND; the bytes live in the arena. remove: CC_OK also when it was not there. */
enum cc_code cc_blob_put(struct cc_blobs *blobs, struct cc_str name, struct cc_str bytes,
                         struct cc_err *err) CC_NODISCARD;
enum cc_code cc_blob_get(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_str name,
                         struct cc_str *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_blob_remove(struct cc_blobs *blobs, struct cc_str name,
                            struct cc_err *err) CC_NODISCARD;
void cc_blobs_close(struct cc_blobs *blobs);

/* A folder: written to a temporary name, synced, renamed, the folder synced. */
enum cc_code cc_blobs_open_directory(struct cc_str folder, struct cc_blobs **out,
                                     struct cc_err *err) CC_NODISCARD;

/* What an image is by its first bytes (image.c): JPEG, PNG or WebP, and its dimensions. CC_INVALID
 * names what is wrong (not one of them, damaged, larger than max_side on a side). */
struct cc_image {
    const char *content_type;
    int64_t width, height;
};
enum cc_code cc_image_sniff(struct cc_str bytes, int64_t max_side, struct cc_image *out,
                            struct cc_err *err) CC_NODISCARD;

#endif
