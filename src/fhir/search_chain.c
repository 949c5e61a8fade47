/* Chains, _has and _list: links between resources (R4 search.html#chaining, #has, #list). */
#include "fhir/model_tables.h"
#include "fhir/search_custom.h"
#include "fhir/search_parse.h"

#include <stdio.h>

int search_deep(struct search_reader *r, unsigned depth)
{
    uint64_t most = r->q->limits->search_depth;
    if (depth <= most) {
        return 0;
    }
    return search_over(r,
                       "more than %llu links or brackets inside one another; ask for a part first, "
                       "then for the rest by _id",
                       (unsigned long long)most);
}

/* --- canonicals ---------------------------------------------------------------------------- */

enum { TRIE_DEPTH = 64 };

static bool takes_link(const struct search_tables *t, unsigned at, uint8_t ordinal, unsigned depth)
{
    const struct search_node *node = &t->nodes[at];
    for (unsigned i = 0; i < node->leaf_count; i++) {
        const struct search_leaf *leaf = &t->leaves[node->leaf + i];
        if (leaf->ordinal == ordinal && leaf->take == TAKE_LINK) {
            return true;
        }
    }
    for (unsigned i = 0; i < node->edge_count && depth < TRIE_DEPTH; i++) {
        if (takes_link(t, t->edges[node->edge + i].node, ordinal, depth + 1)) {
            return true;
        }
    }
    return false;
}

/* Whether the parameter holds uris or canonicals, which name a resource by its url. */
static bool is_link(const struct search_reader *r, const struct search_param *param)
{
    fhir_type type = (fhir_type)(param->number >> 8);
    uint8_t ordinal = (uint8_t)(param->number & 0xFF);
    if (ordinal < SEARCH_CUSTOM_FIRST) {
        return takes_link(&search_standard, search_types[type].root, ordinal, 0);
    }
    const struct search_custom *custom =
        search_custom_find(r->q->rules->customs, type, param->name);
    /* What a path leads to is known when it is there. */
    return custom &&
           (!custom->tables || takes_link(custom->tables, custom->tables->root, ordinal, 0));
}

/* The url of a Device is its address in a network; what is published has a publisher. */
bool search_has_url(fhir_type type)
{
    return model_find(&model_types[type], T("publisher"));
}

/* The number of the parameter 'url' of a type; 0: its resources have no canonical URL. */
static uint16_t url_param(const struct search_reader *r, fhir_type type)
{
    if (!search_has_url(type)) {
        return 0;
    }
    const struct search_param *url = search_param_of(r->q->rules->customs, type, T("url"));
    return url && url->type == SEARCH_URI && !url->parts ? url->number : 0;
}

/* --- one join ------------------------------------------------------------------------------ */

struct join {
    enum plan_kind kind;
    fhir_type type;   /* of the node */
    fhir_type other;  /* at the other end */
    fhir_type linked; /* the one of them that is referred to */
    const struct search_param *param;
};

/* By every part of a union, and by the url as well where it may be a canonical. */
static int add_joins(struct search_reader *r, const struct join *join,
                     const struct plan_node *inner, struct search_nodes *out)
{
    const struct search_param *part;
    if (inner->kind == PLAN_NONE) {
        return 0;
    }
    for (size_t i = 0; (part = search_part(r, join->param, i)); i++) {
        struct plan_node node = {.kind = join->kind,
                                 .type = join->type,
                                 .target = join->other,
                                 .param = part->number,
                                 .implied = part->implied && join->linked == FHIR_PATIENT};
        struct plan_node whole;
        int code = search_wrap(r, &node, inner, NULL, &whole);
        code = code ? code : search_add(r, PLAN_OR, out, &whole);
        uint16_t url = url_param(r, join->linked);
        if (code == 0 && url && is_link(r, part)) {
            whole.by_url = true;
            whole.implied = false;
            whole.target_url = url;
            code = search_add(r, PLAN_OR, out, &whole);
        }
        if (code) {
            return code;
        }
    }
    return 0;
}

