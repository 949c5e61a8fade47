/* Versions: made, changed, deleted, made again; their order, their keys, what is expected of them.
 */
#include "bench.h"
#include "store/key.h"

#include <stdio.h>
#include <time.h>

static void makes_and_reads(void **state)
{
    struct bench *b = *state;
    struct version v;
    struct write w = bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\",\"active\":true}");
    assert_true(w.created && w.changed);
    assert_int_equal(w.vid, 1);
    assert_int_equal(bench_read(b, "Patient", "a", &v), 0);
    assert_true(text_eq(v.packed, w.packed));
    assert_true(text_eq(v.id, T("a")));
    assert_int_equal(v.vid, 1);
    assert_int_equal(v.t, w.t);
    assert_false(v.deleted);
    assert_true(rid_compartment(v.rid) >= COMPARTMENT_PATIENTS);
    assert_int_equal(bench_read(b, "Patient", "b", &v), ERR_NOT_FOUND);
    assert_int_equal(bench_read(b, "Group", "a", &v), ERR_NOT_FOUND);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void keeps_uuids(void **state)
{
    struct bench *b = *state;
    static const char *const ids[] = {"0b9f2c3e-0a1b-4c5d-8e9f-001122334455",
                                      "0B9F2C3E-0a1b-4c5d-8e9f-001122334455",
                                      "0b9f2c3e00a1b-4c5d-8e9f-001122334455"};
    for (size_t i = 0; i < 3; i++) {
        struct version v;
        bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"%s\"}", ids[i]);
        assert_int_equal(bench_read(b, "Patient", ids[i], &v), 0);
        assert_true(text_eq(v.id, text_of(ids[i])));
        assert_int_equal(v.vid, 1);
    }
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void follows_a_life(void **state)
{
    struct bench *b = *state;
    struct version v;
    uint64_t total = 0;
    const char *first = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"gender\":\"male\"}";
    bench_put(b, "%s", first);
    struct write same = bench_put(b, "%s", first);
    assert_false(same.changed || same.created);
    assert_int_equal(same.vid, 1);
    struct write second =
        bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\",\"gender\":\"female\"}");
    assert_true(second.changed && !second.created);
    assert_int_equal(second.vid, 2);
    struct write gone = bench_delete(b, "Patient", "a");
    assert_true(gone.changed);
    assert_int_equal(gone.vid, 3);
    assert_int_equal(bench_read(b, "Patient", "a", &v), 0);
    assert_true(v.deleted && v.packed.n == 0);
    struct write again = bench_delete(b, "Patient", "a");
    assert_false(again.changed);
    assert_int_equal(again.vid, 3);
    struct write never = bench_delete(b, "Patient", "z");
    assert_int_equal(never.vid, 0);
    struct write back = bench_put(b, "%s", first);
    assert_true(back.created && back.changed);
    assert_int_equal(back.vid, 4);
    struct versions h = bench_history(b, "Patient", "a", &total);
    assert_int_equal(h.count, 4);
    assert_int_equal(total, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(h.items[i].vid, 4 - i);
        assert_int_equal(h.items[i].deleted, i == 1);
        assert_true(i == 0 || h.items[i].t < h.items[i - 1].t);
    }
    assert_int_equal(bench_vread(b, "Patient", "a", 2, &v), 0);
    assert_true(text_eq(v.packed, second.packed));
    assert_int_equal(bench_vread(b, "Patient", "a", 4, &v), 0);
    assert_int_equal(bench_vread(b, "Patient", "a", 5, &v), ERR_NOT_FOUND);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void expects(void **state)
{
    struct bench *b = *state;
    struct write w = bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"a\"}");
    w.expect = EXPECT_VERSION;
    w.expected_vid = 1;
    assert_int_equal(bench_commit(b, &w, 1), ERR_PRECONDITION);
    w.expect = EXPECT_ABSENT;
    assert_int_equal(bench_commit(b, &w, 1), 0);
    w = bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"a\",\"active\":true}");
    w.expect = EXPECT_ABSENT;
    assert_int_equal(bench_commit(b, &w, 1), ERR_CONFLICT);
    w.expect = EXPECT_VERSION;
    w.expected_vid = 2;
    assert_int_equal(bench_commit(b, &w, 1), ERR_PRECONDITION);
    w.expected_vid = 1;
    assert_int_equal(bench_commit(b, &w, 1), 0);
    assert_int_equal(w.vid, 2);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void all_or_nothing(void **state)
{
    struct bench *b = *state;
    struct version v;
    struct write w[2] = {bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"a\"}"),
                         bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"b\"}")};
    w[1].expect = EXPECT_VERSION;
    w[1].expected_vid = 7;
    struct write_request r = {.writes = w, .write_count = 2};
    store_commit(b->s, b->all, &r, 1);
    assert_int_equal(r.result, ERR_PRECONDITION);
    assert_int_equal(r.failed_write, 1);
    assert_int_equal(bench_read(b, "Patient", "a", &v), ERR_NOT_FOUND);
}

