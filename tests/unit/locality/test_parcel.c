/*
 * Parcels and moves (docs/locality.md, "Moving"): the manifest alone, then the real code over the
 * simulator, with a record of its own that is packed and unpacked here.
 */
#include "locality/move_int.h"
#include "members.h"
#include "sim.h"

#include "identity/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NODES = 3, LINES = 9, LINE_BYTES = 1 << 20 };
#define SUBJECT \
    {.nhs_number = T("9434765919"), .family = T("Okafor"), .birth_date = T("1980-05-05")}

struct node_state {
    struct loc_world world; /* of the simulator, with the two below */
    size_t node;
    struct trust *trust;
    struct feed *feed;
    struct moves *moves;
};

static struct {
    struct sim *s;
    struct members *m;
    unsigned stored[NODES][LINES];
    unsigned packed;
    /* What a liar on the way does with the answers about parcels. */
    enum lie { HONEST, ALTERS, DROPS, OTHER_PIECE, CUTS, LENGTHENS, OTHER_MANIFEST } lie;
} seen;

/* --- the record ---------------------------------------------------------------------------------
 */

static int pack(void *context, text patient, const struct record_lines *to, struct err *e)
{
    char *line = malloc(LINE_BYTES);
    int rc = 0;
    (void)context;
    assert_non_null(line);
    seen.packed++;
    for (int i = 0; !rc && i < LINES; i++) {
        int n =
            snprintf(line, LINE_BYTES,
                     "{\"type\":\"Observation\",\"id\":\"%d\",\"version\":1,\"at\":1,\"step\":1,"
                     "\"resource\":{\"x\":\"",
                     i);
        memset(line + n, 'a' + i, LINE_BYTES - (size_t)n - 3);
        memcpy(line + LINE_BYTES - 3, "\"}}", 3);
        rc = to->line(to->context, RECORD_VERSION, text_make(line, LINE_BYTES), e);
    }
    free(line);
    return rc ? rc : patient.n ? 0 : err_set(e, ERR_NOT_FOUND, "nobody");
}

static int unpack(void *context, const struct record_ask *ask, text lines,
                  struct record_taken *ret_taken, struct err *e)
{
    text rest = lines, line;
    (void)context;
    (void)e;
    assert_true(text_eq(ask->there, T("p1")));
    size_t node = text_eq(ask->patient, T("p0")) ? 0 : text_eq(ask->patient, T("p1")) ? 1 : 2;
    while (text_cut(&rest, '\n', &line)) {
        const char *id = line.n ? memmem(line.p, line.n, "\"id\":\"", 6) : NULL;
        if (id) {
            seen.stored[node][id[6] - '0']++;
            ret_taken->written++;
        }
    }
    return 0;
}

/* --- the program of a node ----------------------------------------------------------------------
 */

static int take_row(void *context, text sender, const struct feed_row *row, struct arena *a,
                    struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct node_state *n = context;
    return moves_take_row(n->moves, sender, row, a, ret_changes, ret_count, e);
}

static int open_node(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct node_state *n = calloc(1, sizeof *n);
    const struct feed_take take = {n, take_row, NULL};
    assert_non_null(n);
    n->world = *world;
    n->world.pack = pack;
    n->world.unpack = unpack;
    n->node = node;
    int rc = trust_open(&n->world, &n->trust, e);
    rc = rc ? rc : feed_open(&n->world, n->trust, &take, &n->feed, e);
    rc = rc ? rc : moves_open(&n->world, n->trust, n->feed, NULL, &n->moves, e);
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct node_state *n = state;
    moves_close(n->moves);
    feed_close(n->feed);
    trust_close(n->trust);
    free(n);
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct node_state *n = state;
    struct directory_ref *ref = NULL;
    const char *why;
    bool parcel = text_starts(r->path, T("/locality/parcel/"));
    if (!parcel && !text_eq(r->path, T("/locality/feed"))) {
        return text_eq(r->path, T("/locality/join"))
                   ? trust_serve_join(n->trust, r->body, a, &r->status, &r->answer, e)
                   : trust_serve(n->trust, r->method, r->query, r->body, a, &r->status, &r->answer,
                                 e);
    }
    const struct directory *d = trust_directory(n->trust, &ref, &why);
    const struct member *m = d && r->tls ? directory_by_tls(d, r->tls) : NULL;
    r->status = 200;
    int rc = !m       ? err_set(e, ERR_FORBIDDEN, "no member")
             : parcel ? parcel_serve(n->moves, m, r->path, a, &r->status, &r->answer, e)
                      : feed_serve(n->feed, m, r->body, a, &r->answer, e);
    trust_done(ref);
    return rc;
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct node_state *n = state;
    int64_t ignored = INT64_MAX;
    *ret_again_ms = 700;
    int rc = trust_round(n->trust, e);
    int fed = feed_round(n->feed, &ignored, e);
    int moved = moves_round(n->moves, &ignored, e);
    return rc ? rc : fed ? fed : moved;
}

