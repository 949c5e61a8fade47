#include "kit.h"

#include "format/json.h"
#include "identity/jose.h"
#include "locality/locality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

const struct subject kit_ana = {{"9434765919", 10}, {"Smith", 5},  {"Ana", 3},
                                {"1970-01-02", 10}, {"female", 6}, {"LS1 4AP", 7}};

/* Of the world's functions that are changed here: the simulator's own. One kit exists at a time. */
static struct kit *the_kit;
static struct loc_world inner;

/* --- the world, with what the simulator's small record has not ----------------------------------
 */

static int own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
               struct err *e)
{
    text id, rest = call->path;
    if (!text_ends(call->path, T("/$open"))) {
        return inner.own(context, as, call, a, e);
    }
    assert_non_null(as);
    assert_null(as->scopes);
    (void)text_cut(&rest, '/', &id);
    (void)text_cut(&rest, '/', &id);
    text party = as->actor.parties[0];
    bool known = text_find(call->body, '\n') == call->body.n &&
                 memmem(call->body.p, call->body.n, "\"valueCode\":\"emergency\"", 23);
    struct own_call put = {.method = T("PUT"), .path = T("Consent/opened")};
    put.body = arena_printf(
        a,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"patient\":{\"reference\":\"Patient/"
        "%.*s\"},\"category\":[{\"coding\":[{\"system\":\"https://kith.care/fhir/CodeSystem/"
        "consent-kind\",\"code\":\"override\"}]}],\"provision\":{\"type\":\"permit\",\"period\":{"
        "\"end\":\"2026-11-23\"},\"actor\":[{\"role\":{\"coding\":[{\"system\":\"http://"
        "terminology.hl7.org/CodeSystem/v3-ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":"
        "{\"reference\":\"%.*s\"}}]}}",
        TEXT_ARG(id), TEXT_ARG(party));
    call->status = known ? 200 : 422;
    call->answer = T("{\"resourceType\":\"Parameters\"}");
    the_kit->opened += known;
    return known ? inner.own(context, NULL, &put, a, e) : 0;
}

static int record(void *context, const struct audit_event *events, size_t count,
                  uint8_t (*ret_leaves)[32], struct err *e)
{
    return the_kit->log_fails ? err_set(e, ERR_IO, "the log takes nothing more")
                              : inner.record(context, events, count, ret_leaves, e);
}

/* --- a node -------------------------------------------------------------------------------------
 */

static int open_node(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct kit_node *n = calloc(1, sizeof *n);
    (void)node;
    inner = *world;
    n->world = *world;
    n->world.own = own;
    n->world.record = record;
    struct asking_config config = {.world = &n->world};
    int rc = trust_open(&n->world, &n->trust, e);
    config.trust = n->trust;
    rc = rc ? rc : asking_open(&config, &n->asking, e);
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct kit_node *n = state;
    asking_close(n->asking);
    trust_close(n->trust);
    free(n);
}

static int exchanges(struct kit_node *n, struct sim_request *r, struct arena *a, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(n->trust, &ref, &why);
    const struct member *by = d && r->tls ? directory_by_tls(d, r->tls) : NULL;
    r->status = 200;
    int rc = by ? reconcile_serve(&n->world, by, r->body, a, &r->answer, e)
                : err_set(e, ERR_FORBIDDEN, "no member");
    if (d) {
        trust_done(ref);
    }
    return rc;
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct kit_node *n = state;
    bool asks = text_eq(r->path, T("/locality/ask"));
    if (the_kit->holds_ms && (asks || text_eq(r->path, T("/locality/exchanges")))) {
        sim_sleep(the_kit->s, the_kit->holds_ms);
    }
    if (asks) {
        return r->tls ? ask_serve(n->asking, r->tls, r->body, a, &r->status, &r->answer,
                                  &r->receipt, e)
                      : err_set(e, ERR_FORBIDDEN, "no certificate");
    }
    if (text_eq(r->path, T("/locality/exchanges"))) {
        return exchanges(n, r, a, e);
    }
    return text_eq(r->path, T("/locality/join"))
               ? trust_serve_join(n->trust, r->body, a, &r->status, &r->answer, e)
               : trust_serve(n->trust, r->method, r->query, r->body, a, &r->status, &r->answer, e);
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct kit_node *n = state;
    *ret_again_ms = 700;
    if (the_kit->rests_ms) {
        n->world.sleep(n->world.context, the_kit->rests_ms);
    }
    return trust_round(n->trust, e);
}

