/*
 * What the patient of the demonstration has written themselves, and the plan and the package of
 * support that others made with them: a year of readings, symptoms, preferences, "About me".
 */
#include "node/demo_int.h"

#include "policy/facts.h"

#define KITH "https://kith.care/fhir/CodeSystem/"
#define HL7 "http://terminology.hl7.org/CodeSystem/"
#define LOINC "http://loinc.org"
#define SNOMED "http://snomed.info/sct"
#define CODED(system, code, words)                                                               \
    "{'coding':[{'system':'" system "','code':'" code "','display':'" words "'}],'text':'" words \
    "'}"
#define OWN "'meta':{'tag':[{'system':'" OWN_SYSTEM "','code':'own','display':'" OWN_DISPLAY "'}]},"
#define ME "{'reference':'<patient>'}"
#define NAMED(who) "{'reference':'<" who ">','display':'<" who "-name>'}"
#define CATEGORY(code) \
    "'category':[{'coding':[{'system':'" HL7 "observation-category','code':'" code "'}]}],"
#define BY_ME "'subject':" ME ",'performer':[" ME "]"
#define QUANTITY(value, unit, code)                    \
    "'valueQuantity':{'value':" value ",'unit':'" unit \
    "','system':'http://unitsofmeasure.org','code':'" code "'}"
#define SECTION(code, title, words)                                                             \
    "{'title':'" title "','code':{'coding':[{'system':'" KITH "about-me','code':'" code         \
    "'}]},'text':{'status':'additional','div':'<<div xmlns=\\'http://www.w3.org/1999/xhtml\\'>" \
    "<<p>" words "<</p><</div>'}}"
#define SYMPTOM(id, snomed, words, severity, degree, when, note)                                  \
    {"Observation", id,                                                                           \
     OWN "'status':'final'," CATEGORY("survey") "'code':" CODED(                                  \
         SNOMED, snomed,                                                                          \
         words) "," BY_ME ",'effectiveDateTime':'<" when                                          \
                ">','valueCodeableConcept':" CODED(                                               \
                    SNOMED, "52101004",                                                           \
                    "Present") ",'component':[{'code':" CODED(SNOMED, "246112005",                \
                                                              "Severity") ",'"                    \
                                                                          "valueCodeableConcept'" \
                                                                          ":" CODED(              \
                                                                              SNOMED, severity,   \
                                                                              degree) "}],'"      \
                                                                                      "note"      \
                                                                                      "':[{"      \
                                                                                      "'tex"      \
                                                                                      "t':"       \
                                                                                      "'" note    \
                                                                                      "'}]"}
#define PREFERENCE(id, kind, words, value)                                                       \
    {"Observation", id,                                                                          \
     OWN "'status':'final'," CATEGORY(                                                           \
         "survey") "'code':{'coding':[{'system':'" LOINC                                         \
                   "','code':'95541-9','display':'Care experience preference'},{'system':'" KITH \
                   "preference','code':'" kind "','display':'" words "'}],'text':'" words        \
                   "'}," BY_ME ",'effectiveDateTime':'<60-days-ago>','valueString':'" value "'"}
#define GOAL(id, words, who)                                                       \
    {"Goal", id,                                                                   \
     "'lifecycleStatus':'active','description':{'text':'" words "'},'subject':" ME \
     ",'startDate':'<90-days-ago-day>','expressedBy':" who                         \
     ",'target':[{'dueDate':'<120-days-ahead-day>'}]"}
#define LINE(id, words, detail, times, per, unit, minutes, when, provider)                       \
    {"ServiceRequest", id,                                                                       \
     "'status':'active','intent':'order','category':[{'coding':[{'system':'" KITH                \
     "service-category','code':'social-care','display':'Social care'}]}],'code':{'text':'" words \
     "'},'subject':" ME ",'basedOn':[{'reference':'CarePlan/demo-own-support'}],"                \
     "'occurrenceTiming':{'repeat':{'boundsPeriod':{'start':'<80-days-ago-day>'},"               \
     "'frequency':" times ",'period':" per ",'periodUnit':'" unit "','duration':" minutes        \
     ",'durationUnit':'min'" when "}},'authoredOn':'<85-days-ago-day>','requester':" NAMED(      \
         "social") ",'performer':[{'display':'" provider "'}],'patientInstruction':'" detail "'"}

