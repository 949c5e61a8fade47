#include "locality/statement.h"

#include "identity/jose.h"
#include "locality/member_key.h"

#include <inttypes.h>

static const char statement_type[] = "kith-statement+jwt";
static const char receipt_type[] = "kith-receipt+jwt";

/* --- writing claims -----------------------------------------------------------------------------
 */

struct claims {
    struct buf *out;
    struct arena *a;
    bool begun;
};

static void name(struct claims *c, const char *n)
{
    buf_printf(c->out, "%s\"%s\":", c->begun ? "," : "", n);
    c->begun = true;
}

static void put_text(struct claims *c, const char *n, text t)
{
    if (t.n) {
        name(c, n);
        json_write_string(t, c->out);
    }
}

static void put_number(struct claims *c, const char *n, int64_t v)
{
    name(c, n);
    buf_printf(c->out, "%" PRId64, v);
}

static void put_bytes(struct claims *c, const char *n, const uint8_t *p, size_t count)
{
    name(c, n);
    json_write_string(base64url_print(text_make((const char *)p, count), c->a), c->out);
}

static void open_object(struct claims *c, const char *n)
{
    if (n) {
        name(c, n);
    }
    buf_addc(c->out, '{');
    c->begun = false;
}

static void close_object(struct claims *c)
{
    buf_addc(c->out, '}');
    c->begun = true;
}

static void put_subject(struct claims *c, const struct subject *s)
{
    put_text(c, "nhs", s->nhs_number);
    put_text(c, "family", s->family);
    put_text(c, "given", s->given);
    put_text(c, "birth", s->birth_date);
    put_text(c, "gender", s->gender);
    put_text(c, "postcode", s->postcode);
}

static int sign(struct buf *payload, const char *type, const struct note_signer *by,
                struct arena *a, text *ret_jws, struct err *e)
{
    struct jose_key *key = NULL;
    int rc = buf_failed(payload) ? err_set(e, ERR_TOO_LARGE, "a statement is too long to be signed")
                                 : member_key_secret(by, a, &key, e);
    rc = rc ? rc : jws_sign(key, type, buf_text(payload), a, ret_jws, e);
    jose_key_free(key);
    buf_done(payload);
    return rc;
}

int statement_sign(const struct statement *s, const struct note_signer *by, struct arena *a,
                   text *ret_jws, struct err *e)
{
    struct buf out;
    struct claims c = {.out = &out, .a = a};
    buf_init(&out, JOSE_MAX / 4 * 3);
    open_object(&c, NULL);
    put_text(&c, "iss", s->asker);
    put_text(&c, "aud", s->holder);
    put_number(&c, "iat", s->made_ms / 1000);
    put_number(&c, "exp", s->ends_ms / 1000);
    put_bytes(&c, "jti", s->nonce, sizeof s->nonce);
    put_text(&c, "loc", s->locality);
    put_number(&c, "num", (int64_t)s->number);
    open_object(&c, "cnf");
    put_bytes(&c, "x5t#S256", s->tls, sizeof s->tls);
    close_object(&c);
    put_bytes(&c, "req", s->request, sizeof s->request);
    open_object(&c, "who");
    put_text(&c, "account", s->account);
    put_text(&c, "name", s->name);
    put_text(&c, "role", s->role);
    put_text(&c, "role_name", s->role_name);
    close_object(&c);
    put_text(&c, "pur", text_of(purpose_code(s->purpose)));
    put_text(&c, "rel", s->relation);
    put_text(&c, "rsn", s->reason);
    open_object(&c, "pat");
    put_subject(&c, &s->subject);
    close_object(&c);
    put_bytes(&c, "leaf", s->leaf, sizeof s->leaf);
    close_object(&c);
    return sign(&out, statement_type, by, a, ret_jws, e);
}

