#include "rest/document.h"

#include "base/clock.h"
#include "base/pace.h"
#include "fhir/reference.h"
#include "rest/operation.h"

/*
 * Composition/{id}/$document (R4 composition-operation-document.html): the Composition first, then
 * what it refers to, what that refers to, and so on, as far as it is stored here. What the
 * Composition itself refers to has to be there (R4 documents.html#content).
 */

enum { COMPARTMENT_BIT = 28 }; /* of a key: store/store.h */

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the document needs more memory than a request may have");
}

/* --- the bundle ------------------------------------------------------------------------------ */

void document_init(struct document *d, struct call *c, struct store_view *view)
{
    *d = (struct document){.call = c, .view = view};
    map_init(&d->seen);
}

void document_done(struct document *d)
{
    map_done(&d->seen);
}

/* *ret_new: it was not known. */
static int know(struct document *d, fhir_type type, text id, bool *ret_new, uint64_t **ret_here,
                struct err *e)
{
    text parts[] = {fhir_type_name(type), T("/"), id};
    text key = arena_join(d->call->arena, parts, 3);
    *ret_here = key.p ? map_put(&d->seen, key, ret_new) : NULL;
    return *ret_here ? 0 : no_memory(e);
}

static int append(struct document *d, const struct version *v, struct err *e)
{
    size_t most = (size_t)d->call->rest->limits->include_entries;
    if (d->count == most) {
        return err_set(e, ERR_TOO_COSTLY,
                       "the document would have more than %zu resources; read them one by one, or "
                       "ask the operator to raise the limit include_entries",
                       most);
    }
    struct version *items =
        arena_grow(d->call->arena, d->items, d->count, &d->capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    d->items = items;
    items[d->count++] = *v;
    return 0;
}

int document_add(struct document *d, const struct version *v, struct err *e)
{
    bool is_new = false;
    uint64_t *here = NULL;
    int rc = know(d, v->type, v->id, &is_new, &here, e);
    if (rc || !is_new) {
        return rc;
    }
    *here = 1;
    return append(d, v, e);
}

static int read_target(struct document *d, const struct reference *r, struct version *ret,
                       bool *ret_here, struct err *e)
{
    struct arena *a = d->call->arena;
    uint64_t vid = 0;
    bool versioned = r->version.n && text_to_u64(r->version, &vid);
    int rc = versioned ? store_vread(d->view, r->type, r->id, vid, a, ret, e)
                       : store_read(d->view, r->type, r->id, a, ret, e);
    *ret_here = !rc && !ret->deleted;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* A document about one patient has nothing of another's record, and no mistakes. */
static bool may_bring(const struct document *d, const struct version *v)
{
    static const char wrong[] = "\"status\":\"entered-in-error\"";
    bool shared = v->rid < store_patients_first();
    return !d->patient ||
           ((shared || (v->rid >> COMPARTMENT_BIT) == (d->patient >> COMPARTMENT_BIT)) &&
            !memmem(v->packed.p, v->packed.n, wrong, sizeof wrong - 1));
}

int document_bring(struct document *d, text reference, bool *ret_here, struct err *e)
{
    struct reference r = reference_parse(reference, d->call->base);
    struct version v;
    bool is_new = false;
    uint64_t *here = NULL;
    *ret_here = false;
    if (r.kind != REFERENCE_LOCAL || (d->follow && !d->follow[r.type])) {
        return 0;
    }
    int rc = know(d, r.type, r.id, &is_new, &here, e);
    if (rc || !is_new) {
        *ret_here = !rc && *here;
        return rc;
    }
    rc = read_target(d, &r, &v, ret_here, e);
    *ret_here = *ret_here && !rc && may_bring(d, &v);
    if (!*ret_here) {
        return rc;
    }
    *here = 1;
    return append(d, &v, e);
}

/* In packed JSON a quote inside a string has a backslash before it, so these bytes can only be a
 * member of that name. */
static int follow_one(struct document *d, text packed, struct err *e)
{
    static const char member[] = "\"reference\":\"";
    const char *end = packed.p + packed.n;
    const char *at = packed.p;
    int rc = 0;
    while (!rc && packed.n &&
           (at = memmem(at, (size_t)(end - at), member, sizeof member - 1)) != NULL) {
        bool here;
        at += sizeof member - 1;
        size_t n = text_find(text_make(at, (size_t)(end - at)), '"');
        rc = document_bring(d, text_make(at, n), &here, e);
        at += n;
    }
    return rc;
}

int document_follow(struct document *d, struct err *e)
{
    int rc = 0;
    while (!rc && d->followed < d->count) {
        pace_give_way();
        rc = follow_one(d, d->items[d->followed++].packed, e);
    }
    return rc;
}

void document_open(struct buf *out, const char *profile, const char *uuid, int64_t now_ms)
{
    char now[CLOCK_INSTANT_SIZE];
    clock_instant(now_ms, now);
    buf_printf(out, "{\"resourceType\":\"Bundle\",\"id\":\"%s\"", uuid);
    if (profile) {
        buf_printf(out, ",\"meta\":{\"profile\":[\"%s\"]}", profile);
    }
    buf_printf(out,
               ",\"identifier\":{\"system\":\"urn:ietf:rfc:3986\",\"value\":\"urn:uuid:%s\"},"
               "\"type\":\"document\",\"timestamp\":\"%s\",\"entry\":[",
               uuid, now);
}

int document_close(struct document *d, size_t before, struct buf *out, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < d->count; i++) {
        const struct version *v = &d->items[i];
        text parts[] = {before + i ? T(",{\"fullUrl\":\"") : T("{\"fullUrl\":\""),
                        d->call->base,
                        T("/"),
                        fhir_type_name(v->type),
                        T("/"),
                        v->id,
                        T("\",\"resource\":")};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            buf_add(out, parts[k]);
        }
        rc = print_version(v, out, e);
        buf_addc(out, '}');
        pace_give_way();
    }
    buf_add(out, T("]}"));
    return rc ? rc : buf_failed(out) ? no_memory(e) : 0;
}

