/* Reader and writer of the JSON in safetensors headers: RFC 8259 without floating numbers, booleans and null, which
 * these headers do not contain. */
#include "files/json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "rnn_gpu/memory.h"

/* ---- Reading ---- */

rg_status rg_json_fail(const struct rg_json *json, const char *expected) {
    if (json->at >= json->length) {
        return rg_fail(RG_BAD_FILE, "%s: byte %zu: the header ends where %s is expected", json->label,
                       json->base + json->length, expected);
    }
    return rg_fail(RG_BAD_FILE, "%s: byte %zu: expected %s", json->label, json->base + json->at, expected);
}

static void skip_space(struct rg_json *json) {
    while (json->at < json->length && json->text[json->at] != '\0' && strchr(" \t\r\n", json->text[json->at]) != NULL) {
        json->at++;
    }
}

bool rg_json_accept(struct rg_json *json, char wanted) {
    skip_space(json);
    if (json->at >= json->length || json->text[json->at] != wanted) {
        return false;
    }
    json->at++;
    return true;
}

rg_status rg_json_expect(struct rg_json *json, char wanted, const char *expected) {
    return rg_json_accept(json, wanted) ? RG_OK : rg_json_fail(json, expected);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Read the four digits of a \u escape. */
static rg_status hex_unit(struct rg_json *json, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = json->at < json->length ? hex_digit(json->text[json->at]) : -1;
        if (digit < 0) {
            return rg_json_fail(json, "four hexadecimal digits after \\u");
        }
        *unit = *unit * 16 + (uint32_t)digit;
        json->at++;
    }
    return RG_OK;
}

/* Read the character of a \u escape, after the u. A character beyond the basic plane takes two escapes. */
static rg_status unicode_escape(struct rg_json *json, uint32_t *code) {
    RG_TRY(hex_unit(json, code));
    if (*code == 0) {
        return rg_json_fail(json, "a string without the character NUL before this place");
    }
    if (*code < 0xD800 || *code > 0xDFFF) {
        return RG_OK;
    }
    uint32_t low = 0;
    if (*code <= 0xDBFF && json->at + 1 < json->length && json->text[json->at] == '\\' &&
        json->text[json->at + 1] == 'u') {
        json->at += 2;
        RG_TRY(hex_unit(json, &low));
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        return rg_json_fail(json, "the second half of a surrogate pair before this place");
    }
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return RG_OK;
}

/* Write a character as UTF-8: at most 4 bytes, where the escape took 6 or 12. */
static char *put_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* Replace one escape, after the backslash. */
static rg_status unescape(struct rg_json *json, char **to) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char c = json->at < json->length ? json->text[json->at] : '\0';
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (name != NULL) {
        json->at++;
        *(*to)++ = meanings[name - names];
        return RG_OK;
    }
    if (c != 'u') {
        return rg_json_fail(json, "one of \" \\ / b f n r t u after a backslash");
    }
    json->at++;
    uint32_t code = 0;
    RG_TRY(unicode_escape(json, &code));
    *to = put_utf8(*to, code);
    return RG_OK;
}

rg_status rg_json_string(struct rg_json *json, const char **out, const char *expected) {
    RG_TRY(rg_json_expect(json, '"', expected));
    char *to = json->text + json->at;
    *out = to;
    while (json->at < json->length) {
        const char c = json->text[json->at];
        if ((unsigned char)c < 0x20) {
            return rg_json_fail(json, "a string without control characters");
        }
        json->at++;
        if (c == '"') {
            *to = '\0';
            return RG_OK;
        }
        if (c == '\\') {
            RG_TRY(unescape(json, &to));
        } else {
            *to++ = c;
        }
    }
    return rg_json_fail(json, "the end of a string");
}

rg_status rg_json_size(struct rg_json *json, size_t *out, const char *expected) {
    skip_space(json);
    const size_t start = json->at;
    size_t value = 0;
    while (json->at < json->length && json->text[json->at] >= '0' && json->text[json->at] <= '9') {
        const size_t digit = (size_t)(json->text[json->at] - '0');
        if (value > (SIZE_MAX - digit) / 10 || (json->at == start + 1 && json->text[start] == '0')) {
            return rg_json_fail(json, expected);
        }
        value = value * 10 + digit;
        json->at++;
    }
    if (json->at == start || (json->at < json->length && strchr(".eE", json->text[json->at]) != NULL)) {
        return rg_json_fail(json, expected);
    }
    *out = value;
    return RG_OK;
}

/* Length of the valid UTF-8 sequence at the start of the text, or 0. Overlong forms, surrogates and characters beyond
 * U+10FFFF are invalid (Unicode standard, table 3-7). */
static size_t utf8_sequence(const unsigned char *text, size_t length) {
    const unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }
    const size_t n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (n == 0 || n > length) {
        return 0;
    }
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return n;
}

size_t rg_utf8_check(const char *text, size_t length) {
    size_t at = 0;
    while (at < length) {
        const size_t n = utf8_sequence((const unsigned char *)text + at, length - at);
        if (n == 0) {
            break;
        }
        at += n;
    }
    return at;
}

void rg_utf8_copy(char *out, size_t bytes, const char *text) {
    static const char more[] = "\xE2\x80\xA6";
    size_t length = strlen(text);
    if (length >= bytes) {
        length = bytes - sizeof more;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--;
        }
        memcpy(out + length, more, sizeof more);
    } else {
        out[length] = '\0';
    }
    memcpy(out, text, length);
    rg_utf8_make_plain(out);
}

/* ---- Writing ---- */

rg_status rg_text_add(struct rg_text *text, const char *bytes, size_t length) {
    if (length > text->capacity - text->length) {
        size_t capacity = text->capacity > 0 ? text->capacity : 256;
        while (capacity - text->length < length) {
            if (!rg_multiply(capacity, 2, &capacity)) {
                return rg_fail(RG_NO_MEMORY, "a text is too long for the memory");
            }
        }
        char *grown = NULL;
        RG_TRY(rg_alloc(&grown, capacity, 1, "a text"));
        if (text->length > 0) {
            memcpy(grown, text->bytes, text->length);
        }
        rg_free(text->bytes);
        text->bytes = grown;
        text->capacity = capacity;
    }
    if (length > 0) {
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
    return RG_OK;
}

rg_status rg_text_add_string(struct rg_text *text, const char *string) {
    return rg_text_add(text, string, strlen(string));
}

rg_status rg_text_add_size(struct rg_text *text, size_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", value);
    return rg_text_add_string(text, digits);
}

rg_status rg_text_add_quoted(struct rg_text *text, const char *string) {
    RG_TRY(rg_text_add(text, "\"", 1));
    for (const char *c = string; *c != '\0'; c++) {
        char escape[8] = {*c, '\0'};
        if (*c == '"' || *c == '\\') {
            snprintf(escape, sizeof escape, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*c);
        }
        RG_TRY(rg_text_add_string(text, escape));
    }
    return rg_text_add(text, "\"", 1);
}

void rg_text_destroy(struct rg_text *text) {
    rg_free(text->bytes);
    *text = (struct rg_text){0};
}
