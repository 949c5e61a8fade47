/*
 * _typeFilter (Bulk Data Access, "_typeFilter experimental query parameter"): searches that a
 * resource of a type has to match one of. The only place here that knows plans.
 */
#include "rest/bulk/job.h"
#include "rest/bundle.h"

/* What depends on more than the resource itself cannot be told from its version of that moment. */
static bool knows_all(const struct plan *plan)
{
    for (size_t t = 0; t < plan->term_count; t++) {
        for (size_t a = 0; a < plan->terms[t].count; a++) {
            if (plan->terms[t].atoms[a].kind == PLAN_UPDATED) {
                return false;
            }
        }
    }
    return true;
}

static int parse(struct filter *f, const struct rest *rest, text base, struct arena *a,
                 struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    struct search *s = &f->search;
    int rc = search_decode(f->query, rest->limits, a, &pairs, &count, e);
    rc = rc ? rc
            : search_parse(f->type, (struct search_compartment){0}, pairs, count, base,
                           rest->limits, a, s, e);
    if (rc) {
        return rc;
    }
    if (s->include_count || s->plan.sort_count || s->count_given || s->total_given || s->page.n) {
        return err_set(
            e, ERR_NOT_SUPPORTED,
            "_typeFilter takes search criteria only: no _include, _sort, _count, _total");
    }
    return knows_all(&s->plan)
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED, "_typeFilter cannot use _lastUpdated; use _since");
}

int filters_add(struct filters *f, text word, const struct rest *rest, text base, struct arena *a,
                struct err *e)
{
    size_t at = text_find(word, '?');
    fhir_type type = fhir_type_of(text_first(word, at));
    if (!type || at == word.n) {
        return err_set(e, ERR_INVALID,
                       "_typeFilter must be Type?search, such as "
                       "Observation?category=laboratory (encoded); it is '%.*s'",
                       TEXT_ARG(text_first(word, 80)));
    }
    struct filter *items = arena_zalloc(a, f->count + 1, sizeof *items);
    if (!items) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    if (f->count) {
        memcpy(items, f->items, f->count * sizeof *items);
    }
    struct filter *one = &items[f->count];
    *one = (struct filter){.type = type, .query = text_from(word, at + 1)};
    int rc = parse(one, rest, base, a, e);
    if (rc) {
        return rc;
    }
    f->items = items;
    f->count++;
    f->types[type] = true;
    return 0;
}

int filters_match(const struct filters *f, const struct rest *rest, text base,
                  const struct version *v, text printed, struct arena *a, bool *ret_match,
                  struct err *e)
{
    struct resource r = {.type = v->type, .id = v->id};
    struct index index;
    *ret_match = !f->types[v->type];
    if (*ret_match) {
        return 0;
    }
    int rc = json_read(printed, (size_t)rest->limits->json_depth + 8, a, &r.root, e);
    if (rc) {
        return rc;
    }
    r.meta = json_get(r.root, T("meta"));
    if (index_extract(&r, base, a, &index)) {
        return err_set(e, ERR_MEMORY, "no memory to look at a resource");
    }
    for (size_t i = 0; i < f->count && !*ret_match; i++) {
        *ret_match = plan_matches(&f->items[i].search.plan, v->type, v->id, &index);
    }
    return 0;
}
