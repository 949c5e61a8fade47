#include "synth/person.h"

#include "synth/conditions.h"

#include <stdio.h>

#define UKCORE "https://fhir.hl7.org.uk/"
#define CATEGORY(literal) {literal, sizeof(literal) - 1}

int age_on(const struct person *p, int64_t day)
{
    return (int)((day - p->birth) * 100 / 36525);
}

bool has(const struct person *p, int condition, int64_t day)
{
    return p->onset[condition] <= day;
}

static void habits(struct gen *g, struct person *p)
{
    const struct member *m = p->m;
    int poor = 10 - p->decile;
    int64_t smoke = between(g, 0, 99);
    p->smoking = p->age < 16               ? SMOKING_NEVER
                 : smoke < 7 + poor * 2    ? SMOKING_CURRENT
                 : smoke < 28 + p->age / 5 ? SMOKING_EX
                                           : SMOKING_NEVER;
    p->height_mm = (int)((m->female ? 1625 : 1755) + noise(g, 70));
    p->bmi10 = (int)(262 + poor * 4 + noise(g, 50));
    p->bmi10 = p->bmi10 < 178 ? 178 : p->bmi10;
    p->systolic = (int)(124 + noise(g, 12));
    p->drift = (int)noise(g, 60);
}

void person_make(struct gen *g, struct person *p, const struct household *h, int slot,
                 uint64_t index)
{
    const struct member *m = &h->member[slot];
    prng_seed(&g->r, mix(g->seed, 0x6c696665, index));
    *p = (struct person){.index = index, .home = h, .m = m, .slot = slot, .birth = m->birth};
    p->dead = m->death != ALIVE;
    p->end = p->dead ? m->death : g->today;
    p->age = age_on(p, p->end);
    /* A household shares its practice; who moved here lately has a short record. */
    uint64_t shared =
        mix(g->seed, (uint64_t)h->phone, (uint64_t)h->line[0] * 131 + (uint64_t)h->area);
    p->practice = g->one_practice ? 0 : areas[h->area].practice[shared % 3 == 0];
    p->gp = p->practice * STAFF_PER_PRACTICE + (int)between(g, 0, GPS_PER_PRACTICE - 1);
    p->pharmacy = p->practice % PHARMACY_COUNT;
    p->decile = areas[h->area].decile;
    p->start = g->today - (int64_t)(365 * (2 + shared / 3 % 7)) - (int64_t)(shared / 64 % 365);
    p->start = p->start < g->earliest ? g->earliest : p->start;
    p->start = p->start < p->birth ? p->birth : p->start;
    if (p->start > p->end - 30) {
        p->start = p->end - 30 > p->birth ? p->end - 30 : p->birth;
    }
    habits(g, p);
    bool foreign = m->culture->language && m->culture->interpreter;
    p->speaks_own = foreign && p->age >= 4 && chance(g, p->age > 55 ? 620 : 330);
    p->needs_interpreter = p->speaks_own && p->age >= 18 &&
                           chance(g, (uint32_t)m->culture->interpreter * (p->age > 55 ? 3 : 2));
    conditions_make(g, p);
}

static void put_name(struct gen *g, const struct member *m, const char *prefix)
{
    put(g, "{'use':'official','text':'");
    put_inside(g, text_of(m->given));
    put(g, " ");
    put_inside(g, text_of(m->family));
    put(g, "','family':");
    put_string(g, text_of(m->family));
    put(g, ",'given':[");
    put_string(g, text_of(m->given));
    if (*m->middle) {
        put(g, ",");
        put_string(g, text_of(m->middle));
    }
    put(g, "]");
    if (*prefix) {
        put(g, ",'prefix':[");
        put_string(g, text_of(prefix));
        put(g, "]");
    }
    put(g, "}");
}

static void put_nhs(struct gen *g, const struct member *m, bool verified)
{
    put(g, "{");
    if (verified) {
        put(g, "'extension':[{'url':'" UKCORE
               "StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',"
               "'valueCodeableConcept':{'coding':[{'system':'" UKCORE
               "CodeSystem/UKCore-NHSNumberVerificationStatusEngland','code':'01',"
               "'display':'Number present and verified'}]}}],");
    }
    put(g, "'system':'https://fhir.nhs.uk/Id/nhs-number','value':'");
    buf_add(&g->out, text_make(m->nhs, 10));
    put(g, "'}");
}

static void put_address(struct gen *g, const struct person *p)
{
    const struct household *h = p->home;
    put(g, ",'address':[{'use':'home','type':'both','line':[");
    if (h->kind == HOME_CARE) {
        put_string(g, org_name((uint32_t)(ORG_CARE_HOME + h->care_home)));
        put(g, ",");
    }
    put_string(g, text_of(h->line));
    put(g, ",");
    put_string(g, text_of(areas[h->area].name));
    put(g, "],'city':'Aldermarsh','district':'Wexshire','postalCode':'");
    buf_add(&g->out, text_of(h->postcode));
    put(g, "','country':'GBR'}]");
}

