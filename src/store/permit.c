/* Whether a write may be made, decided within the writer's transaction. */
#include "store/writer.h"

void permit_begin(struct writer *w, const struct grant *g)
{
    struct verdicts *verdicts = w->view.verdicts;
    w->view = (struct store_view){.s = w->s,
                                  .g = g,
                                  .db = w->db,
                                  .tools = w->tools,
                                  .snapshot = true,
                                  .rules = store_rules(w->s),
                                  .reads_all = grant_reads_all(g),
                                  .asks = MAY_READ,
                                  .verdicts = verdicts,
                                  .alone = w};
    view_forget(&w->view);
}

bool permit_sees(struct writer *w, const struct target *target)
{
    return target->deleted ? view_may_past(&w->view, target->rid, target->t)
                           : view_may(&w->view, target->rid);
}

static int not_found(struct writer *w, const struct write *write)
{
    return err_set(&w->err, ERR_NOT_FOUND, "there is no %.*s/%.*s here",
                   TEXT_ARG(fhir_type_name(write->type)), TEXT_ARG(write->id));
}

/* --- by whom the record is ----------------------------------------------------------------- */

static bool may_change(struct writer *w, uint64_t rid, bool is_new, uint8_t rights)
{
    const struct grant *g = w->view.g;
    uint64_t compartment = rid_compartment(rid);
    if (compartment < COMPARTMENT_PATIENTS) {
        return grant_writes(g, NULL, NULL, rid_type(rid), rid, is_new, rights);
    }
    const struct verdict *v = view_verdict(&w->view, compartment);
    return v && grant_writes(g, &v->decision, v->kept->sheet, rid_type(rid), rid, is_new, rights);
}

/* The request makes this patient, too (who then may be made, or the whole request fails). */
static bool founds(const struct prepared_request *p, const struct name *patient)
{
    for (size_t k = 0; k < p->request->write_count; k++) {
        const struct write *write = &p->request->writes[p->order[k]];
        const struct name *name = &p->writes[p->order[k]].name;
        if (write->type == FHIR_PATIENT && write->kind == WRITE_PUT &&
            name->check == patient->check && text_eq(name->id, patient->id)) {
            return true;
        }
    }
    return false;
}

/* A new entry in the record of a patient who does not exist here, or not yet. */
static bool may_add_to_nobody(struct writer *w, const struct prepared_request *p,
                              const struct write *write, const struct name *home, uint64_t rid)
{
    const struct grant *g = w->view.g;
    char shown[ID_TEXT_SIZE];
    struct decision d;
    if (founds(p, home)) {
        return grant_may_found(g, FHIR_PATIENT) && (grant_rights(g, write->type) & MAY_CREATE);
    }
    grant_decide(g, id_show(home->id, shown), NULL, &d);
    return grant_writes(g, &d, NULL, write->type, rid, true, MAY_CREATE);
}

static bool may_add(struct writer *w, const struct prepared_request *p, size_t at,
                    uint64_t compartment)
{
    const struct write *write = &p->request->writes[at];
    uint64_t rid = rid_make(compartment, write->type, 0);
    if (write->type == FHIR_PATIENT || compartment < COMPARTMENT_PATIENTS) {
        return grant_may_found(w->view.g, write->type);
    }
    const struct verdict *v =
        compartment == w->next_compartment ? NULL : view_verdict(&w->view, compartment);
    if (!v || v->kept->id_size == 0) {
        return may_add_to_nobody(w, p, write, &p->writes[at].home, rid);
    }
    return may_change(w, rid, true, MAY_CREATE);
}

/* --- by the scopes' parameters ------------------------------------------------------------- */

static int only_of(struct writer *w, const struct write *write, text packed, uint64_t t,
                   uint8_t rights, bool *may)
{
    size_t count = 0;
    struct resource r;
    struct index index;
    (void)grant_only(w->view.g, write->type, rights, &count);
    if (count == 0 || !*may) {
        return 0;
    }
    int rc = stored_resource(w->s, write->type, write->id, packed, &w->arena, &r, &w->err);
    rc = rc ? rc : index_extract(&r, &w->view.rules, &w->arena, &index);
    return rc ? rc : only_has(&w->view, write->type, rights, &r, &index, t, may);
}

/* Both what is there and what comes have to be what the scope is about. */
static int by_scope(struct writer *w, const struct write *write, const struct target *target,
                    bool *may)
{
    bool live = target->exists && !target->deleted;
    text packed = {0};
    uint8_t rights = write->kind == WRITE_DELETE ? MAY_DELETE : live ? MAY_UPDATE : MAY_CREATE;
    size_t count = 0;
    int rc = 0;
    (void)grant_only(w->view.g, write->type, rights, &count);
    if (count == 0) {
        return 0;
    }
    if (live) {
        rc = stored_body(w->s, w->db, w->tools, target->body, &w->arena, &packed, &w->err);
        rc = rc ? rc : only_of(w, write, packed, target->t, rights, may);
    }
    return rc || write->kind == WRITE_DELETE
               ? rc
               : only_of(w, write, write->packed, w->last_t, rights, may);
}

/* --- one write ----------------------------------------------------------------------------- */

