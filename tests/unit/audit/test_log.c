/* The access log: what is appended is there, in its chain, proved, and still there afterwards. */
#include "kit.h"

#include "audit/record.h"
#include "audit/tiles.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void reopen(struct kit_log *f, bool writes)
{
    audit_close(f->log);
    f->log = kit_open(f->folder, writes);
}

static void check_all(struct kit_log *f, uint64_t count, unsigned patients)
{
    for (uint64_t i = 0; i < count; i++) {
        char id[16];
        struct audit_event expected = kit_event(i, patients, id);
        struct audit_entry entry;
        KIT_GOOD(audit_read(f->log, i, &f->arena, &entry, &f->e));
        assert_int_equal(entry.leaf, i);
        assert_int_equal(entry.event.at_ms, expected.at_ms);
        assert_true(text_eq(entry.event.patient, expected.patient));
        assert_true(text_eq(entry.event.name, expected.name));
        assert_int_equal(entry.patient_seq != 0, expected.patient.n != 0);
    }
    struct audit_entry entry;
    assert_int_equal(audit_read(f->log, count, &f->arena, &entry, &f->e), ERR_NOT_FOUND);
}

static void appends_and_reads(void **state)
{
    struct kit_log *f = *state;
    kit_fill(f->log, 0, 1000, 5);
    check_all(f, 1000, 5);
    reopen(f, true);
    check_all(f, 1000, 5);
    kit_fill(f->log, 1000, 300, 5);
    reopen(f, false);
    check_all(f, 1300, 5);
    assert_int_equal(kit_verify(f->folder, &f->e), 0);
}

static void chains_have_no_gap(void **state)
{
    struct kit_log *f = *state;
    kit_fill(f->log, 0, 700, 4);
    for (int round = 0; round < 2; round++) {
        uint64_t sum = 0;
        for (int p = 1; p <= 4; p++) {
            char id[16];
            struct audit_entry *entries;
            size_t count;
            uint64_t total, before = UINT64_MAX, seq = 0;
            (void)snprintf(id, sizeof id, "p%d", p);
            do {
                KIT_GOOD(audit_of_patient(f->log, text_of(id), before, 13, &f->arena, &entries,
                                          &count, &total, &f->e));
                for (size_t i = 0; i < count; i++) {
                    seq = seq ? seq - 1 : total;
                    assert_int_equal(entries[i].patient_seq, seq);
                    assert_true(text_eq(entries[i].event.patient, text_of(id)));
                    before = seq;
                }
            } while (count);
            assert_int_equal(seq, 1);
            sum += total;
        }
        uint64_t about = 0;
        for (uint64_t i = 0; i < 700; i++) {
            char id[16];
            about += kit_event(i, 4, id).patient.n != 0;
        }
        assert_int_equal(sum, about);
        reopen(f, round == 1);
    }
}

static bool is_update(void *context, const struct audit_entry *entry)
{
    (void)context;
    return entry->event.kind == EVENT_UPDATE;
}

static void scans(void **state)
{
    struct kit_log *f = *state;
    kit_fill(f->log, 0, 210, 3);
    uint64_t before = UINT64_MAX, next = 0, expected = 203;
    size_t found = 0;
    do {
        struct audit_entry *entries;
        size_t count;
        KIT_GOOD(audit_scan(f->log, before, 4, 20, is_update, NULL, &f->arena, &entries, &count,
                            &next, &f->e));
        for (size_t i = 0; i < count; i++, expected -= 7) {
            assert_int_equal(entries[i].leaf, expected);
        }
        found += count;
        before = next;
    } while (next);
    assert_int_equal(found, 30);
    assert_int_equal(audit_at(f->log, INT64_MIN), 0);
    assert_int_equal(audit_at(f->log, INT64_MAX), 210);
    assert_int_equal(audit_newest_ms(f->log), 1795340000209);
}

static void knows_its_writes(void **state)
{
    struct kit_log *f = *state;
    bool has = false;
    kit_fill(f->log, 0, 50, 3);
    for (uint64_t t = 1; t < 60; t++) {
        KIT_GOOD(audit_has_write(f->log, t, 0, &has, &f->e));
        assert_int_equal(has, t < 51 && (t - 1) % 7 == 0);
    }
    kit_fill(f->log, 50, 10, 3);
    KIT_GOOD(audit_has_write(f->log, 57, 0, &has, &f->e));
    assert_true(has);
}

