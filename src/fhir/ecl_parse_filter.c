#include "fhir/ecl_int.h"

/* A word or several in brackets, as codes: en, (syn fsn). */
static const struct ecl_string *parse_words(struct ecl_parser *p)
{
    const struct ecl_string *first = NULL;
    bool many = ecl_token(p, "(");
    do {
        ecl_space(p);
        size_t n = 0;
        text rest = text_from(p->source, p->at);
        while (n < rest.n && !strchr(" \t\r\n(),}\"", rest.p[n])) {
            n++;
        }
        struct ecl_string *s = n ? ecl_new(p, sizeof *s) : NULL;
        if (!s) {
            (void)ecl_wrong(p, ERR_INVALID, "a word must stand here");
            return NULL;
        }
        *s = (struct ecl_string){.value = text_first(rest, n), .next = first};
        first = s;
        p->at += n;
    } while (many && !ecl_token(p, ")"));
    return first;
}

/* def, fsn, syn -> the codes of SNOMED CT. */
static const struct ecl_string *parse_types(struct ecl_parser *p)
{
    static const struct {
        text word, code;
    } rows[] = {{{"fsn", 3}, {ECL_FSN, sizeof ECL_FSN - 1}},
                {{"syn", 3}, {ECL_SYNONYM, sizeof ECL_SYNONYM - 1}},
                {{"def", 3}, {ECL_DEFINITION, sizeof ECL_DEFINITION - 1}}};
    const struct ecl_string *codes = NULL;
    for (const struct ecl_string *w = parse_words(p); w && !p->rc; w = w->next) {
        struct ecl_string *code = NULL;
        for (size_t i = 0; i < 3; i++) {
            if (text_eq_nocase(w->value, rows[i].word)) {
                code = ecl_new(p, sizeof *code);
                if (code) {
                    *code = (struct ecl_string){.value = rows[i].code, .next = codes};
                }
            }
        }
        if (!code) {
            (void)ecl_wrong(p, ERR_INVALID, "the types of a description are syn, fsn and def");
        }
        codes = code;
    }
    return codes;
}

static const struct {
    const char *word;
    enum ecl_filter_kind kind;
    bool of_descriptions, of_concepts;
} filter_rows[] = {
    {"term", ECL_FILTER_TERM, true, false},
    {"language", ECL_FILTER_LANGUAGE, true, false},
    {"typeId", ECL_FILTER_TYPE_ID, true, false},
    {"type", ECL_FILTER_TYPE, true, false},
    {"active", ECL_FILTER_ACTIVE, true, true},
    {"definitionStatusId", ECL_FILTER_DEFINED, false, true},
    {"definitionStatus", ECL_FILTER_DEFINED, false, true},
    {"moduleId", ECL_FILTER_MODULE, false, true},
    {"effectiveTime", ECL_FILTER_TIME, false, true},
};

static void parse_defined(struct ecl_parser *p, struct ecl_filter *f)
{
    if (ecl_word(p, "defined") || ecl_token(p, "900000000000073002")) {
        f->literal = T("true");
    } else if (ecl_word(p, "primitive") || ecl_token(p, "900000000000074008")) {
        f->literal = T("false");
    } else {
        (void)ecl_wrong(p, ERR_INVALID, "primitive or defined must stand here");
    }
}

static void parse_filter_value(struct ecl_parser *p, struct ecl_filter *f)
{
    switch (f->kind) {
    case ECL_FILTER_TERM:
    case ECL_FILTER_TIME:
        f->strings = ecl_parse_strings(p);
        return;
    case ECL_FILTER_LANGUAGE:
        f->strings = parse_words(p);
        return;
    case ECL_FILTER_TYPE:
        f->strings = parse_types(p);
        return;
    case ECL_FILTER_TYPE_ID:
    case ECL_FILTER_MODULE:
        f->value = ecl_parse_sub(p);
        return;
    case ECL_FILTER_DEFINED:
        parse_defined(p, f);
        return;
    case ECL_FILTER_ACTIVE:
        if (ecl_word(p, "true") || ecl_token(p, "1")) {
            f->literal = T("true");
        } else if (ecl_word(p, "false") || ecl_token(p, "0")) {
            f->literal = T("false");
        } else {
            (void)ecl_wrong(p, ERR_INVALID, "1, 0, true or false must stand here");
        }
        return;
    }
}

