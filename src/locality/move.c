/* A move as it is kept, asked for, told of, and brought on by the courier. */
#include "locality/move_int.h"

#include "base/random.h"
#include "identity/identity.h"
#include "policy/grant.h"

#include <inttypes.h>
#include <stdlib.h>

int move_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to move a record");
}

static const char *move_state_code(enum move_state s)
{
    static const char *const codes[] = {
#define MOVE_STATE_CODE(name, code) code,
        MOVE_STATE_TABLE(MOVE_STATE_CODE)
#undef MOVE_STATE_CODE
    };
    return codes[s];
}

int moves_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
               struct places *places, struct moves **ret, struct err *e)
{
    struct moves *m = calloc(1, sizeof *m);
    if (!m) {
        return move_no_memory(e);
    }
    *m = (struct moves){.world = world, .trust = trust, .feed = feed, .places = places};
    (void)pthread_mutex_init(&m->beginning, NULL);
    *ret = m;
    return 0;
}

void moves_close(struct moves *m)
{
    if (m) {
        (void)pthread_mutex_destroy(&m->beginning);
        free(m);
    }
}

/* --- as kept ------------------------------------------------------------------------------------
 */

enum { FIELDS = 10 };

static void fields_of(struct move *v, text *ret[FIELDS], const char *names[FIELDS])
{
    text *const all[FIELDS] = {&v->id,
                               &v->peer,
                               &v->patient,
                               &v->why,
                               &v->subject.nhs_number,
                               &v->subject.family,
                               &v->subject.given,
                               &v->subject.birth_date,
                               &v->subject.gender,
                               &v->subject.postcode};
    static const char *const called[FIELDS] = {"id",     "peer",  "patient", "why",    "nhs",
                                               "family", "given", "birth",   "gender", "postcode"};
    memcpy(ret, all, sizeof all);
    memcpy(names, called, sizeof called);
}

static int move_print(const struct move *v, struct arena *a, text *ret_line, struct err *e)
{
    struct move copy = *v;
    text *fields[FIELDS];
    const char *names[FIELDS];
    struct buf out;
    fields_of(&copy, fields, names);
    buf_init(&out, MOVE_LINE_MAX);
    buf_printf(&out,
               "{\"state\":\"%s\",\"gives\":%s,\"asked\":%s,\"at\":%" PRId64 ",\"changed\":%" PRId64
               ",\"pieces\":%" PRIu64,
               move_state_code(v->state), v->gives ? "true" : "false",
               v->is_asked ? "true" : "false", v->at_ms, v->changed_ms, v->pieces);
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i]->n) {
            buf_printf(&out, ",\"%s\":", names[i]);
            json_write_string(*fields[i], &out);
        }
    }
    buf_addc(&out, '}');
    *ret_line = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret_line->p ? 0 : move_no_memory(e);
}

static uint64_t number_of(const yyjson_val *root, text name)
{
    uint64_t n = 0;
    return text_to_u64(json_text(json_get(root, name)), &n) && n < INT64_MAX ? n : 0;
}

static int parse(text id, text line, struct arena *a, struct move *ret, struct err *e)
{
    yyjson_val *root = NULL;
    struct move v = {.state = MOVE_STATE_COUNT, .was = line};
    text *fields[FIELDS];
    const char *names[FIELDS];
    int rc = json_read(line, 3, a, &root, NULL);
    fields_of(&v, fields, names);
    for (size_t i = 0; !rc && i < FIELDS; i++) {
        text value = json_text(json_get(root, text_of(names[i])));
        *fields[i] = value.p ? value : T("");
    }
    text state = json_text(json_get(root, T("state")));
    for (int s = 0; s < MOVE_STATE_COUNT; s++) {
        v.state = text_eq(state, text_of(move_state_code((enum move_state)s))) ? (enum move_state)s
                                                                               : v.state;
    }
    if (rc || v.state == MOVE_STATE_COUNT || !text_eq(v.id, id)) {
        return err_set(e, ERR_CORRUPT, "the move %.*s cannot be read", TEXT_ARG(id));
    }
    v.gives = json_is_true(json_get(root, T("gives")));
    v.is_asked = json_is_true(json_get(root, T("asked")));
    v.at_ms = (int64_t)number_of(root, T("at"));
    v.changed_ms = (int64_t)number_of(root, T("changed"));
    v.pieces = number_of(root, T("pieces"));
    *ret = v;
    return 0;
}

