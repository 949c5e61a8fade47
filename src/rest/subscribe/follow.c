#include "rest/subscribe/engine.h"

#include <stdlib.h>

/* What was committed, in its order: whose event it is. One thread. */

enum { VERSIONS_A_TIME = 200, SUBSCRIPTIONS_A_PAGE = 500 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for subscriptions");
}

static fhir_type type_of_subscriptions(void)
{
    return fhir_type_of(T("Subscription"));
}

/* --- a Subscription is new, other or gone -------------------------------------------------------
 */

void spec_done(struct spec *x)
{
    if (x && atomic_fetch_sub(&x->users, 1) == 1) {
        arena_done(&x->arena);
        free(x);
    }
}

static int make_spec(const struct subscriptions *s, const struct version *v, struct spec **ret,
                     struct err *e)
{
    yyjson_val *root = NULL;
    struct spec *x = calloc(1, sizeof *x);
    if (!x) {
        return no_memory(e);
    }
    arena_init(&x->arena, SUBSCRIPTION_MEMORY);
    atomic_store(&x->users, 1);
    *ret = x;
    int rc = version_tree(v, s->rest.limits, &x->arena, &root, e);
    if (rc) {
        return rc;
    }
    struct index_rules rules = rules_now(&s->rest, s->rest.base);
    x->bad = subscription_read(root, &rules, s->rest.limits, &x->arena, &x->s, &x->why) != 0;
    return !subscription_is_served(root) ? ERR_NOT_FOUND : 0;
}

static struct entry *find(const struct subscriptions *s, text id)
{
    struct entry *x = s->entries;
    while (x && !text_eq(text_of(x->id), id)) {
        x = x->behind;
    }
    return x;
}

static int add_entry(struct subscriptions *s, text id, struct entry **ret, struct err *e)
{
    struct entry *x = id.n < ID_ROOM ? calloc(1, sizeof *x) : NULL;
    int rc = x ? rows_progress(s->kept, id, &s->arena, &x->progress, e) : no_memory(e);
    if (rc) {
        free(x);
        return rc;
    }
    memcpy(x->id, id.p, id.n);
    (void)pthread_mutex_lock(&s->lock);
    x->behind = s->entries;
    s->entries = x;
    (void)pthread_mutex_unlock(&s->lock);
    *ret = x;
    return 0;
}

/* What has gone, and nobody sends for any more. */
int follow_sweep(struct subscriptions *s, struct err *e)
{
    int rc = 0;
    struct entry **at = &s->entries;
    while (!rc && *at) {
        struct entry *x = *at;
        (void)pthread_mutex_lock(&s->lock);
        bool ends = x->gone && !x->busy;
        (void)pthread_mutex_unlock(&s->lock);
        arena_reset(&s->arena);
        rc = ends ? rows_forget(s->kept, text_of(x->id), &s->arena, e) : 0;
        if (!ends || rc) {
            at = &x->behind;
            continue;
        }
        (void)pthread_mutex_lock(&s->lock);
        *at = x->behind;
        (void)pthread_mutex_unlock(&s->lock);
        spec_done(x->spec);
        free(x);
    }
    return rc;
}

static int mark_gone(struct subscriptions *s, struct entry *x)
{
    (void)pthread_mutex_lock(&s->lock);
    x->gone = true;
    (void)pthread_mutex_unlock(&s->lock);
    sockets_drop(s->sockets, text_of(x->id));
    return 0;
}

