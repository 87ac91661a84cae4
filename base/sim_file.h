/*
 * sim_file: what a file of the simulated disk holds, in two views.
 *
 * cached is what programs read and write, stored what a power loss leaves. Both
 * are views of the same pages: a page is shared by the two until it is written
 * to, so that a sync costs what changed since the last one and not the size of
 * the file. A page that nobody wrote reads as zeros.
 *
 * A file lives as long as somebody holds it: a name, in either view of the
 * directory, or an open handle (sim_disk.c).
 */
#ifndef BASE_SIM_FILE_H
#define BASE_SIM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_file;

struct sim_file *sim_file_new(unsigned mode); /* held once, by the caller */
struct sim_file *sim_file_hold(struct sim_file *file); /* NULL is fine */
void sim_file_drop(struct sim_file **file); /* NULL is fine; leaves NULL */

unsigned sim_file_mode(const struct sim_file *file);
/* All of the cached view. */
uint64_t sim_file_size(const struct sim_file *file);
size_t sim_file_read(
    const struct sim_file *file, uint64_t at, void *data, size_t len);
void sim_file_write(
    struct sim_file *file, uint64_t at, const void *data, size_t len);
void sim_file_truncate(struct sim_file *file, uint64_t size);

void sim_file_sync(struct sim_file *file);   /* what is cached is stored */
void sim_file_forget(struct sim_file *file); /* what is stored is cached */

/* print, hashed together with one view: its size and its pages. */
uint64_t sim_file_print(
    const struct sim_file *file, bool stored, uint64_t print);
/* Another file, held once, both of whose views are this one. */
struct sim_file *sim_file_copy(const struct sim_file *file, bool stored);
/* Flips the byte in both views. False: there is none, or it is a hole. */
bool sim_file_corrupt(struct sim_file *file, uint64_t at);

#endif