int move_get(struct moves *m, text id, struct arena *a, struct move *ret, struct err *e)
{
    const struct loc_world *w = m->world;
    text line;
    int rc = w->get(w->context, "move", id, a, &line, e);
    return rc ? rc : parse(id, line, a, ret, e);
}

text move_piece_key(text id, size_t i, struct arena *a)
{
    return arena_printf(a, "%.*s %08zu", TEXT_ARG(id), i);
}

struct kept_change move_kept(enum kept_change_kind change, const char *kind, text key, text value)
{
    return (struct kept_change){.change = change, .kind = kind, .key = key, .value = value};
}

int move_changes(const struct move *v, struct arena *a, struct kept_change ret[2], struct err *e)
{
    text line;
    int rc = move_print(v, a, &line, e);
    ret[0] = move_kept(v->was.p ? KEPT_SWAP : KEPT_ADD, "move", v->id, line);
    ret[0].was = v->was;
    ret[1] = move_kept(v->state == MOVE_DONE ? KEPT_DELETE : KEPT_PUT, "move-open", v->id, T(""));
    return rc;
}

const struct member *move_member(struct moves *m, text ods, struct directory_ref **ret_ref)
{
    const char *why;
    *ret_ref = NULL;
    const struct directory *d = trust_directory(m->trust, ret_ref, &why);
    return d ? directory_member(d, ods) : NULL;
}

/* --- from state to state ------------------------------------------------------------------------
 */

static int row_of(struct moves *m, const struct move *v, const char *said, text receipt,
                  struct arena *a, struct feed_row *ret, struct err *e)
{
    struct buf out;
    *ret = (struct feed_row){.kind = FEED_MOVE, .subject = v->subject};
    int rc =
        v->subject.nhs_number.n ? feed_person(m->feed, v->subject.nhs_number, ret->person, e) : 0;
    buf_init(&out, MOVE_LINE_MAX);
    buf_printf(&out, "{\"id\":\"%.*s\",\"move\":\"%s\"", TEXT_ARG(v->id), said);
    if (v->why.n) {
        buf_add(&out, T(",\"why\":"));
        json_write_string(text_short(v->why, MOVE_WHY_MAX), &out);
    }
    if (receipt.n) {
        buf_add(&out, T(",\"receipt\":"));
        json_write_string(receipt, &out);
    }
    buf_addc(&out, '}');
    ret->body = rc || buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return rc || ret->body.p ? rc : move_no_memory(e);
}

int move_to(struct moves *m, struct move *v, enum move_state state, const char *why,
            const char *said, text receipt, const struct kept_change *more, size_t more_count,
            struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    struct feed_row row;
    v->state = state;
    v->changed_ms = w->now_ms(w->context);
    v->why = why ? text_short(text_of(why), MOVE_WHY_MAX) : v->why;
    struct kept_change *all = arena_zalloc(a, more_count + 2, sizeof *all);
    int rc = all ? move_changes(v, a, all, e) : move_no_memory(e);
    if (rc) {
        return rc;
    }
    if (more_count) {
        memcpy(all + 2, more, more_count * sizeof *more);
    }
    if (said) {
        rc = row_of(m, v, said, receipt, a, &row, e);
        rc = rc ? rc : feed_send(m->feed, &v->peer, 1, &row, all, more_count + 2, e);
    } else {
        rc = w->write(w->context, all, more_count + 2, NULL, e);
    }
    v->was = rc ? v->was : all[0].value;
    return rc;
}

int move_fail(struct moves *m, struct move *v, const char *why, struct arena *a, struct err *e)
{
    return move_to(m, v, MOVE_FAILED, why, "failed", T(""), NULL, 0, a, e);
}

