#include "rest/bundle.h"

/* Input without a network: what `kith import` reads into a store on this machine. */

/* A resource that stands alone becomes one write: PUT where it has an id, else POST. */
static void route_alone(struct call *c, fhir_type type)
{
    text id = json_text(json_get(c->resource, T("id")));
    c->route = (struct route){
        .interaction = id.n ? INTERACTION_UPDATE : INTERACTION_CREATE, .type = type, .id = id};
}

static int read_type(struct call *c, fhir_type *ret_type, struct err *e)
{
    int rc = read_body(c, e);
    text name = rc ? (text){0} : json_text(json_get(c->resource, T("resourceType")));
    *ret_type = fhir_type_of(name);
    if (!rc && !*ret_type) {
        rc = err_at(e, ERR_INVALID, T("resourceType"), "'%.*s' is not a resource type of FHIR R4",
                    TEXT_ARG(text_short(name, 60)));
    }
    return rc;
}

static void first_error(struct rest_item *item, int rc, const struct err *e,
                        const struct issues *is)
{
    if (!item->result) {
        item->result = rc;
        item->err = *e;
        if (is->errors && is->count) {
            text place = is->items[0].expression;
            err_at(&item->err, rc, place, "%.*s", TEXT_ARG(is->items[0].details));
        }
    }
}

static void count_write(struct rest_item *item, const struct prepared *p)
{
    if (p->write.id.n == 0) {
        return;
    }
    bool same = p->exists || !p->write.changed;
    item->same += same;
    item->written += !same;
    item->by_type[p->write.type]++;
}

static void count_bundle(struct rest_item *item, const struct bundle *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].result) {
            item->failed++;
            first_error(item, b->items[i].result, &b->items[i].err, &b->items[i].call.issues);
        } else if (b->items[i].prepared.call) {
            count_write(item, &b->items[i].prepared);
        }
    }
}

static void take_bundle(struct call *c, struct rest_item *item)
{
    struct err e = {0};
    for (int tries = 0;; tries++) {
        struct bundle b = {0};
        bool again = false;
        int rc = read_body(c, &e);
        if (!rc) {
            rc = bundle_read(c, c->resource, &b, &e);
        }
        if (!rc && b.is_transaction) {
            rc = transaction_run(&b, &again, &e);
        } else if (!rc) {
            batch_run(&b);
        }
        if (!rc) {
            count_bundle(item, &b);
        }
        bundle_done(&b);
        if (!again || tries == 8) {
            if (rc) {
                item->failed++;
                first_error(item, rc, &e, &c->issues);
            }
            return;
        }
        c->resource = NULL;
        c->issues.count = c->issues.errors = 0;
    }
}

/*
 * Transactions that share one commit. Each is still all or nothing. One that cannot be prepared may
 * rest on what another of them creates: then it is taken by itself, after the commit of those.
 */
struct together {
    struct pending {
        struct call call;
        struct bundle bundle;
        struct rest_item *item;
    } *items;
    struct write_request *requests;
    size_t count;
};

static int together_init(struct together *t, size_t most, struct arena *a)
{
    *t = (struct together){.items = arena_zalloc(a, most + 1, sizeof *t->items),
                           .requests = arena_zalloc(a, most + 1, sizeof *t->requests)};
    return t->items && t->requests ? 0 : ERR_MEMORY;
}

static void take_again(struct call *c, struct rest_item *item)
{
    c->resource = NULL;
    c->issues.count = c->issues.errors = 0;
    take_bundle(c, item);
}

static void commit_together(struct together *t)
{
    if (t->count) {
        const struct call *any = &t->items[0].call;
        store_commit(any->rest->store, any->grant, t->requests, t->count);
    }
    for (size_t i = 0; i < t->count; i++) {
        struct pending *p = &t->items[i];
        struct err e = {0};
        bool again = false;
        int rc = transaction_settle(&p->bundle, &t->requests[i], &again, &e);
        if (!rc) {
            count_bundle(p->item, &p->bundle);
        }
        bundle_done(&p->bundle);
        if (again) {
            take_again(&p->call, p->item);
        } else if (rc) {
            p->item->failed++;
            first_error(p->item, rc, &e, &p->call.issues);
        }
    }
    t->count = 0;
}

static void take_transaction(struct together *t, struct call *c, struct rest_item *item)
{
    struct err e = {0};
    struct pending *p = &t->items[t->count];
    *p = (struct pending){.call = *c, .item = item};
    int rc = bundle_read(&p->call, p->call.resource, &p->bundle, &e);
    rc = rc ? rc : transaction_prepare(&p->bundle, &t->requests[t->count], &e);
    if (!rc) {
        t->count++;
        return;
    }
    bundle_done(&p->bundle);
    commit_together(t);
    take_again(c, item);
}

struct alone {
    struct call call;
    struct prepared prepared;
    size_t owner;
};

struct batch_alone {
    struct alone **items;
    size_t count;
    size_t capacity;
};

static int add_alone(struct batch_alone *all, struct call *c, fhir_type type, size_t owner,
                     struct arena *a)
{
    struct alone *one = arena_zalloc(a, 1, sizeof *one);
    struct alone **items = arena_grow(a, all->items, all->count, &all->capacity, sizeof *items);
    if (!one || !items) {
        return ERR_MEMORY;
    }
    one->call = *c;
    one->owner = owner;
    route_alone(&one->call, type);
    issues_init(&one->call.issues, a);
    items[all->count++] = one;
    all->items = items;
    return 0;
}

