/* Two localities that recognise each other (docs/locality.md, D7), whole nodes over the simulator.
 */
#include "format/json.h"
#include "locality/copies.h"
#include "locality/locality.h"
#include "locality/trust_int.h"
#include "members.h"
#include "policy/roles.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

/* The first two are Riverside, the others Hillside. */
enum { OURS, OURS_TOO, THEIRS, THEIRS_TOO, THIRD, NODES };

static const struct subject ana = {{"9434765919", 10}, {"Smith", 5},  {"Ana", 3},
                                   {"1970-01-02", 10}, {"female", 6}, {"LS1 4AP", 7}};

struct world {
    struct sim *s;
    struct members *m;
    struct arena a;
};

struct node {
    const struct loc_world *world;
    struct locality *locality;
};

/* --- the program of a node
 * -------------------------------------------------------------------------------------- */

static int open_node(const struct loc_world *world, size_t number, void **ret_state, struct err *e)
{
    struct node *n = calloc(1, sizeof *n);
    uint8_t key[32] = {(uint8_t)(number + 1)};
    assert_non_null(n);
    n->world = world;
    int rc = locality_open(world, key, &n->locality, e);
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct node *n = state;
    locality_close(n->locality);
    free(n);
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct node *n = state;
    text type;
    return locality_answer(n->locality, r->tls, r->method, r->path, r->query, r->body, a,
                           &r->status, &type, &r->answer, &r->receipt, e);
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct node *n = state;
    int64_t at = 0, later = 0;
    int rc = locality_carry(n->locality, &at, e);
    rc = rc ? rc : locality_watch(n->locality, &later, e);
    at = later && later < at ? later : at;
    *ret_again_ms = at - n->world->now_ms(n->world->context);
    return rc;
}

static const struct sim_program program = {
    .open = open_node, .close = close_node, .answer = answer, .round = one_round};

static struct trust *trust_in(void *state)
{
    return locality_trust(((struct node *)state)->locality);
}

static struct trust *trust_of(struct world *w, size_t node)
{
    return trust_in(sim_state(w->s, node));
}

static void run(struct world *w, int64_t ms)
{
    sim_run(w->s, sim_now(w->s) + ms);
}

/* --- records
 * ----------------------------------------------------------------------------------------------------
 */

static void put_ana(struct world *w, size_t node, size_t home)
{
    struct arena *a = &w->a;
    sim_put(w->s, node, T("Patient"), T("p1"),
            arena_printf(a,
                         "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":"
                         "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"9434765919\"}],"
                         "\"name\":[{\"family\":\"Smith\",\"given\":[\"Ana\"]}],\"birthDate\":"
                         "\"1970-01-02\",\"gender\":\"female\",\"address\":[{\"postalCode\":"
                         "\"LS1 4AP\"}],\"generalPractitioner\":[{\"identifier\":{\"system\":"
                         "\"" ODS_SYSTEM "\",\"value\":\"X%02zu\"}}]}",
                         home));
    sim_put(w->s, node, T("Observation"), T("o1"),
            arena_printf(a,
                         "{\"resourceType\":\"Observation\",\"status\":\"final\",\"subject\":{"
                         "\"reference\":\"Patient/p1\"},\"code\":{\"text\":\"pulse at X%02zu\"}}",
                         node));
    for (size_t i = 0; i < NODES; i++) {
        sim_put(w->s, node, T("Organization"), arena_printf(a, "org-X%02zu", i),
                arena_printf(a,
                             "{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":"
                             "\"" ODS_SYSTEM "\",\"value\":\"X%02zu\"}]}",
                             i));
        sim_put(w->s, node, T("EpisodeOfCare"), arena_printf(a, "e-X%02zu", i),
                arena_printf(a,
                             "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\","
                             "\"patient\":{\"reference\":\"Patient/p1\"},\"managingOrganization\":"
                             "{\"reference\":\"Organization/org-X%02zu\"}}",
                             i));
    }
}

