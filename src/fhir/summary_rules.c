/* In which section of a summary a resource belongs, by what it says of itself. */
#include "fhir/index.h"
#include "fhir/reference.h"
#include "fhir/summary_int.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LOINC T("http://loinc.org")
#define NONE SUMMARY_SECTIONS

static text status_of(const yyjson_val *root)
{
    return json_text(json_get(root, T("status")));
}

/* Whether a period or date of this name has an end, and it has passed. */
static bool has_passed(const struct summary_ask *ask, const yyjson_val *root, text name)
{
    text type;
    int64_t start;
    int64_t end;
    text last = json_text(json_get(summary_choice(root, name, &type), T("end")));
    return last.n && index_date(last, &start, &end) && end <= index_ms_from_1970(ask->now_ms);
}

static enum summary_section statement(const struct summary_ask *ask, const yyjson_val *root,
                                      bool *over)
{
    text status = status_of(root);
    if (summary_is_one(status, LIST("entered-in-error", "not-taken"))) {
        return NONE;
    }
    *over = summary_is_one(status, LIST("completed", "stopped")) ||
            has_passed(ask, root, T("effective"));
    return SUMMARY_MEDICATIONS;
}

static enum summary_section request(const struct summary_ask *ask, const yyjson_val *root,
                                    bool *over)
{
    text status = status_of(root);
    (void)ask;
    if (summary_is_one(status, LIST("entered-in-error", "draft")) ||
        json_is_true(json_get(root, T("doNotPerform"))) ||
        summary_is_one(json_text(json_get(root, T("intent"))), LIST("proposal", "option"))) {
        return NONE;
    }
    *over = summary_is_one(status, LIST("completed", "stopped", "cancelled"));
    return SUMMARY_MEDICATIONS;
}

/* What was refuted, or has gone, does not say that there is none: so it is never "over". */
static enum summary_section allergy(const struct summary_ask *ask, const yyjson_val *root,
                                    bool *over)
{
    (void)ask;
    (void)over;
    bool wrong = summary_has_code(json_get(root, T("verificationStatus")), T(""),
                                  LIST("entered-in-error", "refuted"));
    bool gone =
        summary_has_code(json_get(root, T("clinicalStatus")), T(""), LIST("inactive", "resolved"));
    return wrong || gone ? NONE : SUMMARY_ALLERGIES;
}

static enum summary_section condition(const struct summary_ask *ask, const yyjson_val *root,
                                      bool *over)
{
    text type;
    const yyjson_val *clinical = json_get(root, T("clinicalStatus"));
    (void)ask;
    (void)over;
    if (summary_has_code(json_get(root, T("verificationStatus")), T(""),
                         LIST("entered-in-error", "refuted"))) {
        return NONE;
    }
    bool past = summary_has_code(clinical, T(""), LIST("inactive", "remission", "resolved")) ||
                (!clinical && summary_choice(root, T("abatement"), &type));
    return past ? SUMMARY_PAST_ILLNESS : SUMMARY_PROBLEMS;
}

static enum summary_section immunization(const struct summary_ask *ask, const yyjson_val *root,
                                         bool *over)
{
    (void)ask;
    (void)over;
    return text_eq(status_of(root), T("completed")) ? SUMMARY_IMMUNIZATIONS : NONE;
}

static enum summary_section procedure(const struct summary_ask *ask, const yyjson_val *root,
                                      bool *over)
{
    (void)ask;
    (void)over;
    return summary_is_one(status_of(root), LIST("entered-in-error", "not-done", "preparation"))
               ? NONE
               : SUMMARY_PROCEDURES;
}

static enum summary_section device(const struct summary_ask *ask, const yyjson_val *root,
                                   bool *over)
{
    text status = status_of(root);
    if (text_eq(status, T("entered-in-error"))) {
        return NONE;
    }
    *over = text_eq(status, T("completed")) || has_passed(ask, root, T("timing"));
    return SUMMARY_DEVICES;
}

static enum summary_section report(const struct summary_ask *ask, const yyjson_val *root,
                                   bool *over)
{
    (void)ask;
    (void)over;
    return summary_is_one(status_of(root), LIST("final", "amended", "corrected", "appended"))
               ? SUMMARY_RESULTS
               : NONE;
}

