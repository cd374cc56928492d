/* Commits. Each thread runs its own function and commits it; threads stay side by side as long as
 * they touch different items. Two commits that change the same item cannot both succeed: so whoever
 * finds one on its way waits behind it, in the lane of that item, and when it is through, one of
 * those who waited runs all their functions one after another over what was just committed, and
 * commits them together. A hot room so takes one commit at a time with many messages in it, where
 * threads that raced would undo each other's work.
 *
 * All this only decides who asks DynamoDB and when. Whether what a function has read is still so
 * is checked by the commit, whoever read it. */
#include "dynamodb.h"

#include "../base/arena.h"
#include "../base/id.h"

#include <errno.h>

#define V_BYTES 9
#define RUNS_MAX 40

void dynamo_groups_open(struct dynamo_groups *groups)
{
    pthread_mutex_init(&groups->mutex, NULL);
}

void dynamo_groups_close(struct dynamo_groups *groups)
{
    pthread_mutex_destroy(&groups->mutex);
}

/* The functions of one commit; the first one is the thread's own. */
struct group {
    struct dynamo_store *store;
    struct dynamo_job *jobs[DYNAMO_GROUP_MAX];
    size_t count;
    struct dynamo_overlay overlay;
    struct dynamo_overlay known;
    struct cc_str v; /* of the last commit */
    bool queried;    /* a function has asked for a range */
    bool raced;      /* and another commit got in its way */
    bool broken;     /* one broke a rule or could not read: alone it has nothing to confirm */
    bool holds_lane;
    unsigned runs;
};

static struct dynamo_job *own_job(struct group *group)
{
    return group->jobs[0];
}

/* --- running functions ------------------------------------------------------------------------ */

static bool runs_already(struct dynamo_groups *groups)
{
    const struct dynamo_running *running;
    bool found = false;

    pthread_mutex_lock(&groups->mutex);
    for (running = groups->running; running && !found; running = running->next)
        found = pthread_equal(running->thread, pthread_self());
    pthread_mutex_unlock(&groups->mutex);
    return found;
}

static void enter(struct dynamo_groups *groups, struct dynamo_running *running)
{
    running->thread = pthread_self();
    pthread_mutex_lock(&groups->mutex);
    running->next = groups->running;
    groups->running = running;
    pthread_mutex_unlock(&groups->mutex);
}

static void leave(struct dynamo_groups *groups, const struct dynamo_running *running)
{
    struct dynamo_running **at;

    pthread_mutex_lock(&groups->mutex);
    for (at = &groups->running; *at != running; at = &(*at)->next)
        ;
    *at = running->next;
    pthread_mutex_unlock(&groups->mutex);
}

/* The commit answers for what the function has read with cc_txn_get. */
static void take_over_checks(struct dynamo_overlay *overlay, const struct cc_txn *txn)
{
    for (size_t i = 0; i < txn->count; i++) {
        struct dynamo_entry *entry =
            txn->entries[i].checked ? dynamo_overlay_find(overlay, txn->entries[i].key) : NULL;

        if (entry && entry->seen != DYNAMO_UNREAD)
            entry->checked = true;
    }
}

/* Runs a function; what it weighs is given back. */
static size_t run_function(struct group *group, struct dynamo_job *job,
                           const struct dynamo_mark *mark)
{
    struct dynamo_running running;
    struct dynamo_txn txn;

    cc_err_clear(job->err);
    dynamo_txn_init(&txn, group->store, job->arena, &group->overlay, &group->known);
    enter(&group->store->groups, &running);
    job->rc = cc_txn_call(&txn.base, job->fn, job->arg, job->err);
    leave(&group->store->groups, &running);
    take_over_checks(&group->overlay, &txn.base);
    if (job->rc != CC_OK)
        dynamo_overlay_undo(&group->overlay, mark);
    group->queried |= txn.queried;
    group->raced |= txn.raced;
    group->broken |= txn.base.first.code != CC_OK;
    return txn.base.size_bytes;
}

static void put_back(struct group *group, size_t from);

/* What earlier runs have read and what cannot be taken over is asked for at once. */
static enum cc_code read_ahead(struct group *group, struct cc_err *err)
{
    struct cc_arena *arena = own_job(group)->arena;
    struct cc_key *keys = CC_NEW_ARRAY(arena, struct cc_key, group->known.count);
    size_t count = 0;

    for (size_t i = 0; i < group->known.count; i++) {
        if (group->known.at[i].again)
            keys[count++] = group->known.at[i].key;
    }
    return dynamo_read_ahead(group->store, arena, &group->overlay, keys, count, err);
}

/* Those that do not fit into one transaction together wait for the next one. */
static enum cc_code run_functions(struct group *group, struct cc_err *err)
{
    struct cc_arena *arena = own_job(group)->arena;
    size_t size = 0;
    enum cc_code rc;

