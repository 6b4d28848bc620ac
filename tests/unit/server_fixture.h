/* server_fixture.h: tests/server/server.py on a free port, for tests that talk
 * to a real HTTP server. It ends with the test's process. */
#ifndef COUNCIL_TEST_SERVER_FIXTURE_H
#define COUNCIL_TEST_SERVER_FIXTURE_H

#include <check.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/json.h"
#include "util/path.h"
#include "util/str.h"

#ifndef COUNCIL_SRCDIR
#define COUNCIL_SRCDIR "."
#endif

extern char **environ;

struct server {
	char *folder;   /* removed by server_stop */
	char *base;     /* "http://127.0.0.1:PORT/v1" */
	char *log;      /* one JSON line a request */
	pid_t pid;
};

static inline char *server_file(const struct server *s, const char *name, const char *text)
{
	char *path = path_join(s->folder, name);

	if (text)
		ck_assert_int_eq(path_write_atomic(path, text, strlen(text), 0600, false, NULL), 0);
	return path;
}

/* script: JSON as server.py documents it; NULL: every answer is "ok". */
static inline void server_start(struct server *s, const char *script)
{
	const char *tmp = getenv("TMPDIR");
	struct buf port = BUF_INIT(64);
	char *port_file, *script_file;

	s->folder = str_printf("%s/council-server-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(s->folder));
	port_file = server_file(s, "port", NULL);
	s->log = server_file(s, "requests.ndjson", NULL);
	script_file = server_file(s, "script.json", script ? script : "{}");
	{
		char *argv[] = { (char *)"python3", (char *)COUNCIL_SRCDIR "/tests/server/server.py",
				 (char *)"--port-file", port_file, (char *)"--script", script_file,
				 (char *)"--log", s->log, (char *)"--max-seconds", (char *)"60", NULL };

		ck_assert_int_eq(posix_spawnp(&s->pid, "python3", NULL, NULL, argv, environ), 0);
	}
	/* The port's file is renamed into its place, so that it is whole once it is there. */
	for (int i = 0; i < 5000 && !path_exists(port_file); i++) {
		ck_assert_msg(waitpid(s->pid, NULL, WNOHANG) == 0, "server.py ended");
		usleep(2000);
	}
	ck_assert_int_eq(buf_read_file(&port, port_file, NULL), 0);
	s->base = str_printf("http://127.0.0.1:%d/v1", atoi(buf_str(&port)));
	buf_release(&port);
	free(port_file);
	free(script_file);
}

static inline void server_stop(struct server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	if (s->folder)
		path_remove_tree(s->folder, NULL);
	free(s->folder);
	free(s->base);
	free(s->log);
	*s = (struct server){ 0 };
}

/* Request i (from 0) as the server saw it, NULL when there were fewer. Free with json_free. */
static inline json *server_request(const struct server *s, size_t i)
{
	struct buf all = BUF_INIT(64 << 20);
	json *found = NULL;
	char *line;

	if (buf_read_file(&all, s->log, NULL) == 0)
		for (line = all.data; line && *line; i--) {
			char *end = strchr(line, '\n');

			if (!end)
				break;
			if (i == 0) {
				found = json_parse(line, (size_t)(end - line), NULL);
				break;
			}
			line = end + 1;
		}
	buf_release(&all);
	return found;
}

static inline size_t server_requests(const struct server *s)
{
	size_t n = 0;
	json *j;

	while ((j = server_request(s, n))) {
		json_free(j);
		n++;
	}
	return n;
}

#endif
