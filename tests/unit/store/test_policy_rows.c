/* What the store keeps for policy: in step with the versions, at once in force, found when wrong;
 * and what a grant lets be written. */
#include "bench.h"
#include "policy/grant.h"
#include "store/inner.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEALED                                                                         \
    "\"meta\":{\"security\":[{\"system\":\"https://kith.care/fhir/CodeSystem/label\"," \
    "\"code\":\"sealed\"}]},"

static const text doctor[] = {{"Practitioner/d", 14}};

static const struct grant *grant_of(struct bench *b, enum actor_kind kind, uint64_t activities)
{
    struct actor *actor = arena_zalloc(&b->a, 1, sizeof *actor);
    *actor = (struct actor){.kind = kind,
                            .account = T("d"),
                            .parties = doctor,
                            .party_count = 1,
                            .purpose = PURPOSE_TREAT,
                            .activities = activities};
    struct grant_config config = {
        .actor = actor, .key = store_policy_key(b->s), .now_ms = INT64_C(1790000000000)};
    return grant_make(&config, &b->a);
}

static const struct grant *professional(struct bench *b)
{
    return grant_of(b, ACTOR_PROFESSIONAL, (UINT64_MAX >> 1));
}

static void put_people(struct bench *b)
{
    bench_put(b, "{\"resourceType\":\"Practitioner\",\"id\":\"d\"}");
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"mine\",\"generalPractitioner\":[{"
                 "\"reference\":\"Practitioner/d\"}]}");
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"other\"}");
}

static void put_entry(struct bench *b, const char *id, const char *labels, const char *patient,
                      unsigned value)
{
    bench_put(b,
              "{\"resourceType\":\"Observation\",\"id\":\"%s\",%s\"status\":\"final\",\"code\":{"
              "\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/%s\"},\"valueInteger\":%u}",
              id, labels, patient, value);
}

static int read_as(struct bench *b, const struct grant *g, const char *id)
{
    struct version found;
    b->all = g;
    int rc = bench_read(b, "Observation", id, &found);
    b->all = policy_local_administrator();
    return rc;
}

static int64_t past_of(struct bench *b)
{
    return bench_number(b, "SELECT coalesce(max(past), -1) FROM policy WHERE rid >> 20 & 255 ="
                           " (SELECT max(rid >> 20 & 255) FROM resource WHERE id = CAST('o' AS"
                           " BLOB))");
}

static int64_t rows(struct bench *b)
{
    return bench_number(b, "SELECT count(*) FROM policy");
}

/* --- rows ---------------------------------------------------------------------------------- */

static void keeps_rows_in_step(void **state)
{
    struct bench *b = *state;
    put_people(b);
    int64_t before = rows(b);
    put_entry(b, "o", "", "mine", 1);
    assert_int_equal(rows(b), before);
    put_entry(b, "o", SEALED, "mine", 1);
    assert_int_equal(rows(b), before + 1);
    assert_int_equal(past_of(b), 0);
    put_entry(b, "o", "", "mine", 2);
    assert_int_equal(past_of(b), LABEL_SEALED);
    put_entry(b, "o", SEALED, "mine", 3);
    put_entry(b, "o", SEALED, "other", 3); /* moves: its past stays behind */
    assert_int_equal(rows(b), before + 2);
    bench_delete(b, "Observation", "o");
    assert_int_equal(rows(b), before + 2);
    put_entry(b, "p", SEALED, "mine", 1);
    bench_delete(b, "Observation", "p");
    assert_int_equal(rows(b), before + 3);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void run_sql(struct bench *b, const char *sql)
{
    char path[300];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
}

static void finds_and_repairs_wrong_rows(void **state)
{
    struct bench *b = *state;
    static const char *const wrong[] = {
        "UPDATE policy SET past = past | 2",
        "DELETE FROM policy WHERE length(facts) > 0",
        "DELETE FROM policy WHERE length(facts) = 0",
        "INSERT INTO policy(rid, past, facts) VALUES((2000 << 28) + 1, 1, x'')",
        "INSERT INTO policy(rid, past, facts) SELECT max(rid) + 7, 1, x'' FROM resource",
    };
    put_people(b);
    put_entry(b, "o", SEALED, "mine", 1);
    put_entry(b, "o", "", "other", 2);
    put_entry(b, "p", SEALED, "mine", 2);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char seen[400];
        uint64_t number = 0;
        struct store_reindex status = {.running = true};
        bench_close(b);
        run_sql(b, wrong[i]);
        bench_open(b);
        if (bench_check(b, seen, sizeof seen) == 0 || !strstr(seen, "I17")) {
            fail_msg("not found: %s (%s)", wrong[i], seen);
        }
        assert_int_equal(store_reindex(b->s, b->all, 0, &number, &b->e), 0);
        for (int k = 0; k < 1000 && status.running; k++) {
            (void)usleep(5000);
            store_reindex_status(b->s, &status);
        }
        if (bench_check(b, NULL, 0)) {
            fail_msg("not repaired: %s", wrong[i]);
        }
    }
}

