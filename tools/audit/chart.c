/* SPDX-License-Identifier: Apache-2.0 */
#include "chart.h"

#include "amount.h"

#include "base/instant.h"

#include <string.h>

enum {
    WIDTH = 800,
    HEIGHT = 400,
    LEFT = 100,
    RIGHT = 30,
    TOP = 48,
    BOTTOM = 52,
    STEPS_Y = 5,
    STEPS_X = 4,
};

/** What is drawn where. */
struct scale {
    int64_t t0, t1, low, high;
};

static double
x_of(const struct scale *s, int64_t t)
{
    return LEFT + (double)(t - s->t0) * (WIDTH - LEFT - RIGHT) /
                      (double)(s->t1 - s->t0);
}

static double
y_of(const struct scale *s, int64_t price)
{
    return HEIGHT - BOTTOM -
           (double)(price - s->low) * (HEIGHT - TOP - BOTTOM) /
               (double)(s->high - s->low);
}

/** A step of 1, 2 or 5 times a power of ten, about a fifth of the range. */
static int64_t
nice_step(int64_t range)
{
    static const int64_t factors[] = {1, 2, 5};
    int64_t unit = 1;

    for (;; unit *= 10)
        for (size_t i = 0; i < 3; i++)
            if (factors[i] * unit * STEPS_Y >= range)
                return factors[i] * unit;
}

static struct scale
make_scale(const struct chart *c)
{
    struct scale s = {.t0 = c->points[0].t,
                      .t1 = c->points[c->count - 1].t,
                      .low = c->points[0].price,
                      .high = c->points[0].price};
    int64_t step;

    for (size_t i = 0; i < c->count; i++) {
        if (c->points[i].price < s.low)
            s.low = c->points[i].price;
        if (c->points[i].price > s.high)
            s.high = c->points[i].price;
    }
    if (c->closed > s.t1)
        s.t1 = c->closed;
    if (s.t1 == s.t0)
        s.t1 = s.t0 + 1000;
    step = nice_step(s.high - s.low > 0 ? s.high - s.low : s.high / 2 + 1);
    s.low = s.low / step * step;
    s.high = (s.high / step + 1) * step;
    return s;
}

static void
add_text(struct buf *out, double x, double y, const char *anchor,
         const char *text)
{
    buf_add_format(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y,
                   anchor);
    for (; *text != '\0'; text++)
        if (strchr("<>&\"", *text) == NULL)
            buf_add_char(out, *text);
    buf_add_text(out, "</text>\n");
}

static void
draw_prices(struct buf *out, const struct chart *c, const struct scale *s)
{
    int64_t step = nice_step(s->high - s->low);
    char text[AMOUNT_TEXT_BYTES];

    for (int64_t price = s->low; price <= s->high; price += step) {
        double y = y_of(s, price);
        buf_add_format(out,
                       "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" "
                       "y2=\"%.1f\"/>\n",
                       LEFT, WIDTH - RIGHT, y, y);
        amount_text(text, price, c->currency);
        text[strcspn(text, " ")] = '\0';
        add_text(out, LEFT - 8, y + 4, "end", text);
    }
}

static void
draw_times(struct buf *out, const struct scale *s)
{
    for (int i = 0; i <= STEPS_X; i++) {
        int64_t t = s->t0 + (s->t1 - s->t0) * i / STEPS_X;
        char text[INSTANT_TEXT_BYTES], words[2][16];
        instant_format(text, instant_of(t));
        memcpy(words[0], text + 11, 8);
        words[0][8] = '\0';
        memcpy(words[1], text, 10);
        words[1][10] = '\0';
        const char *anchor = i == 0 ? "start" : i == STEPS_X ? "end" : "middle";
        add_text(out, x_of(s, t), HEIGHT - BOTTOM + 18, anchor, words[0]);
        if (i == 0 || i == STEPS_X)
            add_text(out, x_of(s, t), HEIGHT - BOTTOM + 34, anchor, words[1]);
    }
}

/** The price stays until the next one: a staircase, not a slope. */
static void
draw_line(struct buf *out, const struct chart *c, const struct scale *s)
{
    const struct chart_point *p = c->points;

    buf_add_format(out, "<path class=\"price\" d=\"M%.1f %.1f", x_of(s, p[0].t),
                   y_of(s, p[0].price));
    for (size_t i = 1; i < c->count; i++)
        buf_add_format(out, "H%.1fV%.1f", x_of(s, p[i].t), y_of(s, p[i].price));
    buf_add_format(out, "H%.1f\"/>\n", x_of(s, s->t1));
    for (size_t i = 0; i < c->count; i++)
        buf_add_format(out,
                       "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" "
                       "r=\"3.5\"/>\n",
                       p[i].is_leader_new ? "new" : "same", x_of(s, p[i].t),
                       y_of(s, p[i].price));
}

static void
draw_close(struct buf *out, const struct chart *c, const struct scale *s)
{
    double x = x_of(s, c->closed);

    if (c->closed <= 0)
        return;
    buf_add_format(out,
                   "<line class=\"close\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
                   "y2=\"%d\"/>\n",
                   x, x, TOP, HEIGHT - BOTTOM);
    add_text(out, x - 6, TOP + 12, "end", "closed");
}

void
chart_draw(struct buf *out, const struct chart *c)
{
    struct scale s = make_scale(c);

    buf_add_format(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"sans-serif\" "
        "font-size=\"12\">\n<title>",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (const char *p = c->title; *p != '\0'; p++)
        if (strchr("<>&", *p) == NULL)
            buf_add_char(out, *p);
    buf_add_text(out, "</title>\n<style>text{fill:#333}.grid{stroke:#ddd}"
                      ".price{fill:none;stroke:#1f5fa8;stroke-width:2}"
                      ".new{fill:#1f5fa8}.same{fill:#fff;stroke:#1f5fa8}"
                      ".close{stroke:#b33;stroke-dasharray:4 3}</style>\n"
                      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    add_text(out, LEFT, 20, "start", c->title);
    add_text(out, LEFT, 36, "start",
             "filled: somebody else leads; hollow: the leader stays");
    draw_prices(out, c, &s);
    draw_times(out, &s);
    draw_line(out, c, &s);
    draw_close(out, c, &s);
    buf_add_text(out, "</svg>\n");
}
