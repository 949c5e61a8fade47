/* Relationships from care data: who looks after the patient, as registrations, episodes,
 * encounters, teams, requests and appointments say. */
#include "policy/facts_int.h"

enum { DAY = 86400000, DAYS_BOOKED = 31 };

struct span {
    int64_t from;
    int64_t until;
};
static const struct span always = {INT64_MIN, INT64_MAX};

/* Professionals and what they work for; never patients, family, devices or places. */
static bool is_carer(text party)
{
    static const text beginnings[] = {
        {"Practitioner/", 13}, {"PractitionerRole/", 17}, {"Organization/", 13}, {"CareTeam/", 9}};
    bool is = false;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        is = is || text_starts(party, beginnings[i]);
    }
    return is;
}

static void relate(struct facts_writer *w, enum relationship relation, struct span span,
                   const yyjson_val *references)
{
    struct look all = look_items(references);
    for (const yyjson_val *r = look_next(&all); r; r = look_next(&all)) {
        text party = look_party(r);
        if (is_carer(party) && span.from < span.until) {
            facts_add(w, &(struct fact){.kind = FACT_RELATION,
                                        .detail = (uint8_t)relation,
                                        .from = span.from,
                                        .until = span.until,
                                        .name = party});
        }
    }
}

/* Members of items that may have a period of their own: participant[].member ... */
static void relate_each(struct facts_writer *w, enum relationship relation, struct span span,
                        const yyjson_val *items, text member)
{
    struct look all = look_items(items);
    for (const yyjson_val *item = look_next(&all); item; item = look_next(&all)) {
        struct span own;
        if (look_period(json_get(item, T("period")), &own.from, &own.until)) {
            own.from = own.from > span.from ? own.from : span.from;
            own.until = own.until < span.until ? own.until : span.until;
            relate(w, relation, own, json_get(item, member));
        }
    }
}

static int64_t later(int64_t ms, int64_t days)
{
    return ms == INT64_MAX || ms == INT64_MIN ? ms : ms + days * DAY;
}

static bool status_is(const yyjson_val *root, const char *const *any)
{
    text status = json_text(json_get(root, T("status")));
    for (; *any; any++) {
        if (text_eq(status, text_of(*any))) {
            return true;
        }
    }
    return false;
}
#define STATUS(root, ...) status_is(root, (const char *const[]){__VA_ARGS__, NULL})

static void of_patient(const yyjson_val *root, struct facts_writer *w)
{
    struct fact birth = {.kind = FACT_BIRTH};
    if (look_date(json_get(root, T("birthDate")), &birth.from, &birth.until)) {
        birth.until -= DAY; /* the last day that it may have been */
        facts_add(w, &birth);
    }
    const yyjson_val *when = json_get(root, T("deceasedDateTime"));
    const yyjson_val *died = json_get(root, T("deceasedBoolean"));
    if (when || (died && died->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE))) {
        int64_t unused;
        struct fact death = {.kind = FACT_DEATH, .from = INT64_MIN};
        look_date(when, &death.from, &unused);
        facts_add(w, &death);
    }
    const yyjson_val *active = json_get(root, T("active"));
    if (!active || active->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE)) {
        relate(w, RELATION_REGISTRATION, always, json_get(root, T("generalPractitioner")));
        relate(w, RELATION_REGISTRATION, always, json_get(root, T("managingOrganization")));
    }
}

static void of_episode(const yyjson_val *root, struct facts_writer *w)
{
    struct span span;
    bool waits = STATUS(root, "planned", "waitlist");
    if ((waits || STATUS(root, "active", "onhold")) &&
        look_period(json_get(root, T("period")), &span.from, &span.until)) {
        enum relationship relation = waits ? RELATION_REFERRAL : RELATION_ADMISSION;
        relate(w, relation, span, json_get(root, T("managingOrganization")));
        relate(w, relation, span, json_get(root, T("careManager")));
        relate(w, relation, span, json_get(root, T("team")));
    }
}

