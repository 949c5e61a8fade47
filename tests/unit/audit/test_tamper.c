/*
 * More than a thousand tamperings with a log, each of which verify or watch finds; and logs that
 * nobody touched, of which neither complains. KITH_SEED repeats a run.
 */
#include "kit.h"

#include "audit/record.h"
#include "base/random.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 1200, ROUNDS_SMALL = 200, ENTRIES = 600 };

static const char *const files[] = {
    "journal",    "index",           "heads",          "checkpoint", "tile/0/000",
    "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "key.pub",    "tag-key",
};
enum { FILES = sizeof files / sizeof *files };

struct scene {
    char whole[128], old[128], broken[128];
    struct buf state; /* of a watch that has seen the whole log */
    struct arena arena;
    struct prng random;
    char what[256];
};

static int look(struct scene *s, const char *folder, struct err *e)
{
    struct buf state;
    struct watch_seen seen;
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct watch_files source = watch_folder(&dir);
    buf_init(&state, 1 << 20);
    buf_add(&state, buf_text(&s->state));
    int r = watch_look(&source, T(""), NULL, &state, &seen, e);
    if (s->state.n == 0 && r == 0) {
        buf_add(&s->state, buf_text(&state));
    }
    buf_done(&state);
    (void)close(dir);
    return r;
}

static uint64_t below(struct scene *s, uint64_t n)
{
    return prng_below(&s->random, n);
}

/* --- random damage ------------------------------------------------------------------------------
 */

static char *copy_of(struct scene *s, text bytes, size_t more)
{
    char *p = arena_alloc(&s->arena, bytes.n + more + 1);
    assert_non_null(p);
    memcpy(p, bytes.p, bytes.n);
    return p;
}

/* One of: a bit flipped, a byte set, bytes dropped, doubled, swapped, the end cut off, bytes added,
 * the file gone. What happens to leave the same bytes does not count. */
static bool damage(struct scene *s)
{
    const char *name = files[below(s, FILES)];
    text bytes = kit_load(s->whole, name, &s->arena);
    char *p = copy_of(s, bytes, bytes.n);
    size_t n = bytes.n, at = below(s, n), many = 1 + below(s, n - at < 64 ? n - at : 64);
    unsigned how = (unsigned)below(s, 8);
    size_t to = below(s, n - many + 1);
    char piece[64];
    switch (how) {
    case 0:
        p[at] = (char)(p[at] ^ 1 << below(s, 8));
        break;
    case 1:
        p[at] = (char)below(s, 256);
        break;
    case 2:
        memmove(p + at, p + at + many, n - at - many);
        n -= many;
        break;
    case 3:
        memmove(p + at + many, p + at, n - at);
        n += many;
        break;
    case 4:
        memcpy(piece, p + at, many);
        memmove(p + at, p + to, many);
        memcpy(p + to, piece, many);
        break;
    case 5:
        n = at;
        break;
    case 6:
        memset(p + n, (int)below(s, 256), many);
        n += many;
        break;
    default:
        n = 0;
        break;
    }
    kit_save(s->broken, name, text_make(p, n));
    if (how == 7) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", s->broken, name);
        (void)unlink(path);
    }
    (void)snprintf(s->what, sizeof s->what, "damage %u of %s at %zu, %zu bytes", how, name, at,
                   many);
    /* White space behind a key is no change of it; the table of heads is only a quick start. */
    bool same = text_eq(text_make(p, n), bytes);
    bool blank = strstr(name, "key") && text_eq(text_trim(text_make(p, n)), text_trim(bytes));
    bool spare = how == 7 && strcmp(name, "heads") == 0;
    return !same && !blank && !spare;
}

/* --- an attacker who knows the form -------------------------------------------------------------
 */

struct place {
    size_t offset, n;
};

static size_t records(text journal, struct place *to, size_t most)
{
    size_t count = 0;
    for (size_t at = JOURNAL_HEAD; at < journal.n && count < most; at += to[count++].n) {
        to[count] = (struct place){at, record_length(text_from(journal, at))};
        assert_int_not_equal(to[count].n, 0);
    }
    return count;
}

static void sign_record(char *p, size_t n)
{
    put32(p + 4, crc_of(text_make(p + 8, n - 8)));
}

