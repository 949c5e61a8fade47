/* What a locality is given by its node: keys in files, alarms as rows, sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "node/locality_world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct kit {
    char dir[64];
    struct locality_world *w;
    const struct loc_world *face;
    struct arena a;
};

static int open_world(struct kit *k, struct err *e)
{
    struct locality_world_config config = {.dir = k->dir};
    int rc = locality_world_open(&config, &k->w, e);
    k->face = rc ? NULL : locality_world_face(k->w);
    return rc;
}

static int set_up(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    struct err e = {0};
    assert_non_null(k);
    (void)snprintf(k->dir, sizeof k->dir, "/tmp/kith-world-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    arena_init(&k->a, 16 << 20);
    assert_int_equal(open_world(k, &e), 0);
    *state = k;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {
        "locality/tls.pem", "locality/tls-next.pem", "locality",        "locality.db",
        "locality.db-wal",  "locality.db-shm",       "locality.db-lock"};
    struct kit *k = *state;
    locality_world_close(k->w);
    arena_done(&k->a);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[200];
        (void)snprintf(path, sizeof path, "%s/%s", k->dir, names[i]);
        (void)remove(path);
    }
    int rc = rmdir(k->dir);
    free(k);
    return rc;
}

/* --- keys ------------------------------------------------------------------------------------- */

