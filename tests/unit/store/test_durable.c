/* What was acknowledged stays: kills, full disks, copies made while writing, many writers at once.
 */
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "bench.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 8, EACH = 40, ROUNDS = 8 };

struct one_writer {
    struct bench *b;
    unsigned number;
    pthread_t thread;
    unsigned conflicts;
};

static int put_from(struct bench *b, struct arena *a, const char *id, unsigned value,
                    uint64_t expected)
{
    struct write w;
    struct err e;
    text json = arena_printf(a,
                             "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"subject\":{"
                             "\"reference\":\"Patient/p%u\"},\"valueInteger\":%u}",
                             id, value % 3, value);
    if (!sample_make(json.p, json.n, a, &w, &e)) {
        abort();
    }
    w.expect = expected ? EXPECT_VERSION : EXPECT_ANY;
    w.expected_vid = expected;
    struct write_request r = {.writes = &w, .write_count = 1};
    store_commit(b->s, b->all, &r, 1);
    return r.result;
}

static void *write_many(void *context)
{
    struct one_writer *w = context;
    for (unsigned i = 0; i < EACH; i++) {
        struct arena a;
        char id[32];
        arena_init(&a, 1 << 24);
        (void)snprintf(id, sizeof id, "w%u-%u", w->number, i);
        if (put_from(w->b, &a, id, i, 0) != 0) {
            abort();
        }
        /* All want to be the one who makes version i + 2 of the same resource. */
        int rc = put_from(w->b, &a, "shared", w->number * 1000 + i + 1, i + 1);
        if (rc != 0 && rc != ERR_PRECONDITION) {
            abort();
        }
        w->conflicts += rc != 0;
        arena_done(&a);
    }
    return NULL;
}

static void shares_commits(void **state)
{
    struct bench *b = *state;
    struct one_writer w[WRITERS];
    struct version v;
    unsigned conflicts = 0;
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"shared\"}");
    int64_t before = metric_get(METRIC_store_commits_total);
    for (unsigned i = 0; i < WRITERS; i++) {
        w[i] = (struct one_writer){.b = b, .number = i};
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_many, &w[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        (void)pthread_join(w[i].thread, NULL);
        conflicts += w[i].conflicts;
    }
    assert_int_equal(bench_read(b, "Observation", "shared", &v), 0);
    /* Every success made exactly one version. */
    assert_int_equal(v.vid, 1 + WRITERS * EACH - conflicts);
    assert_true(metric_get(METRIC_store_commits_total) - before < 2 * WRITERS * EACH);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* The child tells of each acknowledged write through the pipe, then is killed at any moment. */
static void child_writes(struct bench *b, int to)
{
    bench_open(b);
    for (unsigned i = 0;; i++) {
        struct arena a;
        char id[32];
        arena_init(&a, 1 << 24);
        (void)snprintf(id, sizeof id, "k%d-%u", (int)getpid(), i);
        if (put_from(b, &a, id, i, 0) != 0 || write(to, id, sizeof id) != (ssize_t)sizeof id) {
            _exit(1);
        }
        arena_done(&a);
    }
}

static void survives_kills(void **state)
{
    struct bench *b = *state;
    struct prng p;
    uint64_t seed = (uint64_t)clock_mono_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    prng_seed(&p, seed);
    bench_close(b);
    size_t all = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            child_writes(b, ends[1]);
        }
        (void)close(ends[1]);
        (void)usleep(30000 + (unsigned)prng_below(&p, 120000));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        char id[32];
        bench_open(b);
        while (read(ends[0], id, sizeof id) == (ssize_t)sizeof id) {
            struct version v;
            if (bench_read(b, "Observation", id, &v)) {
                fail_msg("%s was acknowledged and is lost", id);
            }
            all++;
        }
        (void)close(ends[0]);
        assert_int_equal(bench_check(b, NULL, 0), 0);
        bench_close(b);
    }
    print_message("%zu acknowledged writes, none lost\n", all);
    assert_true(all > 0);
}

