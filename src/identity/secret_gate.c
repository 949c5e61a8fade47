/*
 * Each hash of a password takes 19 MiB and a processor for 30 ms: few at once, and few that wait,
 * so that a flood of passwords neither takes the memory nor every worker. One gate for the process,
 * as its memory is one.
 *
 * It is shared by address. Of one address one is let in at a time, and who has had the fewest turns
 * lately comes first; where too many wait, the one with the most turns is sent away. So who floods
 * the gate stands behind everybody else, from however many addresses they do it.
 *
 * Turns are counted by a sketch: an address has a count in each of some rows, chosen by a hash with
 * a secret key, and the least of them holds. So somebody counts as one of those who flood only
 * where their counts in all rows are shared with them.
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
    ROWS = 4,
    COUNTS = 4096, /* a row */
};

#define FORGETS_NS (INT64_C(60) * 1000000000) /* turns halve */

struct gate_place {
    uint64_t address; /* its hash */
    uint32_t turn;    /* how many the address had lately, with this one */
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
    uint64_t inside[AT_ONCE]; /* the first `running` */
    uint32_t turns[ROWS][COUNTS];
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
        for (size_t i = 0; i < (size_t)ROWS * COUNTS; i++) {
            gate.turns[i / COUNTS][i % COUNTS] /= 2;
        }
        gate.forgot_ns = now_ns;
    }
}

static uint32_t *count_of(unsigned row, uint64_t address)
{
    return &gate.turns[row][(address >> (row * 16U)) % COUNTS];
}

static uint32_t turns_of(uint64_t address)
{
    uint32_t least = *count_of(0, address);
    for (unsigned row = 1; row < ROWS; row++) {
        uint32_t count = *count_of(row, address);
        least = count < least ? count : least;
    }
    return least;
}

static bool is_inside(uint64_t address)
{
    bool found = false;
    for (unsigned i = 0; i < gate.running; i++) {
        found = found || gate.inside[i] == address;
    }
    return found;
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
            first = sooner && !is_inside(p->address) ? i : first;
        }
        if (first == gate.waiting) {
            return;
        }
        gate.queue[first]->state = GATE_IN;
        gate.inside[gate.running++] = gate.queue[first]->address;
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
    for (unsigned row = 0; row < ROWS; row++) {
        uint32_t *count = count_of(row, p->address);
        *count -= *count > 0;
    }
    take_out(most);
    (void)pthread_cond_broadcast(&gate.changed);
    return true;
}

int hashing_enter(text address, uint64_t *ret_place, struct err *e)
{
    char bytes[ADDRESS_BYTES];
    struct gate_place mine = {.state = GATE_WAITS};
    (void)pthread_mutex_lock(&gate.lock);
    settle();
    size_t n = address_bytes(address, bytes);
    mine.address = hash_text(gate.key, text_make(bytes, n));
    mine.turn = turns_of(mine.address) + 1U;
    if (gate.waiting < WAITING_MOST || make_room(mine.turn)) {
        for (unsigned row = 0; row < ROWS; row++) {
            (*count_of(row, mine.address))++;
        }
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

void hashing_leave(uint64_t place)
{
    (void)pthread_mutex_lock(&gate.lock);
    unsigned at = 0;
    while (gate.inside[at] != place) {
        at++;
    }
    gate.inside[at] = gate.inside[--gate.running];
    let_in();
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.lock);
}
