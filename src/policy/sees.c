/* About one entry: what a decision leaves open is asked of the sheet. */
#include "policy/grant_int.h"

enum {
    FIRST_PATIENT = 1024, /* compartments: docs/storage.md */
    ABOUT_DEPTH = 3,
};

static uint64_t compartment_of(uint64_t rid)
{
    return rid >> 28;
}

/* Classes that hold care data. */
#define CARE_CLASSES                                                                           \
    (CLASS_BIT(PATIENT) | CLASS_BIT(RELATED) | CLASS_BIT(CARE) | CLASS_BIT(REFERRAL) |         \
     CLASS_BIT(RECORD) | CLASS_BIT(ALLERGY) | CLASS_BIT(MEDICINES) | CLASS_BIT(PRESCRIPTION) | \
     CLASS_BIT(SUPPLY))

/* Care data that names no patient is in nobody's record, so that no relationship, choice or seal is
 * about it: a document, a message, a stored bundle may be about anybody. It may be brought;
 * programs read it by their scopes, and those who look after the node. Teams say who works here;
 * whoever reviews sees every Task there is of a patient's, and so those about other members, too.
 */
static bool is_astray(const struct grant *g, fhir_type type)
{
    if (type == TYPE_Task && grant_has(g, ACTIVITY_REVIEW)) {
        return false;
    }
    const uint32_t classes = (CARE_CLASSES | CLASS_BIT(TASK) | CLASS_BIT(MESSAGE));
    return (classes >> type_class(type) & 1) && type != TYPE_CareTeam &&
           !grant_has(g, ACTIVITY_MANAGE_NODE);
}

/* Rights on what belongs to no patient. */
static uint8_t rights_outside(const struct grant *g, fhir_type type)
{
    uint32_t class = UINT32_C(1) << type_class(type);
    uint8_t rights = class & PUBLIC_CLASSES ? g->rights[type] : g->elsewhere[type];
    switch (g->config.actor->kind) {
    case ACTOR_PERSON:
        return person_may_outside(type) ? g->rights[type] & MAY_SEE : 0;
    case ACTOR_PROFESSIONAL:
        if ((class & CARE_CLASSES) && !grant_has(g, ACTIVITY_VIEW_RECORD)) {
            return 0;
        }
        return is_astray(g, type) ? rights & MAY_CREATE : rights;
    case ACTOR_SYSTEM:
        return rights;
    default:
        return 0;
    }
}

/* --- labels ------------------------------------------------------------------------------------
 */

/* A party that the label names goes on seeing the entry. Of a version whose seal is gone the
 * parties are not known any more. */
static bool is_named(const struct grant *g, const struct sheet *s, const struct sheet_mark *mark,
                     uint32_t labels)
{
    for (size_t i = 0; i < mark->party_count; i++) {
        const struct sheet_mark_party *p = &s->mark_parties[mark->first_party + i];
        if ((p->label & labels) && p->party && grant_is_party(g, p->party)) {
            return true;
        }
    }
    return false;
}

/* Hidden from those it protects from; where it is not known from whom, from all but those whose
 * task it is. */
static bool is_protected_from(const struct grant *g, const struct sheet *s,
                              const struct sheet_mark *mark)
{
    bool known = false;
    for (size_t i = 0; i < mark->party_count; i++) {
        const struct sheet_mark_party *p = &s->mark_parties[mark->first_party + i];
        if (!(p->label & LABEL_PROTECTS)) {
            continue;
        }
        if (p->party && grant_is_party(g, p->party)) {
            return true;
        }
        known = p->party != 0;
        if (!known) {
            break;
        }
    }
    return !known && !grant_has(g, ACTIVITY_SAFEGUARD);
}

/* Of the labels that a party or a date may open, those that hide the entry. */
static uint32_t hidden_after_all(const struct grant *g, const struct sheet *s,
                                 const struct sheet_mark *mark, uint32_t asked)
{
    uint32_t hides = 0;
    uint32_t seals = asked & (LABEL_SEALED | LABEL_LOCKED);
    if (seals && !is_named(g, s, mark, seals & LABEL_LOCKED ? LABEL_LOCKED : LABEL_SEALED)) {
        hides |= seals;
    }
    if ((asked & LABEL_PROTECTS) && is_protected_from(g, s, mark)) {
        hides |= LABEL_PROTECTS;
    }
    bool released = (mark->labels & LABEL_HELD) && g->config.now_ms >= mark->held_until;
    if ((asked & LABEL_HELD) && !released) {
        hides |= LABEL_HELD;
    }
    return hides;
}

