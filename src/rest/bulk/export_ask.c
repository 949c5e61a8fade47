/* The kick-off of $export (Bulk Data Access, "Bulk Data Kick-off Request"): what is asked for
 * becomes job.json. */
#include "rest/bulk/job_owner.h"

#include "base/clock.h"
#include "fhir/reference.h"
#include "fhir/subset.h"

#include <stdio.h>
#include <stdlib.h>

enum { REQUEST_MOST = 64 << 20 };

struct keys {
    uint64_t from;
    uint64_t to;
};

struct ask {
    struct call *c;
    int64_t since_ms; /* INT64_MIN: not given */
    bool types[256];
    bool any_type;
    struct filters filters;
    struct words {
        text *items;
        size_t count;
        size_t capacity;
    } patients, notes, elements;
    bool by_patients; /* the parameter `patient` was given */
    struct keys *keys;
    size_t key_count;
    size_t key_capacity;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static int list_add(struct ask *a, struct words *list, text word, struct err *e)
{
    text *items = arena_grow(a->c->arena, list->items, list->count, &list->capacity, sizeof *items);
    if (!items || !word.p) {
        return no_memory(e);
    }
    list->items = items;
    list->items[list->count++] = word;
    return 0;
}

static bool of_patients(const struct ask *a)
{
    return a->c->route.type != 0;
}

/* --- parameters ---------------------------------------------------------------------------- */

static int take_format(text value, struct err *e)
{
    /* A '+' that nobody encoded arrives as a space. */
    return is_ndjson(value) || text_eq_nocase(value, T("application/fhir ndjson"))
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED,
                         "_outputFormat can be application/fhir+ndjson only; it is '%.*s'",
                         TEXT_ARG(text_short(value, 60)));
}

static int take_since(struct ask *a, text value, struct err *e)
{
    int64_t start;
    int64_t end;
    if (!index_date(value, &start, &end)) {
        return err_set(e, ERR_VALUE,
                       "_since must be an instant, such as 2026-01-31T10:00:00Z; it is '%.*s'",
                       TEXT_ARG(text_short(value, 60)));
    }
    a->since_ms = start - index_ms_from_1970(0);
    return 0;
}

static int take_types(struct ask *a, text value, struct err *e)
{
    text rest = value;
    text item;
    while (text_cut(&rest, ',', &item)) {
        fhir_type type = fhir_type_of(text_trim(item));
        if (!type) {
            return err_set(e, ERR_INVALID, "_type: '%.*s' is not a resource type of FHIR R4",
                           TEXT_ARG(text_short(item, 60)));
        }
        if (of_patients(a) && !fhir_type_in_patient_compartment(type)) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "_type: %.*s is never part of a patient's record; export it with "
                           "[base]/$export",
                           TEXT_ARG(fhir_type_name(type)));
        }
        a->types[type] = true;
        a->any_type = true;
    }
    return 0;
}

/* Several filters stand behind commas, and so do several values of one: a filter begins with
 * Type?. */
static size_t filter_end(text word)
{
    for (size_t i = 1; i < word.n; i++) {
        text rest = text_from(word, i + 1);
        if (word.p[i] == ',' && fhir_type_of(text_trim(text_first(rest, text_find(rest, '?')))) &&
            text_find(rest, '?') < rest.n) {
            return i;
        }
    }
    return word.n;
}

static int take_filters(struct ask *a, text value, struct err *e)
{
    const struct rest *rest = a->c->rest;
    while (value.n) {
        size_t n = filter_end(value);
        text word = text_trim(text_first(value, n));
        int rc = filters_add(&a->filters, word, rest, a->c->base, a->c->arena, e);
        if (rc) {
            return rc;
        }
        value = text_from(value, n + 1);
    }
    return 0;
}

static int take_elements(struct ask *a, text value, struct err *e)
{
    text item;
    int rc = 0;
    while (!rc && text_cut(&value, ',', &item)) {
        rc = list_add(a, &a->elements, text_trim(item), e);
    }
    return rc;
}

