/* A .tgz in: what is handed out under which name, what is refused and why, limits, damage. */
#include "base/buf.h"
#include "format/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { BLOCK = 512, MOST = 64 << 20 };

/* One entry of a tar (POSIX.1-1988 ustar), its checksum made right. */
struct entry {
    const char *name;
    char type; /* '0' file, '5' folder, '1' hard link, '2' symbolic link, '3' device, '6' FIFO */
    const char *content;
    size_t zeros; /* instead of content */
};

static void add_entry(struct buf *tar, const struct entry *entry)
{
    static const char zeros[BLOCK];
    char head[BLOCK] = {0};
    size_t n = entry->content ? strlen(entry->content) : entry->zeros;
    unsigned sum = 0;
    (void)snprintf(head, 100, "%s", entry->name);
    (void)snprintf(head + 100, 8, "%07o", 0644U);
    (void)snprintf(head + 124, 12, "%011zo", n);
    (void)snprintf(head + 136, 12, "%011o", 0U);
    memset(head + 148, ' ', 8);
    head[156] = entry->type;
    if (entry->type == '1' || entry->type == '2') {
        (void)snprintf(head + 157, 100, "/etc/passwd");
    }
    memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK; i++) {
        sum += (unsigned char)head[i];
    }
    (void)snprintf(head + 148, 8, "%06o", sum & 0777777U);
    buf_add(tar, text_make(head, BLOCK));
    if (entry->content) {
        buf_add(tar, text_of(entry->content));
    }
    for (size_t left = entry->zeros; left; left -= left < BLOCK ? left : BLOCK) {
        buf_add(tar, text_make(zeros, left < BLOCK ? left : BLOCK));
    }
    buf_add(tar, text_make(zeros, (BLOCK - tar->n % BLOCK) % BLOCK));
}

static void pack(text bytes, struct buf *out)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, bytes.n);
    char *to = buf_reserve(out, room);
    assert_non_null(to);
    z.next_in = (Bytef *)(uintptr_t)bytes.p;
    z.avail_in = (unsigned)bytes.n;
    z.next_out = (Bytef *)to;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->n += z.total_out;
    (void)deflateEnd(&z);
}

static void make(const struct entry *entries, size_t count, struct buf *ret_tgz)
{
    static const char end[2 * BLOCK];
    struct buf tar;
    buf_init(&tar, MOST);
    buf_init(ret_tgz, MOST);
    for (size_t i = 0; i < count; i++) {
        add_entry(&tar, &entries[i]);
    }
    buf_add(&tar, text_make(end, sizeof end));
    pack(buf_text(&tar), ret_tgz);
    buf_done(&tar);
}

/* "name=bytes;" of each file; of long ones the number of bytes. */
static int note(void *context, text name, text bytes, struct err *e)
{
    struct buf *seen = context;
    if (text_eq(bytes, T("stop"))) {
        return err_set(e, ERR_CONFLICT, "stopped");
    }
    buf_printf(seen, "%.*s=", TEXT_ARG(name));
    if (bytes.n < 100) {
        buf_add(seen, bytes);
    } else {
        buf_add_u64(seen, bytes.n);
    }
    buf_addc(seen, ';');
    return 0;
}

static const struct archive_limits small = {
    .files = 3, .file_bytes = 1 << 20, .all_bytes = 16 << 20, .ratio = 100};

static int visit(text tgz, struct buf *seen, struct err *e)
{
    *e = (struct err){0};
    buf_init(seen, 1 << 20);
    return archive_visit_bytes(tgz, &small, note, seen, e);
}

