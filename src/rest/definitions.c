#include "rest/definitions.h"

#include "base/clock.h"
#include "rest/call.h"
#include "store/shelf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One shelf and what it is made from. */
struct in_force {
    struct defs *defs;
    struct shelf *files;
    uint64_t generation; /* store_definitions() */
    size_t users;
    struct in_force *next; /* an older one that is still in use */
};

struct definitions {
    struct store *store;
    const struct limits *limits;
    const char *dir;
    struct defs *core;
    pthread_mutex_t lock;
    struct in_force *newest; /* NULL: none yet */
    int64_t looked_ns;       /* when the folder was last looked at */
};

enum { LOOK_NS = 1000000000, FOUND_MOST = 1000 };

/* --- what is stored ------------------------------------------------------------------------- */

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the definitions need more memory than they may have");
}

/* The criteria of a search by one parameter. */
static int parse(const struct definitions *d, fhir_type type, text name, text value,
                 struct arena *a, struct plan *ret_plan, struct err *e)
{
    text escaped = search_escape(value, a);
    if (!escaped.p) {
        return no_memory(e);
    }
    struct index_rules rules = store_rules(d->store);
    struct search_pair pair = {name, escaped};
    struct search_question q = {.types = &type,
                                .type_count = 1,
                                .pairs = &pair,
                                .count = 1,
                                .rules = &rules,
                                .limits = d->limits};
    return search_parse_criteria(&q, a, ret_plan, e);
}

