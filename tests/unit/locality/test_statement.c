/* Statements and receipts: each claim missing, of another type, altered; and what they are bound
 * to. docs/locality.md, "Asking". */
#include "locality/statement.h"

#include "identity/jose.h"
#include "locality/member_key.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

enum { MOST = 3 };
#define NOW INT64_C(1795341600000)

struct place {
    struct arena a;
    struct note_signer *signer[MOST];
    struct member member[MOST];
    struct directory d;
    struct statement s;
    uint8_t request[32];
    struct nonces *nonces;
};

static struct note_signer *make_key(text ods)
{
    char name[64];
    struct buf key;
    struct note_signer *s = NULL;
    struct err e = {0};
    buf_init(&key, 4096);
    (void)snprintf(name, sizeof name, "kith.care/member/%.*s", TEXT_ARG(ods));
    assert_int_equal(note_signer_make(text_of(name), &key, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&key), &s, &e), 0);
    buf_done(&key);
    return s;
}

static int setup(void **state)
{
    static struct place p;
    static const char *const ods[MOST] = {"A81001", "RXX", "Y90005"};
    struct err e = {0};
    memset(&p, 0, sizeof p);
    arena_init(&p.a, 64 << 20);
    for (size_t i = 0; i < MOST; i++) {
        struct member *m = &p.member[i];
        m->ods = text_of(ods[i]);
        m->kind = MEMBER_GP;
        m->name = T("An Organisation");
        p.signer[i] = make_key(m->ods);
        m->key = *note_signer_key(p.signer[i]);
        memset(m->tls[0], (int)i + 1, 32);
        m->tls_count = 1;
    }
    p.d = (struct directory){
        .name = T("Riverside"), .number = 7, .members = p.member, .member_count = MOST};
    memset(p.request, 0x5a, 32);
    p.s = (struct statement){.asker = T("A81001"),
                             .holder = T("RXX"),
                             .made_ms = NOW,
                             .ends_ms = NOW + 60000,
                             .nonce = {1, 2, 3, 4, 5, 6, 7, 8},
                             .locality = T("Riverside"),
                             .number = 7,
                             .account = T("pseudonym"),
                             .name = T("Dr Amina \"Shah\""),
                             .role = T("R0260"),
                             .role_name = T("General practitioner"),
                             .purpose = PURPOSE_TREAT,
                             .relation = T("registration"),
                             .reason = T("emergency: found unconscious"),
                             .subject = {T("9434765919"), T("Smith"), T("Ana"), T("1970-01-02"),
                                         T("female"), T("LS1 4AP")},
                             .leaf = {9, 9}};
    memset(p.s.tls, 1, 32);
    memcpy(p.s.request, p.request, 32);
    assert_int_equal(nonces_new(NOW - 1000000, &p.nonces, &e), 0);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    for (size_t i = 0; i < MOST; i++) {
        note_signer_free(p->signer[i]);
    }
    nonces_free(p->nonces);
    arena_done(&p->a);
    return 0;
}

static text signed_by(struct place *p, const struct statement *s, size_t who)
{
    text jws = {0};
    struct err e = {0};
    assert_int_equal(statement_sign(s, p->signer[who], &p->a, &jws, &e), 0);
    return jws;
}

static struct statement_expect expects(struct place *p)
{
    return (struct statement_expect){.directory = &p->d,
                                     .self = T("RXX"),
                                     .tls = p->member[0].tls[0],
                                     .request = p->request,
                                     .now_ms = NOW + 1000,
                                     .nonces = p->nonces};
}

static int try(struct place *p, text jws, const struct statement_expect *x)
{
    struct statement s;
    const struct member *asker = NULL;
    struct err e = {0};
    int rc = statement_read(jws, x, &p->a, &s, &asker, &e);
    assert_int_equal(rc != 0, e.code != 0);
    assert_int_equal(rc == 0, asker != NULL);
    return rc;
}

/* Without a look at nonces, so that one statement can be tried many times. */
static int try_anew(struct place *p, text jws)
{
    struct statement_expect x = expects(p);
    x.nonces = NULL;
    return try(p, jws, &x);
}

/* --- round trips --------------------------------------------------------------------------------
 */

