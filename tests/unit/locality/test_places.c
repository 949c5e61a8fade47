/* Where records are, and whose home it is (docs/locality.md, L1 to L5). */
#include "places_kit.h"

static size_t listed_at(size_t home)
{
    struct arena a;
    struct err e = {0};
    text *list = NULL;
    size_t n = 0;
    arena_init(&a, 1 << 20);
    assert_int_equal(places_of(node(home)->places, ana().nhs_number, &a, &list, &n, &e), 0);
    arena_done(&a);
    return n;
}

static size_t listed(void)
{
    return listed_at(HOME);
}

/* --- places -------------------------------------------------------------------------------------
 */

struct asked {
    text ods[NODES];
    size_t count;
    bool unasked;
};

static struct asked ask(const char *account)
{
    static struct arena a;
    struct node *n = node(ASKER);
    const struct note_signer *signer;
    struct directory_ref *ref;
    const char *why;
    struct err e = {0};
    struct asked got = {0};
    text self, jws, *list = NULL;
    arena_done(&a);
    arena_init(&a, 1 << 20);
    assert_int_equal(trust_self(n->trust, &signer, &self, &e), 0);
    const struct directory *d = trust_directory(n->trust, &ref, &why);
    assert_non_null(d);
    int64_t now = sim_now(seen.s) / 1000 * 1000;
    struct statement s = {.asker = self,
                          .holder = ods(HOME),
                          .made_ms = now,
                          .ends_ms = now + 60000,
                          .locality = d->name,
                          .number = d->number,
                          .account = text_of(account),
                          .name = T("Dr Jones"),
                          .role = T("R8000"),
                          .purpose = PURPOSE_TREAT,
                          .subject = ana()};
    memcpy(s.tls, sim_tls(seen.s, ASKER), 32);
    (void)SHA256((const unsigned char *)PLACES_REQUEST, sizeof PLACES_REQUEST - 1, s.request);
    assert_int_equal(statement_sign(&s, signer, &a, &jws, &e), 0);
    assert_int_equal(places_ask(node(HOME)->places, jws, &s, directory_member(d, self),
                                sim_now(seen.s) + 700, &a, &list, &got.count, &got.unasked, &e),
                     0);
    for (size_t i = 0; i < got.count && i < NODES; i++) {
        got.ods[i] = list[i];
    }
    trust_done(ref);
    return got;
}

static void a_list_is_kept(void **state)
{
    (void)state;
    begin(1);
    contact(ONE);
    contact(ONE); /* once is enough */
    contact(TWO);
    run(10000);
    assert_int_equal(listed(), 2);
    end();
}

static int look_for(void *context, text key, text value)
{
    static const char *const words[] = {"9434765919", "X01", "Smith", "1970"};
    unsigned *rows = context;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_null(memmem(key.p, key.n, words[i], strlen(words[i])));
        assert_null(memmem(value.p, value.n, words[i], strlen(words[i])));
    }
    ++*rows;
    return 0;
}

static void rows_tell_nothing(void **state)
{
    (void)state;
    unsigned rows = 0;
    struct err e = {0};
    struct err why = {0};
    static const uint8_t other_key[32] = {8};
    struct places *other = NULL;
    struct arena a;
    text *list;
    size_t n = 0;
    begin(2);
    contact(ONE);
    run(10000);
    const struct loc_world *w = sim_world(seen.s, HOME);
    assert_int_equal(w->each(w->context, "place", (text){0}, look_for, &rows, &e), 0);
    assert_int_equal(rows, 1);
    w = sim_world(seen.s, ONE);
    assert_int_equal(w->each(w->context, "contact", (text){0}, look_for, &rows, &e), 0);
    assert_int_equal(rows, 2);
    /* With another key there is not even a row of that person. */
    arena_init(&a, 1 << 20);
    assert_int_equal(places_open(sim_world(seen.s, HOME), node(HOME)->trust, node(HOME)->feed,
                                 other_key, &other, &e),
                     0);
    assert_int_equal(places_of(other, ana().nhs_number, &a, &list, &n, &why), 0);
    assert_int_equal(n, 0);
    places_close(other);
    arena_done(&a);
    end();
}

