#include "bench.h"

#include "store/inner.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void bench_make_folder(struct bench *b)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(b->dir, sizeof b->dir, "%s/kith-store-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(b->dir));
}

void bench_remove_folder(const struct bench *b)
{
    DIR *d = opendir(b->dir);
    struct dirent *entry;
    while (d && (entry = readdir(d))) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", b->dir, entry->d_name);
        (void)unlink(path);
    }
    if (d) {
        (void)closedir(d);
    }
    (void)rmdir(b->dir);
}

void bench_open(struct bench *b)
{
    struct store_config config = {
        .dir = b->dir, .mode = STORE_SERVE, .name_bits = b->name_bits, .facets_max = b->facets_max};
    if (store_open(&config, &b->s, &b->e)) {
        fail_msg("open: %s", err_text(&b->e));
    }
}

void bench_close(struct bench *b)
{
    store_close(b->s);
    b->s = NULL;
}

static int up(void **state, unsigned name_bits)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->name_bits = name_bits;
    b->all = policy_local_administrator();
    arena_init(&b->a, (size_t)1 << 30);
    bench_make_folder(b);
    struct store_identity identity = {T("X26"), T("Test practice")};
    assert_int_equal(store_create(b->dir, &identity, &b->e), 0);
    bench_open(b);
    *state = b;
    return 0;
}

int bench_up(void **state)
{
    return up(state, 0);
}

int bench_up_colliding(void **state)
{
    return up(state, 4);
}

int bench_down(void **state)
{
    struct bench *b = *state;
    bench_close(b);
    bench_remove_folder(b);
    arena_done(&b->a);
    free(b);
    return 0;
}

__attribute__((format(printf, 2, 0))) static struct write make(struct bench *b, const char *format,
                                                               va_list args)
{
    struct write write = {0};
    char *json = NULL;
    int n = vasprintf(&json, format, args);
    assert_true(n > 0);
    if (!sample_make(json, (size_t)n, &b->a, &write, &b->e)) {
        fail_msg("%s: %s", json, err_text(&b->e));
    }
    free(json);
    return write;
}

struct write bench_write(struct bench *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct write write = make(b, format, args);
    va_end(args);
    return write;
}

int bench_commit(struct bench *b, struct write *writes, size_t count)
{
    struct write_request request = {.writes = writes, .write_count = count};
    store_commit(b->s, b->all, &request, 1);
    b->e = request.err;
    return request.result;
}

struct write bench_put(struct bench *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct write write = make(b, format, args);
    va_end(args);
    if (bench_commit(b, &write, 1)) {
        fail_msg("put: %s", err_text(&b->e));
    }
    return write;
}

struct write bench_delete(struct bench *b, const char *type, const char *id)
{
    struct write write = {
        .kind = WRITE_DELETE, .type = fhir_type_of(text_of(type)), .id = text_of(id)};
    assert_int_equal(bench_commit(b, &write, 1), 0);
    return write;
}

int bench_read(struct bench *b, const char *type, const char *id, struct version *ret)
{
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    int rc = store_read(v, fhir_type_of(text_of(type)), text_of(id), &b->a, ret, &b->e);
    store_view_end(v);
    return rc;
}

int bench_vread(struct bench *b, const char *type, const char *id, uint64_t vid,
                struct version *ret)
{
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    int rc = store_vread(v, fhir_type_of(text_of(type)), text_of(id), vid, &b->a, ret, &b->e);
    store_view_end(v);
    return rc;
}

struct versions bench_history(struct bench *b, const char *type, const char *id, uint64_t *total)
{
    struct versions found = {0};
    struct store_view *v = NULL;
    struct history_scope scope = {.type = fhir_type_of(text_of(type)),
                                  .id = text_of(id),
                                  .since_ms = INT64_MIN,
                                  .at_ms = INT64_MIN};
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    if (store_history(v, &scope, 1000, T(""), &b->a, &found, total, &b->e)) {
        fail_msg("history: %s", err_text(&b->e));
    }
    store_view_end(v);
    return found;
}

const char *bench_search(struct bench *b, const struct plan *plan, size_t count)
{
    struct buf ids;
    buf_init(&ids, 1 << 20);
    text from = T("");
    uint64_t total = 0;
    size_t seen = 0;
    while (true) {
        struct versions found = {0};
        struct store_view *v = NULL;
        assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
        if (store_search(v, plan, count, from, &b->a, &found, &total, NULL, &b->e)) {
            fail_msg("search: %s", err_text(&b->e));
        }
        store_view_end(v);
        for (size_t i = 0; i < found.count; i++) {
            buf_printf(&ids, "%s%.*s", ids.n ? " " : "", TEXT_ARG(found.items[i].id));
            assert_true(found.items[i].packed.n > 0);
        }
        seen += found.count;
        if (!found.more) {
            break;
        }
        assert_true(found.next.n > 0);
        from = found.next;
    }
    assert_int_equal(seen, total);
    text copy = arena_copy(&b->a, buf_text(&ids));
    buf_done(&ids);
    return copy.p ? copy.p : "";
}

struct seen {
    char *to;
    size_t room;
};

static void note(void *context, const struct store_finding *finding)
{
    struct seen *seen = context;
    if (seen->to) {
        size_t n = strlen(seen->to);
        (void)snprintf(seen->to + n, seen->room - n, "%s ", finding->invariant);
    } else {
        print_message("%s: %s\n", finding->invariant, finding->text);
    }
}

uint64_t bench_check(struct bench *b, char *seen, size_t room)
{
    struct seen context = {seen, room};
    struct store_checker checker = {.report = note, .context = &context};
    uint64_t findings = 0;
    if (seen) {
        *seen = '\0';
    }
    if (store_check(b->s, b->all, &checker, &findings, &b->e)) {
        fail_msg("check: %s", err_text(&b->e));
    }
    return findings;
}

uint16_t bench_param(const char *type, const char *name)
{
    const struct search_param *p =
        search_param_of(NULL, fhir_type_of(text_of(type)), text_of(name));
    assert_non_null(p);
    return p->number;
}

int64_t bench_number(const struct bench *b, const char *sql)
{
    char path[300];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return number;
}

void bench_wait_for_words(struct bench *b)
{
    for (int i = 0; i < 3000; i++) {
        struct store_view *v = NULL;
        uint64_t mark = 0;
        assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
        assert_int_equal(words_until(v->db, &mark), 0);
        store_view_end(v);
        const char *last = "SELECT coalesce(max(t), 0) FROM resource WHERE body IS NOT NULL";
        if ((int64_t)mark >= bench_number(b, last)) {
            return;
        }
        (void)usleep(10000);
    }
    fail_msg("the words of some versions have not come");
}
