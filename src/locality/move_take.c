/* The side that gets the record: fetches piece by piece, verifies, stores, and signs for it. */
#include "locality/ask_int.h"
#include "locality/move_int.h"

#include <inttypes.h>

/* --- fetching -----------------------------------------------------------------------------------
 */

/* ERR_BUSY: another time; ERR_NOT_FOUND: there is none (any more). */
static int fetch(struct moves *m, const struct move *v, const char *what, uint64_t most,
                 struct arena *a, text *ret, struct err *e)
{
    const struct loc_world *w = m->world;
    struct directory_ref *ref;
    struct peer_call call = {.to = move_member(m, v->peer, &ref),
                             .method = T("GET"),
                             .path =
                                 arena_printf(a, "/locality/parcel/%.*s%s", TEXT_ARG(v->id), what),
                             .most_bytes = most + 1};
    if (!call.to || !call.path.p) {
        trust_done(ref);
        return err_set(e, ERR_BUSY, "%.*s is no member in force", TEXT_ARG(v->peer));
    }
    w->call(w->context, &call, 1, w->now_ms(w->context) + MOVE_CALL_MS, a);
    trust_done(ref);
    if (call.result == ERR_TOO_LARGE) {
        return err_set(e, ERR_CORRUPT, "what came is larger than was signed");
    }
    if (!call.result && call.status == 404) {
        return err_set(e, ERR_NOT_FOUND, "%.*s has this parcel no more", TEXT_ARG(v->peer));
    }
    if (call.result || call.status != 200) {
        return err_set(e, ERR_BUSY, "%.*s could not be asked for a parcel (%d)", TEXT_ARG(v->peer),
                       call.status);
    }
    *ret = call.answer;
    return 0;
}

static bool fits(struct moves *m, const struct move *v, const struct parcel_manifest *x)
{
    const struct note_signer *signer;
    text self;
    struct err none;
    return trust_self(m->trust, &signer, &self, &none) == 0 && text_eq(x->id, v->id) &&
           text_eq(x->from, v->peer) && text_eq(x->to, self) &&
           (!v->subject.nhs_number.n || text_eq(x->subject.nhs_number, v->subject.nhs_number));
}

/* By the member's key in the directory, whatever the note says. */
static int read_manifest(struct moves *m, const struct move *v, text note, struct arena *a,
                         struct parcel_manifest *ret, struct err *e)
{
    struct directory_ref *ref;
    struct buf log;
    const struct member *by = move_member(m, v->peer, &ref);
    int rc = by ? parcel_manifest_read(note, &by->key, a, ret, e)
                : err_set(e, ERR_BUSY, "%.*s is no member in force", TEXT_ARG(v->peer));
    buf_init(&log, 1000);
    if (!rc) {
        note_key_print(&by->log, &log);
        rc = text_eq(buf_text(&log), ret->log) ? 0
                                               : err_set(e, ERR_CORRUPT,
                                                         "the parcel names another log than the "
                                                         "directory has for %.*s",
                                                         TEXT_ARG(v->peer));
    }
    if (!rc && !fits(m, v, ret)) {
        rc = err_set(e, ERR_CORRUPT,
                     "the parcel is another one: for another member, of another one, or of another "
                     "person");
    }
    buf_done(&log);
    trust_done(ref);
    return rc;
}

static int manifest_of(struct moves *m, const struct move *v, struct arena *a, text *ret_note,
                       struct parcel_manifest *ret, struct err *e)
{
    const struct loc_world *w = m->world;
    struct err none = {0};
    int rc = w->get(w->context, "parcel", v->id, a, ret_note, &none);
    if (rc && rc != ERR_NOT_FOUND) {
        return err_set(e, rc, "%s", err_text(&none));
    }
    bool is_new = rc != 0;
    rc = is_new ? fetch(m, v, "", PARCEL_MANIFEST_MAX, a, ret_note, e) : 0;
    rc = rc ? rc : read_manifest(m, v, *ret_note, a, ret, e);
    if (!rc && is_new) {
        const struct kept_change put = move_kept(KEPT_PUT, "parcel", v->id, *ret_note);
        rc = w->write(w->context, &put, 1, NULL, e);
    }
    return rc;
}