/* What is left of one that failed, by whomever it was ended: nothing but its row. */
static int clear_away(struct moves *m, const struct move *v, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    const struct kept_change closed = move_kept(KEPT_DELETE, "move-open", v->id, T(""));
    text words = arena_printf(a, "a record did not move %s %.*s: %.*s", v->gives ? "to" : "from",
                              TEXT_ARG(v->peer), TEXT_ARG(v->why));
    int rc = move_drop_pieces(m, v->id, false, e);
    rc = rc || !v->patient.n ? rc : move_tell(m, v, MOVE_NEWS_FAILED, false, a, e);
    rc = rc == ERR_NOT_FOUND ? 0 : rc; /* whose record is not here any more */
    rc = rc        ? rc
         : words.p ? w->alarm(w->context, "move-failed", v->peer, words, e)
                   : move_no_memory(e);
    return rc ? rc : w->write(w->context, &closed, 1, NULL, e);
}

int move_record(struct moves *m, const struct move *v, bool out, struct err *e)
{
    const struct loc_world *w = m->world;
    uint8_t leaf[1][32];
    const struct audit_event event = {.at_ms = w->now_ms(w->context),
                                      .kind = out ? EVENT_EXPORT : EVENT_IMPORT,
                                      .access = ACCESS_SYSTEM,
                                      .patient = v->patient,
                                      .name = T("this node"),
                                      .peer = v->peer,
                                      .reason = out ? T("the whole record moves to this member")
                                                    : T("the whole record came from this member")};
    return w->record(w->context, &event, 1, leaf, e);
}

/* --- asked for ----------------------------------------------------------------------------------
 */

struct finding {
    struct arena *a;
    text patient, peer;
    struct move newest;
    bool open;
    size_t with_peer;     /* open ones */
    bool both;            /* one of them of the patient */
    struct move proposed; /* by the peer */
    int rc;
    struct err *e;
};

static int find_one(void *context, text key, text value)
{
    struct finding *f = context;
    struct move v;
    text id = arena_copy(f->a, key), line = arena_copy(f->a, value);
    f->rc = id.p && line.p ? parse(id, line, f->a, &v, f->e) : move_no_memory(f->e);
    bool open = !f->rc && v.state != MOVE_DONE && v.state != MOVE_FAILED;
    bool same = open && text_eq(v.peer, f->peer);
    f->with_peer += same;
    f->both = f->both || (same && f->patient.n && text_eq(v.patient, f->patient));
    if (f->rc || !f->patient.n || !text_eq(v.patient, f->patient)) {
        return f->rc;
    }
    if (v.state == MOVE_PROPOSED) { /* which anybody may do: it hides nothing, and stops nothing */
        f->proposed = same ? v : f->proposed;
        f->newest = f->newest.id.n ? f->newest : v;
        return 0;
    }
    bool newer = v.at_ms > f->newest.at_ms || f->newest.state == MOVE_PROPOSED;
    f->open = f->open || open;
    f->newest = !f->newest.id.n || newer ? v : f->newest;
    return 0;
}

static int find(struct moves *m, text patient, text peer, struct arena *a, struct finding *f,
                struct err *e)
{
    const struct loc_world *w = m->world;
    *f = (struct finding){.a = a, .patient = patient, .peer = peer, .e = e};
    int rc = w->each(w->context, "move", T(""), find_one, f, e);
    return f->rc ? f->rc : rc;
}

int move_under_way(struct moves *m, text patient, text peer, struct arena *a, bool *ret_patient,
                   size_t *ret_peer, struct err *e)
{
    struct finding f;
    int rc = find(m, patient, peer, a, &f, e);
    *ret_patient = f.both;
    *ret_peer = f.with_peer;
    return rc;
}

/* A whole record goes where the patient says; it comes where somebody may write in it. */
static int may(struct moves *m, const struct move_ask *ask, struct err *e)
{
    const struct loc_world *w = m->world;
    struct decision d = {0};
    const struct actor *who = &ask->caller->actor;
    bool patient = who->kind == ACTOR_PERSON && text_eq(who->patient, ask->patient);
    bool program = who->kind == ACTOR_SYSTEM || who->kind == ACTOR_NODE;
    int rc = w->decide(w->context, ask->caller, ask->patient, &d, e);
    bool allowed =
        d.reads && d.writes && !d.demographics_only && (ask->from.n || patient || program);
    return rc || allowed ? rc
                         : err_set(e, ERR_FORBIDDEN,
                                   "a record moves to another member when the patient says so "
                                   "themselves, and comes from one when whoever asks may write in "
                                   "it here");
}

