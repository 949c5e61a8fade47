/*
 * A full disk: entries go on at the cost of the ballast, are refused when that is gone, and go on
 * by themselves when there is room; what is made from the journal is made later. A failing disk is
 * the end. On a small tmpfs of the test's own; skipped where it may not mount one.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    BALLAST = 1 << 20,
    STEP_US = 10000,
    PATIENCE = 1000, /* steps until something must have happened */
    PATIENTS = 5,
    SKIPPED = 77,
};

struct fixture {
    char disk[128], folder[160], hog[160];
    struct arena arena;
    struct audit *log;
    uint64_t count; /* of entries that were acknowledged */
    struct err e;
};

static void open_log(struct fixture *f)
{
    struct audit_config c = {.dir = f->folder,
                             .origin = T(KIT_ORIGIN),
                             .writes = true,
                             .seal_ms = 20,
                             .ballast = BALLAST};
    audit_close(f->log);
    f->log = NULL;
    if (audit_open(&c, &f->log, &f->e)) {
        fail_msg("%s", err_text(&f->e));
    }
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    kit_folder(f->disk);
    assert_int_equal(mount("kith-test", f->disk, "tmpfs", 0, "size=12m,nr_inodes=400"), 0);
    (void)snprintf(f->folder, sizeof f->folder, "%s/log", f->disk);
    (void)snprintf(f->hog, sizeof f->hog, "%s/hog", f->disk);
    arena_init(&f->arena, (size_t)1 << 27);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    audit_close(f->log);
    arena_done(&f->arena);
    (void)umount2(f->disk, MNT_DETACH);
    (void)rmdir(f->disk);
    free(f);
    return 0;
}