static void assert_subject(const struct subject *x, const struct subject *y)
{
    assert_true(text_eq(x->nhs_number, y->nhs_number) && text_eq(x->family, y->family) &&
                text_eq(x->given, y->given) && text_eq(x->birth_date, y->birth_date) &&
                text_eq(x->gender, y->gender) && text_eq(x->postcode, y->postcode));
}

static void a_statement_comes_as_it_went(void **state)
{
    struct place *p = *state;
    struct statement_expect x = expects(p);
    struct statement s;
    const struct member *asker;
    struct err e = {0};
    assert_int_equal(statement_read(signed_by(p, &p->s, 0), &x, &p->a, &s, &asker, &e), 0);
    assert_ptr_equal(asker, &p->member[0]);
    assert_true(text_eq(s.asker, p->s.asker) && text_eq(s.holder, p->s.holder) &&
                text_eq(s.locality, p->s.locality) && text_eq(s.account, p->s.account) &&
                text_eq(s.name, p->s.name) && text_eq(s.role, p->s.role) &&
                text_eq(s.role_name, p->s.role_name) && text_eq(s.relation, p->s.relation) &&
                text_eq(s.reason, p->s.reason));
    assert_subject(&s.subject, &p->s.subject);
    assert_true(s.made_ms == p->s.made_ms && s.ends_ms == p->s.ends_ms && s.number == 7);
    assert_int_equal(s.purpose, PURPOSE_TREAT);
    assert_memory_equal(s.nonce, p->s.nonce, 16);
    assert_memory_equal(s.tls, p->s.tls, 32);
    assert_memory_equal(s.request, p->s.request, 32);
    assert_memory_equal(s.leaf, p->s.leaf, 32);
}

/* --- claims ------------------------------------------------------------------------------------
 */

/* The claims of a statement, signed by the right key under the right type, with one text of it
 * replaced. */
static text forged(struct place *p, text jws, const char *type, size_t signer, const char *from,
                   const char *to)
{
    text rest = jws, header, payload, bytes = {0}, made = {0};
    struct err e = {0};
    struct jose_key *key = NULL;
    struct buf out;
    (void)text_cut(&rest, '.', &header);
    (void)text_cut(&rest, '.', &payload);
    assert_int_equal(base64url_read(payload, &p->a, &bytes, &e), 0);
    const char *at = from ? memmem(bytes.p, bytes.n, from, strlen(from)) : bytes.p;
    assert_non_null(at);
    size_t n = from ? strlen(from) : 0;
    buf_init(&out, 65536);
    buf_add(&out, text_make(bytes.p, (size_t)(at - bytes.p)));
    buf_add(&out, text_of(to));
    buf_add(&out, text_from(bytes, (size_t)(at - bytes.p) + n));
    assert_int_equal(member_key_secret(p->signer[signer], &p->a, &key, &e), 0);
    assert_int_equal(jws_sign(key, type, buf_text(&out), &p->a, &made, &e), 0);
    jose_key_free(key);
    buf_done(&out);
    return made;
}

