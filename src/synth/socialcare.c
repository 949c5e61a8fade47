#include "synth/socialcare.h"

#include "synth/conditions.h"
#include "synth/documents.h"
#include "synth/observations.h"

#include "base/clock.h"

static void flag(struct gen *g, const struct concept *what, const char *category,
                 const char *display, int64_t day)
{
    const struct person *p = g->p;
    res_begin(g, SYNTH_Flag, T("Flag"));
    put(g, ",'status':'");
    buf_add(&g->out, p->dead ? T("inactive") : T("active"));
    put(g, "','category':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/flag-category','code':'");
    buf_add(&g->out, text_of(category));
    put(g, "','display':'");
    buf_add(&g->out, text_of(display));
    put(g, "'}]}],'code':");
    put_concept(g, what);
    put_subject(g);
    put(g, ",'period':{'start':'");
    put_date(g, day);
    if (p->dead) {
        put(g, "','end':'");
        put_date(g, p->end);
    }
    put(g, "'},'author':");
    put_org(g, (uint32_t)(ORG_PRACTICE + p->practice));
    res_end(g);
}

void flags_write(struct gen *g)
{
    static const struct concept interpreter = SNOMED("315594003", "Interpreter needed");
    static const struct concept falls = SNOMED("129839007", "At increased risk for falls");
    static const struct concept no_cpr = SNOMED("450476008", "Not for attempted cardiopulmonary "
                                                             "resuscitation");
    static const struct concept carer = WORDS("Is an unpaid carer");
    static const struct concept adjust =
        WORDS("Reasonable adjustments: easy read, longer appointments, ask the carer to come");
    static const struct concept housebound = SNOMED("160689007", "Housebound");
    const struct person *p = g->p;
    int64_t lately = p->end - 300 > p->start ? p->end - 300 : p->start;
    if (p->needs_interpreter) {
        flag(g, &interpreter, "contact", "Subject Contact", p->start);
    }
    if (p->frailty >= 2) {
        flag(g, &falls, "safety", "Safety", lately);
    }
    if (p->frailty == 3) {
        flag(g, &housebound, "contact", "Subject Contact", lately);
        if (chance(g, 420)) {
            flag(g, &no_cpr, "clinical", "Clinical", lately);
        }
    }
    if (p->is_carer) {
        flag(g, &carer, "admin", "Administrative", lately);
    }
    if (has(p, COND_LEARNING_DISABILITY, p->end) || has(p, COND_AUTISM, p->end)) {
        flag(g, &adjust, "contact", "Subject Contact", p->start);
    }
}

static uint32_t goal(struct gen *g, const char *words, int64_t day)
{
    const struct person *p = g->p;
    uint32_t serial = res_begin(g, SYNTH_Goal, T(""));
    put(g, ",'lifecycleStatus':'");
    buf_add(&g->out, p->dead ? T("cancelled") : T("active"));
    put(g, "','description':{'text':");
    put_string(g, text_of(words));
    put(g, "}");
    put_subject(g);
    put(g, ",'startDate':'");
    put_date(g, day);
    put(g, "','target':[{'dueDate':'");
    put_date(g, day + 365);
    put(g, "'}]");
    res_end(g);
    return serial;
}

static uint32_t team(struct gen *g, const char *name, int64_t day, const int *staff, int count)
{
    uint32_t serial = res_begin(g, SYNTH_CareTeam, T("CareTeam"));
    put(g, ",'status':'");
    buf_add(&g->out, g->p->dead ? T("inactive") : T("active"));
    put(g, "','name':");
    put_string(g, text_of(name));
    put_subject(g);
    put(g, ",'period':{'start':'");
    put_date(g, day);
    put(g, "'},'participant':[");
    for (int i = 0; i < count; i++) {
        const struct staff *s = &g->l->staff[staff[i]];
        put_literal(&g->out, i ? T(",{'role':[{'text':") : T("{'role':[{'text':"));
        put_string(g, text_of(s->job_name));
        put(g, "}],'member':");
        put_staff(g, staff[i]);
        put(g, "}");
    }
    put(g, "]");
    res_end(g);
    return serial;
}

struct plan {
    const char *title;
    const char *category;
    const char *const *activities; /* ended by NULL */
    int64_t day;
    uint32_t team; /* 0: none */
    uint32_t goals[3];
    int goal_count;
    int staff;
    bool current;
};

static void plan_addresses(struct gen *g)
{
    const struct person *p = g->p;
    int n = 0;
    for (int i = 0; i < COND_COUNT && n < 6; i++) {
        if (p->serial_of[i]) {
            put_literal(&g->out, n++ ? T(",") : T(",'addresses':["));
            put_own(g, SYNTH_Condition, p->serial_of[i]);
        }
    }
    if (n) {
        put(g, "]");
    }
}

