#include "rest/operation.h"
#include "rest/subscribe/subscription.h"
#include "rest/terminology.h"

#include "base/clock.h"
#include "fhir/search_custom.h"
#include "format/json.h"

/*
 * CapabilityStatement (R4 capabilitystatement.html): made from the same tables that requests run
 * on, so that it states what is there.
 */

/* What clients of terminology services look for: that code systems may come along with a request.
 */
#define FEATURES                                                                                 \
    "\"extension\":[{\"url\":\"http://hl7.org/fhir/uv/application-feature/StructureDefinition/"  \
    "feature\",\"extension\":[{\"url\":\"definition\",\"valueCanonical\":\"http://hl7.org/fhir/" \
    "uv/"                                                                                        \
    "tx-ecosystem/FeatureDefinition/CodeSystemAsParameter\"},{\"url\":\"value\","                \
    "\"valueBoolean\":true}]}]"

static const char *const search_type_names[] = {
    "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"};

/* What holds for the parameters of every type; docs/conformance.md has the whole. */
static const char search_words[] =
    "Search. Modifiers, by the type of the parameter: all but composite: `:missing`; string: "
    "`:exact`, `:contains`; token: `:not`, `:text`, `:in`, `:not-in`, `:above`, `:below`, "
    "`:of-type` (identifiers); reference: `:[type]`, `:identifier`; uri: `:above`, `:below`. "
    "Prefixes of number, date and quantity: eq ne gt lt ge le sa eb ap. Chains "
    "(`subject:Patient.name=`) and `_has` of any depth up to the limit search_depth. Results: "
    "`_sort`, `_count`, `_total`, `_include`, `_revinclude` (also `:iterate` and `*`), `_summary`, "
    "`_elements`, `_contained`, `_containedType`, `_explain=true` (how the search was run). What "
    "is not understood is refused; with `Prefer: handling=lenient` it is left out, with a "
    "warning, and missing from the self link.";

static void add_interactions(struct buf *out, const char *const *codes, size_t n)
{
    buf_add(out, T("\"interaction\":["));
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s{\"code\":\"%s\"}", i ? "," : "", codes[i]);
    }
    buf_addc(out, ']');
}

/* What a query may ask for: entries of its own, of its parts, or what the store knows anyway. */
static bool is_answered(const struct search_param *param)
{
    static const char *const always[] = {"_id", "_lastUpdated", "_text", "_content"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        if (text_eq(param->name, text_of(always[i]))) {
            return true;
        }
    }
    return param->stored || param->parts || param->composite;
}

/* Calls `use` with every parameter of a type that is answered: the standard's, then those that
 * people have added. */
static void each_param(const struct call *c, fhir_type type,
                       void (*use)(void *context, const struct search_param *param), void *context)
{
    size_t count;
    const struct search_param *params = search_params(type, &count);
    for (size_t i = 0; i < count; i++) {
        if (is_answered(&params[i])) {
            use(context, &params[i]);
        }
    }
    const struct search_customs *customs = call_rules(c).customs;
    const struct search_custom *const *added =
        customs ? search_customs_of(customs, type, &count) : NULL;
    for (size_t i = 0; added && i < count; i++) {
        if (added[i]->usable) {
            use(context, &added[i]->param);
        }
    }
}

struct printing {
    struct buf *out;
    const char *before;
};

/* "code$value-quantity": how the parts of a composite stand in a value. */
static void add_components(struct buf *out, const struct search_composite *composite)
{
    buf_add(out, T(",\"documentation\":\""));
    for (uint8_t i = 0; i < composite->count; i++) {
        buf_printf(out, "%s%.*s", i ? "$" : "", TEXT_ARG(composite->components[i].code));
    }
    buf_addc(out, '"');
}