static int read_person(struct moves *m, text patient, struct arena *a, struct subject *ret,
                       struct err *e)
{
    const struct loc_world *w = m->world;
    yyjson_val *root = NULL;
    struct own_call call = {.method = T("GET"),
                            .path = arena_printf(a, "Patient/%.*s", TEXT_ARG(patient))};
    int rc = call.path.p ? w->own(w->context, NULL, &call, a, e) : move_no_memory(e);
    if (!rc && call.status != 200) {
        return err_set(e, ERR_NOT_FOUND, "there is no Patient/%.*s here", TEXT_ARG(patient));
    }
    rc = rc ? rc : json_read(call.answer, MOVE_TREE, a, &root, e);
    rc = rc ? rc : person_of(root, ret, e);
    return rc == ERR_NOT_FOUND
               ? err_set(e, ERR_BUSINESS_RULE,
                         "a record moves by NHS number, family name and birth date; this Patient "
                         "lacks one of them")
               : rc;
}

/* What was offered here without being asked for is asked for now. */
static int accept(struct moves *m, struct move *v, struct arena *a, text *ret_id, struct err *e)
{
    const struct loc_world *w = m->world;
    v->is_asked = true;
    int rc = move_to(m, v, MOVE_FETCHING, NULL, NULL, T(""), NULL, 0, a, e);
    if (!rc) {
        *ret_id = v->id;
        w->wake(w->context);
    }
    return rc;
}

static int begin_one(struct moves *m, const struct move_ask *ask, struct arena *a, text *ret_id,
                     struct err *e)
{
    const struct loc_world *w = m->world;
    struct directory_ref *ref;
    struct finding f;
    const struct note_signer *signer;
    text self;
    char id[UUID_SIZE];
    text peer = ask->to.n ? ask->to : ask->from;
    int rc = trust_self(m->trust, &signer, &self, e);
    rc = rc ? rc : may(m, ask, e);
    bool member = !rc && move_member(m, peer, &ref) && !text_eq(peer, self);
    if (!rc) {
        trust_done(ref);
    }
    if (!rc && !member) {
        rc = err_set(e, ERR_NOT_FOUND, "no other member of this locality has the ODS code '%.*s'",
                     TEXT_ARG(text_short(peer, 20)));
    }
    rc = rc ? rc : find(m, ask->patient, ask->from, a, &f, e);
    if (!rc && f.open) {
        rc = err_set(e, ERR_CONFLICT, "this record is moving already; GET .../$move says how far");
    }
    if (!rc && f.proposed.id.n) {
        return accept(m, &f.proposed, a, ret_id, e);
    }
    random_uuid(id);
    struct move v = {.id = arena_copy(a, text_of(id)),
                     .peer = peer,
                     .patient = ask->patient,
                     .gives = ask->to.n != 0,
                     .is_asked = ask->from.n != 0,
                     .at_ms = w->now_ms(w->context)};
    rc = rc ? rc : read_person(m, ask->patient, a, &v.subject, e);
    rc = rc        ? rc
         : !v.id.p ? move_no_memory(e)
                   : move_to(m, &v, v.gives ? MOVE_WANTED : MOVE_ASKED, NULL,
                             v.gives ? NULL : "ask", T(""), NULL, 0, a, e);
    if (!rc) {
        *ret_id = v.id;
        w->wake(w->context);
    }
    return rc;
}

int move_begin(struct moves *m, const struct move_ask *ask, struct arena *a, text *ret_id,
               struct err *e)
{
    pthread_mutex_lock(&m->beginning);
    int rc = begin_one(m, ask, a, ret_id, e);
    pthread_mutex_unlock(&m->beginning);
    return rc;
}

