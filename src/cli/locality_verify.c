/* `kith locality verify`: whether a joined record in a file is what a member signed. */
#include "cli/locality.h"

#include "base/clock.h"
#include "cli/resource.h"
#include "format/json.h"
#include "locality/joined.h"

#include <stdio.h>

enum { BUNDLE_DEPTH = 64, BUNDLE_MOST = 96 << 20 };

static void show_json(const struct joined_verdict *v, const char *made, const char *ends)
{
    printf("{\"signed\":true,\"member\":\"%.*s\",\"made\":\"%s\",\"ends\":\"%s\",\"whole\":%s}\n",
           TEXT_ARG(v->issuer->ods), made, ends, v->whole ? "true" : "false");
}

static void show(const struct locality_tool *t, const struct joined_verdict *v, int64_t now_ms)
{
    char made[CLOCK_INSTANT_SIZE], ends[CLOCK_INSTANT_SIZE];
    clock_instant(v->made_ms, made);
    clock_instant(v->ends_ms, ends);
    if (t->args->json) {
        show_json(v, made, ends);
        return;
    }
    printf("signed by %.*s (%.*s), %s: %s\n", TEXT_ARG(v->issuer->ods), TEXT_ARG(v->issuer->name),
           made, v->whole ? "the whole record" : "a part of the record, as it says");
    printf("the right to show it %s %s\n", v->ends_ms > now_ms ? "ends" : "has ended", ends);
}

static void show_wrong(const struct locality_tool *t, const char *words)
{
    struct buf out;
    buf_init(&out, 4096);
    json_write_string(text_of(words), &out);
    if (t->args->json) {
        printf("{\"signed\":false,\"words\":%.*s}\n", TEXT_ARG(buf_text(&out)));
    } else {
        printf("%s\n", words);
    }
    buf_done(&out);
}

/* What is not what was signed is for the privacy officers, too. */
static int verify(struct locality_tool *t, const struct directory *d, text file, struct err *e)
{
    struct joined_verdict verdict;
    struct buf bytes;
    struct err why = {0};
    yyjson_val *root = NULL;
    int64_t now = t->face->now_ms(t->face->context);
    buf_init(&bytes, BUNDLE_MOST);
    int rc = cli_read_whole(file.p, &bytes, e);
    rc = rc ? rc : json_read(buf_text(&bytes), BUNDLE_DEPTH, &t->a, &root, e);
    if (!rc && joined_verify(root, d, now, &t->a, &verdict, &why)) {
        show_wrong(t, err_text(&why));
        t->status = EXIT_FINDINGS;
        rc = t->face->alarm(t->face->context, "manifest", T(""), text_of(err_text(&why)), e);
    } else if (!rc) {
        show(t, &verdict, now);
    }
    buf_done(&bytes);
    return rc;
}

int locality_verify(struct locality_tool *t, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    text file;
    int rc = tool_word(t, 0, "the file with the joined record", &file, e);
    const struct directory *d = rc ? NULL : trust_directory(t->trust, &ref, &why);
    if (rc || !d) {
        return rc ? rc : err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    rc = verify(t, d, file, e);
    trust_done(ref);
    return rc;
}
