/*
 * One joined record from start to end (docs/locality.md, J1, J4, J6, L3): what is asked of whom,
 * what comes of refusals, time-outs and answers that cannot be used, and who gets which page. The
 * places, the members and the own record are this file's.
 */
#include "joined_kit.h"
#include "locality/places.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEMBERS = 4 };

#define NUMBER "9000000009"

static struct stage {
    struct arena a;
    struct member members[MEMBERS];
    struct directory directory;
    struct note_signer *signer;
    int64_t now_ms;
    const char *why; /* there is no directory in force */
    const char *home, *second_home;
    bool second_unasked;
    const char *named[MEMBERS];
    size_t named_count;
    bool unasked, no_number, hidden, closed;
    enum ask_outcome outcomes[MEMBERS];
    const char *wrong[MEMBERS]; /* an entry that must not be used */
    size_t entries, pages;      /* of each place; pages: of the first one named */
    int64_t until_ms;
    uint32_t withheld, withheld_there;
    size_t asked, alarms, places_asked, own_asked, chance;
    text paths[16];
} on;

static const char *const codes[MEMBERS] = {"A81001", "FVR79", "RXX", "Y90005"};

/* --- the world ----------------------------------------------------------------------------------
 */

static int64_t now_ms(void *context)
{
    (void)context;
    return on.now_ms;
}

static void chance(void *context, uint8_t *to, size_t n)
{
    (void)context;
    memset(to, (int)++on.chance, n);
}

static int alarm_of(void *context, const char *kind, text member, text words, struct err *e)
{
    (void)context;
    (void)kind;
    (void)member;
    (void)words;
    (void)e;
    on.alarms++;
    return 0;
}

static int decide(void *context, const struct caller *as, text patient, struct decision *ret,
                  struct err *e)
{
    (void)context;
    (void)as;
    (void)patient;
    (void)e;
    *ret = on.closed ? (struct decision){.reads = true, .demographics_only = true}
                     : (struct decision){.reads = true, .relation = RELATION_REGISTRATION};
    return 0;
}

static text bundle_of(const char *who, size_t place, size_t page)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"link\":[");
    if (place == 1 && page + 1 < on.pages) {
        buf_printf(&out, "{\"relation\":\"next\",\"url\":\"https://x/y?_page=p%zu\"}", page + 1);
    }
    buf_add(&out, T("],\"entry\":["));
    for (size_t i = 0; i < on.entries; i++) {
        buf_printf(
            &out,
            "%s{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"n%zu-%zu-%zu\","
            "\"status\":\"finished\",\"class\":{\"code\":\"AMB\"},\"subject\":{\"reference\":"
            "\"Patient/%s\"}},\"search\":{\"mode\":\"match\"}}",
            i ? "," : "", place, page, i, place && on.wrong[place] ? on.wrong[place] : who);
    }
    buf_add(&out, T("]}"));
    text made = arena_copy(&on.a, buf_text(&out));
    buf_done(&out);
    return made;
}

static int own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
               struct err *e)
{
    (void)context;
    (void)e;
    assert_non_null(as);
    call->status = 200;
    if (!text_eq(call->path, T("Patient/1"))) {
        on.own_asked++;
        on.paths[15] = arena_copy(&on.a, call->path);
        call->answer = bundle_of("1", 0, 0);
        call->withheld = on.withheld;
        return 0;
    }
    if (on.hidden) {
        call->status = 403;
        call->answer = T("{\"issue\":[{\"details\":{\"text\":\"not for you\"}}]}");
        return 0;
    }
    call->answer = arena_printf(
        a,
        "{\"resourceType\":\"Patient\",\"id\":\"1\",\"identifier\":[{\"system\":"
        "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"%s\"}],\"name\":[{\"family\":\"Weir\","
        "\"given\":[\"Anna\"]}],\"birthDate\":\"1950-03-04\"}",
        on.no_number ? "1" : NUMBER);
    return 0;
}

static struct loc_world world = {
    .now_ms = now_ms, .random = chance, .own = own, .decide = decide, .alarm = alarm_of};

/* --- in the place of trust, places and ask ------------------------------------------------------
 */

