#include "rest/patch.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/pace.h"

/*
 * [type]/$meta and $meta of the whole node (R4 resource-operations.html#meta): the profiles, tags
 * and security labels that are in use, each once. Looks at every current resource, a stretch at a
 * time, for at most search_seconds.
 */

enum {
    STRETCH_COUNT = 2000,
    STRETCH_BYTES = 4 << 20,
    KNOWN_MOST = 10000, /* metas that are remembered: most resources have one that others have */
    VALUES_MOST = 10000,
};

static const char *const lists[] = {"profile", "security", "tag"};
enum { LIST_COUNT = sizeof lists / sizeof *lists };

struct gather {
    struct call *call;
    struct arena scratch; /* of one stretch */
    struct map known;
    size_t known_count;
    struct map seen; /* "tag|system|code" */
    size_t count;
    struct buf lists[LIST_COUNT];
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* What a profile or label is told apart by; empty: nothing that could be. */
static text name_of(struct gather *g, size_t list, const yyjson_val *item)
{
    if (json_type(item) == YYJSON_TYPE_OBJ) {
        text system = json_text(json_get(item, T("system")));
        return arena_printf(&g->scratch, "%zu|%.*s|%.*s", list, TEXT_ARG(system),
                            TEXT_ARG(json_text(json_get(item, T("code")))));
    }
    return json_type(item) == YYJSON_TYPE_STR
               ? arena_printf(&g->scratch, "%zu|%.*s", list, TEXT_ARG(json_text(item)))
               : T("");
}

static int take_item(struct gather *g, size_t list, const yyjson_val *item, struct err *e)
{
    bool is_new;
    text name = name_of(g, list, item);
    if (name.p && (name.n == 0 || map_get(&g->seen, name))) {
        return 0;
    }
    text kept = name.p ? arena_copy(g->call->arena, name) : (text){0};
    if (!kept.p || !map_put(&g->seen, kept, &is_new)) {
        return no_memory(e);
    }
    if (++g->count > VALUES_MOST) {
        return err_set(e, ERR_TOO_COSTLY,
                       "there are more than %d different profiles, tags and security labels; ask "
                       "for those of a type or a resource",
                       VALUES_MOST);
    }
    buf_add(&g->lists[list], g->lists[list].n ? T(",") : T(""));
    json_write(item, &g->lists[list]);
    return 0;
}

/* Whether this meta, byte for byte, has been looked at. */
static bool is_known(struct gather *g, text meta)
{
    bool is_new;
    if (map_get(&g->known, meta)) {
        return true;
    }
    text kept = g->known_count < KNOWN_MOST ? arena_copy(g->call->arena, meta) : (text){0};
    if (kept.p && map_put(&g->known, kept, &is_new)) {
        g->known_count++;
    }
    return false;
}

static int take_version(struct gather *g, const struct version *v, struct err *e)
{
    yyjson_val *meta;
    text members = resource_packed_meta(v->packed);
    if (members.n == 0 || is_known(g, members)) {
        return 0;
    }
    const text parts[] = {T("{"), members, T("}")};
    text json = arena_join(&g->scratch, parts, 3);
    size_t depth = (size_t)g->call->rest->limits->json_depth;
    int rc = json.p ? json_read(json, depth, &g->scratch, &meta, e) : no_memory(e);
    for (size_t list = 0; !rc && list < LIST_COUNT; list++) {
        const yyjson_val *items = json_get(meta, text_of(lists[list]));
        const yyjson_val *item = items ? items + 1 : NULL;
        for (size_t left = items ? json_len(items) : 0; !rc && left; left--) {
            rc = take_item(g, list, item, e);
            item = json_after(item);
        }
    }
    return rc;
}

static int take_stretch(struct gather *g, const struct store_past *past, uint64_t *from,
                        bool *ret_more, struct err *e)
{
    struct store_view *view;
    struct versions vs;
    struct call *c = g->call;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_scan_past(view, past, *from, store_keys_last(), STRETCH_COUNT, STRETCH_BYTES,
                         &g->scratch, &vs, from, e);
    store_view_end(view);
    for (size_t i = 0; !rc && i < vs.count; i++) {
        rc = take_version(g, &vs.items[i], e);
    }
    *ret_more = !rc && vs.more;
    arena_reset(&g->scratch);
    pace_give_way();
    return rc;
}

static int take_all(struct gather *g, struct err *e)
{
    struct call *c = g->call;
    struct store_past past = {0};
    bool *types = arena_zalloc(c->arena, fhir_type_count(), sizeof *types);
    uint64_t seconds = c->rest->limits->search_seconds;
    int64_t deadline = clock_mono_ns() + (int64_t)seconds * 1000000000;
    uint64_t from = 0;
    bool more = true;
    if (!types) {
        return no_memory(e);
    }
    types[c->route.type] = true;
    past.types = c->route.type ? types : NULL;
    int rc = store_moment(c->rest->store, c->grant, &past.until, e);
    while (!rc && more) {
        rc = take_stretch(g, &past, &from, &more, e);
        if (!rc && more && clock_mono_ns() > deadline) {
            rc = err_set(e, ERR_TOO_COSTLY,
                         "looking at every resource takes longer than %llu seconds (limit "
                         "search_seconds); ask for the meta of a type or a resource",
                         (unsigned long long)seconds);
        }
    }
    return rc;
}

/* An empty Meta would be no valid one: nothing in use is Parameters without a parameter. */
static void print(struct gather *g, struct buf *out)
{
    const char *before = ",\"parameter\":[{\"name\":\"return\",\"valueMeta\":{";
    buf_add(out, T("{\"resourceType\":\"Parameters\""));
    for (size_t list = 0; list < LIST_COUNT; list++) {
        if (g->lists[list].n) {
            buf_printf(out, "%s\"%s\":[", before, lists[list]);
            buf_add(out, buf_text(&g->lists[list]));
            buf_addc(out, ']');
            before = ",";
        }
    }
    buf_add(out, g->count ? T("}}]}") : T("}"));
}

int print_meta_of_all(struct call *c, struct err *e)
{
    struct gather g = {.call = c};
    size_t most = (size_t)c->rest->limits->request_memory;
    bool failed = false;
    arena_init(&g.scratch, most);
    map_init(&g.known);
    map_init(&g.seen);
    for (size_t list = 0; list < LIST_COUNT; list++) {
        buf_init(&g.lists[list], most);
    }
    int rc = take_all(&g, e);
    for (size_t list = 0; list < LIST_COUNT; list++) {
        failed = failed || buf_failed(&g.lists[list]);
    }
    if (!rc && failed) {
        rc = no_memory(e);
    }
    if (!rc) {
        print(&g, &c->answer.body);
    }
    for (size_t list = 0; list < LIST_COUNT; list++) {
        buf_done(&g.lists[list]);
    }
    map_done(&g.seen);
    map_done(&g.known);
    arena_done(&g.scratch);
    return rc;
}
