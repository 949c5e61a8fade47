/* The sender's side of a feed: rows are numbered and kept. feed_send.c brings them to their
 * members; feed_take.c is the receiver. */
#include "locality/feed_int.h"

#include <openssl/sha.h>
#include <stdlib.h>

enum {
    MEMORY = 1 << 20,
    ROW_WORDS = 16384, /* of a row beside its body */
    TREE = 24,         /* bytes for each byte of JSON that is read, at the most */
    LINES = 4,         /* copies of a line for each receiver */
};

static const uint8_t nobody[32];

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what goes to other members");
}

int feed_open(const struct loc_world *world, struct trust *trust, const struct feed_take *take,
              struct feed **ret, struct err *e)
{
    struct feed *f = calloc(1, sizeof *f);
    if (!f) {
        return no_memory(e);
    }
    f->world = world;
    f->trust = trust;
    f->take = *take;
    pthread_mutex_init(&f->lock, NULL);
    *ret = f;
    return 0;
}

void feed_close(struct feed *f)
{
    if (f) {
        pthread_mutex_destroy(&f->lock);
        free(f->peers);
        free(f);
    }
}

/* --- keys and places ----------------------------------------------------------------------------
 */

int feed_key(struct trust *t, uint8_t ret[32], struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(t, &ref, &why);
    if (!d) {
        return err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    (void)SHA256((const unsigned char *)d->name.p, d->name.n, ret);
    trust_done(ref);
    return 0;
}

int feed_person(struct feed *f, text nhs_number, uint8_t ret[32], struct err *e)
{
    uint8_t key[32];
    int rc = feed_key(f->trust, key, e);
    if (!rc) {
        person_key(key, nhs_number, ret);
    }
    return rc;
}

void feed_stream_key(text ods, const uint8_t person[32], char ret[FEED_STREAM])
{
    memset(ret, 0, FEED_STREAM);
    memcpy(ret, ods.p, ods.n < FEED_ODS ? ods.n : FEED_ODS - 1);
    memcpy(ret + FEED_ODS, person, 32);
}

void feed_put_u64(uint64_t v, char to[8])
{
    for (int i = 0; i < 8; i++) {
        to[i] = (char)(v >> (56 - 8 * i));
    }
}

uint64_t feed_get_u64(const char from[8])
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | (unsigned char)from[i];
    }
    return v;
}

int feed_place_get(struct feed *f, const char *kind, const char stream[FEED_STREAM],
                   struct arena *a, struct feed_place *ret, struct err *e)
{
    const struct loc_world *w = f->world;
    text value;
    int rc = w->get(w->context, kind, text_make(stream, FEED_STREAM), a, &value, e);
    *ret = (struct feed_place){.done = true};
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    if (value.n != FEED_PLACE) {
        return err_set(e, ERR_CORRUPT, "a place in the feed of %.*s cannot be read", FEED_ODS,
                       stream);
    }
    ret->number = feed_get_u64(value.p);
    ret->done = value.p[8] & FEED_PLACE_DONE;
    memcpy(ret->hash, value.p + 9, 32);
    ret->was = value;
    return 0;
}

int feed_place_change(const struct feed_place *to, const char *kind, text stream, struct arena *a,
                      struct kept_change *ret, struct err *e)
{
    char value[FEED_PLACE];
    feed_put_u64(to->number, value);
    value[8] = to->done ? FEED_PLACE_DONE : 0;
    memcpy(value + 9, to->hash, 32);
    *ret = (struct kept_change){.change = to->was.p ? KEPT_SWAP : KEPT_ADD,
                                .kind = kind,
                                .key = arena_copy(a, stream),
                                .value = arena_copy(a, text_make(value, sizeof value)),
                                .was = to->was};
    return ret->key.p && ret->value.p ? 0 : no_memory(e);
}

/* --- queueing -----------------------------------------------------------------------------------
 */

/* The next row of a stream, for the commit: two changes, or three for what goes at once. */
static int queue_one(struct feed *f, text ods, const struct feed_row *row, struct arena *a,
                     struct kept_change ret[3], size_t *ret_count, struct err *e)
{
    const struct loc_world *w = f->world;
    struct feed_row next = *row;
    struct feed_place place;
    char key[FEED_OUT];
    text line = {0};
    feed_stream_key(ods, row->person, key);
    int rc = feed_place_get(f, "sent", key, a, &place, e);
    next.number = place.number + 1;
    next.made_ms = row->made_ms ? row->made_ms : w->now_ms(w->context);
    rc = rc ? rc : feed_line_print(&next, place.hash, a, &line, e);
    if (rc) {
        return rc;
    }
    char *value = arena_alloc(a, FEED_OUT_HEAD + line.n);
    if (!value) {
        return no_memory(e);
    }
    feed_put_u64((uint64_t)next.made_ms, value);
    value[8] = next.at_once ? 1 : 0;
    memcpy(value + FEED_OUT_HEAD, line.p, line.n);
    place.number = next.number;
    (void)SHA256((const unsigned char *)line.p, line.n, place.hash);
    feed_put_u64(next.number, key + FEED_STREAM);
    ret[0] = (struct kept_change){.change = KEPT_ADD,
                                  .kind = "out",
                                  .key = arena_copy(a, text_make(key, sizeof key)),
                                  .value = text_make(value, FEED_OUT_HEAD + line.n)};
    if (!ret[0].key.p) {
        return no_memory(e);
    }
    text stream = text_first(ret[0].key, FEED_STREAM), number = text_from(ret[0].key, FEED_STREAM);
    ret[2] =
        (struct kept_change){.change = KEPT_PUT, .kind = "urgent", .key = stream, .value = number};
    *ret_count = next.at_once ? 3 : 2;
    return feed_place_change(&place, "sent", stream, a, &ret[1], e);
}

