/* What a browser says of itself: cookies, where a request comes from, under which name. */
#include "identity/inner.h"

enum { HOST_MOST = 255 };

text identity_cookie(const struct http_request *request, text name)
{
    text found = T("");
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        text rest = request->fields[i].value;
        text item;
        if (!text_eq_nocase(request->fields[i].name, T("Cookie"))) {
            continue;
        }
        while (text_cut(&rest, ';', &item)) {
            text value = text_trim(item);
            text key;
            if (text_cut(&value, '=', &key) && value.p && text_eq(key, name)) {
                found = value;
                count++;
            }
        }
    }
    /* Of two, one may have been put there by a page of a neighbouring name. */
    return count == 1 ? found : T("");
}

bool identity_secure(const struct identity *id, text origin)
{
    return !id->config.loopback || text_starts(origin, T("https://"));
}

text session_cookie_name(bool secure)
{
    return secure ? T("__Host-kith") : T("kith");
}

text session_cookie(const struct identity *id, const struct http_request *request)
{
    bool secure =
        !id->config.loopback || request->tls || text_starts(id->config.base, T("https://"));
    return identity_cookie(request, session_cookie_name(secure));
}

/* "host", "host:port", "[::1]:port", in lower case as browsers send it. */
static bool host_ok(text host)
{
    if (host.n == 0 || host.n > HOST_MOST) {
        return false;
    }
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.' || c == ':' || c == '[' || c == ']' || c == '_')) {
            return false;
        }
    }
    return true;
}

static bool host_is_loopback(text host)
{
    text name = host;
    if (host.n && host.p[0] == '[') {
        name = text_first(host, text_find(host, ']') + 1);
        return text_eq(name, T("[::1]"));
    }
    name = text_first(host, text_find(host, ':'));
    if (text_eq_nocase(name, T("localhost"))) {
        return true;
    }
    bool four = text_starts(name, T("127."));
    for (size_t i = 0; i < name.n; i++) {
        four = four && ((name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '.');
    }
    return four;
}

/* "https://host" of "https://host/fhir". */
static text origin_of_base(text base)
{
    size_t scheme = text_find(base, ':');
    size_t host = scheme + 3;
    return host < base.n ? text_first(base, host + text_find(text_from(base, host), '/')) : base;
}

int identity_origin(const struct identity *id, const struct http_request *request, text *ret_origin,
                    struct err *e)
{
    if (id->config.base.n) {
        *ret_origin = origin_of_base(id->config.base);
        return 0;
    }
    text host = http_field(request, T("Host"));
    if (!host_ok(host)) {
        return err_set(e, ERR_INVALID, "the request has no Host that can be a name");
    }
    if (id->config.loopback && !host_is_loopback(host)) {
        return err_set(e, ERR_INVALID,
                       "this node is at localhost; to serve it under another name, say which by "
                       "--base");
    }
    text origin =
        arena_printf(request->arena, "%s://%.*s", request->tls ? "https" : "http", TEXT_ARG(host));
    if (!origin.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_origin = origin;
    return 0;
}

int identity_same_origin(const struct identity *id, const struct http_request *request,
                         struct err *e)
{
    text own;
    text site = http_field(request, T("Sec-Fetch-Site"));
    text origin = http_field(request, T("Origin"));
    int rc = identity_origin(id, request, &own, e);
    if (rc) {
        return rc;
    }
    if ((!site.p && !origin.p) || (site.p && !text_eq(site, T("same-origin"))) ||
        (origin.p && !text_eq(origin, own))) {
        return err_set(e, ERR_FORBIDDEN,
                       "this request comes from another site, or does not say from where "
                       "(Origin)");
    }
    return 0;
}
