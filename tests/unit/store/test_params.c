/* Added search parameters: what happens when writes, registrations and pieces of building come in
 * any order (docs/adr/0006). The walker is stopped, so that each order is a certain one. */
#include "bench.h"

#include "store/params.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PEOPLE = 6 };

#define NUMBER ((unsigned)FHIR_PATIENT << 8 | SEARCH_CUSTOM_FIRST)

static void put_patient(struct bench *b, int i, const char *gender, const char *family)
{
    bench_put(b,
              "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"gender\":\"%s\","
              "\"name\":[{\"family\":\"%s\"}]}",
              i, gender, family);
}

static void define(struct bench *b, const char *id, const char *expression)
{
    bench_put(b,
              "{\"resourceType\":\"SearchParameter\",\"id\":\"%s\",\"url\":\"http://x/%s\","
              "\"name\":\"x\",\"status\":\"active\",\"description\":\"x\",\"code\":\"added\","
              "\"base\":[\"Patient\"],\"type\":\"token\",\"expression\":\"%s\"}",
              id, id, expression);
}

static int up(void **state)
{
    int rc = bench_up(state);
    struct bench *b = *state;
    walker_stop(b->s->writer);
    for (int i = 0; i < PEOPLE; i++) {
        put_patient(b, i, i % 2 ? "male" : "female", "Ash");
    }
    return rc;
}

/* Of the row: its state, or 0. */
static unsigned state_of(struct bench *b, unsigned number)
{
    const struct param_row *row = params_find(&b->s->params->now, (uint16_t)number);
    return row ? row->state : 0;
}

static int64_t entries(struct bench *b, unsigned number)
{
    char sql[100];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM idx WHERE param = %u", number);
    return bench_number(b, sql);
}

/* One piece, not yet handed over. */
struct hand {
    struct walk_reader reader;
    struct piece piece;
};

static void hand_make(struct bench *b, struct hand *h, enum piece_kind kind, unsigned number,
                      size_t most)
{
    const struct param_row *row = params_find(&b->s->params->now, (uint16_t)number);
    *h = (struct hand){.reader.s = b->s};
    h->reader.tools = body_tools_new();
    arena_init(&h->reader.scratch, 8 << 20);
    arena_init(&h->piece.arena, 8 << 20);
    assert_int_equal(db_open(b->dir, DB_READER, &h->reader.db, &b->e), 0);
    h->piece.kind = kind;
    h->piece.number = (uint16_t)number;
    h->piece.from = row->done;
    h->piece.seen = atomic_load(&b->s->params->written);
    assert_int_equal(db_begin_read(h->reader.db), 0);
    assert_int_equal(kind == PIECE_BUILD
                         ? walk_build(&h->reader, &row->custom->param, most, &h->piece)
                         : walk_remove(&h->reader, most, &h->piece),
                     0);
    db_end_read(h->reader.db);
}

static int hand_over(struct bench *b, struct hand *h)
{
    piece_submit(b->s->writer, &h->piece);
    int rc = piece_await(b->s->writer, &h->piece);
    db_close(h->reader.db);
    body_tools_free(h->reader.tools);
    arena_done(&h->reader.scratch);
    arena_done(&h->piece.arena);
    return rc;
}

static void finish(struct bench *b, unsigned number)
{
    while (state_of(b, number) == PARAM_BUILDING || state_of(b, number) == PARAM_REMOVING) {
        struct hand h;
        hand_make(b, &h, state_of(b, number) == PARAM_BUILDING ? PIECE_BUILD : PIECE_REMOVE, number,
                  2);
        assert_int_equal(hand_over(b, &h), 0);
    }
}

static void assert_clean(struct bench *b)
{
    char seen[200] = "";
    uint64_t findings = bench_check(b, seen, sizeof seen);
    if (findings) {
        fail_msg("%d findings: %s", (int)findings, seen);
    }
}

/* --- the orders ---------------------------------------------------------------------------- */

static void builds_what_was_there(void **state)
{
    struct bench *b = *state;
    define(b, "x", "Patient.gender");
    assert_int_equal(state_of(b, NUMBER), PARAM_BUILDING);
    assert_false(store_rules(b->s).customs->items[0]->usable);
    assert_clean(b);
    finish(b, NUMBER);
    assert_int_equal(state_of(b, NUMBER), PARAM_USABLE);
    assert_true(store_rules(b->s).customs->items[0]->usable);
    assert_int_equal(entries(b, NUMBER), PEOPLE);
    assert_clean(b);
}

