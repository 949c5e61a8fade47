/* What tests of witnesses ask of their world. */
#include "witness_world.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

size_t world_cosigners(struct scene *s, size_t member, text note, uint64_t *ret_size)
{
    struct cosign_key others[WORLD_NODES_MAX];
    struct checkpoint c = {0};
    size_t count = 0, cosigned = 0;
    struct err e = {0};
    for (size_t i = 0; i < s->count; i++) {
        if (i != member) {
            assert_int_equal(cosign_key_of(world_member_key(i), &others[count++], &e), 0);
        }
    }
    struct cosign_policy policy = {others, count, 0};
    if (cosign_verify(note, note_signer_key(world_log_key(member)), &policy, &c, &cosigned, &e)) {
        fail_msg("%s", err_text(&e));
    }
    *ret_size = c.size;
    return cosigned;
}

void world_fork_at(struct scene *s, size_t common, size_t one, size_t other)
{
    struct tree *a = &s->node[0].log, *b = &s->node[s->count].log;
    tree_grow(a, &s->random, common);
    *b = *a;
    tree_grow(a, &s->random, one);
    tree_grow(b, &s->random, other);
    s->two_faced = true;
}
