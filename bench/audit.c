/* What an entry of the access log costs: audit FOLDER COUNT [THREADS]. Each thread appends and
 * waits in batches of 64, as many requests at once would. Prints CPU time of the whole process an
 * entry, and how long opening takes. */
#include "audit/audit.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { PATIENTS = 5000, THREADS_MAX = 64 };

struct worker {
    pthread_t thread;
    struct audit *log;
    uint64_t count, group;
};

static void *append(void *context)
{
    struct worker *w = context;
    struct err e = {0};
    uint64_t ticket = 0;
    for (uint64_t i = 0; i < w->count; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "patient-%llu", (unsigned long long)(i * 7919 % PATIENTS));
        struct audit_event event = {.at_ms = 1795340000000 + (int64_t)i,
                                    .kind = EVENT_READ,
                                    .access = ACCESS_PERSON,
                                    .patient = text_of(id),
                                    .what = T("Observation/0192d4a3-7b5c-7e21-9c04-6b1f3f0e8a11"),
                                    .account = T("0192d4a3-7b5c-7e21-9c04-6b1f3f0e8a12"),
                                    .who = T("Practitioner/0192d4a3"),
                                    .name = T("Dr Amina Shah"),
                                    .role = T("R8000"),
                                    .role_name = T("General practitioner"),
                                    .organisation = T("Organization/Y90001"),
                                    .organisation_name = T("Harbour Medical Centre"),
                                    .relation = T("registered here"),
                                    .purpose = T("TREAT"),
                                    .request = T("0192d4a3-7b5c-7e21-9c04-6b1f3f0e8a13")};
        if (audit_append(w->log, &event, 1, &ticket, &e) ||
            (i % w->group == w->group - 1 && audit_wait(w->log, ticket, &e))) {
            (void)fprintf(stderr, "%s\n", err_text(&e));
            exit(1);
        }
    }
    (void)audit_wait(w->log, ticket, &e);
    return NULL;
}

/* In this program, and in the kernel (most of which is the sync of the disk). */
struct cpu {
    double user, system;
};

static struct cpu cpu_now(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (struct cpu){(double)u.ru_utime.tv_sec * 1e6 + (double)u.ru_utime.tv_usec,
                        (double)u.ru_stime.tv_sec * 1e6 + (double)u.ru_stime.tv_usec};
}

int main(int argc, char **argv)
{
    struct audit_config config = {
        .dir = argc > 1 ? argv[1] : "", .origin = T("kith.test/log/bench"), .writes = true};
    static struct worker workers[THREADS_MAX];
    struct audit *log = NULL;
    struct err e = {0};
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    uint64_t threads = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    uint64_t group = argc > 4 ? strtoull(argv[4], NULL, 10) : 64;
    int64_t began = clock_mono_ns();
    if (!count || !group || !threads || threads > THREADS_MAX || audit_open(&config, &log, &e)) {
        (void)fprintf(stderr, "usage: audit FOLDER COUNT [THREADS [GROUP]]\n%s\n", e.detail);
        return 2;
    }
    printf("opened %llu entries in %.1f ms\n", (unsigned long long)audit_size(log),
           (double)(clock_mono_ns() - began) / 1e6);
    struct cpu before = cpu_now();
    began = clock_mono_ns();
    for (uint64_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.log = log, .count = count / threads, .group = group};
        if (pthread_create(&workers[i].thread, NULL, append, &workers[i])) {
            return 1;
        }
    }
    for (uint64_t i = 0; i < threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    struct cpu after = cpu_now();
    printf("appended %llu entries, CPU each: %.2f us in the program, %.2f us in the kernel; %.0f a "
           "second\n",
           (unsigned long long)count, (after.user - before.user) / (double)count,
           (after.system - before.system) / (double)count,
           (double)count * 1e9 / (double)(clock_mono_ns() - began));
    audit_close(log);
    return 0;
}
