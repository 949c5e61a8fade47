#include "fhir/reference.h"
#include "rest/operation.h"

/* Where a request goes: its path and method -> an interaction (R4 http.html#summary). */

enum { SEGMENTS_MAX = 5 };

struct segments {
    text s[SEGMENTS_MAX];
    size_t n;
};

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Names in a path need no escapes, but clients may escape what they like: %24everything. */
static int unescape(text in, struct arena *a, text *ret_out, struct err *e)
{
    if (text_find(in, '%') == in.n) {
        *ret_out = in;
        return 0;
    }
    char *p = arena_alloc(a, in.n);
    if (!p) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] != '%') {
            p[n++] = in.p[i];
            continue;
        }
        int high = i + 2 < in.n ? hex(in.p[i + 1]) : -1;
        int low = i + 2 < in.n ? hex(in.p[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            return err_set(e, ERR_INVALID,
                           "the address has a '%%' that is not followed by two hexadecimal "
                           "digits; write a percent sign itself as %%25");
        }
        p[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret_out = text_make(p, n);
    return 0;
}

static int split(struct call *c, struct segments *ret, struct err *e)
{
    struct segments found = {.n = 0};
    text rest = c->path;
    text part;
    if (text_ends(rest, T("/"))) {
        rest.n--;
    }
    if (rest.n == 0) {
        *ret = found;
        return 0;
    }
    while (text_cut(&rest, '/', &part)) {
        if (found.n == SEGMENTS_MAX) {
            return err_set(e, ERR_NOT_FOUND,
                           "the address has more parts than any interaction of FHIR has");
        }
        int rc = unescape(part, c->arena, &found.s[found.n], e);
        if (rc) {
            return rc;
        }
        found.n++;
    }
    *ret = found;
    return 0;
}

/* `methods` is what Allow says (RFC 9110 15.5.6), `uses` the same in words. */
static int not_here(struct err *e, struct call *c, const char *methods, const char *uses)
{
    c->allow = methods;
    return err_set(e, ERR_METHOD, "%.*s cannot be done on '%.*s'; what can be done here: %s",
                   TEXT_ARG(text_short(c->http ? c->http->method_name : T("this method"), 20)),
                   TEXT_ARG(text_short(c->path, 200)), uses);
}

static bool is_get(const struct call *c)
{
    return c->method == HTTP_GET || c->method == HTTP_HEAD;
}

static int go(struct call *c, enum interaction interaction)
{
    c->route.interaction = interaction;
    return 0;
}

static int route_system(struct call *c, struct err *e)
{
    if (c->method == HTTP_POST) {
        return go(c, INTERACTION_BUNDLE);
    }
    return is_get(c) ? go(c, INTERACTION_SEARCH)
                     : not_here(e, c, "GET, HEAD, POST",
                                "GET (search over types, such as ?_type=Patient,Observation&...), "
                                "POST of a Bundle of type batch or transaction");
}

static int route_type(struct call *c, struct err *e)
{
    switch (c->method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return go(c, INTERACTION_SEARCH);
    case HTTP_POST:
        return go(c, INTERACTION_CREATE);
    case HTTP_PUT:
        return go(c, INTERACTION_UPDATE_CONDITIONAL);
    case HTTP_PATCH:
        return go(c, INTERACTION_PATCH_CONDITIONAL);
    case HTTP_DELETE:
        return go(c, INTERACTION_DELETE_CONDITIONAL);
    default:
        return not_here(
            e, c, "GET, HEAD, POST, PUT, PATCH, DELETE",
            "GET (search), POST (create), PUT, PATCH and DELETE with a query (conditional)");
    }
}

static int route_instance(struct call *c, struct err *e)
{
    switch (c->method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return go(c, INTERACTION_READ);
    case HTTP_PUT:
        return go(c, INTERACTION_UPDATE);
    case HTTP_PATCH:
        return go(c, INTERACTION_PATCH);
    case HTTP_DELETE:
        return go(c, INTERACTION_DELETE);
    default:
        return not_here(e, c, "GET, HEAD, PUT, PATCH, DELETE",
                        "GET (read), PUT (update), PATCH, DELETE");
    }
}

static int search_by_form(struct call *c, struct err *e)
{
    if (c->method != HTTP_POST) {
        return not_here(e, c, "POST", "POST with the parameters as a form");
    }
    c->form = c->body;
    return go(c, INTERACTION_SEARCH);
}

static int take_id(struct call *c, text id, struct err *e)
{
    if (!reference_id_ok(id)) {
        return err_set(
            e, ERR_NOT_FOUND,
            "'%.*s' cannot be the id of a resource: ids have 1 to 64 characters out of A-Z, "
            "a-z, 0-9, '-' and '.'",
            TEXT_ARG(text_short(id, 80)));
    }
    c->route.id = id;
    return 0;
}

static int route_history(struct call *c, struct err *e)
{
    return is_get(c) ? go(c, INTERACTION_HISTORY) : not_here(e, c, "GET, HEAD", "GET");
}

static int take_vid(struct call *c, text vid, struct err *e)
{
    if (!text_to_u64(vid, &c->route.vid) || c->route.vid == 0) {
        return err_set(e, ERR_NOT_FOUND,
                       "there is no version '%.*s'; versions are numbered 1, 2, 3 ...",
                       TEXT_ARG(text_short(vid, 40)));
    }
    return 0;
}

static int route_version(struct call *c, text vid, struct err *e)
{
    if (!is_get(c)) {
        return not_here(e, c, "GET, HEAD", "GET");
    }
    int rc = take_vid(c, vid, e);
    return rc ? rc : go(c, INTERACTION_VREAD);
}

static bool is_meta_change(text name)
{
    return text_eq(name, T("$meta-add")) || text_eq(name, T("$meta-delete"));
}

/* $meta of anything, $meta-add and $meta-delete of a resource (R4 resource-operations.html). */
static int route_meta(struct call *c, text name, struct err *e)
{
    if (text_eq(name, T("$meta"))) {
        return is_get(c) || c->method == HTTP_POST
                   ? go(c, INTERACTION_META)
                   : not_here(e, c, "GET, HEAD, POST", "GET or POST");
    }
    if (c->method != HTTP_POST) {
        return not_here(e, c, "POST", "POST of Parameters with the parameter 'meta'");
    }
    return go(c, text_eq(name, T("$meta-add")) ? INTERACTION_META_ADD : INTERACTION_META_DELETE);
}

/* Patient/x/_history/3/$meta. */
static int route_version_operation(struct call *c, text vid, text name, struct err *e)
{
    int rc = take_vid(c, vid, e);
    if (rc) {
        return rc;
    }
    if (is_meta_change(name)) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "versions are kept as they were written: %.*s changes the current one only, "
                       "which gives a new version",
                       TEXT_ARG(name));
    }
    return text_eq(name, T("$meta"))
               ? route_meta(c, name, e)
               : err_set(e, ERR_NOT_FOUND, "there is nothing below a version but $meta");
}

