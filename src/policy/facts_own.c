/*
 * What a person writes into their own record: readings, symptoms, preferences, "About me",
 * contacts, medicines and allergies that they tell of. An entry is theirs while it carries the mark
 * (meta.tag) and nothing in it could be taken for the word of somebody else: what may stand in it
 * is listed here, and all else makes the mark a false one.
 */
#include "policy/facts_int.h"

/* `who`: the element that says who says so; empty: the type has none, and the subject does. */
static const struct own_type {
    uint8_t type;
    text subject, who;
    const char *members; /* beside resourceType, id, meta, language, text and identifier */
} own_types[] = {
    {TYPE_Observation,
     {"subject", 7},
     {"performer", 9},
     "status category code subject effectiveDateTime effectivePeriod issued performer "
     "valueQuantity valueCodeableConcept valueString valueBoolean valueInteger dataAbsentReason "
     "note bodySite method component"},
    {TYPE_Composition,
     {"subject", 7},
     {"author", 6},
     "status type subject date author title section"},
    {TYPE_MedicationStatement,
     {"subject", 7},
     {"informationSource", 17},
     "status statusReason category medicationCodeableConcept subject effectiveDateTime "
     "effectivePeriod dateAsserted informationSource reasonCode note dosage"},
    {TYPE_AllergyIntolerance,
     {"patient", 7},
     {"asserter", 8},
     "clinicalStatus verificationStatus type category code patient onsetDateTime onsetString "
     "recordedDate recorder asserter lastOccurrence note reaction"},
    {TYPE_RelatedPerson,
     {"patient", 7},
     {"", 0},
     "active patient relationship name telecom gender address period communication"},
};

#define HL7 "http://terminology.hl7.org/CodeSystem/"
#define KITH "https://kith.care/fhir/CodeSystem/"
#define SNOMED "http://snomed.info/sct"

/* Codes that such an entry may have, and no other; of a system NULL, the element is a code. */
static const struct own_value {
    uint8_t type;
    bool required;
    const char *member, *system, *codes;
} own_values[] = {
    {TYPE_Observation, true, "status", NULL,
     "preliminary final amended corrected entered-in-error"},
    {TYPE_Observation, false, "category", HL7 "observation-category",
     "vital-signs survey activity social-history"},
    {TYPE_Composition, true, "status", NULL, "preliminary final amended entered-in-error"},
    {TYPE_Composition, true, "type", KITH "document-kind", "about-me"},
    {TYPE_MedicationStatement, false, "category", HL7 "medication-statement-category",
     "patientspecified"},
    {TYPE_AllergyIntolerance, true, "verificationStatus", HL7 "allergyintolerance-verification",
     "unconfirmed entered-in-error"},
};

/* "No known allergy" and the like: who has been asked says so, not who fills in a page. */
static const char no_allergies[] = "716186003 409137002 428607008 429625007 1003774007";

/* Wherever they stand, they would speak for others or of what others found. */
static const char never[] =
    "extension modifierExtension contained assigner authorString interpretation referenceRange "
    "entry focus reference";
/* Wherever they stand, they name the person and nobody else. */
static const char names_person[] =
    "subject patient performer author authorReference asserter recorder informationSource";

static bool has_word(const char *list, text word)
{
    text rest = text_of(list);
    while (rest.n) {
        size_t end = text_find(rest, ' ');
        text one = text_first(rest, end);
        if (word.n && text_eq(one, word)) {
            return true;
        }
        rest = text_from(rest, end < rest.n ? end + 1 : rest.n);
    }
    return false;
}

static const struct own_type *own_type_of(fhir_type type)
{
    for (size_t i = 0; i < sizeof own_types / sizeof *own_types; i++) {
        if (own_types[i].type == type) {
            return &own_types[i];
        }
    }
    return NULL;
}

bool policy_own_type(fhir_type type)
{
    return own_type_of(type) != NULL;
}