    group->runs++;
    dynamo_overlay_init(&group->overlay, arena);
    group->queried = group->raced = group->broken = false;
    rc = read_ahead(group, err);
    for (size_t i = 0; i < group->count && rc == CC_OK; i++) {
        const struct dynamo_mark mark = dynamo_overlay_mark(&group->overlay, arena);

        size += run_function(group, group->jobs[i], &mark);
        if (i > 0 &&
            (size > CC_TXN_BYTES_MAX || dynamo_overlay_items(&group->overlay) > CC_TXN_ITEMS_MAX)) {
            dynamo_overlay_forget(&group->overlay, &mark);
            put_back(group, i);
        }
    }
    return rc;
}

/* --- lanes ------------------------------------------------------------------------------------ */

/* What others will want to change as well, most likely: the first item that was there, and was read
 * and is to be written. */
static const struct dynamo_entry *find_anchor(const struct dynamo_overlay *overlay)
{
    for (size_t i = 0; i < overlay->count; i++) {
        const struct dynamo_entry *entry = &overlay->at[i];

        if (entry->write != DYNAMO_NOTHING && entry->checked && entry->seen == DYNAMO_PRESENT)
            return entry;
    }
    return NULL;
}

static struct dynamo_lane *find_lane(struct dynamo_groups *groups, struct cc_key anchor)
{
    struct dynamo_lane *lane = groups->lanes;

    while (lane && !dynamo_key_eq(lane->anchor, anchor))
        lane = lane->next;
    return lane;
}

static void remove_lane(struct dynamo_groups *groups, const struct dynamo_lane *lane)
{
    struct dynamo_lane **at = &groups->lanes;

    while (*at != lane)
        at = &(*at)->next;
    *at = lane->next;
}

static void enqueue(struct dynamo_lane *lane, struct dynamo_job *job)
{
    job->next = NULL;
    if (lane->tail)
        lane->tail->next = job;
    else
        lane->head = job;
    lane->tail = job;
}

static struct dynamo_job *dequeue(struct dynamo_lane *lane)
{
    struct dynamo_job *job = lane->head;

    if (job) {
        lane->head = job->next;
        if (!lane->head)
            lane->tail = NULL;
    }
    return job;
}

/* In whatever lane it waits: a lane can have passed on to another leader meanwhile. */
static void drop_out(struct dynamo_groups *groups, struct dynamo_job *job)
{
    for (struct dynamo_lane *lane = groups->lanes; lane; lane = lane->next) {
        struct dynamo_job *last = NULL;

        for (struct dynamo_job **at = &lane->head; *at; last = *at, at = &(*at)->next) {
            if (*at != job)
                continue;
            *at = job->next;
            if (lane->tail == job)
                lane->tail = last;
            return;
        }
    }
}

static void put_back(struct group *group, size_t from)
{
    struct dynamo_groups *groups = &group->store->groups;
    struct dynamo_lane *lane = &own_job(group)->lane;

    pthread_mutex_lock(&groups->mutex);
    for (size_t i = group->count; i > from; i--) {
        struct dynamo_job *job = group->jobs[i - 1];

        job->state = DYNAMO_JOB_QUEUED;
        job->next = lane->head;
        lane->head = job;
        if (!lane->tail)
            lane->tail = job;
    }
    pthread_mutex_unlock(&groups->mutex);
    group->count = from;
}

static void gather(struct group *group)
{
    struct dynamo_lane *lane = &own_job(group)->lane;
    const size_t most = (size_t)group->store->group_max;
    struct dynamo_job *job;

    while (group->count < most && (job = dequeue(lane)) != NULL) {
        job->state = DYNAMO_JOB_MEMBER;
        group->jobs[group->count++] = job;
    }
}

/* --- what is known from earlier --------------------------------------------------------------- */

/* Into the arena of the one who will use it: a member that does not fit in waits for the next
 * commit, and when it has waited too long it goes, and with it all that it has read. */
static void keep(struct dynamo_overlay *known, const struct dynamo_entry *entry, bool again)
{
    struct dynamo_entry *to = dynamo_overlay_touch(known, entry->key);

    to->again = again;
    to->arena = known->arena;
    if (again)
        return;
    to->seen = entry->seen;
    to->row = entry->row;
    to->row.item.key = to->key;
    if (entry->seen != DYNAMO_PRESENT || entry->arena == known->arena)
        return;
    to->row.item.body = cc_str_copy(known->arena, entry->row.item.body);
    to->row.v = cc_str_copy(known->arena, entry->row.v);
}

/* What the commit checks anyway is taken over. What it does not, or what was no longer so, is to be
 * read anew. */