static void add_param(void *context, const struct search_param *param)
{
    struct printing *p = context;
    buf_add(p->out, text_of(p->before));
    buf_add(p->out, T("{\"name\":\""));
    buf_add(p->out, param->name);
    buf_add(p->out, T("\",\"definition\":"));
    json_write_string(param->url, p->out);
    buf_add(p->out, T(",\"type\":\""));
    buf_add(p->out, text_of(search_type_names[param->type]));
    buf_addc(p->out, '"');
    if (param->composite) {
        add_components(p->out, param->composite);
    }
    buf_addc(p->out, '}');
    p->before = ",";
}

static void add_params(struct call *c, struct buf *out, fhir_type type)
{
    struct printing p = {.out = out, .before = ""};
    buf_add(out, T(",\"searchParam\":["));
    each_param(c, type, add_param, &p);
    buf_addc(out, ']');
}

/* What the access log is searched by (access_log.c): it is no table of resources, and has less. */
static void add_log_params(struct buf *out)
{
    static const struct {
        const char *name;
        const char *definition;
        const char *type;
    } params[] = {{"_id", "Resource-id", "token"},
                  {"action", "AuditEvent-action", "token"},
                  {"agent", "AuditEvent-agent", "reference"},
                  {"date", "AuditEvent-date", "date"},
                  {"outcome", "AuditEvent-outcome", "token"},
                  {"patient", "AuditEvent-patient", "reference"},
                  {"subtype", "AuditEvent-subtype", "token"},
                  {"type", "AuditEvent-type", "token"}};
    buf_add(out, T(",\"searchParam\":["));
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        buf_printf(out,
                   "%s{\"name\":\"%s\",\"definition\":\"http://hl7.org/fhir/SearchParameter/%s\","
                   "\"type\":\"%s\"}",
                   i ? "," : "", params[i].name, params[i].definition, params[i].type);
    }
    buf_addc(out, ']');
}

/*
 * All references that includes may follow, of all types: listed once, since each type names those
 * of all others that may lead to it.
 */
struct links {
    struct link {
        const struct search_param *param;
        fhir_type source;
        text words; /* "Observation:subject", with the quotes */
    } *items;
    size_t count;
    size_t capacity;
    struct arena *arena;
    fhir_type source; /* whose parameters are being listed */
    bool no_memory;
};

static void list_link(void *context, const struct search_param *param)
{
    struct links *l = context;
    if (param->type != SEARCH_REFERENCE) {
        return;
    }
    struct link *items = arena_grow(l->arena, l->items, l->count, &l->capacity, sizeof *items);
    text words = arena_printf(l->arena, "\"%.*s:%.*s\"", TEXT_ARG(fhir_type_name(l->source)),
                              TEXT_ARG(param->name));
    if (!items || !words.p) {
        l->no_memory = true;
        return;
    }
    l->items = items;
    items[l->count++] = (struct link){param, l->source, words};
}

static bool list_links(struct call *c, struct links *l)
{
    *l = (struct links){.arena = c->arena};
    for (unsigned type = 1; type < fhir_type_count() && !l->no_memory; type++) {
        l->source = (fhir_type)type;
        each_param(c, l->source, list_link, l);
    }
    return !l->no_memory;
}

static void add_includes(const struct links *l, struct buf *out, fhir_type type)
{
    buf_add(out, T(",\"searchInclude\":[\"*\""));
    for (size_t i = 0; i < l->count; i++) {
        if (l->items[i].source == type) {
            buf_addc(out, ',');
            buf_add(out, l->items[i].words);
        }
    }
    buf_add(out, T("],\"searchRevInclude\":[\"*\""));
    for (size_t i = 0; i < l->count; i++) {
        if (search_may_target(l->items[i].param, type)) {
            buf_addc(out, ',');
            buf_add(out, l->items[i].words);
        }
    }
    buf_addc(out, ']');
}

/* Of every type; the list stays open. */
static void add_meta_operations(struct buf *out)
{
    static const char *const names[] = {"meta", "meta-add", "meta-delete"};
    buf_add(out, T(",\"operation\":["));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        buf_printf(out,
                   "%s{\"name\":\"%s\",\"definition\":"
                   "\"http://hl7.org/fhir/OperationDefinition/Resource-%s\"}",
                   i ? "," : "", names[i], names[i]);
    }
}

