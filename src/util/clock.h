/* clock.h: time. Wall times are UTC microseconds since 1970. */
#ifndef COUNCIL_CLOCK_H
#define COUNCIL_CLOCK_H

#include <stdint.h>

int64_t clock_now_us(void);       /* wall */
int64_t clock_monotonic_us(void);
/* "2026-11-21T00:36:23.123456Z" into out[28] */
void clock_format_iso(int64_t us, char out[28]);
/* Parses "90s" "15m" "12h" "7d" "4w", a date "2026-11-01" or an ISO time,
 * as a moment at or before `now`. Returns 0 or -1. */
int clock_parse_since(const char *text, int64_t now_us, int64_t *ret_us);

#endif
