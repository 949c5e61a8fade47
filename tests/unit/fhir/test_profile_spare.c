/*
 * A run for errors alone passes over most of a resource (profile_spare.c). What it finds has to be
 * what the whole walk finds: of every case of tests/conformance/broken, and of copies that are
 * broken at random.
 *
 *     test_profile_spare FOLDER [SEED]
 */
#include "base/random.h"
#include "fhir/validate.h"

#include "fhir_kit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMORY = 512 * 1024 * 1024,
    DEPTH = 128,
    COPIES = 6, /* broken ones of each case */
    CASES_LEAST = 700,
    SPARED_LEAST = 1000,
    FAULTY_LEAST = 100,
};

static const char *folder;
static uint64_t seed = 1;

struct trial {
    struct defs *defs;
    struct arena arena; /* of one resource */
    struct arena kept;
    size_t read, spared, faulty;
};

/* --- both walks ----------------------------------------------------------------------------- */

static void walk(struct trial *t, const yyjson_val *root, bool whole, struct issues *found)
{
    text type = json_text(json_get(root, T("resourceType")));
    struct err e = {0};
    /* Asked for by its name the base definition is walked again, and nothing is spared. */
    struct validate_ask ask = {
        .no_meta_profiles = true,
        .profiles = &type,
        .profile_count = whole,
        .options = {.no_bindings = true, .no_unknown = true, .no_warnings = true}};
    issues_init(found, &t->arena);
    assert_int_equal(validate_checked(t->defs, root, &ask, &t->arena, found, &e), 0);
}

static bool has(const struct issues *all, const struct issue *one)
{
    for (size_t i = 0; i < all->count; i++) {
        if (text_eq(all->items[i].expression, one->expression) &&
            text_eq(all->items[i].details, one->details)) {
            return true;
        }
    }
    return false;
}

static void all_of_in(const struct issues *some, const struct issues *all, const char *words,
                      text json)
{
    for (size_t i = 0; i < some->count; i++) {
        if (!has(all, &some->items[i])) {
            fail_msg("seed %llu: %s: %.*s: %.*s\n%.*s", (unsigned long long)seed, words,
                     TEXT_ARG(some->items[i].expression), TEXT_ARG(some->items[i].details),
                     TEXT_ARG(json));
        }
    }
}

/* What resource_check() refuses comes to no walk. */
static void compare(struct trial *t, text json)
{
    struct issues checked;
    struct issues spared;
    struct issues whole;
    struct resource r;
    struct err e = {0};
    yyjson_val *root;
    issues_init(&checked, &t->arena);
    if (json_read(json, DEPTH, &t->arena, &root, &e) == 0 &&
        resource_check(root, true, &t->arena, &checked, &r) == 0) {
        walk(t, root, false, &spared);
        walk(t, root, true, &whole);
        all_of_in(&whole, &spared, "missed", json);
        all_of_in(&spared, &whole, "only by the spared walk", json);
        t->read++;
        t->spared += !profile_has_extensions(root);
        t->faulty += whole.errors > 0;
    }
    arena_reset(&t->arena);
}

/* --- broken at random ----------------------------------------------------------------------- */

enum breaking { LEAVE_OUT, TWICE, EMPTY, OTHER_TEXT, OTHER_NUMBER, BREAKINGS };

struct mutation {
    struct buf out;
    uint64_t left; /* values before the one that is broken */
    enum breaking how;
    text other; /* a text of the same resource */
};

static void write_value(struct mutation *m, const yyjson_val *v, unsigned depth);

static void write_broken(struct mutation *m, const yyjson_val *v)
{
    switch (m->how) {
    case EMPTY:
        buf_add(&m->out, json_type(v) == YYJSON_TYPE_ARR ? T("[]") : T("{}"));
        break;
    case OTHER_TEXT:
        json_write_string(m->other, &m->out);
        break;
    case OTHER_NUMBER:
        buf_add(&m->out, T("-1"));
        break;
    default:
        json_write(v, &m->out);
        break;
    }
}

/* An object's members or an array's items. */
static void write_parts(struct mutation *m, const yyjson_val *v, bool named, unsigned depth)
{
    const yyjson_val *at = v + 1;
    bool first = true;
    for (size_t left = json_len(v); left; left--) {
        const yyjson_val *value = named ? at + 1 : at;
        bool here = m->left-- == 0;
        size_t times = here && m->how == LEAVE_OUT ? 0 : here && m->how == TWICE && !named ? 2 : 1;
        for (size_t i = 0; i < times; i++) {
            buf_add(&m->out, first ? T("") : T(","));
            first = false;
            if (named) {
                json_write_string(json_text(at), &m->out);
                buf_addc(&m->out, ':');
            }
            if (here) {
                write_broken(m, value);
            } else {
                write_value(m, value, depth + 1);
            }
        }
        at = json_after(value);
    }
}