/* Those of rest/operation.h, for a type or (0) the system; of a list that has begun. */
static void add_table_operations(struct buf *out, fhir_type type)
{
    for (const struct operation *o = operation_table; o->name; o++) {
        unsigned levels = type ? OPERATION_TYPE | OPERATION_INSTANCE : OPERATION_SYSTEM;
        if ((o->levels & levels) && operation_is_for(o, type)) {
            buf_printf(out, ",{\"name\":\"%s\",\"definition\":\"%s\"}", o->name + 1, o->definition);
        }
    }
}

static void add_type(struct call *c, const struct links *links, struct buf *out, fhir_type type)
{
    static const char *const codes[] = {"read",       "vread",  "create",           "update",
                                        "patch",      "delete", "history-instance", "history-type",
                                        "search-type"};
    text name = fhir_type_name(type);
    buf_printf(out,
               "%s{\"type\":\"%.*s\",\"profile\":\"http://hl7.org/fhir/StructureDefinition/%.*s\",",
               type > 1 ? "," : "", TEXT_ARG(name), TEXT_ARG(name));
    if (text_eq(name, T("Subscription"))) {
        topics_state(out);
    }
    add_interactions(out, codes, sizeof codes / sizeof *codes);
    buf_add(out,
            T(",\"versioning\":\"versioned-update\",\"readHistory\":true,\"updateCreate\":true,"
              "\"conditionalCreate\":true,\"conditionalRead\":\"full-support\","
              "\"conditionalUpdate\":true,"
              "\"conditionalDelete\":\"single\",\"referencePolicy\":[\"literal\",\"logical\","
              "\"local\"]"));
    if (c->rest->audit && text_eq(name, T("AuditEvent"))) {
        add_log_params(out);
    } else {
        add_includes(links, out, type);
        add_params(c, out, type);
    }
    add_meta_operations(out);
    add_table_operations(out, type);
    if (type == FHIR_PATIENT) {
        buf_add(out, T(",{\"name\":\"everything\",\"definition\":"
                       "\"http://hl7.org/fhir/OperationDefinition/Patient-everything\"},"
                       "{\"name\":\"export\",\"definition\":"
                       "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export\"}"));
    } else if (type == FHIR_GROUP) {
        buf_add(out, T(",{\"name\":\"export\",\"definition\":"
                       "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export\"}"));
    }
    buf_add(out, T("]}"));
}

/* Of searches over all types; those with a definition are those that every type has. */
static void add_system_params(struct buf *out)
{
    static const struct {
        const char *name;
        const char *type;
        const char *words;
    } others[] = {
        {"_type", "special", "the types to search, with commas between them"},
        {"_has", "special", "_has:Observation:patient:code=x: others that refer to it"},
        {"_list", "special", "the id of a List: what its entries refer to"},
        {"_filter", "special", "R4 search_filter.html"},
    };
    static const char *const common[] = {"_content", "_id",       "_lastUpdated", "_profile",
                                         "_source",  "_security", "_tag",         "_text"};
    struct printing p = {.out = out, .before = ""};
    buf_add(out, T(",\"searchParam\":["));
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        const struct search_param *param = search_param_of(NULL, FHIR_PATIENT, text_of(common[i]));
        if (param && is_answered(param)) {
            add_param(&p, param);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        buf_printf(out, ",{\"name\":\"%s\",\"type\":\"%s\",\"documentation\":\"%s\"}",
                   others[i].name, others[i].type, others[i].words);
    }
    buf_addc(out, ']');
}

