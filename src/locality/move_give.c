/* The side that has the record: packs it, serves it, and lets it go. */
#include "locality/move_int.h"

/* --- packing ------------------------------------------------------------------------------------
 */

struct packing {
    struct moves *m;
    struct move *v;
    struct arena *a;
    struct parcel_manifest manifest;
    struct parcel_cutter cutter;
    bool in_log;
};

static int put_piece(void *context, size_t i, text bytes, struct err *e)
{
    struct packing *p = context;
    const struct loc_world *w = p->m->world;
    text key = move_piece_key(p->v->id, i, p->a);
    const struct kept_change put = move_kept(KEPT_PUT, "parcel-piece", key, bytes);
    return key.p ? w->write(w->context, &put, 1, NULL, e) : move_no_memory(e);
}

static int put_line(void *context, enum record_line kind, text json, struct err *e)
{
    struct packing *p = context;
    bool apart = kind == RECORD_LOG && !p->in_log;
    bool first = memmem(json.p, json.n < 300 ? json.n : 300, ",\"step\":1,", 10) != NULL;
    p->in_log = kind == RECORD_LOG;
    p->manifest.log_entries += kind == RECORD_LOG;
    p->manifest.versions += kind == RECORD_VERSION;
    p->manifest.resources += kind == RECORD_VERSION && first;
    return parcel_cut_line(&p->cutter, json, apart, e);
}

/* Only these keep a list: L5. */
static bool may_be_home(struct moves *m, text ods)
{
    struct directory_ref *ref;
    const struct member *to = move_member(m, ods, &ref);
    bool may = to && (to->kind == MEMBER_GP || to->kind == MEMBER_PLATFORM);
    trust_done(ref);
    return may;
}

/* L1: the list moves along with the record, from home to home. */
static int put_places(struct packing *p, struct err *e)
{
    text *ods = NULL;
    size_t count = 0;
    struct buf out;
    struct err none = {0};
    if (!p->m->places || !p->v->subject.nhs_number.n || !may_be_home(p->m, p->v->peer)) {
        return 0;
    }
    int rc = places_of(p->m->places, p->v->subject.nhs_number, p->a, &ods, &count, &none);
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : err_set(e, rc, "%s", err_text(&none));
    }
    buf_init(&out, 65536);
    buf_add(&out, T("{\"places\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, i ? T(",") : T(""));
        json_write_string(ods[i], &out);
    }
    buf_add(&out, T("]}"));
    rc = buf_failed(&out) ? 0 : parcel_cut_line(&p->cutter, buf_text(&out), false, e);
    buf_done(&out);
    return rc;
}

static int print_key(const struct note_key *key, struct arena *a, text *ret, struct err *e)
{
    struct buf out;
    buf_init(&out, 1000);
    note_key_print(key, &out);
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : move_no_memory(e);
}

static int fill(struct packing *p, const struct note_signer **ret_signer, struct err *e)
{
    struct parcel_manifest *x = &p->manifest;
    const struct loc_world *w = p->m->world;
    struct directory_ref *ref = NULL;
    int rc = trust_self(p->m->trust, ret_signer, &x->from, e);
    const struct member *self = rc ? NULL : move_member(p->m, x->from, &ref);
    if (!rc && !self) {
        rc = err_set(e, ERR_BUSY, "this node is in no directory in force");
    }
    rc = rc ? rc : print_key(&self->log, p->a, &x->log, e);
    rc = rc ? rc : print_key(note_signer_key(*ret_signer), p->a, &x->key, e);
    trust_done(ref);
    x->id = p->v->id;
    x->to = p->v->peer;
    x->patient = p->v->patient;
    x->subject = p->v->subject;
    x->made_ms = w->now_ms(w->context);
    return rc;
}