static void commits_in_two_steps(void **state)
{
    enum { N = 5 };
    struct bench *b = *state;
    struct version v;
    struct write w[N];
    struct write_request r[N];
    for (int i = 0; i < N; i++) {
        w[i] = bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"p%d\"}", i % 4);
        r[i] = (struct write_request){.writes = &w[i], .write_count = 1};
    }
    r[4].writes->expect = EXPECT_VERSION; /* decided when it is committed, not when it is made */
    r[4].writes->expected_vid = 1;
    struct store_batch *batch = store_batch_make(b->s, b->all, r, N);
    assert_non_null(batch);
    assert_int_equal(bench_read(b, "Patient", "p0", &v), ERR_NOT_FOUND);
    store_batch_commit(batch, 0, 2);
    assert_int_equal(bench_read(b, "Patient", "p1", &v), 0);
    assert_int_equal(bench_read(b, "Patient", "p2", &v), ERR_NOT_FOUND);
    store_batch_commit(batch, 2, 0);
    store_batch_commit(batch, 4, 1);
    assert_int_equal(r[0].result, 0);
    assert_int_equal(r[4].result, 0);
    assert_false(w[4].changed); /* the same data */
    store_batch_drop(batch);
    assert_int_equal(bench_read(b, "Patient", "p3", &v), ERR_NOT_FOUND);
    store_batch_drop(NULL);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void decides_conditions(void **state)
{
    struct bench *b = *state;
    struct plan_node root = {.kind = PLAN_TOKEN,
                             .type = FHIR_PATIENT,
                             .param = bench_param("Patient", "identifier"),
                             .value = T("1"),
                             .system = T("urn:s"),
                             .system_mode = PLAN_SYSTEM_GIVEN};
    struct plan plan = {.type = FHIR_PATIENT, .root = &root};
    struct write_condition none = {.plan = &plan};
    struct write w[2] = {bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"a\",\"identifier\":"
                                        "[{\"system\":\"urn:s\",\"value\":\"1\"}]}"),
                         bench_write(b, "{\"resourceType\":\"Patient\",\"id\":\"b\",\"identifier\":"
                                        "[{\"system\":\"urn:s\",\"value\":\"1\"}]}")};
    struct write_request r[2] = {
        {.writes = &w[0], .write_count = 1, .conditions = &none, .condition_count = 1},
        {.writes = &w[1], .write_count = 1, .conditions = &none, .condition_count = 1}};
    store_commit(b->s, b->all, r, 2);
    assert_int_equal(r[0].result, 0);
    assert_int_equal(r[1].result, ERR_CONFLICT);
    assert_int_equal(r[1].failed_condition, 0);
    struct write_condition a = {.plan = &plan, .expected_id = T("a")};
    r[1].conditions = &a;
    store_commit(b->s, b->all, &r[1], 1);
    assert_int_equal(r[1].result, 0);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void knows_patients_before_they_exist(void **state)
{
    struct bench *b = *state;
    struct version o;
    struct version p;
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o\",\"subject\":{\"reference\":"
                 "\"Patient/late\"},\"encounter\":{\"reference\":\"Encounter/e\"}}");
    assert_int_equal(bench_read(b, "Patient", "late", &p), ERR_NOT_FOUND);
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"late\"}");
    bench_put(b, "{\"resourceType\":\"Encounter\",\"id\":\"e\",\"subject\":{\"reference\":"
                 "\"Patient/late\"}}");
    assert_int_equal(bench_read(b, "Observation", "o", &o), 0);
    assert_int_equal(bench_read(b, "Patient", "late", &p), 0);
    assert_int_equal(rid_compartment(o.rid), rid_compartment(p.rid));
    assert_int_equal(p.vid, 1);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void moves(void **state)
{
    struct bench *b = *state;
    struct version v;
    uint64_t total = 0;
    uint64_t rids[4];
    static const char *const subjects[] = {"Patient/a", "Patient/b", "Group/g", "Patient/b"};
    for (size_t i = 0; i < 4; i++) {
        bench_put(b,
                  "{\"resourceType\":\"Observation\",\"id\":\"o\",\"subject\":{\"reference\":"
                  "\"%s\"}}",
                  subjects[i]);
        assert_int_equal(bench_read(b, "Observation", "o", &v), 0);
        assert_int_equal(v.vid, i + 1);
        rids[i] = v.rid;
    }
    assert_int_not_equal(rids[0], rids[1]);
    assert_int_equal(rid_compartment(rids[2]), COMPARTMENT_UNATTRIBUTED);
    assert_int_equal(rid_compartment(rids[1]), rid_compartment(rids[3]));
    assert_int_not_equal(rids[1], rids[3]);
    struct versions h = bench_history(b, "Observation", "o", &total);
    assert_int_equal(h.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(h.items[i].vid, 4 - i);
        assert_int_equal(h.items[i].rid, rids[3 - i]);
        assert_true(text_eq(h.items[i].id, T("o")));
        assert_int_equal(bench_vread(b, "Observation", "o", i + 1, &v), 0);
    }
    struct versions type = bench_history(b, "Observation", "", &total);
    assert_int_equal(type.count, 4);
    assert_int_equal(total, 4);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void pages_histories(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 30; i++) {
        bench_put(b, "{\"resourceType\":\"%s\",\"id\":\"x%d\",\"language\":\"l%d\"}",
                  i % 2 ? "Organization" : "Patient", i % 5, i);
    }
    bench_delete(b, "Patient", "x0");
    struct history_scope scope = {.since_ms = INT64_MIN, .at_ms = INT64_MIN};
    uint64_t last = UINT64_MAX;
    size_t seen = 0;
    text from = T("");
    bool more = true;
    while (more) {
        struct versions page;
        struct store_view *v = NULL;
        uint64_t total = 0;
        assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
        assert_int_equal(store_history(v, &scope, 7, from, &b->a, &page, &total, &b->e), 0);
        store_view_end(v);
        assert_int_equal(total, 31);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(page.items[i].t < last);
            last = page.items[i].t;
        }
        seen += page.count;
        more = page.more;
        from = page.next;
    }
    assert_int_equal(seen, 31);
}

