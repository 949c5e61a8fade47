/* The own log: offered to the others, with what they say of it. */
#include "locality/witness_int.h"

enum { BY_ROW = 16, AT_ONCE = 100, QUERY_NUMBER_MAX = 20 };

/* --- consistency of the own log -----------------------------------------------------------------
 */

bool witness_hashes_read(text lines, struct tlog_hash *to, size_t *ret_count)
{
    text line, rest = lines;
    size_t count = 0;
    while (text_cut(&rest, '\n', &line)) {
        if (!line.n && (!rest.p || !rest.n)) {
            break;
        }
        if (count == TLOG_PROOF_MAX || !base64_hash(line, &to[count++])) {
            return false;
        }
    }
    *ret_count = count;
    return true;
}

static void print_hashes(uint8_t (*hashes)[32], size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        base64_print(text_make((const char *)hashes[i], 32), out);
        buf_addc(out, '\n');
    }
}

/* "from=N&to=M" */
static bool read_query(text query, uint64_t *ret_from, uint64_t *ret_to)
{
    text first, rest = query;
    return text_cut(&rest, '&', &first) && rest.p && text_starts(first, T("from=")) &&
           text_starts(rest, T("to=")) && first.n <= 5 + QUERY_NUMBER_MAX &&
           text_to_u64(text_from(first, 5), ret_from) && text_to_u64(text_from(rest, 3), ret_to);
}

/* The own newest checkpoint; of a log without an entry: that of nothing. */
static int own_checkpoint(struct witness *w, struct arena *a, text *ret_note,
                          struct checkpoint *ret_checkpoint, struct err *e)
{
    text body, lines;
    int rc = w->world->checkpoint(w->world->context, a, ret_note, e);
    if (rc == ERR_NOT_FOUND) {
        *ret_checkpoint = (struct checkpoint){0};
        return 0;
    }
    if (!rc && !note_split(*ret_note, &body, &lines)) {
        rc = err_set(e, ERR_CORRUPT, "the checkpoint of the own log is no note");
    }
    return rc ? rc : checkpoint_read(body, ret_checkpoint, e);
}

int witness_prove(struct witness *w, text query, struct arena *a, int *ret_status, text *ret_answer,
                  struct err *e)
{
    uint64_t from, to;
    uint8_t(*hashes)[32] = NULL;
    size_t count = 0;
    text note;
    struct checkpoint own;
    struct buf out;
    *ret_status = 400;
    *ret_answer = T("GET /locality/consistency takes ?from=N&to=M, from not more than to\n");
    if (!read_query(query, &from, &to) || from > to) {
        return 0;
    }
    int rc = own_checkpoint(w, a, &note, &own, e);
    if (rc || to > own.size) {
        *ret_status = 422;
        *ret_answer = T("this log has no checkpoint of so many entries\n");
        return rc;
    }
    rc = w->world->consistency(w->world->context, from, to, a, &hashes, &count, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, WITNESS_NOTE_MAX);
    print_hashes(hashes, count, &out);
    *ret_status = 200;
    *ret_answer = count ? arena_copy(a, buf_text(&out)) : T("");
    rc = buf_failed(&out) || !ret_answer->p ? err_set(e, ERR_MEMORY, "no memory for a proof") : 0;
    buf_done(&out);
    return rc;
}

/* Whether a tree is the beginning of the own one. */
static int own_had(struct witness *w, const struct checkpoint *c, const struct checkpoint *own,
                   struct arena *a, bool *ret_had, struct err *e)
{
    uint8_t(*hashes)[32] = NULL;
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count = 0;
    int rc = w->world->consistency(w->world->context, c->size, own->size, a, &hashes, &count, e);
    struct sha *sha = rc ? NULL : sha_new();
    if (!sha || count > TLOG_PROOF_MAX) {
        sha_free(sha);
        return rc ? rc : err_set(e, ERR_MEMORY, "no memory for a proof");
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(proof[i].b, hashes[i], 32);
    }
    *ret_had = tlog_check_old(sha, c->size, own->size, &c->root, &own->root, proof, count);
    sha_free(sha);
    return 0;
}