static void of_encounter(const yyjson_val *root, struct facts_writer *w)
{
    struct span span;
    bool ended = STATUS(root, "finished");
    if ((!ended && !STATUS(root, "planned", "arrived", "triaged", "in-progress", "onleave")) ||
        !look_period(json_get(root, T("period")), &span.from, &span.until) ||
        (ended && span.until == INT64_MAX)) {
        return;
    }
    span.until = later(span.until, 28);
    relate(w, RELATION_ADMISSION, span, json_get(root, T("serviceProvider")));
    struct look all = look_items(json_get(root, T("participant")));
    for (const yyjson_val *p = look_next(&all); p; p = look_next(&all)) {
        struct span own;
        if (look_period(json_get(p, T("period")), &own.from, &own.until)) {
            own.until = later(own.until, 28);
            own.from = own.from > span.from ? own.from : span.from;
            own.until = own.until < span.until ? own.until : span.until;
            relate(w, RELATION_ADMISSION, own, json_get(p, T("individual")));
        }
    }
}

static void of_team(const yyjson_val *root, struct facts_writer *w)
{
    struct span span;
    if (STATUS(root, "active") &&
        look_period(json_get(root, T("period")), &span.from, &span.until)) {
        relate(w, RELATION_CARE_TEAM, span, json_get(root, T("managingOrganization")));
        relate_each(w, RELATION_CARE_TEAM, span, json_get(root, T("participant")), T("member"));
        /* Whoever acts for the team as such. */
        facts_add(w, &(struct fact){.kind = FACT_RELATION,
                                    .detail = RELATION_CARE_TEAM,
                                    .from = span.from,
                                    .until = span.until});
    }
}

bool policy_team_has(const yyjson_val *team, text member, int64_t now_ms)
{
    struct span span;
    bool has = false;
    if (!STATUS(team, "active") ||
        !look_period(json_get(team, T("period")), &span.from, &span.until) || now_ms < span.from ||
        now_ms >= span.until) {
        return false;
    }
    struct look all = look_items(json_get(team, T("participant")));
    for (const yyjson_val *p = look_next(&all); p && !has; p = look_next(&all)) {
        has = text_eq(look_party(json_get(p, T("member"))), member) &&
              look_period(json_get(p, T("period")), &span.from, &span.until) &&
              now_ms >= span.from && now_ms < span.until;
    }
    return has;
}

bool policy_period(const yyjson_val *period, int64_t *ret_from, int64_t *ret_until)
{
    return look_period(period, ret_from, ret_until);
}

static void of_appointment(const yyjson_val *root, struct facts_writer *w)
{
    struct span span;
    int64_t unused;
    if (!STATUS(root, "booked", "arrived", "fulfilled", "pending", "checked-in") ||
        !look_date(json_get(root, T("start")), &span.from, &span.until)) {
        return;
    }
    int64_t start = span.from;
    look_date(json_get(root, T("end")), &span.until, &unused);
    /* Whoever books must not make a relationship without end. */
    span.until = span.until < later(start, DAYS_BOOKED) ? span.until : later(start, DAYS_BOOKED);
    span.from = later(span.from, -7);
    span.until = later(span.until, 28);
    relate_each(w, RELATION_APPOINTMENT, span, json_get(root, T("participant")), T("actor"));
}

/* What patients write and may change later; of staff nothing need be remembered. */
static void of_answers(const yyjson_val *root, struct facts_writer *w)
{
    text author = look_party(json_get(root, T("author")));
    if (text_starts(author, T("Patient/")) || text_starts(author, T("RelatedPerson/"))) {
        facts_add(w, &(struct fact){.kind = FACT_AUTHOR, .name = author});
    }
}

void facts_take_care(fhir_type type, const yyjson_val *root, struct facts_writer *w)
{
    switch (type) {
    case TYPE_Patient:
        of_patient(root, w);
        break;
    case TYPE_EpisodeOfCare:
        of_episode(root, w);
        break;
    case TYPE_Encounter:
        of_encounter(root, w);
        break;
    case TYPE_CareTeam:
        of_team(root, w);
        break;
    case TYPE_ServiceRequest:
        if (STATUS(root, "active")) {
            relate(w, RELATION_REFERRAL, always, json_get(root, T("requester")));
            relate(w, RELATION_REFERRAL, always, json_get(root, T("performer")));
        }
        break;
    case TYPE_Appointment:
        of_appointment(root, w);
        break;
    case TYPE_QuestionnaireResponse:
        of_answers(root, w);
        break;
    default:
        break;
    }
}