static const struct sim_program program = {
    .open = open_node, .close = close_node, .answer = answer, .round = one_round};

static struct trust *trust_of(void *state)
{
    return ((struct node_state *)state)->trust;
}

static text other_note;

/* On the way, or by the holder itself: what comes is not what was signed. */
static void hear(void *context, size_t from, size_t to, struct sim_request *r, struct arena *a)
{
    (void)context;
    (void)from;
    (void)to;
    if (!text_starts(r->path, T("/locality/parcel/")) || r->status != 200 || !r->answer.n) {
        return;
    }
    bool piece = text_find(text_from(r->path, 17), '/') < r->path.n - 17;
    char *copy = arena_alloc(a, r->answer.n + 1);
    assert_non_null(copy);
    memcpy(copy, r->answer.p, r->answer.n);
    copy[r->answer.n] = '\n';
    if (seen.lie == ALTERS && piece) {
        copy[r->answer.n / 2] ^= 1;
        r->answer = text_make(copy, r->answer.n);
    } else if (seen.lie == DROPS && text_ends(r->path, T("/1"))) {
        r->status = 404;
    } else if (seen.lie == CUTS && piece) {
        r->answer.n--;
    } else if (seen.lie == LENGTHENS && piece) {
        r->answer = text_make(copy, r->answer.n + 1);
    } else if (seen.lie == OTHER_PIECE && text_ends(r->path, T("/0"))) {
        char *z = memchr(copy, 'a', r->answer.n);
        assert_non_null(z);
        memset(copy + 200, 'z', 1000);
        r->answer = text_make(copy, r->answer.n);
    } else if (seen.lie == OTHER_MANIFEST && !piece) {
        r->answer = other_note;
    }
}

static void begin(uint64_t seed)
{
    memset(&seen, 0, sizeof seen);
    assert_int_equal(sim_new(seed, NODES, NULL, &program, &seen.s), 0);
    seen.m = members_new(seen.s, trust_of, NULL, NULL);
    assert_true(members_found(seen.m, NODES));
    sim_hear(seen.s, hear, NULL);
    for (size_t i = 0; i < NODES; i++) {
        char id[8], json[400];
        (void)snprintf(id, sizeof id, "p%zu", i);
        (void)snprintf(
            json, sizeof json,
            "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"identifier\":[{\"system\":"
            "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"9434765919\"}],\"name\":[{"
            "\"family\":\"Okafor\",\"given\":[\"Ada\"]}],\"birthDate\":\"1980-05-05\"}",
            id);
        sim_put(seen.s, i, T("Patient"), text_of(id), text_of(json));
    }
}

static void end(void)
{
    assert_int_equal(sim_violations(seen.s), 0);
    sim_free(seen.s);
    members_free(seen.m);
}

static void run(int64_t ms)
{
    sim_run(seen.s, sim_now(seen.s) + ms);
}

static struct node_state *node(size_t i)
{
    return sim_state(seen.s, i);
}

/* --- acts ---------------------------------------------------------------------------------------
 */

struct act {
    size_t at, peer;
    bool to;
    int rc;
    char id[40];
    struct err e;
};

static void move_it(void *context)
{
    struct act *x = context;
    const struct caller administrator = {.actor = {.kind = ACTOR_NODE, .purpose = PURPOSE_SYSTEM}};
    struct arena a;
    text id, ods = sim_ods(seen.s, x->peer);
    char patient[8];
    (void)snprintf(patient, sizeof patient, "p%zu", x->at);
    arena_init(&a, 16 << 20);
    struct move_ask ask = {.caller = &administrator, .patient = text_of(patient)};
    *(x->to ? &ask.to : &ask.from) = ods;
    x->rc = move_begin(node(x->at)->moves, &ask, &a, &id, &x->e);
    if (!x->rc) {
        (void)snprintf(x->id, sizeof x->id, "%.*s", TEXT_ARG(id));
    }
    arena_done(&a);
}

