/* A shelf of definitions: each is asked of its sources once, by any number of threads. */
#include "fhir/codes.h"
#include "fhir/defs.h"
#include "fhir/profile.h"
#include "fhir/value_set.h"

#include "fhir_kit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "arena_kit.h" /* behind the others: its arena has the name of their parameters */

enum { MEMORY = 256 * 1024 * 1024 };

#define URL "http://kith.test/"
#define DEFINITION(name, base)                                                            \
    "{'resourceType':'StructureDefinition','url':'" URL name "','name':'Kith','status':"  \
    "'draft','kind':'resource','abstract':false,'type':'Patient','baseDefinition':'" base \
    "','derivation':'constraint','differential':{'element':[{'path':'Patient'},"          \
    "{'path':'Patient.active','min':1}]}}"
#define SYSTEM(name, version, code)                                                       \
    "{'resourceType':'CodeSystem','url':'" URL name "','version':'" version "','status':" \
    "'draft','content':'complete','caseSensitive':true,'concept':[{'code':'" code "'}]}"
#define SET(name, include)                        \
    "{'resourceType':'ValueSet','url':'" URL name \
    "','status':'draft','compose':{'include':[{" include "}]}}"

/* An extension in an extension, of which more is said than its own definition does. */
#define NEST(name, inner)                                                                     \
    "{'resourceType':'StructureDefinition','url':'" URL name "','name':'Kith','status':"      \
    "'draft','kind':'complex-type','abstract':false,'type':'Extension','baseDefinition':"     \
    "'" DEFS_BASE "Extension','derivation':'constraint','differential':{'element':[{'path':"  \
    "'Extension'},{'path':'Extension.extension','sliceName':'x','type':[{'code':'Extension'," \
    "'profile':['" URL inner "']}]},{'path':'Extension.extension.url','short':'s'}]}}"

static const char *const stored[] = {
    NEST("nest-a", "nest-b"),
    NEST("nest-b", "nest-a"),
    DEFINITION("active", DEFS_BASE "Patient"),
    DEFINITION("more-active", URL "active"),
    DEFINITION("ring-a", URL "ring-b"),
    DEFINITION("ring-b", URL "ring-a"),
    DEFINITION("self", URL "self"),
    DEFINITION("orphan", URL "nowhere"),
    SYSTEM("colours", "1.9.0", "red"),
    SYSTEM("colours", "1.10.0", "green"),
    SET("colours-set", "'system':'" URL "colours'"),
    SET("set-ring-a", "'valueSet':['" URL "set-ring-b']"),
    SET("set-ring-b", "'valueSet':['" URL "set-ring-a']"),
};

/* --- a source that counts -------------------------------------------------------------------- */

struct counting {
    struct defs_source from; /* find == NULL: makes what is asked for, of `size` bytes */
    size_t size;
    atomic_size_t asked;
};

static int make_large(size_t size, struct arena *to, yyjson_val **ret_root, struct err *e)
{
    struct buf json;
    buf_init(&json, size + 1000);
    buf_add(&json, T("{\"resourceType\":\"ValueSet\",\"status\":\"draft\",\"title\":\""));
    while (json.n < size) {
        buf_add(&json, T("word word word word word word word word word word word word word word "));
    }
    buf_add(&json, T("\"}"));
    int rc = json_read(buf_text(&json), KIT_DEPTH, to, ret_root, e);
    buf_done(&json);
    return rc;
}

static int find(void *context, fhir_type type, text url, text version, struct arena *to,
                yyjson_val **ret_root, struct err *e)
{
    struct counting *c = context;
    atomic_fetch_add(&c->asked, 1);
    if (c->size) {
        return make_large(text_ends(url, T("huge")) ? 64 * c->size : c->size, to, ret_root, e);
    }
    /* A source has read something by the time that it knows that it has nothing. */
    return arena_alloc(to, 1024)
               ? c->from.find(c->from.context, type, url, version, to, ret_root, e)
               : ERR_MEMORY;
}

static struct defs_shelf *kit_shelf(const char *const *resources, size_t count)
{
    struct err e = {0};
    struct defs_shelf *shelf;
    assert_int_equal(defs_shelf_make(&a, &shelf, &e), 0);
    for (size_t i = 0; i < count; i++) {
        bool taken = false;
        assert_int_equal(defs_shelf_add(shelf, kit_read(resources[i], &a), &taken, &e), 0);
        assert_true(taken);
    }
    return shelf;
}

