#include "rest/bundle.h"

#include "fhir/reference.h"

#include <stdio.h>

/*
 * Conditional references (R4 http.html#trules): Practitioner?identifier=system|value becomes
 * Practitioner/123. Each query is run once; what it matched becomes a condition of the write, so
 * that the writer decides whether it still holds.
 */

void resolver_init(struct resolver *r, struct call *c, struct bundle *own)
{
    *r = (struct resolver){.call = c, .own = own};
    map_init(&r->known);
}

void resolver_done(struct resolver *r)
{
    map_done(&r->known);
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* What the bundle itself creates: its references are resolved as if it were stored already. */
static int search_own(struct bundle *b, const struct search *s, text *ret_name, size_t *ret_count)
{
    *ret_count = 0;
    for (size_t i = 0; b && i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        struct prepared *p = &item->prepared;
        if (!item->is_write || p->write.kind == WRITE_DELETE || p->exists ||
            p->write.type != s->plan.type) {
            continue;
        }
        struct resource r = p->resource;
        struct index index;
        r.id = p->write.id;
        if (index_extract(&r, b->call->base, b->arena, &index)) {
            return ERR_MEMORY;
        }
        if (plan_matches(&s->plan, r.type, r.id, &index)) {
            *ret_name = bundle_item_name(b, item);
            ++*ret_count;
        }
    }
    return 0;
}

static int find(struct resolver *r, const struct reference *ref, text whole, struct resolved *ret,
                struct err *e)
{
    struct call *c = r->call;
    struct search *s = arena_zalloc(c->arena, 1, sizeof *s);
    struct version v;
    size_t own = 0;
    int rc = s ? match_one(c, ref->type, ref->query, s, &v, e) : no_memory(e);
    if (rc) {
        return rc;
    }
    ret->name =
        arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(ref->type)), TEXT_ARG(v.id));
    ret->condition = (struct write_condition){&s->plan, v.id};
    if (!ret->name.p || (v.id.n == 0 && search_own(r->own, s, &ret->name, &own))) {
        return no_memory(e);
    }
    if (v.id.n == 0 && own != 1) {
        return own ? err_set(e, ERR_MULTIPLE,
                             "the conditional reference '%.*s' matches more than one resource; "
                             "make it more specific",
                             TEXT_ARG(text_first(whole, 300)))
                   : err_set(e, ERR_PRECONDITION,
                             "the conditional reference '%.*s' matches nothing here; load what it "
                             "means first, or put it "
                             "into the transaction",
                             TEXT_ARG(text_first(whole, 300)));
    }
    return 0;
}

static int resolve_reference(struct resolver *r, const struct reference *ref, text whole,
                             const struct resolved **ret, struct err *e)
{
    bool is_new;
    struct call *c = r->call;
    uint64_t *at = map_get(&r->known, whole);
    if (at) {
        *ret = &r->items[*at];
        return 0;
    }
    struct resolved found = {0};
    int rc = find(r, ref, whole, &found, e);
    if (rc) {
        return rc;
    }
    struct resolved *items = arena_grow(c->arena, r->items, r->count, &r->capacity, sizeof *items);
    text key = items ? arena_copy(c->arena, whole) : (text){0};
    at = key.p ? map_put(&r->known, key, &is_new) : NULL;
    if (!at) {
        return no_memory(e);
    }
    r->items = items;
    r->items[r->count] = found;
    *at = r->count;
    *ret = &r->items[r->count++];
    return 0;
}

void link_error(const struct prepared *p, const struct resource_link *link, struct err *e)
{
    if (!e->expression[0]) {
        text place = resource_path(&p->resource, link->value, p->call->arena);
        (void)snprintf(e->expression, sizeof e->expression, "%.*s", TEXT_ARG(place));
    }
}

int resolve_links(struct resolver *r, struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    for (size_t i = 0; i < p->resource.link_count; i++) {
        struct resource_link *link = &p->resource.links[i];
        text t = json_text(link->value);
        const struct resolved *found;
        if (!link->is_reference || text_find(t, '?') == t.n) {
            continue;
        }
        struct reference ref = reference_parse(t, c->base);
        if (ref.kind != REFERENCE_CONDITIONAL) {
            continue;
        }
        int rc = resolve_reference(r, &ref, t, &found, e);
        if (rc) {
            link_error(p, link, e);
            return rc;
        }
        rc = prepared_condition(p, &found->condition, e);
        if (rc) {
            return rc;
        }
        json_set_string(link->value, found->name);
    }
    return 0;
}