static const struct demo_told told[] = {
    {"Composition", "demo-own-about-me",
     OWN
     "'status':'final','type':{'coding':[{'system':'" KITH
     "document-kind','code':'about-me','display':'About me'}],'text':'About me'},"
     "'subject':" ME ",'date':'<40-days-ago>','author':[" ME
     "],'title':'About me','section':[" SECTION(
         "important", "What is most important to me",
         "My family, my garden, and getting to choir on "
         "Thursdays.") "," SECTION("people",
                                   "People who are "
                                   "important to me",
                                   "My sister rings "
                                   "every Sunday. "
                                   "Please ask her if "
                                   "you cannot reach "
                                   "me.") "," SECTION("c"
                                                      "o"
                                                      "m"
                                                      "m"
                                                      "u"
                                                      "n"
                                                      "i"
                                                      "c"
                                                      "a"
                                                      "t"
                                                      "e",
                                                      "H"
                                                      "o"
                                                      "w"
                                                      " "
                                                      "I"
                                                      " "
                                                      "c"
                                                      "o"
                                                      "m"
                                                      "m"
                                                      "u"
                                                      "n"
                                                      "i"
                                                      "c"
                                                      "a"
                                                      "t"
                                                      "e"
                                                      " "
                                                      "a"
                                                      "n"
                                                      "d"
                                                      " "
                                                      "h"
                                                      "o"
                                                      "w"
                                                      " "
                                                      "t"
                                                      "o"
                                                      " "
                                                      "c"
                                                      "o"
                                                      "m"
                                                      "m"
                                                      "u"
                                                      "n"
                                                      "i"
                                                      "c"
                                                      "a"
                                                      "t"
                                                      "e"
                                                      " "
                                                      "w"
                                                      "i"
                                                      "t"
                                                      "h"
                                                      " "
                                                      "m"
                                                      "e",
                                                      "I"
                                                      " "
                                                      "h"
                                                      "e"
                                                      "a"
                                                      "r"
                                                      " "
                                                      "b"
                                                      "e"
                                                      "t"
                                                      "t"
                                                      "e"
                                                      "r"
                                                      " "
                                                      "o"
                                                      "n"
                                                      " "
                                                      "m"
                                                      "y"
                                                      " "
                                                      "r"
                                                      "i"
                                                      "g"
                                                      "h"
                                                      "t"
                                                      " "
                                                      "s"
                                                      "i"
                                                      "d"
                                                      "e"
                                                      "."
                                                      " "
                                                      "G"
                                                      "i"
                                                      "v"
                                                      "e"
                                                      " "
                                                      "m"
                                                      "e"
                                                      " "
                                                      "t"
                                                      "i"
                                                      "m"
                                                      "e"
                                                      " "
                                                      "t"
                                                      "o"
                                                      " "
                                                      "a"
                                                      "n"
                                                      "s"
                                                      "w"
                                                      "e"
                                                      "r"
                                                      ".") "," SECTION("wellness", "My wellness",
                                                                       "On a good day I walk to "
                                                                       "the shop and back. On a "
                                                                       "bad day I stay in my "
                                                                       "chair.") "," SECTION("do-"
                                                                                             "not",
                                                                                             "Pleas"
                                                                                             "e "
                                                                                             "do, "
                                                                                             "and "
                                                                                             "pleas"
                                                                                             "e do "
                                                                                             "not",
                                                                                             "Do "
                                                                                             "knock"
                                                                                             " and "
                                                                                             "wait."
                                                                                             " Do "
                                                                                             "not "
                                                                                             "move "
                                                                                             "my "
                                                                                             "walki"
                                                                                             "ng "
                                                                                             "stick"
                                                                                             ".") "," SECTION("support",
                                                                                                              "How and when to support me",
                                                                                                              "Mornings are slow. I can dress myself if nobody hurries me.") "," SECTION("worth-knowing",
                                                                                                                                                                                         "Also worth knowing about me",
                                                                                                                                                                                         "I was a bus driver for 30 years. I like tea with no sugar.") "]"},
    SYMPTOM("demo-own-symptom-1", "25064002", "Headache", "255604002", "Mild", "12-days-ago",
            "Behind the eyes, gone after lunch."),
    SYMPTOM("demo-own-symptom-2", "404640003", "Dizziness", "6736007", "Moderate", "12-days-ago",
            "When I stood up quickly."),
    SYMPTOM("demo-own-symptom-3", "84229001", "Fatigue", "255604002", "Mild", "45-days-ago",
            "Very tired after the new tablets."),
    PREFERENCE("demo-own-preference-1", "name", "What to call me", "First name is fine."),
    PREFERENCE("demo-own-preference-2", "information", "How to give me information",
               "Large print, and a text message the day before."),
    PREFERENCE("demo-own-preference-3", "adjustments", "What makes care easier for me",
               "A seat near the door, and the first appointment of the day."),
    {"MedicationStatement", "demo-own-medicine",
     OWN "'status':'active','medicationCodeableConcept':{'text':'Vitamin D 10 micrograms, from the "
         "chemist'},'subject':" ME ",'informationSource':" ME ",'effectivePeriod':{'start':"
         "'<200-days-ago-day>'},'dateAsserted':'<60-days-ago>','dosage':[{'text':'One each "
         "morning'}]"},
    {"AllergyIntolerance", "demo-own-allergy",
     OWN "'clinicalStatus':{'coding':[{'system':'" HL7
         "allergyintolerance-clinical','code':'active'}]},'verificationStatus':{'coding':[{"
         "'system':'" HL7 "allergyintolerance-verification','code':'unconfirmed'}]},'code':{"
         "'text':'Sticking plasters'},'patient':" ME ",'asserter':" ME ",'recordedDate':"
         "'<60-days-ago>','reaction':[{'manifestation':[{'text':'Red, itchy skin'}]}]"},
    {"RelatedPerson", "demo-own-contact",
     OWN "'active':true,'patient':" ME ",'relationship':[" CODED(
         HL7 "v3-RoleCode", "SIS",
         "sister") "],'name':[{'text':'Ruth Ainsley'}],'telecom':[{'system':'phone','value':'01632 "
                   "960147',"
                   "'use':'home'}]"},
    GOAL("demo-own-goal-1", "To walk to choir and back by myself", ME),
    GOAL("demo-own-goal-2", "To keep my blood pressure under 135 over 85 at home", NAMED("gp")),
    {"CarePlan", "demo-own-plan",
     "'status':'active','intent':'plan','category':[" CODED(
         SNOMED, "734163000",
         "Care plan") "],'title':'My care and support plan','description':'Made together in a long "
                      "appointment.',"
                      "'subject':" ME
                      ",'period':{'start':'<90-days-ago-day>','end':'<275-days-ahead-day>'},"
                      "'created':'<90-days-ago-day>','author':" NAMED(
                          "gp") ",'careTeam':[{'reference':"
                                "'CareTeam/demo-team'}],'goal':[{'reference':'Goal/"
                                "demo-own-goal-1'},{'reference':"
                                "'Goal/"
                                "demo-own-goal-2'}],'activity':[{'detail':{'status':'in-progress','"
                                "description':"
                                "'Blood pressure at home, once a week','performer':[" ME
                                "]}},{'detail':{'status':"
                                "'scheduled','description':'Review with the practice "
                                "nurse','scheduledPeriod':{'start':"
                                "'<30-days-ahead-day>'},'performer':[" NAMED(
                                    "practice") "]}},{'detail':{'status':"
                                                "'completed','description':'Strength and balance "
                                                "class, eight weeks','performer':["
                                                "{'display':'Leisure centre'}]}}]"},
    {"CarePlan", "demo-own-support",
     "'status':'active','intent':'plan','category':[" CODED(
         SNOMED, "734163000",
         "Care plan") ",{'coding':[{'system':'" KITH
                      "service-category','code':'social-care','display':"
                      "'Social care'}],'text':'Adult social care'}],'title':'My support at "
                      "home','subject':" ME ",'period':{'start':'<80-days-ago-day>','end':'<285-"
                      "days-ahead-day>'},'created':"
                      "'<85-days-ago-day>','author':" NAMED(
                          "social") ",'careTeam':[{'reference':"
                                    "'CareTeam/demo-team'}],'goal':[{'reference':'Goal/"
                                    "demo-own-goal-1'}],'activity':["
                                    "{'reference':{'reference':'ServiceRequest/demo-own-line-1'}},"
                                    "{'reference':{'reference':'ServiceRequest/demo-own-line-2'}},"
                                    "{'reference':{'reference':'ServiceRequest/"
                                    "demo-own-line-3'}}]"},
    LINE("demo-own-line-1", "Help to wash and dress", "Somebody comes at about 8 in the morning.",
         "7", "1", "wk", "45", ",'timeOfDay':['08:00:00']", "Bluebell Home Care"),
    LINE("demo-own-line-2", "Hot meal at midday",
         "The meal is brought on Mondays, Wednesdays and "
         "Fridays.",
         "3", "1", "wk", "15", ",'dayOfWeek':['mon','wed','fri']", "Town Meals"),
    LINE("demo-own-line-3", "Test of the alarm button", "You press the button, and they ring you.",
         "1", "1", "mo", "5", "", "Council alarm service"),
};