static void entries(void **state)
{
    static const struct {
        struct entry entries[4];
        int code;
        const char *seen; /* also what came before the fault */
        const char *says;
    } cases[] = {
        {{{"package/", '5', NULL, 0}, {"package/a.json", '0', "{}", 0}},
         0,
         "package/a.json={};",
         ""},
        {{{"./a//b/./c", '0', "x", 0}, {"empty", '0', "", 0}}, 0, "a/b/c=x;empty=;", ""},
        {{{"\xC3\xA9.json", '0', "x", 0}}, 0, "\xC3\xA9.json=x;", ""},
        {{{"long", '0', NULL, 70000}}, 0, "long=70000;", ""},
        {{{"a", '0', "1", 0}, {"/etc/passwd", '0', "x", 0}}, ERR_INVALID, "a=1;", "'/etc/passwd'"},
        {{{"a/../../b", '0', "x", 0}}, ERR_INVALID, "", ".. in its name"},
        {{{"..", '5', NULL, 0}}, ERR_INVALID, "", ".. in its name"},
        {{{"a", '2', NULL, 0}}, ERR_INVALID, "", "is a link"},
        {{{"a", '1', NULL, 0}}, ERR_INVALID, "", "is a link"},
        {{{"a", '3', NULL, 0}}, ERR_INVALID, "", "neither file nor folder"},
        {{{"a", '6', NULL, 0}}, ERR_INVALID, "", "neither file nor folder"},
        {{{"a\xFF", '0', "x", 0}}, ERR_INVALID, "", "no UTF-8"},
        {{{"a\xED\xA0\x80", '0', "x", 0}}, ERR_INVALID, "", "no UTF-8"},
        {{{"a\xC0\xAF", '0', "x", 0}}, ERR_INVALID, "", "no UTF-8"},
        {{{"a\nb", '0', "x", 0}}, ERR_INVALID, "", "control characters"},
        {{{"a", '0', NULL, (1 << 20) + 1}}, ERR_TOO_LARGE, "", "'a' of the archive has more than"},
        {{{"a", '0', "1", 0}, {"b", '0', "stop", 0}}, ERR_CONFLICT, "a=1;", "stopped"},
        {{{"a", '0', "1", 0}, {"b", '0', "2", 0}, {"c", '5', NULL, 0}, {"d", '0', "4", 0}},
         ERR_TOO_LARGE,
         "a=1;b=2;",
         "more than 3 files"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf tgz;
        struct buf seen;
        struct err e;
        size_t count = 0;
        while (count < 4 && cases[i].entries[count].name) {
            count++;
        }
        make(cases[i].entries, count, &tgz);
        int rc = visit(buf_text(&tgz), &seen, &e);
        buf_addc(&seen, '\0');
        if (rc != cases[i].code || !strstr(e.detail, cases[i].says)) {
            fail_msg("case %zu: %d %s", i, rc, e.detail);
        }
        assert_string_equal(seen.p, cases[i].seen);
        buf_done(&seen);
        buf_done(&tgz);
    }
}

static void refuses(text tgz, int code, const char *says)
{
    struct buf seen;
    struct err e;
    int rc = visit(tgz, &seen, &e);
    if (rc != code || !strstr(e.detail, says)) {
        fail_msg("%s: %d %s", says, rc, e.detail);
    }
    buf_done(&seen);
}

/* Cut off anywhere, or with a bit changed anywhere: never taken for whole. */
static void damage(void **state)
{
    size_t meaningless = 0;
    static const struct entry whole[] = {{"a.json", '0', "{\"a\":1}", 0}, {"b", '0', "2", 0}};
    struct buf tgz;
    (void)state;
    make(whole, 2, &tgz);
    for (size_t n = 0; n < tgz.n; n++) {
        refuses(text_make(tgz.p, n), ERR_SYNTAX, "");
    }
    refuses(T(""), ERR_SYNTAX, "empty");
    refuses(text_make(tgz.p, tgz.n - 1), ERR_SYNTAX, "cut off");
    for (size_t at = 10; at < tgz.n; at++) {
        struct buf seen;
        struct err e;
        tgz.p[at] ^= 4;
        if (visit(buf_text(&tgz), &seen, &e) == 0) { /* a bit of deflate that means nothing */
            assert_true(text_eq(buf_text(&seen), T("a.json={\"a\":1};b=2;")));
            meaningless++;
        }
        buf_done(&seen);
        tgz.p[at] ^= 4;
    }
    buf_add(&tgz, T("more"));
    refuses(buf_text(&tgz), ERR_SYNTAX, "gzip");
    assert_true(meaningless * 10 < tgz.n);
    buf_done(&tgz);
}

static void other_forms(void **state)
{
    struct buf packed;
    (void)state;
    refuses(T("PK\x03\x04 a zip"), ERR_SYNTAX, "no .tgz");
    refuses(T("{\"resourceType\":\"ValueSet\"}"), ERR_SYNTAX, "no .tgz");
    buf_init(&packed, MOST);
    pack(T("{\"resourceType\":\"ValueSet\"}"), &packed);
    refuses(buf_text(&packed), ERR_SYNTAX, "no .tgz");
    buf_done(&packed);
}

static void bombs(void **state)
{
    static const struct entry wide[] = {
        {"a", '0', NULL, 1 << 20}, {"b", '0', NULL, 1 << 20}, {"c", '0', NULL, 1 << 20}};
    static const char zeros[BLOCK];
    struct buf tar;
    struct buf tgz;
    (void)state;
    /* 3 MiB of zeros are less than is looked at; what follows the end of the tar counts too. */
    make(wide, 3, &tgz);
    struct buf seen;
    struct err e;
    assert_int_equal(visit(buf_text(&tgz), &seen, &e), 0);
    buf_done(&seen);
    buf_done(&tgz);
    buf_init(&tar, MOST);
    buf_init(&tgz, MOST);
    add_entry(&tar, &(struct entry){"a", '0', "x", 0});
    while (tar.n < (9 << 20)) {
        buf_add(&tar, text_make(zeros, sizeof zeros));
    }
    pack(buf_text(&tar), &tgz);
    refuses(buf_text(&tgz), ERR_TOO_LARGE, "100-fold");
    struct archive_limits limits = small;
    limits.ratio = 100000;
    limits.all_bytes = 8 << 20;
    buf_init(&seen, 1 << 20);
    assert_int_equal(archive_visit_bytes(buf_text(&tgz), &limits, note, &seen, &e), ERR_TOO_LARGE);
    buf_done(&seen);
    buf_done(&tar);
    buf_done(&tgz);
}

static void from_a_file(void **state)
{
    static const struct entry one[] = {{"a.json", '0', "{}", 0}};
    char path[] = "/tmp/test_archive_XXXXXX";
    struct buf tgz;
    struct buf seen;
    struct err e = {0};
    struct archive_limits limits = archive_limits_default();
    (void)state;
    make(one, 1, &tgz);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, tgz.p, tgz.n), tgz.n);
    assert_int_equal(close(fd), 0);
    buf_init(&seen, 1 << 20);
    assert_int_equal(archive_visit_file(path, &limits, note, &seen, &e), 0);
    buf_addc(&seen, '\0');
    assert_string_equal(seen.p, "a.json={};");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(archive_visit_file(path, &limits, note, &seen, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.detail, path));
    buf_done(&seen);
    buf_done(&tgz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries), cmocka_unit_test(damage),      cmocka_unit_test(other_forms),
        cmocka_unit_test(bombs),   cmocka_unit_test(from_a_file),
    };
    return cmocka_run_group_tests_name("archives", tests, NULL, NULL);
}
