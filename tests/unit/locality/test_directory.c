/* The directory of a locality: one form, and D1 of docs/locality.md. */
#include "locality/directory.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

enum { MOST = 5 };

struct people { /* five organisations and their keys */
    struct arena a;
    struct note_signer *signer[MOST], *log[MOST];
    struct member member[MOST];
    struct directory d;
};

static text copy_text(struct arena *a, const struct buf *b)
{
    return arena_copy(a, buf_text(b));
}

static struct note_signer *make_key(const char *what, text ods)
{
    char name[64];
    struct buf key;
    struct note_signer *s = NULL;
    struct err e = {0};
    buf_init(&key, 4096);
    (void)snprintf(name, sizeof name, "kith.care/%s/%.*s", what, TEXT_ARG(ods));
    assert_int_equal(note_signer_make(text_of(name), &key, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&key), &s, &e), 0);
    buf_done(&key);
    return s;
}

static int setup(void **state)
{
    static struct people p;
    static const char *const ods[MOST] = {"A81001", "FVR79", "RXX", "VLAXL", "Y90005"};
    memset(&p, 0, sizeof p);
    arena_init(&p.a, 1 << 24);
    for (size_t i = 0; i < MOST; i++) {
        struct member *m = &p.member[i];
        m->ods = text_of(ods[i]);
        m->kind = (enum member_kind)i;
        m->url = T("https://node.example:8443");
        m->name = T("An Organisation, with words");
        p.signer[i] = make_key("member", m->ods);
        p.log[i] = make_key("log", m->ods);
        m->key = *note_signer_key(p.signer[i]);
        m->log = *note_signer_key(p.log[i]);
        memset(m->tls[0], (int)i + 1, 32);
        m->tls_count = 1;
    }
    p.d = (struct directory){.name = T("Riverside"),
                             .number = 1,
                             .round = 1,
                             .from_ms = INT64_C(1763805600000),
                             .until_ms = INT64_C(1763805600000) + 90 * INT64_C(86400000),
                             .quorum = 3,
                             .members = p.member,
                             .member_count = 4};
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct people *p = *state;
    for (size_t i = 0; i < MOST; i++) {
        note_signer_free(p->signer[i]);
        note_signer_free(p->log[i]);
    }
    arena_done(&p->a);
    return 0;
}

static text print(struct people *p, const struct directory *d)
{
    struct buf out;
    struct err e = {0};
    buf_init(&out, DIRECTORY_MAX);
    assert_int_equal(directory_print(d, &out, &e), 0);
    text t = copy_text(&p->a, &out);
    buf_done(&out);
    return t;
}

/* The note with the signature of another of the same text. */
static void add_signature(text note, text other, struct buf *out)
{
    text body, lines;
    assert_true(note_split(other, &body, &lines));
    buf_add(out, note);
    buf_add(out, lines);
}

/* The note of a text, signed by those whose bit is set. */
static text signed_by(struct people *p, text body, unsigned who)
{
    text note = {0};
    struct err e = {0};
    for (size_t i = 0; i < MOST; i++) {
        struct buf one, both;
        if (!(who >> i & 1)) {
            continue;
        }
        buf_init(&one, DIRECTORY_MAX);
        buf_init(&both, DIRECTORY_MAX);
        assert_int_equal(note_sign(p->signer[i], body, &one, &e), 0);
        if (note.n) {
            add_signature(note, buf_text(&one), &both);
            note = copy_text(&p->a, &both);
        } else {
            note = copy_text(&p->a, &one);
        }
        buf_done(&one);
        buf_done(&both);
    }
    return note;
}

static struct directory read_back(struct people *p, text body)
{
    struct directory d;
    struct err e = {0};
    assert_int_equal(directory_read(body, &p->a, &d, &e), 0);
    return d;
}

