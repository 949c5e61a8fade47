/* What a bundle's entries ask for, answer, and say about a search. */
#include "fhir/bundle_rules.h"

/* The parts of request.url: a type, an id, a query. */
struct target {
    fhir_type type; /* 0: none that R4 knows */
    text id;
    text rest; /* behind the id: "_history/1", "$everything" */
    bool query;
};

static struct target read_url(text url)
{
    text type;
    size_t query = text_find(url, '?');
    struct target t = {.query = query < url.n};
    url = text_first(url, query);
    if (text_starts(url, T("/"))) {
        url = text_from(url, 1);
    }
    if (text_cut(&url, '/', &type)) {
        t.type = fhir_type_of(type);
        (void)text_cut(&url, '/', &t.id);
        t.rest = url;
    }
    return t;
}

#define URL_ISSUE(...) bundle_issue(w, ISSUE_ERROR, ERR_INVALID, i, "request", "url", __VA_ARGS__)

/* The type that a write is for must be that of the resource. */
static void check_type(struct bundle_walk *w, size_t i, text method, const struct target *t)
{
    const struct bundle_entry *entry = &w->entries[i];
    if (!t->type) {
        URL_ISSUE("%.*s needs the address of a type that R4 has, relative to the base",
                  TEXT_ARG(method));
    } else if (entry->type && t->type != entry->type) {
        URL_ISSUE("the address is for %.*s, but the resource is of type %.*s",
                  TEXT_ARG(fhir_type_name(t->type)), TEXT_ARG(fhir_type_name(entry->type)));
    }
}

static void check_post(struct bundle_walk *w, size_t i, const struct target *t, text url)
{
    if (text_find(url, '$') < url.n || text_find(url, '_') < url.n) {
        return; /* an operation or a search */
    }
    if (!w->entries[i].resource) {
        bundle_issue(w, ISSUE_ERROR, ERR_REQUIRED, i, NULL, NULL,
                     "a create (POST) needs a resource");
    }
    check_type(w, i, T("POST"), t);
    if (t->id.n) {
        URL_ISSUE("a create (POST) goes to a type, without an id; use PUT to choose the id");
    }
}

static void check_put(struct bundle_walk *w, size_t i, const struct target *t)
{
    const struct bundle_entry *entry = &w->entries[i];
    if (!entry->resource) {
        bundle_issue(w, ISSUE_ERROR, ERR_REQUIRED, i, NULL, NULL,
                     "an update (PUT) needs a resource");
    }
    check_type(w, i, T("PUT"), t);
    if (!t->id.n && !t->query) {
        URL_ISSUE("an update (PUT) goes to [type]/[id], or to [type]?[search]");
    } else if (t->id.n && entry->resource && !text_eq(t->id, entry->id)) {
        URL_ISSUE("the address has the id '%.*s', but the resource %s%.*s%s",
                  TEXT_ARG(text_short(t->id, 64)), entry->id.n ? "has the id '" : "has none",
                  TEXT_ARG(text_short(entry->id, 64)), entry->id.n ? "'" : "");
    }
}

static void check_patch(struct bundle_walk *w, size_t i, const struct target *t)
{
    fhir_type type = w->entries[i].type;
    if (type != FHIR_BINARY && type != FHIR_PARAMETERS) {
        bundle_issue(w, ISSUE_ERROR, ERR_INVALID, i, "resource", NULL,
                     "the resource of a PATCH is Parameters (a FHIRPath Patch) or a Binary with "
                     "the patch");
    }
    if (!t->type || (!t->id.n && !t->query)) {
        URL_ISSUE("a PATCH goes to [type]/[id], or to [type]?[search]");
    }
}

static void check_delete(struct bundle_walk *w, size_t i, const struct target *t)
{
    if (w->entries[i].resource && !text_eq(w->type, T("history"))) {
        bundle_issue(w, ISSUE_WARNING, ERR_INVALID, i, "resource", NULL,
                     "a DELETE takes no resource; it is passed over");
    }
    if (!t->type || (!t->id.n && !t->query)) {
        URL_ISSUE("a DELETE goes to [type]/[id], or to [type]?[search]");
    }
}

static void check_get(struct bundle_walk *w, size_t i)
{
    if (w->entries[i].resource) {
        bundle_issue(w, ISSUE_WARNING, ERR_INVALID, i, "resource", NULL,
                     "a read or search takes no resource; it is passed over");
    }
}

