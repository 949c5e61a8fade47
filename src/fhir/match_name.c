#include "fhir/match.h"

/*
 * How names are spoken and mistyped. The sounds are those of English spelling with the names that
 * are common in the United Kingdom in mind: Scottish and Irish Mac and O', Welsh ff and ll, silent
 * letters; vowels count at the start alone.
 */

bool match_slip(text a, text b)
{
    if (a.n > b.n) {
        text t = a;
        a = b;
        b = t;
    }
    if (b.n - a.n > 1) {
        return false;
    }
    size_t head = 0;
    while (head < a.n && a.p[head] == b.p[head]) {
        head++;
    }
    text x = text_from(a, head);
    text y = text_from(b, head);
    if (a.n < b.n) {
        return text_eq(x, text_from(y, 1));
    }
    bool other = x.n && text_eq(text_from(x, 1), text_from(y, 1));
    bool swapped = x.n >= 2 && x.p[0] == y.p[1] && x.p[1] == y.p[0] &&
                   text_eq(text_from(x, 2), text_from(y, 2));
    return other || swapped;
}

/* What a run of letters becomes; longer ones first, `start`: at the beginning only, `end`: there
 * only. An upper-case letter is a sound that stays. */
static const struct spelling {
    const char *letters;
    const char *sound;
    bool start;
    bool end;
} spellings[] = {
    {"macc", "mk", true, false}, {"mack", "mk", true, false}, {"mac", "mk", true, false},
    {"mck", "mk", true, false},  {"mcc", "mk", true, false},  {"mc", "mk", true, false},
    {"kn", "n", true, false},    {"gn", "n", true, false},    {"pn", "n", true, false},
    {"wr", "r", true, false},    {"wh", "w", true, false},    {"ps", "s", true, false},
    {"rh", "r", true, false},    {"x", "s", true, false},     {"ough", "f", false, true},
    {"eigh", "", false, false},  {"augh", "", false, false},  {"igh", "", false, false},
    {"mb", "m", false, true},    {"sch", "x", false, false},  {"tch", "x", false, false},
    {"tio", "x", false, false},  {"cia", "x", false, false},  {"ph", "f", false, false},
    {"gh", "k", true, false},    {"gh", "", false, false},    {"ck", "k", false, false},
    {"ch", "x", false, false},   {"sh", "x", false, false},   {"th", "0", false, false},
    {"dg", "j", false, false},   {"ll", "l", false, false},   {"ff", "f", false, false},
    {"ce", "s", false, false},   {"ci", "s", false, false},   {"cy", "s", false, false},
    {"qu", "kw", false, false},  {"ge", "j", false, false},   {"gi", "j", false, false},
    {"c", "k", false, false},    {"q", "k", false, false},    {"x", "ks", false, false},
    {"z", "s", false, false},    {"v", "f", false, false},    {"h", "", false, false},
    {"y", "", false, false},     {"w", "", false, false},     {"a", "", false, false},
    {"e", "", false, false},     {"i", "", false, false},     {"o", "", false, false},
    {"u", "", false, false},
};

static const struct spelling *spelling_at(text rest, bool start)
{
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const struct spelling *s = &spellings[i];
        if (s->letters[0] != rest.p[0]) {
            continue;
        }
        text letters = text_of(s->letters);
        if (text_starts(rest, letters) && (!s->start || start) &&
            (!s->end || rest.n == letters.n)) {
            return s;
        }
    }
    return NULL;
}

static void add_sound(char code[MATCH_SOUND_SIZE], size_t *n, char sound)
{
    if (*n + 1 < MATCH_SOUND_SIZE && !(*n && code[*n - 1] == sound)) {
        code[(*n)++] = sound;
    }
}

/* Ca and Ka, and every vowel, begin alike. */
static bool is_vowel(char c)
{
    return c && strchr("aeiouy", c) != NULL;
}

void match_sound(text folded, char ret_code[MATCH_SOUND_SIZE])
{
    size_t n = 0;
    size_t at = 0;
    if (folded.n && is_vowel(folded.p[0])) {
        add_sound(ret_code, &n, 'a');
        at = 1;
    }
    while (at < folded.n) {
        text rest = text_from(folded, at);
        const struct spelling *s = rest.p[0] == ' ' ? NULL : spelling_at(rest, at == 0);
        for (const char *c = s ? s->sound : ""; *c; c++) {
            add_sound(ret_code, &n, *c);
        }
        if (!s && rest.p[0] != ' ') {
            add_sound(ret_code, &n, rest.p[0]);
        }
        at += s ? strlen(s->letters) : 1;
    }
    ret_code[n] = '\0';
}
