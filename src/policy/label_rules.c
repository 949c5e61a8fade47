#include "policy/label_rules.h"

#include "base/map.h"

#include <stdlib.h>

enum {
    RULES_MAX = 100000,
    KEY_MOST = 400,
    CODE_MOST = 64, /* of a code's beginning that a rule with '*' may name */
};

struct label_rules {
    struct arena arena; /* keys */
    struct map exact;   /* "system|code" -> labels */
    struct map prefix;  /* the same, of rules with '*' */
    uint64_t lengths;   /* bit n: some prefix has n + 1 characters */
};

uint32_t label_category(text code)
{
#define CATEGORY_ROW(name, bit, system, label_code, words) \
    if ((bit) < 16 && text_eq(code, T(label_code))) {      \
        return LABEL_##name;                               \
    }
    LABEL_TABLE(CATEGORY_ROW)
#undef CATEGORY_ROW
    return 0;
}

static int add_rule(struct label_rules *rules, text key, bool prefix, uint32_t labels,
                    struct err *e)
{
    bool is_new;
    text kept = arena_copy(&rules->arena, key);
    uint64_t *place =
        kept.p ? map_put(prefix ? &rules->prefix : &rules->exact, kept, &is_new) : NULL;
    if (!place) {
        return err_set(e, ERR_MEMORY, "the label rules need more memory than there is");
    }
    *place |= labels;
    return 0;
}

/* <category code> <system>|<code>[*] */
static int read_line(struct label_rules *rules, text line, size_t number, struct err *e)
{
    size_t space = text_find(line, ' ');
    text category = text_first(line, space);
    text key = text_trim(text_from(line, space));
    uint32_t labels = label_category(category);
    if (!labels) {
        return err_set(e, ERR_INVALID,
                       "line %zu: '%.*s' is no category; write one of MH, SEX, HIV, SUD, VIO, "
                       "GDIS, social-care, safeguarding, then a space and system|code",
                       number, TEXT_ARG(text_short(category, 40)));
    }
    bool prefix = text_ends(key, T("*"));
    key.n -= prefix ? 1 : 0;
    size_t bar = text_find(key, '|');
    size_t code = bar < key.n ? key.n - bar - 1 : 0;
    if (bar == 0 || code == 0 || key.n > KEY_MOST || (prefix && code > CODE_MOST) ||
        text_find(key, ' ') < key.n || text_find(key, '\t') < key.n ||
        text_find(key, '*') < key.n) {
        return err_set(e, ERR_INVALID,
                       "line %zu: '%.*s' is not system|code, or system|code* for all codes that "
                       "begin so",
                       number, TEXT_ARG(text_short(key, 80)));
    }
    if (prefix) {
        rules->lengths |= UINT64_C(1) << (code - 1);
    }
    return add_rule(rules, key, prefix, labels, e);
}

static int read_rules(struct label_rules *rules, text more, struct err *e)
{
    text line;
    size_t number = 0;
    while (text_cut(&more, '\n', &line)) {
        number++;
        line = text_trim(line);
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        if (rules->exact.count + rules->prefix.count >= RULES_MAX) {
            return err_set(e, ERR_INVALID, "line %zu: more than %d rules", number, RULES_MAX);
        }
        int code = read_line(rules, line, number, e);
        if (code) {
            return code;
        }
    }
    return 0;
}

int label_rules_make(text more, struct label_rules **ret_rules, struct err *e)
{
    struct label_rules *rules = calloc(1, sizeof *rules);
    if (!rules) {
        return err_set(e, ERR_MEMORY, "the label rules need more memory than there is");
    }
    arena_init(&rules->arena, (size_t)RULES_MAX * (KEY_MOST + 32));
    map_init(&rules->exact);
    map_init(&rules->prefix);
    int code = more.n ? read_rules(rules, more, e) : 0;
    if (code) {
        label_rules_free(rules);
        return code;
    }
    *ret_rules = rules;
    return 0;
}

void label_rules_free(struct label_rules *rules)
{
    if (rules) {
        map_done(&rules->exact);
        map_done(&rules->prefix);
        arena_done(&rules->arena);
        free(rules);
    }
}

uint32_t label_rules_ask(const struct label_rules *rules, text system, text code)
{
    uint32_t labels = label_codes_ask(system, code);
    char key[KEY_MOST];
    if (!rules || rules->exact.count + rules->prefix.count == 0 || system.n + 2 > sizeof key) {
        return labels;
    }
    /* A longer code matches no rule, but its beginning may. */
    text part = text_first(code, sizeof key - system.n - 1);
    memcpy(key, system.p, system.n);
    key[system.n] = '|';
    if (part.n) {
        memcpy(key + system.n + 1, part.p, part.n);
    }
    const uint64_t *found =
        part.n == code.n ? map_get(&rules->exact, text_make(key, system.n + 1 + part.n)) : NULL;
    labels |= found ? (uint32_t)*found : 0;
    for (size_t n = 1; n <= CODE_MOST && n <= part.n; n++) {
        if (rules->lengths >> (n - 1) & 1) {
            found = map_get(&rules->prefix, text_make(key, system.n + 1 + n));
            labels |= found ? (uint32_t)*found : 0;
        }
    }
    return labels;
}
