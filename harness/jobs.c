#include "harness/jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"

struct job {
	pid_t pid;
	int fd; /* -1: not running */
	struct buf said;
	bool started, ended;
	char how[80]; /* how it died, if it did */
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

static void start(struct job *job, job_fn *run, void *ctx, size_t n)
{
	int ends[2];
	json_t *result;
	char *text;

	check(pipe(ends) == 0);
	fflush(stdout);
	fflush(stderr);
	job->pid = fork();
	check(job->pid >= 0);
	if (job->pid == 0) {
		close(ends[0]);
		result = run(ctx, n);
		text = json_dumps(result, JSON_COMPACT);
		write_all(ends[1], text, strlen(text));
		_exit(0);
	}
	close(ends[1]);
	job->fd = ends[0];
	job->started = true;
}

static void bury(struct job *job)
{
	int status = 0;

	close(job->fd);
	job->fd = -1;
	job->ended = true;
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(job->how, sizeof(job->how), "it died of %s",
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(job->how, sizeof(job->how), "it ended with %d",
		    WEXITSTATUS(status));
}

static void listen_to(struct job *job)
{
	char part[65536];
	ssize_t n = read(job->fd, part, sizeof(part));

	if (n > 0)
		buf_add(&job->said, part, (size_t)n);
	else if (n == 0 || errno != EINTR)
		bury(job);
}

static void wait_for_some(struct job *jobs, size_t count)
{
	struct pollfd *fds = xcalloc(count, sizeof(*fds));

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = jobs[i].started ? jobs[i].fd
			                                        : -1,
			.events = POLLIN };
	if (poll(fds, count, -1) > 0)
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents)
				listen_to(&jobs[i]);
	free(fds);
}

static void hand_over(struct job *job, size_t n, job_done_fn *done, void *ctx)
{
	struct err err;
	json_t *result = NULL;

	if (!*job->how)
		result = json_parse(buf_text(&job->said), job->said.len, &err);
	done(
	    ctx, n, result, *job->how ? job->how : "its result cannot be read");
	json_decref(result);
	buf_free(&job->said);
}

void jobs_run(
    size_t count, unsigned parallel, job_fn *run, job_done_fn *done, void *ctx)
{
	struct job *jobs;
	size_t next = 0, given = 0, running = 0;

	for (size_t i = 0; parallel == 0 && i < count; i++) {
		json_t *result = run(ctx, i);

		done(ctx, i, result, "");
		json_decref(result);
	}
	if (parallel == 0 || count == 0)
		return;
	jobs = xcalloc(count, sizeof(*jobs));
	while (given < count) {
		while (next < count && running < parallel) {
			start(&jobs[next], run, ctx, next);
			next++;
			running++;
		}
		wait_for_some(jobs, next);
		running = 0;
		for (size_t i = 0; i < next; i++)
			running += jobs[i].started && !jobs[i].ended;
		while (given < next && jobs[given].ended) {
			hand_over(&jobs[given], given, done, ctx);
			given++;
		}
	}
	free(jobs);
}
