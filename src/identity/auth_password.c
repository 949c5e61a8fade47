#include "identity/auth.h"

int auth_post_password(struct auth *c, struct err *e)
{
    const yyjson_val *login;
    const yyjson_val *password;
    struct account account = {0};
    text who;
    const struct auth_member members[] = {{"login", YYJSON_TYPE_STR, true, &login},
                                          {"password", YYJSON_TYPE_STR, true, &password}};
    int rc = auth_body(c, members, 2, e);
    if (rc) {
        return rc;
    }
    /* What can be nobody's name costs as much as a name, and is answered alike. */
    if (login_fold(auth_text(login), c->a, &who, NULL)) {
        who = T("?");
    }
    rc = auth_throttle(c, who, e);
    if (rc) {
        return rc;
    }
    int found = account_by_login(c->id->kept, auth_text(login), c->a, &account, e);
    if (found && found != ERR_NOT_FOUND) {
        return found;
    }
    rc =
        password_verify(found ? T("") : account.password, auth_text(password), c->request->peer, e);
    if (rc == ERR_FORBIDDEN || (!rc && (found || account.disabled))) {
        rc = err_set(e, ERR_FORBIDDEN, "the name or the password is not right");
        throttle_failed(c->id->throttle, who, c->request->peer, c->now_ms);
        return auth_sign_in_failed(c, found ? NULL : &account,
                                   found ? "there is no account of this name"
                                         : "the password is not right, or the account is disabled",
                                   rc, e);
    }
    if (rc) {
        return rc;
    }
    throttle_passed(c->id->throttle, who, c->request->peer);
    c->has_session = c->has_session && text_eq(c->account.id, account.id);
    c->account = account;
    rc = auth_sign_in(c, account.totp.n ? SESSION_WANTS_TOTP : SESSION_WANTS_ENROL, false, e);
    return rc ? rc : auth_answer_session(c, e);
}

int auth_post_password_set(struct auth *c, struct err *e)
{
    const yyjson_val *current;
    const yyjson_val *fresh;
    struct account changed = c->account;
    const struct auth_member members[] = {{"current", YYJSON_TYPE_STR, false, &current},
                                          {"new", YYJSON_TYPE_STR, true, &fresh}};
    int rc = auth_body(c, members, 2, e);
    rc = rc ? rc : auth_throttle(c, c->account.id, e);
    if (!rc && c->account.password.n) {
        rc = password_verify(c->account.password, auth_text(current), c->request->peer, e);
        if (rc == ERR_FORBIDDEN) {
            throttle_failed(c->id->throttle, c->account.id, c->request->peer, c->now_ms);
            rc = err_set(e, rc, "the password that you have now is not right");
            return auth_sign_in_failed(c, &c->account, "a new password, without the old one", rc,
                                       e);
        }
    }
    rc = rc ? rc
            : password_hash(auth_text(fresh), c->account.login, c->request->peer, c->a,
                            &changed.password, e);
    rc = rc ? rc : auth_record_change(c, &c->account, "a new password", e);
    if (rc) {
        return rc;
    }
    /* Whoever signed in by the old one is out; this session goes on. */
    changed.epoch++;
    rc = auth_change(c, &changed, e);
    c->session.epoch = changed.epoch;
    rc = rc ? rc : session_change(c->id->sessions, &c->session, e);
    if (!rc) {
        buf_add(&c->reply->body, T("{}\n"));
    }
    return rc;
}