static int fetch_piece(struct moves *m, const struct move *v, const struct parcel_manifest *x,
                       size_t i, bool *ret_fetched, struct err *e)
{
    const struct loc_world *w = m->world;
    struct arena a;
    text bytes;
    char what[32];
    struct err none = {0};
    arena_init(&a, MOVE_MEMORY);
    text key = move_piece_key(v->id, i, &a);
    int rc = key.p ? w->get(w->context, "parcel-piece", key, &a, &bytes, &none) : ERR_MEMORY;
    *ret_fetched = rc == ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND) {
        (void)snprintf(what, sizeof what, "/%zu", i);
        rc = fetch(m, v, what, x->pieces[i].bytes, &a, &bytes, e);
        rc = rc ? rc : parcel_piece_check(x, i, bytes, e);
        const struct kept_change put = move_kept(KEPT_PUT, "parcel-piece", key, bytes);
        rc = rc ? rc : w->write(w->context, &put, 1, NULL, e);
    } else if (rc) {
        rc = err_set(e, rc, "%s", err_text(&none));
    }
    arena_done(&a);
    return rc;
}

/* What the pieces say together, before anything of it is stored. */
static int check_all(struct moves *m, const struct move *v, const struct parcel_manifest *x,
                     struct err *e)
{
    const struct loc_world *w = m->world;
    struct parcel_count count = {0};
    struct arena a;
    int rc = 0;
    arena_init(&a, MOVE_MEMORY);
    for (size_t i = 0; !rc && i < x->piece_count; i++) {
        text bytes;
        arena_reset(&a);
        text key = move_piece_key(v->id, i, &a);
        rc = key.p ? w->get(w->context, "parcel-piece", key, &a, &bytes, e) : move_no_memory(e);
        rc = rc ? rc : parcel_piece_check(x, i, bytes, e);
        rc = rc ? rc : parcel_lines_check(x, bytes, &count, e);
    }
    arena_done(&a);
    return rc ? rc : parcel_count_check(x, &count, e);
}

static bool is_wrong(int rc)
{
    return rc == ERR_CORRUPT || rc == ERR_FORBIDDEN || rc == ERR_SYNTAX || rc == ERR_NOT_FOUND;
}

/* Whose record it is here is settled before anything is stored: a doubt is for people. */
static int find_patient(struct moves *m, struct move *v, const struct parcel_manifest *x,
                        struct arena *a, struct err *e)
{
    struct err why = {0};
    text patient;
    int rc = person_find(m->world, &x->subject, a, &patient, &why);
    if (!rc) {
        v->patient = patient;
    }
    return !rc || rc == ERR_NOT_FOUND ? 0
           : rc == ERR_CONFLICT       ? err_set(e, ERR_CORRUPT, "%s", err_text(&why))
                                      : err_set(e, rc, "%s", err_text(&why));
}

/* Into a record that is here nothing is stored on another's word alone: it could hold choices and
 * relationships that open the record to whoever has made it up. */
static int propose(struct moves *m, struct move *v, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    text words = arena_printf(a,
                              "it offers the whole record of Patient/%.*s, who is known here; "
                              "whoever may write in their record takes it: POST "
                              "Patient/%.*s/$move?from=%.*s",
                              TEXT_ARG(v->patient), TEXT_ARG(v->patient), TEXT_ARG(v->peer));
    int rc =
        words.p ? w->alarm(w->context, "record-offered", v->peer, words, e) : move_no_memory(e);
    return rc ? rc : move_to(m, v, MOVE_PROPOSED, NULL, NULL, T(""), NULL, 0, a, e);
}

int move_fetch(struct moves *m, struct move *v, struct arena *a, bool *ret_more, struct err *e)
{
    struct parcel_manifest x = {0};
    text note;
    size_t fetched = 0, i = 0;
    int rc = manifest_of(m, v, a, &note, &x, e);
    for (; !rc && i < x.piece_count && fetched < MOVE_PIECES_A_ROUND; i++) {
        bool now = false;
        rc = fetch_piece(m, v, &x, i, &now, e);
        fetched += now;
    }
    *ret_more = *ret_more || (!rc && i < x.piece_count);
    if (!rc && i == x.piece_count) {
        rc = check_all(m, v, &x, e);
        v->subject = rc ? v->subject : x.subject;
        rc = rc ? rc : find_patient(m, v, &x, a, e);
        rc = rc ? rc
             : v->patient.n && !v->is_asked
                 ? propose(m, v, a, e)
                 : move_to(m, v, MOVE_STORING, NULL, NULL, T(""), NULL, 0, a, e);
        *ret_more = *ret_more || !rc;
    }
    if (is_wrong(rc)) {
        text why = arena_copy(a, text_of(err_text(e)));
        rc = why.p ? move_fail(m, v, why.p, a, e) : move_no_memory(e);
    }
    return rc;
}

