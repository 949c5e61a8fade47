/* store_check(): displays and words. */
#include "store/checker.h"

#include <stdlib.h>

/* Of a longer word SQLite's full text (FTS5) keeps the beginning. */
enum { WORD_MOST = 32768 };

/* Whether some displays of this resource may still be to come. */
static bool may_lack(const struct checker *c, uint64_t rid)
{
    for (size_t i = 0; i < c->params.count; i++) {
        uint16_t number = c->params.rows[i].number;
        if (number >> 8 == rid_type(rid) && check_may_lack(c, number, rid)) {
            return true;
        }
    }
    return false;
}

/* Most displays stand in many resources: those seen lately are not looked up again. */
int check_displays(struct checker *c, const struct db_resource *row, const struct derived *d)
{
    struct shown *shown = NULL;
    size_t count = 0;
    int rc = shown_make(c->s, &d->index, &c->arena, &shown, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct shown_cache_slot *slot = &c->shown[shown[i].check & (SHOWN_CACHE_SIZE - 1)];
        if (slot->hash == shown[i].hash && slot->check == shown[i].check) {
            continue;
        }
        uint64_t system = 0;
        rc = shown[i].system.n ? terms_number(c->s, c->db, shown[i].system, &system) : 0;
        text token = rc ? (text){0} : token_value(shown[i].code, system, &c->arena);
        if (!rc && !token.p) {
            return ERR_MEMORY;
        }
        rc = rc ? rc : db_display_has(c->db, shown[i].words, token);
        if (rc == DB_END && may_lack(c, row->rid)) {
            rc = 0;
        } else if (rc == DB_END) {
            check_report(c, "I15", "%.*s: the display \"%.*s\" is not kept",
                         TEXT_ARG(check_label(c, rid_type(row->rid), row->id)),
                         TEXT_ARG(shown[i].words));
            rc = 0;
        } else if (!rc) {
            *slot = (struct shown_cache_slot){shown[i].hash, shown[i].check};
        }
    }
    return rc;
}

/* --- words --------------------------------------------------------------------------------- */

static uint64_t word_hash(const struct checker *c, text word, bool narrative)
{
    struct hash_key key = c->s->hasher.key;
    key.k1 ^= narrative ? 0x9e3779b97f4a7c15U : 0;
    return hash_text(key, word);
}

static int compare_hashes(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* Each word counts once, however often it stands there. */
static int add_words(struct checker *c, text words, bool narrative, struct check_version *version)
{
    uint64_t *hashes = arena_alloc(&c->arena, (words.n / 2 + 1) * sizeof *hashes);
    size_t count = 0;
    if (!words.p || !hashes) {
        return ERR_MEMORY;
    }
    for (size_t start = 0; start < words.n;) {
        const char *space = memchr(words.p + start, ' ', words.n - start);
        size_t end = space ? (size_t)(space - words.p) : words.n;
        if (end > start) {
            text word = text_first(text_make(words.p + start, end - start), WORD_MOST);
            hashes[count++] = word_hash(c, word, narrative);
        }
        start = end + 1;
    }
    if (count) {
        qsort(hashes, count, sizeof *hashes, compare_hashes);
    }
    for (size_t i = 0; i < count; i++) {
        version->words += i == 0 || hashes[i] != hashes[i - 1] ? hashes[i] : 0;
    }
    return 0;
}

int check_words(struct checker *c, const struct derived *d, struct check_version *version)
{
    if (version->t > c->words_until) {
        return 0;
    }
    int rc = add_words(c, index_words(&d->resource, false, &c->arena), false, version);
    return rc ? rc : add_words(c, index_words(&d->resource, true, &c->arena), true, version);
}

static struct check_version *version_at(struct checker *c, uint64_t t)
{
    size_t low = 0;
    size_t high = c->version_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->versions[middle].t < t) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < c->version_count && c->versions[low].t == t ? &c->versions[low] : NULL;
}

static int take_words(struct checker *c, bool narrative)
{
    struct db_cursor *cursor = NULL;
    uint64_t t = 0;
    text word;
    int rc = db_words_each(c->db, narrative, &cursor);
    while (!rc && !(rc = db_words_each_next(cursor, &word, &t))) {
        struct check_version *version = t <= c->words_until ? version_at(c, t) : NULL;
        if (version) {
            version->words -= word_hash(c, word, narrative);
        }
    }
    db_cursor_close(cursor);
    return rc == DB_END ? 0 : rc;
}

int check_all_words(struct checker *c)
{
    int rc = take_words(c, false);
    rc = rc ? rc : take_words(c, true);
    for (size_t i = 0; i < c->version_count && !rc; i++) {
        const struct check_version *version = &c->versions[i];
        if (version->words != 0 && version->t <= c->words_until) {
            check_report(c, "I16", "key %llu: its words are not those that the full text has",
                         (unsigned long long)version->rid);
        }
    }
    return rc;
}
