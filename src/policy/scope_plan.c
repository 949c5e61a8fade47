#include "policy/scope.h"

static int compile(const struct scope *s, const struct index_rules *rules, struct arena *a,
                   const struct plan **ret_plan, struct err *e)
{
    struct limits limits = limits_default();
    struct search_pair *pairs = NULL;
    struct search_question q = {
        .types = &s->type, .type_count = 1, .rules = rules, .limits = &limits};
    struct plan *plan = arena_zalloc(a, 1, sizeof *plan);
    struct err why = {0};
    if (!plan) {
        return err_set(e, ERR_MEMORY, "scopes need more memory than the request may have");
    }
    int code = search_decode(s->query, &limits, a, &pairs, &q.count, &why);
    q.pairs = pairs;
    code = code ? code : search_parse_criteria(&q, a, plan, &why);
    if (code == ERR_MEMORY) {
        return err_set(e, code, "%s", err_text(&why));
    }
    if (code) {
        return err_set(e, ERR_NOT_SUPPORTED, "the scope '%.*s' cannot be used here: %s",
                       TEXT_ARG(text_short(s->words, 100)), err_text(&why));
    }
    /* A plan without a root would match everything: a scope with parameters never means that. */
    if (!plan->root || plan_joins(plan->root)) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the scope '%.*s' asks for more than the resource itself can say",
                       TEXT_ARG(text_short(s->words, 100)));
    }
    *ret_plan = plan;
    return 0;
}

int scopes_plan(struct scopes *s, const struct index_rules *rules, struct arena *a, struct err *e)
{
    const struct plan **plans = arena_zalloc(a, s->count ? s->count : 1, sizeof *plans);
    int code =
        plans ? 0 : err_set(e, ERR_MEMORY, "scopes need more memory than the request may have");
    for (size_t i = 0; !code && i < s->count; i++) {
        if (s->items[i].query.n) {
            code = compile(&s->items[i], rules, a, &plans[i], e);
        }
    }
    if (!code) {
        s->plans = plans;
    }
    return code;
}

uint8_t scopes_rights(const struct scopes *s, fhir_type type, bool about_patient, bool *ret_limited)
{
    uint8_t rights = 0;
    bool free_of_query = false;
    for (size_t i = 0; i < s->count; i++) {
        const struct scope *one = &s->items[i];
        if ((one->type && one->type != type) || (one->level == SCOPE_PATIENT && !about_patient)) {
            continue;
        }
        rights |= one->rights;
        free_of_query = free_of_query || !one->query.n;
    }
    *ret_limited = rights && !free_of_query;
    return rights;
}