int move_show(struct moves *m, const struct caller *as, text patient, struct arena *a,
              text *ret_json, struct err *e)
{
    const struct loc_world *w = m->world;
    struct finding f;
    struct buf out;
    struct decision d = {0};
    int rc = w->decide(w->context, as, patient, &d, e);
    rc = rc || (d.reads && !d.demographics_only)
             ? rc
             : err_set(e, ERR_FORBIDDEN, "you may not see where this record goes");
    rc = rc ? rc : find(m, patient, T(""), a, &f, e);
    if (!rc && !f.newest.id.n) {
        rc = err_set(e, ERR_NOT_FOUND, "this record has not moved");
    }
    if (rc) {
        return rc;
    }
    buf_init(&out, MOVE_LINE_MAX);
    buf_printf(&out,
               "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"id\",\"valueString\":"
               "\"%.*s\"},{\"name\":\"%s\",\"valueString\":\"%.*s\"},{\"name\":\"state\","
               "\"valueCode\":\"%s\"}",
               TEXT_ARG(f.newest.id), f.newest.gives ? "to" : "from", TEXT_ARG(f.newest.peer),
               move_state_code(f.newest.state));
    if (f.newest.why.n) {
        buf_add(&out, T(",{\"name\":\"why\",\"valueString\":"));
        json_write_string(f.newest.why, &out);
        buf_addc(&out, '}');
    }
    buf_add(&out, T("]}"));
    *ret_json = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret_json->p ? 0 : move_no_memory(e);
}

/* --- the courier --------------------------------------------------------------------------------
 */

struct under_way {
    struct arena *a;
    text behind; /* those up to this one had their turn */
    text ids[MOVE_A_ROUND];
    size_t count;
};

static int under_way_one(void *context, text key, text value)
{
    struct under_way *u = context;
    (void)value;
    if (text_cmp(key, u->behind) <= 0) {
        return 0;
    }
    text id = u->count < MOVE_A_ROUND ? arena_copy(u->a, key) : (text){0};
    if (id.p) {
        u->ids[u->count++] = id;
    }
    return id.p ? 0 : -1;
}

/* A code that a later try may change leaves it where it is. */
static int step(struct moves *m, text id, bool *ret_more, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    struct move v;
    int rc = move_get(m, id, a, &v, e);
    int64_t old_ms = MOVE_KEPT_DAYS * INT64_C(86400000);
    if (rc) {
        return rc;
    }
    switch (v.state) {
    case MOVE_WANTED:
        return move_pack(m, &v, a, e);
    case MOVE_RECEIVED:
        return move_leave(m, &v, a, e);
    case MOVE_FETCHING:
        return move_fetch(m, &v, a, ret_more, e);
    case MOVE_STORING:
        return move_store(m, &v, a, ret_more, e);
    case MOVE_FAILED:
        return clear_away(m, &v, a, e);
    default:
        if (w->now_ms(w->context) - v.changed_ms > old_ms) {
            return move_fail(m, &v, "for 30 days nothing has come of it", a, e);
        }
        return 0;
    }
}

/* By turns: those that wait for somebody keep no others waiting. */
static int next_ones(struct moves *m, struct under_way *u, struct err *e)
{
    const struct loc_world *w = m->world;
    u->behind = text_of(m->last);
    int rc = w->each(w->context, "move-open", T(""), under_way_one, u, e);
    if ((!rc || rc == -1) && !u->count && u->behind.n) {
        u->behind = T("");
        rc = w->each(w->context, "move-open", T(""), under_way_one, u, e);
    }
    return rc == -1 ? 0 : rc;
}

int moves_round(struct moves *m, int64_t *ret_again_ms, struct err *e)
{
    const struct loc_world *w = m->world;
    struct arena names, a;
    struct under_way u = {.a = &names};
    int64_t now = w->now_ms(w->context);
    bool more = false;
    int first = 0;
    if (now < m->next_ms) {
        *ret_again_ms = m->next_ms < *ret_again_ms ? m->next_ms : *ret_again_ms;
        return 0;
    }
    arena_init(&names, 65536);
    int rc = next_ones(m, &u, e);
    for (size_t i = 0; !rc && i < u.count && w->now_ms(w->context) - now < MOVE_ROUND_MS; i++) {
        struct err why = {0};
        arena_init(&a, MOVE_MEMORY);
        int one = step(m, u.ids[i], &more, &a, &why);
        arena_done(&a);
        (void)snprintf(m->last, sizeof m->last, "%.*s", TEXT_ARG(u.ids[i]));
        if (one && one != ERR_CONFLICT && !first) {
            first = err_set(e, one, "%s", err_text(&why));
        }
    }
    m->next_ms = rc || first ? now + MOVE_AGAIN_MS : 0;
    *ret_again_ms = more ? now : *ret_again_ms;
    arena_done(&names);
    return rc ? rc : first;
}