/* The labels that hide an entry, LABEL_CATEGORIES too for one that is not shared as a whole. 0: it
 * is seen. `duty`: choices do not count. */
static uint32_t hiding_itself(const struct grant *g, const struct decision *d,
                              const struct sheet *s, const struct sheet_mark *mark, bool past,
                              bool duty)
{
    uint32_t labels = mark->labels | (past ? mark->past : 0);
    uint32_t denied = d->hidden;
    bool plain = d->plain;
    if (d->chosen && mark->named && !duty) {
        struct choosing c = choices_of_entry(g, d, s, mark->rid);
        denied = d->fixed | c.denied;
        plain = c.plain;
    }
    if (duty) {
        denied = d->fixed;
        plain = true;
    }
    uint32_t hides = labels & denied;
    if (!(labels & LABEL_CATEGORIES) && !plain) {
        hides |= LABEL_CATEGORIES & ~(uint32_t)LABEL_SAFEGUARDING;
    }
    return hides | hidden_after_all(g, s, mark, labels & d->asks & ~denied);
}

/* ... and those that hide what it is about. An answer is about a question, which is about an
 * entry: no longer row is made. */
static uint32_t hiding(const struct grant *g, const struct decision *d, const struct sheet *s,
                       const struct sheet_mark *mark, bool past, bool duty)
{
    uint32_t hides = hiding_itself(g, d, s, mark, past, duty);
    for (unsigned left = ABOUT_DEPTH; mark->about; left--) {
        if (left == 0) {
            return hides | LABEL_LOCKED;
        }
        mark = &s->marks[mark->about - 1];
        hides |= hiding_itself(g, d, s, mark, past || mark->gone, duty);
    }
    return hides;
}

/* --- seeing ------------------------------------------------------------------------------------
 */

static bool class_is_open(const struct decision *d, unsigned class)
{
    return (d->duty | d->classes) >> class & 1;
}

/* Requests are between the patient and those who look after them: who reads Tasks for another
 * reason does not read these. */
static bool asks_are_hidden(const struct grant *g, const struct decision *d, unsigned class)
{
    bool by_duty = (d->duty & ~d->classes) >> class & 1;
    return grant_is(g, ACTOR_PROFESSIONAL) && (by_duty || !grant_has(g, ACTIVITY_VIEW_RECORD));
}

/* No label and no choice takes a single entry of the class away. */
static bool no_mark_hides(const struct grant *g, const struct decision *d, const struct sheet *s,
                          unsigned class)
{
    bool duty = d->duty >> class & 1;
    return !(s && s->asked && asks_are_hidden(g, d, class)) && (duty || (d->plain && !d->chosen)) &&
           !(s && (s->labels & (d->hidden | d->asks)));
}

static bool sees_of_patient(const struct grant *g, const struct decision *d, const struct sheet *s,
                            fhir_type type, uint64_t rid, bool past)
{
    unsigned class = type_class(type);
    bool duty = d->duty >> class & 1;
    if (!class_is_open(d, class)) {
        return false;
    }
    if (no_mark_hides(g, d, s, class)) {
        return true;
    }
    const struct sheet_mark *mark = s && s->mark_count ? sheet_mark_find(s, rid) : NULL;
    return mark ? !(mark->asked && asks_are_hidden(g, d, class)) &&
                      hiding(g, d, s, mark, past, duty && !mark->asked) == 0
                : duty || d->plain;
}

static bool sees_type(const struct grant *g, const struct decision *d, fhir_type type)
{
    const uint8_t *rights = d->in_context ? g->rights : g->elsewhere;
    return d->reads && (rights[type] & MAY_SEE);
}

bool grant_sees(const struct grant *g, const struct decision *d, const struct sheet *s,
                fhir_type type, uint64_t rid, bool past)
{
    if (!g || g->all) {
        return g != NULL;
    }
    if (!g->config.actor || type == 0 || type >= TYPE_COUNT) {
        return false;
    }
    if (!d) {
        return compartment_of(rid) < FIRST_PATIENT && (rights_outside(g, type) & MAY_SEE);
    }
    return sees_type(g, d, type) && (g->trusted || sees_of_patient(g, d, s, type, rid, past));
}

