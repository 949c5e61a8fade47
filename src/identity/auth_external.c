/* Sign-in by a provider outside (identity/oidc.h). */
#include "identity/auth.h"

static int callback_address(const struct auth *c, text *ret_uri, struct err *e)
{
    text uri = arena_printf(c->a, "%.*s/auth/external/%.*s/callback", TEXT_ARG(c->origin),
                            TEXT_ARG(c->part));
    *ret_uri = uri;
    return uri.p ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

static void go_to(struct auth *c, text where)
{
    c->reply->status = 302;
    c->reply->content_type = NULL;
    buf_clear(&c->reply->body);
    http_reply_field(c->reply, T("Location"), where);
}

int auth_get_external(struct auth *c, struct err *e)
{
    text cookie;
    text hash;
    text uri;
    text url;
    int rc = auth_binding(c, true, &cookie, &hash, e);
    rc = rc ? rc : callback_address(c, &uri, e);
    rc = rc ? rc : oidc_start(c->id->oidc, c->part, uri, hash, c->a, &url, e);
    if (!rc) {
        go_to(c, url);
    }
    return rc;
}

/* The account of somebody for whom the provider vouches by the NHS number: it is made when the
 * person first comes, where the node holds a record of that number. */
static int account_of_number(struct auth *c, const struct oidc_person *person,
                             struct account *account, struct err *e)
{
    const struct identity_world *world = &c->id->config.world;
    struct account_external external = {person->provider, person->subject};
    text patient;
    int rc = account_by_nhs_number(c->id->kept, person->nhs_number, c->a, account, e);
    if (rc == ERR_NOT_FOUND) {
        rc = world->patient ? world->patient(world->context, person->nhs_number, c->a, &patient, e)
                            : ERR_NOT_FOUND;
        if (rc) {
            return rc == ERR_NOT_FOUND || rc == ERR_MULTIPLE
                       ? err_set(e, ERR_FORBIDDEN,
                                 "this organisation has no record of yours that "
                                 "can be opened by this sign-in; ask there")
                       : rc;
        }
        *account = (struct account){.name = person->name.n ? person->name : T("Patient"),
                                    .kind = ACTOR_PERSON,
                                    .patient = patient,
                                    .person = arena_printf(c->a, "Patient/%.*s", TEXT_ARG(patient)),
                                    .nhs_number = person->nhs_number,
                                    .externals = &external,
                                    .external_count = 1};
        rc = account->person.p ? auth_record_change(c, account, "an account by a provider", e)
                               : err_set(e, ERR_MEMORY, "no memory");
        rc = rc ? rc : account_add(c->id->kept, account, c->a, e);
        return rc ? rc : account_read(c->id->kept, account->id, c->a, account, e);
    }
    if (rc || account->disabled || account->external_count >= ACCOUNT_EXTERNALS_MAX) {
        return rc ? rc : err_set(e, ERR_FORBIDDEN, "this account cannot be used in this way");
    }
    struct account changed = *account;
    changed.externals = arena_zalloc(c->a, account->external_count + 1, sizeof external);
    if (!changed.externals) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    for (size_t i = 0; i < account->external_count; i++) {
        changed.externals[i] = account->externals[i];
    }
    changed.externals[changed.external_count++] = external;
    rc = auth_record_change(c, account, "a provider was linked", e);
    rc = rc ? rc : account_change(c->id->kept, account, &changed, c->a, e);
    return rc ? rc : account_read(c->id->kept, account->id, c->a, account, e);
}

static int finish(struct auth *c, struct err *e)
{
    text cookie;
    text hash;
    text uri;
    struct oidc_person person;
    struct account account = {0};
    int rc = auth_binding(c, false, &cookie, &hash, e);
    rc = rc ? rc : callback_address(c, &uri, e);
    rc =
        rc ? rc : oidc_finish(c->id->oidc, c->part, c->request->query, uri, hash, c->a, &person, e);
    if (rc) {
        return auth_sign_in_failed(c, NULL, "the provider's answer does not hold", rc, e);
    }
    /* Whoever was signed in in this browser is another matter. */
    struct auth other = *c;
    other.has_session = false;
    rc = account_by_external(c->id->kept, person.provider, person.subject, c->a, &account, e);
    if (rc == ERR_NOT_FOUND && person.nhs_number.n) {
        rc = account_of_number(&other, &person, &account, e);
    } else if (rc == ERR_NOT_FOUND) {
        rc = err_set(e, ERR_FORBIDDEN, "nobody here is linked to this sign-in");
    }
    if (!rc && account.disabled) {
        rc = err_set(e, ERR_FORBIDDEN, "nobody here is linked to this sign-in");
    }
    if (rc == ERR_FORBIDDEN) {
        return auth_sign_in_failed(c, account.id.n ? &account : NULL,
                                   "no account can be entered by this provider", rc, e);
    }
    if (rc) {
        return rc;
    }
    c->account = account;
    return auth_sign_in(c, SESSION_SIGNED_IN, person.strong, e);
}

/* The browser is under way here: errors are told by the page that it comes to. */
int auth_get_external_callback(struct auth *c, struct err *e)
{
    int rc = finish(c, e);
    if (rc == 0) {
        go_to(c, T("/#/"));
        return 0;
    }
    go_to(c, rc == ERR_FORBIDDEN ? T("/#/sign-in?error=forbidden") : T("/#/sign-in?error=failed"));
    return 0;
}