/* --- what a Composition refers to ------------------------------------------------------------- */

enum { MISSING_SHOWN = 10 };

struct not_found {
    struct buf list;
    size_t count;
};

static int bring_reference(struct document *d, text reference, struct not_found *m, struct err *e)
{
    bool here = false;
    if (!reference.n || reference.p[0] == '#') {
        return 0;
    }
    int rc = document_bring(d, reference, &here, e);
    if (!rc && !here && m->count++ < MISSING_SHOWN) {
        buf_add(&m->list, m->list.n ? T(", ") : T(""));
        buf_add(&m->list, text_short(reference, 100));
    }
    return rc;
}

/* All references below a value, in the order in which they stand. What a tree of json_read() has is
 * no deeper than the limit json_depth. */
static int bring_all(struct document *d, const yyjson_val *value, struct not_found *m,
                     struct err *e)
{
    bool object = json_type(value) == YYJSON_TYPE_OBJ;
    const yyjson_val *at = value + 1;
    int rc = 0;
    if (!json_is_container(value)) {
        return 0;
    }
    for (size_t left = json_len(value); !rc && left; left--) {
        const yyjson_val *item = object ? at + 1 : at;
        bool link =
            object && json_type(item) == YYJSON_TYPE_STR && text_eq(json_text(at), T("reference"));
        rc = link ? bring_reference(d, json_text(item), m, e) : bring_all(d, item, m, e);
        at = json_after(item);
    }
    return rc;
}

/* Another Composition that this one replaces or adds to is a document of its own. */
static bool is_part(text member)
{
    return !text_eq(member, T("relatesTo"));
}

static int bring_parts(struct document *d, const yyjson_val *composition, struct not_found *m,
                       struct err *e)
{
    const yyjson_val *key = composition + 1;
    int rc = 0;
    for (size_t left = json_len(composition); !rc && left; left--, key = json_after(key + 1)) {
        rc = is_part(json_text(key)) ? bring_all(d, key + 1, m, e) : 0;
    }
    if (!rc && m->count) {
        rc = err_at(e, ERR_BUSINESS_RULE, T("Composition"),
                    "the document is not whole: the Composition refers to %zu that %s not stored "
                    "here (%.*s%s); store them here, or correct the references",
                    m->count, m->count == 1 ? "is" : "are", TEXT_ARG(buf_text(&m->list)),
                    m->count > MISSING_SHOWN ? ", ..." : "");
    }
    return rc;
}

/* --- the operation ---------------------------------------------------------------------------- */

struct document_ask {
    text id;
    bool persist;
};

static int take_persist(struct call *c, const struct operation_parameter *p,
                        struct document_ask *ask, struct err *e)
{
    ask->persist = text_eq(p->value, T("true"));
    if (!ask->persist && !text_eq(p->value, T("false"))) {
        return err_set(e, ERR_VALUE, "persist must be true or false");
    }
    return ask->persist && c->method != HTTP_POST
               ? err_set(e, ERR_METHOD,
                         "persist=true stores the document, which a GET may not do; send it by "
                         "POST")
               : 0;
}

