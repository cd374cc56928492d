/* The small ones: init, keys, tick, config. */
#include "lighttpd.h"

#include "../identity/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES_MAX ((size_t)256 * 1024)

/* --- init and keys ---------------------------------------------------------------------------- */

static struct cc_keys_folder keys_folder(const struct cc_config *config)
{
    return (struct cc_keys_folder){
        .path = config->identity.keys,
        .access_token_s = config->identity.access_token_s,
        .clock = &cc_system_clock,
        .random = &cc_system_random,
    };
}

int cc_admin_init(struct cc_admin *admin)
{
    struct cc_site site;
    struct cc_keys_folder folder;
    bool is_new;

    if (admin->options.data == NULL) {
        fprintf(stderr, "cloudchat init: --data DIR says where\n");
        return CC_EXIT_USAGE;
    }
    if (cc_site_make(admin->arena, admin->options.data, &is_new, &admin->err) != CC_OK ||
        cc_site_find(admin, &site, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    folder = keys_folder(&site.config);
    if (cc_keys_create(&folder, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    printf("%s %s\nSigning keys are in %s\n", is_new ? "Wrote" : "There is already",
           site.config_path, site.config.identity.keys.at);
    return EXIT_SUCCESS;
}

static int rotate(struct cc_admin *admin, const struct cc_keys_folder *folder)
{
    struct cc_str kid;

    if (cc_keys_rotate(folder, admin->arena, &kid, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    printf("New signing key: %.*s\nRunning programs sign with it within %d seconds.\n",
           CC_STR_ARG(kid), CC_KEYS_NOTICE_S);
    return EXIT_SUCCESS;
}

static int list(struct cc_admin *admin, const struct cc_keys_folder *folder)
{
    int64_t now_ms = cc_clock_wall_ms(&cc_system_clock);
    struct cc_signing_keys keys;

    if (cc_keys_list(folder, admin->arena, &keys, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    for (size_t i = 0; i < keys.count; i++) {
        const struct cc_signing_key *key = &keys.at[i];
        char made[CC_TIME_TEXT_SIZE], until[CC_TIME_TEXT_SIZE];

        cc_time_format(key->created_ms, made);
        printf("%.*s  made %s  ", CC_STR_ARG(key->kid), made);
        if (key->until_ms == INT64_MAX) {
            printf("signs\n");
            continue;
        }
        cc_time_format(key->until_ms, until);
        printf("%s %s\n", key->until_ms > now_ms ? "valid until" : "no longer valid since", until);
    }
    return EXIT_SUCCESS;
}

int cc_admin_keys(struct cc_admin *admin)
{
    struct cc_keys_folder folder;
    struct cc_site site;

    if (strcmp(admin->words[0], "rotate") != 0 && strcmp(admin->words[0], "list") != 0) {
        fprintf(stderr, "cloudchat keys: it is `keys rotate` or `keys list`\n");
        return CC_EXIT_USAGE;
    }
    if (cc_site_find(admin, &site, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    folder = keys_folder(&site.config);
    return admin->words[0][0] == 'r' ? rotate(admin, &folder) : list(admin, &folder);
}

/* --- tick ------------------------------------------------------------------------------------- */

int cc_admin_tick(struct cc_admin *admin)
{
    struct cc_app app;
    const char *path;
    size_t jobs, swept;
    enum cc_code rc = cc_site_config_path(admin, &path, &admin->err);

    if (rc == CC_OK)
        rc = cc_app_open("tick", CC_APP_ALL, path, &app, &admin->err);
    if (rc != CC_OK)
        return cc_admin_failed(&admin->err);
    rc = cc_app_work(&app, &jobs, &swept, &admin->err);
    cc_app_close(&app);
    if (rc != CC_OK)
        return cc_admin_failed(&admin->err);
    printf("%zu jobs done, %zu expired items removed\n", jobs, swept);
    return EXIT_SUCCESS;
}

/* --- config ----------------------------------------------------------------------------------- */

static void add_keys(struct cc_buf *out)
{
    for (const struct cc_config_key *key = cc_config_keys; key->section != NULL; key++) {
        if (key->type == CC_CONFIG_GONE)
            continue;
        cc_buf_add_format(out, "%s.%s = %s\n", key->section, key->key, key->fallback);
        cc_buf_add_format(out, "    %s\n", key->help);
        for (size_t i = 0; key->values != NULL && key->values[i] != NULL; i++)
            cc_buf_add_format(out, "%s%s", i == 0 ? "    One of: " : ", ", key->values[i]);
        if (key->values != NULL)
            cc_buf_add_byte(out, '\n');
    }
    cc_buf_add_z(out,
                 "\nEach key can also be given as CLOUDCHAT_<SECTION>_<KEY>, which wins over the "
                 "file.\n");
}

static enum cc_code add_lighttpd(struct cc_admin *admin, struct cc_buf *out)
{
    struct cc_site site;
    struct cc_str text;
    enum cc_code rc = cc_site_find(admin, &site, &admin->err);

    if (rc == CC_OK)
        rc = cc_lighttpd_config(admin->arena, &site, false, &text, &admin->err);
    if (rc == CC_OK)
        cc_buf_add(out, text);
    return rc;
}

int cc_admin_config(struct cc_admin *admin)
{
    const struct cc_options *options = &admin->options;
    struct cc_buf buf;

    cc_buf_init(&buf, admin->arena, OUTPUT_BYTES_MAX);
    if (options->file)
        cc_config_print_file(cc_config_keys, NULL, 0, &buf);
    else if (options->markdown)
        cc_config_print_markdown(cc_config_keys, &buf);
    else if (!options->lighttpd)
        add_keys(&buf);
    else if (add_lighttpd(admin, &buf) != CC_OK)
        return cc_admin_failed(&admin->err);
    return fwrite(buf.at, 1, buf.len, stdout) == buf.len ? EXIT_SUCCESS : EXIT_FAILURE;
}
