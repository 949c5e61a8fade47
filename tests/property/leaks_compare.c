#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

/* Answers in a form that can be compared, and the access log held against them. */

enum { PAGES_MOST = 200, ITEMS_MOST = 4000 };

yyjson_val *read_json(struct world *w, text body)
{
    yyjson_val *root = NULL;
    struct err e = {0};
    return body.n && json_read(body, 200, &w->a, &root, &e) == 0 ? root : NULL;
}

/* --- canonical form
 * ------------------------------------------------------------------------------- */

static bool is_bundle(const yyjson_val *v, const char *type)
{
    return text_eq(json_text(json_get(v, T("resourceType"))), T("Bundle")) &&
           (!type || text_eq(json_text(json_get(v, T("type"))), text_of(type)));
}

/* Members that cannot be equal, by where they stand. */
static bool left_out(text name, text around, bool of_bundle)
{
    static const char *const of_meta[] = {"versionId", "lastUpdated", NULL};
    static const char *const of_gathered[] = {"extension", NULL};
    static const char *const of_bundles[] = {"id", "timestamp", "link", "meta", NULL};
    static const char *const of_response[] = {"etag", "lastModified", "location", NULL};
    static const char *const of_request[] = {"method", "url", NULL};
    const char *const *list = text_eq(around, T("meta"))         ? of_meta
                              : text_eq(around, T("(gathered)")) ? of_gathered
                              : text_eq(around, T("response"))   ? of_response
                              : text_eq(around, T("request"))    ? of_request
                              : of_bundle                        ? of_bundles
                                                                 : NULL;
    for (; list && *list; list++) {
        if (text_eq(name, text_of(*list))) {
            return true;
        }
    }
    return false;
}

static bool is_uuid(text t)
{
    static const size_t dashes[] = {8, 13, 18, 23};
    bool is = t.n == 36;
    for (size_t i = 0; is && i < 4; i++) {
        is = t.p[dashes[i]] == '-';
    }
    return is;
}

/* Of a document that was made just now: its ids, and when. */
static void print_text(text t, text name, struct buf *out)
{
    static const char made_on[] = "Made on ";
    bool made = text_starts(t, T("urn:uuid:")) || is_uuid(t);
    bool now = text_eq(name, T("date")) && t.n > 19;
    if (text_eq(name, T("status")) && text_starts(t, T("201"))) {
        t = T("200 OK"); /* made or changed: in history it is by the versions that are seen */
    }
    const char *at = t.n ? memmem(t.p, t.n, made_on, sizeof made_on - 1) : NULL;
    if (at && text_eq(name, T("div"))) {
        size_t before = (size_t)(at - t.p);
        size_t behind = text_find(text_from(t, before), ',') + before;
        const char *utc = memmem(at, t.n - before, " UTC", 4);
        behind = utc ? (size_t)(utc - t.p) : behind;
        buf_printf(out, "\"%.*s(now)%.*s\"", (int)before, t.p, (int)(t.n - behind), t.p + behind);
        return;
    }
    buf_printf(out, "\"%.*s\"", TEXT_ARG(made ? T("(uuid)") : now ? T("(now)") : t));
}

/* What $meta gathers has no order. */
static void print_sorted(const yyjson_val *list, struct buf *out);

static void print(const yyjson_val *v, text around, struct buf *out)
{
    text t = json_text(v);
    if (t.p) {
        print_text(t, around, out);
        return;
    }
    if (!json_is_container(v)) {
        buf_printf(out, "#%llx", (unsigned long long)v->tag);
        return;
    }
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    bool bundle = is_bundle(v, NULL);
    bool gathered = text_eq(around, T("valueMeta"));
    const yyjson_val *item = v + 1;
    buf_addc(out, object ? '{' : '[');
    for (size_t left = json_len(v); left; left--) {
        text name = object ? json_text(item) : around;
        item += object;
        if (!object || !left_out(name, gathered ? T("meta") : around, bundle)) {
            if (object) {
                buf_printf(out, "%.*s:", TEXT_ARG(name));
            }
            if (gathered && json_type(item) == YYJSON_TYPE_ARR) {
                print_sorted(item, out);
            } else {
                print(item, name, out);
            }
            buf_addc(out, ',');
        }
        item = json_after(item);
    }
    buf_addc(out, object ? '}' : ']');
}