static void copies_while_writing(void **state)
{
    struct bench *b = *state;
    struct one_writer w = {.b = b, .number = 1};
    char file[300];
    struct version v;
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"shared\"}");
    (void)snprintf(file, sizeof file, "%s/copy", b->dir);
    assert_int_equal(pthread_create(&w.thread, NULL, write_many, &w), 0);
    assert_int_equal(store_backup(b->dir, file, &b->e), 0);
    assert_int_equal(store_backup(b->dir, file, &b->e), ERR_CONFLICT);
    (void)pthread_join(w.thread, NULL);
    struct bench other = {.all = b->all};
    arena_init(&other.a, 1 << 26);
    (void)snprintf(other.dir, sizeof other.dir, "%.200s-restored", b->dir);
    assert_int_equal(store_restore(file, other.dir, &b->e), 0);
    assert_int_equal(store_restore(file, other.dir, &b->e), ERR_CONFLICT);
    bench_open(&other);
    assert_int_equal(bench_read(&other, "Observation", "shared", &v), 0);
    assert_int_equal(bench_check(&other, NULL, 0), 0);
    bench_put(&other, "{\"resourceType\":\"Patient\",\"id\":\"new\"}");
    bench_close(&other);
    bench_remove_folder(&other);
    FILE *f = fopen(file, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 8192 * 3, SEEK_SET), 0);
    for (int i = 0; i < 8192; i++) {
        (void)fputc(0xff, f);
    }
    (void)fclose(f);
    assert_int_equal(store_restore(file, other.dir, &b->e), ERR_CORRUPT);
    arena_done(&other.a);
}

static void survives_a_full_disk(void **state)
{
    (void)state;
    struct bench b = {.all = policy_local_administrator()};
    struct version v;
    char ballast[300];
    arena_init(&b.a, (size_t)1 << 30);
    bench_make_folder(&b);
    if (mount("tmpfs", b.dir, "tmpfs", 0, "size=8m") != 0) {
        print_message("skipped: a small file system cannot be mounted here\n");
        bench_remove_folder(&b);
        arena_done(&b.a);
        skip();
    }
    struct store_identity identity = {T("X26"), T("Full")};
    assert_int_equal(store_create(b.dir, &identity, &b.e), 0);
    bench_open(&b);
    (void)snprintf(ballast, sizeof ballast, "%s/ballast", b.dir);
    FILE *f = fopen(ballast, "wb");
    assert_non_null(f);
    for (int i = 0; i < 3 << 20; i++) {
        (void)fputc(i & 255, f);
    }
    (void)fclose(f);
    unsigned stored = 0;
    int rc = 0;
    struct prng p;
    prng_seed(&p, 7);
    while (rc == 0 && stored < 20000) {
        char noise[4001];
        for (size_t i = 0; i < 4000; i++) {
            noise[i] = (char)('a' + prng_below(&p, 26));
        }
        noise[4000] = '\0';
        struct write w = bench_write(
            &b, "{\"resourceType\":\"Observation\",\"id\":\"f%u\",\"valueString\":\"%s\"}", stored,
            noise);
        rc = bench_commit(&b, &w, 1);
        stored += rc == 0;
    }
    assert_int_equal(rc, ERR_FULL);
    assert_true(store_is_full(b.s));
    assert_int_equal(metric_get(METRIC_store_full), 1);
    for (unsigned i = 0; i < stored; i += 7) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%u", i);
        assert_int_equal(bench_read(&b, "Observation", id, &v), 0);
    }
    assert_int_equal(unlink(ballast), 0);
    bench_put(&b, "{\"resourceType\":\"Observation\",\"id\":\"after\"}");
    assert_false(store_is_full(b.s));
    assert_int_equal(bench_check(&b, NULL, 0), 0);
    bench_close(&b);
    bench_open(&b);
    assert_int_equal(bench_check(&b, NULL, 0), 0);
    bench_close(&b);
    assert_int_equal(umount(b.dir), 0);
    bench_remove_folder(&b);
    arena_done(&b.a);
}