/* --- readings -----------------------------------------------------------------------------------
 */

enum { WEEKS = 52, EVERY_DAYS = 7 };

/* The same each time: values that wander a little around a line. */
static int wander(int week, int spread)
{
    unsigned at = (unsigned)week * 2654435761U;
    return (int)((at >> 16) % (unsigned)(2 * spread + 1)) - spread;
}

static int along(int week, int first, int last)
{
    return first + (last - first) * (WEEKS - week) / WEEKS;
}

#define BOTH(loinc, loinc_words, snomed, snomed_words, words)                                     \
    "{'coding':[{'system':'" LOINC "','code':'" loinc "','display':'" loinc_words                 \
    "'},{'system':'" SNOMED "','code':'" snomed "','display':'" snomed_words "'}],'text':'" words \
    "'}"
#define VITAL(profile)                                                                        \
    "'meta':{'profile':['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-"     \
    "VitalSigns-" profile "'],'tag':[{'system':'" OWN_SYSTEM                                  \
    "','code':'own','display':'" OWN_DISPLAY "'}]},'status':'final'," CATEGORY("vital-signs") \
        BY_ME ",'effectiveDateTime':'<%d-days-ago>',"
#define PRESSURE QUANTITY("%d", "millimeter of mercury", "mm[Hg]")

