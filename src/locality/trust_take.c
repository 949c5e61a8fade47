/* Notes that come from anyone, or were signed here: put together, kept, put in force; forks. */
#include "locality/trust_int.h"

#include "format/json.h"

#include <stdlib.h>

enum { PROPOSAL_KEY = 16 + 32 };

/* --- signatures of one text, put together
 * ------------------------------------------------------------------------ */

struct merging {
    text body, kept, came; /* lines of signatures */
    struct buf *out;
    bool added;
};

/* The line by this key; a member that changes its key has two lines of one name. Of further ones
 * none is looked at: whoever has no key can write many, and each costs time. */
static bool merge_key(struct merging *m, const struct note_key *key)
{
    text name = text_of(key->name), lines = m->kept, line;
    for (int came = 0; came < 2; came++) {
        int tries = 0;
        while (tries < DIRECTORY_LINES_A_NAME && text_cut(&lines, '\n', &line)) {
            bool named = line.n > 4 + name.n && text_starts(text_from(line, 4), name) &&
                         line.p[4 + name.n] == ' ';
            tries += named;
            if (named && note_line_holds(line, m->body, key)) {
                buf_add(m->out, line);
                buf_addc(m->out, '\n');
                m->added = m->added || came;
                return true;
            }
        }
        lines = m->came;
    }
    return false;
}

/*
 * The text with the signatures that hold, of members in force and of those who are new or have a
 * new key, in one order: whatever else somebody has written below a text is left out. Where no
 * member in force has signed, it adds nothing, and costs little: anybody may send some.
 */
static int merge(text kept, const struct directory_ref *came, const struct directory *now,
                 struct buf *out, bool *ret_added, struct err *e)
{
    const struct directory *next = &came->directory;
    struct merging m = {.out = out};
    text body;
    (void)note_split(came->note, &m.body, &m.came);
    if (kept.n) {
        (void)note_split(kept, &body, &m.kept);
    }
    buf_add(out, m.body);
    buf_addc(out, '\n');
    bool counts = !now;
    for (size_t i = 0; now && i < now->member_count; i++) {
        counts = merge_key(&m, &now->members[i].key) || counts;
    }
    for (size_t i = 0; counts && i < next->member_count; i++) {
        const struct note_key *key = &next->members[i].key;
        const struct member *old = now ? directory_member(now, next->members[i].ods) : NULL;
        if (!old || memcmp(old->key.key, key->key, sizeof key->key) != 0) {
            (void)merge_key(&m, key);
        }
    }
    *ret_added = counts && (m.added || !kept.n);
    return buf_failed(out) ? err_set(e, ERR_TOO_LARGE, "the directory has too many signatures") : 0;
}

/* --- who signs twice
 * ------------------------------------------------------------------------------------------------
 */

struct ballots {
    const struct directory *by;
    uint64_t number;
    uint64_t round; /* that is looked at now */
    uint64_t last;  /* the highest there is */
    text skip;      /* the hash of a text that is not counted */
    text skip_too;
    bool *voted, *twice;
};

static void count_ballot(struct ballots *b, text note)
{
    bool bits[DIRECTORY_MEMBERS_MAX];
    (void)directory_signers(note, b->by, bits);
    for (size_t i = 0; i < b->by->member_count; i++) {
        b->twice[i] = b->twice[i] || (bits[i] && b->voted[i]);
        b->voted[i] = b->voted[i] || bits[i];
    }
}

static int ballot(void *context, text key, text value)
{
    struct ballots *b = context;
    if (key.n != PROPOSAL_KEY || trust_row_number(key) != b->number) {
        return 0;
    }
    uint64_t round = trust_row_number(text_from(key, 8));
    b->last = round > b->last ? round : b->last;
    if (round == b->round && !text_eq(text_from(key, 16), b->skip) &&
        !text_eq(text_from(key, 16), b->skip_too)) {
        count_ballot(b, value);
    }
    return 0;
}

