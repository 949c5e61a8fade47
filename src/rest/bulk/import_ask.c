/* The kick-off of $import: Parameters that name files on this node, or NDJSON as it is. */
#include "rest/bulk/import.h"
#include "rest/bulk/job_owner.h"

#include "base/clock.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_MOST = 16 << 20, PATH_MOST = 4096 };

struct input {
    text type;
    text url;
    text path; /* below the folder; empty: the upload */
    uint64_t size;
    int64_t changed; /* its time of change, ns: a file that is changed under way is noticed */
};

struct ask {
    struct call *c;
    struct input *inputs;
    size_t count;
    size_t capacity;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static int add_input(struct ask *a, const struct input *input, struct err *e)
{
    struct input *inputs =
        arena_grow(a->c->arena, a->inputs, a->count, &a->capacity, sizeof *inputs);
    if (!inputs) {
        return no_memory(e);
    }
    a->inputs = inputs;
    a->inputs[a->count++] = *input;
    return 0;
}

/* --- files by name ------------------------------------------------------------------------- */

static int hex(char c)
{
    c = (char)(c | 0x20);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* file:///folder/name -> name, below the folder that $import may read. */
static int path_of(struct ask *a, text url, text *ret_path, struct err *e)
{
    const struct jobs *jobs = a->c->rest->jobs;
    text folder = text_of(jobs->import_path);
    char *p = arena_alloc(a->c->arena, url.n + 1);
    size_t n = 0;
    if (!p) {
        return no_memory(e);
    }
    text rest = text_starts(url, T("file://")) ? text_from(url, 7) : (text){0};
    for (size_t i = 0; i < rest.n; i++) {
        int high = rest.p[i] == '%' && i + 2 < rest.n ? hex(rest.p[i + 1]) : -1;
        int low = high >= 0 ? hex(rest.p[i + 2]) : -1;
        p[n++] = low >= 0 ? (char)(high << 4 | low) : rest.p[i];
        i += low >= 0 ? 2 : 0;
    }
    p[n] = '\0';
    text path = text_make(p, n);
    if (!text_starts(path, folder) || path.n <= folder.n + 1 || path.p[folder.n] != '/' ||
        strlen(p) != n || n >= PATH_MOST) {
        return err_set(e, ERR_FORBIDDEN,
                       "input.url must be the address of a file in %s, such as file://%s/"
                       "Patient.ndjson; it is '%.*s'",
                       jobs->import_path, jobs->import_path, TEXT_ARG(text_short(url, 200)));
    }
    *ret_path = text_from(path, folder.n + 1);
    return 0;
}

static int take_file(struct ask *a, text type, text url, struct err *e)
{
    struct stat st;
    struct input input = {.type = type, .url = url};
    int fd;
    if (type.n && !fhir_type_of(type)) {
        return err_set(e, ERR_INVALID, "input.type: '%.*s' is not a resource type of FHIR R4",
                       TEXT_ARG(text_short(type, 60)));
    }
    int rc = path_of(a, url, &input.path, e);
    rc = rc ? rc : import_open_path(a->c->rest->jobs, input.path.p, &fd, e);
    if (rc) {
        return rc;
    }
    if (fstat(fd, &st) != 0) {
        rc = job_io_error(e, "the input");
    } else {
        input.size = (uint64_t)st.st_size;
        input.changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    }
    (void)close(fd);
    return rc ? rc : add_input(a, &input, e);
}

static text part_value(yyjson_val *part)
{
    static const char *const forms[] = {"valueCode", "valueUrl", "valueUri", "valueString"};
    text found = {0};
    for (size_t i = 0; i < sizeof forms / sizeof *forms && !found.p; i++) {
        found = json_member(part, forms[i]);
    }
    return found;
}

static int take_input(struct ask *a, yyjson_val *parts, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *part;
    text type = {0};
    text url = {0};
    yyjson_arr_foreach(parts, at, most, part)
    {
        text name = json_member(part, "name");
        if (text_eq(name, T("type"))) {
            type = part_value(part);
        } else if (text_eq(name, T("url"))) {
            url = part_value(part);
        } else {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "input has the parts type and url; '%.*s' is not supported",
                           TEXT_ARG(text_short(name, 60)));
        }
    }
    return url.p ? take_file(a, type, url, e)
                 : err_set(e, ERR_REQUIRED, "each input needs a part named url");
}

static int take_storage(yyjson_val *parts, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *part;
    yyjson_arr_foreach(parts, at, most, part)
    {
        text value = part_value(part);
        if (!text_eq(json_member(part, "name"), T("type")) || !text_eq(value, T("file"))) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "storageDetail can be {type: file} only: this node fetches nothing from "
                           "elsewhere");
        }
    }
    return 0;
}

