#include "locality/joined_int.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

/* The further pages of joined records, each for who asked for it, and no longer than it may be
 * shown. What is kept is what would be sent; one list, the oldest last. */

struct kept {
    struct kept *next;
    uint8_t token[16];
    int64_t until_ms;
    size_t bytes;
    text caller, ask, nhs_number; /* these and the pages stand in the memory behind */
    struct joined_pages pages;
};

enum { PERSONS = 4096 }; /* two of one place forget each other's: they are only asked for again */

struct joined_kept {
    pthread_mutex_t lock;
    struct kept *first;
    uint64_t bytes;
    uint32_t forgotten[PERSONS];
};

int joined_kept_new(struct joined_kept **ret, struct err *e)
{
    struct joined_kept *k = calloc(1, sizeof *k);
    if (!k || pthread_mutex_init(&k->lock, NULL)) {
        free(k);
        return err_set(e, ERR_MEMORY, "no memory for joined records");
    }
    *ret = k;
    return 0;
}

static void wipe(struct kept *x)
{
    explicit_bzero((char *)x + sizeof *x, x->bytes - sizeof *x);
    free(x);
}

static void drop(struct joined_kept *k, struct kept **at)
{
    struct kept *x = *at;
    *at = x->next;
    k->bytes -= x->bytes;
    wipe(x);
}

void joined_kept_free(struct joined_kept *k)
{
    if (!k) {
        return;
    }
    while (k->first) {
        drop(k, &k->first);
    }
    pthread_mutex_destroy(&k->lock);
    free(k);
}

/* --- what is forgotten --------------------------------------------------------------------------
 */

