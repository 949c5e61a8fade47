/*
 * uri:below and uri:above (R4 search.html#uri): URLs are compared by the segments of their paths,
 * so that http://a/b is above http://a/b and http://a/b/c, but not above http://a/bc.
 */
#include "fhir/search_parse.h"

/* Where the path of a URL begins; 0: it is no URL with a path. */
static size_t path_start(text url)
{
    for (size_t i = 0; i + 2 < url.n; i++) {
        if (url.p[i] == ':') {
            bool authority = i && url.p[i + 1] == '/' && url.p[i + 2] == '/';
            return authority ? i + 3 : 0;
        }
    }
    return 0;
}

static int add_uri(struct search_reader *r, const struct search_about *about, text uri,
                   struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_VALUE);
    node.value = index_uri(uri, r->arena);
    return node.value.p ? search_add(r, PLAN_OR, out, &node) : search_no_memory(r->e);
}

/* With and without a slash at the end. */
static int add_both(struct search_reader *r, const struct search_about *about, text uri,
                    struct search_nodes *out)
{
    text slashed = arena_printf(r->arena, "%.*s/", TEXT_ARG(uri));
    int code = slashed.p ? add_uri(r, about, uri, out) : search_no_memory(r->e);
    return code ? code : add_uri(r, about, slashed, out);
}

static int add_range(struct search_reader *r, const struct search_about *about, text start,
                     struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_RANGE);
    node.low = start;
    node.high = search_successor(start, r->arena);
    return node.high.p ? search_add(r, PLAN_OR, out, &node) : search_no_memory(r->e);
}

/*
 * index_uri() writes some beginnings as one byte. The URIs that begin with `start` are those whose
 * form begins with the form of `start`, and those of the beginnings that begin with it themselves.
 */
static int add_beginning(struct search_reader *r, const struct search_about *about, text start,
                         struct search_nodes *out)
{
    text form = index_uri(start, r->arena);
    if (!form.p) {
        return search_no_memory(r->e);
    }
    if (form.n > INDEX_VALUE_MAX - 32) {
        return search_bad(r,
                          "URLs below one of more than %d bytes cannot be told apart; give a "
                          "shorter one",
                          INDEX_VALUE_MAX - 32);
    }
    int code = add_range(r, about, form, out);
    text known;
    for (size_t i = 0; code == 0 && index_uri_start(i, &known); i++) {
        if (known.n > start.n && text_starts(known, start)) {
            text byte = index_uri(known, r->arena);
            code = byte.p ? add_range(r, about, byte, out) : search_no_memory(r->e);
        }
    }
    return code;
}

int search_value_uri_start(struct search_reader *r, const struct search_about *about, text value,
                           struct search_nodes *out)
{
    return add_beginning(r, about, value, out);
}

int search_value_uri_path(struct search_reader *r, const struct search_about *about, bool above,
                          text value, struct search_nodes *out)
{
    text url = search_unescape(value, r->arena);
    if (!url.p) {
        return search_no_memory(r->e);
    }
    size_t start = path_start(url);
    while (url.n > start && url.p[url.n - 1] == '/') {
        url.n--;
    }
    if (start == 0 || url.n == start) {
        return search_bad(r,
                          "'%.*s' is not a URL such as http://example.org/fhir; other URIs have "
                          "no levels",
                          TEXT_ARG(text_short(value, 200)));
    }
    if (!above) {
        text slashed = arena_printf(r->arena, "%.*s/", TEXT_ARG(url));
        int code = slashed.p ? add_uri(r, about, url, out) : search_no_memory(r->e);
        return code ? code : add_beginning(r, about, slashed, out);
    }
    int code = add_both(r, about, url, out);
    for (size_t i = url.n; i-- > start + 1 && code == 0;) {
        if (url.p[i] == '/' && url.p[i - 1] != '/') {
            code = add_both(r, about, text_first(url, i), out);
        }
    }
    return code;
}
