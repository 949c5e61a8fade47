#include "rest/search.h"

/*
 * _containedType=contained (R4 search.html#contained): the plan finds the resources that contain a
 * match; here each contained resource is tested by itself and stands as the entry, at the address
 * container#id.
 */

static const struct plan *plan_of(const struct page *p, fhir_type type)
{
    for (const struct plan *plan = &p->search.plan; plan; plan = plan->also) {
        if (plan->type == type) {
            return plan;
        }
    }
    return NULL;
}

/* The root of such a plan is one of these or an OR of them: the plan for the type itself (which may
 * be an OR, too, and then lies open here), and a CHECK for each type that may be contained. */
static bool is_contained(const struct plan_node *side)
{
    return side->kind == PLAN_CHECK && side->check == CHECK_CONTAINED;
}

struct sides {
    const struct plan_node *items;
    size_t count;
    bool any_contained;
};

static struct sides sides_of(const struct plan *plan)
{
    struct sides s = {plan->root, 1, false};
    if (plan->root->kind == PLAN_OR) {
        s = (struct sides){plan->root->items, plan->root->count, false};
    }
    for (size_t i = 0; i < s.count; i++) {
        s.any_contained |= is_contained(&s.items[i]);
    }
    return s;
}

static int test(struct page *p, const struct plan_node *node, const struct resource *r,
                int64_t updated, bool *ret_matches, struct err *e)
{
    struct index index;
    struct plan_subject subject = {.r = r, .index = &index, .updated = updated, .rules = &p->rules};
    int rc = index_extract(r, &p->rules, &p->scratch, &index);
    rc = rc ? rc : plan_test(node, &subject, &p->scratch, ret_matches);
    if (rc == ERR_NOT_SUPPORTED) {
        return err_set(e, rc,
                       "_containedType=contained does not go with chains and _has: leave it out, "
                       "and the containing resources are returned");
    }
    return rc ? page_no_memory(e) : 0;
}

/* Beside the CHECKs: what would have found the resource by its own data. */
static int matches_itself(struct page *p, const struct sides *s, const struct resource *r,
                          int64_t updated, bool *ret_matches, struct err *e)
{
    *ret_matches = !s->any_contained;
    for (size_t i = 0; !*ret_matches && i < s->count; i++) {
        int rc = is_contained(&s->items[i]) ? 0 : test(p, &s->items[i], r, updated, ret_matches, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int print_one(struct page *p, const struct version *v, const yyjson_val *contained,
                     fhir_type type, size_t at, struct err *e)
{
    struct call *c = p->call;
    struct buf *out = &c->answer.body;
    struct subset part;
    int rc = page_part(p, type, true, &part, e);
    if (rc) {
        return rc;
    }
    buf_add(out, at ? T(",") : T(",\"entry\":["));
    buf_printf(out, "{\"fullUrl\":\"%.*s/%.*s/%.*s#%.*s\",\"resource\":", TEXT_ARG(c->base),
               TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id),
               TEXT_ARG(json_text(json_get(contained, T("id")))));
    if (subset_is_part(&part)) {
        subset_print(contained, type, &part, out);
    } else {
        json_write(contained, out);
    }
    buf_add(out, T(",\"search\":{\"mode\":\"match\"}}"));
    return 0;
}

static int print_inside(struct page *p, const struct version *v, const yyjson_val *root,
                        const struct plan_node *check, size_t *at, struct err *e)
{
    yyjson_val *list = json_get(root, T("contained"));
    if (json_type(list) != YYJSON_TYPE_ARR) {
        return 0;
    }
    yyjson_val *item = list + 1;
    for (size_t left = json_len(list); left; left--, item = json_after(item)) {
        struct resource r = {.type = fhir_type_of(json_text(json_get(item, T("resourceType")))),
                             .root = item,
                             .id = json_text(json_get(item, T("id"))),
                             .meta = json_get(item, T("meta"))};
        bool matches = r.type == check->target;
        int rc = matches ? test(p, &check->items[1], &r, version_instant(v), &matches, e) : 0;
        if (!rc && matches) {
            rc = print_one(p, v, item, r.type, (*at)++, e);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int page_print_contained(struct page *p, const struct version *v, size_t *at, struct err *e)
{
    struct call *c = p->call;
    const struct plan *plan = plan_of(p, v->type);
    struct resource r = {.type = v->type, .id = v->id};
    bool itself = true;
    arena_reset(&p->scratch);
    int rc = version_tree(v, c->rest->limits, &p->scratch, &r.root, e);
    if (rc) {
        return rc;
    }
    r.meta = json_get(r.root, T("meta"));
    if (plan && plan->root) {
        struct sides s = sides_of(plan);
        rc = matches_itself(p, &s, &r, version_instant(v), &itself, e);
        for (size_t i = 0; !rc && i < s.count; i++) {
            rc = is_contained(&s.items[i]) ? print_inside(p, v, r.root, &s.items[i], at, e) : 0;
        }
    } else { /* everything of the type: what it contains of its own type, too */
        struct plan_node all[2] = {{.kind = PLAN_ALL, .type = v->type},
                                   {.kind = PLAN_ALL, .type = v->type}};
        struct plan_node check = {.target = v->type, .count = 2, .items = all};
        rc = print_inside(p, v, r.root, &check, at, e);
    }
    return !rc && itself ? page_print_entry(p, v, (*at)++, true, e) : rc;
}
