/*
 * _text and _content (R4 search.html#content): words that all have to be there, `and`, `or` and
 * brackets between them: (bone or liver) and metastases.
 */
#include "fhir/search_parse.h"

struct words {
    struct search_reader *r;
    const struct search_about *about;
    text rest;
    unsigned depth;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word or bracket, empty at the end; it stays in front. */
static text peek(struct words *w)
{
    size_t n = 0;
    while (w->rest.n && is_space(w->rest.p[0])) {
        w->rest = text_from(w->rest, 1);
    }
    while (n < w->rest.n && !is_space(w->rest.p[n]) && w->rest.p[n] != '(' && w->rest.p[n] != ')') {
        n++;
    }
    return text_first(w->rest, n ? n : 1);
}

static bool take(struct words *w, text word)
{
    text next = peek(w);
    if (next.n == 0 || !text_eq_nocase(next, word)) {
        return false;
    }
    w->rest = text_from(w->rest, next.n);
    return true;
}

static int any_of(struct words *w, struct plan_node *ret);

static int one_word(struct words *w, text word, struct search_nodes *words)
{
    struct search_reader *r = w->r;
    struct plan_node node = search_leaf(w->about, PLAN_WORDS);
    node.value = search_folded(word, r->arena);
    if (!node.value.p) {
        return search_no_memory(r->e);
    }
    int code = search_count_value(r);
    return code || node.value.n == 0 ? code : search_append(r, words, &node);
}

/* All words of one run in one node: a store asks its index of words once. */
static int add_run(struct words *w, const struct search_nodes *words, struct search_nodes *all)
{
    struct plan_node node = {.kind = PLAN_WORDS, .type = w->about->type};
    size_t size = 1, n = 0;
    for (size_t i = 0; i < words->count; i++) {
        size += words->items[i].value.n + 1;
    }
    char *out = arena_alloc(w->r->arena, size);
    if (!out) {
        return search_no_memory(w->r->e);
    }
    for (size_t i = 0; i < words->count; i++) {
        text word = words->items[i].value;
        memcpy(out + n, word.p, word.n);
        n += word.n;
        out[n++] = ' ';
    }
    if (n == 0) {
        return 0;
    }
    node.narrative = text_eq(w->about->param->name, T("_text"));
    node.value = text_make(out, n - 1);
    return search_add(w->r, PLAN_AND, all, &node);
}

static int bracket(struct words *w, struct search_nodes *all)
{
    struct plan_node inner;
    if (++w->depth > w->r->q->limits->search_depth) {
        return search_deep(w->r, w->depth);
    }
    int code = any_of(w, &inner);
    w->depth--;
    if (code == 0 && !take(w, T(")"))) {
        return search_bad(w->r, "a bracket is not closed");
    }
    return code ? code : search_add(w->r, PLAN_AND, all, &inner);
}

static int all_of(struct words *w, struct plan_node *ret)
{
    struct search_nodes all = {0}, words = {0};
    int code = 0;
    bool wanted = true; /* something has to follow `and`, `or` and an opened bracket */
    for (;;) {
        text next = peek(w);
        if (next.n == 0 || text_eq(next, T(")")) || text_eq_nocase(next, T("or"))) {
            break;
        }
        if (!wanted && take(w, T("and"))) {
            wanted = true;
            continue;
        }
        wanted = false;
        w->rest = text_from(w->rest, next.n);
        code = text_eq(next, T("(")) ? bracket(w, &all) : one_word(w, next, &words);
        if (code) {
            return code;
        }
    }
    code = add_run(w, &words, &all);
    if (code) {
        return code;
    }
    if (wanted || all.count == 0) {
        return search_bad(w->r, "a word is missing: write words, 'and', 'or' and brackets, as in "
                                "(bone or liver) and metastases");
    }
    *ret = search_join(w->about->type, PLAN_AND, &all);
    return 0;
}

static int any_of(struct words *w, struct plan_node *ret)
{
    struct search_nodes any = {0};
    do {
        struct plan_node one;
        int code = all_of(w, &one);
        code = code ? code : search_add(w->r, PLAN_OR, &any, &one);
        if (code) {
            return code;
        }
    } while (take(w, T("or")));
    *ret = search_join(w->about->type, PLAN_OR, &any);
    return 0;
}

int search_value_words(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out)
{
    struct words w = {r, about, value, 0};
    struct plan_node node;
    int code = any_of(&w, &node);
    if (code == 0 && peek(&w).n) {
        return search_bad(r, "a bracket is closed that was not opened");
    }
    return code ? code : search_add(r, PLAN_OR, out, &node);
}
