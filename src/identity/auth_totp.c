/* The second factor: one-time codes and recovery codes. */
#include "identity/auth.h"

static int wants_code(const struct auth *c, struct err *e)
{
    return c->session.step == SESSION_WANTS_TOTP
               ? 0
               : err_set(e, ERR_CONFLICT, "no code is asked for at this step");
}

static int read_code(struct auth *c, text *ret_code, struct err *e)
{
    const yyjson_val *code;
    int rc = auth_body(c, &(struct auth_member){"code", YYJSON_TYPE_STR, true, &code}, 1, e);
    if (!rc) {
        *ret_code = auth_text(code);
    }
    return rc;
}

/* Six digits do not bear guesses from many addresses, and who guesses here has the password
 * already: so these count for the account, too. Recovery codes, which are long, and passkeys do not
 * wait. */
static int may_guess(struct auth *c, struct err *e)
{
    int rc = auth_throttle(c, c->account.id, e);
    return rc ? rc
              : throttle_ask_code(c->id->throttle, c->account.id, c->now_ms, &c->wait_seconds, e);
}

static int wrong_code(struct auth *c, const char *why, struct err *e)
{
    throttle_failed(c->id->throttle, c->account.id, c->request->peer, c->now_ms);
    return auth_sign_in_failed(c, &c->account, why, ERR_FORBIDDEN, e);
}

/* The step that was used is kept before anybody is let in: the same code is not taken twice, not
 * even by two at once. */
static int use_code(struct auth *c, const struct account *changed, struct err *e)
{
    int rc = auth_change(c, changed, e);
    if (rc == ERR_CONFLICT) {
        return err_set(e, rc, "somebody else signs in to this account just now; try again");
    }
    throttle_passed(c->id->throttle, c->account.id, c->request->peer);
    rc = rc ? rc : auth_sign_in(c, SESSION_SIGNED_IN, true, e);
    return rc ? rc : auth_answer_session(c, e);
}

int auth_post_totp(struct auth *c, struct err *e)
{
    text code;
    text secret;
    struct account changed = c->account;
    int rc = wants_code(c, e);
    rc = rc ? rc : read_code(c, &code, e);
    rc = rc ? rc : may_guess(c, e);
    rc = rc ? rc : seal_read(c->id->seal, "totp", c->account.totp, c->a, &secret, e);
    if (rc) {
        return rc;
    }
    if (totp_verify(secret, code, c->now_ms / 1000, &changed.totp_step, e)) {
        throttle_failed_code(c->id->throttle, c->account.id, c->now_ms);
        return wrong_code(c, "the one-time code is not right", e);
    }
    return use_code(c, &changed, e);
}

int auth_post_recovery(struct auth *c, struct err *e)
{
    text typed;
    struct account changed = c->account;
    int rc = wants_code(c, e);
    rc = rc ? rc : read_code(c, &typed, e);
    rc = rc ? rc : auth_throttle(c, c->account.id, e);
    text code = rc ? T("") : recovery_normal(typed, c->a);
    text hash = rc || !code.p ? T("") : secret_hash(code, c->a);
    text *left = rc ? NULL : arena_zalloc(c->a, c->account.recovery_count + 1, sizeof *left);
    if (rc || !left || !code.p || !hash.p) {
        return rc ? rc : err_set(e, ERR_MEMORY, "no memory");
    }
    changed.recovery = left;
    changed.recovery_count = 0;
    for (size_t i = 0; i < c->account.recovery_count; i++) {
        if (!secret_eq(c->account.recovery[i], hash) || !code.n) {
            left[changed.recovery_count++] = c->account.recovery[i];
        }
    }
    if (changed.recovery_count == c->account.recovery_count) {
        (void)err_set(e, ERR_FORBIDDEN, "this recovery code is not right, or has been used");
        return wrong_code(c, "the recovery code is not right", e);
    }
    rc = auth_record_change(c, &c->account, "a recovery code was used", e);
    return rc ? rc : use_code(c, &changed, e);
}

/* --- a new one ----------------------------------------------------------------------------------
 */

