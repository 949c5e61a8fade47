#include "synth/documents.h"

#include "synth/conditions.h"
#include "synth/medicines.h"
#include "synth/observations.h"

#include "base/clock.h"

#define LINE(literal) {literal, sizeof(literal) - 1}

static void say(struct gen *g, text t)
{
    buf_add(&g->scratch, t);
}

static void say_date(struct gen *g, int64_t day)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year;
    int month;
    int mday;
    clock_civil(day, &year, &month, &mday);
    buf_add_u64(&g->scratch, (uint64_t)mday);
    say(g, T(" "));
    say(g, text_of(months[month - 1]));
    say(g, T(" "));
    buf_add_u64(&g->scratch, (uint64_t)year);
}

static void say_name(struct gen *g)
{
    say(g, text_of(g->p->m->given));
    say(g, T(" "));
    say(g, text_of(g->p->m->family));
}

static void say_head(struct gen *g, const struct visit *v)
{
    const struct person *p = g->p;
    buf_clear(&g->scratch);
    say(g, org_name(v->org));
    say(g, T("\n"));
    say_date(g, v->last);
    say(g, T("\n\nTo: "));
    say(g, text_of(g->l->staff[p->gp].name));
    say(g, T(", "));
    say(g, org_name((uint32_t)(ORG_PRACTICE + p->practice)));
    say(g, T("\n\nRe: "));
    say_name(g);
    say(g, T(", born "));
    say_date(g, p->birth);
    say(g, T(", NHS number "));
    say(g, text_make(p->m->nhs, 3));
    say(g, T(" "));
    say(g, text_make(p->m->nhs + 3, 3));
    say(g, T(" "));
    say(g, text_make(p->m->nhs + 6, 4));
    say(g, T("\n"));
    say(g, text_of(p->home->line));
    say(g, T(", "));
    say(g, text_of(areas[p->home->area].name));
    say(g, T(", Aldermarsh "));
    say(g, text_of(p->home->postcode));
    say(g, T("\n\n"));
}

static void say_problems(struct gen *g, int64_t day)
{
    int n = 0;
    for (int i = 0; i < COND_COUNT; i++) {
        if (has(g->p, i, day)) {
            say(g, n++ ? T(", ") : T("Known conditions: "));
            say(g, condition_rows[i].concept.display);
        }
    }
    say(g, n ? T(".\n") : T("No long-term conditions.\n"));
    if (medicines_on(g->p, day)) {
        say(g, T("Medicines:\n"));
        medicines_describe(g->p, day, &g->scratch);
    }
}

static void say_end(struct gen *g, const struct visit *v)
{
    say(g, T("\nYours sincerely,\n"));
    say(g, text_of(g->l->staff[v->staff].name));
    say(g, T(", "));
    say(g, text_of(g->l->staff[v->staff].job_name));
    say(g, T("\nCopy to: "));
    say_name(g);
    say(g, T("\n"));
}

static void document(struct gen *g, const struct visit *v, const struct concept *type, text title)
{
    text body = buf_text(&g->scratch);
    res_begin(g, SYNTH_DocumentReference, T("DocumentReference"));
    put(g, ",'status':'current','docStatus':'final','type':");
    put_concept(g, type);
    put_subject(g);
    put(g, ",'date':'");
    put_time(g, v->last, 18 * 60);
    put(g, "','author':[");
    put_staff(g, v->staff);
    put(g, "],'custodian':");
    put_org(g, v->org);
    put(g, ",'content':[{'attachment':{'contentType':'text/plain;charset=utf-8','language':'en-GB',"
           "'data':'");
    put_base64(g, body);
    put(g, "','size':");
    put_number(g, body.n);
    put(g, ",'title':");
    put_string(g, title);
    put(g, ",'creation':'");
    put_time(g, v->last, 18 * 60);
    put(g, "'}}],'context':{'encounter':[");
    put_own(g, SYNTH_Encounter, v->serial);
    put(g, "],'period':{'start':'");
    put_date(g, v->day);
    put(g, "','end':'");
    put_date(g, v->last);
    put(g, "'}}");
    res_end(g);
}