/* A store of another schema is refused, with the way out, and left as it is. */
static void refuses_another_schema(void **state)
{
    struct bench *b = *state;
    static const char *const says[] = {"kith export", "newer"};
    bench_close(b);
    for (unsigned i = 0; i < 2; i++) {
        run_sql(b, i ? "UPDATE meta SET value = 99 WHERE key = 'schema'"
                     : "UPDATE meta SET value = 3 WHERE key = 'schema'");
        for (unsigned mode = STORE_SERVE; mode <= STORE_LOOK; mode++) {
            struct store_config config = {.dir = b->dir, .mode = (enum store_mode)mode};
            assert_int_equal(store_open(&config, &b->s, &b->e), ERR_NOT_SUPPORTED);
            assert_non_null(strstr(err_text(&b->e), says[i]));
        }
        assert_int_equal(bench_number(b, "SELECT value FROM meta WHERE key = 'schema'"),
                         i ? 99 : 3);
    }
    run_sql(b, "UPDATE meta SET value = 4 WHERE key = 'schema'");
    bench_open(b);
}

/* --- at once ------------------------------------------------------------------------------- */

static void is_in_force_at_once(void **state)
{
    struct bench *b = *state;
    const struct grant *g = professional(b);
    put_people(b);
    put_entry(b, "o", "", "mine", 1);
    put_entry(b, "q", "", "other", 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(read_as(b, g, "o"), 0);
        assert_int_equal(read_as(b, g, "q"), ERR_NOT_FOUND);
        put_entry(b, "o", SEALED, "mine", i);
        assert_int_equal(read_as(b, g, "o"), ERR_NOT_FOUND);
        put_entry(b, "o", "", "mine", i);
        assert_int_equal(read_as(b, g, "o"), 0);
        bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"mine\"}");
        assert_int_equal(read_as(b, g, "o"), ERR_NOT_FOUND);
        bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"mine\",\"generalPractitioner\":[{"
                     "\"reference\":\"Practitioner/d\"}]}");
    }
}

/* Policy keeps no row of a plain entry, and yet a choice may name it. */
static void a_choice_names_a_plain_entry(void **state)
{
    struct bench *b = *state;
    const struct grant *g = professional(b);
    static const char refusal[] =
        "{\"resourceType\":\"Consent\",\"id\":\"c\",\"status\":\"active\",\"scope\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
        "\"patient-privacy\"}]},\"category\":[{\"text\":\"x\"}],\"patient\":{\"reference\":"
        "\"Patient/mine\"},\"provision\":{\"type\":\"deny\",\"data\":[{\"meaning\":\"instance\","
        "\"reference\":{\"reference\":\"Observation/%s\"}}]}}";
    put_people(b);
    put_entry(b, "n", "", "mine", 1);
    put_entry(b, "o", "", "mine", 1);
    put_entry(b, "p", "", "mine", 1);
    bench_put(b, refusal, "o");
    assert_int_equal(read_as(b, g, "n"), 0);
    assert_int_equal(read_as(b, g, "o"), ERR_NOT_FOUND);
    assert_int_equal(read_as(b, g, "p"), 0);
    /* One that is not there refuses all. */
    bench_put(b, refusal, "missing");
    assert_int_equal(read_as(b, g, "n"), ERR_NOT_FOUND);
}

