/* The joined record: docs/locality.md, what is printed, J3 and J4. */
#include "joined_kit.h"

#include <stdio.h>
#include <stdlib.h>

static text join(const text *items, size_t count, struct arena *a)
{
    text all = T("");
    for (size_t i = 0; i < count; i++) {
        const text pieces[] = {all, all.n ? T(",") : T(""), items[i]};
        all = arena_join(a, pieces, 3);
    }
    return all.n ? arena_printf(a, "%.*s", TEXT_ARG(all)) : T("");
}

/* --- J3, J4: the Bundle -------------------------------------------------------------------------
 */

static yyjson_val *printed(const struct joined_print *p, struct arena *a)
{
    struct buf out;
    struct err e = {0};
    yyjson_val *root = NULL;
    buf_init(&out, 1 << 24);
    assert_int_equal(joined_print(p, a, &out, &e), 0);
    assert_int_equal(json_read(arena_copy(a, buf_text(&out)), 64, a, &root, &e), 0);
    buf_done(&out);
    return root;
}

static yyjson_val *next_of(const yyjson_val *v)
{
    assert_non_null(v);
    return v ? json_after(v) : NULL;
}

static text issue_words(const yyjson_val *bundle, size_t i)
{
    const yyjson_val *entry = joined_first(json_get(bundle, T("entry")));
    const yyjson_val *list = json_get(json_get(entry, T("resource")), T("issue"));
    const yyjson_val *issue = joined_first(list);
    assert_true(i < json_len(list));
    for (; i; i--, issue = next_of(issue)) {
    }
    return json_text(json_get(json_get(issue, T("details")), T("text")));
}

static void says_what_is_missing(void **state)
{
    struct arena a;
    struct joined_part parts[3];
    struct joined_entry *entries;
    (void)state;
    arena_init(&a, ARENA);
    part_of(&parts[0], "A81001", GP,
            ENTRY("{'resourceType':'Encounter','id':'7','meta':{'versionId':'1','source':'x',"
                  "'tag':[{'code':'t'}]},'status':'finished'}"),
            &a);
    parts[0].is_own = true;
    part_of(&parts[1], "RXX", HOSPITAL, ENTRY("{'resourceType':'Encounter','id':'8'}"), &a);
    parts[1].unwitnessed = true;
    part_of(&parts[2], "Y9", "https://c/fhir", ENTRY("{'resourceType':'Encounter','id':'9'}"), &a);
    size_t n = merge(parts, 3, &a, &entries);
    struct joined_print p = {.parts = parts,
                             .part_count = 3,
                             .entries = entries,
                             .entry_count = n,
                             .most = 100,
                             .self_link = T("https://gp.example/fhir/Patient/1/$joined"),
                             .self = T("A81001"),
                             .now_ms = 1};
    yyjson_val *b = printed(&p, &a);
    assert_true(text_eq(json_text(json_get(b, T("total"))), T("3")));
    assert_int_equal(json_len(json_get(b, T("entry"))), 4);
    assert_true(text_eq(issue_words(b, 0), T("All 3 places have answered")));
    /* J3: whose each is. */
    yyjson_val *entry = next_of(joined_first(json_get(b, T("entry"))));
    yyjson_val *meta = json_get(json_get(entry, T("resource")), T("meta"));
    assert_true(text_eq(json_text(json_get(entry, T("fullUrl"))), T(GP "/Encounter/7")));
    assert_true(text_eq(json_text(json_get(meta, T("source"))), T(GP)));
    assert_true(text_eq(json_text(json_get(meta, T("versionId"))), T("1")));
    assert_int_equal(json_len(json_get(meta, T("tag"))), 1);
    entry = next_of(entry);
    meta = json_get(json_get(entry, T("resource")), T("meta"));
    assert_true(text_eq(json_text(json_get(meta, T("source"))), T(HOSPITAL)));
    assert_true(text_eq(json_text(json_get(joined_first(json_get(meta, T("tag"))), T("code"))),
                        T("unwitnessed")));
    entry = next_of(entry);
    assert_true(
        text_eq(json_text(json_get(entry, T("fullUrl"))), text_of("https://c/fhir/Encounter/9")));
    /* J4: never a part as the whole. */
    static const enum ask_outcome lacking[] = {ASK_TIMED_OUT, ASK_AWAY, ASK_REFUSED, ASK_BROKEN};
    for (size_t i = 0; i < 4; i++) {
        parts[2].outcome = lacking[i];
        assert_false(joined_whole(&p));
        b = printed(&p, &a);
        assert_null(json_get(b, T("total")));
        assert_true(text_starts(issue_words(b, 0), T("This is a part of the record: 2 of 3")));
        assert_true(text_starts(issue_words(b, 3), T("Y9")));
    }
    parts[2].outcome = ASK_ANSWERED;
    p.places_unasked = true;
    assert_null(json_get(printed(&p, &a), T("total")));
    p.places_unasked = false;
    parts[1].more = true;
    assert_null(json_get(printed(&p, &a), T("total")));
    parts[1].more = false;
    p.alone = T("this node is in no locality");
    assert_null(json_get(printed(&p, &a), T("total")));
    arena_done(&a);
}

static void gives_pages_without_a_gap(void **state)
{
    struct arena a;
    struct joined_part part;
    struct joined_entry *entries;
    text all[25];
    (void)state;
    arena_init(&a, ARENA);
    for (size_t i = 0; i < 25; i++) {
        all[i] = arena_printf(&a, ENTRY("{'resourceType':'Basic','id':'b%02zu'}"), i);
    }
    part_of(&part, "A", GP, join(all, 25, &a).p, &a);
    size_t n = merge(&part, 1, &a, &entries);
    struct joined_print p = {.parts = &part, .part_count = 1, .entries = entries, .entry_count = n};
    for (size_t most = 1; most < 27; most++) {
        size_t seen = 0;
        for (p.from = 0, p.most = most; p.from < 25; p.from += most) {
            yyjson_val *list = json_get(printed(&p, &a), T("entry"));
            yyjson_val *entry = joined_first(list);
            for (size_t left = json_len(list) - 1; left; left--) {
                entry = next_of(entry);
                text id = json_text(json_get(json_get(entry, T("resource")), T("id")));
                assert_true(text_eq(id, arena_printf(&a, "b%02zu", seen)));
                seen++;
            }
        }
        assert_int_equal(seen, 25);
    }
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(gives_pages_without_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
