#include "identity/auth.h"

enum { DEPTH = 8 };

text auth_text(const yyjson_val *v)
{
    text t = json_text(v);
    return t.p ? t : T("");
}

bool auth_true(const yyjson_val *v)
{
    return v && v->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
}

/* U+0000 ends a text for whoever takes it as a string of C: it stands in no name and no secret. */
static bool has_nul(const yyjson_val *v)
{
    text t = json_type(v) == YYJSON_TYPE_STR ? json_text(v) : T("");
    return t.n && memchr(t.p, '\0', t.n);
}

int auth_members(const yyjson_val *object, const struct auth_member *members, size_t count,
                 struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        *members[i].value = NULL;
    }
    if (json_type(object) != YYJSON_TYPE_OBJ) {
        return err_set(e, ERR_INVALID, "a JSON object is expected here");
    }
    const yyjson_val *name = object + 1;
    for (size_t left = json_len(object); left; left--, name = json_after(name + 1)) {
        size_t i = 0;
        text key = json_text(name);
        while (i < count && !text_eq(key, text_of(members[i].name))) {
            i++;
        }
        if (i == count) {
            return err_set(e, ERR_INVALID, "there is no member '%.*s' here",
                           TEXT_ARG(text_short(key, 40)));
        }
        if (*members[i].value) {
            return err_set(e, ERR_DUPLICATE, "the member '%s' stands twice", members[i].name);
        }
        if ((members[i].type && json_type(name + 1) != members[i].type) || has_nul(name + 1)) {
            return err_set(e, ERR_INVALID, "the member '%s' is not of the type that it has here",
                           members[i].name);
        }
        *members[i].value = name + 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].required && !*members[i].value) {
            return err_set(e, ERR_REQUIRED, "the member '%s' is missing", members[i].name);
        }
    }
    return 0;
}

static bool is_json(text content_type)
{
    text type = text_trim(text_first(content_type, text_find(content_type, ';')));
    return text_eq_nocase(type, T("application/json"));
}

int auth_body(struct auth *c, const struct auth_member *members, size_t count, struct err *e)
{
    yyjson_val *body = NULL;
    if (c->request->body.n > AUTH_BODY_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the body is larger than %d bytes", AUTH_BODY_MAX);
    }
    if (!is_json(http_field(c->request, T("Content-Type")))) {
        return err_set(e, ERR_MEDIA_TYPE, "the body must be application/json");
    }
    int rc = json_read(c->request->body, DEPTH, c->a, &body, e);
    return rc ? rc : auth_members(body, members, count, e);
}
