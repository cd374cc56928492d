/* Reads as much of an image as tells its type and size, and nothing beyond the bytes it was given:
 * they come from strangers. Nothing is decoded here. */
#include "blob.h"

#include <string.h>

static enum cc_code damaged(struct cc_err *err, const char *what)
{
    return cc_fail(err, CC_INVALID, "The picture is damaged.", "image: %s", what);
}

static uint8_t byte(struct cc_str s, size_t i)
{
    return (uint8_t)s.at[i];
}

static uint32_t read_be(struct cc_str s, size_t at, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | byte(s, at + i);
    return value;
}

static uint32_t read_le(struct cc_str s, size_t at, size_t size)
{
    uint32_t value = 0;

    while (size-- > 0)
        value = value << 8 | byte(s, at + size);
    return value;
}

/* --- PNG (ISO/IEC 15948, 11.2.2): the IHDR chunk comes first ---------------------------------- */

static enum cc_code read_png(struct cc_str s, struct cc_image *out, struct cc_err *err)
{
    static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    static const size_t ihdr_end = 8 + 8 + 13 + 4; /* signature, length and type, data, CRC */

    if (s.len < ihdr_end || memcmp(s.at, head, sizeof(head) - 1) != 0)
        return damaged(err, "PNG without IHDR");
    *out = (struct cc_image){ "image/png", read_be(s, 16, 4), read_be(s, 20, 4) };
    return CC_OK;
}

/* --- JPEG (ITU-T T.81, B.1.1 and B.2.2): markers up to the frame header ----------------------- */

#define JPEG_DHT 0xc4 /* of C0..CF these three do not begin a frame */
#define JPEG_JPG 0xc8
#define JPEG_DAC 0xcc
#define JPEG_RST0 0xd0 /* from here to SOS no marker may stand before the frame header */
#define JPEG_SOS 0xda

static bool jpeg_is_frame(uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != JPEG_DHT && marker != JPEG_JPG &&
           marker != JPEG_DAC;
}

static enum cc_code jpeg_read_frame(struct cc_str segment, struct cc_image *out, struct cc_err *err)
{
    if (segment.len < 8)
        return damaged(err, "JPEG frame header too short");
    *out = (struct cc_image){ "image/jpeg", read_be(segment, 5, 2), read_be(segment, 3, 2) };
    return CC_OK;
}

static enum cc_code read_jpeg(struct cc_str s, struct cc_image *out, struct cc_err *err)
{
    size_t at = 2;

    for (;;) {
        size_t size;
        uint8_t marker;

        if (at >= s.len || byte(s, at) != 0xff)
            return damaged(err, "JPEG without marker");
        while (at < s.len && byte(s, at) == 0xff)
            at++; /* B.1.1.2: any number of fill bytes */
        if (s.len - at < 3)
            return damaged(err, "JPEG cut short");
        marker = byte(s, at++);
        if (marker < 0xc0 || (marker >= JPEG_RST0 && marker <= JPEG_SOS))
            return damaged(err, "JPEG without frame header");
        size = read_be(s, at, 2);
        if (size < 2 || size > s.len - at)
            return damaged(err, "JPEG segment beyond the end");
        if (jpeg_is_frame(marker))
            return jpeg_read_frame((struct cc_str){ s.at + at, size }, out, err);
        at += size;
    }
}

/* --- WebP (RFC 9649, 2.4 to 2.7): RIFF, and one of three first chunks ------------------------- */

/* RFC 6386, 9.1: a key frame, its start code, 14 bits each with 2 bits of scaling above. */
static bool webp_read_lossy(struct cc_str chunk, struct cc_image *out)
{
    if (chunk.len < 10 || (byte(chunk, 0) & 1) != 0 || memcmp(chunk.at + 3, "\x9d\x01\x2a", 3) != 0)
        return false;
    out->width = read_le(chunk, 6, 2) & 0x3fff;
    out->height = read_le(chunk, 8, 2) & 0x3fff;
    return true;
}

/* RFC 9649, 3.4 */
static bool webp_read_lossless(struct cc_str chunk, struct cc_image *out)
{
    uint32_t bits;

    if (chunk.len < 5 || byte(chunk, 0) != 0x2f)
        return false;
    bits = read_le(chunk, 1, 4);
    out->width = (bits & 0x3fff) + 1;
    out->height = (bits >> 14 & 0x3fff) + 1;
    return true;
}

/* RFC 9649, 2.7: the canvas */
static bool webp_read_extended(struct cc_str chunk, struct cc_image *out)
{
    if (chunk.len < 10)
        return false;
    out->width = (int64_t)read_le(chunk, 4, 3) + 1;
    out->height = (int64_t)read_le(chunk, 7, 3) + 1;
    return true;
}

static const struct webp_kind {
    const char fourcc[5];
    bool (*read)(struct cc_str chunk, struct cc_image *out);
} webp_kinds[] = {
    { "VP8 ", webp_read_lossy },
    { "VP8L", webp_read_lossless },
    { "VP8X", webp_read_extended },
};

static enum cc_code read_webp(struct cc_str s, struct cc_image *out, struct cc_err *err)
{
    static const size_t chunk_at = 20; /* RIFF header 12, chunk header 8 */
    struct cc_image image = { "image/webp", 0, 0 };
    uint32_t size;

    if (s.len < chunk_at || read_le(s, 4, 4) > s.len - 8)
        return damaged(err, "WebP cut short");
    size = read_le(s, 16, 4);
    if (size > s.len - chunk_at)
        return damaged(err, "WebP chunk beyond the end");
    for (size_t i = 0; i < CC_COUNT(webp_kinds); i++) {
        if (memcmp(s.at + 12, webp_kinds[i].fourcc, 4) != 0)
            continue;
        if (!webp_kinds[i].read((struct cc_str){ s.at + chunk_at, size }, &image))
            return damaged(err, "WebP with a broken first chunk");
        *out = image;
        return CC_OK;
    }
    return damaged(err, "WebP with an unknown first chunk");
}

/* --- any of them ------------------------------------------------------------------------------ */

static enum cc_code read_any(struct cc_str s, struct cc_image *out, struct cc_err *err)
{
    if (s.len >= 8 && memcmp(s.at, "\x89PNG\r\n\x1a\n", 8) == 0)
        return read_png(s, out, err);
    if (s.len >= 3 && memcmp(s.at, "\xff\xd8\xff", 3) == 0)
        return read_jpeg(s, out, err);
    if (s.len >= 12 && memcmp(s.at, "RIFF", 4) == 0 && memcmp(s.at + 8, "WEBP", 4) == 0)
        return read_webp(s, out, err);
    return cc_fail(err, CC_INVALID, "The picture is neither JPEG nor PNG nor WebP.",
                   "image: unknown first bytes");
}

enum cc_code cc_image_sniff(struct cc_str bytes, int64_t side_max, struct cc_image *out,
                            struct cc_err *err)
{
    struct cc_image image;
    enum cc_code rc = read_any(bytes, &image, err);

    if (rc != CC_OK)
        return rc;
    if (image.width == 0 || image.height == 0)
        return damaged(err, "no width or no height");
    if (image.width > side_max || image.height > side_max)
        return cc_fail(err, CC_INVALID, "The picture has too many pixels on a side.",
                       "image: %lld x %lld", (long long)image.width, (long long)image.height);
    *out = image;
    return CC_OK;
}
