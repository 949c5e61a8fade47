/*
 * Letters with their originals, and images that were taken, of the demonstration's patient: what a
 * hospital has sent to the practice.
 */
#include "audit/note.h"
#include "base/clock.h"
#include "format/json.h"
#include "node/demo_int.h"
#include "node/demo_original.h"

enum { STORY_MOST = 512 * 1024, ORIGINAL_MOST = 64 * 1024, LETTER_MOST = 8 * 1024 };

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define SNOMED "http://snomed.info/sct"
#define DCM "http://dicom.nema.org/resources/ontology/DCM"

struct telling {
    const struct demo_cast *cast;
    struct arena *arena;
    struct buf out;
    int64_t now_ms;
    struct err *e;
};

/* --- words ---------------------------------------------------------------------------------- */

static text day_of(const struct telling *t, int days_ago)
{
    char at[CLOCK_INSTANT_SIZE];
    clock_instant(t->now_ms - t->now_ms % DAY_MS + DAY_MS / 2 - days_ago * DAY_MS, at);
    return arena_copy(t->arena, text_make(at, CLOCK_INSTANT_SIZE - 1));
}

static void put_string(struct telling *t, const char *name, text value)
{
    buf_printf(&t->out, ",\"%s\":", name);
    json_write_string(value, &t->out);
}

static void put_party(struct telling *t, const struct demo_person *who)
{
    buf_printf(&t->out, "{\"reference\":\"%.*s\"", TEXT_ARG(who->reference));
    put_string(t, "display", who->name);
    buf_addc(&t->out, '}');
}

static void put_coded(struct telling *t, const char *system, const char *code, const char *words)
{
    buf_printf(
        &t->out,
        "{\"coding\":[{\"system\":\"%s\",\"code\":\"%s\",\"display\":\"%s\"}],\"text\":\"%s\"}",
        system, code, words, words);
}

/* A resource of the patient, by PUT; open to more members. */
static void begin(struct telling *t, const char *type, const char *id)
{
    buf_printf(&t->out,
               "%s{\"request\":{\"method\":\"PUT\",\"url\":\"%s/%s\"},\"resource\":"
               "{\"resourceType\":\"%s\",\"id\":\"%s\"",
               text_ends(buf_text(&t->out), T("[")) ? "" : ",", type, id, type, id);
}

static void end(struct telling *t)
{
    buf_add(&t->out, T("}}"));
}

/* --- letters -------------------------------------------------------------------------------- */

struct letter {
    const char *id;
    const char *code, *kind; /* SNOMED CT */
    const char *title;
    int days_ago;
    const char *words;
    const char *original; /* media type */
    const char *original_title;
};

static const struct letter letters[] = {
    {"demo-letter-knee", "371531000", "Report of clinical encounter", "Knee clinic letter", 34,
     "Dear patient,\n\n"
     "Thank you for coming to see us about your knee.\n\n"
     "The X-ray shows some wear in the joint (osteoarthritis). This is common, and it is not "
     "dangerous. You do not need an operation now.\n\n"
     "What happens next\n"
     "- A physiotherapist will call you in the next four weeks to plan exercises.\n"
     "- You can take paracetamol when it hurts. Read the leaflet first.\n"
     "- Contact your surgery if the knee becomes hot, red or locked.\n\n"
     "We do not need to see you again unless it gets worse.\n",
     "application/pdf", "Knee clinic letter, as it was sent"},
    {"demo-letter-ecg", "371531000", "Report of clinical encounter", "Your heart tracing (ECG)", 76,
     "Dear patient,\n\n"
     "We looked at how your heart beats (an electrocardiogram, ECG). The tracing is normal: "
     "75 beats a minute, at an even pace.\n\n"
     "You do not need to do anything. A picture of the tracing is kept with this letter.\n",
     "image/png", "Picture of the heart tracing"},
};

/* With its address, date and name: what text and PDF have in common. */
static text whole_letter(struct telling *t, const struct letter *l)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    const struct demo_cast *c = t->cast;
    int year = 0;
    int month = 1;
    int day = 1;
    clock_civil(t->now_ms / DAY_MS - l->days_ago, &year, &month, &day);
    return arena_printf(t->arena, "%.*s\n%d %s %d\n\nAbout: %.*s, NHS number %.*s\n\n%s\n%.*s\n",
                        TEXT_ARG(c->trust.name), day, months[month - 1], year,
                        TEXT_ARG(c->patient.name), TEXT_ARG(c->nhs_number), l->words,
                        TEXT_ARG(c->hospital.name));
}