static void knows_what_was_current(void **state)
{
    struct bench *b = *state;
    struct write first = bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\"}");
    struct timespec wait = {.tv_nsec = 5000000};
    (void)nanosleep(&wait, NULL);
    struct write second =
        bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\",\"active\":true}");
    int64_t ms[2] = {(int64_t)(first.t >> 16), (int64_t)(second.t >> 16)};
    struct {
        int64_t at;
        int64_t until;
        int64_t since;
        size_t count;
    } cases[] = {{ms[0], ms[0] + 1, INT64_MIN, 1},     {ms[0] - 9, ms[0], INT64_MIN, 0},
                 {ms[0] + 1, ms[1], INT64_MIN, 1},     {ms[0] + 1, ms[1] + 1, INT64_MIN, 2},
                 {ms[1] + 5, ms[1] + 6, INT64_MIN, 1}, {INT64_MIN, 0, ms[1], 1},
                 {INT64_MIN, 0, ms[1] + 1, 0},         {INT64_MIN, 0, ms[0], 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int instance = 0; instance < 2; instance++) {
            struct history_scope scope = {.type = FHIR_PATIENT,
                                          .id = instance ? T("a") : T(""),
                                          .since_ms = cases[i].since,
                                          .at_ms = cases[i].at,
                                          .at_until_ms = cases[i].until};
            struct versions page;
            struct store_view *v = NULL;
            uint64_t total = 0;
            assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
            assert_int_equal(store_history(v, &scope, 10, T(""), &b->a, &page, &total, &b->e), 0);
            store_view_end(v);
            assert_int_equal(page.count, cases[i].count);
            assert_int_equal(total, cases[i].count);
        }
    }
}

