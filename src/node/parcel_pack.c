/* A patient's record as lines: every version in their compartment, what these refer to outside of
 * records, and the entries of the log. What stands in another person's record stays there. */
#include "base/clock.h"
#include "base/map.h"
#include "format/json.h"
#include "node/parcel_record.h"
#include "rest/access_proof.h"

#include <inttypes.h>

enum {
    PAGE_COUNT = 500,
    PAGE_BYTES = 8 << 20,
    LOG_PAGE = 200,
    TREE_DEPTH = 100,
    REFERRED_MAX = 50000,
    ENTRY_ROOM = 23 << 20,
    NAMES_MEMORY = 64 << 20,
};
#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

struct packing {
    const struct parcel_source *from;
    const struct record_lines *to;
    uint64_t first, last; /* keys of the compartment */
    struct arena names;   /* of what is referred to, and of codes */
    struct map referred;  /* "Practitioner/7": its place in `list` */
    text *list;
    text *codes; /* of an Organization: its ODS code, "" */
    size_t count, capacity, code_capacity;
    struct arena a; /* of a page */
    struct buf line;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to pack a record");
}

/* --- what is referred to ------------------------------------------------------------------------
 */

/* "Practitioner/7" of "Practitioner/7/_history/2"; empty: it is no such thing. */
static text local_name(text reference)
{
    size_t slash = text_find(reference, '/');
    text type = text_first(reference, slash);
    text id = text_from(reference, slash + 1);
    id = text_first(id, text_find(id, '/'));
    return slash < reference.n && id.n && fhir_type_of(type)
               ? text_first(reference, type.n + 1 + id.n)
               : (text){0};
}

static int code_of(struct packing *p, text name, text *ret, struct err *e)
{
    struct store_view *view;
    struct version v;
    yyjson_val *root = NULL;
    *ret = T("");
    if (!text_starts(name, T("Organization/"))) {
        return 0;
    }
    int rc =
        store_view_begin(p->from->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    struct err none = {0};
    int found =
        store_read(view, fhir_type_of(T("Organization")), text_from(name, 13), &p->a, &v, &none);
    store_view_end(view);
    if (found || v.deleted) {
        return 0;
    }
    struct buf json;
    struct resource_head head = {v.type, v.id, v.vid, version_instant(&v)};
    buf_init(&json, ENTRY_ROOM);
    rc = resource_print(&head, v.packed, &json, e);
    rc = rc ? rc : json_read(buf_text(&json), TREE_DEPTH, &p->a, &root, e);
    const yyjson_val *ids = json_get(root, T("identifier"));
    const yyjson_val *item = ids && json_len(ids) ? ids + 1 : NULL;
    for (size_t left = item ? json_len(ids) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("system"))), T(ODS_SYSTEM))) {
            text value = json_text(json_get(item, T("value")));
            *ret = value.n ? arena_copy(&p->names, value) : *ret;
        }
    }
    buf_done(&json);
    return rc || ret->p ? rc : no_memory(e);
}

/* *ret_at: its place in the list. */
static int refer(struct packing *p, text name, size_t *ret_at, struct err *e)
{
    bool is_new = false;
    text copy = arena_copy(&p->names, name);
    uint64_t *at = copy.p ? map_put(&p->referred, copy, &is_new) : NULL;
    if (!at) {
        return no_memory(e);
    }
    *ret_at = (size_t)*at;
    if (!is_new) {
        return 0;
    }
    text *list = p->count < REFERRED_MAX
                     ? arena_grow(&p->names, p->list, p->count, &p->capacity, sizeof *list)
                     : NULL;
    text *codes =
        list ? arena_grow(&p->names, p->codes, p->count, &p->code_capacity, sizeof *codes) : NULL;
    if (!codes) {
        return no_memory(e);
    }
    p->list = list;
    p->codes = codes;
    *ret_at = p->count;
    *at = p->count;
    list[p->count] = copy;
    int rc = code_of(p, copy, &codes[p->count], e);
    p->count++;
    return rc;
}

