#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * What was asked, counted by interaction, operation and word of a query, so that a hole is seen.
 * What has to be asked stands in the CapabilityStatement: its interactions, its operations by where
 * they are, its parameters of all types, and the words that its documentation puts in backticks.
 */

enum { ROWS = 300, NAME_MOST = 60 };

struct row {
    char name[NAME_MOST];
    char needle[NAME_MOST]; /* of a query: where this stands; empty: by drawn_note() */
    bool needed;
    uint64_t drawn;
    uint64_t answered; /* not refused, and not "not there" */
};

struct drawn {
    struct row rows[ROWS];
    size_t count;
    bool learnt;
};

struct drawn *drawn_new(void)
{
    struct drawn *d = calloc(1, sizeof *d);
    if (!d) {
        abort();
    }
    return d;
}

void drawn_free(struct drawn *d)
{
    free(d);
}

static struct row *row_of(struct drawn *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->rows[i].name, name) == 0) {
            return &d->rows[i];
        }
    }
    if (d->count == ROWS) {
        abort();
    }
    struct row *row = &d->rows[d->count++];
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

/* --- what has to be asked -------------------------------------------------------------------- */

static void need(struct drawn *d, const char *prefix, text name, const char *needle)
{
    char whole[NAME_MOST];
    (void)snprintf(whole, sizeof whole, "%s%.*s", prefix, TEXT_ARG(name));
    struct row *row = row_of(d, whole);
    row->needed = true;
    (void)snprintf(row->needle, sizeof row->needle, "%s", needle);
}

/* Calls use() for each item of a list. */
static void each(struct drawn *d, const yyjson_val *list, const char *prefix,
                 void (*use)(struct drawn *, const char *, const yyjson_val *))
{
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        use(d, prefix, item);
    }
}

static void need_interaction(struct drawn *d, const char *prefix, const yyjson_val *item)
{
    need(d, prefix, json_text(json_get(item, T("code"))), "");
}

static void need_operation(struct drawn *d, const char *prefix, const yyjson_val *item)
{
    need(d, prefix, json_text(json_get(item, T("name"))), "");
}

static void need_param(struct drawn *d, const char *prefix, const yyjson_val *item)
{
    text name = json_text(json_get(item, T("name")));
    char needle[NAME_MOST];
    (void)snprintf(needle, sizeof needle, "%.*s", TEXT_ARG(name));
    need(d, prefix, name, needle);
}

static void need_of_type(struct drawn *d, const char *prefix, const yyjson_val *item)
{
    static const char *const flags[] = {"conditionalCreate", "conditionalUpdate",
                                        "conditionalDelete", "conditionalRead"};
    (void)prefix;
    text type = json_text(json_get(item, T("type")));
    bool of_some = text_eq(type, T("Patient")) || text_eq(type, T("Group"));
    each(d, json_get(item, T("interaction")), "", need_interaction);
    each(d, json_get(item, T("operation")), of_some ? "Patient or Group $" : "$", need_operation);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (json_get(item, text_of(flags[i]))) {
            need(d, "", text_of(flags[i]), "");
        }
    }
}

/* `:missing`, `_sort`, `Prefer: handling=lenient` ... */
static void need_words(struct drawn *d, text words)
{
    static const struct {
        const char *word;
        const char *needle;
    } others[] = {{":[type]", ":Patient"},
                  {"*", "clude=*"},
                  {"Prefer: handling=lenient", "handling=lenient"}};
    text piece;
    for (size_t i = 0; text_cut(&words, '`', &piece); i++) {
        if (i % 2 == 0) {
            continue;
        }
        char needle[NAME_MOST];
        (void)snprintf(needle, sizeof needle, "%.*s", TEXT_ARG(piece));
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            if (text_eq(piece, text_of(others[k].word))) {
                (void)snprintf(needle, sizeof needle, "%s", others[k].needle);
            }
        }
        need(d, "word ", piece, needle);
    }
}

void drawn_learn(struct world *w, struct side *s)
{
    struct drawn *d = w->drawn;
    struct answered got;
    struct ask ask = {.method = HTTP_GET, .path = "metadata"};
    if (d->learnt) {
        return;
    }
    side_ask(w, s, &ask, true, &got);
    const yyjson_val *rest = json_get(read_json(w, got.body), T("rest"));
    if (got.status != 200 || !rest) {
        (void)fprintf(stderr, "no CapabilityStatement: %d\n", got.status);
        abort();
    }
    d->learnt = true;
    rest++;
    each(d, json_get(rest, T("resource")), "", need_of_type);
    each(d, json_get(rest, T("interaction")), "", need_interaction);
    each(d, json_get(rest, T("operation")), "system $", need_operation);
    each(d, json_get(rest, T("searchParam")), "parameter ", need_param);
    need_words(d, json_text(json_get(rest, T("documentation"))));
}

/* --- what was asked -------------------------------------------------------------------------- */

/* The path of an ask, in parts. */
struct parts {
    text s[6];
    size_t n;
    bool typed; /* the first is a type */
};

static struct parts parts_of(text path)
{
    struct parts p = {.n = 0};
    text part;
    path = text_first(path, text_find(path, '?'));
    while (path.n && p.n < 6 && text_cut(&path, '/', &part)) {
        p.s[p.n++] = part;
    }
    p.typed = p.n && p.s[0].p[0] >= 'A' && p.s[0].p[0] <= 'Z';
    return p;
}

