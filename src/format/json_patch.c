#include "format/json_patch.h"

#include <stdarg.h>
#include <stdio.h>

struct operation {
    text op;
    text path;
    text from; /* p == NULL: none */
    const yyjson_val *value;
};

int json_patch_fail(struct json_patching *p, int code, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    text op = text_short(p->op, 16);
    text path = text_short(p->path, 120);
    return err_set(p->e, code, "operation %zu (%.*s \"%.*s\"): %s", p->number, TEXT_ARG(op),
                   TEXT_ARG(path), detail);
}

int json_patch_work(struct json_patching *p, size_t n)
{
    p->work += n;
    if (p->work > JSON_PATCH_WORK_MAX) {
        return json_patch_fail(p, ERR_TOO_COSTLY,
                               "the patch passes more than %d items of this document; send the "
                               "whole document instead",
                               JSON_PATCH_WORK_MAX);
    }
    return 0;
}

static int no_memory(struct json_patching *p)
{
    return err_set(p->e, ERR_MEMORY, "%s", "");
}

/* --- changing the copy --------------------------------------------------------------------- */

/* How deep the containers of a value are nested. */
static int check_depth(struct json_patching *p, yyjson_mut_val *v, size_t depth)
{
    if (!yyjson_mut_is_ctn(v)) {
        return json_patch_work(p, 1);
    }
    if (depth >= p->most_depth) {
        return json_patch_fail(p, ERR_INVALID,
                               "objects and arrays would be nested more than %zu deep; this node "
                               "takes no deeper content",
                               p->most_depth);
    }
    int failed = json_patch_work(p, 1);
    yyjson_mut_val *item = NULL;
    if (yyjson_mut_is_arr(v)) {
        yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(v);
        while (!failed && (item = yyjson_mut_arr_iter_next(&iter))) {
            failed = check_depth(p, item, depth + 1);
        }
        return failed;
    }
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(v);
    while (!failed && (item = yyjson_mut_obj_iter_next(&iter))) {
        failed = check_depth(p, yyjson_mut_obj_iter_get_val(item), depth + 1);
    }
    return failed;
}

static int put_in_object(struct json_patching *p, const struct json_place *at,
                         yyjson_mut_val *value)
{
    yyjson_mut_val *name = yyjson_mut_strncpy(p->doc, at->name.p ? at->name.p : "", at->name.n);
    if (!name) {
        return no_memory(p);
    }
    bool done = at->value ? yyjson_mut_obj_replace(at->parent, name, value)
                          : yyjson_mut_obj_add(at->parent, name, value);
    return done ? 0 : no_memory(p);
}

/* add: in an array what stands there moves on, in an object it is replaced. */
static int put(struct json_patching *p, const struct json_place *at, yyjson_mut_val *value,
               bool insert)
{
    int failed = check_depth(p, value, at->depth);
    if (failed) {
        return failed;
    }
    if (!at->parent) {
        p->root = value;
        return 0;
    }
    if (yyjson_mut_is_obj(at->parent)) {
        return put_in_object(p, at, value);
    }
    bool done = insert ? yyjson_mut_arr_insert(at->parent, value, at->index)
                       : yyjson_mut_arr_replace(at->parent, at->index, value) != NULL;
    return done ? 0 : no_memory(p);
}

static int must_be_there(struct json_patching *p, text pointer, const struct json_place *at)
{
    if (at->value) {
        return 0;
    }
    return json_patch_fail(p, ERR_BUSINESS_RULE, "there is nothing at \"%.*s\"",
                           TEXT_ARG(text_short(pointer, 120)));
}

static int take_out(struct json_patching *p, const struct json_place *at)
{
    if (!at->parent) {
        return json_patch_fail(p, ERR_BUSINESS_RULE, "the whole document cannot be taken away");
    }
    if (yyjson_mut_is_obj(at->parent)) {
        (void)yyjson_mut_obj_remove_keyn(at->parent, at->name.p ? at->name.p : "", at->name.n);
    } else {
        (void)yyjson_mut_arr_remove(at->parent, at->index);
    }
    return 0;
}

