/* How a search was run, in words. */
#include "base/clock.h"
#include "store/plan.h"

static text param_name(struct run *r, uint16_t number)
{
    const struct search_param *param = search_param_by_number(r->v->rules.customs, number);
    return param                                   ? param->name
           : (number & 0xFF) == INDEX_LAST_UPDATED ? T("_lastUpdated")
                                                   : T("an own parameter");
}

static text date_words(struct run *r, const struct plan_node *node)
{
    if (node->kind == PLAN_RANGE && node->test == PLAN_TEST_DATE) {
        return arena_printf(&r->lasting, "%.*s in a time", TEXT_ARG(param_name(r, node->param)));
    }
    return arena_printf(&r->lasting, "%.*s in a range", TEXT_ARG(param_name(r, node->param)));
}

static text list_words(struct run *r, const struct plan_node *node, const char *between)
{
    text words = {0};
    for (size_t i = 0; i < node->count && i < 4; i++) {
        text one = explain_words(r, &node->items[i]);
        words = i == 0 ? one
                       : arena_printf(&r->lasting, "%.*s%s%.*s", TEXT_ARG(words), between,
                                      TEXT_ARG(one));
    }
    return node->count > 4 ? arena_printf(&r->lasting, "%.*s%s...", TEXT_ARG(words), between)
                           : words;
}

/* A long code ends in the bytes of a digest (fhir/index.h): those are not for people. */
static text token_words(struct run *r, const struct plan_node *node)
{
    size_t n = text_find(node->value, '\1');
    return arena_printf(&r->lasting, "%.*s = %.*s%s%.*s%s", TEXT_ARG(param_name(r, node->param)),
                        TEXT_ARG(node->system), node->system_mode == PLAN_SYSTEM_ANY ? "" : "|",
                        TEXT_ARG(text_first(node->value, n)), n < node->value.n ? "..." : "");
}

/* The depth is that of the query, which its parser has limited. What is inside is put into words
 * once, before it is printed. */
text explain_words(struct run *r, const struct plan_node *node)
{
    text name = param_name(r, node->param);
    bool is_outer = node->kind == PLAN_NOT || node->kind == PLAN_CHAIN || node->kind == PLAN_HAS;
    text inner = is_outer && node->count ? explain_words(r, &node->items[0]) : T("all");
    switch (node->kind) {
    case PLAN_NONE:
        return T("nothing");
    case PLAN_ALL:
        return arena_printf(&r->lasting, "every %.*s", TEXT_ARG(fhir_type_name(node->type)));
    case PLAN_AND:
        return list_words(r, node, " and ");
    case PLAN_OR:
        return list_words(r, node, " or ");
    case PLAN_NOT:
        return node->count ? arena_printf(&r->lasting, "not %.*s", TEXT_ARG(inner)) : T("not");
    case PLAN_ID:
        return T("_id");
    case PLAN_TOKEN:
        return token_words(r, node);
    case PLAN_SYSTEM:
        return arena_printf(&r->lasting, "%.*s of %.*s", TEXT_ARG(name), TEXT_ARG(node->system));
    case PLAN_RANGE:
        return date_words(r, node);
    case PLAN_HOME:
    case PLAN_COMPARTMENT:
        return T("one patient");
    case PLAN_HOMED:
        return T("any patient");
    case PLAN_UPDATED:
        return T("_lastUpdated in a time");
    case PLAN_WORDS:
        return arena_printf(&r->lasting, "%s has words", node->narrative ? "_text" : "_content");
    case PLAN_CHAIN:
        return arena_printf(&r->lasting, "%.*s -> %.*s (%.*s)", TEXT_ARG(name),
                            TEXT_ARG(fhir_type_name(node->target)), TEXT_ARG(inner));
    case PLAN_HAS:
        return arena_printf(&r->lasting, "%.*s of %.*s (%.*s) refers to it", TEXT_ARG(name),
                            TEXT_ARG(fhir_type_name(node->target)), TEXT_ARG(inner));
    case PLAN_CHECK:
        return arena_printf(&r->lasting, "%.*s by the resource itself",
                            TEXT_ARG(node->checked ? node->checked->name : T("a criterion")));
    case PLAN_VALUE:
    case PLAN_QUANTITY:
    case PLAN_EXISTS:
    case PLAN_TEXT:
    case PLAN_REFERENCE:
        break;
    }
    return name;
}

struct step *explain_step(struct run *r, const struct goal *goal, const char *how,
                          uint64_t estimate)
{
    if (!r->explains) {
        return NULL;
    }
    struct step *step = arena_zalloc(&r->lasting, 1, sizeof *step);
    if (!step) {
        return NULL;
    }
    text what = T("");
    if (goal && goal->node) {
        what = explain_words(r, goal->node);
    } else if (goal && goal->kind == GOAL_SPANS) {
        what = arena_printf(&r->lasting, "%.*s in %zu stretches of keys",
                            TEXT_ARG(fhir_type_name(goal->type)),
                            goal->spans.count ? goal->spans.count : (size_t)1);
    } else if (goal && goal->kind == GOAL_EXACT && goal->value_count) {
        what = param_name(r, goal->values[0].param);
    }
    step->shown = (struct store_explain_step){
        .depth = r->level,
        .what = arena_printf(&r->lasting, "%s %.*s", how, TEXT_ARG(what)),
        .estimate = estimate};
    step->next = r->steps;
    r->steps = step;
    return step;
}

/* To whom does not read everything: the order of steps, their numbers and their times would tell of
 * what is hidden. */
static int give_question(struct run *r, const struct plan *plan, struct arena *a,
                         struct store_explain *ret_explain)
{
    struct store_explain explain = {0};
    for (const struct plan *p = plan; p; p = p->also) {
        explain.count++;
    }
    explain.steps = arena_zalloc(a, explain.count + 1, sizeof *explain.steps);
    if (!explain.steps) {
        return run_memory(r);
    }
    size_t i = 0;
    for (const struct plan *p = plan; p; p = p->also) {
        text words =
            p->root ? explain_words(r, p->root)
                    : arena_printf(&r->lasting, "every %.*s", TEXT_ARG(fhir_type_name(p->type)));
        explain.steps[i++] = (struct store_explain_step){
            .what = arena_printf(a, "look for %.*s", TEXT_ARG(words)), .estimate = UINT64_MAX};
    }
    *ret_explain = explain;
    return 0;
}

int explain_give(struct run *r, const struct plan *plan, struct arena *a,
                 struct store_explain *ret_explain)
{
    if (!r->v->reads_all) {
        return give_question(r, plan, a, ret_explain);
    }
    size_t count = 0;
    for (const struct step *step = r->steps; step; step = step->next) {
        count++;
    }
    struct store_explain explain = {
        .count = count, .visited = r->visited, .ns = clock_mono_ns() - r->began};
    explain.steps = arena_zalloc(a, count + 1, sizeof *explain.steps);
    if (!explain.steps) {
        return run_memory(r);
    }
    for (const struct step *step = r->steps; step; step = step->next) {
        struct store_explain_step *to = &explain.steps[--count];
        *to = step->shown;
        to->what = arena_copy(a, step->shown.what);
    }
    *ret_explain = explain;
    return 0;
}
