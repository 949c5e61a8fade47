#include "node/parcel_int.h"

#include <openssl/sha.h>
#include <stdio.h>

enum {
    DERIVED = 33, /* 'p' and 32 digits */
    PAGE_COUNT = 500,
    PAGE_BYTES = 8 << 20,
    PAGE_MEMORY = 64 << 20,
    NAMES_MEMORY = 256 << 20,
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to take a record in");
}

text parcel_derived_id(text from, text type, text id, struct arena *a)
{
    uint8_t hash[32];
    char out[DERIVED + 1] = "p";
    text all = arena_printf(a, "%.*s\n%.*s/%.*s", TEXT_ARG(from), TEXT_ARG(type), TEXT_ARG(id));
    (void)SHA256((const unsigned char *)all.p, all.n, hash);
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(out + 1 + 2 * i, 3, "%02x", hash[i]);
    }
    return all.p ? arena_copy(a, text_make(out, DERIVED)) : (text){0};
}

bool parcel_is_derived(text id)
{
    bool is = id.n == DERIVED && id.p[0] == 'p';
    for (size_t i = 1; is && i < id.n; i++) {
        is = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f');
    }
    return is;
}

void parcel_ids_init(struct parcel_ids *ids)
{
    *ids = (struct parcel_ids){0};
    arena_init(&ids->a, NAMES_MEMORY);
    map_init(&ids->own);
}

void parcel_ids_done(struct parcel_ids *ids)
{
    map_done(&ids->own);
    arena_done(&ids->a);
}

static int add(struct parcel_ids *ids, text self, const struct version *v, struct err *e)
{
    bool is_new = false;
    text type = fhir_type_name(v->type);
    text derived = parcel_derived_id(self, type, v->id, &ids->a);
    text *list = arena_grow(&ids->a, ids->list, ids->count, &ids->capacity, sizeof *list);
    text name =
        derived.p ? arena_printf(&ids->a, "%.*s/%.*s", TEXT_ARG(type), TEXT_ARG(derived)) : derived;
    uint64_t *at = name.p && list ? map_put(&ids->own, name, &is_new) : NULL;
    if (!at) {
        return no_memory(e);
    }
    ids->list = list;
    *at = ids->count;
    list[ids->count] = arena_copy(&ids->a, v->id);
    return list[ids->count++].p ? 0 : no_memory(e);
}

/* What is here under an id that came from elsewhere has the same id everywhere. */
static int list_own(struct parcel_ids *ids, struct store *store, const struct record_ask *ask,
                    struct err *e)
{
    struct arena page;
    text from = {0};
    bool more = true;
    int rc = 0;
    arena_init(&page, PAGE_MEMORY);
    while (!rc && more) {
        struct store_view *v;
        struct versions found = {0};
        arena_reset(&page);
        rc = store_view_begin(store, policy_local_administrator(), STORE_ONE_READ, &v, e);
        if (!rc) {
            rc = store_scan(v, ask->patient, PAGE_COUNT, PAGE_BYTES, from, &page, &found, e);
            store_view_end(v);
        }
        for (size_t i = 0; !rc && i < found.count; i++) {
            rc = parcel_is_derived(found.items[i].id) ? 0 : add(ids, ask->self, &found.items[i], e);
        }
        more = found.more;
        from = more ? arena_copy(&ids->a, found.next) : (text){0};
        rc = rc || !more || from.p ? rc : no_memory(e);
    }
    arena_done(&page);
    ids->listed = !rc;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int parcel_ids_back(struct parcel_ids *ids, struct store *store, const struct record_ask *ask,
                    text type, text id, text *ret, struct err *e)
{
    struct buf name;
    int rc = 0;
    *ret = id;
    if (!ask->self.n || !ask->patient.n) {
        return 0;
    }
    rc = ids->listed ? 0 : list_own(ids, store, ask, e);
    buf_init(&name, 4096);
    buf_add(&name, type);
    buf_addc(&name, '/');
    buf_add(&name, id);
    const uint64_t *at = rc || buf_failed(&name) ? NULL : map_get(&ids->own, buf_text(&name));
    *ret = at ? ids->list[*at] : id;
    rc = rc || !buf_failed(&name) ? rc : no_memory(e);
    buf_done(&name);
    return rc;
}
