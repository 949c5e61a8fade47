#include "rest/withheld.h"

#include "policy/touched.h"

enum {
    PATIENTS_MOST = 50
}; /* of a page: who sees as many at once looks for nobody's whole record */

int withheld_from(struct store_view *v, const struct grant *g, text patient, bool *ret_withheld,
                  struct err *e)
{
    struct decision decision;
    const struct sheet *sheet;
    int rc = store_decide(v, patient, &decision, &sheet, e);
    if (!rc) {
        *ret_withheld = grant_withheld(g, &decision, sheet) != 0;
    }
    return rc;
}

int withheld_from_call(struct call *c, bool *ret_withheld, struct err *e)
{
    const struct touched *t = c->touched;
    struct store_view *v;
    bool withheld = false;
    *ret_withheld = false;
    if (!t || grant_reads_all(c->grant) || (!t->count && !c->route.compartment.type)) {
        return 0;
    }
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &v, e);
    if (rc) {
        return rc;
    }
    if (c->route.compartment.type == FHIR_PATIENT) {
        rc = withheld_from(v, c->grant, c->route.compartment.id, &withheld, e);
    }
    for (size_t i = 0; !rc && !withheld && i < t->count && i < PATIENTS_MOST; i++) {
        text patient;
        if (store_patient_of(v, t->items[i], &patient) == 0) {
            rc = withheld_from(v, c->grant, patient, &withheld, e);
        }
    }
    store_view_end(v);
    *ret_withheld = withheld;
    return rc;
}
