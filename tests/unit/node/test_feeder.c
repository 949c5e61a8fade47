/* Entries of writes reach the access log, each once, whenever the node is killed. */
#include "bench.h"

#include "base/clock.h"
#include "node/feeder.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, WRITES_MOST = 400 };

struct node {
    char folder[256], log[300];
    struct store *store;
    struct audit *audit;
    struct feeder *feeder;
    struct arena arena;
    struct err e;
};

static void good(struct node *n, int rc)
{
    if (rc) {
        fail_msg("%s", err_text(&n->e));
    }
}

static void open_node(struct node *n, bool feeds)
{
    arena_init(&n->arena, (size_t)1 << 30);
    good(n, feeder_new(&n->feeder, &n->e));
    struct store_config config = {
        .dir = n->folder, .mode = STORE_SERVE, .noted = feeder_noted, .noted_context = n->feeder};
    struct audit_config log = {
        .dir = n->log, .origin = T("example.org/log"), .writes = true, .seal_ms = 20};
    good(n, store_open(&config, &n->store, &n->e));
    good(n, audit_open(&log, &n->audit, &n->e));
    if (feeds) {
        good(n, feeder_start(n->feeder, n->store, n->audit, &n->e));
    }
}

static void close_node(struct node *n)
{
    feeder_stop(n->feeder);
    audit_close(n->audit);
    store_close(n->store);
    arena_done(&n->arena);
}

static int up(void **state)
{
    struct node *n = calloc(1, sizeof *n);
    struct bench folder = {0};
    struct store_identity identity = {T("X26"), T("Test practice")};
    assert_non_null(n);
    bench_make_folder(&folder);
    (void)snprintf(n->folder, sizeof n->folder, "%s", folder.dir);
    (void)snprintf(n->log, sizeof n->log, "%s/audit", folder.dir);
    good(n, store_create(n->folder, &identity, &n->e));
    *state = n;
    return 0;
}

static int down(void **state)
{
    struct node *n = *state;
    char words[400];
    (void)snprintf(words, sizeof words, "rm -rf '%s'", n->folder);
    assert_int_equal(system(words), 0);
    free(n);
    return 0;
}

/* An Observation of one patient, with its note; the number makes each version a new one. */
static struct write write_one(struct node *n, const char *id, unsigned number, text note)
{
    char json[300];
    struct write write = {0};
    int size = snprintf(json, sizeof json,
                        "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
                        "\"code\":{\"text\":\"%u\"},\"subject\":{\"reference\":\"Patient/p\"}}",
                        id, number);
    assert_true(sample_make(json, (size_t)size, &n->arena, &write, &n->e));
    write.note = note;
    return write;
}

static void commit(struct node *n, struct write *write)
{
    struct write_request request = {.writes = write, .write_count = 1};
    store_commit(n->store, policy_local_administrator(), &request, 1);
    n->e = request.err;
    good(n, request.result);
}

static void found_patient(struct node *n)
{
    struct write write = {0};
    text json = T("{\"resourceType\":\"Patient\",\"id\":\"p\"}");
    assert_true(sample_make(json.p, json.n, &n->arena, &write, &n->e));
    commit(n, &write);
}

static text note_of(struct node *n, enum event_kind kind)
{
    struct buf line;
    struct audit_event event = {.at_ms = clock_real_ms(), .kind = kind, .who = T("Practitioner/d")};
    buf_init(&line, EVENT_LINE_MAX);
    good(n, event_print(&event, &line, &n->e));
    text note = arena_copy(&n->arena, buf_text(&line));
    buf_done(&line);
    return note;
}

/* How many entries tell of the version; *ret_entry: one of them. */
static unsigned entries_of(struct node *n, uint64_t t, struct audit_entry *ret_entry)
{
    unsigned count = 0;
    for (uint64_t leaf = 0; leaf < audit_size(n->audit); leaf++) {
        struct audit_entry entry;
        good(n, audit_read(n->audit, leaf, &n->arena, &entry, &n->e));
        if (entry.event.version_t == t) {
            *ret_entry = entry;
            count++;
        }
    }
    return count;
}

static size_t notes_left(struct node *n)
{
    struct store_note *notes;
    size_t count = 0;
    good(n, store_notes(n->store, 0, 100000, &n->arena, &notes, &count, &n->e));
    return count;
}

/* --- the child that is killed ------------------------------------------------------------------
 */

static _Noreturn void write_until_killed(struct node *n, bool feeds, int to, unsigned round)
{
    open_node(n, feeds);
    found_patient(n);
    for (unsigned i = 0; i < WRITES_MOST; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "o%u", i % 7);
        struct write put = write_one(n, id, round * WRITES_MOST + i, note_of(n, EVENT_UPDATE));
        commit(n, &put);
        if (write(to, &put.t, sizeof put.t) != sizeof put.t) {
            break;
        }
    }
    (void)pause();
    _exit(0);
}

