#include "fhir/defs.h"

#include "fhir/codes.h"
#include "fhir/core.h"
#include "fhir/defs_int.h"
#include "fhir/profile.h"
#include "fhir/snapshot.h"
#include "fhir/value_set.h"

#include <stdlib.h>

enum { DEPTH_MOST = 512, SUPPLEMENTS_MOST = 32 };

/* --- a shelf's life ------------------------------------------------------------------------ */

int defs_make(const struct defs_source *sources, size_t count, size_t memory,
              struct defs **ret_defs, struct err *e)
{
    pthread_mutexattr_t recursive;
    struct defs *d = count <= DEFS_SOURCES_MOST ? calloc(1, sizeof *d) : NULL;
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

static text without_fragment(text canonical)
{
    return text_first(canonical, text_find(canonical, '#'));
}

static struct defs_ask ask_of(struct defs *d, enum defs_kind kind, fhir_type type, text canonical)
{
    text whole = without_fragment(canonical);
    size_t bar = text_find(whole, '|');
    return (struct defs_ask){d, kind, type, text_first(whole, bar), text_from(whole, bar + 1)};
}

/* --- resources ------------------------------------------------------------------------------ */

/* The core is one release: its definitions are asked for as 4.0, 4.0.0 and 4.0.1 too, whatever
 * version of their own they have. */
static bool core_has_version(const yyjson_val *root, text asked)
{
    return asked.n == 0 || text_starts(asked, T("4.0")) ||
           text_eq(asked, json_text(json_get(root, T("version"))));
}

static int find_in_core(const struct defs_ask *ask, const void **ret_made, struct err *e)
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
static text canonical_of(const struct defs_ask *ask)
{
    return arena_printf(&ask->d->arena, "%.*s%s%.*s", TEXT_ARG(ask->url), ask->version.n ? "|" : "",
                        TEXT_ARG(ask->version));
}

/* Behind the sources. */
static int find_behind(const struct defs_ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *root = NULL;
    if (!ask->d->below) {
        return find_in_core(ask, ret_made, e);
    }
    text canonical = canonical_of(ask);
    int rc = canonical.p ? defs_resource(ask->d->below, ask->type, canonical, &root, e)
                         : defs_no_memory(e);
    if (!rc) {
        *ret_made = root;
    }
    return rc;
}

static int find_in_sources(const struct defs_ask *ask, const void **ret_made, struct err *e)
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

static int make_resource(const struct defs_ask *ask, const void **ret_made, struct err *e)
{
    int rc = find_in_sources(ask, ret_made, e);
    rc = rc == ERR_NOT_FOUND ? find_behind(ask, ret_made, e) : rc;
    if (rc == ERR_NOT_FOUND) {
        bool versioned = ask->version.n > 0;
        bool is_system = ask->type == fhir_type_of(T("CodeSystem"));
        return err_set(e, rc,
                       "the %.*s '%.*s%s%.*s' is not here; load the package %sthat has it, or "
                       "store it as a resource",
                       TEXT_ARG(fhir_type_name(ask->type)), TEXT_ARG(text_short(ask->url, 300)),
                       versioned ? "|" : "", TEXT_ARG(text_short(ask->version, 60)),
                       is_system ? "or the release of terminology " : "");
    }
    return rc;
}

int defs_resource(struct defs *d, fhir_type type, text canonical, const yyjson_val **ret_root,
                  struct err *e)
{
    const void *made;
    struct defs_ask ask = ask_of(d, DEFS_RESOURCE, type, canonical);
    int rc = defs_get(&ask, make_resource, &made, e);
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

static int make_snapshot(const struct defs_ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *definition = NULL;
    yyjson_val *made;
    text canonical = canonical_of(ask);
    if (!canonical.p) {
        return defs_no_memory(e);
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

static int of_definition(struct defs *d, enum defs_kind kind, text canonical, defs_maker *make,
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
    struct defs_ask ask = ask_of(d, kind, type, whole);
    return defs_get(&ask, make, ret_made, e);
}

int defs_snapshot(struct defs *d, text canonical, const yyjson_val **ret_root, struct err *e)
{
    const void *made;
    int rc = of_definition(d, DEFS_SNAPSHOT, canonical, make_snapshot, &made, e);
    if (!rc) {
        *ret_root = made;
    }
    return rc;
}

static int make_profile(const struct defs_ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *definition = NULL;
    const struct profile *profile;
    text canonical = canonical_of(ask);
    int rc = canonical.p ? defs_snapshot(ask->d, canonical, &definition, e) : defs_no_memory(e);
    rc = rc ? rc : profile_compile(ask->d, definition, &ask->d->arena, &profile, e);
    if (!rc) {
        *ret_made = profile;
    }
    return rc;
}

int defs_profile(struct defs *d, text canonical, const struct profile **ret_profile, struct err *e)
{
    const void *made;
    int rc = of_definition(d, DEFS_PROFILE, canonical, make_profile, &made, e);
    if (!rc) {
        *ret_profile = made;
    }
    return rc;
}

static int make_value_set(const struct defs_ask *ask, const void **ret_made, struct err *e)
{
    const yyjson_val *root = NULL;
    const struct value_set *set;
    struct err implicit;
    text canonical = canonical_of(ask);
    if (!canonical.p) {
        return defs_no_memory(e);
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
    struct defs_ask ask = ask_of(d, DEFS_SET, fhir_type_of(T("ValueSet")), canonical);
    int rc = defs_get(&ask, make_value_set, &made, e);
    if (!rc) {
        *ret_set = made;
    }
    return rc;
}

struct supplements {
    text version; /* of the system */
    const yyjson_val *roots[SUPPLEMENTS_MOST];
    size_t count;
};

/* Those that name another version of the system are not for this one. */
static int take_supplement(void *visitor, const yyjson_val *root, struct err *e)
{
    struct supplements *s = visitor;
    text of = json_text(json_get(root, T("supplements")));
    text version = text_from(of, text_find(of, '|') + 1);
    if (version.n && !text_eq(version, s->version)) {
        return 0;
    }
    if (s->count == SUPPLEMENTS_MOST) {
        return err_set(
            e, ERR_INVALID, "the code system '%.*s' has more than %d supplements; join some",
            TEXT_ARG(text_short(text_first(of, text_find(of, '|')), 300)), SUPPLEMENTS_MOST);
    }
    s->roots[s->count++] = root;
    return 0;
}

/* Of the shelf's own sources alone; what is below has had its own added already. */
static int own_supplements(struct defs *d, text system, struct arena *a,
                           int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                           void *visitor, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < d->source_count; i++) {
        const struct defs_source *s = &d->sources[i];
        rc = s->supplements ? s->supplements(s->context, system, a, visit, visitor, e) : 0;
    }
    return rc;
}

static int add_supplements(const struct defs_ask *ask, bool all, const struct codes **codes,
                           struct err *e)
{
    struct defs *d = ask->d;
    struct arena scratch;
    struct supplements s = {.version = codes_about(*codes)->version};
    arena_init(&scratch, d->arena.cap);
    int rc = all ? defs_supplements(d, ask->url, &scratch, take_supplement, &s, e)
                 : own_supplements(d, ask->url, &scratch, take_supplement, &s, e);
    rc = rc ? rc : codes_with_supplements(*codes, s.roots, s.count, &d->arena, codes, e);
    arena_done(&scratch);
    return rc;
}

/* What the shelf below has compiled already is taken from there. */
static int codes_from_resource(const struct defs_ask *ask, const struct codes **ret_codes,
                               struct err *e)
{
    struct defs *d = ask->d;
    const void *own;
    const yyjson_val *root = NULL;
    text canonical = canonical_of(ask);
    if (!canonical.p) {
        return defs_no_memory(e);
    }
    if (d->below && find_in_sources(ask, &own, e) == ERR_NOT_FOUND) {
        int found = defs_codes(d->below, ask->url, ask->version, ret_codes, e);
        return found ? found : add_supplements(ask, false, ret_codes, e);
    }
    int rc = defs_resource(d, ask->type, canonical, &root, e);
    rc = rc ? rc : codes_of_resource(root, &d->arena, ret_codes, e);
    return rc ? rc : add_supplements(ask, true, ret_codes, e);
}

static int make_codes(const struct defs_ask *ask, const void **ret_made, struct err *e)
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
    struct defs_ask ask = {d, DEFS_CODES, fhir_type_of(T("CodeSystem")), system, version};
    int rc = defs_get(&ask, make_codes, &made, e);
    if (!rc) {
        *ret_codes = made;
    }
    return rc;
}

int defs_supplements(struct defs *d, text system, struct arena *a,
                     int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                     void *visitor, struct err *e)
{
    int rc = own_supplements(d, system, a, visit, visitor, e);
    return rc || !d->below ? rc : defs_supplements(d->below, system, a, visit, visitor, e);
}
