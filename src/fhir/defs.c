#include "fhir/defs.h"

#include "base/map.h"
#include "fhir/codes.h"
#include "fhir/core.h"
#include "fhir/profile.h"
#include "fhir/snapshot.h"
#include "fhir/value_set.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * What is asked for is looked up under a lock that readers share; what is not there yet is made
 * under a second one that one thread has at a time, and that it may take again: to make a profile
 * takes its definition, which takes the one that it is based on.
 */

enum {
    SOURCES_MOST = 8,
    NESTING_MOST = 64,
    MISSES_MOST = 10000,
    DEPTH_MOST = 512,
    KEY_MOST = 2048
};

enum kind {
    KIND_RESOURCE = 'r',
    KIND_SNAPSHOT = 's',
    KIND_PROFILE = 'p',
    KIND_SET = 'v',
    KIND_CODES = 'c'
};

struct entry {
    bool being_made;
    bool done;
    int rc;
    const struct err *err;
    const void *made;
};

struct defs {
    struct defs_source sources[SOURCES_MOST];
    size_t source_count;
    struct defs *below;    /* asked where the sources have nothing; NULL: the core of R4 is */
    pthread_rwlock_t lock; /* entries */
    pthread_mutex_t make;  /* recursive; guards the arena and misses too */
    struct map entries;    /* key -> struct entry */
    struct arena arena;
    size_t misses;
    unsigned nesting; /* makers that wait for what they are based on */
    _Atomic bool full;
};

/* --- a shelf's life ------------------------------------------------------------------------ */

int defs_make(const struct defs_source *sources, size_t count, size_t memory,
              struct defs **ret_defs, struct err *e)
{
    pthread_mutexattr_t recursive;
    struct defs *d = count <= SOURCES_MOST ? calloc(1, sizeof *d) : NULL;
    if (!d) {
        return err_set(e, ERR_MEMORY, "no memory for the definitions");
    }
    for (size_t i = 0; i < count; i++) {
        d->sources[i] = sources[i];
    }
    d->source_count = count;
    arena_init(&d->arena, memory);
    map_init(&d->entries);
    pthread_rwlock_init(&d->lock, NULL);
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&d->make, &recursive);
    pthread_mutexattr_destroy(&recursive);
    *ret_defs = d;
    return 0;
}

int defs_make_over(struct defs *below, const struct defs_source *sources, size_t count,
                   size_t memory, struct defs **ret_defs, struct err *e)
{
    int rc = defs_make(sources, count, memory, ret_defs, e);
    if (!rc) {
        (*ret_defs)->below = below;
    }
    return rc;
}

void defs_free(struct defs *d)
{
    if (d) {
        map_done(&d->entries);
        arena_done(&d->arena);
        pthread_mutex_destroy(&d->make);
        pthread_rwlock_destroy(&d->lock);
        free(d);
    }
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the definitions need more memory than they may have");
}

bool defs_is_full(const struct defs *d)
{
    return d->full;
}

bool defs_is_definition(fhir_type type)
{
    static const char *const types[] = {"CodeSystem",    "ConceptMap",          "NamingSystem",
                                        "Questionnaire", "StructureDefinition", "ValueSet"};
    bool is = false;
    for (size_t i = 0; !is && i < sizeof types / sizeof *types; i++) {
        is = text_eq(fhir_type_name(type), text_of(types[i]));
    }
    return is;
}

/* --- what is asked for, once ---------------------------------------------------------------- */

struct ask {
    struct defs *d;
    enum kind kind;
    fhir_type type;
    text url;
    text version;
};

typedef int maker(const struct ask *ask, const void **ret_made, struct err *e);

static text without_fragment(text canonical)
{
    return text_first(canonical, text_find(canonical, '#'));
}

static struct ask ask_of(struct defs *d, enum kind kind, fhir_type type, text canonical)
{
    text whole = without_fragment(canonical);
    size_t bar = text_find(whole, '|');
    return (struct ask){d, kind, type, text_first(whole, bar), text_from(whole, bar + 1)};
}

static text key_of(const struct ask *ask, char room[KEY_MOST])
{
    if (ask->url.n + ask->version.n + 3 > KEY_MOST) {
        return (text){0};
    }
    size_t n = 0;
    room[n++] = (char)ask->kind;
    room[n++] = (char)ask->type;
    memcpy(room + n, ask->url.p ? ask->url.p : "", ask->url.n);
    n += ask->url.n;
    room[n++] = '|';
    memcpy(room + n, ask->version.p ? ask->version.p : "", ask->version.n);
    return (text){room, n + ask->version.n};
}

