/* The power is cut: at any moment, with any part of what was not synced on the disk. The store
 * opens again, and what was acknowledged is there. CUTS says how often it is cut. */
#include "tests/contract/power_judge.h"

#include <stdio.h>
#include <time.h>

#define CUTS_OF_ONE_SCENE 200

#ifdef __SANITIZE_THREAD__ /* which makes it fifty times slower */
#define CUTS_DEFAULT 20
static const struct power_plan usual = { .messages = 16, .bulks = 80, .sweeps = 3, .visits = 2 };
#else
#define CUTS_DEFAULT 100
static const struct power_plan usual = { .messages = 40, .bulks = 80, .sweeps = 4, .visits = 3 };
#endif

static size_t cuts_wanted(void)
{
    const char *text = getenv("CUTS");
    int64_t cuts = CUTS_DEFAULT;

    if (text && !cc_str_to_i64(cc_str_from(text), 1, 1000000, &cuts))
        cuts = 0; /* no test yet that could fail for it: the first one does */
    return (size_t)cuts;
}

/* Another one each time, unless SEED repeats one. What threads do is never quite repeated. */
static uint64_t seed_wanted(void)
{
    const char *text = getenv("SEED");
    int64_t seed = cc_clock_wall_ms(&cc_system_clock);

    if (text)
        ck_assert(cc_str_to_i64(cc_str_from(text), 0, INT64_MAX, &seed));
    return (uint64_t)seed;
}

/* --- where to cut ----------------------------------------------------------------------------- */

enum place { AT_SYNC, AT_CHECKPOINT, AT_NEW_LOG, AT_ANSWER, ANYWHERE, PLACES };
static const char *const place_names[] = { "at a sync", "in a checkpoint", "at a new log",
                                           "at an answer", "anywhere" };

static bool is_named(const struct power_log *log, const struct power_op *op, const char *name)
{
    return strcmp(log->files[op->file].name, name) == 0;
}

/* What is worth a cut just before or just after it. */
static enum place place_of(const struct power_log *log, const struct power_op *op)
{
    switch (op->kind) {
    case POWER_SYNC:
    case POWER_SYNC_NAMES:
    case POWER_CREATE:
    case POWER_DELETE:
        return AT_SYNC;
    case POWER_TRUNCATE:
        return AT_NEW_LOG;
    case POWER_WRITE:
        if (is_named(log, op, POWER_DATABASE))
            return AT_CHECKPOINT;
        return op->at == 0 ? AT_NEW_LOG : ANYWHERE;
    case POWER_NOTE:
        return AT_ANSWER;
    }
    return ANYWHERE;
}

/* Operations of a kind, to draw from. */
struct places {
    size_t *at[PLACES];
    size_t count[PLACES];
};

static struct places find_places(const struct power_log *log)
{
    struct places found = { 0 };

    for (int p = 0; p < PLACES; p++)
        found.at[p] = CC_NEW_ARRAY(log->arena, size_t, log->count);
    for (size_t i = log->begin; i < log->count; i++) {
        const enum place p = place_of(log, &log->ops[i]);

        found.at[p][found.count[p]++] = i;
        if (p != ANYWHERE)
            found.at[ANYWHERE][found.count[ANYWHERE]++] = i;
    }
    return found;
}

struct plan {
    struct power_cut *cuts;
    size_t count;
    size_t drawn[PLACES];
};

static int by_ops(const void *a, const void *b)
{
    const struct power_cut *x = a, *y = b;

    return (x->ops > y->ops) - (x->ops < y->ops);
}

/* The places where a log begins anew, up to half of all, then the kinds by turns. */
static struct plan draw(const struct power_log *log, size_t count, uint64_t *random)
{
    const struct places places = find_places(log);
    const size_t begin =
        places.count[AT_NEW_LOG] < count / 2 ? places.count[AT_NEW_LOG] : count / 2;
    struct plan plan = { CC_NEW_ARRAY(log->arena, struct power_cut, count), count, { 0 } };

