/* blob/blob.h - media bytes by name. A blob is there whole or not at all, and when it is deleted
 * its bytes are gone. It does not know what the bytes are or who may see them. */
#ifndef CC_BLOB_BLOB_H
#define CC_BLOB_BLOB_H

#include "../base/arena.h"
#include "../base/finding.h"
#include "../base/str.h"

/* What somebody may do with one blob past this program. */
struct cc_blob_pass {
    enum { CC_BLOB_FETCH, CC_BLOB_BRING } way; /* GET, or PUT of what is not there yet */
    struct cc_str name;
    struct cc_str content_type; /* "image/png": as it is fetched, or must be brought */
    int64_t size_bytes;         /* of what is brought, to the byte */
    int64_t valid_s;            /* 1 to 604,800 */
};

struct cc_blobs {
    const struct cc_blobs_ops *ops; /* first member of each implementation */
};

struct cc_blobs_ops {
    enum cc_code (*put)(struct cc_blobs *, struct cc_str, struct cc_str, struct cc_err *);
    enum cc_code (*get)(struct cc_blobs *, struct cc_arena *, struct cc_str, struct cc_str *,
                        struct cc_err *);
    enum cc_code (*remove)(struct cc_blobs *, struct cc_str, struct cc_err *);
    enum cc_code (*list)(struct cc_blobs *, struct cc_arena *, struct cc_strs *, struct cc_err *);
    enum cc_code (*keep)(struct cc_blobs *, struct cc_err *);
    void (*release)(struct cc_blobs *);
    enum cc_code (*url)(struct cc_blobs *, struct cc_arena *, const struct cc_blob_pass *,
                        struct cc_str *, struct cc_err *);
    void (*close)(struct cc_blobs *);
};

/* A name is one to CC_BLOB_PARTS_MAX ids (cc_id_is_wellformed) that do not begin with a dot, with
 * '/' between them: "photo/<user>/<random>". Any other name is CC_INTERNAL: names are made by us.
 */
#define CC_BLOB_PARTS_MAX 4
#define CC_BLOB_NAME_BYTES_MAX ((size_t)255)

/* On disk when it returns. CC_EXISTS, CC_STORAGE_FULL (nothing was done), CC_UNAVAILABLE (it may be
 * there, whole: whoever chose the name gives it up, and removes it). */
enum cc_code cc_blob_put(struct cc_blobs *blobs, struct cc_str name, struct cc_str bytes,
                         struct cc_err *err) CC_NODISCARD;
/* The bytes live in the arena. CC_NOT_FOUND, CC_UNAVAILABLE. */
enum cc_code cc_blob_get(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_str name,
                         struct cc_str *out, struct cc_err *err) CC_NODISCARD;
/* CC_OK also when it was not there. CC_UNAVAILABLE, also while somebody keeps them: try again
 * later.
 */
enum cc_code cc_blob_remove(struct cc_blobs *blobs, struct cc_str name,
                            struct cc_err *err) CC_NODISCARD;
/* The names of all, in no order; in the arena. What comes or goes meanwhile may be among them. */
enum cc_code cc_blobs_list(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_strs *out,
                           struct cc_err *err) CC_NODISCARD;

/* From now on nothing is removed, by whatever process, until cc_blobs_release or the end of this
 * process (or, where blobs are on another machine, until nothing has been got for an hour): what
 * the store names at any later moment is there to be copied, because who removes a blob has taken
 * its name out of the store before. CC_UNAVAILABLE, also while another process keeps them. */
enum cc_code cc_blobs_keep(struct cc_blobs *blobs, struct cc_err *err) CC_NODISCARD;
void cc_blobs_release(struct cc_blobs *blobs);

/* A URL by which whoever has it makes that one request, without a token. A PUT is to be sent with
 * `Content-Type` as in the pass and `If-None-Match: *`. Whether there is such a blob is not looked
 * at. Absent where bytes come and go through this program alone. In the arena. CC_UNAVAILABLE. */
enum cc_code cc_blob_url(struct cc_blobs *blobs, struct cc_arena *arena,
                         const struct cc_blob_pass *pass, struct cc_str *out,
                         struct cc_err *err) CC_NODISCARD;

void cc_blobs_close(struct cc_blobs *blobs); /* NULL is allowed */

/* A folder, made (0700) where there is none; each file is 0600. A blob is written to a temporary
 * name, synced, renamed, its folder synced. What a killed process left unfinished goes at the
 * next open. Safe for several threads, and for several processes on one folder. CC_UNAVAILABLE:
 * the cause names the folder. */
enum cc_code cc_blobs_open_directory(struct cc_str folder, struct cc_blobs **out,
                                     struct cc_err *err) CC_NODISCARD;

/* For `cloudchat doctor`: whether the folder can be used. Makes nothing. */
void cc_blobs_examine_directory(struct cc_str folder, struct cc_findings *to);

/* A bucket of S3, below a prefix: a blob "photo/ann/x" is the object "<prefix>photo/ann/x". The
 * bucket must be there, and the credentials allow s3:GetObject, PutObject, DeleteObject in it and
 * s3:ListBucket of it (without that S3 does not say that an object is absent). Safe for several
 * threads, and for several processes and machines. Copies the strings. CC_INVALID: a bucket or
 * prefix that is none. */
struct cc_aws;
struct cc_clock;
struct cc_random;
struct cc_blobs_s3 {
    struct cc_aws *aws; /* of the service "s3"; what is pointed at must outlive the blobs */
    const struct cc_clock *clock;
    const struct cc_random *random;
    struct cc_str bucket;
    struct cc_str prefix; /* empty, or named like a blob and with a '/' at its end */
};
enum cc_code cc_blobs_open_s3(const struct cc_blobs_s3 *config, struct cc_blobs **out,
                              struct cc_err *err) CC_NODISCARD;

/* For `cloudchat doctor`: whether the bucket is there and all may be done that is needed, for which
 * an object ".doctor-<random>" (no name of a blob) is made, read and removed. */
void cc_blobs_examine_s3(const struct cc_blobs_s3 *config, struct cc_str region,
                         struct cc_findings *to);

/* What an image is by its first bytes (image.c): JPEG, PNG or WebP, and its dimensions. CC_INVALID
 * says what is wrong: not one of them, damaged, larger than side_max on a side. */
struct cc_image {
    const char *content_type;
    int64_t width, height; /* pixels */
};
enum cc_code cc_image_sniff(struct cc_str bytes, int64_t side_max, struct cc_image *out,
                            struct cc_err *err) CC_NODISCARD;

#endif
