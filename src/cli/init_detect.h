/* init_detect.h: what `council init` finds by itself: endpoints by keys in the
 * environment and by servers on this machine, and what a fresh worktree would
 * lack. */
#ifndef COUNCIL_INIT_DETECT_H
#define COUNCIL_INIT_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/cancel.h"
#include "util/error.h"
#include "util/str.h"

struct found_endpoint {
	char *what;            /* "Ollama", "OPENAI_API_KEY": how it was found */
	char *url;
	const char *key_env;   /* NULL: it wants no key; static */
	struct strv models;    /* what it offers; empty where it was not asked */
};
struct found_endpoints {
	struct found_endpoint *v;
	size_t n;
};
/* Servers on this machine get 300 ms each to answer. */
int find_endpoints(const struct cancel *cancel, struct found_endpoints *ret, struct error *err);
void found_endpoints_release(struct found_endpoints *f);

/* The base URL that OLLAMA_HOST means ("", "host", ":port", "http://host:port", "0.0.0.0").
 * malloc'd; NULL: no memory. */
char *ollama_url(const char *host);

struct found_lacks {
	struct strv link;      /* ignored folders that tests are likely to need */
	struct strv secret;    /* ignored .env files: to be linked only if somebody says so */
	char *setup;           /* a command that makes the rest; NULL */
};
/* From the ignored files of the working tree at top. */
int find_lacks(const char *top, const struct cancel *cancel, struct found_lacks *ret,
	       struct error *err);
void found_lacks_release(struct found_lacks *f);

#endif
