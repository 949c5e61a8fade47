#include "identity/oauth_int.h"

#include "audit/note.h"

/*
 * Who a client is (RFC 6749, 2.3; RFC 7523): each kind in its own way and in no other. Every
 * failure has the same answer, so that it does not tell which clients there are.
 */

static const char assertion_type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

enum { JTI_MAX = 256, ASSERTION_MOST_S = 300, BASIC_MAX = 1536 };

/* --- client_secret_basic --------------------------------------------------------------------- */

/* Both halves are form-encoded (RFC 6749, 2.3.1): read as a form of two names. */
static bool basic_read(text header, struct arena *a, text *ret_id, text *ret_secret)
{
    struct oauth_form form;
    struct err e;
    char decoded[BASIC_MAX];
    size_t n = 0;
    if (!text_eq_nocase(text_first(header, 6), T("Basic ")) ||
        !base64_read(text_trim(text_from(header, 6)), (uint8_t *)decoded, sizeof decoded, &n)) {
        return false;
    }
    text pair = text_make(decoded, n);
    size_t colon = text_find(pair, ':');
    text id = text_first(pair, colon), secret = text_from(pair, colon + 1);
    if (colon == pair.n || text_find(pair, '&') < pair.n || text_find(pair, '=') < pair.n) {
        return false;
    }
    text encoded = arena_printf(a, "i=%.*s&s=%.*s", TEXT_ARG(id), TEXT_ARG(secret));
    if (!encoded.p || oauth_form_read(encoded, a, &form, &e)) {
        return false;
    }
    *ret_id = oauth_form_get(&form, "i");
    *ret_secret = oauth_form_get(&form, "s");
    return true;
}

static int check_secret(struct oauth_call *c, const struct client *client, text secret,
                        struct err *e)
{
    text hash = secret_hash(secret, c->a);
    bool right = client->kind == CLIENT_CONFIDENTIAL && client->secret.n && secret.n && hash.p &&
                 secret_eq(hash, client->secret);
    return right ? 0 : err_set(e, ERR_FORBIDDEN, "the client's secret is not right");
}

/* --- private_key_jwt -------------------------------------------------------------------------- */

static int check_claims(struct oauth_call *c, const struct client *client, text payload,
                        yyjson_val **ret_claims, struct err *e)
{
    struct jwt_expect expect = {.issuer = client->id,
                                .subject = client->id,
                                .audience = c->token_endpoint,
                                .now_s = c->now_ms / 1000,
                                .most_s = ASSERTION_MOST_S,
                                .skew_s = OAUTH_SKEW_S};
    if (jwt_check(payload, &expect, c->a, ret_claims, e) == 0) {
        return 0;
    }
    expect.audience = c->origin;
    return jwt_check(payload, &expect, c->a, ret_claims, e);
}

int oauth_use_once(struct oauth_call *c, const struct client *client, const yyjson_val *claims,
                   struct err *e)
{
    yyjson_val *jti = json_get(claims, T("jti"));
    text id = json_type(jti) == YYJSON_TYPE_STR ? json_text(jti) : T("");
    if (!id.n || id.n > JTI_MAX) {
        return err_set(e, ERR_FORBIDDEN, "the assertion has no jti of up to %d bytes", JTI_MAX);
    }
    text hash = secret_hash(id, c->a);
    int64_t until = c->now_ms + (ASSERTION_MOST_S + 2 * OAUTH_SKEW_S) * OAUTH_SECOND;
    struct kept_change once = {
        .change = KEPT_ADD,
        .kind = "jti",
        .key = arena_printf(c->a, "%.*s/%.*s", TEXT_ARG(client->id), TEXT_ARG(hash)),
        .value = arena_printf(c->a, "{\"expires_ms\":%lld}", (long long)until)};
    if (!hash.p || !once.key.p || !once.value.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for an assertion");
    }
    int code = kept_write(c->o->kept, &once, 1, NULL, e);
    return code == ERR_CONFLICT ? err_set(e, ERR_FORBIDDEN,
                                          "the assertion's jti has been used before; make a new "
                                          "one for each request")
                                : code;
}

static int check_assertion(struct oauth_call *c, const struct client *client, text assertion,
                           struct err *e)
{
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count = 0;
    yyjson_val *header, *claims;
    text payload;
    if (client->kind == CLIENT_PUBLIC || !client->jwks.n) {
        return err_set(e, ERR_FORBIDDEN, "the client has no key");
    }
    int code = jose_keys_read(client->jwks, keys, &count, e);
    if (code) {
        return code;
    }
    code = jws_verify(assertion, keys, count, NULL, c->a, &header, &payload, e);
    code = code ? code : check_claims(c, client, payload, &claims, e);
    jose_keys_free(keys, count);
    return code ? code : oauth_use_once(c, client, claims, e);
}

