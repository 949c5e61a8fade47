#include "fhir/defs_world.h"

#include "fhir/model_tables.h"
#include "fhir/value_set.h"

/* CONFORMING_DEPTH: of the walk's depth each takes, so that all of them fit on a thread's stack. */
enum { CONFORMING_MOST = 3, CONFORMING_DEPTH = 40 };

static int resolve(void *context, text reference, struct arena *a, const yyjson_val **ret_root,
                   struct err *e)
{
    const struct path_world *beyond = ((const struct defs_world *)context)->beyond;
    return beyond && beyond->resolve ? beyond->resolve(beyond->context, reference, a, ret_root, e)
                                     : ERR_NOT_FOUND;
}

static void trace(void *context, text name, const struct path_items *items)
{
    const struct path_world *beyond = ((const struct defs_world *)context)->beyond;
    if (beyond && beyond->trace) {
        beyond->trace(beyond->context, name, items);
    }
}

static enum value_set_answer has_coding(const struct value_set *set, const yyjson_val *coding,
                                        struct arena *a)
{
    text system = json_text(json_get(coding, T("system")));
    system.p = system.p ? system.p : "";
    return value_set_has(set, system, json_text(json_get(coding, T("version"))),
                         json_text(json_get(coding, T("code"))), a);
}

/* One coding that is in the set is enough. */
static enum value_set_answer has_concept(const struct value_set *set, const yyjson_val *concept,
                                         struct arena *a)
{
    enum value_set_answer all = VALUE_SET_NO;
    const yyjson_val *codings = json_get(concept, T("coding"));
    size_t left = json_type(codings) == YYJSON_TYPE_ARR ? json_len(codings) : 0;
    const yyjson_val *item = codings ? codings + 1 : NULL;
    for (; left && all != VALUE_SET_YES; left--, item = json_after(item)) {
        enum value_set_answer one = has_coding(set, item, a);
        all = one == VALUE_SET_NO ? all : one;
    }
    return all;
}

static int member_of(void *context, const struct path_item *code, text value_set, bool *ret_is,
                     struct err *e)
{
    struct defs_world *w = context;
    const struct value_set *set;
    struct path_item plain;
    int rc = defs_value_set(w->run->defs, value_set, &set, e);
    if (rc) {
        return rc;
    }
    enum value_set_answer answer = VALUE_SET_NO;
    if (path_plain(code, &plain) && plain.kind == PATH_STRING) {
        answer = value_set_has(set, (text){0}, T(""), plain.u.string, w->run->arena);
    } else if (code->kind == PATH_NODE && code->u.node->value) {
        const struct path_node *node = code->u.node;
        answer = node->type == MODEL_CODEABLE_CONCEPT ? has_concept(set, node->value, w->run->arena)
                                                      : has_coding(set, node->value, w->run->arena);
    }
    if (answer == VALUE_SET_UNKNOWN) {
        const struct err *problem = value_set_problem(set);
        return err_set(e, ERR_NOT_FOUND, "memberOf('%.*s') cannot be told: %s",
                       TEXT_ARG(text_short(value_set, 200)), err_text(problem));
    }
    *ret_is = answer == VALUE_SET_YES;
    return 0;
}

static int conforms_to(void *context, const yyjson_val *resource, text profile, bool *ret_does,
                       struct err *e)
{
    struct defs_world *w = context;
    const struct profile *p;
    struct path_item item;
    if (w->conforming == CONFORMING_MOST) {
        return err_set(e, ERR_TOO_COSTLY,
                       "conformsTo('%.*s') stands in rules that ask conformsTo() themselves, more "
                       "than %d deep; look whether the profile needs itself",
                       TEXT_ARG(text_short(profile, 200)), CONFORMING_MOST);
    }
    int rc = defs_profile(w->run->defs, profile, &p, e);
    rc = rc ? rc : path_of_resource(resource, w->run->arena, &item, e);
    if (rc) {
        return rc;
    }
    w->run->depth += CONFORMING_DEPTH;
    struct profile_run run = *w->run;
    run.e = e;
    run.root = run.resource = item.u.node;
    run.spares = false; /* it is another resource */
    w->conforming++;
    rc = profile_conforms(&run, p, item.u.node, ret_does);
    w->conforming--;
    w->run->depth -= CONFORMING_DEPTH;
    w->run->steps = run.steps;
    return rc;
}

static int find_concept(const struct codes *codes, text system, text code, uint32_t *ret,
                        struct err *e)
{
    *ret = codes_find(codes, code);
    return *ret != CODES_NONE
               ? 0
               : err_set(e, ERR_NOT_FOUND, "the code system %.*s has no code '%.*s'",
                         TEXT_ARG(text_short(system, 200)), TEXT_ARG(text_short(code, 100)));
}

static int subsumes(void *context, text system, text above, text below, bool *ret_does,
                    struct err *e)
{
    struct defs_world *w = context;
    const struct codes *codes;
    uint32_t a;
    uint32_t b;
    int rc = defs_codes(w->run->defs, system, T(""), &codes, e);
    rc = rc ? rc : find_concept(codes, system, above, &a, e);
    rc = rc ? rc : find_concept(codes, system, below, &b, e);
    if (!rc) {
        *ret_does = a == b || codes_is_below(codes, b, a);
    }
    return rc;
}

static int definition(void *context, text canonical, const yyjson_val **ret_root, struct err *e)
{
    struct defs_world *w = context;
    return defs_snapshot(w->run->defs, canonical, ret_root, e);
}

struct path_world defs_world(struct defs_world *w)
{
    return (struct path_world){.resolve = resolve,
                               .member_of = member_of,
                               .conforms_to = conforms_to,
                               .trace = trace,
                               .subsumes = subsumes,
                               .definition = definition,
                               .context = w};
}