/* --- storing ------------------------------------------------------------------------------------
 */

/* The places of the old home, and the old home itself, which keeps what it has. */
static int note_places(struct moves *m, const struct move *v, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    const struct note_signer *signer;
    yyjson_val *root = NULL;
    text bytes, line, self, key = move_piece_key(v->id, 0, a);
    if (!m->places || !v->subject.nhs_number.n) {
        return 0;
    }
    int rc = trust_self(m->trust, &signer, &self, e);
    rc = rc ? rc : places_note(m->places, v->peer, &v->subject, e);
    rc = rc      ? rc
         : key.p ? w->get(w->context, "parcel-piece", key, a, &bytes, e)
                 : move_no_memory(e);
    if (rc || !text_cut(&bytes, '\n', &line) || !text_starts(line, T("{\"places\":"))) {
        return rc;
    }
    rc = json_read(line, 4, a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("places"));
    const yyjson_val *item = json_type(list) == YYJSON_TYPE_ARR ? list + 1 : NULL;
    for (size_t left = item ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        text ods = json_text(item);
        if (ods.n && !text_eq(ods, self)) {
            rc = places_note(m->places, ods, &v->subject, e);
        }
    }
    return rc;
}

static int finish(struct moves *m, struct move *v, text note, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    struct directory_ref *ref;
    const struct note_signer *signer;
    text self, receipt = {0};
    int rc = trust_self(m->trust, &signer, &self, e);
    const struct member *own = rc ? NULL : move_member(m, self, &ref);
    bool practice = own && own->kind == MEMBER_GP;
    if (!rc) {
        trust_done(ref);
    }
    if (!rc && !v->patient.n) {
        rc = person_find(m->world, &v->subject, a, &v->patient, e);
    }
    rc = rc ? rc : note_places(m, v, a, e);
    rc = rc || !practice ? rc : move_set_home(m, v->patient, self, a, e);
    rc = rc ? rc : move_record(m, v, false, e);
    rc = rc ? rc : move_tell(m, v, MOVE_NEWS_CAME, practice, a, e);
    rc = rc ? rc : move_receipt_print(v, note, signer, a, &receipt, e);
    rc = rc ? rc : move_drop_pieces(m, v->id, true, e);
    const struct kept_change put = move_kept(KEPT_PUT, "parcel-receipt", v->id, receipt);
    text why = v->why;
    rc = rc ? rc : move_to(m, v, MOVE_DONE, NULL, "done", receipt, &put, 1, a, e);
    return rc || !why.n ? rc : w->alarm(w->context, "move-incomplete", v->peer, why, e);
}

static int store_piece(struct moves *m, struct move *v, const struct parcel_manifest *x,
                       struct record_taken *taken, struct err *e)
{
    const struct loc_world *w = m->world;
    struct record_ask ask = {.from = x->from, .there = x->patient, .patient = v->patient};
    const struct note_signer *signer;
    struct arena a;
    text bytes;
    arena_init(&a, MOVE_MEMORY);
    text key = move_piece_key(v->id, (size_t)v->pieces, &a);
    int rc = key.p ? w->get(w->context, "parcel-piece", key, &a, &bytes, e) : move_no_memory(e);
    rc = rc ? rc : parcel_piece_check(x, (size_t)v->pieces, bytes, e);
    rc = rc ? rc : trust_self(m->trust, &signer, &ask.self, e);
    rc = rc ? rc : w->unpack(w->context, &ask, bytes, taken, e);
    arena_done(&a);
    return rc;
}

int move_store(struct moves *m, struct move *v, struct arena *a, bool *ret_more, struct err *e)
{
    struct parcel_manifest x = {0};
    text note;
    int rc = manifest_of(m, v, a, &note, &x, e);
    for (size_t i = 0; !rc && v->pieces < x.piece_count && i < MOVE_PIECES_A_ROUND; i++) {
        struct record_taken taken = {0};
        rc = store_piece(m, v, &x, &taken, e);
        v->pieces += !rc;
        if (!rc && taken.refused && !v->why.n) {
            v->why = arena_printf(a,
                                  "some versions could not be taken in (%" PRIu64
                                  " of one piece; the first: %s); the old home still has them",
                                  taken.refused, taken.why);
        }
        rc = rc ? rc : move_to(m, v, MOVE_STORING, NULL, NULL, T(""), NULL, 0, a, e);
    }
    if (!rc && v->pieces == x.piece_count) {
        return finish(m, v, note, a, e);
    }
    *ret_more = *ret_more || !rc;
    return rc;
}