static int count_link(struct search_reader *r)
{
    if (++r->links > SEARCH_LINKS_MAX) {
        return search_over(r,
                           "the chain leads through more than %d combinations of types; name the "
                           "types on the way, as in subject:Patient.name",
                           SEARCH_LINKS_MAX);
    }
    return 0;
}

/* --- chains -------------------------------------------------------------------------------- */

struct chain {
    const struct search_param *param;
    fhir_type type;
    fhir_type target; /* after the colon; 0: none */
    unsigned depth;
};

static int link_read(struct search_reader *r, fhir_type type, text link, struct chain *chain)
{
    size_t colon = text_find(link, ':');
    text target = text_from(link, colon + 1);
    int code = search_find(r, type, text_first(link, colon), &chain->param);
    if (code) {
        return code;
    }
    text name = chain->param->name;
    if (chain->param->type != SEARCH_REFERENCE) {
        return search_bad(r, "'%.*s' is not a reference, so that nothing can stand behind a dot",
                          TEXT_ARG(name));
    }
    if (colon == link.n) {
        return 0;
    }
    chain->target = fhir_type_of(target);
    if (!chain->target) {
        return search_bad(r, "'%.*s' is not a resource type of R4",
                          TEXT_ARG(text_short(target, 64)));
    }
    if (!search_may_target(chain->param, chain->target)) {
        return search_bad(r, "'%.*s' of %.*s never refers to a %.*s", TEXT_ARG(name),
                          TEXT_ARG(fhir_type_name(type)), TEXT_ARG(target));
    }
    return 0;
}

/* No type that the link leads to knows what follows. */
static int leads_nowhere(struct search_reader *r, const struct chain *chain, text next)
{
    char names[400] = "";
    size_t n = 0;
    const fhir_type *t = chain->param->targets;
    for (; t && *t; t++) {
        text name = fhir_type_name(*t);
        if (n + name.n + 3 < sizeof(names)) {
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.*s", n ? ", " : "",
                                  TEXT_ARG(name));
        }
    }
    size_t end = 0;
    while (end < next.n && !strchr(".:[", next.p[end])) {
        end++;
    }
    r->unknown = true;
    return search_bad(r, "no type that '%.*s' refers to (%s) has a search parameter '%.*s'",
                      TEXT_ARG(chain->param->name), n ? names : "any",
                      TEXT_ARG(text_short(text_first(next, end), 64)));
}

/*
 * Without a type after the colon the chain goes to every target type to which the rest of it can be
 * asked; types to which it cannot (no such parameter, or another kind of value) can have no match.
 */
static int chain_all(struct search_reader *r, const struct chain *chain,
                     const struct search_leg *leg, struct search_nodes *out)
{
    uint64_t values = r->values, most = values;
    struct err first = {0};
    unsigned tried = 0, unknown = 0, understood = 0;
    bool first_unknown = true;
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        bool wanted = chain->target ? type == chain->target
                                    : search_may_target(chain->param, (fhir_type)type);
        if (!wanted) {
            continue;
        }
        struct plan_node inner;
        r->values = values;
        r->unknown = false;
        int code = count_link(r);
        code = code ? code : leg->read(r, (fhir_type)type, leg, chain->depth + 1, &inner);
        most = r->values > most ? r->values : most;
        tried++;
        if (code == 0) {
            struct join join = {PLAN_CHAIN, chain->type, (fhir_type)type, (fhir_type)type,
                                chain->param};
            understood++;
            code = add_joins(r, &join, &inner, out);
        } else if (code == ERR_INVALID && !r->over) {
            unknown += r->unknown;
            if (!first.code || (first_unknown && !r->unknown)) {
                first = *r->e;
                first_unknown = r->unknown;
            }
            code = 0;
        }
        if (code) {
            return code;
        }
    }
    r->values = most;
    r->unknown = false;
    if (understood) {
        return 0;
    }
    if (tried > 1 && unknown == tried) {
        return leads_nowhere(r, chain, leg->name);
    }
    r->unknown = unknown == tried;
    *r->e = first;
    return first.code;
}

