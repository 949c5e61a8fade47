#include "oidc_kit.h"

#include "base/clock.h"
#include "net/client.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;
const char *script;
struct arena arena;
int64_t ahead_ms;

int64_t test_clock(void)
{
    return clock_real_ms() + ahead_ms;
}

struct kit kit;

/* --- the provider --- */

static void start_provider(const char *alg)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    const char *const words[] = {"python3", script, "--alg", alg, NULL};
    char *argv[5];
    memcpy(argv, words, sizeof argv);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&actions, ends[0]), 0);
    assert_int_equal(posix_spawnp(&kit.pid, "python3", &actions, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    assert_non_null(f);
    assert_non_null(fgets(kit.issuer, sizeof kit.issuer, f));
    kit.issuer[strcspn(kit.issuer, "\n")] = '\0';
    (void)fclose(f);
}

static text ask(const char *method, text url, const char *body, int *ret_status, text *ret_location)
{
    struct err e = {0};
    struct http_answer answer;
    const struct http_call call = {.method = text_of(method),
                                   .url = url,
                                   .content_type = body ? T("application/json") : T(""),
                                   .body = text_of(body),
                                   .most_bytes = 65536,
                                   .seconds = 30};
    if (http_client_call(kit.http, &call, &answer, &e)) {
        fail_msg("%s", e.detail);
    }
    text copy = arena_copy(&arena, buf_text(&answer.body));
    if (ret_location) {
        *ret_location = arena_copy(&arena, http_answer_field(&answer, T("Location")));
    }
    *ret_status = answer.status;
    http_answer_done(&answer);
    return copy;
}

text tell(const char *what, text body)
{
    int status = 0;
    text url = arena_printf(&arena, "%s/test/%s", kit.issuer, what);
    text answer = ask("POST", url, body.p, &status, NULL);
    assert_int_equal(status, 200);
    return answer;
}

void set(const char *what, const char *name, const char *value)
{
    (void)tell(what, arena_printf(&arena, "{\"%s\":\"%s\"}", name, value));
}

unsigned long asked_for(const char *path)
{
    struct err e = {0};
    yyjson_val *root = NULL;
    uint64_t n = 0;
    assert_int_equal(json_read(tell("count", T("{}")), 4, &arena, &root, &e), 0);
    (void)text_to_u64(json_text(json_get(root, text_of(path))), &n);
    return (unsigned long)n;
}

/* --- this side ---------------------------------------------------------------------------------
 */

struct oidc_new nhs_login(void)
{
    struct err e = {0};
    struct oidc_new n = {.name = T("nhs-login"),
                         .words = T("NHS login"),
                         .issuer = text_of(kit.issuer),
                         .client_id = T("kith-test"),
                         .scope = T("openid profile"),
                         .vtr = T("P9.Cp.Cd P9.Ck P9.Cm"),
                         .least_proofing = T("P9"),
                         .by_nhs_number = true,
                         .is_private = true};
    text url = arena_printf(&arena, "%s/.well-known/openid-configuration", kit.issuer);
    if (oidc_fetch(url, true, &arena, &n.discovery, &e)) {
        fail_msg("%s", e.detail);
    }
    return n;
}

void add(const struct oidc_new *n)
{
    struct err e = {0};
    text jwk = {NULL, 0};
    if (oidc_provider_add(kit.kept, kit.seal, n, &arena, &jwk, &e)) {
        fail_msg("%s", e.detail);
    }
    (void)tell("client",
               arena_printf(&arena,
                            "{\"client_id\":\"%.*s\",\"jwk\":%.*s,\"redirect_uris\":[\"%s\"]}",
                            TEXT_ARG(n->client_id), TEXT_ARG(jwk), BACK.p));
}

static int begin_with(const char *alg)
{
    struct err e = {0};
    kit = (struct kit){.dir = "/tmp/kith-oidc-XXXXXX"};
    ahead_ms = 0;
    arena_init(&arena, 64U * 1024 * 1024);
    assert_non_null(mkdtemp(kit.dir));
    text path = arena_printf(&arena, "%s/identity.db", kit.dir);
    assert_int_equal(http_client_new(&kit.http, &e), 0);
    assert_int_equal(kept_open(path.p, &kit.kept, &e), 0);
    assert_int_equal(seal_open(kit.dir, &kit.seal, &e), 0);
    assert_int_equal(oidc_open_with(kit.kept, kit.dir, test_clock, &kit.oidc, &e), 0);
    start_provider(alg);
    struct oidc_new n = nhs_login();
    n.key_alg = strcmp(alg, "RS512") == 0 ? JOSE_RS512 : JOSE_NONE;
    add(&n);
    return 0;
}

int begin(void **state)
{
    (void)state;
    return begin_with("ES256");
}

int begin_rsa(void **state)
{
    (void)state;
    return begin_with("RS512");
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int end(void **state)
{
    (void)state;
    oidc_close(kit.oidc);
    seal_free(kit.seal);
    kept_close(kit.kept);
    http_client_free(kit.http);
    (void)kill(kit.pid, SIGTERM);
    (void)waitpid(kit.pid, NULL, 0);
    (void)nftw(kit.dir, drop, 8, FTW_DEPTH | FTW_PHYS);
    arena_done(&arena);
    return 0;
}

/* What the browser brings back: the query of the callback. */
text go(text provider)
{
    struct err e = {0};
    int status = 0;
    text url = {NULL, 0};
    text back = {NULL, 0};
    if (oidc_start(kit.oidc, provider, BACK, BROWSER, &arena, &url, &e)) {
        fail_msg("%s", e.detail);
    }
    text body = ask("GET", url, NULL, &status, &back);
    if (status != 302 || !text_starts(back, BACK)) {
        fail_msg("%d %.*s", status, TEXT_ARG(body));
    }
    return text_from(back, BACK.n + 1);
}

int come_back(text provider, text query, struct oidc_person *ret, struct err *e)
{
    *e = (struct err){0};
    return oidc_finish(kit.oidc, provider, query, BACK, BROWSER, &arena, ret, e);
}

int sign_in(text provider, struct oidc_person *ret, struct err *e)
{
    return come_back(provider, go(provider), ret, e);
}