/* --- all ways --------------------------------------------------------------------------------- */

struct client_proof {
    text id;
    text secret;
    text assertion;
};

/* What the request brings: at most one kind of proof. NULL, or what is wrong. */
static const char *read_proof(struct oauth_call *c, const struct oauth_form *form,
                              struct client_proof *ret_proof)
{
    struct client_proof p = {.id = oauth_form_get(form, "client_id"),
                             .assertion = oauth_form_get(form, "client_assertion")};
    text type = oauth_form_get(form, "client_assertion_type");
    text header = http_field(c->request, T("Authorization"));
    text id = T("");
    if (oauth_form_get(form, "client_secret").n) {
        return "a secret in the body is not taken; use HTTP Basic, or private_key_jwt";
    }
    if ((p.assertion.n || type.n) && !text_eq(type, text_of(assertion_type))) {
        return "client_assertion_type has to be "
               "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    }
    if (header.n && (p.assertion.n || !basic_read(header, c->a, &id, &p.secret))) {
        return "give one proof of who the client is: HTTP Basic or an assertion";
    }
    if (p.assertion.n) {
        id = oauth_assertion_issuer(p.assertion, c->a);
    }
    if (header.n || p.assertion.n) {
        if (p.id.n && !text_eq(p.id, id)) {
            return "client_id is not the client that the proof is about";
        }
        p.id = id;
    }
    *ret_proof = p;
    return p.id.n ? NULL : "client_id is missing";
}

static int check(struct oauth_call *c, const struct client_proof *p, struct client *ret_client,
                 bool *ret_known, struct err *e)
{
    int code = oauth_client_read(c, p->id, ret_client, e);
    *ret_known = !code;
    if (code) {
        return code == ERR_NOT_FOUND ? err_set(e, ERR_FORBIDDEN, "there is no such client") : code;
    }
    if (ret_client->disabled) {
        return err_set(e, ERR_FORBIDDEN, "the client is disabled");
    }
    if (p->assertion.n) {
        return check_assertion(c, ret_client, p->assertion, e);
    }
    if (p->secret.n) {
        return check_secret(c, ret_client, p->secret, e);
    }
    return ret_client->kind == CLIENT_PUBLIC
               ? 0
               : err_set(e, ERR_FORBIDDEN, "the client has to prove who it is");
}

/* The words are the same whatever was wrong; the log has what it was. */
static void refuse_client(struct oauth_call *c, const struct client *known, const struct err *why)
{
    struct err e = {0};
    if (oauth_note(c, EVENT_TOKEN, EVENT_MINOR, NULL, known, T(""), err_text(why), &e)) {
        oauth_refuse(c, 503, "temporarily_unavailable", "the access log cannot be written");
        return;
    }
    if (http_field(c->request, T("Authorization")).n) {
        http_reply_field(c->reply, T("WWW-Authenticate"), T("Basic realm=\"kith\""));
    }
    oauth_refuse(c, 401, "invalid_client",
                 "the client is not known here, is disabled, or did not prove who it is as it was "
                 "registered to; an assertion is good for one request and for 5 minutes at most");
}

bool oauth_client(struct oauth_call *c, const struct oauth_form *form, struct client *ret_client)
{
    struct client_proof p = {0};
    struct err e = {0};
    unsigned seconds = 0;
    bool known = false;
    const char *wrong = read_proof(c, form, &p);
    if (wrong) {
        oauth_refuse(c, 400, "invalid_request", wrong);
        return false;
    }
    text id = text_first(p.id, CLIENT_ID_MAX);
    if (throttle_ask(c->o->throttle, id, c->request->peer, c->now_ms, &seconds, &e)) {
        char wait[16];
        (void)snprintf(wait, sizeof wait, "%u", seconds);
        http_reply_field(c->reply, T("Retry-After"), text_of(wait));
        oauth_refuse(c, 429, "slow_down", "too many tries failed; wait, then try again");
        return false;
    }
    int code = check(c, &p, ret_client, &known, &e);
    if (code == ERR_MEMORY || code == ERR_IO || code == ERR_FULL || code == ERR_BUSY) {
        oauth_refuse(c, 503, "temporarily_unavailable", err_text(&e));
        return false;
    }
    if (code) {
        throttle_failed(c->o->throttle, id, c->request->peer, c->now_ms);
        refuse_client(c, known ? ret_client : NULL, &e);
        return false;
    }
    throttle_passed(c->o->throttle, id, c->request->peer);
    return true;
}
