#include "synth/places.h"

#include "synth/names.h"

#include <stdio.h>

const struct area areas[AREA_COUNT] = {
    {"Harbour Quarter", 1, 1, 2, {0, 1}},   {"Ropewalk", 1, 2, 1, {0, 2}},
    {"Cathedral Close", 1, 3, 8, {1, 3}},   {"Millfields", 2, 1, 3, {2, 4}},
    {"Brackenhurst", 2, 2, 1, {4, 2}},      {"Northgate", 2, 3, 5, {3, 4}},
    {"Fennick Park", 3, 1, 9, {5, 3}},      {"Stonebeck", 3, 2, 6, {5, 6}},
    {"Kestrel Bank", 4, 1, 4, {6, 7}},      {"Little Harrowmere", 5, 1, 7, {8, 8}},
    {"Great Harrowmere", 5, 2, 10, {8, 7}}, {"Wyndle-on-the-Marsh", 6, 1, 5, {9, 9}},
};

#define SETTING(code_, display_)                                            \
    {{"https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode", 61}, \
     {code_, sizeof(code_) - 1},                                            \
     {display_, sizeof(display_) - 1}}

const struct concept specialties[SPECIALTY_COUNT] = {
    SNOMED("773568002", "Emergency medicine"),
    SNOMED("394802001", "General medicine"),
    SNOMED("394811001", "Geriatric medicine"),
    SNOMED("394579002", "Cardiology"),
    SNOMED("418112009", "Pulmonary medicine"),
    SNOMED("394583002", "Endocrinology"),
    SNOMED("394589003", "Nephrology"),
    SNOMED("394591006", "Neurology"),
    SNOMED("394584008", "Gastroenterology"),
    SNOMED("394810000", "Rheumatology"),
    SNOMED("394592004", "Clinical oncology"),
    SNOMED("394609007", "General surgery"),
    SNOMED("394801008", "Trauma and orthopaedics"),
    SNOMED("394594003", "Ophthalmology"),
    SNOMED("394582007", "Dermatology"),
    SNOMED("394604002", "Ear, nose and throat surgery"),
    SNOMED("394585009", "Obstetrics and gynaecology"),
    SNOMED("394537008", "Paediatric specialty"),
    SNOMED("394587001", "Psychiatry"),
};

static const struct concept general_practice = SNOMED("394814009", "General practice");

/* The last one: general practice. */
static const struct concept settings[SPECIALTY_COUNT + 1] = {
    SETTING("180", "Emergency Medicine"),
    SETTING("300", "General Internal Medicine"),
    SETTING("430", "Geriatric Medicine"),
    SETTING("320", "Cardiology"),
    SETTING("340", "Respiratory Medicine"),
    SETTING("302", "Endocrinology and Diabetes"),
    SETTING("361", "Renal Medicine"),
    SETTING("400", "Neurology"),
    SETTING("301", "Gastroenterology"),
    SETTING("410", "Rheumatology"),
    SETTING("800", "Clinical Oncology"),
    SETTING("100", "General Surgery"),
    SETTING("110", "Trauma and Orthopaedics"),
    SETTING("130", "Ophthalmology"),
    SETTING("330", "Dermatology"),
    SETTING("120", "Ear Nose and Throat"),
    SETTING("500", "Obstetrics and Gynaecology"),
    SETTING("420", "Paediatrics"),
    SETTING("710", "Adult Mental Illness"),
    SETTING("600", "General Medical Practice"),
};

void put_specialty(struct gen *g, int specialty)
{
    if (specialty < 0) {
        put_concepts(g, &general_practice, &settings[SPECIALTY_COUNT]);
    } else {
        put_concepts(g, &specialties[specialty], &settings[specialty]);
    }
}

const char *const care_domains[CARE_DOMAINS] = {
    "Managing and maintaining nutrition",
    "Maintaining personal hygiene",
    "Managing toilet needs",
    "Being appropriately clothed",
    "Being able to make use of the home safely",
    "Maintaining a habitable home environment",
    "Developing and maintaining family or other personal relationships",
    "Accessing and engaging in work, training, education or volunteering",
    "Making use of necessary facilities or services in the local community",
    "Carrying out any caring responsibilities for a child",
};

static const char *const practice_names[PRACTICE_COUNT] = {
    "Harbour Street Surgery",  "Cathedral Close Practice", "The Ropewalk Medical Centre",
    "Northgate Health Centre", "Millfields Surgery",       "Fennick Park Family Practice",
    "Stonebeck Medical Group", "Kestrel Bank Surgery",     "The Harrowmere Practice",
    "Wyndle Marsh Surgery"};
static const char *const pharmacy_names[PHARMACY_COUNT] = {
    "Quayside Pharmacy",       "Ropewalk Chemist",   "Close Pharmacy",  "Millfields Pharmacy",
    "Northgate Late Pharmacy", "Stonebeck Pharmacy", "Kestrel Chemist", "Harrowmere Pharmacy"};
