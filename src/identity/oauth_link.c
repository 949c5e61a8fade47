#include "identity/oauth_int.h"

#include "identity/jose.h"

/*
 * A signed link of another system: /open?link=JWS (docs/smart.md, "A link into a record"). It says
 * which patient, and opens nothing: it becomes a launch of the portal, which somebody redeems who
 * is signed in, and who sees what they see anyway.
 */

enum { LINK_MOST_S = 300, WORD_MAX = 200 };

static void send_to(struct oauth_call *c, text query)
{
    text url = query.p
                   ? arena_printf(c->a, "%.*s/#/launch?%.*s", TEXT_ARG(c->origin), TEXT_ARG(query))
                   : query;
    if (!url.p) {
        oauth_refuse(c, 503, "temporarily_unavailable", "there is no memory for the answer");
        return;
    }
    oauth_json(c, 303);
    c->reply->content_type = NULL;
    buf_clear(&c->reply->body);
    http_reply_field(c->reply, T("Referrer-Policy"), T("no-referrer"));
    http_reply_field(c->reply, T("Location"), url);
}

/* --- whose it is -------------------------------------------------------------------------------
 */

static int read_client(struct oauth_call *c, text link, struct client *ret_client, struct err *e)
{
    struct scopes allowed;
    int code = client_read(c->o->kept, oauth_assertion_issuer(link, c->a), c->a, ret_client, e);
    if (code) {
        return code;
    }
    bool may = !ret_client->disabled && ret_client->kind == CLIENT_CONFIDENTIAL &&
               ret_client->jwks.n && !scopes_parse(ret_client->scope, c->a, &allowed, e) &&
               allowed.launch;
    return may ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "links are for confidential clients with keys and the scope launch");
}

static int verify(struct oauth_call *c, const struct client *client, text link,
                  yyjson_val **ret_claims, struct err *e)
{
    struct jose_key *keys[JOSE_KEYS_MAX];
    struct jwt_expect expect = {.issuer = client->id,
                                .audience = arena_printf(c->a, "%.*s/open", TEXT_ARG(c->origin)),
                                .now_s = c->now_ms / 1000,
                                .most_s = LINK_MOST_S,
                                .skew_s = OAUTH_SKEW_S};
    size_t count = 0;
    yyjson_val *header;
    text payload;
    if (!expect.audience.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a link");
    }
    int code = jose_keys_read(client->jwks, keys, &count, e);
    if (code) {
        return code;
    }
    code = jws_verify(link, keys, count, NULL, c->a, &header, &payload, e);
    code = code ? code : jwt_check(payload, &expect, c->a, ret_claims, e);
    jose_keys_free(keys, count);
    return code ? code : oauth_use_once(c, client, *ret_claims, e);
}

/* --- what it says ------------------------------------------------------------------------------
 */

/* A short text; empty: there is none. */
static int word_of(const yyjson_val *claims, const char *name, text *ret, struct err *e)
{
    yyjson_val *v = json_get(claims, text_of(name));
    *ret = T("");
    if (v && (json_type(v) != YYJSON_TYPE_STR || json_text(v).n > WORD_MAX)) {
        return err_set(e, ERR_FORBIDDEN, "the claim %s is no short text", name);
    }
    *ret = v ? json_text(v) : T("");
    return 0;
}

/* The id here of whom it is about; empty: nobody is here. */
static int patient_of(struct oauth_call *c, const yyjson_val *claims, text *ret_patient,
                      struct err *e)
{
    const struct identity_world *world = &c->o->config->world;
    text id, number;
    int code = word_of(claims, "patient", &id, e);
    code = code ? code : word_of(claims, "nhs_number", &number, e);
    if (!code && !id.n == !number.n) {
        return err_set(e, ERR_FORBIDDEN, "a link has either the claim patient or nhs_number");
    }
    *ret_patient = id;
    if (code || id.n) {
        return code;
    }
    code = world->patient ? world->patient(world->context, number, c->a, ret_patient, e)
                          : ERR_NOT_FOUND;
    if (code == ERR_NOT_FOUND || code == ERR_MULTIPLE) {
        *ret_patient = T("");
        return 0;
    }
    return code;
}

static int make_launch(struct oauth_call *c, const struct client *client, const yyjson_val *claims,
                       text *ret_query, struct err *e)
{
    struct oauth_ask ask = {.client = T(PORTAL_ID), .from = client->id};
    text key, row, issuer = uri_escape(c->fhir, c->a);
    int code = patient_of(c, claims, &ask.patient, e);
    code = code ? code : word_of(claims, "fhirUser", &ask.person, e);
    if (code) {
        return code;
    }
    /* as this node's own addresses, or from its base on */
    text base = arena_printf(c->a, "%.*s/", TEXT_ARG(c->fhir));
    if (base.p && text_starts(ask.person, base)) {
        ask.person = text_from(ask.person, base.n);
    }
    row = row_print(oauth_ask_fields, &ask, c->a);
    if (!row.p || !issuer.p || !base.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a link");
    }
    /* long enough to sign in first */
    code = waiting_put(c->o->launches, row, c->now_ms + OAUTH_PENDING_MS, c->a, &key, e);
    if (!code) {
        *ret_query = arena_printf(c->a, "iss=%.*s&launch=%.*s", TEXT_ARG(issuer), TEXT_ARG(key));
    }
    return code;
}

/* --- the address -------------------------------------------------------------------------------
 */

static int open_link(struct oauth_call *c, text link, struct client *client, bool *ret_known,
                     text *ret_query, struct err *e)
{
    yyjson_val *claims = NULL;
    int code = read_client(c, link, client, e);
    *ret_known = !code || code == ERR_FORBIDDEN;
    code = code ? code : verify(c, client, link, &claims, e);
    return code ? code : make_launch(c, client, claims, ret_query, e);
}

/* The page says what to do, which is the same whatever was wrong; the log has what it was, where it
 * is known whose link it claims to be. */
static void refuse_link(struct oauth_call *c, const struct client *known, int code, struct err *why)
{
    struct err e = {0};
    bool ours = err_info(code)->status >= 500;
    if (!ours && known &&
        oauth_note(c, EVENT_LAUNCH, EVENT_MINOR, NULL, known, T(""), err_text(why), &e)) {
        ours = true;
    }
    send_to(c, ours ? T("error=busy") : T("error=link"));
}

void oauth_open_link(struct oauth_call *c)
{
    struct oauth_form form;
    struct client client = {0};
    struct err e = {0};
    unsigned seconds;
    bool known = false;
    text query = T("");
    if (c->request->method == HTTP_POST) {
        if (!oauth_form_of(c, &form)) {
            return;
        }
    } else if (oauth_form_read(c->request->query, c->a, &form, &e)) {
        send_to(c, T("error=link"));
        return;
    }
    /* Whoever sends many that are wrong waits, and leaves no further lines in the log. */
    if (throttle_ask(c->o->throttle, T("/open"), c->request->peer, c->now_ms, &seconds, &e)) {
        send_to(c, T("error=busy"));
        return;
    }
    int code = open_link(c, oauth_form_get(&form, "link"), &client, &known, &query, &e);
    if (!code) {
        throttle_passed(c->o->throttle, T("/open"), c->request->peer);
        send_to(c, query);
        return;
    }
    if (err_info(code)->status < 500) {
        throttle_failed(c->o->throttle, T("/open"), c->request->peer, c->now_ms);
    }
    refuse_link(c, known ? &client : NULL, code, &e);
}
