/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lab: a small log made by the real engine over a real store, with a CA,
 * certificates and signed commands, exported by the inspector itself.
 *
 * Made once a program; the exported folders are never changed. The clock is
 * scripted, and begins a few hours ago, so that certificates are in force.
 */
#ifndef TESTS_INSPECT_LAB_H
#define TESTS_INSPECT_LAB_H

#include "audit/logkey.h"

enum { LAB_PATH_BYTES = 256 };

#define LAB_ORIGIN "lab.example/log/1"

/** Folders and files below one temporary folder, and the keys of the log. */
struct lab {
    char folder[LAB_PATH_BYTES];
    char data[LAB_PATH_BYTES];     /* of the stopped server */
    char all[LAB_PATH_BYTES];      /* the auditor's export */
    char open[LAB_PATH_BYTES];     /* the public one */
    char ca[LAB_PATH_BYTES];       /* ca.pem */
    char other_ca[LAB_PATH_BYTES]; /* of somebody else */
    char receipt[LAB_PATH_BYTES];  /* of ann's first bid */
    struct logkey logkey;
};

/** The one laboratory; made when it is first asked for. */
const struct lab *lab_get(void);

/** A path below the lab's folder. */
char *lab_path(char out[LAB_PATH_BYTES], const char *name);

/** Remove a folder below the lab's with all that is in it. */
void lab_remove(const char *path);

/**
 * Run one command of the inspector with its output into `text` (terminated,
 * cut to `size`); the exit code.
 */
struct inspect_options;
int lab_run(int (*command)(const struct inspect_options *options),
            const struct inspect_options *options, char *text, size_t size);

#endif
