#include "identity/inner.h"
#include "identity/oauth_int.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

/*
 * The portal of this node as an app (docs/smart.md, "The portal"). Its access token is
 *     hash of the session's cookie (32 bytes), when it ends (8), the role (1), a seal of these (32)
 * by a key that lives as long as the process. So it ends with the session at once, whoever ends it,
 * and with its role; and nothing is written for a page that is opened. After a restart the portal
 * asks for another.
 */

static const char portal_scope[] = "openid fhirUser profile launch user/*.cruds";

enum { HASH = 32, SEALED = HASH + 8 + 1, SEAL = 32, TOKEN = SEALED + SEAL, CODES_MOST = 10000 };

int portal_open(struct oauth *o, struct err *e)
{
    random_bytes(o->portal_key, sizeof o->portal_key);
    o->portal_codes = waiting_new(CODES_MOST);
    o->portal_scopes = arena_zalloc(&o->keep, 1, sizeof *o->portal_scopes);
    if (!o->portal_codes || !o->portal_scopes) {
        return err_set(e, ERR_MEMORY, "there is no memory for OAuth");
    }
    return scopes_parse(T("user/*.cruds"), &o->keep, o->portal_scopes, e);
}

/* --- the client ---------------------------------------------------------------------------------
 */

bool portal_is(const struct client *client)
{
    return text_eq(client->id, T(PORTAL_ID));
}

int oauth_client_read(struct oauth_call *c, text id, struct client *ret_client, struct err *e)
{
    if (!text_eq(id, T(PORTAL_ID))) {
        return client_read(c->o->kept, id, c->a, ret_client, e);
    }
    text *redirect = arena_zalloc(c->a, 1, sizeof *redirect);
    text page = arena_printf(c->a, "%.*s/", TEXT_ARG(c->origin));
    if (!redirect || !page.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a client");
    }
    *redirect = page;
    *ret_client = (struct client){.id = T(PORTAL_ID),
                                  .name = T("Kith portal"),
                                  .uri = page,
                                  .kind = CLIENT_PUBLIC,
                                  .redirects = redirect,
                                  .redirect_count = 1,
                                  .scope = text_of(portal_scope)};
    return 0;
}

/* --- codes --------------------------------------------------------------------------------------
 */

/* A page of another site may send the browser here; it has no use for a code, and gets none. */
static bool from_elsewhere(const struct http_request *request)
{
    text site = http_field(request, T("Sec-Fetch-Site"));
    return site.p && !text_eq(site, T("same-origin")) && !text_eq(site, T("none"));
}

/* Opened from another system: for this person, about somebody of whom they may know who it is. What
 * they may read of the record is decided when they read it. */
static int check_launch(struct oauth_call *c, const struct oauth_ask *ask,
                        const struct caller *caller, struct err *e)
{
    struct client from = {0};
    struct account account;
    struct err ignored;
    text name;
    int code = account_read(c->o->kept, caller->actor.account, c->a, &account, e);
    if (code) {
        return code;
    }
    if ((ask->account.n && !text_eq(ask->account, account.id)) ||
        (ask->person.n && !text_eq(ask->person, account.person))) {
        return err_set(e, ERR_FORBIDDEN, "other_person");
    }
    code =
        ask->patient.n ? oauth_patient(c, &caller->actor, ask->patient, &name, e) : ERR_NOT_FOUND;
    if (code) {
        return code == ERR_NOT_FOUND ? err_set(e, code, "no_patient") : code;
    }
    from.id = ask->from;
    (void)client_read(c->o->kept, ask->from, c->a, &from, &ignored);
    return oauth_note(c, EVENT_LAUNCH, EVENT_OK, &caller->actor, &from, ask->patient, NULL, e);
}

int portal_allow(struct oauth_call *c, struct oauth_ask *ask, text *ret_url, struct err *e)
{
    struct caller caller = {0};
    struct session session = {0};
    text key;
    /* A cookie comes with a GET alone (SameSite=Lax). */
    int code = c->request->method != HTTP_GET || from_elsewhere(c->request)
                   ? err_set(e, ERR_LOGIN, "open this node's own page")
                   : oauth_person(c, &caller, &session, e);
    if (!code && session.began_ms < ask->fresh_ms) {
        code = err_set(e, ERR_LOGIN, "the person has to sign in again");
    }
    if (code) {
        return code;
    }
    code = ask->launched ? check_launch(c, ask, &caller, e) : 0;
    if (code) {
        return code;
    }
    oauth_ask_by(c, ask, &caller, &session);
    text row = row_print(oauth_ask_fields, ask, c->a);
    code = row.p ? waiting_put(c->o->portal_codes, row, ask->expires_ms, c->a, &key, e)
                 : err_set(e, ERR_MEMORY, "there is no memory for a code");
    if (code) {
        return code;
    }
    *ret_url = oauth_back(c, ask->redirect, ask->state, "code", key, NULL);
    return ret_url->p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for the answer");
}