const struct directory *trust_directory(struct trust *t, struct directory_ref **ret_ref,
                                        const char **ret_why)
{
    (void)t;
    *ret_ref = NULL;
    *ret_why = on.why;
    return on.why ? NULL : &on.directory;
}

void trust_done(struct directory_ref *ref)
{
    (void)ref;
}

int trust_self(struct trust *t, const struct note_signer **ret_signer, text *ret_ods, struct err *e)
{
    (void)t;
    (void)e;
    *ret_signer = on.signer;
    *ret_ods = text_of(codes[0]);
    return 0;
}

int places_keepers(struct places *p, const yyjson_val *patient, text nhs_number, struct arena *a,
                   text ret[PLACES_KEEPERS], size_t *ret_count, struct err *e)
{
    (void)p;
    (void)a;
    (void)e;
    assert_non_null(patient);
    assert_true(text_eq(nhs_number, T(NUMBER)));
    ret[0] = text_of(on.home);
    ret[1] = text_of(on.second_home);
    *ret_count = !ret[0].n ? 0 : ret[1].n ? 2 : 1;
    return 0;
}

int ask_places(struct asking *k, struct places *places, const struct ask *ask, text home,
               struct arena *a, text **ret_ods, size_t *ret_count, bool *ret_unasked, struct err *e)
{
    (void)k;
    (void)places;
    (void)e;
    bool second = on.second_home[0] && text_eq(home, text_of(on.second_home));
    assert_true(second || text_eq(home, text_of(on.home)));
    assert_true(text_eq(ask->subject.nhs_number, T(NUMBER)));
    assert_true(ask->deadline_ms < on.now_ms + 1500);
    on.places_asked++;
    *ret_ods = arena_zalloc(a, MEMBERS, sizeof **ret_ods);
    for (size_t i = 0; i < on.named_count; i++) {
        (*ret_ods)[i] = text_of(on.named[i]);
    }
    *ret_count = second ? 0 : on.named_count;
    *ret_unasked = second ? on.second_unasked : on.unasked;
    return 0;
}

static size_t number_of(text ods)
{
    size_t i = 0;
    while (i < MEMBERS && !text_eq(ods, text_of(codes[i]))) {
        i++;
    }
    assert_true(i < MEMBERS);
    return i;
}

int ask_members(struct asking *k, const struct ask *ask, struct ask_one *ones, size_t count,
                struct arena *a, struct err *e)
{
    (void)k;
    text page = text_from(ask->path, ask->path.n > 2 ? ask->path.n - 2 : 0);
    size_t number = page.p[0] == 'p' ? (size_t)(page.p[1] - '0') : 0;
    assert_int_equal(ask->deadline_ms, on.now_ms + 1500);
    assert_true(text_eq(ask->relation, text_of(relationship_words(RELATION_REGISTRATION))));
    if (on.asked < 15) {
        on.paths[on.asked] = arena_copy(&on.a, ask->path);
    }
    for (size_t i = 0; i < count; i++) {
        size_t place = number_of(ones[i].ods);
        on.asked++;
        assert_int_not_equal(place, 0); /* never itself */
        ones[i].outcome = on.outcomes[place];
        ones[i].why = ones[i].outcome == ASK_ANSWERED ? NULL : "why";
        if (ones[i].outcome == ASK_ANSWERED) {
            ones[i].body = bundle_of("there", place, number);
            ones[i].receipt = (struct receipt){.patient = T("there"),
                                               .until_ms = on.until_ms,
                                               .status = 200,
                                               .withheld = on.withheld_there};
            assert_int_equal(json_read(ones[i].body, 64, a, &ones[i].tree, e), 0);
        } else if (ones[i].outcome == ASK_REFUSED) {
            ones[i].receipt = (struct receipt){.until_ms = on.until_ms, .status = 404};
        }
    }
    return 0;
}

/* --- the kit ------------------------------------------------------------------------------------
 */

