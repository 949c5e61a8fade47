/* The Composition of a summary, and the entries that say that there is nothing. */
#include "base/clock.h"
#include "fhir/summary_int.h"

static const struct {
    const char *title;
    const char *code; /* of LOINC */
    const char *display;
} heads[SUMMARY_SECTIONS] = {
    [SUMMARY_MEDICATIONS] = {"Medicines", "10160-0", "History of Medication use Narrative"},
    [SUMMARY_ALLERGIES] = {"Allergies and intolerances", "48765-2",
                           "Allergies and adverse reactions Document"},
    [SUMMARY_PROBLEMS] = {"Problems", "11450-4", "Problem list - Reported"},
    [SUMMARY_IMMUNIZATIONS] = {"Immunisations", "11369-6", "History of Immunization Narrative"},
    [SUMMARY_PROCEDURES] = {"Procedures", "47519-4", "History of Procedures Document"},
    [SUMMARY_DEVICES] = {"Medical devices", "46264-8", "History of medical device use"},
    [SUMMARY_RESULTS] = {"Results", "30954-2",
                         "Relevant diagnostic tests/laboratory data Narrative"},
    [SUMMARY_VITAL_SIGNS] = {"Vital signs", "8716-3", "Vital signs"},
    [SUMMARY_SOCIAL_HISTORY] = {"Social history", "29762-2", "Social history Narrative"},
    [SUMMARY_PAST_ILLNESS] = {"Past illnesses", "11348-0", "History of Past illness Narrative"},
    [SUMMARY_FUNCTIONAL_STATUS] = {"Functional status", "47420-5",
                                   "Functional status assessment note"},
    [SUMMARY_PLAN_OF_CARE] = {"Plan of care", "18776-5", "Plan of care note"},
    [SUMMARY_PREGNANCY] = {"Pregnancy", "10162-6", "History of pregnancies Narrative"},
    [SUMMARY_ADVANCE_DIRECTIVES] = {"Advance directives", "42348-3", "Advance directives"},
};

static void add_text(struct buf *out, const struct buf *div)
{
    buf_add(out, T("\"text\":{\"status\":\"generated\",\"div\":"));
    json_write_string(buf_text(div), out);
    buf_addc(out, '}');
}

static void add_url(const struct summary_ask *ask, fhir_type type, text id, struct buf *out)
{
    text parts[] = {ask->base, T("/"), fhir_type_name(type), T("/"), id};
    buf_addc(out, '"');
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buf_add(out, parts[i]); /* an address of this node and an id: nothing to escape */
    }
    buf_addc(out, '"');
}

