#include "trust_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* --- the program of a node: trust alone
 * -------------------------------------------------------------------------- */

static int open_trust(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct trust *t = NULL;
    (void)node;
    int rc = trust_open(world, &t, e);
    *ret_state = t;
    return rc;
}

static void close_trust(void *state)
{
    trust_close(state);
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    if (text_eq(r->path, T("/locality/join"))) {
        return trust_serve_join(state, r->body, a, &r->status, &r->answer, e);
    }
    return trust_serve(state, r->method, r->query, r->body, a, &r->status, &r->answer, e);
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    *ret_again_ms = 700;
    return trust_round(state, e);
}

const struct sim_program trust_program = {
    .open = open_trust, .close = close_trust, .answer = answer, .round = one_round};

struct trust *trust_itself(void *state)
{
    return state;
}

struct world locality_begin(uint64_t seed, size_t nodes, size_t found)
{
    struct world w;
    assert_int_equal(sim_new(seed, nodes, NULL, &trust_program, &w.s), 0);
    w.m = members_new(w.s, trust_itself, NULL, NULL);
    assert_true(members_found(w.m, found));
    return w;
}

void locality_end(struct world *w)
{
    assert_int_equal(sim_violations(w->s), 0);
    sim_free(w->s);
    members_free(w->m);
}

void locality_run(struct world *w, int64_t ms)
{
    sim_run(w->s, sim_now(w->s) + ms);
}

const struct directory *locality_in_force(struct world *w, size_t node, struct directory_ref **ref,
                                          const char **why)
{
    return trust_directory(sim_state(w->s, node), ref, why);
}

struct trust_change change_renew(void)
{
    return (struct trust_change){.kind = TRUST_RENEW};
}

struct trust_change change_removal(struct world *w, size_t node, text why)
{
    return (struct trust_change){.kind = TRUST_REMOVE, .ods = sim_ods(w->s, node), .why = why};
}

text locality_forge(struct world *w, const size_t *by, size_t count, const struct trust_change *c,
                    uint64_t round, struct arena *a)
{
    text note = members_forge(w->m, by, count, c, round, a);
    assert_true(note.n);
    return note;
}

void locality_give(struct world *w, size_t to, text note)
{
    assert_true(members_show(w->m, to, note));
}