#define PANEL                                                                      \
    BOTH("85354-9", "Blood pressure panel with all children optional", "75367002", \
         "Blood pressure", "Blood pressure")
#define UPPER                                                                           \
    BOTH("8480-6", "Systolic blood pressure", "72313002", "Systolic arterial pressure", \
         "Systolic blood pressure")
#define LOWER                                                                                     \
    BOTH("8462-4", "Diastolic blood pressure", "1091811000000102", "Diastolic arterial pressure", \
         "Diastolic blood pressure")

/* UK Core fixes the words of codes and units. */
static const char pressure[] =
    VITAL("BloodPressure") "'code':" PANEL ",'component':[{'code':" UPPER "," PRESSURE
                           "},{'code':" LOWER "," PRESSURE "}]";
static const char weight[] =
    VITAL("BodyWeight") "'code':" BOTH("29463-7", "Body weight", "27113001", "Body weight",
                                       "Weight") "," QUANTITY("%d.%d", "kilogram", "kg");

/* `week` ago. */
static void add_pressure(struct demo_told *t, int week, struct arena *a)
{
    t->type = "Observation";
    t->id = arena_printf(a, "demo-own-pressure-%d", week).p;
    t->members =
        arena_printf(a, pressure, week * EVERY_DAYS + 1, along(week, 151, 133) + wander(week, 6),
                     along(week, 93, 83) + wander(week + 7, 4))
            .p;
}

static void add_weight(struct demo_told *t, int week, struct arena *a)
{
    int tenths = along(week, 846, 797) + wander(week + 3, 6);
    t->type = "Observation";
    t->id = arena_printf(a, "demo-own-weight-%d", week).p;
    t->members = arena_printf(a, weight, week * EVERY_DAYS + 2, tenths / 10, tenths % 10).p;
}

int demo_own(struct world *w, const struct rest *rest, const struct demo_cast *cast,
             struct arena *a, struct err *e)
{
    enum { TOLD = sizeof told / sizeof *told, ALL = TOLD + WEEKS + WEEKS / 2 };
    struct demo_told *all = arena_zalloc(a, ALL, sizeof *all);
    size_t count = TOLD;
    bool whole = all != NULL;
    for (size_t i = 0; whole && i < TOLD; i++) {
        all[i] = told[i];
    }
    for (int week = 0; whole && week < WEEKS; week++) {
        add_pressure(&all[count++], week, a);
        if (week % 2 == 0) {
            add_weight(&all[count++], week, a);
        }
    }
    for (size_t i = 0; whole && i < count; i++) {
        whole = all[i].id && all[i].members;
    }
    return whole ? demo_tell(w, rest, cast, all, count, a, e)
                 : err_set(e, ERR_MEMORY, "the demonstration needs more memory than there is");
}