/* The bytes of the original, in base64; *ret_size of them. */
static text original_of(struct telling *t, const struct letter *l, text words, size_t *ret_size)
{
    struct buf bytes;
    struct buf coded;
    buf_init(&bytes, ORIGINAL_MOST);
    buf_init(&coded, 2 * ORIGINAL_MOST);
    int rc = text_eq(text_of(l->original), T("image/png"))
                 ? original_png(&bytes, t->e)
                 : original_pdf(l->title, words, &bytes, t->e);
    if (!rc) {
        base64_print(buf_text(&bytes), &coded);
    }
    text copy = rc || buf_failed(&coded) ? (text){0} : arena_copy(t->arena, buf_text(&coded));
    *ret_size = bytes.n;
    buf_done(&bytes);
    buf_done(&coded);
    return copy;
}

static void put_text_content(struct telling *t, const struct letter *l, text words)
{
    struct buf coded;
    buf_init(&coded, 2 * LETTER_MOST);
    base64_print(words, &coded);
    buf_printf(
        &t->out,
        "{\"attachment\":{\"contentType\":\"text/plain;charset=utf-8\",\"language\":\"en-GB\","
        "\"data\":\"%.*s\",\"size\":%zu,\"title\":\"%s\"}}",
        TEXT_ARG(buf_text(&coded)), words.n, l->title);
    buf_done(&coded);
}

static int tell_letter(struct telling *t, const struct letter *l)
{
    const struct demo_cast *c = t->cast;
    size_t size = 0;
    text words = whole_letter(t, l);
    text at = day_of(t, l->days_ago);
    text original = words.p ? original_of(t, l, words, &size) : (text){0};
    text id = arena_printf(t->arena, "%s-original", l->id);
    if (!at.p || !original.p || !id.p) {
        return err_set(t->e, ERR_MEMORY, "no memory");
    }
    begin(t, "Binary", id.p);
    buf_printf(&t->out, ",\"contentType\":\"%s\",\"securityContext\":", l->original);
    put_party(t, &c->patient);
    buf_printf(&t->out, ",\"data\":\"%.*s\"", TEXT_ARG(original));
    end(t);
    begin(t, "DocumentReference", l->id);
    buf_add(&t->out, T(",\"status\":\"current\",\"docStatus\":\"final\",\"type\":"));
    put_coded(t, SNOMED, l->code, l->kind);
    buf_add(&t->out, T(",\"subject\":"));
    put_party(t, &c->patient);
    put_string(t, "date", at);
    put_string(t, "description", text_of(l->title));
    buf_add(&t->out, T(",\"author\":["));
    put_party(t, &c->hospital);
    buf_add(&t->out, T("],\"custodian\":"));
    put_party(t, &c->trust);
    buf_add(&t->out, T(",\"content\":["));
    put_text_content(t, l, words);
    buf_printf(&t->out,
               ",{\"attachment\":{\"contentType\":\"%s\",\"url\":\"Binary/%.*s\",\"size\":%zu,"
               "\"title\":\"%s\",\"creation\":\"%.*s\"}}]",
               l->original, TEXT_ARG(id), size, l->original_title, TEXT_ARG(at));
    end(t);
    return 0;
}

/* --- images --------------------------------------------------------------------------------- */

static const struct image {
    const char *id;
    const char *modality, *modality_words;
    const char *site, *site_words; /* SNOMED CT */
    const char *title;
    int days_ago;
    int pictures;
    const char *found; /* the report's conclusion; NULL: none yet */
} images[] = {
    {"demo-image-knee", "DX", "Digital Radiography", "72696002", "Knee region structure",
     "X-ray of the right knee", 36, 2,
     "Mild wear of the joint (osteoarthritis). No break in the bone."},
    {"demo-image-belly", "US", "Ultrasound", "818983003", "Abdomen", "Ultrasound scan of the belly",
     410, 14, "Liver, gall bladder and kidneys look normal."},
    {"demo-image-chest", "DX", "Digital Radiography", "51185008", "Thoracic structure",
     "X-ray of the chest", 3, 1, NULL},
};