static void remember(struct dynamo_overlay *known, const struct dynamo_overlay *read)
{
    for (size_t i = 0; i < read->count; i++) {
        const struct dynamo_entry *entry = &read->at[i];

        if (!dynamo_overlay_find(known, entry->key) &&
            (entry->seen != DYNAMO_UNREAD || (entry->guessed && entry->failed)))
            keep(known, entry, entry->failed || !entry->checked);
    }
}

static void remember_own(struct group *group)
{
    struct dynamo_overlay known;

    dynamo_overlay_init(&known, own_job(group)->arena);
    remember(&known, &group->overlay);
    group->known = known;
}

static void gather_known(struct group *group)
{
    group->known = own_job(group)->known;
    for (size_t i = 1; i < group->count; i++) {
        const struct dynamo_overlay *read = &group->jobs[i]->known;

        for (size_t k = 0; k < read->count; k++) {
            if (!dynamo_overlay_find(&group->known, read->at[k].key))
                keep(&group->known, &read->at[k], read->at[k].again);
        }
    }
}

/* The next leader starts from what was just committed of the anchor, and need not ask for it. It
 * waits, so that its arena is ours for the moment. */
static void seed(struct group *group, struct dynamo_job *next, bool committed)
{
    const struct dynamo_entry *done =
        committed ? dynamo_overlay_find(&group->overlay, own_job(group)->lane.anchor) : NULL;
    struct dynamo_overlay known;
    struct dynamo_entry *entry;

    dynamo_overlay_init(&known, next->arena);
    entry = dynamo_overlay_touch(&known, own_job(group)->lane.anchor);
    entry->again = done == NULL || done->write != DYNAMO_PUT;
    if (!entry->again) {
        entry->seen = DYNAMO_PRESENT;
        entry->arena = next->arena;
        entry->row.item = done->item;
        entry->row.item.key = entry->key;
        entry->row.item.body = cc_str_copy(next->arena, done->item.body);
        entry->row.v = cc_str_copy(next->arena, group->v);
    }
    for (size_t i = 0; i < next->known.count; i++) {
        if (!dynamo_overlay_find(&known, next->known.at[i].key))
            *dynamo_overlay_touch(&known, next->known.at[i].key) = next->known.at[i];
    }
    next->known = known;
}

/* --- waiting in a lane ------------------------------------------------------------------------ */

static void wait_in_lane(struct dynamo_store *store, struct dynamo_job *job)
{
    struct dynamo_groups *groups = &store->groups;
    const int64_t left_ms = job->deadline_ms - cc_clock_mono_ms(&cc_system_clock);
    const struct timespec deadline = cc_deadline_in(left_ms > 0 ? left_ms : 0);
    int late = 0;

    while (job->state == DYNAMO_JOB_QUEUED && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&job->wake, &groups->mutex, &deadline);
    if (job->state == DYNAMO_JOB_QUEUED) {
        drop_out(groups, job);
        job->state = DYNAMO_JOB_DONE;
        cc_err_clear(job->err);
        job->rc = cc_fail_retry(job->err, CC_UNAVAILABLE, 1, NULL,
                                "store: %lld ms behind other commits of the same item",
                                (long long)store->wait_ms);
    }
    while (job->state != DYNAMO_JOB_DONE && job->state != DYNAMO_JOB_LEADS)
        pthread_cond_wait(&job->wake, &groups->mutex);
}

enum turn { TURN_OURS, TURN_LATER_WE_LEAD, TURN_DONE };

/* Whether this commit may go now. Else it waits: until it has been done by another thread, or leads
 * those who wait with it. */
static enum turn take_turn(struct group *group)
{
    struct dynamo_groups *groups = &group->store->groups;
    const struct dynamo_entry *anchor = find_anchor(&group->overlay);
    struct dynamo_job *job = own_job(group);
    struct dynamo_lane *lane;

    if (group->holds_lane || anchor == NULL)
        return TURN_OURS;
    pthread_mutex_lock(&groups->mutex);
    lane = find_lane(groups, anchor->key);
    if (lane == NULL) {
        job->lane = (struct dynamo_lane){ .anchor = anchor->key, .next = groups->lanes };
        groups->lanes = &job->lane;
        group->holds_lane = true;
        pthread_mutex_unlock(&groups->mutex);
        return TURN_OURS;
    }
    dynamo_overlay_init(&job->known, job->arena);
    remember(&job->known, &group->overlay);
    job->state = DYNAMO_JOB_QUEUED;
    enqueue(lane, job);
    wait_in_lane(group->store, job);
    if (job->state == DYNAMO_JOB_LEADS) {
        group->holds_lane = true;
        gather(group);
    }
    pthread_mutex_unlock(&groups->mutex);
    if (!group->holds_lane)
        return TURN_DONE;
    gather_known(group);
    return TURN_LATER_WE_LEAD;
}