static struct note_key key_of(struct kit_log *f)
{
    struct note_key key;
    KIT_GOOD(note_key_read(audit_verifier_key(f->log), &key, &f->e));
    return key;
}

static void proves(void **state)
{
    struct kit_log *f = *state;
    struct audit_proved proved;
    text proof;
    kit_fill(f->log, 0, 300, 3);
    struct note_key key = key_of(f);
    for (uint64_t leaf = 0; leaf < 300; leaf += 23) {
        struct audit_entry entry;
        KIT_GOOD(audit_proof(f->log, leaf, &f->arena, &proof, &f->e));
        KIT_GOOD(audit_check_proof(proof, &key, &f->arena, &proved, &f->e));
        KIT_GOOD(audit_read(f->log, leaf, &f->arena, &entry, &f->e));
        assert_int_equal(proved.leaf, leaf);
        assert_true(text_eq(proved.line, entry.line));
    }
    /* Any bit that is flipped is refused, or makes the same bytes mean the same. */
    char *bytes = arena_alloc(&f->arena, proof.n);
    assert_non_null(bytes);
    for (size_t bit = 0; bit < proof.n * 8; bit++) {
        memcpy(bytes, proof.p, proof.n);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(
            audit_check_proof(text_make(bytes, proof.n), &key, &f->arena, &proved, &f->e), 0);
    }
}

static void states_the_length_of_a_chain(void **state)
{
    struct kit_log *f = *state;
    text note, body;
    char words[64];
    struct audit_entry *entries;
    size_t count;
    uint64_t total;
    kit_fill(f->log, 0, 90, 3);
    struct note_key key = key_of(f);
    KIT_GOOD(audit_statement(f->log, T("p2"), &f->arena, &note, &f->e));
    KIT_GOOD(note_verify(note, &key, &body, &f->e));
    KIT_GOOD(audit_of_patient(f->log, T("p2"), UINT64_MAX, 1, &f->arena, &entries, &count, &total,
                              &f->e));
    assert_true(text_starts(body, T("kith.care/audit-statement/v1\n" KIT_ORIGIN "\n90\n")));
    (void)snprintf(words, sizeof words, "\nentries %d\nlast %d ", (int)total, (int)entries[0].leaf);
    assert_non_null(memmem(body.p, body.n, words, strlen(words)));
    KIT_GOOD(audit_statement(f->log, T("nobody"), &f->arena, &note, &f->e));
    assert_non_null(memmem(note.p, note.n, "\nentries 0\nlast - -\n", 20));
    assert_int_equal(audit_statement(f->log, T("p 2"), &f->arena, &note, &f->e), ERR_VALUE);
    /* A statement is no checkpoint. */
    struct checkpoint c;
    assert_int_not_equal(checkpoint_verify(note, &key, &c, &f->e), 0);
}

static void serves_public_files(void **state)
{
    struct kit_log *f = *state;
    static const struct {
        const char *path;
        size_t bytes; /* 0: not there */
    } rows[] = {
        {"tile/0/000", 8192},
        {"tile/0/001.p/44", 44 * 32},
        {"tile/0/001.p/5", 5 * 32},
        {"tile/1/000.p/1", 32},
        {"tile/0/001.p/45", 0},
        {"tile/0/001", 0},
        {"tile/1/000.p/2", 0},
        {"tile/0/000.p/256", 0},
        {"tile/0/0", 0},
        {"tile/2/000.p/1", 0},
        {"tile/entries/000", 256 * 147},
        {"tile/entries/001.p/44", 44 * 147},
        {"tile/entries/001.p/45", 0},
        {"../key", 0},
        {"key", 0},
        {"journal", 0},
        {"tile/0/000/", 0},
        {"tile/00/000", 0},
    };
    text bytes;
    kit_fill(f->log, 0, 300, 3);
    KIT_GOOD(audit_checkpoint(f->log, true, &f->arena, &bytes, &f->e));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int r = audit_file(f->log, text_of(rows[i].path), &f->arena, &bytes, &f->e);
        print_message("%s\n", rows[i].path);
        assert_int_equal(r, rows[i].bytes ? 0 : ERR_NOT_FOUND);
        if (r == 0) {
            assert_int_equal(bytes.n, rows[i].bytes);
        }
    }
}