static int take_patient(struct ask *a, text value, struct err *e)
{
    if (!of_patients(a) || a->c->method != HTTP_POST) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the parameter patient belongs to POST on Patient/$export and "
                       "Group/{id}/$export");
    }
    text rest = value;
    text item;
    while (text_cut(&rest, ',', &item)) {
        struct reference r = reference_parse(text_trim(item), a->c->base);
        if (r.kind != REFERENCE_LOCAL || r.type != FHIR_PATIENT) {
            return err_set(e, ERR_INVALID,
                           "patient must be a reference such as Patient/123, not "
                           "'%.*s'",
                           TEXT_ARG(text_short(item, 80)));
        }
        int rc = list_add(a, &a->patients, r.id, e);
        if (rc) {
            return rc;
        }
    }
    a->by_patients = true;
    return 0;
}

static int take_other(struct ask *a, text name, struct err *e)
{
    const char *why = text_eq(name, T("includeAssociatedData"))
                          ? "there is no associated data apart from resources: ask for types with "
                            "_type, such as Provenance"
                          : "it takes _outputFormat, _since, _type, _typeFilter, _elements, and "
                            "patient";
    if (!a->c->lenient) {
        return err_set(e, ERR_NOT_SUPPORTED, "the parameter '%.*s' is not supported on $export: %s",
                       TEXT_ARG(text_short(name, 60)), why);
    }
    return list_add(a, &a->notes,
                    arena_printf(a->c->arena, "the parameter '%.*s' was left out: %s",
                                 TEXT_ARG(text_short(name, 60)), why),
                    e);
}

static int take_param(struct ask *a, const struct operation_param *p, struct err *e)
{
    if (!p->value.p) {
        return err_set(e, ERR_INVALID, "the parameter '%.*s' has parts; it must have a value",
                       TEXT_ARG(text_short(p->name, 60)));
    }
    return text_eq(p->name, T("_outputFormat")) ? take_format(p->value, e)
           : text_eq(p->name, T("_since"))      ? take_since(a, p->value, e)
           : text_eq(p->name, T("_type"))       ? take_types(a, p->value, e)
           : text_eq(p->name, T("_typeFilter")) ? take_filters(a, p->value, e)
           : text_eq(p->name, T("_elements"))   ? take_elements(a, p->value, e)
           : text_eq(p->name, T("patient"))     ? take_patient(a, p->value, e)
                                                : take_other(a, p->name, e);
}

/* A filter narrows its type; where _type is given it must be one of those. */
static int check_filters(const struct ask *a, struct err *e)
{
    for (size_t i = 0; i < a->filters.count; i++) {
        fhir_type type = a->filters.items[i].type;
        if (a->any_type && !a->types[type]) {
            return err_set(e, ERR_INVALID,
                           "_typeFilter is about %.*s, which is not among the types of _type",
                           TEXT_ARG(fhir_type_name(type)));
        }
    }
    return 0;
}

/* "name" is of every type that has it, "Type.name" of that one. */
static int check_element(const struct ask *a, text word, struct err *e)
{
    size_t dot = text_find(word, '.');
    fhir_type only = dot < word.n ? fhir_type_of(text_first(word, dot)) : 0;
    text name = dot < word.n ? text_from(word, dot + 1) : word;
    bool known = false;
    for (unsigned t = 1; t < fhir_type_count() && !known; t++) {
        bool meant = dot < word.n ? t == only : !a->any_type || a->types[t];
        known = meant && subset_has_element((fhir_type)t, name);
    }
    return known ? 0
                 : err_set(e, ERR_INVALID,
                           "_elements: '%.*s' is not an element of a resource that is exported; "
                           "name elements of the resources themselves, as in id or Patient.name",
                           TEXT_ARG(text_short(word, 60)));
}

static int check_elements(const struct ask *a, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < a->elements.count; i++) {
        rc = check_element(a, a->elements.items[i], e);
    }
    return rc;
}

static int take_params(struct ask *a, struct err *e)
{
    struct operation_param *params;
    size_t count;
    int rc = operation_params(a->c, &params, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_param(a, &params[i], e);
    }
    rc = rc ? rc : check_filters(a, e);
    return rc ? rc : check_elements(a, e);
}

/* --- whose records ------------------------------------------------------------------------- */

static int add_keys(struct ask *a, uint64_t from, uint64_t to, struct err *e)
{
    struct keys *keys =
        arena_grow(a->c->arena, a->keys, a->key_count, &a->key_capacity, sizeof *keys);
    if (!keys) {
        return no_memory(e);
    }
    a->keys = keys;
    a->keys[a->key_count++] = (struct keys){from, to};
    return 0;
}

