#include "node/assets.h"

#include <stdlib.h>

static int compare(const void *key, const void *element)
{
    const text *path = key;
    const struct asset *asset = element;
    return text_cmp(*path, asset->path);
}

const struct asset *asset_find(text path)
{
    return bsearch(&path, assets_all, assets_count, sizeof assets_all[0], compare);
}