static struct entry *entry_of(struct defs *d, text key)
{
    const uint64_t *at = map_get(&d->entries, key);
    return at ? (struct entry *)(uintptr_t)*at : NULL;
}

static int answer(const struct entry *entry, const void **ret_made, struct err *e)
{
    if (!entry->rc) {
        *ret_made = entry->made;
    } else if (e) {
        *e = *entry->err;
    }
    return entry->rc;
}

static struct entry *add_entry(struct defs *d, text key)
{
    bool is_new;
    text kept = arena_copy(&d->arena, key);
    struct entry *entry = arena_zalloc(&d->arena, 1, sizeof *entry);
    if (!kept.p || !entry) {
        return NULL;
    }
    pthread_rwlock_wrlock(&d->lock);
    uint64_t *at = map_put(&d->entries, kept, &is_new);
    if (at) {
        *at = (uint64_t)(uintptr_t)entry;
    }
    pthread_rwlock_unlock(&d->lock);
    return at ? entry : NULL;
}

/* Whether an answer stays true: what fails for want of memory or time may succeed another day. */
static bool is_lasting(int rc)
{
    return rc == 0 || rc == ERR_NOT_FOUND || rc == ERR_INVALID || rc == ERR_NOT_SUPPORTED;
}

static void keep(struct defs *d, struct entry *entry, int rc, const struct err *why,
                 const void *made)
{
    struct err *copy = rc ? arena_alloc(&d->arena, sizeof *copy) : NULL;
    entry->being_made = false;
    d->full = d->full || rc == ERR_MEMORY;
    if (!is_lasting(rc) || (rc && !copy)) {
        return;
    }
    if (copy) {
        *copy = *why;
    }
    d->misses += rc != 0;
    pthread_rwlock_wrlock(&d->lock);
    entry->rc = rc;
    entry->err = copy;
    entry->made = made;
    entry->done = true;
    pthread_rwlock_unlock(&d->lock);
}

/* With the lock of making. */
static int make_once(const struct ask *ask, text key, maker *make, const void **ret_made,
                     struct err *e)
{
    struct defs *d = ask->d;
    struct err why = {0};
    const void *made = NULL;
    struct entry *entry = entry_of(d, key);
    if (entry && entry->done) {
        return answer(entry, ret_made, e);
    }
    if (entry && entry->being_made) {
        return err_set(e, ERR_INVALID,
                       "the definition '%.*s' needs itself to be worked out; mend what it is based "
                       "on or imports",
                       TEXT_ARG(text_short(ask->url, 300)));
    }
    if (!entry && d->misses < MISSES_MOST && !(entry = add_entry(d, key))) {
        return no_memory(e);
    }
    if (d->nesting >= NESTING_MOST) {
        return err_set(
            e, ERR_TOO_COSTLY,
            "the definition '%.*s' stands at the end of a chain of more than %d that are "
            "based on each other",
            TEXT_ARG(text_short(ask->url, 300)), NESTING_MOST);
    }
    if (entry) {
        entry->being_made = true;
    }
    d->nesting++;
    int rc = make(ask, &made, &why);
    d->nesting--;
    if (entry) {
        keep(d, entry, rc, &why, made);
    }
    if (!rc) {
        *ret_made = made;
    } else if (e) {
        *e = why;
    }
    return rc;
}

static int get(const struct ask *ask, maker *make, const void **ret_made, struct err *e)
{
    char room[KEY_MOST];
    struct defs *d = ask->d;
    text key = key_of(ask, room);
    if (!key.p) {
        return err_set(e, ERR_NOT_FOUND, "an address of %zu characters means nothing here",
                       ask->url.n + ask->version.n);
    }
    pthread_rwlock_rdlock(&d->lock);
    struct entry *entry = entry_of(d, key);
    bool done = entry && entry->done;
    int rc = done ? answer(entry, ret_made, e) : 0;
    pthread_rwlock_unlock(&d->lock);
    if (!done) {
        pthread_mutex_lock(&d->make);
        rc = make_once(ask, key, make, ret_made, e);
        pthread_mutex_unlock(&d->make);
    }
    return rc;
}

/* --- resources ------------------------------------------------------------------------------ */

/* The core is one release: its definitions are asked for as 4.0, 4.0.0 and 4.0.1 too, whatever
 * version of their own they have. */