/* A client's write begins anew: what failed before does not count. Its handshake comes at once. */
static int exchange_spec(struct subscriptions *s, struct entry *x, struct spec *spec, uint64_t t,
                         struct err *e)
{
    int rc = 0;
    (void)pthread_mutex_lock(&s->lock);
    struct spec *old = x->spec;
    bool is_new = !old || x->gone;
    x->spec = spec;
    if (x->gone) { /* deleted, and made again before it was swept: nothing of before counts */
        rc = rows_forget(s->kept, text_of(x->id), &s->arena, e);
        x->progress = (struct progress){0};
        x->life++;
        x->gone = false;
    }
    if (text_eq(spec->s.status, T("requested")) && !is_new) {
        x->progress.failures = 0;
        x->progress.next_ms = 0;
    }
    if (!rc && text_eq(spec->s.status, T("active")) && !x->progress.from) {
        /* Durable, so that its events are those from here on after every restart. */
        x->progress.from = t;
        struct kept_change row = rows_progress_change(text_of(x->id), &x->progress, &s->arena);
        rc = row.value.p ? kept_write(s->kept, &row, 1, NULL, e) : no_memory(e);
        x->progress.from = rc ? 0 : t;
    }
    (void)pthread_cond_broadcast(&s->due);
    (void)pthread_mutex_unlock(&s->lock);
    spec_done(old);
    return rc;
}

static int take_subscription(struct subscriptions *s, const struct version *v, struct err *e)
{
    struct entry *x = find(s, v->id);
    struct spec *spec = NULL;
    int rc = v->deleted ? ERR_NOT_FOUND : make_spec(s, v, &spec, e);
    if (rc) {
        spec_done(spec);
        return rc != ERR_NOT_FOUND ? rc : x ? mark_gone(s, x) : 0;
    }
    if (x && x->spec && !x->gone && x->spec->s.vid > spec->s.vid) {
        spec_done(spec); /* an older one, that was passed on the way */
        return 0;
    }
    rc = x ? 0 : add_entry(s, v->id, &x, e);
    if (rc) {
        spec_done(spec);
        return rc;
    }
    return exchange_spec(s, x, spec, v->t, e);
}

/* --- whose event it is --------------------------------------------------------------------------
 */

/* One version as far as it has been looked at: what is needed by several is made once. */
struct look {
    struct subscriptions *s;
    struct store_view *view;
    const struct version *v;
    enum change change;
    bool read;
    struct resource r;
    struct index index;
    struct index_rules rules;
};

/* The version itself; of a deletion the one before it, which says whose it was. */
static int read_resource(struct look *l, struct err *e)
{
    struct version before;
    const struct version *v = l->v;
    struct arena *a = &l->s->arena;
    struct issues issues;
    yyjson_val *root = NULL;
    int rc = 0;
    if (l->read) {
        return 0;
    }
    if (v->deleted) {
        rc = v->vid < 2 ? ERR_NOT_FOUND
                        : store_vread(l->view, v->type, v->id, v->vid - 1, a, &before, e);
        v = &before;
    }
    rc = rc ? rc : version_tree(v, l->s->rest.limits, a, &root, e);
    issues_init(&issues, a);
    rc = rc ? rc : resource_check(root, false, a, &issues, &l->r);
    l->rules = rules_now(&l->s->rest, l->s->rest.base);
    rc = rc ? rc : index_extract(&l->r, &l->rules, a, &l->index);
    l->read = !rc;
    return rc;
}

static int matches(struct look *l, const struct subscription *sub, bool *ret, struct err *e)
{
    *ret = false;
    bool type = false;
    for (size_t i = 0; i < sub->filter_count; i++) {
        type = type || sub->filters[i].type == l->v->type;
    }
    if (!type) {
        return 0;
    }
    int rc = read_resource(l, e);
    if (rc == ERR_NOT_FOUND || rc == ERR_INVALID) {
        return 0; /* it had never been anything, or is older than today's rules */
    }
    if (rc || !topic_means(sub->topic, l->v->type, l->change, l->r.root)) {
        return rc;
    }
    struct plan_subject subject = {
        .r = &l->r, .index = &l->index, .updated = version_instant(l->v), .rules = &l->rules};
    for (size_t i = 0; !rc && !*ret && i < sub->filter_count; i++) {
        const struct plan *p = &sub->filters[i];
        if (p->type == l->v->type) {
            *ret = !p->root;
            rc = p->root ? plan_test(p->root, &subject, &l->s->arena, ret) : 0;
        }
    }
    return rc;
}