static void add_entries(const struct summary_ask *ask, const struct summary *s,
                        enum summary_section section, struct buf *out)
{
    const struct summary_chosen *chosen = &s->sections[section];
    if (!chosen->count && section >= SUMMARY_REQUIRED) {
        buf_add(out, T(",\"emptyReason\":{\"coding\":[{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/list-empty-reason\","
                       "\"code\":\"unavailable\",\"display\":\"Unavailable\"}]}"));
        return;
    }
    buf_add(out, T(",\"entry\":["));
    if (!chosen->count) {
        buf_printf(out, "{\"reference\":\"urn:uuid:%.*s\"}", TEXT_ARG(ask->absent[section]));
    }
    for (size_t i = 0; i < chosen->count; i++) {
        buf_add(out, i ? T(",{\"reference\":") : T("{\"reference\":"));
        add_url(ask, chosen->items[i]->type, chosen->items[i]->id, out);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void add_section(const struct summary_ask *ask, const struct summary *s,
                        enum summary_section section, struct buf *div, struct buf *out)
{
    buf_clear(div);
    summary_table(ask, s, section, div);
    buf_printf(out,
               "%s{\"title\":\"%s\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
               "\"code\":\"%s\",\"display\":\"%s\"}]},",
               section ? "," : "", heads[section].title, heads[section].code,
               heads[section].display);
    add_text(out, div);
    add_entries(ask, s, section, out);
    buf_addc(out, '}');
}

static void add_organisation(const struct summary_ask *ask, struct buf *out)
{
    buf_add(out, T("{\"reference\":"));
    json_write_string(ask->author, out);
    if (ask->author_name.n) {
        buf_add(out, T(",\"display\":"));
        json_write_string(ask->author_name, out);
    }
    buf_addc(out, '}');
}

static void add_head(const struct summary_ask *ask, struct buf *div, struct buf *out)
{
    char now[CLOCK_INSTANT_SIZE];
    clock_instant(ask->now_ms, now);
    buf_add(div, T("<div xmlns=\"http://www.w3.org/1999/xhtml\"><h1>Patient summary</h1>"));
    summary_print_person(div, ask->patient);
    buf_add(div, T("<p>Made on "));
    summary_print_date(div, text_of(now));
    buf_add(div, T(" UTC"));
    if (ask->author_name.n) {
        buf_add(div, T(" by "));
        summary_escape(div, ask->author_name);
    }
    buf_add(div, T(", from the record as it is kept there.</p></div>"));
    buf_printf(out,
               "{\"resourceType\":\"Composition\",\"id\":\"%.*s\",\"meta\":{\"profile\":["
               "\"" SUMMARY_PROFILES "Composition-uv-ips\"]},\"language\":\"en-GB\",",
               TEXT_ARG(ask->document));
    add_text(out, div);
    buf_printf(out,
               ",\"identifier\":{\"system\":\"urn:ietf:rfc:3986\",\"value\":\"urn:uuid:%.*s\"},"
               "\"status\":\"final\",\"type\":{\"coding\":[{\"system\":\"http://loinc.org\","
               "\"code\":\"60591-5\",\"display\":\"Patient summary Document\"}]},\"subject\":"
               "{\"reference\":",
               TEXT_ARG(ask->document));
    add_url(ask, FHIR_PATIENT, ask->patient_id, out);
    buf_printf(out, "},\"date\":\"%s\",\"author\":[", now);
    add_organisation(ask, out);
    buf_add(out, T("],\"title\":\"Patient summary\",\"custodian\":"));
    add_organisation(ask, out);
}

int summary_composition(const struct summary_ask *ask, const struct summary *s, struct buf *out)
{
    struct buf div;
    buf_init(&div, out->max);
    add_head(ask, &div, out);
    buf_add(out, T(",\"section\":["));
    for (enum summary_section i = 0; i < SUMMARY_SECTIONS; i++) {
        if (i < SUMMARY_RECOMMENDED || s->sections[i].count) {
            add_section(ask, s, i, &div, out);
        }
    }
    buf_add(out, T("]}"));
    int rc = buf_failed(&div) || buf_failed(out) ? ERR_MEMORY : 0;
    buf_done(&div);
    return rc;
}

/* --- nothing --------------------------------------------------------------------------------- */

static void add_absent_code(const char *code, const char *display, struct buf *out)
{
    buf_printf(out,
               "{\"coding\":[{\"system\":\"http://hl7.org/fhir/uv/ips/CodeSystem/"
               "absent-unknown-uv-ips\",\"code\":\"%s\",\"display\":\"%s\"}],\"text\":\"%s\"}",
               code, display, display);
}

static void add_status(const char *system, struct buf *out)
{
    buf_printf(out,
               ",\"clinicalStatus\":{\"coding\":[{\"system\":"
               "\"http://terminology.hl7.org/CodeSystem/%s\",\"code\":\"active\"}]}",
               system);
}

/* IPS asks for a time of medicines: there is none of none. */
#define NO_TIME                                                       \
    ",\"_effectiveDateTime\":{\"extension\":[{\"url\":"               \
    "\"http://hl7.org/fhir/StructureDefinition/data-absent-reason\"," \
    "\"valueCode\":\"not-applicable\"}]}"

void summary_absent(const struct summary_ask *ask, enum summary_section section, struct buf *out)
{
    static const struct {
        const char *type;
        const char *profile;
        const char *status;
        const char *code;
        const char *display;
        const char *subject;
    } forms[SUMMARY_REQUIRED] = {
        {"MedicationStatement", "MedicationStatement-uv-ips", NULL, "no-medication-info",
         "No information about medications", "subject"},
        {"AllergyIntolerance", "AllergyIntolerance-uv-ips", "allergyintolerance-clinical",
         "no-allergy-info", "No information about allergies", "patient"},
        {"Condition", "Condition-uv-ips", "condition-clinical", "no-problem-info",
         "No information about problems", "subject"},
    };
    bool medicine = section == SUMMARY_MEDICATIONS;
    buf_printf(out,
               "{\"resourceType\":\"%s\",\"id\":\"%.*s\",\"meta\":{\"profile\":[\"" SUMMARY_PROFILES
               "%s\"]}",
               forms[section].type, TEXT_ARG(ask->absent[section]), forms[section].profile);
    if (medicine) {
        buf_add(out, T(",\"status\":\"unknown\",\"medicationCodeableConcept\":"));
    } else {
        add_status(forms[section].status, out);
        buf_add(out, T(",\"code\":"));
    }
    add_absent_code(forms[section].code, forms[section].display, out);
    buf_printf(out, ",\"%s\":{\"reference\":", forms[section].subject);
    add_url(ask, FHIR_PATIENT, ask->patient_id, out);
    buf_add(out, medicine ? T("}" NO_TIME "}") : T("}}"));
}
