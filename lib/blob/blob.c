#include "blob.h"

#include "../base/id.h"

/* A name becomes a path: what could climb out of the folder or hide in it never gets there. */
static bool name_is_ours(struct cc_str name)
{
    struct cc_str rest = name;
    size_t parts = 0;

    if (name.len > CC_BLOB_NAME_BYTES_MAX)
        return false;
    while (rest.at) {
        struct cc_str part = cc_str_cut(&rest, '/');

        if (!cc_id_is_wellformed(part) || part.at[0] == '.' || ++parts > CC_BLOB_PARTS_MAX)
            return false;
    }
    return parts > 0;
}

static enum cc_code check_name(struct cc_str name, struct cc_err *err)
{
    if (name_is_ours(name))
        return CC_OK;
    return cc_fail(err, CC_INTERNAL, NULL, "not a name for a blob: %.*s", CC_STR_ARG(name));
}

enum cc_code cc_blob_put(struct cc_blobs *blobs, struct cc_str name, struct cc_str bytes,
                         struct cc_err *err)
{
    enum cc_code rc = check_name(name, err);

    return rc != CC_OK ? rc : blobs->ops->put(blobs, name, bytes, err);
}

enum cc_code cc_blob_get(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_str name,
                         struct cc_str *out, struct cc_err *err)
{
    enum cc_code rc = check_name(name, err);

    return rc != CC_OK ? rc : blobs->ops->get(blobs, arena, name, out, err);
}

enum cc_code cc_blob_remove(struct cc_blobs *blobs, struct cc_str name, struct cc_err *err)
{
    enum cc_code rc = check_name(name, err);

    return rc != CC_OK ? rc : blobs->ops->remove(blobs, name, err);
}

enum cc_code cc_blobs_list(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_strs *out,
                           struct cc_err *err)
{
    struct cc_strs found = { 0 };
    struct cc_str *ours;
    size_t count = 0;
    enum cc_code rc = blobs->ops->list(blobs, arena, &found, err);

    if (rc != CC_OK)
        return rc;
    ours = CC_NEW_ARRAY(arena, struct cc_str, found.count);
    for (size_t i = 0; i < found.count; i++)
        if (name_is_ours(found.at[i])) /* and not what a person has put there */
            ours[count++] = found.at[i];
    *out = (struct cc_strs){ ours, count };
    return CC_OK;
}

enum cc_code cc_blobs_keep(struct cc_blobs *blobs, struct cc_err *err)
{
    return blobs->ops->keep(blobs, err);
}

void cc_blobs_release(struct cc_blobs *blobs)
{
    blobs->ops->release(blobs);
}

enum cc_code cc_blob_url(struct cc_blobs *blobs, struct cc_arena *arena,
                         const struct cc_blob_pass *pass, struct cc_str *out, struct cc_err *err)
{
    enum cc_code rc = check_name(pass->name, err);

    return rc != CC_OK ? rc : blobs->ops->url(blobs, arena, pass, out, err);
}

void cc_blobs_close(struct cc_blobs *blobs)
{
    if (blobs)
        blobs->ops->close(blobs);
}
