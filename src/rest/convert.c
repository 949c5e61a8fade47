#include "rest/operation.h"

#include "rest/patch.h"
#include "rest/write.h"

/*
 * $convert (R4 resource-operation-convert.html): the resource that was sent, in the form that is
 * asked for (Accept, _format). Nothing is stored, and nothing is changed but the form.
 */

/* What is to be converted: the parameter input, or the body itself. */
static yyjson_val *input_of(yyjson_val *body)
{
    const yyjson_val *list = json_get(body, T("parameter"));
    bool parameters = text_eq(json_text(json_get(body, T("resourceType"))), T("Parameters"));
    if (!parameters || json_type(list) != YYJSON_TYPE_ARR || json_len(list) != 1 ||
        !text_eq(json_text(json_get(list + 1, T("name"))), T("input"))) {
        return body;
    }
    yyjson_val *input = json_get(list + 1, T("resource"));
    return input ? input : body;
}

int do_convert(struct call *c, struct err *e)
{
    struct resource r;
    struct buf out;
    int rc = call_no_parameters(c, e);
    rc = rc ? rc : read_body(c, e);
    if (rc) {
        return rc;
    }
    yyjson_val *input = input_of(c->resource);
    rc = resource_check(input, true, c->arena, &c->issues, &r);
    if (rc) {
        return err_set(e, rc, "the resource is not valid FHIR R4");
    }
    buf_init(&out, (size_t)c->rest->limits->body_bytes);
    json_write(input, &out);
    return operation_reply(c, &out, e);
}
