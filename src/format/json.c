#include "format/json.h"

#include "base/map.h"

/* Room for the containers that are open at one point of a document; no limit of depth can be
 * larger. */
enum { DEPTH_MOST = 512, CLOSE_CHARS = 16, MAP_FROM = 48 };

static void *take(void *ctx, size_t size)
{
    return arena_alloc(ctx, size);
}

static void *retake(void *ctx, void *old, size_t old_size, size_t size)
{
    void *p = arena_alloc(ctx, size);
    if (p && old) {
        memcpy(p, old, old_size < size ? old_size : size);
    }
    return p;
}

static void leave(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

yyjson_alc json_alc(struct arena *a)
{
    return (yyjson_alc){take, retake, leave, a};
}

/* What stands at a position, for an error message: printable ASCII only, so that it is safe
 * anywhere. */
static void excerpt(text bytes, size_t at, char out[CLOSE_CHARS + 1])
{
    size_t n = 0;
    while (n < CLOSE_CHARS && at + n < bytes.n) {
        unsigned char c = (unsigned char)bytes.p[at + n];
        out[n++] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
    }
    out[n] = '\0';
}

static int syntax_error(text bytes, size_t at, const char *what, struct err *e)
{
    if (at > bytes.n) {
        at = bytes.n;
    }
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++) {
        if (bytes.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    char near[CLOSE_CHARS + 1];
    excerpt(bytes, at, near);
    if (!near[0]) {
        return err_set(e, ERR_SYNTAX,
                       "this is not JSON: %s at line %zu, column %zu, where the content ends", what,
                       line, at - start + 1);
    }
    return err_set(e, ERR_SYNTAX, "this is not JSON: %s at line %zu, column %zu, before \"%s\"",
                   what, line, at - start + 1, near);
}

/* The depth of nesting, which yyjson does not look at. */
static int check_depth(const yyjson_val *root, size_t most_depth, struct err *e)
{
    const yyjson_val *ends[DEPTH_MOST];
    const yyjson_val *end = json_after(root);
    size_t depth = 0;
    if (most_depth > DEPTH_MOST) {
        most_depth = DEPTH_MOST;
    }
    for (const yyjson_val *v = root; v < end; v++) {
        while (depth && ends[depth - 1] <= v) {
            depth--;
        }
        if (json_is_container(v)) {
            if (depth >= most_depth) {
                return err_set(e, ERR_INVALID,
                               "objects and arrays are nested more than %zu deep; this node takes "
                               "no deeper content",
                               most_depth);
            }
            ends[depth++] = json_after(v);
        }
    }
    return 0;
}

int json_read(text bytes, size_t most_depth, struct arena *a, yyjson_val **ret_root, struct err *e)
{
    if (bytes.n == 0) {
        return err_set(e, ERR_SYNTAX, "this is not JSON: the content is empty");
    }
    if (bytes.n >= 3 && memcmp(bytes.p, "\xEF\xBB\xBF", 3) == 0) {
        return err_set(e, ERR_SYNTAX,
                       "the content starts with a byte order mark (EF BB BF), which JSON does not "
                       "allow; leave it out");
    }
    char *copy = arena_alloc(a, bytes.n + YYJSON_PADDING_SIZE);
    if (!copy) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    memcpy(copy, bytes.p, bytes.n);
    memset(copy + bytes.n, 0, YYJSON_PADDING_SIZE);
    const yyjson_alc alc = json_alc(a);
    yyjson_read_err fault = {0};
    yyjson_doc *doc = yyjson_read_opts(
        copy, bytes.n, YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW, &alc, &fault);
    if (!doc) {
        if (fault.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
            return err_set(e, ERR_MEMORY, "%s", "");
        }
        return syntax_error(bytes, fault.pos, fault.msg ? fault.msg : "wrong content", e);
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    int failed = check_depth(root, most_depth, e);
    if (!failed) {
        *ret_root = root;
    }
    return failed;
}

text json_text(const yyjson_val *v)
{
    if (json_type(v) != YYJSON_TYPE_STR && json_type(v) != YYJSON_TYPE_RAW) {
        return (text){NULL, 0};
    }
    return (text){v->uni.str, json_len(v)};
}

yyjson_val *json_get(const yyjson_val *v, text name)
{
    if (json_type(v) != YYJSON_TYPE_OBJ) {
        return NULL;
    }
    size_t left = json_len(v);
    const yyjson_val *key = v + 1;
    for (; left; left--) {
        if (json_len(key) == name.n && memcmp(key->uni.str, name.p, name.n) == 0) {
            /* Const for the caller's sake only: trees are never in read-only memory. */
            return (yyjson_val *)(uintptr_t)(key + 1);
        }
        key = json_after(key + 1);
    }
    return NULL;
}

void json_set_string(yyjson_val *v, text to)
{
    v->tag = ((uint64_t)to.n << YYJSON_TAG_BIT) | YYJSON_TYPE_STR;
    v->uni.str = to.p ? to.p : "";
}

static bool same(const yyjson_val *a, const yyjson_val *b, size_t depth);

static bool same_scalar(const yyjson_val *a, const yyjson_val *b)
{
    if (json_type(a) == YYJSON_TYPE_STR || json_type(a) == YYJSON_TYPE_RAW) {
        return text_eq(json_text(a), json_text(b));
    }
    return (a->tag & YYJSON_TAG_MASK) == (b->tag & YYJSON_TAG_MASK);
}

static bool same_array(const yyjson_val *a, const yyjson_val *b, size_t depth)
{
    const yyjson_val *x = a + 1;
    const yyjson_val *y = b + 1;
    for (size_t left = json_len(a); left; left--) {
        if (!same(x, y, depth)) {
            return false;
        }
        x = json_after(x);
        y = json_after(y);
    }
    return true;
}

/* A member by name, where very many members are found through a map: nobody can make a comparison
 * quadratic. */
struct members {
    const yyjson_val *object;
    struct map places;
    bool mapped;
};

static bool members_init(struct members *m, const yyjson_val *object)
{
    m->object = object;
    m->mapped = json_len(object) > MAP_FROM;
    map_init(&m->places);
    const yyjson_val *key = object + 1;
    for (size_t left = m->mapped ? json_len(object) : 0; left; left--, key = json_after(key + 1)) {
        bool is_new = false;
        uint64_t *place = map_put(&m->places, json_text(key), &is_new);
        if (!place) {
            return false;
        }
        *place = (uint64_t)(key - object);
    }
    return true;
}

static const yyjson_val *members_get(const struct members *m, text name)
{
    if (!m->mapped) {
        return json_get(m->object, name);
    }
    const uint64_t *place = map_get(&m->places, name);
    return place ? m->object + *place + 1 : NULL;
}

/* Whether all of a is in b: by name only, or with the same values. */
static bool covers(const yyjson_val *a, const yyjson_val *b, bool names_only, size_t depth)
{
    struct members in_b;
    bool all = members_init(&in_b, b);
    const yyjson_val *key = a + 1;
    for (size_t left = json_len(a); left && all; left--, key = json_after(key + 1)) {
        const yyjson_val *other = members_get(&in_b, json_text(key));
        all = other && (names_only || same(key + 1, other, depth));
    }
    map_done(&in_b.places);
    return all;
}

static bool same_names_in_order(const yyjson_val *a, const yyjson_val *b)
{
    const yyjson_val *x = a + 1;
    const yyjson_val *y = b + 1;
    for (size_t left = json_len(a); left; left--) {
        if (!text_eq(json_text(x), json_text(y))) {
            return false;
        }
        x = json_after(x + 1);
        y = json_after(y + 1);
    }
    return true;
}

static bool same_object(const yyjson_val *a, const yyjson_val *b, size_t depth)
{
    if (!same_names_in_order(a, b)) {
        return covers(b, a, true, depth) && covers(a, b, false, depth);
    }
    const yyjson_val *x = a + 1;
    const yyjson_val *y = b + 1;
    for (size_t left = json_len(a); left; left--) {
        if (!same(x + 1, y + 1, depth)) {
            return false;
        }
        x = json_after(x + 1);
        y = json_after(y + 1);
    }
    return true;
}

static bool same(const yyjson_val *a, const yyjson_val *b, size_t depth)
{
    if (json_type(a) != json_type(b)) {
        return false;
    }
    if (!json_is_container(a)) {
        return same_scalar(a, b);
    }
    if (json_len(a) != json_len(b) || depth >= DEPTH_MOST) {
        return false;
    }
    return json_type(a) == YYJSON_TYPE_OBJ ? same_object(a, b, depth + 1)
                                           : same_array(a, b, depth + 1);
}

bool json_same(const yyjson_val *a, const yyjson_val *b)
{
    return a && b ? same(a, b, 0) : a == b;
}