static void each_claim_is_needed_and_of_its_form(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"\"iss\":\"A81001\",", ""},
        {"\"iss\":\"A81001\"", "\"iss\":5"},
        {"\"iss\":\"A81001\"", "\"iss\":\"NOBODY\""},
        {"\"iss\":\"A81001\"", "\"iss\":\"Y90005\""},
        {"\"aud\":\"RXX\",", ""},
        {"\"aud\":\"RXX\"", "\"aud\":[\"RXX\"]"},
        {"\"aud\":\"RXX\"", "\"aud\":\"Y90005\""},
        {"\"iat\":1795341600,", ""},
        {"\"iat\":1795341600", "\"iat\":\"1795341600\""},
        {"\"iat\":1795341600", "\"iat\":1795341600.5"},
        {"\"iat\":1795341600", "\"iat\":-1"},
        {"\"iat\":1795341600", "\"iat\":99999999999999999"},
        {"\"exp\":1795341660,", ""},
        {"\"exp\":1795341660", "\"exp\":null"},
        {"\"exp\":1795341660", "\"exp\":1795341661"}, /* longer than may be */
        {"\"exp\":1795341660", "\"exp\":1795341600"}, /* not after iat */
        {"\"jti\":\"", "\"jto\":\""},
        {"\"jti\":\"", "\"jti\":\"AA"},
        {"\"loc\":\"Riverside\",", ""},
        {"\"loc\":\"Riverside\"", "\"loc\":\"Seaside\""},
        {"\"loc\":\"Riverside\"", "\"loc\":{}"},
        {"\"num\":7,", ""},
        {"\"num\":7", "\"num\":\"7\""},
        {"\"cnf\":{", "\"cnf\":{\"x\":"},
        {"\"x5t#S256\":\"", "\"x5t#S256\":\"AA"},
        {"\"x5t#S256\":\"AQEB", "\"x5t#S256\":\"BQEB"},
        {"\"req\":\"", "\"reg\":\""},
        {"\"req\":\"Wlpa", "\"req\":\"Ylpa"},
        {"\"leaf\":\"", "\"life\":\""},
        {"\"leaf\":\"", "\"leaf\":\"A"},
        {"\"who\":{", "\"whom\":{"},
        {"\"account\":\"pseudonym\",", ""},
        {"\"account\":\"pseudonym\"", "\"account\":true"},
        {"\"name\":\"Dr ", "\"nome\":\"Dr "},
        {"\"role\":\"R0260\"", "\"role\":0"},
        {"\"role_name\":\"General practitioner\"", "\"role_name\":[]"},
        {"\"pur\":\"TREAT\",", ""},
        {"\"pur\":\"TREAT\"", "\"pur\":\"PLEASURE\""},
        {"\"pur\":\"TREAT\"", "\"pur\":7"},
        {"\"rel\":\"registration\"", "\"rel\":{}"},
        {"\"rsn\":\"emergency", "\"rsn\":0,\"x\":\"emergency"},
        {"\"pat\":{", "\"pet\":{"},
        {"\"nhs\":\"9434765919\",", ""},
        {"\"nhs\":\"9434765919\"", "\"nhs\":9434765919"},
        {"\"family\":\"Smith\",", ""},
        {"\"birth\":\"1970-01-02\",", ""},
        {"\"birth\":\"1970-01-02\"", "\"birth\":\"\""},
        {"\"given\":\"Ana\"", "\"given\":[\"Ana\"]"},
        {"\"gender\":\"female\"", "\"gender\":false"},
        {"\"postcode\":\"LS1 4AP\"", "\"postcode\":1"},
        {"{", "[{"},
        /* Of two, one reader takes the first and another the last. */
        {"\"iss\":\"A81001\"", "\"iss\":\"A81001\",\"iss\":\"Y90005\""},
        {"\"iat\":1795341600", "\"iat\":1795341600,\"iat\":1795341600"},
        {"\"role\":\"R0260\"", "\"role\":\"R0260\",\"r\\u006fle\":\"R8000\""},
        {"\"nhs\":\"9434765919\"", "\"nhs\":\"9434765919\",\"nhs\":\"9434765870\""},
        {"\"loc\":", "\"x\":[{\"y\":1,\"y\":1}],\"loc\":"},
    };
    text jws = signed_by(p, &p->s, 0);
    assert_int_equal(try_anew(p, jws), 0);
    assert_int_equal(try_anew(p, forged(p, jws, "kith-statement+jwt", 0, NULL, "")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text bad = forged(p, jws, "kith-statement+jwt", 0, rows[i].from, rows[i].to);
        if (!try_anew(p, bad)) {
            fail_msg("%s became %s, and counts", rows[i].from, rows[i].to);
        }
    }
}

static void what_may_be_left_out_may_be_left_out(void **state)
{
    struct place *p = *state;
    struct statement s = p->s;
    s.role = s.role_name = s.relation = s.reason = (text){0};
    s.subject.given = s.subject.gender = s.subject.postcode = (text){0};
    assert_int_equal(try_anew(p, signed_by(p, &s, 0)), 0);
    char long_name[1026];
    memset(long_name, 'n', 1025);
    s.name = text_make(long_name, 1024);
    assert_int_equal(try_anew(p, signed_by(p, &s, 0)), 0);
    s.name.n++;
    assert_int_equal(try_anew(p, signed_by(p, &s, 0)), ERR_FORBIDDEN);
}

/* --- what it is bound to ------------------------------------------------------------------------
 */