static int by_bytes(const void *a, const void *b)
{
    const struct buf *x = a;
    const struct buf *y = b;
    return text_cmp(buf_text(x), buf_text(y));
}

static void print_sorted(const yyjson_val *list, struct buf *out)
{
    size_t count = json_len(list);
    struct buf *items = calloc(count ? count : 1, sizeof *items);
    const yyjson_val *item = list + 1;
    for (size_t i = 0; items && i < count; i++, item = json_after(item)) {
        buf_init(&items[i], 1 << 20);
        print(item, T("(gathered)"), &items[i]);
    }
    if (items) {
        qsort(items, count, sizeof *items, by_bytes);
    }
    for (size_t i = 0; items && i < count; i++) {
        buf_add(out, buf_text(&items[i]));
        buf_done(&items[i]);
    }
    free(items);
}

text printed(struct world *w, const yyjson_val *v)
{
    struct buf out;
    buf_init(&out, 1 << 26);
    print(v, T(""), &out);
    text t = arena_copy(&w->a, buf_text(&out));
    buf_done(&out);
    return t;
}

text canonical(struct world *w, text body)
{
    const yyjson_val *root = read_json(w, body);
    return root ? printed(w, root) : body;
}

/* --- pages
 * ------------------------------------------------------------------------------------------- */

struct pages {
    text *matches;
    text *others;
    size_t match_count, other_count;
    struct buf shape; /* totals, and how full each page is */
};

static bool is_match(const yyjson_val *entry)
{
    text mode = json_text(json_get(json_get(entry, T("search")), T("mode")));
    return !mode.p || text_eq(mode, T("match"));
}

static bool is_shown_by_search(const yyjson_val *entry)
{
    return json_get(entry, T("search")) && json_get(entry, T("resource"));
}

/* Of history: what it is of, not how it was made. */
static text printed_entry(struct world *w, const yyjson_val *entry, bool history)
{
    if (is_shown_by_search(entry)) {
        text score = json_text(json_get(json_get(entry, T("search")), T("score")));
        return arena_printf(&w->a, "%.*s %.*s %.*s", TEXT_ARG(score),
                            TEXT_ARG(json_text(json_get(entry, T("fullUrl")))),
                            TEXT_ARG(printed(w, json_get(entry, T("resource")))));
    }
    if (!history) {
        return printed(w, entry);
    }
    const yyjson_val *resource = json_get(entry, T("resource"));
    text url = json_text(json_get(json_get(entry, T("request")), T("url")));
    text method = json_text(json_get(json_get(entry, T("request")), T("method")));
    text id = json_text(json_get(entry, T("fullUrl")));
    return arena_printf(&w->a, "%s %.*s %.*s", text_eq(method, T("DELETE")) ? "deleted" : "written",
                        TEXT_ARG(id.n ? id : url),
                        TEXT_ARG(resource ? printed(w, resource) : T("")));
}

/* "Something is withheld", where the jurisdiction's switch says so: of B nothing is. */
static bool is_told(const yyjson_val *entry)
{
    const yyjson_val *issues = json_get(json_get(entry, T("resource")), T("issue"));
    return text_eq(json_text(json_get(json_get(entry, T("search")), T("mode"))), T("outcome")) &&
           issues && text_eq(json_text(json_get(issues + 1, T("code"))), T("suppressed"));
}

/*
 * How a search was run (_explain). What was looked at on the way is as much as there is, seen or
 * not: only those who see all are told of it in numbers.
 */
