/* The server's parts that need no network: forms found in a body, addresses, who may ask, sizes as
 * text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "serve/address.h"
#include "serve/server.h"

/* ---- multipart/form-data ---- */

#define LONG_BOUNDARY                                                                              \
  "multipart/form-data; boundary="                                                                 \
  "0123456789012345678901234567890123456789012345678901234567890123456789X"
static const char TYPE[] = "multipart/form-data; boundary=AaB03x";

static scrawl_status parse(const char *type, const void *body, size_t size, serve_file *files,
                           size_t *count) {
  base_error error = {0};
  scrawl_status status = serve_multipart_parse(type, body, size, files, 4, count, NULL, &error);
  assert_int_equal(status != SCRAWL_OK, error.message[0] != '\0');
  return status;
}

#define PART(name, content)                                                                        \
  "--AaB03x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"" name "\"\r\n"        \
  "Content-Type: image/png\r\n\r\n" content "\r\n"
#define FIELD "--AaB03x\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
#define END   "--AaB03x--\r\n"

static void test_form_with_files(void **state) {
  (void)state;
  static const char BODY[] = "preamble\r\n" FIELD PART("a;b.png", "one\r\n--two") PART("", "")
      PART("q\\\"uote.png", "") END "epilogue";
  serve_file files[4];
  size_t count;
  assert_int_equal(parse(TYPE, BODY, sizeof BODY - 1, files, &count), SCRAWL_OK);
  assert_int_equal(count, 2);
  assert_string_equal(files[0].name, "a;b.png");
  assert_int_equal(files[0].size, 10);
  assert_memory_equal(files[0].bytes, "one\r\n--two", 10);
  assert_string_equal(files[1].name, "q\"uote.png");
  assert_int_equal(files[1].size, 0);
}

static void test_form_boundaries(void **state) {
  (void)state;
  static const char BODY[] = PART("a.png", "one") END;
  serve_file files[4];
  size_t count;
  static const char *const GOOD[] = {
      "multipart/form-data; boundary=\"AaB03x\"",
      "multipart/form-data;charset=utf-8;  Boundary=AaB03x; x=y",
  };
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
    assert_int_equal(parse(GOOD[i], BODY, sizeof BODY - 1, files, &count), SCRAWL_OK);
    assert_int_equal(count, 1);
  }
  static const char *const BAD[] = {
      "multipart/form-data",
      "multipart/form-data; boundary=",
      "multipart/form-data; boundary=aab03x", /* another case is another boundary */
      LONG_BOUNDARY,
  };
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    assert_int_equal(parse(BAD[i], BODY, sizeof BODY - 1, files, &count), SCRAWL_BAD_FORMAT);
    assert_int_equal(count, 0);
  }
}

/* Cut anywhere it is refused, not read past its end (each piece in a block of its own size, for the
 * sanitizers). */
static void test_form_cut_anywhere(void **state) {
  (void)state;
  static const char BODY[] = FIELD PART("a.png", "one") PART("b.png", "two") "--AaB03x--";
  serve_file files[4];
  size_t count;
  for (size_t size = 0; size < sizeof BODY - 1; size++) {
    char *piece = test_malloc(size + 1);
    memcpy(piece, BODY, size);
    assert_int_equal(parse(TYPE, piece, size, files, &count), SCRAWL_BAD_FORMAT);
    assert_int_equal(count, 0);
    test_free(piece);
  }
}

/* Whatever a byte is turned into: files lie inside the body, names end. */
static void test_form_with_damage(void **state) {
  (void)state;
  static const char BODY[] = FIELD PART("a.png", "one") PART("b.png", "two") "--AaB03x--";
  static const char DAMAGE[] = {'\r', '\n', '-', '"', ';', '\\', '\0', (char)0xff};
  char body[sizeof BODY];
  serve_file files[4];
  for (size_t at = 0; at < sizeof BODY - 1; at++)
    for (size_t kind = 0; kind < sizeof DAMAGE; kind++) {
      size_t count;
      memcpy(body, BODY, sizeof BODY);
      body[at] = DAMAGE[kind];
      if (parse(TYPE, body, sizeof BODY - 1, files, &count) != SCRAWL_OK) continue;
      for (size_t i = 0; i < count; i++) {
        assert_true((const char *)files[i].bytes >= body);
        assert_true((const char *)files[i].bytes + files[i].size <= body + sizeof BODY - 1);
        assert_non_null(memchr(files[i].name, '\0', sizeof files[i].name));
      }
    }
}

