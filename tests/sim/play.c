#include "play.h"

#include "identity/jose.h"
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { DOZE_MS = 6000 };
#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

const struct subject play_ana = {{PLAY_NHS, 10},     {"Smith", 5},  {"Ana", 3},
                                 {"1970-01-02", 10}, {"female", 6}, {"LS1 4AP", 7}};

/* sim_program.open() is told nothing but the node: one play is on at a time. */
static struct play *on;

struct player *play_node(struct play *p, size_t node)
{
    return sim_state(p->s, node);
}

bool play_is_honest(const struct play *p, size_t node)
{
    return node != p->liar;
}

void *play_grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? 2 * *capacity : 64;
    items = realloc(items, *capacity * size);
    if (!items) {
        sim_die("no memory");
    }
    return items;
}

const yyjson_val *play_claims(text jws, struct arena *a)
{
    text rest = jws, part, bytes;
    yyjson_val *root = NULL;
    struct err ignored;
    (void)text_cut(&rest, '.', &part);
    (void)text_cut(&rest, '.', &part);
    return base64url_read(part, a, &bytes, &ignored) || json_read(bytes, 16, a, &root, &ignored)
               ? NULL
               : root;
}

bool play_logged(struct play *p, size_t node, const char *kind, const char *nonce,
                 uint64_t *ret_leaf)
{
    char word[40];
    (void)snprintf(word, sizeof word, "\"kind\":\"%s\"", kind);
    for (uint64_t i = sim_leaves(p->s, node); i-- > 0;) {
        text line = sim_leaf(p->s, node, i, NULL);
        if (memmem(line.p, line.n, nonce, strlen(nonce)) &&
            memmem(line.p, line.n, word, strlen(word))) {
            *ret_leaf = i;
            return true;
        }
    }
    return false;
}

void play_pass(struct play *p, int64_t ms)
{
    p->dozes = ms > DOZE_MS;
    sim_run(p->s, sim_now(p->s) + ms);
    p->dozes = false;
}

/* --- what runs on a node
 * ------------------------------------------------------------------------------------------ */

static void close_player(void *state)
{
    struct player *n = state;
    locality_close(n->locality);
    free(n);
}

static int open_player(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct player *n = calloc(1, sizeof *n);
    uint8_t key[32] = {(uint8_t)(node + 1)};
    if (!n) {
        sim_die("no memory");
    }
    *n = (struct player){.play = on, .node = node, .world = world};
    int rc = locality_open(world, key, &n->locality, e);
    if (rc) {
        free(n);
        return rc;
    }
    *ret_state = n;
    return 0;
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct player *n = state;
    int64_t at = 0, later = 0;
    int rc = locality_carry(n->locality, &at, e);
    rc = rc ? rc : locality_watch(n->locality, &later, e);
    at = later && later < at ? later : at;
    int64_t again = at - n->world->now_ms(n->world->context);
    *ret_again_ms = n->play->dozes && again < DOZE_MS ? DOZE_MS : again;
    return rc;
}

static const struct sim_program program = {
    .open = open_player, .close = close_player, .answer = play_answer, .round = one_round};

static struct trust *trust_in(void *state)
{
    return locality_trust(((struct player *)state)->locality);
}

/* --- records: the same person everywhere, and another one who looks alike
 * ----------------------------------------- */

static void put_person(struct play *p, size_t node, const char *id, const char *number)
{
    sim_put(p->s, node, T("Patient"), text_of(id),
            arena_printf(&p->a,
                         "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":"
                         "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"%s\"}],\"name\":[{"
                         "\"family\":\"Smith\",\"given\":[\"Ana\"]}],\"birthDate\":\"1970-01-02\","
                         "\"gender\":\"female\",\"address\":[{\"postalCode\":\"LS1 4AP\"}],"
                         "\"generalPractitioner\":[{\"identifier\":{\"system\":\"" ODS_SYSTEM
                         "\",\"value\":\"%.*s\"}}]}",
                         number, TEXT_ARG(sim_ods(p->s, p->home))));
}