static void holders_decide(void **state)
{
    (void)state;
    begin(3);
    contact(ONE);
    contact(TWO);
    run(10000);
    struct asked got = ask("a");
    assert_int_equal(got.count, 0);
    assert_false(got.unasked);
    seen.says_yes[TWO] = true;
    got = ask("a");
    assert_int_equal(got.count, 1);
    assert_true(text_eq(got.ods[0], ods(TWO)));
    assert_false(got.unasked);
    sim_cut(seen.s, HOME, ONE, true);
    got = ask("a");
    assert_int_equal(got.count, 1);
    assert_true(got.unasked);
    end();
}

static void strangers_are_counted(void **state)
{
    (void)state;
    begin(4);
    contact(ONE);
    run(10000);
    for (unsigned i = 0; i < 20; i++) {
        (void)ask("curious");
        (void)ask(i % 2 ? "b" : "c");
    }
    assert_null(strstr(sim_alarms(seen.s, HOME), "location-probe"));
    (void)ask("curious");
    const char *alarm = strstr(sim_alarms(seen.s, HOME), "location-probe X03");
    assert_non_null(alarm);
    (void)ask("curious");
    assert_null(strstr(alarm + 1, "location-probe")); /* once */
    end();
}

/* The accounts are the asker's word. */
static void strangers_of_many_names_are_counted(void **state)
{
    (void)state;
    begin(4);
    contact(ONE);
    run(10000);
    for (unsigned i = 0; i < 201; i++) {
        char account[16];
        (void)snprintf(account, sizeof account, "a-%u", i);
        assert_null(strstr(sim_alarms(seen.s, HOME), "location-probe"));
        (void)ask(account);
    }
    assert_non_null(strstr(sim_alarms(seen.s, HOME), "location-probe X03"));
    end();
}

static void a_lost_list_heals(void **state)
{
    (void)state;
    begin(5);
    contact(ONE);
    contact(TWO);
    run(10000);
    sim_crash(seen.s, HOME);
    sim_lose_rows(seen.s, HOME, "place");
    sim_restart(seen.s, HOME);
    run(30000);
    assert_int_equal(listed(), 2);
    end();
}

/* --- homes --------------------------------------------------------------------------------------
 */

static void registration(size_t from, size_t to, const char *body)
{
    struct node *n = node(from);
    struct err e = {0};
    const text receiver = ods(to);
    struct feed_row row = {
        .kind = FEED_REGISTRATION, .subject = ana(), .what = T("Patient/1"), .body = text_of(body)};
    assert_int_equal(feed_person(n->feed, row.subject.nhs_number, row.person, &e), 0);
    assert_int_equal(feed_send(n->feed, &receiver, 1, &row, NULL, 0, &e), 0);
    run(10000);
}

static void expect_lists(size_t at_home, size_t at_two, size_t at_asker)
{
    assert_int_equal(listed_at(HOME), at_home);
    assert_int_equal(listed_at(TWO), at_two);
    assert_int_equal(listed_at(ASKER), at_asker);
}

/* A platform has a list beside that of the practice, as long as the practice says so: when the
 * choice of it ends, the practice has lacked nothing. */
static void a_platform_beside_the_practice(void **state)
{
    (void)state;
    begin(11);
    contact(ONE);
    run(10000);
    registration(HOME, ONE, "{\"home\":\"X00\",\"also\":\"X02\"}");
    expect_lists(1, 1, 0);
    registration(HOME, ONE, "{\"home\":\"X00\",\"also\":\"X02\"}");
    expect_lists(1, 1, 0);
    registration(TWO, ONE, "{\"home\":\"X03\",\"also\":\"X03\"}"); /* it is not its to say */
    expect_lists(1, 1, 0);
    registration(ASKER, ONE, "{\"home\":\"X03\",\"also\":\"X03\"}"); /* nobody's home */
    expect_lists(1, 1, 0);
    registration(HOME, ONE, "{\"home\":\"X00\",\"also\":\"X03\"}");
    expect_lists(1, 0, 1);
    registration(HOME, ONE, "{\"home\":\"X00\",\"also\":\"\"}");
    expect_lists(1, 0, 0);
    end();
}