static void write_value(struct mutation *m, const yyjson_val *v, unsigned depth)
{
    bool is_object = json_type(v) == YYJSON_TYPE_OBJ;
    if ((!is_object && json_type(v) != YYJSON_TYPE_ARR) || depth > DEPTH) {
        json_write(v, &m->out);
        return;
    }
    buf_addc(&m->out, is_object ? '{' : '[');
    write_parts(m, v, is_object, depth);
    buf_addc(&m->out, is_object ? '}' : ']');
}

/* Values but the outermost, and keys: more than can be broken, so that some copies stay whole. */
static uint64_t count_values(const yyjson_val *root)
{
    return (uint64_t)(json_after(root) - root - 1);
}

/* Some text of the resource, keys too. */
static text any_text(const yyjson_val *root, uint64_t count, struct prng *r)
{
    const yyjson_val *v = root + 1 + prng_below(r, count ? count : 1);
    return count && json_type(v) == YYJSON_TYPE_STR ? json_text(v) : T("x");
}

static void compare_copies(struct trial *t, const yyjson_val *root, struct prng *r)
{
    uint64_t count = count_values(root);
    for (int i = 0; i < COPIES; i++) {
        struct mutation m = {.left = prng_below(r, count + 1),
                             .how = (enum breaking)prng_below(r, BREAKINGS),
                             .other = any_text(root, count, r)};
        buf_init(&m.out, 1 << 24);
        write_value(&m, root, 0);
        assert_false(buf_failed(&m.out));
        compare(t, buf_text(&m.out));
        buf_done(&m.out);
    }
}

/* --- the cases ------------------------------------------------------------------------------ */

static void compare_case(struct trial *t, text line, struct prng *r)
{
    struct err e = {0};
    yyjson_val *root;
    struct buf json;
    if (json_read(line, DEPTH, &t->kept, &root, &e)) {
        fail_msg("%s", err_text(&e));
    }
    const yyjson_val *resource = json_get(root, T("resource"));
    if (resource) { /* else it is text that is no resource */
        buf_init(&json, 1 << 24);
        json_write(resource, &json);
        compare(t, buf_text(&json));
        compare_copies(t, resource, r);
        buf_done(&json);
    }
    arena_reset(&t->kept);
}

static size_t compare_file(struct trial *t, const char *name, struct prng *r)
{
    char path[4096];
    char *line = NULL;
    size_t room = 0;
    size_t cases = 0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (ssize_t n = getline(&line, &room, file); n > 0; n = getline(&line, &room, file)) {
        compare_case(t, text_trim(text_make(line, (size_t)n)), r);
        cases++;
    }
    free(line);
    (void)fclose(file);
    return cases;
}

static int is_cases(const struct dirent *entry)
{
    return text_ends(text_of(entry->d_name), T(".ndjson"));
}

static void test_cases_and_copies(void **state)
{
    (void)state;
    struct trial t = {0};
    struct err e = {0};
    struct prng r;
    struct dirent **names;
    size_t cases = 0;
    prng_seed(&r, seed);
    arena_init(&t.arena, MEMORY);
    arena_init(&t.kept, MEMORY);
    assert_int_equal(defs_make(NULL, 0, MEMORY, &t.defs, &e), 0);
    int count = scandir(folder, &names, is_cases, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        cases += compare_file(&t, names[i]->d_name, &r);
        free(names[i]);
    }
    free(names);
    print_message("seed %llu: %zu cases; %zu resources walked, %zu of them spared, %zu with "
                  "errors\n",
                  (unsigned long long)seed, cases, t.read, t.spared, t.faulty);
    assert_true(cases >= CASES_LEAST);
    assert_true(t.spared >= SPARED_LEAST && t.faulty >= FAULTY_LEAST);
    defs_free(t.defs);
    arena_done(&t.arena);
    arena_done(&t.kept);
}

/* --- what makes the difference -------------------------------------------------------------- */

static void test_extensions_are_seen(void **state)
{
    static const struct {
        const char *json;
        bool has;
    } rows[] = {
        {"{'resourceType':'Patient','active':true}", false},
        {"{'resourceType':'Patient','_active':{'id':'a'}}", true},
        {"{'resourceType':'Patient','extension':[{'url':'http://x.org','valueCode':'a'}]}", true},
        {"{'resourceType':'Patient','name':[{'modifierExtension':[]}]}", true},
        {"{'resourceType':'Patient','name':[{'text':'extensions'}]}", false},
        {"{'resourceType':'Patient','name':[{'text':'extension'}]}", true}, /* costs time alone */
    };
    (void)state;
    struct arena a;
    arena_init(&a, KIT_MEMORY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(profile_has_extensions(kit_read(rows[i].json, &a)), rows[i].has);
    }
    arena_done(&a);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_and_copies),
        cmocka_unit_test(test_extensions_are_seen),
    };
    if (count < 2) {
        fprintf(stderr, "usage: test_profile_spare FOLDER [SEED]\n");
        return 2;
    }
    folder = words[1];
    seed = count > 2 ? strtoull(words[2], NULL, 10) : 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