/* Each resource once, as and where it stood at the moment, wherever it went. */
static void lists_the_past(void **state)
{
    struct bench *b = *state;
    struct store_past past = {0};
    struct store_view *v = NULL;
    struct versions page;
    struct version before;
    uint64_t next = 0;
    static const char observation[] = "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"subject\":"
                                      "{\"reference\":\"Patient/%s\"}}";
    bench_put(b, observation, "moves", "a");
    bench_put(b, observation, "goes", "a");
    bench_put(b, observation, "stays", "b");
    assert_int_equal(bench_read(b, "Observation", "moves", &before), 0);
    assert_int_equal(store_moment(b->s, b->all, &past.until, &b->e), 0);
    bench_put(b, observation, "moves", "b");
    bench_put(b, observation, "comes", "b");
    bench_delete(b, "Observation", "goes");
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    assert_int_equal(
        store_scan_past(v, &past, 0, store_keys_last(), 100, 1 << 20, &b->a, &page, &next, &b->e),
        0);
    store_view_end(v);
    assert_int_equal(page.count, 3);
    assert_false(page.more);
    assert_true(text_eq(page.items[0].id, T("moves")));
    assert_int_equal(page.items[0].rid, before.rid);
    assert_int_equal(page.items[0].t, before.t);
    assert_true(text_eq(page.items[1].id, T("goes")));
    assert_true(text_eq(page.items[2].id, T("stays")));
}

/* Not that of its first read. */
static void snapshots_are_of_their_beginning(void **state)
{
    struct bench *b = *state;
    struct store_view *v = NULL;
    uint64_t count = 0;
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"before\"}");
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"behind\"}");
    assert_int_equal(store_count(v, FHIR_PATIENT, &count, &b->e), 0);
    assert_int_equal(count, 1);
    store_view_end(v);
}

static void scans(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 20; i++) {
        bench_put(b,
                  "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"subject\":{\"reference\":"
                  "\"Patient/p%d\"}}",
                  i, i % 2);
    }
    bench_delete(b, "Observation", "o0");
    static const char *const patients[] = {"", "p0", "p1"};
    static const size_t counts[] = {19, 9, 10};
    for (size_t i = 0; i < 3; i++) {
        size_t seen = 0;
        uint64_t last = 0;
        text from = T("");
        bool more = true;
        while (more) {
            struct versions page;
            struct store_view *v = NULL;
            assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
            assert_int_equal(
                store_scan(v, text_of(patients[i]), 4, 1 << 20, from, &b->a, &page, &b->e), 0);
            store_view_end(v);
            for (size_t k = 0; k < page.count; k++) {
                assert_true(page.items[k].rid > last);
                last = page.items[k].rid;
            }
            seen += page.count;
            more = page.more;
            from = page.next;
        }
        assert_int_equal(seen, counts[i]);
    }
}

