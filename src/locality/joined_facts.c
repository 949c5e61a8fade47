#include "locality/joined_int.h"

#include "fhir/index.h"

/* What of an entry says whether another, of another custodian, is about the same thing. */

#define DAY_MS INT64_C(86400000)

/* Where each type has its code and its time. Times are tried in their order. */
static const struct family {
    const char *type;
    enum joined_family family;
    const char *code;
    const char *times[4];
    const char *end; /* a member that says when it was over; NULL: none */
    bool lasts;      /* goes on until somebody ends it */
} families[] = {
    {"MedicationRequest", FAMILY_MEDICINE, "medicationCodeableConcept", {"authoredOn"}, NULL, true},
    {"MedicationStatement",
     FAMILY_MEDICINE,
     "medicationCodeableConcept",
     {"effectivePeriod", "effectiveDateTime", "dateAsserted"},
     NULL,
     true},
    {"AllergyIntolerance", FAMILY_ALLERGY, "code", {"onsetDateTime", "recordedDate"}, NULL, true},
    {"Condition",
     FAMILY_CONDITION,
     "code",
     {"onsetPeriod", "onsetDateTime", "recordedDate"},
     "abatementDateTime",
     true},
    {"Immunization", FAMILY_VACCINE, "vaccineCode", {"occurrenceDateTime"}, NULL, false},
    {"Procedure", FAMILY_PROCEDURE, "code", {"performedPeriod", "performedDateTime"}, NULL, false},
    {"Observation",
     FAMILY_RESULT,
     "code",
     {"effectivePeriod", "effectiveDateTime", "effectiveInstant"},
     NULL,
     false},
    {"DiagnosticReport",
     FAMILY_REPORT,
     "code",
     {"effectivePeriod", "effectiveDateTime"},
     NULL,
     false},
    {"ServiceRequest",
     FAMILY_REQUEST,
     "code",
     {"occurrencePeriod", "occurrenceDateTime", "authoredOn"},
     NULL,
     false},
    {"DocumentReference", FAMILY_DOCUMENT, "type", {"date"}, NULL, false},
};

static const struct family *family_of(text type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (text_eq(type, text_of(families[i].type))) {
            return &families[i];
        }
    }
    return NULL;
}

/* --- codes --------------------------------------------------------------------------------------
 */

/* Codes of dm+d are concepts of SNOMED CT, by their numbers too. */
static text system_of(const yyjson_val *coding)
{
    text system = json_text(json_get(coding, T("system")));
    return text_eq(system, T("https://dmd.nhs.uk")) ? T("http://snomed.info/sct") : system;
}

static void take_concept(const yyjson_val *concept, struct joined_facts *f)
{
    const yyjson_val *codings = json_get(concept, T("coding"));
    const yyjson_val *coding = joined_first(codings);
    for (size_t left = coding ? json_len(codings) : 0; left && f->code_count < JOINED_CODES_MAX;
         left--, coding = json_after(coding)) {
        struct joined_code code = {system_of(coding), json_text(json_get(coding, T("code")))};
        if (code.code.n) {
            f->codes[f->code_count++] = code;
        }
    }
    if (!f->code_count && !f->words.n) {
        coding = joined_first(codings);
        text words = json_text(json_get(concept, T("text")));
        f->words = words.n ? words : json_text(json_get(coding, T("display")));
    }
}

text joined_medicine(const yyjson_val *resource)
{
    text to = json_text(json_get(json_get(resource, T("medicationReference")), T("reference")));
    return text_starts(to, T("#")) ? (text){0} : to;
}

static void take_medicine(const yyjson_val *resource, const yyjson_val *medicine,
                          struct joined_facts *f)
{
    const yyjson_val *reference = json_get(resource, T("medicationReference"));
    text to = json_text(json_get(reference, T("reference")));
    const yyjson_val *list = json_get(resource, T("contained"));
    const yyjson_val *inner = text_starts(to, T("#")) ? joined_first(list) : NULL;
    for (size_t left = inner ? json_len(list) : 0; left; left--, inner = json_after(inner)) {
        if (text_eq(json_text(json_get(inner, T("id"))), text_from(to, 1))) {
            medicine = inner;
            break;
        }
    }
    take_concept(json_get(medicine, T("code")), f);
    if (!f->code_count && !f->words.n) {
        f->words = json_text(json_get(reference, T("display")));
    }
}

/* --- times --------------------------------------------------------------------------------------
 */

static bool take_date(text t, int64_t *start, int64_t *end)
{
    return t.n && index_date(t, start, end);
}

/* A date, or a Period, which may be open. */
static bool take_time(const yyjson_val *v, int64_t *start, int64_t *end, bool *open)
{
    int64_t ignored;
    if (json_type(v) == YYJSON_TYPE_STR) {
        return take_date(json_text(v), start, end);
    }
    if (!take_date(json_text(json_get(v, T("start"))), start, end)) {
        return false;
    }
    *open = !take_date(json_text(json_get(v, T("end"))), &ignored, end);
    return true;
}