/* bench_put() indexes as if nothing had been added: as what was prepared before a registration. */
static void derives_anew_what_was_prepared_before(void **state)
{
    struct bench *b = *state;
    define(b, "x", "Patient.gender");
    put_patient(b, PEOPLE, "male", "New");
    assert_int_equal(entries(b, NUMBER), 1);
    finish(b, NUMBER);
    put_patient(b, PEOPLE + 1, "male", "New");
    assert_int_equal(entries(b, NUMBER), PEOPLE + 2);
    assert_clean(b);
    bench_delete(b, "SearchParameter", "x");
    finish(b, NUMBER);
    put_patient(b, PEOPLE + 2, "male", "New");
    assert_int_equal(entries(b, NUMBER), 0);
    assert_clean(b);
}

static void an_update_before_the_walker_comes(void **state)
{
    struct bench *b = *state;
    define(b, "x", "Patient.gender");
    put_patient(b, 1, "male", "Other"); /* its entry is the same: not written, still to be built */
    put_patient(b, 2, "other", "Ash");
    bench_delete(b, "Patient", "p3");
    assert_clean(b);
    finish(b, NUMBER);
    assert_int_equal(entries(b, NUMBER), PEOPLE - 1);
    assert_clean(b);
}

static void a_piece_that_is_older_than_the_writes(void **state)
{
    struct bench *b = *state;
    struct hand h;
    define(b, "x", "Patient.gender");
    hand_make(b, &h, PIECE_BUILD, NUMBER, 100);
    put_patient(b, 1, "male", "Other");
    put_patient(b, 2, "other", "Ash");
    bench_delete(b, "Patient", "p3");
    put_patient(b, PEOPLE, "male", "New");
    assert_int_equal(hand_over(b, &h), 0);
    assert_int_equal(state_of(b, NUMBER), PARAM_USABLE);
    assert_int_equal(entries(b, NUMBER), PEOPLE);
    assert_clean(b);
}

static void writes_behind_and_before_the_mark(void **state)
{
    struct bench *b = *state;
    struct hand h;
    define(b, "x", "Patient.gender");
    hand_make(b, &h, PIECE_BUILD, NUMBER, 3);
    assert_int_equal(hand_over(b, &h), 0);
    for (int i = 0; i < PEOPLE; i++) {
        put_patient(b, i, i % 3 ? "male" : "unknown", "Changed");
    }
    assert_clean(b);
    finish(b, NUMBER);
    assert_int_equal(entries(b, NUMBER), PEOPLE);
    assert_clean(b);
}

static void is_deleted_while_it_is_built(void **state)
{
    struct bench *b = *state;
    struct hand h;
    define(b, "x", "Patient.gender");
    hand_make(b, &h, PIECE_BUILD, NUMBER, 3);
    assert_int_equal(hand_over(b, &h), 0);
    hand_make(b, &h, PIECE_BUILD, NUMBER, 3);
    bench_delete(b, "SearchParameter", "x");
    assert_int_equal(hand_over(b, &h), ERR_CONFLICT);
    assert_int_equal(entries(b, NUMBER), 3);
    assert_int_equal(state_of(b, NUMBER), PARAM_REMOVING);
    assert_int_equal(store_rules(b->s).customs->count, 0);
    assert_clean(b);
    finish(b, NUMBER);
    assert_int_equal(state_of(b, NUMBER), PARAM_REMOVED);
    assert_int_equal(entries(b, NUMBER), 0);
    assert_clean(b);
}

static void another_expression_is_another_number(void **state)
{
    struct bench *b = *state;
    define(b, "x", "Patient.gender");
    finish(b, NUMBER);
    define(b, "x", "Patient.name.family");
    assert_int_equal(state_of(b, NUMBER), PARAM_REMOVING);
    assert_int_equal(state_of(b, NUMBER + 1), PARAM_BUILDING);
    put_patient(b, 1, "male", "Other");
    finish(b, NUMBER);
    finish(b, NUMBER + 1);
    assert_int_equal(entries(b, NUMBER), 0);
    assert_int_equal(entries(b, NUMBER + 1), PEOPLE);
    assert_clean(b);
    define(b, "x", "Patient.gender");
    assert_int_equal(state_of(b, NUMBER + 2), PARAM_BUILDING);
    finish(b, NUMBER + 1);
    bench_close(b);
    bench_open(b); /* nobody remembers the numbers that were empty */
    walker_stop(b->s->writer);
    define(b, "x", "Patient.name.family");
    assert_true(state_of(b, NUMBER) == PARAM_BUILDING || state_of(b, NUMBER) == PARAM_USABLE);
    assert_int_equal(state_of(b, NUMBER + 3), 0);
    assert_clean(b);
}

static int ask(struct bench *b, const struct plan *plan, uint64_t *ret_total)
{
    struct store_view *v = NULL;
    struct versions page;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    int rc = store_search(v, plan, 10, T(""), &b->a, &page, ret_total, NULL, &b->e);
    store_view_end(v);
    return rc;
}

