/* Lines of NDJSON as writes: checked like any create or update (write.h), committed together. */
#include "rest/bulk/import.h"
#include "rest/bundle.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <stdio.h>

enum { TRIES = 8, WAITS_MOST = 600, SLICE = 2048, SLICE_SHARED = 64 };
/* Others have written: they may write again for so long. */
#define SHARED_NS ((int64_t)2000000000)

struct line {
    const struct import_line *from;
    struct call call;
    struct prepared prepared;
    int rc;
    struct err err;
};

struct import_work {
    const struct import_target *target;
    struct arena *arena;
    size_t input;
    struct line *lines;
    size_t count;
    struct write_request *requests;
    struct line **owners;
    size_t request_count;
    struct store_batch *batch;   /* of the requests; until the first commit */
    struct validate_shelf shelf; /* while lines are being prepared */
};

/*
 * The id of a line without one: the same whenever the line is taken, so that repeating it after a
 * crash makes nothing twice (RFC 9562, version 8).
 */
static text derived_id(const struct import_work *w, const struct line *line)
{
    text job = text_of(w->target->job->id);
    char place[64];
    int n =
        snprintf(place, sizeof place, "%zu:%llu", w->input, (unsigned long long)line->from->number);
    text at = text_make(place, (size_t)n);
    struct hash_key key = {hash_text((struct hash_key){1, 1}, job),
                           hash_text((struct hash_key){2, 2}, job)};
    uint64_t a = hash_text(key, at);
    uint64_t b = hash_text((struct hash_key){key.k1, key.k0}, at);
    a = (a & ~(uint64_t)0xf000) | 0x8000;
    b = (b & ~((uint64_t)3 << 62)) | (uint64_t)1 << 63;
    return arena_printf(w->arena, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
                        (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xffff, (unsigned)(b >> 48),
                        (unsigned long long)(b & 0xffffffffffffULL));
}

static int read_line(struct import_work *w, struct line *line)
{
    struct call *c = &line->call;
    struct err *e = &line->err;
    int rc = read_body(c, e);
    if (rc) {
        return rc;
    }
    text name = json_text(json_get(c->resource, T("resourceType")));
    fhir_type type = fhir_type_of(name);
    if (!type) {
        return err_at(e, ERR_INVALID, T("resourceType"), "'%.*s' is not a resource type of FHIR R4",
                      TEXT_ARG(text_short(name, 60)));
    }
    if (w->target->type && type != w->target->type) {
        return err_at(e, ERR_INVALID, T("resourceType"),
                      "the file was said to hold %.*s, and this is a resource of type %.*s",
                      TEXT_ARG(fhir_type_name(w->target->type)), TEXT_ARG(name));
    }
    text id = json_text(json_get(c->resource, T("id")));
    c->route = (struct route){
        .interaction = id.n ? INTERACTION_UPDATE : INTERACTION_CREATE, .type = type, .id = id};
    return 0;
}

static int prepare_line(struct import_work *w, struct line *line, struct resolver *resolver)
{
    struct prepared *p = &line->prepared;
    line->err = (struct err){0};
    if (line->from->bad) {
        return err_set(&line->err, line->from->bad, "%s", line->from->why);
    }
    int rc = read_line(w, line);
    rc = rc ? rc : prepare_target(&line->call, p, &line->err);
    if (!rc && line->call.route.interaction == INTERACTION_CREATE) {
        p->write.id = derived_id(w, line);
        p->write.expect = EXPECT_ANY;
        rc = p->write.id.p ? 0 : err_set(&line->err, ERR_MEMORY, "no memory for an id");
    }
    rc = rc ? rc : resolve_links(resolver, p, &line->err);
    return rc ? rc : prepare_content(p, &line->err);
}

static void begin_line(struct import_work *w, struct line *line)
{
    const struct import_target *t = w->target;
    line->call = (struct call){.rest = t->rest,
                               .grant = t->grant,
                               .arena = w->arena,
                               .base = t->base,
                               .body = line->from->json,
                               .shelf = &w->shelf};
    issues_init(&line->call.issues, w->arena);
}

static struct write_request request_of(struct line *line)
{
    struct prepared *p = &line->prepared;
    return (struct write_request){.writes = &p->write,
                                  .write_count = 1,
                                  .conditions = p->conditions,
                                  .condition_count = p->condition_count,
                                  .failed_condition = SIZE_MAX};
}

static void ask(struct import_work *w, struct line *line)
{
    w->owners[w->request_count] = line;
    w->requests[w->request_count++] = request_of(line);
}

int import_prepare(const struct import_target *t, const struct import_unit *unit, struct arena *a,
                   struct import_work **ret_work, struct err *e)
{
    struct resolver resolver;
    struct call any = {.rest = t->rest, .grant = t->grant, .arena = a, .base = t->base};
    struct import_work *w = arena_zalloc(a, 1, sizeof *w);
    if (w) {
        *w = (struct import_work){.target = t, .arena = a, .input = unit->input};
        w->lines = arena_zalloc(a, unit->count + 1, sizeof *w->lines);
        w->requests = arena_zalloc(a, unit->count + 1, sizeof *w->requests);
        w->owners = arena_zalloc(a, unit->count + 1, sizeof(void *));
    }
    if (!w || !w->lines || !w->requests || !w->owners) {
        return err_set(e, ERR_MEMORY, "no memory for lines");
    }
    resolver_init(&resolver, &any, NULL);
    w->count = unit->count;
    for (size_t i = 0; i < unit->count; i++) {
        struct line *line = &w->lines[i];
        line->from = &unit->lines[i];
        begin_line(w, line);
        line->rc = prepare_line(w, line, &resolver);
        if (!line->rc) {
            ask(w, line);
        }
    }
    resolver_done(&resolver);
    validate_shelf_done(t->rest, &w->shelf);
    w->batch = store_batch_make(t->rest->store, t->grant, w->requests, w->request_count);
    *ret_work = w;
    return 0;
}

void import_drop(struct import_work *w)
{
    if (w) {
        store_batch_drop(w->batch);
        w->batch = NULL;
    }
}

/* --- committing ---------------------------------------------------------------------------- */

static bool changed_meanwhile(const struct write_request *r)
{
    return r->result == ERR_CONFLICT && r->failed_condition != SIZE_MAX;
}

/* A condition did not hold any more: prepared against what is there now, alone. */
static void try_again(struct import_work *w, struct line *line, struct write_request *r)
{
    for (int i = 0; i < TRIES && changed_meanwhile(r); i++) {
        struct resolver resolver;
        struct call any = {.rest = w->target->rest,
                           .grant = w->target->grant,
                           .arena = w->arena,
                           .base = w->target->base};
        begin_line(w, line);
        resolver_init(&resolver, &any, NULL);
        line->rc = prepare_line(w, line, &resolver);
        resolver_done(&resolver);
        validate_shelf_done(w->target->rest, &w->shelf);
        if (line->rc) {
            return;
        }
        *r = request_of(line);
        store_commit(w->target->rest->store, w->target->grant, r, 1);
    }
}

static bool is_lack(int result)
{
    return result == ERR_FULL || result == ERR_BUSY || result == ERR_MEMORY;
}

/* True: it is not decided, since the node lacked room or memory. */
static bool settle_line(struct import_work *w, struct line *line, struct write_request *r,
                        struct import_result *result)
{
    try_again(w, line, r);
    if (line->rc) {
        return false;
    }
    if (is_lack(r->result)) {
        return true;
    }
    if (r->result) {
        line->rc = r->result;
        line->err = r->err;
    } else {
        result->written += line->prepared.write.changed;
        result->same += !line->prepared.write.changed;
    }
    return false;
}

/* Leaves those that are not decided, in their order. */
static void settle(struct import_work *w, struct import_result *result, int *ret_lacks)
{
    size_t n = 0;
    for (size_t i = 0; i < w->request_count; i++) {
        struct line *line = w->owners[i];
        if (settle_line(w, line, &w->requests[i], result)) {
            *ret_lacks = w->requests[i].result;
            w->owners[n] = line;
            w->requests[n++] = request_of(line);
        }
    }
    w->request_count = n;
}

static int stopped(const struct import_work *w, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        int rc = w->requests[i].result;
        if (rc == ERR_STOPPING || rc == ERR_IO || rc == ERR_CORRUPT) {
            return rc;
        }
    }
    return 0;
}

