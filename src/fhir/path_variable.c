/* What stands after % (N1 "Environment variables", R4 fhirpath.html#variables). */
#include "fhir/model_tables.h"
#include "fhir/path_run.h"

static bool is_resource(const struct path_node *node)
{
    return node->type && node->type <= MODEL_RESOURCE_LAST;
}

/* %resource is the resource that the focus stands in; %rootResource its container, where it is
 * contained (R4 fhirpath.html#variables). */
void path_find_resources(struct path_run *run, const struct path_items *focus)
{
    const struct path_env *env = run->env;
    run->resource = env->resource;
    if (run->resource.kind == PATH_NOTHING && focus->count && focus->items[0].kind == PATH_NODE) {
        const struct path_node *node = focus->items[0].u.node;
        while (node->parent && !is_resource(node)) {
            node = node->parent;
        }
        run->resource = (struct path_item){.kind = PATH_NODE, .u.node = node};
    }
    run->root = env->root;
    if (run->root.kind != PATH_NOTHING) {
        return;
    }
    run->root = run->resource;
    if (run->root.kind == PATH_NODE && run->root.u.node->parent &&
        text_eq(run->root.u.node->name, T("contained"))) {
        run->root.u.node = run->root.u.node->parent;
    }
}

static int give_text(struct path_run *run, const char *start, text end, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_STRING};
    item.u.string = arena_printf(run->arena, "%s%.*s", start, TEXT_ARG(end));
    if (!item.u.string.p) {
        return path_fail(run, NULL, ERR_MEMORY, "no memory for a variable");
    }
    return path_only(run, ret, &item);
}

static const struct {
    const char *name;
    const char *value;
} constants[] = {
    {"ucum", "http://unitsofmeasure.org"},
    {"sct", "http://snomed.info/sct"},
    {"loinc", "http://loinc.org"},
};

static const struct {
    const char *start;
    const char *url;
} families[] = {
    {"vs-", "http://hl7.org/fhir/ValueSet/"},
    {"ext-", "http://hl7.org/fhir/StructureDefinition/"},
};

int path_run_variable(struct path_run *run, const struct path_term *term, struct path_items *ret)
{
    text name = term->name;
    for (size_t i = 0; i < run->env->variable_count; i++) {
        if (text_eq(run->env->variables[i].name, name)) {
            *ret = run->env->variables[i].value;
            return 0;
        }
    }
    if (text_eq(name, T("context"))) {
        *ret = *run->focus;
        return 0;
    }
    if (text_eq(name, T("resource"))) {
        return path_give(run, &run->resource, ret);
    }
    if (text_eq(name, T("rootResource"))) {
        return path_give(run, &run->root, ret);
    }
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (text_eq(text_of(constants[i].name), name)) {
            return give_text(run, constants[i].value, T(""), ret);
        }
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        text start = text_of(families[i].start);
        if (text_starts(name, start)) {
            return give_text(run, families[i].url, text_from(name, start.n), ret);
        }
    }
    return path_fail(run, term, ERR_INVALID,
                     "there is no variable %%%.*s; known are %%context, %%resource, "
                     "%%rootResource, %%ucum, %%sct, %%loinc, %%`vs-...` and %%`ext-...`",
                     TEXT_ARG(text_short(name, 64)));
}
