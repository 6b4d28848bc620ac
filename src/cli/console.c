/* console.c: see console.h; also what commands say and ask (cli.h). */
#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/str.h"

enum { ANSWER_MAX = 4096, MESSAGE_MAX = 8192 };

void console_sanitise(void)
{
	/* In this order open() gives the number that is missing. fd 1 is opened for
	 * reading: what is written to a closed stdout is an error, as it would be. */
	static const int flags[3] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd < 3; fd++)
		/* cppcheck-suppress leakReturnValNotUsed */
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags[fd]) < 0)
			return;
}

static bool set_in_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool wants_color(bool tty, const char *when)
{
	const char *term = getenv("TERM");

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return tty && !set_in_environment("NO_COLOR") && term && *term && strcmp(term, "dumb") != 0;
}

void console_init(struct cli *cli, const char *when)
{
	const char *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;

	cli->out = stdout;
	cli->err = stderr;
	cli->out_tty = isatty(STDOUT_FILENO) == 1;
	/* A live line needs a terminal that can move its cursor. */
	cli->err_tty = isatty(STDERR_FILENO) == 1 && !dumb;
	cli->interactive = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 &&
			   !set_in_environment("CI");
	cli->color_out = wants_color(cli->out_tty, when);
	cli->color_err = wants_color(isatty(STDERR_FILENO) == 1, when);
}

/* One write, so that lines of several processes do not mix. */
static void put_message(const char *kind, const char *text)
{
	CLEANUP_BUF struct buf line = BUF_INIT(MESSAGE_MAX);

	buf_addf(&line, "council: %s", kind);
	text_clean(&line, text, strlen(text), false);
	buf_addc(&line, '\n');
	fputs(buf_str(&line), stderr);
	fflush(stderr);
}

void console_error(const struct error *err)
{
	put_message("", err->message[0] ? err->message : "failed without saying why");
}

void cli_warn(struct cli *cli, const char *fmt, ...)
{
	struct error text = { 0 }; /* formats and cuts as messages are */
	va_list ap;

	if (option_flag(&cli->options, "quiet"))
		return;
	va_start(ap, fmt);
	error_vset(&text, STATUS_DONE, fmt, ap);
	va_end(ap);
	put_message("warning: ", text.message);
}

bool console_finish(FILE *out, int *ret_errno)
{
	bool failed = ferror(out) != 0;

	errno = 0;
	if (fflush(out) != 0)
		failed = true;
	*ret_errno = errno;
	/* Some file systems report a full disk only here. */
	if (fclose(out) != 0 && !failed) {
		failed = true;
		*ret_errno = errno;
	}
	return !failed;
}

/* One byte at a time: what follows the line belongs to whoever reads next. */
static int read_line(struct cli *cli, struct buf *line, struct error *err)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = cancel_fd(cli->cancel), .events = POLLIN },
	};
	char c;

	for (;;) {
		ssize_t n;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return error_sys(err, STATUS_INTERNAL, errno, "cannot wait for an answer");
		if (cancel_check(cli->cancel, err) < 0)
			return -1;
		if (!fds[0].revents)
			continue;
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return error_sys(err, STATUS_USAGE, errno, "cannot read the answer");
		if (n == 0 && line->len == 0)
			return error_set(err, STATUS_USAGE, "no answer: standard input ended");
		if (n == 0 || c == '\n')
			return 0;
		if (buf_addc(line, c) < 0)
			return buf_check(line, "the answer", err);
	}
}

int cli_ask(struct cli *cli, const char *question, const char *fallback, char **ret, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(MESSAGE_MAX);
	CLEANUP_BUF struct buf line = BUF_INIT(ANSWER_MAX);
	char *answer;

	if (!cli->interactive)
		return error_set(err, STATUS_USAGE, "this needs an answer, and nobody can be asked "
				 "without a terminal: %s", question);
	text_clean(&text, question, strlen(question), false);
	if (fallback && *fallback) {
		buf_adds(&text, " [");
		text_clean(&text, fallback, strlen(fallback), false);
		buf_adds(&text, "]");
	}
	fprintf(cli->err, "%s ", buf_str(&text));
	fflush(cli->err);
	if (read_line(cli, &line, err) < 0)
		return -1;
	while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]))
		buf_truncate(&line, line.len - 1);
	answer = str_dup(line.len > 0 || !fallback ? buf_str(&line) : fallback);
	if (!answer)
		return error_oom(err);
	*ret = answer;
	return 0;
}