bool grant_sees_whole(const struct grant *g, const struct decision *d, const struct sheet *s,
                      fhir_type type)
{
    if (!g || g->all || !g->config.actor || type == 0 || type >= TYPE_COUNT) {
        return g && g->all;
    }
    unsigned class = type_class(type);
    return sees_type(g, d, type) &&
           (g->trusted || (class_is_open(d, class) && no_mark_hides(g, d, s, class)));
}

/* --- writing -----------------------------------------------------------------------------------
 */

/* A proxy writes by function; what is in the person's own words only the person writes. */
static bool function_lets(const struct decision *d, fhir_type type)
{
    if (d->relation != RELATION_PROXY) {
        return true;
    }
    if (policy_own_type(type)) {
        return false;
    }
    switch (type_class(type)) {
    case CLASS_BOOKING:
        return d->functions & PROXY_BOOK;
    case CLASS_MESSAGE:
        return d->functions & PROXY_MESSAGE;
    default:
        return d->functions & PROXY_VIEW;
    }
}

bool grant_writes(const struct grant *g, const struct decision *d, const struct sheet *s,
                  fhir_type type, uint64_t rid, bool is_new, uint8_t rights)
{
    if (!g || g->all) {
        return g != NULL;
    }
    if (!g->config.actor || type == 0 || type >= TYPE_COUNT || !rights) {
        return false;
    }
    if (!d) {
        return compartment_of(rid) < FIRST_PATIENT &&
               (rights_outside(g, type) & rights) == rights &&
               (is_new || (rights_outside(g, type) & MAY_SEE));
    }
    const uint8_t *mine = d->in_context ? g->rights : g->elsewhere;
    if (!d->writes || (mine[type] & rights) != rights || !function_lets(d, type)) {
        return false;
    }
    if (!is_new) {
        bool who_alone = d->demographics_only && type_class(type) == CLASS_PATIENT;
        return !who_alone && grant_sees(g, d, s, type, rid, false);
    }
    unsigned class = type_class(type);
    /* Without a relationship, a registration may begin: it gives one. */
    bool begins = d->demographics_only && type == TYPE_EpisodeOfCare &&
                  grant_has(g, ACTIVITY_REGISTER_PATIENTS);
    return begins || (d->duty >> class & 1) || (!d->demographics_only && (d->classes >> class & 1));
}

bool grant_may_found(const struct grant *g, fhir_type type)
{
    if (!g || g->all) {
        return g != NULL;
    }
    if (!g->config.actor || type == 0 || type >= TYPE_COUNT) {
        return false;
    }
    if (type == FHIR_PATIENT) {
        return !grant_is(g, ACTOR_PERSON) && (g->elsewhere[type] & MAY_CREATE);
    }
    return rights_outside(g, type) & MAY_CREATE;
}

/* --- what is told ------------------------------------------------------------------------------
 */

/* Labels of whose presence nothing is told. */
enum {
    NEVER_TOLD = LABEL_LOCKED | LABEL_PROTECTS | LABEL_SAFEGUARDING,
};

uint32_t grant_withheld(const struct grant *g, const struct decision *d, const struct sheet *s)
{
    if (!g || g->all || !d || !g->config.actor) {
        return 0;
    }
    bool self = d->reads && d->relation == RELATION_SELF;
    bool professional = grant_is(g, ACTOR_PROFESSIONAL) && g->config.tells_withheld;
    if (professional && d->missing == MISSING_CHOICE) {
        return LABEL_SEALED; /* something is not shared: not what */
    }
    professional =
        professional && d->reads && d->relation != RELATION_NONE && d->relation != RELATION_DUTY;
    if (!s || (!self && !professional)) {
        return 0;
    }
    uint32_t withheld = professional && !d->plain ? LABEL_SEALED : 0;
    for (size_t i = 0; i < s->mark_count; i++) {
        const struct sheet_mark *mark = &s->marks[i];
        unsigned class = type_class(mark->type);
        if (!(d->classes >> class & 1) || mark->type == 0) {
            continue;
        }
        uint32_t hides = hiding(g, d, s, mark, false, d->duty >> class & 1);
        if (self) {
            withheld |= hides == LABEL_HELD ? LABEL_HELD : 0;
        } else if (hides && !(hides & NEVER_TOLD)) {
            withheld |= LABEL_SEALED;
        }
    }
    return withheld;
}
