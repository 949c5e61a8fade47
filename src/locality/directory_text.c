/* The text of a directory: printed, and read in exactly that form. */
#include "locality/directory.h"

#include "base/clock.h"
#include "locality/directory_int.h"

#include <openssl/evp.h>

/* --- printing -----------------------------------------------------------------------------------
 */

static void print_time(struct buf *out, int64_t ms)
{
    char t[CLOCK_INSTANT_SIZE];
    clock_instant(ms, t);
    buf_add(out, text_first(text_of(t), 19));
    buf_addc(out, 'Z');
}

static void print_hash(struct buf *out, const uint8_t hash[32])
{
    base64_print(text_make((const char *)hash, 32), out);
}

static void print_key(struct buf *out, text ods, const char *what, const struct note_key *key)
{
    buf_printf(out, "key %.*s %s ", TEXT_ARG(ods), what);
    note_key_print(key, out);
    buf_addc(out, '\n');
}

static void print_member(struct buf *out, const struct member *m)
{
    buf_printf(out, "member %.*s %s %.*s %.*s\n", TEXT_ARG(m->ods), member_kind_code(m->kind),
               TEXT_ARG(m->url), TEXT_ARG(m->name));
    print_key(out, m->ods, "member", &m->key);
    print_key(out, m->ods, "log", &m->log);
    for (size_t i = 0; i < m->tls_count; i++) {
        buf_printf(out, "key %.*s tls sha256/", TEXT_ARG(m->ods));
        print_hash(out, m->tls[i]);
        buf_addc(out, '\n');
    }
}

