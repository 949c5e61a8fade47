/* Which page, for whom, in which language; and whether a form is one of ours. */
#include "plain/inner.h"

#include "fhir/reference.h"
#include "identity/secret.h"

enum need {
    NEED_NOTHING, /* anybody */
    NEED_SESSION, /* one that may still be half-way */
    NEED_SIGNED_IN,
};

static const struct address {
    enum http_method method;
    const char *path; /* behind /plain/; "*" is one part */
    enum need need;
    int (*show)(struct page *p, struct err *e);
} addresses[] = {
    {HTTP_GET, "", NEED_NOTHING, page_start},
    {HTTP_POST, "sign-in", NEED_NOTHING, page_sign_in},
    {HTTP_GET, "code", NEED_SESSION, page_code},
    {HTTP_POST, "code", NEED_SESSION, page_code_post},
    {HTTP_GET, "recovery", NEED_SESSION, page_recovery},
    {HTTP_POST, "recovery", NEED_SESSION, page_recovery_post},
    {HTTP_GET, "second-step", NEED_SESSION, page_enrol},
    {HTTP_POST, "demo", NEED_NOTHING, page_demo},
    {HTTP_POST, "sign-out", NEED_SESSION, page_sign_out},
    {HTTP_POST, "role", NEED_SIGNED_IN, page_role},
    {HTTP_GET, "over", NEED_NOTHING, page_over},
    {HTTP_GET, "helping", NEED_SIGNED_IN, page_helping},
    {HTTP_GET, "find", NEED_SIGNED_IN, page_find},
    {HTTP_POST, "find", NEED_SIGNED_IN, page_find_post},
    {HTTP_GET, "record", NEED_SIGNED_IN, page_record},
    {HTTP_GET, "record/*", NEED_SIGNED_IN, page_record},
    {HTTP_GET, "results", NEED_SIGNED_IN, page_results},
    {HTTP_GET, "results/*", NEED_SIGNED_IN, page_results},
    {HTTP_GET, "result/*", NEED_SIGNED_IN, page_result},
    {HTTP_GET, "report/*", NEED_SIGNED_IN, page_report},
    {HTTP_GET, "letters", NEED_SIGNED_IN, page_letters},
    {HTTP_GET, "letters/*", NEED_SIGNED_IN, page_letters},
    {HTTP_GET, "letter/*", NEED_SIGNED_IN, page_letter},
    {HTTP_GET, "letter/*/*", NEED_SIGNED_IN, page_letter_file},
    {HTTP_GET, "looked", NEED_SIGNED_IN, page_looked},
    {HTTP_GET, "looked/*", NEED_SIGNED_IN, page_looked},
};

/* --- FHIR addresses that somebody opened in a browser -------------------------------------------
 */

/* Where the page of an entry is: "Type/id" or "Patient/id/$summary". */
static const struct {
    const char *type;
    const char *behind; /* the id */
    const char *page;
} shown[] = {
    {"Patient", "$summary", "record"},  {"Observation", "", "result"},
    {"DiagnosticReport", "", "report"}, {"DocumentReference", "", "letter"},
    {"AuditEvent", "", "looked"},
};

/* Browsers name text/html first; programs do not name it, and bring a token. */
static bool wants_page(const struct http_request *r)
{
    text rest = http_field(r, T("Accept"));
    text item = T("");
    bool named = rest.p && text_cut(&rest, ',', &item);
    text media = text_trim(text_first(item, text_find(item, ';')));
    return named && text_eq_nocase(media, T("text/html")) && !http_field(r, T("Authorization")).p &&
           (r->method == HTTP_GET || r->method == HTTP_HEAD);
}

/* Of "patient=5" or "patient=Patient/5". */
static text patient_of(text query)
{
    text id = text_from(query, T("patient=").n);
    bool named = text_starts(query, T("patient="));
    id = text_starts(id, T("Patient/")) ? text_from(id, T("Patient/").n) : id;
    return named ? id : T("");
}

/* The page of an address below /fhir/, and what it is about; NULL: it has none. */
static const char *page_of(const struct http_request *r, text *ret_id)
{
    text path = text_from(r->path, T("/fhir/").n);
    text type = T("");
    text id = T("");
    if (!text_starts(r->path, T("/fhir/")) || !text_cut(&path, '/', &type)) {
        return NULL;
    }
    bool has_id = path.p && text_cut(&path, '/', &id);
    text behind = path.p ? path : T("");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        bool of_log = !has_id && strcmp(shown[i].type, "AuditEvent") == 0;
        if (text_eq(type, text_of(shown[i].type)) && text_eq(behind, text_of(shown[i].behind)) &&
            of_log == (strcmp(shown[i].page, "looked") == 0)) {
            *ret_id = of_log ? patient_of(r->query) : id;
            return reference_id_ok(*ret_id) ? shown[i].page : NULL;
        }
    }
    return NULL;
}

bool plain_serves(const struct http_request *r)
{
    text id;
    return text_eq(r->path, T("/plain")) || text_starts(r->path, T("/plain/")) ||
           (wants_page(r) && page_of(r, &id));
}