static void survives_reopening(void **state)
{
    struct bench *b = *state;
    struct version v;
    struct write w = bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\"}");
    bench_close(b);
    bench_open(b);
    assert_true(text_eq(store_identity(b->s).organisation, T("X26")));
    assert_int_equal(bench_read(b, "Patient", "a", &v), 0);
    assert_true(bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"b\"}").t > w.t);
    struct store *second = NULL;
    struct store_config config = {.dir = b->dir, .mode = STORE_SERVE};
    assert_int_equal(store_open(&config, &second, &b->e), ERR_CONFLICT);
    config.mode = STORE_LOOK;
    assert_int_equal(store_open(&config, &second, &b->e), 0);
    struct write_request r = {.writes = &w, .write_count = 1};
    store_commit(second, b->all, &r, 1);
    assert_int_equal(r.result, ERR_NOT_SUPPORTED);
    store_close(second);
    config.dir = "/nonexistent/kith";
    assert_int_equal(store_open(&config, &second, &b->e), ERR_NOT_FOUND);
    struct store_identity identity = {T("X"), T("Y")};
    assert_int_equal(store_create(b->dir, &identity, &b->e), ERR_CONFLICT);
}

static void names_collide_harmlessly(void **state)
{
    struct bench *b = *state;
    struct version v;
    char id[16];
    for (int i = 0; i < 60; i++) {
        bench_put(b,
                  "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"subject\":{\"reference\":"
                  "\"Patient/p%d\"},\"encounter\":{\"reference\":\"Encounter/e%d\"}}",
                  i, i % 7, i % 9);
    }
    for (int i = 0; i < 60; i++) {
        (void)snprintf(id, sizeof id, "o%d", i);
        assert_int_equal(bench_read(b, "Observation", id, &v), 0);
        assert_true(text_eq(v.id, text_of(id)));
    }
    struct plan_node root = {.kind = PLAN_REFERENCE,
                             .type = fhir_type_of(T("Observation")),
                             .param = bench_param("Observation", "encounter"),
                             .target = FHIR_ENCOUNTER,
                             .value = T("e8")};
    struct plan plan = {.type = fhir_type_of(T("Observation")), .root = &root};
    const char *found = bench_search(b, &plan, 3);
    size_t count = 1;
    for (const char *p = found; *p; p++) {
        count += *p == ' ';
    }
    assert_int_equal(count, 6);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* All that is later than `after`, `most` at a time, of all types or of Group alone. */
static size_t changes(struct bench *b, uint64_t after, size_t most, bool groups, uint64_t *ts)
{
    bool types[256] = {0};
    struct versions found = {.more = true};
    struct arena a;
    size_t count = 0;
    for (unsigned t = 1; t < fhir_type_count(); t++) {
        types[t] = !groups || t == FHIR_GROUP;
    }
    arena_init(&a, 1 << 24);
    while (found.more) {
        struct store_view *view;
        assert_int_equal(
            store_view_begin(b->s, policy_local_administrator(), STORE_SNAPSHOT, &view, NULL), 0);
        assert_int_equal(store_changes(view, after, types, most, &a, &found, NULL), 0);
        store_view_end(view);
        assert_true(found.count == most || !found.more);
        for (size_t i = 0; i < found.count; i++) {
            assert_true(found.items[i].t > after);
            after = ts[count++] = found.items[i].t;
        }
    }
    arena_done(&a);
    return count;
}

/* Each version once and in its order: older ones, deletions, those under a key that is left. */
static void gives_changes_in_order(void **state)
{
    struct bench *b = *state;
    uint64_t all[64], part[64];
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\"}");
    bench_put(b, "{\"resourceType\":\"Group\",\"id\":\"g\",\"type\":\"person\",\"actual\":true}");
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"b\"}");
    for (int i = 0; i < 4; i++) { /* another patient's each time: another key */
        bench_put(b,
                  "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{"
                  "\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/%s\"}}",
                  i % 2 ? "b" : "a");
    }
    bench_delete(b, "Group", "g");
    struct write last =
        bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"a\",\"gender\":\"male\"}");
    size_t count = changes(b, 0, 64, false, all);
    assert_int_equal(count, 9);
    assert_int_equal(all[8], last.t);
    for (size_t most = 1; most < 10; most++) {
        assert_int_equal(changes(b, 0, most, false, part), count);
        assert_memory_equal(part, all, count * sizeof *all);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(changes(b, all[i], 3, false, part), count - 1 - i);
    }
    assert_int_equal(changes(b, 0, 1, true, part), 2);
    assert_int_equal(changes(b, last.t, 1, false, part), 0);
}

