/* SPDX-License-Identifier: Apache-2.0 */
#include "base/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * The currencies whose minor unit is not two digits, and the list of all
 * active codes, from ISO 4217 table A.1.
 */
static const char zero_decimals[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF "
                                    "UGX UYI VND VUV XAF XOF XPF ";
static const char three_decimals[] = "BHD IQD JOD KWD LYD OMR TND ";
static const char two_decimals[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL "
    "BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP "
    "ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
    "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES "
    "WST XCD YER ZAR ZMW ZWG ";

/** Whether the list, codes of three letters and a space each, has the code. */
static bool
list_has(const char *list, const char *code)
{
    for (const char *p = list; *p != '\0'; p += 4)
        if (memcmp(p, code, 3) == 0)
            return true;
    return false;
}

int
money_decimals(const char *currency)
{
    if (strlen(currency) != 3)
        return -1;
    if (list_has(two_decimals, currency))
        return 2;
    if (list_has(zero_decimals, currency))
        return 0;
    return list_has(three_decimals, currency) ? 3 : -1;
}

static enum err
refuse(void)
{
    return err_set(ERR_SYNTAX, "not an amount: write digits such as 125 or "
                               "125.00, at least one minor unit");
}

enum err
money_parse(struct money *out, const char *text, size_t length, int decimals)
{
    int64_t value = 0;
    int places = -1; /* digits behind the point; -1 before it */
    size_t digits = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && places < 0 && digits > 0 && decimals > 0) {
            places = 0;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || places == decimals)
            return refuse();
        if (value > MONEY_MAX)
            return refuse();
        value = value * 10 + (text[i] - '0');
        digits++;
        if (places >= 0)
            places++;
    }
    if (digits == 0 || places == 0)
        return refuse();
    for (int i = places < 0 ? 0 : places; i < decimals; i++) {
        if (value > MONEY_MAX)
            return refuse();
        value *= 10;
    }
    *out = money_of(value);
    return money_is_valid(*out) ? ERR_OK : refuse();
}

char *
money_format(char text[MONEY_TEXT_BYTES], struct money m, int decimals)
{
    int64_t unit = 1;

    for (int i = 0; i < decimals; i++)
        unit *= 10;
    if (unit == 1)
        snprintf(text, MONEY_TEXT_BYTES, "%" PRId64, m.minor);
    else
        snprintf(text, MONEY_TEXT_BYTES, "%s%" PRId64 ".%0*" PRId64,
                 m.minor < 0 ? "-" : "",
                 m.minor < 0 ? -(m.minor / unit) : m.minor / unit, decimals,
                 m.minor < 0 ? -(m.minor % unit) : m.minor % unit);
    return text;
}
