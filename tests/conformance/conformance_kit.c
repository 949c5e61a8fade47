#include "conformance_kit.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MOST = 256 * 1024 * 1024 };

static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rbe");
    if (!f) {
        return false;
    }
    size_t n = 1;
    while (n) {
        char *to = buf_reserve(out, 64 * 1024);
        n = to ? fread(to, 1, 64 * 1024, f) : 0;
        out->n += n;
    }
    bool whole = feof(f) && !ferror(f) && !buf_failed(out);
    (void)fclose(f);
    return whole;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

bool kit_visit(const char *folder, kit_file *visit, void *ctx)
{
    char *roots[] = {(char *)(uintptr_t)folder, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    struct buf bytes;
    bool right = walk != NULL;
    buf_init(&bytes, BYTES_MOST);
    for (FTSENT *at = NULL; right && (at = fts_read(walk));) {
        if (at->fts_info == FTS_F) {
            buf_clear(&bytes);
            right = read_file(at->fts_accpath, &bytes);
            if (right) {
                visit(ctx, text_of(at->fts_path + strlen(folder) + 1), buf_text(&bytes));
            }
        } else {
            right = at->fts_info == FTS_D || at->fts_info == FTS_DP;
        }
    }
    buf_done(&bytes);
    if (walk) {
        (void)fts_close(walk);
    }
    return right;
}

static bool is_meta_of_store(text name)
{
    return text_eq(name, T("versionId")) || text_eq(name, T("lastUpdated"));
}

static bool is_known_to_store(text name)
{
    return text_eq(name, T("id")) || text_eq(name, T("meta"));
}

/* Whether two objects have the same members, but for some. */
static bool same_members(const yyjson_val *a, const yyjson_val *b, bool (*but)(text name))
{
    size_t left = 0;
    const yyjson_val *key = a ? a + 1 : NULL;
    for (size_t i = 0; a && i < json_len(a); i++, key = json_after(key + 1)) {
        if (!but(json_text(key))) {
            left++;
            if (!json_same(key + 1, json_get(b, json_text(key)))) {
                return false;
            }
        }
    }
    key = b + 1;
    for (size_t i = 0; i < json_len(b); i++, key = json_after(key + 1)) {
        left -= !but(json_text(key));
    }
    return left == 0;
}

static const char *compare(const struct resource *r, text printed, struct arena *a)
{
    struct err e;
    yyjson_val *again = NULL;
    struct issues is;
    struct resource back;
    if (json_read(printed, KIT_DEPTH, a, &again, &e)) {
        return "what was printed is not JSON";
    }
    issues_init(&is, a);
    if (resource_check(again, true, a, &is, &back)) {
        return "what was printed is refused";
    }
    if (!same_members(r->root, again, is_known_to_store)) {
        return "a member differs";
    }
    if (!same_members(r->meta, json_get(again, T("meta")), is_meta_of_store)) {
        return "meta differs";
    }
    return back.type == r->type && text_eq(back.id, T("new-id")) ? NULL : "type or id differs";
}

uint64_t kit_least(uint64_t of_all)
{
    enum { PART = 10 }; /* files differ in size, so one in four may have less than a quarter */
    const char *small = getenv("KITH_SMALL");
    return small && strcmp(small, "yes") == 0 ? of_all / PART : of_all;
}

const char *kit_round_trip(const struct resource *r, struct arena *a)
{
    struct buf packed;
    struct buf printed;
    struct err e;
    const struct resource_head head = {r->type, T("new-id"), 3, 1600000000123};
    buf_init(&packed, BYTES_MOST);
    buf_init(&printed, BYTES_MOST);
    resource_pack(r, &packed);
    const char *fault = "it cannot be printed";
    if (!buf_failed(&packed) && resource_print(&head, buf_text(&packed), &printed, &e) == 0) {
        fault = compare(r, buf_text(&printed), a);
    }
    buf_done(&packed);
    buf_done(&printed);
    return fault;
}
