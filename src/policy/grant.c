#include "policy/grant_int.h"

#include <stdlib.h>

static const struct actor local_actor = {.kind = ACTOR_NODE, .purpose = PURPOSE_SYSTEM};

const struct grant *policy_local_administrator(void)
{
    static const struct grant everything = {.config = {.actor = &local_actor}, .all = true};
    return &everything;
}

/* --- scopes ------------------------------------------------------------------------------------
 */

/* A scope with parameters that were not compiled gives nothing. */
static uint8_t scope_rights_of(const struct scopes *s, size_t at)
{
    bool compiled = s->items[at].query.n == 0 || (s->plans && s->plans[at]);
    return compiled ? s->items[at].rights & MAY_ALL : 0;
}

static bool scope_covers(const struct scopes *s, size_t at, fhir_type type, unsigned levels)
{
    return (s->items[at].level & levels) && (s->items[at].type == 0 || s->items[at].type == type) &&
           scope_rights_of(s, at);
}

/* The levels that count: a program's scopes are of the system, a person's never. */
static unsigned levels_of(const struct grant *g)
{
    return grant_is(g, ACTOR_SYSTEM) ? SCOPE_SYSTEM : SCOPE_USER;
}

/* What scopes of these levels give on each type. */
static void scope_rights(const struct scopes *s, unsigned levels, uint8_t ret_rights[256])
{
    uint8_t on_all = 0;
    memset(ret_rights, 0, 256);
    for (size_t i = 0; i < s->count; i++) {
        const struct scope *scope = &s->items[i];
        uint8_t *rights = scope->type ? &ret_rights[scope->type] : &on_all;
        *rights |= scope->level & levels ? scope_rights_of(s, i) : 0;
    }
    for (unsigned t = 0; t < 256; t++) {
        ret_rights[t] |= on_all;
    }
}

/*
 * The plans that limit one right on one type. Where scopes of a level that reaches every patient
 * give the right, their limits hold for all patients: those of patient-level scopes would open more
 * of other patients than was granted.
 */
static bool limit_right(const struct scopes *s, fhir_type type, unsigned levels, unsigned right,
                        struct grant_limits *limits, struct arena *a)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (scope_covers(s, i, type, levels) && (s->items[i].rights >> right & 1)) {
            if (s->items[i].query.n == 0) {
                return true;
            }
            count++;
        }
    }
    const struct plan **plans = count ? arena_zalloc(a, count, sizeof *plans) : NULL;
    if (count && !plans) {
        return false;
    }
    limits->plans[right] = plans;
    for (size_t i = 0; i < s->count; i++) {
        if (scope_covers(s, i, type, levels) && (s->items[i].rights >> right & 1)) {
            plans[limits->counts[right]++] = s->plans[i];
        }
    }
    return true;
}

static bool has_queries(const struct scopes *s)
{
    bool has = false;
    for (size_t i = 0; i < s->count; i++) {
        has = has || s->items[i].query.n;
    }
    return has;
}

static bool make_limits(struct grant *g, unsigned levels, struct arena *a)
{
    const struct scopes *s = g->config.scopes;
    if (!s || !has_queries(s)) {
        return true;
    }
    struct grant_limits *limits = arena_zalloc(a, 256, sizeof *limits);
    uint8_t wides[256];
    g->limits = limits;
    scope_rights(s, levels, wides);
    for (unsigned t = 1; limits && t < TYPE_COUNT; t++) {
        fhir_type type = (fhir_type)t;
        for (unsigned right = 0; right < RIGHT_COUNT; right++) {
            unsigned of = (wides[t] >> right & 1) ? levels : SCOPE_PATIENT;
            if (!limit_right(s, type, of, right, &limits[t], a)) {
                return false;
            }
        }
    }
    return limits != NULL;
}

/* --- making ------------------------------------------------------------------------------------
 */

/* What the purpose leaves of a role: for research a researcher may read, and no one else for it;
 * a researcher does not read for anything else. */
static uint64_t activities_of(const struct actor *actor)
{
    uint64_t given = actor->kind == ACTOR_PROFESSIONAL ? actor->activities : 0;
    uint64_t research = ACTIVITY_BIT(ACTIVITY_RESEARCH) | ACTIVITY_BIT(ACTIVITY_EXPORT);
    if (actor->purpose == PURPOSE_RESEARCH) {
        return given & ACTIVITY_BIT(ACTIVITY_RESEARCH) ? given & research : 0;
    }
    return given & ~ACTIVITY_BIT(ACTIVITY_RESEARCH);
}

