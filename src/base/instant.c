/* SPDX-License-Identifier: Apache-2.0 */
#include "base/instant.h"

#include <stdio.h>

enum { DAY_S = 86400, YEAR_FIRST = 1970 };

/*
 * Days from civil date and back, proleptic Gregorian, counted in eras of 400
 * years that begin on 1 March, so that the leap day is the last of its year.
 */
static int64_t
days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

static void
date_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

char *
instant_format(char text[INSTANT_TEXT_BYTES], struct instant t)
{
    int64_t ms = t.ms < 0 ? 0 : t.ms > INSTANT_MS_MAX ? INSTANT_MS_MAX : t.ms;
    int64_t second = ms / 1000 % DAY_S;
    int year, month, day;

    date_from_days(ms / 1000 / DAY_S, &year, &month, &day);
    snprintf(text, INSTANT_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             year, month, day, (int)(second / 3600), (int)(second / 60 % 60),
             (int)(second % 60), (int)(ms % 1000));
    return text;
}

/** Read exactly `digits` digits at *p; -1 when something else stands there. */
static int64_t
take_digits(const char **p, const char *end, int digits)
{
    int64_t value = 0;

    if (end - *p < digits)
        return -1;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool
take_char(const char **p, const char *end, char c)
{
    if (*p == end || **p != c)
        return false;
    (*p)++;
    return true;
}

static int64_t
month_days(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/** Fraction of a second in milliseconds; further digits are dropped. */
static int64_t
take_fraction(const char **p, const char *end)
{
    int64_t ms = 0;
    int digits = 0;

    if (!take_char(p, end, '.'))
        return 0;
    for (; *p < end && **p >= '0' && **p <= '9' && digits < 9; (*p)++, digits++)
        if (digits < 3)
            ms = ms * 10 + (**p - '0');
    for (int i = digits; i < 3; i++)
        ms *= 10;
    return digits == 0 ? -1 : ms;
}

/** Offset from UTC in minutes into *out. */
static bool
take_offset(const char **p, const char *end, int64_t *out)
{
    int64_t sign, hours, minutes;

    *out = 0;
    if (take_char(p, end, 'Z'))
        return true;
    if (take_char(p, end, '+'))
        sign = 1;
    else if (take_char(p, end, '-'))
        sign = -1;
    else
        return false;
    hours = take_digits(p, end, 2);
    if (hours < 0 || hours > 23 || !take_char(p, end, ':'))
        return false;
    minutes = take_digits(p, end, 2);
    if (minutes < 0 || minutes > 59)
        return false;
    *out = sign * (hours * 60 + minutes);
    return true;
}

static bool
parse(struct instant *out, const char *p, const char *end)
{
    int64_t year, month, day, hour, minute, second, fraction, offset;

    if ((year = take_digits(&p, end, 4)) < YEAR_FIRST ||
        !take_char(&p, end, '-') || (month = take_digits(&p, end, 2)) < 1 ||
        month > 12 || !take_char(&p, end, '-') ||
        (day = take_digits(&p, end, 2)) < 1 || day > month_days(year, month) ||
        !take_char(&p, end, 'T') || (hour = take_digits(&p, end, 2)) < 0 ||
        hour > 23 || !take_char(&p, end, ':') ||
        (minute = take_digits(&p, end, 2)) < 0 || minute > 59 ||
        !take_char(&p, end, ':') || (second = take_digits(&p, end, 2)) < 0 ||
        second > 59 || (fraction = take_fraction(&p, end)) < 0 ||
        !take_offset(&p, end, &offset) || p != end)
        return false;
    out->ms = ((days_from_date(year, month, day) * DAY_S + hour * 3600 +
                (minute - offset) * 60 + second) *
               1000) +
              fraction;
    return out->ms >= 0 && out->ms <= INSTANT_MS_MAX;
}

enum err
instant_parse(struct instant *out, const char *text, size_t length)
{
    if (!parse(out, text, text + length))
        return err_set(ERR_SYNTAX, "not a time: write RFC 3339 such as "
                                   "2026-12-01T18:00:00Z");
    return ERR_OK;
}
