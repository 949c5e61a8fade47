/*
 * Texts of others: notes, checkpoints, keys, proofs, paths of tiles, lines of the log. Whatever is
 * read is printed back as it was; nothing that was not signed is taken.
 */
#include "audit/event.h"
#include "audit/note.h"
#include "audit/verify.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static void try_proof(text t, struct arena *a, const struct note_key *key)
{
    struct proof p;
    struct audit_proved proved;
    struct buf out;
    struct err e = {0};
    buf_init(&out, (size_t)1 << 20);
    if (proof_read(t, a, &p, &e) == 0) {
        proof_print(&p, &out);
        CHECK(text_eq(buf_text(&out), t));
    } else {
        CHECK(e.detail[0]);
    }
    buf_done(&out);
    /* Nobody has the key that made this one. */
    CHECK(audit_check_proof(t, key, a, &proved, &e) != 0);
}

static void try_checkpoint(text t)
{
    struct checkpoint c;
    struct buf out;
    struct err e = {0};
    buf_init(&out, (size_t)1 << 20);
    if (checkpoint_read(t, &c, &e) == 0) {
        checkpoint_print(&c, &out);
        CHECK(text_eq(buf_text(&out), t));
    }
    buf_done(&out);
}

static void try_line(text t, struct arena *a)
{
    struct audit_event event, again;
    struct buf first, second;
    struct err e = {0};
    buf_init(&first, (size_t)1 << 20);
    buf_init(&second, (size_t)1 << 20);
    if (event_parse(t, a, &event, &e) == 0 && event_print(&event, &first, &e) == 0) {
        CHECK(event_parse(buf_text(&first), a, &again, &e) == 0);
        CHECK(event_print(&again, &second, &e) == 0);
        CHECK(text_eq(buf_text(&first), buf_text(&second)));
        CHECK(event_print_fhir(&event, T("x"), 1, 1, &second, &e) == 0);
    }
    buf_done(&first);
    buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    text t = {(const char *)data, n}, body;
    struct arena a;
    struct err e = {0};
    struct note_key key, other;
    struct tlog_place place;
    char path[TLOG_PATH_MAX];
    arena_init(&a, (size_t)1 << 22);
    CHECK(note_key_read(text_of(vkey), &key, &e) == 0);
    try_proof(t, &a, &key);
    try_checkpoint(t);
    try_line(t, &a);
    (void)note_verify(t, &key, &body, &e);
    (void)note_key_read(t, &other, &e);
    if (tlog_path_read(t, &place)) {
        CHECK(text_eq(text_make(path, tlog_path(&place, path)), t));
    }
    arena_done(&a);
    return 0;
}
