#include "cli/report_html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weir_report_escape(weir_text *out, const char *s)
{
    if (!s) return;
    for (;;) {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= ' ' && s[plain] != 0x7f && !strchr("&<>\"'", s[plain]))
            plain++;
        weir_text_add_n(out, s, plain);
        s += plain;
        switch (*s) {
        case 0: return;
        case '&': weir_text_add(out, "&amp;"); break;
        case '<': weir_text_add(out, "&lt;"); break;
        case '>': weir_text_add(out, "&gt;"); break;
        case '"': weir_text_add(out, "&quot;"); break;
        case '\'': weir_text_add(out, "&#39;"); break;
        case '\n': weir_text_add(out, "\n"); break;
        case '\t': weir_text_add(out, "\t"); break;
        default: weir_text_add(out, "\xEF\xBF\xBD"); break;
        }
        s++;
    }
}

/* The power of ten as superscript digits, appended at buf + used. */
static void add_power(char *buf, size_t used, int power)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[16];
    used += (size_t)snprintf(buf + used, WEIR_REPORT_NUMBER - used, "10");
    snprintf(plain, sizeof plain, "%d", power);
    for (const char *c = plain; *c; c++)
        used += (size_t)snprintf(buf + used, WEIR_REPORT_NUMBER - used, "%s",
                                 *c == '-' ? "⁻" : digits[*c - '0']);
}

/* v = mantissa * 10^power with the mantissa rounded to `digits`. */
static double split(double v, int digits, int *power)
{
    char text[40];
    snprintf(text, sizeof text, "%.*e", digits - 1, v);
    char *e = strchr(text, 'e');
    *power = (int)strtol(e + 1, NULL, 10);
    *e = 0;
    return strtod(text, NULL);
}

char *weir_report_number_text(double v, int digits, char buf[WEIR_REPORT_NUMBER])
{
    int power;
    if (!isfinite(v)) {
        snprintf(buf, WEIR_REPORT_NUMBER, "–");
        return buf;
    }
    double mantissa = split(v, digits, &power);
    if (v != 0 && (power < -3 || power > 5)) {
        int used = snprintf(buf, WEIR_REPORT_NUMBER, "%.*f×", digits - 1, mantissa);
        add_power(buf, (size_t)used, power);
    } else {
        int decimals = digits - 1 - power;
        snprintf(buf, WEIR_REPORT_NUMBER, "%.*f", decimals > 0 ? decimals : 0, v);
    }
    return buf;
}

char *weir_report_tick_text(double v, char buf[WEIR_REPORT_NUMBER])
{
    int power;
    if (!isfinite(v)) {
        snprintf(buf, WEIR_REPORT_NUMBER, "–");
        return buf;
    }
    double mantissa = split(v, 6, &power);
    if (v != 0 && (power < -3 || power > 4)) {
        int used = mantissa == 1 ? 0 : snprintf(buf, WEIR_REPORT_NUMBER, "%g×", mantissa);
        add_power(buf, (size_t)used, power);
    } else {
        snprintf(buf, WEIR_REPORT_NUMBER, "%.6g", v);
    }
    return buf;
}
