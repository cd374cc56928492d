#define _GNU_SOURCE /* gettid */
#include "../../check.h"

#include "base/arena.h"
#include "identity/password.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct cc_password_rules rules = { 8, 256 };

static enum cc_code check(const char *password)
{
    struct cc_err err = { 0 };

    return cc_password_check(&rules, cc_check_guarded(cc_str_from(password)),
                             CC_STR("+4915112345678"), &err);
}

START_TEST(length_counts_characters_and_not_bytes)
{
    char long_one[257 * 2 + 1];

    ck_assert_int_eq(check("seven77"), CC_INVALID);
    ck_assert_int_eq(check("eight888"), CC_OK);
    ck_assert_int_eq(check("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"), CC_INVALID);
    ck_assert_int_eq(check("\xf0\x9f\x90\xb4\xf0\x9f\x90\xb4\xf0\x9f\x90\xb4\xf0\x9f\x90\xb4"
                           "\xf0\x9f\x90\xb4\xf0\x9f\x90\xb4\xf0\x9f\x90\xb4\xf0\x9f\x90\xb5"),
                     CC_OK);
    for (size_t i = 0; i < 257; i++)
        memcpy(&long_one[2 * i], "\xc3\xa4", 2);
    long_one[2 * 257] = '\0';
    ck_assert_int_eq(check(long_one), CC_INVALID);
    long_one[2 * 256] = '\0';
    ck_assert_int_eq(check(long_one), CC_OK);
}
END_TEST

#define IDEOGRAPHIC_BLANK "\xe3\x80\x80"
#define IDEOGRAPHIC_BLANKS                                                                         \
    IDEOGRAPHIC_BLANK IDEOGRAPHIC_BLANK IDEOGRAPHIC_BLANK IDEOGRAPHIC_BLANK IDEOGRAPHIC_BLANK      \
        IDEOGRAPHIC_BLANK IDEOGRAPHIC_BLANK IDEOGRAPHIC_BLANK

START_TEST(blanks_ones_own_number_and_what_everybody_tries_are_refused)
{
    static const char *const bad[] = { "        ",       "\t \t \t \t ",  IDEOGRAPHIC_BLANKS,
                                       "+4915112345678", "4915112345678", "password",
                                       "PassWord",       "12345678",      "qwertyuiop" };

    for (size_t i = 0; i < CC_COUNT(bad); i++)
        ck_assert_msg(check(bad[i]) == CC_INVALID, "passed: %s", bad[i]);
    ck_assert_int_eq(check("  correct  horse  "), CC_OK);
}
END_TEST

struct bench {
    struct cc_arena *arena;
    char path[64];
    struct cc_hasher hasher;
};

