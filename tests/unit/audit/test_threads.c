/* Many threads append, wait, read, prove and ask for checkpoints at once; all that was acknowledged
 * is there, each patient's chain whole. For ThreadSanitizer, too. */
#include "kit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { WRITERS = 6, READERS = 3, EACH = 150 };

struct worker {
    pthread_t thread;
    struct audit *log;
    unsigned number;
    uint64_t failures;
};

static void *append(void *context)
{
    struct worker *w = context;
    for (unsigned i = 0; i < EACH; i++) {
        char ids[3][16];
        struct audit_event events[3];
        struct err e = {0};
        uint64_t ticket;
        size_t n = 1 + i % 3;
        for (size_t k = 0; k < n; k++) {
            events[k] = kit_event(w->number * 1000 + i + k, 4, ids[k]);
        }
        w->failures += audit_append(w->log, events, n, &ticket, &e) != 0 ||
                       audit_wait(w->log, ticket, &e) != 0 || audit_size(w->log) < ticket;
    }
    return NULL;
}

static void *read_all(void *context)
{
    struct worker *w = context;
    struct arena a;
    struct note_key key;
    struct err e = {0};
    arena_init(&a, (size_t)1 << 24);
    w->failures += note_key_read(audit_verifier_key(w->log), &key, &e) != 0;
    for (unsigned i = 0; i < EACH / 3; i++) {
        struct audit_entry entry, *entries;
        struct audit_proved proved;
        size_t count;
        uint64_t total, size = audit_size(w->log);
        text t;
        arena_reset(&a);
        w->failures += size && audit_read(w->log, size - 1, &a, &entry, &e) != 0;
        w->failures += audit_of_patient(w->log, T("p2"), UINT64_MAX, 10, &a, &entries, &count,
                                        &total, &e) != 0;
        w->failures += audit_checkpoint(w->log, i % 2, &a, &t, &e) != 0;
        if (size) {
            w->failures += audit_proof(w->log, i % size, &a, &t, &e) != 0 ||
                           audit_check_proof(t, &key, &a, &proved, &e) != 0;
            w->failures += audit_statement(w->log, T("p1"), &a, &t, &e) != 0;
        }
    }
    arena_done(&a);
    return NULL;
}

static void all_at_once(void **state)
{
    (void)state;
    char folder[128];
    struct err e = {0};
    struct worker all[WRITERS + READERS];
    kit_folder(folder);
    struct audit *log = kit_open(folder, true);
    for (unsigned i = 0; i < WRITERS + READERS; i++) {
        all[i] = (struct worker){.log = log, .number = i};
        assert_int_equal(
            pthread_create(&all[i].thread, NULL, i < WRITERS ? append : read_all, &all[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        char id[16];
        struct audit_event event = kit_event(1, 4, id);
        uint64_t ticket;
        assert_int_equal(audit_append(log, &event, 1, &ticket, &e), 0);
        assert_int_equal(audit_wait(log, ticket, &e), 0);
        assert_int_equal(audit_erase(log, ticket - 1, &e), 0);
    }
    for (unsigned i = 0; i < WRITERS + READERS; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        assert_int_equal(all[i].failures, 0);
    }
    assert_int_equal(audit_size(log), WRITERS * EACH * 2 + 6);
    audit_close(log);
    if (kit_verify(folder, &e)) {
        fail_msg("%s", err_text(&e));
    }
    kit_remove(folder);
}

/* --- waiting without a thread --------------------------------------------------------------- */

struct told {
    struct audit *log;
    _Atomic uint64_t count, early;
    _Atomic bool over;
};

static void tell(void *context, const uint64_t *tokens, size_t count)
{
    struct told *t = context;
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add(&t->early, audit_size(t->log) < tokens[i] || atomic_load(&t->over));
    }
    atomic_fetch_add(&t->count, count);
}

struct watcher {
    pthread_t thread;
    struct audit *log;
    uint64_t promised, failures;
};

static void *watch(void *context)
{
    struct watcher *w = context;
    for (unsigned i = 0; i < EACH * 4; i++) {
        char id[16];
        struct err e = {0};
        struct audit_event event = kit_event(i, 4, id);
        uint64_t ticket;
        w->failures += audit_append(w->log, &event, 1, &ticket, &e) != 0;
        if (audit_watch(w->log, ticket, ticket)) {
            w->promised++;
        } else {
            w->failures += audit_wait(w->log, ticket, &e) != 0 || audit_size(w->log) < ticket;
        }
    }
    return NULL;
}

/* Each who was promised a call gets it, once, and not before the entry is durable; after
 * audit_tell(NULL) there is none. */
static void told_when_durable(void **state)
{
    (void)state;
    char folder[128], id[16];
    struct err e = {0};
    struct watcher all[WRITERS];
    struct told told = {0};
    uint64_t promised = 0, ticket;
    kit_folder(folder);
    struct audit *log = kit_open(folder, true);
    struct audit_event event = kit_event(1, 4, id);
    assert_int_equal(audit_append(log, &event, 1, &ticket, &e), 0);
    assert_false(audit_watch(log, ticket, ticket)); /* nobody is there to tell */
    told.log = log;
    audit_tell(log, tell, &told);
    for (unsigned i = 0; i < WRITERS; i++) {
        all[i] = (struct watcher){.log = log};
        assert_int_equal(pthread_create(&all[i].thread, NULL, watch, &all[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        assert_int_equal(all[i].failures, 0);
        promised += all[i].promised;
    }
    for (int i = 0; i < 10000 && atomic_load(&told.count) < promised; i++) {
        (void)usleep(1000);
    }
    audit_tell(log, NULL, NULL);
    atomic_store(&told.over, true);
    assert_int_equal(atomic_load(&told.count), promised);
    assert_int_equal(atomic_load(&told.early), 0);
    assert_true(promised > 0);
    audit_close(log);
    kit_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_at_once),
                                       cmocka_unit_test(told_when_durable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