static int add_patient(struct ask *a, struct store_view *view, text id, struct err *e)
{
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t *others = NULL;
    size_t other_count = 0;
    struct version v;
    /* A patient whom something mentions has keys, too, before there is one. A deleted one had a
     * record, and its deletion is news. */
    int rc = store_read(view, FHIR_PATIENT, id, a->c->arena, &v, e);
    rc = rc ? rc : store_patient_keys(view, id, a->c->arena, &from, &to, &others, &other_count, e);
    rc = rc ? rc : add_keys(a, from, to, e);
    for (size_t i = 0; !rc && i < other_count; i++) {
        rc = add_keys(a, others[i], others[i], e);
    }
    return rc;
}

static int compare_keys(const void *x, const void *y)
{
    const struct keys *a = x;
    const struct keys *b = y;
    return a->from != b->from ? (a->from < b->from ? -1 : 1) : a->to < b->to ? 1 : a->to > b->to;
}

/* In order, each key once: a resource that names two of the patients is exported once. */
static void sort_keys(struct ask *a)
{
    size_t kept = 0;
    if (a->key_count) {
        qsort(a->keys, a->key_count, sizeof *a->keys, compare_keys);
    }
    for (size_t i = 0; i < a->key_count; i++) {
        if (kept == 0 || a->keys[i].from > a->keys[kept - 1].to) {
            a->keys[kept++] = a->keys[i];
        }
    }
    a->key_count = kept;
}

static int read_group(struct ask *a, struct store_view *view, yyjson_val **ret_root, struct err *e)
{
    struct version v;
    struct buf out;
    struct call *c = a->c;
    int rc = store_read(view, FHIR_GROUP, c->route.id, c->arena, &v, e);
    if (!rc && v.deleted) {
        rc = err_set(e, ERR_DELETED, "Group/%.*s has been deleted", TEXT_ARG(c->route.id));
    }
    if (rc) {
        return rc;
    }
    buf_init(&out, v.packed.n * 2 + 4096);
    rc = print_version(&v, &out, e);
    rc = rc ? rc
            : json_read(buf_text(&out), (size_t)c->rest->limits->json_depth + 8, c->arena, ret_root,
                        e);
    buf_done(&out);
    return rc;
}

static bool asked_for(const struct ask *a, text id, bool *seen)
{
    bool found = !a->by_patients;
    for (size_t i = 0; i < a->patients.count; i++) {
        if (a->by_patients && text_eq(a->patients.items[i], id)) {
            seen[i] = found = true;
        }
    }
    return found;
}

static int add_member(struct ask *a, struct store_view *view, yyjson_val *member, bool *seen,
                      struct err *e)
{
    text word = json_member(json_get(member, T("entity")), "reference");
    struct reference r = reference_parse(word, a->c->base);
    if (json_type(json_get(member, T("inactive"))) == YYJSON_TYPE_BOOL &&
        unsafe_yyjson_get_bool(json_get(member, T("inactive")))) {
        return 0;
    }
    bool patient = r.kind == REFERENCE_LOCAL && r.type == FHIR_PATIENT;
    if (patient && !asked_for(a, r.id, seen)) {
        return 0;
    }
    int rc = patient ? add_patient(a, view, r.id, e) : ERR_NOT_FOUND;
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    return list_add(a, &a->notes,
                    arena_printf(a->c->arena,
                                 "the member '%.*s' of the group is not exported: it is no patient "
                                 "of this node",
                                 TEXT_ARG(text_short(word, 100))),
                    e);
}

static int add_members(struct ask *a, struct store_view *view, struct err *e)
{
    yyjson_val *root = NULL;
    size_t at;
    size_t most;
    yyjson_val *member;
    bool *seen = arena_zalloc(a->c->arena, a->patients.count + 1, sizeof *seen);
    int rc = seen ? read_group(a, view, &root, e) : no_memory(e);
    if (rc) {
        return rc;
    }
    yyjson_val *members = json_get(root, T("member"));
    yyjson_arr_foreach(members, at, most, member)
    {
        rc = add_member(a, view, member, seen, e);
        if (rc) {
            return rc;
        }
    }
    for (size_t i = 0; i < a->patients.count; i++) {
        if (!seen[i]) {
            return err_set(e, ERR_NOT_FOUND, "Patient/%.*s is not a member of Group/%.*s",
                           TEXT_ARG(a->patients.items[i]), TEXT_ARG(a->c->route.id));
        }
    }
    return 0;
}

