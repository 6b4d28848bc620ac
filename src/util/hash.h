/* hash.h: SHA-256 (libcrypto). */
#ifndef COUNCIL_HASH_H
#define COUNCIL_HASH_H

#include <stddef.h>
#include <stdint.h>

struct sha256 { uint8_t b[32]; };
struct sha256 sha256_of(const void *data, size_t len);
void sha256_hex(const struct sha256 *h, char out[65]);

#endif