/* A view keeps what it saw: both the entry and who may see it. */
static void a_view_is_one_state(void **state)
{
    struct bench *b = *state;
    struct store_view *old = NULL;
    struct version found;
    const struct grant *g = professional(b);
    put_people(b);
    put_entry(b, "o", SEALED, "mine", 1);
    assert_int_equal(store_view_begin(b->s, g, STORE_SNAPSHOT, &old, &b->e), 0);
    put_entry(b, "o", "", "mine", 2);
    assert_int_equal(read_as(b, g, "o"), 0); /* and its sheet is kept */
    assert_int_equal(store_read(old, fhir_type_of(T("Observation")), T("o"), &b->a, &found, &b->e),
                     ERR_NOT_FOUND);
    store_view_end(old);
    assert_int_equal(store_view_begin(b->s, g, STORE_SNAPSHOT, &old, &b->e), 0);
    put_entry(b, "o", SEALED, "mine", 3);
    assert_int_equal(store_read(old, fhir_type_of(T("Observation")), T("o"), &b->a, &found, &b->e),
                     0);
    assert_int_equal(read_as(b, g, "o"), ERR_NOT_FOUND); /* the old view has put nothing back */
    store_view_end(old);
}

struct race {
    struct bench *b;
    const struct grant *g;
    atomic_bool stop;
    atomic_uint wrong;
    atomic_uint looked;
};

/* Even values are open, odd ones sealed. */
static void *look_on(void *context)
{
    struct race *r = context;
    struct arena a;
    arena_init(&a, (size_t)1 << 26);
    while (!atomic_load(&r->stop)) {
        struct store_view *v = NULL;
        struct version found;
        struct err e;
        arena_reset(&a);
        if (store_view_begin(r->b->s, r->g, STORE_ONE_READ, &v, &e)) {
            break;
        }
        if (!store_read(v, fhir_type_of(T("Observation")), T("o"), &a, &found, &e)) {
            size_t at = 0;
            for (size_t i = 0; i + 6 < found.packed.n; i++) {
                at = memcmp(found.packed.p + i, "sealed", 6) == 0 ? i : at;
            }
            atomic_fetch_add(&r->wrong, at != 0);
        }
        store_view_end(v);
        atomic_fetch_add(&r->looked, 1);
    }
    arena_done(&a);
    return NULL;
}

static void nobody_sees_between(void **state)
{
    enum { LOOKERS = 3, CHANGES = 150 };
    struct bench *b = *state;
    struct race r = {.b = b, .g = professional(b)};
    pthread_t threads[LOOKERS];
    put_people(b);
    put_entry(b, "o", SEALED, "mine", 1);
    for (size_t i = 0; i < LOOKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, look_on, &r), 0);
    }
    for (unsigned i = 0; i < CHANGES; i++) {
        put_entry(b, "o", i % 2 ? SEALED : "", "mine", i);
    }
    atomic_store(&r.stop, true);
    for (size_t i = 0; i < LOOKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&r.wrong), 0);
    assert_true(atomic_load(&r.looked) > CHANGES);
}

/* --- writing ------------------------------------------------------------------------------- */

static int write_as(struct bench *b, const struct grant *g, struct write *writes, size_t count)
{
    b->all = g;
    int rc = bench_commit(b, writes, count);
    b->all = policy_local_administrator();
    return rc;
}

static struct write entry_of(struct bench *b, const char *id, const char *patient)
{
    return bench_write(b,
                       "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
                       "\"code\":{\"text\":\"y\"},\"subject\":{\"reference\":\"Patient/%s\"}}",
                       id, patient);
}

