/* What a node keeps for itself: durable, all or nothing, one process at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct desk {
    char dir[200];
    char path[256];
    struct kept *k;
    struct arena a;
    struct err e;
};

static int up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(d);
    (void)snprintf(d->dir, sizeof d->dir, "%s/kith-kept-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(d->dir));
    (void)snprintf(d->path, sizeof d->path, "%s/kept.db", d->dir);
    arena_init(&d->a, (size_t)1 << 28);
    assert_int_equal(kept_open(d->path, &d->k, &d->e), 0);
    *state = d;
    return 0;
}

static int down(void **state)
{
    struct desk *d = *state;
    kept_close(d->k);
    DIR *dir = opendir(d->dir);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", d->dir, entry->d_name);
        (void)unlink(path);
    }
    if (dir) {
        (void)closedir(dir);
    }
    (void)rmdir(d->dir);
    arena_done(&d->a);
    free(d);
    return 0;
}

static int change(struct desk *d, enum kept_change_kind how, const char *kind, const char *key,
                  const char *value, const char *was)
{
    struct kept_change c = {how, kind, text_of(key), text_of(value), text_of(was)};
    return kept_write(d->k, &c, 1, NULL, &d->e);
}

/* "-" stands for none. */
static const char *get(struct desk *d, const char *kind, const char *key)
{
    text value;
    int rc = kept_get(d->k, kind, text_of(key), &d->a, &value, &d->e);
    if (rc == ERR_NOT_FOUND) {
        return "-";
    }
    assert_int_equal(rc, 0);
    text copy = arena_printf(&d->a, "%.*s", TEXT_ARG(value));
    return copy.p;
}

static void reopen(struct desk *d)
{
    kept_close(d->k);
    assert_int_equal(kept_open(d->path, &d->k, &d->e), 0);
}

static void keeps_what_is_written(void **state)
{
    struct desk *d = *state;
    assert_int_equal(change(d, KEPT_PUT, "account", "a", "1", ""), 0);
    assert_int_equal(change(d, KEPT_PUT, "account", "b", "", ""), 0);
    assert_int_equal(change(d, KEPT_PUT, "key", "a", "other kind", ""), 0);
    reopen(d);
    assert_string_equal(get(d, "account", "a"), "1");
    assert_string_equal(get(d, "account", "b"), "");
    assert_string_equal(get(d, "key", "a"), "other kind");
    assert_string_equal(get(d, "account", "c"), "-");
    assert_int_equal(change(d, KEPT_DELETE, "account", "a", "", ""), 0);
    assert_int_equal(change(d, KEPT_DELETE, "account", "never", "", ""), 0);
    reopen(d);
    assert_string_equal(get(d, "account", "a"), "-");
}

static void adds_and_swaps_only_what_fits(void **state)
{
    struct desk *d = *state;
    assert_int_equal(change(d, KEPT_ADD, "token", "t", "1", ""), 0);
    assert_int_equal(change(d, KEPT_ADD, "token", "t", "2", ""), ERR_CONFLICT);
    assert_int_equal(change(d, KEPT_SWAP, "token", "t", "2", "0"), ERR_CONFLICT);
    assert_int_equal(change(d, KEPT_SWAP, "token", "none", "2", ""), ERR_CONFLICT);
    assert_string_equal(get(d, "token", "t"), "1");
    assert_int_equal(change(d, KEPT_SWAP, "token", "t", "2", "1"), 0);
    assert_string_equal(get(d, "token", "t"), "2");
}

static void is_all_or_nothing(void **state)
{
    struct desk *d = *state;
    struct kept_change c[] = {
        {KEPT_PUT, "x", T("1"), T("new"), T("")},
        {KEPT_ADD, "x", T("2"), T("new"), T("")},
        {KEPT_SWAP, "x", T("3"), T("new"), T("old")},
        {KEPT_DELETE, "x", T("1"), T(""), T("")},
    };
    size_t at = 0;
    assert_int_equal(kept_write(d->k, c, 4, &at, &d->e), ERR_CONFLICT);
    assert_int_equal(at, 2);
    assert_string_equal(get(d, "x", "1"), "-");
    assert_string_equal(get(d, "x", "2"), "-");
    assert_int_equal(change(d, KEPT_PUT, "x", "3", "old", ""), 0);
    assert_int_equal(kept_write(d->k, c, 4, &at, &d->e), 0);
    assert_true(at == SIZE_MAX);
    assert_string_equal(get(d, "x", "1"), "-");
    assert_string_equal(get(d, "x", "2"), "new");
    assert_string_equal(get(d, "x", "3"), "new");
}

