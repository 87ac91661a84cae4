#include "tests/palette/site.h"

struct gw a, b;
struct agent agent;
char account[32], web[32];

void open_site(void)
{
	open_plane();
	pair(&a, "pcg/a");
	an_account(&a, account);
}

void close_site(void)
{
	gw_forget(&a);
	gw_forget(&b);
	close_plane();
}
