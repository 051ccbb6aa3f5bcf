/* Pages for people whose browser runs no script: web/index.html with its places filled in. The
 * script in web/src/result.ts builds the same elements from the JSON result, so that both look
 * alike.
 *
 * A place is written {{name}} in the template. What comes from outside (file names, signs) is
 * escaped where it is written. */
#include <stdio.h>
#include <string.h>

#include "serve/server.h"

void serve_view_escaped(format_buffer *html, const char *text) {
  for (; *text; text++) switch (*text) {
    case '&':
      format_append(html, "&amp;");
      break;
    case '<':
      format_append(html, "&lt;");
      break;
    case '>':
      format_append(html, "&gt;");
      break;
    case '"':
      format_append(html, "&quot;");
      break;
    case '\'':
      format_append(html, "&#39;");
      break;
    default:
      format_append(html, "%c", *text);
    }
}

void serve_view_size(size_t bytes, char text[32]) {
  const double kilo = 1 << 10, mega = 1 << 20;
  if ((double)bytes >= mega)
    snprintf(text, 32, "%.4g MB", (double)bytes / mega);
  else if ((double)bytes >= kilo)
    snprintf(text, 32, "%.4g kB", (double)bytes / kilo);
  else
    snprintf(text, 32, "%zu bytes", bytes);
}

/* The attribute of the button "as:digits" when that is the mode. */
static const char *checked(const char *place, size_t length, page_mode mode) {
  static const char PREFIX[] = "as:";
  char name[SERVE_VALUE_BYTES];
  page_mode named;
  if (strncmp(place, PREFIX, sizeof PREFIX - 1) != 0 || length >= sizeof name) return "";
  memcpy(name, place, length);
  name[length] = '\0';
  return page_mode_find(name + sizeof PREFIX - 1, &named) && named == mode ? " checked" : "";
}

void serve_view_page(const serve_server *server, page_mode mode, const char *content,
                     format_buffer *page) {
  static const char INVITATION[] =
      "<p class=\"invitation\">Write digits, or choose a picture of some.</p>";
  const serve_asset *template = SERVE_ASSETS;
  while (template->name && strcmp(template->name, "index.html") != 0) template ++;
  if (!template->name) {
    page->failed = true;
    return;
  }
  char size[32], bytes[32];
  serve_view_size(server->options.max_upload, size);
  snprintf(bytes, sizeof bytes, "%zu", server->options.max_upload);
  const struct {
    const char *name, *value;
    bool html;
  } places[] = {
      {"content", content ? content : INVITATION, true},
      {"limit", size, false},
      {"limit-bytes", bytes, false},
      {"version", scrawl_version(), false},
      {"model", server->model->name, false},
      {"model-version", server->model->version, false},
  };
  const char *text = (const char *)template->bytes; /* terminated, see embed.sh */
  for (const char *place; (place = strstr(text, "{{"));) {
    size_t length = strcspn(place + 2, "}");
    format_append(page, "%.*s", (int)(place - text), text);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
      if (strlen(places[i].name) != length || strncmp(places[i].name, place + 2, length) != 0)
        continue;
      if (places[i].html)
        format_append(page, "%s", places[i].value);
      else
        serve_view_escaped(page, places[i].value);
    }
    format_append(page, "%s", checked(place + 2, length, mode));
    text = place + 2 + length;
    text += strspn(text, "}");
  }
  format_append(page, "%s", text);
}

void serve_view_percent(format_buffer *html, double share) {
  if (share > 0.9994)
    format_append(html, "&gt; 99.9 %%");
  else if (share < 0.001)
    format_append(html, "&lt; 0.1 %%");
  else
    format_append(html, "%.1f %%", share * 100);
}

static void append_candidate(format_buffer *html, const char *text, double confidence) {
  format_append(html, "<li><span class=\"candidate\">");
  serve_view_escaped(html, text);
  format_append(html,
                "</span><svg class=\"bar\" aria-hidden=\"true\"><rect width=\"%.2f%%\" "
                "height=\"100%%\" rx=\"5\"/></svg>",
                confidence * 100);
  format_append(html, "<span class=\"percent\">");
  serve_view_percent(html, confidence);
  format_append(html, "</span></li>\n");
}

static void append_candidates(format_buffer *html, const read_glyph *glyph) {
  format_append(html, "<ol class=\"candidates\" aria-label=\"Candidates, best first\">\n");
  if (!glyph->rejected) append_candidate(html, glyph->text, glyph->confidence);
  for (size_t i = 0; i < glyph->alternative_count; i++)
    append_candidate(html, glyph->alternatives[i].text, glyph->alternatives[i].confidence);
  format_append(html, "</ol>\n");
}

static size_t count_glyphs(const read_page *page, const read_glyph **first) {
  size_t count = 0;
  for (size_t l = 0; l < page->line_count; l++) {
    if (count == 0 && page->lines[l].glyph_count > 0) *first = page->lines[l].glyphs;
    count += page->lines[l].glyph_count;
  }
  return count;
}

static void open_outcome(const char *name, format_buffer *html) {
  format_append(html, "<article class=\"outcome\">\n");
  if (!name || !*name) return;
  format_append(html, "<p class=\"source\">");
  serve_view_escaped(html, name);
  format_append(html, "</p>\n");
}

void serve_view_reading(const char *name, const read_result *result, format_buffer *html) {
  const read_page *page = result->page_count ? &result->pages[0] : NULL;
  const read_glyph *glyph = NULL;
  size_t count = page ? count_glyphs(page, &glyph) : 0;
  open_outcome(name, html);
  if (count > 1 || (page && page->cells)) {
    serve_view_text(page, html);
  } else if (!glyph) {
    format_append(html, "<p class=\"message\"><strong>Nothing to read yet.</strong> "
                        "No ink was found.</p>\n");
  } else if (glyph->rejected) {
    format_append(html, "<p class=\"message\"><strong>This does not look like a digit.</strong> "
                        "A single, larger, clearer one helps.</p>\n");
    if (glyph->alternative_count > 0) {
      format_append(html, "<details><summary>What it came closest to</summary>\n");
      append_candidates(html, glyph);
      format_append(html, "</details>\n");
    }
  } else {
    format_append(html, "<p class=\"answer\"><span class=\"sign\">");
    serve_view_escaped(html, glyph->text);
    format_append(html, "</span> <span class=\"sure\"><strong>");
    serve_view_percent(html, glyph->confidence);
    format_append(html, "</strong> confidence</span></p>\n");
    append_candidates(html, glyph);
  }
  format_append(html, "</article>\n");
}

void serve_view_failure(const char *name, const char *sentence, format_buffer *html) {
  open_outcome(name, html);
  format_append(html, "<p class=\"message failure\"><strong>That did not work:</strong> ");
  serve_view_escaped(html, sentence);
  format_append(html, ".</p>\n</article>\n");
}
