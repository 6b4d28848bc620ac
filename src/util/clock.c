/* clock.c: see clock.h. */
#include "util/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/str.h"

static const int64_t second = 1000000;

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * second + ts.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_format_iso(int64_t us, char out[28])
{
	int64_t s = us / second, part = us % second;
	time_t t;
	struct tm tm;

	if (part < 0) {
		part += second;
		s--;
	}
	t = (time_t)s;
	if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
		memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
		return;
	}
	/* Every field is in range; the remainders tell the compiler so. */
	snprintf(out, 28, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		 (unsigned)tm.tm_sec % 100, (unsigned)part % 1000000);
}

/* n digits at *s as a number in [min,max]; moves *s behind them. */
static bool digits(const char **s, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = (*s)[i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*s += n;
	*ret = v;
	return v >= min && v <= max;
}

static bool skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* "", "Z", "+02:00" or "+0200" */
static bool parse_zone(const char *s, int64_t *ret_us)
{
	int sign = *s == '-' ? -1 : 1;
	int h, m;

	*ret_us = 0;
	if (!*s || ((*s == 'Z' || *s == 'z') && !s[1]))
		return true;
	if (*s != '+' && *s != '-')
		return false;
	s++;
	if (!digits(&s, 2, 0, 14, &h))
		return false;
	skip(&s, ':');
	if (!digits(&s, 2, 0, 59, &m) || *s)
		return false;
	*ret_us = sign * (h * 3600 + m * 60) * second;
	return true;
}

static bool parse_iso(const char *s, int64_t *ret_us)
{
	struct tm tm = { 0 }, back;
	int year, month;
	int64_t part = 0, zone = 0;
	time_t t;

	if (!digits(&s, 4, 1970, 9999, &year) || !skip(&s, '-') ||
	    !digits(&s, 2, 1, 12, &month) || !skip(&s, '-') || !digits(&s, 2, 1, 31, &tm.tm_mday))
		return false;
	if (*s == 'T' || *s == 't' || *s == ' ') {
		s++;
		if (!digits(&s, 2, 0, 23, &tm.tm_hour) || !skip(&s, ':') ||
		    !digits(&s, 2, 0, 59, &tm.tm_min))
			return false;
		if (skip(&s, ':') && !digits(&s, 2, 0, 59, &tm.tm_sec))
			return false;
		if (skip(&s, '.')) {
			int64_t unit = second / 10;

			if (*s < '0' || *s > '9')
				return false;
			for (; *s >= '0' && *s <= '9'; s++, unit /= 10)
				part += (*s - '0') * unit;
		}
		if (!parse_zone(s, &zone))
			return false;
	} else if (*s) {
		return false;
	}
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	t = timegm(&tm);
	/* timegm carries the 31st of February over into March */
	if (!gmtime_r(&t, &back) || back.tm_mday != tm.tm_mday || back.tm_mon != month - 1)
		return false;
	*ret_us = (int64_t)t * second + part - zone;
	return true;
}

static bool parse_age(const char *text, int64_t *ret_us)
{
	static const struct { char unit; int64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
	};
	size_t n = strlen(text);
	char number[16];
	int64_t v;

	if (n < 2 || n > sizeof number)
		return false;
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	if (number[0] == '+' || !parse_i64(number, 0, 1000000000, &v))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (text[n - 1] == units[i].unit) {
			*ret_us = v * units[i].seconds * second;
			return true;
		}
	}
	return false;
}

int clock_parse_since(const char *text, int64_t now_us, int64_t *ret_us)
{
	int64_t v;

	if (!text)
		return -1;
	if (parse_age(text, &v))
		v = now_us - v;
	else if (!parse_iso(text, &v))
		return -1;
	if (v > now_us)
		return -1;
	*ret_us = v;
	return 0;
}
