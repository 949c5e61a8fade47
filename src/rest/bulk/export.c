/* $export as it runs: a scan of the moment of its kick-off, written to files by type. */
#include "rest/bulk/job_owner.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "fhir/subset.h"

enum {
    PAGE_COUNT = 2000,
    PAGE_BYTES = 1 << 20,
    NOTE_MS = 1000, /* a crash costs so much work at most */
};

struct export
{
    struct job *job;
    int dir;
    struct rest *rest;
    struct job_owner owner;
    struct owner_written *written; /* since state.json was written */
    size_t written_count;
    size_t written_capacity;
    struct arena arena; /* of the whole job */
    struct arena page;
    struct buf line;
    yyjson_val *asked;
    text base;
    struct store_past past;
    bool types[256];
    struct filters filters;
    struct subset *parts; /* by type; NULL: whole resources */
    struct {
        uint64_t from;
        uint64_t to;
    } *ranges;
    size_t range_count;
    size_t range;
    uint64_t next; /* key */
    uint64_t all;  /* resources, about */
    struct outputs out;
    size_t hints[256]; /* outputs by type */
    int64_t noted;     /* when state.json was written */
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for an export");
}

/* --- what was asked ------------------------------------------------------------------------ */

static int read_ranges(struct export *x, struct err *e)
{
    yyjson_val *keys = json_get(x->asked, T("keys"));
    size_t count = keys ? json_len(keys) / 2 : 0;
    x->ranges = arena_zalloc(&x->arena, count + 1, sizeof *x->ranges);
    if (!x->ranges) {
        return no_memory(e);
    }
    yyjson_val *at = keys + 1;
    for (size_t i = 0; i < count; i++, at += 2) {
        (void)text_to_u64(json_text(at), &x->ranges[i].from);
        (void)text_to_u64(json_text(at + 1), &x->ranges[i].to);
    }
    x->range_count = count;
    x->next = x->ranges[0].from;
    return 0;
}

/* What "name" and "Type.name" mean for each type. Only what must be there is left of a type for
 * which nothing was named. */
static int read_elements(struct export *x, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *item;
    yyjson_val *list = json_get(x->asked, T("elements"));
    size_t count = list ? json_len(list) : 0;
    if (!count) {
        return 0;
    }
    struct subset *parts = arena_zalloc(&x->arena, fhir_type_count(), sizeof *parts);
    for (unsigned t = 1; t < fhir_type_count(); t++) {
        text *names = parts ? arena_zalloc(&x->arena, count + 1, sizeof *names) : NULL;
        size_t n = 0;
        if (!names) {
            return no_memory(e);
        }
        names[n++] = T("id");
        yyjson_arr_foreach(list, at, most, item)
        {
            text word = json_text(item);
            size_t dot = text_find(word, '.');
            bool of_type = dot < word.n;
            if (!of_type || fhir_type_of(text_first(word, dot)) == t) {
                names[n++] = of_type ? text_from(word, dot + 1) : word;
            }
        }
        parts[t] = (struct subset){.elements = names, .element_count = n};
    }
    x->parts = parts;
    return 0;
}

static int read_asked(struct export *x, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *item;
    int rc = job_read_request(x->dir, &x->arena, &x->asked, e);
    rc = rc ? rc : owner_read(x->rest, x->asked, &x->arena, &x->owner, e);
    if (rc) {
        return rc;
    }
    x->base = json_member(x->asked, "base");
    x->past.until = json_number(x->asked, "until");
    x->past.since = json_number(x->asked, "since");
    x->past.deletions = json_number(x->asked, "incremental");
    yyjson_val *types = json_get(x->asked, T("types"));
    yyjson_arr_foreach(types, at, most, item)
    {
        x->types[fhir_type_of(json_text(item))] = true;
        x->past.types = x->types;
    }
    if (json_number(x->asked, "by_keys") && !x->past.types) {
        /* A compartment holds nothing else, but a key that was not the patient's might lead there.
         */
        for (unsigned t = 1; t < fhir_type_count(); t++) {
            x->types[t] = fhir_type_in_patient_compartment((fhir_type)t);
        }
        x->past.types = x->types;
    }
    yyjson_val *filters = json_get(x->asked, T("filters"));
    yyjson_arr_foreach(filters, at, most, item)
    {
        rc = rc ? rc : filters_add(&x->filters, json_text(item), x->rest, x->base, &x->arena, e);
    }
    rc = rc ? rc : read_elements(x, e);
    return rc ? rc : read_ranges(x, e);
}

static int read_progress(struct export *x, struct err *e)
{
    yyjson_val *progress = NULL;
    struct job saved = {0};
    int rc = job_read_state(&saved, x->dir, &x->arena, &progress, e);
    rc = rc ? rc : outputs_open(x->job, x->dir, json_get(progress, T("files")), &x->out, e);
    if (!rc && progress) {
        x->range = (size_t)json_number(progress, "range");
        x->next = json_number(progress, "next");
        atomic_store(&x->job->done, json_number(progress, "done"));
    }
    return rc;
}

