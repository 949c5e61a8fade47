#include "rest/operation.h"

/* Composition/{id}/$document */
