/*
 * HTML out: the one door by which text comes on a page. Elements and attributes are named by the
 * program, everything else is text and leaves escaped; so nothing that somebody wrote can become an
 * element, an attribute or an address that runs code.
 *
 * Nothing here reports an error: a mistake of the caller (an element that is not closed or may not
 * stand here, an attribute that acts, an address that leads elsewhere) and a full buffer make the
 * buffer failed; look once, with buf_failed(), when all is written.
 */
#ifndef KITH_FORMAT_HTML_H
#define KITH_FORMAT_HTML_H

#include "base/buf.h"

enum { HTML_DEPTH_MOST = 160 };

struct html {
    struct buf *out;
    text open[HTML_DEPTH_MOST]; /* names of the elements that are open */
    size_t depth;
    bool in_tag; /* attributes may follow */
};

/* `out` stays the caller's. */
void html_init(struct html *h, struct buf *out);

/* The document type, and the element html in a language ("en-GB"). */
void html_begin(struct html *h, text language);

/* Begins an element. Its name is one of the program's own: small letters and digits; none that runs
 * code or brings something from elsewhere (script, style, iframe, object ...). An element that has
 * no content (br, input, meta ...) is not to be closed. */
void html_open(struct html *h, const char *name);

/* An attribute of the element that has just begun. None that acts (on..., style, srcdoc). An
 * address (href, src, action) leads to this node ("/...", "#...", "?..."); href also to https:,
 * http:, mailto: and tel:. */
void html_attribute(struct html *h, const char *name, text value);
/* An attribute without a value: required, checked. */
void html_flag(struct html *h, const char *name);

/* Text. What is no UTF-8 becomes U+FFFD, control characters but white space become spaces. */
void html_text(struct html *h, text t);

/* Closes the innermost element. */
void html_close(struct html *h);
/* Closes elements until so many are open. */
void html_close_to(struct html *h, size_t depth);

/* An element with nothing but text in it. */
void html_element(struct html *h, const char *name, text t);

/* Whether an address may stand in an attribute href: see html_attribute(). */
bool html_is_link(text address);

/* Whether all is as it should be: everything is closed, nothing has failed. */
bool html_is_whole(const struct html *h);

#endif