static bool is_explained(struct world *w, const yyjson_val *entry, bool as_actor)
{
    static const char *const told[] = {"visited=", "estimate=", "kept=", "microseconds="};
    const yyjson_val *issues = json_get(json_get(entry, T("resource")), T("issue"));
    const yyjson_val *details = issues ? json_get(issues + 1, T("details")) : NULL;
    if (!text_starts(json_text(json_get(details, T("text"))), T("how the search was run"))) {
        return false;
    }
    text whole = printed(w, entry);
    bool numbers = false;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        for (const char *at = strstr(whole.p, told[i]); at; at = strstr(at + 1, told[i])) {
            char c = at[strlen(told[i])];
            numbers = numbers || (c >= '1' && c <= '9') || (c == '0' && i == 1);
        }
    }
    return !as_actor || !numbers;
}

static void take_page(struct world *w, struct pages *p, const yyjson_val *root, bool as_actor)
{
    const yyjson_val *list = json_get(root, T("entry"));
    const yyjson_val *item = list ? list + 1 : NULL;
    bool history = is_bundle(root, "history");
    size_t full = 0;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        bool match = is_match(item);
        if (is_told(item) || is_explained(w, item, as_actor)) {
            continue;
        }
        text t = printed_entry(w, item, history);
        full += match;
        if (match && p->match_count < ITEMS_MOST) {
            p->matches[p->match_count++] = t;
        } else if (!match && p->other_count < ITEMS_MOST) {
            p->others[p->other_count++] = t;
        }
    }
    text total = json_text(json_get(root, T("total")));
    buf_printf(&p->shape, "page: %zu of %.*s\n", full, TEXT_ARG(total));
}

static int by_text(const void *a, const void *b)
{
    return text_cmp(*(const text *)a, *(const text *)b);
}

static text joined(struct world *w, struct pages *p, const struct ask *ask)
{
    struct buf out;
    buf_init(&out, 1 << 26);
    buf_add(&out, buf_text(&p->shape));
    if (!ask->ordered) {
        qsort(p->matches, p->match_count, sizeof *p->matches, by_text);
    }
    qsort(p->others, p->other_count, sizeof *p->others, by_text);
    for (size_t i = 0; i < p->match_count; i++) {
        buf_printf(&out, "%.*s\n", TEXT_ARG(p->matches[i]));
    }
    for (size_t i = 0; i < p->other_count; i++) {
        /* Each page brings its own, but for those that it has as matches. */
        bool known = i > 0 && text_eq(p->others[i], p->others[i - 1]);
        for (size_t k = 0; k < p->match_count && !known; k++) {
            known = text_eq(p->others[i], p->matches[k]);
        }
        if (!known) {
            buf_printf(&out, "besides %.*s\n", TEXT_ARG(p->others[i]));
        }
    }
    text t = arena_copy(&w->a, buf_text(&out));
    buf_done(&out);
    buf_done(&p->shape);
    return t;
}

static const char *next_of(struct world *w, const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("link"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        text url = json_text(json_get(item, T("url")));
        if (text_eq(json_text(json_get(item, T("relation"))), T("next"))) {
            url = text_from(url, T("http://localhost/fhir").n);
            return arena_copy(&w->a, text_from(url, text_starts(url, T("/")))).p;
        }
    }
    return NULL;
}

/* --- whole answers
 * ------------------------------------------------------------------------------------ */

static bool role_may(struct world *w, text url, uint8_t right)
{
    size_t end = 0;
    while (end < url.n && url.p[end] != '/' && url.p[end] != '?') {
        end++;
    }
    fhir_type type = fhir_type_of(text_first(url, end));
    return type == 0 || (grant_rights(w->g, type) & right);
}

bool role_may_ask(struct world *w, const struct ask *ask)
{
    text url = text_of(ask->path);
    const char *q = strchr(ask->path, '?');
    bool search = !strchr(ask->path, '/') || (q && strchr(ask->path, '/') > q) ||
                  strstr(ask->path, "_search") || strstr(ask->path, "$match");
    if (!role_may(w, url, search ? MAY_SEARCH : MAY_READ) || text_ends(url, T("$ask"))) {
        return false; /* $ask: for the person, those who act for them, and staff (R4, R5) */
    }
    /* Patient/1/Observation: the type behind it; Observation/_history is a search. */
    size_t slash = text_find(url, '/');
    text behind = text_from(url, slash + 1);
    if (text_starts(behind, T("_history"))) {
        return role_may(w, url, MAY_SEARCH);
    }
    behind = text_from(behind, text_find(behind, '/') + 1);
    return !(behind.n && behind.p[0] >= 'A' && behind.p[0] <= 'Z') ||
           role_may(w, behind, MAY_SEARCH);
}

