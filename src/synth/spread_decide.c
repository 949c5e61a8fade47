/* Who keeps an entry: by who made it, as far as the entry says. */
#include "synth/spread_int.h"

#define AT(place) ((uint8_t)(1U << (place)))

const struct spread_entry *spread_entry_of(const struct spreading *p, text reference)
{
    size_t slash = text_find(reference, '/');
    text id = text_from(reference, slash + 1);
    for (size_t i = 0; slash < reference.n && i < p->count; i++) {
        if (text_eq(p->entries[i].id, id)) {
            return &p->entries[i];
        }
    }
    return NULL;
}

static text reference_in(const yyjson_val *element)
{
    return json_text(json_get(element, T("reference")));
}

/* Of a reference, or of the first of a list of them. */
static text reference_of(const yyjson_val *resource, const char *name)
{
    const yyjson_val *v = json_get(resource, text_of(name));
    bool list = json_type(v) == YYJSON_TYPE_ARR && json_len(v);
    return reference_in(list ? v + 1 : v);
}

static bool names(text reference, const char *id)
{
    return text_ends(reference, text_of(id));
}

static uint8_t of_organisation(const struct spreading *p, text reference)
{
    return names(reference, p->trust) || names(reference, p->community) ? AT(SYNTH_AT_HOSPITAL)
           : names(reference, p->council)                               ? AT(SYNTH_AT_COUNCIL)
                                                                        : AT(SYNTH_AT_GP);
}

/* Of the plan that names a goal or a team; 0: none does. */
static uint8_t of_plan(const struct spreading *p, text id)
{
    static const char *const lists[] = {"goal", "careTeam"};
    for (size_t i = 0; i < p->count; i++) {
        const struct spread_entry *x = &p->entries[i];
        for (size_t k = 0; text_eq(x->type, T("CarePlan")) && k < 2; k++) {
            const yyjson_val *list = json_get(x->resource, text_of(lists[k]));
            const yyjson_val *item = list ? list + 1 : NULL;
            for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
                if (text_ends(reference_in(item), id)) {
                    return x->places;
                }
            }
        }
    }
    return 0;
}

static bool is_social_plan(const yyjson_val *plan)
{
    const yyjson_val *list = json_get(plan, T("category"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("text"))), T("Adult social care"))) {
            return true;
        }
    }
    return false;
}

/* A prescription that is to be handed over; a plan for a year's prescriptions is none. */
static bool is_prescription(const yyjson_val *r)
{
    return text_eq(json_text(json_get(r, T("intent"))), T("order"));
}

/* First of what others follow: encounters and plans. */
static uint8_t decide_first(const struct spreading *p, const struct spread_entry *x)
{
    if (text_eq(x->type, T("Encounter"))) {
        return of_organisation(p, reference_of(x->resource, "serviceProvider"));
    }
    if (text_eq(x->type, T("CarePlan"))) {
        return is_social_plan(x->resource) ? AT(SYNTH_AT_COUNCIL) : AT(SYNTH_AT_GP);
    }
    return 0;
}

static uint8_t decide_one(const struct spreading *p, const struct spread_entry *x)
{
    static const struct {
        const char *type;
        uint8_t places;
    } fixed[] = {
        {"Appointment", AT(SYNTH_AT_HOSPITAL)}, {"QuestionnaireResponse", AT(SYNTH_AT_COUNCIL)},
        {"Task", AT(SYNTH_AT_COUNCIL)},         {"AllergyIntolerance", AT(SYNTH_AT_GP)},
        {"RelatedPerson", AT(SYNTH_AT_GP)},     {"Condition", AT(SYNTH_AT_GP)}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (text_eq(x->type, text_of(fixed[i].type))) {
            return fixed[i].places;
        }
    }
    if (text_eq(x->type, T("Goal")) || text_eq(x->type, T("CareTeam"))) {
        return of_plan(p, x->id);
    }
    if (text_eq(x->type, T("MedicationRequest"))) {
        return AT(SYNTH_AT_GP) | (is_prescription(x->resource) ? AT(SYNTH_AT_PHARMACY) : 0);
    }
    if (text_eq(x->type, T("DocumentReference"))) {
        return AT(SYNTH_AT_GP) | of_organisation(p, reference_of(x->resource, "custodian"));
    }
    text performer = reference_of(x->resource, "performer");
    if (text_starts(performer, T("Organization/")) && !text_eq(x->type, T("ServiceRequest"))) {
        return of_organisation(p, performer);
    }
    const struct spread_entry *during = spread_entry_of(p, reference_of(x->resource, "encounter"));
    return during && during->places ? during->places : AT(SYNTH_AT_GP);
}

/* Who has an e-mail address has the platform. */
static bool has_platform(const yyjson_val *patient)
{
    const yyjson_val *list = json_get(patient, T("telecom"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("system"))), T("email"))) {
            return true;
        }
    }
    return false;
}

void spread_decide(struct spreading *p)
{
    uint8_t all = AT(SYNTH_AT_GP);
    for (size_t i = 0; i < p->count; i++) {
        p->entries[i].places = decide_first(p, &p->entries[i]);
    }
    for (size_t i = 0; i < p->count; i++) {
        struct spread_entry *x = &p->entries[i];
        if (!x->places && !text_eq(x->type, T("Patient"))) {
            x->places = decide_one(p, x);
        }
        all |= x->places;
    }
    for (size_t i = 0; i < p->count; i++) {
        struct spread_entry *x = &p->entries[i];
        if (text_eq(x->type, T("Patient"))) {
            x->places = all | (has_platform(x->resource) ? AT(SYNTH_AT_PLATFORM) : 0);
        } else if (text_eq(x->type, T("AllergyIntolerance"))) {
            x->places |= all & AT(SYNTH_AT_HOSPITAL); /* each asks anew */
        }
    }
}
