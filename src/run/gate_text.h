/* gate_text.h: a command's output made fit for models and people. */
#ifndef COUNCIL_GATE_TEXT_H
#define COUNCIL_GATE_TEXT_H

#include <stddef.h>

#include "util/error.h"

enum { GATE_TEXT_MAX = 64 << 10 };

/* Removes terminal escape sequences in place; the new length. A sequence that
 * the text cuts off is removed as well. */
size_t ansi_strip(char *s, size_t len);

/* Escapes and control characters gone, progress lines that overwrote each
 * other reduced to the last, valid UTF-8, `root` (a folder) written as ".",
 * at most GATE_TEXT_MAX bytes: of longer text the part around the first
 * failure and the end, "[N lines left out]" between. malloc'd. */
char *gate_text(const char *s, size_t len, const char *root, struct error *err);

#endif