/* What the role may not ask is refused, whatever is there; of each entry of a batch. */
static void forgive_batch(struct world *w, const struct ask *ask, struct pages *p)
{
    const yyjson_val *root = ask->body ? read_json(w, text_of(ask->body)) : NULL;
    const yyjson_val *list = json_get(root, T("entry"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t i = 0; list && i < json_len(list) && i < p->match_count;
         i++, item = json_after(item)) {
        text url = json_text(json_get(json_get(item, T("request")), T("url")));
        struct ask one = {.path = arena_copy(&w->a, url).p};
        if (!role_may_ask(w, &one)) {
            p->matches[i] = T("refused");
        }
    }
}

/* Which of several that say the same a summary takes, and in what order, goes by when they were
 * written, to the millisecond, and is another in B. So every entry has to be a version that is
 * seen, and the patient in it is the same; its words are made of these. */
static text summary_text(struct world *w, const yyjson_val *root, const char **ret_why)
{
    const yyjson_val *list = json_get(root, T("entry"));
    const yyjson_val *item = list ? list + 1 : NULL;
    text patient = T("");
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        const yyjson_val *resource = json_get(item, T("resource"));
        unsigned tag = tag_shown(resource);
        for (size_t i = 0; tag && i < w->count; i++) {
            if (w->ops[i].tag == tag && !w->ops[i].seen) {
                *ret_why = arena_printf(&w->a, "summary of hidden %s", w->ops[i].id).p;
            }
        }
        if (text_eq(json_text(json_get(resource, T("resourceType"))), T("Patient"))) {
            patient = printed(w, resource);
        }
    }
    return patient;
}

text answer_text(struct world *w, struct side *s, const struct ask *ask, bool as_actor,
                 const struct ask *refused_as, int *ret_status, const char **ret_why)
{
    struct pages p = {0};
    struct ask page = *ask;
    struct answered got;
    struct told told = {0};
    *ret_why = NULL;
    buf_init(&p.shape, 1 << 20);
    p.matches = arena_zalloc(&w->a, ITEMS_MOST, sizeof(text));
    p.others = arena_zalloc(&w->a, ITEMS_MOST, sizeof(text));
    for (size_t i = 0; i < PAGES_MOST; i++) {
        side_ask(w, s, &page, as_actor, &got);
        const yyjson_val *root = read_json(w, got.body);
        if (i == 0) {
            *ret_status = got.status;
        }
        if (as_actor && got.status == 200 && !*ret_why) {
            *ret_why = log_lacks(w, s, &got, root, &told);
        }
        bool listed = is_bundle(root, "searchset") || is_bundle(root, "history") ||
                      is_bundle(root, "batch-response") || is_bundle(root, "transaction-response");
        if (got.status != 200 || !listed) {
            buf_done(&p.shape);
            *ret_why = *ret_why || !as_actor || ask->method == HTTP_HEAD
                           ? *ret_why
                           : log_has_more(w, ask, &told);
            bool summary = got.status == 200 && strstr(ask->path, "$summary");
            text t = !root ? got.body : summary ? summary_text(w, root, ret_why) : printed(w, root);
            return arena_printf(&w->a, "%d %.*s", got.status, TEXT_ARG(t));
        }
        take_page(w, &p, root, as_actor);
        if (is_bundle(root, "batch-response")) {
            forgive_batch(w, refused_as, &p);
        }
        const char *next = next_of(w, root);
        if (!next) {
            break;
        }
        page = (struct ask){HTTP_GET, next, NULL, NULL, NULL, ask->ordered};
    }
    if (as_actor && !*ret_why) {
        *ret_why = log_has_more(w, ask, &told);
    }
    return joined(w, &p, ask);
}
