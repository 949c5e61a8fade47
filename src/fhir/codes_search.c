/*
 * Concepts by the beginnings of words. With an index: the terms of the rarest word first, as a set
 * of bits that each further word narrows; once few are left they are looked at themselves.
 */
#include "fhir/codes_int.h"
#include "fhir/index.h"

enum {
    FEW = 2000, /* terms: to fold and look at each takes less than to read a long list */
    BITS = 64,
};

struct beginning {
    text word;
    size_t from, to; /* postings of all words that begin with it */
};

struct search {
    const struct codes *c;
    struct arena *a;
    struct beginning *words; /* the rarest first */
    size_t count;
};

static text word_at(const struct codes *c, size_t i)
{
    const uint32_t *at = c->numbers[CODES_WORD_AT];
    return text_make(c->word_heap + at[i], at[i + 1] - at[i]);
}

/* The first word that does not stand before `word`; after: nor begins with it. */
static size_t first_word(const struct codes *c, text word, bool after)
{
    size_t low = 0, high = c->n[CODES_WORD_AT] - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        text found = word_at(c, middle);
        bool before =
            after ? text_cmp(text_first(found, word.n), word) <= 0 : text_cmp(found, word) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

/* Whether what has the words so far has this one, too. Of very many words only some are looked at:
 * it saves time, no more. */
static bool is_implied(const struct search *s, text word)
{
    bool found = false;
    for (size_t i = 0; !found && i < s->count && i < 16; i++) {
        found = text_starts(s->words[i].word, word);
    }
    return found;
}

/* The words of what is looked for; false: no memory. */
static bool take_words(struct search *s, text words)
{
    size_t capacity = 0;
    text rest = index_fold(words, s->a), word;
    bool indexed = s->c->n[CODES_WORD_AT] != 0;
    if (!rest.p) {
        return false;
    }
    while (text_cut(&rest, ' ', &word)) {
        if (word.n == 0 || is_implied(s, word)) {
            continue;
        }
        struct beginning *grown = arena_grow(s->a, s->words, s->count, &capacity, sizeof *s->words);
        if (!grown) {
            return false;
        }
        s->words = grown;
        struct beginning b = {.word = word};
        if (indexed) {
            const uint32_t *at = s->c->numbers[CODES_POSTING_AT];
            b.from = at[first_word(s->c, word, false)];
            b.to = at[first_word(s->c, word, true)];
        }
        s->words[s->count++] = b;
        /* The rarest goes to the front: the order of the others hardly matters. */
        struct beginning *first = &s->words[0], *last = &s->words[s->count - 1];
        if (last->to - last->from < first->to - first->from) {
            *last = *first;
            *first = b;
        }
    }
    return true;
}

/* Whether the folded term has, for each word from the one on, a word that begins with it. */
static bool term_has(const struct search *s, text folded, size_t from)
{
    for (size_t i = from; i < s->count; i++) {
        text rest = folded, word;
        bool found = false;
        while (!found && text_cut(&rest, ' ', &word)) {
            found = text_starts(word, s->words[i].word);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void set_bit(uint64_t *bits, size_t i)
{
    bits[i / BITS] |= (uint64_t)1 << (i % BITS);
}

static bool has_bit(const uint64_t *bits, size_t i)
{
    return bits[i / BITS] >> (i % BITS) & 1;
}

static uint64_t *new_bits(struct arena *a, size_t n)
{
    return arena_zalloc(a, n / BITS + 1, sizeof(uint64_t));
}

static size_t count_bits(const uint64_t *bits, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n / BITS + 1; i++) {
        count += (size_t)__builtin_popcountll(bits[i]);
    }
    return count;
}

/* The concept of a term: the last whose terms begin at or before it, from `concept` on. */
static uint32_t concept_of(const struct codes *c, uint32_t concept, size_t term)
{
    size_t count = c->n[CODES_CONCEPT], step = 1, low = concept, high;
    while (low + step < count && codes_term_base(c, (uint32_t)(low + step)) <= term) {
        low += step;
        step *= 2;
    }
    high = low + step < count ? low + step : count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (codes_term_base(c, (uint32_t)middle) <= term) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

/* Of a concept the term with this number, folded; p == NULL: no memory. */
static text fold_term(const struct search *s, uint32_t concept, size_t term)
{
    size_t i = term - codes_term_base(s->c, concept);
    text t = i == 0 ? codes_display(s->c, concept) : codes_designation(s->c, concept, i - 1).value;
    return index_fold(t, s->a);
}

/* The first term of the set from `term` on, or n. */
static size_t next_bit(const uint64_t *bits, size_t n, size_t term)
{
    size_t i = term / BITS;
    uint64_t rest = term < n ? bits[i] >> (term % BITS) << (term % BITS) : 0;
    while (!rest && ++i < n / BITS + 1) {
        rest = bits[i];
    }
    return rest ? i * BITS + (size_t)__builtin_ctzll(rest) : n;
}

/* Whether the term has the words from the one on: 1, 0 or -ERR_MEMORY. */
static int look_into(const struct search *s, uint32_t concept, size_t term, size_t from)
{
    if (from >= s->count) {
        return 1;
    }
    struct arena_mark mark = arena_mark(s->a);
    text folded = fold_term(s, concept, term);
    if (!folded.p) {
        return -ERR_MEMORY;
    }
    int found = term_has(s, folded, from);
    arena_rewind(s->a, mark);
    return found;
}

/* The concepts of a set of terms, ascending, each once; from: words that are still to be looked
 * for in the terms. */
static int concepts_of(const struct search *s, const uint64_t *terms, size_t n, size_t from,
                       uint32_t **ret_concepts, size_t *ret_count)
{
    size_t most = count_bits(terms, n), count = 0, term = 0;
    size_t concepts_in_all = s->c->n[CODES_CONCEPT];
    most = most < concepts_in_all ? most : concepts_in_all;
    uint32_t *concepts = arena_alloc(s->a, (most + 1) * sizeof *concepts);
    uint32_t concept = 0;
    if (!concepts) {
        return ERR_MEMORY;
    }
    while ((term = next_bit(terms, n, term)) < n) {
        concept = concept_of(s->c, concept, term);
        int found = look_into(s, concept, term, from);
        if (found < 0) {
            return -found;
        }
        if (found && count < most) {
            concepts[count++] = concept;
        }
        /* One of its terms is enough. */
        bool last = concept + 1 == concepts_in_all;
        term = !found ? term + 1 : last ? n : codes_term_base(s->c, concept + 1);
    }
    *ret_concepts = concepts;
    *ret_count = count;
    return 0;
}

static int search_index(const struct search *s, uint32_t **ret_concepts, size_t *ret_count)
{
    const uint32_t *postings = s->c->numbers[CODES_POSTING];
    size_t n = s->c->n[CODES_CONCEPT] + s->c->n[CODES_DESIGNATION], done = 1;
    uint64_t *terms = new_bits(s->a, n), *other = s->count > 1 ? new_bits(s->a, n) : terms;
    if (!terms || !other) {
        return ERR_MEMORY;
    }
    for (size_t i = s->words[0].from; i < s->words[0].to; i++) {
        set_bit(terms, postings[i]);
    }
    for (; done < s->count && count_bits(terms, n) > FEW; done++) {
        memset(other, 0, (n / BITS + 1) * sizeof *other);
        for (size_t i = s->words[done].from; i < s->words[done].to; i++) {
            set_bit(other, postings[i]);
        }
        for (size_t i = 0; i < n / BITS + 1; i++) {
            terms[i] &= other[i];
        }
    }
    return concepts_of(s, terms, n, done, ret_concepts, ret_count);
}

/* Marks the concept where one of its terms has all words. */
static int look_at(const struct search *s, uint32_t concept, uint64_t *found)
{
    size_t terms = 1 + codes_designation_count(s->c, concept);
    uint32_t base = codes_term_base(s->c, concept);
    for (size_t i = 0; i < terms && !has_bit(found, concept); i++) {
        struct arena_mark mark = arena_mark(s->a);
        text folded = fold_term(s, concept, base + i);
        if (!folded.p) {
            return ERR_MEMORY;
        }
        if (term_has(s, folded, 0)) {
            set_bit(found, concept);
        }
        arena_rewind(s->a, mark);
    }
    return 0;
}

static int search_each(const struct search *s, uint32_t **ret_concepts, size_t *ret_count)
{
    size_t n = s->c->n[CODES_CONCEPT], count = 0;
    uint64_t *found = new_bits(s->a, n);
    int failed = found ? 0 : ERR_MEMORY;
    for (uint32_t i = 0; !failed && i < n; i++) {
        failed = look_at(s, i, found);
    }
    uint32_t *concepts =
        failed ? NULL : arena_alloc(s->a, (count_bits(found, n) + 1) * sizeof *concepts);
    if (!concepts) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (has_bit(found, i)) {
            concepts[count++] = i;
        }
    }
    *ret_concepts = concepts;
    *ret_count = count;
    return 0;
}

int codes_search(const struct codes *c, text words, struct arena *a, uint32_t **ret_concepts,
                 size_t *ret_count, struct err *e)
{
    struct search s = {.c = c, .a = a};
    int failed = take_words(&s, words) ? 0 : ERR_MEMORY;
    if (!failed) {
        /* No words: every concept. */
        failed = s.count && c->n[CODES_WORD_AT] ? search_index(&s, ret_concepts, ret_count)
                                                : search_each(&s, ret_concepts, ret_count);
    }
    return failed ? err_set(e, failed, "no memory to search %u codes", (unsigned)c->about.count)
                  : 0;
}
