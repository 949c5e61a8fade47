/*
 * What has happened before somebody opens the demonstration: as resources, dated from the day on
 * which they are written, and as entries of the access log that say that they are a story.
 */
#include "base/clock.h"
#include "base/log.h"
#include "node/demo_int.h"

#include "format/json.h"
#include "policy/sheet.h"

enum {
    STORY_MOST = 256 * 1024,
    WORD_MOST = 4096,
};

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define HOUR_MS (INT64_C(3600) * 1000)
#define CLAIM_MS (-7 * DAY_MS)

/* A word in angle brackets stands for a value of struct demo_cast or for a day; ' for ". */
#define KITH "https://kith.care/fhir/CodeSystem/"
#define EXTENSION "https://kith.care/fhir/StructureDefinition/"
#define CODED(system, code) "{'coding':[{'system':'" system "','code':'" code "'}]}"
#define V3 "http://terminology.hl7.org/CodeSystem/v3-"
#define JOB "https://fhir.nhs.uk/CodeSystem/HL7v3-SDSJobRoleName"
#define STAFF(id, job, prefix, given, family, title)                                          \
    {"Practitioner", id,                                                                      \
     "'active':true,'name':[{'text':'" prefix " " given " " family "','family':'" family      \
     "','given':['" given "'],'prefix':['" prefix "']}]"},                                    \
        {"PractitionerRole", id "-role",                                                      \
         "'active':true,'practitioner':{'reference':'Practitioner/" id "','display':'" prefix \
         " " given " " family "'},'organization':{'reference':'<practice>',"                  \
         "'display':'<practice-name>'},'code':[{'coding':[{'system':'" JOB "','code':'" job   \
         "'}],'text':'" title "'}]"}
#define CONSENT(kind, rule)                                                                      \
    "'status':'active','scope':" CODED(                                                          \
        "http://terminology.hl7.org/CodeSystem/consentscope",                                    \
        "patient-privacy") ",'category':[" CODED(KITH "consent-kind",                            \
                                                 kind) "],'patient':{'reference':'<patient>'},'" \
                                                       "policyRule':" CODED(V3 "ActCode", rule)
#define PARTY(reference, name)                                                           \
    "'actor':[{'role':" CODED(V3 "ParticipationType", "IRCP") ",'reference':"            \
                                                              "{'reference':'" reference \
                                                              "','display':'" name "'}}]"