int directory_print(const struct directory *d, struct buf *out, struct err *e)
{
    int rc = directory_check(d, e);
    if (rc) {
        return rc;
    }
    buf_printf(out, "kith.care/locality/v1\nname %.*s\nnumber %llu\nround %llu\nprevious ",
               TEXT_ARG(d->name), (unsigned long long)d->number, (unsigned long long)d->round);
    d->number == 1 ? buf_addc(out, '-') : print_hash(out, d->previous);
    buf_add(out, T("\nfrom "));
    print_time(out, d->from_ms);
    buf_add(out, T("\nuntil "));
    print_time(out, d->until_ms);
    buf_printf(out, "\nquorum %zu\n", d->quorum);
    for (size_t i = 0; i < d->member_count; i++) {
        print_member(out, &d->members[i]);
    }
    for (size_t i = 0; i < d->removed_count; i++) {
        buf_printf(out, "removed %.*s ", TEXT_ARG(d->removed[i].ods));
        print_time(out, d->removed[i].at_ms);
        buf_printf(out, " %.*s\n", TEXT_ARG(d->removed[i].why));
    }
    for (size_t i = 0; i < d->ally_count; i++) {
        buf_add(out, T("ally "));
        print_hash(out, d->allies[i].first);
        buf_printf(out, " %.*s\n", TEXT_ARG(d->allies[i].name));
    }
    return buf_failed(out) ? err_set(e, ERR_TOO_LARGE, "the directory is larger than it may be")
                           : 0;
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct reader {
    text rest; /* lines that are still to come */
    size_t line;
    struct arena *a;
    struct directory *d;
    size_t member_capacity, removed_capacity, ally_capacity;
    struct err *e;
};

static int refuse(struct reader *r, const char *words)
{
    return err_set(r->e, ERR_SYNTAX, "line %zu of the directory: %s", r->line, words);
}

static int no_memory(struct reader *r)
{
    return err_set(r->e, ERR_MEMORY, "no memory for a directory of this size");
}

/* The next line, if it begins with this word and a space; *ret_value is what follows. */
static bool take(struct reader *r, const char *word, text *ret_value)
{
    text rest = r->rest, line;
    size_t n = strlen(word);
    if (!text_cut(&rest, '\n', &line) || !text_starts(line, text_of(word)) || line.n <= n + 1 ||
        line.p[n] != ' ') {
        return false;
    }
    *ret_value = text_from(line, n + 1);
    r->rest = rest;
    r->line++;
    return true;
}

static int expect(struct reader *r, const char *word, text *ret_value)
{
    return take(r, word, ret_value) ? 0
                                    : err_set(r->e, ERR_SYNTAX,
                                              "line %zu of the directory: '%s' and its value are "
                                              "expected here",
                                              r->line + 1, word);
}

static bool two_digits(const char *p, int *ret)
{
    *ret = (p[0] - '0') * 10 + (p[1] - '0');
    return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9';
}

/* "2026-11-22T10:00:00Z" */
static bool read_time(text t, int64_t *ret_ms)
{
    int century, year, month, day, hour, minute, second;
    if (t.n != 20 || t.p[4] != '-' || t.p[7] != '-' || t.p[10] != 'T' || t.p[13] != ':' ||
        t.p[16] != ':' || t.p[19] != 'Z' || !two_digits(t.p, &century) ||
        !two_digits(t.p + 2, &year) || !two_digits(t.p + 5, &month) || !two_digits(t.p + 8, &day) ||
        !two_digits(t.p + 11, &hour) || !two_digits(t.p + 14, &minute) ||
        !two_digits(t.p + 17, &second) || month < 1 || month > 12 || day < 1 || day > 31 ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t days = clock_days(century * 100 + year, month, day);
    int back_year, back_month, back_day;
    clock_civil(days, &back_year, &back_month, &back_day);
    *ret_ms = ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000;
    return back_month == month && back_day == day;
}

static bool read_hash(text t, uint8_t to[32])
{
    size_t n = 0;
    return base64_read(t, to, 32, &n) && n == 32;
}

/* A number without a leading zero. */
static bool read_number(text t, uint64_t *ret)
{
    return t.n && t.p[0] != '0' && text_to_u64(t, ret);
}

static int read_head(struct reader *r)
{
    struct directory *d = r->d;
    text v, line;
    uint64_t quorum = 0;
    if (!text_cut(&r->rest, '\n', &line) || !text_eq(line, T("kith.care/locality/v1"))) {
        r->line = 1;
        return refuse(r, "this is no directory of a locality ('kith.care/locality/v1')");
    }
    r->line = 1;
    int rc = expect(r, "name", &d->name);
    rc = rc ? rc : expect(r, "number", &v);
    rc = rc ? rc : read_number(v, &d->number) ? 0 : refuse(r, "'number' is no number");
    rc = rc ? rc : expect(r, "round", &v);
    rc = rc ? rc : read_number(v, &d->round) ? 0 : refuse(r, "'round' is no number");
    rc = rc ? rc : expect(r, "previous", &v);
    rc = rc                          ? rc
         : text_eq(v, T("-"))        ? 0
         : read_hash(v, d->previous) ? 0
                                     : refuse(r, "'previous' is no hash in base64, nor '-'");
    rc = rc ? rc : expect(r, "from", &v);
    rc = rc ? rc : read_time(v, &d->from_ms) ? 0 : refuse(r, "'from' is no time");
    rc = rc ? rc : expect(r, "until", &v);
    rc = rc ? rc : read_time(v, &d->until_ms) ? 0 : refuse(r, "'until' is no time");
    rc = rc ? rc : expect(r, "quorum", &v);
    rc = rc ? rc : read_number(v, &quorum) ? 0 : refuse(r, "'quorum' is no number");
    d->quorum = quorum > DIRECTORY_MEMBERS_MAX ? SIZE_MAX / 4 : (size_t)quorum;
    return rc;
}

/* "key ODS WHAT VALUE" of this member. */
static bool take_key(struct reader *r, text ods, const char *what, text *ret_value)
{
    struct reader before = *r;
    text v, of, kind;
    if (take(r, "key", &v) && text_cut(&v, ' ', &of) && text_eq(of, ods) &&
        text_cut(&v, ' ', &kind) && text_eq(kind, text_of(what))) {
        *ret_value = v;
        return true;
    }
    *r = before;
    return false;
}

static int read_member(struct reader *r, text v)
{
    struct directory *d = r->d;
    struct member *m =
        arena_grow(r->a, d->members, d->member_count, &r->member_capacity, sizeof *d->members);
    text kind, key;
    if (!m) {
        return no_memory(r);
    }
    d->members = m;
    m += d->member_count++;
    memset(m, 0, sizeof *m);
    if (d->member_count > DIRECTORY_MEMBERS_MAX || !text_cut(&v, ' ', &m->ods) ||
        !text_cut(&v, ' ', &kind) || !member_kind_find(kind, &m->kind) ||
        !text_cut(&v, ' ', &m->url) || !v.p) {
        return refuse(r, "'member' wants an ODS code, a kind (gp, hospital, council, pharmacy, "
                         "platform, other), an address and a name, of at most 1000 members");
    }
    m->name = v;
    int rc = take_key(r, m->ods, "member", &key)
                 ? note_key_read(key, &m->key, r->e)
                 : refuse(r, "behind a member its line 'key ... member' is expected");
    rc = rc                                 ? rc
         : take_key(r, m->ods, "log", &key) ? note_key_read(key, &m->log, r->e)
                                            : refuse(r, "behind it 'key ... log' is expected");
    while (!rc && m->tls_count < MEMBER_TLS_KEYS_MAX && take_key(r, m->ods, "tls", &key)) {
        rc = text_starts(key, T("sha256/")) && read_hash(text_from(key, 7), m->tls[m->tls_count++])
                 ? 0
                 : refuse(r, "a tls key is 'sha256/' and a hash in base64");
    }
    return rc ? rc : m->tls_count ? 0 : refuse(r, "behind it 'key ... tls' is expected");
}

static int read_removed(struct reader *r, text v)
{
    struct directory *d = r->d;
    struct removed *x =
        arena_grow(r->a, d->removed, d->removed_count, &r->removed_capacity, sizeof *d->removed);
    text at;
    if (!x) {
        return no_memory(r);
    }
    d->removed = x;
    x += d->removed_count++;
    if (!text_cut(&v, ' ', &x->ods) || !text_cut(&v, ' ', &at) || !read_time(at, &x->at_ms) ||
        !v.p) {
        return refuse(r, "'removed' wants an ODS code, a time and a reason");
    }
    x->why = v;
    return 0;
}

static int read_ally(struct reader *r, text v)
{
    struct directory *d = r->d;
    struct ally *x =
        arena_grow(r->a, d->allies, d->ally_count, &r->ally_capacity, sizeof *d->allies);
    text hash;
    if (!x) {
        return no_memory(r);
    }
    d->allies = x;
    x += d->ally_count++;
    if (!text_cut(&v, ' ', &hash) || !read_hash(hash, x->first) || !v.p) {
        return refuse(r, "'ally' wants the hash of its first directory and its name");
    }
    x->name = v;
    return 0;
}

/* One text has one form: what is read and printed again is the same. */
static int check_form(const struct directory *d, struct err *e)
{
    struct buf again;
    buf_init(&again, DIRECTORY_MAX);
    int rc = directory_print(d, &again, e);
    if (!rc && !text_eq(buf_text(&again), d->body)) {
        rc = err_set(e, ERR_SYNTAX,
                     "the directory is not written in the one form that it has (spaces, zeros, or "
                     "the padding of base64)");
    }
    buf_done(&again);
    return rc;
}

int directory_read(text body, struct arena *a, struct directory *ret, struct err *e)
{
    struct reader r = {.rest = body, .a = a, .d = ret, .e = e};
    text v;
    memset(ret, 0, sizeof *ret);
    if (body.n > DIRECTORY_MAX) {
        return err_set(e, ERR_TOO_LARGE, "a directory of more than %d bytes is refused",
                       DIRECTORY_MAX);
    }
    ret->body = body;
    int rc = read_head(&r);
    while (!rc && take(&r, "member", &v)) {
        rc = read_member(&r, v);
    }
    while (!rc && take(&r, "removed", &v)) {
        rc = read_removed(&r, v);
    }
    while (!rc && take(&r, "ally", &v)) {
        rc = read_ally(&r, v);
    }
    if (!rc && r.rest.n) {
        r.line++;
        rc = refuse(&r, "nothing like that may stand here");
    }
    rc = rc ? rc : check_form(ret, e);
    if (!rc && EVP_Digest(body.p, body.n, ret->hash, NULL, EVP_sha256(), NULL) != 1) {
        rc = err_set(e, ERR_INTERNAL, "OpenSSL could not hash");
    }
    return rc;
}