static struct act move(size_t at, size_t peer, bool to)
{
    struct act x = {.at = at, .peer = peer, .to = to};
    move_it(&x);
    return x;
}

static enum move_state state_of(size_t i, const char *id, const char *words)
{
    struct arena a;
    struct move v;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    int rc = move_get(node(i)->moves, text_of(id), &a, &v, &e);
    enum move_state state = rc ? MOVE_STATE_COUNT : v.state;
    if (!rc && words) {
        assert_non_null(memmem(v.why.p ? v.why.p : "", v.why.n, words, strlen(words)));
    }
    arena_done(&a);
    return state;
}

static bool has_pieces(size_t i, const char *id)
{
    struct arena a;
    text bytes;
    struct err e = {0};
    const struct loc_world *w = &node(i)->world;
    bool has = false;
    for (size_t k = 0; k < 4; k++) {
        arena_init(&a, 64 << 20);
        text key = move_piece_key(text_of(id), k, &a);
        has = has || w->get(w->context, "parcel-piece", key, &a, &bytes, &e) == 0;
        arena_done(&a);
    }
    return has;
}

static bool all_stored(size_t i)
{
    for (size_t k = 0; k < LINES; k++) {
        if (!seen.stored[i][k]) {
            return false;
        }
    }
    return true;
}

static bool has_home(size_t i, const char *patient)
{
    text json = sim_resource(seen.s, i, T("Patient"), text_of(patient));
    return memmem(json.p, json.n, "generalPractitioner", 19) != NULL;
}

/* --- moves --------------------------------------------------------------------------------------
 */

/* Node 0 is a practice: whoever registers there has asked node 1. */
static void moves_once(void **state)
{
    (void)state;
    begin(1);
    struct act x = move(0, 1, false);
    assert_int_equal(x.rc, 0);
    assert_int_equal(move(0, 1, false).rc, ERR_CONFLICT);
    run(60000);
    assert_int_equal(state_of(0, x.id, NULL), MOVE_DONE);
    assert_int_equal(state_of(1, x.id, NULL), MOVE_DONE);
    assert_true(all_stored(0) && seen.packed == 1);
    for (size_t k = 0; k < LINES; k++) {
        assert_int_equal(seen.stored[0][k], 1);
    }
    assert_true(has_home(0, "p0") && has_home(1, "p1"));
    assert_false(has_pieces(0, x.id) || has_pieces(1, x.id));
    assert_string_equal(sim_alarms(seen.s, 0), "");
    assert_non_null(strstr(sim_alarms(seen.s, 1), "record-asked-for X00"));
    assert_true(sim_leaves(seen.s, 0) && sim_leaves(seen.s, 1));
    /* By the patient's word, to a place that is no practice: its home stays. */
    x = move(1, 2, true);
    assert_int_equal(x.rc, 0);
    run(60000);
    /* The person is known there: it waits until somebody takes it. */
    assert_int_equal(state_of(2, x.id, NULL), MOVE_PROPOSED);
    assert_int_equal(state_of(1, x.id, NULL), MOVE_OFFERED);
    assert_false(all_stored(2));
    assert_non_null(strstr(sim_alarms(seen.s, 2), "record-offered X01"));
    assert_int_equal(move(2, 1, false).rc, 0);
    run(60000);
    assert_int_equal(state_of(1, x.id, NULL), MOVE_DONE);
    assert_true(all_stored(2));
    assert_false(has_home(2, "p2"));
    end();
}