/* $export of the system, of all patients, of a group; $import. */
static int route_bulk(struct call *c, text name, struct err *e)
{
    bool is_export = text_eq(name, T("$export"));
    if (c->method == HTTP_POST || (is_export && c->method == HTTP_GET)) {
        return go(c, is_export ? INTERACTION_EXPORT : INTERACTION_IMPORT);
    }
    return is_export ? not_here(e, c, "GET, POST", "GET, or POST with Parameters")
                     : not_here(e, c, "POST", "POST of Parameters that name files, or of NDJSON");
}

static bool is_bulk(const struct call *c, text name)
{
    bool patients = c->route.type == FHIR_PATIENT && c->route.id.n == 0;
    bool group = c->route.type == FHIR_GROUP && c->route.id.n;
    return (text_eq(name, T("$export")) && (!c->route.type || patients || group)) ||
           (text_eq(name, T("$import")) && !c->route.type);
}

/* _jobs/id and _jobs/id/file. */
static int route_job(struct call *c, const struct segments *at, struct err *e)
{
    if (at->n < 2 || at->n > 3) {
        return err_set(e, ERR_NOT_FOUND, "there is nothing at this address; a job is at _jobs/id");
    }
    c->route.job = at->s[1];
    c->route.file = at->n == 3 ? at->s[2] : (text){0};
    if (is_get(c) || (at->n == 2 && c->method == HTTP_DELETE)) {
        return go(c, INTERACTION_JOB);
    }
    return at->n == 2 ? not_here(e, c, "GET, HEAD, DELETE", "GET (its state), DELETE (end it)")
                      : not_here(e, c, "GET, HEAD", "GET");
}

/* The operations of rest/operation.h. */
static int route_table(struct call *c, text name, struct err *e)
{
    int rc = operation_find(&c->route, name, &c->route.operation, e);
    if (rc) {
        return rc;
    }
    unsigned methods = c->route.operation->methods;
    bool changes = methods & OPERATION_CHANGES;
    if ((is_get(c) && (methods & OPERATION_GET) && !changes) ||
        (c->method == HTTP_POST && (methods & OPERATION_POST))) {
        return go(c, INTERACTION_OPERATION);
    }
    return changes || !(methods & OPERATION_GET)
               ? not_here(e, c, "POST", "POST with Parameters")
               : not_here(e, c, "GET, HEAD, POST", "GET, or POST with Parameters");
}

