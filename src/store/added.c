/* Plans that name added parameters. */
#include "store/plan.h"

#include "fhir/search_custom.h"

enum { DEPTH_MAX = 64 };

static bool is_gone(const struct search_customs *customs, uint16_t number)
{
    unsigned ordinal = number & 0xFFU;
    if (ordinal < SEARCH_CUSTOM_FIRST || ordinal > SEARCH_CUSTOM_LAST) {
        return false;
    }
    size_t count;
    const struct search_custom *const *items =
        search_customs_of(customs, (fhir_type)(number >> 8), &count);
    for (size_t i = 0; i < count; i++) {
        if (items[i]->param.number == number) {
            return !items[i]->usable;
        }
    }
    return true;
}

static bool names_gone(const struct search_customs *customs, const struct plan_node *node,
                       unsigned depth)
{
    bool gone = is_gone(customs, node->param) || is_gone(customs, node->target_url) ||
                (node->checked && is_gone(customs, node->checked->number));
    for (size_t i = 0; i < node->count && !gone && depth < DEPTH_MAX; i++) {
        gone = names_gone(customs, &node->items[i], depth + 1);
    }
    return gone;
}

int plan_is_current(const struct store_view *v, const struct plan *plan, struct err *e)
{
    const struct search_customs *customs = v->rules.customs;
    bool gone = false;
    for (; plan && !gone; plan = plan->also) {
        gone = plan->root && names_gone(customs, plan->root, 0);
        for (size_t i = 0; i < plan->sort_count && !gone; i++) {
            gone = plan->sorts[i].param && is_gone(customs, plan->sorts[i].param->number);
        }
    }
    return gone ? err_set(e, ERR_BUSY,
                          "a search parameter of this query has been taken away or changed just "
                          "now; ask again")
                : 0;
}
