#include "fhir/term_int.h"

/* What a NamingSystem says: $preferred-id (R4 namingsystem-operation-preferred-id.html), and
 * systems that are named by an OID. */

int term_system_uri(const struct term *t, text *system, struct err *e)
{
    text given = *system;
    return defs_system_uri(t->defs, given, system, e);
}

static int preferred_id(const struct term *t, struct buf *out, struct err *e)
{
    text id = term_text(t, T("id"));
    text kind = term_text(t, T("type"));
    text found;
    if (id.n == 0 || kind.n == 0) {
        return err_set(e, ERR_REQUIRED,
                       "two parameters are needed: 'id', a name of the system, and 'type', which "
                       "kind of name is wanted: uri, oid, uuid or other");
    }
    if (!text_eq(kind, T("uri")) && !text_eq(kind, T("oid")) && !text_eq(kind, T("uuid")) &&
        !text_eq(kind, T("other"))) {
        return err_at(e, ERR_VALUE, T("type"),
                      "the parameter 'type' is uri, oid, uuid or other, not '%.*s'",
                      TEXT_ARG(text_short(kind, 60)));
    }
    int rc = defs_preferred_id(t->defs, id, kind, &found, e);
    if (rc) {
        return rc;
    }
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
    term_out(out, "result", "String", found);
    buf_add(out, T("]}"));
    return buf_failed(out) ? term_no_memory(e) : 0;
}

int term_preferred_id(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                      struct err *e)
{
    struct term t;
    int rc = term_begin(&t, d, ask, "id\0type\0", a, e);
    if (!rc) {
        rc = preferred_id(&t, out, e);
        term_end(&t);
    }
    return rc;
}
