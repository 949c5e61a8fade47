#include "store/body.h"

#include "base/err.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <zdict.h>
#include <zstd.h>

enum { LEVEL = 3 };

struct dictionary {
    ZSTD_CDict *compress;
    ZSTD_DDict *expand;
};

struct bodies {
    _Atomic(struct dictionary *) dictionaries[DICTIONARY_MAX + 1];
    atomic_uint newest;
};

struct body_tools {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *expand;
};

struct bodies *bodies_new(void)
{
    return calloc(1, sizeof(struct bodies));
}

static void dictionary_free(struct dictionary *d)
{
    if (d) {
        ZSTD_freeCDict(d->compress);
        ZSTD_freeDDict(d->expand);
        free(d);
    }
}

void bodies_free(struct bodies *b)
{
    for (size_t i = 0; b && i <= DICTIONARY_MAX; i++) {
        dictionary_free(atomic_load(&b->dictionaries[i]));
    }
    free(b);
}

int bodies_add(struct bodies *b, uint32_t number, text dictionary)
{
    if (number == 0 || number > DICTIONARY_MAX ||
        ZSTD_getDictID_fromDict(dictionary.p, dictionary.n) != number) {
        return ERR_CORRUPT;
    }
    struct dictionary *d = calloc(1, sizeof *d);
    if (!d) {
        return ERR_MEMORY;
    }
    d->compress = ZSTD_createCDict(dictionary.p, dictionary.n, LEVEL);
    d->expand = ZSTD_createDDict(dictionary.p, dictionary.n);
    if (!d->compress || !d->expand) {
        dictionary_free(d);
        return ERR_MEMORY;
    }
    struct dictionary *none = NULL;
    if (!atomic_compare_exchange_strong(&b->dictionaries[number], &none, d)) {
        dictionary_free(d);
    }
    unsigned newest = atomic_load(&b->newest);
    while (newest < number && !atomic_compare_exchange_weak(&b->newest, &newest, number)) {
    }
    return 0;
}

uint32_t bodies_newest(const struct bodies *b)
{
    return atomic_load(&b->newest);
}

struct body_tools *body_tools_new(void)
{
    return calloc(1, sizeof(struct body_tools));
}

void body_tools_free(struct body_tools *tools)
{
    if (tools) {
        ZSTD_freeCCtx(tools->compress);
        ZSTD_freeDCtx(tools->expand);
        free(tools);
    }
}

/* The context keeps its parameters between uses: they are set once. */
static bool compress_ready(struct body_tools *tools)
{
    if (tools->compress) {
        return true;
    }
    tools->compress = ZSTD_createCCtx();
    return tools->compress &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(tools->compress, ZSTD_c_compressionLevel, LEVEL)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(tools->compress, ZSTD_c_checksumFlag, 1));
}

text body_pack(struct bodies *b, struct body_tools *tools, text packed, struct arena *a)
{
    size_t room = ZSTD_compressBound(packed.n);
    char *to = arena_alloc(a, room);
    if (!to || !compress_ready(tools)) {
        return (text){0};
    }
    struct dictionary *d = atomic_load(&b->dictionaries[atomic_load(&b->newest)]);
    size_t rc = ZSTD_CCtx_refCDict(tools->compress, d ? d->compress : NULL);
    if (!ZSTD_isError(rc)) {
        rc = ZSTD_compress2(tools->compress, to, room, packed.p, packed.n);
    }
    return ZSTD_isError(rc) ? (text){0} : text_make(to, rc);
}

uint32_t body_dictionary(text body)
{
    return ZSTD_getDictID_fromFrame(body.p, body.n);
}

uint64_t body_length(text body)
{
    unsigned long long n = ZSTD_getFrameContentSize(body.p, body.n);
    return n == ZSTD_CONTENTSIZE_ERROR || n == ZSTD_CONTENTSIZE_UNKNOWN ? UINT64_MAX : n;
}

int body_unpack(struct bodies *b, struct body_tools *tools, text body, struct arena *a,
                text *ret_packed)
{
    uint64_t n = body_length(body);
    if (n > SIZE_MAX / 2) {
        return ERR_CORRUPT;
    }
    uint32_t number = body_dictionary(body);
    struct dictionary *d =
        number && number <= DICTIONARY_MAX ? atomic_load(&b->dictionaries[number]) : NULL;
    if (number && !d) {
        return ERR_NOT_FOUND;
    }
    char *to = arena_alloc(a, n);
    if (!tools->expand) {
        tools->expand = ZSTD_createDCtx();
    }
    if (!to || !tools->expand) {
        return ERR_MEMORY;
    }
    size_t rc = d ? ZSTD_decompress_usingDDict(tools->expand, to, n, body.p, body.n, d->expand)
                  : ZSTD_decompressDCtx(tools->expand, to, n, body.p, body.n);
    if (ZSTD_isError(rc) || rc != n) {
        return ERR_CORRUPT;
    }
    *ret_packed = text_make(to, n);
    return 0;
}

int body_train(text samples, const size_t *sizes, size_t count, uint32_t number, struct buf *out)
{
    char *to = buf_reserve(out, DICTIONARY_BYTES);
    char *content = to ? malloc(DICTIONARY_BYTES) : NULL;
    if (!content) {
        return ERR_MEMORY;
    }
    int rc = ERR_INVALID;
    size_t n = ZDICT_trainFromBuffer(content, DICTIONARY_BYTES, samples.p, sizes, (unsigned)count);
    if (!ZDICT_isError(n) && n > 8) {
        /* The trainer chooses a number at random; ours is small, so that a frame names it in one
         * byte. */
        content[4] = (char)number;
        content[5] = (char)(number >> 8);
        content[6] = content[7] = 0;
        memcpy(to, content, n);
        out->n += n;
        rc = 0;
    }
    free(content);
    return rc;
}
