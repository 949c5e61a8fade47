/* Inside fhir/: what spec/make_core.c makes of spec/core/ when Kith is built. */
#ifndef KITH_FHIR_CORE_DATA_H
#define KITH_FHIR_CORE_DATA_H

#include <stddef.h>
#include <stdint.h>

/* All definitions, one a line, in the order of url and then resourceType (bytes): one zstd frame.
 */
extern const unsigned char core_packed[];
extern const size_t core_packed_size;
extern const size_t core_size; /* unpacked */

/* Where each line starts, and last where one more would. */
extern const uint32_t core_lines[];
extern const size_t core_line_count;

#endif
