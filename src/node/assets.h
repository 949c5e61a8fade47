/*
 * The files of the page, held in the program itself: made of web/dist by embed.py when it is built.
 */
#ifndef KITH_NODE_ASSETS_H
#define KITH_NODE_ASSETS_H

#include "base/text.h"

struct asset {
    text path;          /* "/", "/sw.js" or "/assets/<name>" */
    text content_type;  /* ends in a NUL too */
    text etag;          /* weak, so the same for both forms; with its quotes */
    text cache_control; /* a file with a hash in its name never changes; the page does */
    text bytes;
    text gzip; /* the same compressed; n is 0 where that saves nothing */
};

/* NULL: there is no such file. `path` is as requested, without query. */
const struct asset *asset_find(text path);

/* Made by embed.py: in the order of text_cmp() on path. */
extern const struct asset assets_all[];
extern const size_t assets_count;

#endif