static int find_keys(struct ask *a, struct err *e)
{
    struct store_view *view;
    if (!of_patients(a)) {
        return add_keys(a, 0, store_keys_last(), e);
    }
    if (!a->c->route.id.n && !a->by_patients) {
        return add_keys(a, store_patients_first(), store_keys_last(), e);
    }
    int rc = store_view_begin(a->c->rest->store, a->c->grant, STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    if (a->c->route.id.n) {
        rc = add_members(a, view, e);
    } else {
        for (size_t i = 0; !rc && i < a->patients.count; i++) {
            rc = add_patient(a, view, a->patients.items[i], e);
        }
    }
    store_view_end(view);
    sort_keys(a);
    return rc;
}

/* --- writing it down ----------------------------------------------------------------------- */

static void print_list(struct buf *out, const char *name, const struct words *list)
{
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < list->count; i++) {
        buf_add(out, i ? T(",") : T(""));
        json_write_string(list->items[i], out);
    }
    buf_addc(out, ']');
}

static void print_request(const struct ask *a, uint64_t until, struct buf *out)
{
    const struct call *c = a->c;
    buf_printf(out, "{\"kind\":\"export\",\"created\":%lld,\"until\":%llu,\"by_keys\":%d,\"base\":",
               (long long)clock_real_ms(), (unsigned long long)until, of_patients(a));
    json_write_string(c->base, out);
    buf_add(out, T(",\"request\":"));
    text address = arena_printf(c->arena, "%.*s/%.*s%s%.*s", TEXT_ARG(c->base), TEXT_ARG(c->path),
                                c->query.p ? "?" : "", TEXT_ARG(c->query));
    json_write_string(address, out);
    if (a->since_ms != INT64_MIN) {
        uint64_t since = a->since_ms < 0 ? 0 : (((uint64_t)a->since_ms + 1) << 16) - 1;
        buf_printf(out, ",\"incremental\":1,\"since\":%llu", (unsigned long long)since);
    }
    buf_add(out, T(",\"types\":["));
    const char *before = "";
    for (unsigned i = 1; i < fhir_type_count(); i++) {
        if (a->types[i]) {
            buf_printf(out, "%s\"%.*s\"", before, TEXT_ARG(fhir_type_name((fhir_type)i)));
            before = ",";
        }
    }
    buf_add(out, T("],\"filters\":["));
    for (size_t i = 0; i < a->filters.count; i++) {
        const struct filter *f = &a->filters.items[i];
        buf_add(out, i ? T(",") : T(""));
        json_write_string(arena_printf(c->arena, "%.*s?%.*s", TEXT_ARG(fhir_type_name(f->type)),
                                       TEXT_ARG(f->query)),
                          out);
    }
    buf_addc(out, ']');
    print_list(out, "notes", &a->notes);
    print_list(out, "elements", &a->elements);
    buf_add(out, T(",\"keys\":["));
    for (size_t i = 0; i < a->key_count; i++) {
        buf_printf(out, "%s%llu,%llu", i ? "," : "", (unsigned long long)a->keys[i].from,
                   (unsigned long long)a->keys[i].to);
    }
    buf_addc(out, ']');
    owner_print(c, out);
    buf_add(out, T("}\n"));
}

static int make_job(struct ask *a, uint64_t until, struct err *e)
{
    struct job draft;
    struct buf request;
    int dir;
    int rc = job_draft(a->c->rest->jobs, JOB_EXPORT, &draft, &dir, e);
    if (rc) {
        return rc;
    }
    buf_init(&request, REQUEST_MOST);
    print_request(a, until, &request);
    rc = kick_off(a->c, &draft, dir, &request, e);
    buf_done(&request);
    return rc;
}

int kick_off_export(struct call *c, struct err *e)
{
    struct ask a = {.c = c, .since_ms = INT64_MIN};
    uint64_t until = 0;
    int rc = owner_may_export(c, e);
    rc = rc ? rc : take_params(&a, e);
    rc = rc ? rc : store_moment(c->rest->store, c->grant, &until, e);
    rc = rc ? rc : find_keys(&a, e);
    return rc ? rc : make_job(&a, until, e);
}
