/* About one patient: activity, relationship, choices, and which labels hide. docs/policy.md has the
 * truth table that this follows. */
#include "policy/grant_int.h"

#include <string.h>

/* Only what an actor may see of a patient is decided here; rights on types stand in the grant. */

static void refuse(struct decision *d, enum missing missing)
{
    *d = (struct decision){
        .missing = (uint8_t)missing, .hidden = UINT32_MAX, .in_context = d->in_context};
}

static void allow(const struct grant *g, struct decision *d, enum relationship relation)
{
    d->reads = true;
    d->writes = true;
    d->missing = MISSING_NOTHING;
    d->relation = (uint8_t)relation;
    d->functions = UINT32_MAX;
    if (!((d->classes | d->duty) & g->open_classes[d->in_context])) {
        refuse(d, MISSING_SCOPE);
    }
}

/* --- professionals ---------------------------------------------------------------------------- */

static enum relationship better(enum relationship a, enum relationship b)
{
    return a == RELATION_NONE || (b != RELATION_NONE && b < a) ? b : a;
}

/* The relationship, and whether an emergency is recorded. A claim and an emergency hold only for
 * those whose role lets them make one. */
static enum relationship relation_of(const struct grant *g, const struct sheet *s,
                                     bool *ret_overridden)
{
    enum relationship relation = RELATION_NONE;
    int64_t now = g->config.now_ms;
    *ret_overridden = g->config.supposes_override && grant_has(g, ACTIVITY_OVERRIDE);
    for (size_t p = 0; s && p < g->party_count; p++) {
        if (!sheet_may_name(s, g->parties[p])) {
            continue;
        }
        size_t from = 0;
        size_t to = s->relation_count;
        while (from < to) {
            size_t at = from + (to - from) / 2;
            if (s->relations[at].party < g->parties[p]) {
                from = at + 1;
            } else {
                to = at;
            }
        }
        for (; from < s->relation_count && s->relations[from].party == g->parties[p]; from++) {
            const struct sheet_relation *r = &s->relations[from];
            if (now < r->from || now >= r->until ||
                (r->relation == RELATION_CLAIMED && !grant_has(g, ACTIVITY_CLAIM)) ||
                (r->relation == RELATION_OVERRIDE && !grant_has(g, ACTIVITY_OVERRIDE))) {
                continue;
            }
            if (r->relation == RELATION_OVERRIDE) {
                *ret_overridden = true;
            } else {
                relation = better(relation, (enum relationship)r->relation);
            }
        }
    }
    return relation == RELATION_NONE && *ret_overridden ? RELATION_OVERRIDE : relation;
}

/* Without a relationship: the task's own types, and who the patient is. */
static void decide_stranger(const struct grant *g, const struct sheet *s, struct decision *d,
                            enum missing missing)
{
    bool findable = grant_has(g, ACTIVITY_VIEW_DEMOGRAPHICS) && !(s && s->restricted);
    refuse(d, missing);
    d->duty = g->role_classes & DUTY_CLASSES;
    if (!grant_has(g, ACTIVITY_REVIEW) && !grant_has(g, ACTIVITY_VIEW_AUDIT)) {
        d->duty = 0;
    }
    d->demographics_only = findable && (g->role_classes & CLASS_BIT(PATIENT)) != 0;
    d->classes = d->demographics_only ? CLASS_BIT(PATIENT) : 0;
    if (!(d->classes | d->duty)) {
        return;
    }
    d->fixed = grant_has(g, ACTIVITY_SAFEGUARD) ? 0 : LABEL_SAFEGUARDING;
    d->hidden = d->fixed;
    d->asks = LABEL_SEALED | LABEL_LOCKED | LABEL_PROTECTS;
    d->plain = true;
    bool duty = d->duty != 0;
    allow(g, d, duty ? RELATION_DUTY : RELATION_NONE);
    d->writes = d->reads && (duty || grant_has(g, ACTIVITY_REGISTER_PATIENTS));
    d->missing = d->reads && duty ? MISSING_NOTHING : d->reads ? (uint8_t)missing : d->missing;
}