static void remake_index(struct scene *s, text journal)
{
    static struct place all[ENTRIES + 8];
    size_t count = records(journal, all, ENTRIES + 8);
    char *rows = arena_alloc(&s->arena, count * 8);
    for (size_t i = 0; i < count; i++) {
        put64(rows + i * 8, all[i].offset);
    }
    kit_save(s->broken, "index", text_make(rows, count * 8));
}

/* A record changed, dropped, doubled or two changed for each other; numbers, places, checksums and
 * index made to fit. */
static bool forge(struct scene *s)
{
    static struct place all[ENTRIES + 8];
    text journal = kit_load(s->whole, "journal", &s->arena);
    size_t count = records(journal, all, ENTRIES + 8), i = below(s, count), j = below(s, count);
    char *p = copy_of(s, journal, RECORD_MAX);
    size_t n = journal.n;
    char *record = p + all[i].offset;
    unsigned how = (unsigned)below(s, 8);
    (void)snprintf(s->what, sizeof s->what, "forgery %u of leaf %zu (%zu)", how, i, j);
    switch (how) {
    case 0: /* other words */
        record[RECORD_HEAD + LEAF_SIZE + 8] ^= 1;
        break;
    case 1: /* another salt */
        record[32 + below(s, 32)] ^= 4;
        break;
    case 2: /* other leaf data */
        record[RECORD_HEAD + below(s, LEAF_SIZE)] ^= 16;
        break;
    case 3: /* another chain */
        put64(record + 24, get64(record + 24) + 1);
        break;
    case 4: /* words taken away in silence */
        record_erase(record, all[i].n);
        break;
    case 5: /* one entry less */
        memmove(record, record + all[i].n, n - all[i].offset - all[i].n);
        n -= all[i].n;
        break;
    case 6: /* one twice */
        memmove(record + all[i].n, record, n - all[i].offset);
        n += all[i].n;
        break;
    default: /* the words and leaf of another */
        if (all[i].n != all[j].n || i == j) {
            return false;
        }
        memcpy(record, journal.p + all[j].offset, all[j].n);
        break;
    }
    count = records(text_make(p, n), all, ENTRIES + 8);
    for (size_t k = 0; k < count; k++) {
        put64(p + all[k].offset + 16, k);
        sign_record(p + all[k].offset, all[k].n);
    }
    kit_save(s->broken, "journal", text_make(p, n));
    remake_index(s, text_make(p, n));
    return true;
}

/* Everything made anew but for the signature, which the attacker cannot make: tiles from the forged
 * journal, an old checkpoint, files of another moment. */
static bool roll_back(struct scene *s)
{
    static const char *const some[] = {"journal", "index", "checkpoint", "tile/0/000",
                                       "tile/1/000.p/2"};
    unsigned how = (unsigned)below(s, 4);
    (void)snprintf(s->what, sizeof s->what, "roll-back %u", how);
    if (how == 0) {
        kit_copy(s->old, s->broken);
        return true;
    }
    const char *name = some[how];
    if (how == 3) {
        text tile = kit_load(s->whole, "tile/0/001", &s->arena);
        kit_save(s->broken, "tile/0/000", tile);
        return true;
    }
    kit_save(s->broken, name, kit_load(s->old, name, &s->arena));
    return true;
}

static void begin(struct scene *s)
{
    const char *seed = getenv("KITH_SEED");
    uint64_t number = seed ? strtoull(seed, NULL, 10) : 20261122;
    print_message("KITH_SEED=%llu\n", (unsigned long long)number);
    prng_seed(&s->random, number);
    arena_init(&s->arena, (size_t)1 << 28);
    buf_init(&s->state, 1 << 20);
    kit_folder(s->whole);
    kit_folder(s->old);
    kit_folder(s->broken);
    struct audit *log = kit_open(s->whole, true);
    kit_fill(log, 0, 400, 6);
    audit_close(log);
    kit_copy(s->whole, s->old);
    log = kit_open(s->whole, true);
    kit_fill(log, 400, ENTRIES - 400, 6);
    audit_close(log);
}