/* 01632 960000 to 960899 and 07700 900000 to 900999 are Ofcom's numbers for drama. */
static void put_telecom(struct gen *g, const struct person *p)
{
    char number[32];
    (void)snprintf(number, sizeof number, "01632 960%03u", p->home->phone);
    put(g, ",'telecom':[{'system':'phone','value':");
    put_string(g, text_of(number));
    put(g, ",'use':'home'}");
    if (p->age >= 12 && p->age < 85) {
        (void)snprintf(number, sizeof number, "07700 900%03u",
                       (unsigned)(mix(g->seed, p->index, 7) % 1000));
        put(g, ",{'system':'phone','value':");
        put_string(g, text_of(number));
        put(g, ",'use':'mobile'}");
    }
    if (p->age >= 16 && p->age < 80) {
        put(g, ",{'system':'email','value':'person.");
        put_number(g, p->index + 1);
        put(g, "@example.org','use':'home'}");
    }
    put(g, "]");
}

static void put_marital(struct gen *g, const struct person *p)
{
    static const struct {
        const char *code;
        const char *display;
    } status[] = {{"M", "Married"}, {"S", "Never Married"}, {"W", "Widowed"}, {"D", "Divorced"}};
    if (p->age < 16) {
        return;
    }
    const struct household *h = p->home;
    bool partnered = h->count > 1 && h->member[1].role == ROLE_PARTNER && p->slot < 2;
    int which = 1;
    if (partnered) {
        bool widowed = h->member[1 - p->slot].death < p->end;
        which = widowed ? 2 : p->age > 45 || mix(p->index / 2, 3, 3) % 100 < 60 ? 0 : 1;
    } else if (p->m->role == ROLE_GRANDPARENT || (p->age >= 75 && p->m->role == ROLE_HEAD)) {
        which = mix(p->index, 5, 5) % 100 < 70 ? 2 : 3;
    } else if (p->age > 35 && p->m->role == ROLE_HEAD) {
        which = mix(p->index, 5, 5) % 100 < 45 ? 3 : 1;
    }
    put(g, ",'maritalStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus','code':'");
    buf_add(&g->out, text_of(status[which].code));
    put(g, "','display':'");
    buf_add(&g->out, text_of(status[which].display));
    put(g, "'}]}");
}

/* UKCore-EthnicCategoryEngland: its codes are the first letters of those of UKCore-EthnicCategory.
 */
static text category_in_england(char code)
{
    static const struct {
        char code;
        text display;
    } categories[] = {
        {'A', CATEGORY("White - British")},
        {'B', CATEGORY("White - Irish")},
        {'C', CATEGORY("White - Any other White background")},
        {'D', CATEGORY("Mixed - White and Black Caribbean")},
        {'H', CATEGORY("Asian or Asian British - Indian")},
        {'J', CATEGORY("Asian or Asian British - Pakistani")},
        {'K', CATEGORY("Asian or Asian British - Bangladeshi")},
        {'L', CATEGORY("Asian or Asian British - Any other Asian background")},
        {'M', CATEGORY("Black or Black British - Caribbean")},
        {'N', CATEGORY("Black or Black British - African")},
        {'P', CATEGORY("Black or Black British - Any other Black background")},
        {'R', CATEGORY("Other Ethnic Groups - Chinese")},
        {'S', CATEGORY("Other Ethnic Groups - Any other ethnic group")},
    };
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        if (categories[i].code == code) {
            return categories[i].display;
        }
    }
    return T("");
}

/* The category that statistics ask for, which UK Core's value set has, and the finer one. */
static void put_ethnicity(struct gen *g, const struct culture *c)
{
    put(g, "{'url':'" UKCORE
           "StructureDefinition/Extension-UKCore-EthnicCategory','valueCodeableConcept':"
           "{'coding':[{'system':'" UKCORE "CodeSystem/UKCore-EthnicCategoryEngland','code':'");
    buf_addc(&g->out, c->ethnicity[0]);
    put(g, "','display':");
    put_string(g, category_in_england(c->ethnicity[0]));
    put(g, "},{'system':'" UKCORE "CodeSystem/UKCore-EthnicCategory','code':'");
    buf_add(&g->out, text_of(c->ethnicity));
    put(g, "','display':");
    put_string(g, text_of(c->ethnicity_name));
    put(g, "}]}}");
}

static void put_extensions(struct gen *g, const struct person *p)
{
    put(g, ",'extension':[");
    put_ethnicity(g, p->m->culture);
    if (p->needs_interpreter) {
        put(g, ",{'url':'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired',"
               "'valueBoolean':true}");
    }
    put(g, "]");
}

static void put_languages(struct gen *g, const struct person *p)
{
    const struct culture *c = p->m->culture;
    if (p->age < 4) {
        return;
    }
    put(g, ",'communication':[");
    if (p->speaks_own || (c->language && p->m->culture->interpreter == 0)) {
        put(g, "{'language':{'coding':[{'system':'urn:ietf:bcp:47','code':'");
        buf_add(&g->out, text_of(c->language));
        put(g, "','display':");
        put_string(g, text_of(c->language_name));
        put_literal(&g->out, p->speaks_own ? T("}]},'preferred':true}") : T("}]}}"));
        if (!p->needs_interpreter) {
            put(g, ",");
        }
    }
    if (!p->needs_interpreter) {
        put(g, "{'language':{'coding':[{'system':'urn:ietf:bcp:47','code':'en',"
               "'display':'English'}]}");
        put_literal(&g->out, p->speaks_own ? T("}") : T(",'preferred':true}"));
    }
    put(g, "]");
}