static void anothers_signature_does_not_count(void **state)
{
    struct place *p = *state;
    text jws = signed_by(p, &p->s, 0);
    assert_int_equal(try_anew(p, signed_by(p, &p->s, 1)), ERR_FORBIDDEN);
    /* Of another type, by the right key: a receipt is no statement. */
    assert_int_equal(try_anew(p, forged(p, jws, "kith-receipt+jwt", 0, NULL, "")), ERR_FORBIDDEN);
    assert_int_equal(try_anew(p, forged(p, jws, "JWT", 0, NULL, "")), ERR_FORBIDDEN);
    char *bytes = arena_alloc(&p->a, jws.n);
    size_t refused = 0;
    for (size_t i = 0; i < jws.n; i++) {
        memcpy(bytes, jws.p, jws.n);
        bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
        refused += try_anew(p, text_make(bytes, jws.n)) != 0;
    }
    assert_int_equal(refused, jws.n);
    for (size_t n = 0; n < jws.n; n += 7) {
        assert_int_not_equal(try_anew(p, text_first(jws, n)), 0);
    }
    assert_int_not_equal(try_anew(p, T("")), 0);
    assert_int_not_equal(try_anew(p, T("..")), 0);
}

static void it_belongs_to_connection_request_holder_and_locality(void **state)
{
    struct place *p = *state;
    text jws = signed_by(p, &p->s, 0);
    struct statement_expect x = expects(p);
    uint8_t other[32] = {7};
    x.nonces = NULL;
    x.tls = p->member[2].tls[0];
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    x.tls = NULL; /* enclosed: but the key must be the asker's still */
    assert_int_equal(try(p, jws, &x), 0);
    struct statement s = p->s;
    memset(s.tls, 3, 32);
    assert_int_equal(try(p, signed_by(p, &s, 0), &x), ERR_FORBIDDEN);
    x = expects(p);
    x.nonces = NULL;
    x.request = other;
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    x = expects(p);
    x.nonces = NULL;
    x.self = T("Y90005");
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    x = expects(p);
    x.nonces = NULL;
    p->d.name = T("Seaside");
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    p->d.name = T("Riverside");
    p->d.member_count = 0; /* nobody is a member any more */
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    p->d.member_count = MOST;
    /* While a key changes there are two. */
    p->member[0].tls_count = 2;
    memset(p->member[0].tls[1], 0x44, 32);
    memset(s.tls, 0x44, 32);
    x.tls = p->member[0].tls[1];
    assert_int_equal(try(p, signed_by(p, &s, 0), &x), 0);
}