/* Enough bodies for a dictionary: the store gets smaller, and everything can still be read. */
static void learns_a_dictionary(void **state)
{
    struct bench *b = *state;
    struct version v;
    int first = (int)bench_number(b, "SELECT count(*) FROM dictionary");
    /* Enough for two at once: the third is trained while bodies are packed anew with the second. */
    enum { MANY = 12500, TRAINED = 2 };
    struct write *writes = calloc(MANY, sizeof *writes);
    assert_non_null(writes);
    for (unsigned i = 0; i < MANY; i++) {
        writes[i] = bench_write(
            b,
            "{\"resourceType\":\"Observation\",\"id\":\"d%u\",\"status\":\"final\",\"subject\":{"
            "\"reference\":\"Patient/p%u\"},\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
            "\"code\":\"%u-1\",\"display\":\"Something measured\"}]},\"effectiveDateTime\":"
            "\"2020-01-%02u\",\"valueQuantity\":{\"value\":%u,\"unit\":\"mmHg\"}}",
            i, i % 9, i % 50, i % 28 + 1, i * 7);
    }
    assert_int_equal(bench_commit(b, writes, MANY), 0);
    free(writes);
    /* Trained, made durable, and the bodies from before packed anew, all without another write. */
    int before = (int)bench_number(b, "SELECT sum(length(body)) FROM resource");
    const char *done = "SELECT (SELECT count(*) FROM dictionary) * 2 + (SELECT value = 0 FROM meta"
                       " WHERE key = 'repack')";
    for (int i = 0; i < 1200 && (int)bench_number(b, done) < (first + TRAINED) * 2 + 1; i++) {
        (void)usleep(50000);
    }
    assert_int_equal((int)bench_number(b, "SELECT count(*) FROM dictionary"), first + TRAINED);
    assert_true((int)bench_number(b, "SELECT sum(length(body)) FROM resource") < before * 9 / 10);
    bench_close(b);
    bench_open(b);
    for (unsigned i = 0; i < MANY; i += 11) {
        char id[16];
        (void)snprintf(id, sizeof id, "d%u", i);
        assert_int_equal(bench_read(b, "Observation", id, &v), 0);
    }
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/*
 * Views that nobody uses keep what they see, so that reading takes no locks. Still the next read
 * sees what has just been acknowledged, and the write-ahead log does not grow for ever behind them.
 */
static void idle_views_neither_lag_nor_hold_up(void **state)
{
    enum { ROUNDS_MANY = 300, BATCH = 40, SIZE = 6000, MOST_WAL = 40 << 20 };
    struct bench *b = *state;
    struct prng random;
    char path[300];
    char filler[SIZE + 1];
    uint64_t written = 0;
    off_t largest = 0;
    prng_seed(&random, 1);
    (void)snprintf(path, sizeof path, "%s/store.db-wal", b->dir);
    for (unsigned round = 1; round <= ROUNDS_MANY; round++) {
        struct write writes[BATCH];
        struct version v;
        struct stat info;
        arena_reset(&b->a);
        for (unsigned i = 0; i < BATCH; i++) {
            for (unsigned k = 0; k < SIZE; k++) {
                filler[k] = (char)('0' + prng_below(&random, 64));
                filler[k] = filler[k] == '\\' ? '_' : filler[k];
            }
            filler[SIZE] = '\0';
            writes[i] = bench_write(
                b, "{\"resourceType\":\"Observation\",\"id\":\"o%u\",\"valueString\":\"%s\"}", i,
                filler);
            written += SIZE;
        }
        assert_int_equal(bench_commit(b, writes, BATCH), 0);
        assert_int_equal(bench_read(b, "Observation", "o7", &v), 0);
        assert_int_equal(v.vid, round);
        assert_int_equal(stat(path, &info), 0);
        largest = info.st_size > largest ? info.st_size : largest;
    }
    assert_true(written > (uint64_t)MOST_WAL);
    assert_in_range(largest, 1, MOST_WAL);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH(shares_commits),       BENCH(survives_kills),
        BENCH(copies_while_writing), cmocka_unit_test(survives_a_full_disk),
        BENCH(learns_a_dictionary),  BENCH(idle_views_neither_lag_nor_hold_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
