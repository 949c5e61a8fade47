/* Parameters of $export, $import and other operations that take primitives and references (R4
 * parameters.html), from what rest/operation.h reads. */
#include "rest/bulk/job.h"

#include "rest/operation.h"

/* value[x] as text: a primitive's, or the reference of a Reference. */
static int take(const struct operation_parameter *from, struct operation_param *to, struct err *e)
{
    const yyjson_val *reference = from->tree ? json_get(from->tree, T("reference")) : NULL;
    *to = (struct operation_param){.name = from->name, .value = from->value};
    if (to->value.p || (reference && (to->value = json_text(reference)).p)) {
        return 0;
    }
    if (from->tree) {
        return err_at(
            e, ERR_VALUE, T("Parameters.parameter"),
            "the parameter '%.*s' has a value that is neither a primitive nor a reference",
            TEXT_ARG(text_short(from->name, 60)));
    }
    to->part = json_get(from->part, T("part"));
    return to->part ? 0
                    : err_at(e, ERR_REQUIRED, T("Parameters.parameter"),
                             "the parameter '%.*s' has no value", TEXT_ARG(from->name));
}

int operation_params(struct call *c, struct operation_param **ret_params, size_t *ret_count,
                     struct err *e)
{
    struct operation_parameter *given;
    size_t count;
    int rc = operation_parameters(c, false, &given, &count, e);
    if (rc) {
        return rc;
    }
    struct operation_param *params = arena_zalloc(c->arena, count + 1, sizeof *params);
    if (!params) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take(&given[i], &params[i], e);
    }
    *ret_params = params;
    *ret_count = count;
    return rc;
}