static struct ecl_filter *parse_filter(struct ecl_parser *p, bool of_descriptions)
{
    struct ecl_filter *f = ecl_new(p, sizeof *f);
    size_t i = 0;
    size_t rows = sizeof filter_rows / sizeof *filter_rows;
    if (!f) {
        return NULL;
    }
    while (i < rows &&
           (!(of_descriptions ? filter_rows[i].of_descriptions : filter_rows[i].of_concepts) ||
            !ecl_word(p, filter_rows[i].word))) {
        i++;
    }
    if (i == rows) {
        (void)ecl_wrong(p, ERR_NOT_SUPPORTED,
                        of_descriptions ? "the filters term, language, type, typeId and active "
                                          "are supported here"
                                        : "the filters definitionStatus, moduleId, effectiveTime "
                                          "and active are supported here");
        return NULL;
    }
    f->kind = filter_rows[i].kind;
    f->of_descriptions = of_descriptions;
    f->constraint = p->constraints;
    if (!ecl_comparison(p, &f->comparison)) {
        (void)ecl_wrong(p, ERR_INVALID, "= or another comparison must stand here");
    } else if (f->comparison > ECL_NOT_EQUAL && f->kind != ECL_FILTER_TIME) {
        (void)ecl_wrong(p, ERR_INVALID, "only = and != may stand before this value");
    }
    if (!p->rc) {
        parse_filter_value(p, f);
    }
    return p->rc ? NULL : f;
}

static void parse_history(struct ecl_parser *p, struct ecl_node *n)
{
    if (!ecl_word(p, "HISTORY")) {
        (void)ecl_wrong(p, ERR_INVALID, "HISTORY must stand here");
        return;
    }
    n->kind = ECL_HISTORY;
    n->history = ECL_HISTORY_MAX;
    (void)(ecl_token(p, "-") || ecl_token(p, "_"));
    if (ecl_word(p, "MIN")) {
        n->history = ECL_HISTORY_MIN;
    } else if (ecl_word(p, "MOD")) {
        n->history = ECL_HISTORY_MOD;
    } else if (!ecl_word(p, "MAX") && ecl_token(p, "(")) {
        n->history = ECL_HISTORY_SUBSET;
        n->right = ecl_parse_sub(p);
        if (!p->rc && !ecl_token(p, ")")) {
            (void)ecl_wrong(p, ERR_INVALID, ") must stand here");
        }
    }
}

/* The filters of one {{ }}; behind an upper or lower case C, D or none. */
static void parse_constraint(struct ecl_parser *p, struct ecl_node *n)
{
    bool concepts = ecl_word(p, "C");
    if (!concepts && ecl_word(p, "M")) {
        (void)ecl_wrong(p, ERR_NOT_SUPPORTED, "filters of members are not supported");
        return;
    }
    if (!concepts) {
        (void)ecl_word(p, "D");
    }
    n->kind = ECL_FILTERED;
    p->constraints++;
    do {
        struct ecl_filter *f = parse_filter(p, !concepts);
        if (!f) {
            return;
        }
        f->next = n->filters;
        n->filters = f;
    } while (ecl_token(p, ","));
}

const struct ecl_node *ecl_parse_filters(struct ecl_parser *p, const struct ecl_node *left)
{
    for (unsigned i = 0; left && !p->rc && ecl_token(p, "{{"); i++) {
        if (i == ECL_DEPTH_MOST) {
            (void)ecl_wrong(p, ERR_INVALID, "more than 40 filters follow one another");
            return NULL;
        }
        /* Filters of one concept stand in one node: whether inactive ones are meant is a matter of
         * all. */
        struct ecl_node *n = ecl_new(p, sizeof *n);
        if (!n) {
            return NULL;
        }
        if (ecl_token(p, "+")) {
            n->left = left;
            parse_history(p, n);
        } else if (left->kind == ECL_FILTERED) {
            *n = *left;
            parse_constraint(p, n);
        } else {
            n->left = left;
            parse_constraint(p, n);
        }
        if (!p->rc && !ecl_token(p, "}}")) {
            (void)ecl_wrong(p, ERR_INVALID, "a comma or }} must stand here");
        }
        left = n;
    }
    return p->rc ? NULL : left;
}
