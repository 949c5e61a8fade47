/*
 * Compares pairs of patients for near_twins.py. A line of standard input is {"a": Patient, "b":
 * Patient}; the same line of standard output is the grade, the score of 1000, whether the other
 * order says the same, and why.
 */
#include "fhir/match.h"

#include <stdio.h>

enum { LINE_MOST = 4 * 1024 * 1024, DEPTH_MOST = 64 };

static int compare(text line, struct arena *a, struct err *e)
{
    yyjson_val *root;
    struct match m;
    struct match other;
    int rc = json_read(line, DEPTH_MOST, a, &root, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *x = json_get(root, T("a"));
    const yyjson_val *y = json_get(root, T("b"));
    rc = match_patients(x, y, a, &m);
    rc = rc ? rc : match_patients(y, x, a, &other);
    text why = rc ? (text){0} : match_explain(&m, a);
    if (rc || !why.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    printf("%s\t%u\t%s\t%.*s\n", match_grade_code(m.grade), m.score,
           m.grade == other.grade && m.score == other.score ? "same" : "differs", TEXT_ARG(why));
    return 0;
}

int main(void)
{
    static char line[LINE_MOST];
    struct arena a;
    struct err e = {0};
    int rc = 0;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    while (!rc && fgets(line, sizeof line, stdin)) {
        rc = compare(text_trim(text_of(line)), &a, &e);
        arena_reset(&a);
    }
    if (rc) {
        (void)fprintf(stderr, "%s\n", err_text(&e));
    }
    arena_done(&a);
    return rc ? 1 : 0;
}
