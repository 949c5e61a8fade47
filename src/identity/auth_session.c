#include "identity/auth.h"

/* For so long a person is told that somebody was let add a way in. */
#define TOLD_MS (INT64_C(30) * 24 * 3600 * 1000)

static const char *const step_words[] = {
    [SESSION_SIGNED_IN] = "done", [SESSION_WANTS_TOTP] = "totp", [SESSION_WANTS_ENROL] = "enrol"};

static int put_roles(const struct auth *c, const struct account *account, struct buf *out,
                     struct err *e)
{
    int rc = 0;
    const struct identity_config *config = &c->id->config;
    auth_name(out, "roles");
    buf_addc(out, '[');
    for (size_t i = 0; !rc && i < account->role_count; i++) {
        const struct account_role *role = &account->roles[i];
        const struct job_role *job = job_role_find(role->code);
        text at = role->organisation.n ? role->organisation : config->organisation_reference;
        text name;
        rc = identity_organisation_name(c->id, at, c->a, &name, e);
        buf_add(out, i ? T(",{") : T("{"));
        auth_put(out, "code", role->code);
        auth_put(out, "name", job ? text_of(job->name) : role->code);
        auth_put(out, "organisation", at);
        auth_put(out, "organisation_name", rc ? T("") : name);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    return rc;
}

static void put_activities(uint64_t activities, struct buf *out)
{
    auth_name(out, "activities");
    buf_addc(out, '[');
    for (int i = 0, n = 0; i < ACTIVITY_COUNT; i++) {
        if (activities & ACTIVITY_BIT(i)) {
            buf_printf(out, "%s\"%s\"", n++ ? "," : "", activity_info((enum activity)i)->code);
        }
    }
    buf_addc(out, ']');
}

static int put_account(struct auth *c, struct buf *out, struct err *e)
{
    const struct account *account = &c->account;
    const struct session *session = &c->session;
    struct actor actor = {0};
    /* Before the last step nobody acts for anybody. */
    int rc = session->step != SESSION_SIGNED_IN ? 0
                                                : identity_actor(c->id, account->id, session->role,
                                                                 session->epoch, c->a, &actor, e);
    if (rc) {
        return rc;
    }
    auth_name(out, "account");
    buf_addc(out, '{');
    auth_put(out, "id", account->id);
    auth_put(out, "name", account->name);
    auth_put(out, "login", account->login);
    auth_put(out, "kind", account->kind == ACTOR_PROFESSIONAL ? T("professional") : T("patient"));
    if (account->patient.n) {
        auth_put(out, "patient", account->patient);
    }
    if (account->person.n) {
        auth_put(out, "person", account->person);
    }
    rc = put_roles(c, account, out, e);
    auth_put_number(out, "role", (int64_t)session->role);
    put_activities(actor.activities, out);
    auth_put_bool(out, "strong", session->strong);
    auth_put_number(out, "passkeys", (int64_t)account->passkey_count);
    auth_put_bool(out, "has_password", account->password.n > 0);
    auth_put_bool(out, "has_totp", account->totp.n > 0);
    if (account->invited_ms > c->now_ms - TOLD_MS) {
        auth_put_instant(out, "invited", account->invited_ms);
    }
    buf_addc(out, '}');
    return rc;
}

static int put_providers(struct auth *c, struct buf *out, struct err *e)
{
    struct oidc_provider_info *providers = NULL;
    size_t count = 0;
    int rc = oidc_providers(c->id->oidc, c->a, &providers, &count, e);
    auth_name(out, "providers");
    buf_addc(out, '[');
    for (size_t i = 0; !rc && i < count; i++) {
        buf_add(out, i ? T(",{") : T("{"));
        auth_put(out, "name", providers[i].name);
        auth_put(out, "words", providers[i].words);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    return rc;
}

int auth_answer_session(struct auth *c, struct err *e)
{
    struct buf *out = &c->reply->body;
    const struct identity_config *config = &c->id->config;
    int rc = 0;
    buf_addc(out, '{');
    auth_put_bool(out, "signed_in", c->has_session);
    if (c->has_session) {
        auth_put(out, "csrf", c->session.csrf);
        auth_put(out, "step", text_of(step_words[c->session.step]));
        auth_put_number(out, "idle_seconds",
                        session_idle_ms(c->session.step, c->account.kind == ACTOR_PROFESSIONAL) /
                            1000);
        rc = put_account(c, out, e);
    }
    auth_name(out, "organisation");
    buf_addc(out, '{');
    auth_put(out, "code", config->organisation);
    auth_put(out, "name", config->organisation_name);
    buf_addc(out, '}');
    auth_put_bool(out, "demo", config->demo);
    rc = rc ? rc : put_providers(c, out, e);
    auth_put(out, "version", config->version);
    buf_add(out, T("}\n"));
    return rc;
}

int auth_get_session(struct auth *c, struct err *e)
{
    return auth_answer_session(c, e);
}

/* --- beginning ----------------------------------------------------------------------------------
 */

int auth_binding(struct auth *c, bool make, text *ret_cookie, text *ret_hash, struct err *e)
{
    text name = c->secure ? T("__Host-kith-sign-in") : T("kith-sign-in");
    text cookie = identity_cookie(c->request, name);
    if (cookie.n != 43 && !make) {
        return err_set(e, ERR_FORBIDDEN,
                       "this took too long, or was begun in another browser; begin again");
    }
    if (cookie.n != 43) {
        cookie = secret_token(c->a);
        if (cookie.p) {
            auth_set_cookie(c, name, cookie, 600);
        }
    }
    text hash = cookie.p ? secret_hash(cookie, c->a) : (text){0};
    if (!hash.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_cookie = cookie;
    *ret_hash = hash;
    return 0;
}

int auth_sign_in(struct auth *c, enum session_step step, bool strong, struct err *e)
{
    struct audit_event event = account_event(c->id, &c->account, EVENT_SIGN_IN);
    struct session before = c->session;
    bool had = c->has_session;
    text cookie;
    c->has_session = false;
    if (had) {
        ceremony_end(c->id->ceremonies, before.hash);
    }
    int rc = had ? session_end(c->id->sessions, before.hash, e) : 0;
    rc = rc ? rc
            : session_begin(c->id->sessions, &c->account, step, strong, c->a, &cookie, &c->session,
                            e);
    if (rc) {
        return rc;
    }
    if (step == SESSION_SIGNED_IN) {
        rc = identity_record(c->id, &event, e);
    }
    if (rc) {
        (void)session_end(c->id->sessions, c->session.hash, NULL);
        return rc;
    }
    c->has_session = true;
    auth_set_cookie(c, session_cookie_name(c->secure), cookie, 0);
    return 0;
}

int auth_sign_in_failed(struct auth *c, const struct account *account, const char *why, int rc,
                        struct err *e)
{
    struct err failed = {0};
    struct audit_event event = account_event(c->id, account, EVENT_SIGN_IN_FAILED);
    event.outcome = EVENT_MINOR;
    event.why = text_of(why);
    if (identity_record(c->id, &event, &failed)) {
        *e = failed;
        return failed.code;
    }
    return rc;
}

int auth_throttle(struct auth *c, text who, struct err *e)
{
    return throttle_ask(c->id->throttle, who, c->request->peer, c->now_ms, &c->wait_seconds, e);
}

/* --- changing -----------------------------------------------------------------------------------
 */

int auth_record_change(struct auth *c, const struct account *account, const char *why,
                       struct err *e)
{
    struct audit_event event =
        account_event(c->id, c->has_session ? &c->account : account, EVENT_ACCOUNT);
    text about = c->has_session && !text_eq(account->id, c->account.id)
                     ? arena_printf(c->a, "%s: %.*s", why, TEXT_ARG(account->id))
                     : text_of(why);
    event.why = about.p ? about : text_of(why);
    /* What others do with a patient's account stands in the list of who looked at the record. */
    event.patient = about.n > strlen(why) ? account->patient : T("");
    return identity_record(c->id, &event, e);
}

int auth_change(struct auth *c, const struct account *changed, struct err *e)
{
    int rc = account_change(c->id->kept, &c->account, changed, c->a, e);
    return rc ? rc : account_read(c->id->kept, c->account.id, c->a, &c->account, e);
}

/* --- ending -------------------------------------------------------------------------------------
 */

int auth_post_sign_out(struct auth *c, struct err *e)
{
    struct audit_event event = account_event(c->id, &c->account, EVENT_SIGN_OUT);
    int rc = auth_body(c, NULL, 0, e);
    /* Ended first: no failure of the log may keep somebody signed in. */
    rc = rc ? rc : session_end(c->id->sessions, c->session.hash, e);
    ceremony_end(c->id->ceremonies, c->session.hash);
    rc = rc ? rc : identity_record(c->id, &event, e);
    if (!rc) {
        auth_set_cookie(c, session_cookie_name(c->secure), T(""), -1);
        buf_add(&c->reply->body, T("{}\n"));
    }
    return rc;
}

int auth_post_sign_out_everywhere(struct auth *c, struct err *e)
{
    struct audit_event event = account_event(c->id, &c->account, EVENT_SIGN_OUT);
    struct account changed = c->account;
    event.why = T("everywhere");
    changed.epoch++;
    int rc = auth_body(c, NULL, 0, e);
    rc = rc ? rc : auth_change(c, &changed, e);
    rc = rc ? rc : session_end_all(c->id->sessions, c->account.id, e);
    rc = rc ? rc : identity_record(c->id, &event, e);
    if (!rc) {
        auth_set_cookie(c, session_cookie_name(c->secure), T(""), -1);
        buf_add(&c->reply->body, T("{}\n"));
    }
    return rc;
}

int auth_post_role(struct auth *c, struct err *e)
{
    const yyjson_val *role;
    uint64_t wanted = 0;
    int rc = auth_body(c, &(struct auth_member){"role", YYJSON_TYPE_RAW, true, &role}, 1, e);
    if (!rc && (!text_to_u64(json_text(role), &wanted) || wanted >= c->account.role_count)) {
        rc = err_set(e, ERR_VALUE, "this account has no such role");
    }
    if (!rc) {
        c->session.role = (size_t)wanted;
        rc = auth_record_change(c, &c->account, "acts in another role", e);
    }
    rc = rc ? rc : session_change(c->id->sessions, &c->session, e);
    return rc ? rc : auth_answer_session(c, e);
}

int auth_get_roles(struct auth *c, struct err *e)
{
    struct buf *out = &c->reply->body;
    (void)e;
    buf_add(out, T("{\"roles\":["));
    for (const struct job_role *r = job_roles; r->code; r++) {
        buf_add(out, r == job_roles ? T("{") : T(",{"));
        auth_put(out, "code", text_of(r->code));
        auth_put(out, "name", text_of(r->name));
        put_activities(r->activities, out);
        buf_addc(out, '}');
    }
    buf_add(out, T("],\"activities\":["));
    for (int i = 0; i < ACTIVITY_COUNT; i++) {
        const struct activity_info *info = activity_info((enum activity)i);
        buf_add(out, i ? T(",{") : T("{"));
        auth_put(out, "code", text_of(info->code));
        auth_put(out, "words", text_of(info->words));
        buf_addc(out, '}');
    }
    buf_add(out, T("]}\n"));
    return 0;
}