static void a_key_is_made_once(void **state)
{
    struct kit *k = *state;
    struct err e = {0};
    uint8_t first[32], again[32], own[32];
    struct stat info;
    assert_int_equal(k->face->own_tls(k->face->context, own, &e), ERR_NOT_FOUND);
    assert_int_equal(locality_world_make_key(k->w, false, T("Y90001"), first, &e), 0);
    assert_int_equal(locality_world_make_key(k->w, false, T("Y90001"), again, &e), 0);
    assert_int_equal(k->face->own_tls(k->face->context, own, &e), 0);
    assert_memory_equal(first, again, 32);
    assert_memory_equal(first, own, 32);
    assert_int_equal(stat(locality_world_pem(k->w), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void the_next_key_takes_its_place(void **state)
{
    struct kit *k = *state;
    struct kit other = *k; /* the node, beside the command */
    struct err e = {0};
    uint8_t first[32], next[32], own[32];
    bool changed;
    assert_int_equal(open_world(&other, &e), 0);
    assert_int_equal(locality_world_make_key(k->w, false, T("Y90001"), first, &e), 0);
    assert_int_equal(locality_world_look_at_key(other.w, &changed, &e), 0);
    assert_true(changed);
    assert_int_equal(locality_world_next_key(k->w, next, &e), ERR_NOT_FOUND);
    assert_int_equal(locality_world_make_key(k->w, true, T("Y90001"), next, &e), 0);
    assert_memory_not_equal(first, next, 32);
    assert_int_equal(k->face->own_tls(k->face->context, own, &e), 0);
    assert_memory_equal(own, first, 32); /* not before it is turned */
    assert_int_equal(locality_world_look_at_key(other.w, &changed, &e), 0);
    assert_false(changed);
    assert_int_equal(locality_world_turn_key(k->w, &e), 0);
    assert_int_equal(k->face->own_tls(k->face->context, own, &e), 0);
    assert_memory_equal(own, next, 32);
    assert_int_equal(locality_world_look_at_key(other.w, &changed, &e), 0);
    assert_true(changed);
    assert_int_equal(other.face->own_tls(other.face->context, own, &e), 0);
    assert_memory_equal(own, next, 32);
    assert_int_equal(locality_world_next_key(k->w, next, &e), ERR_NOT_FOUND);
    locality_world_close(other.w);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    struct kit *k = *state;
    struct err e = {0};
    uint8_t key[32];
    assert_int_equal(locality_world_make_key(k->w, false, T("Y90001"), key, &e), 0);
    assert_int_equal(chmod(locality_world_pem(k->w), 0640), 0);
    locality_world_close(k->w);
    k->w = NULL;
    assert_int_equal(open_world(k, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(err_text(&e), "chmod 600"));
}

/* --- alarms ----------------------------------------------------------------------------------- */

static void say(struct kit *k, const char *kind, const char *member, const char *words)
{
    struct err e = {0};
    if (k->face->alarm(k->face->context, kind, text_of(member), text_of(words), &e)) {
        fail_msg("%s", err_text(&e));
    }
}

static size_t alarms_of(struct kit *k, struct alarm **ret)
{
    struct err e = {0};
    size_t count = 0;
    assert_int_equal(locality_alarms(k->face, 100, &k->a, ret, &count, &e), 0);
    return count;
}

static void what_is_said_again_is_counted(void **state)
{
    struct kit *k = *state;
    struct alarm *x;
    assert_int_equal(alarms_of(k, &x), 0);
    say(k, "log-fork", "Y90002", "two histories");
    say(k, "log-fork", "Y90002", "two histories");
    say(k, "log-fork", "Y90003", "two histories");
    (void)usleep(2000);
    say(k, "log-fork", "Y90002", "two histories");
    assert_int_equal(alarms_of(k, &x), 2);
    assert_true(text_eq(x[0].member, T("Y90002")));
    assert_int_equal(x[0].count, 3);
    assert_true(x[0].last_ms > x[0].first_ms);
    assert_int_equal(x[1].count, 1);
    assert_true(text_eq(x[1].kind, T("log-fork")));
    assert_true(text_eq(x[1].words, T("two histories")));
}

static void words_cannot_pose_as_fields(void **state)
{
    struct kit *k = *state;
    struct alarm *x;
    char longer[5000];
    memset(longer, 'w', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    say(k, "a", "Y90002\nb", "one\ntwo\x01three");
    say(k, "b", "", longer);
    assert_int_equal(alarms_of(k, &x), 2);
    const struct alarm *one = text_eq(x[0].kind, T("a")) ? &x[0] : &x[1];
    const struct alarm *two = one == &x[0] ? &x[1] : &x[0];
    assert_true(text_eq(one->member, T("Y90002")));
    assert_true(text_eq(one->words, T("one two three")));
    assert_true(two->words.n <= 2000);
}

/* Fills the list with what came so many days ago, and was told. */
static void fill(struct kit *k, size_t count, const char *member, int days)
{
    struct err e = {0};
    char value[80];
    int64_t at = clock_real_ms() - days * INT64_C(86400000);
    struct kept_change *puts = calloc(count, sizeof *puts);
    char(*keys)[32] = calloc(count, sizeof *keys);
    assert_true(puts && keys);
    (void)snprintf(value, sizeof value, "%lld %lld 1 1\nkind\n%s\nwords", (long long)at,
                   (long long)at, member);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%031zu", i);
        puts[i] = (struct kept_change){.change = KEPT_PUT,
                                       .kind = "alarm",
                                       .key = text_make(keys[i], 32),
                                       .value = text_of(value)};
    }
    assert_int_equal(k->face->write(k->face->context, puts, count, NULL, &e), 0);
    free(puts);
    free(keys);
}

static void the_list_has_a_bound(void **state)
{
    struct kit *k = *state;
    struct alarm *x;
    char words[40];
    fill(k, 10000, "", 80);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(words, sizeof words, "another %d", i);
        say(k, "kind", "", words);
    }
    assert_int_equal(alarms_of(k, &x), 100);
    assert_true(text_eq(x[0].kind, T("too-many")));
    assert_int_equal(x[0].count, 3);
    assert_true(text_eq(x[1].words, T("words"))); /* no further one was kept */
}

static void one_member_does_not_fill_the_list(void **state)
{
    struct kit *k = *state;
    struct alarm *x;
    fill(k, 1000, "Y90002", 1);
    say(k, "feed-refused", "Y90002", "one more");
    say(k, "feed-refused", "Y90003", "of another");
    assert_int_equal(alarms_of(k, &x), 100);
    assert_true(text_eq(x[0].words, T("of another")) || text_eq(x[1].words, T("of another")));
    const struct alarm *many = text_eq(x[0].kind, T("too-many")) ? &x[0] : &x[1];
    assert_true(text_eq(many->kind, T("too-many")));
    assert_true(text_eq(many->member, T("Y90002")));
}

static void what_is_long_past_makes_room(void **state)
{
    struct kit *k = *state;
    struct alarm *x;
    fill(k, 10000, "", 91);
    say(k, "kind", "", "another");
    assert_int_equal(alarms_of(k, &x), 100);
    assert_true(text_eq(x[0].words, T("another")));
    assert_int_equal(x[0].count, 1);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void *wake_soon(void *context)
{
    struct kit *k = context;
    (void)usleep(50000);
    k->face->wake(k->face->context);
    return NULL;
}

static void sleep_ends_when_woken(void **state)
{
    struct kit *k = *state;
    pthread_t thread;
    int64_t begin = clock_mono_ns();
    k->face->sleep(k->face->context, 20);
    assert_true(clock_mono_ns() - begin >= INT64_C(20000000));
    assert_int_equal(pthread_create(&thread, NULL, wake_soon, k), 0);
    begin = clock_mono_ns();
    k->face->sleep(k->face->context, 60000);
    assert_true(clock_mono_ns() - begin < INT64_C(50000000000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    k->face->wake(k->face->context); /* before the sleep: it is not lost */
    begin = clock_mono_ns();
    k->face->sleep(k->face->context, 60000);
    assert_true(clock_mono_ns() - begin < INT64_C(50000000000));
}

static void the_command_line_has_no_record(void **state)
{
    struct kit *k = *state;
    struct err e = {0};
    struct own_call call = {.method = T("GET"), .path = T("Patient/1")};
    uint8_t leaf[1][32];
    text note;
    const struct audit_event event = {.kind = EVENT_ASKED};
    assert_int_equal(k->face->own(k->face->context, NULL, &call, &k->a, &e), ERR_NOT_SUPPORTED);
    assert_int_equal(k->face->record(k->face->context, &event, 1, leaf, &e), ERR_NOT_SUPPORTED);
    /* The log of the node that may serve beside it is read as it is; here is none. */
    assert_int_equal(k->face->checkpoint(k->face->context, &k->a, &note, &e), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_made_once),
        TEST(the_next_key_takes_its_place),
        TEST(what_is_said_again_is_counted),
        TEST(words_cannot_pose_as_fields),
        TEST(the_list_has_a_bound),
        TEST(what_is_long_past_makes_room),
        TEST(one_member_does_not_fill_the_list),
        TEST(sleep_ends_when_woken),
        TEST(the_command_line_has_no_record),
        TEST(a_key_that_others_can_read_is_refused),
    };
    return cmocka_run_group_tests_name("node: the world of a locality", tests, NULL, NULL);
}