int feed_queue(struct feed *f, const text *to, size_t to_count, const struct feed_row *row,
               struct arena *a, struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const struct note_signer *signer;
    text self;
    size_t n = 0;
    int rc = trust_self(f->trust, &signer, &self, e);
    bool has_person = memcmp(row->person, nobody, 32) != 0;
    if (!rc && has_person != (row->subject.nhs_number.n != 0)) {
        rc = err_set(e, ERR_INVALID, "a row about a person has their key and their NHS number");
    }
    struct kept_change *changes = rc ? NULL : arena_zalloc(a, 3 * to_count + 1, sizeof *changes);
    rc = rc || changes ? rc : no_memory(e);
    for (size_t i = 0; !rc && i < to_count; i++) {
        if (!text_eq(to[i], self)) {
            size_t added = 0;
            rc = queue_one(f, to[i], row, a, changes + n, &added, e);
            n += added;
        }
    }
    if (!rc) {
        *ret_changes = changes;
        *ret_count = n;
    }
    return rc;
}

static int send_once(struct feed *f, const text *to, size_t to_count, const struct feed_row *row,
                     const struct kept_change *more, size_t more_count, struct arena *a,
                     bool *ret_again, struct err *e)
{
    const struct loc_world *w = f->world;
    struct kept_change *rows = NULL;
    size_t n = 0, failed = SIZE_MAX;
    *ret_again = false;
    int rc = feed_queue(f, to, to_count, row, a, &rows, &n, e);
    struct kept_change *all = rc ? NULL : arena_zalloc(a, n + more_count + 1, sizeof *all);
    if (!all) {
        return rc ? rc : no_memory(e);
    }
    if (more_count) {
        memcpy(all, more, more_count * sizeof *more);
    }
    if (n) {
        memcpy(all + more_count, rows, n * sizeof *rows);
    }
    n += more_count;
    rc = n ? w->write(w->context, all, n, &failed, e) : 0;
    *ret_again = rc == ERR_CONFLICT && failed >= more_count;
    return rc;
}

int feed_send(struct feed *f, const text *to, size_t to_count, const struct feed_row *row,
              const struct kept_change *more, size_t more_count, struct err *e)
{
    bool again = true;
    int rc = 0;
    for (int i = 0; again && i < FEED_TRIES; i++) {
        struct arena a;
        arena_init(&a, MEMORY + (row->body.n + ROW_WORDS) * (TREE + LINES * to_count));
        rc = send_once(f, to, to_count, row, more, more_count, &a, &again, e);
        arena_done(&a);
    }
    for (size_t i = 0; !rc && row->at_once && i < to_count; i++) {
        feed_hurry(f, to[i]);
    }
    if (!rc) {
        f->world->wake(f->world->context);
    } else if (again) {
        rc = err_set(e, ERR_BUSY, "too much is written about one person at a time; try again");
    }
    return rc;
}

static int count_row(void *context, text key, text value)
{
    (void)key;
    (void)value;
    ++*(uint64_t *)context;
    return 0;
}

int feed_waiting(struct feed *f, text ods, uint64_t *ret_count, struct err *e)
{
    static const uint8_t any[32];
    char stream[FEED_STREAM];
    uint64_t count = 0;
    feed_stream_key(ods, any, stream);
    int rc =
        f->world->each(f->world->context, "out", text_make(stream, FEED_ODS), count_row, &count, e);
    if (!rc) {
        *ret_count = count;
    }
    return rc;
}

/* --- consent ------------------------------------------------------------------------------------
 */

static int consent_value(struct feed *f, const uint8_t person[32], struct arena *a, text *ret_was,
                         uint64_t *ret_version, struct err *e)
{
    const struct loc_world *w = f->world;
    text value;
    *ret_version = 0;
    *ret_was = (text){0};
    int rc = w->get(w->context, "consent", text_make((const char *)person, 32), a, &value, e);
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    if (value.n != 8) {
        return err_set(e, ERR_CORRUPT, "a version of consent cannot be read");
    }
    *ret_version = feed_get_u64(value.p);
    *ret_was = value;
    return 0;
}

int feed_consent(struct feed *f, const uint8_t person[32], uint64_t *ret_version, struct err *e)
{
    struct arena a;
    text was;
    arena_init(&a, 65536);
    int rc = consent_value(f, person, &a, &was, ret_version, e);
    arena_done(&a);
    return rc;
}

int feed_consent_change(struct feed *f, const uint8_t person[32], uint64_t version, struct arena *a,
                        struct kept_change *ret_change, bool *ret_raised, struct err *e)
{
    char value[8];
    text was;
    uint64_t known;
    int rc = consent_value(f, person, a, &was, &known, e);
    *ret_raised = !rc && version > known;
    if (rc || !*ret_raised) {
        return rc;
    }
    feed_put_u64(version, value);
    *ret_change = (struct kept_change){.change = was.p ? KEPT_SWAP : KEPT_ADD,
                                       .kind = "consent",
                                       .key = arena_copy(a, text_make((const char *)person, 32)),
                                       .value = arena_copy(a, text_make(value, 8)),
                                       .was = was};
    return ret_change->key.p && ret_change->value.p ? 0 : no_memory(e);
}
