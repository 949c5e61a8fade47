#include "fhir/search.h"

/* index_shorten() leaves this in a text that it cut; no folded text has it. */
enum { CUT = 1 };

static bool was_cut(text t)
{
    return text_find(t, CUT) < t.n;
}

/* The first place of `part` in `whole` from `from` on; whole.n + 1: there is none. */
static size_t find_from(text whole, text part, size_t from)
{
    text rest = text_from(whole, from);
    const char *at = rest.n && part.n ? memmem(rest.p, rest.n, part.p, part.n) : NULL;
    return at ? (size_t)(at - whole.p) : whole.n + 1;
}

static bool begins_word(text t, size_t at)
{
    return at == 0 || t.p[at - 1] == ' ';
}

bool plan_text_accepts(text query, text words)
{
    if (query.n == 0) {
        return false;
    }
    for (size_t at = find_from(words, query, 0); at <= words.n;
         at = find_from(words, query, at + 1)) {
        if (begins_word(words, at)) {
            return true;
        }
    }
    /* Nobody knows what stood behind the cut. */
    return was_cut(words);
}

static bool is_word(text word, text words)
{
    for (size_t at = find_from(words, word, 0); at <= words.n;
         at = find_from(words, word, at + 1)) {
        size_t end = at + word.n;
        if (begins_word(words, at) && (end == words.n || words.p[end] == ' ')) {
            return true;
        }
    }
    return false;
}

bool plan_words_accept(text query, text words)
{
    text word;
    while (text_cut(&query, ' ', &word)) {
        if (word.n && !is_word(word, words)) {
            return false;
        }
    }
    return true;
}
