/* Invitations, and the demonstration. */
#include "identity/auth.h"
#include "identity/people.h"

int auth_get_invite(struct auth *c, struct err *e)
{
    struct account account;
    int64_t expires = 0;
    int rc = invite_find(c->id->kept, c->part, c->now_ms, c->a, &account, &expires, e);
    if (rc) {
        return rc;
    }
    struct buf *out = &c->reply->body;
    buf_addc(out, '{');
    auth_put(out, "name", account.name);
    auth_put(out, "kind", account.kind == ACTOR_PROFESSIONAL ? T("professional") : T("patient"));
    auth_put(out, "login", account.login);
    auth_put(out, "organisation_name", c->id->config.organisation_name);
    auth_put_instant(out, "expires", expires);
    buf_add(out, T("}\n"));
    return 0;
}

/*
 * With a password the invitation is used up, and a one-time code follows. Without one it stays
 * until the passkey is there (auth_passkey.c), so that a browser that cannot make one leaves nobody
 * outside. Passkeys, providers and a password that no other takes the place of stay: whoever
 * invites shuts nobody out.
 */
int auth_post_invite(struct auth *c, struct err *e)
{
    const yyjson_val *login;
    const yyjson_val *password;
    int64_t expires;
    struct account changed;
    const struct auth_member members[] = {{"login", YYJSON_TYPE_STR, false, &login},
                                          {"password", YYJSON_TYPE_STR, false, &password}};
    int rc = auth_body(c, members, 2, e);
    bool other = c->has_session;
    text session = c->session.hash;
    rc = rc ? rc : invite_find(c->id->kept, c->part, c->now_ms, c->a, &c->account, &expires, e);
    if (rc) {
        return rc;
    }
    changed = c->account;
    account_invited(&changed, password != NULL);
    bool named = auth_text(login).n && (password || !account_has_way_in(&c->account));
    changed.login = named ? auth_text(login) : changed.login;
    if (!changed.login.n) {
        return err_set(e, ERR_REQUIRED, "choose a name for signing in (login)");
    }
    rc = login_fold(changed.login, c->a, &changed.login, e);
    if (!rc && password) {
        rc = password_hash(auth_text(password), changed.login, c->request->peer, c->a,
                           &changed.password, e);
    }
    c->has_session = false;
    rc = rc ? rc : auth_record_change(c, &c->account, "an invitation was taken up", e);
    rc = rc ? rc : auth_change(c, &changed, e);
    rc = rc || !password ? rc : session_end_all(c->id->sessions, c->account.id, e);
    if (!rc && other) {
        rc = session_end(c->id->sessions, session, e);
    }
    rc = rc ? rc : auth_sign_in(c, SESSION_WANTS_ENROL, false, e);
    c->session.invited = true;
    rc = rc ? rc : session_change(c->id->sessions, &c->session, e);
    return rc ? rc : auth_answer_session(c, e);
}

/* --- the demonstration --------------------------------------------------------------------------
 */

static bool is_loopback(text peer)
{
    return text_starts(peer, T("127.")) || text_eq(peer, T("::1")) ||
           text_starts(peer, T("::ffff:127."));
}

static int only_in_demo(const struct auth *c, struct err *e)
{
    const struct identity_config *config = &c->id->config;
    return config->demo && config->loopback && is_loopback(c->request->peer)
               ? 0
               : err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
}

int auth_get_demo(struct auth *c, struct err *e)
{
    struct account *accounts = NULL;
    size_t count = 0;
    struct buf *out = &c->reply->body;
    int rc = only_in_demo(c, e);
    rc = rc ? rc : account_each(c->id->kept, c->a, &accounts, &count, e);
    if (rc) {
        return rc;
    }
    buf_add(out, T("{\"accounts\":["));
    for (size_t i = 0, n = 0; i < count; i++) {
        if (accounts[i].demo && !accounts[i].disabled) {
            buf_add(out, n++ ? T(",{") : T("{"));
            auth_put(out, "login", accounts[i].login);
            auth_put(out, "name", accounts[i].name);
            auth_put(out, "words", accounts[i].words);
            buf_addc(out, '}');
        }
    }
    buf_add(out, T("]}\n"));
    return 0;
}

int auth_post_demo(struct auth *c, struct err *e)
{
    const yyjson_val *login;
    struct account account = {0};
    int rc = only_in_demo(c, e);
    rc =
        rc ? rc : auth_body(c, &(struct auth_member){"login", YYJSON_TYPE_STR, true, &login}, 1, e);
    rc = rc ? rc : account_by_login(c->id->kept, auth_text(login), c->a, &account, e);
    if (!rc && (!account.demo || account.disabled)) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no such account of the demonstration");
    }
    if (rc) {
        return rc;
    }
    c->account = account;
    rc = auth_sign_in(c, SESSION_SIGNED_IN, true, e);
    return rc ? rc : auth_answer_session(c, e);
}

static int only_with_nodes(const struct auth *c, struct err *e)
{
    int rc = only_in_demo(c, e);
    return rc || c->id->config.demo_nodes
               ? rc
               : err_set(e, ERR_NOT_FOUND, "this demonstration has one node alone");
}

int auth_get_demo_nodes(struct auth *c, struct err *e)
{
    const struct identity_demo *nodes = c->id->config.demo_nodes;
    int rc = only_with_nodes(c, e);
    return rc ? rc : nodes->list(nodes->context, c->a, &c->reply->body, e);
}

int auth_post_demo_nodes(struct auth *c, struct err *e)
{
    const struct identity_demo *nodes = c->id->config.demo_nodes;
    const yyjson_val *ods, *running;
    int rc = only_with_nodes(c, e);
    rc = rc ? rc
            : auth_body(c,
                        (struct auth_member[]){{"ods", YYJSON_TYPE_STR, true, &ods},
                                               {"running", YYJSON_TYPE_BOOL, true, &running}},
                        2, e);
    rc = rc ? rc : nodes->want(nodes->context, auth_text(ods), auth_true(running), c->a, e);
    return rc ? rc : nodes->list(nodes->context, c->a, &c->reply->body, e);
}

int identity_demo_account(struct identity *id, const struct account *account, const char *words,
                          struct arena *a, text *ret_account, struct err *e)
{
    struct account was;
    struct account made = *account;
    if (!id->config.demo || !id->config.loopback) {
        return err_set(e, ERR_FORBIDDEN, "accounts of the demonstration exist in demo mode only");
    }
    account_reset(&made);
    made.demo = true;
    made.words = text_of(words);
    int rc = account_by_login(id->kept, account->login, a, &was, e);
    if (rc == ERR_NOT_FOUND) {
        rc = account_add(id->kept, &made, a, e);
    } else if (!rc && !was.demo) {
        rc = err_set(e, ERR_CONFLICT, "the account '%.*s' is somebody's",
                     TEXT_ARG(text_short(account->login, 60)));
    } else if (!rc) {
        made.id = was.id;
        made.epoch = was.epoch + 1;
        made.added_ms = was.added_ms;
        rc = account_change(id->kept, &was, &made, a, e);
    }
    if (!rc) {
        *ret_account = made.id;
    }
    return rc;
}
