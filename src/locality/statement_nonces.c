/*
 * Two sets, a young one and an old one: the young one becomes old when it has lived for as long as
 * a statement could be valid, so that nothing is dropped before that.
 */
#include "locality/statement.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    LIFE_MS = (STATEMENT_SECONDS + 2 * STATEMENT_SKEW_S) * 1000, /* by the worst clocks */
    FIRST_SLOTS = 1024,
};

struct set {
    uint8_t (*slots)[16]; /* all zero: free */
    size_t count, capacity;
};

struct nonces {
    pthread_mutex_t lock;
    struct set young, old;
    int64_t since_ms, begun_ms;
};

int nonces_new(int64_t now_ms, struct nonces **ret_nonces, struct err *e)
{
    struct nonces *n = calloc(1, sizeof *n);
    if (!n || pthread_mutex_init(&n->lock, NULL)) {
        free(n);
        return err_set(e, ERR_MEMORY, "no memory to remember statements");
    }
    n->since_ms = n->begun_ms = now_ms;
    *ret_nonces = n;
    return 0;
}

void nonces_free(struct nonces *n)
{
    if (n) {
        free(n->young.slots);
        free(n->old.slots);
        pthread_mutex_destroy(&n->lock);
        free(n);
    }
}

/* The slot that has it, or the free one where it belongs. Nonces are random by themselves. */
static uint8_t *find(const struct set *s, const uint8_t nonce[16])
{
    static const uint8_t free_slot[16];
    uint64_t at;
    memcpy(&at, nonce, sizeof at);
    while (memcmp(s->slots[at & (s->capacity - 1)], free_slot, 16) != 0 &&
           memcmp(s->slots[at & (s->capacity - 1)], nonce, 16) != 0) {
        at++;
    }
    return s->slots[at & (s->capacity - 1)];
}

static bool has(const struct set *s, const uint8_t nonce[16])
{
    return s->count && memcmp(find(s, nonce), nonce, 16) == 0;
}

static bool grow(struct set *s)
{
    struct set more = {.count = s->count, .capacity = s->capacity ? 2 * s->capacity : FIRST_SLOTS};
    static const uint8_t free_slot[16];
    more.slots = calloc(more.capacity, sizeof *more.slots);
    for (size_t i = 0; more.slots && i < s->capacity; i++) {
        if (memcmp(s->slots[i], free_slot, 16) != 0) {
            memcpy(find(&more, s->slots[i]), s->slots[i], 16);
        }
    }
    if (more.slots) {
        free(s->slots);
        *s = more;
    }
    return more.slots;
}

static void turn(struct nonces *n, int64_t now_ms)
{
    if (now_ms - n->since_ms >= LIFE_MS) {
        free(n->old.slots);
        n->old = n->young;
        memset(&n->young, 0, sizeof n->young);
        n->since_ms = now_ms;
    }
}

int nonces_take(struct nonces *n, const uint8_t nonce[16], int64_t made_ms, int64_t now_ms,
                struct err *e)
{
    static const uint8_t free_slot[16];
    int rc = 0;
    pthread_mutex_lock(&n->lock);
    turn(n, now_ms);
    if (made_ms < n->begun_ms) {
        rc = err_set(e, ERR_PRECONDITION,
                     "the statement does not count: it was made before this node started; sign a "
                     "new one");
    } else if (memcmp(nonce, free_slot, 16) == 0 || has(&n->young, nonce) || has(&n->old, nonce)) {
        rc = err_set(e, ERR_FORBIDDEN, "the statement does not count: it has been used");
    } else if (n->young.count + n->old.count >= NONCES_MAX ||
               (n->young.count * 4 >= n->young.capacity * 3 && !grow(&n->young))) {
        rc = err_set(e, ERR_BUSY, "too many statements within two minutes; try again later");
    } else {
        memcpy(find(&n->young, nonce), nonce, 16);
        n->young.count++;
    }
    pthread_mutex_unlock(&n->lock);
    return rc;
}