static const struct sim_program program = {
    .open = open_node, .close = close_node, .answer = answer, .round = one_round};

static struct trust *trust_in(void *state)
{
    struct kit_node *n = state;
    return n->trust;
}

static void hear(void *context, size_t from, size_t to, struct sim_request *request,
                 struct arena *a)
{
    struct kit *k = context;
    if (text_eq(request->path, T("/locality/ask"))) {
        k->request = arena_copy(&k->a, request->body);
    }
    if (k->lie) {
        k->lie(k, from, to, request, a);
    }
}

struct kit *kit_new(void)
{
    struct kit *k = calloc(1, sizeof *k);
    the_kit = k;
    arena_init(&k->a, 256 << 20);
    assert_int_equal(sim_new(1, NODES, NULL, &program, &k->s), 0);
    k->m = members_new(k->s, trust_in, hear, k);
    assert_true(members_found(k->m, NODES));
    return k;
}

void kit_free(struct kit *k)
{
    assert_int_equal(sim_violations(k->s), 0);
    sim_free(k->s);
    members_free(k->m);
    arena_done(&k->a);
    free(k);
}

struct kit_node *kit_node(struct kit *k, size_t node)
{
    return sim_state(k->s, node);
}

/* --- records ------------------------------------------------------------------------------------
 */

void kit_put_ana(struct kit *k, size_t node)
{
    sim_put(k->s, node, T("Patient"), T("p1"),
            T("{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/"
              "nhs-number\",\"value\":\"9434765919\"}],\"name\":[{\"family\":\"Smith\",\"given\":["
              "\"Ana\"]}],\"birthDate\":\"1970-01-02\",\"gender\":\"female\",\"address\":[{"
              "\"postalCode\":\"LS1 4AP\"}]}"));
    sim_put(k->s, node, T("Observation"), T("o1"),
            T("{\"resourceType\":\"Observation\",\"status\":\"final\",\"subject\":{\"reference\":"
              "\"Patient/p1\"},\"code\":{\"text\":\"pulse\"}}"));
    for (size_t i = 0; i < NODES; i++) {
        text ods = sim_ods(k->s, i);
        text id = arena_printf(&k->a, "org-%.*s", TEXT_ARG(ods));
        sim_put(k->s, node, T("Organization"), id,
                arena_printf(&k->a,
                             "{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":"
                             "\"" ODS_SYSTEM "\",\"value\":\"%.*s\"}]}",
                             TEXT_ARG(ods)));
    }
}

void kit_put_admission(struct kit *k, size_t node, size_t with)
{
    text ods = sim_ods(k->s, with);
    sim_put(k->s, node, T("EpisodeOfCare"), arena_printf(&k->a, "e-%.*s", TEXT_ARG(ods)),
            arena_printf(&k->a,
                         "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\",\"patient\":{"
                         "\"reference\":\"Patient/p1\"},\"managingOrganization\":{\"reference\":"
                         "\"Organization/org-%.*s\"}}",
                         TEXT_ARG(ods)));
}

void kit_put_consent(struct kit *k, size_t node, const char *kind, size_t about)
{
    text ods = sim_ods(k->s, about);
    bool home = strcmp(kind, "home") == 0;
    sim_put(k->s, node, T("Consent"), arena_printf(&k->a, "c-%s-%.*s", kind, TEXT_ARG(ods)),
            arena_printf(
                &k->a,
                "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
                "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"https://kith.care/"
                "fhir/CodeSystem/consent-kind\",\"code\":\"%s\"}]}],\"patient\":{\"reference\":"
                "\"Patient/p1\"},\"provision\":{\"type\":\"%s\",\"actor\":[{\"role\":{\"coding\":[{"
                "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ParticipationType\","
                "\"code\":\"IRCP\"}]},\"reference\":{\"reference\":\"Organization/org-%.*s\"}}]}}",
                kind, home ? "permit" : "deny", TEXT_ARG(ods)));
}

