#include "rest/call.h"

#include "base/clock.h"
#include "format/json.h"

/*
 * CapabilityStatement (R4 capabilitystatement.html): made from the same tables that requests run
 * on, so that it states what is there.
 */

static const char *const search_type_names[] = {
    "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"};

static void add_interactions(struct buf *out, const char *const *codes, size_t n)
{
    buf_add(out, T("\"interaction\":["));
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s{\"code\":\"%s\"}", i ? "," : "", codes[i]);
    }
    buf_addc(out, ']');
}

static void add_params(struct buf *out, fhir_type type)
{
    size_t count;
    const struct search_param *params = search_params(type, &count);
    buf_add(out, T(",\"searchParam\":["));
    const char *before = "";
    for (size_t i = 0; i < count; i++) {
        bool own = text_eq(params[i].name, T("_id")) || text_eq(params[i].name, T("_lastUpdated"));
        if (!params[i].indexed && !own) {
            continue;
        }
        buf_printf(out, "%s{\"name\":\"%.*s\",\"definition\":\"%.*s\",\"type\":\"%s\"}", before,
                   TEXT_ARG(params[i].name), TEXT_ARG(params[i].url),
                   search_type_names[params[i].type]);
        before = ",";
    }
    buf_addc(out, ']');
}

static bool refers_to(const struct search_param *param, fhir_type target)
{
    if (param->type != SEARCH_REFERENCE || !param->indexed) {
        return false;
    }
    if (!param->targets) {
        return true;
    }
    for (const fhir_type *t = param->targets; *t; t++) {
        if (*t == target) {
            return true;
        }
    }
    return false;
}

static void add_includes(struct buf *out, fhir_type type)
{
    size_t count;
    const struct search_param *params = search_params(type, &count);
    const char *before = ",\"searchInclude\":[";
    for (size_t i = 0; i < count; i++) {
        if (params[i].type == SEARCH_REFERENCE && params[i].indexed) {
            buf_printf(out, "%s\"%.*s:%.*s\"", before, TEXT_ARG(fhir_type_name(type)),
                       TEXT_ARG(params[i].name));
            before = ",";
        }
    }
    buf_add(out, before[1] == '\0' ? T("]") : T(""));
    before = ",\"searchRevInclude\":[";
    for (unsigned source = 1; source < fhir_type_count(); source++) {
        params = search_params((fhir_type)source, &count);
        for (size_t i = 0; i < count; i++) {
            if (refers_to(&params[i], type)) {
                buf_printf(out, "%s\"%.*s:%.*s\"", before,
                           TEXT_ARG(fhir_type_name((fhir_type)source)), TEXT_ARG(params[i].name));
                before = ",";
            }
        }
    }
    buf_add(out, before[1] == '\0' ? T("]") : T(""));
}

static void add_type(struct buf *out, fhir_type type)
{
    static const char *const codes[] = {"read",         "vread",      "create",
                                        "update",       "delete",     "history-instance",
                                        "history-type", "search-type"};
    text name = fhir_type_name(type);
    buf_printf(out,
               "%s{\"type\":\"%.*s\",\"profile\":\"http://hl7.org/fhir/StructureDefinition/%.*s\",",
               type > 1 ? "," : "", TEXT_ARG(name), TEXT_ARG(name));
    add_interactions(out, codes, sizeof codes / sizeof *codes);
    buf_add(out,
            T(",\"versioning\":\"versioned-update\",\"readHistory\":true,\"updateCreate\":true,"
              "\"conditionalCreate\":true,\"conditionalRead\":\"full-support\","
              "\"conditionalUpdate\":true,"
              "\"conditionalDelete\":\"single\",\"referencePolicy\":[\"literal\",\"logical\","
              "\"local\"]"));
    add_includes(out, type);
    add_params(out, type);
    if (type == FHIR_PATIENT) {
        buf_add(out, T(",\"operation\":[{\"name\":\"everything\",\"definition\":"
                       "\"http://hl7.org/fhir/OperationDefinition/Patient-everything\"},"
                       "{\"name\":\"export\",\"definition\":"
                       "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export\"}]"));
    } else if (type == FHIR_GROUP) {
        buf_add(out, T(",\"operation\":[{\"name\":\"export\",\"definition\":"
                       "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export\"}]"));
    }
    buf_addc(out, '}');
}

static void add_head(struct call *c, struct buf *out)
{
    char now[CLOCK_INSTANT_SIZE];
    struct store_identity who = store_identity(c->rest->store);
    clock_instant(clock_real_ms(), now);
    buf_printf(out,
               "{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",\"date\":\"%s\","
               "\"kind\":\"instance\","
               "\"instantiates\":[\"http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/"
               "bulk-data\"],"
               "\"software\":{\"name\":\"Kith\",\"version\":\"%.*s\"},\"implementation\":{"
               "\"description\":",
               now, TEXT_ARG(c->rest->version));
    json_write_string(who.name, out);
    buf_add(out, T(",\"url\":"));
    json_write_string(c->base, out);
    buf_add(out, T("},\"fhirVersion\":\"4.0.1\",\"format\":[\"application/fhir+json\",\"json\"]"));
}

/* mode (R4 http.html#capabilities): the whole statement is the only one. */
static int no_other_parameters(struct call *c, struct err *e)
{
    if (c->query.p && text_eq(c->query, T("mode=full"))) {
        return 0;
    }
    return call_no_parameters(c, e);
}

int do_capabilities(struct call *c, struct err *e)
{
    static const char *const codes[] = {"transaction", "batch", "history-system"};
    struct buf *out = &c->answer.body;
    int rc = no_other_parameters(c, e);
    if (rc) {
        return rc;
    }
    add_head(c, out);
    buf_add(out, T(",\"rest\":[{\"mode\":\"server\",\"resource\":["));
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        add_type(out, (fhir_type)type);
    }
    buf_add(out, T("],"));
    add_interactions(out, codes, sizeof codes / sizeof *codes);
    buf_add(out, T(",\"operation\":[{\"name\":\"export\",\"definition\":"
                   "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export\"},"
                   "{\"name\":\"import\",\"definition\":"
                   "\"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/import\"}]"));
    buf_add(out, T(",\"compartment\":[\"http://hl7.org/fhir/CompartmentDefinition/patient\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/encounter\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/practitioner\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/relatedPerson\","
                   "\"http://hl7.org/fhir/CompartmentDefinition/device\"]}]}"));
    c->answer.status = 200;
    return 0;
}