static bool core_has_version(const yyjson_val *root, text asked)
{
    return asked.n == 0 || text_starts(asked, T("4.0")) ||
           text_eq(asked, json_text(json_get(root, T("version"))));
}

static int find_in_core(const struct ask *ask, const void **ret_made, struct err *e)
{
    text json;
    yyjson_val *root;
    struct defs *d = ask->d;
    if (!core_find(ask->type, ask->url, &json)) {
        return ERR_NOT_FOUND;
    }
    int rc = json_read(json, DEPTH_MOST, &d->arena, &root, e);
    if (rc) {
        return rc;
    }
    if (!core_has_version(root, ask->version)) {
        return ERR_NOT_FOUND;
    }
    *ret_made = root;
    return 0;
}

/* The canonical of an ask; p == NULL: no memory. */
static text canonical_of(const struct ask *ask)
{
    return arena_printf(&ask->d->arena, "%.*s%s%.*s", TEXT_ARG(ask->url), ask->version.n ? "|" : "",
                        TEXT_ARG(ask->version));
}

/* Behind the sources. */
static int find_behind(const struct ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *root = NULL;
    if (!ask->d->below) {
        return find_in_core(ask, ret_made, e);
    }
    text canonical = canonical_of(ask);
    int rc =
        canonical.p ? defs_resource(ask->d->below, ask->type, canonical, &root, e) : no_memory(e);
    if (!rc) {
        *ret_made = root;
    }
    return rc;
}

static int find_in_sources(const struct ask *ask, const void **ret_made, struct err *e)
{
    struct defs *d = ask->d;
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; rc == ERR_NOT_FOUND && i < d->source_count; i++) {
        yyjson_val *root;
        const struct defs_source *s = &d->sources[i];
        rc = s->find ? s->find(s->context, ask->type, ask->url, ask->version, &d->arena, &root, e)
                     : ERR_NOT_FOUND;
        if (!rc) {
            *ret_made = root;
        }
    }
    return rc;
}

static int make_resource(const struct ask *ask, const void **ret_made, struct err *e)
{
    int rc = find_in_sources(ask, ret_made, e);
    rc = rc == ERR_NOT_FOUND ? find_behind(ask, ret_made, e) : rc;
    if (rc == ERR_NOT_FOUND) {
        bool versioned = ask->version.n > 0;
        return err_set(e, rc,
                       "the %.*s '%.*s%s%.*s' is not here; load the package that has it, or store "
                       "it as a resource",
                       TEXT_ARG(fhir_type_name(ask->type)), TEXT_ARG(text_short(ask->url, 300)),
                       versioned ? "|" : "", TEXT_ARG(text_short(ask->version, 60)));
    }
    return rc;
}

int defs_resource(struct defs *d, fhir_type type, text canonical, const yyjson_val **ret_root,
                  struct err *e)
{
    const void *made;
    struct ask ask = ask_of(d, KIND_RESOURCE, type, canonical);
    int rc = get(&ask, make_resource, &made, e);
    if (!rc) {
        *ret_root = made;
    }
    return rc;
}

/* --- what is made of them ------------------------------------------------------------------- */

static bool has_snapshot(const yyjson_val *definition)
{
    const yyjson_val *elements = json_get(json_get(definition, T("snapshot")), T("element"));
    return json_type(elements) == YYJSON_TYPE_ARR && json_len(elements) > 0;
}

static int make_snapshot(const struct ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *definition = NULL;
    yyjson_val *made;
    text canonical = canonical_of(ask);
    if (!canonical.p) {
        return no_memory(e);
    }
    int rc = defs_resource(ask->d, ask->type, canonical, &definition, e);
    if (!rc && has_snapshot(definition)) {
        *ret_made = definition;
        return 0;
    }
    rc = rc ? rc : snapshot_make(ask->d, definition, &ask->d->arena, &made, e);
    if (!rc) {
        *ret_made = made;
    }
    return rc;
}

/* The address of a type that is named alone. */
static bool is_bare(text canonical)
{
    return text_find(canonical, ':') == canonical.n && text_find(canonical, '/') == canonical.n;
}

static int of_definition(struct defs *d, enum kind kind, text canonical, maker *make,
                         const void **ret_made, struct err *e)
{
    char room[256];
    static const text base = {DEFS_BASE, sizeof DEFS_BASE - 1};
    fhir_type type = fhir_type_of(T("StructureDefinition"));
    text whole = canonical;
    if (is_bare(canonical) && canonical.n + base.n <= sizeof room) {
        memcpy(room, base.p, base.n);
        memcpy(room + base.n, canonical.p ? canonical.p : "", canonical.n);
        whole = (text){room, base.n + canonical.n};
    }
    struct ask ask = ask_of(d, kind, type, whole);
    return get(&ask, make, ret_made, e);
}