static void hidden_is_not_there_to_write(void **state)
{
    struct bench *b = *state;
    const struct grant *g = professional(b);
    put_people(b);
    put_entry(b, "mine", "", "mine", 1);
    put_entry(b, "hidden", "", "other", 1);
    put_entry(b, "sealed", SEALED, "mine", 1);
    static const struct {
        const char *id;
        const char *patient;
        bool made_up;
        int result;
    } puts[] = {
        {"mine", "mine", false, 0},
        {"hidden", "mine", false, ERR_NOT_FOUND},
        {"hidden", "other", false, ERR_NOT_FOUND},
        {"sealed", "mine", false, ERR_NOT_FOUND},
        {"never", "mine", false, ERR_NOT_FOUND},
        {"new", "mine", true, 0},
        {"mine", "other", false, ERR_FORBIDDEN}, /* would move */
        {"else", "other", true, ERR_FORBIDDEN},
        {"else", "nobody", true, ERR_FORBIDDEN},
    };
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++) {
        struct write w = entry_of(b, puts[i].id, puts[i].patient);
        w.new_id = puts[i].made_up;
        int rc = write_as(b, g, &w, 1);
        if (rc != puts[i].result) {
            fail_msg("%s of %s: %d %s", puts[i].id, puts[i].patient, rc, err_text(&b->e));
        }
    }
    static const struct {
        const char *id;
        bool changed;
    } deletes[] = {{"hidden", false}, {"sealed", false}, {"never", false}, {"new", true}};
    for (size_t i = 0; i < sizeof deletes / sizeof *deletes; i++) {
        struct write w = {.kind = WRITE_DELETE,
                          .type = fhir_type_of(T("Observation")),
                          .id = text_of(deletes[i].id)};
        assert_int_equal(write_as(b, g, &w, 1), 0);
        assert_int_equal(w.changed, deletes[i].changed);
        assert_int_equal(w.vid != 0, deletes[i].changed);
        assert_int_equal(w.rid != 0, deletes[i].changed);
    }
    struct write expects = {.kind = WRITE_DELETE,
                            .type = fhir_type_of(T("Observation")),
                            .expect = EXPECT_VERSION,
                            .expected_vid = 1,
                            .id = T("hidden")};
    assert_int_equal(write_as(b, g, &expects, 1), ERR_PRECONDITION);
    const char *hidden = arena_printf(&b->a, "%s", err_text(&b->e)).p;
    expects.id = T("nowhere");
    assert_int_equal(write_as(b, g, &expects, 1), ERR_PRECONDITION);
    assert_int_equal(strlen(hidden) + 1, strlen(err_text(&b->e))); /* but for the name */
    struct version found;
    assert_int_equal(bench_read(b, "Observation", "hidden", &found), 0);
    assert_false(found.deleted);
    assert_int_equal(found.vid, 1);
}

static void founds_patients(void **state)
{
    struct bench *b = *state;
    const struct grant *g = professional(b);
    const struct grant *viewer =
        grant_of(b, ACTOR_PROFESSIONAL,
                 ACTIVITY_BIT(ACTIVITY_VIEW_RECORD) | ACTIVITY_BIT(ACTIVITY_WRITE_RECORD));
    put_people(b);
    struct write both[2] = {
        bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"born\"}"),
        entry_of(b, "first", "born"),
    };
    both[0].new_id = both[1].new_id = true;
    assert_int_equal(write_as(b, viewer, both, 2), ERR_FORBIDDEN);
    assert_int_equal(write_as(b, g, both, 2), 0);
    struct write later = entry_of(b, "second", "born"); /* nothing gives a relationship */
    later.new_id = true;
    assert_int_equal(write_as(b, g, &later, 1), ERR_FORBIDDEN);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* In one batch: the second request's decision knows what the first has written. */
static void decides_within_the_batch(void **state)
{
    struct bench *b = *state;
    const struct grant *g = professional(b);
    put_people(b);
    struct write seal = bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"mine\"}");
    struct write entry = entry_of(b, "late", "mine");
    entry.new_id = true;
    struct write_request requests[2] = {{.writes = &seal, .write_count = 1},
                                        {.writes = &entry, .write_count = 1}};
    store_commit(b->s, g, requests, 2);
    assert_int_equal(requests[0].result, 0);
    assert_int_equal(requests[1].result, ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_rows_in_step, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(finds_and_repairs_wrong_rows, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(refuses_another_schema, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(is_in_force_at_once, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(a_choice_names_a_plain_entry, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(a_view_is_one_state, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(nobody_sees_between, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(hidden_is_not_there_to_write, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(founds_patients, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(decides_within_the_batch, bench_up, bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