/* Fields are found wherever they stand; what is too long is cut, what is not there is empty. */
static void test_form_fields(void **state) {
  (void)state;
#define NAMED(name, value)                                                                         \
  "--AaB03x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
  static const char BODY[] = NAMED("as", "digits") PART("a.png", "one")
      NAMED("long", "0123456789012345678901234567890123456789") NAMED("asx", "other") END;
  serve_field fields[] = {
      {.name = "as"}, {.name = "long"}, {.name = "none", .value = "before"}, {0}};
  serve_file files[4];
  size_t count;
  base_error error = {0};
  assert_int_equal(serve_multipart_parse(TYPE, (const uint8_t *)BODY, sizeof BODY - 1, files, 4,
                                         &count, fields, &error),
                   SCRAWL_OK);
  assert_int_equal(count, 1);
  assert_string_equal(files[0].name, "a.png");
  assert_string_equal(fields[0].value, "digits");
  assert_string_equal(fields[1].value, "0123456789012345678901234567890");
  assert_string_equal(fields[2].value, "");
}

static void test_form_limits(void **state) {
  (void)state;
  static const char MANY[] =
      PART("a", "1") PART("b", "2") PART("c", "3") PART("d", "4") PART("e", "5") END;
  serve_file files[4];
  size_t count;
  assert_int_equal(parse(TYPE, MANY, sizeof MANY - 1, files, &count), SCRAWL_LIMIT_EXCEEDED);

  /* A long name is cut, and not in the middle of a sign. */
  char body[1024];
  char name[200] = "";
  for (int i = 0; i < 60; i++) strcat(name, "\xe2\x82\xac"); /* the euro sign, three bytes */
  int size = snprintf(
      body, sizeof body,
      "--AaB03x\r\nContent-Disposition: form-data; filename=\"%s\"\r\n\r\nx\r\n--AaB03x--", name);
  assert_int_equal(parse(TYPE, body, (size_t)size, files, &count), SCRAWL_OK);
  assert_int_equal(count, 1);
  assert_int_equal(strlen(files[0].name), 126);
  assert_memory_equal(files[0].name, name, 126);
}

/* ---- addresses ---- */

