#include "fhir/summary.h"

#include "base/clock.h"
#include "base/pace.h"
#include "fhir/reference.h"
#include "rest/document.h"
#include "rest/everything.h"
#include "rest/operation.h"
#include "rest/write.h"

/*
 * Patient/{id}/$summary, Patient/$summary?identifier= (International Patient Summary,
 * http://hl7.org/fhir/uv/ips/OperationDefinition/summary): one scan of the patient's compartment,
 * of which fhir/summary.h chooses; then what the chosen ones need to be understood.
 */

#define ODS_CODE "https://fhir.nhs.uk/Id/ods-organization-code"

/* What is brought along. Visits and reasons stay where they are: a summary is not the record. */
static const char *const brought[] = {"Device",      "Location",         "Medication",
                                      "Observation", "Organization",     "Practitioner",
                                      "Specimen",    "PractitionerRole", NULL};

/* UUIDs of what is made: what says that there is nothing, and these. */
enum { UUID_COMPOSITION = SUMMARY_REQUIRED, UUID_AUTHOR, UUID_BUNDLE, UUIDS };

struct summarising {
    struct call *call;
    struct store_view *view;
    text patient;
    struct version *versions; /* of the items, in their order */
    struct summary_item *items;
    size_t count;
    size_t version_capacity;
    size_t item_capacity;
    struct map found; /* "Medication/1": the root that it means; NULL: not here */
    struct document document;
    char uuids[UUIDS][UUID_SIZE];
    text author_id;
    text author; /* JSON of the organisation; empty: it is one of those stored */
    int failed;  /* of find() */
    struct err *err;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the summary needs more memory than a request may have");
}

/* --- the record ------------------------------------------------------------------------------ */

static int add_item(struct summarising *s, const struct version *v, struct err *e)
{
    struct arena *a = s->call->arena;
    yyjson_val *root;
    if (!summary_takes(v->type)) {
        return 0;
    }
    int rc = version_tree(v, s->call->rest->limits, a, &root, e);
    if (rc) {
        return rc;
    }
    struct version *versions =
        arena_grow(a, s->versions, s->count, &s->version_capacity, sizeof *versions);
    struct summary_item *items =
        arena_grow(a, s->items, s->count, &s->item_capacity, sizeof *items);
    if (!versions || !items) {
        return no_memory(e);
    }
    s->versions = versions;
    s->items = items;
    versions[s->count] = *v;
    items[s->count++] = (struct summary_item){v->type, v->id, root, version_instant(v)};
    return 0;
}

static int read_record(struct summarising *s, struct err *e)
{
    struct versions vs = {.more = true, .next = T("")};
    int rc = 0;
    while (!rc && vs.more) {
        rc = store_scan(s->view, s->patient, EVERYTHING_COUNT, SIZE_MAX, vs.next, s->call->arena,
                        &vs, e);
        for (size_t i = 0; !rc && i < vs.count; i++) {
            rc = add_item(s, &vs.items[i], e);
            pace_give_way();
        }
    }
    return rc;
}

static int read_patient(struct summarising *s, struct version *ret_patient, yyjson_val **ret_root,
                        struct err *e)
{
    struct call *c = s->call;
    int rc = store_read(s->view, FHIR_PATIENT, s->patient, c->arena, ret_patient, e);
    if (rc == ERR_NOT_FOUND || (!rc && ret_patient->deleted)) {
        return err_set(e, rc ? ERR_NOT_FOUND : ERR_DELETED, "there is no Patient/%.*s here%s",
                       TEXT_ARG(s->patient), rc ? "" : " any more: it has been deleted");
    }
    return rc ? rc : version_tree(ret_patient, c->rest->limits, c->arena, ret_root, e);
}

/* struct summary_ask.find: medicines and devices, each read once. */
static const yyjson_val *find(void *context, text reference)
{
    struct summarising *s = context;
    struct call *c = s->call;
    struct reference r = reference_parse(reference, c->base);
    struct version v;
    bool is_new = false;
    yyjson_val *root = NULL;
    uint64_t *known = s->failed ? NULL : map_put(&s->found, reference, &is_new);
    if (!known || !is_new) {
        return known ? (const yyjson_val *)(uintptr_t)*known : NULL;
    }
    int rc = store_read(s->view, r.type, r.id, c->arena, &v, s->err);
    if (!rc && !v.deleted) {
        rc = version_tree(&v, c->rest->limits, c->arena, &root, s->err);
    }
    s->failed = rc == ERR_NOT_FOUND ? 0 : rc;
    *known = (uint64_t)(uintptr_t)root;
    return root;
}

/* --- whose node it is ------------------------------------------------------------------------ */

/* The id of the organisation's own resource, where one is stored here; else empty. Before the view
 * begins: a request holds one at a time. */
