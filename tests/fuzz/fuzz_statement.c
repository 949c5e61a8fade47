/*
 * What a member signs about a request (locality/statement.h). The first byte chooses: `j` a JWS as
 * it comes, which never counts, since nobody has signed it; `b` a body of /locality/ask; else
 * claims, which are signed here by the right key. What is then taken is within its bounds, and
 * comes back the same when it is signed again.
 */
#include "signer.h"

#include "locality/ask_int.h"
#include "locality/member_key.h"

#define MEMBER T("kith.care/member/A81001")

#define NOW INT64_C(1795341600000)

static int read(text jws, struct arena *a, struct statement *ret)
{
    struct member m = {.ods = T("A81001"), .tls_count = 1};
    const struct directory d = {.name = T("Riverside"), .members = &m, .member_count = 1};
    const struct statement_expect x = {.directory = &d, .self = T("RXX"), .now_ms = NOW};
    const struct member *asker;
    struct err e = {0};
    m.key = *note_signer_key(known_signer(MEMBER));
    int rc = statement_read(jws, &x, a, ret, &asker, &e);
    CHECK(rc == e.code);
    return rc;
}

static text sign_claims(text claims, struct arena *a)
{
    struct jose_key *key = NULL;
    text jws = {0};
    struct err e;
    CHECK(member_key_secret(known_signer(MEMBER), a, &key, &e) == 0);
    int rc = jws_sign(key, "kith-statement+jwt", claims, a, &jws, &e);
    jose_key_free(key);
    return rc ? (text){0} : jws;
}

static void fuzz_claims(text in, struct arena *a)
{
    struct statement s, again;
    struct err e;
    text jws = sign_claims(in, a);
    if (!jws.n || read(jws, a, &s)) {
        return;
    }
    CHECK(text_eq(s.asker, T("A81001")) && text_eq(s.holder, T("RXX")));
    CHECK(s.ends_ms > s.made_ms && s.ends_ms - s.made_ms <= 60000);
    CHECK(s.made_ms <= NOW + 30000 && s.ends_ms > NOW - 30000);
    CHECK((unsigned)s.purpose < PURPOSE_COUNT && s.name.n && s.name.n <= 1024);
    CHECK(statement_sign(&s, known_signer(MEMBER), a, &jws, &e) == 0);
    CHECK(read(jws, a, &again) == 0);
    CHECK(text_eq(s.name, again.name) && text_eq(s.subject.family, again.subject.family) &&
          text_eq(s.reason, again.reason) && s.number == again.number);
    CHECK(memcmp(s.leaf, again.leaf, 32) == 0 && memcmp(s.nonce, again.nonce, 16) == 0);
}

static void fuzz_body(text in, struct arena *a)
{
    text jws, request, path;
    yyjson_val *root = NULL;
    struct err e;
    if (ask_body_read(in, &jws, &request, &e)) {
        return;
    }
    CHECK(text_eq(ask_body_print(jws, request, a), in));
    if (json_read(request, 4, a, &root, &e)) {
        return;
    }
    path = json_text(json_get(root, T("path")));
    if (ask_path_allowed(path, &e) == 0) {
        CHECK(ask_path_with(path, T("p"), a).p && path.n <= ASK_PATH_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct statement s;
    if (n == 0) {
        return 0;
    }
    text in = {(const char *)data + 1, n - 1};
    arena_init(&a, 16U * 1024 * 1024);
    switch (data[0]) {
    case 'j':
        CHECK(read(in, &a, &s) != 0);
        break;
    case 'b':
        fuzz_body(in, &a);
        break;
    default:
        fuzz_claims(in, &a);
    }
    arena_done(&a);
    return 0;
}
