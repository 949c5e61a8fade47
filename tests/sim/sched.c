/*
 * Tasks with stacks of their own, all on the test's thread, of which one runs at a time; events in
 * order of the clock. (Threads that hand a baton on cost more than half of a run.)
 */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Stacks that are changed by hand have to be told to the sanitizers. */
#if defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SIM_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIM_TSAN 1
#endif
#endif
#ifdef SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SIM_TSAN
#include <sanitizer/tsan_interface.h>
#endif

enum { STACK = 4 << 20 };

static _Thread_local struct sim *current;
static _Thread_local struct task *self;

_Noreturn void sim_die(const char *what)
{
    (void)fprintf(stderr, "simulator: %s\n", what);
    abort();
}

struct sim *sim_current(void)
{
    return current;
}

struct task *sim_self(struct sim *s)
{
    return self ? self : &s->outside;
}

/* --- events: a heap
 * -------------------------------------------------------------------------------------- */

static bool earlier(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->tie < b->tie;
}

void sim_at(struct sim *s, int64_t at_ms, void (*run)(struct sim *s, void *a, uint64_t b), void *a,
            uint64_t b)
{
    struct event event = {.at_ms = at_ms < s->now_ms ? s->now_ms : at_ms,
                          .tie = prng_next(&s->chance),
                          .run = run,
                          .a = a,
                          .b = b};
    if (s->event_count == s->event_capacity) {
        s->event_capacity = s->event_capacity ? 2 * s->event_capacity : 256;
        s->events = realloc(s->events, s->event_capacity * sizeof *s->events);
        if (!s->events) {
            sim_die("no memory");
        }
    }
    size_t at = s->event_count++;
    while (at && earlier(&event, &s->events[(at - 1) / 2])) {
        s->events[at] = s->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->events[at] = event;
}

static struct event next_event(struct sim *s)
{
    struct event first = s->events[0], last = s->events[--s->event_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < s->event_count && earlier(&s->events[child + 1], &s->events[child])) {
            child++;
        }
        if (child >= s->event_count || earlier(&last, &s->events[child])) {
            break;
        }
        s->events[at] = s->events[child];
        at = child;
    }
    if (s->event_count) {
        s->events[at] = last;
    }
    return first;
}

static void run_event(struct sim *s)
{
    struct event event = next_event(s);
    if (event.at_ms > s->now_ms) {
        s->now_ms = event.at_ms;
    }
    event.run(s, event.a, event.b);
}

void sim_run(struct sim *s, int64_t until_ms)
{
    if (self) {
        sim_die("sim_run() belongs to the test's own thread");
    }
    while (s->event_count && s->events[0].at_ms <= until_ms) {
        run_event(s);
    }
    s->now_ms = until_ms > s->now_ms && until_ms != INT64_MAX ? until_ms : s->now_ms;
}

/* --- tasks
 * ------------------------------------------------------------------------------------------------
 */

/* From one stack to another; returns when somebody comes back to `from`. */
static void cross(struct task *from, struct task *to)
{
#ifdef SIM_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_size);
#endif
#ifdef SIM_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    if (swapcontext(&from->at, &to->at)) {
        sim_die("no way to another stack");
    }
#ifdef SIM_ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

/* Lets a task run until it waits or ends. */
static void give(struct sim *s, struct task *t)
{
    s->running = t;
    self = t;
    cross(&s->outside, t);
    self = NULL;
    s->running = NULL;
}

static void resume(struct sim *s, void *a, uint64_t wait)
{
    struct task *t = a;
    if (!t->waits || t->wait != wait) {
        return;
    }
    t->waits = false;
    t->lock = NULL;
    if (t == &s->outside) {
        s->outside_goes = true;
    } else {
        give(s, t);
    }
}

void sim_wake_task(struct task *t)
{
    if (t->waits) {
        sim_at(t->s, t->s->now_ms, resume, t, t->wait);
    }
}

static void wait_now(struct sim *s, struct task *t)
{
    if (t != &s->outside) {
        cross(t, &s->outside);
        return;
    }
    s->outside_goes = false;
    while (!s->outside_goes) {
        if (!s->event_count) {
            sim_die("the test waits for what never comes: a lock that nobody gives back?");
        }
        run_event(s);
    }
}

