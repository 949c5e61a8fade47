#include "identity/auth.h"

#include "base/clock.h"

/* What a request needs before it is looked at. */
enum need {
    NEED_NOTHING,     /* a GET that anybody may ask */
    NEED_OWN_PAGE,    /* it comes from a page of this node: nobody is signed in by another site */
    NEED_ANY_SESSION, /* one that may still be half-way */
    NEED_ENROL,       /* signed in, or about to get the first way in */
    NEED_SIGNED_IN,
};

struct address {
    enum http_method method;
    const char *path; /* "*" is one part */
    enum need need;
    int (*handle)(struct auth *c, struct err *e);
};

static const struct address addresses[] = {
    {HTTP_GET, "session", NEED_NOTHING, auth_get_session},
    {HTTP_POST, "passkey/options", NEED_OWN_PAGE, auth_post_passkey_options},
    {HTTP_POST, "passkey/verify", NEED_OWN_PAGE, auth_post_passkey_verify},
    {HTTP_POST, "password", NEED_OWN_PAGE, auth_post_password},
    {HTTP_POST, "totp", NEED_ANY_SESSION, auth_post_totp},
    {HTTP_POST, "recovery", NEED_ANY_SESSION, auth_post_recovery},
    {HTTP_POST, "sign-out", NEED_ANY_SESSION, auth_post_sign_out},
    {HTTP_POST, "sign-out-everywhere", NEED_SIGNED_IN, auth_post_sign_out_everywhere},
    {HTTP_POST, "role", NEED_SIGNED_IN, auth_post_role},
    {HTTP_GET, "passkeys", NEED_SIGNED_IN, auth_get_passkeys},
    {HTTP_POST, "passkey/new/options", NEED_ENROL, auth_post_passkey_new_options},
    {HTTP_POST, "passkey/new/verify", NEED_ENROL, auth_post_passkey_new_verify},
    {HTTP_POST, "passkey/remove", NEED_SIGNED_IN, auth_post_passkey_remove},
    {HTTP_POST, "passkey/rename", NEED_SIGNED_IN, auth_post_passkey_rename},
    {HTTP_POST, "totp/new", NEED_ENROL, auth_post_totp_new},
    {HTTP_POST, "totp/confirm", NEED_ENROL, auth_post_totp_confirm},
    {HTTP_POST, "password/set", NEED_SIGNED_IN, auth_post_password_set},
    {HTTP_GET, "invite/*", NEED_NOTHING, auth_get_invite},
    {HTTP_POST, "invite/*", NEED_OWN_PAGE, auth_post_invite},
    {HTTP_GET, "external/*", NEED_NOTHING, auth_get_external},
    {HTTP_GET, "external/*/callback", NEED_NOTHING, auth_get_external_callback},
    {HTTP_GET, "demo", NEED_NOTHING, auth_get_demo},
    {HTTP_POST, "demo", NEED_OWN_PAGE, auth_post_demo},
    {HTTP_GET, "demo/nodes", NEED_NOTHING, auth_get_demo_nodes},
    {HTTP_POST, "demo/nodes", NEED_OWN_PAGE, auth_post_demo_nodes},
    {HTTP_GET, "people", NEED_SIGNED_IN, auth_get_people},
    {HTTP_POST, "people", NEED_SIGNED_IN, auth_post_people},
    {HTTP_POST, "people/*", NEED_SIGNED_IN, auth_post_person},
    {HTTP_GET, "roles", NEED_SIGNED_IN, auth_get_roles},
};

static bool path_fits(text pattern, text path, text *ret_part)
{
    text want;
    text have;
    while (text_cut(&pattern, '/', &want)) {
        if (!text_cut(&path, '/', &have)) {
            return false;
        }
        if (text_eq(want, T("*")) && have.n) {
            *ret_part = have;
        } else if (!text_eq(want, have)) {
            return false;
        }
    }
    return path.p == NULL;
}

static int find_address(struct auth *c, const struct address **ret_address, struct err *e)
{
    text path = text_from(c->request->path, sizeof "/auth/" - 1);
    bool known = false;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        text part = T("");
        if (path_fits(text_of(addresses[i].path), path, &part)) {
            known = true;
            if (addresses[i].method == c->request->method) {
                c->part = part;
                *ret_address = &addresses[i];
                return 0;
            }
        }
    }
    return known ? err_set(e, ERR_METHOD, "this address does not take this method")
                 : err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
}

/* --- the session -------------------------------------------------------------------------------
 */

/* No session is no error; one that has ended neither. */
static int find_session(struct auth *c, struct err *e)
{
    text cookie = identity_cookie(c->request, session_cookie_name(c->secure));
    if (!cookie.n) {
        return 0;
    }
    int rc = session_find(c->id->sessions, cookie, c->a, &c->session, e);
    rc = rc ? rc : account_read(c->id->kept, c->session.account, c->a, &c->account, e);
    if (rc == ERR_LOGIN || rc == ERR_NOT_FOUND) {
        return 0;
    }
    if (!rc && !c->account.disabled && c->account.epoch == c->session.epoch) {
        c->has_session = true;
    }
    return rc;
}