/* Takes all that is free but so many bytes. */
static void fill_disk(struct fixture *f, off_t but)
{
    static const char bytes[4096] = {1};
    int fd = open(f->hog, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(ftruncate(fd, st.st_size > but ? st.st_size - but : 0), 0);
    (void)close(fd);
}

static void make_room(const struct fixture *f)
{
    assert_int_equal(unlink(f->hog), 0);
}

static int note(struct fixture *f, uint64_t *ret_ticket)
{
    char id[16];
    struct audit_event event = kit_event(f->count, PATIENTS, id);
    int r = audit_append(f->log, &event, 1, ret_ticket, &f->e);
    r = r ? r : audit_wait(f->log, *ret_ticket, &f->e);
    f->count += r == 0;
    return r;
}

static void note_some(struct fixture *f, int count)
{
    uint64_t ticket;
    for (int i = 0; i < count; i++) {
        if (note(f, &ticket)) {
            fail_msg("%s", err_text(&f->e));
        }
    }
}

static uint64_t note_until_refused(struct fixture *f)
{
    uint64_t ticket, before = f->count;
    int r;
    while ((r = note(f, &ticket)) == 0) {
    }
    assert_int_equal(r, ERR_FULL);
    return f->count - before;
}

static void await_state(struct fixture *f, enum audit_state wanted)
{
    for (int i = 0; audit_state(f->log) != wanted; i++) {
        assert_true(i < PATIENCE);
        (void)usleep(STEP_US);
    }
}

/* Of what was acknowledged all, in order, and nothing else; and strictly verified when closed. */
static void check_log(struct fixture *f)
{
    assert_int_equal(audit_size(f->log), f->count);
    for (uint64_t i = 0; i < f->count; i++) {
        char id[16];
        struct audit_event expected = kit_event(i, PATIENTS, id);
        struct audit_entry entry;
        arena_reset(&f->arena);
        assert_int_equal(audit_read(f->log, i, &f->arena, &entry, &f->e), 0);
        assert_int_equal(entry.event.at_ms, expected.at_ms);
        assert_true(text_eq(entry.event.patient, expected.patient));
    }
    audit_close(f->log);
    f->log = NULL;
    if (kit_verify(f->folder, &f->e)) {
        fail_msg("%s", err_text(&f->e));
    }
}

static off_t size_of(const struct fixture *f, const char *name)
{
    char path[256];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void entries_go_on_at_the_cost_of_the_ballast(void **state)
{
    struct fixture *f = *state;
    open_log(f);
    assert_int_equal(audit_state(f->log), AUDIT_WELL);
    assert_int_equal(size_of(f, "ballast"), BALLAST);
    note_some(f, 100);
    assert_false(audit_is_short(f->log));
    fill_disk(f, 0);
    note_some(f, 100);
    assert_int_equal(audit_state(f->log), AUDIT_SHORT);
    assert_true(size_of(f, "ballast") < BALLAST);
    off_t before = size_of(f, "journal");
    (void)note_until_refused(f);
    /* The rest went into index and tiles. */
    assert_true(size_of(f, "journal") - before > BALLAST / 2);
    assert_int_equal(audit_state(f->log), AUDIT_FULL);
    assert_true(audit_is_short(f->log));
    assert_non_null(strstr(err_text(&f->e), "Make room"));
    uint64_t ticket;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(note(f, &ticket), ERR_FULL);
    }
    check_log(f);
}

static void all_goes_on_when_there_is_room(void **state)
{
    struct fixture *f = *state;
    uint64_t first, refused, later;
    open_log(f);
    assert_int_equal(note(f, &first), 0);
    for (int round = 0; round < 3; round++) {
        fill_disk(f, 0);
        assert_true(note_until_refused(f) > 500);
        assert_int_equal(note(f, &refused), ERR_FULL);
        make_room(f);
        assert_int_equal(note(f, &later), 0);
        await_state(f, AUDIT_WELL);
        assert_int_equal(size_of(f, "ballast"), BALLAST);
        note_some(f, 300);
        assert_int_equal(audit_wait(f->log, first, &f->e), 0);
        assert_int_equal(audit_wait(f->log, refused, &f->e), ERR_FULL);
        assert_int_equal(audit_wait(f->log, later, &f->e), 0);
    }
    text checkpoint;
    assert_int_equal(audit_checkpoint(f->log, true, &f->arena, &checkpoint, &f->e), 0);
    check_log(f);
    open_log(f);
    check_log(f);
}

static void a_start_on_a_full_disk(void **state)
{
    struct fixture *f = *state;
    open_log(f);
    note_some(f, 300);
    fill_disk(f, 0);
    note_some(f, 300);
    open_log(f);
    assert_int_equal(audit_state(f->log), AUDIT_SHORT);
    note_some(f, 300);
    check_log(f);
    make_room(f);
    open_log(f);
    assert_int_equal(audit_state(f->log), AUDIT_WELL);
    check_log(f);
}

static void a_disk_without_room_for_a_ballast(void **state)
{
    struct fixture *f = *state;
    fill_disk(f, BALLAST + BALLAST / 2);
    open_log(f);
    assert_int_equal(audit_state(f->log), AUDIT_NO_BALLAST);
    assert_int_equal(size_of(f, "ballast"), -1);
    note_some(f, 100);
    fill_disk(f, 0);
    (void)note_until_refused(f);
    assert_int_equal(audit_state(f->log), AUDIT_FULL);
    make_room(f);
    note_some(f, 100);
    await_state(f, AUDIT_WELL);
    check_log(f);
}

/* No file can be made any more, but those that are there may grow. */
static void take_inodes(const struct fixture *f, bool take)
{
    for (int i = 0; i < 1000; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/inode%d", f->disk, i);
        int fd = take ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : unlink(path);
        if (fd < 0) {
            return;
        }
        if (take) {
            (void)close(fd);
        }
    }
    fail_msg("there is no end of files");
}

static void what_is_made_from_the_journal_is_made_later(void **state)
{
    struct fixture *f = *state;
    text old, now;
    open_log(f);
    note_some(f, 300);
    assert_int_equal(audit_checkpoint(f->log, true, &f->arena, &old, &f->e), 0);
    take_inodes(f, true);
    note_some(f, 900);
    assert_int_equal(audit_state(f->log), AUDIT_WELL);
    assert_int_equal(audit_checkpoint(f->log, true, &f->arena, &now, &f->e), ERR_FULL);
    assert_int_equal(audit_checkpoint(f->log, false, &f->arena, &now, &f->e), 0);
    assert_true(text_eq(old, now));
    check_log(f);
    open_log(f);
    note_some(f, 10);
    take_inodes(f, false);
    assert_int_equal(audit_checkpoint(f->log, true, &f->arena, &now, &f->e), 0);
    assert_false(text_eq(old, now));
    check_log(f);
}

static void tell(void *context, const uint64_t *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add((atomic_uint_fast64_t *)context, tokens[i]);
    }
}