void clinic_letter(struct gen *g, const struct visit *v, const struct concept *about)
{
    static const struct concept type = SNOMED("371531000", "Report of clinical encounter");
    static const text plans[] = {
        LINE("I have made no change to treatment and will see them again in six months."),
        LINE("Please would you check renal function in four weeks. I have discharged them to your "
             "care."),
        LINE("We talked about the options and agreed to watch and wait. Do refer again if things "
             "change."),
        LINE("I have asked for further tests and will write again with the results."),
        LINE("They will think about an operation and ring the secretary with a decision.")};
    const text *plan = &plans[between(g, 0, 4)];
    say_head(g, v);
    say(g, T("Thank you for asking me to see "));
    say_name(g);
    say(g, T(" about: "));
    say(g, about->display);
    say(g, T(". "));
    say(g, g->p->m->female ? T("She is ") : T("He is "));
    buf_add_u64(&g->scratch, (uint64_t)age_on(g->p, v->day));
    say(g, T(" years old"));
    if (age_on(g->p, v->day) >= 16) {
        say(g, g->p->smoking == SMOKING_CURRENT ? T(" and smokes")
               : g->p->smoking == SMOKING_EX    ? T(" and used to smoke")
                                                : T(" and has never smoked"));
    }
    say(g, g->p->needs_interpreter ? T("; an interpreter was present.\n") : T(".\n"));
    say_problems(g, v->day);
    say(g, T("\n"));
    say(g, *plan);
    say(g, T("\n"));
    say_end(g, v);
    document(g, v, &type,
             v->kind == VISIT_EMERGENCY ? T("Emergency department letter")
                                        : T("Outpatient clinic letter"));
}

void discharge_letter(struct gen *g, const struct visit *v, const struct concept *about,
                      const struct concept *done)
{
    static const struct concept type = SNOMED("373942005", "Discharge summary");
    bool died = g->p->dead && v->last == g->p->end;
    say_head(g, v);
    say_name(g);
    say(g, T(" was admitted on "));
    say_date(g, v->day);
    say(g, v->kind == VISIT_ADMISSION ? T(" as an emergency") : T(" as planned"));
    say(g, died ? T(" and sadly died on ") : T(" and went home on "));
    say_date(g, v->last);
    say(g, T(".\nMain diagnosis: "));
    say(g, about->display);
    say(g, T(".\n"));
    if (done) {
        say(g, T("Procedure: "));
        say(g, done->display);
        say(g, T(".\n"));
    }
    say_problems(g, v->day);
    if (!died) {
        say(g, T("\nActions for the practice: please review in two weeks"));
        say(g,
            g->p->frailty >= 2 ? T(" at home, and look again at the care package.\n") : T(".\n"));
        say(g, T("What we told the patient: drink plenty, build up activity, and ring 111 if "
                 "things get worse.\n"));
    }
    say_end(g, v);
    document(g, v, &type, T("Discharge summary"));
}

void care_letter(struct gen *g, const struct visit *v, int64_t hours10)
{
    static const struct concept type = WORDS("Adult social care assessment outcome letter");
    say_head(g, v);
    say(g, T("I visited "));
    say_name(g);
    say(g, T(" on "));
    say_date(g, v->day);
    say(g, T(" to look together at care and support. "));
    say(g, g->p->frailty >= 2 ? T("Getting washed, dressed and fed has become hard.")
                              : T("Keeping a routine and getting out of the house is hard."));
    say(g, T(" We agreed "));
    buf_add_u64(&g->scratch, (uint64_t)(hours10 / 10));
    say(g, hours10 % 10 ? T(".5") : T(""));
    say(g, T(" hours of support a week, to be looked at again in a year or sooner if asked.\n"));
    say_end(g, v);
    document(g, v, &type, T("Outcome of your care and support assessment"));
}
