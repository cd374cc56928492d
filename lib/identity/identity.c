#include "identity.h"

enum cc_code cc_identity_sign_up(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_sign_up *in, struct cc_pending *out,
                                 struct cc_err *err)
{
    return self->ops->sign_up(self, arena, in, out, err);
}

enum cc_code cc_identity_confirm(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_confirm *in, struct cc_err *err)
{
    return self->ops->confirm(self, arena, in, err);
}

enum cc_code cc_identity_resend(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_resend *in, int64_t *resend_after_s,
                                struct cc_err *err)
{
    return self->ops->resend(self, arena, in, resend_after_s, err);
}

enum cc_code cc_identity_sign_in(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_sign_in *in, struct cc_signed_in *out,
                                 struct cc_err *err)
{
    return self->ops->sign_in(self, arena, in, out, err);
}

enum cc_code cc_identity_answer(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_answer *in, struct cc_signed_in *out,
                                struct cc_err *err)
{
    return self->ops->answer(self, arena, in, out, err);
}

enum cc_code cc_identity_refresh(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str refresh_token, struct cc_tokens *out,
                                 struct cc_err *err)
{
    return self->ops->refresh(self, arena, refresh_token, out, err);
}

enum cc_code cc_identity_sign_out(struct cc_identity *self, struct cc_arena *arena,
                                  const struct cc_sign_out *in, struct cc_err *err)
{
    return self->ops->sign_out(self, arena, in, err);
}

enum cc_code cc_identity_forgot(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_forgot *in, struct cc_pending *out,
                                struct cc_err *err)
{
    return self->ops->forgot(self, arena, in, out, err);
}

enum cc_code cc_identity_reset(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_reset *in, struct cc_err *err)
{
    return self->ops->reset(self, arena, in, err);
}

enum cc_code cc_identity_change_password(struct cc_identity *self, struct cc_arena *arena,
                                         const struct cc_change_password *in, struct cc_err *err)
{
    return self->ops->change_password(self, arena, in, err);
}

enum cc_code cc_identity_rename(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_rename *in, struct cc_err *err)
{
    return self->ops->rename(self, arena, in, err);
}

enum cc_code cc_identity_sessions(struct cc_identity *self, struct cc_arena *arena,
                                  struct cc_str user, struct cc_sessions *out, struct cc_err *err)
{
    return self->ops->sessions(self, arena, user, out, err);
}

enum cc_code cc_identity_session_end(struct cc_identity *self, struct cc_arena *arena,
                                     const struct cc_principal *which, struct cc_err *err)
{
    return self->ops->session_end(self, arena, which, err);
}

enum cc_code cc_identity_sessions_end_others(struct cc_identity *self, struct cc_arena *arena,
                                             const struct cc_principal *who, struct cc_err *err)
{
    return self->ops->sessions_end_others(self, arena, who, err);
}

enum cc_code cc_identity_authenticate(struct cc_identity *self, struct cc_arena *arena,
                                      struct cc_str token, struct cc_principal *out,
                                      struct cc_err *err)
{
    return self->ops->authenticate(self, arena, token, out, err);
}

enum cc_code cc_identity_jwks(struct cc_identity *self, struct cc_arena *arena, struct cc_jwks *out,
                              struct cc_err *err)
{
    return self->ops->jwks(self, arena, out, err);
}

enum cc_code cc_identity_send_code(struct cc_identity *self, struct cc_arena *arena,
                                   const struct cc_job *job, struct cc_sender *sender,
                                   struct cc_err *err)
{
    return self->ops->send_code(self, arena, job, sender, err);
}

enum cc_code cc_identity_do_job(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_job *job, struct cc_err *err)
{
    return self->ops->do_job(self, arena, job, err);
}

enum cc_code cc_identity_disable(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str user, struct cc_err *err)
{
    return self->ops->disable(self, arena, user, err);
}

enum cc_code cc_identity_enable(struct cc_identity *self, struct cc_arena *arena,
                                struct cc_str user, struct cc_err *err)
{
    return self->ops->enable(self, arena, user, err);
}

enum cc_code cc_identity_end_all(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str user, struct cc_err *err)
{
    return self->ops->end_all(self, arena, user, err);
}

enum cc_code cc_identity_remove_begin(struct cc_identity *self, struct cc_arena *arena,
                                      struct cc_str user, struct cc_err *err)
{
    return self->ops->remove_begin(self, arena, user, err);
}

enum cc_code cc_identity_remove_end(struct cc_identity *self, struct cc_arena *arena,
                                    struct cc_str user, struct cc_err *err)
{
    return self->ops->remove_end(self, arena, user, err);
}

void cc_identity_close(struct cc_identity *self)
{
    if (self)
        self->ops->close(self);
}
