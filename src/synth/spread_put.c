/* Entries as each place has them. */
#include "synth/spread_int.h"

#include "base/clock.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* --- what is there already ----------------------------------------------------------------------
 */

static text id_at(const struct spreading *p, enum synth_place at, text id)
{
    return text_eq(id, p->patient) ? text_of(p->patient_at[at]) : id;
}

static void put_text(struct buf *out, text t)
{
    json_write_string(t, out);
}

/* "reference":"Patient/..." with the id there; or, of an entry that is elsewhere, by identifier. */
static void put_reference(const struct spreading *p, enum synth_place at, text to, struct buf *out)
{
    const struct spread_entry *x = spread_entry_of(p, to);
    if (!x) {
        buf_add(out, T("\"reference\":"));
        put_text(out, to);
        return;
    }
    if (x->places & 1U << at) {
        text id = id_at(p, at, x->id);
        buf_printf(out, "\"reference\":\"%.*s/%.*s\"", TEXT_ARG(x->type), TEXT_ARG(id));
        return;
    }
    buf_printf(out,
               "\"type\":\"%.*s\",\"identifier\":{\"system\":\"urn:ietf:rfc:3986\","
               "\"value\":\"urn:uuid:%.*s\"}",
               TEXT_ARG(x->type), TEXT_ARG(x->id));
}

/* json_read() has bounded the depth. */
static void put_value(const struct spreading *p, enum synth_place at, const yyjson_val *v,
                      struct buf *out)
{
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    if (!object && json_type(v) != YYJSON_TYPE_ARR) {
        json_write(v, out);
        return;
    }
    buf_addc(out, object ? '{' : '[');
    const yyjson_val *item = v + 1;
    for (size_t i = 0; i < json_len(v); i++) {
        if (i) {
            buf_addc(out, ',');
        }
        const yyjson_val *value = object ? item + 1 : item;
        if (object && text_eq(json_text(item), T("reference"))) {
            put_reference(p, at, json_text(value), out);
        } else {
            if (object) {
                json_write(item, out);
                buf_addc(out, ':');
            }
            put_value(p, at, value, out);
        }
        item = json_after(value);
    }
    buf_addc(out, object ? '}' : ']');
}

static void put_id(const struct spreading *p, enum synth_place at, const struct spread_entry *x,
                   struct buf *out)
{
    text id = id_at(p, at, x->id);
    buf_add(out, T("\"id\":"));
    put_text(out, id);
    /* A letter is the same one at both of its ends. */
    if (text_eq(x->type, T("DocumentReference"))) {
        buf_printf(out,
                   ",\"masterIdentifier\":{\"system\":\"urn:ietf:rfc:3986\","
                   "\"value\":\"urn:uuid:%.*s\"}",
                   TEXT_ARG(x->id));
    }
}

void spread_put_entry(const struct spreading *p, enum synth_place at, const struct spread_entry *x,
                      struct buf *out, bool first)
{
    text id = id_at(p, at, x->id);
    const yyjson_val *name = x->resource + 1;
    buf_printf(out, "%s{\"fullUrl\":\"urn:uuid:%.*s\",\"resource\":{", first ? "" : ",",
               TEXT_ARG(id));
    for (size_t i = 0; i < json_len(x->resource); i++, name = json_after(name + 1)) {
        if (i) {
            buf_addc(out, ',');
        }
        if (text_eq(json_text(name), T("id"))) {
            put_id(p, at, x, out);
            continue;
        }
        json_write(name, out);
        buf_addc(out, ':');
        put_value(p, at, name + 1, out);
    }
    buf_printf(out, "},\"request\":{\"method\":\"PUT\",\"url\":\"%.*s/%.*s\"}}", TEXT_ARG(x->type),
               TEXT_ARG(id));
}

/* --- what is made here --------------------------------------------------------------------------
 */