/* searchset, collection, document ...: each resource as if it stood alone. */
static int add_collection(struct batch_alone *all, struct call *c, size_t owner, struct err *e)
{
    yyjson_val *entries = json_get(c->resource, T("entry"));
    size_t at;
    size_t most;
    yyjson_val *entry;
    yyjson_arr_foreach(entries, at, most, entry)
    {
        struct call one = *c;
        fhir_type type;
        one.resource = json_get(entry, T("resource"));
        if (!one.resource) {
            continue; /* a link or a deletion */
        }
        int rc = read_type(&one, &type, e);
        if (!rc && add_alone(all, &one, type, owner, c->arena)) {
            rc = err_set(e, ERR_MEMORY, "the input needs more memory than it may have");
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static void take_one(const struct rest *rest, const struct grant *grant, struct rest_item *item,
                     struct together *together, struct batch_alone *all, size_t owner,
                     struct arena *arena)
{
    struct err e = {0};
    fhir_type type;
    struct call c = {
        .rest = rest, .grant = grant, .arena = arena, .base = rest->base, .body = item->json};
    issues_init(&c.issues, arena);
    int rc = read_type(&c, &type, &e);
    if (!rc && type == FHIR_BUNDLE) {
        text kind = json_text(json_get(c.resource, T("type")));
        if (text_eq(kind, T("transaction"))) {
            take_transaction(together, &c, item);
            return;
        }
        if (text_eq(kind, T("batch"))) {
            take_bundle(&c, item);
            return;
        }
        rc = add_collection(all, &c, owner, &e);
    } else if (!rc && add_alone(all, &c, type, owner, arena)) {
        rc = err_set(&e, ERR_MEMORY, "the input needs more memory than it may have");
    }
    if (rc) {
        item->failed++;
        first_error(item, rc, &e, &c.issues);
    }
}

/* As in a transaction of one: its conditional references are resolved. */
static int prepare_alone(struct alone *one, struct resolver *resolver, struct err *e)
{
    int rc = prepare_target(&one->call, &one->prepared, e);
    if (!rc) {
        rc = resolve_links(resolver, &one->prepared, e);
    }
    return rc ? rc : prepare_content(&one->prepared, e);
}

static void refuse_alone(struct rest_item *items, const struct batch_alone *all)
{
    struct err e = {0};
    int rc = err_set(&e, ERR_MEMORY, "the input needs more memory than it may have");
    for (size_t i = 0; i < all->count; i++) {
        struct alone *one = all->items[i];
        items[one->owner].failed++;
        first_error(&items[one->owner], rc, &e, &one->call.issues);
    }
}

/* All resources that stand alone share one call, and so a commit. */
static void write_alone(const struct rest *rest, const struct grant *grant, struct rest_item *items,
                        struct batch_alone *all, struct arena *arena)
{
    struct alone **list = all->items;
    struct write_request *requests = arena_zalloc(arena, all->count + 1, sizeof *requests);
    struct alone **owners = arena_zalloc(arena, all->count + 1, sizeof(void *));
    struct call any = {.rest = rest, .grant = grant, .arena = arena, .base = rest->base};
    struct resolver resolver;
    size_t n = 0;
    if (!requests || !owners) {
        refuse_alone(items, all);
        return;
    }
    resolver_init(&resolver, &any, NULL);
    for (size_t i = 0; i < all->count; i++) {
        struct err e = {0};
        struct prepared *p = &list[i]->prepared;
        int rc = prepare_alone(list[i], &resolver, &e);
        if (rc) {
            items[list[i]->owner].failed++;
            first_error(&items[list[i]->owner], rc, &e, &list[i]->call.issues);
            continue;
        }
        owners[n] = list[i];
        requests[n++] = (struct write_request){.writes = &p->write,
                                               .write_count = 1,
                                               .conditions = p->conditions,
                                               .condition_count = p->condition_count};
    }
    resolver_done(&resolver);
    store_commit(rest->store, grant, requests, n);
    for (size_t i = 0; i < n; i++) {
        struct rest_item *item = &items[owners[i]->owner];
        if (requests[i].result) {
            item->failed++;
            /* A condition that changed meanwhile: worth another try. */
            int rc = requests[i].failed_condition == SIZE_MAX ? requests[i].result : ERR_BUSY;
            first_error(item, rc, &requests[i].err, &owners[i]->call.issues);
        } else {
            count_write(item, &owners[i]->prepared);
        }
    }
}

void rest_take(const struct rest *rest, const struct grant *grant, struct rest_item *items,
               size_t count, struct arena *arena)
{
    struct batch_alone all = {0};
    struct together together;
    if (together_init(&together, count, arena)) {
        for (size_t i = 0; i < count; i++) {
            items[i].failed++;
            items[i].result =
                err_set(&items[i].err, ERR_MEMORY, "the input needs more memory than it may have");
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take_one(rest, grant, &items[i], &together, &all, i, arena);
    }
    commit_together(&together);
    if (all.count) {
        write_alone(rest, grant, items, &all, arena);
    }
}
