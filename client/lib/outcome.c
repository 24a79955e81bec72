/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What answers mean, and the pauses before asking again.
 */
#include "internal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t
now_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ----------------------------------------------------------------- results */

enum auction_outcome
fail(struct auction_result *result, enum auction_outcome outcome,
     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result->message, sizeof(result->message), format, arguments);
    va_end(arguments);
    return result->outcome = outcome;
}

void
result_clear(struct auction_result *result)
{
    *result = (struct auction_result){.outcome = AUCTION_LOCAL_FAILURE};
}

void
auction_result_release(struct auction_result *result)
{
    free(result->body);
    free(result->receipt);
    free(result->record);
    result_clear(result);
}

/* ---------------------------------------------------------------- outcomes */

enum auction_outcome
outcome_of_status(int status)
{
    if ((status >= 200 && status < 300) || status == 304)
        return AUCTION_ACCEPTED;
    switch (status) {
    case 403:
        return AUCTION_NOT_ALLOWED;
    case 404:
        return AUCTION_NOT_FOUND;
    case 409:
    case 412:
        return AUCTION_REFUSED;
    case 408: /* the request did not arrive whole */
    case 429:
    case 503:
        return AUCTION_BUSY;
    default:
        return status >= 500 ? AUCTION_UNKNOWN : AUCTION_INVALID;
    }
}

static const char *
string_or(json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? otherwise : text;
}

enum auction_outcome
outcome_of_problem(struct auction_result *result, const char *body, size_t size)
{
    enum auction_outcome outcome = outcome_of_status(result->status);
    const char *title, *detail;
    json_t *problem;

    if (outcome == AUCTION_ACCEPTED)
        return result->outcome = outcome;
    problem = size == 0 ? NULL : json_loadb(body, size, 0, NULL);
    title = string_or(problem, "title", "");
    detail = string_or(problem, "detail", "");
    snprintf(result->code, sizeof(result->code), "%s",
             string_or(problem, "code", ""));
    snprintf(result->request_id, sizeof(result->request_id), "%s",
             string_or(problem, "request_id", ""));
    result->minimum_bid =
        json_integer_value(json_object_get(problem, "minimum_bid"));
    if (title[0] == '\0')
        fail(result, outcome, "the server answered with status %d",
             result->status);
    else
        fail(result, outcome, "%s%s%s", title, detail[0] == '\0' ? "" : ": ",
             detail);
    json_decref(problem);
    return outcome;
}

enum auction_outcome
outcome_of(struct auction_result *result)
{
    return outcome_of_problem(result, result->body, result->body_size);
}

/* ------------------------------------------------------------------ pauses */

int64_t
pause_ms(int attempt, int64_t base_ms, int64_t max_ms, uint8_t chance)
{
    int64_t pause = base_ms;

    CHECK(attempt >= 0 && base_ms > 0 && max_ms >= 0);
    for (int i = 0; i < attempt && pause < max_ms; i++)
        pause *= 2;
    if (pause > max_ms)
        pause = max_ms;
    return pause - pause / 2 * (255 - chance) / 255;
}

static void
wait_ms(int64_t ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
        continue;
}

void
back_off(int attempt, int64_t base_ms, int64_t max_ms)
{
    uint8_t chance = 0;

    if (RAND_bytes(&chance, 1) != 1)
        chance = 128;
    wait_ms(pause_ms(attempt, base_ms, max_ms, chance));
}

void
back_off_call(int attempt, const struct auction_result *result)
{
    int64_t asked_ms = result->retry_after_s * INT64_C(1000);

    if (asked_ms > CALL_PAUSE_MS_MAX)
        asked_ms = CALL_PAUSE_MS_MAX;
    back_off(asked_ms > 0 ? 0 : attempt,
             asked_ms > 0 ? asked_ms : CALL_PAUSE_MS, CALL_PAUSE_MS_MAX);
}