static int setup(void **state)
{
    struct buf key;
    struct err e = {0};
    (void)state;
    on = (struct stage){.now_ms = 1000000,
                        .home = "A81001",
                        .second_home = "",
                        .entries = 3,
                        .pages = 1,
                        .until_ms = INT64_MAX,
                        .named = {"FVR79", "RXX"},
                        .named_count = 2};
    arena_init(&on.a, ARENA);
    for (size_t i = 0; i < MEMBERS; i++) {
        on.members[i] = (struct member){
            .ods = text_of(codes[i]), .url = T("https://m.example"), .name = text_of(codes[i])};
    }
    on.directory = (struct directory){.members = on.members, .member_count = MEMBERS};
    buf_init(&key, 4096);
    assert_int_equal(note_signer_make(T("kith.care/member/A81001"), &key, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&key), &on.signer, &e), 0);
    buf_done(&key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    note_signer_free(on.signer);
    arena_done(&on.a);
    return 0;
}

static struct joining *open_joining(void)
{
    struct asking_config config = {.world = &world};
    struct joining *j = NULL;
    struct err e = {0};
    assert_int_equal(joining_open(&config, NULL, &j, &e), 0);
    return j;
}

static const struct caller amina = {.actor = {.account = {"amina", 5}}, .session = {"s1", 2}};

static int ask_as(struct joining *j, const struct caller *caller, uint64_t count, text token,
                  yyjson_val **ret, struct err *e)
{
    struct buf out;
    struct joined_ask ask = {.caller = caller,
                             .base = T(GP),
                             .patient = T("1"),
                             .path = T("Encounter?patient={patient}&_count=1000"),
                             .self = T("Encounter?patient=1&_joined=true"),
                             .token = token,
                             .count = count,
                             .has_pages = true,
                             .deadline_ms = 1500,
                             .kept_bytes = 1 << 20};
    buf_init(&out, 1 << 24);
    int rc = joined_answer(j, &ask, &on.a, &out, e);
    if (!rc) {
        assert_int_equal(json_read(arena_copy(&on.a, buf_text(&out)), 64, &on.a, ret, e), 0);
    }
    buf_done(&out);
    return rc;
}

static yyjson_val *answer(struct joining *j, uint64_t count)
{
    struct err e = {0};
    yyjson_val *root = NULL;
    int rc = ask_as(j, &amina, count, (text){0}, &root, &e);
    if (rc) {
        print_message("%d: %s\n", rc, e.detail);
    }
    assert_int_equal(rc, 0);
    return root;
}

static size_t items_of(const yyjson_val *list)
{
    assert_non_null(list);
    return list ? json_len(list) : 0;
}

static size_t matches(const yyjson_val *bundle)
{
    return items_of(json_get(bundle, T("entry"))) - 1;
}

static yyjson_val *issues_of(const yyjson_val *bundle)
{
    return json_get(json_get(joined_first(json_get(bundle, T("entry"))), T("resource")),
                    T("issue"));
}

/* --- the tests ----------------------------------------------------------------------------------
 */

static void asks_every_place_once(void **state)
{
    struct joining *j = open_joining();
    (void)state;
    yyjson_val *b = answer(j, 0);
    assert_int_equal(on.places_asked, 1);
    assert_int_equal(on.asked, 2);
    assert_true(text_eq(on.paths[0], T("Encounter?patient={patient}&_count=1000")));
    assert_true(text_eq(on.paths[15], T("Encounter?patient=1&_count=1000")));
    assert_int_equal(matches(b), 9);
    assert_true(text_eq(json_text(json_get(b, T("total"))), T("9")));
    assert_int_equal(items_of(issues_of(b)), 4);
    assert_non_null(json_get(b, T("signature")));
    /* A home elsewhere is asked, too, and a name that comes twice only once. */
    on.home = "Y90005";
    on.named[1] = "Y90005";
    on.asked = 0;
    assert_int_equal(matches(answer(j, 0)), 9);
    assert_int_equal(on.asked, 2);
    joining_close(j);
}