/* Kills it after `count` acknowledged writes; then takes those, too, that came before the end. */
static size_t killed_after(struct node *n, bool feeds, size_t count, unsigned round, uint64_t *ts)
{
    int ends[2];
    size_t got = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        write_until_killed(n, feeds, ends[1], round);
    }
    (void)close(ends[1]);
    while (got < count && read(ends[0], &ts[got], sizeof *ts) == sizeof *ts) {
        got++;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (got < WRITES_MOST && read(ends[0], &ts[got], sizeof *ts) == sizeof *ts) {
        got++;
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return got;
}

/* Every version of an Observation, acknowledged or not. */
static void each_version_once(struct node *n)
{
    struct store_view *v;
    struct versions vs;
    const struct history_scope scope = {
        .type = fhir_type_of(T("Observation")), .since_ms = INT64_MIN, .at_ms = INT64_MIN};
    good(n, store_view_begin(n->store, policy_local_administrator(), STORE_SNAPSHOT, &v, &n->e));
    good(n, store_history(v, &scope, 100000, (text){0}, &n->arena, &vs, NULL, &n->e));
    store_view_end(v);
    assert_true(vs.count > 0 && !vs.more);
    uint64_t *told = arena_zalloc(&n->arena, audit_size(n->audit) + 1, sizeof *told);
    size_t count = 0;
    for (uint64_t leaf = 0; leaf < audit_size(n->audit); leaf++) {
        struct audit_entry entry;
        good(n, audit_read(n->audit, leaf, &n->arena, &entry, &n->e));
        assert_string_equal(arena_copy(&n->arena, entry.event.patient).p, "p");
        told[count++] = entry.event.version_t;
    }
    assert_int_equal(count, vs.count);
    for (size_t i = 0; i < vs.count; i++) {
        unsigned times = 0;
        for (size_t k = 0; k < count; k++) {
            times += told[k] == vs.items[i].t;
        }
        assert_int_equal(times, 1);
    }
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void killed_between_commit_and_feeding(void **state)
{
    struct node *n = *state;
    uint64_t ts[WRITES_MOST];
    struct audit_entry entry;
    size_t count = killed_after(n, false, 20, 0, ts);
    open_node(n, true);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(entries_of(n, ts[i], &entry), 1);
    }
    each_version_once(n);
    close_node(n);
}

static void killed_at_any_time(void **state)
{
    struct node *n = *state;
    unsigned seed = (unsigned)clock_mono_ns();
    printf("seed %u\n", seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t ts[WRITES_MOST];
        struct audit_entry entry;
        size_t count = killed_after(n, true, 1 + (size_t)rand_r(&seed) % 60, round, ts);
        open_node(n, true);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(entries_of(n, ts[i], &entry), 1);
        }
        each_version_once(n);
        close_node(n);
    }
}

static void says_what_is_known_after_the_commit(void **state)
{
    struct node *n = *state;
    struct audit_entry entry;
    open_node(n, true);
    found_patient(n);
    struct write first = write_one(n, "o", 1, note_of(n, EVENT_UPDATE));
    struct write same = write_one(n, "o", 1, note_of(n, EVENT_UPDATE));
    struct write second = write_one(n, "o", 2, note_of(n, EVENT_UPDATE));
    struct write unread = write_one(n, "q", 3, T("no line of an event"));
    commit(n, &first);
    commit(n, &same);
    commit(n, &second);
    commit(n, &unread);
    struct write removed = {.kind = WRITE_DELETE,
                            .type = fhir_type_of(T("Observation")),
                            .id = T("o"),
                            .note = note_of(n, EVENT_DELETE)};
    commit(n, &removed);
    struct log_feed feed = feeder_face(n->feeder);
    good(n, feed.settle(feed.context, &n->e));
    assert_int_equal(audit_size(n->audit), 4);
    assert_int_equal(entries_of(n, first.t, &entry), 1);
    assert_int_equal(entry.event.kind, EVENT_CREATE);
    assert_true(text_eq(entry.event.patient, T("p")));
    assert_true(text_eq(entry.event.who, T("Practitioner/d")));
    assert_int_equal(entries_of(n, second.t, &entry), 1);
    assert_int_equal(entry.event.kind, EVENT_UPDATE);
    assert_int_equal(entries_of(n, removed.t, &entry), 1);
    assert_int_equal(entry.event.kind, EVENT_DELETE);
    assert_true(text_eq(entry.event.patient, T("p")));
    assert_int_equal(entries_of(n, unread.t, &entry), 1);
    assert_int_equal(entry.event.kind, EVENT_RECOVERED);
    for (unsigned i = 0; notes_left(n) && i < 200; i++) { /* the idle writer drops them */
        (void)poll(NULL, 0, 20);
    }
    assert_int_equal(notes_left(n), 0);
    close_node(n);
}

/* --- what fails for a while ---------------------------------------------------------------------
 */

static _Atomic int appends_fail;
static _Atomic int reads_fail;
static _Atomic unsigned tries;

int __real_audit_append(struct audit *a, const struct audit_event *events, size_t count,
                        uint64_t *ret_ticket, struct err *e);
int __wrap_audit_append(struct audit *a, const struct audit_event *events, size_t count,
                        uint64_t *ret_ticket, struct err *e);
