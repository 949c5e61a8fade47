/* Turns of searches that run for long, so that they never take all processors. */
#include "base/clock.h"
#include "store/plan.h"

#include <time.h>
#include <unistd.h>

enum { HEAVY_NAP_NS = 1000000 };

static unsigned heavy_most(const struct store *s)
{
    long pairs = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    return (unsigned)s->limits.search_heavy * (pairs > 1 ? (unsigned)pairs : 1);
}

static bool heavy_try(struct store *s, unsigned most)
{
    unsigned running = atomic_load(&s->heavy);
    while (running < most) {
        if (atomic_compare_exchange_weak(&s->heavy, &running, running + 1)) {
            return true;
        }
    }
    return false;
}

int heavy_wait(struct run *r)
{
    unsigned most = heavy_most(r->s);
    while (!heavy_try(r->s, most)) {
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