static void erases(void **state)
{
    struct kit_log *f = *state;
    struct audit_entry entry;
    struct audit_proved proved;
    text proof;
    kit_fill(f->log, 0, 40, 3);
    KIT_GOOD(audit_erase(f->log, 11, &f->e));
    KIT_GOOD(audit_erase(f->log, 11, &f->e));
    KIT_GOOD(audit_read(f->log, 11, &f->arena, &entry, &f->e));
    assert_true(entry.erased && entry.line.n == 0 && entry.patient_seq);
    KIT_GOOD(audit_read(f->log, 40, &f->arena, &entry, &f->e));
    assert_int_equal(entry.event.kind, EVENT_ERASE);
    assert_true(text_eq(entry.event.what, T("leaf/11")));
    assert_int_equal(audit_erase(f->log, 40, &f->e), ERR_FORBIDDEN);
    assert_int_equal(audit_size(f->log), 41);
    struct note_key key = key_of(f);
    KIT_GOOD(audit_proof(f->log, 11, &f->arena, &proof, &f->e));
    KIT_GOOD(audit_check_proof(proof, &key, &f->arena, &proved, &f->e));
    assert_true(proved.erased);
    reopen(f, true);
    audit_close(f->log);
    f->log = NULL;
    KIT_GOOD(kit_verify(f->folder, &f->e));
    /* Its name is nowhere in the folder. */
    text journal = kit_load(f->folder, "journal", &f->arena);
    assert_null(memmem(journal.p, journal.n, "\"at\":1795340000011,", 19));
    assert_non_null(memmem(journal.p, journal.n, "\"at\":1795340000012,", 19));
}

static void an_erasure_that_was_cut_short_is_ended(void **state)
{
    struct kit_log *f = *state;
    struct audit_entry entry;
    kit_fill(f->log, 0, 20, 3);
    audit_close(f->log);
    f->log = NULL;
    kit_save(f->folder, "erasing", T("leaf/7"));
    f->log = kit_open(f->folder, true);
    KIT_GOOD(audit_read(f->log, 7, &f->arena, &entry, &f->e));
    assert_true(entry.erased);
    /* Nobody told the log so: that shows. */
    audit_close(f->log);
    f->log = NULL;
    assert_int_equal(kit_verify(f->folder, &f->e), ERR_CORRUPT);
}

/* Whoever makes length and checksum fit is stopped by the commitment, also without a verify. */
static void forged_words_are_not_shown(void **state)
{
    struct kit_log *f = *state;
    struct audit_entry entry;
    kit_fill(f->log, 0, 20, 3);
    audit_close(f->log);
    f->log = NULL;
    text journal = kit_load(f->folder, "journal", &f->arena);
    char *bytes = arena_alloc(&f->arena, journal.n);
    assert_non_null(bytes);
    memcpy(bytes, journal.p, journal.n);
    char *word = memmem(bytes, journal.n, "Dr Zo", 5);
    size_t n = record_length(text_from(journal, JOURNAL_HEAD));
    assert_true(word && word < bytes + JOURNAL_HEAD + n);
    word[1] = 'x';
    put32(bytes + JOURNAL_HEAD + 4, crc_of(text_make(bytes + JOURNAL_HEAD + 8, n - 8)));
    kit_save(f->folder, "journal", text_make(bytes, journal.n));
    f->log = kit_open(f->folder, false);
    assert_int_equal(audit_read(f->log, 0, &f->arena, &entry, &f->e), ERR_CORRUPT);
    KIT_GOOD(audit_read(f->log, 1, &f->arena, &entry, &f->e));
}

