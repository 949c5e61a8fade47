/* Inside shelf*.c: the form of a file in terminology/: a page of lines of text (filled up with
 * NUL), then the image. */
#ifndef KITH_STORE_SHELF_INT_H
#define KITH_STORE_SHELF_INT_H

#include "store/shelf.h"

#define SHELF_FOLDER "terminology"
#define SHELF_SUFFIX ".codes"
#define SHELF_ASIDE ".new-" /* and the process, and a number: a file that is being written */
#define SHELF_MAGIC "kith code system 1"

enum {
    SHELF_PAGE = 4096, /* the image begins behind it: at a page, so that it is aligned in memory */
    SHELF_LINES = 7,   /* magic, system, version, name, concepts, bytes of the image, added (ms) */
    SHELF_FILE_SIZE = 128
};

/* Newer is more: numbers by number, dates by date. */
int shelf_version_compare(text a, text b);

#endif