static void its_time_has_bounds(void **state)
{
    struct place *p = *state;
    text jws = signed_by(p, &p->s, 0);
    static const struct {
        int64_t now;
        int rc;
    } rows[] = {
        {NOW - 30001, ERR_PRECONDITION},
        {NOW - 30000, 0},
        {NOW, 0},
        {NOW + 60000, 0}, /* the holder's clock is ahead */
        {NOW + 89999, 0},
        {NOW + 90000, ERR_PRECONDITION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct statement_expect x = expects(p);
        x.nonces = NULL;
        x.now_ms = rows[i].now;
        assert_int_equal(try(p, jws, &x), rows[i].rc);
    }
}

/* --- nonces -------------------------------------------------------------------------------------
 */

static void each_counts_once(void **state)
{
    struct place *p = *state;
    struct statement_expect x = expects(p);
    text jws = signed_by(p, &p->s, 0);
    assert_int_equal(try(p, jws, &x), 0);
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    x.now_ms = NOW + 89000;
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    /* One that does not count uses nothing up. */
    struct statement s = p->s;
    s.nonce[0]++;
    jws = signed_by(p, &s, 0);
    x.self = T("Y90005");
    assert_int_equal(try(p, jws, &x), ERR_FORBIDDEN);
    x.self = T("RXX");
    assert_int_equal(try(p, jws, &x), 0);
    memset(s.nonce, 0, 16);
    assert_int_equal(try(p, signed_by(p, &s, 0), &x), ERR_FORBIDDEN);
}

static void what_was_made_before_the_start_does_not_count(void **state)
{
    struct place *p = *state;
    struct statement_expect x = expects(p);
    struct nonces *young = NULL;
    struct err e = {0};
    assert_int_equal(nonces_new(NOW + 1, &young, &e), 0);
    x.nonces = young;
    assert_int_equal(try(p, signed_by(p, &p->s, 0), &x), ERR_PRECONDITION);
    struct statement s = p->s;
    s.made_ms += 1000;
    assert_int_equal(try(p, signed_by(p, &s, 0), &x), 0);
    nonces_free(young);
}

static int take(struct nonces *n, uint64_t i, int64_t now)
{
    uint8_t nonce[16];
    uint64_t mixed = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    struct err e;
    memcpy(nonce, &mixed, 8);
    memcpy(nonce + 8, &i, 8);
    return nonces_take(n, nonce, now, now, &e);
}

/* Remembered as long as a statement may live, by any clocks; not for ever; and not too many. */
static void nonces_turn_and_have_a_cap(void **state)
{
    (void)state;
    struct nonces *n = NULL;
    struct err e = {0};
    assert_int_equal(nonces_new(0, &n, &e), 0);
    for (int64_t now = 0; now < 1000000; now += 1000) {
        assert_int_equal(take(n, (uint64_t)now, now), 0);
        for (int64_t back = 0; back <= 119000 && back <= now; back += 17000) {
            assert_int_equal(take(n, (uint64_t)(now - back), now), ERR_FORBIDDEN);
        }
    }
    for (uint64_t i = 0; i < 240; i++) {
        assert_int_equal(take(n, 5000000 + i, 1000000), 0);
    }
    nonces_free(n);
    assert_int_equal(nonces_new(0, &n, &e), 0);
    for (uint64_t i = 0; i < NONCES_MAX; i++) {
        assert_int_equal(take(n, i, 0), 0);
    }
    assert_int_equal(take(n, NONCES_MAX, 0), ERR_BUSY);
    assert_int_equal(take(n, 5, 0), ERR_FORBIDDEN);
    assert_int_equal(take(n, NONCES_MAX, 120000), ERR_BUSY); /* the old ones may still be valid */
    assert_int_equal(take(n, NONCES_MAX, 240000), 0);
    nonces_free(n);
}

/* --- receipts -----------------------------------------------------------------------------------
 */

static struct receipt receipt_of(const struct place *p, const uint8_t body[32])
{
    struct receipt r = {.holder = T("RXX"),
                        .asker = T("A81001"),
                        .made_ms = NOW,
                        .until_ms = NOW + 300000,
                        .status = 200,
                        .leaf = {4, 5, 6},
                        .withheld = 0x80000001,
                        .consent = UINT64_C(1795341600000000000),
                        .number = 8,
                        .patient = T("p-1"),
                        .subject = p->s.subject,
                        .superseded = T("9434765870")};
    memcpy(r.nonce, p->s.nonce, 16);
    memcpy(r.body, body, 32);
    return r;
}

static int read_receipt(struct place *p, text jws, const uint8_t body[32], int64_t now,
                        struct receipt *ret)
{
    struct err e = {0};
    return receipt_read(jws, &p->member[1], &p->s, body, now, &p->a, ret, &e);
}

static text sign_receipt(struct place *p, const struct receipt *r, size_t who)
{
    text jws = {0};
    struct err e = {0};
    assert_int_equal(receipt_sign(r, p->signer[who], &p->a, &jws, &e), 0);
    return jws;
}

static void a_receipt_comes_as_it_went(void **state)
{
    struct place *p = *state;
    const uint8_t body[32] = {3, 1, 4};
    struct receipt r = receipt_of(p, body), back;
    assert_int_equal(read_receipt(p, sign_receipt(p, &r, 1), body, NOW, &back), 0);
    assert_true(text_eq(back.holder, r.holder) && text_eq(back.asker, r.asker) &&
                text_eq(back.patient, r.patient) && text_eq(back.superseded, r.superseded));
    assert_subject(&back.subject, &r.subject);
    assert_true(back.made_ms == r.made_ms && back.until_ms == r.until_ms && back.status == 200 &&
                back.withheld == r.withheld && back.consent == r.consent && back.number == 8);
    assert_memory_equal(back.leaf, r.leaf, 32);
    assert_memory_equal(back.body, body, 32);
    r.patient = (text){0}; /* a refusal tells of nobody */
    assert_int_equal(read_receipt(p, sign_receipt(p, &r, 1), body, NOW, &back), 0);
    assert_int_equal(back.patient.n + back.subject.family.n, 0);
}

static void a_receipt_belongs_to_one_answer(void **state)
{
    struct place *p = *state;
    const uint8_t body[32] = {3, 1, 4}, other[32] = {1};
    struct receipt r = receipt_of(p, body), back, x;
    text jws = sign_receipt(p, &r, 1);
    assert_int_equal(read_receipt(p, jws, other, NOW, &back), ERR_FORBIDDEN);
    assert_int_equal(read_receipt(p, sign_receipt(p, &r, 0), body, NOW, &back), ERR_FORBIDDEN);
    assert_int_equal(read_receipt(p, signed_by(p, &p->s, 1), body, NOW, &back), ERR_FORBIDDEN);
    x = r;
    x.holder = T("Y90005");
    assert_int_equal(read_receipt(p, sign_receipt(p, &x, 1), body, NOW, &back), ERR_FORBIDDEN);
    x = r;
    x.asker = T("Y90005");
    assert_int_equal(read_receipt(p, sign_receipt(p, &x, 1), body, NOW, &back), ERR_FORBIDDEN);
    x = r;
    x.nonce[15]++;
    assert_int_equal(read_receipt(p, sign_receipt(p, &x, 1), body, NOW, &back), ERR_FORBIDDEN);
    x = r;
    x.until_ms += 1000; /* longer than five minutes */
    assert_int_equal(read_receipt(p, sign_receipt(p, &x, 1), body, NOW, &back), ERR_FORBIDDEN);
    assert_int_equal(read_receipt(p, jws, body, NOW - 30001, &back), ERR_FORBIDDEN);
    assert_int_equal(read_receipt(p, jws, body, NOW - 30000, &back), 0);
    assert_int_equal(read_receipt(p, jws, body, NOW + 329999, &back), 0);
    assert_int_equal(read_receipt(p, jws, body, NOW + 330000, &back), ERR_FORBIDDEN);
}

static void each_claim_of_a_receipt_is_needed(void **state)
{
    struct place *p = *state;
    const uint8_t body[32] = {3, 1, 4};
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"\"iss\":\"RXX\",", ""},
        {"\"iss\":", "\"iss\":0,\"x\":"},
        {"\"aud\":\"A81001\",", ""},
        {"\"jti\":", "\"jto\":"},
        {"\"iat\":", "\"iot\":"},
        {"\"exp\":", "\"exp\":\"\",\"x\":"},
        {"\"status\":200,", ""},
        {"\"status\":200", "\"status\":\"200\""},
        {"\"status\":200", "\"status\":99"},
        {"\"status\":200", "\"status\":4294967496"},
        {"\"body\":", "\"bodi\":"},
        {"\"leaf\":", "\"life\":"},
        {"\"held\":", "\"hold\":"},
        {"\"held\":2147483649", "\"held\":4294967296"},
        {"\"consent\":", "\"content\":"},
        {"\"num\":", "\"nom\":"},
        {"\"id\":\"p-1\",", ""},
        {"\"nhs\":", "\"nsh\":"},
        {"\"family\":", "\"femily\":"},
        {"\"birth\":", "\"berth\":"},
        {"\"was\":\"9434765870\"", "\"was\":1"},
        {"\"status\":200", "\"status\":200,\"status\":404"},
        {"\"id\":\"p-1\"", "\"id\":\"p-1\",\"id\":\"p-2\""},
    };
    struct receipt r = receipt_of(p, body), back;
    text jws = sign_receipt(p, &r, 1);
    assert_int_equal(
        read_receipt(p, forged(p, jws, "kith-receipt+jwt", 1, NULL, ""), body, NOW, &back), 0);
    assert_int_not_equal(
        read_receipt(p, forged(p, jws, "kith-statement+jwt", 1, NULL, ""), body, NOW, &back), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text bad = forged(p, jws, "kith-receipt+jwt", 1, rows[i].from, rows[i].to);
        if (!read_receipt(p, bad, body, NOW, &back)) {
            fail_msg("%s became %s, and counts", rows[i].from, rows[i].to);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_statement_comes_as_it_went),
        TEST(each_claim_is_needed_and_of_its_form),
        TEST(what_may_be_left_out_may_be_left_out),
        TEST(anothers_signature_does_not_count),
        TEST(it_belongs_to_connection_request_holder_and_locality),
        TEST(its_time_has_bounds),
        TEST(each_counts_once),
        TEST(what_was_made_before_the_start_does_not_count),
        cmocka_unit_test(nonces_turn_and_have_a_cap),
        TEST(a_receipt_comes_as_it_went),
        TEST(a_receipt_belongs_to_one_answer),
        TEST(each_claim_of_a_receipt_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