/* Definitions are nobody's record: they are read for whoever asks for what they mean. */
static int search(const struct definitions *d, fhir_type type, text name, text value,
                  struct arena *a, struct versions *ret_found, struct err *e)
{
    struct plan plan;
    struct store_view *view;
    struct plan_sort newest = {.own = INDEX_LAST_UPDATED, .descending = true};
    int rc = parse(d, type, name, value, a, &plan, e);
    plan.sorts = &newest;
    plan.sort_count = 1;
    rc = rc ? rc
            : store_view_begin(d->store, policy_local_administrator(), STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_search(view, &plan, FOUND_MOST, (text){0}, a, ret_found, NULL, NULL, e);
    store_view_end(view);
    return rc;
}

/* Of those with the version that is asked for, the newest: by version, then by the last write.
 * Supplements stand beside their system. */
static int choose(const struct definitions *d, const struct versions *found, text version,
                  struct arena *a, yyjson_val **ret_root, struct err *e)
{
    yyjson_val *best = NULL;
    int rc = 0;
    for (size_t i = 0; !rc && i < found->count; i++) {
        yyjson_val *root;
        struct arena_mark mark = arena_mark(a);
        rc = version_tree(&found->items[i], d->limits, a, &root, e);
        if (rc) {
            break;
        }
        text own = json_text(json_get(root, T("version")));
        bool fits = (version.n == 0 || text_eq(version, own)) &&
                    !text_eq(json_text(json_get(root, T("content"))), T("supplement"));
        if (fits &&
            (!best || defs_version_compare(own, json_text(json_get(best, T("version")))) > 0)) {
            best = root;
        } else {
            arena_rewind(a, mark);
        }
    }
    if (!rc && best) {
        *ret_root = best;
    }
    return rc ? rc : best ? 0 : ERR_NOT_FOUND;
}

static int find(void *context, fhir_type type, text url, text version, struct arena *a,
                yyjson_val **ret_root, struct err *e)
{
    const struct definitions *d = context;
    struct versions found = {0};
    struct arena scratch;
    if (url.n == 0) {
        return ERR_NOT_FOUND;
    }
    arena_init(&scratch, d->limits->request_memory);
    bool by_id = type == fhir_type_of(T("NamingSystem"));
    int rc = search(d, type, by_id ? T("value:exact") : T("url"), url, &scratch, &found, e);
    rc = rc ? rc : choose(d, &found, version, a, ret_root, e);
    arena_done(&scratch);
    return rc;
}

static int supplements(void *context, text system, struct arena *a,
                       int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                       void *visitor, struct err *e)
{
    const struct definitions *d = context;
    struct versions found = {0};
    int rc = search(d, fhir_type_of(T("CodeSystem")), T("supplements"), system, a, &found, e);
    for (size_t i = 0; !rc && i < found.count; i++) {
        yyjson_val *root;
        rc = version_tree(&found.items[i], d->limits, a, &root, e);
        if (!rc && text_eq(json_text(json_get(root, T("content"))), T("supplement"))) {
            rc = visit(visitor, root, e);
        }
    }
    return rc;
}

/* --- shelves -------------------------------------------------------------------------------- */

static void drop(struct in_force *f)
{
    if (f) {
        defs_free(f->defs);
        shelf_close(f->files);
        free(f);
    }
}

static int make(struct definitions *d, struct in_force **ret, struct err *e)
{
    struct in_force *f = calloc(1, sizeof *f);
    if (!f) {
        return no_memory(e);
    }
    f->generation = store_definitions(d->store);
    int rc = shelf_open(d->dir, &f->files, e);
    const struct defs_source sources[] = {
        {.find = find, .supplements = supplements, .context = d},
        {.codes = shelf_codes, .context = f->files},
    };
    rc = rc ? rc : defs_make(sources, 2, (size_t)d->limits->definitions_memory, &f->defs, e);
    if (rc) {
        drop(f);
        return rc;
    }
    *ret = f;
    return 0;
}

/* Under the lock. */
static bool is_current(struct definitions *d)
{
    const struct in_force *f = d->newest;
    if (!f || f->generation != store_definitions(d->store)) {
        return false;
    }
    /* One more while older ones are still in use could take their memory once again, and again. */
    if (defs_is_full(f->defs) && !f->next) {
        return false;
    }
    int64_t now = clock_mono_ns();
    bool look = now - d->looked_ns >= LOOK_NS;
    d->looked_ns = look ? now : d->looked_ns;
    return !look || !shelf_stale(f->files);
}

/* Under the lock: those that nobody uses any more, but the newest. */
static void sweep(struct definitions *d)
{
    struct in_force **at = d->newest ? &d->newest->next : &d->newest;
    while (*at) {
        struct in_force *f = *at;
        if (f->users) {
            at = &f->next;
        } else {
            *at = f->next;
            drop(f);
        }
    }
}

int definitions_hold(const struct rest *rest, struct defs **ret_defs, struct err *e)
{
    int rc = 0;
    struct definitions *d = rest->definitions;
    if (!d) {
        return err_set(e, ERR_NOT_SUPPORTED, "no definitions are kept here");
    }
    (void)pthread_mutex_lock(&d->lock);
    if (!is_current(d)) {
        struct in_force *f = NULL;
        rc = make(d, &f, e);
        if (!rc && f) {
            f->next = d->newest;
            d->newest = f;
            sweep(d);
        }
    }
    if (!rc) {
        d->newest->users++;
        *ret_defs = d->newest->defs;
    }
    (void)pthread_mutex_unlock(&d->lock);
    return rc;
}

void definitions_release(const struct rest *rest, struct defs *defs)
{
    struct definitions *d = rest->definitions;
    if (!defs || !d) {
        return;
    }
    (void)pthread_mutex_lock(&d->lock);
    for (struct in_force *f = d->newest; f; f = f->next) {
        if (f->defs == defs) {
            f->users--;
            break;
        }
    }
    sweep(d);
    (void)pthread_mutex_unlock(&d->lock);
}

struct defs *definitions_core(const struct rest *rest)
{
    return rest->definitions ? rest->definitions->core : NULL;
}

/* --- life ----------------------------------------------------------------------------------- */

int definitions_open(struct store *store, const struct limits *limits, const char *dir,
                     struct definitions **ret_definitions, struct err *e)
{
    struct definitions *d = calloc(1, sizeof *d);
    if (!d) {
        return no_memory(e);
    }
    *d = (struct definitions){.store = store, .limits = limits, .dir = dir};
    int rc = defs_make(NULL, 0, (size_t)limits->definitions_memory, &d->core, e);
    if (rc) {
        free(d);
        return rc;
    }
    (void)pthread_mutex_init(&d->lock, NULL);
    *ret_definitions = d;
    return 0;
}

void definitions_close(struct definitions *d)
{
    if (d) {
        struct in_force *next;
        for (struct in_force *f = d->newest; f; f = next) {
            next = f->next;
            drop(f);
        }
        defs_free(d->core);
        (void)pthread_mutex_destroy(&d->lock);
        free(d);
    }
}
