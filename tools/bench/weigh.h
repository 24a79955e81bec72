/* SPDX-License-Identifier: Apache-2.0 */
/**
 * weigh: processor time and memory of a process and its descendants.
 */
#ifndef TOOLS_BENCH_WEIGH_H
#define TOOLS_BENCH_WEIGH_H

/** Seconds of processor used by all of them until now. */
double weigh_cpu(int pid);

/** Proportional set size of all of them, in bytes. */
double weigh_memory(int pid);

#endif
