#include "base/host.h"

#include <string.h>

#include "base/check.h"

#define DAY_SECONDS 86400

usec host_time(const struct host *host)
{
	return loop_now(host->loop) + host->clock_origin;
}

/* A time taken apart. */
struct civil {
	int64_t year;
	unsigned month, day, hour, minute, second, microsecond;
};

/* Days since 1970-01-01 to a date and back, in the proleptic Gregorian
 * calendar. Years begin in March here, so that the leap day comes last; an era
 * is 400 years. After H. Hinnant, "chrono-compatible low-level date
 * algorithms". */
static void date_of_days(int64_t days, struct civil *civil)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned of_era = (unsigned)(shifted - era * 146097);
	unsigned year_of_era =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 -
	                                year_of_era / 100);
	unsigned month = (5 * of_year + 2) / 153;

	civil->day = of_year - (153 * month + 2) / 5 + 1;
	civil->month = month < 10 ? month + 3 : month - 9;
	civil->year = era * 400 + year_of_era + (civil->month <= 2);
}

static int64_t days_of_date(const struct civil *civil)
{
	int64_t year = civil->year - (civil->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	unsigned year_of_era = (unsigned)(year - era * 400);
	unsigned month = civil->month > 2 ? civil->month - 3 : civil->month + 9;
	unsigned of_year = (153 * month + 2) / 5 + civil->day - 1;
	unsigned of_era = year_of_era * 365 + year_of_era / 4 -
	                  year_of_era / 100 + of_year;

	return era * 146097 + of_era - 719468;
}

static void civil_of_time(usec time, struct civil *civil)
{
	int64_t seconds = time / USEC_PER_SEC;
	int64_t days, of_day;

	civil->microsecond = (unsigned)((time % USEC_PER_SEC + USEC_PER_SEC) %
	                                USEC_PER_SEC);
	if (time % USEC_PER_SEC < 0)
		seconds--;
	days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
	of_day = seconds - days * DAY_SECONDS;
	date_of_days(days, civil);
	civil->hour = (unsigned)(of_day / 3600);
	civil->minute = (unsigned)(of_day / 60 % 60);
	civil->second = (unsigned)(of_day % 60);
}

/* By hand: these are written several times per exchange. */
static char *digits(char *out, unsigned number, int count, char after)
{
	int i;

	for (i = count - 1; i >= 0; i--, number /= 10)
		out[i] = (char)('0' + number % 10);
	out[count] = after;
	return out + count + 1;
}

static char *seconds_text(const struct civil *civil, char *out, char after)
{
	check(civil->year >= 0 && civil->year <= 9999);
	out = digits(out, (unsigned)civil->year, 4, '-');
	out = digits(out, civil->month, 2, '-');
	out = digits(out, civil->day, 2, 'T');
	out = digits(out, civil->hour, 2, ':');
	out = digits(out, civil->minute, 2, ':');
	return digits(out, civil->second, 2, after);
}

void time_text(usec time, char out[32])
{
	struct civil civil;

	civil_of_time(time, &civil);
	*seconds_text(&civil, out, 'Z') = '\0';
}

void time_text_ms(usec time, char out[32])
{
	struct civil civil;

	civil_of_time(time, &civil);
	out = seconds_text(&civil, out, '.');
	*digits(out, civil.microsecond / 1000, 3, 'Z') = '\0';
}

/* Exactly `count` digits, and then `after` (0: whatever follows). */
static bool read_digits(
    const char **at, int count, char after, unsigned *number)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < count; i++, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		n = 10 * n + (unsigned)(**at - '0');
	}
	*number = n;
	if (after && *(*at)++ != after)
		return false;
	return true;
}

/* ".5", ".123456789": what is finer than a microsecond is dropped. */
static bool read_fraction(const char **at, unsigned *microsecond)
{
	unsigned worth = USEC_PER_SEC / 10;
	const char *first = ++*at;

	for (; **at >= '0' && **at <= '9'; ++*at, worth /= 10)
		*microsecond += worth * (unsigned)(**at - '0');
	return *at > first;
}

static bool is_date(const struct civil *civil)
{
	struct civil back;

	if (civil->month < 1 || civil->month > 12 || civil->day < 1 ||
	    civil->day > 31)
		return false;
	date_of_days(days_of_date(civil), &back);
	return back.month == civil->month && back.day == civil->day;
}

bool time_parse(const char *text, usec *time)
{
	struct civil civil = { 0 };
	unsigned year;

	if (!read_digits(&text, 4, '-', &year) ||
	    !read_digits(&text, 2, '-', &civil.month) ||
	    !read_digits(&text, 2, 'T', &civil.day) ||
	    !read_digits(&text, 2, ':', &civil.hour) ||
	    !read_digits(&text, 2, ':', &civil.minute) ||
	    !read_digits(&text, 2, 0, &civil.second))
		return false;
	civil.year = year;
	if (*text == '.' && !read_fraction(&text, &civil.microsecond))
		return false;
	if (*text == 'Z')
		text++;
	if (*text || !is_date(&civil) || civil.hour > 23 || civil.minute > 59 ||
	    civil.second > 59)
		return false;
	*time = ((days_of_date(&civil) * 24 + civil.hour) * 60 + civil.minute) *
	            MINUTES(1) +
	        SECONDS(civil.second) + civil.microsecond;
	return true;
}