static uint32_t plan_write(struct gen *g, const struct plan *plan)
{
    static const struct concept care_plan = SNOMED("734163000", "Care plan");
    bool active = plan->current && !g->p->dead;
    uint32_t serial = res_begin(g, SYNTH_CarePlan, T("CarePlan"));
    put(g, ",'status':'");
    buf_add(&g->out, active ? T("active") : T("completed"));
    put(g, "','intent':'plan','category':[");
    put_concept(g, &care_plan);
    put(g, ",{'text':");
    put_string(g, text_of(plan->category));
    put(g, "}],'title':");
    put_string(g, text_of(plan->title));
    put_subject(g);
    put(g, ",'period':{'start':'");
    put_date(g, plan->day);
    put(g, "','end':'");
    put_date(g, plan->day + 365);
    put(g, "'},'created':'");
    put_date(g, plan->day);
    put(g, "','author':");
    put_staff(g, plan->staff);
    if (plan->team) {
        put(g, ",'careTeam':[");
        put_own(g, SYNTH_CareTeam, plan->team);
        put(g, "]");
    }
    plan_addresses(g);
    for (int i = 0; i < plan->goal_count; i++) {
        put_literal(&g->out, i ? T(",") : T(",'goal':["));
        put_own(g, SYNTH_Goal, plan->goals[i]);
    }
    put_literal(&g->out, plan->goal_count ? T("],'activity':[") : T(",'activity':["));
    for (int i = 0; plan->activities[i]; i++) {
        put_literal(&g->out, i ? T(",{'detail':{'status':'") : T("{'detail':{'status':'"));
        buf_add(&g->out, active ? T("in-progress") : T("completed"));
        put(g, "','description':");
        put_string(g, text_of(plan->activities[i]));
        put(g, "}}");
    }
    put(g, "]");
    res_end(g);
    return serial;
}

/* Needs by domain, 0 .. 3, from frailty and what else is the matter. Returns hours * 10. */
static int64_t assessment(struct gen *g, const struct visit *v)
{
    static const char *const answers[] = {
        "Can achieve without help", "Can achieve with difficulty or prompting",
        "Needs the help of one person", "Needs the help of two people"};
    static const char *const wishes[] = {
        "To stay in my own home, near my neighbours.",
        "To keep going to the lunch club on Tuesdays; I'd miss the company.",
        "For my daughter not to worry so much.",
        "To be asked before anything is decided, and to have the same carer.",
        "To get back to the allotment, even if only to sit."};
    const struct person *p = g->p;
    int64_t sum = 0;
    res_begin(g, SYNTH_QuestionnaireResponse, T("QuestionnaireResponse"));
    put(g, ",'questionnaire':'" CARE_QUESTIONNAIRE_URL "|1.0.0','status':'completed'");
    put_subject(g);
    put_encounter(g, v->serial);
    put(g, ",'authored':'");
    put_time(g, v->day, v->minute + 60);
    put(g, "','author':");
    put_staff(g, v->staff);
    put(g, ",'item':[");
    for (int i = 0; i < CARE_DOMAINS; i++) {
        int64_t need = between(g, 0, 1) + (i < 6 ? (p->frailty + 1) / 2 : 0);
        need = i == CARE_DOMAINS - 1 ? 0 : need > 3 ? 3 : need;
        sum += need;
        put(g, "{'linkId':'need-");
        put_number(g, (uint64_t)i + 1);
        put(g, "','text':");
        put_string(g, text_of(care_domains[i]));
        put(g, ",'answer':[{'valueString':'");
        buf_add(&g->out, text_of(answers[need]));
        put(g, "'}]},");
    }
    int64_t hours10 = sum * 10 + (sum % 2) * 5;
    put(g, "{'linkId':'wellbeing','text':'Is there a significant impact on wellbeing?',"
           "'answer':[{'valueBoolean':true}]},{'linkId':'eligible','text':'Eligible needs',"
           "'answer':[{'valueBoolean':");
    put_literal(&g->out, sum > 4 ? T("true") : T("false"));
    put(g, "}]},{'linkId':'hours','text':'Hours of support a week','answer':[{'valueDecimal':");
    put_decimal(g, hours10, 1);
    put(g, "}]},{'linkId':'wishes','text':'What matters to me','answer':[{'valueString':");
    put_string(g, text_of(wishes[between(g, 0, 4)]));
    put(g, "}]}]");
    res_end(g);
    return hours10;
}

static void package_task(struct gen *g, const struct visit *v, uint32_t plan, int64_t hours10,
                         bool current)
{
    const struct person *p = g->p;
    bool active = current && !p->dead;
    res_begin(g, SYNTH_Task, T("Task"));
    put(g, ",'basedOn':[");
    put_own(g, SYNTH_CarePlan, plan);
    put(g, "],'status':'");
    buf_add(&g->out, active ? T("in-progress") : T("completed"));
    put(g, "','intent':'order','priority':'routine','code':{'text':'Adult social care package'},"
           "'description':");
    put_string(g, p->home->kind == HOME_CARE ? T("Residential placement")
                                             : T("Home care: personal care and meals"));
    put(g, ",'focus':");
    put_own(g, SYNTH_CarePlan, plan);
    put(g, ",'for':{'reference':'Patient/");
    buf_add(&g->out, text_of(g->subject));
    put(g, "'},'encounter':");
    put_own(g, SYNTH_Encounter, v->serial);
    put(g, ",'executionPeriod':{'start':'");
    put_date(g, v->day + 7 > p->end ? v->day : v->day + 7);
    put(g, "'},'authoredOn':'");
    put_time(g, v->day, v->minute);
    put(g, "','lastModified':'");
    put_time(g, v->day, v->minute + 90);
    put(g, "','requester':");
    put_staff(g, v->staff);
    put(g, ",'owner':");
    put_org(g, p->home->kind == HOME_CARE ? (uint32_t)(ORG_CARE_HOME + p->home->care_home)
                                          : ORG_COUNCIL);
    put(g, ",'input':[{'type':{'text':'Hours a week'},'valueDecimal':");
    put_decimal(g, hours10, 1);
    put(g, "},{'type':{'text':'Weekly cost'},'valueMoney':{'value':");
    put_decimal(
        g, p->home->kind == HOME_CARE ? 98500 + (int64_t)(p->index % 200) * 100 : hours10 * 234, 2);
    put(g, ",'currency':'GBP'}}]");
    res_end(g);
}