static int check_need(struct auth *c, enum need need, struct err *e)
{
    bool writes = c->request->method == HTTP_POST;
    int rc = writes ? identity_same_origin(c->id, c->request, e) : 0;
    rc = rc ? rc : find_session(c, e);
    if (rc || need <= NEED_OWN_PAGE) {
        return rc;
    }
    if (!c->has_session) {
        return err_set(e, ERR_LOGIN, "you are not signed in, or were away too long; sign in again");
    }
    if (writes && !secret_eq(http_field(c->request, T("X-Kith-CSRF")), c->session.csrf)) {
        return err_set(e, ERR_FORBIDDEN,
                       "this request lacks the page's own token; load the page again");
    }
    bool enough = need == NEED_ANY_SESSION || c->session.step == SESSION_SIGNED_IN ||
                  (need == NEED_ENROL && c->session.step == SESSION_WANTS_ENROL);
    return enough ? 0 : err_set(e, ERR_FORBIDDEN, "finish signing in first");
}

/* --- answering ---------------------------------------------------------------------------------
 */

static const char *error_name(int code)
{
    switch (code) {
    case ERR_TOO_MANY:
        return "too-many";
    case ERR_VALUE:
    case ERR_SYNTAX:
    case ERR_REQUIRED:
    case ERR_DUPLICATE:
    case ERR_INVALID:
        return "invalid";
    case ERR_BUSY:
    case ERR_STOPPING:
        return "busy";
    case ERR_METHOD:
        return "method";
    case ERR_TOO_LARGE:
        return "too-large";
    default:
        return err_info(code)->issue;
    }
}

void auth_answer_error(const struct err *e, unsigned seconds, struct http_reply *reply)
{
    const struct err_info *info = err_info(e->code);
    /* What broke inside is for the log, not for whoever asks. */
    const char *words = info->status >= 500 ? info->text : err_text(e);
    buf_clear(&reply->body);
    buf_clear(&reply->head);
    reply->status = info->status;
    reply->content_type = "application/json";
    buf_addc(&reply->body, '{');
    auth_put(&reply->body, "error", text_of(error_name(e->code)));
    auth_put(&reply->body, "words", text_of(words));
    if (seconds) {
        auth_put_number(&reply->body, "seconds", seconds);
    }
    buf_add(&reply->body, T("}\n"));
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
}

void auth_name(struct buf *out, const char *name)
{
    char last = out->n ? out->p[out->n - 1] : '{';
    if (last != '{' && last != '[') {
        buf_addc(out, ',');
    }
    buf_printf(out, "\"%s\":", name);
}

void auth_put(struct buf *out, const char *name, text value)
{
    auth_name(out, name);
    json_write_string(value, out);
}

void auth_put_bool(struct buf *out, const char *name, bool value)
{
    auth_name(out, name);
    buf_add(out, value ? T("true") : T("false"));
}

void auth_put_number(struct buf *out, const char *name, int64_t value)
{
    auth_name(out, name);
    buf_printf(out, "%lld", (long long)value);
}

void auth_put_instant(struct buf *out, const char *name, int64_t ms)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(ms, instant);
    auth_put(out, name, text_of(instant));
}

void auth_set_cookie(struct auth *c, text name, text value, int max_age)
{
    text age = max_age ? arena_printf(c->a, "; Max-Age=%d", max_age < 0 ? 0 : max_age) : T("");
    text field =
        arena_printf(c->a, "%.*s=%.*s; Path=/%s; HttpOnly; SameSite=Lax%.*s", TEXT_ARG(name),
                     TEXT_ARG(value), c->secure ? "; Secure" : "", TEXT_ARG(age));
    if (!age.p || !field.p) {
        c->reply->body.failed = true; /* answered as want of memory */
        return;
    }
    http_reply_field(c->reply, T("Set-Cookie"), field);
}

static int answer(struct auth *c, struct err *e)
{
    const struct address *address = NULL;
    if (!text_starts(c->request->path, T("/auth/"))) {
        return err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
    }
    int rc = identity_origin(c->id, c->request, &c->origin, e);
    c->secure = rc || identity_secure(c->id, c->origin);
    rc = rc ? rc : find_address(c, &address, e);
    if (rc || !address) {
        return rc;
    }
    rc = check_need(c, address->need, e);
    rc = rc ? rc : address->handle(c, e);
    return !rc && buf_failed(&c->reply->body) ? err_set(e, ERR_MEMORY, "no memory") : rc;
}

void auth_handle(struct identity *id, const struct http_request *request, struct http_reply *reply)
{
    struct err e = {0};
    struct auth c = {.id = id,
                     .request = request,
                     .reply = reply,
                     .a = request->arena,
                     .now_ms = clock_real_ms()};
    reply->status = 200;
    reply->content_type = "application/json";
    int rc = answer(&c, &e);
    if (rc) {
        e.code = rc;
        auth_answer_error(&e, c.wait_seconds, reply);
        return;
    }
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
}
