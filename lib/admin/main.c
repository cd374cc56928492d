#include "admin.h"
#include "command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

/* --- the commands ----------------------------------------------------------------------------- */

#define DATA                                                                                       \
    {                                                                                              \
        "--data", "DIR", offsetof(struct cc_options, data),                                        \
            "the data folder; its cloud-chat.conf is the configuration"                            \
    }
#define CONFIG                                                                                     \
    {                                                                                              \
        "--config", "FILE", offsetof(struct cc_options, config), "the configuration file"          \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, 0, NULL                                                                        \
    }
#define WHERE                                                                                      \
    "Without --data or --config: CLOUDCHAT_CONFIG, else cloud-chat.conf beside the program or "    \
    "in\n"                                                                                         \
    "etc of where it is installed.\n"

static const struct cc_option where_options[] = { DATA, CONFIG, END };
static const struct cc_option init_options[] = { DATA, END };
static const struct cc_option serve_options[] = {
    DATA,
    CONFIG,
    { "--port", "N", offsetof(struct cc_options, port), "port, instead of the configured one" },
    END,
};
static const struct cc_option config_options[] = {
    DATA,
    CONFIG,
    { "--keys", NULL, offsetof(struct cc_options, keys), "a table of all keys (the default)" },
    { "--file", NULL, offsetof(struct cc_options, file), "a commented configuration file" },
    { "--markdown", NULL, offsetof(struct cc_options, markdown), "the table as Markdown" },
    { "--lighttpd", NULL, offsetof(struct cc_options, lighttpd),
      "a configuration of lighttpd for this installation" },
    END,
};

#define QUIET                                                                                      \
    {                                                                                              \
        "--quiet", NULL, offsetof(struct cc_options, quiet), "says only what went wrong"           \
    }

static const struct cc_option backup_options[] = {
    DATA,
    CONFIG,
    { "--force", NULL, offsetof(struct cc_options, force), "replaces FILE where it is there" },
    { "--without-keys", NULL, offsetof(struct cc_options, without_keys),
      "leaves out the keys and the configuration" },
    QUIET,
    END,
};
static const struct cc_option restore_options[] = {
    DATA,
    CONFIG,
    { "--replace", NULL, offsetof(struct cc_options, replace),
      "where there are people already: puts the backup in their place" },
    { "--end-sessions", NULL, offsetof(struct cc_options, end_sessions),
      "signs everybody out, also who had signed out since the backup" },
    QUIET,
    END,
};
static const struct cc_option migrate_options[] = {
    DATA,
    CONFIG,
    { "--to", "FILE", offsetof(struct cc_options, to), "the configuration to move to" },
    { "--dry-run", NULL, offsetof(struct cc_options, dry_run),
      "says what would be moved and whether it could be; writes nothing" },
    { "--replace", NULL, offsetof(struct cc_options, replace),
      "where FILE names a database with people: puts what comes in their place" },
    QUIET,
    END,
};

static const struct cc_option aws_options[] = {
    DATA,
    CONFIG,
    { "--to", "FILE", offsetof(struct cc_options, to), "of config: the file to write" },
    { "--force", NULL, offsetof(struct cc_options, force),
      "of config: replaces FILE where it is there" },
    END,
};
static const struct cc_option doctor_options[] = {
    DATA,
    CONFIG,
    { "--full", NULL, offsetof(struct cc_options, full),
      "reads all that is stored, however large (a table is paid by size)" },
    { "--send-test", "TO", offsetof(struct cc_options, send_test),
      "sends a message to this number or address, as codes are sent" },
    END,
};

static const struct cc_option user_options[] = {
    DATA,
    CONFIG,
    { "--json", NULL, offsetof(struct cc_options, json),
      "list, show: one JSON object a line, for programs" },
    { "--dry-run", NULL, offsetof(struct cc_options, dry_run),
      "says who that is and what would be done; changes nothing" },
    { "--yes", NULL, offsetof(struct cc_options, yes), "remove: does not ask" },
    END,
};

