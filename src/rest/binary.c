#include "rest/binary.h"

#include "audit/note.h"
#include "rest/forms.h"

#include <string.h>

enum { TYPE_MOST = 100 };

bool binary_may_be_raw(const struct call *c)
{
    bool reads =
        c->route.interaction == INTERACTION_READ || c->route.interaction == INTERACTION_VREAD;
    return reads && c->http && c->route.type == FHIR_BINARY && http_field(c->http, T("Accept")).n;
}

static text media_of(text value)
{
    return text_trim(text_first(value, text_find(value, ';')));
}

/* A range, such as all images. Of application and text everything is too much: FHIR is there, too.
 */
static bool is_kind_of(text wanted, text media)
{
    size_t slash = text_find(media, '/');
    text kind = text_first(media, slash);
    return text_ends(wanted, T("/*")) && !text_eq_nocase(kind, T("application")) &&
           !text_eq_nocase(kind, T("text")) && wanted.n == slash + 2 &&
           text_eq_nocase(text_first(wanted, slash), kind);
}

static bool names_content(text accept, text media)
{
    text item;
    while (text_cut(&accept, ',', &item)) {
        text wanted = media_of(item);
        bool bytes = text_eq_nocase(wanted, T("application/octet-stream"));
        if (form_of_media(item) == FORM_NONE &&
            (bytes || text_eq_nocase(wanted, media) || is_kind_of(wanted, media))) {
            return true;
        }
    }
    return false;
}

/* What may stand in a header field (RFC 9110, 8.3), without surprises; else it is only bytes. */
static const char *safe_type(text type, struct arena *a)
{
    bool good = type.n && type.n <= TYPE_MOST && text_find(media_of(type), '/') < type.n;
    for (size_t i = 0; good && i < type.n; i++) {
        char c = type.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               strchr("/.+-_;= ", c);
    }
    return good ? arena_copy(a, type).p : "application/octet-stream";
}

/* Base64 of FHIR may have white space in it. */
static int decode(text data, struct arena *a, text *ret_bytes, struct err *e)
{
    size_t n = 0;
    size_t count = 0;
    char *plain = arena_alloc(a, data.n + 1);
    uint8_t *bytes = arena_alloc(a, data.n + 1);
    if (!plain || !bytes) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; i < data.n; i++) {
        bool space =
            data.p[i] == ' ' || data.p[i] == '\n' || data.p[i] == '\r' || data.p[i] == '\t';
        plain[n] = data.p[i];
        n += !space;
    }
    if (n && !base64_read(text_make(plain, n), bytes, data.n, &count)) {
        return err_set(e, ERR_NOT_ACCEPTABLE,
                       "the content of this Binary cannot be decoded; read it as FHIR JSON");
    }
    *ret_bytes = text_make((const char *)bytes, count);
    return 0;
}

static int answer_bytes(struct call *c, text data, text type, struct err *e)
{
    text bytes = {0};
    int rc = decode(data, c->arena, &bytes, e);
    if (rc) {
        return rc;
    }
    c->answer.show_version = false;
    c->pretty = c->xml = false;
    c->answer.content_type = safe_type(type, c->arena);
    buf_add(&c->answer.body, bytes);
    answer_field(c, T("Content-Disposition"), T("attachment"));
    answer_field(c, T("Content-Security-Policy"), T("default-src 'none'; sandbox"));
    answer_field(c, T("Vary"), T("Accept"));
    return 0;
}

int binary_answer(struct call *c, const struct version *v, struct err *e)
{
    yyjson_val *root = NULL;
    text accept = http_field(c->http, T("Accept"));
    int rc = version_tree(v, c->rest->limits, c->arena, &root, e);
    if (rc) {
        return rc;
    }
    text type = json_text(json_get(root, T("contentType")));
    text media = media_of(type);
    if (names_content(accept, media)) {
        return answer_bytes(c, json_text(json_get(root, T("data"))), type, e);
    }
    return form_of_accept(accept) != FORM_NONE
               ? 0
               : err_set(e, ERR_NOT_ACCEPTABLE,
                         "this Binary is %.*s: ask for that by Accept, or for "
                         "application/fhir+json",
                         TEXT_ARG(text_short(media, TYPE_MOST)));
}
