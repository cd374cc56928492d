#include "people.h"

#include "secret.h"

#include "../base/field.h"
#include "../store/keys.h"

struct job {
    int proof_kind; /* enum cc_proof_kind */
    struct cc_str id;
};

static const char *const proof_kinds[] = { "sign-up", "recovery", NULL };

static const struct cc_field job_fields[] = {
    { .name = "proof",
      .type = CC_FIELD_ENUM,
      .offset = offsetof(struct job, proof_kind),
      .values = proof_kinds },
    { .name = "id", .type = CC_FIELD_STR, .offset = offsetof(struct job, id) },
    { .name = NULL },
};

/* A pool sends its codes itself: what is left to say is that a number is taken. That is queued with
 * every sign-up, taken or not. */
static bool is_ours_to_say(const struct cc_people *people, enum cc_proof_kind kind,
                           const struct cc_proof *proof)
{
    return !people->of_pool ||
           (people->tells_owners && kind == CC_PROOF_SIGN_UP && proof->sends == 1);
}

enum cc_code cc_people_queue_code(const struct cc_people *people, struct cc_txn *txn,
                                  enum cc_proof_kind kind, const struct cc_proof *proof,
                                  struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct job job = { (int)kind, proof->id };
    struct cc_str name =
        cc_str_format(arena, "%.*s.%lld", CC_STR_ARG(proof->id), (long long)proof->sends);

    if (!is_ours_to_say(people, kind, proof))
        return CC_OK;
    return cc_timer_add(txn, cc_txn_now_ms(txn), name, CC_JOB_CODE,
                        cc_fields_save(arena, job_fields, &job), err);
}

struct sending {
    const struct cc_job *queued;
    struct job job;
    struct cc_proof proof;
    int64_t now_ms;
};

/* Who is disabled does not come back by a new password: he gets no code for one. */
static enum cc_code check_owner(struct cc_txn *txn, struct sending *run, struct cc_err *err)
{
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, run->proof.user, &credential, err);

    if (rc == CC_NOT_FOUND || (rc == CC_OK && credential.state != CC_ACCOUNT_ACTIVE))
        run->proof.user = CC_STR_ABSENT;
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code read_proof(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sending *run = arg;
    const enum cc_proof_kind kind = (enum cc_proof_kind)run->job.proof_kind;
    enum cc_code rc = cc_proof_get(txn, kind, run->job.id, &run->proof, err);

    run->now_ms = cc_txn_now_ms(txn);
    return rc == CC_OK && run->proof.user.at ? check_owner(txn, run, err) : rc;
}

/* Nobody's number gets no message from us; the owner of a taken one is told once, not as often as
 * a stranger likes. */
static bool has_something_to_say(const struct cc_people *people, const struct sending *run)
{
    const struct cc_proof *proof = &run->proof;

    if (people->of_pool)
        return proof->taken;
    if (run->job.proof_kind == CC_PROOF_RECOVERY)
        return proof->user.at != NULL;
    return !proof->taken || proof->sends == 1;
}

static struct cc_str text_of(struct cc_arena *arena, const struct sending *run, struct cc_str code)
{
    long long minutes = (run->proof.expires_ms - run->now_ms + 59999) / 60000;
    const char *lasts = minutes == 1 ? "minute" : "minutes";

    if (run->job.proof_kind == CC_PROOF_RECOVERY)
        return cc_str_format(arena,
                             "%.*s is your Cloud Chat code for a new password. It is good for "
                             "%lld %s. If you did not ask for it, do nothing.",
                             CC_STR_ARG(code), minutes, lasts);
    if (run->proof.taken)
        return CC_STR("Somebody wanted to sign up to Cloud Chat with your number or address, which "
                      "has an account already. If it was you: sign in, or ask for a new password.");
    return cc_str_format(arena,
                         "%.*s is your Cloud Chat code. It is good for %lld %s. Tell it to nobody.",
                         CC_STR_ARG(code), minutes, lasts);
}

/* The id of a proof lets its owner confirm: who carries the notice sees a name made from it. */
static struct cc_str notice_id(const struct cc_people *people, struct cc_arena *arena,
                               const struct cc_job *job)
{
    return cc_people_hashed(people, arena, "notice", cc_key_tail(job->key.sk));
}

static enum cc_code send(struct cc_people *people, struct cc_arena *arena,
                         const struct sending *run, struct cc_sender *sender, struct cc_err *err)
{
    const struct cc_proof *proof = &run->proof;
    char *buffer = cc_arena_alloc_secret(arena, CC_ONE_TIME_CODE_SIZE);
    struct cc_str code =
        cc_one_time_code(&(struct cc_code_seed){ people->secret, proof->id, proof->nonce }, buffer);
    struct cc_str text = text_of(arena, run, code);

    if (!proof->taken)
        cc_secret_wipe_later(arena, text);
    return cc_sender_send(sender,
                          &(struct cc_notice){ .to = proof->value,
                                               .channel = cc_proof_channel(proof),
                                               .code = proof->taken ? CC_STR_ABSENT : code,
                                               .text = text,
                                               .id = notice_id(people, arena, run->queued),
                                               .attempt = run->queued->attempt },
                          err);
}

enum cc_code cc_people_send_code(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_job *job, struct cc_sender *sender,
                                 struct cc_err *err)
{
    struct cc_people *people = cc_people_of(self);
    struct sending run = { .queued = job };
    enum cc_code rc = cc_fields_load(arena, job_fields, job->body, &run.job, err);

    if (rc == CC_OK)
        rc = cc_people_view(people, arena, read_proof, &run, err);
    if (rc == CC_NOT_FOUND) /* used, or expired */
        return CC_OK;
    if (rc != CC_OK || !has_something_to_say(people, &run))
        return rc;
    return send(people, arena, &run, sender, err);
}