/* What the role lets do on each type; all else stays 0. */
static void fill_role(const struct grant *g, uint8_t role[256])
{
    uint8_t by_class[CLASS_COUNT];
    switch (g->config.actor->kind) {
    case ACTOR_PERSON:
        for (unsigned t = 1; t < TYPE_COUNT; t++) {
            role[t] = person_may((fhir_type)t);
        }
        break;
    case ACTOR_PROFESSIONAL:
        activities_open(g->activities, by_class);
        for (unsigned t = 1; t < TYPE_COUNT; t++) {
            role[t] = by_class[type_classes[t]];
        }
        break;
    case ACTOR_SYSTEM:
        memset(role + 1, g->config.scopes ? MAY_ALL : 0, TYPE_COUNT - 1); /* by scopes alone */
        break;
    default:
        break;
    }
}

/* Classes with a type on which one of these rights is given. */
static uint32_t classes_with(const uint8_t given[256], unsigned rights)
{
    uint8_t by_class[CLASS_COUNT] = {0};
    uint32_t classes = 0;
    for (unsigned t = 1; t < TYPE_COUNT; t++) {
        by_class[type_classes[t]] |= given[t];
    }
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        classes |= by_class[c] & rights ? UINT32_C(1) << c : 0;
    }
    return classes;
}

/* Once for each request: plain loops over all numbers, so that the compiler makes few steps of
 * them. */
