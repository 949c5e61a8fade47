/* What a write says of who may see: whether it is this actor's to say. */
#include "policy/facts_int.h"
#include "policy/grant_int.h"

static bool is_self(const struct grant *g, text party)
{
    const struct actor *actor = g->config.actor;
    for (size_t i = 0; i < actor->party_count; i++) {
        if (party.n && text_eq(actor->parties[i], party)) {
            return true;
        }
    }
    return false;
}

/* The person, in whatever role or team; an organisation is many. */
static bool is_self_alone(const struct grant *g, text party)
{
    return !text_starts(party, T("Organization/")) && is_self(g, party);
}

/* Whether a choice is about what the actor sees: it names them, or everybody, or an organisation or
 * team that they are in. Whoever sees no records gains nothing by it, and may write it down. */
static bool is_about_self(const struct grant *g, const struct fact *f)
{
    const uint32_t elsewhere = 1U << PURPOSE_RESEARCH | 1U << PURPOSE_PUBLIC_HEALTH;
    bool sees = grant_has(g, ACTIVITY_VIEW_RECORD) || grant_has(g, ACTIVITY_VIEW_MEDICINES);
    bool other = f->purposes && !(f->purposes & ~elsewhere) && !grant_has(g, ACTIVITY_RESEARCH);
    return is_self_alone(g, f->name) || (sees && !other && (f->name.n == 0 || is_self(g, f->name)));
}

/* Whether the facts say as much already (or go on to say it). */
static bool say(text facts, const struct fact *wanted)
{
    uint32_t labels;
    text items;
    struct fact f;
    if (!facts_open(facts, &labels, &items)) {
        return false;
    }
    while (facts_next(&items, &f) > 0) {
        if (f.kind == wanted->kind && f.detail == wanted->detail && f.flags == wanted->flags &&
            f.from <= wanted->from && f.until >= wanted->until && f.written == wanted->written &&
            f.categories == wanted->categories && f.purposes == wanted->purposes &&
            text_eq(f.name, wanted->name)) {
            return true;
        }
    }
    return false;
}

/* A relationship that lasts as long as its writer likes, and that has no second look. Who registers
 * people gives their organisation one, but not the person that they are: in another role it would
 * open the record to them. */
static bool may_relate(const struct grant *g, const struct decision *d, fhir_type type, bool is_new,
                       const struct fact *f)
{
    bool in_care = !d || (d->relation != RELATION_NONE && d->relation != RELATION_DUTY &&
                          d->relation != RELATION_CLAIMED && d->relation != RELATION_OVERRIDE);
    if (type == TYPE_CareTeam && !is_new && is_self_alone(g, f->name)) {
        return false; /* what names the team names its members */
    }
    return in_care || !(grant_has(g, ACTIVITY_VIEW_RECORD) || is_self_alone(g, f->name));
}

static bool may_say(const struct grant *g, const struct decision *d, fhir_type type, bool is_new,
                    const struct fact *f)
{
    switch (f->kind) {
    case FACT_OVERRIDE:
        return false; /* only with the second look and the notice that $open sees to */
    case FACT_PROXY:
        return !is_self(g, f->name);
    case FACT_CHOICE:
        return !(f->flags & CHOICE_PERMIT) || !is_about_self(g, f);
    case FACT_RELATION:
        if (f->detail == RELATION_CLAIMED) {
            return false;
        }
        if (f->detail == RELATION_GRANT && is_self_alone(g, f->name)) {
            return false;
        }
        return !is_self(g, f->name) || may_relate(g, d, type, is_new, f);
    default:
        return true;
    }
}

/* A refusal that the patient wrote, or that is about the actor, is not the actor's to take away;
 * nor is an emergency, which has a second look to come. `noted`: it is the patient's wish, which
 * the log then tells them of. */
static bool may_unsay(const struct grant *g, const struct fact *f, bool noted)
{
    if (f->kind == FACT_OVERRIDE) {
        return false;
    }
    bool by_self = (f->flags & CHOICE_BY_SELF) && !noted;
    return f->kind != FACT_CHOICE || (f->flags & CHOICE_PERMIT) ||
           !(by_self || is_self(g, f->name) || is_about_self(g, f));
}

static bool opens(const struct grant *g, const struct decision *d, fhir_type type, bool is_new,
                  text before, text after, bool noted)
{
    uint32_t labels;
    text items;
    struct fact f;
    int more = 1;
    if (!g || g->all || g->trusted) {
        return g != NULL;
    }
    if (!g->config.actor || !facts_open(after, &labels, &items)) {
        return false;
    }
    while ((more = facts_next(&items, &f)) > 0) {
        if (!say(before, &f) && !may_say(g, d, type, is_new, &f)) {
            return false;
        }
    }
    if (more < 0 || !facts_open(before, &labels, &items)) {
        return false;
    }
    while ((more = facts_next(&items, &f)) > 0) {
        if (!say(after, &f) && !may_unsay(g, &f, noted)) {
            return false;
        }
    }
    return more == 0;
}

static text author_of(text facts)
{
    uint32_t labels;
    text items;
    struct fact f;
    text author = T("");
    if (facts_open(facts, &labels, &items)) {
        while (!author.n && facts_next(&items, &f) > 0) {
            author = f.kind == FACT_AUTHOR ? f.name : author;
        }
    }
    return author;
}

/* Whose own entry it is; empty: nobody's. */
static text owner_of(text facts)
{
    struct fact own;
    return facts_own(facts, &own) && own.detail == OWN_RIGHT ? own.name : T("");
}

/* As the patient whose record it is, not as somebody who acts for them. */
static bool is_own(const struct grant *g, text facts)
{
    text owner = owner_of(facts);
    return text_starts(owner, T("Patient/")) &&
           text_eq(text_from(owner, T("Patient/").n), g->config.actor->patient);
}

bool grant_authors(const struct grant *g, fhir_type type, bool is_new, text before, text after)
{
    struct fact own;
    if (!g || g->all || g->trusted) {
        return g != NULL;
    }
    if (!grant_is(g, ACTOR_PERSON)) { /* nobody else says what is in a person's own words */
        return text_eq(owner_of(before), owner_of(after)) &&
               (!facts_own(after, &own) || own.detail == OWN_RIGHT);
    }
    if (policy_own_type(type)) {
        return is_own(g, after) && (is_new || is_own(g, before));
    }
    if (type != TYPE_QuestionnaireResponse) {
        return !facts_own(after, &own);
    }
    return is_self(g, author_of(after)) && (is_new || is_self(g, author_of(before)));
}

uint32_t grant_labels_of(const struct grant *g, text before)
{
    bool own = g && !g->all && grant_is(g, ACTOR_PERSON) && is_own(g, before);
    uint32_t categories = LABEL_CATEGORIES & ~(uint32_t)LABEL_SAFEGUARDING;
    return facts_labels(before) & ~(own ? categories : 0);
}

bool grant_rewords(const struct grant *g, fhir_type type, text before)
{
    if (!g || g->all || g->trusted) {
        return g != NULL;
    }
    if (grant_is(g, ACTOR_PERSON)) {
        return !policy_own_type(type) || is_own(g, before);
    }
    return owner_of(before).n == 0;
}

bool grant_opens(const struct grant *g, const struct decision *d, fhir_type type, bool is_new,
                 text before, text after)
{
    return opens(g, d, type, is_new, before, after, false);
}

bool grant_notes(const struct grant *g, const struct decision *d, text before, text after)
{
    return opens(g, d, TYPE_Consent, before.n == 0, before, after, true);
}