static void test_form(void **state)
{
    struct people *p = *state;
    struct removed gone = {.ods = T("Y90009"), .at_ms = INT64_C(1763805600000), .why = T("closed")};
    struct ally ally = {.name = T("Seaside")};
    p->d.removed = &gone;
    p->d.removed_count = 1;
    p->d.allies = &ally;
    p->d.ally_count = 1;
    p->member[1].tls_count = 2;
    memset(p->member[1].tls[1], 0x77, 32);
    text body = print(p, &p->d);
    assert_true(
        text_starts(body, T("kith.care/locality/v1\nname Riverside\nnumber 1\nround 1\nprevious -\n"
                            "from 2025-11-22T10:00:00Z\nuntil 2026-02-20T10:00:00Z\n"
                            "quorum 3\nmember A81001 gp https://node.example:8443 An Org")));
    struct directory d = read_back(p, body);
    assert_int_equal(d.member_count, 4);
    assert_int_equal(d.members[1].tls_count, 2);
    assert_true(text_eq(d.removed[0].why, T("closed")));
    assert_true(text_eq(d.allies[0].name, T("Seaside")));
    assert_ptr_equal(directory_member(&d, T("RXX")), &d.members[2]);
    assert_null(directory_member(&d, T("RXY")));
    assert_ptr_equal(directory_by_tls(&d, p->member[1].tls[1]), &d.members[1]);
}

/* No other text than the one form is read: each byte changed, dropped or doubled is refused, or is
 * another directory that prints as it was read. */
static void test_one_form(void **state)
{
    struct people *p = *state;
    text body = print(p, &p->d);
    char changed[8192];
    size_t taken = 0;
    assert_true(body.n + 1 < sizeof changed);
    for (size_t i = 0; i < body.n; i++) {
        for (int how = 0; how < 4; how++) {
            struct arena_mark mark = arena_mark(&p->a);
            struct directory d;
            struct err e = {0};
            size_t n = body.n;
            memcpy(changed, body.p, n);
            if (how < 2) {
                changed[i] = (char)(changed[i] ^ (how ? 0x20 : 1));
            } else {
                memmove(changed + i + (how == 3), body.p + i + (how == 2), n - i - (how == 2));
                n += how == 3 ? 1 : (size_t)-1;
            }
            if (directory_read(text_make(changed, n), &p->a, &d, &e) == 0) {
                taken++;
                assert_true(text_eq(print(p, &d), text_make(changed, n)));
            }
            arena_rewind(&p->a, mark);
        }
    }
    assert_true(taken > 100 && taken < body.n * 3);
}

/* What people read before they sign is text that shows as it is; addresses can be asked. */
static void test_words_and_addresses(void **state)
{
    struct people *p = *state;
    static const struct {
        const char *name, *url;
        bool good;
    } cases[] = {
        {"Pr\303\241ctica 5", "https://node.example", true},
        {"Pr\341ctica", "https://node.example", false},           /* Latin-1 */
        {"Mill\302\2332J Lane", "https://node.example", false},   /* a control of terminals */
        {"Mill \342\200\256enaL", "https://node.example", false}, /* turns the direction */
        {"Mill Lane", "https://node.example:1", true},
        {"Mill Lane", "https://node.example:65535", true},
        {"Mill Lane", "https://node.example:65536", false},
        {"Mill Lane", "https://node.example:0", false},
        {"Mill Lane", "https://node.example:", false},
        {"Mill Lane", "https://node.example:80:80", false},
        {"Mill Lane", "https://:80", false},
        {"Mill Lane", "https://[fd00::1]", true},
        {"Mill Lane", "https://[fd00::1]:8081", true},
        {"Mill Lane", "https://[fd00::1", false},
        {"Mill Lane", "https://[fd00::1]8081", false},
        {"Mill Lane", "https://[]:8081", false},
    };
    const struct member second = p->member[1];
    struct buf out;
    struct err e;
    buf_init(&out, DIRECTORY_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p->member[1].name = text_of(cases[i].name);
        p->member[1].url = text_of(cases[i].url);
        buf_clear(&out);
        assert_int_equal(directory_print(&p->d, &out, &e), cases[i].good ? 0 : ERR_INVALID);
    }
    buf_done(&out);
    p->member[1] = second;
}

