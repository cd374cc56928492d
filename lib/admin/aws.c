/* `cloudchat aws`: what AWS is asked for once, and told, before there is a service. */
#include "site.h"
#include "stack.h"

#include "../base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES_MAX ((size_t)64 * 1024)
#define SECRET_NAME "client-secret"

/* --- the table and the rights ----------------------------------------------------------------- */

static void print_table(const struct cc_config *config, const struct cc_dynamodb_table *table)
{
    printf("The table %s is there%s, in %.*s.\n", config->table.at,
           table->created ? "" : " already", CC_STR_ARG(cc_app_aws_region(config)));
    printf(table->expiry ? "DynamoDB deletes what has expired.\n"
                         : "DynamoDB does not delete what has expired: `cloudchat tick` does.\n");
    printf(table->recovery ? "Point-in-time recovery is on.\n"
                           : "Point-in-time recovery is not to be had here: there is no backup.\n");
}

static int create_table(struct cc_admin *admin)
{
    struct cc_dynamodb_table table;
    struct cc_site site;
    enum cc_code rc = cc_site_find(admin, &site, &admin->err);

    if (rc == CC_OK)
        rc = cc_app_create_table(site.config_path, &table, &admin->err);
    if (rc != CC_OK)
        return cc_admin_failed(&admin->err);
    print_table(&site.config, &table);
    return EXIT_SUCCESS;
}

static int print_policy(struct cc_admin *admin)
{
    struct cc_site site;
    struct cc_str policy;
    enum cc_code rc = cc_site_find(admin, &site, &admin->err);

    if (rc == CC_OK)
        rc = cc_app_aws_policy(admin->arena, &site.config, &policy, &admin->err);
    if (rc != CC_OK)
        return cc_admin_failed(&admin->err);
    printf("%.*s\n", CC_STR_ARG(policy));
    return EXIT_SUCCESS;
}

/* --- a configuration from what CloudFormation has made ---------------------------------------- */

/* Beside the configuration. */
static const char *secret_path(struct cc_arena *arena, const char *config_path)
{
    const char *slash = config_path ? strrchr(config_path, '/') : NULL;

    if (slash == NULL)
        return SECRET_NAME;
    return cc_str_format(arena, "%.*s/" SECRET_NAME, (int)(slash - config_path), config_path).at;
}

/* Whoever may look at a stack sees its outputs. Each line begins with `margin`. */
static void add_secret_hint(struct cc_buf *out, const struct cc_stack *stack, const char *path,
                            const char *margin)
{
    cc_buf_add_format(out,
                      "%1$sThe secret of the pool's client is not among a stack's outputs. It "
                      "belongs into\n"
                      "%1$sthe file " SECRET_NAME " beside the configuration:\n"
                      "%1$s  (umask 077; aws cognito-idp describe-user-pool-client \\\n"
                      "%1$s      --region %2$s --user-pool-id %3$s \\\n"
                      "%1$s      --client-id %4$s \\\n"
                      "%1$s      --query UserPoolClient.ClientSecret --output text >'%5$s')\n",
                      margin, cc_stack_value(stack, "aws", "region"),
                      cc_stack_value(stack, "cognito", "pool"),
                      cc_stack_value(stack, "cognito", "client_id"), path);
}

static struct cc_str config_text(struct cc_arena *arena, const struct cc_stack *stack)
{
    struct cc_config_setting *set =
        CC_NEW_ARRAY(arena, struct cc_config_setting, stack->setting_count + 1);
    struct cc_buf buf;

    memcpy(set, stack->settings, stack->setting_count * sizeof(*set));
    set[stack->setting_count] =
        (struct cc_config_setting){ "cognito", "client_secret_file", SECRET_NAME };
    cc_buf_init(&buf, arena, CONFIG_BYTES_MAX);
    cc_buf_add_z(&buf, "# Configuration of this Cloud Chat, made of the outputs of its stack. What "
                       "is commented\n# out has the value shown.\n#\n");
    add_secret_hint(&buf, stack, SECRET_NAME, "# ");
    cc_buf_add_byte(&buf, '\n');
    cc_config_print_file(cc_config_keys, set, stack->setting_count + 1, &buf);
    return cc_buf_str(&buf);
}

static enum cc_code write_config(const struct cc_options *options, struct cc_str text,
                                 struct cc_err *err)
{
    struct cc_err why = { 0 };
    enum cc_code rc;

    if (options->force)
        rc = cc_file_write(options->to, text, 0600, &why);
    else
        rc = cc_file_create(options->to, text, 0600, &why);
    if (rc == CC_OK)
        return CC_OK;
    return cc_fail(err, rc,
                   rc == CC_EXISTS ? "There is a file of that name: --force replaces it."
                                   : "The configuration cannot be written.",
                   "%s", why.cause);
}

static void print_hints(struct cc_arena *arena, const struct cc_stack *stack, const char *to)
{
    struct cc_buf buf;

    cc_buf_init(&buf, arena, CONFIG_BYTES_MAX);
    if (to != NULL)
        cc_buf_add_format(&buf, "Wrote %s\n", to);
    add_secret_hint(&buf, stack, secret_path(arena, to), "");
    cc_buf_add_z(&buf, "Then look into the file (trusted_proxy, bind), and ask `cloudchat "
                       "doctor`.\n");
    fwrite(buf.at, 1, buf.len, to != NULL ? stdout : stderr);
}

static int make_config(struct cc_admin *admin)
{
    const char *to = admin->options.to;
    struct cc_stack stack;
    struct cc_str text;

    if (cc_stack_read(admin->arena, admin->words[1], &stack, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    text = config_text(admin->arena, &stack);
    if (to == NULL && fwrite(text.at, 1, text.len, stdout) != text.len)
        return EXIT_FAILURE;
    if (to != NULL && write_config(&admin->options, text, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    print_hints(admin->arena, &stack, to);
    return EXIT_SUCCESS;
}

/* --- which of them ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t words;
    bool writes; /* a file, by --to; the others look into a configuration, by --data or --config */
    int (*run)(struct cc_admin *admin);
} actions[] = {
    { "create-table", 1, false, create_table },
    { "policy", 1, false, print_policy },
    { "config", 2, true, make_config },
};

int cc_admin_aws(struct cc_admin *admin)
{
    const struct cc_options *options = &admin->options;
    const bool looks = options->data != NULL || options->config != NULL;
    const bool writes = options->to != NULL || options->force;

    for (size_t i = 0; i < CC_COUNT(actions); i++) {
        if (strcmp(admin->words[0], actions[i].name) == 0 &&
            admin->word_count == actions[i].words && !(actions[i].writes ? looks : writes))
            return actions[i].run(admin);
    }
    fprintf(stderr, "cloudchat aws: it is `aws create-table` or `aws policy`, which take --data or "
                    "--config,\nor `aws config OUTPUTS.json`, which takes --to and --force\n");
    return CC_EXIT_USAGE;
}
