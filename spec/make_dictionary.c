/*
 * Makes the compression dictionary that every new store starts with, from an invented population:
 * what resources have in common (member names, code systems, profiles) is the same everywhere. The
 * store trains better ones from its own bodies later. Run when Kith is built; a store keeps a copy,
 * so another build's dictionary never matters to it.
 *
 * usage: make_dictionary OUTPUT.c
 */
#include "fhir/resource.h"
#include "synth/synth.h"

#include <stdio.h>
#include <stdlib.h>
#include <zdict.h>

enum { PEOPLE = 400, SAMPLES_MAX = 12000, SAMPLE_BYTES = 12 << 20, DICTIONARY_BYTES = 112 << 10 };

struct samples {
    struct buf bytes;
    size_t sizes[SAMPLES_MAX];
    unsigned count;
    unsigned seen;
    struct arena arena;
};

/* Every third resource, so that many people are among the samples. */
static void take(struct samples *s, yyjson_val *root)
{
    struct issues issues;
    struct resource r;
    struct buf packed;
    if (s->seen++ % 3 || s->count == SAMPLES_MAX) {
        return;
    }
    issues_init(&issues, &s->arena);
    if (resource_check(root, false, &s->arena, &issues, &r)) {
        return;
    }
    buf_init(&packed, 1 << 20);
    resource_pack(&r, &packed);
    if (!buf_failed(&packed) && packed.n <= s->bytes.max - s->bytes.n) {
        buf_add(&s->bytes, buf_text(&packed));
        s->sizes[s->count++] = packed.n;
    }
    buf_done(&packed);
}

static int take_bundle(void *context, const char *file, text bundle, struct err *e)
{
    struct samples *s = context;
    yyjson_val *root;
    size_t at;
    size_t most;
    yyjson_val *entry;
    (void)file;
    arena_reset(&s->arena);
    int rc = json_read(bundle, 64, &s->arena, &root, e);
    if (rc) {
        return rc;
    }
    yyjson_arr_foreach(json_get(root, T("entry")), at, most, entry)
    {
        take(s, json_get(entry, T("resource")));
    }
    return 0;
}

static int write_c(const char *path, const unsigned char *bytes, size_t n)
{
    FILE *out = fopen(path, "we");
    if (!out) {
        return 1;
    }
    fprintf(out, "/* Made by spec/make_dictionary.c. */\n#include \"store/seed_dictionary.h\"\n\n"
                 "static const unsigned char bytes[] = {");
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%u,", i % 24 ? "" : "\n", bytes[i]);
    }
    fprintf(out, "\n};\n\ntext seed_dictionary(void)\n{\n    return text_make((const char *)bytes, "
                 "sizeof bytes);\n}\n");
    return fclose(out) != 0;
}

int main(int argc, char **argv)
{
    static struct samples s;
    static unsigned char dictionary[DICTIONARY_BYTES];
    struct err e = {0};
    struct synth_counts counts;
    struct synth_options how = {.patients = PEOPLE, .seed = 1};
    struct synth_sink sink = {take_bundle, &s};
    buf_init(&s.bytes, SAMPLE_BYTES);
    arena_init(&s.arena, 1 << 28);
    if (argc != 2 || synth_population(&how, &sink, &counts, &e)) {
        fprintf(stderr, "make_dictionary: %s\n",
                argc == 2 ? err_text(&e) : "usage: make_dictionary OUTPUT.c");
        return 1;
    }
    size_t n = ZDICT_trainFromBuffer(dictionary, sizeof dictionary, s.bytes.p, s.sizes, s.count);
    int status = ZDICT_isError(n) ? 1 : 0;
    if (!status) {
        memcpy(dictionary + 4, "\1\0\0\0", 4); /* number 1 */
        status = write_c(argv[1], dictionary, n);
    }
    buf_done(&s.bytes);
    arena_done(&s.arena);
    return status;
}