/* All references of a tree; those to an Organization with a code are noted for the line. */
static int collect(struct packing *p, const yyjson_val *root, struct buf *codes, struct err *e)
{
    const yyjson_val *v = root, *end = json_after(root);
    text key = {0};
    int rc = 0;
    /* Values stand in the order of the text: names and strings alike are visited once. */
    for (; !rc && v < end; v++) {
        text word = json_type(v) == YYJSON_TYPE_STR ? json_text(v) : (text){0};
        bool names = text_eq(key, T("reference")) || text_eq(key, T("url"));
        text name = names && word.p ? local_name(word) : (text){0};
        if (name.n && (text_eq(key, T("reference")) || text_starts(name, T("Binary/")))) {
            size_t at;
            rc = refer(p, name, &at, e);
            if (!rc && p->codes[at].n) {
                buf_add(codes, codes->n ? T(",") : T(""));
                json_write_string(p->list[at], codes);
                buf_addc(codes, ':');
                json_write_string(p->codes[at], codes);
            }
        }
        key = word;
    }
    return rc;
}

/* --- a version ----------------------------------------------------------------------------------
 */

static int put_line(struct packing *p, enum record_line kind, struct err *e)
{
    if (buf_failed(&p->line)) {
        return err_set(e, ERR_TOO_LARGE, "an entry is too large to be packed");
    }
    return p->to->line(p->to->context, kind, buf_text(&p->line), e);
}

static int put_version(struct packing *p, const struct version *v, uint64_t step, bool shared,
                       struct err *e)
{
    struct arena_mark mark = arena_mark(&p->a);
    struct buf json, codes;
    yyjson_val *root = NULL;
    struct resource_head head = {v->type, v->id, v->vid, version_instant(v)};
    buf_init(&json, ENTRY_ROOM);
    buf_init(&codes, 1 << 20);
    buf_clear(&p->line);
    buf_printf(&p->line,
               "{\"type\":\"%.*s\",\"id\":\"%.*s\",\"version\":%" PRIu64 ",\"at\":%" PRId64
               ",\"step\":%" PRIu64,
               TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id), v->vid, version_instant(v),
               step);
    int rc = v->deleted ? 0 : resource_print(&head, v->packed, &json, e);
    rc = rc || v->deleted ? rc : json_read(buf_text(&json), TREE_DEPTH, &p->a, &root, e);
    rc = rc || !root ? rc : collect(p, root, &codes, e);
    if (shared) {
        buf_add(&p->line, T(",\"shared\":true"));
        size_t at;
        text name =
            arena_printf(&p->a, "%.*s/%.*s", TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id));
        rc = rc ? rc : name.p ? refer(p, name, &at, e) : no_memory(e);
        if (!rc && p->codes[at].n) {
            buf_add(&p->line, T(",\"code\":"));
            json_write_string(p->codes[at], &p->line);
        }
    }
    if (codes.n) {
        buf_add(&p->line, T(",\"ods\":{"));
        buf_add(&p->line, buf_text(&codes));
        buf_addc(&p->line, '}');
    }
    buf_add(&p->line, v->deleted ? T(",\"deleted\":true}") : T(",\"resource\":"));
    buf_add(&p->line, buf_text(&json));
    buf_add(&p->line, v->deleted ? T("") : T("}"));
    bool failed = buf_failed(&json) || buf_failed(&codes);
    buf_done(&json);
    buf_done(&codes);
    arena_rewind(&p->a, mark);
    rc = rc ? rc : failed ? err_set(e, ERR_TOO_LARGE, "an entry is too large to be packed") : 0;
    return rc ? rc : put_line(p, RECORD_VERSION, e);
}

/* Those that were this patient's, oldest first. An entry that was moved here from another record
 * begins with the version that was moved. */
