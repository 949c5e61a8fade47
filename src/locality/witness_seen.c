/* What a node keeps of the logs of others: the newest checkpoint, and a ring of those before. */
#include "locality/witness_int.h"

#include <stdio.h>

enum { RING = 64, SERIAL = 8, DAY_MS = 86400000 };

text witness_log_key(const struct member *m, text behind, char to[WITNESS_KEY_MAX])
{
    int n = snprintf(to, WITNESS_KEY_MAX, "%.*s/%08x%s%.*s", TEXT_ARG(m->ods), m->log.id,
                     behind.n ? "/" : "", TEXT_ARG(behind));
    return text_make(to, n > 0 && n < WITNESS_KEY_MAX ? (size_t)n : 0);
}

static void put_number(char to[8], uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        to[i] = (char)(v >> (56 - 8 * i));
    }
}

static uint64_t get_number(const char *from)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | (unsigned char)from[i];
    }
    return v;
}

/* Rows were verified before they were written. */
static int read_row(text note, const struct member *m, struct sighting *ret, struct err *e)
{
    text body, lines;
    if (!note_split(note, &body, &lines) || checkpoint_read(body, &ret->checkpoint, e)) {
        return err_set(e, ERR_CORRUPT, "what is kept of the log of %.*s is no checkpoint",
                       TEXT_ARG(m->ods));
    }
    ret->note = note;
    return 0;
}

int witness_known(struct witness *w, const struct member *m, struct arena *a, struct known *ret,
                  struct err *e)
{
    const struct loc_world *world = w->world;
    char key[WITNESS_KEY_MAX];
    struct known k = {0};
    int rc = world->get(world->context, "witness", witness_log_key(m, T(""), key), a, &k.row, e);
    if (rc == ERR_NOT_FOUND) {
        *ret = (struct known){0};
        return 0;
    }
    if (!rc && k.row.n < SERIAL) {
        rc =
            err_set(e, ERR_CORRUPT, "what is kept of the log of %.*s is cut off", TEXT_ARG(m->ods));
    }
    if (rc) {
        return rc;
    }
    k.any = true;
    k.serial = get_number(k.row.p);
    rc = read_row(text_from(k.row, SERIAL), m, &k.newest, e);
    if (!rc) {
        *ret = k;
    }
    return rc;
}

int witness_take(struct witness *w, const struct member *m, const struct known *known,
                 const struct sighting *s, struct err *e)
{
    const struct loc_world *world = w->world;
    char key[WITNESS_KEY_MAX], slot_key[WITNESS_KEY_MAX], slot[8], serial[SERIAL];
    bool grows = !known->any || s->checkpoint.size > known->newest.checkpoint.size;
    text newest = grows ? s->note : known->newest.note;
    struct buf row;
    put_number(serial, known->serial + 1);
    (void)snprintf(slot, sizeof slot, "%02u", (unsigned)(known->serial % RING));
    buf_init(&row, SERIAL + WITNESS_NOTE_MAX);
    buf_add(&row, text_make(serial, SERIAL));
    buf_add(&row, newest);
    struct kept_change changes[] = {
        {.change = known->any ? KEPT_SWAP : KEPT_ADD,
         .kind = "witness",
         .key = witness_log_key(m, T(""), key),
         .value = buf_text(&row),
         .was = known->row},
        {.change = KEPT_PUT,
         .kind = "witness-seen",
         .key = witness_log_key(m, text_of(slot), slot_key),
         .value = s->note},
    };
    int rc = buf_failed(&row) ? err_set(e, ERR_MEMORY, "no memory for a checkpoint")
                              : world->write(world->context, changes, 2, NULL, e);
    buf_done(&row);
    return rc;
}

struct finding {
    const struct member *m;
    uint64_t size;
    struct arena *a;
    text note;
};

static int is_it(void *context, text key, text value)
{
    struct finding *x = context;
    struct sighting s;
    struct err ignored;
    (void)key;
    if (read_row(value, x->m, &s, &ignored) == 0 && s.checkpoint.size == x->size) {
        x->note = arena_copy(x->a, value);
    }
    return 0;
}

int witness_find(struct witness *w, const struct member *m, uint64_t size, struct arena *a,
                 struct sighting *ret, struct err *e)
{
    const struct loc_world *world = w->world;
    char key[WITNESS_KEY_MAX];
    struct finding x = {.m = m, .size = size, .a = a};
    text prefix = witness_log_key(m, T("0"), key);
    prefix.n--; /* up to the second slash */
    int rc = world->each(world->context, "witness-seen", prefix, is_it, &x, e);
    if (rc || !x.note.p) {
        return rc ? rc : err_set(e, ERR_NOT_FOUND, "no checkpoint of that size was taken");
    }
    return read_row(x.note, m, ret, e);
}

int witness_alarm(struct witness *w, const char *kind, text ods, text words, struct err *e)
{
    const struct loc_world *world = w->world;
    int64_t now = world->now_ms(world->context);
    char key[WITNESS_KEY_MAX], when[8];
    struct arena a;
    text was = {0};
    int n = snprintf(key, sizeof key, "%s/%.*s", kind, TEXT_ARG(ods));
    put_number(when, (uint64_t)now);
    struct kept_change put = {.change = KEPT_PUT,
                              .kind = "witness-alarm",
                              .key = text_make(key, (size_t)n),
                              .value = text_make(when, sizeof when)};
    arena_init(&a, 1 << 16);
    int rc = world->get(world->context, put.kind, put.key, &a, &was, e);
    bool quiet = rc == 0 && was.n == 8 && now - (int64_t)get_number(was.p) < DAY_MS;
    arena_done(&a);
    if (quiet) {
        return 0;
    }
    /* The alarm before the row: a crash between them says it twice, and never not at all. */
    rc = world->alarm(world->context, kind, ods, words, e);
    return rc ? rc : world->write(world->context, &put, 1, NULL, e);
}
