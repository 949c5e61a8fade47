/*
 * What is the same for every item of a lambda is found once: `%resource.descendants()` in
 * contained.where(...), as R4's dom-3 has it, would else walk the whole resource for each item.
 */
#include "fhir/path_run.h"

static const struct path_term *first_leaf(const struct path_term *term)
{
    while (term->kind >= TERM_MEMBER && term->left) {
        term = term->left;
    }
    return term;
}

/* Nothing but variables and literals, and nothing that somebody watches. The tree is no higher than
 * PATH_DEPTH_MAX. */
static bool is_constant(const struct path_term *term)
{
    if (!term) {
        return false;
    }
    if (term->kind < TERM_MEMBER) {
        return term->kind == TERM_VARIABLE || term->kind == TERM_LITERAL ||
               term->kind == TERM_EMPTY;
    }
    if (!is_constant(term->left) ||
        (term->kind == TERM_FUNCTION && text_eq(term->name, T("trace"))) ||
        (term->kind == TERM_BINARY && !is_constant(term->right))) {
        return false;
    }
    for (size_t i = 0; i < term->arg_count; i++) {
        if (!is_constant(term->args[i])) {
            return false;
        }
    }
    return true;
}

bool path_may_keep(const struct path_term *term, const struct path_scope *scope)
{
    return scope->index >= 0 && term->kind >= TERM_MEMBER &&
           first_leaf(term)->kind == TERM_VARIABLE;
}

bool path_kept(const struct path_run *run, const struct path_term *term, struct path_items *ret)
{
    for (size_t i = 0; i < run->kept_count; i++) {
        if (run->kept[i].term == term) {
            *ret = run->kept[i].items;
            return true;
        }
    }
    return false;
}

void path_keep(struct path_run *run, const struct path_term *term, const struct path_items *items)
{
    if (run->kept_count < PATH_KEPT_MAX && is_constant(term)) {
        run->kept[run->kept_count].term = term;
        run->kept[run->kept_count++].items = *items;
    }
}
