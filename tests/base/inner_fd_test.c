#include "base/inner_fd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/test.h"

/* What libcurl and libmicrohttpd would do is done here by hand. */
static struct inner_fd *inner;
static int fd;
/* The compiler was told that shutdown() calls nobody back. */
static volatile int closings;
static struct buf written;
static size_t room;
static char got[64];

static size_t on_write(void *ctx, const char *data, size_t len)
{
	size_t taken = len < room ? len : room;

	(void)ctx;
	buf_add(&written, data, taken);
	room -= taken;
	return taken;
}

static void on_closed(void *ctx)
{
	(void)ctx;
	closings++;
}

static void open_one(void)
{
	static const struct inner_ops OPS = { on_write, on_closed };

	inner = inner_new(&OPS, NULL);
	fd = inner_number(inner);
	closings = 0;
	room = 1000;
	buf_reset(&written);
	memset(got, 0, sizeof(got));
}

static void close_one(void)
{
	inner_free(&inner);
	close(fd);
	buf_free(&written);
}

static short polled(short events)
{
	struct pollfd ask = { .fd = fd, .events = events };

	EXPECT(poll(&ask, 1, 0) == (ask.revents != 0));
	return ask.revents;
}

TEST(what_is_lent_is_read_and_then_nothing)
{
	open_one();
	EXPECT_INT(recv(fd, got, sizeof(got), 0), -1);
	EXPECT_INT(errno, EAGAIN);
	inner_lend(inner, "hello", 5);
	EXPECT_INT(recv(fd, got, 2, MSG_PEEK), 2);
	EXPECT_INT(recv(fd, got, 2, 0), 2);
	EXPECT_INT(inner_unread(inner), 3);
	EXPECT_INT(recv(fd, got + 2, sizeof(got) - 2, 0), 3);
	EXPECT_STR(got, "hello");
	EXPECT_INT(recv(fd, got, sizeof(got), 0), -1);
	close_one();
}

TEST(what_was_not_read_is_kept_and_what_comes_later_is_behind_it)
{
	char lent[] = "abc";

	open_one();
	inner_lend(inner, lent, 3);
	EXPECT_INT(recv(fd, got, 1, 0), 1);
	inner_keep(inner);
	memset(lent, '?', 3);
	inner_lend(inner, "def", 3);
	inner_keep(inner);
	inner_eof(inner);
	EXPECT_INT(recv(fd, got + 1, sizeof(got) - 1, 0), 5);
	EXPECT_STR(got, "abcdef");
	EXPECT_INT(recv(fd, got, sizeof(got), 0), 0);
	close_one();
}

TEST(a_write_is_taken_as_far_as_there_is_room)
{
	open_one();
	room = 7;
	EXPECT_INT(send(fd, "12345", 5, MSG_NOSIGNAL), 5);
	EXPECT_INT(send(fd, "67890", 5, MSG_NOSIGNAL), 2);
	EXPECT_INT(send(fd, "890", 3, MSG_NOSIGNAL), -1);
	EXPECT_INT(errno, EAGAIN);
	EXPECT_INT(polled(POLLOUT), 0);
	room = 3;
	inner_roomy(inner);
	EXPECT_INT(polled(POLLOUT), POLLOUT);
	EXPECT_INT(send(fd, "890", 3, MSG_NOSIGNAL), 3);
	EXPECT_STR(buf_text(&written), "1234567890");
	close_one();
}

TEST(pieces_are_written_in_order_until_there_is_no_room)
{
	char first[] = "head ", second[] = "body";
	struct iovec pieces[] = { { first, 5 }, { second, 4 } };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };

	open_one();
	room = 7;
	EXPECT_INT(sendmsg(fd, &message, MSG_NOSIGNAL), 7);
	EXPECT_STR(buf_text(&written), "head bo");
	EXPECT_INT(sendmsg(fd, &message, MSG_NOSIGNAL), -1);
	EXPECT_INT(errno, EAGAIN);
	close_one();
}

TEST(epoll_tells_each_edge_once)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event want = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.u64 = 77 };
	struct epoll_event told[4];

	open_one();
	EXPECT_INT(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &want), 0);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 1);
	EXPECT_INT(told[0].events, EPOLLOUT);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 0);
	room = 1;
	EXPECT_INT(send(fd, "12", 2, MSG_NOSIGNAL), 1);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 1);
	EXPECT_INT(told[0].events, EPOLLOUT);
	EXPECT_INT(send(fd, "2", 1, MSG_NOSIGNAL), -1);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 0);
	inner_roomy(inner);
	inner_lend(inner, "x", 1);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 1);
	EXPECT_INT(told[0].events, EPOLLIN | EPOLLOUT);
	EXPECT_INT(told[0].data.u64, 77);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 0);
	EXPECT_INT(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL), 0);
	inner_lend(inner, "y", 1);
	EXPECT_INT(epoll_wait(epoll_fd, told, 4, 0), 0);
	close_one();
	close(epoll_fd);
}

TEST(its_end_is_told_once_whatever_the_library_calls)
{
	open_one();
	EXPECT_INT(shutdown(fd, SHUT_RD), 0);
	EXPECT_INT(closings, 0);
	EXPECT_INT(shutdown(fd, SHUT_RDWR), 0);
	EXPECT_INT(closings, 1);
	EXPECT_INT(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	EXPECT_INT(errno, EPIPE);
	EXPECT_INT(close(fd), 0);
	EXPECT_INT(closings, 1);
	inner_free(&inner);
	buf_free(&written);
}

TEST(when_its_owner_leaves_the_library_reads_an_end_and_writes_into_nothing)
{
	open_one();
	inner_lend(inner, "late", 4);
	inner_free(&inner);
	EXPECT_INT(recv(fd, got, sizeof(got), 0), 0);
	EXPECT_INT(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	EXPECT_INT(errno, EPIPE);
	EXPECT_INT(close(fd), 0);
	EXPECT_INT(close(fd), -1); /* the number is given back */
	buf_free(&written);
}

TEST(sockets_of_the_kernel_are_as_ever)
{
	int pair[2];
	struct pollfd asks[2];

	open_one();
	EXPECT_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	EXPECT_INT(send(pair[0], "real", 4, 0), 4);
	asks[0] = (struct pollfd){ .fd = pair[1], .events = POLLIN };
	asks[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	EXPECT_INT(poll(asks, 2, 0), 1);
	EXPECT_INT(asks[0].revents, POLLIN);
	EXPECT_INT(recv(pair[1], got, sizeof(got), 0), 4);
	EXPECT_STR(got, "real");
	EXPECT_INT(shutdown(pair[0], SHUT_WR), 0);
	EXPECT_INT(recv(pair[1], got, sizeof(got), 0), 0);
	EXPECT_INT(close(pair[0]) + close(pair[1]), 0);
	close_one();
}

TESTS_BEGIN
CASE(what_is_lent_is_read_and_then_nothing),
    CASE(what_was_not_read_is_kept_and_what_comes_later_is_behind_it),
    CASE(a_write_is_taken_as_far_as_there_is_room),
    CASE(pieces_are_written_in_order_until_there_is_no_room),
    CASE(epoll_tells_each_edge_once),
    CASE(its_end_is_told_once_whatever_the_library_calls),
    CASE(
        when_its_owner_leaves_the_library_reads_an_end_and_writes_into_nothing),
    CASE(sockets_of_the_kernel_are_as_ever), TESTS_END
