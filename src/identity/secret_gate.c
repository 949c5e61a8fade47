/*
 * Each hash of a password takes 19 MiB and a processor for 30 ms: few at once, and few that wait,
 * so that a flood of passwords neither takes the memory nor every worker. One gate for the process,
 * as its memory is one.
 *
 * It is shared by address. Of one address one is let in at a time, and who has had the fewest turns
 * lately comes first; where too many wait, the one with the most turns is sent away. So who floods
 * the gate stands behind everybody else, from however many addresses they do it.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "identity/secret_int.h"
#include "identity/session_int.h"

#include <pthread.h>

enum {
    AT_ONCE = 4,
    WAITING_MOST = 32,
    ADDRESSES = 4096, /* two that fall on one place share its turns */
};

#define FORGETS_NS (INT64_C(60) * 1000000000) /* turns halve */

struct gate_place {
    uint32_t address;
    uint32_t turn; /* how many the address had lately, with this one */
    enum { GATE_FREE, GATE_WAITS, GATE_IN, GATE_SENT_AWAY } state;
};

/* Those who wait stand in the order in which they came. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready;
    struct hash_key key;
    int64_t forgot_ns;
    unsigned running;
    unsigned waiting;
    struct gate_place *queue[WAITING_MOST];
    uint32_t turns[ADDRESSES];
    bool inside[ADDRESSES];
};
static struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void settle(void)
{
    int64_t now_ns = clock_mono_ns();
    if (!gate.ready) {
        random_bytes(&gate.key, sizeof gate.key);
        gate.forgot_ns = now_ns;
        gate.ready = true;
    }
    if (now_ns - gate.forgot_ns >= FORGETS_NS) {
        for (size_t i = 0; i < ADDRESSES; i++) {
            gate.turns[i] /= 2;
        }
        gate.forgot_ns = now_ns;
    }
}

static void take_out(unsigned at)
{
    gate.waiting--;
    for (unsigned i = at; i < gate.waiting; i++) {
        gate.queue[i] = gate.queue[i + 1];
    }
}

static void let_in(void)
{
    while (gate.running < AT_ONCE) {
        unsigned first = gate.waiting;
        for (unsigned i = 0; i < gate.waiting; i++) {
            const struct gate_place *p = gate.queue[i];
            bool sooner = first == gate.waiting || p->turn < gate.queue[first]->turn;
            first = sooner && !gate.inside[p->address] ? i : first;
        }
        if (first == gate.waiting) {
            return;
        }
        gate.queue[first]->state = GATE_IN;
        gate.inside[gate.queue[first]->address] = true;
        gate.running++;
        take_out(first);
    }
}

/* The last of those with the most turns, where they have had more than the newcomer. */
static bool make_room(uint32_t turn)
{
    unsigned most = 0;
    for (unsigned i = 1; i < gate.waiting; i++) {
        most = gate.queue[i]->turn >= gate.queue[most]->turn ? i : most;
    }
    struct gate_place *p = gate.queue[most];
    if (p->turn <= turn) {
        return false;
    }
    p->state = GATE_SENT_AWAY;
    gate.turns[p->address] -= gate.turns[p->address] > 0;
    take_out(most);
    (void)pthread_cond_broadcast(&gate.changed);
    return true;
}

int hashing_enter(text address, uint32_t *ret_place, struct err *e)
{
    char bytes[ADDRESS_BYTES];
    struct gate_place mine = {.state = GATE_WAITS};
    (void)pthread_mutex_lock(&gate.lock);
    settle();
    size_t n = address_bytes(address, bytes);
    mine.address = (uint32_t)(hash_text(gate.key, text_make(bytes, n)) % ADDRESSES);
    mine.turn = gate.turns[mine.address] + 1U;
    if (gate.waiting < WAITING_MOST || make_room(mine.turn)) {
        gate.turns[mine.address]++;
        gate.queue[gate.waiting++] = &mine;
        let_in();
        while (mine.state == GATE_WAITS) {
            (void)pthread_cond_wait(&gate.changed, &gate.lock);
        }
    }
    (void)pthread_mutex_unlock(&gate.lock);
    if (mine.state != GATE_IN) {
        return err_set(e, ERR_BUSY, "too many people are signing in just now; try again shortly");
    }
    *ret_place = mine.address;
    return 0;
}

void hashing_leave(uint32_t place)
{
    (void)pthread_mutex_lock(&gate.lock);
    gate.running--;
    gate.inside[place] = false;
    let_in();
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.lock);
}