static void who_waits_without_a_thread_is_told(void **state)
{
    struct fixture *f = *state;
    atomic_uint_fast64_t told = 0;
    char id[16];
    struct audit_event event = kit_event(0, PATIENTS, id);
    uint64_t ticket;
    open_log(f);
    audit_tell(f->log, tell, &told);
    fill_disk(f, 0);
    (void)note_until_refused(f);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(audit_append(f->log, &event, 1, &ticket, &f->e), 0);
        uint64_t before = atomic_load(&told);
        if (audit_watch(f->log, ticket, 7)) {
            for (int k = 0; atomic_load(&told) != before + 7; k++) {
                assert_true(k < PATIENCE);
                (void)usleep(100);
            }
        }
        assert_int_equal(audit_wait(f->log, ticket, &f->e), ERR_FULL);
    }
    audit_tell(f->log, NULL, NULL);
    check_log(f);
}

/* The number under which a file of the log is open. */
static int open_number(const struct fixture *f, const char *name)
{
    char wanted[256], path[64], found[256];
    (void)snprintf(wanted, sizeof wanted, "%s/%s", f->folder, name);
    for (int fd = 3; fd < 256; fd++) {
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, found, sizeof found - 1);
        found[n > 0 ? n : 0] = 0;
        if (strcmp(found, wanted) == 0) {
            return fd;
        }
    }
    fail_msg("%s is not open", name);
    return -1;
}

static void a_failing_disk_is_the_end(void **state)
{
    struct fixture *f = *state;
    char path[256];
    uint64_t ticket;
    open_log(f);
    note_some(f, 10);
    (void)snprintf(path, sizeof path, "%s/journal", f->folder);
    int number = open_number(f, "journal"), good = dup(number), bad = open(path, O_RDONLY);
    assert_true(good >= 0 && bad >= 0);
    assert_int_equal(dup2(bad, number), number);
    assert_int_equal(note(f, &ticket), ERR_IO);
    assert_int_equal(dup2(good, number), number);
    assert_int_equal(note(f, &ticket), ERR_IO);
    assert_int_equal(audit_state(f->log), AUDIT_DEAD);
    (void)close(good);
    (void)close(bad);
    open_log(f);
    note_some(f, 10);
    check_log(f);
}

static bool may_mount(void)
{
    int spaces = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    const char *tmp = getenv("TMPDIR");
    return unshare(spaces) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("kith-test", tmp ? tmp : "/tmp", "tmpfs", 0, "size=64m") == 0;
}

int main(void)
{
    if (!may_mount()) {
        (void)fprintf(stderr, "skipped: no mount is allowed here (%s)\n", strerror(errno));
        return SKIPPED;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(entries_go_on_at_the_cost_of_the_ballast),
        TEST(all_goes_on_when_there_is_room),
        TEST(a_start_on_a_full_disk),
        TEST(a_disk_without_room_for_a_ballast),
        TEST(what_is_made_from_the_journal_is_made_later),
        TEST(who_waits_without_a_thread_is_told),
        TEST(a_failing_disk_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
