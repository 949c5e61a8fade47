#include "rest/links_int.h"

#include "base/clock.h"
#include "base/random.h"
#include "identity/session_int.h"

#include <string.h>

/*
 * A table of fixed size, so that no flood of names takes memory: a set of a few rows gives up the
 * one that was asked for longest ago. Who is pushed out by others has all requests again, which is
 * harmless: tokens cannot be guessed, and openings and tries are counted in the link itself.
 */

#define MINUTE_MS (INT64_C(60) * 1000)

void gate_init(struct gate *g)
{
    (void)pthread_mutex_init(&g->lock, NULL);
    random_bytes(&g->key, sizeof g->key);
}

void gate_done(struct gate *g)
{
    (void)pthread_mutex_destroy(&g->lock);
}

static struct gate_row *row_of(struct gate *g, uint64_t key, int64_t most, int64_t now_ms)
{
    struct gate_row *set = g->rows[key % GATE_SETS];
    struct gate_row *oldest = &set[0];
    for (size_t i = 0; i < GATE_WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        if (set[i].key == 0 || (oldest->key && set[i].at_ms < oldest->at_ms)) {
            oldest = &set[i];
        }
    }
    *oldest = (struct gate_row){.key = key, .at_ms = now_ms, .left = most * MINUTE_MS};
    return oldest;
}

bool gate_take(struct gate *g, text name, int64_t most, int64_t now_ms)
{
    uint64_t key = hash_text(g->key, name);
    (void)pthread_mutex_lock(&g->lock);
    struct gate_row *row = row_of(g, key ? key : 1, most, now_ms);
    int64_t passed = now_ms > row->at_ms ? now_ms - row->at_ms : 0;
    passed = passed > MINUTE_MS ? MINUTE_MS : passed;
    row->left += passed * most;
    row->left = row->left > most * MINUTE_MS ? most * MINUTE_MS : row->left;
    row->at_ms = now_ms;
    bool may = row->left >= MINUTE_MS;
    row->left -= may ? MINUTE_MS : 0;
    (void)pthread_mutex_unlock(&g->lock);
    return may;
}

int links_gate(struct links *l, text address, text hash, struct err *e)
{
    int64_t now_ms = clock_mono_ns() / 1000000;
    char bytes[ADDRESS_BYTES];
    size_t n = hash.n ? 0 : address_bytes(address, bytes);
    bool may = hash.n ? gate_take(&l->gate, hash, GATE_OF_LINK, now_ms)
                      : gate_take(&l->gate, text_make(bytes, n), GATE_OF_ADDRESS, now_ms);
    return may ? 0
               : err_set(e, ERR_TOO_MANY, "this was asked for too often; try again in a minute");
}
