#include "cognito.h"

#include "../base/text.h"
#include "../store/keys.h"

/* What profiles say of somebody of whom the pool knows no name. Not his number: others see it. */
#define NAMELESS "New member"

struct taking_over {
    struct cc_profile profile;
    struct cc_credential credential;
    bool is_refused; /* the verdict */
};

/* The name by which the pool knows him must be the number by which he signs in: a pool that takes
 * numbers for aliases answers for others as well. And the pool must have proved that the number is
 * his: who makes users there may give them any name. */
static bool may_come_along(const struct cc_signing_in *run, const struct cc_claims *claims,
                           const struct cc_pool_person *person)
{
    return cc_str_eq(person->username, run->login.value) &&
           cc_str_eq(claims->username, run->login.value) && cc_str_eq(person->sub, claims->user) &&
           cc_str_eq(person->phone_number, run->login.value) && person->phone_is_verified;
}

static struct cc_str name_of(struct cc_arena *arena, const struct cc_pool_person *person)
{
    struct cc_str name = person->name.at ? cc_text_name(arena, person->name) : CC_STR_ABSENT;

    if (name.len == 0 || cc_text_length(name) > CC_PROFILE_NAME_CHARACTERS_MAX)
        return CC_STR(NAMELESS);
    return name;
}

/* Absent, unless it is proved and as we write it. */
static struct cc_str email_of(struct cc_arena *arena, const struct cc_pool_person *person)
{
    const struct cc_login login = { .email = person->email };
    struct cc_identifier found;
    struct cc_err ignored = { 0 };

    if (!person->email.at || !person->email_is_verified ||
        cc_login_check(arena, &login, &found, &ignored) != CC_OK)
        return CC_STR_ABSENT;
    return found.value;
}

/* An address that somebody else has proved stays his. */
static enum cc_code insert_email(struct cc_txn *txn, struct cc_profile *profile, struct cc_err *err)
{
    const struct cc_identifier login = { "email", profile->email };
    enum cc_code rc = CC_OK;

    if (login.value.at)
        rc = cc_identifier_insert(txn, &login, profile->user, err);
    if (rc != CC_EXISTS)
        return rc;
    profile->email = CC_STR_ABSENT;
    return CC_OK;
}

static enum cc_code make_account(struct cc_txn *txn, struct taking_over *it, struct cc_err *err)
{
    const struct cc_identifier login = { "phone", it->profile.phone_number };
    struct cc_profile profile = it->profile; /* this function may run more than once */
    enum cc_code rc = cc_identifier_insert(txn, &login, profile.user, err);

    if (rc == CC_OK)
        rc = insert_email(txn, &profile, err);
    profile.created_ms = profile.updated_ms = cc_txn_now_ms(txn);
    return rc == CC_OK ? cc_people_put_account_txn(txn, &profile, &it->credential, err) : rc;
}

/* Two first sign-ins at the same moment: the second one finds the account that the first has made.
 * An account without the number was removed, or is just being so. */
static enum cc_code take_over(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct taking_over *it = arg;
    const struct cc_identifier login = { "phone", it->profile.phone_number };
    struct cc_credential present;
    struct cc_str owner = CC_STR_ABSENT;
    enum cc_code rc = cc_identifier_get(txn, &login, &owner, err);

    if (rc == CC_OK)
        rc = cc_credential_get(txn, it->profile.user, &present, err);
    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    it->is_refused = owner.at ? rc != CC_OK || !cc_str_eq(owner, it->profile.user) : rc == CC_OK;
    if (it->is_refused)
        return CC_OK;
    if (rc == CC_NOT_FOUND)
        return make_account(txn, it, err);
    it->credential = present;
    return CC_OK;
}

enum cc_code cc_cognito_take_over(struct cc_cognito *cognito, struct cc_arena *arena,
                                  struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                  const struct cc_claims *claims, struct cc_err *err)
{
    struct taking_over it = { .credential = { .hash = cc_cognito_generation(cognito, arena),
                                              .username = run->login.value,
                                              .sub = claims->sub } };
    struct cc_pool_person person;
    enum cc_code rc;

    if (!cognito->existing_people || !cc_str_eq(cc_str_from(run->login.kind), CC_STR("phone")))
        return cc_people_fail_credentials(err);
    rc = cc_pool_person(&cognito->pool, arena, auth->access_token, &person, err);
    if (rc != CC_OK)
        return rc;
    if (!may_come_along(run, claims, &person))
        return cc_people_fail_credentials(err);
    it.profile = (struct cc_profile){ .user = claims->user,
                                      .name = name_of(arena, &person),
                                      .phone_number = run->login.value,
                                      .email = email_of(arena, &person) };
    rc = cc_people_run(&cognito->people, arena, take_over, &it, err);
    if (rc != CC_OK)
        return rc;
    if (it.is_refused)
        return cc_people_fail_credentials(err);
    run->user = it.profile.user;
    run->credential = it.credential;
    return CC_OK;
}