static void never_shows_a_part_as_the_whole(void **state)
{
    static const enum ask_outcome lacking[] = {ASK_TIMED_OUT, ASK_AWAY, ASK_REFUSED, ASK_BROKEN};
    struct joining *j = open_joining();
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        on.outcomes[2] = lacking[i];
        yyjson_val *b = answer(j, 0);
        assert_int_equal(matches(b), 6);
        assert_null(json_get(b, T("total")));
        assert_int_equal(items_of(issues_of(b)), 4);
    }
    on.outcomes[2] = ASK_ANSWERED;
    on.unasked = true;
    assert_null(json_get(answer(j, 0), T("total")));
    on.unasked = false;
    assert_non_null(json_get(answer(j, 0), T("total")));
    /* The second of two that keep a list could not be asked, or could not ask all. */
    on.second_home = "Y90005";
    assert_non_null(json_get(answer(j, 0), T("total")));
    on.second_unasked = true;
    assert_null(json_get(answer(j, 0), T("total")));
    on.second_home = "";
    on.home = ""; /* nobody knows where else something is */
    assert_null(json_get(answer(j, 0), T("total")));
    joining_close(j);
}

static bool says(const yyjson_val *b, const char *word)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    json_write(issues_of(b), &out);
    bool is = memmem(out.p, out.n, word, strlen(word)) != NULL;
    buf_done(&out);
    return is;
}

/* The jurisdiction of the node that shows it decides, whatever others would tell. */
static void tells_of_what_is_withheld_where_it_may(void **state)
{
    struct joining *j = open_joining();
    (void)state;
    on.withheld_there = 1;
    on.outcomes[2] = ASK_REFUSED;
    yyjson_val *b = answer(j, 0);
    assert_true(says(b, "withheld"));
    assert_true(says(b, "refused"));
    assert_null(json_get(b, T("total")));
    world.hides_withheld = true;
    b = answer(j, 0);
    world.hides_withheld = false;
    assert_false(says(b, "withheld"));
    assert_false(says(b, "refused"));
    assert_false(says(b, "forbidden"));
    assert_true(says(b, "RXX: 0 entries"));
    assert_int_equal(matches(b), 6);
    assert_non_null(json_get(b, T("total"))); /* as of a place that holds nothing */
    joining_close(j);
}

static void uses_nothing_of_a_wrong_answer(void **state)
{
    struct joining *j = open_joining();
    (void)state;
    on.wrong[2] = "somebody-else";
    yyjson_val *b = answer(j, 0);
    assert_int_equal(matches(b), 6);
    assert_int_equal(on.alarms, 1);
    assert_null(json_get(b, T("total")));
    joining_close(j);
}

static void fetches_further_pages(void **state)
{
    struct joining *j = open_joining();
    (void)state;
    on.pages = 3;
    yyjson_val *b = answer(j, 0);
    assert_int_equal(matches(b), 15);
    assert_int_equal(on.asked, 4);
    assert_true(text_ends(on.paths[3], T("&_page=p2")));
    assert_non_null(json_get(b, T("total")));
    joining_close(j);
}

static void says_why_it_is_alone(void **state)
{
    struct joining *j = open_joining();
    (void)state;
    on.why = "this node is in no locality";
    yyjson_val *b = answer(j, 0);
    assert_int_equal(matches(b), 3);
    assert_int_equal(on.asked, 0);
    assert_null(json_get(b, T("total")));
    assert_null(json_get(b, T("signature")));
    on.why = NULL;
    on.no_number = true; /* nobody elsewhere could know who that is */
    b = answer(j, 0);
    assert_int_equal(matches(b), 3);
    assert_int_equal(on.asked, 0);
    assert_int_equal(on.places_asked, 0);
    assert_null(json_get(b, T("total")));
    joining_close(j);
}

/* Who may find a person, and no more, has no answer by what their organisation is to them. */
static void asks_nobody_where_the_record_is_closed(void **state)
{
    struct joining *j = open_joining();
    (void)state;
    on.closed = true;
    yyjson_val *b = answer(j, 0);
    assert_int_equal(matches(b), 3);
    assert_int_equal(on.asked, 0);
    assert_null(json_get(b, T("total")));
    joining_close(j);
}

static void asks_nobody_for_whom_it_is_not(void **state)
{
    struct joining *j = open_joining();
    yyjson_val *root = NULL;
    struct err e = {0};
    (void)state;
    on.hidden = true;
    assert_int_equal(ask_as(j, &amina, 0, (text){0}, &root, &e), ERR_FORBIDDEN);
    assert_string_equal(e.detail, "not for you");
    assert_int_equal(on.asked + on.places_asked + on.own_asked, 0);
    joining_close(j);
}

