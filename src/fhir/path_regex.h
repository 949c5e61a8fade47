/*
 * Regular expressions for FHIRPath's matches(), matchesFull() and replaceMatches(): PCRE2 with
 * Unicode characters, case-sensitive, "single line" (a dot is any character, a line's end too).
 *
 * An expression that somebody outside wrote must not hold a thread: work is counted while PCRE2
 * runs, by the items of the pattern it tries and the bytes it moves over, and stops at a budget.
 */
#ifndef KITH_FHIR_PATH_REGEX_H
#define KITH_FHIR_PATH_REGEX_H

#include "base/arena.h"
#include "base/err.h"

enum {
    PATH_REGEX_BYTES_MAX = 4096, /* of a pattern */
    PATH_REGEX_WORK_MAX = 10 * 1000 * 1000,
    PATH_REGEX_RESULT_MAX = 16 * 1024 * 1024, /* bytes of a text in which matches were replaced */
};

struct path_regex {
    text pattern;
    uint64_t work_left; /* the functions below take from it what they did */
    int64_t deadline;   /* clock_mono_ns(); 0: none */
};

/*
 * whole: all of the text must match, else any part of it. ERR_INVALID: the pattern is wrong (it
 * says at which of its characters), or the text is not UTF-8; ERR_TOO_LARGE: the pattern is longer
 * than PATH_REGEX_BYTES_MAX or compiles to too much; ERR_TOO_COSTLY: past the budget, the deadline,
 * or PCRE2's own limits; ERR_MEMORY.
 */
int path_regex_matches(struct path_regex *r, text subject, bool whole, bool *ret_does,
                       struct err *e);

/*
 * Every match replaced. In the substitution $1, ${1} and ${name} are what a group matched, $$ (or
 * \$) is a dollar, \\ a backslash; any other character is itself. Errors as above, also
 * ERR_INVALID: a group that the pattern does not have, and ERR_TOO_COSTLY: a result of more than
 * PATH_REGEX_RESULT_MAX bytes.
 */
int path_regex_replace(struct path_regex *r, text subject, text substitution, struct arena *a,
                       text *ret, struct err *e);

#endif