static enum summary_section by_code(const yyjson_val *code)
{
    static const char *const pregnancy[] = {"82810-3", "11636-8", "11637-6", "11638-4", "11639-2",
                                            "11640-0", "11612-9", "11613-7", "11614-5", "33065-4",
                                            "11778-8", "11779-6", "11780-4", NULL};
    static const char *const social[] = {"72166-2", "74013-4", "11367-0", "11331-6", NULL};
    static const char *const vital[] = {"85353-1", "9279-1", "8867-4", "2708-6",  "59408-5",
                                        "8310-5",  "8302-2", "9843-4", "29463-7", "39156-5",
                                        "85354-9", "8480-6", "8462-4", NULL};
    return summary_has_code(code, LOINC, pregnancy) ? SUMMARY_PREGNANCY
           : summary_has_code(code, LOINC, social)  ? SUMMARY_SOCIAL_HISTORY
           : summary_has_code(code, LOINC, vital)   ? SUMMARY_VITAL_SIGNS
                                                    : NONE;
}

static enum summary_section observation(const struct summary_ask *ask, const yyjson_val *root,
                                        bool *over)
{
    const yyjson_val *category = json_get(root, T("category"));
    enum summary_section coded = by_code(json_get(root, T("code")));
    (void)ask;
    (void)over;
    if (!summary_is_one(status_of(root), LIST("final", "amended", "corrected", "unknown"))) {
        return NONE;
    }
    if (coded == SUMMARY_PREGNANCY) {
        return coded;
    }
    if (summary_has_code(category, T(""), LIST("vital-signs"))) {
        return SUMMARY_VITAL_SIGNS;
    }
    if (summary_has_code(category, T(""), LIST("social-history", "sdoh"))) {
        return SUMMARY_SOCIAL_HISTORY;
    }
    if (summary_has_code(
            category, T(""),
            LIST("activity", "functional-status", "disability-status", "cognitive-status"))) {
        return SUMMARY_FUNCTIONAL_STATUS;
    }
    return coded == NONE ? SUMMARY_RESULTS : coded;
}

static enum summary_section impression(const struct summary_ask *ask, const yyjson_val *root,
                                       bool *over)
{
    (void)ask;
    (void)over;
    return text_eq(status_of(root), T("completed")) ? SUMMARY_FUNCTIONAL_STATUS : NONE;
}

static enum summary_section plan(const struct summary_ask *ask, const yyjson_val *root, bool *over)
{
    if (summary_is_one(status_of(root), LIST("entered-in-error", "draft"))) {
        return NONE;
    }
    *over = summary_is_one(status_of(root), LIST("completed", "revoked")) ||
            has_passed(ask, root, T("period"));
    return SUMMARY_PLAN_OF_CARE;
}

static enum summary_section consent(const struct summary_ask *ask, const yyjson_val *root,
                                    bool *over)
{
    static const char *const kinds[] = {"42348-3", "acd", "dnr", "polst", "hcd", NULL};
    bool directive = summary_has_code(json_get(root, T("scope")), T(""), LIST("adr")) ||
                     summary_has_code(json_get(root, T("category")), T(""), kinds);
    *over = has_passed(ask, json_get(root, T("provision")), T("period"));
    return directive && text_eq(status_of(root), T("active")) ? SUMMARY_ADVANCE_DIRECTIVES : NONE;
}

static const struct {
    const char *type;
    enum summary_section (*section)(const struct summary_ask *ask, const yyjson_val *root,
                                    bool *over);
} rules[] = {
    {"Observation", observation},
    {"MedicationRequest", request},
    {"DiagnosticReport", report},
    {"Immunization", immunization},
    {"Condition", condition},
    {"Procedure", procedure},
    {"AllergyIntolerance", allergy},
    {"MedicationStatement", statement},
    {"CarePlan", plan},
    {"DeviceUseStatement", device},
    {"ClinicalImpression", impression},
    {"Consent", consent},
};
enum { RULES = sizeof rules / sizeof *rules };

static size_t rule_of(fhir_type type)
{
    text name = fhir_type_name(type);
    size_t i = 0;
    while (i < RULES && !text_eq(name, text_of(rules[i].type))) {
        i++;
    }
    return i;
}

bool summary_takes(fhir_type type)
{
    return rule_of(type) < RULES;
}

/* A compartment also has what the patient has only said, done or witnessed. */
static bool is_about(const struct summary_ask *ask, const yyjson_val *root)
{
    const yyjson_val *subject = json_get(root, T("subject"));
    subject = subject ? subject : json_get(root, T("patient"));
    struct reference r = reference_parse(json_text(json_get(subject, T("reference"))), ask->base);
    return r.kind == REFERENCE_LOCAL && r.type == FHIR_PATIENT && text_eq(r.id, ask->patient_id);
}

enum summary_section summary_section_of(const struct summary_ask *ask,
                                        const struct summary_item *item, bool *ret_over)
{
    size_t rule = rule_of(item->type);
    *ret_over = false;
    return rule < RULES && is_about(ask, item->root)
               ? rules[rule].section(ask, item->root, ret_over)
               : NONE;
}
