#include "leaks.h"

#include "base/clock.h"
#include "policy/grant_made.h"
#include "policy/touched.h"
#include "rest/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The two stores, and the slow walk that says what of the first the second has. */

static void fail(const char *what, const struct err *e)
{
    (void)fprintf(stderr, "%s: %s\n", what, err_text(e));
    abort();
}

static struct limits limits_of_all;

static void side_open(struct side *s, const char *folder, const char *name)
{
    struct err e = {0};
    limits_of_all = limits_default();
    *s = (struct side){0};
    (void)snprintf(s->log, sizeof s->log, "%s/%s-audit", folder, name);
    struct audit_config log = {.dir = s->log, .origin = T("kith.care/log/Y90001"), .writes = true};
    if (audit_open(&log, &s->audit, &e)) {
        fail("audit_open", &e);
    }
    (void)snprintf(s->dir, sizeof s->dir, "%s/%s", folder, name);
    struct store_identity who = {T("Y90001"), T("Practice")};
    if (store_create(s->dir, &who, &e)) {
        fail("store_create", &e);
    }
    struct store_config config = {.dir = s->dir,
                                  .mode = STORE_SERVE,
                                  .limits = &limits_of_all,
                                  .rules.base = T("http://localhost/fhir")};
    if (store_open(&config, &s->store, &e)) {
        fail("store_open", &e);
    }
    s->rest = (struct rest){.store = s->store,
                            .limits = &limits_of_all,
                            .base = T("http://localhost/fhir"),
                            .version = T("test"),
                            .audit = s->audit,
                            .loopback = true};
}

static void side_close(struct side *s)
{
    char command[400];
    jobs_close(s->jobs);
    store_close(s->store);
    audit_close(s->audit);
    (void)snprintf(command, sizeof command, "rm -rf '%s' '%s'", s->dir, s->log);
    if (system(command)) {
        (void)fprintf(stderr, "%s stays\n", s->dir);
    }
}

void sides_close(struct side *a, struct side *b)
{
    side_close(a);
    side_close(b);
}

/* --- asking
 * ---------------------------------------------------------------------------------------- */

static text drain(struct world *w, struct http_reply *reply)
{
    struct buf all;
    buf_init(&all, 1 << 26);
    buf_add(&all, buf_text(&reply->body));
    for (int more = reply->more ? 1 : 0; more > 0;) {
        buf_clear(&reply->body);
        more = reply->more(reply, reply->more_state);
        if (more >= 0) {
            buf_add(&all, buf_text(&reply->body));
        } else {
            buf_add(&all, T("(broken off)"));
        }
    }
    text t = arena_copy(&w->a, buf_text(&all));
    buf_done(&all);
    return t.p ? t : T("");
}

void side_ask(struct world *w, struct side *s, const struct ask *ask, bool as_actor,
              struct answered *ret)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    struct arena arena;
    struct http_reply reply = {0};
    text target = arena_printf(&w->a, "/fhir/%s", ask->path);
    size_t mark = text_find(target, '?');
    bool form = strstr(ask->path, "_search") && ask->method == HTTP_POST;
    bool patch = ask->method == HTTP_PATCH;
    struct http_field fields[3] = {{T("Host"), T("localhost")}};
    size_t count = 1;
    if (ask->body) {
        fields[count++] =
            (struct http_field){T("Content-Type"), form    ? T("application/x-www-form-urlencoded")
                                                   : patch ? T("application/json-patch+json")
                                                           : T("application/fhir+json")};
    }
    if (ask->field) {
        fields[count++] = (struct http_field){text_of(ask->field), text_of(ask->value)};
    }
    arena_init(&arena, limits_of_all.request_memory);
    struct http_request request = {.method = ask->method,
                                   .method_name = text_of(names[ask->method]),
                                   .target = target,
                                   .path = text_first(target, mark),
                                   .query =
                                       mark < target.n ? text_from(target, mark + 1) : (text){0},
                                   .fields = fields,
                                   .field_count = count,
                                   .body = text_of(ask->body),
                                   .arena = &arena};
    struct rest local = s->rest;
    local.local = true;
    buf_init(&reply.head, 1 << 16);
    buf_init(&reply.body, 1 << 26);
    ret->leaf_from = audit_size(s->rest.audit);
    rest_handle_as(as_actor ? &s->rest : &local, as_actor ? &w->caller : NULL, &request, &reply);
    ret->status = reply.status;
    ret->body = drain(w, &reply);
    ret->head = arena_copy(&w->a, buf_text(&reply.head));
    ret->leaf_to = audit_size(s->rest.audit);
    if (as_actor) {
        drawn_note(w->drawn, ask, ret->status);
    }
    if (reply.more_done) {
        reply.more_done(reply.more_state);
    }
    buf_done(&reply.head);
    buf_done(&reply.body);
    arena_done(&arena);
}

