/* The first bytes of a picture from a stranger: what it is, and how large. */
#include "fuzz.h"

#include "blob/blob.h"

#define SIDE_MAX 8192

static bool is_known(const char *type)
{
    return strcmp(type, "image/jpeg") == 0 || strcmp(type, "image/png") == 0 ||
           strcmp(type, "image/webp") == 0;
}

/* What stands behind what was read changes nothing. */
static void require_same_with_more(struct cc_str bytes, const struct cc_image *image)
{
    const struct cc_str parts[] = { bytes, CC_STR("\xff\xc0more") };
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 };
    struct cc_image again;

    fuzz_require(cc_image_sniff(cc_str_join(arena, parts, 2), SIDE_MAX, &again, &err) == CC_OK);
    fuzz_require(again.content_type == image->content_type);
    fuzz_require(again.width == image->width && again.height == image->height);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str bytes = fuzz_place(data, size);
    struct cc_err err = { 0 };
    struct cc_image image = { NULL, -1, -1 };
    enum cc_code rc = cc_image_sniff(bytes, SIDE_MAX, &image, &err);

    if (rc != CC_OK) {
        fuzz_require(rc == CC_INVALID);
        fuzz_require_error(&err, rc);
        fuzz_require(image.content_type == NULL && image.width == -1);
        return 0;
    }
    fuzz_require(is_known(image.content_type));
    fuzz_require(image.width >= 1 && image.width <= SIDE_MAX);
    fuzz_require(image.height >= 1 && image.height <= SIDE_MAX);
    require_same_with_more(bytes, &image);
    return 0;
}
