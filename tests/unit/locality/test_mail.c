/*
 * Messages between members (docs/locality.md, "Messages"), the real code over the simulator.
 * MAIL_SCHEDULES=n in the environment: how many random schedules are run.
 */
#include "locality/mail_int.h"
#include "members.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)

enum { NODES = 3 };

struct node_state {
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    struct mailbox *mail;
};

static struct {
    struct sim *s;
    struct members *m;
    int64_t round_ms; /* between the rounds of a courier: for days, fewer */
} seen;

static int take_row(void *context, text sender, const struct feed_row *row, struct arena *a,
                    struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct node_state *n = context;
    return mail_take_row(n->mail, sender, row, a, ret_changes, ret_count, e);
}

static int take_effect(void *context, text sender, const struct feed_row *row, struct err *e)
{
    struct node_state *n = context;
    (void)sender;
    (void)row;
    return mail_take_effect(n->mail, e);
}

static int open_node(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct node_state *n = calloc(1, sizeof *n);
    const struct feed_take take = {n, take_row, take_effect};
    (void)node;
    assert_non_null(n);
    n->world = world;
    int rc = trust_open(world, &n->trust, e);
    rc = rc ? rc : feed_open(world, n->trust, &take, &n->feed, e);
    rc = rc ? rc : mail_open(world, n->trust, n->feed, &n->mail, e);
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct node_state *n = state;
    mail_close(n->mail);
    feed_close(n->feed);
    trust_close(n->trust);
    free(n);
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct node_state *n = state;
    if (text_eq(r->path, T("/locality/feed"))) {
        struct directory_ref *ref = NULL;
        const char *why;
        const struct directory *d = trust_directory(n->trust, &ref, &why);
        const struct member *m = d && r->tls ? directory_by_tls(d, r->tls) : NULL;
        int rc = m ? feed_serve(n->feed, m, r->body, a, &r->answer, e)
                   : err_set(e, ERR_FORBIDDEN, "no member");
        trust_done(ref);
        r->status = 200;
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
    *ret_again_ms = seen.round_ms;
    int rc = trust_round(n->trust, e);
    int fed = feed_round(n->feed, &ignored, e);
    int mailed = mail_round(n->mail, e);
    return rc ? rc : fed ? fed : mailed;
}

static const struct sim_program program = {
    .open = open_node, .close = close_node, .answer = answer, .round = one_round};

static struct trust *trust_of(void *state)
{
    return ((struct node_state *)state)->trust;
}

static void begin(uint64_t seed)
{
    memset(&seen, 0, sizeof seen);
    seen.round_ms = 700;
    assert_int_equal(sim_new(seed, NODES, NULL, &program, &seen.s), 0);
    seen.m = members_new(seen.s, trust_of, NULL, NULL);
    assert_true(members_found(seen.m, NODES));
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

static struct mailbox *mail_of(size_t i)
{
    return ((struct node_state *)sim_state(seen.s, i))->mail;
}

/* --- acts ---------------------------------------------------------------------------------------
 */

#define LETTER                                                                      \
    "{\"resourceType\":\"Bundle\",\"type\":\"document\",\"entry\":[{\"resource\":{" \
    "\"resourceType\":\"Composition\",\"title\":\"Letter %zu\",\"x\":1.50}}]}"

enum { IDS = 64, UUID_ROOM = 40 };

struct letter {
    size_t from, to, number;
    text bundle, workflow;
    char id[UUID_ROOM];
    int rc;
    struct err e;
};

static void send_it(void *context)
{
    struct letter *l = context;
    struct arena a;
    text id;
    char words[300];
    arena_init(&a, 1 << 20);
    (void)snprintf(words, sizeof words, LETTER, l->number);
    struct mail mail = {.id = text_of(l->id),
                        .to = sim_ods(seen.s, l->to),
                        .workflow = l->workflow.n ? l->workflow : T("letter"),
                        .bundle = l->bundle.n ? l->bundle : text_of(words),
                        .author = T("Dr Shah"),
                        .subject = {.nhs_number = T("9434765919"),
                                    .family = T("Okafor"),
                                    .birth_date = T("1980-05-05")}};
    l->rc = mail_send(mail_of(l->from), &mail, &a, &id, &l->e);
    if (!l->rc) {
        (void)snprintf(l->id, sizeof l->id, "%.*s", TEXT_ARG(id));
    }
    arena_done(&a);
}

static struct letter letter_from(size_t from, size_t to, size_t number)
{
    struct letter l = {.from = from, .to = to, .number = number};
    send_it(&l);
    return l;
}

static enum mail_state state_of(size_t node, bool received, const char *id)
{
    struct arena a;
    struct mail mail;
    text line;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    int rc = mail_get(mail_of(node), received, text_of(id), &a, &mail, &line, &e);
    enum mail_state state = rc ? MAIL_STATE_COUNT : mail.state;
    arena_done(&a);
    return state;
}

/* The Task as it stands in the own record. */
static bool shown(size_t node, const char *id, const char *words)
{
    char name[64];
    (void)snprintf(name, sizeof name, "mail-%s", id);
    text json = sim_resource(seen.s, node, T("Task"), text_of(name));
    return json.n && memmem(json.p, json.n, words, strlen(words));
}

/* As it stands in the own record. */
static text bundle_at(size_t node, const char *id, struct arena *a)
{
    char name[64];
    size_t n = 0;
    yyjson_val *root = NULL;
    struct err e;
    (void)snprintf(name, sizeof name, "mail-%s", id);
    assert_int_equal(
        json_read(sim_resource(seen.s, node, T("Binary"), text_of(name)), 4, a, &root, &e), 0);
    text data = json_text(json_get(root, T("data")));
    char *bytes = arena_alloc(a, data.n + 1);
    assert_true(bytes && base64_read(data, (uint8_t *)bytes, data.n, &n));
    return text_make(bytes, n);
}

static bool alarmed(size_t node, const char *words)
{
    return strstr(sim_alarms(seen.s, node), words) != NULL;
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void sent_taken_acknowledged(void **state)
{
    (void)state;
    struct arena a;
    text line;
    struct mail mail;
    struct err e = {0};
    begin(1);
    struct letter l = letter_from(0, 1, 7);
    assert_int_equal(l.rc, 0);
    assert_int_equal(state_of(0, false, l.id), MAIL_QUEUED);
    assert_true(shown(0, l.id, "\"requested\"") && shown(0, l.id, "\"outbox\""));
    run(5000);
    assert_int_equal(state_of(0, false, l.id), MAIL_ACCEPTED);
    assert_int_equal(state_of(1, true, l.id), MAIL_ACCEPTED);
    assert_true(shown(0, l.id, "\"received\"") && shown(1, l.id, "\"received\""));
    assert_true(shown(1, l.id, "\"inbox\"") && shown(1, l.id, "Dr Shah"));
    assert_int_equal(sim_count(seen.s, 1, T("Binary")), 1);
    /* The bundle is what was sent, digit for digit, also when it is in the own record alone. */
    arena_init(&a, 16 << 20);
    assert_int_equal(mail_get(mail_of(1), true, text_of(l.id), &a, &mail, &line, &e), 0);
    text bundle = bundle_at(1, l.id, &a);
    assert_non_null(memmem(bundle.p, bundle.n, "Letter 7\",\"x\":1.50", 18));
    assert_true(text_eq(mail.from, sim_ods(seen.s, 0)) && text_eq(mail.to, sim_ods(seen.s, 1)));
    arena_done(&a);
    assert_int_equal(mail_acknowledge(mail_of(1), text_of(l.id), &e), 0);
    assert_int_equal(mail_acknowledge(mail_of(1), text_of(l.id), &e), 0);
    run(5000);
    assert_int_equal(state_of(0, false, l.id), MAIL_ACKNOWLEDGED);
    assert_true(shown(0, l.id, "\"completed\"") && shown(1, l.id, "\"completed\""));
    assert_int_equal(mail_acknowledge(mail_of(0), text_of(l.id), &e), ERR_NOT_FOUND);
    assert_int_equal(state_of(2, true, l.id), MAIL_STATE_COUNT);
    assert_string_equal(sim_alarms(seen.s, 0), "");
    end();
}

static void cannot_be_sent(void **state)
{
    (void)state;
    begin(2);
    struct letter bad[] = {
        {.bundle = T("{\"resourceType\":\"Bundle\",\"type\":\"batch\"}"), .to = 1},
        {.bundle = T("{\"resourceType\":\"Task\"}"), .to = 1},
        {.bundle = T("{"), .to = 1},
        {.workflow = T("gossip"), .to = 1},
        {.to = 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        send_it(&bad[i]);
        assert_true(bad[i].rc == ERR_INVALID || bad[i].rc == ERR_SYNTAX);
    }
    struct arena a;
    struct err e = {0};
    text id;
    struct mail mail = {.to = T("Z99"), .workflow = T("letter"), .bundle = T("{}")};
    arena_init(&a, 64 << 20);
    assert_int_equal(mail_send(mail_of(0), &mail, &a, &id, &e), ERR_NOT_FOUND);
    char *large = arena_alloc(&a, MAIL_MAX + 1);
    assert_non_null(large);
    memset(large, ' ', MAIL_MAX + 1);
    mail.to = sim_ods(seen.s, 1);
    mail.bundle = text_make(large, MAIL_MAX + 1);
    assert_int_equal(mail_send(mail_of(0), &mail, &a, &id, &e), ERR_TOO_LARGE);
    arena_done(&a);
    run(20000);
    assert_int_equal(sim_count(seen.s, 0, T("Task")) + sim_count(seen.s, 1, T("Task")), 0);
    end();
}

/* Five days without a way: given up, with an alarm; what comes then is refused; what came in time
 * and whose answer was late counts. */
static void too_late(void **state)
{
    (void)state;
    begin(3);
    seen.round_ms = 300000;
    sim_cut(seen.s, 0, 1, true);
    struct letter lost = letter_from(0, 1, 1);
    run(5 * DAY - 3600000);
    assert_int_equal(state_of(0, false, lost.id), MAIL_QUEUED);
    run(2 * 3600000);
    assert_int_equal(state_of(0, false, lost.id), MAIL_UNDELIVERABLE);
    assert_true(shown(0, lost.id, "\"failed\"") && shown(0, lost.id, "for 5 days"));
    assert_true(alarmed(0, "mail-undeliverable X01"));
    sim_cut(seen.s, 0, 1, false);
    run(3600000);
    assert_int_equal(state_of(0, false, lost.id), MAIL_UNDELIVERABLE);
    assert_int_equal(state_of(1, true, lost.id), MAIL_STATE_COUNT);
    assert_int_equal(sim_count(seen.s, 1, T("Task")), 0);
    end();
    begin(4);
    seen.round_ms = 300000;
    struct letter late = letter_from(0, 1, 2);
    sim_cut(seen.s, 1, 0, true); /* it comes; nothing comes back */
    run(6 * DAY);
    assert_int_equal(state_of(1, true, late.id), MAIL_ACCEPTED);
    assert_int_equal(state_of(0, false, late.id), MAIL_UNDELIVERABLE);
    sim_cut(seen.s, 1, 0, false);
    run(3600000);
    assert_int_equal(state_of(0, false, late.id), MAIL_ACCEPTED);
    assert_true(shown(0, late.id, "\"received\""));
    end();
}

/* What the recipient's node refuses is an alarm for people, too. */
static void refused_there(void **state)
{
    (void)state;
    begin(6);
    struct letter first = letter_from(2, 1, 1);
    run(5000);
    assert_int_equal(state_of(1, true, first.id), MAIL_ACCEPTED);
    struct letter second = {.from = 0, .to = 1, .number = 2};
    memcpy(second.id, first.id, sizeof second.id); /* another one has this number there */
    send_it(&second);
    assert_int_equal(second.rc, 0);
    run(70000);
    assert_int_equal(state_of(0, false, second.id), MAIL_UNDELIVERABLE);
    assert_true(shown(0, second.id, "\"failed\"") && shown(0, second.id, "number is taken"));
    assert_true(alarmed(0, "mail-undeliverable X01"));
    assert_int_equal(sim_count(seen.s, 1, T("Task")), 1);
    end();
}

/* Without a directory in force nobody knows who has left; the five days count all the same. */
static void the_directory_ends(void **state)
{
    const char *small = getenv("KITH_SMALL");
    (void)state;
    if (small && strcmp(small, "yes") == 0) {
        skip(); /* a year of the fake clock */
    }
    begin(7);
    seen.round_ms = 12 * 3600000;
    int64_t ends = trust_ends_ms(trust_of(sim_state(seen.s, 0)));
    sim_run(seen.s, ends - 3600000);
    seen.round_ms = 3600000;
    sim_cut(seen.s, 0, 1, true);
    struct letter l = letter_from(0, 1, 1);
    assert_int_equal(l.rc, 0);
    run(DAY);
    assert_int_equal(letter_from(0, 1, 2).rc, ERR_NOT_FOUND);
    assert_int_equal(state_of(0, false, l.id), MAIL_QUEUED);
    assert_null(strstr(sim_alarms(seen.s, 0), "mail-undeliverable"));
    run(5 * DAY);
    assert_true(shown(0, l.id, "for 5 days") && alarmed(0, "mail-undeliverable X01"));
    end();
}

/* What a member says about a message of others, or makes up, changes nothing. */
static void a_liar(void **state)
{
    (void)state;
    struct arena a;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    begin(5);
    struct letter l = letter_from(0, 1, 1);
    run(5000);
    struct node_state *liar = sim_state(seen.s, 2);
    const text victims[] = {sim_ods(seen.s, 0), sim_ods(seen.s, 1)};
    const struct mail made_up[] = {{.id = text_of(l.id)}, {.id = T("../../etc")}, {.id = T("")}};
    for (size_t i = 0; i < 3; i++) {
        struct feed_row row;
        assert_int_equal(mail_reply(liar->mail, &made_up[i], "acknowledged", NULL, &a, &row, &e),
                         0);
        assert_int_equal(feed_send(liar->feed, victims, 2, &row, NULL, 0, &e), 0);
    }
    /* The number of a message that came from somebody else. */
    struct feed_row taken = {.kind = FEED_MESSAGE,
                             .body =
                                 arena_printf(&a,
                                              "{\"id\":\"%s\",\"workflow\":\"letter\",\"until\":"
                                              "1895341600000,\"author\":\"x\",\"bundle\":{"
                                              "\"resourceType\":\"Bundle\",\"type\":\"document\"}}",
                                              l.id)};
    assert_int_equal(feed_send(liar->feed, &victims[1], 1, &taken, NULL, 0, &e), 0);
    run(10000);
    assert_int_equal(state_of(0, false, l.id), MAIL_ACCEPTED);
    assert_int_equal(state_of(1, true, l.id), MAIL_ACCEPTED);
    assert_int_equal(sim_count(seen.s, 1, T("Task")), 1);
    struct mail mail;
    text line;
    assert_int_equal(mail_get(mail_of(1), true, text_of(l.id), &a, &mail, &line, &e), 0);
    assert_true(text_eq(mail.from, sim_ods(seen.s, 0)));
    assert_true(alarmed(0, "was not sent to this member") && alarmed(1, "no UUID"));
    end();
    arena_done(&a);
}

static void acknowledge_it(void *context)
{
    struct letter *l = context;
    l->rc = mail_acknowledge(mail_of(l->to), text_of(l->id), &l->e);
}

/* Once more when the node crashes with it. */
static void acknowledge(struct letter *l)
{
    for (int i = 0; i < 2; i++) {
        l->rc = -1;
        if (sim_do(seen.s, l->to, acknowledge_it, l) && !l->rc) {
            return;
        }
        run(10000);
    }
    assert_int_equal(l->rc, 0);
}

/* At each write of either side, before and after it is durable. */
static void crash_at_each_write(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 64; round++) {
        begin(100 + round);
        struct letter l[3];
        for (size_t i = 0; i < 3; i++) {
            l[i] = letter_from(0, 1, i);
            assert_int_equal(l[i].rc, 0);
        }
        sim_crash_at_write(seen.s, round % 2, round / 4 + 1, round / 2 % 2, 3000);
        run(120000);
        for (size_t i = 0; i < 3; i++) {
            acknowledge(&l[i]);
        }
        run(120000);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(state_of(0, false, l[i].id), MAIL_ACKNOWLEDGED);
            assert_true(shown(0, l[i].id, "\"completed\"") && shown(1, l[i].id, "\"completed\""));
        }
        assert_int_equal(sim_count(seen.s, 1, T("Task")), 3);
        assert_int_equal(sim_count(seen.s, 1, T("Binary")), 3);
        assert_string_equal(sim_alarms(seen.s, 0), "");
        assert_string_equal(sim_alarms(seen.s, 1), "");
        end();
    }
}

static void random_schedule(uint64_t seed)
{
    enum { LETTERS = 30 };
    static struct letter letters[LETTERS];
    const struct sim_trouble trouble = {
        .drop = 150, .duplicate = 150, .delay = 200, .slow_disk = 30, .skew_ms = 30000};
    const struct sim_trouble none = {0};
    begin(seed);
    struct prng *p = sim_chance(seen.s);
    sim_set_trouble(seen.s, &trouble);
    for (size_t i = 0; i < LETTERS; i++) {
        size_t from = prng_below(p, NODES);
        letters[i] = (struct letter){.from = from,
                                     .to = (from + 1 + prng_below(p, NODES - 1)) % NODES,
                                     .number = i,
                                     .rc = -1};
        sim_task(seen.s, from, (int64_t)prng_below(p, 600000), send_it, &letters[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        size_t n = prng_below(p, NODES);
        run((int64_t)prng_below(p, 100000));
        if (prng_below(p, 2)) {
            sim_crash_at_write(seen.s, n, prng_below(p, 6) + 1, prng_below(p, 2), 20000);
        } else {
            sim_cut(seen.s, n, (n + 1) % NODES, prng_below(p, 2));
        }
    }
    run(600000);
    sim_set_trouble(seen.s, &none);
    for (size_t i = 0; i < NODES; i++) {
        for (size_t k = 0; k < NODES; k++) {
            sim_cut(seen.s, i, k, false);
        }
        sim_crash_at_write(seen.s, i, UINT64_MAX, false, 1);
    }
    run(300000);
    for (size_t i = 0; i < LETTERS; i++) {
        const struct letter *l = &letters[i];
        if (!l->rc &&
            (state_of(l->from, false, l->id) != MAIL_ACCEPTED ||
             state_of(l->to, true, l->id) != MAIL_ACCEPTED || !shown(l->to, l->id, "inbox"))) {
            sim_violated(seen.s, "I9", "letter %zu from %zu is lost on its way to %zu", i, l->from,
                         l->to);
        }
    }
    end();
}

static void random_schedules(void **state)
{
    (void)state;
    const char *many = getenv("MAIL_SCHEDULES");
    uint64_t n = 0;
    if (!many || !text_to_u64(text_of(many), &n)) {
        n = 30;
    }
    for (uint64_t seed = 1; seed <= n; seed++) {
        random_schedule(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_taken_acknowledged),
        cmocka_unit_test(cannot_be_sent),
        cmocka_unit_test(too_late),
        cmocka_unit_test(refused_there),
        cmocka_unit_test(the_directory_ends),
        cmocka_unit_test(a_liar),
        cmocka_unit_test(crash_at_each_write),
        cmocka_unit_test(random_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