static void test_what_may_not_be(void **state)
{
    struct people *p = *state;
    struct buf out;
    struct err e;
    const struct directory good = p->d;
    const struct member second = p->member[1];
    buf_init(&out, DIRECTORY_MAX);
    for (int wrong = 0; wrong < 14; wrong++) {
        struct directory d = good;
        p->member[1] = second;
        struct member *m = &p->member[1];
        switch (wrong) {
        case 0:
            d.quorum = 2;
            break;
        case 1:
            d.quorum = 5;
            break;
        case 2:
            d.number = 0;
            break;
        case 3:
            d.number = 2;
            break; /* without a hash of the one before */
        case 4:
            d.until_ms = d.from_ms;
            break;
        case 5:
            d.until_ms = d.from_ms + 401 * INT64_C(86400000);
            break;
        case 6:
            d.name = T("two\nlines");
            break;
        case 7:
            m->ods = T("rxx");
            break;
        case 8:
            m->ods = T("Z");
            break; /* order */
        case 9:
            m->url = T("http://node.example");
            break;
        case 10:
            m->url = T("https://user@node.example/path");
            break;
        case 11:
            m->log = p->member[2].log;
            break; /* another's key */
        case 12:
            memcpy(m->tls[0], p->member[3].tls[0], 32);
            break;
        default:
            m->tls_count = 0;
            break;
        }
        buf_clear(&out);
        e = (struct err){0};
        assert_int_equal(directory_print(&d, &out, &e), ERR_INVALID);
        assert_true(e.detail[0] != 0);
    }
    buf_done(&out);
    p->member[1] = second;
}

static void test_number_one(void **state)
{
    struct people *p = *state;
    struct err e = {0};
    text body = print(p, &p->d);
    struct directory d = read_back(p, body);
    assert_int_equal(directory_follows(signed_by(p, body, 0xf), &d, NULL, &e), 0);
    assert_int_equal(directory_follows(signed_by(p, body, 0x7), &d, NULL, &e), ERR_FORBIDDEN);
}

/* Every set of signers, with a new member, with a changed key, and with neither. */
static void test_follows(void **state)
{
    struct people *p = *state;
    struct directory first = read_back(p, print(p, &p->d));
    for (int change = 0; change < 3; change++) {
        struct directory next = first;
        struct member members[MOST];
        struct note_signer *old = p->signer[1];
        memcpy(members, p->member, sizeof members);
        next.members = members;
        next.number = 2;
        memcpy(next.previous, first.hash, 32);
        next.member_count = change == 1 ? 5 : 4;
        if (change == 2) {
            p->signer[1] = make_key("member", members[1].ods);
            members[1].key = *note_signer_key(p->signer[1]);
        }
        text body = print(p, &next);
        struct directory d = read_back(p, body);
        for (unsigned who = 1; who < 32; who++) {
            struct err e = {0};
            /* A new key's signature is not one of the members of number 1. */
            unsigned counted = who & (change == 2 ? 0xdu : 0xfu);
            bool enough = __builtin_popcount(counted) >= 3;
            bool newcomer = change == 0 || (who >> (change == 1 ? 4 : 1) & 1);
            assert_int_equal(directory_follows(signed_by(p, body, who), &d, &first, &e),
                             enough && newcomer ? 0 : ERR_FORBIDDEN);
        }
        if (change == 2) {
            note_signer_free(p->signer[1]);
            p->signer[1] = old;
        }
    }
}

static void test_signatures_count_once(void **state)
{
    struct people *p = *state;
    bool bits[MOST];
    text body = print(p, &p->d);
    struct directory d = read_back(p, body);
    struct buf twice;
    buf_init(&twice, DIRECTORY_MAX);
    text note = signed_by(p, body, 1), lines, ignored;
    assert_true(note_split(note, &ignored, &lines));
    buf_add(&twice, note);
    buf_add(&twice, lines);
    assert_int_equal(directory_signers(buf_text(&twice), &d, bits), 1);
    buf_clear(&twice);
    /* A right signature under another text counts for nothing. */
    d.number = 7;
    memset(d.previous, 1, 32);
    text other = print(p, &d);
    buf_add(&twice, other);
    buf_addc(&twice, '\n');
    buf_add(&twice, lines);
    assert_int_equal(directory_signers(buf_text(&twice), &d, bits), 0);
    buf_clear(&twice);
    buf_done(&twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_may_not_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words_and_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_number_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signatures_count_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
