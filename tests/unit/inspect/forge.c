/* SPDX-License-Identifier: Apache-2.0 */
#include "forge.h"

#include "audit/proof.h"
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *
open_part(const struct forge *forge, const char *name, const char *mode)
{
    char path[2 * LAB_PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", forge->folder, name);
    CHECK((file = fopen(path, mode)) != NULL);
    return file;
}

static struct line
copy_line(const char *bytes, size_t size)
{
    struct line line = {malloc(size + 1), size};

    CHECK(line.bytes != NULL);
    memcpy(line.bytes, bytes, size);
    line.bytes[size] = '\0';
    return line;
}

static void
free_lines(struct forge *forge)
{
    for (size_t i = 0; i < forge->count; i++)
        free(forge->lines[i].bytes);
    forge->count = 0;
}

void
forge_reset(struct forge *forge)
{
    char path[2 * LAB_PATH_BYTES];
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    FILE *file;

    free_lines(forge);
    snprintf(path, sizeof(path), "%s/records.jsonl", lab_get()->all);
    CHECK((file = fopen(path, "re")) != NULL);
    while ((size = getline(&text, &capacity, file)) > 0) {
        CHECK(forge->count < FORGE_LINES_MAX && text[size - 1] == '\n');
        forge->lines[forge->count++] = copy_line(text, (size_t)size - 1);
    }
    free(text);
    fclose(file);
}

void
forge_begin(struct forge *forge)
{
    char command[4 * LAB_PATH_BYTES];

    forge->count = 0;
    lab_get();
    lab_path(forge->folder, "forged");
    lab_remove(forge->folder);
    snprintf(command, sizeof(command), "cp -r '%s' '%s'", lab_get()->all,
             forge->folder);
    CHECK(system(command) == 0);
    forge_reset(forge);
}

void
forge_end(struct forge *forge)
{
    free_lines(forge);
    lab_remove(forge->folder);
}

void
forge_delete(struct forge *forge, size_t at)
{
    CHECK(at < forge->count);
    free(forge->lines[at].bytes);
    forge->count--;
    memmove(&forge->lines[at], &forge->lines[at + 1],
            (forge->count - at) * sizeof(forge->lines[0]));
}

void
forge_insert(struct forge *forge, size_t at, const struct line *line)
{
    struct line copy = copy_line(line->bytes, line->size);

    CHECK(at <= forge->count && forge->count < FORGE_LINES_MAX);
    memmove(&forge->lines[at + 1], &forge->lines[at],
            (forge->count - at) * sizeof(forge->lines[0]));
    forge->lines[at] = copy;
    forge->count++;
}

void
forge_swap(struct forge *forge, size_t a, size_t b)
{
    struct line line = forge->lines[a];

    CHECK(a < forge->count && b < forge->count);
    forge->lines[a] = forge->lines[b];
    forge->lines[b] = line;
}

void
forge_read(struct forge *forge, size_t at)
{
    CHECK(at < forge->count);
    CHECK(record_decode(forge->lines[at].bytes, forge->lines[at].size,
                        &forge->record, &forge->text) == ERR_OK);
}

size_t
forge_find(struct forge *forge, size_t from, enum record_type type)
{
    for (size_t i = from; i < forge->count; i++) {
        forge_read(forge, i);
        if (forge->record.type == type)
            return i;
    }
    CHECK(false);
    return 0;
}

bool
forge_store(struct forge *forge, size_t at)
{
    struct buf out;
    bool is_good;

    buf_init(&out, 2 * RECORD_BYTES_MAX);
    is_good = record_encode(&forge->record, &out) == ERR_OK;
    if (is_good) {
        free(forge->lines[at].bytes);
        forge->lines[at] = copy_line(out.bytes, out.size);
    }
    buf_release(&out);
    return is_good;
}

void
forge_write(const struct forge *forge)
{
    FILE *file = open_part(forge, "records.jsonl", "we");

    for (size_t i = 0; i < forge->count; i++) {
        fwrite(forge->lines[i].bytes, 1, forge->lines[i].size, file);
        fputc('\n', file);
    }
    CHECK(fclose(file) == 0);
}

/** Fewer than 256 records: one partial tile. */
static void
write_tile(const struct forge *forge, const struct hash *leaves)
{
    char name[3 * LAB_PATH_BYTES], path[2 * LAB_PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s/tile/0/000.p", forge->folder);
    lab_remove(path);
    snprintf(name, sizeof(name), "mkdir '%s'", path);
    CHECK(system(name) == 0);
    snprintf(name, sizeof(name), "tile/0/000.p/%zu", forge->count);
    file = open_part(forge, name, "we");
    fwrite(leaves, sizeof(*leaves), forge->count, file);
    CHECK(fclose(file) == 0);
}

void
forge_sign(const struct forge *forge, const struct logkey *key)
{
    struct hash leaves[FORGE_LINES_MAX];
    struct checkpoint head = {.size = forge->count};
    struct tree_hasher hasher;
    struct buf note;
    FILE *file;

    tree_hasher_init(&hasher);
    for (size_t i = 0; i < forge->count; i++) {
        leaves[i] = leaf_hash(forge->lines[i].bytes, forge->lines[i].size);
        tree_hasher_add(&hasher, &leaves[i]);
    }
    head.root = tree_hasher_root(&hasher);
    snprintf(head.origin, sizeof(head.origin), "%s", key->verifier.name);
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    CHECK(checkpoint_sign(&head, key->key, &key->verifier, &note) == ERR_OK);
    file = open_part(forge, "checkpoint", "we");
    fwrite(note.bytes, 1, note.size, file);
    CHECK(fclose(file) == 0);
    buf_release(&note);
    write_tile(forge, leaves);
    forge_write(forge);
}