static void drop_ended(struct joined_kept *k, int64_t now_ms)
{
    for (struct kept **at = &k->first; *at;) {
        if ((*at)->until_ms <= now_ms) {
            drop(k, at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* All but the `most` newest of one caller. */
static void drop_callers(struct joined_kept *k, text caller, size_t most)
{
    size_t seen = 0;
    for (struct kept **at = &k->first; *at;) {
        if (text_eq((*at)->caller, caller) && ++seen > most) {
            drop(k, at);
        } else {
            at = &(*at)->next;
        }
    }
}

static void drop_oldest(struct joined_kept *k, uint64_t most_bytes)
{
    while (k->first && k->bytes > most_bytes) {
        struct kept **at = &k->first;
        while ((*at)->next) {
            at = &(*at)->next;
        }
        drop(k, at);
    }
}

static size_t place_of(text nhs_number)
{
    return hash_text((struct hash_key){1, 2}, nhs_number) % PERSONS;
}

uint32_t joined_kept_forgotten(struct joined_kept *k, text nhs_number)
{
    pthread_mutex_lock(&k->lock);
    uint32_t count = k->forgotten[place_of(nhs_number)];
    pthread_mutex_unlock(&k->lock);
    return count;
}

void joined_kept_forget(struct joined_kept *k, text nhs_number)
{
    pthread_mutex_lock(&k->lock);
    k->forgotten[place_of(nhs_number)]++;
    for (struct kept **at = &k->first; *at;) {
        if (text_eq((*at)->nhs_number, nhs_number)) {
            drop(k, at);
        } else {
            at = &(*at)->next;
        }
    }
    pthread_mutex_unlock(&k->lock);
}

/* --- what is kept -------------------------------------------------------------------------------
 */

static text put(char **to, text t)
{
    char *p = *to;
    if (t.n) {
        memcpy(p, t.p, t.n);
    }
    *to += t.n;
    return text_make(p, t.n);
}

/* NULL: no memory, or too large. */
static struct kept *copy(const struct joined_keeping *what, const struct joined_pages *pages)
{
    size_t n = sizeof(struct kept) + pages->count * sizeof *pages->ends;
    const text texts[] = {what->caller,   what->ask,        what->nhs_number,
                          pages->outcome, pages->signature, pages->printed};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (__builtin_add_overflow(n, texts[i].n, &n)) {
            return NULL;
        }
    }
    struct kept *x = n <= what->most_bytes ? malloc(n) : NULL;
    if (!x) {
        return NULL;
    }
    char *to = (char *)(x + 1);
    *x = (struct kept){.until_ms = what->until_ms, .bytes = n, .pages = *pages};
    memcpy(x->token, what->token, sizeof x->token);
    x->pages.ends = (size_t *)(void *)to;
    if (pages->count) {
        memcpy(to, pages->ends, pages->count * sizeof *pages->ends);
    }
    to += pages->count * sizeof *pages->ends;
    x->caller = put(&to, what->caller);
    x->ask = put(&to, what->ask);
    x->nhs_number = put(&to, what->nhs_number);
    x->pages.outcome = put(&to, pages->outcome);
    x->pages.signature = put(&to, pages->signature);
    x->pages.printed = put(&to, pages->printed);
    return x;
}

void joined_keep(struct joined_kept *k, const struct joined_keeping *what,
                 const struct joined_pages *pages, bool *ret_kept)
{
    struct kept *x = copy(what, pages);
    *ret_kept = x != NULL;
    if (!x) {
        return;
    }
    pthread_mutex_lock(&k->lock);
    drop_ended(k, what->now_ms);
    *ret_kept = k->forgotten[place_of(what->nhs_number)] == what->forgotten;
    if (*ret_kept) {
        drop_callers(k, what->caller, JOINED_KEPT_CALLER - 1);
        drop_oldest(k, what->most_bytes - x->bytes);
        x->next = k->first;
        k->first = x;
        k->bytes += x->bytes;
    }
    pthread_mutex_unlock(&k->lock);
    if (!*ret_kept) {
        wipe(x);
    }
}

/* --- what is given out again --------------------------------------------------------------------
 */

/* One page of it: what is outside of [from, from + most) is left out, so that the copy is small. */
static int copy_page(const struct joined_pages *of, size_t from, size_t most, struct arena *a,
                     struct joined_pages *ret)
{
    size_t to = most < of->count && from < of->count - most ? from + most : of->count;
    size_t begin = from ? of->ends[from - 1] + 1 : 0;
    *ret = *of;
    ret->begin = begin;
    ret->ends = arena_zalloc(a, of->count + 1, sizeof *ret->ends);
    ret->outcome = arena_copy(a, of->outcome);
    ret->signature = arena_copy(a, of->signature);
    ret->printed = arena_copy(a, text_make(of->printed.p + begin, of->ends[to - 1] - begin));
    if (!ret->ends || !ret->outcome.p || !ret->signature.p || !ret->printed.p) {
        return ERR_MEMORY;
    }
    memcpy(ret->ends, of->ends, of->count * sizeof *ret->ends);
    return 0;
}

int joined_again(struct joined_kept *k, const struct joined_keeping *what, size_t from, size_t most,
                 struct arena *a, struct joined_pages *ret, struct err *e)
{
    int rc = ERR_NOT_FOUND;
    pthread_mutex_lock(&k->lock);
    drop_ended(k, what->now_ms);
    for (const struct kept *x = k->first; x; x = x->next) {
        if (memcmp(x->token, what->token, sizeof x->token) == 0 &&
            text_eq(x->caller, what->caller) && text_eq(x->ask, what->ask) &&
            text_eq(x->nhs_number, what->nhs_number) && from < x->pages.count) {
            rc = copy_page(&x->pages, from, most, a, ret);
            break;
        }
    }
    pthread_mutex_unlock(&k->lock);
    if (rc == ERR_MEMORY) {
        return err_set(e, rc, "the page needs more memory than a request may have");
    }
    return rc ? err_set(e, rc,
                        "this page of the joined record is not kept any more (5 minutes at most, "
                        "and only for who asked); ask again without _page")
              : 0;
}
