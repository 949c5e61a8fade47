/* The built-in rules: codes that are widely known to tell something that people want to share with
 * care. A practice adds its own (label_rules_make()). Each table is in order of its codes. */
#include "policy/label_rules.h"

enum {
    MH = LABEL_MENTAL_HEALTH,
    SX = LABEL_SEXUAL_HEALTH,
    HV = LABEL_HIV | LABEL_SEXUAL_HEALTH,
    SU = LABEL_SUBSTANCE_USE,
    VI = LABEL_VIOLENCE,
    GE = LABEL_GENETIC,
    SC = LABEL_SOCIAL_CARE,
    SG = LABEL_SAFEGUARDING,
};

struct label_code {
    const char *code;
    uint32_t labels;
};

/* SNOMED CT */
static const struct label_code snomed[] = {
    {"111880001", HV}, {"127040003", GE}, {"13746004", MH},  {"15167005", SU},  {"15628003", SX},
    {"165816005", HV}, {"169553002", SX}, {"190905008", GE}, {"191736004", MH}, {"191816009", SU},
    {"197480006", MH}, {"20010003", MH},  {"21897009", MH},  {"225337009", MH}, {"240589008", SX},
    {"248062006", MH}, {"26416006", SU},  {"287664005", SX}, {"31956009", SU},  {"33449004", MH},
    {"33839006", SX},  {"35489007", MH},  {"361055000", SU}, {"36923009", MH},  {"370143000", MH},
    {"371631005", MH}, {"397940009", VI}, {"40108008", GE},  {"406506008", MH}, {"41040004", GE},
    {"412734009", GE}, {"412738007", GE}, {"417357006", GE}, {"44376007", MH},  {"47505003", MH},
    {"48694002", MH},  {"5602001", SU},   {"56882008", MH},  {"57797005", SX},  {"58214004", MH},
    {"58756001", GE},  {"62479008", HV},  {"6471006", MH},   {"65200003", SX},  {"6525002", SU},
    {"66344007", MH},  {"66590003", SU},  {"69322001", MH},  {"70317007", SX},  {"706893006", VI},
    {"7200002", SU},   {"72366004", MH},  {"74732009", MH},  {"75544000", SU},  {"76272004", SX},
    {"78004001", MH},  {"8098009", SX},   {"82313006", MH},  {"85005007", SU},  {"86406008", HV},
    {"91948008", HV},
};

/* LOINC: tests for HIV, and scores of questionnaires */
static const struct label_code loinc[] = {
    {"20447-9", HV}, {"25836-8", HV}, {"29893-5", HV}, {"30361-0", HV}, {"31201-7", HV},
    {"33866-5", HV}, {"44249-1", MH}, {"44261-6", MH}, {"5221-7", HV},  {"55758-7", MH},
    {"56888-1", HV}, {"68961-2", HV}, {"69737-5", MH}, {"70274-6", MH}, {"72109-2", SU},
    {"75622-1", HV}, {"75626-2", SU}, {"76504-0", VI}, {"7917-8", HV},  {"7918-6", HV},
    {"80203-3", HV}, {"82667-7", SU},
};

/* HL7 v3 ActCode: sensitivity policies and information categories */
static const struct label_code act[] = {
    {"BH", MH},  {"ETH", SU},      {"ETHUD", SU}, {"GDIS", GE},    {"HIV", HV},
    {"MH", MH},  {"OPIOIDUD", SU}, {"PSY", MH},   {"PSYTHPN", MH}, {"SCA", GE},
    {"SDV", VI}, {"SEX", SX},      {"STD", SX},   {"SUD", SU},     {"VIO", VI},
};

/* Kith's own labels are categories where they stand as codes, too. */
static const struct label_code own[] = {
    {"safeguarding", SG},
    {"social-care", SC},
};

