#include "identity/oidc_int.h"
#include "net/client.h"

#include "identity/oauth_int.h"

enum { DEPTH = 16 };

void oidc_form_add(struct buf *out, const char *name, text value, struct arena *a)
{
    text escaped = uri_escape(value, a);
    buf_printf(out, "%s%s=", out->n ? "&" : "", name);
    buf_add(out, escaped);
    out->failed = out->failed || !escaped.p;
}

static int call(const struct http_call *c, struct arena *a, text *ret_body, struct err *e)
{
    struct http_client *client = NULL;
    struct http_answer answer = {.status = 0};
    text body = {NULL, 0};
    int r = http_client_new(&client, e);
    r = r ? r : http_client_call(client, c, &answer, e);
    if (!r) {
        body = arena_copy(a, buf_text(&answer.body));
        r = body.p ? 0 : err_set(e, ERR_MEMORY, "%s", "");
    }
    if (!r && answer.status != 200) {
        r = err_set(e, ERR_IO, "%.*s answered with status %d", TEXT_ARG(text_first(c->url, 200)),
                    answer.status);
    }
    http_answer_done(&answer);
    http_client_free(client);
    if (!r) {
        *ret_body = body;
    }
    return r;
}

int oidc_fetch(text url, bool is_private, struct arena *a, text *ret_body, struct err *e)
{
    const struct http_call c = {.method = T("GET"),
                                .url = url,
                                .most_bytes = OIDC_ANSWER_MAX,
                                .seconds = OIDC_SECONDS,
                                .secure = true,
                                .public_only = !is_private};
    return call(&c, a, ret_body, e);
}

/* A token in a header must not become two headers. */
static bool is_token(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] <= ' ' || t.p[i] > '~') {
            return false;
        }
    }
    return t.n && t.n <= JOSE_MAX;
}

int oidc_call(text url, bool is_private, text form, text bearer, struct arena *a,
              yyjson_val **ret_root, struct err *e)
{
    const char *fields[] = {"Accept: application/json", NULL, NULL};
    text body = {NULL, 0};
    if (bearer.n) {
        text line = is_token(bearer)
                        ? arena_printf(a, "Authorization: Bearer %.*s", TEXT_ARG(bearer))
                        : (text){NULL, 0};
        if (!line.p) {
            return err_set(e, ERR_FORBIDDEN, "the provider's access token is not of its form");
        }
        fields[1] = line.p;
    }
    const struct http_call c = {.method = form.n ? T("POST") : T("GET"),
                                .url = url,
                                .content_type =
                                    form.n ? T("application/x-www-form-urlencoded") : T(""),
                                .body = form,
                                .fields = fields,
                                .most_bytes = OIDC_ANSWER_MAX,
                                .seconds = OIDC_SECONDS,
                                .secure = true,
                                .public_only = !is_private};
    yyjson_val *root = NULL;
    int r = call(&c, a, &body, e);
    r = r ? r : json_read(body, DEPTH, a, &root, e);
    r = r ? r : jose_unique(root, e);
    if (!r && json_type(root) != YYJSON_TYPE_OBJ) {
        r = err_set(e, ERR_IO, "%.*s did not answer with a JSON object",
                    TEXT_ARG(text_first(url, 200)));
    }
    if (!r) {
        *ret_root = root;
    }
    return r;
}
