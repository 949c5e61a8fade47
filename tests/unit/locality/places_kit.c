#include "places_kit.h"

struct places_seen seen;

static int take_row(void *context, text sender, const struct feed_row *row, struct arena *a,
                    struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const struct node *n = context;
    seen.ended += row->kind == FEED_COPY_ENDED;
    return n->inner.row(n->inner.context, sender, row, a, ret_changes, ret_count, e);
}

static int take_effect(void *context, text sender, const struct feed_row *row, struct err *e)
{
    const struct node *n = context;
    return n->inner.effect(n->inner.context, sender, row, e);
}

static int open_node(const struct loc_world *world, size_t at, void **ret_state, struct err *e)
{
    static const uint8_t key[32] = {7};
    struct node *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->at = at;
    n->inner = copies_take(&n->take);
    const struct feed_take take = {n, take_row, take_effect};
    int rc = trust_open(world, &n->trust, e);
    rc = rc ? rc : feed_open(world, n->trust, &take, &n->feed, e);
    rc = rc ? rc : places_open(world, n->trust, n->feed, key, &n->places, e);
    rc = rc ? rc : copies_open(world, n->trust, n->feed, n->places, &n->copies, e);
    n->take.places = n->places;
    n->take.copies = n->copies;
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct node *n = state;
    copies_close(n->copies);
    places_close(n->places);
    feed_close(n->feed);
    trust_close(n->trust);
    free(n);
}

static int as_member(struct node *n, const struct member *m, struct sim_request *r, struct arena *a,
                     struct err *e)
{
    if (text_eq(r->path, T("/locality/feed"))) {
        return feed_serve(n->feed, m, r->body, a, &r->answer, e);
    }
    if (text_eq(r->path, T("/locality/heal"))) {
        return places_serve_heal(n->places, m, r->body, a, &r->answer, e);
    }
    if (text_eq(r->path, T("/locality/renew"))) {
        return copies_serve_renew(n->copies, m, r->body, a, &r->answer, e);
    }
    int rc = places_serve_known(n->places, m, r->body, a, &r->answer, e);
    if (!rc) { /* nobody has a record here: the real answer is no */
        assert_true(text_eq(r->answer, T("{\"known\":false}")));
        r->answer = seen.says_yes[n->at] ? T("{\"known\":true}") : r->answer;
    }
    return rc;
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct node *n = state;
    struct directory_ref *ref = NULL;
    const char *why;
    if (text_eq(r->path, T("/locality/join"))) {
        return trust_serve_join(n->trust, r->body, a, &r->status, &r->answer, e);
    }
    if (text_eq(r->path, T("/locality/directory"))) {
        return trust_serve(n->trust, r->method, r->query, r->body, a, &r->status, &r->answer, e);
    }
    const struct directory *d = trust_directory(n->trust, &ref, &why);
    const struct member *m = d && r->tls ? directory_by_tls(d, r->tls) : NULL;
    r->status = 200;
    int rc = m ? as_member(n, m, r, a, e) : err_set(e, ERR_FORBIDDEN, "no member");
    trust_done(ref);
    return rc;
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct node *n = state;
    int64_t ignored;
    *ret_again_ms = 700;
    int rc = trust_round(n->trust, e);
    rc = rc ? rc : feed_round(n->feed, &ignored, e);
    rc = rc ? rc : places_round(n->places, &ignored, e);
    return rc ? rc : copies_round(n->copies, &ignored, e);
}

static const struct sim_program program = {
    .open = open_node, .close = close_node, .answer = answer, .round = one_round};

static struct trust *trust_of(void *state)
{
    return ((struct node *)state)->trust;
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

struct node *node(size_t i)
{
    return sim_state(seen.s, i);
}

text ods(size_t i)
{
    return sim_ods(seen.s, i);
}

struct subject ana(void)
{
    return (struct subject){.nhs_number = T("9434765919"),
                            .family = T("Smith"),
                            .given = T("Ana"),
                            .birth_date = T("1970-01-02")};
}

void contact(size_t holder)
{
    const struct subject s = ana();
    struct err e = {0};
    assert_int_equal(places_contact(node(holder)->places, &s, ods(HOME), &e), 0);
}

void person_at(size_t at, const char *practice)
{
    char json[600];
    (void)snprintf(json, sizeof json,
                   "{\"resourceType\":\"Patient\",\"id\":\"1\",\"identifier\":[{\"system\":"
                   "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"9434765919\"}],\"name\":[{"
                   "\"family\":\"Smith\",\"given\":[\"Ana\"]}],\"birthDate\":\"1970-01-02\","
                   "\"generalPractitioner\":[{\"identifier\":{\"system\":"
                   "\"https://fhir.nhs.uk/Id/ods-organization-code\",\"value\":\"%s\"}}]}",
                   practice);
    sim_put(seen.s, at, T("Patient"), T("1"), text_of(json));
}