bool policy_is_marked_own(const yyjson_val *root)
{
    struct look tags = look_items(json_get(json_get(root, T("meta")), T("tag")));
    for (const yyjson_val *tag = look_next(&tags); tag; tag = look_next(&tags)) {
        if (look_is(json_get(tag, T("system")), T(OWN_SYSTEM)) &&
            look_is(json_get(tag, T("code")), T(OWN_CODE))) {
            return true;
        }
    }
    return false;
}

/* --- what stands in it --------------------------------------------------------------------------
 */

struct own_look {
    text person; /* "Patient/x" */
    enum own_fault fault;
    text place; /* the element */
};

static void find_fault(struct own_look *o, enum own_fault fault, text place)
{
    if (o->fault == OWN_RIGHT) {
        o->fault = fault;
        o->place = text_first(place, place.n < 60 ? place.n : 60);
    }
}

/* Exactly the person: a display or an identifier beside it could say another name. */
static bool is_person(const struct own_look *o, const yyjson_val *value)
{
    struct look all = look_items(value);
    const yyjson_val *r = look_next(&all);
    bool is = json_type(r) == YYJSON_TYPE_OBJ && !look_next(&all) &&
              look_is(json_get(r, T("reference")), o->person);
    const yyjson_val *name = is ? r + 1 : NULL;
    for (size_t left = is ? json_len(r) : 0; left; left--, name = json_after(name + 1)) {
        is = is && (text_eq(json_text(name), T("reference")) ||
                    (text_eq(json_text(name), T("type")) && look_is(name + 1, T("Patient"))));
    }
    return is;
}

/* The depth of a tree is bounded by json_read(). */
static void look_through(struct own_look *o, const yyjson_val *value)
{
    bool object = json_type(value) == YYJSON_TYPE_OBJ;
    if (!object && json_type(value) != YYJSON_TYPE_ARR) {
        return;
    }
    const yyjson_val *at = value + 1;
    for (size_t left = json_len(value); left; left--) {
        text name = object ? json_text(at) : T("");
        const yyjson_val *what = object ? at + 1 : at;
        if (text_starts(name, T("_")) || has_word(never, name)) {
            find_fault(o, OWN_NOT_THEIRS, name);
        } else if (!has_word(names_person, name)) {
            look_through(o, what);
        } else if (!is_person(o, what)) {
            find_fault(o, OWN_OTHER_NAME, name);
        }
        at = json_after(what);
    }
}

static void look_at_members(struct own_look *o, const struct own_type *t, const yyjson_val *root)
{
    const yyjson_val *name = root + 1;
    for (size_t left = json_len(root); left; left--, name = json_after(name + 1)) {
        text member = json_text(name);
        bool is_meta = text_eq(member, T("meta"));
        if (!is_meta && !has_word("resourceType id language text identifier", member) &&
            !has_word(t->members, member)) {
            find_fault(o, OWN_NOT_THEIRS, member);
        } else if (!is_meta && has_word(names_person, member)) {
            find_fault(o, is_person(o, name + 1) ? OWN_RIGHT : OWN_OTHER_NAME, member);
        } else if (!is_meta) {
            look_through(o, name + 1);
        }
    }
}

/* The mark alone; labels (meta.security) have rules of their own. */
static void look_at_meta(struct own_look *o, const yyjson_val *meta)
{
    const yyjson_val *name = meta + 1;
    for (size_t left = json_len(meta); left; left--, name = json_after(name + 1)) {
        if (!has_word("versionId lastUpdated profile security tag", json_text(name))) {
            find_fault(o, OWN_NOT_THEIRS,
                       text_eq(json_text(name), T("source")) ? T("meta.source") : T("meta"));
        }
    }
    struct look tags = look_items(json_get(meta, T("tag")));
    if (tags.left > 1) {
        find_fault(o, OWN_OTHER_VALUE, T("meta.tag"));
    }
}

