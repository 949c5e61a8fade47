#include "rest/subscribe/subscription.h"

const struct topic_info topic_table[TOPIC_COUNT] = {
    [TOPIC_RESOURCE] = {"resource-change", "An entry is new, changed or deleted",
                        "Any entry of a patient's record; filters say of which type and patient.",
                        NULL},
    [TOPIC_RESULT] = {"new-result", "A result has come",
                      "A report, or an observation of a laboratory or of imaging, that is final, "
                      "amended or corrected.",
                      "DiagnosticReport Observation"},
    [TOPIC_MESSAGE] = {"message-received", "A message has come",
                       "A Communication, or a Bundle of type message, has been stored.",
                       "Communication Bundle"},
    [TOPIC_CONSENT] = {"consent-change", "A patient's choice has changed",
                       "A Consent is new, changed or deleted.", "Consent"},
};

bool topic_find(text url, enum topic *ret_topic)
{
    text base = T(TOPIC_BASE);
    text name = text_starts(url, base) ? text_from(url, base.n) : (text){0};
    for (unsigned i = 0; name.n && i < TOPIC_COUNT; i++) {
        if (text_eq(name, text_of(topic_table[i].name))) {
            *ret_topic = (enum topic)i;
            return true;
        }
    }
    return false;
}

bool topic_has_type(enum topic t, fhir_type type)
{
    const char *types = topic_table[t].types;
    bool has =
        types ? text_is_among(fhir_type_name(type), types) : fhir_type_in_patient_compartment(type);
    return has && !text_eq(fhir_type_name(type), T("AuditEvent"));
}

/* --- what is an event ---------------------------------------------------------------------------
 */

static const yyjson_val *first_of(const yyjson_val *array)
{
    return json_type(array) == YYJSON_TYPE_ARR && json_len(array) ? array + 1 : NULL;
}

static bool has_category(const yyjson_val *root, text one, text other)
{
    const yyjson_val *list = json_get(root, T("category"));
    const yyjson_val *concept = first_of(list);
    for (size_t left = concept ? json_len(list) : 0; left; left--, concept = json_after(concept)) {
        const yyjson_val *codings = json_get(concept, T("coding"));
        const yyjson_val *coding = first_of(codings);
        for (size_t n = coding ? json_len(codings) : 0; n; n--, coding = json_after(coding)) {
            text code = json_text(json_get(coding, T("code")));
            if (text_eq(code, one) || text_eq(code, other)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_result(fhir_type type, const yyjson_val *root)
{
    text status = json_text(json_get(root, T("status")));
    bool done = text_eq(status, T("final")) || text_eq(status, T("amended")) ||
                text_eq(status, T("corrected")) || text_eq(status, T("appended"));
    return done && (text_eq(fhir_type_name(type), T("DiagnosticReport")) ||
                    has_category(root, T("laboratory"), T("imaging")));
}

bool topic_means(enum topic t, fhir_type type, enum change change, const yyjson_val *root)
{
    if (!topic_has_type(t, type)) {
        return false;
    }
    switch (t) {
    case TOPIC_RESULT:
        return change != CHANGE_DELETE && is_result(type, root);
    case TOPIC_MESSAGE:
        return change == CHANGE_CREATE &&
               (!text_eq(fhir_type_name(type), T("Bundle")) ||
                text_eq(json_text(json_get(root, T("type"))), T("message")));
    default:
        return true;
    }
}

/* --- what there is ------------------------------------------------------------------------------
 */

/* R4 has no resource for topics: the backport has them as Basic, with the elements of R5 as
 * extensions. */
#define R5 "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."

static void put_extension(struct buf *out, const char *name, const char *type, text value)
{
    buf_printf(out, ",{\"url\":\"" R5 "%s\",\"%s\":", name, type);
    json_write_string(value, out);
    buf_addc(out, '}');
}

static void put_triggers(struct buf *out, const struct topic_info *t)
{
    text rest = text_of(t->types);
    text name;
    while (text_cut(&rest, ' ', &name)) {
        buf_printf(out,
                   ",{\"url\":\"" R5 "resourceTrigger\",\"extension\":[{\"url\":\"resource\","
                   "\"valueUri\":\"http://hl7.org/fhir/StructureDefinition/%.*s\"}]}",
                   TEXT_ARG(name));
    }
}

void topics_print(struct buf *out)
{
    buf_printf(out, "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[");
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *t = &topic_table[i];
        buf_printf(out,
                   "%s{\"fullUrl\":\"" TOPIC_BASE "%s\",\"resource\":{\"resourceType\":\"Basic\","
                   "\"id\":\"%s\",\"extension\":[{\"url\":\"" R5 "url\",\"valueUri\":\"" TOPIC_BASE
                   "%s\"}",
                   i ? "," : "", t->name, t->name, t->name);
        put_extension(out, "title", "valueString", text_of(t->title));
        put_extension(out, "status", "valueCode", T("active"));
        put_extension(out, "description", "valueMarkdown", text_of(t->words));
        put_triggers(out, t);
        buf_add(out, T("],\"code\":{\"coding\":[{\"system\":\"http://hl7.org/fhir/fhir-types\","
                       "\"code\":\"SubscriptionTopic\"}]}}}"));
    }
    buf_add(out, T("]}"));
}

void topics_state(struct buf *out)
{
    buf_add(out, T("\"extension\":["));
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        buf_printf(out,
                   "%s{\"url\":\"" BACKPORT "capabilitystatement-subscriptiontopic-canonical\","
                   "\"valueCanonical\":\"" TOPIC_BASE "%s\"}",
                   i ? "," : "", topic_table[i].name);
    }
    buf_add(out, T("],\"supportedProfile\":[\"" BACKPORT "backport-subscription\"],"));
}