static uint32_t request(struct gen *g, const struct visit *v)
{
    static const struct concept category = WORDS("Adult social care");
    static const struct concept what = WORDS("Needs assessment under the Care Act 2014, section 9");
    uint32_t serial = res_begin(g, SYNTH_ServiceRequest, T("ServiceRequest"));
    put(g, ",'status':'completed','intent':'order','category':[");
    put_concept(g, &category);
    put(g, "],'priority':'routine','code':");
    put_concept(g, &what);
    put_subject(g);
    put(g, ",'authoredOn':'");
    put_date(g, v->day - 5 > g->p->birth ? v->day - 5 : v->day);
    put(g, "','requester':");
    put_staff(g, g->p->gp);
    put(g, ",'performer':[");
    put_shared(g, SYNTH_HealthcareService, SERVICE_ADULT_CARE, T("Adult social care front door"));
    put(g, "]");
    res_end(g);
    return serial;
}

void social_care_write(struct gen *g)
{
    static const char *const home_care[] = {"Morning call, 45 minutes: wash, dress, breakfast",
                                            "Tea call, 30 minutes: meal and medicines prompt",
                                            "Pendant alarm and monthly test call", NULL};
    static const char *const residential[] = {"Personal care by the home's staff, day and night",
                                              "Activities of choice twice a week", NULL};
    const struct person *p = g->p;
    if (!p->social_care) {
        return;
    }
    int64_t from = p->end - 365 * (1 + (int64_t)(p->index % 4));
    int64_t adult = p->birth + 18 * 366;
    from = from < p->start ? p->start : from;
    from = from < adult ? adult : from;
    uint32_t care_team = 0;
    for (int64_t day = from; day <= p->end; day += 365) {
        struct visit v = visit_write(g, VISIT_SOCIAL_CARE, day, -1, 0, NULL);
        if (!care_team) {
            int staff[3] = {v.staff, p->gp, STAFF_DISTRICT_NURSE + (int)(p->index % 8)};
            request(g, &v);
            care_team = team(g, "Adult care and support team", v.day, staff, 3);
        }
        int64_t hours10 = assessment(g, &v);
        struct plan plan = {.title = "Care and support plan",
                            .category = "Adult social care",
                            .day = v.day,
                            .team = care_team,
                            .staff = v.staff,
                            .current = day + 365 > p->end};
        plan.activities = p->home->kind == HOME_CARE ? residential : home_care;
        plan.goals[plan.goal_count++] = goal(g, "To wash and dress each day with dignity", v.day);
        plan.goals[plan.goal_count++] = goal(g, "To see friends or family every week", v.day);
        uint32_t serial = plan_write(g, &plan);
        package_task(g, &v, serial, hours10, plan.current);
        care_letter(g, &v, hours10);
    }
}

void clinical_plan_write(struct gen *g, const struct visit *v)
{
    static const char *const activities[] = {
        "Review in twelve months, with bloods two weeks before",
        "Home blood pressure readings for a week before reviews",
        "Free stop smoking and weight services offered", NULL};
    struct plan plan = {.title = "Personalised care and support plan",
                        .category = "Long-term conditions",
                        .day = v->day,
                        .staff = v->staff,
                        .activities = activities,
                        .current = v->day + 365 > g->p->end};
    plan.goals[plan.goal_count++] = goal(g, "To stay well enough to do what matters to me", v->day);
    plan_write(g, &plan);
}

/* Visits weekly for a while, more often the frailer; wounds, catheters, end of life. */
void community_nursing_write(struct gen *g)
{
    static const struct concept wound = SNOMED("225358003", "Wound care");
    const struct person *p = g->p;
    if (p->frailty < 3 || chance(g, 350)) {
        return;
    }
    int64_t every = between(g, 3, 9);
    int64_t from = p->end - between(g, 60, 420);
    from = from < p->start ? p->start : from;
    for (int64_t day = from; day <= p->end; day += every) {
        struct visit v = visit_write(g, VISIT_COMMUNITY_NURSE, day, -1, 0, NULL);
        procedure_write(g, &v, &wound, 0);
        observe_ward(g, &v, 0);
        if (chance(g, 300)) {
            observe_pressure(g, &v);
        }
    }
}
