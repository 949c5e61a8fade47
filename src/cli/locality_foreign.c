/* `kith locality foreign`: servers of another make behind this node. */
#include "cli/locality.h"

#include "format/json.h"
#include "locality/foreign.h"

#include <errno.h>
#include <stdio.h>

enum { KEY_MOST = 32 * 1024 };

static int read_key(struct locality_tool *t, const char *path, text *ret, struct err *e)
{
    char *bytes = arena_alloc(&t->a, KEY_MOST);
    FILE *f = bytes ? fopen(path, "rb") : NULL;
    if (!f) {
        return bytes ? err_set(e, ERR_VALUE, "cannot read %s: %s", path, strerror(errno))
                     : err_set(e, ERR_MEMORY, "no memory");
    }
    size_t n = fread(bytes, 1, KEY_MOST, f);
    bool whole = !ferror(f) && n < KEY_MOST;
    (void)fclose(f);
    *ret = text_make(bytes, n);
    return whole ? 0 : err_set(e, ERR_VALUE, "%s is no file with a key", path);
}

static int add(struct locality_tool *t, struct err *e)
{
    const char *base = cli_option(t->args, "--base");
    const char *client = cli_option(t->args, "--client-id");
    const char *key = cli_option(t->args, "--key");
    const char *scope = cli_option(t->args, "--scope");
    struct foreign f = {.base = text_of(base ? base : ""),
                        .client = text_of(client ? client : ""),
                        .scope = text_of(scope ? scope : "system/*.rs")};
    int rc = tool_word(t, 1, "the name of the server", &f.name, e);
    if (!rc && (!base || !client || !key)) {
        rc = err_set(e, ERR_REQUIRED, "foreign DIR add NAME needs --base, --client-id and --key");
    }
    rc = rc ? rc : read_key(t, key, &f.key, e);
    while (text_ends(f.base, T("/"))) {
        f.base.n--;
    }
    rc = rc ? rc : foreign_add(t->face, &f, &t->a, e);
    rc = rc ? rc
            : tool_note(t, EVENT_KEY,
                        arena_printf(&t->a, "server %.*s was added at %.*s", TEXT_ARG(f.name),
                                     TEXT_ARG(f.base)),
                        e);
    if (!rc && !t->args->json) {
        printf("Joined records of this node have %.*s as a further place from now on, marked as "
               "unwitnessed.\n",
               TEXT_ARG(f.name));
    }
    return rc;
}

static int drop(struct locality_tool *t, struct err *e)
{
    text name;
    int rc = tool_word(t, 1, "the name of the server", &name, e);
    rc = rc ? rc : foreign_remove(t->face, name, &t->a, e);
    return rc ? rc
              : tool_note(t, EVENT_KEY,
                          arena_printf(&t->a, "server %.*s was removed", TEXT_ARG(name)), e);
}

static void show_json(const struct foreign *f)
{
    struct buf out;
    buf_init(&out, KEY_MOST);
    buf_add(&out, T("{\"name\":"));
    json_write_string(f->name, &out);
    buf_add(&out, T(",\"base\":"));
    json_write_string(f->base, &out);
    buf_add(&out, T(",\"client\":"));
    json_write_string(f->client, &out);
    buf_addc(&out, '}');
    printf("%.*s\n", TEXT_ARG(buf_text(&out)));
    buf_done(&out);
}

static int list(struct locality_tool *t, struct err *e)
{
    struct foreign *items;
    size_t count;
    int rc = foreign_list(t->face, &t->a, &items, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        if (t->args->json) {
            show_json(&items[i]);
        } else {
            printf("  %.*s  %.*s, as %.*s\n", TEXT_ARG(items[i].name), TEXT_ARG(items[i].base),
                   TEXT_ARG(items[i].client));
        }
    }
    if (!rc && !count && !t->args->json) {
        printf("There is no server of another make behind this node.\n");
    }
    return rc;
}

int locality_foreign(struct locality_tool *t, struct err *e)
{
    text action;
    int rc = tool_word(t, 0, "add, list or remove", &action, e);
    if (rc) {
        return rc;
    }
    return text_eq(action, T("add"))      ? add(t, e)
           : text_eq(action, T("list"))   ? list(t, e)
           : text_eq(action, T("remove")) ? drop(t, e)
                                          : err_set(e, ERR_VALUE,
                                                    "foreign DIR is followed by add, list or "
                                                    "remove");
}