static const struct demo_told story[] = {
    STAFF("demo-reception", "R8009", "Ms", "Hannah", "Price", "Receptionist"),
    STAFF("demo-privacy", "R0001", "Mr", "Marcus", "Osei", "Privacy officer"),
    {"Consent", "demo-choice",
     CONSENT("sharing",
             "OPTOUT") ",'dateTime':'<month-ago>',"
                       "'performer':[{'reference':'<patient>'}],'provision':{'type':'"
                       "deny'," PARTY("<trust>",
                                      "<trust-name>") ",'securityLabel':[{'system':'" V3 "ActCode',"
                                                      "'code':'MH','display':'mental health'}]}"},
    {"Consent", "demo-proxy",
     "'extension':[{'url':'" EXTENSION "proxy-basis','valueCode':'carer'}]," CONSENT(
         "proxy", "OPTIN") ",'dateTime':'<month-ago>',"
                           "'performer':[{'reference':'<patient>'}],'provision':{'type'"
                           ":'permit',"
                           "'period':{'start':'<month-ago>','end':'<next-year>'}"
                           "," PARTY("<carer>", "<carer-name>") ",'action':[" CODED(
                               KITH "proxy-function",
                               "view") "," CODED(KITH "proxy-function",
                                                 "book") "," CODED(KITH "prox"
                                                                        "y-"
                                                                        "func"
                                                                        "tio"
                                                                        "n",
                                                                   "orde"
                                                                   "r") "]}"},
    {"CareTeam", "demo-team",
     "'status':'active','name':'Help at home','subject':{'reference':'<patient>'},"
     "'period':{'start':'<month-ago>'},'participant':[{'role':[{'text':'Social "
     "worker'}],"
     "'member':{'reference':'<social>','display':'<social-name>'}},"
     "{'role':[{'text':'Carer'}],'member':{'reference':'<carer>','display':'<carer-"
     "name>'}}]"},
    {"Condition", "demo-sealed",
     "'meta':{'security':[{'extension':[{'url':'" EXTENSION "label-party','valueReference':"
     "{'reference':'<practice>'}},{'url':'" EXTENSION "label-by','valueReference':"
     "{'reference':'<gp>'}}],'system':'" KITH "label','code':'sealed','display':'sealed'}]},"
     "'clinicalStatus':" CODED(
         "http://terminology.hl7.org/CodeSystem/condition-clinical",
         "resolved") ",'verificationStatus':" CODED("http://terminology.hl7.org/"
                                                    "CodeSystem/"
                                                    "condition-ver-status",
                                                    "confirmed") ","
                                                                 "'code':{'coding':[{'"
                                                                 "system':'"
                                                                 "http://snomed.info/"
                                                                 "sct','code':'"
                                                                 "240589008','display'"
                                                                 ":"
                                                                 "'Chlamydia "
                                                                 "trachomatis "
                                                                 "infection'}],'text':'"
                                                                 "Chlamydia "
                                                                 "trachomatis "
                                                                 "infection'},"
                                                                 "'subject':{'"
                                                                 "reference':'<patient>"
                                                                 "'},'onsetDateTime':'<"
                                                                 "year-ago>',"
                                                                 "'abatementDateTime':'"
                                                                 "<month-ago>'"
                                                                 ",'recordedDate':'<"
                                                                 "year-ago>',"
                                                                 "'recorder':{'"
                                                                 "reference':'<gp>','"
                                                                 "display':'<gp-name>'"
                                                                 "}"},
    {"Observation", "demo-held",
     "'meta':{'security':[{'extension':[{'url':'" EXTENSION "label-until','valueDateTime':"
     "'<next-week-day>'}],'system':'" KITH "label','code':'held',"
     "'display':'not released to the patient yet'}]},"
     "'status':'final','category':[" CODED(
         "http://terminology.hl7.org/CodeSystem/observation-category",
         "laboratory") "],"
                       "'code':{'coding':[{'system':'http://"
                       "loinc.org','code':'38445-3','display':"
                       "'Calprotectin [Mass/mass] in Stool'}],'text':'Calprotectin in "
                       "stool'},"
                       "'subject':{'reference':'<patient>'},'effectiveDateTime':'<two-"
                       "days-ago>',"
                       "'performer':[{'reference':'<practice>','display':'<practice-"
                       "name>'}],"
                       "'valueQuantity':{'value':210,'unit':'ug/g','system':'http://"
                       "unitsofmeasure.org',"
                       "'code':'ug/g'},'note':[{'text':'Slightly raised. We will talk "
                       "about it "
                       "first.'}]"},
    {"Appointment", "demo-appointment",
     "'status':'booked','description':'To talk about a test','start':'<next-week>',"
     "'end':'<next-week-end>','participant':["
     "{'actor':{'reference':'<patient>','display':'<patient-name>'},'status':'accepted'"
     "},"
     "{'actor':{'reference':'<gp>','display':'<gp-name>'},'status':'accepted'}]"},
    {"Consent", "demo-claim",
     "'extension':[{'url':'" EXTENSION "consent-reason','valueCodeableConcept':{'coding':"
     "[{'system':'" KITH "access-reason','code':'handling-referral',"
     "'display':'To deal with a referral'}],"
     "'text':'A letter about a sore knee came to our department.'}}]," CONSENT(
         "claim", "OPTIN") ",'dateTime':'<claim>','performer':[{'reference':'<hospital>'}],"
                           "'provision':{'type':'permit','period':{'start':'<claim>','end':'<"
                           "claim-"
                           "end>'}," PARTY("<hospital>", "<hospital-name>") "}"},
    {"Task", "demo-review",
     "'status':'requested','intent':'order','priority':'urgent','businessStatus':{'"
     "coding':"
     "[{'system':'" KITH "task-status','code':'waiting','display':'waits for a review'}]},"
     "'code':{'coding':[{'system':'" KITH "task-kind','code':'claim-review'}],"
     "'text':'Look at a relationship that somebody claimed'},"
     "'description':'A letter about a sore knee came to our department.',"
     "'focus':{'reference':'Consent/demo-claim'},'for':{'reference':'<patient>'},"
     "'authoredOn':'<claim>','lastModified':'<claim>',"
     "'requester':{'reference':'<hospital>','display':'<hospital-name>'},"
     "'performerType':[{'coding':[{'system':'" JOB "','code':'R0001',"
     "'display':'Privacy Officer'}],'text':'Privacy officer'}],"
     "'reasonCode':{'coding':[{'system':'" KITH "access-reason','code':'handling-referral',"
     "'display':'To deal with a referral'}]}"},
    {"Communication", "demo-notice",
     "'status':'completed','category':[" CODED(
         "http://terminology.hl7.org/CodeSystem/communication-category",
         "notification") "],"
                         "'subject':{'reference':'<patient>'},'about':[{'reference':'"
                         "Consent/"
                         "demo-claim'}],"
                         "'sent':'<claim>','recipient':[{'reference':'<patient>'}],"
                         "'sender':{'reference':'<hospital>','display':'<hospital-name>"
                         "'},'payload'"
                         ":"
                         "[{'contentString':'<hospital-name>, of <trust-name>, said "
                         "that they need "
                         "to see your "
                         "record. The reason given: To deal with a referral. This "
                         "lasted 8 hours. "
                         "A privacy officer "
                         "will look at it. If you have questions, ask us.'}]"},
};

