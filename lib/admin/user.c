/* `cloudchat user`: people, for an operator. */
#include "user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- list ------------------------------------------------------------------------------------- */

static enum cc_code print_one(const struct cc_account *account, void *arg, struct cc_err *err)
{
    struct cc_user_printer *printer = arg;

    cc_user_print_row(printer, account);
    if (ferror(stdout)) /* who reads has seen enough, or the disk is full */
        return cc_fail(err, CC_UNAVAILABLE, "The list could not be written.", "%s",
                       strerror(errno));
    return CC_OK;
}

static int list(struct cc_admin *admin, struct cc_app *app)
{
    struct cc_user_printer printer = { .arena = cc_arena_new(CC_ARENA_CEILING_BYTES),
                                       .json = admin->options.json };
    enum cc_code rc;

    rc = cc_account_walk(app->store, print_one, &printer, &admin->err);
    cc_user_print_end(&printer);
    cc_arena_free(printer.arena);
    if (rc == CC_OK && fflush(stdout) != 0)
        rc = cc_fail(&admin->err, CC_UNAVAILABLE, "The list could not be written.", "%s",
                     strerror(errno));
    return rc == CC_OK ? EXIT_SUCCESS : cc_admin_failed(&admin->err);
}

/* --- show ------------------------------------------------------------------------------------- */

