/* Texts and numbers of the constraint language: what matches, what is more. */
#include "fhir/ecl_int.h"

#include "fhir/index.h"

text ecl_fold(text t, struct arena *a)
{
    return t.n ? index_fold(t, a) : T("");
}

/* A word of the folded term begins with `word`. */
static bool has_word(text term, text word)
{
    for (size_t i = 0; i + word.n <= term.n; i++) {
        if ((i == 0 || term.p[i - 1] == ' ') && text_starts(text_from(term, i), word)) {
            return true;
        }
    }
    return false;
}

static bool words_match(text term, text words)
{
    text word;
    bool any = false;
    while (text_cut(&words, ' ', &word)) {
        if (word.n && !has_word(term, word)) {
            return false;
        }
        any |= word.n != 0;
    }
    return any;
}

/* Stars stand for anything; takes a step back only to the last star, so the work is bounded by the
 * product of the lengths. */
static bool pattern_matches(text term, text pattern)
{
    size_t t = 0;
    size_t p = 0;
    size_t star = pattern.n;
    size_t from = 0;
    while (t < term.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.n && pattern.p[p] == term.p[t]) {
            p++;
            t++;
        } else if (star < pattern.n) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*') {
        p++;
    }
    return p == pattern.n;
}

bool ecl_term_matches(text term, const struct ecl_string *s)
{
    return s->search == ECL_WILD ? pattern_matches(term, s->value) : words_match(term, s->value);
}

bool ecl_any_matches(text term, const struct ecl_string *strings)
{
    for (; strings; strings = strings->next) {
        if (ecl_term_matches(term, strings)) {
            return true;
        }
    }
    return false;
}

struct number {
    bool negative;
    text whole;    /* without leading zeros */
    text fraction; /* without trailing zeros */
};

static bool split(text t, struct number *ret)
{
    bool sign = t.n && (t.p[0] == '-' || t.p[0] == '+');
    *ret = (struct number){.negative = sign && t.p[0] == '-'};
    t = text_from(t, sign);
    size_t dot = text_find(t, '.');
    ret->whole = text_first(t, dot);
    ret->fraction = text_from(t, dot + 1);
    for (size_t i = 0; i < t.n; i++) {
        if (i != dot && (t.p[i] < '0' || t.p[i] > '9')) {
            return false;
        }
    }
    while (ret->whole.n && ret->whole.p[0] == '0') {
        ret->whole = text_from(ret->whole, 1);
    }
    while (ret->fraction.n && ret->fraction.p[ret->fraction.n - 1] == '0') {
        ret->fraction.n--;
    }
    ret->negative &= ret->whole.n || ret->fraction.n;
    return t.n != 0 && (t.n > 1 || dot);
}

int ecl_decimal_compare(text a, text b, bool *ret_ok)
{
    struct number x;
    struct number y;
    *ret_ok = split(a, &x) && split(b, &y);
    if (!*ret_ok) {
        return 0;
    }
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    int size =
        x.whole.n != y.whole.n ? (x.whole.n < y.whole.n ? -1 : 1) : text_cmp(x.whole, y.whole);
    size = size ? size : text_cmp(x.fraction, y.fraction);
    return x.negative ? -size : size;
}

bool ecl_holds(enum ecl_comparison comparison, int compared)
{
    switch (comparison) {
    case ECL_EQUAL:
        return compared == 0;
    case ECL_NOT_EQUAL:
        return compared != 0;
    case ECL_LESS:
        return compared < 0;
    case ECL_AT_MOST:
        return compared <= 0;
    case ECL_MORE:
        return compared > 0;
    case ECL_AT_LEAST:
        return compared >= 0;
    }
    return false;
}
