/* owner.c: see owner.h. */
#include "ledger/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of a small file of /proc; "" when it cannot be read. */
static void read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

/* Field 22 of /proc/PID/stat, 0 when not known; -1 for a process that ended
 * and only waits for its parent to look. The second field is the program's
 * name in parentheses and may hold anything, so fields are counted behind the
 * last ')'. */
static int64_t started_at(int64_t pid)
{
	char path[48], line[1024];
	const char *p;

	snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
	read_line(path, line, sizeof line);
	p = strrchr(line, ')');
	if (p && p[1] == ' ' && (p[2] == 'Z' || p[2] == 'X'))
		return -1;
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoll(p, NULL, 10) : 0;
}

struct owner owner_self(void)
{
	struct owner o = { .pid = getpid() };
	struct utsname u;
	ssize_t n;

	if (uname(&u) == 0)
		snprintf(o.host, sizeof o.host, "%.64s", u.nodename);
	read_line("/proc/sys/kernel/random/boot_id", o.boot, sizeof o.boot);
	n = readlink("/proc/self/ns/pid", o.pid_space, sizeof o.pid_space - 1);
	o.pid_space[n > 0 ? n : 0] = '\0';
	o.pid_started = started_at(o.pid);
	return o;
}

bool owner_alive(const struct owner *o)
{
	struct owner me = owner_self();
	int64_t started;

	if (strcmp(o->host, me.host) != 0)
		return true;
	if (strcmp(o->boot, me.boot) != 0)
		return false;
	if (strcmp(o->pid_space, me.pid_space) != 0)
		return true;
	if (o->pid <= 0 || (kill((pid_t)o->pid, 0) < 0 && errno == ESRCH))
		return false;
	started = started_at(o->pid);
	return o->pid_started == 0 || started == 0 || started == o->pid_started;
}