/* Beginnings of ICD-10 codes */
static const struct label_code icd10[] = {
    {"A50", SX},   {"A51", SX},   {"A52", SX},   {"A53", SX},   {"A54", SX},   {"A55", SX},
    {"A56", SX},   {"A57", SX},   {"A58", SX},   {"A59", SX},   {"A60", SX},   {"A63.0", SX},
    {"A64", SX},   {"B20", HV},   {"B21", HV},   {"B22", HV},   {"B23", HV},   {"B24", HV},
    {"D57", GE},   {"D66", GE},   {"D67", GE},   {"E84", GE},   {"F", MH},     {"F1", SU},
    {"G10", GE},   {"O04", SX},   {"Q9", GE},    {"R75", HV},   {"T74", VI},   {"X6", MH},
    {"X7", MH},    {"X80", MH},   {"X81", MH},   {"X82", MH},   {"X83", MH},   {"X84", MH},
    {"Y05", VI},   {"Y06", VI},   {"Y07", VI},   {"Z11.4", HV}, {"Z20.6", HV}, {"Z21", HV},
    {"Z30", SX},   {"Z50.2", SU}, {"Z50.3", SU}, {"Z61.4", VI}, {"Z61.5", VI}, {"Z61.6", VI},
    {"Z71.4", SU}, {"Z71.5", SU}, {"Z71.7", HV}, {"Z72.1", SU}, {"Z72.2", SU},
};

/* Beginnings of ATC codes */
static const struct label_code atc[] = {
    {"G03A", SX},  {"G04BE", SX}, {"J05AE", HV}, {"J05AG", HV}, {"J05AJ", HV},
    {"J05AR", HV}, {"N05A", MH},  {"N06A", MH},  {"N07BB", SU}, {"N07BC", SU},
};

struct label_system {
    text system;
    const struct label_code *codes;
    size_t count;
    bool prefixes;
};
#define SYSTEM(address, table, prefixes) \
    {{address, sizeof address - 1}, table, sizeof table / sizeof *table, prefixes}
static const struct label_system systems[] = {
    SYSTEM("http://snomed.info/sct", snomed, false),
    SYSTEM("http://loinc.org", loinc, false),
    SYSTEM("http://hl7.org/fhir/sid/icd-10", icd10, true),
    SYSTEM("http://hl7.org/fhir/sid/icd-10-uk", icd10, true),
    SYSTEM("http://hl7.org/fhir/sid/icd-10-cm", icd10, true),
    SYSTEM("http://www.whocc.no/atc", atc, true),
    SYSTEM(LABEL_SYSTEM_ACT, act, false),
    SYSTEM(LABEL_SYSTEM_KITH, own, false),
};
enum { SYSTEM_COUNT = sizeof systems / sizeof *systems };

static uint32_t ask_exact(const struct label_system *s, text code)
{
    size_t from = 0;
    size_t to = s->count;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        int order = text_cmp(code, text_of(s->codes[at].code));
        if (order == 0) {
            return s->codes[at].labels;
        }
        if (order < 0) {
            to = at;
        } else {
            from = at + 1;
        }
    }
    return 0;
}

/* ICD-10 is written with and without its point: F10.2, F102. Letters in either case. */
static bool begins(text code, const char *prefix)
{
    size_t at = 0;
    for (; *prefix; prefix++) {
        if (*prefix == '.' && (at >= code.n || code.p[at] != '.')) {
            continue;
        }
        char c = at < code.n ? code.p[at] : '\0';
        if ((c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c) != *prefix) {
            return false;
        }
        at++;
    }
    return true;
}

/* The longest beginning counts: F10 is alcohol, and not mental health beside it. */
static uint32_t ask_prefix(const struct label_system *s, text code)
{
    uint32_t labels = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (begins(code, s->codes[i].code)) {
            labels = s->codes[i].labels; /* in order, so a longer one comes later */
        }
    }
    return labels;
}

uint32_t label_codes_ask(text system, text code)
{
    for (size_t i = 0; i < SYSTEM_COUNT; i++) {
        if (text_eq(system, systems[i].system)) {
            return systems[i].prefixes ? ask_prefix(&systems[i], code)
                                       : ask_exact(&systems[i], code);
        }
    }
    return 0;
}

int label_codes_complete(struct err *e)
{
    for (size_t i = 0; i < SYSTEM_COUNT; i++) {
        for (size_t k = 1; k < systems[i].count; k++) {
            if (text_cmp(text_of(systems[i].codes[k - 1].code),
                         text_of(systems[i].codes[k].code)) >= 0) {
                return err_set(e, ERR_INTERNAL, "label rules are out of order at %s|%s",
                               systems[i].system.p, systems[i].codes[k].code);
            }
        }
    }
    return 0;
}
