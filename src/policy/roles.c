#include "policy/roles.h"

#include "policy/facts.h"
#include "policy/label_rules.h"
#include "policy/types.h"

static const struct activity_info activities[ACTIVITY_COUNT] = {
#define ACTIVITY_ROW(name, code, words) {code, words},
    ACTIVITY_TABLE(ACTIVITY_ROW)
#undef ACTIVITY_ROW
};

const struct activity_info *activity_info(enum activity a)
{
    return (unsigned)a < ACTIVITY_COUNT ? &activities[a] : NULL;
}

bool activity_find(text code, enum activity *ret_activity)
{
    for (unsigned i = 0; i < ACTIVITY_COUNT; i++) {
        if (text_eq(code, text_of(activities[i].code))) {
            *ret_activity = (enum activity)i;
            return true;
        }
    }
    return false;
}

/* --- types and classes ------------------------------------------------------------------------ */

struct type_row {
    const char *name;
    bool outside;
};
static const struct type_row types[TYPE_COUNT] = {{"", false},
#define TYPE_ROW(name, class, outside) {#name, outside},
                                                  TYPE_TABLE(TYPE_ROW)
#undef TYPE_ROW
};

const uint8_t type_classes[TYPE_COUNT] = {CLASS_NODE,
#define CLASS_OF(name, class, outside) CLASS_##class,
                                          TYPE_TABLE(CLASS_OF)
#undef CLASS_OF
};

enum type_class type_class(fhir_type type)
{
    return type < TYPE_COUNT ? (enum type_class)type_classes[type] : CLASS_NODE;
}

const char *class_words(enum type_class c)
{
    static const char *const words[CLASS_COUNT] = {
#define CLASS_WORDS(name, words) words,
        CLASS_TABLE(CLASS_WORDS)
#undef CLASS_WORDS
    };
    return (unsigned)c < CLASS_COUNT ? words[c] : "";
}

bool person_may_outside(fhir_type type)
{
    return type < TYPE_COUNT && types[type].outside;
}

/* --- what an activity opens --------------------------------------------------------------------
 * A cell is declared (NO is a word, 0 is a hole that policy_complete() finds).
 */
enum {
    NO = 0x80,
    RD = NO | MAY_READ | MAY_SEARCH,
    UP = RD | MAY_UPDATE,
    AD = UP | MAY_CREATE,
    AL = AD | MAY_DELETE,
};

/* clang-format off */
static const uint8_t opens[ACTIVITY_COUNT][CLASS_COUNT] = {
    /*                              PAT REL BOO CAR REF REC ALL MED PRE SUP CON AUD PRO MES TAS FIN DIR CAT FOR DEF NOD */
    [ACTIVITY_VIEW_DEMOGRAPHICS]  = {RD, RD, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_AMEND_DEMOGRAPHICS] = {UP, AD, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_REGISTER_PATIENTS]  = {AD, AD, NO, AD, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_VIEW_RECORD]        = {RD, RD, RD, RD, RD, RD, RD, RD, RD, RD, NO, NO, RD, RD, RD, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_WRITE_RECORD]       = {RD, AD, RD, AL, AD, AL, AL, AL, RD, RD, NO, NO, AD, AD, AD, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_VIEW_MEDICINES]     = {RD, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_PRESCRIBE]          = {RD, NO, NO, NO, NO, NO, AD, AD, AL, RD, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_DISPENSE]           = {RD, NO, NO, NO, NO, NO, RD, RD, UP, AL, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_BOOK]               = {RD, NO, AL, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_REFER]              = {RD, NO, NO, AL, AL, NO, NO, NO, NO, NO, NO, NO, NO, NO, AD, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_RECORD_CONSENT]     = {RD, RD, NO, NO, NO, NO, NO, NO, NO, NO, AD, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_SEAL]               = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_CLAIM]              = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_OVERRIDE]           = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_SAFEGUARD]          = {RD, RD, NO, RD, NO, AD, NO, NO, NO, NO, NO, NO, NO, AD, AD, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_REVIEW]             = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, AD, UP, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_VIEW_AUDIT]         = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, RD, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_FINANCE]            = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, AL, RD, RD, RD, RD, NO},
    [ACTIVITY_RESEARCH]           = {NO, NO, NO, RD, RD, RD, RD, RD, RD, RD, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_EXPORT]             = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_MANAGE_PEOPLE]      = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, RD, RD, RD, NO},
    [ACTIVITY_MANAGE_DIRECTORY]   = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, AL, AL, RD, RD, NO},
    [ACTIVITY_MANAGE_NODE]        = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, RD, AL, AL, AL, AL},
};

