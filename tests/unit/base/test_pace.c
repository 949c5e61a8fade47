/* Long work gives way: two threads on one processor change places far more often than the system
 * would make them. */
#include "base/clock.h"
#include "base/pace.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

/* What else the machine does makes threads change places too: of some rounds one has to show it. */
enum { SPIN_NS = 200000000, ROUNDS = 6 };

struct worker {
    pthread_t thread;
    bool paced;
    long switches;
};

static long switches_of_this_thread(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_THREAD, &u), 0);
    return u.ru_nvcsw + u.ru_nivcsw;
}

static void *spin(void *context)
{
    struct worker *w = context;
    long before = switches_of_this_thread();
    int64_t began = clock_mono_ns();
    pace_begin(began);
    while (clock_mono_ns() - began < SPIN_NS) {
        if (w->paced) {
            pace_give_way();
        }
    }
    w->switches = switches_of_this_thread() - before;
    return NULL;
}

static long two_together(bool paced)
{
    struct worker all[2] = {{.paced = paced}, {.paced = paced}};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&all[i].thread, NULL, spin, &all[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
    }
    return all[0].switches + all[1].switches;
}

static void gives_way(void **state)
{
    (void)state;
    cpu_set_t allowed;
    cpu_set_t one;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &allowed)) {
        cpu++;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    bool shown = false;
    for (int round = 0; round < ROUNDS && !shown; round++) {
        long alone = two_together(false);
        long paced = two_together(true);
        print_message("%ld changes without, %ld with\n", alone, paced);
        shown = paced > 2 * alone;
    }
    assert_true(shown);
    assert_int_equal(sched_setaffinity(0, sizeof allowed, &allowed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_way)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