static void bench_open(struct bench *b)
{
    int fd;

    b->arena = cc_arena_new((size_t)1 << 20);
    snprintf(b->path, sizeof(b->path), "/tmp/cc-gate-XXXXXX");
    fd = mkstemp(b->path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    b->hasher = (struct cc_hasher){ { b->path, 2, 100 }, 8, 1, &cc_system_random };
}

static void bench_close(struct bench *b)
{
    unlink(b->path);
    cc_arena_free(b->arena);
}

START_TEST(a_hash_matches_its_password_and_no_other)
{
    struct bench b;
    struct cc_err err = { 0 };
    struct cc_str phc, again;
    bool matches;

    bench_open(&b);
    ck_assert_int_eq(cc_password_hash(&b.hasher, b.arena, CC_STR("correct"), &phc, &err), CC_OK);
    ck_assert_int_eq(cc_password_hash(&b.hasher, b.arena, CC_STR("correct"), &again, &err), CC_OK);
    ck_assert(cc_str_starts(phc, CC_STR("$argon2id$v=19$m=8,t=1,p=1$")));
    ck_assert(!cc_str_eq(phc, again)); /* salted */
    ck_assert_int_eq(cc_password_verify(&b.hasher, b.arena, CC_STR("correct"), phc, &matches, &err),
                     CC_OK);
    ck_assert(matches);
    ck_assert_int_eq(cc_password_verify(&b.hasher, b.arena, CC_STR("Correct"), phc, &matches, &err),
                     CC_OK);
    ck_assert(!matches);
    ck_assert_int_eq(cc_password_verify(&b.hasher, b.arena, CC_STR(""), phc, &matches, &err),
                     CC_OK);
    ck_assert(!matches);
    bench_close(&b);
}
END_TEST

START_TEST(nobodys_hash_is_computed_and_never_matches)
{
    struct bench b;
    struct cc_err err = { 0 };
    bool matches = true;

    bench_open(&b);
    ck_assert_int_eq(
        cc_password_verify(&b.hasher, b.arena, CC_STR("correct"), CC_STR_ABSENT, &matches, &err),
        CC_OK);
    ck_assert(!matches);
    bench_close(&b);
}
END_TEST

START_TEST(a_hash_is_current_only_with_the_parameters_of_today)
{
    struct bench b;
    struct cc_err err = { 0 };
    struct cc_str phc;

    bench_open(&b);
    ck_assert_int_eq(cc_password_hash(&b.hasher, b.arena, CC_STR("correct"), &phc, &err), CC_OK);
    ck_assert(cc_password_is_current(&b.hasher, phc));
    b.hasher.passes = 2;
    ck_assert(!cc_password_is_current(&b.hasher, phc));
    bench_close(&b);
}
END_TEST

/* RFC 9106's reference implementation gives this for these parameters: a hash made by another
 * version of the library still opens the account. */
START_TEST(a_hash_of_the_reference_implementation_matches)
{
    struct bench b;
    struct cc_err err = { 0 };
    bool matches = false;

    bench_open(&b);
    ck_assert_int_eq(cc_password_verify(&b.hasher, b.arena, CC_STR("password"),
                                        CC_STR("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
                                               "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
                                        &matches, &err),
                     CC_OK);
    ck_assert(matches);
    bench_close(&b);
}
END_TEST

START_TEST(a_damaged_hash_is_our_fault_and_no_match)
{
    struct bench b;
    struct cc_err err = { 0 };
    bool matches = false;

    bench_open(&b);
    ck_assert_int_eq(cc_password_verify(&b.hasher, b.arena, CC_STR("correct"),
                                        CC_STR("$argon2id$nonsense"), &matches, &err),
                     CC_INTERNAL);
    ck_assert(!matches);
    bench_close(&b);
}
END_TEST

START_TEST(a_third_waits_until_one_of_two_inside_leaves)
{
    struct bench b;
    struct cc_err err = { 0 };
    int pass[2], status;
    pid_t child;

    bench_open(&b);
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &pass[0], &err), CC_OK);
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &pass[1], &err), CC_OK);
    child = fork(); /* places hold between processes; the child's copies are not its own */
    if (child == 0) {
        int third;

        close(pass[0]);
        close(pass[1]);
        _exit(cc_gate_enter(&b.hasher.gate, &third, &err) == CC_OK ? 0 : 1);
    }
    usleep(50000);
    ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
    cc_gate_leave(pass[0]);
    cc_gate_leave(pass[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    bench_close(&b);
}
END_TEST

START_TEST(who_comes_when_all_tickets_are_out_is_sent_away)
{
    struct bench b;
    struct cc_err err = { 0 };
    int pass[2], third;

    bench_open(&b);
    b.hasher.gate.waiting = 0;
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &pass[0], &err), CC_OK);
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &pass[1], &err), CC_OK);
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &third, &err), CC_TOO_MANY);
    ck_assert_int_ge(err.retry_after_s, 1);
    cc_gate_leave(pass[1]);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &third, &err), CC_OK);
    cc_gate_leave(third);
    cc_gate_leave(pass[0]);
    bench_close(&b);
}
END_TEST

struct crowd {
    struct cc_gate gate;
    _Atomic int inside, most;
};

