#include "cli/parcel.h"

#include "base/clock.h"
#include "base/random.h"
#include "format/json.h"
#include "node/backup.h"
#include "node/locality_world.h"
#include "node/parcel_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A patient's whole record in one file: made, verified; opened in parcel_open.c. */

enum {
    PATH_ROOM = 4096,
    MEMORY = 512 << 20,
    COPY = 1 << 20,
    PATIENT_DEPTH = 100,
    SEAL_LOOK_MS = 200,
    SEAL_LOOKS = 15
};

static const struct cli_option options[] = {
    {"--key", "KEY",
     "verify, open: the key of whoever made it, as 'kith locality list' there shows it", false},
    {"--organisation", "ODS", "open: code for the new node; MYRECORD if not given", false},
    {"--base", "URL", "open: where the new node will be reached", false},
    {0},
};

/* --- making ----------------------------------------------------------------------------------- */

struct making {
    const char *dir, *path;
    char pieces_path[PATH_ROOM], part_path[PATH_ROOM];
    FILE *pieces;
    struct arena a;
    struct limits limits;
    struct store *store;
    struct audit *audit;
    struct locality_world *world;
    struct trust *trust;
    const struct note_signer *signer;
    struct parcel_manifest m;
    struct parcel_cutter cutter;
    bool in_log;
    uint64_t sealed; /* leaves below the checkpoint */
    uint64_t logged; /* leaves that there were when it began */
};

static int cannot_write(const char *path, struct err *e)
{
    return err_set(e, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s cannot be written: %s", path,
                   strerror(errno));
}

static int open_log(struct making *x, struct err *e)
{
    char path[PATH_ROOM];
    text note, body, lines;
    struct checkpoint c;
    struct buf key;
    struct audit_config config = {.dir = path};
    if (snprintf(path, sizeof path, "%s/audit", x->dir) >= (int)sizeof path) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    struct err none = {0};
    int rc = access(path, F_OK) ? ERR_NOT_FOUND : audit_open(&config, &x->audit, e);
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc; /* a node that has never served has no log */
    }
    rc = audit_checkpoint(x->audit, false, &x->a, &note, &none);
    if (rc) {
        audit_close(x->audit);
        x->audit = NULL;
        return rc == ERR_NOT_FOUND ? 0 : err_set(e, rc, "%s", err_text(&none));
    }
    rc = note_split(note, &body, &lines) ? checkpoint_read(body, &c, e)
                                         : err_set(e, ERR_CORRUPT, "the log has no checkpoint");
    x->sealed = rc ? 0 : c.size;
    x->logged = rc ? 0 : audit_size(x->audit);
    buf_init(&key, 1000);
    buf_add(&key, audit_verifier_key(x->audit));
    x->m.log = arena_copy(&x->a, buf_text(&key));
    buf_done(&key);
    return rc;
}

/* The node seals what it has logged within a second: what somebody did just now belongs to the
 * record, too. Where nobody serves, the rest waits for a start. */
static int open_sealed_log(struct making *x, struct err *e)
{
    const struct timespec pause = {.tv_nsec = SEAL_LOOK_MS * 1000000L};
    int rc = open_log(x, e);
    uint64_t wanted = x->logged;
    for (int i = 0; !rc && x->audit && x->sealed < wanted && i < SEAL_LOOKS; i++) {
        audit_close(x->audit);
        x->audit = NULL;
        (void)nanosleep(&pause, NULL);
        rc = open_log(x, e);
    }
    x->logged = wanted;
    return rc;
}

static int open_parts(struct making *x, struct err *e)
{
    struct store_config config = {.dir = x->dir, .mode = STORE_LOOK, .limits = &x->limits};
    struct locality_world_config world = {.dir = x->dir};
    int rc = store_open(&config, &x->store, e);
    rc = rc ? rc : locality_world_open(&world, &x->world, e);
    rc = rc ? rc : trust_open(locality_world_face(x->world), &x->trust, e);
    if (rc) {
        return rc;
    }
    rc = trust_self(x->trust, &x->signer, &x->m.from, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(
            e, rc,
            "a parcel is signed with the key of this node as a member of a locality, and "
            "it has none yet; 'kith locality create' makes one");
    }
    return rc ? rc : open_sealed_log(x, e);
}

static int read_person(struct making *x, text patient, struct err *e)
{
    struct store_view *view;
    struct version v;
    struct buf json;
    yyjson_val *root = NULL;
    struct err none = {0};
    int rc = store_view_begin(x->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, fhir_type_of(T("Patient")), patient, &x->a, &v, e);
    store_view_end(view);
    if (rc || v.deleted) {
        return err_set(e, ERR_NOT_FOUND, "there is no Patient/%.*s in %s", TEXT_ARG(patient),
                       x->dir);
    }
    struct resource_head head = {v.type, v.id, v.vid, version_instant(&v)};
    buf_init(&json, MEMORY);
    rc = resource_print(&head, v.packed, &json, e);
    rc = rc ? rc : json_read(buf_text(&json), PATIENT_DEPTH, &x->a, &root, e);
    if (!rc) {
        (void)person_of(root, &x->m.subject, &none); /* who has no number has a record, too */
    }
    buf_done(&json);
    return rc;
}

