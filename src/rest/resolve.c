#include "rest/bundle.h"

#include "base/clock.h"
#include "fhir/reference.h"

#include <stdio.h>

/*
 * Conditional references (R4 http.html#trules): Practitioner?identifier=system|value becomes
 * Practitioner/123. Each query is run once; what it matched becomes a condition of the write, so
 * that the writer decides whether it still holds.
 */

/* What the bundle creates, by the tokens and values that a search asks for. */
struct own_resource {
    const struct bundle_item *item;
    struct resource tree;
    struct index index;
};

struct own_entry {
    const struct own_resource *resource;
    const struct own_entry *next; /* with the same key */
};

struct own_index {
    struct own_resource *resources;
    size_t count;
    struct map entries; /* parameter, value -> struct own_entry */
};

void resolver_init(struct resolver *r, struct call *c, struct bundle *own)
{
    *r = (struct resolver){.call = c, .own = own};
    map_init(&r->known);
}

void resolver_done(struct resolver *r)
{
    map_done(&r->known);
    if (r->own_index) {
        map_done(&r->own_index->entries);
    }
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static text own_key(uint16_t param, text value, struct arena *a)
{
    char *p = arena_alloc(a, sizeof param + value.n);
    if (!p) {
        return (text){0};
    }
    memcpy(p, &param, sizeof param);
    if (value.n) {
        memcpy(p + sizeof param, value.p, value.n);
    }
    return text_make(p, sizeof param + value.n);
}

static int add_own_entries(struct own_index *own, const struct own_resource *resource,
                           struct arena *a)
{
    for (size_t i = 0; i < resource->index.count; i++) {
        const struct index_entry *entry = &resource->index.entries[i];
        bool is_new;
        if (entry->kind == INDEX_REFERENCE) {
            continue;
        }
        text key = own_key(entry->param, entry->value, a);
        uint64_t *at = key.p ? map_put(&own->entries, key, &is_new) : NULL;
        struct own_entry *add = at ? arena_alloc(a, sizeof *add) : NULL;
        if (!add) {
            return ERR_MEMORY;
        }
        const struct own_entry *before = (const struct own_entry *)(uintptr_t)*at;
        if (before && before->resource == resource) {
            continue; /* the same code of two systems */
        }
        *add = (struct own_entry){resource, before};
        *at = (uint64_t)(uintptr_t)add;
    }
    return 0;
}

static int make_own_index(struct resolver *r)
{
    struct bundle *b = r->own;
    struct index_rules rules = call_rules(b->call);
    struct own_index *own = arena_zalloc(b->arena, 1, sizeof *own);
    if (!own) {
        return ERR_MEMORY;
    }
    map_init(&own->entries);
    r->own_index = own;
    own->resources = arena_zalloc(b->arena, b->count + 1, sizeof *own->resources);
    int rc = own->resources ? 0 : ERR_MEMORY;
    for (size_t i = 0; !rc && i < b->count; i++) {
        const struct bundle_item *item = &b->items[i];
        const struct prepared *p = &item->prepared;
        if (!item->is_write || p->write.kind == WRITE_DELETE || p->exists) {
            continue;
        }
        struct own_resource *resource = &own->resources[own->count++];
        resource->tree = p->resource;
        resource->tree.id = p->write.id;
        resource->item = item;
        rc = index_extract(&resource->tree, &rules, b->arena, &resource->index);
        rc = rc ? rc : add_own_entries(own, resource, b->arena);
    }
    return rc;
}

static int own_matches(struct resolver *r, const struct plan *plan,
                       const struct own_resource *resource, bool *ret_matches)
{
    struct index_rules rules = call_rules(r->call);
    struct plan_subject subject = {.r = &resource->tree,
                                   .index = &resource->index,
                                   .updated = clock_real_ms(),
                                   .rules = &rules};
    *ret_matches = false;
    return plan->type == resource->tree.type
               ? plan_test(plan->root, &subject, r->call->arena, ret_matches)
               : 0;
}

/* A leaf that every match has among its entries, as it stands or as one part of an AND. */
static const struct plan_node *one_value(const struct plan_node *root)
{
    if (root->kind == PLAN_TOKEN || root->kind == PLAN_VALUE) {
        return root;
    }
    for (size_t i = 0; root->kind == PLAN_AND && i < root->count; i++) {
        const struct plan_node *item = &root->items[i];
        if (item->kind == PLAN_TOKEN || item->kind == PLAN_VALUE) {
            return item;
        }
    }
    return NULL;
}

struct own_search {
    const struct plan *plan;
    const struct own_resource *found;
    size_t count; /* stops at two: that is too many */
};

static int try_own(struct resolver *r, struct own_search *s, const struct own_resource *resource)
{
    bool matches;
    int rc = own_matches(r, s->plan, resource, &matches);
    if (!rc && matches) {
        s->found = resource;
        s->count++;
    }
    return rc;
}

static int try_all_own(struct resolver *r, struct own_search *s)
{
    const struct own_index *own = r->own_index;
    const struct plan_node *leaf = one_value(s->plan->root);
    int rc = 0;
    if (!leaf) {
        for (size_t i = 0; !rc && i < own->count && s->count < 2; i++) {
            rc = try_own(r, s, &own->resources[i]);
        }
        return rc;
    }
    text key = own_key(leaf->param, leaf->value, r->call->arena);
    const uint64_t *at = key.p ? map_get(&own->entries, key) : NULL;
    const struct own_entry *entry = at ? (const struct own_entry *)(uintptr_t)*at : NULL;
    for (; !rc && entry && s->count < 2; entry = entry->next) {
        rc = try_own(r, s, entry->resource);
    }
    return key.p ? rc : ERR_MEMORY;
}

/*
 * What the bundle itself creates: its references are resolved as if it were stored already. A
 * condition with a chain or _has asks about further resources, which may be of this transaction and
 * not yet stored either: whoever needs that names the entry by its fullUrl.
 */
static int search_own(struct resolver *r, const struct plan *plan, text *ret_name,
                      size_t *ret_count, struct err *e)
{
    struct own_search s = {.plan = plan};
    *ret_count = 0;
    if (!r->own || plan_joins(plan->root)) {
        return 0;
    }
    int rc = !r->own_index ? make_own_index(r) : 0;
    rc = rc ? rc : try_all_own(r, &s);
    if (!rc && s.found) {
        *ret_name = bundle_item_name(r->own, s.found->item);
        rc = ret_name->p ? 0 : ERR_MEMORY;
    }
    *ret_count = s.count;
    return rc ? no_memory(e) : 0;
}

static int no_single_match(const struct plan *plan, bool in_transaction, bool several, text whole,
                           struct err *e)
{
    if (several) {
        return err_set(e, ERR_MULTIPLE,
                       "the conditional reference '%.*s' matches more than one resource; "
                       "make it more specific",
                       TEXT_ARG(text_short(whole, 300)));
    }
    return err_set(e, ERR_PRECONDITION,
                   "the conditional reference '%.*s' matches nothing here; load what it means "
                   "first, or put it into the transaction%s",
                   TEXT_ARG(text_short(whole, 300)),
                   in_transaction && plan_joins(plan->root)
                       ? " and refer to the entry by its fullUrl: a condition with a chain or _has "
                         "finds only what is stored already"
                       : "");
}

static int find(struct resolver *r, const struct reference *ref, text whole, struct resolved *ret,
                struct err *e)
{
    struct call *c = r->call;
    struct plan *plan = arena_zalloc(c->arena, 1, sizeof *plan);
    struct version v;
    size_t own = 0;
    int rc = plan ? match_one(c, ref->type, ref->query, plan, &v, e) : no_memory(e);
    if (rc) {
        return rc;
    }
    ret->name =
        arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(ref->type)), TEXT_ARG(v.id));
    ret->condition = (struct write_condition){plan, v.id};
    if (!ret->name.p) {
        return no_memory(e);
    }
    if (v.id.n) {
        return 0;
    }
    rc = search_own(r, plan, &ret->name, &own, e);
    return rc || own == 1 ? rc : no_single_match(plan, r->own != NULL, own > 1, whole, e);
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
        const struct resolved *found = NULL;
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
