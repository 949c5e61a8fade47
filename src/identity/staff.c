#include "identity/inner.h"

#include "base/map.h"

#include <stdlib.h>

/*
 * Whose records are those of people who work here: the ids of their Patients, in memory, read again
 * when an account comes by one or loses it. What is asked of it is part of each look at a record.
 */
enum { READ_BYTES = 64 * 1024 * 1024 };

struct staff {
    pthread_rwlock_t lock;
    struct map map; /* id of a Patient -> 1; the keys are in `texts` */
    struct arena texts;
    uint64_t change; /* kept_changes() before they were read */
    bool known;
};

struct staff *staff_new(void)
{
    struct staff *s = calloc(1, sizeof *s);
    if (s) {
        (void)pthread_rwlock_init(&s->lock, NULL);
        map_init(&s->map);
        arena_init(&s->texts, READ_BYTES);
    }
    return s;
}

void staff_free(struct staff *s)
{
    if (s) {
        map_done(&s->map);
        arena_done(&s->texts);
        (void)pthread_rwlock_destroy(&s->lock);
        free(s);
    }
}

/* A row's key is the id of the Patient, '/', the id of the account. */
static int add(void *context, text key, text value)
{
    struct staff *s = context;
    bool is_new = false;
    text id = arena_copy(&s->texts, text_first(key, text_find(key, '/')));
    uint64_t *place = id.p ? map_put(&s->map, id, &is_new) : NULL;
    (void)value;
    if (!place) {
        return ERR_MEMORY;
    }
    *place = 1;
    return 0;
}

static int read_all(struct identity *id, uint64_t change, struct err *e)
{
    struct staff *s = id->staff;
    map_done(&s->map);
    map_init(&s->map);
    arena_reset(&s->texts);
    int rc = kept_each(id->kept, OWN_RECORD, T(""), add, s, e);
    s->known = rc == 0;
    s->change = change;
    return rc == ERR_MEMORY ? err_set(e, rc, "no memory for the records of those who work here")
                            : rc;
}

int identity_is_staff(struct identity *id, text patient, bool *ret_is, struct err *e)
{
    struct staff *s = id->staff;
    uint64_t change = kept_changes(id->kept, OWN_RECORD);
    int rc = 0;
    (void)pthread_rwlock_rdlock(&s->lock);
    if (!s->known || s->change != change) {
        (void)pthread_rwlock_unlock(&s->lock);
        (void)pthread_rwlock_wrlock(&s->lock);
        rc = s->known && s->change == change ? 0 : read_all(id, change, e);
    }
    *ret_is = !rc && map_get(&s->map, patient) != NULL;
    (void)pthread_rwlock_unlock(&s->lock);
    return rc;
}
