/*
 * Versions of another's parcel into a store. Each becomes the version of the same number, so that a
 * line that is taken again after a crash finds itself there; what the custodian's version was, and
 * when, stands in an extension of its meta.
 */
#include "base/clock.h"
#include "node/parcel_int.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    AT_ONCE = 200,
    BYTES_AT_ONCE = 4 << 20,
    TREE_DEPTH = 100,
    LINE_MEMORY = 600 << 20,
    RESOURCE_MAX = 24 << 20,
};
#define CHANGED "here it has been changed, too"
#define OF_OTHERS "here something else has this id, which is not in this person's record"
#define EXTENSION "https://kith.care/fhir/StructureDefinition/custodian-version"

struct taken_line {
    struct write write;
    struct index index;
};

struct unpacking {
    const struct parcel_target *to;
    const struct record_ask *ask;
    struct arena a; /* of so many lines as are written at once */
    struct taken_line lines[AT_ONCE];
    struct write_request requests[AT_ONCE];
    size_t count;
    size_t bytes;
    struct parcel_ids ids;
    text patient; /* whose record it is, here */
    struct record_taken *taken;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to take a record in");
}

static void refuse(struct unpacking *u, const char *name, const char *why)
{
    if (!u->taken->refused++) {
        (void)snprintf(u->taken->why, sizeof u->taken->why, "%.100s: %.150s", name, why);
    }
}

/* --- under which id -----------------------------------------------------------------------------
 */

/* p == NULL: no memory. `code`: the ODS code of an Organization, "". *ret_own: it is one that is
 * here already. */
static int map_id(struct unpacking *u, text type, text id, text code, text *ret, bool *ret_own,
                  struct err *e)
{
    const struct record_ask *ask = u->ask;
    *ret_own = false;
    if (ask->same_ids) {
        *ret = id;
        return 0;
    }
    if (parcel_is_derived(id)) {
        return parcel_ids_back(&u->ids, u->to->store, ask, type, id, ret, e);
    }
    if (text_eq(type, T("Patient")) && text_eq(id, ask->there) && ask->patient.n) {
        *ret = ask->patient;
        *ret_own = true;
        return 0;
    }
    if (code.n && u->to->organisation) {
        text own = T("");
        int rc = u->to->organisation(u->to->context, code, &u->a, &own, e);
        if (rc) {
            return rc;
        }
        if (own.n) {
            *ret = text_from(own, text_find(own, '/') + 1);
            *ret_own = true;
            return 0;
        }
    }
    *ret = code.n ? parcel_derived_id(T("ods"), type, code, &u->a)
                  : parcel_derived_id(ask->from, type, id, &u->a);
    return ret->p ? 0 : no_memory(e);
}

/* --- the resource as it is kept here ------------------------------------------------------------
 */

struct rewriting {
    struct unpacking *u;
    const yyjson_val *codes; /* of organisations in this line */
    struct buf *out;
    struct err *e;
};

/* "Type/id", with whatever follows. */
static int put_reference(struct rewriting *r, text word)
{
    size_t slash = text_find(word, '/');
    text type = text_first(word, slash);
    text rest = text_from(word, slash + 1);
    text id = text_first(rest, text_find(rest, '/'));
    bool own;
    text mapped;
    if (slash == word.n || !id.n || !fhir_type_of(type)) {
        json_write_string(word, r->out);
        return 0;
    }
    text code = json_text(json_get(r->codes, text_first(word, slash + 1 + id.n)));
    int rc = map_id(r->u, type, id, code, &mapped, &own, r->e);
    text all = rc ? (text){0}
                  : arena_printf(&r->u->a, "%.*s/%.*s%.*s", TEXT_ARG(type), TEXT_ARG(mapped),
                                 TEXT_ARG(text_from(rest, id.n)));
    if (!rc && !all.p) {
        rc = no_memory(r->e);
    }
    if (!rc) {
        json_write_string(all, r->out);
    }
    return rc;
}

/* json_read() has bounded the depth. */
static int put_value(struct rewriting *r, const yyjson_val *v, text key)
{
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    int rc = 0;
    if (!v) {
        return 0;
    }
    text word = json_type(v) == YYJSON_TYPE_STR ? json_text(v) : (text){0};
    if (word.p && (text_eq(key, T("reference")) ||
                   (text_eq(key, T("url")) && text_starts(word, T("Binary/"))))) {
        return put_reference(r, word);
    }
    if (!json_is_container(v)) {
        json_write(v, r->out);
        return 0;
    }
    const yyjson_val *item = v + 1;
    buf_addc(r->out, object ? '{' : '[');
    for (size_t left = json_len(v); !rc && left; left--, item = json_after(item)) {
        text name = key;
        if (left < json_len(v)) {
            buf_addc(r->out, ',');
        }
        if (object) {
            name = json_text(item);
            json_write(item++, r->out);
            buf_addc(r->out, ':');
        }
        rc = put_value(r, item, name);
    }
    buf_addc(r->out, object ? '}' : ']');
    return rc;
}