static void every_tampering_is_found(void **state)
{
    (void)state;
    static struct scene s;
    struct err e = {0};
    int tampered = 0, missed = 0;
    const char *small = getenv("KITH_SMALL"); /* sanitizers are slow */
    int rounds = small && strcmp(small, "yes") == 0 ? ROUNDS_SMALL : ROUNDS;
    begin(&s);
    assert_int_equal(look(&s, s.whole, &e), 0);
    for (int i = 0; tampered < rounds && i < 4 * rounds; i++) {
        arena_reset(&s.arena);
        kit_copy(s.whole, s.broken);
        unsigned kind = (unsigned)below(&s, 10);
        bool counts = kind < 6 ? damage(&s) : kind < 9 ? forge(&s) : roll_back(&s);
        if (!counts) {
            assert_true(kind < 9);
            continue;
        }
        tampered++;
        struct err by_verify = {0}, by_watch = {0};
        if (kit_verify(s.broken, &by_verify) != ERR_CORRUPT &&
            look(&s, s.broken, &by_watch) != ERR_CORRUPT) {
            print_message("MISSED: %s\n", s.what);
            missed++;
        }
        /* An untouched log, now and then. */
        if (i % 50 == 0) {
            kit_copy(s.whole, s.broken);
            assert_int_equal(kit_verify(s.broken, &e), 0);
            assert_int_equal(look(&s, s.broken, &e), 0);
        }
    }
    print_message("%d tamperings, %d missed\n", tampered, missed);
    assert_int_equal(tampered, rounds);
    assert_int_equal(missed, 0);
    kit_remove(s.whole);
    kit_remove(s.old);
    kit_remove(s.broken);
    buf_done(&s.state);
    arena_done(&s.arena);
}

/* A log with the key in wrong hands: all of it is in order, and only who has seen it before knows.
 */
static void a_history_rewritten_with_the_key(void **state)
{
    (void)state;
    static struct scene s;
    struct err e = {0};
    begin(&s);
    assert_int_equal(look(&s, s.whole, &e), 0);
    /* The same keys, other events. */
    static const char *const keys[] = {"key", "key.pub", "tag-key"};
    for (uint64_t size = 500; size <= 700; size += 100) {
        kit_copy(s.whole, s.broken);
        kit_remove(s.broken);
        assert_int_equal(mkdir(s.broken, 0700), 0);
        for (size_t i = 0; i < 3; i++) {
            kit_save(s.broken, keys[i], kit_load(s.whole, keys[i], &s.arena));
        }
        struct audit *log = kit_open(s.broken, true);
        kit_fill(log, 0, size, 7);
        audit_close(log);
        assert_int_equal(kit_verify(s.broken, &e), 0);
        assert_int_equal(look(&s, s.broken, &e), ERR_CORRUPT);
        assert_true(text_starts(text_of(e.detail), T("ALARM")));
        struct audit_verify ask = {.dir = s.broken,
                                   .since = kit_load(s.whole, "checkpoint", &s.arena)};
        struct audit_verified v;
        assert_int_equal(audit_verify(&ask, &v, &e), ERR_CORRUPT);
    }
    /* What only grew is fine. */
    struct audit *log = kit_open(s.whole, true);
    kit_fill(log, ENTRIES, 300, 6);
    text kept = kit_load(s.old, "checkpoint", &s.arena);
    audit_close(log);
    struct audit_verify ask = {.dir = s.whole, .since = kept};
    struct audit_verified v;
    assert_int_equal(audit_verify(&ask, &v, &e), 0);
    assert_int_equal(v.since, 400);
    /* Another file is no finding about the log: it is said what it is. */
    const struct {
        text file;
        const char *words;
    } others[] = {{buf_text(&s.state), "state of 'kith audit watch'"},
                  {text_trim(kit_load(s.whole, "key.pub", &s.arena)), "is a key"},
                  {T("my notes\n"), "is no checkpoint"},
                  {text_first(kept, kept.n / 2), "is no checkpoint"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ask.since = others[i].file;
        int rc = audit_verify(&ask, &v, &e);
        if (rc != ERR_SYNTAX || !strstr(e.detail, others[i].words)) {
            fail_msg("%s: %d, %s", others[i].words, rc, err_text(&e));
        }
    }
    assert_int_equal(look(&s, s.whole, &e), 0);
    kit_remove(s.whole);
    kit_remove(s.old);
    kit_remove(s.broken);
    buf_done(&s.state);
    arena_done(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tampering_is_found),
        cmocka_unit_test(a_history_rewritten_with_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