/* Another practice takes the place of the old one, and has the say about the platform. */
static void another_practice(void **state)
{
    (void)state;
    begin(12);
    contact(ONE);
    run(10000);
    registration(HOME, ONE, "{\"also\":\"X02\"}");
    registration(HOME, ONE, "{\"home\":\"X03\",\"also\":\"X02\"}");
    expect_lists(0, 1, 1);
    registration(HOME, ONE, "{\"home\":\"X00\",\"also\":\"\"}"); /* it was left */
    expect_lists(0, 1, 1);
    registration(ASKER, ONE, "{\"home\":\"X03\",\"also\":\"\"}");
    expect_lists(0, 0, 1);
    end();
}

/* What the own record says of itself, no home takes back. */
static void the_own_record_names_it(void **state)
{
    const struct subject s = ana();
    struct err e = {0};
    (void)state;
    begin(13);
    contact(ONE);
    run(10000);
    registration(HOME, ONE, "{\"also\":\"X02\"}");
    assert_int_equal(places_left(node(ONE)->places, &s, ods(TWO), &e), 0);
    run(10000);
    expect_lists(1, 1, 0); /* the practice still says so */
    assert_int_equal(places_contact(node(ONE)->places, &s, ods(TWO), &e), 0);
    registration(HOME, ONE, "{\"also\":\"\"}");
    expect_lists(1, 1, 0);
    assert_int_equal(places_left(node(ONE)->places, &s, ods(TWO), &e), 0);
    run(10000);
    expect_lists(1, 0, 0);
    end();
}

/* Whoever tells one that is not the home any more hears of the other, and its list is never shown
 * as all that there is. Two records that name each other's node come to an end. */
static void the_wrong_home_is_told(void **state)
{
    (void)state;
    const struct subject s = ana();
    struct err e = {0};
    begin(14);
    contact(ONE);
    run(10000);
    assert_false(ask("a").unasked);
    person_at(HOME, "X00");
    assert_false(ask("a").unasked);
    person_at(HOME, "X02");
    assert_false(ask("a").unasked); /* it does not go by that one, so it may be an old word */
    assert_int_equal(places_contact(node(HOME)->places, &s, ods(TWO), &e), 0);
    run(10000);
    assert_true(ask("a").unasked);
    expect_lists(1, 1, 0);
    assert_int_equal(places_left(node(ONE)->places, &s, ods(HOME), &e), 0);
    run(10000);
    expect_lists(0, 1, 0);
    person_at(TWO, "X00");
    assert_int_equal(places_contact(node(TWO)->places, &s, ods(HOME), &e), 0);
    contact(ONE);
    run(60000);
    expect_lists(2, 2, 0);
    end();
}

/* A home that compares without end is not told without end. */
static void comparing_has_a_bound(void **state)
{
    (void)state;
    static const char body[] = "{\"count\":0,\"digest\":"
                               "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}";
    struct arena a;
    unsigned taken = 0;
    uint64_t waiting = 0;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    begin(15);
    contact(ONE);
    run(10000);
    sim_cut(seen.s, ONE, HOME, true); /* it takes nothing */
    for (int i = 0; i < 40; i++) {
        struct sim_request r = {.tls = sim_tls(seen.s, HOME),
                                .method = T("POST"),
                                .path = T("/locality/heal"),
                                .body = text_of(body)};
        taken += sim_ask(seen.s, ONE, &r, &a, &e) == 0 && r.status == 200;
    }
    assert_in_range(taken, 1, 10);
    assert_int_equal(feed_waiting(node(ONE)->feed, ods(HOME), &waiting, &e), 0);
    assert_int_equal(waiting, 1);
    run(600000);
    arena_done(&a);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_of_many_names_are_counted),
        cmocka_unit_test(a_list_is_kept),
        cmocka_unit_test(rows_tell_nothing),
        cmocka_unit_test(holders_decide),
        cmocka_unit_test(strangers_are_counted),
        cmocka_unit_test(a_lost_list_heals),
        cmocka_unit_test(a_platform_beside_the_practice),
        cmocka_unit_test(another_practice),
        cmocka_unit_test(the_own_record_names_it),
        cmocka_unit_test(the_wrong_home_is_told),
        cmocka_unit_test(comparing_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
