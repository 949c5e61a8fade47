/* Parameters of $export, $import and other operations: from a query, or from a Parameters resource
 * (R4 parameters.html). */
#include "rest/bulk/job.h"

#include "rest/write.h"

/* value[x] as text: a primitive's, or the reference of a Reference. */
static int value_of(yyjson_val *param, struct operation_param *ret, struct err *e)
{
    yyjson_val *key = param + 1;
    for (size_t left = json_len(param); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (!text_starts(name, T("value"))) {
            continue;
        }
        yyjson_val *value = key + 1;
        if (json_type(value) == YYJSON_TYPE_BOOL) {
            ret->value = unsafe_yyjson_get_bool(value) ? T("true") : T("false");
        } else {
            ret->value = json_type(value) == YYJSON_TYPE_OBJ
                             ? json_text(json_get(value, T("reference")))
                             : json_text(value);
        }
        if (!ret->value.p) {
            return err_at(e, ERR_VALUE, T("Parameters.parameter"),
                          "the parameter '%.*s' has a value that is neither a primitive nor a "
                          "reference",
                          TEXT_ARG(text_short(ret->name, 60)));
        }
        return 0;
    }
    ret->part = json_get(param, T("part"));
    return ret->part ? 0
                     : err_at(e, ERR_REQUIRED, T("Parameters.parameter"),
                              "the parameter '%.*s' has no value", TEXT_ARG(ret->name));
}

static int from_body(struct call *c, struct operation_param *params, size_t *count, struct err *e)
{
    yyjson_val *list = json_get(c->resource, T("parameter"));
    size_t at;
    size_t most;
    yyjson_val *param;
    yyjson_arr_foreach(list, at, most, param)
    {
        struct operation_param *to = &params[(*count)++];
        *to = (struct operation_param){.name = json_text(json_get(param, T("name")))};
        int rc = value_of(param, to, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int check_body(struct call *c, struct err *e)
{
    struct resource r;
    int rc = read_body(c, e);
    rc = rc ? rc : resource_check(c->resource, false, c->arena, &c->issues, &r);
    if (rc) {
        return c->issues.errors ? err_set(e, rc, "the parameters are not valid FHIR R4") : rc;
    }
    return r.type == FHIR_PARAMETERS
               ? 0
               : err_at(e, ERR_INVALID, T("resourceType"),
                        "this operation takes a Parameters resource, not %.*s",
                        TEXT_ARG(fhir_type_name(r.type)));
}

int operation_params(struct call *c, struct operation_param **ret_params, size_t *ret_count,
                     struct err *e)
{
    struct search_pair *pairs = NULL;
    size_t pair_count = 0;
    int rc = call_pairs(c, &pairs, &pair_count, e);
    bool body = c->method == HTTP_POST && (c->body.n || c->resource);
    rc = rc || !body ? rc : check_body(c, e);
    if (rc) {
        return rc;
    }
    yyjson_val *list = body ? json_get(c->resource, T("parameter")) : NULL;
    size_t most = pair_count + (list ? json_len(list) : 0);
    struct operation_param *params = arena_zalloc(c->arena, most + 1, sizeof *params);
    size_t count = 0;
    if (!params) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; i < pair_count; i++) {
        if (!text_eq(pairs[i].name, T("_format")) && !text_eq(pairs[i].name, T("_pretty"))) {
            params[count++] = (struct operation_param){pairs[i].name, pairs[i].value, NULL};
        }
    }
    rc = body ? from_body(c, params, &count, e) : 0;
    *ret_params = params;
    *ret_count = count;
    return rc;
}
