/* Places that have answered somebody about a person: until the home can ask them again, they are
 * named as missing rather than not at all. What is named was told to the same asker before. */
#include "locality/joined_int.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 4096, ODS_SIZE = 10 };
#define KNOWN_MS (INT64_C(24) * 3600 * 1000)

struct slot {
    uint64_t who; /* hash; another one takes the place of an older one */
    int64_t at_ms;
    size_t count;
    char ods[JOINED_KNOWN_MAX][ODS_SIZE];
};

struct joined_known {
    pthread_mutex_t lock;
    struct hash_key key;
    struct slot slots[SLOTS];
};

int joined_known_new(const struct loc_world *w, struct joined_known **ret, struct err *e)
{
    struct joined_known *k = calloc(1, sizeof *k);
    if (!k || pthread_mutex_init(&k->lock, NULL)) {
        free(k);
        return err_set(e, ERR_MEMORY, "no memory for the places that have answered");
    }
    w->random(w->context, (uint8_t *)&k->key, sizeof k->key);
    *ret = k;
    return 0;
}

void joined_known_free(struct joined_known *k)
{
    if (k) {
        (void)pthread_mutex_destroy(&k->lock);
        free(k);
    }
}

static size_t find(const struct slot *s, text ods)
{
    size_t i = 0;
    while (i < s->count && !text_eq(text_of(s->ods[i]), ods)) {
        i++;
    }
    return i;
}

void joined_known_note(struct joined_known *k, text who, text ods, bool answered, int64_t now_ms)
{
    uint64_t hash = hash_text(k->key, who);
    struct slot *s = &k->slots[hash % SLOTS];
    pthread_mutex_lock(&k->lock);
    if (s->who != hash && answered) {
        *s = (struct slot){.who = hash};
    }
    size_t at = s->who == hash ? find(s, ods) : JOINED_KNOWN_MAX;
    if (answered && at == s->count && at < JOINED_KNOWN_MAX && ods.n < ODS_SIZE) {
        memcpy(s->ods[s->count++], ods.p, ods.n);
    } else if (!answered && at < s->count) {
        memcpy(s->ods[at], s->ods[--s->count], ODS_SIZE);
        memset(s->ods[s->count], 0, ODS_SIZE);
    }
    if (answered && s->who == hash) {
        s->at_ms = now_ms;
    }
    pthread_mutex_unlock(&k->lock);
}

size_t joined_known_list(struct joined_known *k, text who, int64_t now_ms, struct arena *a,
                         text ret_ods[JOINED_KNOWN_MAX])
{
    uint64_t hash = hash_text(k->key, who);
    const struct slot *s = &k->slots[hash % SLOTS];
    size_t count = 0;
    pthread_mutex_lock(&k->lock);
    bool is = s->who == hash && now_ms >= s->at_ms && now_ms - s->at_ms < KNOWN_MS;
    for (size_t i = 0; is && i < s->count; i++) {
        ret_ods[count] = arena_copy(a, text_of(s->ods[i]));
        count += ret_ods[count].p != NULL;
    }
    pthread_mutex_unlock(&k->lock);
    return count;
}