/* Of a patient on their own record. */
static const uint8_t person_opens[CLASS_COUNT] = {
    [CLASS_PATIENT] = RD, [CLASS_RELATED] = RD, [CLASS_BOOKING] = AD, [CLASS_CARE] = RD,
    [CLASS_REFERRAL] = RD, [CLASS_RECORD] = RD, [CLASS_ALLERGY] = RD, [CLASS_MEDICINES] = RD,
    [CLASS_PRESCRIPTION] = RD, [CLASS_SUPPLY] = RD, [CLASS_CONSENT] = RD, [CLASS_AUDIT] = RD,
    [CLASS_PROVENANCE] = RD, [CLASS_MESSAGE] = RD | MAY_CREATE, [CLASS_TASK] = RD,
    [CLASS_FINANCE] = RD, [CLASS_DIRECTORY] = NO, [CLASS_CATALOGUE] = NO, [CLASS_FORM] = NO,
    [CLASS_DEFINITION] = NO, [CLASS_NODE] = NO,
};
/* clang-format on */

void activities_open(uint64_t given, uint8_t ret_may[CLASS_COUNT])
{
    memset(ret_may, 0, CLASS_COUNT);
    for (unsigned a = 0; a < ACTIVITY_COUNT; a++) {
        for (unsigned c = 0; c < CLASS_COUNT && (given & ACTIVITY_BIT(a)); c++) {
            ret_may[c] |= opens[a][c];
        }
    }
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        ret_may[c] &= (uint8_t)~NO;
    }
}

uint8_t activities_may(uint64_t given, fhir_type type)
{
    uint8_t may[CLASS_COUNT];
    activities_open(given, may);
    return type == 0 || type >= TYPE_COUNT ? 0 : may[type_classes[type]];
}

uint8_t person_may(fhir_type type)
{
    if (type == 0 || type >= TYPE_COUNT) {
        return 0;
    }
    unsigned may = person_opens[type_classes[type]];
    if (policy_own_type(type)) { /* entries in their own words: grant_authors() */
        may |= MAY_CREATE | MAY_UPDATE | MAY_DELETE;
    } else if (type == TYPE_QuestionnaireResponse) {
        may |= MAY_CREATE | MAY_UPDATE;
    } else if (type == TYPE_Schedule || type == TYPE_Slot) {
        may = RD; /* what is free is the clinic's to say */
    }
    if (types[type].outside) {
        may |= RD;
    }
    return (uint8_t)(may & ~(unsigned)NO);
}

/* --- nothing forgotten ------------------------------------------------------------------------ */

static int types_complete(struct err *e)
{
    if (fhir_type_count() != TYPE_COUNT) {
        return err_set(e, ERR_INTERNAL, "policy knows %u resource types, the model %u",
                       (unsigned)TYPE_COUNT - 1, fhir_type_count() - 1);
    }
    for (unsigned t = 1; t < TYPE_COUNT; t++) {
        text name = fhir_type_name((fhir_type)t);
        if (!text_eq(name, text_of(types[t].name))) {
            return err_set(e, ERR_INTERNAL, "no policy is declared for the type %.*s",
                           TEXT_ARG(name));
        }
    }
    return 0;
}

static int roles_complete(struct err *e)
{
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        for (unsigned a = 0; a < ACTIVITY_COUNT; a++) {
            if (!(opens[a][c] & NO)) {
                return err_set(e, ERR_INTERNAL, "no policy is declared for %s on %s",
                               activities[a].code, class_words((enum type_class)c));
            }
        }
        if (!(person_opens[c] & NO)) {
            return err_set(e, ERR_INTERNAL, "no policy is declared for patients on %s",
                           class_words((enum type_class)c));
        }
    }
    for (const struct job_role *r = job_roles; r->code; r++) {
        if (!r->activities || r->activities >= ACTIVITY_BIT(ACTIVITY_COUNT) || !r->name) {
            return err_set(e, ERR_INTERNAL, "the role %s has no declared activities", r->code);
        }
        if (job_role_find(text_of(r->code)) != r) {
            return err_set(e, ERR_INTERNAL, "the role %s is declared twice", r->code);
        }
    }
    return 0;
}

int policy_complete(struct err *e)
{
    int code = types_complete(e);
    if (code == 0) {
        code = roles_complete(e);
    }
    return code ? code : label_codes_complete(e);
}