    for (size_t i = 0; i < count; i++) {
        enum place p = i < begin ? AT_NEW_LOG : (enum place)(i % PLACES);
        size_t number;

        if (places.count[p] == 0)
            p = ANYWHERE;
        number = i < begin ? i : power_random(random) % places.count[p];
        plan.cuts[i] =
            (struct power_cut){ .ops = places.at[p][number] + power_random(random) % 2,
                                .manner = (enum power_manner)(power_random(random) % POWER_MANNERS),
                                .seed = power_random(random) };
        plan.drawn[p]++;
    }
    qsort(plan.cuts, count, sizeof(*plan.cuts), by_ops);
    return plan;
}

/* --- what was played -------------------------------------------------------------------------- */

struct events {
    size_t messages, operations, syncs, restarts, truncations;
};

/* A log begins anew by a header at its front, over old frames or in a file that was emptied. */
static void count_events(const struct power_log *log, struct events *events)
{
    size_t headers = 0, truncations = 0;

    for (size_t i = 0; i < log->count; i++) {
        const struct power_op *op = &log->ops[i];
        const bool wal = op->kind != POWER_NOTE && is_named(log, op, POWER_DATABASE "-wal");

        events->syncs += wal && op->kind == POWER_SYNC;
        truncations += wal && op->kind == POWER_TRUNCATE;
        headers += wal && op->kind == POWER_WRITE && op->at == 0;
    }
    events->operations += log->count;
    events->truncations += truncations;
    events->restarts += headers - truncations - 1;
}

/* --- cutting ---------------------------------------------------------------------------------- */

struct tally {
    bool expects; /* faults: they are what the test is about */
    size_t cuts, manners[POWER_MANNERS], verdicts[POWER_VERDICTS];
    size_t places[PLACES];
    struct events events;
    struct power_finding worst; /* the first that was not sound */
};

static void describe(const struct power_log *log, const struct power_cut *cut)
{
    static const char *const kinds[] = { "create",   "delete", "sync names", "write",
                                         "truncate", "sync",   "note" };

    for (size_t i = cut->ops < 12 ? 0 : cut->ops - 12; i < cut->ops; i++) {
        const struct power_op *op = &log->ops[i];

        fprintf(stderr, "  %zu %s %s at %lld, %zu bytes\n", i, kinds[op->kind],
                op->kind == POWER_NOTE ? "" : log->files[op->file].name, (long long)op->at,
                op->bytes.len);
    }
}

static void cut_once(struct power_scene *scene, struct power_disk *disk, const char *folder,
                     const struct power_cut *cut, struct tally *tally)
{
    struct power_finding finding;

    power_disk_write(disk, cut, folder);
    power_judge(scene, cut->ops, folder, &finding);
    tally->cuts++;
    tally->manners[cut->manner]++;
    tally->verdicts[finding.verdict]++;
    if (finding.verdict == POWER_SOUND || tally->worst.verdict != POWER_SOUND)
        return;
    tally->worst = finding;
    if (tally->expects)
        return;
    fprintf(stderr, "cut after %zu of %zu operations, %s, seed %llu: %s: %s\n", cut->ops,
            scene->log.count, power_manner_names[cut->manner], (unsigned long long)cut->seed,
            power_verdict_names[finding.verdict], finding.why);
    describe(&scene->log, cut);
}

