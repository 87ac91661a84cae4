#include "base/net.h"

#include "base/check.h"

struct call *net_send(struct net *net, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx)
{
	check(dial->host && *dial->host);
	check(!dial->tls || dial->ca_pem || dial->unverified);
	check(handler->done);
	return net->ops->send(net, dial, request, options, handler, ctx);
}

void call_cancel(struct call **call)
{
	if (!*call)
		return;
	(*call)->ops->cancel(*call);
	*call = NULL;
}

struct listener *net_listen(
    struct net *net, const struct service *service, struct err *err)
{
	check(service->name && service->handle);
	return net->ops->listen(net, service, err);
}

struct listener *net_listen_proxy(struct net *net, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err)
{
	return net->ops->listen_proxy(net, name, port, decide, ctx, err);
}

void listener_close(struct listener **listener)
{
	if (!*listener)
		return;
	(*listener)->ops->close(*listener);
	*listener = NULL;
}

void listener_set_identity(
    struct listener *listener, const struct identity *identity)
{
	listener->ops->set_identity(listener, identity);
}

void exchange_reply(struct exchange *exchange, struct http_response *response)
{
	check(response->status >= 100 && response->status <= 599);
	exchange->ops->reply(exchange, response);
}

void exchange_begin(struct exchange *exchange, struct http_response *head)
{
	exchange->ops->begin(exchange, head);
}

void exchange_message(struct exchange *exchange, const char *line, size_t len)
{
	exchange->ops->message(exchange, line, len);
}

void exchange_end(struct exchange *exchange)
{
	exchange->ops->end(exchange);
}

void exchange_abort(struct exchange *exchange)
{
	exchange->ops->abort(exchange);
}
