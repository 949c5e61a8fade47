/* store_check() sees damage of every kind, and says which invariant it breaks (docs/storage.md). */
#include "bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static void put_some(struct bench *b)
{
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"family\":\"Ash\"}],"
                 "\"identifier\":[{\"system\":\"urn:a\",\"value\":\"1\"}]}");
    bench_put(b, "{\"resourceType\":\"Organization\",\"id\":\"g\",\"name\":\"Practice\"}");
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o\",\"subject\":{\"reference\":"
                 "\"Patient/q\"},\"encounter\":{\"reference\":\"Encounter/e\"}}");
    for (int i = 0; i < 3; i++) {
        bench_put(
            b,
            "{\"resourceType\":\"Observation\",\"id\":\"o\",\"subject\":{\"reference\":"
            "\"Patient/p\"},\"encounter\":{\"reference\":\"Encounter/e\"},\"status\":\"final\","
            "\"code\":{\"coding\":[{\"system\":\"urn:l\",\"code\":\"x\",\"display\":\"A thing\"}"
            "]},\"effectiveDateTime\":\"2020-01-0%d\",\"valueString\":\"number %d\"}",
            i + 1, i);
    }
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"gone\"}");
    bench_delete(b, "Patient", "gone");
    bench_wait_for_words(b);
}

static void damage(struct bench *b, const char *sql)
{
    char path[300];
    sqlite3 *db = NULL;
    char *words = NULL;
    bench_close(b);
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &words) != SQLITE_OK) {
        fail_msg("%s: %s", sql, words);
    }
    if (sqlite3_total_changes(db) == 0) {
        fail_msg("%s: changes nothing", sql);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    bench_open(b);
}

static const struct {
    const char *sql;
    const char *invariant;
} kinds[] = {
    {"DELETE FROM idx WHERE param & 255 < 240 AND value = (SELECT value FROM idx WHERE param & 255"
     " < 240 LIMIT 1)",
     "I7 "},
    {"INSERT INTO idx SELECT param, x'7a7a', rid, NULL FROM idx WHERE param & 255 < 240 LIMIT 1",
     "I7 "},
    {"DELETE FROM idx WHERE param & 255 = 240 AND rid = (SELECT max(rid) FROM resource WHERE"
     " body IS NOT NULL)",
     "I8 "},
    {"DELETE FROM idx WHERE param & 255 = 241", "I8 "},
    {"INSERT INTO idx SELECT param, x'0000000000000001', rid, NULL FROM idx WHERE param & 255 = 241"
     " LIMIT 1",
     "I8 "},
    {"UPDATE resource SET body = CAST(substr(body, 1, length(body) - 4) || x'01020304' AS BLOB)"
     " WHERE body IS NOT NULL",
     "I6 "},
    {"UPDATE history SET body = x'00' WHERE body IS NOT NULL", "I6 "},
    {"DELETE FROM name WHERE rid = (SELECT max(rid) FROM resource)", "I3 "},
    {"INSERT INTO name VALUES(12345, 99, NULL)", "I3 "},
    {"INSERT INTO name VALUES(12345, 0, x'016162')", "I3 "},
    {"UPDATE resource SET vid = vid + 1 WHERE rid = (SELECT max(rid) FROM resource)", "I4 "},
    {"DELETE FROM history WHERE t = (SELECT max(t) FROM history)", "I4 "},
    {"INSERT INTO history VALUES(77, 4711, 1, NULL)", "I4 "},
    {"UPDATE resource SET t = (SELECT max(t) FROM history)"
     " WHERE rid = (SELECT max(rid) FROM resource)",
     "I5 "},
    {"UPDATE resource SET rid = (1030 << 28) | 5 WHERE rid = (SELECT max(rid) FROM resource)",
     "I2 "},
    {"UPDATE resource SET rid = rid + (1 << 28) WHERE rid = (SELECT rid FROM history"
     " GROUP BY rid HAVING count(*) > 1)",
     "I9 "},
    {"UPDATE moved SET new_rid = 4711", "I10 "},
    {"DELETE FROM idx WHERE param & 255 = 243", "I7 "},
    {"UPDATE idx SET w = w + 4 WHERE w IS NOT NULL", "I7 "},
    {"UPDATE idx SET w = 4 WHERE param & 255 = 240", "I8 "},
    {"UPDATE resource SET w = w + 4 WHERE w IS NOT NULL", "I7 "},
    {"DELETE FROM term", "I11 "},
    {"INSERT INTO term VALUES(0, CAST('surn:zero' AS BLOB))", "I11 "},
    {"INSERT INTO term VALUES(536870911, CAST('uunit' AS BLOB))", "I11 "},
    {"DELETE FROM display", "I15 "},
    {"INSERT INTO words_all(words_all) VALUES('delete-all')", "I16 "},
    {"INSERT INTO words_all(rowid, words) SELECT max(t), 'surplus' FROM resource"
     " WHERE body IS NOT NULL",
     "I16 "},
    {"UPDATE meta SET value = 1024 WHERE key = 'compartment'", "I12 "},
};