/* --- rows of the feed ---------------------------------------------------------------------------
 */

static int changes_of(struct move *v, enum move_state state, struct arena *a,
                      struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct kept_change *c = arena_zalloc(a, 3, sizeof *c);
    v->state = state;
    int rc = c ? move_changes(v, a, c, e) : move_no_memory(e);
    if (!rc) {
        *ret_changes = c;
        *ret_count = 2;
    }
    return rc;
}

/* The own policy and the patient's choices say about a practice's word that the patient is
 * registered there what they say of any question of its (A4): who has refused it, stays. */
static int admit(struct moves *m, struct move *v, const struct member *to, struct arena *a,
                 struct err *e)
{
    struct admission ad = {0};
    bool conflict;
    const struct statement s = {
        .asker = to->ods,
        .account = T("registration"),
        .name = to->name,
        .role = T("R0260"),
        .purpose = PURPOSE_TREAT,
        .relation = text_of(relationship_words(RELATION_REGISTRATION)),
        .subject = v->subject,
    };
    int rc = ask_admit(m->world, &s, to, a, &ad, &conflict, e);
    v->patient = ad.patient;
    return rc == ERR_FORBIDDEN ? ERR_NOT_FOUND : rc;
}

/* Whose record it would have been: they are told that somebody asked. */
static int whose(struct moves *m, struct move *v, struct arena *a, struct err *e)
{
    struct err none = {0};
    int rc = person_find(m->world, &v->subject, a, &v->patient, &none);
    v->patient = rc ? (text){0} : v->patient;
    return !rc || rc == ERR_NOT_FOUND || rc == ERR_CONFLICT ? ERR_NOT_FOUND
                                                            : err_set(e, rc, "%s", err_text(&none));
}

/* Tells the peer that nothing comes of it; nothing is kept here. */
static int decline(struct moves *m, struct move *v, const char *why, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct feed_row row = {.kind = FEED_MOVE, .subject = v->subject};
    struct kept_change *queued = NULL;
    row.body = arena_printf(a, "{\"id\":\"%.*s\",\"move\":\"failed\",\"why\":\"%s\"}",
                            TEXT_ARG(v->id), why);
    int rc =
        v->subject.nhs_number.n ? feed_person(m->feed, v->subject.nhs_number, row.person, e) : 0;
    rc = rc           ? rc
         : row.body.p ? feed_queue(m->feed, &v->peer, 1, &row, a, &queued, ret_count, e)
                      : move_no_memory(e);
    *ret_changes = queued;
    return rc;
}

/* Why nothing more is begun with this member now; NULL: it may be. Each costs a copy of a whole
 * record, and whoever is asked for one cannot see what the asker does with it. */
static int too_many(struct moves *m, const struct move *v, struct arena *a, const char **ret_why,
                    struct err *e)
{
    bool moving = false;
    size_t with_peer = 0;
    int rc = move_under_way(m, v->patient, v->peer, a, &moving, &with_peer, e);
    *ret_why = moving                        ? "this record is on its way already"
               : with_peer >= MOVE_OPEN_MOST ? "too many records are moving between these members; "
                                               "ask again when some have come"
                                             : NULL;
    return rc;
}

static int give(struct moves *m, struct move *v, struct arena *a, struct kept_change **ret_changes,
                size_t *ret_count, struct err *e)
{
    const char *why = NULL;
    text words = arena_printf(a,
                              "it has asked for the whole record of Patient/%.*s, who it says "
                              "has registered there; ask the patient if that is not known here",
                              TEXT_ARG(v->patient));
    int rc = too_many(m, v, a, &why, e);
    if (rc || why) {
        return rc ? rc : decline(m, v, why, a, ret_changes, ret_count, e);
    }
    rc = words.p ? m->world->alarm(m->world->context, "record-asked-for", v->peer, words, e)
                 : move_no_memory(e);
    return rc ? rc : changes_of(v, MOVE_WANTED, a, ret_changes, ret_count, e);
}

/* A practice to which the patient has gone asks for what is here. Only practices do: to another
 * place a record goes when the patient says so here. */