static int put_piece(void *context, size_t i, text bytes, struct err *e)
{
    struct making *x = context;
    (void)i;
    return fwrite(bytes.p, 1, bytes.n, x->pieces) == bytes.n ? 0 : cannot_write(x->pieces_path, e);
}

static int put_line(void *context, enum record_line kind, text json, struct err *e)
{
    struct making *x = context;
    bool apart = kind == RECORD_LOG && !x->in_log;
    x->in_log = kind == RECORD_LOG;
    x->m.log_entries += kind == RECORD_LOG;
    x->m.versions += kind == RECORD_VERSION;
    x->m.resources += kind == RECORD_VERSION &&
                      memmem(json.p, json.n < 300 ? json.n : 300, ",\"step\":1,", 10) != NULL;
    return parcel_cut_line(&x->cutter, json, apart, e);
}

/* What is packed goes to a file beside; its place is behind the manifest, which is made last. */
static int write_pieces(struct making *x, text patient, struct err *e)
{
    const struct parcel_source from = {.store = x->store,
                                       .audit = x->audit,
                                       .limits = &x->limits,
                                       .before = x->sealed,
                                       .now_ms = clock_real_ms()};
    const struct record_lines lines = {x, put_line};
    x->pieces = fopen(x->pieces_path, "w+e");
    if (!x->pieces) {
        return cannot_write(x->pieces_path, e);
    }
    x->cutter = (struct parcel_cutter){.m = &x->m, .a = &x->a, .piece = put_piece, .context = x};
    buf_init(&x->cutter.bytes, PARCEL_PIECE_MAX);
    int rc = parcel_pack(&from, patient, &lines, e);
    rc = rc ? rc : parcel_cut_end(&x->cutter, e);
    buf_done(&x->cutter.bytes);
    return rc || fflush(x->pieces) == 0 ? rc : cannot_write(x->pieces_path, e);
}

static int copy_pieces(struct making *x, FILE *out, struct err *e)
{
    char *room = malloc(COPY);
    size_t n = 1;
    int rc = room ? 0 : err_set(e, ERR_MEMORY, "no memory to copy a parcel");
    rewind(x->pieces);
    while (!rc && n) {
        n = fread(room, 1, COPY, x->pieces);
        rc = fwrite(room, 1, n, out) == n ? 0 : cannot_write(x->part_path, e);
    }
    free(room);
    return rc;
}

static int write_file(struct making *x, struct err *e)
{
    struct buf note, head;
    FILE *out = fopen(x->part_path, "we");
    if (!out) {
        return cannot_write(x->part_path, e);
    }
    buf_init(&note, PARCEL_MANIFEST_MAX);
    buf_init(&head, PARCEL_FILE_HEAD_MAX);
    int rc = parcel_manifest_print(&x->m, x->signer, &note, e);
    parcel_file_head(buf_text(&note), &head);
    if (!rc &&
        (fwrite(head.p, 1, head.n, out) != head.n || fwrite(note.p, 1, note.n, out) != note.n)) {
        rc = cannot_write(x->part_path, e);
    }
    rc = rc ? rc : copy_pieces(x, out, e);
    rc = rc || (fflush(out) == 0 && fsync(fileno(out)) == 0) ? rc : cannot_write(x->part_path, e);
    (void)fclose(out);
    buf_done(&note);
    buf_done(&head);
    return rc || rename(x->part_path, x->path) == 0 ? rc : cannot_write(x->path, e);
}

static int make(struct making *x, text patient, struct err *e)
{
    char id[UUID_SIZE];
    struct buf out;
    text why =
        arena_printf(&x->a, "the whole record of Patient/%.*s for the patient", TEXT_ARG(patient));
    int rc = open_parts(x, e);
    rc = rc ? rc : read_person(x, patient, e);
    /* The log says so before anything is in the file. */
    rc = rc ? rc : node_note_now(x->dir, EVENT_EXPORT, T("kith parcel"), why, e);
    if (rc) {
        return rc;
    }
    random_uuid(id);
    buf_init(&out, 1000);
    note_key_print(note_signer_key(x->signer), &out);
    x->m.id = arena_copy(&x->a, text_of(id));
    x->m.key = arena_copy(&x->a, buf_text(&out));
    x->m.patient = patient;
    x->m.made_ms = clock_real_ms();
    buf_done(&out);
    rc = x->m.key.p ? write_pieces(x, patient, e) : err_set(e, ERR_MEMORY, "no memory");
    return rc ? rc : write_file(x, e);
}