int move_pack(struct moves *m, struct move *v, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    const struct note_signer *signer = NULL;
    struct packing *p = arena_zalloc(a, 1, sizeof *p);
    struct buf note;
    if (!p) {
        return move_no_memory(e);
    }
    *p = (struct packing){.m = m, .v = v, .a = a};
    p->cutter = (struct parcel_cutter){.m = &p->manifest, .a = a, .piece = put_piece, .context = p};
    const struct record_lines lines = {p, put_line};
    buf_init(&p->cutter.bytes, PARCEL_PIECE_MAX);
    buf_init(&note, PARCEL_MANIFEST_MAX);
    int rc = fill(p, &signer, e);
    /* Log and notice say so before anything can be fetched; and so the parcel has them, too. */
    rc = rc ? rc : move_record(m, v, true, e);
    rc = rc ? rc : move_tell(m, v, MOVE_NEWS_LEAVES, false, a, e);
    rc = rc ? rc : put_places(p, e);
    rc = rc ? rc : w->pack(w->context, v->patient, &lines, e);
    rc = rc ? rc : parcel_cut_end(&p->cutter, e);
    rc = rc ? rc : parcel_manifest_print(&p->manifest, signer, &note, e);
    if (!rc) {
        const struct kept_change put = move_kept(KEPT_PUT, "parcel", v->id, buf_text(&note));
        rc = move_to(m, v, MOVE_OFFERED, NULL, "offer", T(""), &put, 1, a, e);
    } else if (rc == ERR_NOT_FOUND || rc == ERR_TOO_LARGE || rc == ERR_INVALID) {
        rc = move_fail(m, v, err_text(e), a, e);
    }
    buf_done(&note);
    buf_done(&p->cutter.bytes);
    return rc;
}

/* --- serving ------------------------------------------------------------------------------------
 */

int parcel_serve(struct moves *m, const struct member *asker, text path, struct arena *a,
                 int *ret_status, text *ret_answer, struct err *e)
{
    const struct loc_world *w = m->world;
    struct move v;
    text id = text_from(path, sizeof "/locality/parcel/" - 1);
    text piece = text_from(id, text_find(id, '/') + 1);
    uint64_t i = 0;
    struct err none = {0};
    bool whole = text_find(id, '/') < id.n;
    id = text_first(id, text_find(id, '/'));
    int rc = move_get(m, id, a, &v, &none);
    /* Whether there is one for somebody else is nobody's business. */
    if (rc || !v.gives || !text_eq(v.peer, asker->ods) ||
        (v.state != MOVE_OFFERED && v.state != MOVE_RECEIVED)) {
        return err_set(e, ERR_NOT_FOUND, "there is no parcel of this number for %.*s",
                       TEXT_ARG(asker->ods));
    }
    if (whole && (!text_to_u64(piece, &i) || i >= PARCEL_PIECES_MAX)) {
        return err_set(e, ERR_NOT_FOUND, "a piece of a parcel has a number");
    }
    text key = whole ? move_piece_key(id, (size_t)i, a) : id;
    rc = key.p ? w->get(w->context, whole ? "parcel-piece" : "parcel", key, a, ret_answer, e)
               : move_no_memory(e);
    *ret_status = 200;
    return rc;
}

/* --- letting go ---------------------------------------------------------------------------------
 */

/* They have signed that they have all of it: from now on the patient's home is theirs. */
int move_leave(struct moves *m, struct move *v, struct arena *a, struct err *e)
{
    struct directory_ref *ref;
    const struct member *to = move_member(m, v->peer, &ref);
    bool practice = to && to->kind == MEMBER_GP;
    trust_done(ref);
    int rc = practice ? move_set_home(m, v->patient, v->peer, a, e) : 0;
    if (!rc && practice && m->places && v->subject.nhs_number.n) {
        rc = places_contact(m->places, &v->subject, v->peer, e); /* here is still something */
    }
    rc = rc ? rc : move_drop_pieces(m, v->id, false, e);
    rc = rc ? rc : move_tell(m, v, MOVE_NEWS_LEFT, practice, a, e);
    return rc ? rc : move_to(m, v, MOVE_DONE, NULL, NULL, T(""), NULL, 0, a, e);
}
