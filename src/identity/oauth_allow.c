#include "identity/inner.h"
#include "identity/oauth_int.h"

bool oauth_needs_patient(const struct scopes *s)
{
    bool needs = s->launch_patient || s->launch;
    for (size_t i = 0; i < s->count; i++) {
        needs = needs || s->items[i].level == SCOPE_PATIENT;
    }
    return needs;
}

text oauth_challenge(text verifier, struct arena *a)
{
    unsigned char hash[32];
    unsigned n = 0;
    if (EVP_Digest(verifier.p, verifier.n, hash, &n, EVP_sha256(), NULL) != 1 || n != sizeof hash) {
        return (text){NULL, 0};
    }
    return base64url_print(text_make((const char *)hash, sizeof hash), a);
}

bool oauth_secure(const struct oauth_call *c)
{
    return identity_secure(c->o->id, c->origin);
}

text oauth_binding_cookie(const struct oauth_call *c)
{
    return oauth_secure(c) ? T("__Host-kith-app") : T("kith-app");
}

/* A person has at most so many apps at once: the one unused longest makes room. */
static int make_room(struct oauth_call *c, text account, struct err *e)
{
    struct oauth_grant *grants;
    size_t count;
    int code = grant_each(c->o->kept, account, c->a, &grants, &count, e);
    if (code || count < OAUTH_GRANTS_MAX) {
        return code;
    }
    size_t oldest = 0;
    for (size_t i = 1; i < count; i++) {
        oldest = grants[i].used_ms < grants[oldest].used_ms ? i : oldest;
    }
    return grant_end(c->o->kept, grants[oldest].key, e);
}

void oauth_ask_by(struct oauth_call *c, struct oauth_ask *ask, const struct caller *caller,
                  const struct session *session)
{
    ask->account = caller->actor.account;
    ask->session = session->hash;
    ask->role = (int64_t)session->role;
    ask->epoch = (int64_t)session->epoch;
    ask->auth_ms = session->began_ms;
    ask->expires_ms = c->now_ms + OAUTH_CODE_MS;
}

int oauth_allow(struct oauth_call *c, struct oauth_ask *ask, const struct caller *caller,
                const struct session *session, const struct scopes *given, text patient,
                text *ret_url, struct err *e)
{
    text code_text = secret_token(c->a);
    text key = secret_hash(code_text, c->a);
    ask->scope = scopes_print(given, c->a);
    ask->patient = patient;
    oauth_ask_by(c, ask, caller, session);
    struct kept_change add = {.change = KEPT_ADD,
                              .kind = "code",
                              .key = key,
                              .value = row_print(oauth_ask_fields, ask, c->a)};
    if (!code_text.p || !key.p || !ask->scope.p || !add.value.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a code");
    }
    int code = make_room(c, ask->account, e);
    code = code ? code : kept_write(c->o->kept, &add, 1, NULL, e);
    if (code) {
        return code;
    }
    *ret_url = oauth_back(c, ask->redirect, ask->state, "code", code_text, NULL);
    return ret_url->p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for the answer");
}