static int run_make(const struct cli_args *args)
{
    struct err e = {0};
    struct making x = {.dir = args->positionals[0], .path = args->positionals[2]};
    text patient = text_of(args->positionals[1]);
    if (text_starts(patient, T("Patient/"))) {
        patient = text_from(patient, 8);
    }
    if (snprintf(x.part_path, PATH_ROOM, "%s.part", x.path) >= PATH_ROOM ||
        snprintf(x.pieces_path, PATH_ROOM, "%s.pieces", x.path) >= PATH_ROOM) {
        return cli_usage_error("parcel", "the name of the file is too long");
    }
    if (access(x.path, F_OK) == 0) {
        return cli_usage_error("parcel", "%s exists already; give another name", x.path);
    }
    (void)umask(077);
    x.limits = limits_default();
    arena_init(&x.a, MEMORY);
    int rc = make(&x, patient, &e);
    if (x.pieces) {
        (void)fclose(x.pieces);
        (void)unlink(x.pieces_path);
    }
    if (!rc) {
        printf(args->json ? "{\"resources\":%" PRIu64 ",\"versions\":%" PRIu64 ",\"log\":%" PRIu64
                            ",\"bytes\":%" PRIu64 "}\n"
                          : "%" PRIu64 " resources in %" PRIu64 " versions, %" PRIu64
                            " entries of the access log, %" PRIu64 " bytes.\n",
               x.m.resources, x.m.versions, x.m.log_entries, x.m.bytes);
        if (!args->json) {
            if (x.sealed < x.logged) {
                printf("The newest %" PRIu64
                       " entries of the access log have no proof yet, and are "
                       "not in it: start the node, and pack it again.\n",
                       x.logged - x.sealed);
            }
            printf("Whoever has %s can look at it: 'kith parcel verify %s'; 'kith parcel open %s "
                   "DIR' makes a node of it.\n",
                   x.path, x.path, x.path);
        }
    }
    audit_close(x.audit);
    trust_close(x.trust);
    locality_world_close(x.world);
    store_close(x.store);
    arena_done(&x.a);
    return rc ? cli_fail("parcel", &e) : EXIT_DONE;
}

/* --- verifying -------------------------------------------------------------------------------- */

static int nothing(void *context, text piece, struct err *e)
{
    (void)context;
    (void)piece;
    (void)e;
    return 0;
}

static int run_verify(const struct cli_args *args)
{
    struct err e = {0};
    struct parcel_file f;
    const char *key = cli_option(args, "--key");
    int rc = parcel_file_open(args->positionals[1], key, &f, &e);
    rc = rc ? rc : parcel_file_each(&f, nothing, NULL, &e);
    if (!rc && args->json) {
        printf("{\"whole\":true,\"resources\":%" PRIu64 ",\"versions\":%" PRIu64 ",\"log\":%" PRIu64
               "}\n",
               f.m.resources, f.m.versions, f.m.log_entries);
    } else if (!rc) {
        char made[CLOCK_INSTANT_SIZE];
        clock_instant(f.m.made_ms, made);
        printf("Whole: %" PRIu64 " resources in %" PRIu64 " versions, %" PRIu64
               " entries of the access log, each proved. Packed at %s by %.*s.\n",
               f.m.resources, f.m.versions, f.m.log_entries, made, TEXT_ARG(f.m.from));
        if (!key) {
            printf("It was checked by the key that it names itself: %.*s\nAsk %.*s whether that is "
                   "theirs, and give it with --key.\n",
                   TEXT_ARG(f.m.key), TEXT_ARG(f.m.from));
        }
    }
    parcel_file_close(&f);
    return !rc                                        ? EXIT_DONE
           : rc == ERR_CORRUPT || rc == ERR_FORBIDDEN ? (cli_fail("parcel", &e), EXIT_FINDINGS)
                                                      : cli_fail("parcel", &e);
}

static int run(const struct cli_args *args)
{
    const char *word = args->positionals[0];
    bool verify = strcmp(word, "verify") == 0, open = strcmp(word, "open") == 0;
    if (args->positional_count != (verify ? 2U : 3U)) {
        return cli_usage_error("parcel", verify ? "verify needs a FILE"
                                         : open ? "open needs a FILE and a DIR"
                                                : "it needs a DIR, a PATIENT and a FILE");
    }
    return verify ? run_verify(args) : open ? parcel_run_open(args) : run_make(args);
}

const struct cli_command command_parcel = {
    .name = "parcel",
    .usage = "DIR PATIENT FILE | verify FILE | open FILE DIR",
    .summary = "Takes a patient's whole record out in one file, and makes a node of such a file",
    .about =
        "DIR PATIENT FILE packs every version of the record of one patient (its id), what it "
        "refers "
        "to, documents and images, and the entries of the access log with their proofs, signed by "
        "the node; also while the node serves. verify FILE checks signature, pieces, numbers and "
        "each proof, without a node. open FILE DIR makes a node of its own of it, with all "
        "versions "
        "under the ids that they had; killed, it goes on when it is run again.",
    .example = "  kith parcel /srv/kith 1234 ada.kith\n"
               "  kith parcel verify ada.kith\n"
               "  kith parcel open ada.kith /home/ada/record\n",
    .least = 2,
    .most = 3,
    .options = options,
    .run = run,
};