static void add_head(struct call *c, struct buf *out)
{
    char now[CLOCK_INSTANT_SIZE];
    struct store_identity who = store_identity(c->rest->store);
    clock_instant(clock_real_ms(), now);
    buf_printf(out,
               "{\"resourceType\":\"CapabilityStatement\"," FEATURES
               ",\"url\":\"%.*s/metadata\",\"version\":\"%.*s\",\"name\":\"Kith\",\"title\":"
               "\"What this node can do\",\"status\":\"active\",\"date\":\"%s\","
               "\"kind\":\"instance\","
               "\"instantiates\":[\"http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/"
               "bulk-data\",\"http://hl7.org/fhir/CapabilityStatement/terminology-server\"],"
               "\"software\":{\"name\":\"Kith\",\"version\":\"%.*s\"},\"implementation\":{"
               "\"description\":",
               TEXT_ARG(c->base), TEXT_ARG(c->rest->version), now, TEXT_ARG(c->rest->version));
    json_write_string(who.name, out);
    buf_add(out, T(",\"url\":"));
    json_write_string(c->base, out);
    buf_add(out, T("},\"fhirVersion\":\"4.0.1\",\"format\":["));
    buf_add(out, T("\"application/fhir+json\",\"json\",\"application/fhir+xml\",\"xml\"]"));
    buf_add(out, T(",\"patchFormat\":[\"application/json-patch+json\","
                   "\"application/fhir+json\",\"application/fhir+xml\","
                   "\"application/xml-patch+xml\"]"));
}

/* rest.security, as SMART App Launch 2.2 wants it beside the configuration document. */
static void add_security(struct call *c, struct buf *out)
{
    static const char *const addresses[] = {"authorize", "token", "introspect", "revoke"};
    text site = c->base;
    if (text_ends(site, T("/fhir"))) {
        site.n -= T("/fhir").n;
    }
    buf_add(out,
            T(",\"security\":{\"extension\":[{\"url\":\"http://fhir-registry.smarthealthit.org/"
              "StructureDefinition/oauth-uris\",\"extension\":["));
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        buf_printf(out, "%s{\"url\":\"%s\",\"valueUri\":\"%.*s/oauth/%s\"}", i ? "," : "",
                   addresses[i], TEXT_ARG(site), addresses[i]);
    }
    buf_add(out, T("]}],\"service\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/"
                   "CodeSystem/restful-security-service\",\"code\":\"SMART-on-FHIR\"}]}],"
                   "\"description\":\"Nothing is open without sign-in: OAuth 2.1 and SMART App "
                   "Launch 2.2, or a session of this node's page.\"}"));
}

/* mode (R4 http.html#capabilities). */
static int no_other_parameters(struct call *c, struct err *e)
{
    if (c->query.p && text_eq(c->query, T("mode=full"))) {
        return 0;
    }
    return call_no_parameters(c, e);
}

int do_capabilities(struct call *c, struct err *e)
{
    static const char *const codes[] = {"transaction", "batch", "history-system", "search-system"};
    struct buf *out = &c->answer.body;
    struct links links;
    if (c->query.p && text_eq(c->query, T("mode=terminology"))) {
        return do_terminology_capabilities(c, e);
    }
    int rc = no_other_parameters(c, e);
    if (rc) {
        return rc;
    }
    if (!list_links(c, &links)) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    add_head(c, out);
    buf_add(out, T(",\"rest\":[{\"mode\":\"server\",\"documentation\":"));
    json_write_string(text_of(search_words), out);
    add_security(c, out);
    buf_add(out, T(",\"resource\":["));
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        add_type(c, &links, out, (fhir_type)type);
    }
    buf_add(out, T("],"));
    add_interactions(out, codes, sizeof codes / sizeof *codes);
    add_system_params(out);
    buf_add(out, T(",\"operation\":[{\"name\":\"export\",\"definition\":"
                   "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export\"},"
                   "{\"name\":\"import\",\"definition\":"
                   "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/import\"},"
                   "{\"name\":\"meta\",\"definition\":"
                   "\"http://hl7.org/fhir/OperationDefinition/Resource-meta\"}"));
    add_table_operations(out, 0);
    buf_addc(out, ']');
    buf_add(out, T(",\"compartment\":[\"http://hl7.org/fhir/CompartmentDefinition/patient\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/encounter\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/practitioner\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/relatedPerson\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/device\"]}]}"));
    c->answer.status = 200;
    return 0;
}