static const char *const care_home_names[CARE_HOME_COUNT] = {
    "Heron Lodge", "The Old Rectory Care Home",  "Marsh View Nursing Home", "St Aldhelm's House",
    "Beech Court", "Kestrel Grange Nursing Home"};
static const char *const care_home_streets[CARE_HOME_COUNT] = {
    "2 Heron Way",    "The Rectory, Church Lane", "41 Marsh Road",
    "7 Minster Yard", "18 Beech Avenue",          "Grange Lane"};
static const int care_home_areas[CARE_HOME_COUNT] = {0, 9, 11, 2, 6, 8};

text org_name(uint32_t org)
{
    if (org >= ORG_CARE_HOME) {
        return text_of(care_home_names[(org - ORG_CARE_HOME) % CARE_HOME_COUNT]);
    }
    if (org >= ORG_PHARMACY) {
        return text_of(pharmacy_names[(org - ORG_PHARMACY) % PHARMACY_COUNT]);
    }
    if (org >= ORG_PRACTICE) {
        return text_of(practice_names[(org - ORG_PRACTICE) % PRACTICE_COUNT]);
    }
    return org == ORG_TRUST       ? T("Aldermarsh and Wexshire Hospitals NHS Trust")
           : org == ORG_COMMUNITY ? T("Wexshire Community and Mental Health NHS Trust")
                                  : T("Aldermarsh City Council Adult Social Care");
}

text care_home_street(int home)
{
    return text_of(care_home_streets[home]);
}

int care_home_area(int home)
{
    return care_home_areas[home];
}

void put_staff(struct gen *g, int staff)
{
    put_shared(g, SYNTH_Practitioner, (uint32_t)(PRACTITIONER + staff),
               text_of(g->l->staff[staff].name));
}

void put_org(struct gen *g, uint32_t org)
{
    put_shared(g, SYNTH_Organization, org, org_name(org));
}

static const char *pick_name(struct prng *r, const char *const *list)
{
    uint64_t n = 0;
    while (list[n]) {
        n++;
    }
    return list[prng_below(r, n)];
}

struct post {
    const char *title;
    const char *job;
    const char *job_name;
};

static void appoint(struct staff *s, struct prng *r, struct post post, uint32_t org, int specialty)
{
    const struct culture *c = &cultures[prng_below(r, (uint64_t)culture_count)];
    if (c->custom == CUSTOM_SOMALI || prng_below(r, 100) < 45) {
        c = &cultures[0];
    }
    s->female = prng_below(r, 100) < 55;
    const char *given = pick_name(r, s->female ? c->female : c->male);
    const char *family = pick_name(r, c->family);
    (void)snprintf(s->given, sizeof s->given, "%s", given);
    (void)snprintf(s->family, sizeof s->family, "%s", family);
    s->title = post.title ? post.title : s->female ? "Ms" : "Mr";
    (void)snprintf(s->name, sizeof s->name, "%s %s %s", s->title, given, family);
    s->job = post.job;
    s->job_name = post.job_name;
    s->org = org;
    s->specialty = specialty;
}

void locality_make(struct locality *l, uint64_t seed)
{
    static const struct post gp = {"Dr", "R0260", "General Medical Practitioner"};
    static const struct post nurse = {NULL, "R0620", "Staff Nurse"};
    static const struct post pharmacist = {NULL, "R1290", "Pharmacist"};
    static const struct post consultant = {"Dr", "R0050", "Consultant"};
    static const struct post district = {NULL, "R0700", "Community Nurse"};
    static const struct post mental = {NULL, "R1975", "Community Mental Health Nurse"};
    static const struct post therapist = {NULL, "R1110", "Physiotherapist"};
    static const struct post social = {NULL, "R1330", "Social Worker"};
    struct prng r;
    prng_seed(&r, mix(seed, 0x7374616666, 0));
    memset(l, 0, sizeof *l);
    for (int i = 0; i < STAFF_COUNT; i++) {
        struct staff *s = &l->staff[i];
        if (i < STAFF_CONSULTANT) {
            int k = i % STAFF_PER_PRACTICE;
            appoint(s, &r,
                    k < GPS_PER_PRACTICE ? gp
                    : k < 7              ? nurse
                                         : pharmacist,
                    (uint32_t)(ORG_PRACTICE + i / STAFF_PER_PRACTICE), -1);
        } else if (i < STAFF_DISTRICT_NURSE) {
            int specialty = (i - STAFF_CONSULTANT) / 2;
            appoint(s, &r, consultant, specialty == SPEC_PSYCHIATRY ? ORG_COMMUNITY : ORG_TRUST,
                    specialty);
        } else if (i < STAFF_SOCIAL_WORKER) {
            appoint(s, &r,
                    i < STAFF_MENTAL_NURSE ? district
                    : i < STAFF_THERAPIST  ? mental
                                           : therapist,
                    ORG_COMMUNITY, -1);
        } else if (i < STAFF_PHARMACIST) {
            appoint(s, &r, social, ORG_COUNCIL, -1);
        } else {
            appoint(s, &r, pharmacist, (uint32_t)(ORG_PHARMACY + i - STAFF_PHARMACIST), -1);
        }
    }
}