static void time_only_grows(void **state)
{
    (void)state;
    uint64_t t = time_next(0, 1000);
    assert_int_equal(t, (uint64_t)1000 << 16);
    assert_int_equal(time_next(t, 1000), t + 1);
    assert_int_equal(time_next(t, 10), t + 1);
    assert_int_equal(time_next(t, -5), t + 1);
    assert_int_equal(time_next(t, 1001), (uint64_t)1001 << 16);
}

/* Each version once, in the order of the commits, whatever the size of the pieces. */
static void follows_all_changes(void **state)
{
    struct bench *b = *state;
    enum { ROUNDS = 5, KINDS = 4, ALL = ROUNDS * KINDS };
    uint64_t expected[ALL];
    size_t n = 0;
    uint64_t choices = store_choices(b->s);
    for (int i = 0; i < ROUNDS; i++) {
        expected[n++] = bench_put(b,
                                  "{\"resourceType\":\"Patient\",\"id\":\"a\",\"birthDate\":"
                                  "\"200%d-01-01\"}",
                                  i)
                            .t;
        expected[n++] = bench_put(b,
                                  "{\"resourceType\":\"Group\",\"id\":\"g%d\",\"type\":"
                                  "\"person\",\"actual\":true}",
                                  i)
                            .t;
        expected[n++] = bench_put(b,
                                  "{\"resourceType\":\"Patient\",\"id\":\"b\",\"birthDate\":"
                                  "\"200%d-01-01\"}",
                                  i)
                            .t;
        expected[n++] = bench_delete(b, "Patient", "b").t;
    }
    assert_int_equal(store_choices(b->s), choices);
    for (size_t most = 1; most <= ALL + 1; most += 3) {
        uint64_t at = 0;
        size_t seen = 0;
        bool more = true;
        while (more) {
            struct store_view *v;
            struct versions found = {0};
            assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
            assert_int_equal(store_changes(v, at, NULL, most, &b->a, &found, &b->e), 0);
            store_view_end(v);
            for (size_t i = 0; i < found.count; i++) {
                assert_true(seen < ALL);
                assert_int_equal(found.items[i].t, expected[seen]);
                assert_int_equal(found.items[i].deleted, seen % KINDS == 3);
                assert_int_equal(found.items[i].vid, seen % KINDS == 1   ? 1
                                                     : seen % KINDS == 0 ? seen / KINDS + 1
                                                     : seen % KINDS == 2 ? 2 * (seen / KINDS) + 1
                                                                         : 2 * (seen / KINDS) + 2);
                at = found.items[i].t;
                seen++;
            }
            more = found.more;
        }
        assert_int_equal(seen, ALL);
    }
    struct write choice = bench_put(b, "{\"resourceType\":\"Consent\",\"id\":\"c\",\"status\":"
                                       "\"active\",\"patient\":{\"reference\":\"Patient/a\"}}");
    assert_int_equal(store_choices(b->s), choice.t);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH(makes_and_reads),
        BENCH(keeps_uuids),
        BENCH(follows_a_life),
        BENCH(expects),
        BENCH(all_or_nothing),
        BENCH(commits_in_two_steps),
        BENCH(decides_conditions),
        BENCH(knows_patients_before_they_exist),
        BENCH(moves),
        BENCH(pages_histories),
        BENCH(knows_what_was_current),
        BENCH(lists_the_past),
        BENCH(snapshots_are_of_their_beginning),
        BENCH(scans),
        BENCH(gives_changes_in_order),
        BENCH(survives_reopening),
        cmocka_unit_test_setup_teardown(names_collide_harmlessly, bench_up_colliding, bench_down),
        BENCH(follows_all_changes),
        cmocka_unit_test(time_only_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
