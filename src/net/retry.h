/* retry.h: which failures are worth another try, and how long to wait first.
 * Pure functions; the waiting is done by http_request.delay_ms, which a
 * cancel interrupts. */
#ifndef COUNCIL_RETRY_H
#define COUNCIL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/http.h"

struct retry_policy {
	int retries;         /* after the first try */
	int64_t base_ms;     /* the first wait; doubles with each retry */
	int64_t max_ms;      /* no wait of our own is longer */
	int64_t after_max_ms;/* a Retry-After beyond this is not waited for: the call fails */
};
#define RETRY_POLICY_DEFAULT { .retries = 3, .base_ms = 500, .max_ms = 20000, .after_max_ms = 120000 }

/* 408, 409, 425, 429 and 5xx but 501 and 505. */
bool retry_http_status(int status);
/* No connection, or one that ended early: yes. A limit on the first byte or the whole that passed,
 * TLS, an abort, a cancel: no. */
bool retry_failure(enum http_failure failure);
/* Retry-After as seconds or as an HTTP date (IMF-fixdate), in ms from now; -1: absent or
 * unreadable. A date that has passed is 0. */
int64_t retry_after_ms(const char *value, int64_t now_us);
/* The wait before retry number n (from 1): Retry-After where there is one (after_ms >= 0), else
 * exponential with jitter, between half and all of base·2^(n-1), `random` picking where.
 * -1: do not retry (n passed the policy, or after_ms its cap). */
int64_t retry_delay_ms(const struct retry_policy *p, int n, int64_t after_ms, uint32_t random);

#endif