struct line {
    text type, id, code;
    uint64_t version, step;
    int64_t at_ms;
    const yyjson_val *resource, *codes;
    bool deleted, shared;
};

/* What was said of it when it left its first custodian. */
static const yyjson_val *extension_of(const yyjson_val *meta)
{
    const yyjson_val *list = json_get(meta, T("extension"));
    const yyjson_val *item = json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("url"))), T(EXTENSION))) {
            return item;
        }
    }
    return NULL;
}

static text said(const yyjson_val *extension, text name)
{
    const yyjson_val *list = json_get(extension, T("extension"));
    const yyjson_val *item = json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("url"))), name)) {
            return json_text(json_get(item, T("valueString")));
        }
    }
    return (text){0};
}

/* Whether a line is the version that this node itself has given away, under its own id. */
static bool is_own_version(const struct unpacking *u, const struct line *l, text id)
{
    const yyjson_val *extension = extension_of(json_get(l->resource, T("meta")));
    text name = said(extension, T("resource"));
    uint64_t version = 0;
    return !text_eq(id, l->id) && text_eq(said(extension, T("custodian")), u->ask->self) &&
           text_to_u64(said(extension, T("version")), &version) && version == l->step &&
           text_starts(name, l->type) && text_eq(text_from(name, l->type.n + 1), id);
}

static void put_extension(struct rewriting *r, const struct line *l)
{
    char at[CLOCK_INSTANT_SIZE];
    clock_instant(l->at_ms, at);
    buf_printf(r->out,
               "{\"url\":\"" EXTENSION "\",\"extension\":["
               "{\"url\":\"custodian\",\"valueString\":\"%.*s\"},"
               "{\"url\":\"resource\",\"valueString\":\"%.*s/%.*s\"},"
               "{\"url\":\"version\",\"valueString\":\"%" PRIu64 "\"},"
               "{\"url\":\"at\",\"valueInstant\":\"%s\"}]}",
               TEXT_ARG(r->u->ask->from), TEXT_ARG(l->type), TEXT_ARG(l->id), l->version, at);
}

/* What the first custodian said of it stays; else what this one says is added. */
static int put_meta(struct rewriting *r, const yyjson_val *meta, const struct line *l)
{
    const yyjson_val *key = json_type(meta) == YYJSON_TYPE_OBJ ? meta + 1 : NULL;
    const yyjson_val *old = json_get(meta, T("extension"));
    bool has = extension_of(meta), first = true;
    int rc = 0;
    buf_addc(r->out, '{');
    for (size_t left = key ? json_len(meta) : 0; !rc && left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_eq(name, T("versionId")) || text_eq(name, T("lastUpdated")) ||
            (!has && text_eq(name, T("extension")))) {
            continue;
        }
        buf_add(r->out, first ? T("") : T(","));
        first = false;
        json_write(key, r->out);
        buf_addc(r->out, ':');
        rc = put_value(r, key + 1, name);
    }
    if (!rc && !has) {
        buf_add(r->out, first ? T("\"extension\":[") : T(",\"extension\":["));
        const yyjson_val *item = json_type(old) == YYJSON_TYPE_ARR ? old + 1 : NULL;
        for (size_t left = item ? json_len(old) : 0; !rc && left; left--, item = json_after(item)) {
            rc = put_value(r, item, T("extension"));
            buf_addc(r->out, ',');
        }
        put_extension(r, l);
        buf_addc(r->out, ']');
    }
    buf_addc(r->out, '}');
    return rc;
}

/* Documents are sealed in themselves: their entries refer to each other, not to what is here. */
static int put_resource(struct rewriting *r, const struct line *l, text id)
{
    const yyjson_val *key = json_type(l->resource) == YYJSON_TYPE_OBJ ? l->resource + 1 : NULL;
    bool document = text_eq(l->type, T("Bundle"));
    int rc = 0;
    buf_printf(r->out, "{\"resourceType\":\"%.*s\",\"id\":\"%.*s\",\"meta\":", TEXT_ARG(l->type),
               TEXT_ARG(id));
    rc = put_meta(r, json_get(l->resource, T("meta")), l);
    for (size_t left = key ? json_len(l->resource) : 0; !rc && left;
         left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_eq(name, T("resourceType")) || text_eq(name, T("id")) ||
            text_eq(name, T("meta"))) {
            continue;
        }
        buf_addc(r->out, ',');
        json_write(key, r->out);
        buf_addc(r->out, ':');
        if (document) {
            json_write(key + 1, r->out);
        } else {
            rc = put_value(r, key + 1, name);
        }
    }
    buf_addc(r->out, '}');
    return rc;
}