/* Its entries may be going: whoever has understood a query before has to ask again. */
static void queries_by_what_is_gone_are_refused(void **state)
{
    struct bench *b = *state;
    define(b, "x", "Patient.gender");
    finish(b, NUMBER);
    struct plan_node node = {.kind = PLAN_EXISTS, .type = FHIR_PATIENT, .param = (uint16_t)NUMBER};
    struct plan_sort sort = {.param = &store_rules(b->s).customs->items[0]->param};
    struct plan plans[] = {{.type = FHIR_PATIENT, .root = &node},
                           {.type = FHIR_PATIENT, .sorts = &sort, .sort_count = 1}};
    uint64_t total = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(b, &plans[i], &total), 0);
        assert_int_equal(total, PEOPLE);
    }
    define(b, "x", "Patient.name.family");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(b, &plans[i], &total), ERR_BUSY);
    }
}

static void two_want_one_name(void **state)
{
    struct bench *b = *state;
    define(b, "x", "Patient.gender");
    define(b, "y", "Patient.name.family");
    assert_int_equal(b->s->params->now.count, 1);
    bench_delete(b, "SearchParameter", "x");
    assert_int_equal(state_of(b, NUMBER + 1), PARAM_BUILDING);
    assert_true(text_eq(params_find(&b->s->params->now, (uint16_t)(NUMBER + 1))->id, T("y")));
    finish(b, NUMBER);
    finish(b, NUMBER + 1);
    assert_clean(b);
}

static void in_one_request_with_what_it_finds(void **state)
{
    struct bench *b = *state;
    struct write writes[] = {
        bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"n\",\"gender\":\"male\"}"),
        bench_write(b, "{\"resourceType\":\"SearchParameter\",\"id\":\"x\",\"status\":\"active\","
                       "\"url\":\"http://x/x\",\"code\":\"added\",\"base\":[\"Patient\"],"
                       "\"type\":\"token\",\"expression\":\"Patient.gender\"}"),
        bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"m\",\"gender\":\"male\"}"),
    };
    assert_int_equal(bench_commit(b, writes, 3), 0);
    assert_int_equal(state_of(b, NUMBER), PARAM_BUILDING);
    finish(b, NUMBER);
    assert_int_equal(entries(b, NUMBER), PEOPLE + 2);
    assert_clean(b);
}

static void a_failed_request_registers_nothing(void **state)
{
    struct bench *b = *state;
    struct write writes[] = {
        bench_write(b, "{\"resourceType\":\"SearchParameter\",\"id\":\"x\",\"status\":\"active\","
                       "\"url\":\"http://x/x\",\"code\":\"added\",\"base\":[\"Patient\"],"
                       "\"type\":\"token\",\"expression\":\"Patient.gender\"}"),
        bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"p1\"}"),
    };
    writes[1].expect = EXPECT_ABSENT;
    assert_int_not_equal(bench_commit(b, writes, 2), 0);
    assert_int_equal(state_of(b, NUMBER), 0);
    assert_null(store_rules(b->s).customs);
}

static void goes_on_after_a_restart(void **state)
{
    struct bench *b = *state;
    struct hand h;
    struct store_param *params;
    size_t count = 0;
    define(b, "x", "Patient.gender");
    hand_make(b, &h, PIECE_BUILD, NUMBER, 2);
    assert_int_equal(hand_over(b, &h), 0);
    bench_close(b);
    bench_open(b); /* with the walker */
    for (int i = 0; i < 1000 && !(count && params[0].state == PARAM_USABLE); i++) {
        assert_int_equal(store_params(b->s, T("x"), &b->a, &params, &count), 0);
        (void)usleep(10000);
    }
    assert_int_equal(count, 1);
    assert_int_equal(params[0].state, PARAM_USABLE);
    assert_int_equal(entries(b, NUMBER), PEOPLE);
    assert_clean(b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, bench_down)
    const struct CMUnitTest tests[] = {
        TEST(builds_what_was_there),
        TEST(derives_anew_what_was_prepared_before),
        TEST(an_update_before_the_walker_comes),
        TEST(a_piece_that_is_older_than_the_writes),
        TEST(writes_behind_and_before_the_mark),
        TEST(is_deleted_while_it_is_built),
        TEST(another_expression_is_another_number),
        TEST(queries_by_what_is_gone_are_refused),
        TEST(two_want_one_name),
        TEST(in_one_request_with_what_it_finds),
        TEST(a_failed_request_registers_nothing),
        TEST(goes_on_after_a_restart),
    };
    return cmocka_run_group_tests_name("added parameters in the store", tests, NULL, NULL);
}