/* One resource may be changed once in a transaction (R4 http.html#trules). */
static int check_once(struct bundle_walk *w, size_t i, const struct target *t, struct map *written)
{
    bool is_new = false;
    if (!text_eq(w->type, T("transaction")) || !t->type || !t->id.n || t->rest.n) {
        return 0;
    }
    text key = arena_printf(w->run->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(t->type)),
                            TEXT_ARG(t->id));
    uint64_t *at = key.p ? map_put(written, key, &is_new) : NULL;
    if (!at) {
        return err_set(w->run->e, ERR_MEMORY, "the validation needs more memory than it may have");
    }
    if (is_new) {
        *at = i;
    } else {
        bundle_issue(w, ISSUE_ERROR, ERR_DUPLICATE, i, "request", "url",
                     "entry[%llu] changes %.*s too; in a transaction a resource is changed once",
                     (unsigned long long)*at, TEXT_ARG(text_short(key, 120)));
    }
    return 0;
}

static int check_request(struct bundle_walk *w, size_t i, struct map *written)
{
    const yyjson_val *request = json_get(w->entries[i].value, T("request"));
    text method = json_text(json_get(request, T("method")));
    text url = json_text(json_get(request, T("url")));
    struct target t = read_url(url);
    if (!method.n || !url.n) {
        return 0; /* that they are missing is said by cardinality and invariants */
    }
    bool post = text_eq(method, T("POST"));
    bool get = text_eq(method, T("GET")) || text_eq(method, T("HEAD"));
    if (!post && json_get(request, T("ifNoneExist"))) {
        bundle_issue(w, ISSUE_ERROR, ERR_INVALID, i, "request", "ifNoneExist",
                     "ifNoneExist is for a create (POST); the method is %.*s",
                     TEXT_ARG(text_short(method, 16)));
    }
    if (text_find(url, ':') < text_find(url, '?') && !t.type) {
        URL_ISSUE("the address is relative to the base, as Patient/1; it is '%.*s'",
                  TEXT_ARG(text_short(url, 200)));
        return 0;
    }
    if (post) {
        check_post(w, i, &t, url);
    } else if (get) {
        check_get(w, i);
    } else if (text_eq(method, T("PUT"))) {
        check_put(w, i, &t);
    } else if (text_eq(method, T("PATCH"))) {
        check_patch(w, i, &t);
    } else {
        check_delete(w, i, &t);
    }
    return post || get ? 0 : check_once(w, i, &t, written);
}

/* A status is three digits, with words behind them or not. */
static void check_response(struct bundle_walk *w, size_t i)
{
    text status = json_text(json_get(json_get(w->entries[i].value, T("response")), T("status")));
    bool good = status.n >= 3 && (status.n == 3 || status.p[3] == ' ');
    for (size_t k = 0; good && k < 3; k++) {
        good = status.p[k] >= (k ? '0' : '1') && status.p[k] <= (k ? '9' : '5');
    }
    if (status.p && !good) {
        bundle_issue(w, ISSUE_ERROR, ERR_VALUE, i, "response", "status",
                     "status begins with the three digits of an HTTP status, as '201 Created'; it "
                     "is '%.*s'",
                     TEXT_ARG(text_short(status, 60)));
    }
}

static void check_history(struct bundle_walk *w, size_t i)
{
    const yyjson_val *request = json_get(w->entries[i].value, T("request"));
    text method = json_text(json_get(request, T("method")));
    struct target t = read_url(json_text(json_get(request, T("url"))));
    if (w->entries[i].type && t.type && t.type != w->entries[i].type) {
        check_type(w, i, method, &t);
    }
    if (method.n && !text_eq(method, T("DELETE")) && !w->entries[i].resource) {
        bundle_issue(w, ISSUE_WARNING, ERR_REQUIRED, i, NULL, NULL,
                     "an entry of a history has the resource as it was after the request");
    }
}

static void check_search(struct bundle_walk *w, size_t i)
{
    const yyjson_val *search = json_get(w->entries[i].value, T("search"));
    text mode = json_text(json_get(search, T("mode")));
    bool outcome = w->entries[i].type == FHIR_OPERATION_OUTCOME;
    if (!mode.n) {
        bundle_issue(w, ISSUE_WARNING, ERR_REQUIRED, i, NULL, NULL,
                     "search.mode is missing: it says whether the entry is a match, was included, "
                     "or is about the search");
    } else if (text_eq(mode, T("outcome")) != outcome) {
        bundle_issue(w, ISSUE_ERROR, ERR_INVALID, i, "search", "mode",
                     outcome ? "an OperationOutcome about the search has the mode outcome"
                             : "only an OperationOutcome has the mode outcome");
    }
}

int bundle_requests(struct bundle_walk *w)
{
    bool asks = text_eq(w->type, T("transaction")) || text_eq(w->type, T("batch"));
    bool history = text_eq(w->type, T("history"));
    bool search = text_eq(w->type, T("searchset"));
    struct map written;
    int code = 0;
    map_init(&written);
    for (size_t i = 0; !code && i < w->count; i++) {
        code = profile_step(w->run);
        code = code || !asks ? code : check_request(w, i, &written);
        check_response(w, i);
        if (history) {
            check_history(w, i);
        }
        if (search) {
            check_search(w, i);
        }
    }
    map_done(&written);
    return code;
}