/* Who has voted in one round, and who twice; `further`: a text that is not kept (NULL). */
static int count_round(struct trust *t, struct ballots *b, const struct directory_ref *further,
                       const struct directory_ref *in_force, struct err *e)
{
    const struct loc_world *w = t->world;
    memset(b->voted, 0, b->by->member_count);
    b->skip_too = in_force ? text_make((const char *)in_force->directory.hash, 32) : (text){0};
    b->skip = further ? text_make((const char *)further->directory.hash, 32) : (text){0};
    int rc = w->each(w->context, "proposal", (text){0}, ballot, b, e);
    if (!rc && further && further->directory.round == b->round) {
        count_ballot(b, further->note);
    }
    if (!rc && in_force && in_force->directory.round == b->round) {
        count_ballot(b, in_force->note);
    }
    return rc;
}

/* Those who have signed two texts of one number and round, among what is kept, `further` and the
 * note in force (empty: nothing): bits[i] of by->members[i]. */
static int doubles(struct trust *t, const struct directory *by, uint64_t number, text further,
                   text in_force, bool *bits, struct err *e)
{
    bool voted[DIRECTORY_MEMBERS_MAX];
    struct ballots b = {.by = by, .number = number, .voted = voted, .twice = bits, .last = 1};
    struct directory_ref *ref = NULL, *kept = NULL;
    int rc = further.n ? trust_ref_new(further, &ref, e) : 0;
    rc = rc || !in_force.n ? rc : trust_ref_new(in_force, &kept, e);
    memset(bits, 0, by->member_count);
    if (kept && kept->directory.round > b.last) {
        b.last = kept->directory.round;
    }
    if (ref && ref->directory.round > b.last) {
        b.last = ref->directory.round;
    }
    for (b.round = 1; !rc && b.round <= b.last && b.round <= TRUST_ROUNDS_MAX; b.round++) {
        rc = count_round(t, &b, ref, kept, e);
    }
    trust_done(ref);
    trust_done(kept);
    return rc;
}

/* Once for each member, number and round. */
static int alarm_double(struct trust *t, const struct directory *next, text ods, struct err *e)
{
    const struct loc_world *w = t->world;
    char key[16 + 9];
    struct buf words;
    trust_row_key(next->number, next->round, key);
    memcpy(key + 16, ods.p, ods.n);
    struct kept_change put = {
        .change = KEPT_ADD, .kind = "double", .key = text_make(key, 16 + ods.n), .value = T("1")};
    int rc = w->write(w->context, &put, 1, NULL, e);
    if (rc) {
        return rc == ERR_CONFLICT ? 0 : rc;
    }
    buf_init(&words, 1024);
    buf_printf(&words,
               "%.*s has signed two different directories with the number %llu (round %llu). A "
               "member signs one: speak with them, and think about removing them",
               TEXT_ARG(ods), (unsigned long long)next->number, (unsigned long long)next->round);
    rc = w->alarm(w->context, "directory-double", ods, buf_text(&words), e);
    buf_done(&words);
    return rc;
}

/* Whether a text adds to what is known: that somebody has signed it who has not signed another one
 * of its round. Who has signed two is told. */
static int look_at_signers(struct trust *t, const struct directory_ref *next,
                           const struct directory *now, bool *ret_counts, struct err *e)
{
    bool voted[DIRECTORY_MEMBERS_MAX], twice[DIRECTORY_MEMBERS_MAX], bits[DIRECTORY_MEMBERS_MAX];
    struct ballots b = {.by = now,
                        .number = next->directory.number,
                        .round = next->directory.round,
                        .skip = text_make((const char *)next->directory.hash, 32),
                        .voted = voted,
                        .twice = twice};
    memset(voted, 0, sizeof voted);
    memset(twice, 0, sizeof twice);
    int rc = t->world->each(t->world->context, "proposal", (text){0}, ballot, &b, e);
    (void)directory_signers(next->note, now, bits);
    *ret_counts = false;
    for (size_t i = 0; !rc && i < now->member_count; i++) {
        *ret_counts = *ret_counts || (bits[i] && !voted[i]);
        if (bits[i] && voted[i]) {
            rc = alarm_double(t, &next->directory, now->members[i].ods, e);
        }
    }
    return rc;
}

