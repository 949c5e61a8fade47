/*
 * A slice of bytes that somebody else owns. Nothing here relies on a terminating NUL.
 *
 * A `text` borrows: it is valid for as long as what it points into (a request's arena, a constant).
 * p may be NULL only when n is 0. Compare with text_eq(), never with strcmp().
 */
#ifndef KITH_BASE_TEXT_H
#define KITH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *p;
    size_t n;
} text;

/* A slice of a string literal. */
#define T(literal) ((text){("" literal), sizeof(literal) - 1})

/* For printf: "%.*s", TEXT_ARG(t). Cuts at INT_MAX bytes. */
#define TEXT_ARG(t) (int)((t).n > 0x7fffffff ? 0x7fffffff : (t).n), (t).p ? (t).p : ""

static inline text text_make(const char *p, size_t n)
{
    return (text){p, n};
}

static inline text text_of(const char *nul_terminated)
{
    return (text){nul_terminated, nul_terminated ? strlen(nul_terminated) : 0};
}

static inline bool text_eq(text a, text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case-insensitive: for HTTP header names and the like, not for people's names. */
bool text_eq_nocase(text a, text b);

/* Byte order, a shorter text before a longer one that starts with it. */
int text_cmp(text a, text b);

static inline bool text_starts(text t, text prefix)
{
    return t.n >= prefix.n && (prefix.n == 0 || memcmp(t.p, prefix.p, prefix.n) == 0);
}

static inline bool text_ends(text t, text suffix)
{
    return t.n >= suffix.n &&
           (suffix.n == 0 || memcmp(t.p + (t.n - suffix.n), suffix.p, suffix.n) == 0);
}

/* From byte `from` to the end; empty when from is past the end. */
static inline text text_from(text t, size_t from)
{
    return from >= t.n ? (text){t.p ? t.p + t.n : NULL, 0} : (text){t.p + from, t.n - from};
}

/* The first n bytes, or all. */
static inline text text_first(text t, size_t n)
{
    return (text){t.p, n < t.n ? n : t.n};
}

/* At most the first n bytes, but whole characters (UTF-8): of what somebody wrote, for an error. */
static inline text text_short(text t, size_t n)
{
    while (n < t.n && n && ((unsigned char)t.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return text_first(t, n);
}

/* The position of the first c, or t.n when there is none. */
static inline size_t text_find(text t, char c)
{
    const char *at = t.n ? memchr(t.p, c, t.n) : NULL;
    return at ? (size_t)(at - t.p) : t.n;
}

/* Without ASCII space, tab, CR and LF at both ends. */
text text_trim(text t);

/*
 * Splits at the first `separator`: *ret_head is what stands before it, *rest what stands after it.
 * Without a separator the head is everything and rest becomes empty with p == NULL. False when
 * rest->p is NULL on entry, so that  while (text_cut(&rest, ',', &item))  visits every item, empty
 * ones too.
 */
bool text_cut(text *rest, char separator, text *ret_head);

/* Whether `word` is one of `words`, which one space each stands between; the empty word never is.
 */
bool text_is_among(text word, const char *words);

/* A decimal number of ASCII digits only, no sign, no space. False on anything else or overflow. */
bool text_to_u64(text t, uint64_t *ret);

/* Bytes as hexadecimal digits, small letters: 2n of them and a zero. */
void text_hex(const void *bytes, size_t n, char *ret);

#endif