static const char *of_instance(enum http_method method)
{
    switch (method) {
    case HTTP_PUT:
        return "update";
    case HTTP_PATCH:
        return "patch";
    case HTTP_DELETE:
        return "delete";
    case HTTP_HEAD:
        return "read by HEAD";
    default:
        return "read";
    }
}

static const char *of_type(enum http_method method)
{
    switch (method) {
    case HTTP_POST:
        return "create";
    case HTTP_PUT:
        return "conditionalUpdate";
    case HTTP_PATCH:
        return "conditional patch";
    case HTTP_DELETE:
        return "conditionalDelete";
    default:
        return "search-type";
    }
}

static const char *name_of(const struct parts *p, enum http_method method, const char *body)
{
    text last = p->n ? p->s[p->n - 1] : T("");
    if (p->n == 0) {
        return method != HTTP_POST                              ? "search-system"
               : body && strstr(body, "\"type\":\"transaction") ? "transaction"
                                                                : "batch";
    }
    if (text_eq(last, T("_history"))) {
        return p->n == 1 ? "history-system" : p->n == 2 ? "history-type" : "history-instance";
    }
    if (p->n == 4 && text_eq(p->s[2], T("_history"))) {
        return "vread";
    }
    if (text_eq(last, T("_search"))) {
        return "search-type by POST";
    }
    if (!p->typed) {
        return text_eq(p->s[0], T("_jobs")) ? "jobs and their files" : "capabilities";
    }
    return p->n == 1   ? of_type(method)
           : p->n == 2 ? of_instance(method)
                       : "search of a compartment";
}

static void count(struct row *row, int status)
{
    row->drawn++;
    row->answered += status < 400;
}

static void note_operation(struct drawn *d, const struct parts *p, int status)
{
    char name[NAME_MOST];
    text last = p->s[p->n - 1];
    bool of_some = p->typed && (text_eq(p->s[0], T("Patient")) || text_eq(p->s[0], T("Group")));
    (void)snprintf(name, sizeof name, "%s%.*s",
                   !p->typed ? "system "
                   : of_some ? "Patient or Group "
                             : "",
                   TEXT_ARG(last));
    count(row_of(d, name), status);
    (void)snprintf(name, sizeof name, "%.*s, %s", TEXT_ARG(last),
                   !p->typed   ? "of the system"
                   : p->n == 2 ? "of a type"
                               : "of an instance");
    count(row_of(d, name), status);
}

static bool asks_for(const struct ask *ask, const char *needle)
{
    const char *query = strchr(ask->path, '?');
    bool form = strstr(ask->path, "_search") && ask->body;
    return (query && strstr(query, needle)) || (form && strstr(ask->body, needle)) ||
           (ask->value && strstr(ask->value, needle));
}

/* The entries of a bundle, by their methods. */
static void note_entries(struct drawn *d, const struct ask *ask, int status)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    static const char word[] = "\"method\":\"";
    bool is_bundle = ask->body && ask->path[0] == 0;
    for (const char *at = is_bundle ? strstr(ask->body, word) : NULL; at; at = strstr(at, word)) {
        at += sizeof word - 1;
        const char *url = strstr(at, "\"url\":\"");
        text method = text_make(at, strcspn(at, "\""));
        for (size_t i = 0; url && i < sizeof methods / sizeof *methods; i++) {
            if (text_eq(method, text_of(methods[i]))) {
                char name[NAME_MOST];
                url += strlen("\"url\":\"");
                struct parts p = parts_of(text_make(url, strcspn(url, "\"")));
                (void)snprintf(name, sizeof name, "in a bundle: %s",
                               p.n ? name_of(&p, (enum http_method)i, NULL) : "search-system");
                count(row_of(d, name), status);
                break;
            }
        }
    }
}

void drawn_note(struct drawn *d, const struct ask *ask, int status)
{
    struct parts p = parts_of(text_of(ask->path));
    if (!d) {
        return;
    }
    if (p.n && p.s[p.n - 1].n && p.s[p.n - 1].p[0] == '$') {
        note_operation(d, &p, status);
        return;
    }
    const char *name = name_of(&p, ask->method, ask->body);
    count(row_of(d, name), status);
    if (ask->field && strncmp(ask->field, "If-", 3) == 0) {
        bool reads = strcmp(name, "read") == 0;
        bool creates = strcmp(ask->field, "If-None-Exist") == 0;
        count(row_of(d, creates ? "conditionalCreate"
                        : reads ? "conditionalRead"
                                : "write with If-Match or If-None-Match"),
              status);
    }
    for (size_t i = 0; i < d->count; i++) {
        if (d->rows[i].needle[0] && asks_for(ask, d->rows[i].needle)) {
            count(&d->rows[i], status);
        }
    }
    note_entries(d, ask, status);
}

/* --- the list -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

size_t drawn_print(const struct drawn *d)
{
    struct drawn sorted = *d;
    size_t holes = 0;
    qsort(sorted.rows, sorted.count, sizeof *sorted.rows, by_name);
    (void)printf("%-50s %8s %8s\n", "asked as the actor, pages apart", "drawn", "< 400");
    for (size_t i = 0; i < sorted.count; i++) {
        const struct row *row = &sorted.rows[i];
        bool hole = row->needed && row->drawn == 0;
        holes += hole;
        (void)printf("%-50s %8llu %8llu%s\n", row->name, (unsigned long long)row->drawn,
                     (unsigned long long)row->answered, hole ? "  NEVER DRAWN" : "");
    }
    return holes;
}