void sim_wait(struct sim *s, int64_t until_ms)
{
    struct task *t = sim_self(s);
    if (t == &s->outside && s->running) {
        sim_die("an event may not wait");
    }
    t->wait++;
    t->waits = true;
    if (until_ms != INT64_MAX) {
        sim_at(s, until_ms, resume, t, t->wait);
    }
    wait_now(s, t);
}

void sim_sleep(struct sim *s, int64_t ms)
{
    struct task *t = sim_self(s);
    if (!t->life || !t->life->dead) {
        sim_wait(s, s->now_ms + ms);
    }
}

void sim_wait_lock(struct sim *s, const void *lock)
{
    struct task *t = sim_self(s);
    t->lock = lock;
    sim_wait(s, INT64_MAX);
}

void sim_wake_lock(struct sim *s, const void *lock, bool all)
{
    bool one = false;
    for (struct task *t = s->tasks; t && (all || !one); t = t->next) {
        if (t->waits && t->lock == lock) {
            sim_wake_task(t);
            one = true;
        }
    }
    if (s->outside.waits && s->outside.lock == lock) {
        sim_wake_task(&s->outside);
    }
}

static void task_ended(struct task *t)
{
    struct sim *s = t->s;
    t->ended = true;
    if (t->life) {
        t->life->tasks--;
    }
    t->next_idle = s->idle;
    s->idle = t;
}

/* For ever, so that what ASan keeps of this stack is given back. */
static _Noreturn void leave(struct task *t)
{
#ifdef SIM_ASAN
    __sanitizer_start_switch_fiber(NULL, t->s->outside.stack, t->s->outside.stack_size);
#endif
#ifdef SIM_TSAN
    __tsan_switch_to_fiber(t->s->outside.fiber, 0);
#endif
    (void)setcontext(&t->s->outside.at);
    sim_die("no way back from a stack");
}

/* makecontext() hands over nothing but int; who runs is in `self`. */
static void task_main(void)
{
    struct task *t = self;
#ifdef SIM_ASAN
    __sanitizer_finish_switch_fiber(NULL, &t->s->outside.stack, &t->s->outside.stack_size);
#endif
    for (;;) {
        t->run(t->context);
        task_ended(t);
        cross(t, &t->s->outside);
        if (t->stop) {
            leave(t);
        }
    }
}

/* A stack has a page below it that nobody may touch. */
static struct task *task_new(struct sim *s)
{
    struct task *t = calloc(1, sizeof *t);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, page + STACK, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!t || memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) || getcontext(&t->at)) {
        sim_die("no memory for a stack");
    }
    t->s = s;
    t->mapped = memory;
    t->mapped_size = page + STACK;
    t->stack = memory + page;
    t->stack_size = STACK;
    t->at.uc_stack.ss_sp = memory + page;
    t->at.uc_stack.ss_size = STACK;
    t->at.uc_link = NULL;
    makecontext(&t->at, task_main, 0);
#ifdef SIM_TSAN
    t->fiber = __tsan_create_fiber(0);
#endif
    t->next = s->tasks;
    s->tasks = t;
    return t;
}

static void start(struct sim *s, void *a, uint64_t b)
{
    (void)b;
    give(s, a);
}

void sim_start(struct sim *s, struct life *life, void (*run)(void *context), void *context)
{
    struct task *t = s->idle;
    if (t) {
        s->idle = t->next_idle;
    } else {
        t = task_new(s);
    }
    t->life = life;
    t->run = run;
    t->context = context;
    t->ended = false;
    if (life) {
        life->tasks++;
    }
    sim_at(s, s->now_ms, start, t, 0);
}

void sim_random(struct sim *s, void *to, size_t n)
{
    struct task *t = sim_self(s);
    struct prng *p = t->life ? &t->life->node->random : &s->chance;
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)to)[i] = (uint8_t)(prng_next(p) >> 24);
    }
}

void sched_init(struct sim *s)
{
    current = s;
    s->outside.s = s;
#ifdef SIM_TSAN
    s->outside.fiber = __tsan_get_current_fiber();
#endif
}

void sched_done(struct sim *s)
{
    struct task *next;
    for (struct task *t = s->tasks; t; t = next) {
        next = t->next;
        if (!t->ended) {
            sim_die("a task did not end although its node is down");
        }
        t->stop = true;
        give(s, t);
#ifdef SIM_TSAN
        __tsan_destroy_fiber(t->fiber);
#endif
        munmap(t->mapped, t->mapped_size);
        free(t);
    }
    free(s->events);
    current = NULL;
}