/* The token of the link `next`. */
static text next_of(const yyjson_val *bundle)
{
    return joined_next_token(bundle);
}

static void gives_pages_of_one_answer(void **state)
{
    struct joining *j = open_joining();
    struct err e = {0};
    bool seen[9] = {false};
    size_t count = 0;
    (void)state;
    yyjson_val *b = answer(j, 2);
    for (;;) {
        yyjson_val *list = json_get(b, T("entry")), *entry = joined_first(list);
        for (size_t left = items_of(list) - 1; left && entry; left--) {
            entry = json_after(entry);
            text id = json_text(json_get(json_get(entry, T("resource")), T("id")));
            size_t place = (size_t)(id.p[1] - '0'), at = (size_t)(id.p[5] - '0');
            assert_false(seen[place * 3 + at]);
            seen[place * 3 + at] = true;
            count++;
        }
        assert_int_equal(items_of(issues_of(b)), 4); /* what is missing is on each page */
        text next = next_of(b);
        if (!next.n) {
            break;
        }
        assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), 0);
    }
    assert_int_equal(count, 9);
    assert_int_equal(on.asked, 2); /* once, for all pages */
    joining_close(j);
}

static void keeps_pages_for_who_asked_alone(void **state)
{
    static const struct caller other = {.actor = {.account = {"bert", 4}}, .session = {"s2", 2}};
    static const struct caller again = {.actor = {.account = {"amina", 5}}, .session = {"s9", 2}};
    struct joining *j = open_joining();
    yyjson_val *b = NULL;
    struct err e = {0};
    (void)state;
    text next = next_of(answer(j, 2));
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), 0);
    assert_int_equal(ask_as(j, &other, 2, next, &b, &e), ERR_NOT_FOUND);
    assert_int_equal(ask_as(j, &again, 2, next, &b, &e), ERR_NOT_FOUND);
    assert_int_equal(ask_as(j, &amina, 3, next, &b, &e), ERR_NOT_FOUND); /* another question */
    assert_int_equal(ask_as(j, &amina, 2, T("x"), &b, &e), ERR_INVALID);
    assert_int_equal(ask_as(j, &amina, 2, T("AAAAAAAAAAAAAAAAAAAAAA.2"), &b, &e), ERR_NOT_FOUND);
    /* Who may see the record no more gets no page of it. */
    on.hidden = true;
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), ERR_FORBIDDEN);
    on.hidden = false;
    joining_forget(j, T("9000000017"));
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), 0);
    joining_forget(j, T(NUMBER));
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), ERR_NOT_FOUND);
    joining_close(j);
}

static void forgets_pages_in_time(void **state)
{
    struct joining *j = open_joining();
    yyjson_val *b = NULL;
    struct err e = {0};
    (void)state;
    int64_t began = on.now_ms;
    text next = next_of(answer(j, 2));
    on.now_ms = began + 299999;
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), 0);
    on.now_ms = began + 300000;
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), ERR_NOT_FOUND);
    /* The right to show an answer ends earlier. */
    on.until_ms = on.now_ms + 1000;
    next = next_of(answer(j, 2));
    on.now_ms += 999;
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), 0);
    on.now_ms += 1;
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), ERR_NOT_FOUND);
    /* So many of one caller. */
    on.until_ms = INT64_MAX;
    next = next_of(answer(j, 2));
    for (size_t i = 1; i < JOINED_KEPT_CALLER; i++) {
        (void)answer(j, 2);
    }
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), 0);
    (void)answer(j, 2);
    assert_int_equal(ask_as(j, &amina, 2, next, &b, &e), ERR_NOT_FOUND);
    joining_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks_every_place_once, setup, teardown),
        cmocka_unit_test_setup_teardown(never_shows_a_part_as_the_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_of_what_is_withheld_where_it_may, setup, teardown),
        cmocka_unit_test_setup_teardown(uses_nothing_of_a_wrong_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(fetches_further_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(says_why_it_is_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(asks_nobody_where_the_record_is_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(asks_nobody_for_whom_it_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(gives_pages_of_one_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_pages_for_who_asked_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(forgets_pages_in_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