/* --- operations ---------------------------------------------------------------------------- */

/* yyjson's functions that only read are not const. */
static yyjson_mut_val *copy_of(struct json_patching *p, const yyjson_val *v)
{
    return yyjson_val_mut_copy(p->doc, (yyjson_val *)(uintptr_t)v);
}

static int do_add(struct json_patching *p, const struct operation *o)
{
    struct json_place at;
    int failed = json_pointer(p, o->path, &at);
    if (failed) {
        return failed;
    }
    yyjson_mut_val *value = copy_of(p, o->value);
    return value ? put(p, &at, value, true) : no_memory(p);
}

static int do_remove(struct json_patching *p, const struct operation *o)
{
    struct json_place at;
    int failed = json_pointer(p, o->path, &at);
    failed = failed ? failed : must_be_there(p, o->path, &at);
    return failed ? failed : take_out(p, &at);
}

static int do_replace(struct json_patching *p, const struct operation *o)
{
    struct json_place at;
    int failed = json_pointer(p, o->path, &at);
    failed = failed ? failed : must_be_there(p, o->path, &at);
    if (failed) {
        return failed;
    }
    yyjson_mut_val *value = copy_of(p, o->value);
    return value ? put(p, &at, value, false) : no_memory(p);
}

/* remove from `from`, then add what was there (RFC 6902, 4.4). */
static int do_move(struct json_patching *p, const struct operation *o)
{
    struct json_place from;
    struct json_place to;
    int failed = json_pointer(p, o->from, &from);
    failed = failed ? failed : must_be_there(p, o->from, &from);
    if (failed || text_eq(o->from, o->path)) {
        return failed;
    }
    if (text_starts(o->path, o->from) && o->path.p[o->from.n] == '/') {
        return json_patch_fail(p, ERR_BUSINESS_RULE,
                               "what stands at \"%.*s\" cannot be moved into itself",
                               TEXT_ARG(text_short(o->from, 120)));
    }
    failed = take_out(p, &from);
    failed = failed ? failed : json_pointer(p, o->path, &to);
    return failed ? failed : put(p, &to, from.value, true);
}

static int do_copy(struct json_patching *p, const struct operation *o)
{
    struct json_place from;
    struct json_place to;
    int failed = json_pointer(p, o->from, &from);
    failed = failed ? failed : must_be_there(p, o->from, &from);
    failed = failed ? failed : json_pointer(p, o->path, &to);
    if (failed) {
        return failed;
    }
    yyjson_mut_val *value = yyjson_mut_val_mut_copy(p->doc, from.value);
    return value ? put(p, &to, value, true) : no_memory(p);
}

static int do_test(struct json_patching *p, const struct operation *o)
{
    struct json_place at;
    bool equal = false;
    int failed = json_pointer(p, o->path, &at);
    failed = failed ? failed : must_be_there(p, o->path, &at);
    failed = failed ? failed : json_patch_equal(p, at.value, o->value, &equal);
    if (!failed && !equal) {
        failed = json_patch_fail(p, ERR_BUSINESS_RULE,
                                 "what stands there is not the value that the test wants; read "
                                 "the document again and see whether the patch still fits");
    }
    return failed;
}

/* --- the patch ----------------------------------------------------------------------------- */

/* A member that may stand once only; *ret stays NULL when it is not there. */
static int member(struct json_patching *p, const yyjson_val *object, text name,
                  const yyjson_val **ret)
{
    const yyjson_val *key = object + 1;
    *ret = NULL;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        if (!text_eq(json_text(key), name)) {
            continue;
        }
        if (*ret) {
            return json_patch_fail(p, ERR_INVALID, "\"%.*s\" stands twice", TEXT_ARG(name));
        }
        *ret = key + 1;
    }
    return 0;
}

