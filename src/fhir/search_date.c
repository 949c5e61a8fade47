#include "fhir/search_parse.h"

/* Bounds, inclusive, on the start and the end of what is looked for. */
struct bounds {
    int64_t start_from, start_to, end_from, end_to;
};

static int64_t minus(int64_t a, int64_t b)
{
    int64_t result;
    if (__builtin_sub_overflow(a, b, &result)) {
        return b > 0 ? INT64_MIN : INT64_MAX;
    }
    return result;
}

static const struct bounds anywhere = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};

/*
 * One leaf a length_class of lengths. What is known of the end bounds the start as well, since a
 * length_class says how long its entries are at least and at most.
 */
static int add(struct search_reader *r, const struct search_about *about, struct bounds b,
               struct search_nodes *out)
{
    for (unsigned length_class = 0; length_class < INDEX_DATE_CLASSES; length_class++) {
        int64_t from = b.start_from, to = b.start_to;
        bool last = length_class ==
                    INDEX_DATE_CLASSES - 1; /* open ones too: nothing follows from lengths */
        if (!last && b.end_from != INT64_MIN) {
            int64_t least = minus(b.end_from, index_date_class_most(length_class));
            from = least > from ? least : from;
        }
        if (!last && b.end_to != INT64_MAX) {
            int64_t most = minus(b.end_to, index_date_class_least(length_class));
            to = most < to ? most : to;
        }
        bool closed = b.start_from != INT64_MIN && b.end_to != INT64_MAX;
        if (from > to ||
            (closed && index_date_class_least(length_class) > minus(b.end_to, b.start_from))) {
            continue;
        }
        struct plan_node node = search_leaf(about, PLAN_RANGE);
        node.test = PLAN_TEST_DATE;
        node.start_from = b.start_from;
        node.start_to = b.start_to;
        node.end_from = b.end_from;
        node.end_to = b.end_to;
        node.low = index_date_bound(length_class, from, r->arena);
        node.high = to == INT64_MAX
                        ? index_date_bound(length_class + 1, 0, r->arena)
                        : index_date_bound(length_class, (to < 0 ? 0 : to) + 1, r->arena);
        if (!node.low.p || !node.high.p) {
            return search_no_memory(r->e);
        }
        int code = search_add(r, PLAN_OR, out, &node);
        if (code) {
            return code;
        }
    }
    return 0;
}

static struct bounds within(int64_t start, int64_t end)
{
    struct bounds b = anywhere;
    b.start_from = start;
    b.end_to = end;
    b.start_to = end - 1;
    b.end_from = start + 1;
    return b;
}

static struct bounds before(int64_t start)
{
    struct bounds b = anywhere;
    b.start_to = start - 1;
    return b;
}

static struct bounds after(int64_t end)
{
    struct bounds b = anywhere;
    b.end_from = end + 1;
    return b;
}

static struct bounds overlapping(int64_t start, int64_t end)
{
    struct bounds b = anywhere;
    b.start_to = end - 1;
    b.end_from = start + 1;
    return b;
}

static struct bounds starting_at(int64_t end)
{
    struct bounds b = anywhere;
    b.start_from = end;
    return b;
}

static struct bounds ended_by(int64_t start)
{
    struct bounds b = anywhere;
    b.end_to = start;
    return b;
}

/* A tenth of the time between then and now, on both sides. */
static struct bounds around(int64_t start, int64_t end, int64_t now)
{
    int64_t gap = now < start ? start - now : now > end ? now - end : 0;
    return overlapping(start - gap / 10, end + gap / 10);
}

int search_dates(struct search_reader *r, const struct search_about *about,
                 enum search_prefix prefix, int64_t start, int64_t end, struct search_nodes *out)
{
    int code;
    switch (prefix) {
    case PREFIX_EQ:
        return add(r, about, within(start, end), out);
    case PREFIX_NE:
        code = add(r, about, before(start), out);
        return code ? code : add(r, about, after(end), out);
    case PREFIX_GT:
        return add(r, about, after(end), out);
    case PREFIX_LT:
        return add(r, about, before(start), out);
    case PREFIX_GE:
        code = add(r, about, within(start, end), out);
        return code ? code : add(r, about, after(end), out);
    case PREFIX_LE:
        code = add(r, about, before(start), out);
        return code ? code : add(r, about, within(start, end), out);
    case PREFIX_SA:
        return add(r, about, starting_at(end), out);
    case PREFIX_EB:
        return add(r, about, ended_by(start), out);
    case PREFIX_AP:
        return add(r, about, around(start, end, index_ms_from_1970(r->now)), out);
    case PREFIX_PO:
        return add(r, about, overlapping(start, end), out);
    }
    return 0;
}
