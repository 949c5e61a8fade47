/* Each rule of R4 is told in words of our own. */
#include "fhir/profile_rule.h"

#include "fhir/core.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena_kit.h"

enum { DEPTH = 128, RULES_AT_LEAST = 230, FILE_MOST = 64 << 20 };

/* Visits the constraints of a definition. */
typedef void visitor(const yyjson_val *constraint, text source, void *context);

static void visit_elements(const yyjson_val *elements, text url, visitor *visit, void *context)
{
    const yyjson_val *el = elements ? elements + 1 : NULL;
    for (size_t left = elements ? json_len(elements) : 0; left; left--, el = json_after(el)) {
        const yyjson_val *all = json_get(el, T("constraint"));
        const yyjson_val *one = all ? all + 1 : NULL;
        for (size_t k = all ? json_len(all) : 0; k; k--, one = json_after(one)) {
            text own = json_text(json_get(one, T("source")));
            visit(one, own.n ? own : url, context);
        }
    }
}

static void visit_definition(const yyjson_val *root, visitor *visit, void *context)
{
    text url = json_text(json_get(root, T("url")));
    static const char *const parts[] = {"snapshot", "differential"};
    for (size_t i = 0; i < 2; i++) {
        const yyjson_val *part = json_get(root, text_of(parts[i]));
        visit_elements(json_get(part, T("element")), url, visit, context);
    }
}

static text key_of(const yyjson_val *constraint)
{
    return json_text(json_get(constraint, T("key")));
}

static void has_words(const yyjson_val *constraint, text source, void *context)
{
    text key = key_of(constraint);
    text words = profile_rule_words(key, source);
    if (!words.n || text_eq(words, json_text(json_get(constraint, T("expression"))))) {
        fail_msg("%.*s of %.*s has no words", TEXT_ARG(key), TEXT_ARG(source));
    }
    ++*(size_t *)context;
}

static void every_rule(void **state)
{
    (void)state;
    size_t count = 0;
    size_t at = 0;
    fhir_type type;
    text url;
    text json;
    while (core_next(&at, &type, &url, &json)) {
        struct err e;
        yyjson_val *root;
        if (text_eq(fhir_type_name(type), T("StructureDefinition"))) {
            assert_int_equal(json_read(json, DEPTH, &a, &root, &e), 0);
            visit_definition(root, has_words, &count);
            arena_reset(&a);
        }
    }
    assert_true(count >= RULES_AT_LEAST);
}

/* One key, several rules: by the definition; those of others have none from here. */
static void by_definition(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *source;
        const char *part; /* NULL: no words */
    } rows[] = {
        {"inv-1", DEFS_BASE "Task", "lastModified"},
        {"inv-1", DEFS_BASE "Parameters", "exactly one"},
        {"inv-1", DEFS_BASE "Parameters|4.0.1", "exactly one"},
        {"inv-1", DEFS_BASE "TestReport", "setup"},
        {"inv-2", DEFS_BASE "TestReport", "test"},
        {"inv-1", DEFS_BASE "Patient", NULL},
        {"inv-1", "", NULL},
        {"pat-1", DEFS_BASE "Patient", "at least one"},
        {"pat-1", "", "at least one"},
        {"inv-1", "Task", "lastModified"},
        {"ele-1", "Element", "empty"},
        {"pat-1", "http://example.org/StructureDefinition/p", NULL},
        {"vsd-0", DEFS_BASE "ValueSet", "capital"},
        {"pat-9", DEFS_BASE "Patient", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        text words = profile_rule_words(text_of(rows[i].key), text_of(rows[i].source));
        if (!rows[i].part ? words.n != 0 : !strstr(words.n ? words.p : "", rows[i].part)) {
            fail_msg("%s of %s: %.*s", rows[i].key, rows[i].source, TEXT_ARG(words));
        }
    }
}

static text only_letters(text t)
{
    char *out = arena_alloc(&a, t.n + 1);
    size_t n = 0;
    assert_non_null(out);
    for (size_t i = 0; i < t.n; i++) {
        char c = (char)(t.p[i] | 0x20);
        if (c >= 'a' && c <= 'z') {
            out[n++] = c;
        }
    }
    return text_make(out, n);
}

static void is_own(const yyjson_val *constraint, text source, void *context)
{
    text words = profile_rule_words(key_of(constraint), source);
    text human = json_text(json_get(constraint, T("human")));
    if (!words.n || text_eq(only_letters(words), only_letters(human))) {
        fail_msg("%.*s of %.*s: not in words of our own: %.*s", TEXT_ARG(key_of(constraint)),
                 TEXT_ARG(source), TEXT_ARG(human));
    }
    ++*(size_t *)context;
}

static void read_file(const char *folder, const char *name, size_t *count)
{
    char path[4096];
    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    FILE *f = fopen(path, "rb");
    struct buf bytes;
    char part[1 << 16];
    size_t n;
    yyjson_val *root;
    struct err e;
    assert_non_null(f);
    buf_init(&bytes, FILE_MOST);
    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        buf_add(&bytes, text_make(part, n));
    }
    assert_int_equal(fclose(f), 0);
    assert_false(buf_failed(&bytes));
    assert_int_equal(json_read(buf_text(&bytes), DEPTH, &a, &root, &e), 0);
    visit_definition(root, is_own, count);
    buf_done(&bytes);
    arena_reset(&a);
}

static void not_the_standards(void **state)
{
    (void)state;
    const char *data = getenv("KITH_DATA");
    char folder[2048];
    (void)snprintf(folder, sizeof folder, "%s/hl7.fhir.r4.core-4.0.1", data ? data : "");
    DIR *d = data ? opendir(folder) : NULL;
    if (!d) {
        print_message("skipped: no definitions (KITH_DATA names the folder of test data)\n");
        skip();
    }
    size_t count = 0;
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        if (strncmp(f->d_name, "StructureDefinition-", 20) == 0) {
            read_file(folder, f->d_name, &count);
        }
    }
    assert_int_equal(closedir(d), 0);
    assert_true(count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_rule),
        TEST(by_definition),
        TEST(not_the_standards),
    };
    return cmocka_run_group_tests_name("rule_words", tests, NULL, NULL);
}
