/*
 * Inside fhir/profile_rule*.c: the part of FHIRPath that most invariants are written in, evaluated
 * on the tree as it lies, without collections and without memory.
 *
 * A native term answers as path_eval() would, or says that it cannot (NATIVE_UNSURE): then the
 * engine is asked. So `data.empty() or ...` costs a look at the members where there is no data,
 * whatever stands behind.
 */
#ifndef KITH_FHIR_PROFILE_RULE_H
#define KITH_FHIR_PROFILE_RULE_H

#include "fhir/path_int.h"
#include "fhir/profile_int.h"

enum native_truth {
    NATIVE_FALSE,
    NATIVE_TRUE,
    NATIVE_EMPTY,
    NATIVE_UNSURE,
};

enum native_root { ROOT_THIS, ROOT_CONTEXT, ROOT_RESOURCE, ROOT_ROOT_RESOURCE, ROOT_FIRST };

enum native_step_kind { STEP_MEMBER, STEP_WHERE, STEP_AS };

struct native_term;

struct native_step {
    enum native_step_kind kind;
    bool shadow;        /* of a member: what follows may ask for what stands beside a value */
    bool may_be_choice; /* of a member: may be the name of a choice in JSON */
    uint16_t type;      /* STEP_AS */
    text name;
    const struct native_term *where;
};

/* Elements from one place on: `name.given`, `%resource.code.coding.where(...)`. */
struct native_chain {
    enum native_root root;
    uint16_t type;                   /* the type's own name at the start; 0: none */
    const struct native_chain *from; /* ROOT_FIRST: the first item of another one */
    const struct native_step *steps;
    size_t count;
};

enum native_kind {
    RULE_UNSURE,
    RULE_TRUTH, /* true, false */
    RULE_LOGIC, /* left op right */
    RULE_NOT,
    RULE_EXISTS, /* with a condition in left, or NULL */
    RULE_NONE,   /* empty() */
    RULE_ALL,    /* left */
    RULE_SINGLE, /* a collection as a condition */
    RULE_HAS_VALUE,
    RULE_STARTS_WITH, /* literal */
    RULE_HAS_TEXT,    /* contains(literal) */
    RULE_MATCHES,
    RULE_DISTINCT,
    RULE_OF_TYPE, /* is */
    RULE_AMONG,   /* in: one of literals */
    RULE_COMPARE, /* = != < <= > >= of two operands */
};

enum native_operand_kind { OPERAND_LITERAL, OPERAND_CHAIN, OPERAND_TRUTH, OPERAND_NUMBER };

struct native_operand {
    enum native_operand_kind kind;
    const struct path_item *literal;
    const struct native_chain *chain;
    const struct native_term *truth;
    const struct native_chain **counts; /* OPERAND_NUMBER: their counts and `number` summed up */
    size_t count_count;
    int64_t number;
};

struct native_term {
    enum native_kind kind;
    enum path_operator op;
    bool truth;
    const struct native_term *left;
    const struct native_term *right;
    const struct native_chain *chain;
    text literal; /* also the type of `is` */
    text space;
    const struct path_item **literals;
    size_t literal_count;
    enum native_truth (*matches)(text t);
    struct native_operand a;
    struct native_operand b;
};

/* NULL: nothing of it can be told without the engine, or no memory. (profile_rule_native.c) */
const struct native_term *native_compile(const struct path *path, struct arena *a);

/* What an evaluation is about; resource and root may be NULL. `arena` is left as it was found. */
struct native_run {
    const struct path_node *context;
    const struct path_node *resource;
    const struct path_node *root;
    struct arena *arena;
    unsigned work; /* elements that may still be looked at; past them: NATIVE_UNSURE */
};
enum { NATIVE_WORK = 50 * 1000 };
enum native_truth native_eval(struct native_run *run, const struct native_term *term,
                              const struct path_node *at);

/* The items of a chain one after another. A visitor that returns NATIVE_FALSE ends the walk; the
 * walk gives what ended it, NATIVE_TRUE at its end. (profile_rule_walk.c) */
typedef enum native_truth native_visit(void *context, const struct path_node *item);
enum native_truth native_walk(struct native_run *run, const struct native_chain *chain,
                              const struct path_node *at, native_visit *visit, void *context);

/* The expression to use instead of one that the standard got wrong; the same where it is right.
 * (profile_rule_fix.c) */
text profile_rule_corrected(text expression);
/* What a rule of R4 asks for, in plain words of our own. Empty: none here. source: the definition
 * that has the rule; empty: any of R4's. (profile_rule_words.c) */
text profile_rule_words(text key, text source);
/* Whether the source of a rule is a definition of R4 itself: empty, its URL or its name alone. */
bool profile_rule_is_base(text source);

/* dom-3: each contained resource is referred to. NATIVE_UNSURE where it cannot be told. */
enum native_truth profile_rule_contained(struct profile_run *run, const struct path_node *at);

/* txt-1 of a div (only elements, attributes and entities that format text, in the namespace of
 * XHTML), or txt-2: that there is something to read. */
enum native_truth profile_rule_narrative(text xhtml, bool content);

#endif
