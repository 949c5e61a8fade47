#include "fhir/codes.h"
#include "fhir/defs.h"

/* What other names of a code system mean: NamingSystem resources (R4 namingsystem.html). */

static text without_oid(text id)
{
    return text_starts(id, T("urn:oid:")) ? text_from(id, sizeof "urn:oid:" - 1) : id;
}

static int find_naming(struct defs *d, text id, const yyjson_val **ret_root, struct err *e)
{
    fhir_type type = fhir_type_of(T("NamingSystem"));
    int rc = defs_resource(d, type, id, ret_root, e);
    text bare = without_oid(id);
    /* An OID stands there with and without its urn. */
    return rc == ERR_NOT_FOUND && bare.n != id.n ? defs_resource(d, type, bare, ret_root, e) : rc;
}

/* The preferred one of a kind, else the first. */
static text unique_id(const yyjson_val *naming, text kind)
{
    const yyjson_val *list = json_get(naming, T("uniqueId"));
    const yyjson_val *item = list ? list + 1 : NULL;
    text found = {0};
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    for (; left; left--, item = json_after(item)) {
        bool preferred = json_is_true(json_get(item, T("preferred")));
        if (text_eq(json_text(json_get(item, T("type"))), kind) && (found.n == 0 || preferred)) {
            found = json_text(json_get(item, T("value")));
            if (preferred) {
                break;
            }
        }
    }
    return found;
}

int defs_preferred_id(struct defs *d, text id, text kind, text *ret_id, struct err *e)
{
    const yyjson_val *naming = NULL;
    int rc = find_naming(d, id, &naming, e);
    text found = rc ? (text){0} : unique_id(naming, kind);
    if (rc == ERR_NOT_FOUND || (!rc && found.n == 0)) {
        return err_set(e, ERR_NOT_FOUND,
                       "no NamingSystem that is stored here gives '%.*s' an identifier of the kind "
                       "'%.*s'",
                       TEXT_ARG(text_short(id, 300)), TEXT_ARG(text_short(kind, 20)));
    }
    if (!rc) {
        *ret_id = text_eq(kind, T("oid")) ? without_oid(found) : found;
    }
    return rc;
}

int defs_system_uri(struct defs *d, text system, text *ret_uri, struct err *e)
{
    const struct codes *codes;
    const yyjson_val *naming = NULL;
    struct err ignored;
    *ret_uri = system;
    if (!text_starts(system, T("urn:oid:")) && !text_starts(system, T("urn:uuid:"))) {
        return 0;
    }
    /* One that has this address itself comes first. */
    int rc = defs_codes(d, system, T(""), &codes, &ignored);
    rc = rc == ERR_NOT_FOUND ? find_naming(d, system, &naming, &ignored) : rc;
    if (rc == ERR_MEMORY) {
        return err_set(e, rc, "%s", err_text(&ignored));
    }
    text uri = unique_id(naming, T("uri"));
    if (text_eq(json_text(json_get(naming, T("kind"))), T("codesystem")) && uri.n) {
        *ret_uri = uri;
    }
    return 0;
}
