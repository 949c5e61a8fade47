/*
 * Displays: what people read beside codes, kept once for each code that it has stood beside. A
 * display that is no longer in use stays: whoever finds something by it looks at the resource.
 */
#include "store/writer.h"

static void hash_shown(const struct store *s, struct shown *shown)
{
    struct hash_key key = s->hasher.key;
    uint64_t hash = 0;
    uint64_t check = 0;
    text parts[] = {shown->words, shown->code, shown->system};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        key.k0 ^= hash;
        key.k1 ^= check;
        hash = hash_text(key, parts[i]);
        key.k0 ^= 0x9e3779b97f4a7c15U;
        check = hash_text(key, parts[i]);
    }
    shown->hash = hash;
    shown->check = check;
}

int shown_make(const struct store *s, const struct index *index, struct arena *a,
               struct shown **ret_shown, size_t *ret_count)
{
    struct shown *shown = arena_zalloc(a, index->display_count + 1, sizeof *shown);
    if (!shown) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < index->display_count; i++) {
        const struct index_display *from = &index->displays[i];
        shown[i].words = from->words;
        shown[i].code = from->code;
        if (from->system.n) {
            shown[i].system = term_bytes('s', from->system, a);
            if (!shown[i].system.p) {
                return ERR_MEMORY;
            }
        }
        hash_shown(s, &shown[i]);
    }
    *ret_shown = shown;
    *ret_count = index->display_count;
    return 0;
}

int writer_show(struct writer *w, const struct shown *shown, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct shown_cache_slot *slot = &w->shown[shown[i].check & (SHOWN_CACHE_SIZE - 1)];
        if (slot->hash == shown[i].hash && slot->check == shown[i].check) {
            continue;
        }
        uint64_t system = 0;
        int rc = shown[i].system.n ? writer_term(w, shown[i].system, &system) : 0;
        text token = rc ? (text){0} : token_value(shown[i].code, system, &w->arena);
        if (!rc && !token.p) {
            rc = err_set(&w->err, ERR_MEMORY, "the node has no memory for this write");
        }
        rc = rc ? rc : writer_engine(w, db_display_insert(w->db, shown[i].words, token));
        if (rc) {
            return rc;
        }
        *slot = (struct shown_cache_slot){shown[i].hash, shown[i].check};
    }
    return 0;
}