int receipt_sign(const struct receipt *r, const struct note_signer *by, struct arena *a,
                 text *ret_jws, struct err *e)
{
    struct buf out;
    struct claims c = {.out = &out, .a = a};
    buf_init(&out, JOSE_MAX / 4 * 3);
    open_object(&c, NULL);
    put_text(&c, "iss", r->holder);
    put_text(&c, "aud", r->asker);
    put_bytes(&c, "jti", r->nonce, sizeof r->nonce);
    put_number(&c, "iat", r->made_ms / 1000);
    put_number(&c, "exp", r->until_ms / 1000);
    put_number(&c, "status", r->status);
    put_bytes(&c, "body", r->body, sizeof r->body);
    put_bytes(&c, "leaf", r->leaf, sizeof r->leaf);
    put_number(&c, "held", r->withheld);
    put_number(&c, "consent", (int64_t)r->consent);
    put_number(&c, "num", (int64_t)r->number);
    if (r->patient.n) {
        open_object(&c, "pat");
        put_text(&c, "id", r->patient);
        put_subject(&c, &r->subject);
        put_text(&c, "was", r->superseded);
        close_object(&c);
    }
    close_object(&c);
    return sign(&out, receipt_type, by, a, ret_jws, e);
}

/* --- reading claims ------------------------------------------------------------------------------
 */

static int missing(const char *claim, struct err *e)
{
    return err_set(e, ERR_FORBIDDEN, "the claim '%s' is missing or is not of its form", claim);
}

static int take_text(const yyjson_val *o, const char *n, bool must, text *ret, struct err *e)
{
    const yyjson_val *v = json_get(o, text_of(n));
    bool is_text = json_type(v) == YYJSON_TYPE_STR;
    *ret = is_text ? json_text(v) : (text){0};
    return (v || !must) && (!v || (is_text && ret->n && ret->n <= 1024)) ? 0 : missing(n, e);
}

static int take_number(const yyjson_val *o, const char *n, int64_t *ret, struct err *e)
{
    const yyjson_val *v = json_get(o, text_of(n));
    uint64_t u = 0;
    if (json_type(v) != YYJSON_TYPE_RAW || !text_to_u64(json_text(v), &u) || u > INT64_MAX) {
        return missing(n, e);
    }
    *ret = (int64_t)u;
    return 0;
}

/* Seconds, as ms. */
static int take_time(const yyjson_val *o, const char *n, int64_t *ret, struct err *e)
{
    int64_t s = 0;
    int rc = take_number(o, n, &s, e);
    if (!rc && s > INT64_C(253402300799)) { /* the end of the year 9999 */
        rc = missing(n, e);
    }
    *ret = rc ? 0 : s * 1000;
    return rc;
}

static int take_bytes(const yyjson_val *o, const char *n, struct arena *a, uint8_t *to, size_t size,
                      struct err *e)
{
    text t, bytes;
    struct err ignored;
    int rc = take_text(o, n, true, &t, e);
    if (!rc && (base64url_read(t, a, &bytes, &ignored) || bytes.n != size)) {
        rc = missing(n, e);
    }
    if (!rc) {
        memcpy(to, bytes.p, size);
    }
    return rc;
}

static int verified(text jws, const struct member *by, const char *type, struct arena *a,
                    yyjson_val **ret_claims, struct err *e)
{
    struct jose_key *key = NULL;
    yyjson_val *header;
    text payload = {0};
    int rc = member_key_public(&by->key, a, &key, e);
    rc = rc ? rc : jws_verify(jws, &key, 1, type, a, &header, &payload, e);
    rc = rc ? rc : json_read(payload, 4, a, ret_claims, e);
    jose_key_free(key);
    struct err why;
    if (!rc && jose_unique(*ret_claims, &why)) {
        rc = err_set(e, ERR_FORBIDDEN, "what was signed does not count: %s", err_text(&why));
    }
    return rc;
}

/* Who says that it is theirs, before that is known to be so. */
int statement_issuer(text jws, struct arena *a, text *ret, struct err *e)
{
    text rest = jws, header, payload, bytes;
    yyjson_val *claims;
    struct err ignored;
    if (jws.n > JOSE_MAX || !text_cut(&rest, '.', &header) || !text_cut(&rest, '.', &payload) ||
        !rest.p || base64url_read(payload, a, &bytes, &ignored) ||
        json_read(bytes, 4, a, &claims, &ignored)) {
        return err_set(e, ERR_FORBIDDEN, "this is no signed statement");
    }
    return take_text(claims, "iss", true, ret, e);
}

