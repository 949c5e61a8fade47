/* Full text: it comes behind the writing, in order of time, and survives whatever ends the writer.
 */
#include "base/clock.h"
#include "base/random.h"
#include "bench.h"
#include "store/inner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_note(struct bench *b, const char *id, const char *note, const char *narrative)
{
    bench_put(b,
              "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"text\":{\"status\":\"generated\","
              "\"div\":\"<div xmlns='http://www.w3.org/1999/xhtml'>%s</div>\"},\"note\":[{\"text\":"
              "\"%s\"}]}",
              id, narrative, note);
}

/* The versions that have the words, upwards; their number. */
static size_t having(struct bench *b, bool narrative, const char *words, uint64_t *ret_t,
                     size_t most)
{
    struct store_view *v = NULL;
    struct db_cursor *c = NULL;
    size_t count = 0;
    uint64_t t = 0;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    assert_int_equal(db_words_open(v->db, narrative, text_of(words), &c), 0);
    while (db_words_next(c, &t) == 0) {
        assert_true(count < most);
        assert_true(count == 0 || t > ret_t[count - 1]);
        ret_t[count++] = t;
    }
    db_cursor_close(c);
    store_view_end(v);
    return count;
}

static void finds_words(void **state)
{
    struct bench *b = *state;
    uint64_t t[8];
    struct version v;
    put_note(b, "a", "Walks 5km daily, na\xc3\xafve", "<p>Never smoked</p>");
    put_note(b, "b", "Never walks", "quiet");
    put_note(b, "c", "\xe6\x97\xa5\xe6\x9c\xac <5%", "Quiet");
    bench_wait_for_words(b);
    assert_int_equal(having(b, false, "walks", t, 8), 2);
    assert_int_equal(having(b, false, "walks never", t, 8), 2);
    assert_int_equal(having(b, true, "walks never", t, 8), 0);
    assert_int_equal(having(b, true, "never smoked", t, 8), 1);
    assert_int_equal(bench_read(b, "Observation", "a", &v), 0);
    assert_int_equal(t[0], v.t);
    assert_int_equal(having(b, false, "naive", t, 8), 1);
    assert_int_equal(having(b, false, "wal", t, 8), 0);
    assert_int_equal(having(b, false, "\xe6\x97\xa5\xe6\x9c\xac", t, 8), 1);
    assert_int_equal(having(b, true, "quiet", t, 8), 2);
    /* Not operators, and not the ends of anything. */
    assert_int_equal(having(b, false, "not or and", t, 8), 0);
    assert_int_equal(having(b, false, "a\"b", t, 8), 0);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void follows_updates(void **state)
{
    struct bench *b = *state;
    uint64_t t[8];
    struct version v;
    put_note(b, "a", "oak", "x");
    bench_wait_for_words(b);
    put_note(b, "a", "elm", "x");
    bench_wait_for_words(b);
    assert_int_equal(bench_read(b, "Observation", "a", &v), 0);
    assert_int_equal(having(b, false, "elm", t, 8), 1);
    assert_int_equal(t[0], v.t);
    /* What is no longer so names a version that is not current. */
    for (size_t i = having(b, false, "oak", t, 8); i > 0; i--) {
        assert_true(t[i - 1] < v.t);
    }
    bench_delete(b, "Observation", "a");
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* How many observations a search for words of the narrative finds. */
static uint64_t searched(struct bench *b, struct store_view *v, text words)
{
    fhir_type type = fhir_type_of(T("Observation"));
    struct plan_node root = {.kind = PLAN_WORDS, .type = type, .value = words, .narrative = true};
    struct plan plan = {.type = type, .root = &root};
    struct versions found;
    uint64_t total = 0;
    assert_int_equal(store_search(v, &plan, 0, T(""), &b->a, &found, &total, NULL, &b->e), 0);
    return total;
}

/* The mark never passes a version that the words do not have, and a search finds those behind it,
 * too: at any moment, under load. */
static void comes_in_order(void **state)
{
    enum { MANY = 3000, EACH = 100 };
    unsigned behind = 0;
    unsigned observations = 0;
    struct bench *b = *state;
    struct write writes[EACH];
    static uint64_t t[MANY];
    for (unsigned i = 0; i < MANY; i += EACH) {
        arena_reset(&b->a);
        for (unsigned k = 0; k < EACH; k++) {
            observations += k % 3 != 0;
            writes[k] = bench_write(b,
                                    "{\"resourceType\":\"%s\",\"id\":\"n%u\",\"text\":{\"status\":"
                                    "\"generated\",\"div\":\"<div>word</div>\"}}",
                                    k % 3 ? "Observation" : "Patient", i + k);
        }
        assert_int_equal(bench_commit(b, writes, EACH), 0);
        struct store_view *v = NULL;
        struct db_cursor *c = NULL;
        uint64_t mark = 0;
        uint64_t at = 0;
        size_t count = 0;
        char sql[100];
        assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
        assert_int_equal(words_until(v->db, &mark), 0);
        assert_int_equal(db_words_open(v->db, true, T("word"), &c), 0);
        while (db_words_next(c, &at) == 0) {
            count += at <= mark;
        }
        db_cursor_close(c);
        assert_int_equal(searched(b, v, T("word")), observations);
        assert_int_equal(searched(b, v, T("other")), 0);
        behind += count < i + EACH;
        store_view_end(v);
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM resource WHERE t <= %llu",
                       (unsigned long long)mark);
        assert_int_equal(count, bench_number(b, sql));
    }
    assert_true(behind > 0);
    bench_wait_for_words(b);
    assert_int_equal(having(b, true, "word", t, MANY), MANY);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* A few long texts take more than one piece of time, and are fewer than are worth a commit when a
 * request interrupts: they must be written all the same, or the words would never end. */
static void few_long_ones(void **state)
{
    enum { LONG = 30, EACH = 1000000 };
    struct bench *b = *state;
    uint64_t t[LONG];
    char *note = malloc(EACH + 1);
    assert_non_null(note);
    for (size_t i = 0; i < EACH; i++) {
        note[i] = i % 8 == 7 ? ' ' : (char)('a' + (i * 7 + i / 8 * 3) % 26);
    }
    note[EACH] = '\0';
    for (unsigned i = 0; i < LONG; i++) {
        char id[8];
        arena_reset(&b->a);
        (void)snprintf(id, sizeof id, "long%u", i);
        put_note(b, id, note, "lengthy");
    }
    free(note);
    bench_wait_for_words(b);
    assert_int_equal(having(b, true, "lengthy", t, LONG), LONG);
}

static void write_and_index(struct bench *b)
{
    bench_open(b);
    for (unsigned i = 0;; i++) {
        arena_reset(&b->a);
        struct write w = bench_write(b,
                                     "{\"resourceType\":\"Observation\",\"id\":\"k%d-%u\",\"note\":"
                                     "[{\"text\":\"killed number %u\"}]}",
                                     (int)getpid(), i, i);
        if (bench_commit(b, &w, 1)) {
            _exit(1);
        }
        if (i % 50 == 49) {
            (void)usleep(30000); /* it rests, so words come */
        }
    }
}

/* After a kill at any moment it goes on where it was: nothing is missing, nothing is there twice.
 */
static void survives_kills(void **state)
{
    enum { ROUNDS = 6 };
    struct bench *b = *state;
    struct prng p;
    uint64_t seed = (uint64_t)clock_mono_ns();
    uint64_t partly = 0;
    print_message("seed %llu\n", (unsigned long long)seed);
    prng_seed(&p, seed);
    bench_close(b);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            write_and_index(b);
        }
        (void)usleep(150000 + (unsigned)prng_below(&p, 150000));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        partly += (uint64_t)bench_number(b, "SELECT count(*) FROM meta WHERE key = 'words'");
        bench_open(b);
        assert_int_equal(bench_check(b, NULL, 0), 0);
        bench_wait_for_words(b);
        assert_int_equal(bench_check(b, NULL, 0), 0);
        assert_int_equal(
            bench_number(b, "SELECT count(*) FROM words_all_terms WHERE term = 'killed'"),
            bench_number(b, "SELECT count(*) FROM resource"));
        bench_close(b);
    }
    assert_true(partly > 0);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH(finds_words),   BENCH(follows_updates), BENCH(comes_in_order),
        BENCH(few_long_ones), BENCH(survives_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