static int put_history(struct packing *p, const struct version *newest, struct err *e)
{
    struct store_view *view;
    uint64_t step = 0;
    int rc =
        store_view_begin(p->from->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    for (uint64_t vid = 1; !rc && vid <= newest->vid; vid++) {
        struct arena_mark mark = arena_mark(&p->a);
        struct version v;
        struct err why = {0};
        int found = store_vread(view, newest->type, newest->id, vid, &p->a, &v, &why);
        if (found && found != ERR_NOT_FOUND) {
            rc = err_set(e, found, "%s", err_text(&why));
        } else if (!found && v.rid >= p->first && v.rid <= p->last && (step || !v.deleted)) {
            rc = put_version(p, &v, ++step, false, e);
        }
        arena_rewind(&p->a, mark);
    }
    store_view_end(view);
    return rc;
}

static int pack_compartment(struct packing *p, struct err *e)
{
    const struct store_past all = {.until = INT64_MAX, .deletions = true};
    struct versions page = {.more = true};
    uint64_t next = p->first;
    int rc = 0;
    while (!rc && page.more) {
        struct store_view *view;
        arena_reset(&p->a);
        rc = store_view_begin(p->from->store, policy_local_administrator(), STORE_ONE_READ, &view,
                              e);
        if (rc) {
            break;
        }
        rc = store_scan_past(view, &all, next, p->last, PAGE_COUNT, PAGE_BYTES, &p->a, &page, &next,
                             e);
        store_view_end(view);
        for (size_t i = 0; !rc && i < page.count; i++) {
            rc = put_history(p, &page.items[i], e);
        }
    }
    return rc;
}

/* Practitioners, organisations, places, medicines, files: as they are now. */
static int pack_referred(struct packing *p, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < p->count; i++) { /* the list grows meanwhile */
        struct store_view *view;
        struct version v;
        struct err why = {0};
        uint64_t compartment;
        size_t slash = text_find(p->list[i], '/');
        fhir_type type = fhir_type_of(text_first(p->list[i], slash));
        arena_reset(&p->a);
        rc = store_view_begin(p->from->store, policy_local_administrator(), STORE_ONE_READ, &view,
                              e);
        if (rc) {
            break;
        }
        int found = store_read(view, type, text_from(p->list[i], slash + 1), &p->a, &v, &why);
        store_view_end(view);
        if (found && found != ERR_NOT_FOUND) {
            rc = err_set(e, found, "%s", err_text(&why));
        } else if (!found && !v.deleted && !store_patients_compartment(v.rid, &compartment)) {
            rc = put_version(p, &v, 1, true, e);
        }
    }
    return rc;
}

/* --- the log ------------------------------------------------------------------------------------
 */

static int put_entry(struct packing *p, const struct audit_entry *entry, struct err *e)
{
    text proof;
    bool secret = entry->event.disclose_after_ms > p->from->now_ms;
    if (p->from->before && entry->leaf >= p->from->before) {
        return 0;
    }
    int rc = audit_proof(p->from->audit, entry->leaf, &p->a, &proof, e);
    rc = rc || !secret ? rc : proof_silence(proof, &p->a, &proof, e);
    if (rc) {
        return rc;
    }
    buf_clear(&p->line);
    buf_printf(&p->line, "{\"leaf\":%" PRIu64 ",\"proof\":", entry->leaf);
    json_write_string(proof, &p->line);
    buf_addc(&p->line, '}');
    return put_line(p, RECORD_LOG, e);
}

static int pack_log(struct packing *p, text patient, struct err *e)
{
    uint64_t before = UINT64_MAX, total = 0;
    struct audit_entry *entries = NULL;
    size_t count = 1;
    int rc = 0;
    while (!rc && p->from->audit && count && before > 1) {
        arena_reset(&p->a);
        rc = audit_of_patient(p->from->audit, patient, before, LOG_PAGE, &p->a, &entries, &count,
                              &total, e);
        for (size_t i = 0; !rc && i < count; i++) {
            rc = put_entry(p, &entries[i], e);
            before = entries[i].patient_seq;
        }
    }
    return rc;
}

/* --- all ----------------------------------------------------------------------------------------
 */

static int find_keys(struct packing *p, text patient, struct err *e)
{
    struct store_view *view;
    struct version v;
    uint64_t *others;
    size_t count;
    int rc =
        store_view_begin(p->from->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, fhir_type_of(T("Patient")), patient, &p->a, &v, e);
    rc =
        rc ? rc : store_patient_keys(view, patient, &p->a, &p->first, &p->last, &others, &count, e);
    store_view_end(view);
    return rc == ERR_NOT_FOUND || (!rc && v.deleted)
               ? err_set(e, ERR_NOT_FOUND, "there is no Patient/%.*s here",
                         TEXT_ARG(text_short(patient, 64)))
               : rc;
}

int parcel_pack(const struct parcel_source *from, text patient, const struct record_lines *to,
                struct err *e)
{
    struct packing p = {.from = from, .to = to};
    arena_init(&p.a, (size_t)from->limits->request_memory);
    arena_init(&p.names, NAMES_MEMORY);
    map_init(&p.referred);
    buf_init(&p.line, ENTRY_ROOM);
    int rc = find_keys(&p, patient, e);
    rc = rc ? rc : pack_compartment(&p, e);
    rc = rc ? rc : pack_referred(&p, e);
    rc = rc ? rc : pack_log(&p, patient, e);
    buf_done(&p.line);
    map_done(&p.referred);
    arena_done(&p.names);
    arena_done(&p.a);
    return rc;
}