static int asked(struct moves *m, struct move *v, struct arena *a, struct kept_change **ret_changes,
                 size_t *ret_count, struct err *e)
{
    struct directory_ref *ref;
    struct err none = {0};
    const struct member *to = move_member(m, v->peer, &ref);
    bool practice = to && to->kind == MEMBER_GP;
    int rc = practice ? admit(m, v, to, a, &none) : whose(m, v, a, &none);
    trust_done(ref);
    if (rc && rc != ERR_NOT_FOUND && rc != ERR_CONFLICT) {
        return err_set(e, rc, "%s", err_text(&none));
    }
    v->gives = v->is_asked = true;
    if (!rc) {
        return give(m, v, a, ret_changes, ret_count, e);
    }
    rc = v->patient.n ? move_refused(m, v, a, e) : 0;
    return rc ? rc
              : decline(m, v, "nothing that could be given is held here about this person", a,
                        ret_changes, ret_count, e);
}

static int offered(struct moves *m, struct move *v, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const char *why = NULL;
    int rc = too_many(m, v, a, &why, e);
    return rc    ? rc
           : why ? decline(m, v, why, a, ret_changes, ret_count, e)
                 : changes_of(v, MOVE_FETCHING, a, ret_changes, ret_count, e);
}

/* What the new place has signed, of the manifest that was made here. */
static int has_all(struct moves *m, struct move *v, const yyjson_val *body, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = m->world;
    struct directory_ref *ref;
    text note, receipt = json_text(json_get(body, T("receipt")));
    int rc = w->get(w->context, "parcel", v->id, a, &note, e);
    const struct member *by = move_member(m, v->peer, &ref);
    bool holds = !rc && by && receipt.n && move_receipt_holds(receipt, v, note, &by->key);
    trust_done(ref);
    if (!holds) {
        return err_set(e, ERR_INVALID, "what is said to have come was not signed for");
    }
    rc = changes_of(v, MOVE_RECEIVED, a, ret_changes, ret_count, e);
    if (!rc) {
        (*ret_changes)[(*ret_count)++] =
            move_kept(KEPT_PUT, "parcel-receipt", v->id, arena_copy(a, receipt));
    }
    return rc;
}

static int answered(struct moves *m, struct move *v, text said, const yyjson_val *body,
                    struct arena *a, struct kept_change **ret_changes, size_t *ret_count,
                    struct err *e)
{
    text why = json_text(json_get(body, T("why")));
    bool open = v->state != MOVE_DONE && v->state != MOVE_FAILED;
    if (text_eq(said, T("offer")) && !v->gives && v->state == MOVE_ASKED) {
        return changes_of(v, MOVE_FETCHING, a, ret_changes, ret_count, e);
    }
    if (text_eq(said, T("done")) && v->gives && v->state == MOVE_OFFERED) {
        return has_all(m, v, body, a, ret_changes, ret_count, e);
    }
    if (text_eq(said, T("failed")) && open) {
        v->why = arena_printf(a, "%.*s says: %.*s", TEXT_ARG(v->peer),
                              TEXT_ARG(text_short(why, MOVE_WHY_MAX)));
        return changes_of(v, MOVE_FAILED, a, ret_changes, ret_count, e);
    }
    return 0; /* it has been said before */
}

int moves_take_row(struct moves *m, text sender, const struct feed_row *row, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = m->world;
    yyjson_val *body = NULL;
    struct move v;
    struct err none = {0};
    *ret_count = 0;
    int rc = json_read(row->body, 4, a, &body, e);
    text id = rc ? (text){0} : json_text(json_get(body, T("id")));
    text said = rc ? (text){0} : json_text(json_get(body, T("move")));
    if (rc || id.n != PARCEL_ID_MAX) {
        return rc ? rc : err_set(e, ERR_INVALID, "a move has an id, which is a UUID");
    }
    rc = move_get(m, id, a, &v, &none);
    if (!rc) {
        return text_eq(v.peer, sender) ? answered(m, &v, said, body, a, ret_changes, ret_count, e)
                                       : err_set(e, ERR_INVALID, "this move is between others");
    }
    if (rc != ERR_NOT_FOUND) {
        return err_set(e, rc, "%s", err_text(&none));
    }
    v = (struct move){.id = id,
                      .peer = sender,
                      .subject = row->subject,
                      .at_ms = w->now_ms(w->context),
                      .changed_ms = w->now_ms(w->context)};
    if (text_eq(said, T("ask"))) {
        return asked(m, &v, a, ret_changes, ret_count, e);
    }
    return text_eq(said, T("offer")) ? offered(m, &v, a, ret_changes, ret_count, e) : 0;
}