static void only_one_writes(void **state)
{
    struct kit_log *f = *state;
    struct audit *other = NULL;
    struct audit_config c = {.dir = f->folder, .origin = T(KIT_ORIGIN), .writes = true};
    assert_int_equal(audit_open(&c, &other, &f->e), ERR_CONFLICT);
    kit_fill(f->log, 0, 20, 3);
    other = kit_open(f->folder, false);
    uint64_t ticket;
    char id[16];
    struct audit_event event = kit_event(1, 1, id);
    assert_int_equal(audit_size(other), 20);
    assert_int_equal(audit_append(other, &event, 1, &ticket, &f->e), ERR_INTERNAL);
    KIT_GOOD(kit_verify(f->folder, &f->e));
    audit_close(other);
    audit_close(f->log);
    f->log = NULL;
    c.origin = T("kith.test/log/other");
    assert_int_equal(audit_open(&c, &other, &f->e), ERR_CONFLICT);
}

/* --- crashes -----------------------------------------------------------------------------------
 */

static void append_until_killed(const char *folder, uint64_t from, int to)
{
    struct err e = {0};
    struct audit *log = kit_open(folder, true);
    for (uint64_t i = from;; i++) {
        char id[16];
        struct audit_event event = kit_event(i, 5, id);
        uint64_t ticket;
        if (audit_append(log, &event, 1, &ticket, &e) || audit_wait(log, ticket, &e) ||
            write(to, &ticket, sizeof ticket) != sizeof ticket) {
            _exit(1);
        }
    }
}

static void acknowledged_events_survive_kill(void **state)
{
    struct kit_log *f = *state;
    uint64_t acknowledged = 0;
    audit_close(f->log);
    f->log = NULL;
    for (int round = 0; round < 12; round++) {
        int pipes[2];
        uint64_t size = 0, ticket;
        assert_int_equal(pipe(pipes), 0);
        if (round) {
            struct audit *log = kit_open(f->folder, false);
            size = audit_size(log);
            audit_close(log);
        }
        pid_t child = fork();
        if (child == 0) {
            (void)close(pipes[0]);
            append_until_killed(f->folder, size, pipes[1]);
        }
        (void)close(pipes[1]);
        uint64_t seen = 0;
        while (seen < 20 + (uint64_t)round * 17 &&
               read(pipes[0], &ticket, sizeof ticket) == sizeof ticket) {
            acknowledged = ticket;
            seen++;
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(pipes[0], &ticket, sizeof ticket) == sizeof ticket) {
            acknowledged = ticket;
        }
        (void)close(pipes[0]);
        if (round % 3 == 0) { /* as if the last write had been torn */
            int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            int journal = openat(fd, "journal", O_WRONLY | O_APPEND | O_CLOEXEC);
            assert_int_equal(write(journal, "\x40\x01\0\0torn", 8), 8);
            (void)close(journal);
            (void)close(fd);
        }
        f->log = kit_open(f->folder, true);
        assert_true(audit_size(f->log) >= acknowledged);
        check_all(f, audit_size(f->log), 5);
        audit_close(f->log);
        f->log = NULL;
        KIT_GOOD(kit_verify(f->folder, &f->e));
    }
}

static void a_batch_is_whole_or_absent(void **state)
{
    struct kit_log *f = *state;
    struct audit_event events[3];
    char ids[3][16], then[128];
    uint64_t ticket;
    kit_folder(then);
    kit_fill(f->log, 0, 10, 3);
    reopen(f, true);
    kit_copy(f->folder, then);
    text before = kit_load(f->folder, "journal", &f->arena);
    for (size_t i = 0; i < 3; i++) {
        events[i] = kit_event(10 + i, 3, ids[i]);
    }
    KIT_GOOD(audit_append(f->log, events, 3, &ticket, &f->e));
    KIT_GOOD(audit_wait(f->log, ticket, &f->e));
    text after = kit_load(f->folder, "journal", &f->arena);
    audit_close(f->log);
    f->log = NULL;
    for (size_t cut = before.n; cut < after.n; cut += 37) {
        kit_copy(then, f->folder);
        kit_save(f->folder, "journal", text_first(after, cut));
        f->log = kit_open(f->folder, true);
        assert_int_equal(audit_size(f->log), 10);
        audit_close(f->log);
        f->log = NULL;
        KIT_GOOD(kit_verify(f->folder, &f->e));
    }
    kit_remove(then);
}