static const struct cc_command commands[] = {
    { "serve", "", 0, 0, serve_options, "starts everything and keeps it running, in the foreground",
      "On first start it makes the data folder, a configuration and signing keys. It ends with\n"
      "SIGINT (Ctrl-C) or SIGTERM, after the requests in hand; a second one ends it at "
      "once.\n\n" WHERE,
      cc_admin_serve },
    { "init", "", 0, 0, init_options, "makes a data folder with a configuration and signing keys",
      "What is there already stays as it is.\n", cc_admin_init },
    { "keys", "rotate | list", 1, 1, where_options,
      "makes a new signing key; lists the signing keys",
      "Nobody is signed out: the old key stays valid until the last token that it signed has\n"
      "expired.\n\n" WHERE,
      cc_admin_keys },
    { "tick", "", 0, 0, where_options, "does what is due, once, and ends (for cron)", WHERE,
      cc_admin_tick },
    { "config", "", 0, 0, config_options, "prints the configuration keys, or files made from them",
      "Each key may also stand in the environment, as CLOUDCHAT_<SECTION>_<KEY>, and a secret in "
      "a\n"
      "file of its own, which is named by the key with _file behind it.\n\n" WHERE,
      cc_admin_config },
    { "aws", "create-table | policy | config OUTPUTS.json", 1, 2, aws_options,
      "makes the table of DynamoDB; prints the rights of the programs, or a configuration",
      "create-table asks DynamoDB for the table, paid by request, waits until it is there, and\n"
      "switches on that it expires what has expired and keeps every second of the last 35 days\n"
      "(point-in-time recovery). AWS deletes it only when somebody has switched its deletion\n"
      "protection off. What is there already stays as it is. It needs CreateTable,\n"
      "DescribeTable, DescribeTimeToLive, UpdateTimeToLive and UpdateContinuousBackups.\n"
      "policy prints a policy of IAM (JSON) for the credentials of the service itself; moving "
      "there\n"
      "with `cloudchat migrate` needs BatchWriteItem, too.\n"
      "config makes a configuration of the outputs of a stack of share/cloud-chat/conf/aws/"
      "template.yaml,\n"
      "as `aws cloudformation describe-stacks --stack-name NAME` gives them, or their array alone: "
      "to\n"
      "standard output, or into the file of --to, 0600. It says how the secret of the pool's "
      "client "
      "is\n"
      "fetched, which is not among them.\n\n" WHERE,
      cc_admin_aws },
    { "backup", "FILE", 1, 1, backup_options, "makes a backup in FILE, while the service goes on",
      "In it are all people, rooms and messages as they were at one instant, the photos, the\n"
      "signing keys and the configuration: keep it as safe as the server. Not in it are logs, and\n"
      "the codes of the sender outbox. FILE appears when it is whole and has been verified. It is "
      "an\n"
      "SQLite database: `sqlite3 -readonly FILE 'SELECT * FROM note'` tells what is in "
      "it.\n\n" WHERE,
      cc_admin_backup },
    { "restore", "FILE", 1, 1, restore_options,
      "puts a backup in the place of a service that is not running",
      "Everything of the backup is verified before anything is touched; until the last step all\n"
      "stays as it was. The configuration stays. A database that is replaced is kept beside the "
      "new\n"
      "one until you remove it. Clients notice and start anew; people stay signed in, also those\n"
      "who signed out since the backup was made, unless --end-sessions is given.\n\n" WHERE,
      cc_admin_restore },
    { "migrate", "", 0, 0, migrate_options,
      "moves the service from a database in a file to DynamoDB and S3, or back",
      "From where the present configuration says to where that of --to says: people, rooms and\n"
      "messages, sessions, photos. Stop every program that serves it first. The old side is only\n"
      "read; the new one serves when every item has been compared. What was interrupted goes on\n"
      "when it is run again. Clients notice nothing, and people stay signed in, where "
      "`public_url`\n"
      "and the folder of the keys stay the same: keys are not moved.\n\n" WHERE,
      cc_admin_migrate },
    { "user", "list | show WHO | disable WHO | enable WHO | sign-out WHO [SESSION] | remove WHO", 1,
      3, user_options, "shows people, disables, signs out and removes them",
      "WHO is a number (+49...), an e-mail address, or the id that list prints. It may be run "
      "while\n"
      "the service runs; what it ends has ended at once, or within [identity] session_memory.\n\n"
      "list      everybody, in no order; a table of DynamoDB is read to its end, and paid by size\n"
      "show      the profile, its identifiers, the sessions with their devices\n"
      "disable   ends all sessions; signing in is refused like a wrong password, and there is no\n"
      "          new password, until `enable`\n"
      "sign-out  ends all sessions, or the one whose id begins with SESSION\n"
      "remove    ends all sessions and removes account, profile and photo for good; number and\n"
      "          address are free. Rooms stay for the others, with what was said, by \"Removed\n"
      "          account\". It asks first, unless --yes is given. What was interrupted goes on "
      "when\n"
      "          it is run again, and by itself, within minutes, where the service runs.\n\n"
      "It ends with 0, with 1 where it did not work (also: nobody is WHO), with 2 where it was "
      "not\n"
      "understood or not confirmed. What it changes it logs to standard error.\n\n" WHERE,
      cc_admin_user },
    { "doctor", "", 0, 0, doctor_options, "checks an installation and says what is wrong",
      "A line for each thing that the configuration names: ok, warning, not ok, or skipped "
      "because\n"
      "something before it is not ok; and what to do. It changes nothing and may be run at any "
      "time;\n"
      "of a bucket it tries the rights with an object .doctor-..., which it removes. Root sees "
      "what\n"
      "the data folder's owner sees. Give it the environment that the service has. It ends with "
      "0,\n"
      "or with 1 where something is not ok; warnings do not count.\n\n" WHERE,
      cc_admin_doctor },
};