static void decide_professional(const struct grant *g, const struct sheet *s, struct decision *d)
{
    if (!(g->role_classes & ~PUBLIC_CLASSES)) {
        refuse(d, MISSING_ACTIVITY);
        return;
    }
    bool overridden;
    enum relationship relation = relation_of(g, s, &overridden);
    if ((relation == RELATION_NONE || relation == RELATION_OVERRIDE) && d->in_context &&
        g->config.actor->stated) {
        relation = (enum relationship)g->config.actor->stated; /* by their node's word */
    }
    bool research = g->config.actor->purpose == PURPOSE_RESEARCH;
    if (relation == RELATION_NONE && !research) {
        decide_stranger(g, s, d, MISSING_RELATIONSHIP); /* whatever the choices say */
        return;
    }
    struct choosing c = choices_of(g, s, overridden, 0);
    if (research && relation == RELATION_NONE && (c.any || c.of_entries)) {
        relation = RELATION_DUTY; /* a permission for research stands in its place */
    }
    if (relation == RELATION_NONE || (!c.any && !c.of_entries)) {
        decide_stranger(g, s, d, relation == RELATION_NONE ? MISSING_RELATIONSHIP : MISSING_CHOICE);
        return;
    }
    d->classes = g->role_classes & ~PUBLIC_CLASSES;
    d->duty = grant_has(g, ACTIVITY_REVIEW) || grant_has(g, ACTIVITY_VIEW_AUDIT)
                  ? g->role_classes & DUTY_CLASSES
                  : 0;
    d->plain = c.plain;
    d->fixed = grant_has(g, ACTIVITY_SAFEGUARD) ? 0 : LABEL_SAFEGUARDING;
    d->hidden = c.denied | d->fixed;
    d->chosen = c.of_entries;
    d->asks = LABEL_LOCKED | LABEL_PROTECTS | (overridden ? 0 : LABEL_SEALED);
    d->overridden = overridden;
    allow(g, d, relation);
}

/* --- patients and proxies --------------------------------------------------------------------- */

static bool reached(const struct grant *g, int64_t birth, int age)
{
    return birth != INT64_MIN && g->config.now_ms >= sheet_birthday(birth, age);
}

static void decide_self(const struct grant *g, const struct sheet *s, struct decision *d)
{
    /* A birth date that is not known, or only its year, never opens what waits for an age. */
    bool grown = s && reached(g, s->birth_until, AGE_ADULT_RECORD);
    d->classes = g->role_classes;
    d->plain = true;
    d->fixed = LABEL_NOT_PATIENT | LABEL_THIRD_PARTY | (grown ? 0 : LABEL_SAFEGUARDING);
    d->hidden = d->fixed;
    d->asks = LABEL_HELD | LABEL_PROTECTS;
    allow(g, d, RELATION_SELF);
}

/* Whether a proxy's Consent holds now. Of a birth date that is known in part, the earliest counts:
 * then a parent's access ends too early rather than too late. */
static bool proxy_holds(const struct grant *g, const struct sheet *s, const struct sheet_proxy *p)
{
    int64_t now = g->config.now_ms;
    if (now < p->from || now >= p->until || now >= s->died) {
        return false; /* nobody acts for the dead: their records are asked for in another way */
    }
    if (p->basis != BASIS_PARENT) {
        return true;
    }
    if (s->birth_from == INT64_MIN || reached(g, s->birth_from, AGE_ADULT_RECORD)) {
        return false;
    }
    return !reached(g, s->birth_from, AGE_CONFIRM) ||
           p->written >= sheet_birthday(s->birth_until, AGE_CONFIRM);
}

static uint32_t proxy_functions(const struct grant *g, const struct sheet *s)
{
    uint32_t functions = 0;
    for (size_t p = 0; s && p < g->party_count; p++) {
        for (size_t i = 0; i < s->proxy_count; i++) {
            if (s->proxies[i].party == g->parties[p] && proxy_holds(g, s, &s->proxies[i])) {
                functions |= s->proxies[i].functions;
            }
        }
    }
    return functions;
}

static uint32_t proxy_classes(uint32_t functions)
{
    uint32_t classes = functions ? CLASS_BIT(PATIENT) : 0;
    if (functions & PROXY_VIEW) {
        classes |= CLASS_BIT(BOOKING) | CLASS_BIT(CARE) | CLASS_BIT(REFERRAL) | CLASS_BIT(RECORD) |
                   CLASS_BIT(ALLERGY) | CLASS_BIT(MEDICINES) | CLASS_BIT(PRESCRIPTION) |
                   CLASS_BIT(SUPPLY) | CLASS_BIT(MESSAGE);
    }
    if (functions & PROXY_BOOK) {
        classes |= CLASS_BIT(BOOKING);
    }
    if (functions & PROXY_ORDER) {
        classes |= CLASS_BIT(MEDICINES) | CLASS_BIT(PRESCRIPTION) | CLASS_BIT(SUPPLY);
    }
    if (functions & PROXY_MESSAGE) {
        classes |= CLASS_BIT(MESSAGE);
    }
    return classes;
}

static void decide_proxy(const struct grant *g, const struct sheet *s, struct decision *d)
{
    uint32_t functions = proxy_functions(g, s);
    if (!functions) {
        refuse(d, MISSING_RELATIONSHIP);
        return;
    }
    bool unknown = s->birth_from == INT64_MIN;
    bool grown = unknown || reached(g, s->birth_from, AGE_CHILD_MAY_REFUSE);
    bool adult = !unknown && reached(g, s->birth_until, AGE_ADULT);
    struct choosing c = choices_about_proxy(g, s, grown, 0);
    if (!c.any && !c.of_entries) {
        refuse(d, MISSING_RELATIONSHIP); /* a proxy is told of nothing, not even of a refusal */
        return;
    }
    d->classes = proxy_classes(functions) & g->role_classes;
    d->plain = c.plain;
    d->fixed = LABEL_SAFEGUARDING | LABEL_NOT_PROXY | LABEL_PROTECTS | LABEL_NOT_PATIENT |
               LABEL_THIRD_PARTY;
    if (grown && !adult) {
        d->fixed |= LABEL_SEXUAL_HEALTH | LABEL_MENTAL_HEALTH;
    }
    d->hidden = c.denied | d->fixed;
    d->chosen = c.of_entries;
    d->asks = LABEL_SEALED | LABEL_LOCKED | LABEL_HELD;
    allow(g, d, RELATION_PROXY);
    d->functions = d->reads ? functions : 0;
}

