#include "feed_kit.h"

/* --- the program of a node ----------------------------------------------------------------------
 */

struct feed_seen seen;

text nhs_of(size_t person)
{
    static const char *const numbers[PEOPLE] = {"9434765919", "9434765870", "9000000009",
                                                "9876543210"};
    return text_of(numbers[person]);
}

static size_t person_of_row(const struct feed_row *row)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        if (text_eq(row->subject.nhs_number, nhs_of(i))) {
            return i;
        }
    }
    return 0;
}

static int take_row(void *context, text sender, const struct feed_row *row, struct arena *a,
                    struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct node_state *n = context;
    if (seen.row_fails) {
        return err_set(e, seen.row_fails, "the test does not take this row");
    }
    struct kept_change *c = arena_zalloc(a, 1, sizeof *c);
    text key = arena_printf(a, "%.*s %.*s %.*s", TEXT_ARG(sender),
                            TEXT_ARG(row->subject.nhs_number), TEXT_ARG(row->what));
    text value = arena_printf(a, "%llu", (unsigned long long)row->number);
    text was;
    assert_non_null(c);
    if (n->world->get(n->world->context, "seen", key, a, &was, e) == 0) {
        sim_violated(seen.s, "I2", "%.*s a second time", TEXT_ARG(key));
    }
    *c = (struct kept_change){.change = KEPT_ADD, .kind = "seen", .key = key, .value = value};
    *ret_changes = c;
    *ret_count = 1;
    return 0;
}

static int take_effect(void *context, text sender, const struct feed_row *row, struct err *e)
{
    struct node_state *n = context;
    size_t from = sim_node_of(seen.s, sender);
    uint64_t *last = &seen.effects[n->node][from][person_of_row(row)];
    if (seen.effect_fails) {
        return err_set(e, seen.effect_fails, "the test has no effect");
    }
    if (seen.slow) {
        n->world->sleep(n->world->context, 40);
    }
    if (row->number != *last && row->number != *last + 1) {
        sim_violated(seen.s, "I2", "the effect of %llu after that of %llu",
                     (unsigned long long)row->number, (unsigned long long)*last);
    }
    seen.again += row->number == *last;
    *last = row->number;
    return 0;
}

static int open_node(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct node_state *n = calloc(1, sizeof *n);
    const struct feed_take take = {n, take_row, take_effect};
    assert_non_null(n);
    n->node = node;
    n->world = world;
    int rc = trust_open(world, &n->trust, e);
    rc = rc ? rc : feed_open(world, n->trust, &take, &n->feed, e);
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct node_state *n = state;
    feed_close(n->feed);
    trust_close(n->trust);
    free(n);
}

static const struct member *by_tls(struct node_state *n, const uint8_t *tls,
                                   struct directory_ref **ref)
{
    const char *why;
    const struct directory *d = trust_directory(n->trust, ref, &why);
    return d && tls ? directory_by_tls(d, tls) : NULL;
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct node_state *n = state;
    if (text_eq(r->path, T("/locality/feed"))) {
        struct directory_ref *ref = NULL;
        const struct member *m = by_tls(n, r->tls, &ref);
        int rc = m && !seen.turns_away ? feed_serve(n->feed, m, r->body, a, &r->answer, e)
                                       : err_set(e, ERR_FORBIDDEN, "no member");
        trust_done(ref);
        r->status = 200;
        seen.requests++;
        seen.largest = r->body.n > seen.largest ? r->body.n : seen.largest;
        return rc;
    }
    return text_eq(r->path, T("/locality/join"))
               ? trust_serve_join(n->trust, r->body, a, &r->status, &r->answer, e)
               : trust_serve(n->trust, r->method, r->query, r->body, a, &r->status, &r->answer, e);
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct node_state *n = state;
    int64_t ignored;
    *ret_again_ms = 700;
    int rc = trust_round(n->trust, e);
    int fed = feed_round(n->feed, &ignored, e);
    return rc ? rc : fed;
}

/* What goes at once has a thread of its own in a node. */
void hasten(void *context)
{
    struct err e = {0};
    int64_t ignored;
    size_t at = (size_t)(uintptr_t)context;
    struct node_state *n = sim_state(seen.s, at);
    while (n && !seen.ends && feed_round_at_once(n->feed, &ignored, &e) == 0) {
        n->world->sleep(n->world->context, 500);
        n = sim_state(seen.s, at);
    }
}

static const struct sim_program program = {
    .open = open_node, .close = close_node, .answer = answer, .round = one_round};

static struct trust *trust_of(void *state)
{
    return ((struct node_state *)state)->trust;
}

void begin(uint64_t seed)
{
    memset(&seen, 0, sizeof seen);
    assert_int_equal(sim_new(seed, NODES, NULL, &program, &seen.s), 0);
    seen.m = members_new(seen.s, trust_of, NULL, NULL);
    assert_true(members_found(seen.m, NODES));
}

void end(void)
{
    assert_int_equal(sim_violations(seen.s), 0);
    sim_free(seen.s);
    members_free(seen.m);
}

void run(int64_t ms)
{
    sim_run(seen.s, sim_now(seen.s) + ms);
}

struct node_state *node(size_t i)
{
    return sim_state(seen.s, i);
}

/* --- acts ---------------------------------------------------------------------------------------
 */

struct feed_row row_about(struct feed *f, size_t person, text what)
{
    struct feed_row row = {.kind = FEED_ENTRY,
                           .subject = {.nhs_number = nhs_of(person), .family = T("Okafor")},
                           .what = what,
                           .body = T("{ \"a\": 1,\n \"b\": [1.50, \"x\\ny\"] }")};
    struct err e = {0};
    assert_int_equal(feed_person(f, row.subject.nhs_number, row.person, &e), 0);
    return row;
}

int tell(size_t from, size_t person, const text *to, size_t count, text what, bool at_once)
{
    struct node_state *n = node(from);
    struct err e = {0};
    struct feed_row row = row_about(n->feed, person, what);
    row.at_once = at_once;
    return feed_send(n->feed, to, count, &row, NULL, 0, &e);
}

bool was_seen(size_t at, size_t from, size_t person, text what)
{
    struct arena a;
    struct err e = {0};
    text value;
    const struct loc_world *w = sim_world(seen.s, at);
    arena_init(&a, 1 << 20);
    text key = arena_printf(&a, "%.*s %.*s %.*s", TEXT_ARG(sim_ods(seen.s, from)),
                            TEXT_ARG(nhs_of(person)), TEXT_ARG(what));
    int rc = w->get(w->context, "seen", key, &a, &value, &e);
    arena_done(&a);
    return rc == 0;
}

uint64_t waiting(size_t at, size_t to)
{
    struct err e = {0};
    uint64_t n = 0;
    assert_int_equal(feed_waiting(node(at)->feed, sim_ods(seen.s, to), &n, &e), 0);
    return n;
}

bool alarmed(size_t at, const char *words)
{
    return strstr(sim_alarms(seen.s, at), words) != NULL;
}