static bool has_only(const yyjson_val *value, const struct own_value *v)
{
    if (!v->system) {
        return has_word(v->codes, json_text(value));
    }
    bool only = true;
    bool any = false;
    struct look concepts = look_items(value);
    for (const yyjson_val *c = look_next(&concepts); c; c = look_next(&concepts)) {
        struct look codings = look_items(json_get(c, T("coding")));
        for (const yyjson_val *k = look_next(&codings); k; k = look_next(&codings)) {
            any = true;
            only = only && look_is(json_get(k, T("system")), text_of(v->system)) &&
                   has_word(v->codes, json_text(json_get(k, T("code"))));
        }
    }
    return only && (any || !v->required);
}

static void look_at_values(struct own_look *o, fhir_type type, const yyjson_val *root)
{
    for (size_t i = 0; i < sizeof own_values / sizeof *own_values; i++) {
        const struct own_value *v = &own_values[i];
        const yyjson_val *value = json_get(root, text_of(v->member));
        if (v->type == type && (value || v->required) && !(value && has_only(value, v))) {
            find_fault(o, value ? OWN_OTHER_VALUE : OWN_MISSING, text_of(v->member));
        }
    }
    struct look codings = look_items(json_get(json_get(root, T("code")), T("coding")));
    for (const yyjson_val *k = look_next(&codings); k; k = look_next(&codings)) {
        if (type == TYPE_AllergyIntolerance &&
            has_word(no_allergies, json_text(json_get(k, T("code"))))) {
            find_fault(o, OWN_OTHER_VALUE, T("code"));
        }
    }
}

void facts_take_own(fhir_type type, const yyjson_val *root, struct facts_writer *w)
{
    const struct own_type *t = own_type_of(type);
    if (!policy_is_marked_own(root)) {
        return;
    }
    struct own_look o = {0};
    if (!t) {
        find_fault(&o, OWN_NOT_THEIRS, T("meta.tag"));
    } else {
        o.person = look_party(json_get(root, t->subject));
        if (!text_starts(o.person, T("Patient/"))) {
            find_fault(&o, o.person.n ? OWN_OTHER_NAME : OWN_MISSING, t->subject);
        }
        if (t->who.n && !json_get(root, t->who)) {
            find_fault(&o, OWN_MISSING, t->who);
        }
        look_at_members(&o, t, root);
        look_at_meta(&o, json_get(root, T("meta")));
        look_at_values(&o, type, root);
    }
    facts_add(w, &(struct fact){.kind = FACT_OWN,
                                .detail = (uint8_t)o.fault,
                                .name = o.fault == OWN_RIGHT ? o.person : o.place});
}

/* --- asked of facts -----------------------------------------------------------------------------
 */

bool facts_own(text facts, struct fact *ret_own)
{
    uint32_t labels;
    text items;
    struct fact f;
    if (facts.n && facts_open(facts, &labels, &items)) {
        while (facts_next(&items, &f) > 0) {
            if (f.kind == FACT_OWN) {
                *ret_own = f;
                return true;
            }
        }
    }
    return false;
}

int policy_own_fault(fhir_type type, text facts, struct arena *a, struct err *e)
{
    static const char *const words[] = {
        [OWN_OTHER_NAME] = "must name you and nobody else, as {\"reference\": \"Patient/...\"} "
                           "without a display: it says that the entry is your word",
        [OWN_MISSING] = "is missing: an entry that you write yourself has to have it",
        [OWN_NOT_THEIRS] = "is not part of an entry that people write themselves; leave it out",
        [OWN_OTHER_VALUE] = "has a value that is for those who look after you to give; "
                            "docs/policy.md, 'Own entries', lists what you may write",
    };
    struct fact own;
    if (!facts_own(facts, &own) || own.detail == OWN_RIGHT) {
        return 0;
    }
    text name = fhir_type_name(type);
    return err_at(e, ERR_FORBIDDEN,
                  arena_printf(a, "%.*s.%.*s", TEXT_ARG(name), TEXT_ARG(own.name)), "%.*s.%.*s %s",
                  TEXT_ARG(name), TEXT_ARG(own.name), words[own.detail]);
}