/* --- programs --------------------------------------------------------------------------------- */

static void decide_system(const struct grant *g, const struct sheet *s, struct decision *d)
{
    d->classes = ALL_CLASSES;
    if (g->trusted) {
        d->plain = true;
        allow(g, d, RELATION_DUTY);
        return;
    }
    struct choosing c = choices_of(g, s, false, 0);
    if (!c.any && !c.of_entries) {
        refuse(d, MISSING_CHOICE);
        return;
    }
    d->plain = c.plain;
    d->fixed = LABEL_SAFEGUARDING | LABEL_SEALED | LABEL_LOCKED;
    d->hidden = c.denied | d->fixed;
    d->chosen = c.of_entries;
    d->asks = LABEL_PROTECTS;
    allow(g, d, RELATION_DUTY);
}

struct choosing choices_of_entry(const struct grant *g, const struct decision *d,
                                 const struct sheet *s, uint64_t rid)
{
    if (d->relation == RELATION_PROXY) {
        bool grown = s->birth_from == INT64_MIN || reached(g, s->birth_from, AGE_CHILD_MAY_REFUSE);
        return choices_about_proxy(g, s, grown, rid);
    }
    return choices_of(g, s, d->overridden, rid);
}

void grant_decide(const struct grant *g, text patient, const struct sheet *s,
                  struct decision *ret_decision)
{
    struct decision d = {0};
    if (!g || (!g->all && !g->config.actor)) {
        refuse(&d, MISSING_ACTIVITY);
        *ret_decision = d;
        return;
    }
    if (g->all) {
        *ret_decision = (struct decision){.reads = true,
                                          .writes = true,
                                          .relation = RELATION_DUTY,
                                          .functions = UINT32_MAX,
                                          .classes = ALL_CLASSES,
                                          .plain = true,
                                          .in_context = true};
        return;
    }
    const struct actor *actor = g->config.actor;
    const struct scopes *scopes = g->config.scopes;
    d.in_context = scopes && patient.n && text_eq(scopes->patient, patient);
    if (actor->kind == ACTOR_PROFESSIONAL) {
        decide_professional(g, s, &d);
    } else if (actor->kind == ACTOR_PERSON && patient.n && text_eq(actor->patient, patient)) {
        decide_self(g, s, &d);
    } else if (actor->kind == ACTOR_PERSON) {
        decide_proxy(g, s, &d);
    } else if (actor->kind == ACTOR_SYSTEM) {
        decide_system(g, s, &d);
    } else {
        refuse(&d, MISSING_ACTIVITY);
    }
    *ret_decision = d;
}

/* --- what decides ----------------------------------------------------------------------------- */

struct bytes {
    unsigned char *p;
    size_t n;
    bool full;
};

static void add_bytes(struct bytes *out, const void *p, size_t n)
{
    out->full = out->full || n > DECIDES_AS_MOST - out->n;
    if (!out->full && n) {
        memcpy(out->p + out->n, p, n);
        out->n += n;
    }
}

static void add_text(struct bytes *out, text t)
{
    add_bytes(out, &t.n, sizeof t.n);
    add_bytes(out, t.p, t.n);
}

/* All that the functions above ask of a grant: what they come to ask more belongs here, too. */
size_t grant_decides_as(const struct grant *g, unsigned char ret_bytes[DECIDES_AS_MOST])
{
    struct bytes out = {.p = ret_bytes};
    if (!g || g->all || !g->config.actor) {
        return 0;
    }
    const struct actor *actor = g->config.actor;
    const struct scopes *scopes = g->config.scopes;
    const uint64_t numbers[] = {(uint64_t)actor->kind,
                                (uint64_t)actor->purpose,
                                g->activities,
                                g->role_classes,
                                g->open_classes[0],
                                g->open_classes[1],
                                g->trusted,
                                g->config.supposes_override,
                                scopes != NULL,
                                g->party_count};
    add_bytes(&out, numbers, sizeof numbers);
    add_text(&out, actor->patient);
    add_text(&out, actor->own_record);
    add_text(&out, scopes ? scopes->patient : T(""));
    add_bytes(&out, g->parties, g->party_count * sizeof *g->parties);
    return out.full ? 0 : out.n;
}

int64_t grant_now(const struct grant *g)
{
    return g ? g->config.now_ms : 0;
}
