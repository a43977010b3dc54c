"""The exit codes of runs by which whoever started them tells how they ended."""

from __future__ import annotations

# sysexits.h: EX_TEMPFAIL, "try again later": non-zero, so that a preempted run goes back to its queue.
PREEMPTED = 75
# sysexits.h: EX_OSERR, "a system error": the device had too little memory.
OUT_OF_MEMORY = 71
# What W&B's client leaves with when its server stopped the run.
STOPPED = 255
# 128 and the number of SIGINT, as shells have it.
INTERRUPTED = 130
