#include "leaks.h"

#include "base/clock.h"
#include "base/pace.h"
#include "rest/jobs.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Bulk exports: kick-off, state, files. What is compared is every line of every file, and how many
 * there are of each type; not the order, the id of the job, nor the time.
 */

enum { LINES_MOST = 4000, LOOKS_MOST = 200000, LOOK_NS = 50000 };

static const struct {
    enum http_method method;
    const char *path;
    const char *body;
} exports[] = {
    {HTTP_GET, "$export", NULL},
    {HTTP_GET, "$export?_type=<type>,Observation", NULL},
    {HTTP_GET, "$export?_since=<2000|2090>-01-01T00:00:00Z", NULL},
    {HTTP_GET, "$export?_type=Observation&_typeFilter=Observation%3Fcode%3D<13746004|271649006>",
     NULL},
    {HTTP_GET, "$export?_type=Condition,Patient&_elements=id,Patient.gender", NULL},
    {HTTP_GET, "Patient/$export", NULL},
    {HTTP_GET, "Patient/$export?_since=<2000|2090>-01-01T00:00:00Z", NULL},
    {HTTP_GET, "Patient/$export?_type=Observation,Condition,Encounter", NULL},
    {HTTP_GET, "Group/<#Group>/$export", NULL},
    {HTTP_GET, "Group/<#Group>/$export?_type=Observation", NULL},
    {HTTP_GET, "Group/Group-<7|8>/$export", NULL},
    {HTTP_POST, "Patient/$export",
     "{'resourceType':'Parameters','parameter':[{'name':'patient','valueReference':{'reference':'"
     "Patient/<#Patient>'}}<|,{'name':'patient','valueReference':{'reference':'Patient/"
     "never'}}>]}"},
    {HTTP_POST, "Group/<#Group>/$export",
     "{'resourceType':'Parameters','parameter':[{'name':'patient','valueReference':{'reference':'"
     "Patient/<#Patient>'}}]}"},
};

struct lines {
    text *items;
    size_t count;
    struct people people; /* whose they are */
};

static void add_line(struct world *w, struct lines *l, text series, text line)
{
    if (l->count < LINES_MOST) {
        l->items[l->count++] = arena_printf(&w->a, "%.*s %.*s", TEXT_ARG(series), TEXT_ARG(line));
    }
}

/* "Observation/Observation-3", deleted: whose it was. */
static void add_deleted(struct world *w, struct lines *l, const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("entry"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        text url = json_text(json_get(json_get(item, T("request")), T("url")));
        add_line(w, l, T("deleted"), url);
        for (size_t i = 0; i < w->count; i++) {
            const struct op *op = &w->ops[i];
            text name = arena_printf(&w->a, "%s/%s", op->type, op->id);
            if (op->patient && *op->patient && text_eq(name, url)) {
                people_add(&l->people, op->patient);
            }
        }
    }
}

static void add_file(struct world *w, struct lines *l, text series, text body)
{
    text line;
    while (text_cut(&body, '\n', &line)) {
        const yyjson_val *root = read_json(w, line);
        if (!root && line.n) {
            add_line(w, l, T("unreadable"), line);
        } else if (root && text_eq(series, T("deleted"))) {
            add_deleted(w, l, root);
        } else if (root) {
            people_gather(w, root, &l->people);
            add_line(w, l, series, printed(w, root));
        }
    }
}

/* All after ".../fhir/". */
static const char *below(struct world *w, text url)
{
    static const char word[] = "/fhir/";
    const char *at = url.n ? memmem(url.p, url.n, word, sizeof word - 1) : NULL;
    return at ? arena_copy(&w->a, text_from(url, (size_t)(at - url.p) + sizeof word - 1)).p : "";
}