struct seen {
    struct arena *a;
    text all;
    size_t count;
    size_t most;
};

static int see(void *context, text key, text value)
{
    struct seen *s = context;
    s->all = arena_printf(s->a, "%.*s%.*s=%.*s ", TEXT_ARG(s->all), TEXT_ARG(key), TEXT_ARG(value));
    return ++s->count == s->most ? 7 : 0;
}

static int count(void *context, text key, text value)
{
    struct seen *s = context;
    text number = text_from(key, 1);
    s->count += text_eq(number, value);
    return 0;
}

static void goes_through_prefixes(void **state)
{
    struct desk *d = *state;
    static const char *const keys[] = {"b", "a", "ab", "a\xFF", "a\xFFz", "\xFF", "\xFF\xFF"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_int_equal(change(d, KEPT_PUT, "k", keys[i], "v", ""), 0);
    }
    assert_int_equal(change(d, KEPT_PUT, "other", "a", "v", ""), 0);
    static const struct {
        const char *prefix;
        size_t most;
        const char *found;
        int answer;
    } cases[] = {
        {"", 0, "a=v ab=v a\xFF=v a\xFFz=v b=v \xFF=v \xFF\xFF=v ", 0},
        {"a", 0, "a=v ab=v a\xFF=v a\xFFz=v ", 0},
        {"a", 2, "a=v ab=v ", 7},
        {"a\xFF", 0, "a\xFF=v a\xFFz=v ", 0},
        {"\xFF", 0, "\xFF=v \xFF\xFF=v ", 0},
        {"c", 0, "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen s = {.a = &d->a, .all = T(""), .most = cases[i].most};
        int rc = kept_each(d->k, "k", text_of(cases[i].prefix), see, &s, &d->e);
        assert_int_equal(rc, cases[i].answer);
        assert_true(text_eq(s.all, text_of(cases[i].found)));
    }
}

static void keeps_ten_thousand(void **state)
{
    enum { ALL = 10000, AT_ONCE = 500 };
    struct desk *d = *state;
    struct kept_change c[AT_ONCE];
    for (unsigned i = 0; i < ALL; i += AT_ONCE) {
        for (unsigned k = 0; k < AT_ONCE; k++) {
            text key = arena_printf(&d->a, "%c%05u", 'a' + (i + k) % 10, i + k);
            c[k] = (struct kept_change){KEPT_ADD, "many", key, text_from(key, 1), T("")};
        }
        assert_int_equal(kept_write(d->k, c, AT_ONCE, NULL, &d->e), 0);
    }
    reopen(d);
    struct seen s = {.a = &d->a};
    assert_int_equal(kept_each(d->k, "many", T(""), count, &s, &d->e), 0);
    assert_int_equal(s.count, ALL);
    s.count = 0;
    assert_int_equal(kept_each(d->k, "many", T("c"), count, &s, &d->e), 0);
    assert_int_equal(s.count, ALL / 10);
    assert_string_equal(get(d, "many", "d00003"), "00003");
}

/* --- processes ----------------------------------------------------------------------------- */

static int in_child(struct desk *d, int (*run)(struct desk *d))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(run(d));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int tries_to_write(struct desk *d)
{
    struct kept *k = NULL;
    return kept_open(d->path, &k, &d->e) == ERR_CONFLICT ? 0 : 1;
}

static int looks(struct desk *d)
{
    struct kept *k = NULL;
    text value;
    struct kept_change c = {KEPT_PUT, "x", T("1"), T("2"), T("")};
    if (kept_look(d->path, &k, &d->e) || kept_get(k, "x", T("1"), &d->a, &value, &d->e) ||
        !text_eq(value, T("here"))) {
        return 1;
    }
    return kept_write(k, &c, 1, NULL, &d->e) == ERR_NOT_SUPPORTED ? 0 : 2;
}

static void one_process_writes(void **state)
{
    struct desk *d = *state;
    assert_int_equal(change(d, KEPT_PUT, "x", "1", "here", ""), 0);
    assert_int_equal(in_child(d, tries_to_write), 0);
    assert_int_equal(in_child(d, looks), 0);
    assert_string_equal(get(d, "x", "1"), "here");
    assert_int_equal(change(d, KEPT_PUT, "x", "1", "again", ""), 0);
    struct stat info;
    assert_int_equal(stat(d->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

/* A writer that is killed between two changes; what it said was kept is there. */
static void survives_kills(void **state)
{
    struct desk *d = *state;
    for (int round = 0; round < 4; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        kept_close(d->k);
        d->k = NULL;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            if (kept_open(d->path, &d->k, &d->e)) {
                _exit(1);
            }
            for (unsigned i = 0;; i++) {
                char value[16];
                (void)snprintf(value, sizeof value, "%u", i);
                struct kept_change c[] = {{KEPT_PUT, "n", T("one"), text_of(value), T("")},
                                          {KEPT_PUT, "n", T("two"), text_of(value), T("")}};
                if (kept_write(d->k, c, 2, NULL, &d->e) || write(ends[1], &i, sizeof i) < 0) {
                    _exit(1);
                }
            }
        }
        (void)close(ends[1]);
        unsigned last = 0;
        for (int i = 0; i < 20 + round * 7; i++) {
            assert_int_equal(read(ends[0], &last, sizeof last), sizeof last);
        }
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        while (read(ends[0], &last, sizeof last) == sizeof last) {
        }
        (void)close(ends[0]);
        assert_int_equal(kept_open(d->path, &d->k, &d->e), 0);
        assert_true(strtoul(get(d, "n", "one"), NULL, 10) >= last);
        assert_string_equal(get(d, "n", "one"), get(d, "n", "two"));
    }
}

/* --- files that are not ours --------------------------------------------------------------- */

static void spoil(struct desk *d, off_t at, const char *bytes, size_t n)
{
    int file = open(d->path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, n, at), n);
    (void)close(file);
}

static void refuses_what_is_damaged(void **state)
{
    struct desk *d = *state;
    struct kept *other = NULL;
    char zeros[3000] = {0};
    char path[300];
    (void)snprintf(path, sizeof path, "%s/none.db", d->dir);
    assert_int_equal(kept_look(path, &other, &d->e), ERR_NOT_FOUND);
    memset(zeros, 0x5A, sizeof zeros);
    for (unsigned i = 0; i < 300; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        assert_int_equal(change(d, KEPT_PUT, "x", key, "a value of some length for pages", ""), 0);
    }
    kept_close(d->k);
    d->k = NULL;
    spoil(d, 4096, zeros, sizeof zeros);
    assert_int_equal(kept_open(d->path, &d->k, &d->e), ERR_CORRUPT);
    spoil(d, 0, zeros, 100);
    assert_int_equal(kept_open(d->path, &d->k, &d->e), ERR_CORRUPT);
    assert_int_equal(kept_look(d->path, &other, &d->e), ERR_CORRUPT);
}

static void refuses_another_schema(void **state)
{
    struct desk *d = *state;
    kept_close(d->k);
    d->k = NULL;
    spoil(d, 60, "\0\0\0\2", 4); /* where SQLite keeps user_version */
    assert_int_equal(kept_open(d->path, &d->k, &d->e), ERR_NOT_SUPPORTED);
    spoil(d, 60, "\0\0\0\1", 4);
    assert_int_equal(kept_open(d->path, &d->k, &d->e), 0);
}

/* --- threads ------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 50 };

static void *add_up(void *context)
{
    struct desk *d = context;
    struct arena a;
    arena_init(&a, (size_t)1 << 20);
    for (unsigned i = 0; i < ROUNDS;) {
        text was = T("");
        struct err e;
        char next[16];
        arena_reset(&a);
        if (kept_get(d->k, "sum", T("s"), &a, &was, &e)) {
            break;
        }
        (void)snprintf(next, sizeof next, "%lu", strtoul(was.p, NULL, 10) + 1);
        struct kept_change c = {KEPT_SWAP, "sum", T("s"), text_of(next), was};
        i += kept_write(d->k, &c, 1, NULL, &e) == 0;
    }
    arena_done(&a);
    return NULL;
}

static void threads_take_turns(void **state)
{
    struct desk *d = *state;
    pthread_t threads[THREADS];
    assert_int_equal(change(d, KEPT_PUT, "sum", "s", "0", ""), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_up, d), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_string_equal(get(d, "sum", "s"), "200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_what_is_written, up, down),
        cmocka_unit_test_setup_teardown(adds_and_swaps_only_what_fits, up, down),
        cmocka_unit_test_setup_teardown(is_all_or_nothing, up, down),
        cmocka_unit_test_setup_teardown(goes_through_prefixes, up, down),
        cmocka_unit_test_setup_teardown(keeps_ten_thousand, up, down),
        cmocka_unit_test_setup_teardown(one_process_writes, up, down),
        cmocka_unit_test_setup_teardown(survives_kills, up, down),
        cmocka_unit_test_setup_teardown(refuses_what_is_damaged, up, down),
        cmocka_unit_test_setup_teardown(refuses_another_schema, up, down),
        cmocka_unit_test_setup_teardown(threads_take_turns, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