/* --- what the browser brings -------------------------------------------------------------------
 */

static bool is_form(const struct http_request *r)
{
    text type = http_field(r, T("Content-Type"));
    text media = text_trim(text_first(type, text_find(type, ';')));
    return text_eq_nocase(media, T("application/x-www-form-urlencoded"));
}

static int read_pairs(struct page *p, struct err *e)
{
    struct limits limits = *p->rest->limits;
    bool posted = p->request->method == HTTP_POST;
    text from = posted ? p->request->body : p->request->query;
    if (posted && !is_form(p->request)) {
        return err_set(e, ERR_INVALID, "this page takes what a form sends");
    }
    limits.search_bytes = posted ? FORM_BYTES_MOST : QUERY_BYTES_MOST;
    return from.n ? search_decode(from, &limits, p->a, &p->pairs, &p->pair_count, e) : 0;
}

static bool is_secure(struct page *p)
{
    const struct identity_config *config = identity_config(p->rest->identity);
    return !config->loopback || p->request->tls || text_starts(config->base, T("https://"));
}

static void set_cookie(struct page *p, text name, text value, const char *more)
{
    text field = arena_printf(p->a, "%.*s=%.*s; Path=/; SameSite=Lax%s%s", TEXT_ARG(name),
                              TEXT_ARG(value), is_secure(p) ? "; Secure" : "", more);
    if (field.p) {
        http_reply_field(p->reply, T("Set-Cookie"), field);
    }
}

/* What was asked for now, else what was chosen before. */
static void choose_language(struct page *p)
{
    text asked = page_value(p, "lang");
    text known = identity_cookie(p->request, T("kith-language"));
    text code = asked.n ? asked : known;
    p->language = text_eq(code, T("cy")) ? WELSH : ENGLISH;
    if (asked.n) {
        set_cookie(p, T("kith-language"), p->language == WELSH ? T("cy") : T("en"),
                   "; Max-Age=31536000; HttpOnly");
    }
}

/* Before there is a session its place is taken by a cookie that only our forms know (the other half
 * stands in the form). */
static int make_form_token(struct page *p, struct err *e)
{
    text name = is_secure(p) ? T("__Host-kith-form") : T("kith-form");
    p->form_token = identity_cookie(p->request, name);
    if (p->form_token.n < 43 && p->request->method != HTTP_POST) {
        p->form_token = secret_token(p->a);
        if (!p->form_token.p) {
            return plain_no_memory(e);
        }
        set_cookie(p, name, p->form_token, "; HttpOnly");
    }
    return 0;
}

static bool may(const yyjson_val *account, text activity)
{
    const yyjson_val *all = json_get(account, T("activities"));
    const yyjson_val *one = json_type(all) == YYJSON_TYPE_ARR && json_len(all) ? all + 1 : NULL;
    for (size_t left = one ? json_len(all) : 0; left; left--, one = json_after(one)) {
        if (text_eq(json_text(one), activity)) {
            return true;
        }
    }
    return false;
}

/* As for a page that is only read, also where a form was sent: what changes something goes to
 * /auth, which checks the form once more, and nothing else is changed from here. */
static int read_caller(struct page *p, struct err *e)
{
    struct http_request reads = *p->request;
    reads.method = HTTP_GET;
    int rc = identity_page_caller(p->rest->identity, &reads, &p->caller, e);
    return !rc && p->caller.actor.kind == ACTOR_NOBODY ? err_set(e, ERR_LOGIN, "sign in first")
                                                       : rc;
}

static int read_visitor(struct page *p, struct err *e)
{
    struct visitor *v = &p->visitor;
    int rc = ask_auth(p, "session", NULL, &v->session, NULL, e);
    if (rc || !json_is_true(json_get(v->session, T("signed_in")))) {
        return rc;
    }
    const yyjson_val *account = json_get(v->session, T("account"));
    v->step = json_text(json_get(v->session, T("step")));
    v->csrf = json_text(json_get(v->session, T("csrf")));
    v->signed_in = text_eq(v->step, T("done"));
    v->half_way = !v->signed_in;
    v->name = json_text(json_get(account, T("name")));
    v->is_patient = text_eq(json_text(json_get(account, T("kind"))), T("patient"));
    v->patient = v->is_patient ? json_text(json_get(account, T("patient"))) : T("");
    v->finds = !v->is_patient && may(account, T("view-demographics"));
    v->reads = !v->is_patient && may(account, T("view-record"));
    v->sees_log = may(account, T("view-audit"));
    (void)text_to_u64(json_text(json_get(v->session, T("idle_seconds"))), &v->idle_seconds);
    return v->signed_in ? read_caller(p, e) : 0;
}

/*
 * A form is ours when it has the token that only our pages have, and the browser, where it says
 * from where it comes, says from here. Old and text browsers do not say it: the token is enough.
 */