/* --- progress ------------------------------------------------------------------------------ */

/* Of whom something is in the files, in order of keys, so that nearly each comes once. */
static int note_written(struct export *x, uint64_t rid, struct err *e)
{
    uint64_t compartment;
    struct owner_written *last = x->written_count ? &x->written[x->written_count - 1] : NULL;
    if (!store_patients_compartment(rid, &compartment)) {
        return 0;
    }
    if (last && last->compartment == compartment) {
        last->count++;
        return 0;
    }
    struct owner_written *items =
        arena_grow(&x->arena, x->written, x->written_count, &x->written_capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    x->written = items;
    x->written[x->written_count++] = (struct owner_written){compartment, 1};
    return 0;
}

/* Before what was written counts: after a crash it is written, and told of, again. */
static int record_written(struct export *x, struct err *e)
{
    int rc = owner_record(x->rest, &x->owner, x->job, x->written, x->written_count, &x->page, e);
    arena_reset(&x->page);
    x->written_count = rc ? x->written_count : 0;
    return rc;
}

static int note(struct export *x, struct err *e)
{
    struct buf progress;
    int recorded = record_written(x, e);
    if (recorded) {
        return recorded;
    }
    buf_init(&progress, JOB_STATE_MOST);
    buf_printf(&progress, "{\"range\":%zu,\"next\":%llu,\"done\":%llu,", x->range,
               (unsigned long long)x->next, (unsigned long long)atomic_load(&x->job->done));
    int rc = outputs_note(&x->out, &progress, e);
    buf_done(&progress);
    x->noted = clock_mono_ns();
    return rc;
}

static void show_progress(struct export *x)
{
    uint64_t part = x->range_count > 1 ? x->range * 1000 / x->range_count
                    : x->all           ? atomic_load(&x->job->done) * 1000 / x->all
                                       : 0;
    atomic_store(&x->job->permille, part < 999 ? part : 999);
}

/* --- writing ------------------------------------------------------------------------------- */

static int put_line(struct export *x, text series, size_t *hint, text line, struct err *e)
{
    struct buf *to = outputs_begin(&x->out, series, hint, e);
    if (!to) {
        return e->code ? e->code : no_memory(e);
    }
    buf_add(to, line);
    buf_addc(to, '\n');
    return outputs_line(&x->out, *hint, e);
}

/* As it is stored: nobody has to look into it. */
static int put_whole(struct export *x, const struct version *v, struct err *e)
{
    size_t *hint = &x->hints[v->type];
    struct buf *to = outputs_begin(&x->out, fhir_type_name(v->type), hint, e);
    int rc = to ? print_version(v, to, e) : e->code;
    if (rc) {
        return rc;
    }
    buf_addc(to, '\n');
    return outputs_line(&x->out, *hint, e);
}

static int put_part(struct export *x, const struct version *v, struct err *e)
{
    yyjson_val *root;
    size_t *hint = &x->hints[v->type];
    int rc =
        json_read(buf_text(&x->line), (size_t)x->rest->limits->json_depth + 8, &x->page, &root, e);
    struct buf *to = rc ? NULL : outputs_begin(&x->out, fhir_type_name(v->type), hint, e);
    if (!to) {
        return rc ? rc : e->code;
    }
    subset_print(root, v->type, &x->parts[v->type], to);
    buf_addc(to, '\n');
    return outputs_line(&x->out, *hint, e);
}

/* The one place where a resource becomes a line. */
static int put_resource(struct export *x, const struct version *v, struct err *e)
{
    bool match = true;
    int rc;
    if (!x->filters.types[v->type] && !x->parts) {
        rc = put_whole(x, v, e);
    } else {
        buf_clear(&x->line);
        rc = print_version(v, &x->line, e);
        rc = rc ? rc
                : filters_match(&x->filters, x->rest, x->base, v, buf_text(&x->line), &x->page,
                                &match, e);
        if (!rc && match) {
            rc = x->parts ? put_part(x, v, e)
                          : put_line(x, fhir_type_name(v->type), &x->hints[v->type],
                                     buf_text(&x->line), e);
        }
    }
    atomic_fetch_add(&x->job->done, !rc && match);
    return rc || !match ? rc : note_written(x, v->rid, e);
}

/* What was deleted, as a transaction that deletes it elsewhere. One bundle a page. */
static int put_deletions(struct export *x, const struct versions *vs, struct err *e)
{
    size_t hint = SIZE_MAX;
    size_t count = 0;
    int rc = 0;
    buf_clear(&x->line);
    buf_add(&x->line, T("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    for (size_t i = 0; !rc && i < vs->count; i++) {
        const struct version *v = &vs->items[i];
        if (v->deleted) {
            rc = note_written(x, v->rid, e);
            buf_printf(&x->line, "%s{\"request\":{\"method\":\"DELETE\",\"url\":\"%.*s/%.*s\"}}",
                       count ? "," : "", TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id));
            count++;
        }
    }
    buf_add(&x->line, T("]}"));
    return !rc && count ? put_line(x, T("deleted"), &hint, buf_text(&x->line), e) : rc;
}

static int put_notes(struct export *x, struct err *e)
{
    size_t at;
    size_t most;
    size_t hint = SIZE_MAX;
    yyjson_val *item;
    int rc = 0;
    yyjson_val *notes = json_get(x->asked, T("notes"));
    yyjson_arr_foreach(notes, at, most, item)
    {
        buf_clear(&x->line);
        outcome_print_done(json_text(item), &x->line);
        rc = rc ? rc : put_line(x, T("error"), &hint, buf_text(&x->line), e);
    }
    return rc;
}

static int put_page(struct export *x, struct err *e)
{
    struct store_view *view;
    struct versions vs = {0};
    const struct grant *now = NULL;
    uint64_t next = 0;
    int rc = owner_grant(x->rest, &x->owner, &x->page, &now, e);
    rc = rc ? rc : store_view_begin(x->rest->store, now, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_scan_past(view, &x->past, x->next, x->ranges[x->range].to, PAGE_COUNT, PAGE_BYTES,
                         &x->page, &vs, &next, e);
    store_view_end(view);
    uint64_t before = atomic_load(&x->job->done);
    for (size_t i = 0; !rc && i < vs.count; i++) {
        rc = vs.items[i].deleted ? 0 : put_resource(x, &vs.items[i], e);
    }
    rc = rc || !x->past.deletions ? rc : put_deletions(x, &vs, e);
    arena_reset(&x->page);
    metric_add(METRIC_jobs_exported_total, (int64_t)(atomic_load(&x->job->done) - before));
    if (rc) {
        return rc;
    }
    if (vs.more) {
        x->next = next;
    } else {
        x->range++;
        x->next = x->range < x->range_count ? x->ranges[x->range].from : 0;
    }
    return 0;
}

static int write_manifest(struct export *x, struct err *e)
{
    struct outputs *o = &x->out;
    struct buf out;
    buf_init(&out, JOB_STATE_MOST);
    manifest_open(x->asked, (int64_t)(x->past.until >> 16), &out);
    outputs_list(o, x->base, NULL, NULL, &x->arena, &out);
    buf_add(&out, T("],\"deleted\":["));
    outputs_list(o, x->base, "deleted", "Bundle", &x->arena, &out);
    buf_add(&out, T("],\"error\":["));
    outputs_list(o, x->base, "error", "OperationOutcome", &x->arena, &out);
    buf_add(&out, T("]}\n"));
    int rc = outputs_manifest(o, &out, e);
    buf_done(&out);
    return rc;
}

/* --- the run ------------------------------------------------------------------------------- */

static int count_all(struct export *x, struct err *e)
{
    struct store_view *view;
    struct store_stats stats = {0};
    int rc = store_view_begin(x->rest->store, x->owner.grant, STORE_ONE_READ, &view, e);
    if (!rc) {
        rc = store_stats(view, &stats, e);
        store_view_end(view);
        x->all = stats.resources;
    }
    return rc;
}

static int run(struct export *x, struct err *e)
{
    int rc = read_asked(x, e);
    rc = rc ? rc : read_progress(x, e);
    rc = rc ? rc : count_all(x, e);
    if (!rc && x->out.count == 0 && x->range == 0) {
        rc = put_notes(x, e);
    }
    x->noted = clock_mono_ns();
    while (!rc && x->range < x->range_count) {
        rc = put_page(x, e);
        show_progress(x);
        bool stops = job_must_stop(x->job);
        if (!rc && (stops || clock_mono_ns() - x->noted > NOTE_MS * (int64_t)1000000)) {
            rc = note(x, e);
        }
        if (!rc && stops) {
            return err_set(e, ERR_STOPPING, "the export was stopped");
        }
    }
    rc = rc ? rc : record_written(x, e);
    rc = rc ? rc : outputs_finish(&x->out, e);
    return rc ? rc : write_manifest(x, e);
}

int export_run(struct job *job, int dir, struct err *e)
{
    struct export x = {.job = job, .dir = dir, .rest = &job->jobs->rest};
    for (size_t i = 0; i < sizeof x.hints / sizeof *x.hints; i++) {
        x.hints[i] = SIZE_MAX;
    }
    arena_init(&x.arena, (size_t)1 << 30);
    arena_init(&x.page, (size_t)x.rest->limits->request_memory);
    buf_init(&x.line, (size_t)x.rest->limits->request_memory);
    int rc = run(&x, e);
    outputs_close(&x.out);
    buf_done(&x.line);
    arena_done(&x.page);
    arena_done(&x.arena);
    return rc;
}