struct contact {
    struct world *w;
    size_t node, home;
    int result;
};

static void do_contact(void *context)
{
    struct contact *x = context;
    struct node *n = sim_state(x->w->s, x->node);
    struct err e;
    x->result = places_contact(locality_places(n->locality), &ana, sim_ods(x->w->s, x->home), &e);
}

static void contact(struct world *w, size_t node, size_t home)
{
    struct contact x = {.w = w, .node = node, .home = home, .result = -1};
    assert_true(sim_do(w->s, node, do_contact, &x));
    assert_int_equal(x.result, 0);
}

/* --- two localities
 * --------------------------------------------------------------------------------------------- */

static void sign_all(struct world *w, int64_t ms)
{
    for (int64_t until = sim_now(w->s) + ms; sim_now(w->s) < until;) {
        run(w, 2000);
        for (size_t i = 0; i < NODES; i++) {
            (void)members_sign(w->m, i, 0, NULL);
        }
    }
}

/* {"notes":[...]} as anyone gets it from a node. */
static text directory_at(struct world *w, size_t node)
{
    struct sim_request r = {.method = T("GET"), .path = T("/locality/directory")};
    struct err e;
    assert_int_equal(sim_ask(w->s, node, &r, &w->a, &e), 0);
    assert_int_equal(r.status, 200);
    return r.answer;
}

static struct ally ally_at(struct world *w, size_t node)
{
    struct directory_ref *ref = NULL;
    struct ally ally = {0};
    yyjson_val *root;
    struct err e;
    assert_int_equal(json_read(directory_at(w, node), 4, &w->a, &root, &e), 0);
    assert_int_equal(trust_ref_new(json_text(json_get(root, T("notes")) + 1), &ref, &e), 0);
    assert_int_equal(ref->directory.number, 1);
    ally.name = arena_copy(&w->a, ref->directory.name);
    memcpy(ally.first, ref->directory.hash, 32);
    trust_done(ref);
    return ally;
}

struct taking {
    struct world *w;
    size_t node;
    const struct ally *ally;
    text notes;
    int result;
};

static void do_take(void *context)
{
    struct taking *x = context;
    struct err e;
    x->result = trust_ally_take(trust_of(x->w, x->node), x->ally, x->notes, &e);
}

static int take(struct world *w, size_t node, const struct ally *ally, text notes)
{
    struct taking x = {.w = w, .node = node, .ally = ally, .notes = notes};
    assert_true(sim_do(w->s, node, do_take, &x));
    return x.result;
}

static void recognise(struct world *w, size_t node, size_t other)
{
    struct trust_change change = {.kind = TRUST_ALLY, .ally = ally_at(w, other)};
    assert_int_equal(take(w, node, &change.ally, directory_at(w, other)), 0);
    assert_true(members_propose(w->m, node, &change, NULL));
    sign_all(w, 20000);
}

static struct world begin(void)
{
    struct world w;
    arena_init(&w.a, 256 << 20);
    assert_int_equal(sim_new(7, NODES, NULL, &program, &w.s), 0);
    w.m = members_new(w.s, trust_in, NULL, NULL);
    assert_true(members_create(w.m, OURS, T("Riverside")));
    assert_true(members_create(w.m, THEIRS, T("Hillside")));
    assert_true(members_join(w.m, OURS_TOO, OURS, NULL));
    sign_all(&w, 20000);
    assert_true(members_join(w.m, THEIRS_TOO, THEIRS, NULL));
    sign_all(&w, 20000);
    assert_true(members_join(w.m, THIRD, THEIRS, NULL));
    sign_all(&w, 20000);
    assert_true(members_is_member(w.m, OURS_TOO, OURS_TOO));
    assert_true(members_is_member(w.m, THIRD, THIRD));
    return w;
}