static int find_author(struct summarising *s, struct err *e)
{
    struct call *c = s->call;
    struct store_identity own = store_identity(c->rest->store);
    struct plan plan = {0};
    struct version v = {0};
    struct err ignored = {0};
    text query = own.organisation.n ? arena_printf(c->arena, "identifier=" ODS_CODE "%%7C%.*s",
                                                   TEXT_ARG(own.organisation))
                                    : T("");
    if (!query.p) {
        return no_memory(e);
    }
    int rc =
        query.n ? match_one(c, fhir_type_of(T("Organization")), query, &plan, &v, &ignored) : 0;
    s->author_id = rc ? (text){0} : v.id; /* of two with one code neither is known to be it */
    return rc == ERR_MEMORY ? no_memory(e) : 0;
}

/* One that the summary brings itself. */
static int make_author(struct summarising *s, struct summary_ask *ask, struct err *e)
{
    struct call *c = s->call;
    struct store_identity own = store_identity(c->rest->store);
    const char *uuid = s->uuids[UUID_AUTHOR];
    struct buf out;
    buf_init(&out, 65536);
    buf_printf(&out, "{\"resourceType\":\"Organization\",\"id\":\"%s\"", uuid);
    if (own.organisation.n) {
        buf_add(&out, T(",\"identifier\":[{\"system\":\"" ODS_CODE "\",\"value\":"));
        json_write_string(own.organisation, &out);
        buf_add(&out, T("}]"));
    }
    buf_add(&out, T(",\"name\":"));
    json_write_string(ask->author_name.n ? ask->author_name : T("This node"), &out);
    buf_addc(&out, '}');
    s->author = buf_failed(&out) ? (text){0} : arena_copy(c->arena, buf_text(&out));
    buf_done(&out);
    ask->author = arena_printf(c->arena, "urn:uuid:%s", uuid);
    return s->author.p && ask->author.p ? 0 : no_memory(e);
}

static int take_author(struct summarising *s, struct summary_ask *ask, struct err *e)
{
    struct call *c = s->call;
    struct store_identity own = store_identity(c->rest->store);
    struct version v;
    ask->author_name = own.name.n ? own.name : own.organisation;
    if (!s->author_id.n) {
        return make_author(s, ask, e);
    }
    int rc = store_read(s->view, fhir_type_of(T("Organization")), s->author_id, c->arena, &v, e);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return make_author(s, ask, e);
    }
    ask->author =
        arena_printf(c->arena, "%.*s/Organization/%.*s", TEXT_ARG(c->base), TEXT_ARG(s->author_id));
    rc = rc || ask->author.p ? rc : no_memory(e);
    return rc ? rc : document_add(&s->document, &v, e);
}

/* --- the document ---------------------------------------------------------------------------- */

static void add_entry(struct buf *out, const char *uuid, text json, size_t *count)
{
    buf_printf(out, "%s{\"fullUrl\":\"urn:uuid:%s\",\"resource\":", *count ? "," : "", uuid);
    buf_add(out, json);
    buf_addc(out, '}');
    (*count)++;
}

static int add_made(struct summarising *s, const struct summary_ask *ask,
                    const struct summary *chosen, struct buf *out, size_t *count, struct err *e)
{
    struct buf one;
    buf_init(&one, out->max);
    int rc = summary_composition(ask, chosen, &one);
    add_entry(out, s->uuids[UUID_COMPOSITION], buf_text(&one), count);
    if (s->author.n) {
        add_entry(out, s->uuids[UUID_AUTHOR], s->author, count);
    }
    for (enum summary_section i = 0; i < SUMMARY_REQUIRED; i++) {
        if (summary_is_absent(chosen, i)) {
            buf_clear(&one);
            summary_absent(ask, i, &one);
            add_entry(out, s->uuids[i], buf_text(&one), count);
        }
    }
    rc = rc || buf_failed(&one) || buf_failed(out) ? no_memory(e) : 0;
    buf_done(&one);
    return rc;
}

static int bring_chosen(struct summarising *s, const struct summary *chosen, struct err *e)
{
    bool *follow = arena_zalloc(s->call->arena, fhir_type_count(), sizeof *follow);
    int rc = follow ? 0 : no_memory(e);
    for (size_t i = 0; !rc && brought[i]; i++) {
        follow[fhir_type_of(text_of(brought[i]))] = true;
    }
    for (size_t i = 0; !rc && i < SUMMARY_SECTIONS; i++) {
        const struct summary_chosen *section = &chosen->sections[i];
        for (size_t k = 0; !rc && k < section->count; k++) {
            rc = document_add(&s->document, &s->versions[section->items[k] - s->items], e);
        }
    }
    s->document.follow = follow;
    s->document.patient = s->document.items[0].rid;
    return rc ? rc : document_follow(&s->document, e);
}

