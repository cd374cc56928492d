#include "config_reader.h"

#include <string.h>

static bool starts_section(const struct cc_config_key *keys, const struct cc_config_key *key)
{
    return key == keys || strcmp(key[-1].section, key->section) != 0;
}

static void add_choices(struct cc_buf *out, const char *const *values)
{
    if (!values)
        return;
    cc_buf_add_z(out, " One of ");
    cc_config_add_values(out, values);
    cc_buf_add_z(out, ".");
}

static bool sets(const struct cc_config_setting *setting, const struct cc_config_key *key)
{
    const size_t len = strlen(key->key);
    const char *suffix = key->type == CC_CONFIG_SECRET ? "_file" : "";

    return strcmp(setting->section, key->section) == 0 &&
           strncmp(setting->key, key->key, len) == 0 && strcmp(setting->key + len, suffix) == 0;
}

static void add_value(struct cc_buf *out, const struct cc_config_key *key,
                      const struct cc_config_setting *set, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sets(&set[i], key)) {
            cc_buf_add_format(out, "%s = %s\n", set[i].key, set[i].value);
            return;
        }
    }
    cc_buf_add_format(out, "#%s = %s\n", key->key, key->fallback ? key->fallback : "");
}

void cc_config_print_file(const struct cc_config_key *keys, const struct cc_config_setting *set,
                          size_t count, struct cc_buf *out)
{
    for (const struct cc_config_key *key = keys; key->section; key++) {
        if (key->type == CC_CONFIG_GONE)
            continue;
        if (starts_section(keys, key))
            cc_buf_add_format(out, "%s[%s]\n", key == keys ? "" : "\n", key->section);
        cc_buf_add_format(out, "\n# %s", key->help);
        add_choices(out, key->values);
        cc_buf_add_byte(out, '\n');
        add_value(out, key, set, count);
    }
}

/* A cell of a Markdown table ends at '|'. */
static void add_cell(struct cc_buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '|')
            cc_buf_add_byte(out, '\\');
        cc_buf_add_byte(out, *c);
    }
}

void cc_config_print_markdown(const struct cc_config_key *keys, struct cc_buf *out)
{
    cc_buf_add_z(out, "| section | key | unless given | meaning |\n|---|---|---|---|\n");
    for (const struct cc_config_key *key = keys; key->section; key++) {
        bool has_fallback = key->fallback && *key->fallback;

        if (key->type == CC_CONFIG_GONE)
            continue;
        cc_buf_add_format(out, "| %s | `%s` | %s", key->section, key->key, has_fallback ? "`" : "");
        add_cell(out, has_fallback ? key->fallback : "");
        cc_buf_add_format(out, "%s | ", has_fallback ? "`" : "");
        add_cell(out, key->help);
        add_choices(out, key->values);
        cc_buf_add_z(out, " |\n");
    }
}