static int string_member(struct json_patching *p, const yyjson_val *object, text name, text *ret)
{
    const yyjson_val *v = NULL;
    int failed = member(p, object, name, &v);
    if (!failed && json_type(v) != YYJSON_TYPE_STR) {
        failed = json_patch_fail(p, ERR_INVALID, "\"%.*s\" %s", TEXT_ARG(name),
                                 v ? "must be a string" : "is missing");
    }
    if (!failed) {
        *ret = json_text(v);
    }
    return failed;
}

static const struct verb {
    text op;
    bool needs_value;
    bool needs_from;
    int (*run)(struct json_patching *p, const struct operation *o);
} verbs[] = {
    {T("add"), true, false, do_add},         {T("remove"), false, false, do_remove},
    {T("replace"), true, false, do_replace}, {T("move"), false, true, do_move},
    {T("copy"), false, true, do_copy},       {T("test"), true, false, do_test},
};

static int find_verb(struct json_patching *p, text op, const struct verb **ret)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (text_eq(op, verbs[i].op)) {
            *ret = &verbs[i];
            return 0;
        }
    }
    return json_patch_fail(p, ERR_INVALID,
                           "this is no operation of JSON Patch, which has add, remove, replace, "
                           "move, copy and test");
}

static int run_operation(struct json_patching *p, const yyjson_val *v)
{
    struct operation o = {.from = {NULL, 0}};
    const struct verb *verb = &verbs[0];
    p->op = T("");
    p->path = T("");
    if (json_type(v) != YYJSON_TYPE_OBJ) {
        return json_patch_fail(p, ERR_INVALID, "an operation is an object");
    }
    int failed = string_member(p, v, T("op"), &o.op);
    p->op = o.op;
    failed = failed ? failed : string_member(p, v, T("path"), &o.path);
    p->path = o.path;
    failed = failed ? failed : find_verb(p, o.op, &verb);
    if (!failed && verb->needs_from) {
        failed = string_member(p, v, T("from"), &o.from);
    }
    if (!failed && verb->needs_value) {
        failed = member(p, v, T("value"), &o.value);
        if (!failed && !o.value) {
            failed = json_patch_fail(p, ERR_INVALID, "\"value\" is missing");
        }
    }
    return failed ? failed : verb->run(p, &o);
}

static int run_operations(struct json_patching *p, const yyjson_val *patch)
{
    const yyjson_val *v = patch + 1;
    int failed = 0;
    for (size_t left = json_len(patch); !failed && left; left--, v = json_after(v)) {
        failed = run_operation(p, v);
        p->number++;
    }
    return failed;
}

int json_patch(const yyjson_val *root, const yyjson_val *patch, size_t most_depth, struct arena *a,
               yyjson_val **ret_root, struct err *e)
{
    if (json_type(patch) != YYJSON_TYPE_ARR) {
        return err_set(e, ERR_INVALID,
                       "a JSON Patch is an array of operations: "
                       "[{\"op\":\"replace\",\"path\":\"/active\",\"value\":true}]");
    }
    if (json_len(patch) > JSON_PATCH_OPERATIONS_MAX) {
        return err_set(e, ERR_TOO_LARGE,
                       "the patch has %zu operations; at most %d are taken, in several patches if "
                       "need be",
                       json_len(patch), JSON_PATCH_OPERATIONS_MAX);
    }
    const yyjson_alc alc = json_alc(a);
    struct json_patching p = {.arena = a, .e = e, .most_depth = most_depth};
    p.doc = yyjson_mut_doc_new(&alc);
    p.root = p.doc ? copy_of(&p, root) : NULL;
    if (!p.root) {
        return no_memory(&p);
    }
    int failed = run_operations(&p, patch);
    if (failed) {
        return failed;
    }
    yyjson_doc *result = yyjson_mut_val_imut_copy(p.root, &alc);
    if (!result) {
        return no_memory(&p);
    }
    *ret_root = yyjson_doc_get_root(result);
    return 0;
}