static int take_id(const struct call *c, text value, struct document_ask *ask, struct err *e)
{
    struct reference r = reference_parse(value, c->base);
    bool whole = r.kind == REFERENCE_LOCAL && text_eq(fhir_type_name(r.type), T("Composition"));
    if (c->route.id.n) {
        return err_set(e, ERR_INVALID,
                       "the address names the Composition already; leave the parameter id out");
    }
    if (!whole && !reference_id_ok(value)) {
        return err_set(e, ERR_VALUE,
                       "id must name a Composition that is stored here, as its id or "
                       "Composition/{id}; it is '%.*s'",
                       TEXT_ARG(text_short(value, 100)));
    }
    ask->id = whole ? r.id : value;
    return 0;
}

static int understand(struct call *c, struct document_ask *ask, struct err *e)
{
    static const char *const names[] = {"id", "persist", "graph", NULL};
    struct operation_parameter *given;
    size_t count;
    int rc = operation_parameters(c, false, &given, &count, e);
    rc = rc ? rc : operation_only(given, count, names, e);
    *ask = (struct document_ask){.id = c->route.id};
    for (size_t i = 0; !rc && i < count; i++) {
        const char *name = text_eq(given[i].name, T("id"))        ? "id"
                           : text_eq(given[i].name, T("persist")) ? "persist"
                                                                  : "graph";
        if (operation_parameter(given, i, name)) {
            rc = err_set(e, ERR_DUPLICATE, "the parameter %s stands twice; give it once", name);
        } else if (name[0] == 'g') {
            rc = err_set(e, ERR_NOT_SUPPORTED,
                         "$document does not follow a GraphDefinition; leave graph out: all that "
                         "the Composition refers to comes along");
        } else {
            rc = name[0] == 'p' ? take_persist(c, &given[i], ask, e)
                                : take_id(c, given[i].value, ask, e);
        }
    }
    if (!rc && !ask->id.n) {
        rc = err_set(e, ERR_REQUIRED,
                     "say which Composition: Composition/{id}/$document, or the parameter id");
    }
    return rc;
}

static int gather(struct document *d, text id, struct err *e)
{
    struct call *c = d->call;
    struct version v;
    struct not_found missing = {0};
    yyjson_val *root;
    int rc = store_read(d->view, fhir_type_of(T("Composition")), id, c->arena, &v, e);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, rc ? ERR_NOT_FOUND : ERR_DELETED, "there is no Composition/%.*s here%s",
                       TEXT_ARG(id), rc ? "" : " any more: it has been deleted");
    }
    rc = rc ? rc : version_tree(&v, c->rest->limits, c->arena, &root, e);
    rc = rc ? rc : document_add(d, &v, e);
    if (!rc) {
        buf_init(&missing.list, 4096);
        rc = bring_parts(d, root, &missing, e);
        buf_done(&missing.list);
    }
    d->followed = 1; /* the Composition has been looked at */
    return rc ? rc : document_follow(d, e);
}

/* As a create of the Bundle: the answer is the stored one, and Location says where. */
static int persist(struct call *c, text json, struct err *e)
{
    struct route route = c->route;
    text query = c->query;
    struct text_pair {
        text match;
        text none_match;
        text none_exist;
    } conditions = {c->if_match, c->if_none_match, c->if_none_exist};
    int rc = json_read(json, (size_t)c->rest->limits->json_depth, c->arena, &c->resource, e);
    if (rc) {
        return rc;
    }
    c->route = (struct route){.interaction = INTERACTION_CREATE, .type = FHIR_BUNDLE};
    c->query = c->if_match = c->if_none_match = c->if_none_exist = (text){0};
    rc = do_write(c, e);
    c->route = route;
    c->query = query;
    c->if_match = conditions.match;
    c->if_none_match = conditions.none_match;
    c->if_none_exist = conditions.none_exist;
    return rc;
}

static int print(struct document *d, struct buf *out, struct err *e)
{
    char uuid[UUID_SIZE];
    random_uuid(uuid);
    document_open(out, NULL, uuid, clock_real_ms());
    return document_close(d, 0, out, e);
}

int do_document(struct call *c, struct err *e)
{
    struct document d;
    struct document_ask ask;
    struct store_view *view;
    struct buf out;
    int rc = understand(c, &ask, e);
    rc = rc ? rc : store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    document_init(&d, c, view);
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    rc = gather(&d, ask.id, e);
    store_view_end(view);
    rc = rc ? rc : print(&d, &out, e);
    document_done(&d);
    if (!rc && !ask.persist) {
        return operation_reply(c, &out, e);
    }
    text copy = rc ? (text){0} : arena_copy(c->arena, buf_text(&out));
    buf_done(&out);
    return rc ? rc : copy.p ? persist(c, copy, e) : no_memory(e);
}