/* --- asking -------------------------------------------------------------------------------------
 */

struct caller kit_caller(const char *role)
{
    static const text parties[] = {{"Practitioner/dr", 15}};
    return (struct caller){.actor = {.kind = ACTOR_PROFESSIONAL,
                                     .account = T("account-1"),
                                     .name = T("Dr Amina Shah"),
                                     .role = text_of(role),
                                     .role_name = T("whatever it is called there"),
                                     .parties = parties,
                                     .party_count = 1,
                                     .purpose = PURPOSE_TREAT}};
}

struct caller kit_patient(void)
{
    static const text parties[] = {{"Patient/own", 11}};
    return (struct caller){.actor = {.kind = ACTOR_PERSON,
                                     .account = T("account-2"),
                                     .name = T("Ana Smith"),
                                     .patient = T("own"),
                                     .parties = parties,
                                     .party_count = 1,
                                     .purpose = PURPOSE_PATIENT}};
}

struct ask kit_ask(struct kit *k, const struct caller *caller)
{
    bool self = caller->actor.kind == ACTOR_PERSON;
    return (struct ask){.caller = caller,
                        .relation = self ? text_of(relationship_words(RELATION_SELF)) : (text){0},
                        .patient = T("own"),
                        .subject = kit_ana,
                        .path = T("Observation?patient={patient}"),
                        .deadline_ms = sim_now(k->s) + 1500};
}

enum ask_outcome kit_run(struct kit *k, size_t from, size_t to, const struct ask *ask,
                         struct ask_one *ret_one)
{
    struct err e = {0};
    *ret_one = (struct ask_one){.ods = sim_ods(k->s, to)};
    int rc = ask_members(kit_node(k, from)->asking, ask, ret_one, 1, &k->a, &e);
    if (rc) {
        fail_msg("%s", err_text(&e));
    }
    return ret_one->outcome;
}

int kit_send(struct kit *k, size_t to, const uint8_t tls[32], const char *path, text body,
             struct sim_request *ret)
{
    struct err e = {0};
    *ret =
        (struct sim_request){.tls = tls, .method = T("POST"), .path = text_of(path), .body = body};
    assert_int_equal(sim_ask(k->s, to, ret, &k->a, &e), 0);
    return ret->status;
}

void kit_days(struct kit *k, int64_t days)
{
    k->rests_ms = INT64_C(86400000);
    sim_run(k->s, sim_now(k->s) + days * k->rests_ms);
    k->rests_ms = 0;
}

bool kit_has_alarm(struct kit *k, size_t node, const char *words)
{
    const char *all = sim_alarms(k->s, node);
    return all && strstr(all, words);
}

size_t kit_entries(struct kit *k, size_t node, const char *kind, text *ret_line,
                   uint8_t ret_hash[32])
{
    size_t count = 0;
    text member = arena_printf(&k->a, "\"kind\":\"%s\"", kind);
    for (uint64_t i = 0; i < sim_leaves(k->s, node); i++) {
        uint8_t hash[32];
        text line = sim_leaf(k->s, node, i, hash);
        if (memmem(line.p, line.n, member.p, member.n)) {
            count++;
            *ret_line = line;
            memcpy(ret_hash, hash, 32);
        }
    }
    return count;
}

int kit_with_ana(void **state)
{
    struct kit *k = kit_new();
    kit_put_ana(k, HOSPITAL);
    *state = k;
    return 0;
}

int kit_end(void **state)
{
    kit_free(*state);
    return 0;
}

enum ask_outcome kit_gp_asks(struct kit *k, struct ask_one *one)
{
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    return kit_run(k, GP, HOSPITAL, &ask, one);
}

bool kit_has(text line, text part)
{
    return memmem(line.p, line.n, part.p, part.n);
}