/* Rows of a batch, and what it adds to each. */
struct gathered {
    struct kept_change *changes;
    size_t count, capacity;
};

static int put(struct subscriptions *s, struct gathered *g, struct kept_change change,
               struct err *e)
{
    struct kept_change *changes =
        arena_grow(&s->arena, g->changes, g->count, &g->capacity, sizeof *changes);
    if (!changes || !change.key.p || !change.value.p) {
        return no_memory(e);
    }
    g->changes = changes;
    changes[g->count++] = change;
    return 0;
}

static bool is_told(const struct entry *x, uint64_t t)
{
    const struct spec *spec = x->spec;
    return spec && !spec->bad && !x->gone && x->progress.from && t > x->progress.from &&
           (text_eq(spec->s.status, T("active")) || text_eq(spec->s.status, T("error")));
}

/* Entries are added and dropped by this thread alone; a spec is exchanged by it alone, too. */
static int match_version(struct subscriptions *s, struct look *l, struct gathered *g, struct err *e)
{
    int rc = 0;
    for (struct entry *x = s->entries; !rc && x; x = x->behind) {
        bool is = false;
        (void)pthread_mutex_lock(&s->lock);
        bool told = is_told(x, l->v->t);
        (void)pthread_mutex_unlock(&s->lock);
        rc = told ? matches(l, &x->spec->s, &is, e) : 0;
        if (!rc && is) {
            struct event event = {.t = l->v->t,
                                  .change = l->change,
                                  .what = arena_printf(&s->arena, "%.*s/%.*s",
                                                       TEXT_ARG(fhir_type_name(l->v->type)),
                                                       TEXT_ARG(l->v->id))};
            rc = event.what.p ? put(s, g, rows_wait_change(text_of(x->id), &event, &s->arena), e)
                              : no_memory(e);
        }
    }
    return rc;
}

static enum change change_of(struct look *l)
{
    struct version before;
    struct err none = {0};
    if (l->v->deleted) {
        return CHANGE_DELETE;
    }
    if (l->v->vid == 1) {
        return CHANGE_CREATE;
    }
    int rc =
        store_vread(l->view, l->v->type, l->v->id, l->v->vid - 1, &l->s->arena, &before, &none);
    return !rc && before.deleted ? CHANGE_CREATE : CHANGE_UPDATE;
}

/* --- a batch ------------------------------------------------------------------------------------
 */