static int make(struct summarising *s, struct summary_ask *ask, struct buf *out, struct err *e)
{
    struct version patient;
    struct summary chosen;
    yyjson_val *root;
    size_t count = 0;
    int rc = read_patient(s, &patient, &root, e);
    rc = rc ? rc : document_add(&s->document, &patient, e);
    rc = rc ? rc : take_author(s, ask, e);
    rc = rc ? rc : read_record(s, e);
    if (rc) {
        return rc;
    }
    ask->patient = root;
    ask->items = s->items;
    ask->count = s->count;
    if (summary_choose(ask, s->call->arena, &chosen)) {
        return no_memory(e);
    }
    rc = bring_chosen(s, &chosen, e);
    document_open(out, SUMMARY_PROFILES "Bundle-uv-ips", s->uuids[UUID_BUNDLE], ask->now_ms);
    rc = rc ? rc : add_made(s, ask, &chosen, out, &count, e);
    rc = rc ? rc : s->failed;
    return rc ? rc : document_close(&s->document, count, out, e);
}

static int run(struct call *c, text patient, struct buf *out, struct err *e)
{
    struct summarising *s = arena_zalloc(c->arena, 1, sizeof *s);
    if (!s) {
        return no_memory(e);
    }
    s->call = c;
    s->patient = patient;
    s->err = e;
    struct summary_ask ask = {.patient_id = patient,
                              .base = c->base,
                              .now_ms = clock_real_ms(),
                              .find = find,
                              .context = s};
    for (size_t i = 0; i < UUIDS; i++) {
        random_uuid(s->uuids[i]);
    }
    for (size_t i = 0; i < SUMMARY_REQUIRED; i++) {
        ask.absent[i] = text_of(s->uuids[i]);
    }
    ask.document = text_of(s->uuids[UUID_COMPOSITION]);
    int rc = find_author(s, e);
    rc = rc ? rc : store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &s->view, e);
    if (rc) {
        return rc;
    }
    document_init(&s->document, c, s->view);
    map_init(&s->found);
    rc = make(s, &ask, out, e);
    map_done(&s->found);
    document_done(&s->document);
    store_view_end(s->view);
    return rc;
}

/* --- the question ---------------------------------------------------------------------------- */

/* system|value as a query of one parameter: what is no letter or digit is escaped. */
static int by_identifier(struct call *c, text value, text *ret_patient, struct err *e)
{
    struct plan plan = {0};
    struct version v = {0};
    struct buf query;
    buf_init(&query, (size_t)c->rest->limits->search_bytes);
    buf_add(&query, T("identifier="));
    for (size_t i = 0; i < value.n; i++) {
        unsigned char b = (unsigned char)value.p[i];
        bool plain = (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
        if (plain) {
            buf_addc(&query, (char)b);
        } else {
            buf_printf(&query, "%%%02X", b);
        }
    }
    text copy = buf_failed(&query) ? (text){0} : arena_copy(c->arena, buf_text(&query));
    buf_done(&query);
    int rc = copy.p ? match_one(c, FHIR_PATIENT, copy, &plan, &v, e)
                    : err_set(e, ERR_TOO_LARGE, "the identifier is longer than a search may be");
    if (!rc && !v.id.n) {
        rc = err_set(e, ERR_NOT_FOUND, "no Patient here has the identifier '%.*s'",
                     TEXT_ARG(text_short(value, 100)));
    }
    *ret_patient = v.id;
    return rc;
}

static int take_profile(text value, struct err *e)
{
    text url = text_first(value, text_find(value, '|'));
    return text_eq(url, T(SUMMARY_PROFILES "Bundle-uv-ips")) ||
                   text_eq(url, T(SUMMARY_PROFILES "Composition-uv-ips"))
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED,
                         "$summary makes documents of the profile " SUMMARY_PROFILES
                         "Bundle-uv-ips; leave profile out, or ask for that one");
}

static int understand(struct call *c, text *ret_patient, struct err *e)
{
    static const char *const names[] = {"identifier", "profile", NULL};
    struct operation_parameter *given;
    size_t count;
    text identifier = {0};
    int rc = operation_parameters(c, false, &given, &count, e);
    rc = rc ? rc : operation_only(given, count, names, e);
    for (size_t i = 0; !rc && i < count; i++) {
        if (text_eq(given[i].name, T("profile"))) {
            rc = take_profile(given[i].value, e);
        } else if (identifier.p) {
            rc = err_set(e, ERR_DUPLICATE, "the parameter identifier stands twice; give it once");
        } else {
            identifier = given[i].value;
        }
    }
    if (rc) {
        return rc;
    }
    *ret_patient = c->route.id;
    if (c->route.id.n && identifier.p) {
        return err_set(e, ERR_INVALID,
                       "the address names the patient already; leave the parameter identifier out");
    }
    return c->route.id.n  ? 0
           : identifier.n ? by_identifier(c, identifier, ret_patient, e)
                          : err_set(e, ERR_REQUIRED,
                                    "say whose summary: Patient/{id}/$summary, or the parameter "
                                    "identifier as system|value");
}

int do_summary(struct call *c, struct err *e)
{
    text patient;
    struct buf out;
    int rc = understand(c, &patient, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    rc = run(c, patient, &out, e);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}
