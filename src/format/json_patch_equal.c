/* Sameness as the operation `test` wants it (RFC 6902, 4.6): members in any order, numbers by their
 * value. */
#include "format/json_patch.h"

/* --- numbers ------------------------------------------------------------------------------- */

/* A number as 0.digits * 10^exponent, the digits without zeros at both ends; zero has none. */
struct number {
    bool negative;
    bool known;  /* the exponent could be read */
    text digits; /* may have a point among them */
    int64_t exponent;
};

static int64_t exponent_of(text t, bool *ret_known)
{
    enum { MOST = 1000 * 1000 * 1000 };
    bool negative = t.n && t.p[0] == '-';
    uint64_t value = 0;
    text digits = text_from(t, t.n && (t.p[0] == '-' || t.p[0] == '+') ? 1 : 0);
    *ret_known = text_to_u64(digits, &value) && value < MOST;
    if (!*ret_known) {
        return 0;
    }
    return negative ? -(int64_t)value : (int64_t)value;
}

static struct number number_of(text t)
{
    struct number n = {.negative = t.n && t.p[0] == '-', .known = true};
    t = text_from(t, n.negative ? 1 : 0);
    size_t mark = 0;
    while (mark < t.n && t.p[mark] != 'e' && t.p[mark] != 'E') {
        mark++;
    }
    if (mark < t.n) {
        n.exponent = exponent_of(text_from(t, mark + 1), &n.known);
    }
    text digits = text_first(t, mark);
    size_t whole = text_find(digits, '.');
    size_t first = 0;
    while (first < digits.n && (digits.p[first] == '0' || digits.p[first] == '.')) {
        first++;
    }
    size_t end = digits.n;
    while (end > first && (digits.p[end - 1] == '0' || digits.p[end - 1] == '.')) {
        end--;
    }
    n.digits = text_make(digits.p + first, end - first);
    /* Places from the first digit to the point. */
    n.exponent += first < whole ? (int64_t)(whole - first) : -(int64_t)(first - whole - 1);
    return n;
}

static bool next_digit(text *t, char *ret)
{
    while (t->n) {
        *ret = t->p[0];
        *t = text_from(*t, 1);
        if (*ret != '.') {
            return true;
        }
    }
    return false;
}

bool json_number_equal(text a, text b)
{
    if (text_eq(a, b)) {
        return true;
    }
    struct number x = number_of(a);
    struct number y = number_of(b);
    if (x.digits.n == 0 || y.digits.n == 0) {
        return x.digits.n == y.digits.n;
    }
    if (!x.known || !y.known || x.negative != y.negative || x.exponent != y.exponent) {
        return false;
    }
    char c = 0;
    char d = 0;
    bool more = true;
    while (more && c == d) {
        more = next_digit(&x.digits, &c);
        if (more != next_digit(&y.digits, &d)) {
            return false;
        }
    }
    return c == d;
}

/* --- values -------------------------------------------------------------------------------- */

static int equal(struct json_patching *p, yyjson_mut_val *a, const yyjson_val *b, size_t depth,
                 bool *ret_equal);

static int equal_arrays(struct json_patching *p, yyjson_mut_val *a, const yyjson_val *b,
                        size_t depth, bool *ret_equal)
{
    const yyjson_val *item = b + 1;
    yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(a);
    int failed = 0;
    for (size_t left = json_len(b); !failed && *ret_equal && left; left--) {
        failed = equal(p, yyjson_mut_arr_iter_next(&iter), item, depth, ret_equal);
        item = json_after(item);
    }
    return failed;
}

/* The value of a member, looked for from where the last one was found: mostly it is the next. */
static int find_member(struct json_patching *p, yyjson_mut_obj_iter *iter, yyjson_mut_val *object,
                       text name, yyjson_mut_val **ret_value)
{
    size_t count = yyjson_mut_obj_size(object);
    *ret_value = NULL;
    for (size_t i = 0; i < count; i++) {
        yyjson_mut_val *key = yyjson_mut_obj_iter_next(iter);
        if (!key) {
            *iter = yyjson_mut_obj_iter_with(object);
            key = yyjson_mut_obj_iter_next(iter);
        }
        int failed = json_patch_work(p, 1);
        if (failed) {
            return failed;
        }
        if (yyjson_mut_equals_strn(key, name.p, name.n)) {
            *ret_value = yyjson_mut_obj_iter_get_val(key);
            return 0;
        }
    }
    return 0;
}

/* As many members and each of b's in a: the same, for a tree has no name twice that was checked;
 * with one twice it is at worst not the same. */
static int equal_objects(struct json_patching *p, yyjson_mut_val *a, const yyjson_val *b,
                         size_t depth, bool *ret_equal)
{
    const yyjson_val *key = b + 1;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(a);
    int failed = 0;
    for (size_t left = json_len(b); !failed && *ret_equal && left; left--) {
        yyjson_mut_val *value = NULL;
        failed = find_member(p, &iter, a, json_text(key), &value);
        if (!failed && value) {
            failed = equal(p, value, key + 1, depth, ret_equal);
        } else {
            *ret_equal = false;
        }
        key = json_after(key + 1);
    }
    return failed;
}

static int equal(struct json_patching *p, yyjson_mut_val *a, const yyjson_val *b, size_t depth,
                 bool *ret_equal)
{
    int failed = json_patch_work(p, 1);
    if (failed || !a || yyjson_mut_get_type(a) != json_type(b)) {
        *ret_equal = false;
        return failed;
    }
    text x = {a->uni.str, yyjson_mut_get_len(a)};
    switch (json_type(b)) {
    case YYJSON_TYPE_RAW:
        *ret_equal = json_number_equal(x, json_text(b));
        return json_patch_work(p, (x.n + json_len(b)) / 16);
    case YYJSON_TYPE_STR:
        *ret_equal = text_eq(x, json_text(b));
        return json_patch_work(p, json_len(b) / 64);
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ:
        *ret_equal = depth < p->most_depth && x.n == json_len(b);
        if (!*ret_equal) {
            return 0;
        }
        return json_type(b) == YYJSON_TYPE_ARR ? equal_arrays(p, a, b, depth + 1, ret_equal)
                                               : equal_objects(p, a, b, depth + 1, ret_equal);
    default:
        *ret_equal = yyjson_mut_get_tag(a) == (b->tag & YYJSON_TAG_MASK);
        return 0;
    }
}

int json_patch_equal(struct json_patching *p, yyjson_mut_val *a, const yyjson_val *b,
                     bool *ret_equal)
{
    bool is = true;
    int failed = equal(p, a, b, 0, &is);
    *ret_equal = is;
    return failed;
}
