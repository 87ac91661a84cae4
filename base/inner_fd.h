/*
 * inner_fd: a descriptor whose bytes never leave this process.
 *
 * libcurl and libmicrohttpd read and write descriptors, and nothing else. A
 * pair of sockets for each connection would do, at a price: two dozen system
 * calls for one exchange, six descriptors, a buffer in the kernel that we
 * cannot see, and that a forked process would share with its parent. So they
 * are given an inner descriptor. It is a number that the kernel has given us
 * (for /dev/null: it is nobody else's), and the functions recv, send, sendmsg,
 * poll, epoll_ctl, epoll_wait, shutdown, close, connect, and those that ask
 * about a socket, are ours for it: an executable's own definitions come before
 * the C library's, also for the libraries that it is linked with. For any other
 * descriptor they do what they always did. inner_fd.c lists them.
 *
 * Its life: inner_new; the library has it and closes it at some time
 * (`closed`); inner_free whenever the owner wants, before or after that.
 *
 * Not from two threads.
 */
#ifndef BASE_INNER_FD_H
#define BASE_INNER_FD_H

#include <stdbool.h>
#include <stddef.h>

struct inner_fd;

struct inner_ops {
	/* The library writes. How much of it was taken: if not all, epoll tells
	 * at once that it may go on; if nothing, when inner_roomy says so. */
	size_t (*write)(void *ctx, const char *data, size_t len);
	/* It will write no more: shutdown, or close. Once. */
	void (*closed)(void *ctx);
};

/* NULL: this machine has no more descriptors (it takes one). */
struct inner_fd *inner_new(const struct inner_ops *ops, void *ctx);
/* As long as the library has not closed it, it reads an end of file and
 * writes into nothing. */
void inner_free(struct inner_fd **inner);
int inner_number(const struct inner_fd *inner);

/* Bytes for the library to read. They are lent until inner_keep, which copies
 * what was not read by then. */
void inner_lend(struct inner_fd *inner, const char *data, size_t len);
void inner_keep(struct inner_fd *inner);
size_t inner_unread(const struct inner_fd *inner);
void inner_eof(struct inner_fd *inner); /* no more bytes will come */
/* A write that was refused may be tried again. */
void inner_roomy(struct inner_fd *inner);
bool inner_is_full(const struct inner_fd *inner); /* one was refused */

#endif
