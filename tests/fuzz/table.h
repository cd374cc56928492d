/* tests/fuzz/table.h - a table with a row of every type and every flag, as a handler or a row of
 * the store could have it. What is optional has CC_FIELD_OMIT, so that what is saved can be
 * decoded again: decoding refuses null. */
#ifndef CC_TESTS_FUZZ_TABLE_H
#define CC_TESTS_FUZZ_TABLE_H

#include "base/field.h"

struct fuzz_inner {
    struct cc_str text;
    int64_t number;
    struct cc_i64s numbers;
};

struct fuzz_row {
    struct cc_str needed, text, secret, name;
    int64_t any, small, counted;
    bool is_counted, flag, flag_there;
    int fruit;
    struct cc_strs words, secrets;
    struct cc_i64s numbers;
    struct fuzz_inner inner;
    struct json_object *json;
};

static const char *const fuzz_fruits[] = { "apple", "pear", "quince", NULL };

static const struct cc_field fuzz_inner_fields[] = {
    { .name = "text",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_inner, text),
      .min = 1 },
    { .name = "number",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct fuzz_inner, number) },
    { .name = "numbers",
      .type = CC_FIELD_I64S,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_inner, numbers),
      .max = 3 },
    { .name = NULL },
};

static const struct cc_field fuzz_fields[] = {
    { .name = "needed",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct fuzz_row, needed),
      .max = 16 },
    { .name = "text",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, text),
      .min = 2,
      .max = 40 },
    { .name = "secret",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_SECRET | CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, secret) },
    { .name = "name",
      .type = CC_FIELD_NAME,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, name),
      .min = 1,
      .max = 20 },
    { .name = "any",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, any) },
    { .name = "small",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct fuzz_row, small),
      .min = -5,
      .max = 10 },
    { .name = "counted",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_NOTED,
      .offset = offsetof(struct fuzz_row, counted),
      .max = INT64_MAX,
      .noted = offsetof(struct fuzz_row, is_counted) },
    { .name = "flag",
      .type = CC_FIELD_BOOL,
      .flags = CC_FIELD_NOTED,
      .offset = offsetof(struct fuzz_row, flag),
      .noted = offsetof(struct fuzz_row, flag_there) },
    { .name = "fruit",
      .type = CC_FIELD_ENUM,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, fruit),
      .values = fuzz_fruits },
    { .name = "words",
      .type = CC_FIELD_STRS,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, words),
      .max = 5,
      .item_min = 1,
      .item_max = 4 },
    { .name = "secrets",
      .type = CC_FIELD_STRS,
      .flags = CC_FIELD_SECRET | CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, secrets) },
    { .name = "numbers",
      .type = CC_FIELD_I64S,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, numbers),
      .min = 1,
      .max = 4 },
    { .name = "inner",
      .type = CC_FIELD_OBJECT,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, inner),
      .sub = fuzz_inner_fields },
    { .name = "json",
      .type = CC_FIELD_JSON,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct fuzz_row, json) },
    { .name = NULL },
};

#endif
