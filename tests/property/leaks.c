#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs cases, and makes one that fails smaller. */

enum { COMPLETE_FROM = 20000 };

struct run {
    char folder[100];
    struct drawn *drawn;
    uint64_t triples;
    uint64_t failed;
};

typedef const char *(*asking)(struct world *, struct side *, struct side *, uint64_t,
                              const char **);

/* One ask of a world that has been made anew. */
static bool again(struct run *r, struct world *w, asking ask, uint64_t seed, const char *kind)
{
    struct side a, b;
    const char *words;
    struct arena_mark mark = arena_mark(&w->a);
    sides_open(w, r->folder, &a, &b);
    const char *why = ask(w, &a, &b, seed, &words);
    bool differs = why && strncmp(why, kind, 4) == 0;
    sides_close(&a, &b);
    arena_rewind(&w->a, mark);
    return differs;
}

/* Leaves out what is not needed for the failure. */
static void shrink(struct run *r, struct world *w, asking ask, uint64_t seed, const char *kind)
{
    for (size_t step = w->count / 2; step; step /= 2) {
        for (size_t from = 0; from < w->count; from += step) {
            bool was[400];
            size_t to = from + step < w->count ? from + step : w->count;
            bool any_left = false;
            for (size_t i = from; i < to; i++) {
                was[i - from] = w->ops[i].dropped;
                any_left = any_left || !w->ops[i].dropped;
                w->ops[i].dropped = true;
            }
            if (any_left && again(r, w, ask, seed, kind)) {
                continue;
            }
            for (size_t i = from; i < to; i++) {
                w->ops[i].dropped = was[i - from];
            }
        }
    }
}

static void show(struct run *r, struct world *w, asking ask, uint64_t seed, uint64_t number,
                 const char *kind)
{
    struct side a, b;
    const char *words = "";
    shrink(r, w, ask, seed, kind);
    sides_open(w, r->folder, &a, &b);
    const char *why = ask(w, &a, &b, seed, &words);
    (void)fprintf(stderr, "\n--- KITH_SEED=%llu, ask %llu, %s\n%s\n%s\n",
                  (unsigned long long)w->seed, (unsigned long long)number, w->actor_words, words,
                  why ? why : kind);
    for (size_t i = 0; i < w->count; i++) {
        const struct op *op = &w->ops[i];
        if (!op->dropped) {
            (void)fprintf(stderr, "  %s %s/%s version %llu (B: %llu): %s\n",
                          op->seen ? "seen  " : "hidden", op->type, op->id,
                          (unsigned long long)op->vid, (unsigned long long)op->vid_b,
                          op->json ? op->json : "deleted");
        }
    }
    sides_close(&a, &b);
}

static bool run_case(struct run *r, uint64_t seed)
{
    static struct world w;
    struct side a, b;
    const char *words;
    uint64_t failing = 0;
    asking failed = NULL;
    static char kind[60000];
    memset(&w, 0, sizeof w);
    w.drawn = r->drawn;
    world_make(&w, seed);
    sides_open(&w, r->folder, &a, &b);
    drawn_learn(&w, &a);
    for (uint64_t i = 1; i <= ASKS + TWINS && !failed; i++) {
        asking ask = i <= ASKS ? ask_reading : ask_writing;
        struct arena_mark mark = arena_mark(&w.a);
        const char *why = ask(&w, &a, &b, seed * 1000 + i, &words);
        if (why) {
            (void)snprintf(kind, sizeof kind, "%s", why);
            failing = i;
            failed = ask;
        }
        arena_rewind(&w.a, mark);
        r->triples++;
    }
    sides_close(&a, &b);
    if (failed) {
        show(r, &w, failed, seed * 1000 + failing, failing, kind);
        r->failed++;
    }
    arena_done(&w.a);
    return !failed;
}

/* In a world in which the actor may read something that is hidden from them. */
static void run_timing(struct run *r, const char *(*look)(struct world *, struct side *))
{
    static struct world w;
    struct side a, b;
    const char *why = NULL;
    bool found = false;
    for (uint64_t seed = 1000000; seed < 1000020 && !found; seed++) {
        memset(&w, 0, sizeof w);
        world_make(&w, seed);
        sides_open(&w, r->folder, &a, &b);
        why = look(&w, &a);
        found = !why || strncmp(why, "nothing", 7) != 0;
        (void)printf("time of a 404: %s\n", why ? why : "as it has to be");
        sides_close(&a, &b);
        arena_done(&w.a);
    }
    r->failed += why != NULL;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

static void open_run(struct run *r)
{
    const char *fast = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(r->folder, sizeof r->folder, "%s/kith-leaks-XXXXXX", fast);
    if (!mkdtemp(r->folder)) {
        abort();
    }
    r->drawn = drawn_new();
}

static void close_run(struct run *r)
{
    char command[200];
    drawn_free(r->drawn);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", r->folder);
    if (system(command)) {
        (void)fprintf(stderr, "%s stays\n", r->folder);
    }
}

int main(void)
{
    struct run r = {.triples = 0};
    bool small = getenv("KITH_SMALL") != NULL;
    uint64_t seed = number_of("KITH_SEED", 0);
    uint64_t wanted = number_of("LEAKS_TRIPLES", small ? 1500 : 20000);
    uint64_t most = number_of("LEAKS_FAILURES", 1);
    uint64_t first = seed ? seed : 1;
    if (seed) {
        wanted = 1;
    }
    (void)printf("seeds from %llu, %llu triples\n", (unsigned long long)first,
                 (unsigned long long)wanted);
    open_run(&r);
    for (uint64_t s = first; r.triples < wanted && r.failed < most; s++) {
        (void)run_case(&r, s);
    }
    run_timing(&r, absence_waits);
    if (getenv("LEAKS_TIMING")) {
        run_timing(&r, timing_of_absence);
    }
    /* Of a whole run: one case alone cannot draw everything. */
    size_t holes = drawn_print(r.drawn);
    bool incomplete = holes && !seed && !r.failed && r.triples >= COMPLETE_FROM;
    close_run(&r);
    (void)printf("%llu triples, %llu leaks\n", (unsigned long long)r.triples,
                 (unsigned long long)r.failed);
    if (incomplete) {
        (void)fprintf(stderr, "%zu of what the CapabilityStatement lists were never drawn\n",
                      holes);
    }
    return r.failed != 0 || incomplete;
}