/* --- a line as a write --------------------------------------------------------------------------
 */

static int prepare_put(struct unpacking *u, const struct line *l, text id, struct taken_line *t,
                       struct err *e)
{
    struct buf out, packed;
    struct rewriting r = {u, l->codes, &out, e};
    struct resource resource = {0};
    struct issues issues;
    yyjson_val *root = NULL;
    buf_init(&out, RESOURCE_MAX);
    buf_init(&packed, RESOURCE_MAX);
    issues_init(&issues, &u->a);
    int rc = put_resource(&r, l, id);
    rc = rc ? rc : buf_failed(&out) ? err_set(e, ERR_INVALID, "too large") : 0;
    rc = rc ? rc : json_read(buf_text(&out), TREE_DEPTH, &u->a, &root, e);
    rc = rc ? rc : resource_check(root, false, &u->a, &issues, &resource);
    if (rc == ERR_INVALID && issues.count) {
        (void)err_set(e, rc, "%.*s", TEXT_ARG(issues.items[0].details));
    }
    buf_done(&out);
    if (rc) {
        buf_done(&packed);
        return rc;
    }
    struct index_rules rules = store_rules(u->to->store);
    resource.id = id;
    resource_pack(&resource, &packed);
    t->write.packed = buf_failed(&packed) ? (text){0} : arena_copy(&u->a, buf_text(&packed));
    u->bytes += packed.n;
    buf_done(&packed);
    if (!t->write.packed.p || index_extract(&resource, &rules, &u->a, &t->index)) {
        return no_memory(e);
    }
    t->write.index = &t->index;
    return policy_facts(resource.type, resource.root, store_labels(u->to->store), &u->a,
                        &t->write.facts, e);
}

/* What is here of a version's number, and whether the one before it is a deletion. */
struct standing {
    bool there, same, after_deletion;
    bool others; /* what has the id is in nobody's record, or in another person's */
};

static bool is_theirs(const struct unpacking *u, struct store_view *view, uint64_t rid)
{
    uint64_t compartment;
    text patient;
    return u->ask->same_ids ||
           (store_patients_compartment(rid, &compartment) &&
            store_patient_of(view, compartment, &patient) == 0 && text_eq(patient, u->patient));
}

static int look(struct unpacking *u, const struct write *w, uint64_t step, struct standing *ret,
                struct err *e)
{
    struct store_view *view;
    struct version v = {0}, current = {0};
    struct err none = {0};
    int rc = store_view_begin(u->to->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    int found = store_vread(view, w->type, w->id, step, &u->a, &v, &none);
    int last = found ? store_read(view, w->type, w->id, &u->a, &current, &none) : 0;
    ret->others = found && !last && !is_theirs(u, view, current.rid);
    store_view_end(view);
    if ((found && found != ERR_NOT_FOUND) || (last && last != ERR_NOT_FOUND)) {
        return err_set(e, found != ERR_NOT_FOUND ? found : last, "%s", err_text(&none));
    }
    ret->there = !found;
    ret->same =
        !found &&
        (w->kind == WRITE_DELETE ? v.deleted : !v.deleted && resource_same(v.packed, w->packed));
    ret->after_deletion = found && !last && current.deleted && current.vid + 1 == step;
    return 0;
}

static void clash(struct unpacking *u, const struct write *w, const char *why)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%.*s/%.*s", TEXT_ARG(fhir_type_name(w->type)),
                   TEXT_ARG(w->id));
    refuse(u, name, why);
}

/* *ret_wanted false: it is not to be written here, or is there already. */
static int prepare_line(struct unpacking *u, const struct line *l, bool *ret_wanted, struct err *e)
{
    struct taken_line *t = &u->lines[u->count];
    const struct write *before = u->count ? &u->lines[u->count - 1].write : NULL;
    struct standing here = {0};
    text id;
    bool own;
    *ret_wanted = false;
    int rc = map_id(u, l->type, l->id, l->code, &id, &own, e);
    u->taken->same += !rc && own;
    if (rc || own) {
        return rc;
    }
    *t = (struct taken_line){.write = {.kind = l->deleted ? WRITE_DELETE : WRITE_PUT,
                                       .type = fhir_type_of(l->type),
                                       .id = id,
                                       .expected_vid = l->step - 1}};
    rc = l->deleted ? 0 : prepare_put(u, l, id, t, e);
    rc = rc ? rc : look(u, &t->write, l->step, &here, e);
    if (rc || here.there || here.others) {
        bool same = here.same || (here.there && is_own_version(u, l, id));
        u->taken->same += !rc && same;
        if (!rc && !same) {
            clash(u, &t->write, here.others ? OF_OTHERS : CHANGED);
        }
        return rc;
    }
    bool deleted = before && before->kind == WRITE_DELETE && before->type == t->write.type &&
                   text_eq(before->id, id);
    t->write.expect =
        l->step == 1 || deleted || here.after_deletion ? EXPECT_ABSENT : EXPECT_VERSION;
    *ret_wanted = true;
    return 0;
}

