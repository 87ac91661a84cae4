#include "tests/bench/bare.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

static const char ANSWER[] = "{\"system_id\":\"kx4t2m\",\"status\":6}";

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *len, void **request_ctx)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)url, (void)method, (void)version, (void)data, (void)len;
	if (!*request_ctx) {
		*request_ctx = ctx;
		return MHD_YES;
	}
	response = MHD_create_response_from_buffer(sizeof(ANSWER) - 1,
	    (void *)(uintptr_t)ANSWER, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type", "application/json");
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	*(size_t *)ctx += size * count;
	return size * count;
}

/* A pair without a name libcurl would not use a second time. */
static int listen_at(char directory[], struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	check(fd >= 0 && mkdtemp(directory));
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(
	    address->sun_path, sizeof(address->sun_path), "%s/s", directory);
	check(bind(fd, (struct sockaddr *)address, sizeof(*address)) == 0);
	check(listen(fd, 8) == 0);
	return fd;
}

static void exchange(CURLM *multi, CURL *easy, struct MHD_Daemon *daemon)
{
	int running = 1, left;
	const CURLMsg *told;

	check(curl_multi_add_handle(multi, easy) == CURLM_OK);
	while (running) {
		curl_multi_perform(multi, &running);
		if (running)
			MHD_run(daemon);
	}
	told = curl_multi_info_read(multi, &left);
	check(told && told->data.result == CURLE_OK);
	curl_multi_remove_handle(multi, easy);
}

void bare_exchanges(int count)
{
	static int seen;
	char directory[] = "/tmp/pcgsim-bare-XXXXXX";
	struct sockaddr_un address;
	int fd = listen_at(directory, &address);
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL,
	    NULL, on_request, &seen, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_END);
	CURLM *multi = curl_multi_init();
	CURL *easy = curl_easy_init();
	size_t got = 0;

	check(daemon && multi && easy);
	curl_easy_setopt(
	    easy, CURLOPT_URL, "http://server/MAAS/api/2.0/machines/?x=1");
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, address.sun_path);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &got);
	for (int i = 0; i < count; i++)
		exchange(multi, easy, daemon);
	check(got == (size_t)count * (sizeof(ANSWER) - 1));
	curl_multi_remove_handle(multi, easy);
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
	MHD_stop_daemon(daemon);
	unlink(address.sun_path);
	rmdir(directory);
}