struct world {
    struct defs_shelf *shelf;
    struct counting counting;
    struct defs *defs;
};

static void world_make(struct world *w, size_t memory, size_t size)
{
    struct err e = {0};
    *w = (struct world){.shelf = kit_shelf(stored, sizeof stored / sizeof *stored)};
    w->counting.from = defs_shelf_source(w->shelf);
    w->counting.size = size;
    struct defs_source source = {.find = find, .context = &w->counting};
    assert_int_equal(defs_make(&source, 1, memory, &w->defs, &e), 0);
}

static void world_done(struct world *w)
{
    defs_free(w->defs);
    defs_shelf_done(w->shelf);
}

/* --- what it means --------------------------------------------------------------------------- */

static void test_kept(void **state)
{
    (void)state;
    struct err e = {0};
    struct world w;
    const yyjson_val *root[2];
    const yyjson_val *snapshot[2];
    const struct profile *profile[2];
    const struct value_set *set[2];
    const struct codes *codes[2];
    size_t asked = 0;
    world_make(&w, MEMORY, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(defs_profile(w.defs, T(URL "more-active"), &profile[i], &e), 0);
        assert_int_equal(defs_snapshot(w.defs, T(URL "more-active"), &snapshot[i], &e), 0);
        assert_int_equal(defs_resource(w.defs, fhir_type_of(T("StructureDefinition")),
                                       T(URL "more-active#Patient.active"), &root[i], &e),
                         0);
        assert_int_equal(defs_value_set(w.defs, T(URL "colours-set"), &set[i], &e), 0);
        assert_int_equal(defs_codes(w.defs, T(URL "colours"), T(""), &codes[i], &e), 0);
        asked = i ? asked : w.counting.asked;
    }
    assert_true(asked > 0);
    assert_int_equal(w.counting.asked, asked);
    assert_ptr_equal(profile[0], profile[1]);
    assert_ptr_equal(snapshot[0], snapshot[1]);
    assert_ptr_equal(root[0], root[1]);
    assert_ptr_equal(set[0], set[1]);
    assert_ptr_equal(codes[0], codes[1]);
    assert_true(json_get(snapshot[0], T("snapshot")) && !json_get(root[0], T("snapshot")));
    world_done(&w);
}

static void test_names_of_types(void **state)
{
    (void)state;
    struct err e = {0};
    struct world w;
    const struct profile *by_name;
    const struct profile *by_url;
    world_make(&w, MEMORY, 0);
    static const text names[] = {{"Patient", 7}, {"HumanName", 9}, {"Extension", 9}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        text url = arena_printf(&a, DEFS_BASE "%.*s", TEXT_ARG(names[i]));
        assert_int_equal(defs_profile(w.defs, names[i], &by_name, &e), 0);
        assert_int_equal(defs_profile(w.defs, url, &by_url, &e), 0);
        assert_ptr_equal(by_name, by_url);
        assert_true(text_eq(profile_type(by_name), names[i]));
    }
    assert_int_equal(defs_profile(w.defs, T("Nothing"), &by_name, &e), ERR_NOT_FOUND);
    world_done(&w);
}

static void test_versions(void **state)
{
    static const struct {
        const char *version, *code; /* NULL: not here */
    } rows[] = {{"", "green"}, {"1.9.0", "red"}, {"1.10.0", "green"}, {"1.9", NULL}, {"2", NULL}};
    (void)state;
    struct err e = {0};
    struct world w;
    const struct codes *codes;
    const yyjson_val *root;
    world_make(&w, MEMORY, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int rc = defs_codes(w.defs, T(URL "colours"), text_of(rows[i].version), &codes, &e);
        assert_int_equal(rc, rows[i].code ? 0 : ERR_NOT_FOUND);
        assert_true(!rows[i].code || codes_find(codes, text_of(rows[i].code)) == 0);
        assert_true(rows[i].code || strstr(e.detail, rows[i].version));
    }
    fhir_type type = fhir_type_of(T("StructureDefinition"));
    assert_int_equal(defs_resource(w.defs, type, T(DEFS_BASE "Patient|4.0.1"), &root, &e), 0);
    assert_int_equal(defs_resource(w.defs, type, T(DEFS_BASE "Patient|5.0.0"), &root, &e),
                     ERR_NOT_FOUND);
    assert_true(defs_version_compare(T("1.10.0"), T("1.9")) > 0);
    assert_true(defs_version_compare(T("2"), T("2.0")) < 0);
    assert_int_equal(defs_version_compare(T("01.2"), T("1.2")), 0);
    world_done(&w);
}