static void who_may_not(void **state)
{
    (void)state;
    struct arena a;
    int status;
    text said;
    struct err e = {0};
    begin(2);
    /* No practice: nothing for the asking. */
    struct act x = move(2, 1, false);
    assert_int_equal(x.rc, 0);
    run(20000);
    assert_int_equal(state_of(2, x.id, "nothing that could be given"), MOVE_FAILED);
    assert_int_equal(seen.packed, 0);
    assert_int_equal(move(0, 0, true).rc, ERR_NOT_FOUND);
    /* A parcel for another member is not there. */
    sim_cut(seen.s, 0, 1, true);
    x = move(1, 0, true);
    run(5000);
    assert_int_equal(state_of(1, x.id, NULL), MOVE_OFFERED);
    arena_init(&a, 64 << 20);
    text path = arena_printf(&a, "/locality/parcel/%s", x.id);
    const struct member stranger = {.ods = sim_ods(seen.s, 2)};
    const struct member right = {.ods = sim_ods(seen.s, 0)};
    assert_int_equal(parcel_serve(node(1)->moves, &stranger, path, &a, &status, &said, &e),
                     ERR_NOT_FOUND);
    assert_int_equal(parcel_serve(node(1)->moves, &right, path, &a, &status, &said, &e), 0);
    path = arena_printf(&a, "/locality/parcel/%s/99999999999", x.id);
    assert_int_equal(parcel_serve(node(1)->moves, &right, path, &a, &status, &said, &e),
                     ERR_NOT_FOUND);
    /* That it has come has to be signed for, by whoever it was for. */
    for (size_t liar = 0; liar < 3; liar += 2) {
        struct feed_row row = {.kind = FEED_MOVE,
                               .subject = SUBJECT,
                               .body = arena_printf(&a,
                                                    "{\"id\":\"%s\",\"move\":\"done\",\"receipt\":"
                                                    "\"kith.care/parcel-received/v1\\n\"}",
                                                    x.id)};
        const text to = sim_ods(seen.s, 1);
        assert_int_equal(feed_person(node(liar)->feed, row.subject.nhs_number, row.person, &e), 0);
        sim_cut(seen.s, 0, 1, false);
        assert_int_equal(feed_send(node(liar)->feed, &to, 1, &row, NULL, 0, &e), 0);
        sim_cut(seen.s, 1, 0, true);
        run(60000);
        assert_int_equal(state_of(1, x.id, NULL), MOVE_OFFERED);
    }
    assert_non_null(strstr(sim_alarms(seen.s, 1), "not signed for"));
    assert_non_null(strstr(sim_alarms(seen.s, 1), "between others"));
    arena_done(&a);
    end();
}

static void liars(void **state)
{
    (void)state;
    static const struct {
        enum lie lie;
        const char *words;
    } rows[] = {
        {ALTERS, "not the one that was signed"},      {DROPS, "no more"},
        {CUTS, "not the one that was signed"},        {LENGTHENS, "not the one that was signed"},
        {OTHER_PIECE, "not the one that was signed"}, {OTHER_MANIFEST, "parcel"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(10 + i);
        struct buf note;
        struct err e = {0};
        const struct note_signer *signer;
        text self;
        buf_init(&note, 65536);
        /* Rightly signed, and of another parcel. */
        assert_int_equal(trust_self(node(1)->trust, &signer, &self, &e), 0);
        const struct parcel_manifest other = {.id = T("00000000-0000-4000-8000-000000000000"),
                                              .from = self,
                                              .to = sim_ods(seen.s, 0),
                                              .key = T("k"),
                                              .log = T("l"),
                                              .patient = T("p1"),
                                              .subject = SUBJECT};
        assert_int_equal(parcel_manifest_print(&other, signer, &note, &e), 0);
        other_note = buf_text(&note);
        seen.lie = rows[i].lie;
        struct act x = move(0, 1, false);
        run(60000);
        assert_int_equal(state_of(0, x.id, rows[i].words), MOVE_FAILED);
        assert_int_equal(state_of(1, x.id, "says:"), MOVE_FAILED);
        assert_false(seen.stored[0][0]);
        assert_false(has_home(0, "p0") || has_home(1, "p1") || has_pieces(0, x.id));
        assert_non_null(strstr(sim_alarms(seen.s, 0), "move-failed X01"));
        buf_done(&note);
        end();
    }
}

/* At each write of either side, before and after it is durable: it goes on, and the home changes
 * when all is there. */
static void crash_at_each_write(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 48; round++) {
        begin(100 + round);
        struct act x = move(0, 1, false);
        assert_int_equal(x.rc, 0);
        sim_crash_at_write(seen.s, round % 2, round / 4 + 1, round / 2 % 2, 3000);
        for (int i = 0; i < 20 && !has_home(1, "p1"); i++) {
            run(500);
            assert_true(!has_home(0, "p0") || all_stored(0));
            assert_true(!has_home(1, "p1") || has_home(0, "p0"));
        }
        run(120000);
        assert_int_equal(state_of(0, x.id, NULL), MOVE_DONE);
        assert_int_equal(state_of(1, x.id, NULL), MOVE_DONE);
        assert_true(all_stored(0) && has_home(1, "p1"));
        assert_false(has_pieces(0, x.id) || has_pieces(1, x.id));
        assert_string_equal(sim_alarms(seen.s, 0), "");
        const char *alarms = sim_alarms(seen.s, 1);
        assert_true(strncmp(alarms, "record-asked-for X00", 20) == 0);
        end();
    }
}