static void end(struct world *w)
{
    assert_int_equal(sim_violations(w->s), 0);
    sim_free(w->s);
    members_free(w->m);
    arena_done(&w->a);
}

static bool knows(struct world *w, size_t node, size_t who)
{
    struct directory_ref *ref = NULL, *ally;
    const char *why;
    const struct directory *own = trust_directory(trust_of(w, node), &ref, &why);
    bool is = own && trust_member(trust_of(w, node), own, sim_ods(w->s, who), &ally);
    if (is) {
        trust_done(ally);
    }
    trust_done(ref);
    return is;
}

/* --- asking
 * ----------------------------------------------------------------------------------------------------
 */

struct question {
    struct world *w;
    size_t from;
    text answer;
    int result;
};

static void do_ask(void *context)
{
    struct question *q = context;
    struct node *n = sim_state(q->w->s, q->from);
    const struct job_role *role = job_role_find(T("R8000"));
    const text parties[] = {T("Practitioner/dr"),
                            arena_printf(&q->w->a, "Organization/org-X%02zu", q->from)};
    struct caller caller = {.actor = {.kind = ACTOR_PROFESSIONAL,
                                      .account = T("account-1"),
                                      .name = T("Amina Shah"),
                                      .role = T("R8000"),
                                      .role_name = text_of(role->name),
                                      .activities = role->activities,
                                      .parties = parties,
                                      .party_count = 2,
                                      .purpose = PURPOSE_TREAT}};
    struct joined_ask ask = {.caller = &caller,
                             .base = T("https://here.sim/fhir"),
                             .patient = T("p1"),
                             .path = T("Observation?patient={patient}"),
                             .self = T("Observation?patient=p1&_joined=true"),
                             .deadline_ms = 1500,
                             .kept_bytes = 1 << 20};
    struct buf out;
    struct err e = {0};
    buf_init(&out, 16 << 20);
    q->result = locality_joined(n->locality, &ask, &q->w->a, &out, &e);
    q->answer = arena_copy(&q->w->a, buf_text(&out));
    buf_done(&out);
}

static text joined(struct world *w, size_t from)
{
    struct question q = {.w = w, .from = from};
    assert_true(sim_do(w->s, from, do_ask, &q));
    assert_int_equal(q.result, 0);
    return q.answer;
}

static bool has(text t, const char *words)
{
    return memmem(t.p, t.n, words, strlen(words)) != NULL;
}

static bool logged(struct world *w, size_t node, const char *kind, const char *peer)
{
    bool is = false;
    for (uint64_t i = 0; i < sim_leaves(w->s, node); i++) {
        text line = sim_leaf(w->s, node, i, NULL);
        is = is || (has(line, kind) && has(line, peer));
    }
    return is;
}

/* --- D7
 * ----------------------------------------------------------------------------------------------------
 */

/* Ours recognise theirs: each member has their directory, though one node alone was given it; asks
 * and answers go both ways, by way of a home in the other locality; both logs have it. */
static void members_of_an_ally_are_asked_and_answered(void **state)
{
    (void)state;
    struct world w = begin();
    assert_false(knows(&w, OURS_TOO, THEIRS));
    recognise(&w, OURS, THEIRS);
    recognise(&w, THEIRS, OURS);
    run(&w, 30000);
    assert_true(knows(&w, OURS_TOO, THEIRS_TOO));
    assert_true(knows(&w, THEIRS_TOO, OURS_TOO));
    put_ana(&w, OURS_TOO, THEIRS);
    put_ana(&w, THEIRS, THEIRS);
    put_ana(&w, THEIRS_TOO, THEIRS);
    contact(&w, THEIRS_TOO, THEIRS);
    run(&w, 10000);
    text all = joined(&w, OURS_TOO);
    assert_true(has(all, "pulse at X01"));
    assert_true(has(all, "pulse at X02"));
    assert_true(has(all, "pulse at X03"));
    assert_true(logged(&w, THEIRS, "\"kind\":\"gave\"", "\"peer\":\"X01\""));
    assert_true(logged(&w, OURS_TOO, "\"kind\":\"answered\"", "\"peer\":\"X03\""));
    end(&w);
}

