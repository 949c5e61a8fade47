#include "fhir/snapshot.h"

#include "fhir/snapshot_int.h"

static int wrong(const yyjson_val *definition, const char *what, struct err *e)
{
    return err_set(e, ERR_INVALID, "no snapshot can be made of %.*s: %s",
                   TEXT_ARG(text_short(json_text(json_get(definition, T("url"))), 200)), what);
}

/*
 * The bases up to the first that has a snapshot of its own: they are looked up here one by one, for
 * a definition that is based on itself would be asked for its snapshot without an end.
 */
static int check_bases(struct defs *d, const yyjson_val *definition, struct err *e)
{
    text url = json_text(json_get(definition, T("url")));
    const yyjson_val *at = definition;
    for (size_t i = 0; i < SNAPSHOT_BASES_MAX; i++) {
        text base = json_text(json_get(at, T("baseDefinition")));
        if (!base.n) {
            return 0;
        }
        if (text_eq(text_first(base, text_find(base, '|')), url)) {
            return wrong(definition, "it is based on itself; correct baseDefinition", e);
        }
        int code = defs_resource(d, fhir_type_of(T("StructureDefinition")), base, &at, e);
        if (code || json_get(at, T("snapshot"))) {
            return code;
        }
    }
    return wrong(definition,
                 "more than 32 definitions stand between it and its type, or they are "
                 "based on each other; correct baseDefinition",
                 e);
}

static void write_members(const yyjson_val *definition, struct buf *out)
{
    const yyjson_val *key = definition + 1;
    bool first = true;
    for (size_t left = json_len(definition); left; left--, key = json_after(key + 1)) {
        if (!text_eq(json_text(key), T("snapshot"))) {
            buf_add(out, first ? T("") : T(","));
            json_write_string(json_text(key), out);
            buf_addc(out, ':');
            json_write(key + 1, out);
            first = false;
        }
    }
}

/* The name that all paths start with. A type of a logical model may be an address, which ends with
 * it. */
static int name_type(struct snapshot_work *w, const struct snapshot_tree *base,
                     const struct snapshot_change *root)
{
    text type = json_text(json_get(w->definition, T("type")));
    while (type.n && text_find(type, '/') < type.n) {
        type = text_from(type, text_find(type, '/') + 1);
    }
    if (w->constrains && !base) {
        return wrong(w->definition, "it is a constraint on nothing; add baseDefinition", w->e);
    }
    w->type = root ? root->name : w->constrains ? base->items[0].name : type;
    if (w->constrains && !text_eq(base->items[0].name, w->type)) {
        return wrong(w->definition, "its type is not the type of its base; correct one of the two",
                     w->e);
    }
    if (!w->type.n || text_find(w->type, '.') < w->type.n || text_find(w->type, ':') < w->type.n) {
        return wrong(w->definition, "its type is no name; correct type", w->e);
    }
    return 0;
}

static int write_definition(struct snapshot_work *w, const struct snapshot_change *root)
{
    const struct snapshot_tree *base = NULL;
    text url = json_text(json_get(w->definition, T("baseDefinition")));
    int code = url.n ? snapshot_tree_of(w, url, &base) : 0;
    if (code) {
        return code;
    }
    code = name_type(w, base, root);
    if (code) {
        return code;
    }
    buf_addc(&w->out, '{');
    write_members(w->definition, &w->out);
    buf_add(&w->out, T(",\"snapshot\":{\"element\":["));
    code = snapshot_walk(w, base, root);
    buf_add(&w->out, T("]}}"));
    return code;
}

static int make(struct snapshot_work *w, struct arena *a, yyjson_val **ret_definition)
{
    struct snapshot_change *root = NULL;
    int code = snapshot_changes_make(w->definition, w->arena, &root, w->e);
    if (code) {
        return code;
    }
    code = write_definition(w, root);
    if (!code && buf_failed(&w->out)) {
        code = snapshot_memory(w);
    }
    return code ? code
                : json_read(buf_text(&w->out), SNAPSHOT_NESTING_MAX, a, ret_definition, w->e);
}

int snapshot_make(struct defs *d, const yyjson_val *definition, struct arena *a,
                  yyjson_val **ret_definition, struct err *e)
{
    struct arena own;
    text derivation = json_text(json_get(definition, T("derivation")));
    if (json_type(definition) != YYJSON_TYPE_OBJ || !json_len(definition)) {
        return wrong(definition, "it is no StructureDefinition", e);
    }
    int code = check_bases(d, definition, e);
    if (code) {
        return code;
    }
    arena_init(&own, SNAPSHOT_SCRATCH_MAX);
    struct snapshot_work *w = arena_zalloc(&own, 1, sizeof *w);
    if (!w) {
        arena_done(&own);
        return err_set(e, ERR_MEMORY, "no memory for a snapshot");
    }
    w->defs = d;
    w->arena = &own;
    w->definition = definition;
    w->url = json_text(json_get(definition, T("url")));
    w->constrains = text_eq(derivation, T("constraint"));
    w->e = e;
    arena_init(&w->scratch, SNAPSHOT_SCRATCH_MAX);
    buf_init(&w->out, SNAPSHOT_BYTES_MAX);
    map_init(&w->at);
    code = make(w, a, ret_definition);
    map_done(&w->at);
    buf_done(&w->out);
    arena_done(&w->scratch);
    arena_done(&own);
    return code;
}