static void put_entry(struct play *p, size_t node, const char *id, const char *patient,
                      const char *words)
{
    sim_put(p->s, node, T("Observation"), text_of(id),
            arena_printf(&p->a,
                         "{\"resourceType\":\"Observation\",\"status\":\"final\",\"subject\":{"
                         "\"reference\":\"Patient/%s\"},\"code\":{\"text\":\"%s at %.*s\"}}",
                         patient, words, TEXT_ARG(sim_ods(p->s, node))));
}

static void put_organisation(struct play *p, size_t node, text ods)
{
    static const char *const patients[] = {"p1", "p3"};
    sim_put(p->s, node, T("Organization"), arena_printf(&p->a, "org-%.*s", TEXT_ARG(ods)),
            arena_printf(&p->a,
                         "{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":"
                         "\"" ODS_SYSTEM "\",\"value\":\"%.*s\"}]}",
                         TEXT_ARG(ods)));
    for (size_t i = 0; i < 2; i++) {
        sim_put(p->s, node, T("EpisodeOfCare"),
                arena_printf(&p->a, "e-%s-%.*s", patients[i], TEXT_ARG(ods)),
                arena_printf(&p->a,
                             "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\","
                             "\"patient\":{\"reference\":\"Patient/%s\"},"
                             "\"managingOrganization\":{"
                             "\"reference\":\"Organization/org-%.*s\"}}",
                             patients[i], TEXT_ARG(ods)));
    }
}

static void put_record(struct play *p, size_t node)
{
    put_person(p, node, "p1", PLAY_NHS);
    put_person(p, node, "p2", "9434765870");
    put_person(p, node, "p3", PLAY_OLD_NHS);
    put_entry(p, node, "o3", "p3", PLAY_OLD_WORDS);
    put_entry(p, node, "o1", "p1", "pulse");
    put_entry(p, node, "o2", "p2", PLAY_OTHER);
    for (size_t i = 0; i < p->nodes; i++) {
        put_organisation(p, node, sim_ods(p->s, i));
    }
}

/* --- begin and end
 * ---------------------------------------------------------------------------------------------- */

static enum play_lie lie_of(uint64_t seed)
{
    static const enum play_lie by_turns[] = {LIE_NONE, LIE_LOG,  LIE_HIDE,       LIE_NONE,
                                             LIE_MIX,  LIE_NONE, LIE_DIRECTORIES};
    return by_turns[seed % (sizeof by_turns / sizeof *by_turns)];
}

struct play *play_new(uint64_t seed, size_t nodes, bool trace)
{
    /* By 30 s each, some do not hear each other any more (A2: half a minute between two). */
    const struct sim_trouble clocks = {.skew_ms = seed % 2 ? 30000 : 10000};
    struct play *p = calloc(1, sizeof *p);
    if (!p) {
        sim_die("no memory");
    }
    on = p;
    p->nodes = nodes;
    p->home = (size_t)(seed / 7 % nodes);
    p->lie = lie_of(seed);
    p->liar = SIM_NODES_MAX;
    arena_init(&p->a, 256 << 20);
    if (sim_new(seed, nodes, &clocks, &program, &p->s)) {
        sim_die("the simulator does not begin");
    }
    sim_trace(p->s, trace);
    sim_watch(p->s, play_watch, p);
    p->m = members_new(p->s, trust_in, NULL, NULL);
    if (!members_found(p->m, nodes)) {
        sim_violated(p->s, "I7", "the locality could not be founded");
    }
    for (size_t i = 0; i < nodes; i++) {
        put_record(p, i);
        play_contact(p, i);
    }
    return p;
}

void play_free(struct play *p)
{
    sim_free(p->s);
    members_free(p->m);
    for (size_t i = 0; i < SIM_NODES_MAX; i++) {
        for (size_t k = 0; k < SIM_NODES_MAX; k++) {
            free(p->lines[i][k].numbers);
            free(p->told_merges[i][k].numbers);
        }
    }
    free(p->gifts);
    free(p->sights);
    free(p->letters);
    arena_done(&p->a);
    free(p);
    on = NULL;
}
