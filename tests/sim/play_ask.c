/* A joined record as a professional sees it, and what has to be true of it: I1, I3, I4, I8. */
#include "play.h"

#include "identity/jose.h"
#include "policy/roles.h"
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>

/* When somebody turns to the next page: at once, or when the right to show it ends. */
enum { PAGE_SOON_MS = 60000, PAGE_LATE_MS = PLAY_LIMIT_MS - 10000, PAGE_SPAN_MS = 50000 };

struct question {
    struct play *p;
    size_t from;
    uint64_t count;
    bool old;
};

/* One record while it is looked at. */
struct record {
    struct play *p;
    size_t from;
    int64_t begun_ms;
    bool is_page;                              /* a further one */
    bool old;                                  /* of the other number */
    size_t places[SIM_NODES_MAX], place_count; /* of the home's list, when it was asked for */
    bool answered[SIM_NODES_MAX];
};

/* --- who asks
 * --------------------------------------------------------------------------------------------------
 */

/* One that works at members of this kind; a platform has none that may ask. */
static text role_at(size_t node)
{
    switch ((enum member_kind)(node % MEMBER_KIND_COUNT)) {
    case MEMBER_COUNCIL:
        return T("R8003");
    case MEMBER_PHARMACY:
        return T("R1290");
    case MEMBER_OTHER:
        return T("R8001");
    default:
        return T("R8000");
    }
}

static struct caller caller_at(struct play *p, size_t node, text *parties, struct arena *a)
{
    const struct job_role *role = job_role_find(role_at(node));
    parties[0] = T("Practitioner/dr");
    parties[1] = arena_printf(a, "Organization/org-%.*s", TEXT_ARG(sim_ods(p->s, node)));
    return (struct caller){.actor = {.kind = ACTOR_PROFESSIONAL,
                                     .account = T("account-1"),
                                     .name = T("Amina Shah"),
                                     .role = text_of(role->code),
                                     .role_name = text_of(role->name),
                                     .activities = role->activities,
                                     .organisation = parties[1],
                                     .organisation_name = T("Here"),
                                     .parties = parties,
                                     .party_count = 2,
                                     .purpose = PURPOSE_TREAT}};
}

/* --- what has to be true
 * --------------------------------------------------------------------------------------- */

static void read_list(struct record *r)
{
    struct player *home = play_node(r->p, r->p->home);
    struct arena a;
    text *ods = NULL;
    size_t count = 0;
    struct err e;
    arena_init(&a, 4 << 20);
    if (home &&
        places_of(locality_places(home->locality), T(PLAY_NHS), &a, &ods, &count, &e) == 0) {
        for (size_t i = 0; i < count; i++) {
            size_t node = sim_node_of(r->p->s, ods[i]);
            if (node < SIM_NODES_MAX) {
                r->places[r->place_count++] = node;
            }
        }
    }
    arena_done(&a);
}

/* I4: what is shown is in the asker's log, under the statement that it was given for. */
static void check_logged(const struct record *r, size_t holder)
{
    struct play *p = r->p;
    uint64_t leaf;
    for (size_t i = p->gift_count; i-- > 0 && p->gifts[i].at_ms >= r->begun_ms;) {
        const struct play_gift *g = &p->gifts[i];
        if (g->from == r->from && g->to == holder &&
            play_logged(p, r->from, "answered", g->nonce, &leaf)) {
            return;
        }
    }
    sim_violated(p->s, "I4", "X%02zu shows what X%02zu gave, and its log has no entry of it",
                 r->from, holder);
}

/* I1: what was given before the choice may be shown until the limit; nothing was given after it. */
static void check_choice(const struct record *r, size_t holder)
{
    int64_t withdrawn = r->p->withdrawn_ms[holder][r->from];
    int64_t since = sim_now(r->p->s) - withdrawn;
    if (withdrawn && play_is_honest(r->p, holder) &&
        (r->begun_ms > withdrawn || since > PLAY_LIMIT_MS)) {
        sim_violated(r->p->s, "I1",
                     "X%02zu shows what X%02zu holds %.1f s after the choice against it", r->from,
                     holder, (double)since / 1000);
    }
}

static void check_places(struct record *r, const yyjson_val *places)
{
    const yyjson_val *item = json_len(places) ? places + 1 : NULL;
    for (size_t left = item ? json_len(places) : 0; left; left--, item = json_after(item)) {
        size_t node = sim_node_of(r->p->s, json_text(json_get(item, T("ods"))));
        text outcome = json_text(json_get(item, T("outcome")));
        if (node == r->from || node == SIM_NODES_MAX) {
            continue;
        }
        r->answered[node] = text_eq(outcome, T("answered"));
        if (r->answered[node]) {
            r->old ? (void)0 : check_choice(r, node); /* it was about the one number */
            r->p->lie == LIE_HIDE || r->is_page ? (void)0 : check_logged(r, node);
        }
        if (text_eq(outcome, T("broken"))) {
            r->p->broken++;
            r->p->due[r->from][node] = play_node(r->p, r->from);
        }
    }
}

static void check_whole(const struct record *r, bool whole)
{
    struct play *p = r->p;
    p->whole += whole;
    for (size_t i = 0; whole && !r->is_page && i < r->place_count; i++) {
        size_t node = r->places[i];
        if (node != r->from && !r->answered[node] && p->said_no_ms[node][r->from] < r->begun_ms) {
            sim_violated(p->s, "I8", "X%02zu calls the record whole, and X%02zu has not answered",
                         r->from, node);
        }
    }
}

