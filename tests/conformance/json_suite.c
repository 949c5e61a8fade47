/*
 * JSONTestSuite (github.com/nst/JSONTestSuite): every y_ file is read, every n_ file refused, an i_
 * file either; what is read is written and read again as the same data.
 */
#include "conformance_kit.h"

#include <stdio.h>

struct suite {
    struct arena arena;
    unsigned must_read;
    unsigned must_refuse;
    unsigned either;
    unsigned failed;
};

static void fail(struct suite *s, text name, const char *what)
{
    s->failed++;
    (void)printf("FAILED %.*s: %s\n", TEXT_ARG(name), what);
}

static void write_again(struct suite *s, text name, const yyjson_val *root)
{
    struct buf out;
    struct err e;
    yyjson_val *again = NULL;
    buf_init(&out, 16U * 1024 * 1024);
    json_write(root, &out);
    if (buf_failed(&out) || json_read(buf_text(&out), KIT_DEPTH, &s->arena, &again, &e) ||
        !json_same(root, again)) {
        fail(s, name, "it is not the same after writing and reading");
    }
    buf_done(&out);
}

static void visit(void *ctx, text path, text bytes)
{
    struct suite *s = ctx;
    text name = path;
    text folder;
    struct err e = {.code = 0};
    yyjson_val *root = NULL;
    if (!text_cut(&name, '/', &folder) || !text_eq(folder, T("test_parsing"))) {
        return;
    }
    arena_reset(&s->arena);
    int code = json_read(bytes, KIT_DEPTH, &s->arena, &root, &e);
    char kind = name.p[0];
    s->must_read += kind == 'y';
    s->must_refuse += kind == 'n';
    s->either += kind == 'i';
    if (kind == 'y' && code) {
        fail(s, name, e.detail);
    } else if (kind == 'n' && !code) {
        fail(s, name, "it was read");
    } else if (code && !e.detail[0]) {
        fail(s, name, "it was refused without a reason");
    } else if (!code) {
        write_again(s, name, root);
    }
}

int main(int argc, char **argv)
{
    struct suite s = {.failed = 0};
    arena_init(&s.arena, 64U * 1024 * 1024);
    bool whole = argc == 2 && kit_visit(argv[1], visit, &s);
    arena_done(&s.arena);
    (void)printf("%u that must be read, %u that must be refused, %u either: %u failed\n",
                 s.must_read, s.must_refuse, s.either, s.failed);
    if (!whole || s.must_read == 0 || s.must_refuse == 0) {
        (void)printf("the suite could not be read\n");
        return 1;
    }
    return s.failed ? 1 : 0;
}