/* Who signed in by less must not put a lasting way in beside the owner's: a password that came
 * beside a passkey is worth nothing alone, not even half-way, when it has been guessed. */
static int may_add(const struct auth *c, struct err *e)
{
    if (!c->account.password.n) {
        return err_set(e, ERR_CONFLICT, "one-time codes go with a password: set one first");
    }
    bool invited = c->session.invited && !c->account.invite.n; /* to this password */
    if (!c->session.strong && !invited && (c->account.totp.n || c->account.passkey_count)) {
        return err_set(e, ERR_FORBIDDEN,
                       "sign in with a passkey or a one-time code first, then change this");
    }
    return 0;
}

int auth_post_totp_new(struct auth *c, struct err *e)
{
    text secret;
    text words;
    text uri;
    text id;
    int rc = may_add(c, e);
    rc = rc ? rc : auth_body(c, NULL, 0, e);
    rc = rc ? rc
            : totp_make(c->id->config.organisation_name, c->account.login, c->a, &secret, &words,
                        &uri, e);
    if (rc) {
        return rc;
    }
    struct ceremony begun = {CEREMONY_TOTP, c->session.hash, c->account.id, secret};
    rc = ceremony_begin(c->id->ceremonies, &begun, c->request->peer, c->now_ms, c->a, &id, e);
    if (rc) {
        return rc;
    }
    struct buf *out = &c->reply->body;
    buf_addc(out, '{');
    auth_put(out, "secret", words);
    auth_put(out, "uri", uri);
    buf_add(out, T("}\n"));
    return 0;
}

static int make_recovery(struct auth *c, text codes[10], struct account *changed, struct err *e)
{
    int rc = recovery_make(c->a, codes, e);
    changed->recovery = arena_zalloc(c->a, 10, sizeof(text));
    changed->recovery_count = 10;
    for (size_t i = 0; !rc && i < 10; i++) {
        if (changed->recovery) {
            changed->recovery[i] = secret_hash(codes[i], c->a);
        }
        if (!changed->recovery || !changed->recovery[i].p) {
            rc = err_set(e, ERR_MEMORY, "no memory");
        }
    }
    return rc;
}

int auth_post_totp_confirm(struct auth *c, struct err *e)
{
    text code;
    text codes[10];
    struct ceremony begun;
    struct account changed = c->account;
    int rc = may_add(c, e);
    rc = rc ? rc : read_code(c, &code, e);
    rc = rc ? rc : auth_throttle(c, c->account.id, e);
    rc = rc ? rc
            : ceremony_find(c->id->ceremonies, CEREMONY_TOTP, c->session.hash, c->now_ms, c->a,
                            &begun, e);
    if (rc) {
        return rc;
    }
    changed.totp_step = 0;
    if (totp_verify(begun.challenge, code, c->now_ms / 1000, &changed.totp_step, e)) {
        throttle_failed(c->id->throttle, c->account.id, c->request->peer, c->now_ms);
        return ERR_FORBIDDEN;
    }
    rc = seal_make(c->id->seal, "totp", begun.challenge, c->a, &changed.totp, e);
    rc = rc ? rc : make_recovery(c, codes, &changed, e);
    rc = rc ? rc : auth_record_change(c, &c->account, "one-time codes set up", e);
    rc = rc ? rc : auth_change(c, &changed, e);
    ceremony_end(c->id->ceremonies, c->session.hash);
    if (!rc && c->session.step == SESSION_WANTS_ENROL) {
        rc = auth_sign_in(c, SESSION_SIGNED_IN, true, e);
    }
    if (rc) {
        return rc;
    }
    struct buf *out = &c->reply->body;
    buf_addc(out, '{');
    auth_put(out, "csrf", c->session.csrf);
    auth_name(out, "recovery");
    buf_addc(out, '[');
    for (size_t i = 0; i < 10; i++) {
        buf_printf(out, "%s\"%.*s\"", i ? "," : "", TEXT_ARG(codes[i]));
    }
    buf_add(out, T("]}\n"));
    return 0;
}