/* When a prescription ends, where it says so: in its validity, or its doses' bounds. */
static bool medicine_end(const yyjson_val *resource, int64_t *end)
{
    int64_t ignored;
    const yyjson_val *supply = json_get(resource, T("dispenseRequest"));
    const yyjson_val *doses = json_get(resource, T("dosageInstruction"));
    const yyjson_val *dose = joined_first(doses ? doses : json_get(resource, T("dosage")));
    const yyjson_val *repeat = json_get(json_get(dose, T("timing")), T("repeat"));
    return take_date(json_text(json_get(json_get(supply, T("validityPeriod")), T("end"))), &ignored,
                     end) ||
           take_date(json_text(json_get(json_get(repeat, T("boundsPeriod")), T("end"))), &ignored,
                     end);
}

/* Whether something that lasts is still going on, by its status. */
static bool goes_on(const yyjson_val *resource)
{
    static const char *const going[] = {"active", "on-hold", "recurrence", "relapse", "intended"};
    const yyjson_val *clinical = json_get(resource, T("clinicalStatus"));
    const yyjson_val *coding = joined_first(json_get(clinical, T("coding")));
    text status = clinical ? json_text(json_get(coding, T("code")))
                           : json_text(json_get(resource, T("status")));
    bool is = !status.n;
    for (size_t i = 0; !is && i < sizeof going / sizeof *going; i++) {
        is = text_eq(status, text_of(going[i]));
    }
    return is;
}

static void take_times(const struct family *family, struct joined_facts *f)
{
    const yyjson_val *r = f->resource;
    int64_t ignored;
    bool open = false;
    bool has = false;
    bool is_period = false;
    for (size_t i = 0; !has && i < 4 && family->times[i]; i++) {
        const yyjson_val *time = json_get(r, text_of(family->times[i]));
        has = take_time(time, &f->start, &f->end, &open);
        is_period = json_type(time) == YYJSON_TYPE_OBJ;
    }
    if (!has) {
        f->start = INT64_MIN;
        f->end = INT64_MAX;
        return;
    }
    bool ended = (family->end &&
                  take_date(json_text(json_get(r, text_of(family->end))), &ignored, &f->end)) ||
                 (family->family == FAMILY_MEDICINE && medicine_end(r, &f->end));
    if (!ended && (open || (family->lasts && !is_period && goes_on(r)))) {
        f->end = INT64_MAX;
    }
    /* One writes the hour, the other the day. */
    if (family->family != FAMILY_RESULT) {
        f->start -= f->start % DAY_MS;
        f->end =
            f->end > INT64_MAX - DAY_MS ? f->end : f->end + (DAY_MS - f->end % DAY_MS) % DAY_MS;
    }
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static void take_identifier(const yyjson_val *identifier, struct joined_facts *f)
{
    struct joined_identifier is = {json_text(json_get(identifier, T("system"))),
                                   json_text(json_get(identifier, T("value")))};
    if (is.system.n && is.value.n && f->identifier_count < JOINED_IDENTIFIERS_MAX) {
        f->identifiers[f->identifier_count++] = is;
    }
}

static void take_identifiers(const yyjson_val *resource, struct joined_facts *f)
{
    const yyjson_val *list = json_get(resource, T("identifier"));
    const yyjson_val *item = joined_first(list);
    take_identifier(json_get(resource, T("masterIdentifier")), f);
    if (json_type(list) == YYJSON_TYPE_OBJ) {
        take_identifier(list, f); /* of a QuestionnaireResponse or Composition: one */
    }
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        take_identifier(item, f);
    }
}

static bool is_mistake(const yyjson_val *resource)
{
    const yyjson_val *verification = json_get(resource, T("verificationStatus"));
    const yyjson_val *coding = joined_first(json_get(verification, T("coding")));
    return text_eq(json_text(json_get(resource, T("status"))), T("entered-in-error")) ||
           text_eq(json_text(json_get(coding, T("code"))), T("entered-in-error"));
}

void joined_facts(const yyjson_val *resource, const yyjson_val *medicine,
                  struct joined_facts *ret_facts)
{
    const yyjson_val *meta = json_get(resource, T("meta"));
    text source = json_text(json_get(meta, T("source")));
    text type = json_text(json_get(resource, T("resourceType")));
    const struct family *family = family_of(type);
    *ret_facts = (struct joined_facts){
        .resource = resource,
        .type = type,
        .id = json_text(json_get(resource, T("id"))),
        .version = json_text(json_get(meta, T("versionId"))),
        .source = text_first(source, text_find(source, '#')),
        .family = family ? family->family : FAMILY_NONE,
        .is_mistake = is_mistake(resource),
        .start = INT64_MIN,
        .end = INT64_MAX,
    };
    take_identifiers(resource, ret_facts);
    if (!family) {
        return;
    }
    take_concept(json_get(resource, text_of(family->code)), ret_facts);
    if (family->family == FAMILY_MEDICINE && !ret_facts->code_count) {
        take_medicine(resource, medicine, ret_facts);
    }
    take_times(family, ret_facts);
}