static int take_subject(const yyjson_val *pat, struct subject *p, struct err *e)
{
    int rc = take_text(pat, "nhs", true, &p->nhs_number, e);
    rc = rc ? rc : take_text(pat, "family", true, &p->family, e);
    rc = rc ? rc : take_text(pat, "given", false, &p->given, e);
    rc = rc ? rc : take_text(pat, "birth", true, &p->birth_date, e);
    rc = rc ? rc : take_text(pat, "gender", false, &p->gender, e);
    return rc ? rc : take_text(pat, "postcode", false, &p->postcode, e);
}

static int read_who(const yyjson_val *claims, struct statement *s, struct err *e)
{
    const yyjson_val *who = json_get(claims, T("who"));
    text purpose;
    int rc = take_text(who, "account", true, &s->account, e);
    rc = rc ? rc : take_text(who, "name", true, &s->name, e);
    rc = rc ? rc : take_text(who, "role", false, &s->role, e);
    rc = rc ? rc : take_text(who, "role_name", false, &s->role_name, e);
    rc = rc ? rc : take_text(claims, "pur", true, &purpose, e);
    rc = rc ? rc : purpose_find(purpose, &s->purpose) ? 0 : missing("pur", e);
    rc = rc ? rc : take_text(claims, "rel", false, &s->relation, e);
    rc = rc ? rc : take_text(claims, "rsn", false, &s->reason, e);
    return rc ? rc : take_subject(json_get(claims, T("pat")), &s->subject, e);
}

static int read_claims(const yyjson_val *claims, struct arena *a, struct statement *s,
                       struct err *e)
{
    int64_t number;
    int rc = take_text(claims, "iss", true, &s->asker, e);
    rc = rc ? rc : take_text(claims, "aud", true, &s->holder, e);
    rc = rc ? rc : take_time(claims, "iat", &s->made_ms, e);
    rc = rc ? rc : take_time(claims, "exp", &s->ends_ms, e);
    rc = rc ? rc : take_bytes(claims, "jti", a, s->nonce, sizeof s->nonce, e);
    rc = rc ? rc : take_text(claims, "loc", true, &s->locality, e);
    rc = rc ? rc : take_number(claims, "num", &number, e);
    rc = rc ? rc : take_bytes(json_get(claims, T("cnf")), "x5t#S256", a, s->tls, 32, e);
    rc = rc ? rc : take_bytes(claims, "req", a, s->request, 32, e);
    rc = rc ? rc : take_bytes(claims, "leaf", a, s->leaf, 32, e);
    rc = rc ? rc : read_who(claims, s, e);
    if (!rc) {
        s->number = (uint64_t)number;
    }
    return rc;
}

static int refuse(const char *why, struct err *e)
{
    return err_set(e, ERR_FORBIDDEN, "the statement does not count: %s", why);
}

/* What holds whoever signed it. */
static int check_claims(const struct statement *s, const struct member *asker,
                        const struct statement_expect *x, struct err *e)
{
    const int64_t skew = STATEMENT_SKEW_S * INT64_C(1000);
    bool key_is_theirs = false;
    for (size_t i = 0; i < asker->tls_count; i++) {
        key_is_theirs = key_is_theirs || memcmp(asker->tls[i], s->tls, 32) == 0;
    }
    if (!text_eq(s->asker, asker->ods)) {
        return refuse("another member has signed it than the one it names", e);
    }
    if (x->self.n && !text_eq(s->holder, x->self)) {
        return refuse("it is not meant for this node", e);
    }
    if (!text_eq(s->locality, x->directory->name)) {
        return refuse("it is of another locality", e);
    }
    if (!key_is_theirs || (x->tls && memcmp(x->tls, s->tls, 32) != 0)) {
        return refuse("it belongs to another connection", e);
    }
    if (x->request && memcmp(x->request, s->request, 32) != 0) {
        return refuse("it is about another request", e);
    }
    if (s->ends_ms <= s->made_ms || s->ends_ms - s->made_ms > STATEMENT_SECONDS * INT64_C(1000) ||
        s->made_ms > x->now_ms + skew || s->ends_ms + skew <= x->now_ms) {
        return err_set(e, ERR_PRECONDITION,
                       "the statement does not count: its time is over, or has not come; compare "
                       "the clocks of both nodes");
    }
    return 0;
}