static int alarm_behind(struct witness *w, text from, uint64_t theirs, uint64_t ours, struct err *e)
{
    struct buf words;
    buf_init(&words, 4096);
    buf_printf(&words,
               "%.*s has seen %llu entries of this node's access log, which has %llu. The log was "
               "put back to an older state, or somebody else signs with its key. Put back the "
               "newest log, or begin a new one with a new key ('kith locality propose DIR log').",
               TEXT_ARG(from), (unsigned long long)theirs, (unsigned long long)ours);
    int rc = witness_alarm(w, "own-log-behind", from, buf_text(&words), e);
    buf_done(&words);
    return rc;
}

static int alarm_other(struct witness *w, text from, uint64_t size, struct err *e)
{
    struct buf words;
    buf_init(&words, 4096);
    buf_printf(&words,
               "%.*s has seen another history of this node's access log, of %llu entries. The log "
               "was changed, or put back and gone on with, or somebody else signs with its key.",
               TEXT_ARG(from), (unsigned long long)size);
    int rc = witness_alarm(w, "own-log-fork", from, buf_text(&words), e);
    buf_done(&words);
    return rc;
}

int witness_consider_own(struct witness *w, const struct sighting *s, text from, struct err *e)
{
    struct arena a;
    struct checkpoint own;
    bool had = true;
    text note;
    if (!s->checkpoint.size) {
        return 0;
    }
    arena_init(&a, WITNESS_MEMORY);
    int rc = own_checkpoint(w, &a, &note, &own, e);
    if (!rc && s->checkpoint.size > own.size) {
        rc = alarm_behind(w, from, s->checkpoint.size, own.size, e);
    } else if (!rc) {
        rc = own_had(w, &s->checkpoint, &own, &a, &had, e);
        rc = rc || had ? rc : alarm_other(w, from, s->checkpoint.size, e);
    }
    arena_done(&a);
    return rc;
}

/* --- who has cosigned what ----------------------------------------------------------------------
 */

struct by {
    uint64_t size;
    int64_t at_ms; /* INT64_MIN: never */
};

static void put_by(const struct by *by, char to[BY_ROW])
{
    for (int i = 0; i < 8; i++) {
        to[i] = (char)(by->size >> (56 - 8 * i));
        to[8 + i] = (char)((uint64_t)by->at_ms >> (56 - 8 * i));
    }
}

struct bys {
    const struct directory *d;
    struct by *of; /* of each member */
};

static int one_by(void *context, text key, text value)
{
    struct bys *x = context;
    const struct member *m = directory_member(x->d, key);
    uint64_t numbers[2] = {0, 0};
    if (m && value.n == BY_ROW) {
        for (size_t i = 0; i < BY_ROW; i++) {
            numbers[i / 8] = numbers[i / 8] << 8 | (unsigned char)value.p[i];
        }
        x->of[m - x->d->members] = (struct by){numbers[0], (int64_t)numbers[1]};
    }
    return 0;
}

static int read_bys(struct witness *w, const struct directory *d, struct arena *a, struct by **ret,
                    struct err *e)
{
    struct bys x = {d, arena_zalloc(a, d->member_count, sizeof *x.of)};
    if (!x.of) {
        return err_set(e, ERR_MEMORY, "no memory for the witnesses");
    }
    for (size_t i = 0; i < d->member_count; i++) {
        x.of[i].at_ms = INT64_MIN;
    }
    *ret = x.of;
    return w->world->each(w->world->context, "witness-by", (text){0}, one_by, &x, e);
}