static int take_param(struct ask *a, const struct operation_param *p, struct err *e)
{
    if (text_eq(p->name, T("input")) && p->part) {
        return take_input(a, p->part, e);
    }
    if (text_eq(p->name, T("storageDetail")) && p->part) {
        return take_storage(p->part, e);
    }
    if (text_eq(p->name, T("inputFormat")) && p->value.p) {
        return is_ndjson(p->value) ? 0
                                   : err_set(e, ERR_NOT_SUPPORTED,
                                             "inputFormat can be application/fhir+ndjson only");
    }
    if (text_eq(p->name, T("inputSource")) && p->value.p) {
        return 0; /* says where the data is from; kept in nothing */
    }
    return err_set(e, ERR_NOT_SUPPORTED,
                   "the parameter '%.*s' is not supported on $import; it takes inputFormat, "
                   "inputSource, storageDetail (parts) and input (parts type and url)",
                   TEXT_ARG(text_short(p->name, 60)));
}

static int take_params(struct ask *a, struct err *e)
{
    struct operation_param *params;
    size_t count;
    int rc = operation_params(a->c, &params, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_param(a, &params[i], e);
    }
    if (!rc && a->count == 0) {
        rc = err_set(e, ERR_REQUIRED,
                     "there is no input: send Parameters with input (parts type and url), or the "
                     "lines themselves as application/fhir+ndjson");
    }
    return rc;
}

/* --- the job ------------------------------------------------------------------------------- */

static void print_request(const struct ask *a, struct buf *out)
{
    const struct call *c = a->c;
    buf_printf(out, "{\"kind\":\"import\",\"created\":%lld,\"base\":", (long long)clock_real_ms());
    json_write_string(c->base, out);
    buf_add(out, T(",\"request\":"));
    json_write_string(arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(c->base), TEXT_ARG(c->path)),
                      out);
    buf_add(out, T(",\"inputs\":["));
    for (size_t i = 0; i < a->count; i++) {
        const struct input *input = &a->inputs[i];
        buf_add(out, i ? T(",{\"type\":") : T("{\"type\":"));
        json_write_string(input->type, out);
        buf_add(out, T(",\"url\":"));
        json_write_string(input->url, out);
        buf_add(out, T(",\"path\":"));
        json_write_string(input->path, out);
        buf_printf(out, ",\"size\":%llu,\"changed\":%llu}", (unsigned long long)input->size,
                   (unsigned long long)input->changed);
    }
    buf_addc(out, ']');
    owner_print(c, out);
    buf_add(out, T("}\n"));
}

static int make_job(struct ask *a, struct err *e)
{
    struct job draft;
    struct buf request;
    int dir;
    struct jobs *jobs = a->c->rest->jobs;
    struct http_sink *sink = a->c->http->sink;
    int rc = sink ? upload_finish(sink, &draft, &dir, &a->inputs[0].size, e)
                  : job_draft(jobs, JOB_IMPORT, &draft, &dir, e);
    if (rc) {
        return rc;
    }
    if (!a->inputs[0].path.n && !sink) {
        rc = job_write_file(dir, "upload", a->c->body, e);
    }
    if (rc) {
        job_draft_drop(jobs, &draft, dir);
        return rc;
    }
    buf_init(&request, REQUEST_MOST);
    print_request(a, &request);
    rc = kick_off(a->c, &draft, dir, &request, e);
    buf_done(&request);
    return rc;
}

int kick_off_import(struct call *c, struct err *e)
{
    struct ask a = {.c = c};
    int rc;
    if (is_ndjson(http_field(c->http, T("Content-Type")))) {
        rc = call_no_parameters(c, e);
        rc = rc ? rc : add_input(&a, &(struct input){.url = T("upload"), .size = c->body.n}, e);
    } else {
        rc = take_params(&a, e);
    }
    return rc ? rc : make_job(&a, e);
}