/* --- what cannot be had ---------------------------------------------------------------------- */

static void test_needs_itself(void **state)
{
    static const char *const profiles[] = {"ring-a", "ring-b", "self"};
    (void)state;
    struct err e = {0};
    struct world w;
    const struct profile *p;
    const struct value_set *set;
    world_make(&w, MEMORY, 0);
    for (size_t again = 0; again < 2; again++) {
        for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
            text url = arena_printf(&a, URL "%s", profiles[i]);
            e = (struct err){0};
            assert_int_equal(defs_profile(w.defs, url, &p, &e), ERR_INVALID);
            assert_true(e.detail[0]);
        }
        assert_int_equal(defs_value_set(w.defs, T(URL "set-ring-a"), &set, &e), ERR_INVALID);
        assert_int_equal(defs_profile(w.defs, T(URL "nest-a"), &p, &e), ERR_INVALID);
        assert_non_null(strstr(e.detail, "needs itself"));
        assert_int_equal(defs_profile(w.defs, T(URL "orphan"), &p, &e), ERR_NOT_FOUND);
        assert_non_null(strstr(e.detail, URL "nowhere"));
    }
    assert_int_equal(defs_profile(w.defs, T(URL "active"), &p, &e), 0);
    world_done(&w);
}

static void ask_for_nothing(struct world *w, size_t from, size_t count)
{
    char url[1800];
    struct err e;
    const yyjson_val *root;
    memset(url, 'x', sizeof url);
    memcpy(url, URL, sizeof URL - 1);
    for (size_t i = from; i < from + count; i++) {
        int n = snprintf(url + 100, 20, "%zu", i);
        url[100 + n] = '/';
        text t = {url, sizeof url};
        assert_int_equal(defs_resource(w->defs, fhir_type_of(T("ValueSet")), t, &root, &e),
                         ERR_NOT_FOUND);
    }
}

/* What is not here is remembered, but asking for ever more of it takes neither the memory nor what
 * is here from others. */
static void test_not_found(void **state)
{
    enum { KEPT = 10000, MANY = 40000, ROOM = 48 * 1024 * 1024 };
    (void)state;
    struct err e = {0};
    struct world w;
    const struct profile *first;
    const struct profile *second;
    world_make(&w, ROOM, 0);
    ask_for_nothing(&w, 0, 1);
    ask_for_nothing(&w, 0, 1);
    assert_int_equal(w.counting.asked, 1);
    ask_for_nothing(&w, 1, MANY);
    assert_false(defs_is_full(w.defs));
    assert_int_equal(w.counting.asked, 1 + MANY);
    ask_for_nothing(&w, 0, KEPT);
    assert_int_equal(w.counting.asked, 1 + MANY);
    assert_int_equal(defs_profile(w.defs, T(URL "active"), &first, &e), 0);
    size_t asked = w.counting.asked;
    assert_int_equal(defs_profile(w.defs, T(URL "active"), &second, &e), 0);
    assert_int_equal(w.counting.asked, asked);
    assert_ptr_equal(first, second);
    world_done(&w);
}

static void test_long_address(void **state)
{
    (void)state;
    struct err e = {0};
    struct world w;
    const yyjson_val *root;
    world_make(&w, MEMORY, 0);
    char *url = arena_zalloc(&a, 1, 1 << 20);
    assert_non_null(url);
    memset(url, 'x', 1 << 20);
    text t = {url, 1 << 20};
    assert_int_equal(defs_resource(w.defs, fhir_type_of(T("ValueSet")), t, &root, &e),
                     ERR_NOT_FOUND);
    assert_int_equal(w.counting.asked, 0);
    world_done(&w);
}

/* A shelf that was used up says so; one definition that fits in none does not make it so. */
static void test_memory(void **state)
{
    enum { ROOM = 2 * 1024 * 1024, ONE = 128 * 1024 };
    (void)state;
    struct err e = {0};
    struct world w;
    const yyjson_val *root;
    fhir_type type = fhir_type_of(T("ValueSet"));
    world_make(&w, ROOM, ONE);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(defs_resource(w.defs, type, T(URL "huge"), &root, &e), ERR_MEMORY);
        assert_false(defs_is_full(w.defs));
    }
    assert_int_equal(defs_resource(w.defs, type, T(URL "small"), &root, &e), 0);
    int rc = 0;
    for (size_t i = 0; !rc && i < 2 * ROOM / ONE; i++) {
        rc = defs_resource(w.defs, type, arena_printf(&a, URL "%zu", i), &root, &e);
    }
    assert_int_equal(rc, ERR_MEMORY);
    assert_true(defs_is_full(w.defs));
    size_t asked = w.counting.asked;
    assert_int_equal(defs_resource(w.defs, type, T(URL "small"), &root, &e), 0);
    assert_int_equal(w.counting.asked, asked);
    world_done(&w);
}

