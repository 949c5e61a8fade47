/* Private to demo*.c: originals of letters, as a hospital's system would have made them. */
#ifndef KITH_NODE_DEMO_ORIGINAL_H
#define KITH_NODE_DEMO_ORIGINAL_H

#include "base/buf.h"
#include "base/err.h"

/* One page of A4 (ISO 32000-1, PDF 1.4): a heading, and lines of text, which are broken where they
 * are too long. UTF-8; letters that the standard fonts lack lose their marks. */
int original_pdf(const char *heading, text lines, struct buf *out, struct err *e);

/* A heart tracing on its paper: a picture of 800 by 240 points in four greys (PNG, RFC 2083). */
int original_png(struct buf *out, struct err *e);

#endif