int search_chain(struct search_reader *r, fhir_type type, text link, const struct search_leg *leg,
                 unsigned depth, struct plan_node *ret)
{
    struct chain chain = {.type = type, .depth = depth};
    struct search_nodes any = {0};
    int code = search_deep(r, depth);
    code = code ? code : link_read(r, type, link, &chain);
    if (code) {
        return code;
    }
    if (leg->name.n == 0) {
        return search_bad(r, "a parameter has to stand behind the dot, as in subject.name");
    }
    code = chain_all(r, &chain, leg, &any);
    if (code) {
        return code;
    }
    *ret = search_join(type, PLAN_OR, &any);
    return 0;
}

/* --- _has and _list ------------------------------------------------------------------------ */

int search_has(struct search_reader *r, fhir_type type, text name, text value, unsigned depth,
               struct plan_node *ret)
{
    struct join join = {.kind = PLAN_HAS, .type = type, .linked = type};
    struct plan_node inner;
    struct search_nodes any = {0};
    text rest = name, source = T(""), link = T("");
    text_cut(&rest, ':', &source);
    text_cut(&rest, ':', &link);
    join.other = fhir_type_of(source);
    if (!join.other || rest.n == 0) {
        return search_bad(r, "write _has:Type:reference:parameter, as in "
                             "_has:Observation:patient:code=1234-5");
    }
    int code = count_link(r);
    code = code ? code : search_find(r, join.other, link, &join.param);
    if (code) {
        return code;
    }
    if (join.param->type != SEARCH_REFERENCE || !search_may_target(join.param, type)) {
        return search_bad(r, "'%.*s' of %.*s does not refer to a %.*s", TEXT_ARG(link),
                          TEXT_ARG(source), TEXT_ARG(fhir_type_name(type)));
    }
    code = search_criterion(r, join.other, rest, value, depth + 1, &inner);
    code = code ? code : add_joins(r, &join, &inner, &any);
    if (code) {
        return code;
    }
    *ret = search_join(type, PLAN_OR, &any);
    return 0;
}

static int list_id(struct search_reader *r, text value, text *ret)
{
    if (text_starts(value, T("$"))) {
        return search_fail(r, ERR_NOT_SUPPORTED,
                           "lists such as %.*s, which a server makes up itself, are not kept here; "
                           "name a List by its id",
                           TEXT_ARG(text_short(value, 64)));
    }
    struct reference ref = reference_parse(value, r->base);
    if (ref.kind == REFERENCE_LOCAL && ref.type == FHIR_LIST && ref.version.n == 0) {
        value = ref.id;
    }
    if (!reference_id_ok(value)) {
        return search_bad(r, "'%.*s' is not the id of a List", TEXT_ARG(text_short(value, 100)));
    }
    *ret = value;
    return 0;
}

int search_list(struct search_reader *r, fhir_type type, text value, struct plan_node *ret)
{
    const struct search_param *item = search_param_of(NULL, FHIR_LIST, T("item"));
    struct join join = {PLAN_HAS, type, FHIR_LIST, type, item};
    struct search_nodes any = {0};
    text rest = value.p ? value : T(""), one;
    while (search_cut(&rest, ',', &one)) {
        struct plan_node id = {.kind = PLAN_ID, .type = FHIR_LIST, .target = FHIR_LIST};
        int code = search_count_value(r);
        code = code ? code : list_id(r, one, &id.value);
        code = code ? code : add_joins(r, &join, &id, &any);
        if (code) {
            return code;
        }
    }
    *ret = search_join(type, PLAN_OR, &any);
    return 0;
}