static const struct demo_told home = {
    "Consent", "demo-home",
    "'identifier':[{'system':'https://kith.care/fhir/NamingSystem/"
    "demonstration','value':'home'}]," CONSENT(
        "home", "OPTIN") ",'dateTime':'<month-ago>','performer':[{'reference':'<patient>'}],"
                         "'provision':{'type':'permit','period':{'start':'<month-ago>'}," PARTY(
                             "<platform>", "<platform-name>") "}"};

/* --- values -------------------------------------------------------------------------------------
 */

static bool value_of_person(const struct demo_cast *c, text word, text *ret_value)
{
    const struct {
        const char *name;
        const struct demo_person *person;
    } people[] = {{"patient", &c->patient},   {"carer", &c->carer},      {"gp", &c->gp},
                  {"hospital", &c->hospital}, {"social", &c->social},    {"practice", &c->practice},
                  {"trust", &c->trust},       {"platform", &c->platform}};
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        text name = text_of(people[i].name);
        if (text_eq(word, name)) {
            *ret_value = people[i].person->reference;
            return true;
        }
        if (text_starts(word, name) && text_eq(text_from(word, name.n), T("-name"))) {
            *ret_value = people[i].person->name;
            return true;
        }
    }
    return false;
}

/* 9 o'clock of the day (UTC). */
static int64_t morning(int64_t ms)
{
    return ms - ms % DAY_MS + 9 * HOUR_MS;
}

/* "30-days-ago", "30-days-ahead-day" */
static bool value_of_distance(int64_t now_ms, text word, char at[CLOCK_INSTANT_SIZE])
{
    int64_t days = 0;
    size_t n = 0;
    while (n < word.n && n < 5 && word.p[n] >= '0' && word.p[n] <= '9') {
        days = days * 10 + (word.p[n++] - '0');
    }
    text kind = text_from(word, n);
    bool ahead = text_starts(kind, T("-days-ahead"));
    if (n == 0 || (!ahead && !text_starts(kind, T("-days-ago")))) {
        return false;
    }
    bool day_only = kind.n > 4 && text_eq(text_from(kind, kind.n - 4), T("-day"));
    clock_instant(morning(now_ms) + (ahead ? days : -days) * DAY_MS, at);
    at[day_only ? 10 : CLOCK_INSTANT_SIZE - 1] = '\0';
    return true;
}

static bool value_of_day(int64_t now_ms, text word, char at[CLOCK_INSTANT_SIZE])
{
    const struct {
        const char *name;
        int64_t after_ms;
        bool day_only;
    } days[] = {
        {"year-ago", -400 * DAY_MS, false},   {"month-ago", -30 * DAY_MS, false},
        {"claim", CLAIM_MS, false},           {"claim-end", CLAIM_MS + 8 * HOUR_MS, false},
        {"two-days-ago", -2 * DAY_MS, false}, {"next-week", 6 * DAY_MS, false},
        {"next-week-day", 6 * DAY_MS, true},  {"next-week-end", 6 * DAY_MS + HOUR_MS / 4, false},
        {"next-year", 365 * DAY_MS, false}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        if (text_eq(word, text_of(days[i].name))) {
            clock_instant(morning(now_ms) + days[i].after_ms, at);
            at[days[i].day_only ? 10 : CLOCK_INSTANT_SIZE - 1] = '\0';
            return true;
        }
    }
    return value_of_distance(now_ms, word, at);
}

