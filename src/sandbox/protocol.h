/* protocol.h: what council-sandbox and its client say to each other.
 *
 * The client starts the helper with descriptor 0 on /dev/null, 1 and 2 on the
 * pipe that carries the command's output, and CONTROL_FD on one end of a
 * stream socket. The end of that stream, seen by the helper, means "stop
 * everything": the client shuts its side down to cancel, and the kernel does
 * it when the client dies of whatever cause. The helper answers once, with
 * one sandbox_report, when no descendant of the command is left.
 *
 *   council-sandbox --control FD [--timeout MS] [--cwd DIR] -- PROGRAM [ARG…]
 *
 * The command gets the helper's own environment. Both sides come from one
 * build and run on one machine: the report is the struct's bytes.
 */
#ifndef COUNCIL_SANDBOX_PROTOCOL_H
#define COUNCIL_SANDBOX_PROTOCOL_H

#include <stdint.h>

enum { SANDBOX_CONTROL_FD = 3 };
enum { SANDBOX_GRACE_MS = 300 };     /* between SIGTERM and SIGKILL */
enum { SANDBOX_GIVE_UP_MS = 5000 };  /* after SIGKILL: then what is left cannot be killed */
enum { SANDBOX_MAGIC = 0x4c435343 };

enum sandbox_end {
	SANDBOX_EXITED,   /* value: the exit code */
	SANDBOX_SIGNALED, /* value: the signal */
	SANDBOX_FAILED,   /* never ran; value: errno, stage says at what */
};

enum sandbox_stage { SANDBOX_STAGE_SETUP, SANDBOX_STAGE_CWD, SANDBOX_STAGE_EXEC };

struct sandbox_report {
	uint32_t magic;
	uint32_t end;        /* enum sandbox_end */
	int32_t value;
	uint32_t stage;      /* enum sandbox_stage, with SANDBOX_FAILED */
	uint32_t timed_out;
	uint32_t cancelled;
	uint32_t ended;      /* descendants that had to be ended */
	uint32_t left;       /* descendants that could not be */
};

#endif