int statement_read(text jws, const struct statement_expect *x, struct arena *a,
                   struct statement *ret, const struct member **ret_asker, struct err *e)
{
    struct statement s = {0};
    yyjson_val *claims = NULL;
    text issuer;
    int rc = statement_issuer(jws, a, &issuer, e);
    const struct member *asker = rc ? NULL : directory_member(x->directory, issuer);
    if (!rc && !asker) {
        rc = refuse("whoever has signed it is no member", e);
    }
    rc = rc ? rc : verified(jws, asker, statement_type, a, &claims, e);
    rc = rc ? rc : read_claims(claims, a, &s, e);
    rc = rc ? rc : check_claims(&s, asker, x, e);
    if (!rc && x->nonces) {
        rc = nonces_take(x->nonces, s.nonce, s.made_ms, x->now_ms, e);
    }
    if (!rc) {
        *ret = s;
        *ret_asker = asker;
    }
    return rc;
}

static int read_receipt(const yyjson_val *claims, struct arena *a, struct receipt *r, struct err *e)
{
    int64_t status = 0, withheld = 0, consent = 0, number = 0;
    const yyjson_val *pat = json_get(claims, T("pat"));
    int rc = take_text(claims, "iss", true, &r->holder, e);
    rc = rc ? rc : take_text(claims, "aud", true, &r->asker, e);
    rc = rc ? rc : take_bytes(claims, "jti", a, r->nonce, sizeof r->nonce, e);
    rc = rc ? rc : take_time(claims, "iat", &r->made_ms, e);
    rc = rc ? rc : take_time(claims, "exp", &r->until_ms, e);
    rc = rc ? rc : take_number(claims, "status", &status, e);
    rc = rc ? rc : take_bytes(claims, "body", a, r->body, 32, e);
    rc = rc ? rc : take_bytes(claims, "leaf", a, r->leaf, 32, e);
    rc = rc ? rc : take_number(claims, "held", &withheld, e);
    rc = rc ? rc : take_number(claims, "consent", &consent, e);
    rc = rc ? rc : take_number(claims, "num", &number, e);
    if (!rc && (status < 100 || status > 599 || withheld > UINT32_MAX)) {
        rc = missing(withheld > UINT32_MAX ? "held" : "status", e);
    }
    if (!rc && pat) {
        rc = take_text(pat, "id", true, &r->patient, e);
        rc = rc ? rc : take_subject(pat, &r->subject, e);
        rc = rc ? rc : take_text(pat, "was", false, &r->superseded, e);
    }
    r->status = (int)status;
    r->withheld = (uint32_t)withheld;
    r->consent = (uint64_t)consent;
    r->number = (uint64_t)number;
    return rc;
}

/* Why it does not count; NULL: it does. */
static const char *wrong_receipt(const struct receipt *r, const struct member *holder,
                                 const struct statement *about, const uint8_t body[32],
                                 int64_t now_ms)
{
    const int64_t skew = STATEMENT_SKEW_S * INT64_C(1000);
    return !text_eq(r->holder, holder->ods)                  ? "it is another member's"
           : !text_eq(r->asker, about->asker)                ? "it is for another asker"
           : memcmp(r->nonce, about->nonce, sizeof r->nonce) ? "it is of another request"
           : memcmp(r->body, body, 32)                       ? "it is of another answer"
           : r->until_ms > r->made_ms + RECEIPT_MINUTES * INT64_C(60000) ||
                   r->made_ms > now_ms + skew || r->until_ms + skew <= now_ms
               ? "its time is over, has not come, or is longer than may be"
               : NULL;
}

int receipt_read(text jws, const struct member *holder, const struct statement *about,
                 const uint8_t body[32], int64_t now_ms, struct arena *a, struct receipt *ret,
                 struct err *e)
{
    struct receipt r = {0};
    yyjson_val *claims = NULL;
    int rc = verified(jws, holder, receipt_type, a, &claims, e);
    rc = rc ? rc : read_receipt(claims, a, &r, e);
    const char *why = rc ? NULL : wrong_receipt(&r, holder, about, body, now_ms);
    if (why) {
        rc = err_set(e, ERR_FORBIDDEN, "the receipt of %.*s does not count: %s",
                     TEXT_ARG(holder->ods), why);
    }
    if (!rc) {
        *ret = r;
    }
    return rc;
}
