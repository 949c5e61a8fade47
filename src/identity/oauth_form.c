#include "identity/oauth_int.h"

int oauth_form_read(text encoded, struct arena *a, struct oauth_form *ret_form, struct err *e)
{
    struct limits limits = limits_default();
    struct oauth_form form = {0};
    limits.search_bytes = OAUTH_FORM_MAX;
    int code = search_decode(encoded, &limits, a, &form.pairs, &form.count, e);
    if (code) {
        return code;
    }
    if (form.count > OAUTH_PARAMETERS_MAX) {
        return err_set(e, ERR_INVALID, "there are more than %d parameters", OAUTH_PARAMETERS_MAX);
    }
    for (size_t i = 0; i < form.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (text_eq(form.pairs[i].name, form.pairs[j].name)) {
                return err_set(e, ERR_DUPLICATE, "a parameter stands twice; send each once");
            }
        }
    }
    *ret_form = form;
    return 0;
}

text oauth_form_get(const struct oauth_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (text_eq(form->pairs[i].name, text_of(name))) {
            return form->pairs[i].value;
        }
    }
    return T("");
}

bool oauth_form_of(struct oauth_call *c, struct oauth_form *ret_form)
{
    struct err e = {0};
    text type = http_field(c->request, T("Content-Type"));
    type = text_trim(text_first(type, text_find(type, ';')));
    if (!text_eq_nocase(type, T("application/x-www-form-urlencoded"))) {
        oauth_refuse(c, 400, "invalid_request",
                     "send the parameters as application/x-www-form-urlencoded");
        return false;
    }
    if (oauth_form_read(c->request->body, c->a, ret_form, &e)) {
        oauth_refuse(c, 400, "invalid_request", err_text(&e));
        return false;
    }
    return true;
}

int oauth_object_read(text body, const char *const *known, struct arena *a, yyjson_val **ret_root,
                      struct err *e)
{
    yyjson_val *root;
    unsigned seen = 0;
    if (body.n > OAUTH_FORM_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the body is longer than %d bytes", OAUTH_FORM_MAX);
    }
    int code = json_read(body, 8, a, &root, e);
    if (code) {
        return code;
    }
    if (json_type(root) != YYJSON_TYPE_OBJ) {
        return err_set(e, ERR_INVALID, "the body is not a JSON object");
    }
    yyjson_val *name = root + 1;
    for (size_t left = json_len(root); left; left--, name = json_after(name + 1)) {
        unsigned i = 0;
        while (known[i] && !text_eq(json_text(name), text_of(known[i]))) {
            i++;
        }
        if (!known[i] || (seen & 1u << i)) {
            return err_set(e, ERR_INVALID, "the member '%.*s' is not known here, or stands twice",
                           TEXT_ARG(text_short(json_text(name), 50)));
        }
        seen |= 1u << i;
    }
    *ret_root = root;
    return 0;
}

text oauth_assertion_issuer(text jwt, struct arena *a)
{
    text rest = jwt, part = T("");
    text bytes;
    yyjson_val *root;
    struct err e;
    if (jwt.n > JOSE_MAX || !text_cut(&rest, '.', &part) || !text_cut(&rest, '.', &part) ||
        base64url_read(part, a, &bytes, &e) || json_read(bytes, 8, a, &root, &e)) {
        return T("");
    }
    yyjson_val *issuer = json_get(root, T("iss"));
    return json_type(issuer) == YYJSON_TYPE_STR ? json_text(issuer) : T("");
}
