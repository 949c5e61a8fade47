/* What this node and the programme that runs all nodes of the demonstration say to each other. */
#include "format/json.h"
#include "node/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { LIST_MOST = 64 * 1024, DEPTH_MOST = 8 };

static int path_of(const struct demo_nodes *d, text name, struct arena *a, const char **ret,
                   struct err *e)
{
    text path = arena_printf(a, "%s/%.*s", d->folder, TEXT_ARG(name));
    *ret = path.p;
    return path.p ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

static int read_all(int fd, struct buf *out, struct err *e)
{
    char piece[4096];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR)) {
        buf_add(out, text_make(piece, n > 0 ? (size_t)n : 0));
    }
    return n < 0 || buf_failed(out)
               ? err_set(e, ERR_IO, "the list of the demonstration's nodes cannot be read")
               : 0;
}

static int read_list(const struct demo_nodes *d, struct arena *a, struct buf *out, struct err *e)
{
    const char *path;
    int rc = path_of(d, T("nodes.json"), a, &path, e);
    if (rc) {
        return rc;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_set(e, ERR_NOT_FOUND,
                       "nobody says which other nodes this demonstration has: is "
                       "tools/demo-locality still running?");
    }
    rc = read_all(fd, out, e);
    (void)close(fd);
    return rc;
}

static int list(void *context, struct arena *a, struct buf *out, struct err *e)
{
    return read_list(context, a, out, e);
}

/* Only a code that is in the list becomes a part of a file's name. */
static int must_be_listed(const struct demo_nodes *d, text ods, struct arena *a, struct err *e)
{
    struct buf listed;
    yyjson_val *root = NULL, *item;
    size_t at, count;
    bool found = false;
    buf_init(&listed, LIST_MOST);
    int rc = read_list(d, a, &listed, e);
    rc = rc ? rc : json_read(buf_text(&listed), DEPTH_MOST, a, &root, e);
    yyjson_arr_foreach(json_get(root, T("nodes")), at, count, item)
    {
        found = found || text_eq(json_text(json_get(item, T("ods"))), ods);
    }
    buf_done(&listed);
    if (rc || found) {
        return rc;
    }
    return err_set(e, ERR_NOT_FOUND, "the demonstration has no node '%.*s'",
                   TEXT_ARG(text_short(ods, 20)));
}

static int want(void *context, text ods, bool runs, struct arena *a, struct err *e)
{
    const struct demo_nodes *d = context;
    const char *path;
    text word = runs ? T("run\n") : T("stop\n");
    if (text_eq(ods, d->self)) {
        return err_set(e, ERR_FORBIDDEN, "this node serves the page: stop another one");
    }
    int rc = must_be_listed(d, ods, a, e);
    text name = rc ? (text){0} : arena_printf(a, "%.*s.want", TEXT_ARG(ods));
    rc = rc ? rc : path_of(d, name, a, &path, e);
    if (rc) {
        return rc;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, word.p, word.n) == (ssize_t)word.n;
    bool closed = fd >= 0 && close(fd) == 0;
    return written && closed
               ? 0
               : err_set(e, ERR_IO, "the demonstration cannot be asked to do that: %s",
                         strerror(errno));
}

void demo_nodes_open(const char *folder, text self, struct demo_nodes *ret)
{
    *ret = (struct demo_nodes){.folder = folder, .self = self};
    ret->face = (struct identity_demo){.context = ret, .list = list, .want = want};
}