/* --- over another ---------------------------------------------------------------------------- */

static void test_over(void **state)
{
    static const char *const own[] = {SYSTEM("colours", "3", "blue"),
                                      SYSTEM("shapes", "1", "round")};
    (void)state;
    struct err e = {0};
    struct world w;
    struct defs *over;
    const struct codes *codes;
    const struct codes *below;
    const struct value_set *set;
    const struct profile *p;
    world_make(&w, MEMORY, 0);
    struct defs_shelf *shelf = kit_shelf(own, sizeof own / sizeof *own);
    struct defs_source source = defs_shelf_source(shelf);
    assert_int_equal(defs_make_over(w.defs, &source, 1, MEMORY, &over, &e), 0);
    assert_int_equal(defs_codes(over, T(URL "colours"), T(""), &codes, &e), 0);
    assert_int_equal(codes_find(codes, T("blue")), 0);
    assert_int_equal(defs_codes(over, T(URL "colours"), T("1.9.0"), &codes, &e), 0);
    assert_int_equal(defs_codes(w.defs, T(URL "colours"), T("1.9.0"), &below, &e), 0);
    assert_ptr_equal(codes, below);
    /* A set of the shelf below has the codes that count for this call. */
    assert_int_equal(defs_value_set(over, T(URL "colours-set"), &set, &e), 0);
    assert_int_equal(value_set_has(set, T(URL "colours"), T(""), T("blue"), &a), VALUE_SET_YES);
    assert_int_equal(defs_profile(over, T(URL "active"), &p, &e), 0);
    defs_free(over);
    assert_int_equal(defs_codes(w.defs, T(URL "shapes"), T(""), &codes, &e), ERR_NOT_FOUND);
    assert_int_equal(defs_codes(w.defs, T(URL "colours"), T(""), &codes, &e), 0);
    assert_int_equal(codes_find(codes, T("green")), 0);
    defs_shelf_done(shelf);
    world_done(&w);
}

/* --- many threads ---------------------------------------------------------------------------- */

enum { THREADS = 4, WANTED = 6, ROUNDS = 200 };

struct asker {
    pthread_t thread;
    struct defs *defs;
    size_t turn;
    const void *found[WANTED];
    bool failed;
};

static int ask_one(struct defs *d, size_t which, const void **ret_found)
{
    static const char *const names[WANTED] = {URL "more-active", URL "active",  "Observation",
                                              URL "colours-set", URL "colours", URL "ring-a"};
    struct err e;
    const struct profile *p = NULL;
    const struct value_set *set = NULL;
    const struct codes *codes = NULL;
    text name = text_of(names[which]);
    int rc = which == 3   ? defs_value_set(d, name, &set, &e)
             : which == 4 ? defs_codes(d, name, T(""), &codes, &e)
                          : defs_profile(d, name, &p, &e);
    *ret_found = which == 3 ? (const void *)set : which == 4 ? (const void *)codes : p;
    return rc == (which == 5 ? ERR_INVALID : 0) ? 0 : 1;
}

static void *run(void *context)
{
    struct asker *k = context;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < WANTED; i++) {
            size_t which = (i + k->turn) % WANTED;
            const void *found;
            bool fits =
                ask_one(k->defs, which, &found) == 0 && (round == 0 || found == k->found[which]);
            k->found[which] = found;
            k->failed = k->failed || !fits;
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct world w;
    struct world alone;
    struct asker askers[THREADS];
    const void *found;
    world_make(&w, MEMORY, 0);
    world_make(&alone, MEMORY, 0);
    for (size_t i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.defs = w.defs, .turn = i};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, run, &askers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
    }
    for (size_t i = 0; i < WANTED; i++) {
        assert_int_equal(ask_one(alone.defs, i, &found), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_false(askers[i].failed);
        assert_memory_equal(askers[i].found, askers[0].found, sizeof askers[0].found);
    }
    assert_int_equal(w.counting.asked, alone.counting.asked);
    world_done(&alone);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_of_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_needs_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