static void tell_image(struct telling *t, const struct image *i, unsigned number)
{
    const struct demo_cast *c = t->cast;
    text at = day_of(t, i->days_ago);
    begin(t, "ImagingStudy", i->id);
    buf_add(&t->out, T(",\"status\":\"available\",\"subject\":"));
    put_party(t, &c->patient);
    put_string(t, "started", at);
    put_string(t, "description", text_of(i->title));
    buf_printf(&t->out, ",\"numberOfSeries\":1,\"numberOfInstances\":%d,\"modality\":[",
               i->pictures);
    buf_printf(&t->out, "{\"system\":\"" DCM "\",\"code\":\"%s\",\"display\":\"%s\"}]", i->modality,
               i->modality_words);
    buf_printf(&t->out,
               ",\"series\":[{\"uid\":\"2.25.7201%u\",\"modality\":{\"system\":\"" DCM
               "\",\"code\":\"%s\",\"display\":\"%s\"},\"numberOfInstances\":%d,\"bodySite\":"
               "{\"system\":\"" SNOMED "\",\"code\":\"%s\",\"display\":\"%s\"},\"performer\":[{"
               "\"actor\":",
               number, i->modality, i->modality_words, i->pictures, i->site, i->site_words);
    put_party(t, &c->trust);
    buf_add(&t->out, T("}]}]"));
    end(t);
    if (!i->found) {
        return;
    }
    text id = arena_printf(t->arena, "%s-report", i->id);
    begin(t, "DiagnosticReport", id.p ? id.p : "");
    buf_add(&t->out, T(",\"status\":\"final\",\"category\":["));
    put_coded(t, "http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology");
    buf_add(&t->out, T("],\"code\":"));
    put_coded(t, SNOMED, "4201000179104", "Imaging report");
    buf_add(&t->out, T(",\"subject\":"));
    put_party(t, &c->patient);
    put_string(t, "effectiveDateTime", at);
    buf_add(&t->out, T(",\"performer\":["));
    put_party(t, &c->trust);
    buf_printf(&t->out, "],\"imagingStudy\":[{\"reference\":\"ImagingStudy/%s\"}]", i->id);
    put_string(t, "conclusion", text_of(i->found));
    end(t);
}

/* --- all ------------------------------------------------------------------------------------ */

static int print(struct telling *t)
{
    int rc = 0;
    buf_add(&t->out, T("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    for (size_t i = 0; !rc && i < sizeof letters / sizeof *letters; i++) {
        rc = tell_letter(t, &letters[i]);
    }
    for (unsigned i = 0; !rc && i < sizeof images / sizeof *images; i++) {
        tell_image(t, &images[i], i + 1);
    }
    buf_add(&t->out, T("]}"));
    return !rc && buf_failed(&t->out) ? err_set(t->e, ERR_MEMORY, "no memory") : rc;
}

int demo_letters(struct world *w, const struct rest *rest, const struct demo_cast *cast,
                 struct arena *a, struct err *e)
{
    struct telling t = {.cast = cast, .arena = a, .now_ms = clock_real_ms(), .e = e};
    struct rest here = *rest;
    struct rest_item item = {0};
    yyjson_val *before = NULL;
    /* at one place: where those of the whole story are known */
    const struct demo_person *all[] = {&cast->patient, &cast->carer, &cast->gp,
                                       &cast->social,  &cast->trust, &cast->hospital,
                                       &cast->practice};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i]->reference.n) {
            return 0;
        }
    }
    int rc = world_read(w, T("DocumentReference/demo-letter-knee"), a, &before, e);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    here.local = true;
    buf_init(&t.out, STORY_MOST);
    rc = print(&t);
    if (!rc) {
        item.json = buf_text(&t.out);
        rest_take(&here, policy_local_administrator(), &item, 1, a);
        rc = item.result ? err_set(e, item.result, "the letters of the demonstration: %s",
                                   err_text(&item.err))
                         : 0;
    }
    buf_done(&t.out);
    return rc;
}
