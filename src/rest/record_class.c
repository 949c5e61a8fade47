#include "rest/record.h"

/* What sort of access it was. A look that is closer than work makes it stands out. */

static enum access_class plain_class(const struct actor *a, text patient)
{
    if (a->kind == ACTOR_PERSON) {
        return a->patient.n && text_eq(a->patient, patient) ? ACCESS_SELF : ACCESS_PROXY;
    }
    return a->kind == ACTOR_SYSTEM ? ACCESS_SYSTEM : a->alone ? ACCESS_PREFETCH : ACCESS_PERSON;
}

/* Whether one of the two acts for the other, or did, or is to: as long as it is written down. */
static int are_relatives(const struct rest *rest, struct store_view *view, text patient, text own,
                         struct arena *a, bool *ret_are, struct err *e)
{
    struct hash_key key = store_policy_key(rest->store);
    text of_both[] = {patient, own};
    *ret_are = false;
    for (size_t i = 0; !*ret_are && i < 2; i++) {
        struct decision unused;
        const struct sheet *sheet = NULL;
        text other = arena_printf(a, "Patient/%.*s", TEXT_ARG(of_both[1 - i]));
        int rc = other.p ? store_decide(view, of_both[i], &unused, &sheet, e)
                         : err_set(e, ERR_MEMORY, "no memory for the access log");
        if (rc) {
            return rc;
        }
        *ret_are = sheet_has_proxy(sheet, key, other);
    }
    return 0;
}

int record_class(const struct rest *rest, const struct actor *who, struct store_view *view,
                 text patient, struct arena *a, enum access_class *ret_class, struct err *e)
{
    bool is = false;
    *ret_class = plain_class(who, patient);
    if ((*ret_class != ACCESS_PERSON && *ret_class != ACCESS_PREFETCH) || !patient.n ||
        who->kind != ACTOR_PROFESSIONAL) {
        return 0;
    }
    if (text_eq(who->own_record, patient)) {
        *ret_class = ACCESS_OWN;
        return 0;
    }
    int rc = who->own_record.n && view
                 ? are_relatives(rest, view, patient, who->own_record, a, &is, e)
                 : 0;
    if (!rc && is) {
        *ret_class = ACCESS_RELATIVE;
        return 0;
    }
    /* without accounts there is no staff */
    rc = rc || !rest->identity ? rc : identity_is_staff(rest->identity, patient, &is, e);
    *ret_class = !rc && is ? ACCESS_COLLEAGUE : *ret_class;
    return rc;
}