/*
 * Others have to wait for what is with the writer: it gets little at once while they write. They
 * are noticed by what they have written since the last time.
 */
static size_t pace(struct import_pace *p, uint64_t written)
{
    int64_t versions = metric_get(METRIC_store_versions_total);
    int64_t now = clock_mono_ns();
    if (p->versions && versions - p->versions > (int64_t)written) {
        p->shared_until = now + SHARED_NS;
    }
    p->versions = versions;
    return now < p->shared_until ? SLICE_SHARED : SLICE;
}

static uint64_t written(const struct import_work *w, size_t from, size_t count)
{
    uint64_t n = 0;
    for (size_t i = from; i < from + count; i++) {
        n += w->requests[i].result == 0 && w->requests[i].writes->changed;
    }
    return n;
}

/* A line must not be taken before one that stands above it: they wait for room together. */
static bool put_off(struct import_work *w, size_t from, size_t count)
{
    int lack = 0;
    for (size_t i = from; i < from + count; i++) {
        lack = is_lack(w->requests[i].result) ? w->requests[i].result : lack;
    }
    for (size_t i = from + count; lack && i < w->request_count; i++) {
        w->requests[i].result = lack;
    }
    return lack != 0;
}

static int commit_slices(struct import_work *w, struct import_pace *p, struct err *e)
{
    const struct import_target *t = w->target;
    struct store_batch *batch =
        w->batch ? w->batch
                 : store_batch_make(t->rest->store, t->grant, w->requests, w->request_count);
    size_t end = batch ? w->request_count : 0;
    int rc = batch ? 0 : stopped(w, 0, w->request_count);
    size_t most = pace(p, 0);
    for (size_t at = 0, n; !rc && at < end; at += n) {
        n = end - at < most ? end - at : most;
        store_batch_commit(batch, at, n);
        rc = stopped(w, at, n);
        most = pace(p, written(w, at, n));
        if (put_off(w, at, n)) {
            break;
        }
    }
    w->batch = NULL;
    store_batch_drop(batch);
    return rc ? err_set(e, rc, "the store takes no writes any more") : 0;
}