int witness_lags(struct witness *w, struct arena *a, struct witness_lag **ret, size_t *ret_count,
                 struct err *e)
{
    struct directory_ref *ref = NULL;
    const struct directory *d;
    struct checkpoint own = {0};
    struct by *by = NULL;
    text self, note;
    size_t count = 0;
    int rc = witness_directory(w, &ref, &d, &self, e);
    rc = rc ? rc : own_checkpoint(w, a, &note, &own, e);
    rc = rc ? rc : read_bys(w, d, a, &by, e);
    struct witness_lag *lags = rc ? NULL : arena_zalloc(a, d->member_count, sizeof *lags);
    rc = rc || lags ? rc : err_set(e, ERR_MEMORY, "no memory for the witnesses");
    for (size_t i = 0; !rc && i < d->member_count; i++) {
        if (text_eq(d->members[i].ods, self)) {
            continue;
        }
        lags[count++] = (struct witness_lag){
            .ods = arena_copy(a, d->members[i].ods),
            .entries = own.size > by[i].size ? own.size - by[i].size : 0,
            .since_ms = by[i].at_ms,
        };
    }
    trust_done(ref);
    if (!rc) {
        *ret = lags;
        *ret_count = count;
    }
    return rc;
}

/* --- offering -----------------------------------------------------------------------------------
 */

struct offering {
    struct witness *w;
    const struct directory *d;
    text self;
    struct arena *a;
    text body; /* of the checkpoint */
    struct checkpoint own;
    struct by *by;
    uint64_t *known;  /* what each is thought to know: by[i].size, or what it has told */
    bool *told;       /* it has told; is asked once more */
    struct buf lines; /* the note with what has been cosigned so far */
    size_t count;     /* cosignatures in it */
    bool changed;
};

static size_t lines_of(text note)
{
    text body, lines;
    size_t count = 0;
    if (note_split(note, &body, &lines)) {
        for (size_t i = 0; i < lines.n; i++) {
            count += lines.p[i] == '\n';
        }
    }
    return count ? count - 1 : 0; /* without the log's own */
}

static int ask_of(struct offering *o, size_t i, struct peer_call *ret, struct err *e)
{
    const struct loc_world *world = o->w->world;
    uint8_t(*hashes)[32] = NULL;
    size_t count = 0;
    struct buf out;
    uint64_t old = o->known[i];
    text body, lines;
    int rc = old && old < o->own.size
                 ? world->consistency(world->context, old, o->own.size, o->a, &hashes, &count, e)
                 : 0;
    if (rc) {
        return rc;
    }
    text note = buf_text(&o->lines);
    (void)note_split(note, &body, &lines);
    buf_init(&out, WITNESS_BODY_MAX);
    buf_printf(&out, "old %llu\n", (unsigned long long)old);
    print_hashes(hashes, count, &out);
    buf_addc(&out, '\n');
    buf_add(&out, text_first(note, body.n + 1 + text_find(lines, '\n') + 1));
    *ret =
        (struct peer_call){.to = &o->d->members[i],
                           .method = T("POST"),
                           .path = T("/locality/add-checkpoint"),
                           .content_type = T("text/plain; charset=utf-8"),
                           .body = buf_failed(&out) ? (text){0} : arena_copy(o->a, buf_text(&out)),
                           .most_bytes = WITNESS_NOTE_MAX};
    buf_done(&out);
    return ret->body.p ? 0 : err_set(e, ERR_MEMORY, "no memory for a checkpoint");
}

/* A cosignature that holds is kept; whatever else stands there is passed over. */
static int take_lines(struct offering *o, size_t i, text answer, struct err *e)
{
    struct cosign_key key;
    text line, rest = answer;
    int64_t at;
    int rc = cosign_key_of(&o->d->members[i].key, &key, e);
    while (!rc && text_cut(&rest, '\n', &line)) {
        if (!line.n || !cosign_line_holds(line, o->body, &key, &at)) {
            continue;
        }
        if (o->count < WITNESS_LINES_MAX) {
            buf_add(&o->lines, line);
            buf_addc(&o->lines, '\n');
            o->count++;
        }
        o->by[i] = (struct by){o->own.size, o->w->world->now_ms(o->w->world->context)};
        o->changed = true;
        return buf_failed(&o->lines) ? err_set(e, ERR_MEMORY, "no memory for cosignatures") : 0;
    }
    return rc;
}