static int route_operation(struct call *c, text name, struct err *e)
{
    if (text_eq(name, T("$reindex")) && c->route.id.n == 0) {
        return c->method == HTTP_POST ? go(c, INTERACTION_REINDEX)
                                      : not_here(e, c, "POST", "POST without a body");
    }
    if (text_eq(name, T("$status")) && c->route.type == FHIR_SEARCH_PARAMETER && c->route.id.n) {
        return is_get(c) ? go(c, INTERACTION_PARAM_STATUS) : not_here(e, c, "GET, HEAD", "GET");
    }
    if (is_bulk(c, name)) {
        return route_bulk(c, name, e);
    }
    if (text_eq(name, T("$everything")) && c->route.type == FHIR_PATIENT && c->route.id.n) {
        return is_get(c) || c->method == HTTP_POST
                   ? go(c, INTERACTION_EVERYTHING)
                   : not_here(e, c, "GET, HEAD, POST", "GET, or POST with Parameters");
    }
    if (text_eq(name, T("$meta")) || (is_meta_change(name) && c->route.id.n)) {
        return route_meta(c, name, e);
    }
    return route_table(c, name, e);
}

/* Patient/x/Observation: a compartment search; Patient/x/'*': over all its types. */
static int route_compartment(struct call *c, text type, struct err *e)
{
    fhir_type wanted = fhir_type_of(type);
    if (!wanted && !text_eq(type, T("*"))) {
        return err_set(e, ERR_NOT_FOUND,
                       "'%.*s' is neither a resource type of FHIR R4 nor an operation",
                       TEXT_ARG(text_short(type, 60)));
    }
    c->route.compartment = (struct search_compartment){c->route.type, c->route.id};
    c->route.type = wanted;
    c->route.id = (text){0};
    return is_get(c) ? go(c, INTERACTION_SEARCH) : not_here(e, c, "GET, HEAD", "GET (search)");
}

static int route_below_instance(struct call *c, const struct segments *at, struct err *e)
{
    text third = at->s[2];
    int rc = take_id(c, at->s[1], e);
    if (rc) {
        return rc;
    }
    if (text_eq(third, T("_history"))) {
        return at->n == 3   ? route_history(c, e)
               : at->n == 4 ? route_version(c, at->s[3], e)
                            : route_version_operation(c, at->s[3], at->s[4], e);
    }
    if (at->n == 3 && text_starts(third, T("$"))) {
        return route_operation(c, third, e);
    }
    if (at->n == 4 && text_eq(at->s[3], T("_search"))) {
        rc = route_compartment(c, third, e);
        return rc && e->code != ERR_METHOD ? rc : search_by_form(c, e);
    }
    return at->n == 3 ? route_compartment(c, third, e)
                      : err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
}

int route_call(struct call *c, struct err *e)
{
    struct segments at = {.n = 0};
    int rc = split(c, &at, e);
    if (rc) {
        return rc;
    }
    if (at.n == 0) {
        return route_system(c, e);
    }
    text first = at.s[0];
    if (at.n == 1 && text_eq(first, T("metadata"))) {
        return is_get(c) ? go(c, INTERACTION_CAPABILITIES) : not_here(e, c, "GET, HEAD", "GET");
    }
    if (at.n == 1 && text_eq(first, T("_reindex"))) {
        return is_get(c) ? go(c, INTERACTION_REINDEX_STATUS) : not_here(e, c, "GET, HEAD", "GET");
    }
    if (at.n == 1 && text_starts(first, T("$"))) {
        return route_operation(c, first, e);
    }
    if (at.n == 1 && text_eq(first, T("_history"))) {
        return route_history(c, e);
    }
    if (at.n == 1 && text_eq(first, T("_search"))) {
        return search_by_form(c, e);
    }
    if (text_eq(first, T("_jobs"))) {
        return route_job(c, &at, e);
    }
    if (at.n == 1 && text_starts(first, T("$"))) {
        return route_operation(c, first, e);
    }
    c->route.type = fhir_type_of(first);
    if (!c->route.type) {
        return err_set(
            e, ERR_NOT_FOUND,
            "'%.*s' is not a resource type of FHIR R4; type names start with a capital letter, as "
            "in Patient",
            TEXT_ARG(text_short(first, 60)));
    }
    if (at.n == 1) {
        return route_type(c, e);
    }
    if (at.n == 2 && text_eq(at.s[1], T("_history"))) {
        return route_history(c, e);
    }
    if (at.n == 2 && text_eq(at.s[1], T("_search"))) {
        return search_by_form(c, e);
    }
    if (at.n == 2 && text_starts(at.s[1], T("$"))) {
        return route_operation(c, at.s[1], e);
    }
    if (at.n == 2) {
        rc = take_id(c, at.s[1], e);
        return rc ? rc : route_instance(c, e);
    }
    return route_below_instance(c, &at, e);
}
