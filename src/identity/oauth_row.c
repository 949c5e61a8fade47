#include "identity/oauth_row.h"

#include "format/json.h"

enum { ROW_BYTES_MAX = 1 << 20, ROW_DEPTH_MAX = 4 };

static const void *at(const void *row, size_t offset)
{
    return (const char *)row + offset;
}

static void print_list(struct buf *b, const text *items, size_t count)
{
    buf_addc(b, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_addc(b, ',');
        }
        json_write_string(items[i], b);
    }
    buf_addc(b, ']');
}

static bool is_empty(const struct row_field *f, const void *row)
{
    switch (f->kind) {
    case ROW_TEXT:
        return ((const text *)at(row, f->at))->n == 0;
    case ROW_I64:
        return *(const int64_t *)at(row, f->at) == 0;
    case ROW_BOOL:
        return !*(const bool *)at(row, f->at);
    default:
        return *(const size_t *)at(row, f->count_at) == 0;
    }
}

static void print_value(struct buf *b, const struct row_field *f, const void *row)
{
    switch (f->kind) {
    case ROW_TEXT:
        json_write_string(*(const text *)at(row, f->at), b);
        break;
    case ROW_I64:
        buf_printf(b, "%lld", (long long)*(const int64_t *)at(row, f->at));
        break;
    case ROW_BOOL:
        buf_add(b, T("true"));
        break;
    default:
        print_list(b, *(text *const *)at(row, f->at), *(const size_t *)at(row, f->count_at));
    }
}

text row_print(const struct row_field *fields, const void *row, struct arena *a)
{
    struct buf b;
    buf_init(&b, ROW_BYTES_MAX);
    buf_addc(&b, '{');
    for (const struct row_field *f = fields; f->name; f++) {
        if (!is_empty(f, row)) {
            if (b.n > 1) {
                buf_addc(&b, ',');
            }
            json_write_string(text_of(f->name), &b);
            buf_addc(&b, ':');
            print_value(&b, f, row);
        }
    }
    buf_addc(&b, '}');
    text out = buf_failed(&b) ? (text){NULL, 0} : arena_copy(a, buf_text(&b));
    buf_done(&b);
    return out;
}

static bool read_i64(text t, int64_t *ret)
{
    uint64_t n;
    bool minus = t.n && t.p[0] == '-';
    if (!text_to_u64(minus ? text_from(t, 1) : t, &n) || n > INT64_MAX) {
        return false;
    }
    *ret = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool read_list(const struct row_field *f, yyjson_val *v, struct arena *a, char *row)
{
    if (json_type(v) != YYJSON_TYPE_ARR) {
        return false;
    }
    size_t n = 0;
    text *items = arena_zalloc(a, json_len(v) + 1, sizeof *items);
    yyjson_val *item = v + 1;
    for (size_t left = json_len(v); items && left; left--, item = json_after(item)) {
        if (json_type(item) != YYJSON_TYPE_STR) {
            return false;
        }
        items[n++] = json_text(item);
    }
    memcpy(row + f->at, &items, sizeof items);
    memcpy(row + f->count_at, &n, sizeof n);
    return items;
}

static bool read_value(const struct row_field *f, yyjson_val *v, struct arena *a, char *row)
{
    uint8_t type = json_type(v);
    text t = json_text(v);
    int64_t number;
    bool truth;
    switch (f->kind) {
    case ROW_TEXT:
        memcpy(row + f->at, &t, sizeof t);
        return type == YYJSON_TYPE_STR;
    case ROW_I64:
        if (type != YYJSON_TYPE_RAW || !read_i64(t, &number)) {
            return false;
        }
        memcpy(row + f->at, &number, sizeof number);
        return true;
    case ROW_BOOL:
        truth = type == YYJSON_TYPE_BOOL && yyjson_is_true(v);
        memcpy(row + f->at, &truth, sizeof truth);
        return type == YYJSON_TYPE_BOOL;
    default:
        return read_list(f, v, a, row);
    }
}

int row_read(const struct row_field *fields, text json, struct arena *a, void *row, struct err *e)
{
    yyjson_val *root;
    int code = json_read(json, ROW_DEPTH_MAX, a, &root, e);
    if (code) {
        return code == ERR_MEMORY ? code : err_set(e, ERR_CORRUPT, "a kept row is not JSON");
    }
    for (const struct row_field *f = fields; f->name; f++) {
        yyjson_val *v = json_get(root, text_of(f->name));
        if (v && !read_value(f, v, a, row)) {
            return err_set(e, ERR_CORRUPT, "the member '%s' of a kept row is of a wrong form",
                           f->name);
        }
    }
    return json_type(root) == YYJSON_TYPE_OBJ
               ? 0
               : err_set(e, ERR_CORRUPT, "a kept row is not an object");
}