/* As it stands inside of a JSON string. */
static void put_value(struct buf *out, text value)
{
    struct buf quoted;
    buf_init(&quoted, WORD_MOST);
    json_write_string(value, &quoted);
    if (quoted.n >= 2 && !buf_failed(&quoted)) {
        buf_add(out, text_make(quoted.p + 1, quoted.n - 2));
    }
    buf_done(&quoted);
}

static int put_members(struct buf *out, const struct demo_cast *cast, int64_t now_ms,
                       const char *members, struct err *e)
{
    text rest = text_of(members);
    while (rest.n) {
        char c = rest.p[0];
        if (c != '<') {
            buf_addc(out, c == '\'' ? '"' : c);
            rest = text_from(rest, 1);
            continue;
        }
        if (text_starts(rest, T("<<"))) {
            buf_addc(out, '<');
            rest = text_from(rest, 2);
            continue;
        }
        size_t end = text_find(rest, '>');
        text word = text_from(text_first(rest, end), 1);
        text value;
        char at[CLOCK_INSTANT_SIZE];
        if (value_of_day(now_ms, word, at)) {
            value = text_of(at);
        } else if (!value_of_person(cast, word, &value)) {
            return err_set(e, ERR_INTERNAL, "the story has no '%.*s'", TEXT_ARG(word));
        }
        put_value(out, value);
        rest = text_from(rest, end + 1);
    }
    return 0;
}

static int print(const struct demo_cast *cast, const struct demo_told *told, size_t count,
                 int64_t now_ms, struct buf *out, struct err *e)
{
    int rc = 0;
    buf_add(out, T("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    for (size_t i = 0; !rc && i < count; i++) {
        const char *type = told[i].type;
        const char *id = told[i].id;
        buf_printf(out, "%s{\"request\":{\"method\":\"PUT\",\"url\":\"%s/%s\"},\"resource\":{",
                   i ? "," : "", type, id);
        buf_printf(out, "\"resourceType\":\"%s\",\"id\":\"%s\",", type, id);
        rc = put_members(out, cast, now_ms, told[i].members, e);
        buf_add(out, T("}}"));
    }
    buf_add(out, T("]}"));
    return !rc && buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory") : rc;
}

/* --- the log ------------------------------------------------------------------------------------
 */

static int note_all(struct world *w, const struct demo_cast *c, int64_t now_ms, struct err *e)
{
    const char *registered = relationship_words(RELATION_REGISTRATION);
    const char *claimed = relationship_words(RELATION_CLAIMED);
    const struct demo_person reception = {T(DEMO_RECEPTION), T("Ms Hannah Price")};
    const struct {
        const struct demo_person *who;
        const struct demo_person *of;
        const char *role, *role_name;
        enum event_kind kind;
        int64_t after_ms;
        const char *what;
        uint64_t count;
        const char *relation, *reason;
    } rows[] = {
        {&c->gp, &c->practice, "R0260", "General practitioner", EVENT_SEARCH, -9 * DAY_MS,
         "Observation", 8, registered, ""},
        {&c->hospital, &c->trust, "R8000", "Clinical practitioner", EVENT_CLAIM, CLAIM_MS,
         "Consent/demo-claim", 1, "",
         "handling-referral: A letter about a sore knee came to our department."},
        {&c->hospital, &c->trust, "R8000", "Clinical practitioner", EVENT_SEARCH,
         CLAIM_MS + HOUR_MS / 30, "Procedure", 3, claimed, ""},
        {&c->gp, &c->practice, "R0260", "General practitioner", EVENT_READ, -2 * DAY_MS,
         "Observation/demo-held", 1, registered, ""},
        {&reception, &c->practice, "R8009", "Receptionist", EVENT_CREATE, -DAY_MS,
         "Appointment/demo-appointment", 1, registered, ""},
    };
    struct identity_world world = world_of(w);
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof rows / sizeof *rows; i++) {
        const struct audit_event event = {.at_ms = morning(now_ms) + rows[i].after_ms,
                                          .kind = rows[i].kind,
                                          .access = ACCESS_PERSON,
                                          .patient = c->patient_id,
                                          .what = text_of(rows[i].what),
                                          .count = rows[i].count,
                                          .who = rows[i].who->reference,
                                          .name = rows[i].who->name,
                                          .role = text_of(rows[i].role),
                                          .role_name = text_of(rows[i].role_name),
                                          .organisation = rows[i].of->reference,
                                          .organisation_name = rows[i].of->name,
                                          .client_name = T("the story of this demonstration"),
                                          .relation = text_of(rows[i].relation),
                                          .purpose = text_of(purpose_code(PURPOSE_TREAT)),
                                          .reason = text_of(rows[i].reason)};
        rc = world.record(world.context, &event, e);
    }
    return rc;
}

