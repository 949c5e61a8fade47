/*
 * What a holder signs about an answer, and the answer itself (locality/ask.h, J6). The first byte
 * chooses: `a` an answer, checked against a receipt of the patient "p1"; `e` a list of exchanges;
 * `m` a joined record, then (behind a zero) claims of its manifest, which are signed here and put
 * into it; else claims of a receipt, which are signed here by the right key.
 */
#include "signer.h"

#include "locality/ask_int.h"
#include "locality/joined.h"
#include "locality/member_key.h"
#include "locality/reconcile_int.h"

#define MEMBER T("kith.care/member/RXX")

#define NOW INT64_C(1795341600000)

static const struct subject ana = {{"9434765919", 10}, {"Smith", 5},  {"Ana", 3},
                                   {"1970-01-02", 10}, {"female", 6}, {"LS1 4AP", 7}};

static void fuzz_claims(text in, struct arena *a)
{
    const uint8_t body[32] = {0};
    const struct statement about = {.asker = T("A81001")};
    struct member holder = {.ods = T("RXX")};
    struct jose_key *key = NULL;
    struct receipt r, again;
    struct err e = {0};
    text jws = {0};
    holder.key = *note_signer_key(known_signer(MEMBER));
    CHECK(member_key_secret(known_signer(MEMBER), a, &key, &e) == 0);
    int rc = jws_sign(key, "kith-receipt+jwt", in, a, &jws, &e);
    jose_key_free(key);
    if (rc || receipt_read(jws, &holder, &about, body, NOW, a, &r, &e)) {
        return;
    }
    CHECK(r.status >= 100 && r.status <= 599 && r.until_ms <= r.made_ms + 300000);
    CHECK(receipt_sign(&r, known_signer(MEMBER), a, &jws, &e) == 0);
    CHECK(receipt_read(jws, &holder, &about, body, NOW, a, &again, &e) == 0);
    CHECK(r.consent == again.consent && r.withheld == again.withheld && r.number == again.number);
    CHECK(text_eq(r.patient, again.patient) && text_eq(r.superseded, again.superseded));
}

static void fuzz_answer(text in, struct arena *a)
{
    const struct member holder = {.ods = T("RXX"), .url = T("https://h")};
    const struct receipt r = {.patient = T("p1"), .subject = ana};
    yyjson_val *tree = NULL;
    struct err e = {0};
    int rc = ask_check(in, &ana, &r, &holder, a, &tree, &e);
    CHECK((rc == 0) == (tree != NULL) && rc == e.code);
}

static void fuzz_exchanges(text in, struct arena *a)
{
    struct exchange_rows rows = {0};
    struct err e = {0};
    if (exchange_rows_read(in, 10, 1000, a, &rows, &e) == 0) {
        CHECK(rows.until_ms > 10 && rows.until_ms <= 1000);
        for (size_t i = 0; i < rows.count; i++) {
            CHECK(rows.items[i].at_ms >= 10 && rows.items[i].at_ms < rows.until_ms);
        }
    }
}

/* The record is an object; its signature is put behind its first brace. */
static void fuzz_manifest(text in, struct arena *a)
{
    text record = text_first(in, text_find(in, 0)), claims = text_from(in, record.n + 1), jws = {0};
    struct member m = {.ods = T("RXX"), .name = T("RXX")};
    const struct directory d = {.name = T("Riverside"), .members = &m, .member_count = 1};
    struct joined_verdict v;
    struct jose_key *key = NULL;
    struct buf out;
    yyjson_val *root = NULL;
    struct err e = {0};
    m.key = *note_signer_key(known_signer(MEMBER));
    CHECK(member_key_secret(known_signer(MEMBER), a, &key, &e) == 0);
    int rc = jws_sign(key, "kith-manifest+jwt", claims, a, &jws, &e);
    jose_key_free(key);
    buf_init(&out, 1 << 20);
    buf_add(&out, T("{\"signature\":{\"who\":{\"identifier\":{\"value\":\"RXX\"}},\"data\":\""));
    base64_print(jws, &out);
    buf_add(&out, T("\"},"));
    buf_add(&out, text_from(record, 1));
    if (!rc && !buf_failed(&out) && json_read(buf_text(&out), 16, a, &root, &e) == 0 &&
        joined_verify(root, &d, NOW, a, &v, &e) == 0) {
        CHECK(v.issuer == &m && v.made_ms <= v.ends_ms && v.made_ms <= NOW + 30000);
        CHECK(v.whole == (json_get(root, T("total")) != NULL));
    }
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    if (n == 0) {
        return 0;
    }
    text in = {(const char *)data + 1, n - 1};
    arena_init(&a, 32U * 1024 * 1024);
    switch (data[0]) {
    case 'a':
        fuzz_answer(in, &a);
        break;
    case 'e':
        fuzz_exchanges(in, &a);
        break;
    case 'm':
        fuzz_manifest(in, &a);
        break;
    default:
        fuzz_claims(in, &a);
    }
    arena_done(&a);
    return 0;
}