static int settle_one(struct unpacking *u, struct taken_line *t, const struct write_request *r,
                      struct err *e)
{
    struct standing here = {0};
    int rc = r->result;
    if (rc && rc != ERR_PRECONDITION && rc != ERR_CONFLICT) {
        return err_set(e, rc, "%s", err_text(&r->err));
    }
    int looked = rc ? look(u, &t->write, t->write.expected_vid + 1, &here, e) : 0;
    if (looked) {
        return looked;
    }
    if (rc && !here.same) {
        clash(u, &t->write, CHANGED);
    } else {
        u->taken->written += !rc;
        u->taken->same += rc != 0;
    }
    return 0;
}

static int commit(struct unpacking *u, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < u->count; i++) {
        u->requests[i] = (struct write_request){
            .writes = &u->lines[i].write, .write_count = 1, .failed_condition = SIZE_MAX};
    }
    store_commit(u->to->store, policy_local_administrator(), u->requests, u->count);
    for (size_t i = 0; !rc && i < u->count; i++) {
        rc = settle_one(u, &u->lines[i], &u->requests[i], e);
    }
    u->count = u->bytes = 0;
    arena_reset(&u->a);
    return rc;
}

static int64_t number_of(const yyjson_val *root, text name)
{
    uint64_t n = 0;
    return text_to_u64(json_text(json_get(root, name)), &n) && n < INT64_MAX ? (int64_t)n : 0;
}

static int take_line(struct unpacking *u, text json, struct err *e)
{
    yyjson_val *root = NULL;
    bool wanted = false;
    struct err why = {0};
    int rc = json_read(json, TREE_DEPTH, &u->a, &root, &why);
    text type = json_text(json_get(root, T("type")));
    if (rc || !type.p) {
        return rc == ERR_MEMORY ? no_memory(e) : 0; /* of the log, of places */
    }
    struct line l = {.type = type,
                     .id = json_text(json_get(root, T("id"))),
                     .code = json_text(json_get(root, T("code"))),
                     .version = (uint64_t)number_of(root, T("version")),
                     .step = (uint64_t)number_of(root, T("step")),
                     .at_ms = number_of(root, T("at")),
                     .resource = json_get(root, T("resource")),
                     .codes = json_get(root, T("ods")),
                     .deleted = json_is_true(json_get(root, T("deleted")))};
    bool good = fhir_type_of(type) && l.id.n && l.step &&
                (l.deleted || json_type(l.resource) == YYJSON_TYPE_OBJ);
    rc = good ? prepare_line(u, &l, &wanted, &why) : ERR_INVALID;
    if (rc == ERR_MEMORY || err_info(rc)->retryable) {
        return err_set(e, rc, "%s", err_text(&why));
    }
    if (rc) {
        char name[128];
        (void)snprintf(name, sizeof name, "%.*s/%.*s", TEXT_ARG(type),
                       TEXT_ARG(text_short(l.id, 64)));
        refuse(u, name, err_text(&why));
        return 0;
    }
    u->count += wanted;
    return 0;
}

int parcel_unpack(const struct parcel_target *to, const struct record_ask *ask, text lines,
                  struct record_taken *ret_taken, struct err *e)
{
    struct arena own;
    text rest = lines, line;
    int rc = 0;
    arena_init(&own, (size_t)1 << 20);
    struct unpacking *u = arena_zalloc(&own, 1, sizeof *u);
    if (!u) {
        arena_done(&own);
        return no_memory(e);
    }
    *u = (struct unpacking){.to = to, .ask = ask, .taken = ret_taken};
    arena_init(&u->a, LINE_MEMORY);
    parcel_ids_init(&u->ids);
    u->patient = ask->patient.n ? ask->patient
                 : parcel_is_derived(ask->there)
                     ? ask->there
                     : parcel_derived_id(ask->from, T("Patient"), ask->there, &own);
    rc = u->patient.p ? 0 : no_memory(e);
    while (!rc && text_cut(&rest, '\n', &line)) {
        rc = line.n ? take_line(u, line, e) : 0;
        if (!rc && (u->count == AT_ONCE || u->bytes > BYTES_AT_ONCE)) {
            rc = commit(u, e);
        }
    }
    rc = rc ? rc : commit(u, e);
    parcel_ids_done(&u->ids);
    arena_done(&u->a);
    arena_done(&own);
    return rc;
}
