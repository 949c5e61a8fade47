/* Turns of searches that run for long, so that they never take all processors. */
#include "base/clock.h"
#include "store/plan.h"

#include <time.h>

enum { HEAVY_NAP_NS = 1000000 };

static bool heavy_try(struct store *s)
{
    unsigned running = atomic_load(&s->heavy);
    while (running < s->limits.search_heavy) {
        if (atomic_compare_exchange_weak(&s->heavy, &running, running + 1)) {
            return true;
        }
    }
    return false;
}

int heavy_wait(struct run *r)
{
    while (!heavy_try(r->s)) {
        if (clock_mono_ns() > r->deadline) {
            return err_set(r->e, ERR_TOO_COSTLY,
                           "the node is busy with other long searches, and the time of this one is "
                           "over: try again shortly, or narrow it by a patient, a code or a date");
        }
        struct timespec nap = {.tv_nsec = HEAVY_NAP_NS};
        (void)nanosleep(&nap, NULL);
    }
    r->has_turn = true;
    return 0;
}

void heavy_done(struct run *r)
{
    if (r->has_turn) {
        (void)atomic_fetch_sub(&r->s->heavy, 1);
        r->has_turn = false;
    }
}
