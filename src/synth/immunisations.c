#include "synth/immunisations.h"

#include "base/clock.h"

#include <stdio.h>

#define CVX(code_, display_)              \
    {{"http://hl7.org/fhir/sid/cvx", 27}, \
     {code_, sizeof(code_) - 1},          \
     {display_, sizeof(display_) - 1}}

static const struct scheduled {
    struct concept vaccine;
    int weeks; /* of age */
    int since; /* the year in which it came in */
    int dose;  /* number */
    uint32_t permille;
    bool girls_only;
} schedule[] = {
    {CVX("146", "DTaP/IPV/Hib/HepB"), 8, 2017, 1, 950, false},
    {CVX("146", "DTaP/IPV/Hib/HepB"), 12, 2017, 2, 940, false},
    {CVX("146", "DTaP/IPV/Hib/HepB"), 16, 2017, 3, 930, false},
    {CVX("119", "Rotavirus, monovalent"), 8, 2013, 1, 930, false},
    {CVX("119", "Rotavirus, monovalent"), 12, 2013, 2, 900, false},
    {CVX("163", "Meningococcal B, recombinant"), 8, 2015, 1, 940, false},
    {CVX("163", "Meningococcal B, recombinant"), 16, 2015, 2, 930, false},
    {CVX("163", "Meningococcal B, recombinant"), 53, 2015, 3, 890, false},
    {CVX("133", "Pneumococcal conjugate PCV 13"), 12, 2010, 1, 940, false},
    {CVX("133", "Pneumococcal conjugate PCV 13"), 53, 2010, 2, 900, false},
    {CVX("03", "MMR"), 53, 1988, 1, 905, false},
    {CVX("03", "MMR"), 175, 1996, 2, 850, false},
    {CVX("130", "DTaP-IPV"), 176, 2004, 4, 850, false},
    {CVX("165", "HPV9"), 650, 2008, 1, 780, true},
    {CVX("147", "Meningococcal conjugate, ACWY"), 730, 2015, 1, 800, false},
    {CVX("33", "Pneumococcal polysaccharide PPV23"), 65 * 52 + 180, 2005, 1, 690, false},
    {CVX("187", "Zoster recombinant"), 70 * 52 + 200, 2021, 1, 540, false},
};

static void immunise(struct gen *g, const struct concept *vaccine, int64_t day, int dose,
                     const char *procedure, const char *display)
{
    static const struct concept arm = SNOMED("368208006", "Left upper arm structure");
    static const struct concept route = SNOMED("78421000", "Intramuscular route");
    const struct person *p = g->p;
    int nurse = p->practice * STAFF_PER_PRACTICE + GPS_PER_PRACTICE + (int)between(g, 0, 1);
    char lot[12];
    (void)snprintf(lot, sizeof lot, "L%06u", (unsigned)between(g, 0, 999999));
    res_begin(g, SYNTH_Immunization, T("Immunization"));
    if (procedure) {
        put(g, ",'extension':[{'url':'https://fhir.hl7.org.uk/StructureDefinition/"
               "Extension-UKCore-VaccinationProcedure','valueCodeableConcept':{'coding':[{'system':"
               "'http://snomed.info/sct','code':'");
        buf_add(&g->out, text_of(procedure));
        put(g, "','display':'");
        buf_add(&g->out, text_of(display));
        put(g, "'}]}}]");
    }
    put(g, ",'status':'completed','vaccineCode':");
    put_concept(g, vaccine);
    put(g, ",'patient':{'reference':'Patient/");
    buf_add(&g->out, text_of(g->subject));
    put(g, "'},'occurrenceDateTime':'");
    put_date(g, day);
    put(g, "','recorded':'");
    put_date(g, day);
    put_literal(&g->out, day >= p->start ? T("','primarySource':true,'lotNumber':")
                                         : T("','primarySource':false,'lotNumber':"));
    put_string(g, text_of(lot));
    put(g, ",'site':");
    put_concept(g, &arm);
    put(g, ",'route':");
    put_concept(g, &route);
    put(g, ",'doseQuantity':{'value':0.5,'unit':'mL','system':'http://unitsofmeasure.org',"
           "'code':'mL'},'performer':[{'actor':");
    put_staff(g, nurse);
    put(g, "}],'protocolApplied':[{'doseNumberPositiveInt':");
    put_number(g, (uint64_t)dose);
    put(g, "}]");
    res_end(g);
}

static void yearly_flu(struct gen *g)
{
    static const struct concept flu = CVX("88", "Influenza, unspecified formulation");
    const struct person *p = g->p;
    int from;
    int to;
    int month;
    int mday;
    clock_civil(p->start, &from, &month, &mday);
    clock_civil(p->end, &to, &month, &mday);
    bool habit = chance(g, p->age > 75 ? 820 : 640);
    for (int year = from; year <= to; year++) {
        int64_t day = clock_days(year, 10, 1) + between(g, 0, 60);
        int age = age_on(p, day);
        bool asked = age >= 65 || (age >= 2 && age <= 11) || p->frailty || p->is_carer ||
                     (age > 17 && p->onset[0] <= day && age > 49);
        if (day >= p->start && day <= p->end && asked && habit && chance(g, 850)) {
            immunise(g, &flu, day, 1, "822851000000102", "Seasonal influenza vaccination");
        }
    }
}

static void covid(struct gen *g)
{
    static const struct concept pfizer =
        CVX("208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose");
    static const struct concept astra =
        CVX("210", "COVID-19 vaccine, vector-nr, rS-ChAdOx1, PF, 0.5 mL");
    const struct person *p = g->p;
    int64_t first = clock_days(2021, 1, 4);
    int age = age_on(p, first);
    if (age < 12 || !chance(g, age > 60 ? 930 : age > 30 ? 830 : 720)) {
        return;
    }
    first += age > 80 ? 5 : (80 - age) * 3 + between(g, 0, 12);
    const struct concept *vaccine = age > 40 && chance(g, 600) ? &astra : &pfizer;
    if (first <= p->end) {
        immunise(g, vaccine, first, 1, "1324681000000101",
                 "Administration of first dose of severe acute respiratory syndrome coronavirus 2 "
                 "vaccine");
    }
    if (first + 77 <= p->end && chance(g, 950)) {
        immunise(g, vaccine, first + 77, 2, NULL, NULL);
    }
    int64_t booster = clock_days(2021, 11, 1) + between(g, 0, 60);
    for (int dose = 3; booster <= p->end; dose++, booster += 365) {
        if ((dose == 3 || age > 72 || p->frailty) && booster > first + 120 && chance(g, 800)) {
            immunise(g, &pfizer, booster, dose, NULL, NULL);
        }
    }
}

void immunisations_write(struct gen *g)
{
    const struct person *p = g->p;
    for (size_t i = 0; i < sizeof schedule / sizeof *schedule; i++) {
        const struct scheduled *s = &schedule[i];
        int64_t day = p->birth + s->weeks * 7 + between(g, 0, 25);
        bool wanted = chance(g, s->permille);
        if (wanted && day <= p->end && day >= clock_days(s->since, 9, 1) &&
            (!s->girls_only || p->m->female || day >= clock_days(2019, 9, 1))) {
            immunise(g, &s->vaccine, day, s->dose, NULL, NULL);
        }
    }
    covid(g);
    yearly_flu(g);
}
