/* Inside cli/: a resource in a file. */
#ifndef KITH_CLI_RESOURCE_H
#define KITH_CLI_RESOURCE_H

#include "base/buf.h"
#include "format/json.h"

#define CLI_RESOURCE_MAX ((size_t)1 << 30)

/* All bytes of a file; "-" is standard input. ERR_IO, ERR_TOO_LARGE past CLI_RESOURCE_MAX. */
int cli_read_whole(const char *name, struct buf *out, struct err *e);

/* JSON as it is; what starts with < as the JSON of the same resource. */
int cli_parse_resource(text bytes, struct arena *a, yyjson_val **ret_root, struct err *e);

#endif