/* Of the manifest: the payload of the signature of the Bundle. */
static void check_bundle(struct record *r, text json, struct arena *a, text *ret_next)
{
    yyjson_val *bundle = NULL;
    struct err e;
    text all = {0};
    r->p->shown++;
    if (memmem(json.p, json.n, PLAY_OTHER, sizeof PLAY_OTHER - 1) &&
        play_is_honest(r->p, r->from)) {
        sim_violated(r->p->s, "I3", "X%02zu shows another person's entry", r->from);
    }
    play_check_person(r->p, r->from, r->old, r->begun_ms, json);
    if (json_read(json, 64, a, &bundle, &e)) {
        sim_violated(r->p->s, "I8", "X%02zu has a joined record that is no JSON", r->from);
        return;
    }
    text data = json_text(json_get(json_get(bundle, T("signature")), T("data")));
    size_t n = 0;
    uint8_t *jws = arena_alloc(a, data.n + 1);
    if (!data.n) {
        return; /* alone: in no locality */
    }
    if (!jws || !base64_read(data, jws, data.n, &n)) {
        sim_violated(r->p->s, "I8", "X%02zu has a manifest that cannot be read", r->from);
        return;
    }
    all = text_make((const char *)jws, n);
    const yyjson_val *claims = play_claims(all, a);
    bool whole = json_is_true(json_get(claims, T("whole")));
    if (whole != (json_get(bundle, T("total")) != NULL)) {
        sim_violated(r->p->s, "I8", "X%02zu tells a total of what is not whole", r->from);
    }
    check_places(r, json_get(claims, T("places")));
    check_whole(r, whole);
    const char *next = memmem(json.p, json.n, "_page=", 6);
    text from = next ? text_from(json, (size_t)(next - json.p) + 6) : (text){0};
    *ret_next = arena_copy(a, text_first(from, text_find(from, '"')));
}

/* --- asking
 * ----------------------------------------------------------------------------------------------------
 */

static bool ask_once(struct record *r, const struct caller *caller, uint64_t count, text token,
                     struct arena *a, text *ret_next)
{
    struct play *p = r->p;
    struct player *n = play_node(p, r->from);
    struct err e = {0};
    struct buf out;
    struct joined_ask ask = {.caller = caller,
                             .base = arena_printf(a, "%.*s/fhir", TEXT_ARG(sim_url(p->s, r->from))),
                             .patient = r->old ? T("p3") : T("p1"),
                             .path = T("Observation?patient={patient}"),
                             .self = r->old ? T("Observation?patient=p3&_joined=true")
                                            : T("Observation?patient=p1&_joined=true"),
                             .token = token,
                             .count = count,
                             .has_pages = true,
                             .deadline_ms = 1500,
                             .kept_bytes = 1 << 20};
    buf_init(&out, 16 << 20);
    int rc = n ? locality_joined(n->locality, &ask, a, &out, &e)
               : err_set(&e, ERR_IO, "the node is down");
    bool same = n && play_node(p, r->from) == n; /* it has not crashed meanwhile */
    sim_say(p->s, r->from, "joined record%s: %s", token.n ? ", further page" : "",
            rc ? err_text(&e) : "shown");
    if (!rc && same) {
        check_bundle(r, buf_text(&out), a, ret_next);
    }
    buf_done(&out);
    return !rc && same;
}

static void do_ask(void *context)
{
    struct question *q = context;
    struct play *p = q->p;
    struct arena a;
    text parties[2], next = {0};
    struct record r = {.p = p, .from = q->from, .old = q->old, .begun_ms = sim_now(p->s)};
    arena_init(&a, 256 << 20);
    struct caller caller = caller_at(p, q->from, parties, &a);
    p->asked++;
    r.old ? (void)0 : read_list(&r);
    while (ask_once(&r, &caller, q->count, next, &a, &next) && next.n) {
        struct prng *c = sim_chance(p->s);
        sim_sleep(p->s, prng_below(c, 2) ? (int64_t)prng_below(c, PAGE_SOON_MS)
                                         : PAGE_LATE_MS + (int64_t)prng_below(c, PAGE_SPAN_MS));
        r.is_page = true;
        p->pages++;
    }
    arena_done(&a);
}

static void start(struct play *p, const struct question *asked, int64_t after_ms)
{
    /* A task of a node that crashes is not run: it cannot free anything. */
    struct question *q = arena_alloc(&p->a, sizeof *q);
    if (!q || !sim_state(p->s, asked->from)) {
        return;
    }
    *q = *asked;
    if (after_ms < 0) {
        (void)sim_do(p->s, q->from, do_ask, q);
    } else {
        sim_task(p->s, q->from, after_ms, do_ask, q);
    }
}

void play_ask(struct play *p, size_t from, uint64_t count, int64_t after_ms)
{
    const struct question q = {.p = p, .from = from, .count = count};
    start(p, &q, after_ms);
}

void play_ask_old(struct play *p, size_t from, int64_t after_ms)
{
    const struct question q = {.p = p, .from = from, .old = true};
    start(p, &q, after_ms);
}
