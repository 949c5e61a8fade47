/* Composite parameters (R4 search.html#composite): one value is part$part. */
#include "fhir/search_parse.h"

/* One part's value, with everything that a value of its type may have. */
static int read_part(struct search_reader *r, const struct search_about *about, text value,
                     bool unions, struct plan_node *ret)
{
    struct search_nodes any = {0};
    int code = unions ? search_one(r, about, value, &any) : search_value(r, about, value, &any);
    if (code) {
        return code;
    }
    *ret = search_join(about->type, PLAN_OR, &any);
    return 0;
}

/* For the test: what an entry of the part has to be, in whatever parameter it stands; without what
 * a store's key says. */
static int test_of(struct search_reader *r, fhir_type type, const struct search_component *part,
                   text value, struct plan_node *ret)
{
    struct search_param *like = arena_zalloc(r->arena, 1, sizeof(*like));
    const struct search_param *param = search_param_by_number(r->q->rules->customs, part->param);
    if (!like) {
        return search_no_memory(r->e);
    }
    *like = (struct search_param){.name = part->code,
                                  .number = part->param,
                                  .type = part->type,
                                  .targets = param ? param->targets : NULL};
    struct search_about about = {.type = type, .param = like};
    return read_part(r, &about, value, false, ret);
}

/* For the candidates: entries of the type's own parameter. Without one, every resource. */
static int candidates_of(struct search_reader *r, fhir_type type,
                         const struct search_component *part, text value, struct plan_node *ret)
{
    struct search_about about = {
        .type = type, .param = search_param_by_number(r->q->rules->customs, part->param)};
    if (!about.param) {
        *ret = (struct plan_node){.kind = PLAN_ALL, .type = type};
        return 0;
    }
    return read_part(r, &about, value, true, ret);
}

static int wrong_count(struct search_reader *r, const struct search_composite *c, text value)
{
    text form = T("");
    for (unsigned i = 0; i < c->count; i++) {
        form = arena_printf(r->arena, "%.*s%s%.*s", TEXT_ARG(form), i ? "$" : "",
                            TEXT_ARG(c->components[i].code));
    }
    return search_bad(r, "'%.*s' is not of the form %.*s (write other dollar signs as \\$)",
                      TEXT_ARG(text_short(value, 200)), TEXT_ARG(form));
}

int search_value_composite(struct search_reader *r, const struct search_about *about, text value,
                           struct search_nodes *out)
{
    const struct search_composite *c = about->param->composite;
    struct search_nodes all = {0}, tests = {0};
    text rest = value, item;
    unsigned count = 0;
    while (search_cut(&rest, '$', &item)) {
        struct plan_node candidates, test;
        if (count == c->count || item.n == 0) {
            return wrong_count(r, c, value);
        }
        const struct search_component *part = &c->components[count++];
        int code = count > 1 ? search_count_value(r) : 0;
        code = code ? code : candidates_of(r, about->type, part, item, &candidates);
        code = code ? code : search_add(r, PLAN_AND, &all, &candidates);
        if (code == 0 && !c->whole) {
            code = test_of(r, about->type, part, item, &test);
            code = code ? code : search_append(r, &tests, &test);
        }
        if (code) {
            return code;
        }
    }
    if (count != c->count) {
        return wrong_count(r, c, value);
    }
    struct plan_node node = search_join(about->type, PLAN_AND, &all);
    if (c->whole || node.kind == PLAN_NONE) {
        return search_add(r, PLAN_OR, out, &node);
    }
    struct plan_node check = search_leaf(about, PLAN_CHECK);
    check.check = CHECK_TUPLE;
    check.checked = about->param;
    check.count = 1 + (size_t)c->count;
    check.items = arena_zalloc(r->arena, check.count, sizeof(*check.items));
    if (!check.items) {
        return search_no_memory(r->e);
    }
    check.items[0] = node;
    memcpy(check.items + 1, tests.items, c->count * sizeof(*check.items));
    return search_add(r, PLAN_OR, out, &check);
}
