#!/usr/bin/env python3
"""Runs a command several times and prints one row: wall time, processor time, peak memory.

    measure.py --table FILE [--runs N] [--warm N] [--timeout S] [--need-ms MS] [--need-mib MIB]
               [--against ROW] ROW -- COMMAND…

ROW is the row's name. FILE keeps the rows of this run of the benchmarks, one a line, tabs
between: name, median, least and greatest milliseconds, median milliseconds of processor time,
greatest MiB. --against prints how many times as long as an earlier row this one took. Each run gets a session of its own; what is left of
it when the command ends, or when it passes the timeout, is ended.

Wall time is from before the spawn to after the wait. Processor time is that of the command and of
all it waited for, in user and kernel mode: it tells a busy machine from a slow program. Memory is the peak resident size of the
largest single process of the command's tree (wait4's ru_maxrss over all runs), not a sum. A spawned
process inherits this interpreter's own peak as a floor, so smaller figures are shown as "< floor".

A row with needs is measured up to three times, until they are met; the last try is shown.

Status 0, 1 when a need is not met, 2 when the command failed. Python 3 standard library only.
"""
import argparse
import os
import resource
import signal
import statistics
import sys
import tempfile
import time


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def fail(argv, why, log):
    with open(log, "rb") as f:
        tail = f.read()[-2000:].decode("utf-8", "replace")
    print("  %s: %s\n%s" % (argv[0], why, tail), file=sys.stderr)
    sys.exit(2)


def once(argv, timeout, log):
    """Milliseconds, milliseconds of processor time, and KiB of one run."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
               (os.POSIX_SPAWN_DUP2, 1, 2)]
    late = []
    began = time.monotonic_ns()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions, setsid=True)

    def on_alarm(*_):
        late.append(True)
        end_group(pid)

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    _, status, usage = os.wait4(pid, 0)
    took = (time.monotonic_ns() - began) / 1e6
    signal.setitimer(signal.ITIMER_REAL, 0)
    end_group(pid)
    if late:
        fail(argv, "did not end within %g s" % timeout, log)
    if status:
        fail(argv, "status %d" % os.waitstatus_to_exitcode(status), log)
    cpu = (usage.ru_utime + usage.ru_stime) * 1000
    return took, cpu, usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)


def milliseconds(ms):
    return "%.1f ms" % ms if ms < 1000 else "%.2f s" % (ms / 1000)


def earlier(table, name):
    with open(table, encoding="utf-8") as f:
        for line in f:
            row = line.rstrip("\n").split("\t")
            if row[0] == name:
                return float(row[1])
    sys.exit("measure.py: no row \"%s\" yet" % name)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--table", required=True)
    p.add_argument("--runs", type=int, default=11)
    p.add_argument("--warm", type=int, default=1)
    p.add_argument("--timeout", type=float, default=60)
    p.add_argument("--need-ms", type=float)
    p.add_argument("--need-mib", type=float)
    p.add_argument("--against")
    p.add_argument("row")
    p.add_argument("command", nargs="+")
    a = p.parse_args()

    needs = ((a.need_ms, "%g ms"), (a.need_mib, "%g MiB"))
    for tries in range(1, 4):
        with tempfile.NamedTemporaryFile(prefix="measure.") as log:
            for _ in range(a.warm):
                once(a.command, a.timeout, log.name)
            runs = [once(a.command, a.timeout, log.name) for _ in range(max(a.runs, 1))]
        times = [t for t, _, _ in runs]
        cpu = statistics.median(c for _, c, _ in runs)
        median, mib = statistics.median(times), max(k for _, _, k in runs) / 1024
        missed = [need is not None and got > need for (need, _), got in zip(needs, (median, mib))]
        if not any(missed):
            break
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    text = "%.1f MiB" % mib if mib > floor * 1.02 else "< %.0f MiB" % (floor + 1)
    notes = ["at most " + words % need + (": missed" if miss else ": met")
             for (need, words), miss in zip(needs, missed) if need is not None]
    if tries > 1:
        notes.append("try %d of 3" % tries)
    if a.against:
        notes.append("%.2f times \"%s\"" % (median / earlier(a.table, a.against), a.against))
    print("%-40s %9s %9s %9s %9s %10s  %s" % (
        a.row, milliseconds(median), milliseconds(min(times)), milliseconds(max(times)),
        milliseconds(cpu), text, ", ".join(notes)))
    sys.stdout.flush()
    with open(a.table, "a", encoding="utf-8") as f:
        f.write("%s\t%f\t%f\t%f\t%f\t%f\n" % (a.row, median, min(times), max(times), cpu, mib))
    return 1 if any(missed) else 0


if __name__ == "__main__":
    sys.exit(main())
