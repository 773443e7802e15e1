/* Inks, and code that all canvases share: see canvas.h. */
#include "cli/report/canvas.h"

#include <math.h>

#include "base/utf8.h"

/* Viridis (van der Walt and Smith 2015), nine of its colours. */
static const uint32_t viridis[] = {0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C,
                                   0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725};
static const uint32_t signed_light[] = {0x0B5FA5, 0x8FBFE3, 0xFFFFFF, 0xF3B37A, 0xB35806};
static const uint32_t signed_dark[] = {0x7CC4FF, 0x2F6E9E, 0x16191D, 0x9A5A1C, 0xFFB561};
static const uint32_t plain[2][RG_INK_HEAT] = {{0xFFFFFF, 0x1A1D21, 0x4A5058, 0xE3E6EA, 0x0072B2, 0xD55E00, 0x007F5F,
                                                0xAA4499, 0x8C6D00, 0x3399BB, 0x882255, 0x666666},
                                               {0x16191D, 0xECEFF2, 0xB4BAC2, 0x343A41, 0x5AB4F0, 0xFF8A3D, 0x35C49A,
                                                0xE08FD0, 0xE3BE3A, 0x9ADCF0, 0xE0688F, 0xA8A8A8}};

/* The colour at `place`, 0 … 1, between n colours. */
static uint32_t between(const uint32_t *colors, size_t n, double place) {
    const double at = place * (double)(n - 1);
    const size_t i = at >= (double)(n - 1) ? n - 2 : (size_t)at;
    uint32_t mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        const double a = colors[i] >> shift & 0xFF, b = colors[i + 1] >> shift & 0xFF;
        mixed = mixed << 8 | (uint32_t)lround(a + (b - a) * (at - (double)i));
    }
    return mixed;
}

uint32_t rg_ink_color(int ink, bool dark) {
    if (ink < RG_INK_HEAT) {
        return plain[dark][ink];
    }
    if (ink < RG_INK_SIGNED) {
        return between(viridis, sizeof viridis / sizeof *viridis, (ink - RG_INK_HEAT) / (RG_HEAT_LEVELS - 1.0));
    }
    return between(dark ? signed_dark : signed_light, sizeof signed_light / sizeof *signed_light,
                   (ink - RG_INK_SIGNED) / (RG_SIGNED_LEVELS - 1.0));
}

double rg_text_width(const char *text, double size) {
    return 0.58 * size * (double)rg_utf8_count(text);
}
