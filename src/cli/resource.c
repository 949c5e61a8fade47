#include "cli/resource.h"

#include "fhir/xml.h"

#include <errno.h>
#include <stdio.h>

enum { DEPTH_MOST = 128 };

static int read_stream(FILE *f, const char *name, struct buf *out, struct err *e)
{
    size_t n = 1;
    while (n) {
        char *to = buf_reserve(out, 256 * 1024);
        n = to ? fread(to, 1, 256 * 1024, f) : 0;
        out->n += n;
    }
    if (buf_failed(out)) {
        return err_set(e, ERR_TOO_LARGE, "%s is larger than 1 GiB", name);
    }
    return ferror(f) ? err_set(e, ERR_IO, "%s cannot be read: %s", name, strerror(errno)) : 0;
}

int cli_read_whole(const char *name, struct buf *out, struct err *e)
{
    if (strcmp(name, "-") == 0) {
        return read_stream(stdin, "standard input", out, e);
    }
    FILE *f = fopen(name, "rbe");
    if (!f) {
        return err_set(e, ERR_IO, "%s cannot be opened: %s", name, strerror(errno));
    }
    int rc = read_stream(f, name, out, e);
    (void)fclose(f);
    return rc;
}

int cli_parse_resource(text bytes, struct arena *a, yyjson_val **ret_root, struct err *e)
{
    struct buf json;
    text mark = T("\xEF\xBB\xBF"); /* a byte order mark; neither reader takes it */
    text content = text_starts(bytes, mark) ? text_from(bytes, mark.n) : bytes;
    int rc = 0;
    buf_init(&json, 2 * CLI_RESOURCE_MAX);
    if (text_starts(text_trim(content), T("<"))) {
        rc = fhir_xml_read(content, DEPTH_MOST, a, &json, e);
        content = buf_text(&json);
    }
    rc = rc ? rc : json_read(content, DEPTH_MOST, a, ret_root, e);
    buf_done(&json);
    return rc;
}