static int show(struct cc_admin *admin, struct cc_app *app, const struct cc_account *account)
{
    int64_t rooms;

    if (cc_person_count_rooms(app->chat, admin->arena, account->profile.user, &rooms,
                              &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    cc_user_print(admin->arena, account, rooms, admin->options.json);
    return EXIT_SUCCESS;
}

/* --- what changes something ------------------------------------------------------------------- */

/* Who did it: with sudo, who called that. */
static struct cc_str operator_of(struct cc_arena *arena)
{
    const char *caller = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());

    if (caller != NULL && getuid() == 0)
        return cc_str_from(caller);
    return user != NULL ? cc_str_copy(arena, cc_str_from(user->pw_name))
                        : cc_str_format(arena, "%lu", (unsigned long)getuid());
}

/* The log names nobody but by his id. Whatever its level: this is never left out. */
static void note(struct cc_admin *admin, const struct cc_app *app, const char *event,
                 const struct cc_account *account)
{
    struct cc_log log = app->log;

    log.level = CC_LOG_INFO;
    cc_log_info(&log, event, CC_LOG_STR("user", account->profile.user),
                CC_LOG_STR("by", operator_of(admin->arena)));
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_ended(const struct cc_app *app, size_t count)
{
    const long long memory_s = app->config.identity.session_memory_s;

    printf("%zu session%s ended", count, plural(count));
    if (memory_s > 0 && count > 0)
        printf(", everywhere within %lld s", memory_s);
    printf(".\n");
}

static int disable(struct cc_admin *admin, struct cc_app *app, const struct cc_account *account)
{
    if (cc_identity_disable(app->identity, admin->arena, account->profile.user, &admin->err) !=
        CC_OK)
        return cc_admin_failed(&admin->err);
    note(admin, app, "account disabled", account);
    printf("%s is disabled. ", cc_user_called(admin->arena, account));
    print_ended(app, account->session_count);
    return EXIT_SUCCESS;
}

static int enable(struct cc_admin *admin, struct cc_app *app, const struct cc_account *account)
{
    if (cc_identity_enable(app->identity, admin->arena, account->profile.user, &admin->err) !=
        CC_OK)
        return cc_admin_failed(&admin->err);
    note(admin, app, "account enabled", account);
    printf("%s may sign in.\n", cc_user_called(admin->arena, account));
    return EXIT_SUCCESS;
}

static int end_all(struct cc_admin *admin, struct cc_app *app, const struct cc_account *account)
{
    if (cc_identity_end_all(app->identity, admin->arena, account->profile.user, &admin->err) !=
        CC_OK)
        return cc_admin_failed(&admin->err);
    note(admin, app, "all sessions ended", account);
    printf("%s is signed out. ", cc_user_called(admin->arena, account));
    print_ended(app, account->session_count);
    return EXIT_SUCCESS;
}

/* The one session whose id begins so. */
static const struct cc_session *find_session(const struct cc_account *account, const char *word,
                                             size_t *matches)
{
    const struct cc_session *found = NULL;

    *matches = 0;
    for (size_t i = 0; i < account->sessions.count; i++) {
        const struct cc_session *session = &account->sessions.at[i];

        if (!cc_str_starts(session->id, cc_str_from(word)))
            continue;
        ++*matches;
        found = session;
    }
    return found;
}

static int end_one(struct cc_admin *admin, struct cc_app *app, const struct cc_account *account)
{
    size_t matches;
    const struct cc_session *session = find_session(account, admin->words[2], &matches);
    struct cc_principal which;

    if (matches != 1) {
        fprintf(stderr, "cloudchat: %s\n",
                matches == 0 ? "There is no such session: `user show` lists them."
                             : "Several sessions begin so: write more of the id.");
        return EXIT_FAILURE;
    }
    if (admin->options.dry_run) {
        cc_user_print_session(admin->arena, session);
        return EXIT_SUCCESS;
    }
    which = (struct cc_principal){ account->profile.user, session->id };
    if (cc_identity_session_end(app->identity, admin->arena, &which, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    note(admin, app, "a session ended", account);
    print_ended(app, 1);
    return EXIT_SUCCESS;
}

static int sign_out(struct cc_admin *admin, struct cc_app *app, const struct cc_account *account)
{
    return admin->word_count > 2 ? end_one(admin, app, account) : end_all(admin, app, account);
}

/* For good: a program that has no --yes, and a person who does not say yes, meant something else.
 */
static bool is_confirmed(const struct cc_admin *admin, const struct cc_account *account)
{
    char answer[16] = "";

    if (admin->options.yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "cloudchat user: --yes says that you mean it.\n");
        return false;
    }
    fprintf(stderr, "Remove %s for good? Type yes: ", cc_user_called(admin->arena, account));
    if (fgets(answer, sizeof(answer), stdin) == NULL || strcmp(answer, "yes\n") != 0) {
        fprintf(stderr, "Nothing was done.\n");
        return false;
    }
    return true;
}

static int not_to_its_end(const struct cc_admin *admin)
{
    const int status = cc_admin_failed(&admin->err);

    fprintf(stderr, "           Run it again. What has begun goes on by itself, too, where the "
                    "service runs, and\n           lets nobody in until then.\n");
    return status;
}

static int remove_person(struct cc_admin *admin, struct cc_app *app,
                         const struct cc_account *account)
{
    if (!is_confirmed(admin, account))
        return CC_EXIT_USAGE;
    note(admin, app, "removing an account", account);
    if (cc_app_remove_person(app, admin->arena, account->profile.user, &admin->err) != CC_OK)
        return not_to_its_end(admin);
    note(admin, app, "account removed", account);
    printf("%s is removed. ", cc_user_called(admin->arena, account));
    print_ended(app, account->session_count);
    return EXIT_SUCCESS;
}

/* --- the command ------------------------------------------------------------------------------ */

struct verb {
    const char *name;
    const char *will; /* what a dry run says; NULL: it changes nothing */
    size_t words_max;
    int (*run)(struct cc_admin *, struct cc_app *, const struct cc_account *);
};

static const struct verb verbs[] = {
    { "show", NULL, 2, show },
    { "disable", "would be disabled, and signed out", 2, disable },
    { "enable", "would be enabled", 2, enable },
    { "sign-out", "would be signed out", 3, sign_out },
    { "remove", "would be removed for good", 2, remove_person },
};

static const struct verb *find_verb(const struct cc_admin *admin)
{
    for (size_t i = 0; i < CC_COUNT(verbs); i++) {
        if (strcmp(admin->words[0], verbs[i].name) == 0)
            return &verbs[i];
    }
    return NULL;
}

static int not_understood(const char *what, const char *more)
{
    fprintf(stderr, "cloudchat user: %s%s\n`cloudchat user --help` tells what it takes.\n", what,
            more);
    return CC_EXIT_USAGE;
}

static enum cc_code open_app(struct cc_admin *admin, struct cc_app *app)
{
    const char *path;
    enum cc_code rc = cc_site_config_path(admin, &path, &admin->err);

    return rc == CC_OK ? cc_app_open("user", CC_APP_CHAT, path, app, &admin->err) : rc;
}

static int do_verb(struct cc_admin *admin, struct cc_app *app, const struct verb *verb,
                   const struct cc_who *who)
{
    struct cc_account account;

    if (cc_account_find(app->store, admin->arena, who, &account, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    if (admin->options.dry_run && verb->will != NULL && admin->word_count < 3) {
        printf("%s %s: %zu session%s.\n", cc_user_called(admin->arena, &account), verb->will,
               account.session_count, plural(account.session_count));
        return EXIT_SUCCESS;
    }
    return verb->run(admin, app, &account);
}

static int run_list(struct cc_admin *admin)
{
    struct cc_app app;
    int status;

    if (admin->word_count > 1)
        return not_understood("too many words: ", admin->words[1]);
    if (open_app(admin, &app) != CC_OK)
        return cc_admin_failed(&admin->err);
    status = list(admin, &app);
    cc_app_close(&app);
    return status;
}

int cc_admin_user(struct cc_admin *admin)
{
    const struct verb *verb = find_verb(admin);
    const char *fault;
    struct cc_who who;
    struct cc_app app;
    int status;

    if (strcmp(admin->words[0], "list") == 0)
        return run_list(admin);
    if (verb == NULL)
        return not_understood("there is no ", admin->words[0]);
    if (admin->word_count < 2)
        return not_understood("who? ", "A number like +49..., an address, or an id.");
    if (admin->word_count > verb->words_max)
        return not_understood("too many words: ", admin->words[verb->words_max]);
    if (admin->word_count > 2 && admin->words[2][0] == '\0')
        return not_understood("SESSION is empty", "");
    fault = cc_who_read(cc_str_from(admin->words[1]), &who);
    if (fault != NULL)
        return not_understood("", fault);
    if (open_app(admin, &app) != CC_OK)
        return cc_admin_failed(&admin->err);
    status = do_verb(admin, &app, verb, &who);
    cc_app_close(&app);
    return status;
}