/* The number of the version that a reply tells of. */
static uint64_t etag_of(const struct answered *a)
{
    const char *at = a->head.p ? strstr(a->head.p, "ETag: W/\"") : NULL;
    return at ? strtoull(at + strlen("ETag: W/\""), NULL, 10) : 0;
}

uint64_t side_vid(struct world *w, struct side *s, const struct op *op)
{
    struct answered got;
    struct ask ask = {HTTP_GET, arena_printf(&w->a, "%s/%s", op->type, op->id).p, NULL, NULL, NULL,
                      false};
    side_ask(w, s, &ask, false, &got);
    return got.status == 200 || got.status == 410 ? etag_of(&got) : 0;
}

static uint64_t put(struct world *w, struct side *s, const struct op *op)
{
    struct answered got;
    struct ask ask = {op->json ? HTTP_PUT : HTTP_DELETE,
                      arena_printf(&w->a, "%s/%s", op->type, op->id).p,
                      op->json,
                      NULL,
                      NULL,
                      false};
    side_ask(w, s, &ask, false, &got);
    if (got.status >= 300) {
        (void)fprintf(stderr, "seed %llu: %s: %d %.*s\n%s\n", (unsigned long long)w->seed, ask.path,
                      got.status, TEXT_ARG(got.body), op->json ? op->json : "");
        abort();
    }
    return etag_of(&got);
}

/* --- the walk
 * ---------------------------------------------------------------------------------------- */

/* Fills in rid, patient and current of every version: one that names another patient than the one
 * before it has another key. */
static void find_keys(struct world *w, struct side *s)
{
    struct store_view *view;
    struct err e = {0};
    if (store_view_begin(s->store, policy_local_administrator(), STORE_ONE_READ, &view, &e)) {
        fail("store_view_begin", &e);
    }
    for (size_t i = 0; i < w->count; i++) {
        struct op *op = &w->ops[i];
        fhir_type type = fhir_type_of(text_of(op->type));
        struct version v, now;
        text patient;
        if (op->vid == 0 || store_read(view, type, text_of(op->id), &w->a, &now, &e) ||
            store_vread(view, type, text_of(op->id), op->vid, &w->a, &v, &e)) {
            continue;
        }
        op->rid = v.rid;
        op->current = now.vid == op->vid;
        if (v.rid >> 28 >= 1024 && !store_patient_of(view, v.rid >> 28, &patient)) {
            op->patient = arena_copy(&w->a, patient).p;
        }
    }
    store_view_end(view);
}

static void find_facts(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct op *op = &w->ops[i];
        struct err e = {0};
        yyjson_val *root;
        op->facts = T("");
        if (op->json && !op->dropped &&
            (json_read(text_of(op->json), 100, &w->a, &root, &e) ||
             policy_facts(fhir_type_of(text_of(op->type)), root, NULL, &w->a, &op->facts, &e))) {
            fail("policy_facts", &e);
        }
    }
}

static int by_rid(const void *a, const void *b)
{
    const struct sheet_row *x = a;
    const struct sheet_row *y = b;
    return x->rid < y->rid ? -1 : x->rid > y->rid;
}

/* What a key's versions say: the current one's facts, and the labels of the others. */
static struct sheet_row row_of(const struct world *w, const struct op *op)
{
    struct sheet_row row = {
        .rid = op->rid, .type = fhir_type_of(text_of(op->type)), .id = T(""), .facts = T("")};
    for (size_t k = 0; k < w->count; k++) {
        const struct op *other = &w->ops[k];
        if (!other->vid || other->rid != op->rid) {
            continue;
        }
        if (other->current) {
            row.id = text_of(other->id);
            row.facts = other->facts;
        } else {
            row.past |= facts_labels(other->facts);
        }
    }
    return row;
}

static struct sheet *make_sheet(struct world *w, struct side *s, uint64_t compartment)
{
    struct sheet_row *rows = arena_zalloc(&w->a, w->count, sizeof *rows);
    struct sheet *sheet = NULL;
    struct err e = {0};
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct op *op = &w->ops[i];
        bool known = !op->vid || op->rid >> 28 != compartment;
        for (size_t k = 0; k < count && !known; k++) {
            known = rows[k].rid == op->rid;
        }
        if (!known) {
            rows[count++] = row_of(w, op);
        }
    }
    qsort(rows, count, sizeof *rows, by_rid);
    if (count && sheet_make(store_policy_key(s->store), rows, count, &sheet, &e)) {
        fail("sheet_make", &e);
    }
    return sheet;
}

static bool has_code(const char *json, text code)
{
    char word[80];
    (void)snprintf(word, sizeof word, "\"code\":\"%.*s\"", TEXT_ARG(code));
    return json && strstr(json, word);
}

