/*
 * _typeFilter (Bulk Data Access, "_typeFilter experimental query parameter"): searches that a
 * resource of a type has to match one of. The only place here that knows plans.
 */
#include "rest/bulk/job.h"
#include "rest/bundle.h"

static int parse(struct filter *f, const struct rest *rest, text base, struct arena *a,
                 struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    struct index_rules rules = rules_now(rest, base);
    int rc = search_decode(f->query, rest->limits, a, &pairs, &count, e);
    if (rc) {
        return rc;
    }
    struct search_question question = {.types = &f->type,
                                       .type_count = 1,
                                       .pairs = pairs,
                                       .count = count,
                                       .rules = &rules,
                                       .limits = rest->limits};
    rc = search_parse_criteria(&question, a, &f->plan, e);
    /* Of a version of the past only what it says itself can be told. */
    return rc ? rc
           : f->plan.root && plan_joins(f->plan.root)
               ? err_set(e, ERR_NOT_SUPPORTED,
                         "_typeFilter cannot look at other resources: no chains, no _has")
               : 0;
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
                       TEXT_ARG(text_short(word, 80)));
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
    struct index_rules rules = rules_now(rest, base);
    if (index_extract(&r, &rules, a, &index)) {
        return err_set(e, ERR_MEMORY, "no memory to look at a resource");
    }
    struct plan_subject subject = {
        .r = &r, .index = &index, .updated = version_instant(v), .rules = &rules};
    for (size_t i = 0; i < f->count && !*ret_match && !rc; i++) {
        const struct filter *one = &f->items[i];
        if (one->type != v->type) {
            continue;
        }
        *ret_match = one->plan.root == NULL;
        rc = *ret_match ? 0 : plan_test(one->plan.root, &subject, a, ret_match);
    }
    return rc ? err_set(e, rc, "a resource cannot be tested against _typeFilter") : 0;
}