static void take_files(struct world *w, struct side *s, bool as_actor, const yyjson_val *manifest,
                       struct lines *l)
{
    static const char *const lists[] = {"output", "deleted", "error"};
    for (size_t k = 0; k < 3; k++) {
        const yyjson_val *list = json_get(manifest, text_of(lists[k]));
        const yyjson_val *item = list ? list + 1 : NULL;
        for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
            struct answered got;
            struct ask ask = {.method = HTTP_GET,
                              .path = below(w, json_text(json_get(item, T("url"))))};
            side_ask(w, s, &ask, as_actor, &got);
            text series = k ? text_of(lists[k]) : json_text(json_get(item, T("type")));
            text count = k ? T("some") : json_text(json_get(item, T("count")));
            add_line(w, l, T("counted"),
                     arena_printf(&w->a, "%.*s: %.*s", TEXT_ARG(series), TEXT_ARG(count)));
            add_file(w, l, series, got.body);
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return text_cmp(*(const text *)a, *(const text *)b);
}

static text job_of(struct world *w, const struct answered *got)
{
    static const char word[] = "Content-Location: ";
    const char *at = got->head.p ? strstr(got->head.p, word) : NULL;
    return at ? text_of(below(w, text_make(at, strcspn(at, "\r\n")))) : (text){0};
}

/* From the kick-off to the last file, as one text. */
static text whole_export(struct world *w, struct side *s, const struct ask *ask, bool as_actor,
                         int *ret_status, text *ret_job, struct lines *l)
{
    struct answered got;
    struct err e = {0};
    struct jobs_config config = {.dir = s->dir, .rest = &s->rest};
    if (!s->jobs && jobs_open(&config, &s->jobs, &e)) {
        (void)fprintf(stderr, "jobs_open: %s\n", err_text(&e));
        abort();
    }
    s->rest.jobs = s->jobs;
    side_ask(w, s, ask, as_actor, &got);
    *ret_status = got.status;
    *ret_job = job_of(w, &got);
    if (got.status != 202) {
        return canonical(w, got.body);
    }
    struct ask state = {.method = HTTP_GET, .path = ret_job->p};
    for (unsigned i = 0; i < LOOKS_MOST && got.status == 202; i++) {
        pace_until(clock_mono_ns() + LOOK_NS);
        side_ask(w, s, &state, as_actor, &got);
    }
    *ret_status = got.status;
    if (got.status != 200) {
        return canonical(w, got.body);
    }
    struct buf out;
    buf_init(&out, 1 << 26);
    take_files(w, s, as_actor, read_json(w, got.body), l);
    qsort(l->items, l->count, sizeof *l->items, by_text);
    for (size_t i = 0; i < l->count; i++) {
        buf_printf(&out, "%.*s\n", TEXT_ARG(l->items[i]));
    }
    text t = arena_copy(&w->a, buf_text(&out));
    buf_done(&out);
    return t.p ? t : T("");
}

/* Whoever is in the files is told of in the log, and, but for the members of a group, who were
 * looked up, nobody else. */
static const char *log_differs(struct world *w, struct side *a, const struct ask *ask,
                               uint64_t from, const struct lines *l)
{
    struct told told = {.shown = l->people};
    struct answered all = {.leaf_from = from, .leaf_to = audit_size(a->audit)};
    const char *why = log_lacks(w, a, &all, NULL, &told);
    struct people noted = told.noted;
    for (size_t i = 0; i < l->people.count && !why; i++) {
        size_t before = noted.count;
        people_add(&noted, l->people.ids[i]);
        if (noted.count > before) {
            why = arena_printf(&w->a, "%s was exported, which the log does not tell",
                               l->people.ids[i])
                      .p;
        }
    }
    bool looked_up = strstr(ask->path, "Group/") || ask->body;
    return why || looked_up ? why : log_has_more(w, ask, &told);
}

/* Another program's job is no more there than one that never was. */
static const char *other_sees(struct world *w, struct side *a, text job)
{
    struct caller own = w->caller;
    struct answered got[2];
    struct ask asks[2] = {{.method = HTTP_GET, .path = job.p},
                          {.method = HTTP_GET, .path = "_jobs/never"}};
    w->caller.client = T("another");
    for (size_t i = 0; i < 2; i++) {
        side_ask(w, a, &asks[i], true, &got[i]);
    }
    w->caller = own;
    bool same = got[0].status == got[1].status &&
                text_eq(canonical(w, got[0].body), canonical(w, got[1].body));
    return same && got[0].status == 404 ? NULL : "another program finds the job";
}

/* Loading is the operator's. */
static const char *import_is_refused(struct world *w, struct side *a)
{
    struct answered got;
    struct ask ask = {.method = HTTP_POST,
                      .path = "$import",
                      .body = "{\"resourceType\":\"Parameters\"}",
                      .field = "Prefer",
                      .value = "respond-async"};
    side_ask(w, a, &ask, true, &got);
    bool may = grant_can(w->g, ACTIVITY_MANAGE_NODE);
    return may || got.status == 403 ? NULL : "an import, which nobody but the operator may ask for";
}

const char *ask_export(struct world *w, struct side *a, struct side *b, const char **ret_words)
{
    unsigned k = any(w, sizeof exports / sizeof *exports);
    struct ask ask = {.method = exports[k].method,
                      .path = fill(w, exports[k].path, "", 0, 0),
                      .body = exports[k].body ? fill(w, exports[k].body, "", 0, 0) : NULL,
                      .field = "Prefer",
                      .value = "respond-async"};
    struct lines lines[2] = {{.items = arena_zalloc(&w->a, LINES_MOST, sizeof(text))},
                             {.items = arena_zalloc(&w->a, LINES_MOST, sizeof(text))}};
    int status_a = 0;
    int status_b = 0;
    text job, ignored;
    bool program = w->caller.actor.kind == ACTOR_SYSTEM;
    uint64_t from = audit_size(a->audit);
    if (any(w, 20) == 0) {
        *ret_words = "$import";
        return import_is_refused(w, a);
    }
    *ret_words = arena_printf(&w->a, "export %s %s", ask.path, ask.body ? ask.body : "").p;
    text of_a = whole_export(w, a, &ask, true, &status_a, &job, &lines[0]);
    if (status_a == 403) {
        bool may = program && grant_can(w->g, ACTIVITY_EXPORT);
        return may ? arena_printf(&w->a, "refused: %.*s", TEXT_ARG(of_a)).p : NULL;
    }
    if (!program) {
        return "exports are for programs, but this went through";
    }
    text of_b = whole_export(w, b, &ask, false, &status_b, &ignored, &lines[1]);
    if (status_a != status_b || !text_eq(of_a, of_b)) {
        return arena_printf(&w->a, "A: %d %.*s\nB: %d %.*s", status_a, TEXT_ARG(of_a), status_b,
                            TEXT_ARG(of_b))
            .p;
    }
    const char *why = log_differs(w, a, &ask, from, &lines[0]);
    return why || !job.n ? why : other_sees(w, a, job);
}