int import_commit(struct import_work *w, struct import_pace *p, struct import_result *ret_result,
                  struct err *e)
{
    struct import_result result = {0};
    for (int waits = 0; w->request_count;) {
        int lacks = 0;
        int rc = commit_slices(w, p, e);
        if (rc) {
            return rc;
        }
        settle(w, &result, &lacks);
        waits = lacks == ERR_FULL ? 0 : waits + 1;
        if (w->request_count && waits > WAITS_MOST) {
            return err_set(e, lacks, "%s", "");
        }
        if (w->request_count && !job_wait_for_room(w->target->job)) {
            return err_set(e, ERR_STOPPING, "the import was stopped");
        }
    }
    for (size_t i = 0; i < w->count; i++) {
        result.refused += w->lines[i].rc != 0;
    }
    *ret_result = result;
    return 0;
}

/* --- the report ---------------------------------------------------------------------------- */

static void put_issue(struct buf *out, int code, text place, text words, text where, bool first)
{
    buf_printf(out,
               "%s{\"severity\":\"error\",\"code\":\"%s\",\"details\":{\"text\":", first ? "" : ",",
               err_info(code)->issue);
    json_write_string(words, out);
    buf_add(out, T("},\"diagnostics\":"));
    json_write_string(where, out);
    if (place.n) {
        buf_add(out, T(",\"expression\":["));
        json_write_string(place, out);
        buf_addc(out, ']');
    }
    buf_addc(out, '}');
}

bool import_outcome(const struct import_work *w, size_t i, text url, struct buf *out)
{
    const struct line *line = &w->lines[i];
    const struct issues *is = &line->call.issues;
    if (!line->rc) {
        return false;
    }
    text where = line->from->number ? arena_printf(w->arena, "%.*s line %llu", TEXT_ARG(url),
                                                   (unsigned long long)line->from->number)
                                    : url;
    bool first = true;
    buf_add(out, T("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    for (size_t k = 0; k < is->count; k++) {
        if (is->items[k].severity == ISSUE_ERROR) {
            text words = is->items[k].details;
            put_issue(out, is->items[k].code, is->items[k].expression,
                      words.n ? words : text_of(err_info(is->items[k].code)->text), where, first);
            first = false;
        }
    }
    if (first) {
        put_issue(out, line->rc, text_of(line->err.expression), text_of(err_text(&line->err)),
                  where, true);
    }
    buf_add(out, T("]}"));
    return true;
}