static void sees_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        void *up = NULL;
        char seen[4096];
        assert_int_equal(bench_up(&up), 0);
        struct bench *b = up;
        put_some(b);
        assert_int_equal(bench_check(b, seen, sizeof seen), 0);
        damage(b, kinds[i].sql);
        if (bench_check(b, seen, sizeof seen) == 0 || !strstr(seen, kinds[i].invariant)) {
            fail_msg("%s: found %s, not %s", kinds[i].sql, seen, kinds[i].invariant);
        }
        assert_int_equal(bench_down(&up), 0);
    }
}

/* Bytes of a page of the file itself. */
/* Of a body that cannot be read nobody knows which entries it gives. */
static void reindex_leaves_what_cannot_be_read(void **state)
{
    struct bench *b = *state;
    struct store_reindex status = {0};
    uint64_t number = 0;
    put_some(b);
    int64_t before = bench_number(b, "SELECT count(*) FROM idx");
    damage(b, "UPDATE resource SET body = CAST(substr(body, 1, length(body) - 4) || x'01020304' AS"
              " BLOB) WHERE body IS NOT NULL");
    assert_int_equal(store_reindex(b->s, b->all, 0, &number, &b->e), 0);
    do {
        (void)usleep(1000);
        store_reindex_status(b->s, &status);
    } while (status.running);
    assert_int_equal(status.stale, 0);
    assert_int_equal(bench_number(b, "SELECT count(*) FROM idx"), before);
}

static void sees_a_damaged_page(void **state)
{
    struct bench *b = *state;
    char path[300];
    char seen[65536];
    for (int i = 0; i < 400; i++) {
        bench_put(b,
                  "{\"resourceType\":\"Patient\",\"id\":\"x%d\",\"name\":[{\"family\":\"n%d\"}]}",
                  i, i);
    }
    bench_close(b);
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    for (long at = 8192L * 12 + 16; at < size; at += 8192) {
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        assert_int_equal(fwrite("\xff\xff\xff\xff\xff\xff\xff\xff", 1, 8, f), 8);
    }
    assert_int_equal(fclose(f), 0);
    struct store_config config = {.dir = b->dir, .mode = STORE_LOOK};
    if (store_open(&config, &b->s, &b->e) == 0) {
        assert_true(bench_check(b, seen, sizeof seen) > 0);
        assert_non_null(strstr(seen, "I1 "));
    }
}

/* A newer one, and the first, of which a store has to be moved by an export. */
static void refuses_another_schema(void **state)
{
    static const struct {
        const char *sql;
        const char *words[3];
    } cases[] = {
        {"UPDATE meta SET value = 99 WHERE key = 'schema'", {"99", "newer", "use that one"}},
        {"UPDATE meta SET value = 1 WHERE key = 'schema'",
         {"schema 1", "kith export", "kith import"}},
    };
    struct bench *b = *state;
    char path[300];
    bench_close(b);
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        (void)sqlite3_close(db);
        struct store_config config = {.dir = b->dir, .mode = STORE_SERVE};
        assert_int_equal(store_open(&config, &b->s, &b->e), ERR_NOT_SUPPORTED);
        for (size_t k = 0; k < 3; k++) {
            assert_non_null(strstr(b->e.detail, cases[i].words[k]));
        }
    }
}

/* A shared compartment of one type is full: the next takes the rest. A patient's is refused. */
static void spills_over(void **state)
{
    struct bench *b = *state;
    struct version v;
    bench_put(b, "{\"resourceType\":\"Organization\",\"id\":\"g\"}");
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o\",\"subject\":{\"reference\":"
                 "\"Patient/p\"}}");
    damage(b, "INSERT INTO resource SELECT rid | 1048575, x'71', 1, 1, NULL, NULL FROM resource");
    bench_put(b, "{\"resourceType\":\"Organization\",\"id\":\"h\"}");
    assert_int_equal(bench_read(b, "Organization", "h", &v), 0);
    assert_int_equal(v.rid >> 28, 1);
    struct write w[2] = {
        bench_write(b, "{\"resourceType\":\"Organization\",\"id\":\"i\"}"),
        bench_write(b, "{\"resourceType\":\"Observation\",\"id\":\"o2\",\"subject\":{\"reference\":"
                       "\"Patient/p\"}}")};
    assert_int_equal(bench_commit(b, w, 2), ERR_BUSINESS_RULE);
    assert_int_equal(bench_read(b, "Organization", "i", &v), ERR_NOT_FOUND);
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o2\",\"subject\":{\"reference\":"
                 "\"Patient/other\"}}");
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_damage),
        BENCH(reindex_leaves_what_cannot_be_read),
        BENCH(sees_a_damaged_page),
        BENCH(refuses_another_schema),
        BENCH(spills_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
