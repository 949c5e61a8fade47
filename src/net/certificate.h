/*
 * A key of this node and a certificate that it signs itself: for connections whose ends know each
 * other's keys beforehand (net/peers.h), so that names, dates and authorities do not matter.
 */
#ifndef KITH_NET_CERTIFICATE_H
#define KITH_NET_CERTIFICATE_H

#include "base/buf.h"
#include "base/err.h"

/* A fresh key (EC P-256) and a certificate of it, both PEM, one behind the other. The common name
 * is for those who look at it: 1 to 64 bytes. */
int certificate_make(text common_name, struct buf *ret_pem, struct err *e);

/* SHA-256 of the SubjectPublicKeyInfo of the first certificate of a PEM text. ERR_INVALID. */
int certificate_key(text pem, uint8_t ret_spki[32], struct err *e);

#endif
