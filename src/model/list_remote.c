/* list_remote.c: GET /models. */
#include "model/route.h"

#include <string.h>

#include "util/json.h"
#include "util/str.h"

enum { MODELS_BODY_MAX = 8 << 20, MODELS_MAX = 10000 };

int parse_models(const char *text, size_t len, struct strv *ret_ids, struct error *err)
{
	CLEANUP_JSON json *j = json_parse(text, len, NULL);
	const json *list = json_get(j, "data");
	size_t n = 0;

	/* Ollama's own and some others' have `models`, or a bare list. */
	if (!json_is_array(list))
		list = json_is_array(j) ? j : json_get(j, "models");
	if (!json_is_array(list))
		return error_set(err, STATUS_ENDPOINT, "the list of models is not in OpenAI's "
				 "format; check the URL");
	for (json *m = json_first(list); m && n < MODELS_MAX; m = json_next(m)) {
		const char *id = json_is_string(m) ? json_string(m) : json_get_string(m, "id");

		if (!id)
			id = json_get_string(m, "name");
		if (!id || !*id)
			continue;
		if (strv_add(ret_ids, id) < 0)
			return error_oom(err);
		n++;
	}
	return 0;
}

int describe_models(struct buf *out, const struct strv *ids, size_t max)
{
	for (size_t i = 0; i < ids->n && i < max; i++)
		buf_addf(out, "%s%s", i ? ", " : "", ids->v[i]);
	if (ids->n > max)
		buf_addf(out, " and %zu more", ids->n - max);
	return out->failed ? -1 : 0;
}

int list_models(struct http *http, const char *base_url, const char *key,
		const struct strv *headers, const struct http_limits *limits,
		const struct cancel *cancel, struct strv *ret_ids, struct error *err)
{
	CLEANUP_FREE char *url = str_printf("%s/models", base_url);
	CLEANUP_STRV struct strv all = { 0 };
	CLEANUP_BUF struct buf body = BUF_INIT(MODELS_BODY_MAX);
	CLEANUP_BUF struct buf shown = BUF_INIT(1024);
	struct http_request request = { .method = "GET", .limits = *limits };
	int status = 0;

	if (!url || (headers && strv_copy(&all, headers) < 0) ||
	    strv_add(&all, "Accept: application/json") < 0 ||
	    (key && strv_addf(&all, "Authorization: Bearer %s", key) < 0))
		return error_oom(err);
	request.url = url;
	request.headers = (const char *const *)all.v;
	if (http_fetch(http, &request, cancel, &status, &body, err) < 0)
		return -1;
	http_url_display(&shown, url);
	if (status == 401 || status == 403)
		return error_set(err, STATUS_USAGE, "%s answered HTTP %d: %s", buf_str(&shown),
				 status, key ? "the key is not accepted" : "it wants a key");
	if (status != 200)
		return error_set(err, STATUS_ENDPOINT, "%s answered HTTP %d; check the URL",
				 buf_str(&shown), status);
	if (parse_models(buf_str(&body), body.len, ret_ids, err) < 0)
		return error_prefix(err, "%s", buf_str(&shown));
	return 0;
}

int model_list_remote(const char *base_url, const char *api_key, int64_t timeout_ms,
		      const struct cancel *cancel, struct strv *ret_ids, struct error *err)
{
	struct http_limits limits = { .connect_ms = timeout_ms, .total_ms = timeout_ms };
	CLEANUP_FREE char *base = NULL;
	struct http *http = NULL;
	int rc;

	if (base_url_normalise(base_url, &base, err) < 0)
		return -1;
	if (http_new("council", &http, err) < 0)
		return -1;
	rc = list_models(http, base, api_key, NULL, &limits, cancel, ret_ids, err);
	http_free(http);
	return rc;
}