static int may_put(struct writer *w, const struct prepared_request *p, size_t at,
                   const struct target *target, bool *ret_may)
{
    const struct write *write = &p->request->writes[at];
    bool live = target->exists && !target->deleted;
    uint64_t compartment = 0;
    int rc = find_home(w, write, &p->writes[at], target, false, &compartment);
    if (rc) {
        return rc;
    }
    *ret_may = true;
    if (target->exists) {
        *ret_may = may_change(w, target->rid, !live, live ? MAY_UPDATE : MAY_CREATE);
    }
    bool moves = !target->exists ||
                 compartment_class(rid_compartment(target->rid)) != compartment_class(compartment);
    if (*ret_may && moves) {
        *ret_may = may_add(w, p, at, compartment);
    }
    return 0;
}

/* --- by whose words they are ----------------------------------------------------------------- */

/* The members outside of meta, byte for byte. */
static int same_words(struct writer *w, const struct write *write, const struct target *target,
                      bool *ret_same)
{
    text packed = {0};
    int rc = stored_body(w->s, w->db, w->tools, target->body, &w->arena, &packed, &w->err);
    *ret_same = !rc && text_eq(resource_packed_words(packed), resource_packed_words(write->packed));
    return rc;
}

static int by_author(struct writer *w, const struct write *write, const struct target *target,
                     text before, text facts)
{
    const struct grant *g = w->view.g;
    bool live = target->exists && !target->deleted;
    bool deletes = write->kind == WRITE_DELETE;
    bool same = false;
    if (!deletes && !grant_authors(g, write->type, !live, before, facts)) {
        bool by_person = grant_actor(g)->kind == ACTOR_PERSON;
        int rc = by_person && (!live || grant_rewords(g, write->type, before))
                     ? policy_own_fault(write->type, facts, &w->arena, &w->err)
                     : 0;
        return rc ? rc
                  : err_set(&w->err, ERR_FORBIDDEN,
                            "you may write entries of your own, and forms that name you as who "
                            "answered (author), and change those; nobody else may mark an entry as "
                            "a patient's own. If another entry is wrong, send a message to those "
                            "who wrote it");
    }
    if (!live || grant_rewords(g, write->type, before)) {
        return 0;
    }
    int rc = deletes ? 0 : same_words(w, write, target, &same);
    return rc || same ? rc
                      : err_set(&w->err, ERR_FORBIDDEN,
                                "these are somebody else's own words, which only they change or "
                                "take away: write an entry of your own beside them, or ask them");
}

/* --- by what it would do to who may see ------------------------------------------------------ */

static int by_facts(struct writer *w, const struct prepared_request *p, size_t at,
                    const struct target *target)
{
    const struct grant *g = w->view.g;
    const struct write *write = &p->request->writes[at];
    bool live = target->exists && !target->deleted;
    bool deletes = write->kind == WRITE_DELETE;
    uint64_t compartment = live ? rid_compartment(target->rid) : 0;
    text before = T("");
    text facts = deletes ? T("") : p->writes[at].facts;
    int rc = deletes ? 0 : find_home(w, write, &p->writes[at], target, false, &compartment);
    rc = rc || !live ? rc : facts_of_key(w, target->rid, &before);
    if (rc) {
        return rc;
    }
    if ((facts_kept(before) || facts_kept(facts)) && !grant_trusted(g)) {
        return err_set(&w->err, ERR_FORBIDDEN,
                       "a review, a request and the notices of them are written by the operations "
                       "that they belong to, such as $review, $ask and $answer, and by nobody "
                       "else");
    }
    rc = by_author(w, write, target, before, facts);
    if (rc) {
        return rc;
    }
    /* What is deleted shows nothing that was sealed. */
    if (!deletes && !grant_relabels(g, grant_labels_of(g, before), facts_labels(facts))) {
        return err_set(&w->err, ERR_FORBIDDEN,
                       "to set or take off these labels (meta.security) is not this role's");
    }
    bool is_record = compartment >= COMPARTMENT_PATIENTS && compartment != w->next_compartment;
    const struct verdict *v = is_record ? view_verdict(&w->view, compartment) : NULL;
    if (grant_opens(g, v ? &v->decision : NULL, write->type, !target->exists, before, facts)) {
        return 0;
    }
    return deletes ? err_set(&w->err, ERR_FORBIDDEN,
                             "this says who may not see the record, or that somebody opened it: "
                             "that is not this role's to take away")
                   : err_set(&w->err, ERR_FORBIDDEN,
                             "nobody gives themselves access: let the patient or a colleague do "
                             "it, or use $claim or $open");
}

int permit_write(struct writer *w, const struct prepared_request *p, size_t at,
                 const struct target *target, bool hidden)
{
    const struct write *write = &p->request->writes[at];
    const struct grant *g = w->view.g;
    bool may = true;
    int rc = 0;
    if (g == policy_local_administrator()) {
        return 0;
    }
    if (write->kind == WRITE_DELETE) {
        if (hidden || !target->exists || target->deleted) {
            return 0; /* changes nothing, whatever is there */
        }
        may = may_change(w, target->rid, false, MAY_DELETE);
    } else if (hidden || (!target->exists && !write->new_id && !grant_chooses_ids(g))) {
        return not_found(w, write);
    } else {
        rc = may_put(w, p, at, target, &may);
    }
    rc = rc ? rc : by_scope(w, write, target, &may);
    rc = rc || !may ? rc : by_facts(w, p, at, target);
    rc = view_settled(&w->view, rc, &w->err);
    return rc ? rc : may ? 0 : err_set(&w->err, ERR_FORBIDDEN, "this may not be written to");
}