static const char *prefix_of(const struct person *p)
{
    if (p->age < 16) {
        return p->m->female ? "Miss" : "Master";
    }
    return !p->m->female ? "Mr" : p->m->role == ROLE_PARTNER && p->age > 30 ? "Mrs" : "Ms";
}

static void patient(struct gen *g, const struct person *p)
{
    res_begin(g, SYNTH_Patient, T("Patient"));
    memcpy(g->subject, g->id, sizeof g->subject);
    put_extensions(g, p);
    put(g, ",'identifier':[");
    put_nhs(g, p->m, true);
    put(g, "],'active':");
    buf_add(&g->out, p->dead ? T("false") : T("true"));
    put(g, ",'name':[");
    put_name(g, p->m, prefix_of(p));
    put(g, "]");
    put_telecom(g, p);
    put(g, ",'gender':'");
    buf_add(&g->out, p->m->female ? T("female") : T("male"));
    put(g, "','birthDate':'");
    put_date(g, p->birth);
    put(g, "'");
    if (p->dead) {
        put(g, ",'deceasedDateTime':'");
        put_date(g, p->end);
        put(g, "'");
    }
    put_address(g, p);
    put_marital(g, p);
    put_languages(g, p);
    put(g, ",'generalPractitioner':[");
    put_org(g, (uint32_t)(ORG_PRACTICE + p->practice));
    put(g, ",");
    put_staff(g, p->gp);
    put(g, "],'managingOrganization':");
    put_org(g, (uint32_t)(ORG_PRACTICE + p->practice));
    res_end(g);
}

struct relation {
    const char *code; /* of v3-RoleCode */
    const char *display;
};

static struct relation relation_of(const struct member *self, const struct member *other)
{
    bool f = other->female;
    if (self->role == ROLE_CHILD) {
        return other->role == ROLE_CHILD
                   ? (f ? (struct relation){"SIS", "sister"} : (struct relation){"BRO", "brother"})
               : other->role == ROLE_GRANDPARENT ? (struct relation){"GRMTH", "grandmother"}
               : f                               ? (struct relation){"MTH", "mother"}
                                                 : (struct relation){"FTH", "father"};
    }
    if (other->role == ROLE_CHILD) {
        return self->role == ROLE_GRANDPARENT ? (struct relation){"GRNDCHILD", "grandchild"}
               : f                            ? (struct relation){"DAUC", "daughter"}
                                              : (struct relation){"SONC", "son"};
    }
    if (self->role == ROLE_GRANDPARENT || other->role == ROLE_GRANDPARENT) {
        return self->role == ROLE_GRANDPARENT ? (struct relation){"CHILD", "child"}
                                              : (struct relation){"FAMMEMB", "family member"};
    }
    return (struct relation){"DOMPART", "domestic partner"};
}

static void related(struct gen *g, const struct person *p, const struct member *other, bool carer)
{
    struct relation relation = relation_of(p->m, other);
    res_begin(g, SYNTH_RelatedPerson, T("RelatedPerson"));
    put(g, ",'identifier':[");
    put_nhs(g, other, false);
    put(g, "],'active':true,'patient':{'reference':'Patient/");
    buf_add(&g->out, text_of(g->subject));
    put(g, "'},'relationship':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/v3-RoleCode','code':'");
    buf_add(&g->out, text_of(relation.code));
    put(g, "','display':'");
    buf_add(&g->out, text_of(relation.display));
    put(g, "'}]}");
    if (carer) {
        put(g, ",{'coding':[{'system':'" UKCORE
               "CodeSystem/UKCore-AdditionalPersonRelationshipRole','code':'Carer',"
               "'display':'Carer of patient'}]}");
    }
    put(g, "],'name':[");
    put_name(g, other, "");
    put(g, "],'gender':'");
    buf_add(&g->out, other->female ? T("female") : T("male"));
    put(g, "','birthDate':'");
    put_date(g, other->birth);
    put(g, "'");
    put_address(g, p);
    res_end(g);
}

void person_write(struct gen *g)
{
    const struct person *p = g->p;
    patient(g, p);
    if (p->home->kind != HOME_FAMILY) {
        return;
    }
    bool carer = p->frailty >= 2 || p->social_care;
    for (int i = 0; i < p->home->count; i++) {
        const struct member *other = &p->home->member[i];
        bool near = p->age < 18 || p->m->role != ROLE_CHILD || other->role != ROLE_CHILD;
        if (i == p->slot || other->birth >= p->end || other->death < p->start || !near) {
            continue;
        }
        bool grown = age_on(p, p->end) >= 0 && (p->end - other->birth) > 16 * 365;
        related(g, p, other, carer && grown);
        carer = carer && !grown;
    }
}