/* --- the manifest -------------------------------------------------------------------------------
 */

static void manifests(void **state)
{
    (void)state;
    struct arena a;
    struct buf secret, note;
    struct note_signer *signer = NULL;
    struct err e = {0};
    struct parcel_piece piece = {.bytes = 7};
    struct parcel_manifest back, m = {.id = T("1"),
                                      .from = T("Y90001"),
                                      .key = T("k"),
                                      .patient = T("p"),
                                      .subject = SUBJECT,
                                      .pieces = &piece,
                                      .piece_count = 1,
                                      .bytes = 7,
                                      .versions = 3};
    arena_init(&a, 1 << 20);
    buf_init(&secret, 1000);
    buf_init(&note, 65536);
    assert_int_equal(note_signer_make(T("kith.care/member/Y90001"), &secret, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&secret), &signer, &e), 0);
    assert_int_equal(parcel_manifest_print(&m, signer, &note, &e), 0);
    const struct note_key *key = note_signer_key(signer);
    assert_int_equal(parcel_manifest_read(buf_text(&note), key, &a, &back, &e), 0);
    assert_true(text_eq(back.subject.family, T("Okafor")) && back.versions == 3 && !back.to.n);
    char *name = memmem(note.p, note.n, "Okafor", 6);
    assert_non_null(name);
    name[1] = 'c';
    assert_int_equal(parcel_manifest_read(buf_text(&note), key, &a, &back, &e), ERR_FORBIDDEN);
    m.subject.family = T("two\nlines");
    assert_int_equal(parcel_manifest_print(&m, signer, &note, &e), ERR_INVALID);
    m.subject.family = T("Okafor");
    m.bytes = 8;
    buf_clear(&note);
    assert_int_equal(parcel_manifest_print(&m, signer, &note, &e), 0);
    assert_int_equal(parcel_manifest_read(buf_text(&note), key, &a, &back, &e), ERR_SYNTAX);
    note_signer_free(signer);
    buf_done(&secret);
    buf_done(&note);
    arena_done(&a);
}

/* What a signature does not say: that the lines are as many, and that the log is proved. */
static void lines(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        uint64_t versions, resources, log_entries;
        int rc;
    } rows[] = {
        {"{\"type\":\"A\",\"id\":\"1\",\"step\":1,\"resource\":{}}\n{\"type\":\"A\",\"id\":\"1\","
         "\"step\":2,\"deleted\":true}\n{\"places\":[]}\n",
         2, 1, 0, 0},
        {"{\"type\":\"A\",\"id\":\"1\",\"step\":1,\"resource\":{}}\n", 2, 1, 0, ERR_CORRUPT},
        {"{\"type\":\"A\",\"id\":\"1\",\"step\":1,\"resource\":{}}\n", 1, 2, 0, ERR_CORRUPT},
        {"{\"type\":\"A\",\"id\":\"1\",\"step\":1,\"resource\":{}}\n", 1, 1, 1, ERR_CORRUPT},
        {"{\"type\":\"A\",\"id\":\"1\",\"step\":1}\n", 1, 1, 0, ERR_CORRUPT},
        {"{\"type\":\"A\",\"id\":\"1\",\"step\":0,\"resource\":{}}\n", 1, 0, 0, ERR_CORRUPT},
        {"{\"leaf\":1,\"proof\":\"c2sp.org/tlog-proof@v1\\nindex 1\\n\"}\n", 0, 0, 1, ERR_CORRUPT},
        {"no JSON\n", 0, 0, 0, ERR_CORRUPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct parcel_manifest m = {.versions = rows[i].versions,
                                          .resources = rows[i].resources,
                                          .log_entries = rows[i].log_entries,
                                          .log = T("kith.care/log/Y90001+85f3412d+"
                                                   "AeWxPT6xdyrlyNWGR8YG/Dzyo2zKK6FgIddGh/PcafZh")};
        struct parcel_count count = {0};
        struct err e = {0};
        int rc = parcel_lines_check(&m, text_of(rows[i].lines), &count, &e);
        assert_int_equal(rc ? rc : parcel_count_check(&m, &count, &e), rows[i].rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests),  cmocka_unit_test(lines),
        cmocka_unit_test(moves_once), cmocka_unit_test(who_may_not),
        cmocka_unit_test(liars),      cmocka_unit_test(crash_at_each_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