static void cut_all(struct power_scene *scene, const struct plan *plan, struct tally *tally)
{
    struct power_disk *disk = power_disk_new(&scene->log);
    char folder[64];

    power_folder_make(folder);
    for (size_t i = 0; i < plan->count; i++)
        cut_once(scene, disk, folder, &plan->cuts[i], tally);
    power_folder_empty(folder);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void check_sound(const struct tally *tally)
{
    ck_assert_msg(tally->verdicts[POWER_SOUND] == tally->cuts, "%zu of %zu cuts: %s: %s",
                  tally->cuts - tally->verdicts[POWER_SOUND], tally->cuts,
                  power_verdict_names[tally->worst.verdict], tally->worst.why);
}

static void print_counts(const char *const *names, const size_t *counts, int count)
{
    for (int i = 0; i < count; i++)
        printf("%s%zu %s", i ? ", " : "", counts[i], names[i]);
}

static void print(const struct tally *tally)
{
    const struct events *e = &tally->events;

    printf("%zu messages, %zu operations, %zu syncs of the log, which began anew %zu times and "
           "was emptied %zu times\n%zu cuts: ",
           e->messages, e->operations, e->syncs, e->restarts, e->truncations, tally->cuts);
    print_counts(place_names, tally->places, PLACES);
    printf("; ");
    print_counts(power_manner_names, tally->manners, POWER_MANNERS);
    printf("\n");
}

/* Plays a scene and cuts it `count` times. */
static void play_and_cut(const struct power_plan *what, size_t count, uint64_t *random,
                         struct tally *tally)
{
    static struct power_scene scene;
    struct plan plan;

    power_scene_play(&scene, what);
    plan = draw(&scene.log, count, random);
    tally->events.messages += (size_t)atomic_load(&scene.said_count);
    count_events(&scene.log, &tally->events);
    for (int p = 0; p < PLACES; p++)
        tally->places[p] += plan.drawn[p];
    cut_all(&scene, &plan, tally);
    power_scene_close(&scene);
}

/* --- tests ------------------------------------------------------------------------------------ */

START_TEST(what_was_acknowledged_survives_a_power_cut)
{
    const uint64_t seed = seed_wanted();
    uint64_t random = seed;
    struct tally tally = { 0 };

    power_vfs_register();
    printf("SEED=%llu\n", (unsigned long long)seed);
    for (size_t left = cuts_wanted(), now; left > 0; left -= now) {
        now = left < CUTS_OF_ONE_SCENE ? left : CUTS_OF_ONE_SCENE;
        play_and_cut(&usual, now, &random, &tally);
    }
    print(&tally);
    ck_assert_msg(tally.cuts > 0, "CUTS is not a number");
    ck_assert_uint_gt(tally.events.restarts, 0);
    ck_assert_uint_gt(tally.events.truncations, 0);
    check_sound(&tally);
}
END_TEST

/* Every step, in every manner, and where there is luck in it several times. */
static struct plan every_step(const struct power_log *log, uint64_t *random)
{
    static const enum power_manner manners[] = { POWER_DROPPED, POWER_KEPT,  POWER_SECTORS,
                                                 POWER_SECTORS, POWER_BYTES, POWER_BYTES };
    const size_t count = (log->count - log->begin + 1) * CC_COUNT(manners);
    struct plan plan = { CC_NEW_ARRAY(log->arena, struct power_cut, count), count, { 0 } };

    for (size_t i = 0; i < count; i++)
        plan.cuts[i] = (struct power_cut){ .ops = log->begin + i / CC_COUNT(manners),
                                           .manner = manners[i % CC_COUNT(manners)],
                                           .seed = power_random(random) };
    return plan;
}

static void cut_every_step_of_making(bool network)
{
    uint64_t random = seed_wanted();
    struct tally tally = { 0 };
    static struct power_scene scene;
    struct plan plan;
    char folder[64];

    power_vfs_register();
    power_folder_make(folder);
    power_scene_create(&scene, folder, network);
    plan = every_step(&scene.log, &random);
    cut_all(&scene, &plan, &tally);
    power_scene_close(&scene);
    printf("%zu cuts while a database was made\n", tally.cuts);
    check_sound(&tally);
}

START_TEST(a_database_whose_making_was_cut_is_made_by_the_next_opening)
{
    cut_every_step_of_making(false);
}
END_TEST

START_TEST(and_so_is_one_that_has_a_journal_and_no_log)
{
    cut_every_step_of_making(true);
}
END_TEST

/* Leaves in `folder` what a cut at any moment of a creation leaves. */
static void cut_a_creation(const char *folder, uint64_t *random)
{
    static struct power_scene scene;
    struct power_cut cut;
    char first[64];

    power_folder_make(first);
    power_scene_create(&scene, first, false);
    cut = (struct power_cut){ .ops = scene.log.begin +
                                     power_random(random) % (scene.log.count - scene.log.begin + 1),
                              .manner = (enum power_manner)(power_random(random) % POWER_MANNERS),
                              .seed = power_random(random) };
    power_disk_write(power_disk_new(&scene.log), &cut, folder);
    power_scene_close(&scene);
}

/* The journal came back with the first cut and emptied the database; the log came back with the
 * second one; no opening went on from there. Seen by one cut of a thousand. */
START_TEST(and_so_is_one_whose_making_was_cut_twice)
{
    uint64_t random = seed_wanted();
    struct tally tally = { 0 };
    static struct power_scene scene;

    power_vfs_register();
    for (size_t i = 0; i < cuts_wanted() / 10; i++) {
        struct plan plan;
        char folder[64];

        power_folder_make(folder);
        cut_a_creation(folder, &random);
        power_scene_create(&scene, folder, false);
        plan = draw(&scene.log, 10, &random);
        cut_all(&scene, &plan, &tally);
        power_scene_close(&scene);
    }
    printf("%zu cuts while the rest of one was opened\n", tally.cuts);
    check_sound(&tally);
}
END_TEST

/* --- the tests' own test ---------------------------------------------------------------------- */

/* Cuts until some are not sound, and says what they were. */
static void cut_until_seen(const struct power_plan *what, struct tally *tally)
{
    uint64_t random = seed_wanted();

    tally->expects = true;
    power_vfs_register();
    for (int tries = 0; tries < 10 && tally->cuts == tally->verdicts[POWER_SOUND]; tries++)
        play_and_cut(what, CUTS_DEFAULT / 2, &random, tally);
}

/* It says so itself: the last moments may go, but nothing else. */
/* SQLite writes the 24 bytes before each page by themselves. */
START_TEST(a_commit_is_written_to_the_log_in_pieces_larger_than_a_page)
{
    const struct power_plan plan = { .messages = 20 };
    static struct power_scene scene;
    int writes = 0;

    power_vfs_register();
    power_scene_play(&scene, &plan);
    for (size_t i = 0; i < scene.log.count; i++) {
        const struct power_op *op = &scene.log.ops[i];

        if (op->kind != POWER_WRITE || op->at == 0 /* the head of the whole log */ ||
            !is_named(&scene.log, op, POWER_DATABASE "-wal"))
            continue;
        ck_assert_uint_gt(op->bytes.len, 4096);
        writes++;
    }
    ck_assert_int_gt(writes, 20);
    power_scene_close(&scene);
}
END_TEST

START_TEST(without_durability_acknowledged_messages_are_lost_and_nothing_worse)
{
    struct power_plan plan = usual;
    struct tally tally = { 0 };

    plan.durability = 1;
    cut_until_seen(&plan, &tally);
    ck_assert_uint_gt(tally.verdicts[POWER_LOST], 0);
    ck_assert_uint_eq(tally.verdicts[POWER_LOST] + tally.verdicts[POWER_SOUND], tally.cuts);
}
END_TEST

START_TEST(a_disk_that_lies_about_the_log_is_seen)
{
    struct power_plan plan = usual;
    struct tally tally = { 0 };

    plan.lie = POWER_LIE_WAL;
    cut_until_seen(&plan, &tally);
    ck_assert_uint_gt(tally.verdicts[POWER_LOST], 0);
}
END_TEST

START_TEST(a_disk_that_lies_about_the_database_is_seen)
{
    struct power_plan plan = usual;
    struct tally tally = { 0 };

    plan.lie = POWER_LIE_DATABASE;
    cut_until_seen(&plan, &tally);
    ck_assert_uint_lt(tally.verdicts[POWER_SOUND], tally.cuts);
}
END_TEST

START_TEST(a_disk_that_lies_about_names_is_seen)
{
    struct power_plan plan = usual;
    struct tally tally = { 0 };

    plan.lie = POWER_LIE_NAMES;
    cut_until_seen(&plan, &tally);
    ck_assert_uint_lt(tally.verdicts[POWER_SOUND], tally.cuts);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract/power_cut");
    TCase *tcase = tcase_create("contract/power_cut");

    tcase_set_timeout(tcase, 300 + (double)cuts_wanted());
    tcase_add_test(tcase, what_was_acknowledged_survives_a_power_cut);
    tcase_add_test(tcase, a_database_whose_making_was_cut_is_made_by_the_next_opening);
    tcase_add_test(tcase, and_so_is_one_that_has_a_journal_and_no_log);
    tcase_add_test(tcase, and_so_is_one_whose_making_was_cut_twice);
    tcase_add_test(tcase, a_commit_is_written_to_the_log_in_pieces_larger_than_a_page);
    tcase_add_test(tcase, without_durability_acknowledged_messages_are_lost_and_nothing_worse);
    tcase_add_test(tcase, a_disk_that_lies_about_the_log_is_seen);
    tcase_add_test(tcase, a_disk_that_lies_about_the_database_is_seen);
    tcase_add_test(tcase, a_disk_that_lies_about_names_is_seen);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