/* The longest waiting one leads from here on. */
static void pass_lane_on(struct group *group, bool committed)
{
    struct dynamo_groups *groups = &group->store->groups;
    struct dynamo_lane *lane = &own_job(group)->lane;
    struct dynamo_job *next;

    if (!group->holds_lane)
        return;
    remove_lane(groups, lane);
    next = dequeue(lane);
    if (next == NULL)
        return;
    seed(group, next, committed);
    next->lane =
        (struct dynamo_lane){ .head = lane->head, .tail = lane->tail, .next = groups->lanes };
    next->lane.anchor = next->known.at[0].key;
    groups->lanes = &next->lane;
    next->state = DYNAMO_JOB_LEADS;
    pthread_cond_signal(&next->wake);
}

static void answer(struct group *group, bool committed)
{
    struct dynamo_groups *groups = &group->store->groups;

    pthread_mutex_lock(&groups->mutex);
    pass_lane_on(group, committed);
    for (size_t i = 1; i < group->count; i++) {
        group->jobs[i]->state = DYNAMO_JOB_DONE;
        pthread_cond_signal(&group->jobs[i]->wake);
    }
    pthread_mutex_unlock(&groups->mutex);
}

/* --- the outcome ------------------------------------------------------------------------------ */

static void fail_all(struct group *group, const struct cc_err *why)
{
    for (size_t i = 0; i < group->count; i++) {
        *group->jobs[i]->err = *why;
        group->jobs[i]->rc = why->code;
    }
}

/* What one read decided alone was so at that instant. More than one, and ranges under their guard,
 * must have been so together; also for a refusal. */
static bool needs_confirming(const struct group *group)
{
    const size_t checks = dynamo_overlay_items(&group->overlay);
    bool guessed = false;

    for (size_t i = 0; i < group->overlay.count; i++)
        guessed |= group->overlay.at[i].guessed;
    return checks > 1 || guessed || (checks == 1 && group->queried);
}

static enum dynamo_fate settle(struct group *group, struct cc_err *err)
{
    struct dynamo_store *store = group->store;

    if (dynamo_overlay_writes(&group->overlay)) {
        group->v = cc_id_random(own_job(group)->arena, store->random, V_BYTES);
        return dynamo_commit(store, &group->overlay, group->v, err);
    }
    if ((group->broken && group->count == 1) || !needs_confirming(group))
        return DYNAMO_COMMITTED;
    return dynamo_confirm(store, &group->overlay, err);
}

/* What a run has read and written stays in its arena. */
static bool may_run_again(const struct group *group)
{
    return group->runs < RUNS_MAX &&
           cc_arena_used(group->jobs[0]->arena) < CC_ARENA_CEILING_BYTES / 2 &&
           cc_clock_mono_ms(&cc_system_clock) < group->jobs[0]->deadline_ms;
}

/* One round; false: the race was lost, and there is time for another one. */
static bool run_once(struct group *group)
{
    struct cc_err why = { 0 };
    enum dynamo_fate fate = group->raced ? DYNAMO_LOST : settle(group, &why);

    if (fate == DYNAMO_LOST && may_run_again(group))
        return false;
    if (fate == DYNAMO_LOST)
        (void)!cc_fail_retry(&why, CC_UNAVAILABLE, 1, NULL, "store: %u races lost", group->runs);
    if (fate != DYNAMO_COMMITTED)
        fail_all(group, &why);
    answer(group, fate == DYNAMO_COMMITTED);
    return true;
}

static void give_up(struct group *group, const struct cc_err *why)
{
    fail_all(group, why);
    answer(group, false);
}

static void run_until_settled(struct group *group)
{
    for (;;) {
        struct cc_err why = { 0 };
        enum turn turn;

        if (run_functions(group, &why) != CC_OK) {
            give_up(group, &why);
            return;
        }
        turn = take_turn(group);
        if (turn == TURN_DONE)
            return;
        if (turn == TURN_LATER_WE_LEAD)
            continue;
        if (run_once(group))
            return;
        remember_own(group);
        dynamo_back_off(group->store, group->runs);
    }
}

enum cc_code dynamo_group_run(struct dynamo_store *store, struct dynamo_job *job)
{
    struct group group = { .store = store, .jobs = { job }, .count = 1 };

    if (runs_already(&store->groups))
        return cc_fail(job->err, CC_INTERNAL, NULL, "store: a run inside a run waits for itself");
    cc_cond_init(&job->wake);
    dynamo_overlay_init(&group.known, job->arena);
    run_until_settled(&group);
    pthread_cond_destroy(&job->wake);
    return job->rc;
}
