/* Each who appends is told the leaves of its own entries, and no others, whoever appends beside it.
 */
#include "kit.h"

#include "audit/record.h"
#include "audit/tiles.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { TELLERS = 6, TOLD_BATCHES = 20, TOLD_BATCH = 7, TOLD = TELLERS * TOLD_BATCHES * TOLD_BATCH };

struct teller {
    struct audit *log;
    unsigned number;
    uint8_t (*leaves)[32]; /* of all tellers, by the number in `request` */
    int failed;
};

static void *append_and_be_told(void *context)
{
    struct teller *t = context;
    for (unsigned i = 0; i < TOLD_BATCHES; i++) {
        struct audit_event events[TOLD_BATCH];
        char requests[TOLD_BATCH][16];
        unsigned first = (t->number * TOLD_BATCHES + i) * TOLD_BATCH;
        struct err e = {0};
        for (unsigned k = 0; k < TOLD_BATCH; k++) {
            (void)snprintf(requests[k], sizeof requests[k], "%u", first + k);
            events[k] = (struct audit_event){.at_ms = 1, .kind = EVENT_START};
            events[k].request = text_of(requests[k]);
        }
        t->failed |= audit_append_leaves(t->log, events, TOLD_BATCH, t->leaves + first, &e);
    }
    return NULL;
}

static void leaves_are_told(void **state)
{
    struct kit_log *f = *state;
    pthread_t threads[TELLERS];
    struct teller tellers[TELLERS];
    uint8_t(*leaves)[32] = arena_zalloc(&f->arena, TOLD, sizeof *leaves);
    text note;
    int dir = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(leaves && dir >= 0);
    kit_fill(f->log, 0, 10, 3); /* tickets and places in the tree are not the same */
    audit_close(f->log);
    f->log = kit_open(f->folder, true);
    for (unsigned i = 0; i < TELLERS; i++) {
        tellers[i] = (struct teller){f->log, i, leaves, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, append_and_be_told, &tellers[i]), 0);
    }
    for (unsigned i = 0; i < TELLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(tellers[i].failed, 0);
    }
    KIT_GOOD(audit_checkpoint(f->log, true, &f->arena, &note, &f->e));
    struct tlog_source source = tiles_source(&dir);
    struct tlog_tree *tree = tlog_tree_new(&source, audit_size(f->log));
    assert_non_null(tree);
    assert_int_equal(audit_size(f->log), 10 + TOLD);
    for (uint64_t leaf = 10; leaf < 10 + TOLD; leaf++) {
        struct audit_entry entry;
        struct tlog_hash hash;
        uint64_t which;
        KIT_GOOD(audit_read(f->log, leaf, &f->arena, &entry, &f->e));
        KIT_GOOD(tlog_leaf(tree, leaf, &hash, &f->e));
        assert_true(text_to_u64(entry.event.request, &which) && which < TOLD);
        assert_memory_equal(leaves[which], hash.b, 32);
    }
    tlog_tree_free(tree);
    (void)close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaves_are_told, kit_setup, kit_teardown),
    };
    return cmocka_run_group_tests_name("audit: leaves", tests, NULL, NULL);
}