/* Scopes with parameters, which here are of two kinds alone. */
static bool within_scope(struct world *w, const struct op *op)
{
    size_t count = 0;
    fhir_type type = fhir_type_of(text_of(op->type));
    uint8_t rights = grant_rights(w->g, type);
    uint8_t asked = rights & MAY_READ ? MAY_READ : MAY_SEARCH;
    (void)grant_only(w->g, type, asked, &count);
    bool has = count == 0;
    for (size_t i = 0; !has && i < w->caller.scopes->count; i++) {
        const struct scope *one = &w->caller.scopes->items[i];
        size_t at = text_find(one->query, '=');
        if (one->type == type && (one->rights & asked)) {
            has = one->query.n == 0 || has_code(op->json, text_from(one->query, at + 1));
        }
    }
    return has;
}

/* One sheet a patient. */
struct decided {
    uint64_t compartment;
    struct sheet *sheet;
    struct decision decision;
};

/* Of a person: whether they act for this patient, and may look. */
static void note_standing(struct world *w, const char *patient, const struct decision *d)
{
    if (patient && *patient && w->standing_count < sizeof w->standings / sizeof *w->standings) {
        w->standings[w->standing_count++] = (struct standing){
            patient, w->caller.actor.kind == ACTOR_PERSON && d->reads &&
                         d->relation == RELATION_PROXY && (d->functions & PROXY_VIEW) &&
                         !text_eq(w->caller.actor.patient, text_of(patient))};
    }
}

static const struct decided *decided_of(struct world *w, struct side *s, struct decided *all,
                                        const struct op *op)
{
    struct decided *d = all;
    while (d->compartment && d->compartment != op->rid >> 28) {
        d++;
    }
    if (!d->compartment) {
        d->compartment = op->rid >> 28;
        d->sheet = make_sheet(w, s, d->compartment);
        grant_decide(w->g, text_of(op->patient), d->sheet, &d->decision);
        note_standing(w, op->patient, &d->decision);
    }
    return d;
}

static void decide_all(struct world *w, struct side *s)
{
    struct decided all[PATIENTS + 8] = {0};
    w->standing_count = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct op *op = &w->ops[i];
        fhir_type type = fhir_type_of(text_of(op->type));
        bool past = !op->current || !op->json;
        op->seen = false;
        if (op->dropped || !op->vid) {
            continue;
        }
        if (op->rid >> 28 < 1024) {
            op->seen = grant_sees(w->g, NULL, NULL, type, op->rid, past);
        } else {
            const struct decided *d = decided_of(w, s, all, op);
            op->seen =
                d->decision.reads && grant_sees(w->g, &d->decision, d->sheet, type, op->rid, past);
        }
        op->seen = op->seen && within_scope(w, op);
    }
    for (size_t i = 0; all[i].compartment; i++) {
        sheet_free(all[i].sheet);
    }
}

static const struct grant *grant_of(struct world *w, struct side *s)
{
    struct grant_config *config = arena_zalloc(&w->a, 1, sizeof *config);
    *config = (struct grant_config){.actor = &w->caller.actor,
                                    .scopes = w->caller.scopes,
                                    .key = store_policy_key(s->store),
                                    .now_ms = clock_real_ms(),
                                    .tells_withheld = w->tells};
    return grant_make(config, &w->a);
}

static void forget(struct op *op)
{
    op->vid = op->vid_b = op->rid = 0;
    op->current = op->seen = op->reads = false;
    op->patient = NULL;
    op->leaf = -1;
}

/*
 * No store can hold an earlier version without the current one, so that a resource of which only
 * that is seen (it has moved to another record since) has no likeness in B: the versions behind the
 * last one that is seen are left out of the world. True: there were such.
 */
static bool drop_moved_away(struct world *w)
{
    bool dropped = false;
    for (size_t i = 0; i < w->count; i++) {
        bool later_seen = false;
        struct op *now = &w->ops[i];
        if (!now->current || now->seen) {
            continue;
        }
        for (size_t k = i; k-- > 0;) {
            struct op *op = &w->ops[k];
            if (op->vid && op->seen && strcmp(op->id, now->id) == 0) {
                later_seen = true;
            }
        }
        now->dropped = now->dropped || later_seen;
        dropped = dropped || later_seen;
    }
    return dropped;
}

void sides_open(struct world *w, const char *folder, struct side *a, struct side *b)
{
    for (bool again = true; again;) {
        side_open(a, folder, "a");
        for (size_t i = 0; i < w->count; i++) {
            forget(&w->ops[i]);
            w->ops[i].vid = w->ops[i].dropped ? 0 : put(w, a, &w->ops[i]);
        }
        find_keys(w, a);
        find_facts(w);
        w->g = grant_of(w, a);
        decide_all(w, a);
        again = drop_moved_away(w);
        if (again) {
            side_close(a);
        }
    }
    a->rest.tells_withheld = w->tells;
    side_open(b, folder, "b");
    for (size_t i = 0; i < w->count; i++) {
        struct op *op = &w->ops[i];
        op->vid_b = op->seen ? put(w, b, op) : 0;
    }
    events_fill(w, a, b);
}
