#include "harness/command/jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"

/* A run takes seconds; one that hangs is a failure and not the end of CI. */
#define PATIENCE_MS (10 * 60 * 1000)

struct job {
	pid_t pid;
	int fd; /* -1: ended */
	struct buf said;
	char how[80]; /* how it died, if it did */
};

struct crew {
	unsigned parallel, running;
	job_done_fn *done;
	void *ctx;
	struct job *jobs;
	size_t count, given; /* results are handed over in order */
	int out;             /* in a child: where its result goes */
};

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void bury(struct crew *crew, struct job *job)
{
	int status = 0;

	crew->running--;
	close(job->fd);
	job->fd = -1;
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(job->how, sizeof(job->how), "it died of %s",
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(job->how, sizeof(job->how), "it ended with %d",
		    WEXITSTATUS(status));
}

static void listen_to(struct crew *crew, struct job *job)
{
	char part[65536];
	ssize_t n = read(job->fd, part, sizeof(part));

	if (n > 0)
		buf_add(&job->said, part, (size_t)n);
	else if (n == 0 || errno != EINTR)
		bury(crew, job);
}

static void hand_over(struct crew *crew, size_t n)
{
	struct job *job = &crew->jobs[n];
	struct err err;
	json_t *result = NULL;

	if (!*job->how)
		result = json_parse(buf_text(&job->said), job->said.len, &err);
	crew->done(crew->ctx, n, result,
	    *job->how ? job->how : "its result cannot be read");
	json_decref(result);
	buf_free(&job->said);
}

/* Nobody has said a word for that long: whoever is at work hangs. Its end is
 * then heard like any other. */
static void give_up(const struct crew *crew)
{
	for (size_t i = crew->given; i < crew->count; i++)
		if (crew->jobs[i].fd >= 0)
			kill(crew->jobs[i].pid, SIGKILL);
}

static void wait_for_some(struct crew *crew)
{
	size_t count = crew->count - crew->given;
	struct job *jobs = &crew->jobs[crew->given];
	struct pollfd *fds = xcalloc(count, sizeof(*fds));

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = jobs[i].fd, .events = POLLIN };
	if (poll(fds, count, PATIENCE_MS) == 0)
		give_up(crew);
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents)
			listen_to(crew, &jobs[i]);
	free(fds);
	while (crew->given < crew->count && crew->jobs[crew->given].fd < 0)
		hand_over(crew, crew->given++);
}

struct crew *crew_new(unsigned parallel, job_done_fn *done, void *ctx)
{
	struct crew *crew = xcalloc(1, sizeof(*crew));

	check(parallel > 0);
	crew->parallel = parallel;
	crew->done = done;
	crew->ctx = ctx;
	crew->out = -1;
	return crew;
}

bool crew_split(struct crew *crew)
{
	int ends[2];
	pid_t pid;

	check(crew->out < 0);
	while (crew->running >= crew->parallel)
		wait_for_some(crew);
	check(pipe(ends) == 0);
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	check(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		crew->out = ends[1];
		return true;
	}
	close(ends[1]);
	crew->jobs = xrealloc(
	    crew->jobs, (crew->count + 1) * sizeof(*crew->jobs));
	crew->jobs[crew->count++] = (struct job){ .pid = pid, .fd = ends[0] };
	crew->running++;
	return false;
}

void crew_leave(struct crew *crew, const json_t *result)
{
	char *text = json_dumps(result, JSON_COMPACT);

	check(crew->out >= 0 && text);
	write_all(crew->out, text, strlen(text));
	_exit(0);
}

void crew_free(struct crew **crew_ptr)
{
	struct crew *crew = *crew_ptr;

	*crew_ptr = NULL;
	while (crew->given < crew->count)
		wait_for_some(crew);
	free(crew->jobs);
	free(crew);
}

void jobs_run(
    size_t count, unsigned parallel, job_fn *run, job_done_fn *done, void *ctx)
{
	struct crew *crew;

	for (size_t i = 0; parallel == 0 && i < count; i++) {
		json_t *result = run(ctx, i);

		done(ctx, i, result, "");
		json_decref(result);
	}
	if (parallel == 0)
		return;
	crew = crew_new(parallel, done, ctx);
	for (size_t i = 0; i < count; i++)
		if (crew_split(crew))
			crew_leave(crew, run(ctx, i));
	crew_free(&crew);
}

double jobs_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