/* The journal ends where a record does, behind an older checkpoint: only the index tells. */
static void a_start_misses_entries_that_were_acknowledged(void **state)
{
    struct kit_log *f = *state;
    char then[128];
    kit_folder(then);
    kit_fill(f->log, 0, 10, 3);
    reopen(f, true);
    kit_copy(f->folder, then);
    kit_fill(f->log, 10, 3, 3);
    text index = kit_load(f->folder, "index", &f->arena);
    audit_close(f->log);
    f->log = NULL;
    kit_copy(then, f->folder);
    kit_save(f->folder, "index", index);
    struct audit_config c = {.dir = f->folder, .writes = true};
    assert_int_equal(audit_open(&c, &f->log, &f->e), ERR_CORRUPT);
    assert_int_equal(kit_verify(f->folder, &f->e), ERR_CORRUPT);
    /* Whoever knows of it may go on. */
    kit_copy(then, f->folder);
    f->log = kit_open(f->folder, true);
    assert_int_equal(audit_size(f->log), 10);
    kit_remove(then);
}

static void too_much_is_refused(void **state)
{
    struct kit_log *f = *state;
    static char query[EVENT_LINE_MAX];
    uint64_t ticket;
    memset(query, 'a', sizeof query);
    struct audit_event event = {.kind = EVENT_SEARCH, .query = {query, sizeof query}};
    assert_int_equal(audit_append(f->log, &event, 1, &ticket, &f->e), ERR_TOO_LARGE);
    event.query.n -= 100;
    KIT_GOOD(audit_append(f->log, &event, 1, &ticket, &f->e));
    KIT_GOOD(audit_wait(f->log, ticket, &f->e));
    assert_int_equal(ticket, 1);
    struct audit_entry entry;
    KIT_GOOD(audit_read(f->log, 0, &f->arena, &entry, &f->e));
    assert_int_equal(entry.event.query.n, sizeof query - 100);
}

/* Somebody deletes, cuts or exchanges the journal of a log that is open: nothing more is taken. */
static void a_journal_that_is_gone_is_missed(void **state)
{
    struct kit_log *f = *state;
    char journal[160];
    char away[160];
    char id[16];
    struct audit_event event = kit_event(1, 1, id);
    uint64_t ticket;
    text note;
    (void)snprintf(journal, sizeof journal, "%s/journal", f->folder);
    (void)snprintf(away, sizeof away, "%s/away", f->folder);
    for (int how = 0; how < 4; how++) {
        kit_fill(f->log, 0, 10, 1);
        KIT_GOOD(audit_checkpoint(f->log, true, &f->arena, &note, &f->e));
        text whole = kit_load(f->folder, "journal", &f->arena);
        int r = 0;
        if (how == 0) {
            assert_int_equal(unlink(journal), 0);
        } else if (how == 1) {
            assert_int_equal(truncate(journal, (off_t)whole.n - 8), 0);
        } else {
            assert_int_equal(rename(journal, away), 0);
        }
        if (how == 3) {
            kit_save(f->folder, "journal", whole); /* a copy: what comes goes to the other one */
        }
        r = audit_append(f->log, &event, 1, &ticket, &f->e);
        r = r ? r : audit_wait(f->log, ticket, &f->e);
        if (how >= 2) { /* by its name: with the next checkpoint */
            r = audit_checkpoint(f->log, true, &f->arena, &note, &f->e);
        }
        assert_int_equal(r, ERR_IO);
        assert_int_equal(audit_append(f->log, &event, 1, &ticket, &f->e), ERR_IO);
        assert_int_equal((int)audit_state(f->log), AUDIT_DEAD);
        audit_close(f->log);
        kit_remove(f->folder);
        f->log = kit_open(f->folder, true);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(appends_and_reads),
        TEST(chains_have_no_gap),
        TEST(scans),
        TEST(knows_its_writes),
        TEST(proves),
        TEST(states_the_length_of_a_chain),
        TEST(serves_public_files),
        TEST(erases),
        TEST(an_erasure_that_was_cut_short_is_ended),
        TEST(a_start_misses_entries_that_were_acknowledged),
        TEST(forged_words_are_not_shown),
        TEST(only_one_writes),
        TEST(acknowledged_events_survive_kill),
        TEST(a_batch_is_whole_or_absent),
        TEST(too_much_is_refused),
        TEST(a_journal_that_is_gone_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