bool portal_code(struct oauth_call *c, text code, bool take, struct oauth_ask *ret_ask)
{
    struct err e;
    text row;
    return waiting_get(c->o->portal_codes, code, c->now_ms, take, c->a, &row) &&
           !row_read(oauth_ask_fields, row, c->a, ret_ask, &e);
}

/* --- tokens -------------------------------------------------------------------------------------
 */

static bool seal(const struct oauth *o, const unsigned char *bytes, unsigned char ret_seal[SEAL])
{
    unsigned n = 0;
    return HMAC(EVP_sha256(), o->portal_key, sizeof o->portal_key, bytes, SEALED, ret_seal, &n) &&
           n == SEAL;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hash_bytes(text hex, unsigned char *out)
{
    for (size_t i = 0; i < HASH && hex.n == 2 * (size_t)HASH; i++) {
        int high = digit_of(hex.p[2 * i]), low = digit_of(hex.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (unsigned char)(high << 4 | low);
    }
    return hex.n == 2 * (size_t)HASH;
}

int portal_token(struct oauth_call *c, const struct oauth_ask *ask, int64_t expires_ms,
                 text *ret_token, struct err *e)
{
    unsigned char bytes[TOKEN];
    struct session session;
    int code = session_use(c->o->sessions, ask->session, c->a, &session, e);
    if (code) {
        return code;
    }
    if (session.role > UINT8_MAX || !hash_bytes(session.hash, bytes)) {
        return err_set(e, ERR_INTERNAL, "a session has a role or a name that is none");
    }
    for (size_t i = 0; i < 8; i++) {
        bytes[HASH + i] = (unsigned char)((uint64_t)expires_ms >> (8 * i));
    }
    bytes[HASH + 8] = (unsigned char)ask->role;
    text token = seal(c->o, bytes, bytes + SEALED)
                     ? base64url_print(text_make((const char *)bytes, TOKEN), c->a)
                     : (text){NULL, 0};
    if (!token.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    *ret_token = token;
    return 0;
}

static int ended(struct err *e)
{
    return err_set(e, ERR_LOGIN,
                   "the access token has ended, or its session has; ask for another, or sign in");
}

static text hex_of(const unsigned char *bytes, char out[2 * HASH])
{
    for (size_t i = 0; i < HASH; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return text_make(out, 2 * (size_t)HASH);
}

int portal_bearer(struct oauth *o, text token, struct arena *a, struct caller *ret_caller,
                  struct err *e)
{
    struct caller caller = {0};
    struct session session;
    unsigned char right[SEAL];
    char hex[2 * HASH];
    uint64_t expires_ms = 0;
    struct err ignored;
    text bytes;
    if (base64url_read(token, a, &bytes, &ignored) || bytes.n != TOKEN) {
        return ended(e);
    }
    const unsigned char *b = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < 8; i++) {
        expires_ms |= (uint64_t)b[HASH + i] << (8 * i);
    }
    if (!seal(o, b, right) || CRYPTO_memcmp(right, b + SEALED, SEAL) != 0 ||
        expires_ms <= (uint64_t)clock_real_ms()) {
        return ended(e);
    }
    int code = session_use(o->sessions, hex_of(b, hex), a, &session, e);
    if (!code && (session.step != SESSION_SIGNED_IN || session.role != b[HASH + 8])) {
        return ended(e); /* signed in as something else meanwhile */
    }
    code = code ? code
                : identity_actor(o->id, session.account, session.role, session.epoch, a,
                                 &caller.actor, e);
    if (code) {
        return code;
    }
    caller.scopes = o->portal_scopes;
    caller.session = arena_copy(a, session.hash); /* it stands in `hex` */
    *ret_caller = caller;
    return caller.session.p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for a token");
}