static void test_listen_addresses(void **state) {
  (void)state;
  static const struct {
    const char *text;
    scrawl_status status;
    const char *says; /* part of the sentence */
  } CASES[] = {
      {"127.0.0.1:8080", SCRAWL_OK, NULL},
      {"127.255.0.9:0", SCRAWL_OK, NULL},
      {"localhost:65535", SCRAWL_OK, NULL},
      {"[::1]:80", SCRAWL_OK, NULL},
      {"0.0.0.0:8080", SCRAWL_INVALID_ARGUMENT, "accounts"},
      {"192.168.1.2:8080", SCRAWL_INVALID_ARGUMENT, "accounts"},
      {"[::]:8080", SCRAWL_INVALID_ARGUMENT, "accounts"},
      {"[::ffff:127.0.0.1]:8080", SCRAWL_INVALID_ARGUMENT, "accounts"},
      {"example.org:80", SCRAWL_INVALID_ARGUMENT, "not an IP address"},
      {"127.1:80", SCRAWL_INVALID_ARGUMENT, "not an IP address"},
      {"127.0.0.1", SCRAWL_INVALID_ARGUMENT, "such as"},
      {"127.0.0.1:", SCRAWL_INVALID_ARGUMENT, "such as"},
      {"127.0.0.1:65536", SCRAWL_INVALID_ARGUMENT, "such as"},
      {"127.0.0.1:8080x", SCRAWL_INVALID_ARGUMENT, "such as"},
      {"::1:80", SCRAWL_INVALID_ARGUMENT, "such as"},
      {"[::1:80", SCRAWL_INVALID_ARGUMENT, "such as"},
      {":8080", SCRAWL_INVALID_ARGUMENT, "such as"},
      {"", SCRAWL_INVALID_ARGUMENT, "such as"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    struct sockaddr_storage address;
    socklen_t length;
    base_error error = {0};
    scrawl_status status = serve_address_parse(CASES[i].text, &address, &length, &error);
    if (status != CASES[i].status) fail_msg("%s: %s", CASES[i].text, error.message);
    if (CASES[i].says && !strstr(error.message, CASES[i].says))
      fail_msg("%s: %s", CASES[i].text, error.message);
    assert_int_equal(status == SCRAWL_OK, length > 0);
  }
}

static void test_hosts(void **state) {
  (void)state;
  static const char *const OURS[] = {"localhost", "LocalHost:8080", "scrawl.localhost:1",
                                     "127.0.0.1", "127.0.0.1:8080", "127.9.9.9:1",
                                     "[::1]",     "[::1]:8080"};
  static const char *const OTHERS[] = {"example.org",
                                       "127.0.0.1.example.org",
                                       "localhost.example.org",
                                       "notlocalhost",
                                       "192.168.0.1",
                                       "[::2]:80",
                                       "::1",
                                       "",
                                       ".localhost.evil:80",
                                       "127.0.0.1:x",
                                       "0x7f.1",
                                       "127.0.0.1:80:80"};
  for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
    if (!serve_host_is_loopback(OURS[i])) fail_msg("%s", OURS[i]);
  for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
    if (serve_host_is_loopback(OTHERS[i])) fail_msg("%s", OTHERS[i]);
  assert_false(serve_host_is_loopback(NULL));
}

static void test_origins(void **state) {
  (void)state;
  const char *host = "127.0.0.1:8080", *own = "http://127.0.0.1:8080";
  assert_true(serve_is_same_origin(NULL, NULL, host)); /* a program */
  assert_true(serve_is_same_origin(own, NULL, host));
  assert_true(serve_is_same_origin(own, "same-origin", host));
  assert_true(serve_is_same_origin(NULL, "none", host));
  assert_false(serve_is_same_origin("http://127.0.0.1:8081", NULL, host));
  assert_false(serve_is_same_origin("https://example.org", NULL, host));
  assert_false(serve_is_same_origin("http://127.0.0.1:8080.example.org", NULL, host));
  assert_false(serve_is_same_origin("null", NULL, host));
  assert_false(serve_is_same_origin(own, "cross-site", host));
  assert_false(serve_is_same_origin(own, "same-site", host));
  assert_false(serve_is_same_origin(own, NULL, NULL));
}

/* ---- pages ---- */

static void test_sizes_as_text(void **state) {
  (void)state;
  static const struct {
    size_t bytes;
    const char *text;
  } CASES[] = {{2, "2 bytes"},
               {1023, "1023 bytes"},
               {2048, "2 kB"},
               {10 << 20, "10 MB"},
               {(10 << 20) + (1 << 19), "10.5 MB"}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    char text[32];
    serve_view_size(CASES[i].bytes, text);
    assert_string_equal(text, CASES[i].text);
  }
}

/* What a client calls its file cannot become markup. */
static void test_names_are_escaped(void **state) {
  (void)state;
  format_buffer html = {0};
  serve_view_failure("<b>\"&'.png", "a < b", &html);
  assert_false(html.failed);
  assert_non_null(strstr(html.text, "&lt;b&gt;&quot;&amp;&#39;.png"));
  assert_non_null(strstr(html.text, "a &lt; b"));
  assert_null(strstr(html.text, "<b>"));
  base_free(html.text);
}

/* A rejected glyph shows no sign, its candidates only behind a fold; a blank page shows none at
 * all. */
static void test_doubt_is_said(void **state) {
  (void)state;
  read_alternative alternatives[] = {{"<", 0.4}, {"7", 0.3}};
  read_glyph glyph = {
      .text = "", .rejected = true, .alternatives = alternatives, .alternative_count = 2};
  read_line line = {.text = "", .glyphs = &glyph, .glyph_count = 1};
  read_page page = {.width = 28, .height = 28, .lines = &line, .line_count = 1};
  read_result result = {.pages = &page, .page_count = 1};
  format_buffer html = {0};
  serve_view_reading("a.png", &result, &html);
  assert_null(strstr(html.text, "class=\"sign\""));
  assert_non_null(strstr(html.text, "does not look like a digit"));
  const char *fold = strstr(html.text, "<details>"), *first = strstr(html.text, "40.0 %");
  assert_true(fold && first && fold < first);
  assert_non_null(strstr(html.text, "&lt;"));
  base_free(html.text);

  html = (format_buffer){0};
  page.line_count = 0;
  serve_view_reading(NULL, &result, &html);
  assert_non_null(strstr(html.text, "No ink was found"));
  assert_null(strstr(html.text, "candidate"));
  base_free(html.text);
}

/* A line's separators stay in their places, what is unsure or was not read is marked, and nothing
 * that a model says becomes markup. */
static void test_lines_are_marked(void **state) {
  (void)state;
  read_alternative alternatives[] = {{"<", 0.2}, {"7", 0.0004}};
  read_glyph glyphs[] = {
      {.text = "1", .confidence = 0.9999},
      {.text = "4",
       .confidence = 0.79,
       .alternatives = alternatives,
       .alternative_count = sizeof alternatives / sizeof *alternatives},
      {.text = "", .rejected = true, .alternatives = alternatives, .alternative_count = 1},
      {.text = "&", .confidence = 0.99},
  };
  read_line line = {.text = "1,4 &", .glyphs = glyphs, .glyph_count = 4};
  read_page page = {.width = 90, .height = 28, .lines = &line, .line_count = 1};
  read_result result = {.pages = &page, .page_count = 1};
  format_buffer html = {0};
  serve_view_reading(NULL, &result, &html);
  assert_non_null(strstr(html.text, "<p><span class=\"found certain\">1</span>,"
                                    "<span class=\"found unsure\">4</span>"
                                    "<span class=\"found rejected\"><span class=\"unseen\">"
                                    "(not read)</span></span> "
                                    "<span class=\"found certain\">&amp;</span></p>"));
  assert_non_null(strstr(html.text, "1 unsure and 1 not read of 4 signs"));
  assert_non_null(strstr(html.text, "<li class=\"unsure\"><span class=\"candidate\">4</span> "
                                    "<span class=\"percent\">79.0 %</span> "
                                    "<span class=\"others\">or &lt; (20.0 %)</span></li>"));
  assert_non_null(strstr(html.text, "<li class=\"rejected\"><span class=\"candidate\">?</span> "
                                    "<span class=\"percent\">not read</span> "
                                    "<span class=\"others\">or &lt; (20.0 %)</span></li>"));
  base_free(html.text);

  /* A text that is not made of its glyphs is shown as it is. */
  html = (format_buffer){0};
  line.text = "9<9";
  serve_view_reading(NULL, &result, &html);
  assert_non_null(strstr(html.text, "</span></span>9&lt;9</p>"));
  base_free(html.text);
}

/* Two rows of three cells, the first without ink: a cell has its text, and the marks of the signs
 * that stand in it. */
static void test_grid_is_a_table(void **state) {
  (void)state;
  read_glyph glyphs[] = {{.text = "1", .confidence = 0.99, .box = {3, 13, 2, 6}},
                         {.text = "2", .confidence = 0.5, .box = {6, 13, 2, 6}},
                         {.text = "", .rejected = true, .box = {23, 12, 5, 6}}};
  read_line line = {.text = "12", .glyphs = glyphs, .glyph_count = 3};
  read_cell cells[6];
  for (int i = 0; i < 6; i++)
    cells[i] = (read_cell){.text = "", .confidence = 1, .box = {i % 3 * 10, i / 3 * 10, 10, 10}};
  cells[3].text = "12";
  read_page page = {.width = 30,
                    .height = 20,
                    .lines = &line,
                    .line_count = 1,
                    .rows = 2,
                    .columns = 3,
                    .cells = cells};
  read_result result = {.pages = &page, .page_count = 1};
  format_buffer html = {0};
  serve_view_reading(NULL, &result, &html);
  assert_non_null(strstr(html.text, "2 rows, 3 columns"));
  assert_non_null(strstr(html.text, "<tr><td></td><td></td><td></td></tr>"));
  assert_non_null(strstr(html.text, "<tr><td><span class=\"found certain\">1</span>"
                                    "<span class=\"found unsure\">2</span></td><td></td>"
                                    "<td><span class=\"found rejected\">"));
  assert_null(strstr(html.text, "class=\"lines\""));
  base_free(html.text);

  /* A grid without ink is still one. */
  html = (format_buffer){0};
  page.line_count = 0;
  cells[3].text = "";
  serve_view_reading(NULL, &result, &html);
  assert_non_null(strstr(html.text, "<table class=\"grid\">"));
  base_free(html.text);
}

static void test_tags_tell_contents_apart(void **state) {
  (void)state;
  char tag[SERVE_TAG_BYTES];
  serve_tag("", 0, tag);
  assert_string_equal(tag, "\"cbf29ce484222325\""); /* FNV-1a test vectors */
  serve_tag("foobar", 6, tag);
  assert_string_equal(tag, "\"85944171f73967e8\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_form_with_files),
      cmocka_unit_test(test_form_boundaries),
      cmocka_unit_test(test_form_cut_anywhere),
      cmocka_unit_test(test_form_with_damage),
      cmocka_unit_test(test_form_fields),
      cmocka_unit_test(test_form_limits),
      cmocka_unit_test(test_listen_addresses),
      cmocka_unit_test(test_hosts),
      cmocka_unit_test(test_origins),
      cmocka_unit_test(test_sizes_as_text),
      cmocka_unit_test(test_names_are_escaped),
      cmocka_unit_test(test_doubt_is_said),
      cmocka_unit_test(test_lines_are_marked),
      cmocka_unit_test(test_grid_is_a_table),
      cmocka_unit_test(test_tags_tell_contents_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