/* --- help ------------------------------------------------------------------------------------- */

static int print_overview(FILE *out)
{
    fprintf(out, "usage: cloudchat COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; i < CC_COUNT(commands); i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "  %-9s %s\n  %-9s %s\n\n`cloudchat COMMAND --help` tells more.\n", "version",
            "prints the version", "help", "this overview");
    return out == stdout ? EXIT_SUCCESS : CC_EXIT_USAGE;
}

static int print_command(const struct cc_command *command)
{
    printf("usage: cloudchat %s%s%s%s\n\n%s.\n", command->name, command->words[0] ? " " : "",
           command->words, command->options ? " [OPTIONS]" : "", command->summary);
    if (command->help != NULL)
        printf("\n%s", command->help);
    printf("\n");
    for (const struct cc_option *o = command->options; o != NULL && o->name != NULL; o++)
        printf("  %-15s %-5s %s\n", o->name, o->value ? o->value : "", o->help);
    printf("  %-21s %s\n", "--help", "this");
    return EXIT_SUCCESS;
}

static int not_understood(const struct cc_command *command, const char *what, const char *word)
{
    fprintf(stderr, "cloudchat %s: %s%s\n`cloudchat %s --help` tells what it takes.\n",
            command->name, what, word, command->name);
    return CC_EXIT_USAGE;
}

int cc_admin_failed(const struct cc_err *err)
{
    fprintf(stderr, "cloudchat: %s\n", err->detail[0] ? err->detail : "It did not work.");
    if (err->cause[0])
        fprintf(stderr, "           (%s)\n", err->cause);
    return err->code == CC_INVALID ? EX_CONFIG : EXIT_FAILURE;
}

/* --- arguments -------------------------------------------------------------------------------- */

static const struct cc_option *find_option(const struct cc_command *command, struct cc_str name)
{
    for (const struct cc_option *o = command->options; o != NULL && o->name != NULL; o++) {
        if (cc_str_eq(name, cc_str_from(o->name)))
            return o;
    }
    return NULL;
}

/* Takes the option at argv[*at], with its value from behind '=' or from the next argument. */
static int take_option(const struct cc_command *command, char **argv, int *at,
                       struct cc_options *out)
{
    struct cc_str value = cc_str_from(argv[*at]);
    struct cc_str name = cc_str_cut(&value, '=');
    const struct cc_option *option = find_option(command, name);
    void *where;

    if (option == NULL)
        return not_understood(command, "unknown option ", argv[*at]);
    where = (char *)out + option->offset;
    if (option->value == NULL) {
        if (value.at != NULL)
            return not_understood(command, "takes no value: ", option->name);
        *(bool *)where = true;
        return 0;
    }
    if (value.at == NULL && argv[*at + 1] == NULL)
        return not_understood(command, "a value is missing behind ", option->name);
    *(const char **)where = value.at != NULL ? value.at : argv[++*at];
    return 0;
}

static int run(const struct cc_command *command, int argc, char **argv)
{
    struct cc_admin admin = { .arena = cc_arena_new(ARENA_BYTES) };
    const char **words = CC_NEW_ARRAY(admin.arena, const char *, (size_t)argc + 1);
    int status = 0;

    for (int i = 2; i < argc && status == 0; i++) {
        if (strncmp(argv[i], "--", 2) == 0)
            status = take_option(command, argv, &i, &admin.options);
        else
            words[admin.word_count++] = argv[i];
    }
    admin.words = words;
    if (status == 0 && admin.options.data != NULL && admin.options.config != NULL)
        status = not_understood(command, "it is either --data or --config", "");
    if (status == 0 && admin.word_count > command->words_max)
        status = not_understood(command, "too many words: ", words[command->words_max]);
    if (status == 0 && admin.word_count < command->words_min)
        status = not_understood(command, "expected ", command->words);
    if (status == 0)
        status = command->run(&admin);
    cc_arena_free(admin.arena);
    return status;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int cc_admin_main(int argc, char **argv)
{
    if (argc < 2)
        return print_overview(stderr);
    if (is_one_of(argv[1], "help", "--help", "-h"))
        return print_overview(stdout);
    if (is_one_of(argv[1], "version", "--version", "-V"))
        return printf("Cloud Chat %s\n", CC_VERSION) < 0;
    umask(077); /* what is written here is nobody else's to read */
    for (size_t i = 0; i < CC_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (asks_for_help(argc, argv))
            return print_command(&commands[i]);
        return run(&commands[i], argc, argv);
    }
    fprintf(stderr, "cloudchat: there is no command \"%s\"\n\n", argv[1]);
    return print_overview(stderr);
}