int __wrap_audit_append(struct audit *a, const struct audit_event *events, size_t count,
                        uint64_t *ret_ticket, struct err *e)
{
    tries++;
    return appends_fail ? err_set(e, appends_fail, "too many open files")
                        : __real_audit_append(a, events, count, ret_ticket, e);
}

int __real_store_notes(struct store *s, uint64_t from_t, size_t most, struct arena *a,
                       struct store_note **ret_notes, size_t *ret_count, struct err *e);
int __wrap_store_notes(struct store *s, uint64_t from_t, size_t most, struct arena *a,
                       struct store_note **ret_notes, size_t *ret_count, struct err *e);
int __wrap_store_notes(struct store *s, uint64_t from_t, size_t most, struct arena *a,
                       struct store_note **ret_notes, size_t *ret_count, struct err *e)
{
    tries += reads_fail != 0;
    return reads_fail ? err_set(e, reads_fail, "too many open files")
                      : __real_store_notes(s, from_t, most, a, ret_notes, ret_count, e);
}

/* The entry of a write comes to the log as soon as that can be, without haste and without loss. */
static void survives(struct node *n, _Atomic int *fails, int how)
{
    struct audit_entry entry;
    struct write put[40];
    struct err e = {0};
    open_node(n, true);
    found_patient(n);
    struct log_feed feed = feeder_face(n->feeder);
    good(n, feed.settle(feed.context, &n->e));
    assert_false(feeder_is_behind(n->feeder));
    *fails = how;
    tries = 0;
    for (unsigned i = 0; i < 40; i++) { /* each wakes the feeder, for half a second */
        put[i] = write_one(n, "o", i, note_of(n, EVENT_UPDATE));
        commit(n, &put[i]);
        (void)poll(NULL, 0, 15);
    }
    assert_true(feeder_is_behind(n->feeder));
    assert_in_range(tries, 1, 5);
    assert_int_equal(feed.settle(feed.context, &e), ERR_IO);
    assert_non_null(strstr(err_text(&e), "what was written is stored"));
    assert_int_equal(feed.takes(feed.context, &e), 0);
    *fails = 0;
    for (unsigned i = 0; feeder_is_behind(n->feeder) && i < 1000; i++) {
        (void)poll(NULL, 0, 10);
    }
    good(n, feed.settle(feed.context, &n->e));
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(entries_of(n, put[i].t, &entry), 1);
    }
    close_node(n);
}

static void goes_on_after_too_many_files(void **state)
{
    survives(*state, &appends_fail, ERR_IO);
}

static void goes_on_after_lack_of_memory(void **state)
{
    survives(*state, &appends_fail, ERR_MEMORY);
}

static void goes_on_when_notes_cannot_be_read(void **state)
{
    survives(*state, &reads_fail, ERR_IO);
}

/* After a while nothing more is written, and the next start brings what is left. */
static void stops_writes_when_long_behind(void **state)
{
    struct node *n = *state;
    struct audit_entry entry;
    struct err e = {0};
    open_node(n, true);
    found_patient(n);
    appends_fail = ERR_IO;
    struct write put = write_one(n, "o", 1, note_of(n, EVENT_UPDATE));
    commit(n, &put);
    struct log_feed feed = feeder_face(n->feeder);
    int64_t until = clock_mono_ns() + INT64_C(20000000000);
    int rc = 0;
    while (!rc && clock_mono_ns() < until) {
        (void)poll(NULL, 0, 100);
        rc = feed.takes(feed.context, &e);
    }
    assert_int_equal(rc, ERR_IO);
    assert_non_null(strstr(err_text(&e), "too many open files"));
    close_node(n);
    appends_fail = 0;
    open_node(n, true);
    assert_int_equal(entries_of(n, put.t, &entry), 1);
    close_node(n);
}

/* What is still on its way when the node stops is brought before it ends. */
static void stops_with_nothing_left(void **state)
{
    struct node *n = *state;
    struct audit_entry entry;
    struct write put[50];
    open_node(n, true);
    found_patient(n);
    for (unsigned i = 0; i < 50; i++) {
        put[i] = write_one(n, "o", i, note_of(n, EVENT_UPDATE));
        commit(n, &put[i]);
    }
    feeder_stop(n->feeder);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(entries_of(n, put[i].t, &entry), 1);
    }
    n->feeder = NULL;
    close_node(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_between_commit_and_feeding, up, down),
        cmocka_unit_test_setup_teardown(killed_at_any_time, up, down),
        cmocka_unit_test_setup_teardown(says_what_is_known_after_the_commit, up, down),
        cmocka_unit_test_setup_teardown(stops_with_nothing_left, up, down),
        cmocka_unit_test_setup_teardown(goes_on_after_too_many_files, up, down),
        cmocka_unit_test_setup_teardown(goes_on_after_lack_of_memory, up, down),
        cmocka_unit_test_setup_teardown(goes_on_when_notes_cannot_be_read, up, down),
        cmocka_unit_test_setup_teardown(stops_writes_when_long_behind, up, down),
    };
    return cmocka_run_group_tests_name("feeder", tests, NULL, NULL);
}
