#include "doctor.h"

#include "../app/examine.h"
#include "../base/text.h"
#include "../identity/account.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Each question has a time of its own; this is for what has none, like a disk that hangs. */
#define WATCHDOG_S 150
#define INDENT 25 /* where the text of a finding begins */
#define WIDTH_MIN 60

/* --- telling ---------------------------------------------------------------------------------- */

struct report {
    struct cc_findings base; /* first */
    bool is_coloured;
    size_t width; /* of the terminal; 0: none, one finding is one line */
    int count[CC_UNSEEN + 1];
};

static const struct {
    const char *word, *colour;
} verdicts[] = {
    [CC_WELL] = { "ok", "\x1b[32m" },
    [CC_DOUBTFUL] = { "warning", "\x1b[33m" },
    [CC_WRONG] = { "not ok", "\x1b[1;31m" },
    [CC_UNSEEN] = { "skipped", "\x1b[2m" },
};

/* https://no-color.org */
static bool wants_colour(void)
{
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && (!refused || !refused[0]) &&
           (!terminal || strcmp(terminal, "dumb") != 0);
}

static size_t width_of_terminal(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col >= WIDTH_MIN ? size.ws_col : 0;
}

/* How much of the text fits a line, by whole words. */
static size_t fitting(struct cc_str text, size_t room)
{
    size_t end = room;

    if (text.len <= room)
        return text.len;
    while (end > 0 && text.at[end] != ' ')
        end--;
    return end > 0 ? end : room;
}

static void print_text(const struct report *report, struct cc_str text)
{
    const size_t room = report->width > 0 ? report->width - INDENT - 1 : SIZE_MAX;

    for (;;) {
        const size_t len = fitting(text, room);

        printf("%.*s\n", (int)len, text.at);
        text = cc_str_skip(text, len < text.len && text.at[len] == ' ' ? len + 1 : len);
        if (text.len == 0)
            return;
        printf("%*s", INDENT, "");
    }
}

static void print_cause(const struct report *report, const char *said)
{
    char cause[320];

    snprintf(cause, sizeof(cause), "(%s)", said);
    cc_text_tame(cause, strlen(cause)); /* what others say may hold anything */
    printf("%*s", INDENT, "");
    print_text(report, cc_str_from(cause));
}

static void tell(struct cc_findings *base, const struct cc_finding *finding)
{
    struct report *report = (struct report *)base;
    const char *word = verdicts[finding->verdict].word;
    char text[640];

    report->count[finding->verdict]++;
    snprintf(text, sizeof(text), "%s", finding->text);
    cc_text_tame(text, strlen(text));
    if (report->is_coloured)
        printf("%s%-8s\x1b[0m %-15s ", verdicts[finding->verdict].colour, word, finding->what);
    else
        printf("%-8s %-15s ", word, finding->what);
    print_text(report, cc_str_from(text));
    if (finding->cause[0])
        print_cause(report, finding->cause);
    fflush(stdout);
}

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

static int conclude(const struct report *report)
{
    const int wrong = report->count[CC_WRONG], doubtful = report->count[CC_DOUBTFUL];

    if (wrong > 0)
        printf("\n%d not ok, %d warning%s.\n", wrong, doubtful, plural(doubtful));
    else if (doubtful > 0)
        printf("\nAll can run, with %d warning%s.\n", doubtful, plural(doubtful));
    else
        printf("\nAll is well.\n");
    return wrong > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- the command ------------------------------------------------------------------------------ */

static void give_up(int number)
{
    static const char text[] = "\nnot ok   doctor          It does not come to an end: what comes "
                               "after the last line above hangs.\n";
    ssize_t ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);

    (void)ignored;
    (void)number;
    _exit(EXIT_FAILURE);
}

static void set_watchdog(void)
{
    signal(SIGALRM, give_up);
    alarm(WATCHDOG_S);
}

static bool names_a_mailbox(struct cc_str text)
{
    struct cc_who who;
    const char *fault = cc_who_read(text, &who);

    if (fault == NULL && !who.user.at)
        return true;
    fprintf(stderr, "cloudchat doctor: --send-test: %s\n",
            fault ? fault : "It is a number like +49..., or an e-mail address.");
    return false;
}

int cc_admin_doctor(struct cc_admin *admin)
{
    struct report report = {
        .base = { tell },
        .is_coloured = wants_colour(),
        .width = width_of_terminal(),
    };
    const struct cc_app_examine what = { .whole = admin->options.full,
                                         .send_to = cc_str_from(admin->options.send_test) };
    struct cc_err why = { 0 };
    struct cc_site site;

    if (what.send_to.at && !names_a_mailbox(what.send_to))
        return CC_EXIT_USAGE;

    if (cc_site_find(admin, &site, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    if (!admin->options.full)
        set_watchdog();
    cc_doctor_become_owner(&site, &report.base);
    cc_doctor_examine_folders(admin->arena, &site, &report.base);
    cc_doctor_examine_programs(admin->arena, &site, &report.base);
    cc_doctor_examine_settings(&site, &report.base);
    if (cc_site_check(&site, &why) != CC_OK)
        cc_find_failed(&report.base, "settings", &why);
    cc_app_examine(&site.config, &what, &report.base);
    alarm(0);
    return conclude(&report);
}