static void begin(struct buf *out, const char *type, const char *id)
{
    buf_printf(out,
               ",{\"fullUrl\":\"urn:uuid:%s\",\"resource\":{\"resourceType\":\"%s\",\"id\":\"%s\"",
               id, type, id);
}

static void end(struct buf *out, const char *type, const char *id)
{
    buf_printf(out, "},\"request\":{\"method\":\"PUT\",\"url\":\"%s/%s\"}}", type, id);
}

static void copy_member(struct buf *out, const yyjson_val *from, const char *name, const char *as)
{
    const yyjson_val *v = json_get(from, text_of(name));
    if (v) {
        buf_printf(out, ",\"%s\":", as);
        json_write(v, out);
    }
}

void spread_put_dispense(const struct spreading *p, const struct spread_entry *prescription,
                         struct buf *out)
{
    const yyjson_val *r = prescription->resource;
    char id[UUID_SIZE];
    make_id(mix(p->own, 0x64697370, 0), (uint32_t)(prescription - p->entries), id);
    begin(out, "MedicationDispense", id);
    buf_add(out, T(",\"status\":\"completed\""));
    copy_member(out, r, "medicationCodeableConcept", "medicationCodeableConcept");
    buf_printf(out, ",\"subject\":{\"reference\":\"Patient/%s\"}",
               p->patient_at[SYNTH_AT_PHARMACY]);
    buf_printf(out,
               ",\"performer\":[{\"actor\":{\"reference\":\"Practitioner/%s\"}},"
               "{\"actor\":{\"reference\":\"Organization/%s\",\"display\":\"%s\"}}]",
               p->pharmacist, p->pharmacy, synth_holders[SYNTH_AT_PHARMACY].name);
    buf_printf(out,
               ",\"authorizingPrescription\":[{\"type\":\"MedicationRequest\",\"identifier\":"
               "{\"system\":\"urn:ietf:rfc:3986\",\"value\":\"urn:uuid:%.*s\"}}]",
               TEXT_ARG(prescription->id));
    copy_member(out, json_get(r, T("dispenseRequest")), "quantity", "quantity");
    copy_member(out, r, "authoredOn", "whenHandedOver");
    copy_member(out, r, "dosageInstruction", "dosageInstruction");
    end(out, "MedicationDispense", id);
}

static void put_measured(const struct spreading *p, uint32_t serial, int64_t day, unsigned weight,
                         struct buf *out)
{
    char at[CLOCK_INSTANT_SIZE], id[UUID_SIZE];
    clock_instant(day * DAY_MS + DAY_MS * 7 / 24, at);
    make_id(mix(p->own, 0x6f776e, 0), serial, id);
    begin(out, "Observation", id);
    buf_add(out, T(",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":\"http://"
                   "terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"vital-signs\""
                   "}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
                   "\"29463-7\",\"display\":\"Body weight\"}],\"text\":\"Weight at home\"}"));
    buf_printf(out,
               ",\"subject\":{\"reference\":\"Patient/%s\"},\"effectiveDateTime\":\"%s\","
               "\"performer\":[{\"reference\":\"Patient/%s\"}],\"valueQuantity\":{\"value\":%u.%u,"
               "\"unit\":\"kg\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"kg\"}",
               p->patient_at[SYNTH_AT_PLATFORM], at, p->patient_at[SYNTH_AT_PLATFORM], weight / 10,
               weight % 10);
    end(out, "Observation", id);
}

/* Once a month, of late; who does it more often has begun earlier. */
void spread_put_own(const struct spreading *p, int64_t today, struct buf *out)
{
    struct prng r;
    prng_seed(&r, p->own);
    uint32_t months = 3 + (uint32_t)prng_below(&r, 22);
    unsigned weight = 520 + (unsigned)prng_below(&r, 450);
    for (uint32_t i = 0; i < months; i++) {
        weight = weight + (unsigned)prng_below(&r, 13) - 6;
        put_measured(p, i, today - 30 * (int64_t)(months - i) + (int64_t)prng_below(&r, 20), weight,
                     out);
    }
}