/* Who does not recognise the other is a stranger, also to one that recognises it. */
static void recognition_is_of_both(void **state)
{
    (void)state;
    struct world w = begin();
    recognise(&w, OURS, THEIRS);
    run(&w, 30000);
    put_ana(&w, OURS_TOO, THEIRS);
    put_ana(&w, THEIRS, THEIRS);
    text all = joined(&w, OURS_TOO);
    assert_true(has(all, "pulse at X01"));
    assert_false(has(all, "pulse at X02"));
    assert_false(has(all, "\"total\""));
    end(&w);
}

/* A member that the ally has removed is nobody's here either, as soon as the number has come. */
static void who_was_removed_there_is_nobody_here(void **state)
{
    (void)state;
    struct world w = begin();
    recognise(&w, OURS, THEIRS);
    recognise(&w, THEIRS, OURS);
    run(&w, 30000);
    assert_true(knows(&w, OURS, THIRD));
    struct trust_change change = {
        .kind = TRUST_REMOVE, .ods = sim_ods(w.s, THIRD), .why = T("has closed")};
    assert_true(members_propose(w.m, THEIRS, &change, NULL));
    sign_all(&w, 20000);
    run(&w, 60000);
    assert_false(knows(&w, OURS, THIRD));
    assert_false(knows(&w, OURS_TOO, THIRD));
    assert_true(knows(&w, OURS_TOO, THEIRS));
    struct sim_request r = {.tls = sim_tls(w.s, THIRD),
                            .method = T("POST"),
                            .path = T("/locality/ask"),
                            .body = T("{}")};
    struct err e = {0};
    assert_int_equal(sim_ask(w.s, OURS, &r, &w.a, &e), 0);
    assert_int_equal(r.status, 403);
    end(&w);
}

/* What the hash of the first number does not lead to is not taken, whoever sends it; and after a
 * start all is there again. */
static void another_directory_of_that_name_is_none(void **state)
{
    (void)state;
    struct world w = begin();
    struct ally ally = ally_at(&w, THEIRS), other = ally;
    other.first[0] ^= 1;
    assert_int_equal(take(&w, OURS, &other, directory_at(&w, THEIRS)), ERR_FORBIDDEN);
    assert_int_equal(take(&w, OURS, &ally, directory_at(&w, OURS)), ERR_FORBIDDEN);
    assert_int_equal(take(&w, OURS, &ally, T("{\"notes\":[\"\",5,\"nonsense\"]}")), ERR_FORBIDDEN);
    recognise(&w, OURS, THEIRS);
    run(&w, 30000);
    struct trust_change change = {
        .kind = TRUST_REMOVE, .ods = sim_ods(w.s, THEIRS_TOO), .why = T("false")};
    /* Signed by one of three there. */
    text note = members_forge(w.m, (size_t[]){THIRD}, 1, &change, 1, &w.a);
    struct buf json;
    buf_init(&json, 4 << 20);
    buf_add(&json, T("{\"notes\":["));
    json_write_string(note, &json);
    buf_add(&json, T("]}"));
    assert_int_equal(take(&w, OURS, &ally, buf_text(&json)), 0);
    buf_done(&json);
    assert_true(knows(&w, OURS, THEIRS_TOO));
    sim_crash(w.s, OURS);
    sim_restart(w.s, OURS);
    run(&w, 5000);
    assert_true(knows(&w, OURS, THEIRS_TOO));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_an_ally_are_asked_and_answered),
        cmocka_unit_test(recognition_is_of_both),
        cmocka_unit_test(who_was_removed_there_is_nobody_here),
        cmocka_unit_test(another_directory_of_that_name_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