static void types_wanted(struct subscriptions *s, bool types[256])
{
    memset(types, 0, 256);
    types[type_of_subscriptions()] = true;
    (void)pthread_mutex_lock(&s->lock);
    for (const struct entry *x = s->entries; x; x = x->behind) {
        for (size_t i = 0; x->spec && !x->spec->bad && i < x->spec->s.filter_count; i++) {
            types[x->spec->s.filters[i].type] = true;
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
}

static uint64_t events_for(const struct gathered *g, size_t events, const char *id)
{
    uint64_t n = 0;
    for (size_t i = 0; i < events; i++) {
        text key = g->changes[i].key;
        n += text_eq(text_first(key, text_find(key, '/')), text_of(id));
    }
    return n;
}

/* The events, how many wait for whom, and the place: in one commit. Under the lock, so that a
 * sender's own row does not come in between. */
static int write_batch(struct subscriptions *s, struct gathered *g, struct err *e)
{
    int rc = 0;
    size_t events = g->count;
    (void)pthread_mutex_lock(&s->lock);
    for (struct entry *x = s->entries; !rc && x && events; x = x->behind) {
        struct progress after = x->progress;
        uint64_t added = events_for(g, events, x->id);
        after.waiting += added;
        rc = added ? put(s, g, rows_progress_change(text_of(x->id), &after, &s->arena), e) : 0;
    }
    rc = rc ? rc : put(s, g, rows_place_change(s->place, &s->arena), e);
    rc = rc ? rc : kept_write(s->kept, g->changes, g->count, NULL, e);
    for (struct entry *x = s->entries; !rc && x && events; x = x->behind) {
        x->progress.waiting += events_for(g, events, x->id);
    }
    (void)pthread_cond_broadcast(&s->due);
    (void)pthread_mutex_unlock(&s->lock);
    return rc;
}

static bool is_anybody_told(struct subscriptions *s)
{
    bool told = false;
    (void)pthread_mutex_lock(&s->lock);
    for (const struct entry *x = s->entries; x && !told; x = x->behind) {
        told = x->progress.from != 0;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return told;
}

static int take_versions(struct subscriptions *s, struct store_view *view,
                         const struct versions *versions, struct err *e)
{
    struct gathered g = {0};
    int rc = 0;
    uint64_t was = s->place;
    for (size_t i = 0; !rc && i < versions->count; i++) {
        struct look l = {.s = s, .view = view, .v = &versions->items[i]};
        if (l.v->type == type_of_subscriptions()) {
            rc = take_subscription(s, l.v, e);
        } else {
            l.change = change_of(&l);
            rc = match_version(s, &l, &g, e);
        }
        s->place = l.v->t;
    }
    if (!rc && (g.count || is_anybody_told(s))) {
        rc = write_batch(s, &g, e);
    }
    s->place = rc ? was : s->place;
    return rc;
}

int follow(struct subscriptions *s, bool *ret_more, struct err *e)
{
    bool types[256];
    struct store_view *view;
    struct versions versions = {0};
    arena_reset(&s->arena);
    types_wanted(s, types);
    int rc =
        store_view_begin(s->rest.store, policy_local_administrator(), STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_changes(view, s->place, types, VERSIONS_A_TIME, &s->arena, &versions, e);
    rc = rc ? rc : take_versions(s, view, &versions, e);
    store_view_end(view);
    *ret_more = !rc && versions.more;
    return rc;
}

/* --- the start ----------------------------------------------------------------------------------
 */

static int newest(struct subscriptions *s, struct store_view *view, uint64_t *ret_t, struct err *e)
{
    struct versions found = {0};
    struct history_scope all = {.since_ms = INT64_MIN, .at_ms = INT64_MIN};
    int rc = store_history(view, &all, 1, (text){0}, &s->arena, &found, NULL, e);
    *ret_t = found.count ? found.items[0].t : 0;
    return rc;
}

static int take_page(struct subscriptions *s, struct store_view *view, text *from, bool *ret_more,
                     struct err *e)
{
    struct plan plan = {.type = type_of_subscriptions()};
    struct versions page = {0};
    int rc =
        store_search(view, &plan, SUBSCRIPTIONS_A_PAGE, *from, &s->arena, &page, NULL, NULL, e);
    for (size_t i = 0; !rc && i < page.count; i++) {
        rc = take_subscription(s, &page.items[i], e);
    }
    *from = page.next;
    *ret_more = page.more;
    return rc;
}

int follow_begin(struct subscriptions *s, struct err *e)
{
    struct store_view *view;
    text from = {0};
    bool more = true;
    arena_reset(&s->arena);
    int rc =
        store_view_begin(s->rest.store, policy_local_administrator(), STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    rc = rows_place(s->kept, &s->arena, &s->place, e);
    bool unplaced = rc == ERR_NOT_FOUND;
    rc = unplaced ? newest(s, view, &s->place, e) : rc;
    while (!rc && more) {
        rc = take_page(s, view, &from, &more, e);
    }
    /* One became active and the node ended before anything was written about it. */
    for (const struct entry *x = s->entries; !rc && unplaced && x; x = x->behind) {
        s->place = x->progress.from && x->progress.from < s->place ? x->progress.from : s->place;
    }
    store_view_end(view);
    return rc;
}