static int take_answer(struct offering *o, size_t i, const struct peer_call *call, struct err *e)
{
    uint64_t size;
    text member = o->d->members[i].ods;
    o->told[i] = false;
    if (call->result) {
        return 0; /* it is away, and is behind for so long */
    }
    if (call->status == 200) {
        return take_lines(o, i, call->answer, e);
    }
    if (call->status == 409 && text_to_u64(text_trim(call->answer), &size)) {
        if (size > o->own.size) {
            return alarm_behind(o->w, member, size, o->own.size, e);
        }
        if (size == o->own.size && o->known[i] == size) {
            return alarm_other(o->w, member, size, e);
        }
        o->told[i] = size != o->known[i];
        o->known[i] = size;
    }
    return call->status == 422 ? alarm_other(o->w, member, o->known[i], e) : 0;
}

/* All that have not cosigned this one; the second time those who have told what they know. */
static int ask_all(struct offering *o, bool again, struct err *e)
{
    const struct loc_world *world = o->w->world;
    size_t of[AT_ONCE], at = 0;
    struct peer_call calls[AT_ONCE];
    while (at < o->d->member_count) {
        size_t count = 0;
        int rc = 0;
        for (; at < o->d->member_count && count < AT_ONCE && !rc; at++) {
            bool asks = !text_eq(o->d->members[at].ods, o->self) && o->by[at].size != o->own.size &&
                        (!again || o->told[at]);
            if (asks) {
                of[count] = at;
                rc = ask_of(o, at, &calls[count++], e);
            }
        }
        if (rc) {
            return rc;
        }
        if (count) {
            world->call(world->context, calls, count,
                        world->now_ms(world->context) + WITNESS_WAIT_MS, o->a);
        }
        for (size_t i = 0; i < count && !rc; i++) {
            rc = take_answer(o, of[i], &calls[i], e);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* Who may cosign, for those who read the log from outside. */
static int print_witnesses(const struct offering *o, struct buf *out, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < o->d->member_count && !rc; i++) {
        const struct member *m = &o->d->members[i];
        struct cosign_key key;
        if (!text_eq(m->ods, o->self)) {
            rc = cosign_key_of(&m->key, &key, e);
            cosign_key_print(&key, out);
            buf_printf(out, " %.*s\n", TEXT_ARG(m->name));
        }
    }
    return rc || !buf_failed(out) ? rc : err_set(e, ERR_MEMORY, "no memory for the witnesses");
}

/* What was cosigned and by whom, in one write; then it is published, where it may be. */
static int keep(struct offering *o, struct err *e)
{
    const struct loc_world *world = o->w->world;
    struct kept_change *changes = arena_zalloc(o->a, o->d->member_count + 2, sizeof *changes);
    char(*rows)[BY_ROW] = arena_zalloc(o->a, o->d->member_count, sizeof *rows);
    size_t count = 0, others = o->d->member_count - 1;
    text published = {0};
    if (!changes || !rows) {
        return err_set(e, ERR_MEMORY, "no memory for cosignatures");
    }
    int rc = world->get(world->context, "witness-own", T("note"), o->a, &published, e);
    rc = rc == ERR_NOT_FOUND ? 0 : rc;
    bool publish = o->count > others / 2 || o->count >= lines_of(published);
    for (size_t i = 0; i < o->d->member_count; i++) {
        if (o->by[i].size == o->own.size && !text_eq(o->d->members[i].ods, o->self)) {
            put_by(&o->by[i], rows[i]);
            changes[count++] = (struct kept_change){.change = KEPT_PUT,
                                                    .kind = "witness-by",
                                                    .key = o->d->members[i].ods,
                                                    .value = text_make(rows[i], BY_ROW)};
        }
    }
    text keys[] = {T("next"), T("note")};
    for (size_t i = 0; i < (publish ? 2 : 1); i++) {
        changes[count++] = (struct kept_change){.change = KEPT_PUT,
                                                .kind = "witness-own",
                                                .key = keys[i],
                                                .value = buf_text(&o->lines)};
    }
    rc = rc ? rc : world->write(world->context, changes, count, NULL, e);
    if (!rc && publish) {
        atomic_store(&o->w->handed_out, false);
    }
    return rc;
}

/* Also what a crash has kept from being published. */
static int hand_out(struct offering *o, struct err *e)
{
    const struct loc_world *world = o->w->world;
    struct buf witnesses;
    text note;
    if (!world->cosigned || atomic_load(&o->w->handed_out)) {
        return 0;
    }
    int rc = world->get(world->context, "witness-own", T("note"), o->a, &note, e);
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    buf_init(&witnesses, (size_t)1 << 20);
    rc = print_witnesses(o, &witnesses, e);
    rc = rc ? rc : world->cosigned(world->context, note, buf_text(&witnesses), e);
    buf_done(&witnesses);
    atomic_store(&o->w->handed_out, rc == 0);
    return rc;
}

/* The note to which cosignatures are added: what there is of it already. */
static int begin(struct offering *o, text note, struct err *e)
{
    const struct loc_world *world = o->w->world;
    text next = {0}, body, lines;
    struct sighting own;
    const struct member *m = directory_member(o->d, o->self);
    int rc = witness_sight(note, m, o->a, &own, e);
    if (rc) {
        return witness_alarm(
            o->w, "own-log-key", o->self,
            T("the directory has another key for this node's access log than the "
              "one it signs with: 'kith locality propose DIR log' has the members sign "
              "the new one"),
            e);
    }
    o->own = own.checkpoint;
    rc = world->get(world->context, "witness-own", T("next"), o->a, &next, e);
    rc = rc == ERR_NOT_FOUND ? 0 : rc;
    (void)note_split(own.note, &o->body, &lines);
    bool same = !rc && next.n && note_split(next, &body, &lines) && text_eq(body, o->body);
    buf_add(&o->lines, same ? next : own.note);
    o->count = same ? lines_of(next) : 0;
    rc = rc ? rc : read_bys(o->w, o->d, o->a, &o->by, e);
    o->known = arena_zalloc(o->a, o->d->member_count, sizeof *o->known);
    o->told = arena_zalloc(o->a, o->d->member_count, sizeof *o->told);
    if (!rc && (!o->known || !o->told || buf_failed(&o->lines))) {
        rc = err_set(e, ERR_MEMORY, "no memory for a checkpoint");
    }
    for (size_t i = 0; !rc && i < o->d->member_count; i++) {
        o->known[i] = o->by[i].size <= o->own.size ? o->by[i].size : 0;
    }
    return rc;
}

int witness_offer(struct witness *w, const struct directory *d, text self, struct err *e)
{
    struct arena a;
    text note;
    arena_init(&a, 4 * WITNESS_MEMORY);
    struct offering o = {.w = w, .d = d, .self = self, .a = &a};
    buf_init(&o.lines, NOTE_MAX);
    int rc = w->world->checkpoint(w->world->context, &a, &note, e);
    if (rc == ERR_NOT_FOUND) {
        rc = 0; /* a log without an entry */
    } else {
        rc = rc ? rc : begin(&o, note, e);
        bool any = !rc && o.own.size > 0;
        rc = any ? ask_all(&o, false, e) : rc;
        rc = rc || !any ? rc : ask_all(&o, true, e);
        rc = rc || !o.changed ? rc : keep(&o, e);
        rc = rc ? rc : hand_out(&o, e);
    }
    buf_done(&o.lines);
    arena_done(&a);
    return rc;
}