static void fill_rights(struct grant *g, unsigned levels)
{
    const struct scopes *s = g->config.scopes;
    bool in_context = s && s->patient.n && !grant_is(g, ACTOR_SYSTEM);
    uint8_t role[256] = {0}, patient[256] = {0};
    fill_role(g, role);
    if (s) {
        scope_rights(s, levels, g->elsewhere);
    } else {
        memset(g->elsewhere, MAY_ALL, sizeof g->elsewhere);
    }
    if (in_context) {
        scope_rights(s, SCOPE_PATIENT, patient);
    }
    for (unsigned t = 0; t < 256; t++) {
        g->rights[t] = role[t] & (g->elsewhere[t] | patient[t]);
        g->elsewhere[t] &= role[t];
    }
    g->role_classes = classes_with(role, MAY_SEE);
    g->open_classes[0] = classes_with(g->elsewhere, MAY_ALL & ~(unsigned)MAY_DELETE);
    g->open_classes[1] = classes_with(g->rights, MAY_ALL & ~(unsigned)MAY_DELETE);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static bool hash_parties(struct grant *g, struct arena *a)
{
    const struct actor *actor = g->config.actor;
    g->parties = arena_zalloc(a, actor->party_count ? actor->party_count : 1, sizeof *g->parties);
    if (!g->parties) {
        return false;
    }
    for (size_t i = 0; i < actor->party_count; i++) {
        uint64_t h = hash_text(g->config.key, actor->parties[i]);
        g->parties[i] = h ? h : 1; /* as in sheets: 0 is nobody in particular */
    }
    qsort(g->parties, actor->party_count, sizeof *g->parties, by_value);
    for (size_t i = 0; i < actor->party_count; i++) {
        if (i == 0 || g->parties[i] != g->parties[i - 1]) {
            g->parties[g->party_count++] = g->parties[i];
        }
    }
    return true;
}

/* A program of the administrator's reads without a predicate where its scopes leave out nothing. */
static bool opens_all(const struct grant *g)
{
    if (!g->trusted || g->limits) {
        return false;
    }
    for (unsigned t = 1; t < TYPE_COUNT; t++) {
        if (g->elsewhere[t] != MAY_ALL) {
            return false;
        }
    }
    return true;
}

const struct grant *grant_make(const struct grant_config *config, struct arena *a)
{
    struct grant *g = arena_zalloc(a, 1, sizeof *g);
    if (!g) {
        return NULL;
    }
    g->config = *config;
    if (!config->actor || (unsigned)config->actor->purpose >= PURPOSE_COUNT) {
        g->config.actor = NULL; /* nobody */
        return g;
    }
    if (config->actor->kind == ACTOR_NODE) {
        g->all = !config->scopes;
        return g;
    }
    unsigned levels = levels_of(g);
    g->activities = activities_of(config->actor);
    g->trusted = config->actor->kind == ACTOR_SYSTEM && config->scopes &&
                 (config->actor->activities & ACTIVITY_BIT(ACTIVITY_MANAGE_NODE));
    fill_rights(g, levels);
    if (!hash_parties(g, a) || !make_limits(g, levels, a)) {
        return NULL;
    }
    g->all = opens_all(g);
    return g;
}

/* --- questions about the grant itself ----------------------------------------------------------
 */

bool grant_trusted(const struct grant *g)
{
    return g && (g->all || g->trusted);
}

bool grant_is_party(const struct grant *g, uint64_t party)
{
    for (size_t i = 0; i < g->party_count; i++) {
        if (g->parties[i] == party) {
            return true;
        }
    }
    return false;
}

bool grant_reads_all(const struct grant *g)
{
    return g && g->all;
}

bool grant_chooses_ids(const struct grant *g)
{
    return g && g->all;
}

const struct actor *grant_actor(const struct grant *g)
{
    static const struct actor nobody = {.kind = ACTOR_NOBODY};
    return g && g->config.actor ? g->config.actor : &nobody;
}

uint8_t grant_rights(const struct grant *g, fhir_type type)
{
    return !g ? 0 : g->all ? MAY_ALL : g->rights[type];
}

const struct plan *const *grant_only(const struct grant *g, fhir_type type, uint8_t rights,
                                     size_t *ret_count)
{
    *ret_count = 0;
    for (unsigned right = 0; g && !g->all && g->limits && right < RIGHT_COUNT; right++) {
        if ((rights >> right & 1) && g->limits[type].counts[right]) {
            *ret_count = g->limits[type].counts[right];
            return g->limits[type].plans[right];
        }
    }
    return NULL;
}

/* Which right on which type a token has to leave for an activity; type 0: on every type. */
static bool scope_leaves(const struct grant *g, enum activity a)
{
    fhir_type type = 0;
    uint8_t right = MAY_ALL;
    uint8_t may[CLASS_COUNT];
    switch (a) {
    case ACTIVITY_RECORD_CONSENT:
    case ACTIVITY_CLAIM:
    case ACTIVITY_OVERRIDE:
        type = TYPE_Consent;
        right = MAY_CREATE;
        break;
    case ACTIVITY_REVIEW:
        type = TYPE_Task;
        right = MAY_UPDATE;
        break;
    case ACTIVITY_VIEW_AUDIT:
        type = TYPE_AuditEvent;
        right = MAY_SEE;
        break;
    case ACTIVITY_EXPORT:
        right = MAY_SEE;
        break;
    case ACTIVITY_SEAL:
        right = MAY_UPDATE;
        break;
    case ACTIVITY_MANAGE_PEOPLE:
    case ACTIVITY_MANAGE_NODE:
        break;
    default: { /* some type that the activity opens, for something that it opens */
        activities_open(ACTIVITY_BIT(a), may);
        for (unsigned t = 1; t < TYPE_COUNT; t++) {
            bool is_public = PUBLIC_CLASSES >> type_classes[t] & 1;
            if ((g->rights[t] & may[type_classes[t]]) &&
                (!is_public || a == ACTIVITY_MANAGE_DIRECTORY)) {
                return a != ACTIVITY_MANAGE_DIRECTORY ||
                       (g->rights[TYPE_Organization] & MAY_UPDATE);
            }
        }
        return false;
    }
    }
    for (size_t i = 0; i < g->config.scopes->count; i++) {
        const struct scope *s = &g->config.scopes->items[i];
        if ((s->level & (SCOPE_USER | SCOPE_SYSTEM | SCOPE_PATIENT)) && s->query.n == 0 &&
            (s->type == 0 || (type && s->type == type)) && (s->rights & right) == right) {
            return true;
        }
    }
    return false;
}

bool grant_can(const struct grant *g, enum activity a)
{
    if (!g || (unsigned)a >= ACTIVITY_COUNT || !g->config.actor) {
        return false;
    }
    if (g->all) {
        return true;
    }
    if (grant_is(g, ACTOR_SYSTEM)) {
        /* Bulk export is what such programs are for; it holds what they see, and no more. */
        return a == ACTIVITY_EXPORT && g->open_classes[0] != 0;
    }
    return (g->activities & ACTIVITY_BIT(a)) && (!g->config.scopes || scope_leaves(g, a));
}

bool grant_relabels(const struct grant *g, uint32_t before, uint32_t after)
{
    static const struct {
        uint32_t labels;
        enum activity activity;
    } rows[] = {
        {LABEL_SEALED | LABEL_LOCKED, ACTIVITY_SEAL},
        {LABEL_SAFEGUARDING | LABEL_PROTECTS, ACTIVITY_SAFEGUARD},
        {LABEL_HELD | LABEL_NOT_PATIENT | LABEL_THIRD_PARTY | LABEL_NOT_PROXY,
         ACTIVITY_WRITE_RECORD},
        {LABEL_RESTRICTED, ACTIVITY_AMEND_DEMOGRAPHICS},
    };
    if (!g || g->all) {
        return g != NULL;
    }
    /* Categories may be added by anyone: rules add them. */
    uint32_t changed =
        (before ^ after) & ~(after & LABEL_CATEGORIES & ~(uint32_t)LABEL_SAFEGUARDING);
    if (grant_is(g, ACTOR_SYSTEM)) {
        return g->trusted || !(changed & before);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((changed & rows[i].labels) && !grant_has(g, rows[i].activity)) {
            return false;
        }
        changed &= ~rows[i].labels;
    }
    return !changed || grant_has(g, ACTIVITY_WRITE_RECORD);
}
