/* Pages for people whose browser runs no script: web/index.html with its places filled in. The
 * script in web/src/result.ts builds the same elements from the JSON result, so that both look
 * alike.
 *
 * A place is written {{name}} in the template. What comes from outside (file names, signs) is
 * escaped where it is written. */
#include <stdio.h>
#include <string.h>

#include "serve/server.h"

static void append_escaped(format_buffer *html, const char *text) {
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

void serve_view_page(const serve_server *server, const char *content, format_buffer *page) {
  static const char INVITATION[] =
      "<p class=\"invitation\">Draw one digit, or choose a picture of one.</p>";
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
        append_escaped(page, places[i].value);
    }
    text = place + 2 + length;
    text += strspn(text, "}");
  }
  format_append(page, "%s", text);
}

/* One decimal, and never more certain than it is. */
static void append_percent(format_buffer *html, double share) {
  if (share > 0.9994)
    format_append(html, "&gt; 99.9 %%");
  else if (share < 0.001)
    format_append(html, "&lt; 0.1 %%");
  else
    format_append(html, "%.1f %%", share * 100);
}

static void append_candidate(format_buffer *html, const char *text, double confidence) {
  format_append(html, "<li><span class=\"candidate\">");
  append_escaped(html, text);
  format_append(html,
                "</span><svg class=\"bar\" aria-hidden=\"true\"><rect width=\"%.2f%%\" "
                "height=\"100%%\" rx=\"5\"/></svg>",
                confidence * 100);
  format_append(html, "<span class=\"percent\">");
  append_percent(html, confidence);
  format_append(html, "</span></li>\n");
}

static void append_candidates(format_buffer *html, const read_glyph *glyph) {
  format_append(html, "<ol class=\"candidates\" aria-label=\"Candidates, best first\">\n");
  if (!glyph->rejected) append_candidate(html, glyph->text, glyph->confidence);
  for (size_t i = 0; i < glyph->alternative_count; i++)
    append_candidate(html, glyph->alternatives[i].text, glyph->alternatives[i].confidence);
  format_append(html, "</ol>\n");
}

static const read_glyph *first_glyph(const read_result *result) {
  if (result->page_count == 0 || result->pages[0].line_count == 0) return NULL;
  const read_line *line = &result->pages[0].lines[0];
  return line->glyph_count ? &line->glyphs[0] : NULL;
}

static void open_outcome(const char *name, format_buffer *html) {
  format_append(html, "<article class=\"outcome\">\n");
  if (!name || !*name) return;
  format_append(html, "<p class=\"source\">");
  append_escaped(html, name);
  format_append(html, "</p>\n");
}

void serve_view_reading(const char *name, const read_result *result, format_buffer *html) {
  const read_glyph *glyph = first_glyph(result);
  open_outcome(name, html);
  if (!glyph) {
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
    append_escaped(html, glyph->text);
    format_append(html, "</span> <span class=\"sure\"><strong>");
    append_percent(html, glyph->confidence);
    format_append(html, "</strong> confidence</span></p>\n");
    append_candidates(html, glyph);
  }
  format_append(html, "</article>\n");
}

void serve_view_failure(const char *name, const char *sentence, format_buffer *html) {
  open_outcome(name, html);
  format_append(html, "<p class=\"message failure\"><strong>That did not work:</strong> ");
  append_escaped(html, sentence);
  format_append(html, ".</p>\n</article>\n");
}
