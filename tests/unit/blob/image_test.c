#include "blob/blob.h"
#include "tests/check.h"

/* Just as much of each kind as says its size: 300 x 200 pixels (0x12c x 0xc8). */

static const struct sample {
    const char *name;
    struct cc_str bytes;
    const char *content_type;
    int64_t width, height;
} samples[] = {
    { "png",
      { "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\1\x2c\0\0\0\xc8\x08\6\0\0\0\xde\xad\xbe\xef", 33 },
      "image/png",
      300,
      200 },
    { "baseline jpeg",
      { "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
        "\xff\xdb\0\3\0"
        "\xff\xc0\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0",
        38 },
      "image/jpeg",
      300,
      200 },
    { "progressive jpeg, tables first, with fill bytes",
      { "\xff\xd8\xff\xff\xff\xe1\0\4ab\xff\xc4\0\3\0\xff\xff\xc2\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0",
        29 },
      "image/jpeg",
      300,
      200 },
    { "lossy webp",
      { "RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x30\1\0\x9d\x01\x2a\x2c\1\xc8\0", 30 },
      "image/webp",
      300,
      200 },
    { "lossy webp with scaling bits",
      { "RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x30\1\0\x9d\x01\x2a\x2c\x41\xc8\x80", 30 },
      "image/webp",
      300,
      200 },
    /* 299 | 199 << 14 = 0x31c12b */
    { "lossless webp",
      { "RIFF\x11\0\0\0WEBPVP8L\5\0\0\0\x2f\x2b\xc1\x31\0", 25 },
      "image/webp",
      300,
      200 },
    { "extended webp",
      { "RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x2b\1\0\xc7\0\0", 30 },
      "image/webp",
      300,
      200 },
};

static enum cc_code sniff(struct cc_str bytes, int64_t side_max, struct cc_image *out)
{
    struct cc_err err = { 0 };

    return cc_image_sniff(bytes, side_max, out, &err);
}

START_TEST(type_and_size_are_read_from_the_first_bytes)
{
    for (size_t i = 0; i < CC_COUNT(samples); i++) {
        const struct sample *s = &samples[i];
        struct cc_image image;

        ck_assert_msg(sniff(cc_check_guarded(s->bytes), 300, &image) == CC_OK, "%s", s->name);
        ck_assert_str_eq(image.content_type, s->content_type);
        ck_assert_msg(image.width == s->width && image.height == s->height, "%s: %d x %d", s->name,
                      (int)image.width, (int)image.height);
    }
}
END_TEST

START_TEST(no_prefix_of_these_is_an_image_nor_read_beyond_its_end)
{
    for (size_t i = 0; i < CC_COUNT(samples); i++) {
        for (size_t len = 0; len < samples[i].bytes.len; len++) {
            struct cc_image image;
            struct cc_str cut = cc_check_guarded(cc_str_take(samples[i].bytes, len));

            ck_assert_msg(sniff(cut, 300, &image) == CC_INVALID, "%s: %zu bytes", samples[i].name,
                          len);
        }
    }
}
END_TEST

START_TEST(every_single_byte_may_have_any_value)
{
    for (size_t i = 0; i < CC_COUNT(samples); i++) {
        struct cc_str copy = cc_check_guarded(samples[i].bytes);
        unsigned char *at = (unsigned char *)copy.at;

        for (size_t k = 0; k < copy.len; k++) {
            const unsigned char before = at[k];

            for (unsigned value = 0; value < 256; value++) {
                struct cc_image image = { NULL, 1, 1 };

                at[k] = (unsigned char)value;
                (void)!sniff(copy, 1000, &image);
                ck_assert(image.width > 0 && image.height > 0);
                ck_assert(image.width <= 1000 && image.height <= 1000);
            }
            at[k] = before;
        }
    }
}
END_TEST

START_TEST(a_side_longer_than_allowed_is_refused)
{
    for (size_t i = 0; i < CC_COUNT(samples); i++) {
        struct cc_image image;

        ck_assert_int_eq(sniff(samples[i].bytes, 300, &image), CC_OK);
        ck_assert_int_eq(sniff(samples[i].bytes, 299, &image), CC_INVALID);
    }
}
END_TEST

START_TEST(what_is_broken_or_something_else_is_refused)
{
    static const struct cc_str refused[] = {
        { "", 0 },
        { "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 41 },
        { "GIF89a\x01\0\x01\0\0\0\0", 13 },
        { "RIFF\x16\0\0\0WAVEfmt \x0a\0\0\0aaaaaaaaaa", 30 },
        /* PNG: no width; a chunk before IHDR */
        { "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0\0\0\0\xc8\x08\6\0\0\0\xde\xad\xbe\xef", 33 },
        { "\x89PNG\r\n\x1a\n\0\0\0\x0dtEXt\0\0\1\x2c\0\0\0\xc8\x08\6\0\0\0\xde\xad\xbe\xef", 33 },
        /* JPEG: no height; scan or end before the frame; segment of no length; one that never ends
         */
        { "\xff\xd8\xff\xc0\0\x0b\x08\0\0\1\x2c\1\1\x11\0", 15 },
        { "\xff\xd8\xff\xda\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0", 15 },
        { "\xff\xd8\xff\xd9\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0", 15 },
        { "\xff\xd8\xff\xe0\0\0\xff\xc0\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0", 19 },
        { "\xff\xd8\xff\xe0\0\1\xff\xc0\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0", 19 },
        { "\xff\xd8\xff\xe0\xff\xff\xff\xc0\0\x0b\x08\0\xc8\1\x2c\1\1\x11\0", 19 },
        { "\xff\xd8\xff\xc0\0\7\x08\0\xc8\1\x2c\1\1\x11\0", 15 },
        { "\xff\xd8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15 },
        /* WebP: not a key frame; no start code; wrong signature; unknown chunk; sizes that lie */
        { "RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x31\1\0\x9d\x01\x2a\x2c\1\xc8\0", 30 },
        { "RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x30\1\0\x9d\x01\x2b\x2c\1\xc8\0", 30 },
        { "RIFF\x11\0\0\0WEBPVP8L\5\0\0\0\x2e\x2b\xc1\x31\0", 25 },
        { "RIFF\x16\0\0\0WEBPANIM\x0a\0\0\0\x10\0\0\0\x2b\1\0\xc7\0\0", 30 },
        { "RIFF\x17\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x2b\1\0\xc7\0\0", 30 },
        { "RIFF\x16\0\0\0WEBPVP8X\x0b\0\0\0\x10\0\0\0\x2b\1\0\xc7\0\0", 30 },
        { "RIFF\x16\0\0\0WEBPVP8X\xff\xff\xff\xff\x10\0\0\0\x2b\1\0\xc7\0\0", 30 },
        { "RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0\x10\0\0\0\x2b\1\0\xc7\0\0", 30 },
    };

    for (size_t i = 0; i < CC_COUNT(refused); i++) {
        struct cc_image image;

        ck_assert_msg(sniff(cc_check_guarded(refused[i]), 65535, &image) == CC_INVALID, "%zu", i);
    }
}
END_TEST

CC_CHECK_MAIN("blob/image", type_and_size_are_read_from_the_first_bytes,
              no_prefix_of_these_is_an_image_nor_read_beyond_its_end,
              every_single_byte_may_have_any_value, a_side_longer_than_allowed_is_refused,
              what_is_broken_or_something_else_is_refused)
