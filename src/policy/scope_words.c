#include "policy/scope.h"

/* Types that people meet, in words that they use. With a query: what that leaves of the type. */
struct row {
    const char *type;
    const char *query;
    const char *words;
};
static const struct row rows[] = {
    {"*", "", "health and care record"},
    {"Observation", "category=laboratory", "laboratory results"},
    {"Observation", "category=vital-signs", "measurements, such as blood pressure and weight"},
    {"Observation", "category=social-history", "notes on daily life, such as smoking"},
    {"Observation", "category=survey", "answers to health questions"},
    {"Observation", "", "test results and measurements"},
    {"AllergyIntolerance", "", "allergies"},
    {"Appointment", "", "appointments"},
    {"CarePlan", "", "care plans"},
    {"CareTeam", "", "list of carers and care staff"},
    {"Claim", "", "bills"},
    {"Communication", "", "messages"},
    {"Condition", "", "health problems"},
    {"Consent", "", "choices about who may see the record"},
    {"Coverage", "", "insurance details"},
    {"Device", "", "medical devices"},
    {"DiagnosticReport", "", "test reports"},
    {"DocumentReference", "", "letters and documents"},
    {"Encounter", "", "visits"},
    {"EpisodeOfCare", "", "times under care"},
    {"FamilyMemberHistory", "", "family's health history"},
    {"Flag", "", "warnings"},
    {"Goal", "", "goals"},
    {"ImagingStudy", "", "scans and X-rays"},
    {"Immunization", "", "vaccinations"},
    {"Medication", "", "medicine details"},
    {"MedicationAdministration", "", "medicines that were given"},
    {"MedicationDispense", "", "medicines from the pharmacy"},
    {"MedicationRequest", "", "prescriptions"},
    {"MedicationStatement", "", "medicines in use"},
    {"NutritionOrder", "", "diet"},
    {"Patient", "", "name, address and contact details"},
    {"Procedure", "", "operations and treatments"},
    {"QuestionnaireResponse", "", "filled-in forms"},
    {"RelatedPerson", "", "family and carers"},
    {"RiskAssessment", "", "health risks"},
    {"ServiceRequest", "", "referrals and tests ordered"},
    {"Specimen", "", "samples"},
    {"Task", "", "things to do"},
};

/* Those that are about nobody: "your" would be wrong. */
static const struct row shared[] = {
    {"HealthcareService", "", "list of services"},
    {"Location", "", "list of places"},
    {"Organization", "", "list of organisations"},
    {"Practitioner", "", "list of staff"},
    {"PractitionerRole", "", "list of staff and their roles"},
    {"Questionnaire", "", "list of forms"},
    {"Schedule", "", "list of clinic times"},
    {"Slot", "", "list of free times"},
};

static const char *find(const struct row *from, size_t count, text type, text query)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq(type, text_of(from[i].type)) && text_eq(query, text_of(from[i].query))) {
            return from[i].words;
        }
    }
    return NULL;
}

/* "category=http://...|laboratory" means the same to a reader as "category=laboratory". */
static text plain_query(text query, struct arena *a)
{
    size_t bar = text_find(query, '|');
    size_t skip = 1;
    for (size_t i = 0; bar == query.n && i + 3 <= query.n; i++) {
        if (text_eq_nocase(text_first(text_from(query, i), 3), T("%7C"))) {
            bar = i;
            skip = 3;
        }
    }
    if (bar == query.n || !text_starts(query, T("category="))) {
        return query;
    }
    text parts[] = {T("category="), text_from(query, bar + skip)};
    return arena_join(a, parts, 2);
}

static text verbs(uint8_t rights, struct arena *a)
{
    static const struct {
        uint8_t rights;
        const char *first, *later;
    } names[] = {
        {MAY_READ | MAY_SEARCH, "See", "see"},
        {MAY_CREATE, "Add to", "add to"},
        {MAY_UPDATE, "Change", "change"},
        {MAY_DELETE, "Delete", "delete"},
    };
    const char *list[4];
    int n = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (rights & names[i].rights) {
            list[n] = n ? names[i].later : names[i].first;
            n++;
        }
    }
    switch (n) {
    case 1:
        return arena_copy(a, text_of(list[0]));
    case 2:
        return arena_printf(a, "%s and %s", list[0], list[1]);
    case 3:
        return arena_printf(a, "%s, %s and %s", list[0], list[1], list[2]);
    case 4:
        return arena_printf(a, "%s, %s, %s and %s", list[0], list[1], list[2], list[3]);
    default:
        return arena_copy(a, T("Nothing of"));
    }
}

text scope_words(const struct scope *s, struct arena *a)
{
    text type = s->type ? fhir_type_name(s->type) : T("*");
    text verb = verbs(s->rights, a);
    text query = plain_query(s->query, a);
    if (!verb.p || (s->query.n && !query.p)) {
        return (text){NULL, 0};
    }
    const char *words = find(rows, sizeof rows / sizeof *rows, type, query);
    bool whole = words || !query.n;
    words = words ? words : find(rows, sizeof rows / sizeof *rows, type, T(""));
    const char *common = words ? NULL : find(shared, sizeof shared / sizeof *shared, type, T(""));
    text limit = whole ? T("") : arena_printf(a, " (only where %.*s)", TEXT_ARG(s->query));
    if (!limit.p) {
        return limit;
    }
    if (common) {
        return arena_printf(a, "%.*s the %s%.*s", TEXT_ARG(verb), common, TEXT_ARG(limit));
    }
    if (!words) {
        return arena_printf(a, "%.*s other parts of %s (%.*s)%.*s", TEXT_ARG(verb),
                            s->level == SCOPE_PATIENT ? "your record" : "records", TEXT_ARG(type),
                            TEXT_ARG(limit));
    }
    if (s->level == SCOPE_PATIENT) {
        return arena_printf(a, "%.*s your %s%.*s", TEXT_ARG(verb), words, TEXT_ARG(limit));
    }
    return arena_printf(a, "%.*s the %s of %s%.*s", TEXT_ARG(verb), words,
                        s->level == SCOPE_USER ? "everyone you may see" : "everyone",
                        TEXT_ARG(limit));
}