static int check_form(struct page *p, struct err *e)
{
    text own = p->visitor.csrf.n ? p->visitor.csrf : p->form_token;
    bool says =
        http_field(p->request, T("Origin")).p || http_field(p->request, T("Sec-Fetch-Site")).p;
    int rc = says ? identity_same_origin(p->rest->identity, p->request, e) : 0;
    if (!rc && (own.n < 43 || !secret_eq(page_value(p, "token"), own))) {
        rc = err_set(e, ERR_FORBIDDEN, "this form is too old, or none of this node's");
    }
    p->is_stale = rc == ERR_FORBIDDEN;
    return rc;
}

/* --- where it goes -----------------------------------------------------------------------------
 */

static bool path_fits(text pattern, text path, text *ret_part, text *ret_file)
{
    text want;
    text have;
    while (text_cut(&pattern, '/', &want)) {
        if (!text_cut(&path, '/', &have)) {
            return false;
        }
        bool any = text_eq(want, T("*")) && have.n;
        if (any && ret_part->n) {
            *ret_file = have;
        } else if (any) {
            *ret_part = have;
        } else if (!text_eq(want, have)) {
            return false;
        }
    }
    return path.p == NULL;
}

static const struct address *find_address(struct page *p, bool *ret_known)
{
    text path = text_from(p->request->path, T("/plain/").n);
    enum http_method method = p->request->method == HTTP_HEAD ? HTTP_GET : p->request->method;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        text part = T("");
        text file = T("");
        if (path_fits(text_of(addresses[i].path), path, &part, &file)) {
            *ret_known = true;
            if (addresses[i].method == method) {
                p->part = part;
                p->file = file;
                return &addresses[i];
            }
        }
    }
    return NULL;
}

text safe_then(const struct page *p)
{
    text then = page_value(p, "then");
    bool safe = text_starts(then, T("/plain/")) && then.n < 200;
    for (size_t i = 1; safe && i < then.n; i++) {
        char c = then.p[i];
        safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || (c == '/' && then.p[i - 1] != '/');
    }
    return safe ? then : T("");
}

/* Whoever is not signed in comes back here afterwards. */
static int go_and_sign_in(struct page *p, struct err *e)
{
    const struct visitor *v = &p->visitor;
    if (v->half_way) {
        return page_go(p, text_eq(v->step, T("totp")) ? T("/plain/code") : T("/plain/second-step"),
                       e);
    }
    return page_go(p, arena_printf(p->a, "/plain/?then=%.*s", TEXT_ARG(p->request->path)), e);
}

/* No other site makes somebody look at a record: a link from there leads to a question first. */
static bool is_from_elsewhere(const struct page *p)
{
    text site = http_field(p->request, T("Sec-Fetch-Site"));
    return site.p && !text_eq(site, T("same-origin")) && !text_eq(site, T("none"));
}

static int ask_first(struct page *p, struct err *e)
{
    page_begin(p, page_text(p, TEXT_ELSEWHERE_TITLE));
    page_paragraph(p, page_text(p, TEXT_ELSEWHERE_WORDS));
    page_link(p, p->request->path, page_text(p, TEXT_GO_ON));
    page_link(p, T("/plain/"), page_text(p, TEXT_START));
    return page_end(p, e);
}

static int show(struct page *p, struct err *e)
{
    bool known = false;
    text id = T("");
    const char *instead = page_of(p->request, &id);
    if (instead) {
        return page_go(p, arena_printf(p->a, "/plain/%s/%.*s", instead, TEXT_ARG(id)), e);
    }
    if (text_eq(p->request->path, T("/plain"))) {
        return page_go(p, T("/plain/"), e);
    }
    const struct address *address = find_address(p, &known);
    int rc = read_pairs(p, e);
    choose_language(p);
    rc = rc ? rc : read_visitor(p, e);
    rc = rc ? rc : make_form_token(p, e);
    if (rc) {
        return rc;
    }
    if (!address) {
        return known ? err_set(e, ERR_METHOD, "this page is not asked for in this way")
                     : err_set(e, ERR_NOT_FOUND, "there is no such page");
    }
    bool posted = address->method == HTTP_POST;
    if ((address->need == NEED_SIGNED_IN && !p->visitor.signed_in) ||
        (address->need == NEED_SESSION && !p->visitor.csrf.n)) {
        return posted ? page_go(p, T("/plain/"), e) : go_and_sign_in(p, e);
    }
    if (!posted && address->need == NEED_SIGNED_IN && is_from_elsewhere(p)) {
        return ask_first(p, e);
    }
    rc = posted ? check_form(p, e) : 0;
    return rc ? rc : address->show(p, e);
}

void plain_handle(const struct rest *rest, const struct http_request *request,
                  struct http_reply *reply)
{
    struct err e = {0};
    struct page p = {.rest = rest, .request = request, .reply = reply, .a = request->arena};
    reply->status = 0;
    html_init(&p.h, &reply->body);
    int rc = show(&p, &e);
    if (rc == ERR_LOGIN) { /* it ended while the page was made */
        buf_clear(&reply->body);
        rc = page_go(&p, T("/plain/"), &e);
    }
    if (rc) {
        e.code = rc;
        page_fault(&p, &e);
    }
    if (request->method == HTTP_OTHER || rc == ERR_METHOD) {
        http_reply_field(reply, T("Allow"), T("GET, HEAD, POST"));
    }
}