static void *visit(void *arg)
{
    struct crowd *crowd = arg;
    struct cc_err err = { 0 };
    int pass, now, most;

    for (int i = 0; i < 20; i++) {
        if (cc_gate_enter(&crowd->gate, &pass, &err) != CC_OK)
            return "refused";
        now = atomic_fetch_add(&crowd->inside, 1) + 1;
        most = atomic_load(&crowd->most);
        while (now > most && !atomic_compare_exchange_weak(&crowd->most, &most, now))
            ;
        usleep(100);
        atomic_fetch_sub(&crowd->inside, 1);
        cc_gate_leave(pass);
    }
    return NULL;
}

START_TEST(of_many_threads_at_most_two_are_inside)
{
    struct bench b;
    struct crowd crowd = { .inside = 0 };
    pthread_t threads[24];
    void *fault;

    bench_open(&b);
    crowd.gate = b.hasher.gate;
    for (size_t i = 0; i < CC_COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, &crowd), 0);
    for (size_t i = 0; i < CC_COUNT(threads); i++) {
        pthread_join(threads[i], &fault);
        ck_assert_ptr_null(fault);
    }
    ck_assert_int_le(crowd.most, 2);
    bench_close(&b);
}
END_TEST

START_TEST(a_process_that_dies_inside_gives_its_place_back)
{
    struct bench b;
    struct cc_err err = { 0 };
    int pass, status;
    pid_t child;

    bench_open(&b);
    b.hasher.gate.inside = 1;
    b.hasher.gate.waiting = 0;
    child = fork();
    if (child == 0)
        _exit(cc_gate_enter(&b.hasher.gate, &pass, &err) == CC_OK ? 0 : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(cc_gate_enter(&b.hasher.gate, &pass, &err), CC_OK);
    cc_gate_leave(pass);
    bench_close(&b);
}
END_TEST

struct hashes {
    struct bench b;
    int niceness; /* of the thread that asks, afterwards */
    atomic_bool enough;
};

static int niceness(pid_t thread)
{
    return getpriority(PRIO_PROCESS, (id_t)thread);
}

static void *hash_again_and_again(void *arg)
{
    struct hashes *h = arg;
    struct cc_err err = { 0 };
    struct cc_str phc;

    while (!atomic_load(&h->enough))
        if (cc_password_hash(&h->b.hasher, h->b.arena, CC_STR("correct"), &phc, &err) != CC_OK)
            return "refused";
    h->niceness = niceness(gettid());
    return NULL;
}

static int highest_niceness(void)
{
    DIR *folder = opendir("/proc/self/task");
    int highest = 0;

    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int is = entry->d_name[0] == '.' ? 0 : niceness((pid_t)strtol(entry->d_name, NULL, 10));

        if (is > highest)
            highest = is;
    }
    closedir(folder);
    return highest;
}

START_TEST(who_hashes_lets_others_go_first_and_who_asked_stays_as_he_was)
{
    struct hashes h = { .niceness = -1 };
    int before = niceness(gettid());
    bool seen = false;
    pthread_t asking;
    void *fault;

    bench_open(&h.b);
    h.b.hasher.memory_kib = 4096;
    ck_assert_int_eq(pthread_create(&asking, NULL, hash_again_and_again, &h), 0);
    for (int i = 0; i < 100000 && !seen; i++) {
        seen = highest_niceness() == (before < 9 ? before + 10 : 19);
        usleep(50);
    }
    ck_assert(seen);
    atomic_store(&h.enough, true);
    pthread_join(asking, &fault);
    ck_assert_ptr_null(fault);
    ck_assert_int_eq(h.niceness, before);
    bench_close(&h.b);
}
END_TEST

CC_CHECK_MAIN("identity/password", length_counts_characters_and_not_bytes,
              blanks_ones_own_number_and_what_everybody_tries_are_refused,
              a_hash_matches_its_password_and_no_other, nobodys_hash_is_computed_and_never_matches,
              a_hash_is_current_only_with_the_parameters_of_today,
              a_hash_of_the_reference_implementation_matches,
              a_damaged_hash_is_our_fault_and_no_match,
              a_third_waits_until_one_of_two_inside_leaves,
              who_comes_when_all_tickets_are_out_is_sent_away,
              of_many_threads_at_most_two_are_inside,
              a_process_that_dies_inside_gives_its_place_back,
              who_hashes_lets_others_go_first_and_who_asked_stays_as_he_was)
