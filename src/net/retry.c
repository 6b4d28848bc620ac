/* retry.c: see retry.h. */
#include "net/retry.h"

#include <string.h>
#include <time.h>

#include "util/str.h"

bool retry_http_status(int status)
{
	switch (status) {
	case 408:
	case 409:
	case 425:
	case 429:
		return true;
	case 501:
	case 505:
		return false;
	default:
		return status >= 500 && status <= 599;
	}
}

bool retry_failure(enum http_failure failure)
{
	return failure == HTTP_CONNECT || failure == HTTP_CLOSED || failure == HTTP_SLOW_IDLE;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", read without the locale (strptime's %a and
 * %b would follow it). */
static bool parse_http_date(const char *s, int64_t *ret_us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *comma = strchr(s, ','), *month;
	struct tm tm = { 0 };
	int64_t day, year, hour, minute, second;
	char part[8][8] = { "" };
	size_t n = 0;
	time_t t;

	for (const char *p = comma ? comma + 1 : s; *p && n < 6;) {
		size_t len;

		p += strspn(p, " :");
		len = strcspn(p, " :");
		if (len == 0 || len >= sizeof(part[0]))
			break;
		memcpy(part[n++], p, len);
		p += len;
	}
	month = strlen(part[1]) == 3 ? strstr(months, part[1]) : NULL;
	if (n != 6 || !month || (month - months) % 3 != 0 ||
	    !parse_i64(part[0], 1, 31, &day) || !parse_i64(part[2], 1970, 9999, &year) ||
	    !parse_i64(part[3], 0, 23, &hour) || !parse_i64(part[4], 0, 59, &minute) ||
	    !parse_i64(part[5], 0, 60, &second))
		return false;
	tm.tm_mday = (int)day;
	tm.tm_mon = (int)(month - months) / 3;
	tm.tm_year = (int)year - 1900;
	tm.tm_hour = (int)hour;
	tm.tm_min = (int)minute;
	tm.tm_sec = (int)second;
	t = timegm(&tm);
	*ret_us = (int64_t)t * 1000000;
	return true;
}

int64_t retry_after_ms(const char *value, int64_t now_us)
{
	int64_t seconds, at;
	double fraction;

	if (!value || !*value)
		return -1;
	if (parse_i64(value, 0, INT64_MAX / 1000, &seconds))
		return seconds * 1000;
	/* Not in the standard, but sent: "0.5". */
	if (parse_double(value, &fraction) && fraction >= 0 && fraction < 1e9)
		return (int64_t)(fraction * 1000);
	if (!parse_http_date(value, &at))
		return -1;
	return at > now_us ? (at - now_us + 999) / 1000 : 0;
}

int64_t retry_delay_ms(const struct retry_policy *p, int n, int64_t after_ms, uint32_t random)
{
	int64_t wait = p->base_ms;

	if (n > p->retries || after_ms > p->after_max_ms)
		return -1;
	if (after_ms >= 0)
		return after_ms;
	for (int i = 1; i < n && wait < p->max_ms; i++)
		wait *= 2;
	if (wait > p->max_ms)
		wait = p->max_ms;
	return wait / 2 + (int64_t)(random % (uint32_t)(wait / 2 + 1));
}