/* --- writing ------------------------------------------------------------------------------------
 */

/* Whoever starts the node is told who is missing, in the words of the accounts' logins. */
static bool complete(const struct demo_cast *c)
{
    const struct {
        const char *name;
        text reference;
    } parts[] = {{"patient", c->patient.reference},
                 {"carer", c->carer.reference},
                 {"gp", c->gp.reference},
                 {"hospital", c->hospital.reference},
                 {"social", c->social.reference},
                 {"practice", c->practice.reference},
                 {"hospital trust", c->trust.reference}};
    struct buf missing;
    buf_init(&missing, WORD_MOST);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].reference.n) {
            buf_printf(&missing, "%s%s", missing.n ? ", " : "", parts[i].name);
        }
    }
    bool whole = missing.n == 0;
    if (!whole) {
        log_line(LOG_DEMO_NO_STORY, LOG_WORD("missing", buf_text(&missing)));
    }
    buf_done(&missing);
    return whole;
}

static int is_there(struct world *w, text reference, struct arena *a, bool *ret, struct err *e)
{
    yyjson_val *before = NULL;
    int rc = world_read(w, reference, a, &before, e);
    *ret = !rc && before;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int demo_write(const struct rest *rest, text bundle, struct arena *a, struct err *e)
{
    struct rest here = *rest;
    struct rest_item item = {.json = bundle};
    here.local = true;
    rest_take(&here, policy_local_administrator(), &item, 1, a);
    return item.result
               ? err_set(e, item.result, "the story of the demonstration: %s", err_text(&item.err))
               : 0;
}

static int write_all(const struct rest *rest, const struct demo_cast *cast,
                     const struct demo_told *told, size_t count, int64_t now_ms, struct arena *a,
                     struct err *e)
{
    struct buf out;
    buf_init(&out, STORY_MOST);
    int rc = print(cast, told, count, now_ms, &out, e);
    rc = rc ? rc : demo_write(rest, buf_text(&out), a, e);
    buf_done(&out);
    return rc;
}

int demo_story(struct world *w, const struct rest *rest, const struct demo_cast *cast,
               struct arena *a, struct err *e)
{
    int64_t now_ms = clock_real_ms();
    bool told = false;
    if (!complete(cast)) {
        return 0;
    }
    int rc = is_there(w, T("Consent/demo-choice"), a, &told, e);
    if (rc || told) {
        return rc;
    }
    rc = note_all(w, cast, now_ms, e);
    return rc ? rc : write_all(rest, cast, story, sizeof story / sizeof *story, now_ms, a, e);
}

int demo_tell(struct world *w, const struct rest *rest, const struct demo_cast *cast,
              const struct demo_told *told, size_t count, struct arena *a, struct err *e)
{
    bool there = false;
    text first = arena_printf(a, "%s/%s", told->type, told->id);
    if (!cast->patient.reference.n || !cast->carer.reference.n || !cast->gp.reference.n ||
        !cast->social.reference.n || !cast->practice.reference.n) {
        return 0;
    }
    int rc = first.p ? is_there(w, first, a, &there, e) : err_set(e, ERR_MEMORY, "no memory");
    return rc || there ? rc : write_all(rest, cast, told, count, clock_real_ms(), a, e);
}

int demo_home(struct world *w, const struct rest *rest, const struct demo_cast *cast,
              struct arena *a, struct err *e)
{
    bool told = false;
    if (!cast->patient.reference.n || !cast->platform.reference.n) {
        return 0;
    }
    int rc = is_there(w, T("Consent/demo-home"), a, &told, e);
    return rc || told ? rc : write_all(rest, cast, &home, 1, clock_real_ms(), a, e);
}