/* --- kept, and in force
 * --------------------------------------------------------------------------------------------- */

static int keep_proposal(struct trust *t, const struct directory_ref *next, text kept,
                         const struct kept_change *vote, struct err *e)
{
    const struct loc_world *w = t->world;
    char key[PROPOSAL_KEY];
    trust_row_key(next->directory.number, next->directory.round, key);
    memcpy(key + 16, next->directory.hash, 32);
    struct kept_change changes[2] = {{.change = kept.n ? KEPT_SWAP : KEPT_ADD,
                                      .kind = "proposal",
                                      .key = text_make(key, sizeof key),
                                      .value = next->note,
                                      .was = kept}};
    if (vote) {
        changes[1] = *vote;
    }
    return w->write(w->context, changes, vote ? 2 : 1, NULL, e);
}

static int kept_note(struct trust *t, const struct directory *d, struct arena *a, text *ret,
                     struct err *e)
{
    const struct loc_world *w = t->world;
    char key[PROPOSAL_KEY];
    trust_row_key(d->number, d->round, key);
    memcpy(key + 16, d->hash, 32);
    *ret = (text){0};
    int rc = w->get(w->context, "proposal", text_make(key, sizeof key), a, ret, e);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int consider_whole(struct trust *t, struct directory_ref *whole, text kept,
                          const struct kept_change *vote, struct err *e)
{
    const struct directory *now = t->now ? &t->now->directory : NULL;
    struct err ignored;
    bool counts = true;
    if (directory_follows(whole->note, &whole->directory, now, &ignored) == 0) {
        return trust_enforce(t, whole, vote, e);
    }
    if (!now || whole->directory.round > TRUST_ROUNDS_MAX) {
        return 0;
    }
    int rc = look_at_signers(t, whole, now, &counts, e);
    return rc || !(counts || kept.n) ? rc : keep_proposal(t, whole, kept, vote, e);
}

int trust_consider(struct trust *t, const struct directory_ref *next,
                   const struct kept_change *vote, struct err *e)
{
    const struct directory *now = t->now ? &t->now->directory : NULL;
    struct arena a;
    struct buf note;
    struct directory_ref *whole = NULL;
    text kept;
    bool added = false;
    arena_init(&a, TRUST_MEMORY);
    buf_init(&note, DIRECTORY_MAX);
    int rc = kept_note(t, &next->directory, &a, &kept, e);
    rc = rc ? rc : merge(kept, next, now, &note, &added, e);
    if (!rc && added) {
        rc = trust_ref_new(buf_text(&note), &whole, e);
        rc = rc ? rc : consider_whole(t, whole, kept, vote, e);
        atomic_store(&t->news, true);
        trust_done(whole);
    }
    buf_done(&note);
    arena_done(&a);
    return rc;
}

/* --- forks
 * ------------------------------------------------------------------------------------------------
 */

static int alarm_fork(struct trust *t, const struct directory *before, text other, text kept,
                      struct err *e)
{
    bool twice[DIRECTORY_MEMBERS_MAX];
    struct buf words;
    text first = {0};
    int rc = doubles(t, before, before->number + 1, other, kept, twice, e);
    if (rc) {
        return rc;
    }
    buf_init(&words, 65536);
    buf_printf(&words,
               "two directories with the number %llu have been signed by enough members; this node "
               "keeps the one that came first. Its members have to meet and agree. ",
               (unsigned long long)before->number + 1);
    for (size_t i = 0; i < before->member_count; i++) {
        if (twice[i]) {
            buf_printf(&words, "%s%.*s",
                       first.n ? " " : "Signed both: ", TEXT_ARG(before->members[i].ods));
            first = first.n ? first : before->members[i].ods;
        }
    }
    buf_add(&words, first.n ? T("") : T("Who signed both is not known here"));
    rc = t->world->alarm(t->world->context, "directory-fork", first, buf_text(&words), e);
    buf_done(&words);
    return rc;
}

/* The alarm is given once for each text. */
static int note_fork(struct trust *t, const struct directory_ref *other,
                     const struct directory *before, text kept, struct err *e)
{
    const struct loc_world *w = t->world;
    char key[16 + 32];
    trust_row_key(other->directory.number, 0, key);
    memcpy(key + 16, other->directory.hash, 32);
    struct kept_change put = {.change = KEPT_ADD,
                              .kind = "fork",
                              .key = text_make(key, sizeof key),
                              .value = other->note};
    int rc = w->write(w->context, &put, 1, NULL, e);
    return rc == ERR_CONFLICT ? 0 : rc ? rc : alarm_fork(t, before, other->note, kept, e);
}

/* A text of a number that is in force already, or was. */
static int compare_with_kept(struct trust *t, const struct directory_ref *other, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    char key[16];
    text kept, before_note;
    struct directory_ref *same = NULL, *before = NULL;
    struct err ignored;
    arena_init(&a, TRUST_MEMORY);
    trust_row_key(other->directory.number, 0, key);
    int rc = w->get(w->context, "directory", text_make(key, 8), &a, &kept, e);
    rc = rc ? rc : trust_ref_new(kept, &same, e);
    if (!rc && memcmp(same->directory.hash, other->directory.hash, 32) != 0 &&
        other->directory.number > 1) {
        trust_row_key(other->directory.number - 1, 0, key);
        rc = w->get(w->context, "directory", text_make(key, 8), &a, &before_note, e);
        rc = rc ? rc : trust_ref_new(before_note, &before, e);
        if (!rc &&
            directory_follows(other->note, &other->directory, &before->directory, &ignored) == 0) {
            rc = note_fork(t, other, &before->directory, kept, e);
        }
    }
    trust_done(same);
    trust_done(before);
    arena_done(&a);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* --- what comes from others
 * --------------------------------------------------------------------------------- */

static int take_now(struct trust *t, const struct directory_ref *next, struct err *e)
{
    int rc = trust_reread(t, e);
    const struct directory *now = t->now ? &t->now->directory : NULL;
    if (!rc && !now) {
        rc = err_set(e, ERR_FORBIDDEN, "this node is in no locality");
    }
    if (rc || !text_eq(next->directory.name, now->name)) {
        return rc;
    }
    if (next->directory.number <= now->number) {
        return compare_with_kept(t, next, e);
    }
    return next->directory.number == now->number + 1 &&
                   memcmp(next->directory.previous, now->hash, 32) == 0
               ? trust_consider(t, next, NULL, e)
               : 0;
}

static int take_one(struct trust *t, text note, struct err *e)
{
    struct directory_ref *next = NULL;
    int rc = trust_ref_new(note, &next, e);
    bool again = !rc;
    for (int i = 0; again && i < TRUST_TRIES; i++) {
        pthread_mutex_lock(&t->changing);
        rc = take_now(t, next, e);
        pthread_mutex_unlock(&t->changing);
        again = rc == ERR_CONFLICT; /* another process was quicker */
    }
    trust_done(next);
    return rc;
}

int trust_take(struct trust *t, text notes, struct err *e)
{
    struct arena a;
    yyjson_val *root = NULL;
    arena_init(&a, 4 * TRUST_MEMORY);
    int rc = json_read(notes, 4, &a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("notes"));
    if (!rc && (json_type(list) != YYJSON_TYPE_ARR || json_len(list) > TRUST_NOTES_MAX)) {
        rc = err_set(e, ERR_INVALID, "{\"notes\": [...]} is expected, at most %d of them",
                     TRUST_NOTES_MAX);
    }
    const yyjson_val *item = rc || !json_len(list) ? NULL : list + 1;
    for (size_t left = item ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        rc = take_one(t, json_text(item), e);
    }
    arena_done(&a);
    return rc;
}
