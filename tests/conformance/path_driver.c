/*
 * Evaluates FHIRPath expressions for fhirpath_suite.py. A line of standard input is
 * {"expression": ..., "file": resource or absent, "holds" and "strict": there or absent}; the same
 * line of standard output is {"items": [{"type": ..., "text": ...}]} or {"error": ..., "stage":
 * "compile", "input" or "run"}.
 */
#include "fhir/path.h"
#include "fhir/xml.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MOST = 64, BYTES_MOST = 64 * 1024 * 1024 };

struct reply {
    struct arena *arena;
    struct buf out;
};

static int read_file(const char *name, struct buf *out, struct err *e)
{
    FILE *f = fopen(name, "rbe");
    size_t n = f != NULL;
    while (n) {
        char *to = buf_reserve(out, 64 * 1024);
        n = to ? fread(to, 1, 64 * 1024, f) : 0;
        out->n += n;
    }
    bool whole = f && feof(f) && !buf_failed(out);
    if (f) {
        (void)fclose(f);
    }
    return whole ? 0 : err_set(e, ERR_IO, "%s cannot be read", name);
}

static int read_resource(const char *name, struct arena *a, struct path_item *ret, struct err *e)
{
    struct buf bytes;
    struct buf json;
    yyjson_val *root = NULL;
    buf_init(&bytes, BYTES_MOST);
    buf_init(&json, BYTES_MOST);
    int rc = read_file(name, &bytes, e);
    bool is_xml = !rc && text_starts(text_trim(buf_text(&bytes)), T("<"));
    rc = rc || !is_xml ? rc : fhir_xml_read(buf_text(&bytes), DEPTH_MOST, a, &json, e);
    rc = rc ? rc : json_read(buf_text(is_xml ? &json : &bytes), DEPTH_MOST, a, &root, e);
    rc = rc ? rc : path_of_resource(root, a, ret, e);
    buf_done(&bytes);
    buf_done(&json);
    return rc;
}

static void tell_error(struct reply *r, const char *stage, const struct err *e)
{
    buf_printf(&r->out, "{\"stage\":\"%s\",\"error\":", stage);
    json_write_string(text_of(err_text(e)), &r->out);
    buf_addc(&r->out, '}');
}

/* Strings without quotes; of primitives what they stand for; of other elements their JSON. */
static void tell_text(struct reply *r, const struct path_item *item)
{
    struct path_item plain = *item;
    if (item->kind == PATH_NODE && !path_plain(item, &plain)) {
        plain = *item;
    }
    if (plain.kind == PATH_NODE) {
        struct buf json;
        buf_init(&json, BYTES_MOST);
        json_write(plain.u.node->value ? plain.u.node->value : plain.u.node->shadow, &json);
        json_write_string(buf_text(&json), &r->out);
        buf_done(&json);
    } else if (plain.kind == PATH_STRING) {
        json_write_string(plain.u.string, &r->out);
    } else if (plain.kind == PATH_TYPE) {
        json_write_string(plain.u.type.name, &r->out);
    } else {
        json_write_string(path_print_value(&plain, r->arena), &r->out);
    }
}

static void tell_items(struct reply *r, const struct path_items *items)
{
    buf_add(&r->out, T("{\"items\":["));
    for (size_t i = 0; i < items->count; i++) {
        text space;
        text name;
        path_type_of(&items->items[i], &space, &name);
        buf_printf(&r->out, "%s{\"type\":\"%.*s\",\"text\":", i ? "," : "", TEXT_ARG(name));
        tell_text(r, &items->items[i]);
        buf_addc(&r->out, '}');
    }
    buf_add(&r->out, T("]}"));
}

static int evaluate(const struct path *path, const struct path_env *env,
                    const struct path_items *focus, bool as_condition, struct arena *a,
                    struct path_items *ret, struct err *e)
{
    if (!as_condition) {
        return path_eval(path, env, focus, a, ret, e);
    }
    struct path_item *item = arena_zalloc(a, 1, sizeof(*item));
    if (!item) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    item->kind = PATH_BOOLEAN;
    *ret = (struct path_items){item, 1};
    return path_holds(path, env, focus, a, &item->u.boolean, e);
}

static void answer(text line, struct reply *r)
{
    struct err e = {0};
    yyjson_val *test = NULL;
    const struct path *path = NULL;
    struct path_item resource = {0};
    struct path_env env = {.limits = path_limits_default()};
    struct path_items focus = {0};
    struct path_items result = {0};
    if (json_read(line, DEPTH_MOST, r->arena, &test, &e)) {
        tell_error(r, "input", &e);
        return;
    }
    text file = json_text(json_get(test, T("file")));
    bool as_condition = json_get(test, T("holds")) != NULL;
    env.strict = json_get(test, T("strict")) != NULL;
    if (file.p) {
        text name = arena_copy(r->arena, file);
        if (!name.p || read_resource(name.p, r->arena, &resource, &e)) {
            tell_error(r, "input", &e);
            return;
        }
        focus = (struct path_items){&resource, 1};
    }
    if (path_compile(json_text(json_get(test, T("expression"))), r->arena, &path, &e)) {
        tell_error(r, "compile", &e);
    } else if (evaluate(path, &env, &focus, as_condition, r->arena, &result, &e)) {
        tell_error(r, "run", &e);
    } else {
        tell_items(r, &result);
    }
}

int main(void)
{
    struct arena a;
    struct reply r = {.arena = &a};
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    arena_init(&a, (size_t)1 << 30);
    buf_init(&r.out, BYTES_MOST);
    while ((n = getline(&line, &room, stdin)) > 0) {
        answer(text_trim(text_make(line, (size_t)n)), &r);
        buf_addc(&r.out, '\n');
        (void)fwrite(r.out.p, 1, r.out.n, stdout);
        buf_clear(&r.out);
        arena_reset(&a);
    }
    free(line);
    buf_done(&r.out);
    arena_done(&a);
    return 0;
}