int defs_snapshot(struct defs *d, text canonical, const yyjson_val **ret_root, struct err *e)
{
    const void *made;
    int rc = of_definition(d, KIND_SNAPSHOT, canonical, make_snapshot, &made, e);
    if (!rc) {
        *ret_root = made;
    }
    return rc;
}

static int make_profile(const struct ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *definition = NULL;
    const struct profile *profile;
    text canonical = canonical_of(ask);
    int rc = canonical.p ? defs_snapshot(ask->d, canonical, &definition, e) : no_memory(e);
    rc = rc ? rc : profile_compile(ask->d, definition, &ask->d->arena, &profile, e);
    if (!rc) {
        *ret_made = profile;
    }
    return rc;
}

int defs_profile(struct defs *d, text canonical, const struct profile **ret_profile, struct err *e)
{
    const void *made;
    int rc = of_definition(d, KIND_PROFILE, canonical, make_profile, &made, e);
    if (!rc) {
        *ret_profile = made;
    }
    return rc;
}

static int make_value_set(const struct ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *root = NULL;
    const struct value_set *set;
    struct err implicit;
    text canonical = canonical_of(ask);
    if (!canonical.p) {
        return no_memory(e);
    }
    int rc = defs_resource(ask->d, ask->type, canonical, &root, e);
    if (rc == ERR_NOT_FOUND) {
        int as_address = value_set_implicit(ask->d, canonical, &ask->d->arena, &set, &implicit);
        if (as_address && as_address != ERR_NOT_FOUND && e) {
            *e = implicit;
        }
        rc = as_address;
    } else if (!rc) {
        rc = value_set_compile(ask->d, root, &ask->d->arena, &set, e);
    }
    if (!rc) {
        *ret_made = set;
    }
    return rc;
}

int defs_value_set(struct defs *d, text canonical, const struct value_set **ret_set, struct err *e)
{
    const void *made;
    struct ask ask = ask_of(d, KIND_SET, fhir_type_of(T("ValueSet")), canonical);
    int rc = get(&ask, make_value_set, &made, e);
    if (!rc) {
        *ret_set = made;
    }
    return rc;
}

/* What the shelf below has compiled already is taken from there. */
static int codes_from_resource(const struct ask *ask, const struct codes **ret_codes, struct err *e)
{
    struct defs *d = ask->d;
    const void *own;
    const yyjson_val *root = NULL;
    text canonical = canonical_of(ask);
    if (!canonical.p) {
        return no_memory(e);
    }
    if (d->below && find_in_sources(ask, &own, e) == ERR_NOT_FOUND) {
        return defs_codes(d->below, ask->url, ask->version, ret_codes, e);
    }
    int rc = defs_resource(d, ask->type, canonical, &root, e);
    return rc ? rc : codes_of_resource(root, &d->arena, ret_codes, e);
}

static int make_codes(const struct ask *ask, const void **ret_made, struct err *e)
{
    struct defs *d = ask->d;
    const struct codes *codes;
    text image;
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; rc == ERR_NOT_FOUND && i < d->source_count; i++) {
        const struct defs_source *s = &d->sources[i];
        rc = s->codes ? s->codes(s->context, ask->url, ask->version, &image, e) : rc;
    }
    if (!rc) {
        rc = codes_open(image, &d->arena, &codes, e);
    } else if (rc == ERR_NOT_FOUND) {
        rc = codes_from_resource(ask, &codes, e);
    }
    if (!rc) {
        *ret_made = codes;
    }
    return rc;
}

int defs_codes(struct defs *d, text system, text version, const struct codes **ret_codes,
               struct err *e)
{
    const void *made;
    struct ask ask = {d, KIND_CODES, fhir_type_of(T("CodeSystem")), system, version};
    int rc = get(&ask, make_codes, &made, e);
    if (!rc) {
        *ret_codes = made;
    }
    return rc;
}

int defs_supplements(struct defs *d, text system, struct arena *a,
                     int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                     void *visitor, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < d->source_count; i++) {
        const struct defs_source *s = &d->sources[i];
        rc = s->supplements ? s->supplements(s->context, system, a, visit, visitor, e) : 0;
    }
    return rc || !d->below ? rc : defs_supplements(d->below, system, a, visit, visitor, e);
}
