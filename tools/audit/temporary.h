/* SPDX-License-Identifier: Apache-2.0 */
/** temporary: a file without a name, gone when it is closed. */
#ifndef TOOLS_TEMPORARY_H
#define TOOLS_TEMPORARY_H

/** In TMPDIR, else /tmp; -1 with errno. */
int temporary_open(void);

#endif
