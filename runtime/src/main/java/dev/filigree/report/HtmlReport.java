package dev.filigree.report;

import dev.filigree.report.Report.BarChart;
import dev.filigree.report.Report.Bars;
import dev.filigree.report.Report.Figure;
import dev.filigree.report.Report.Figures;
import dev.filigree.report.Report.Finding;
import dev.filigree.report.Report.Line;
import dev.filigree.report.Report.LineChart;
import dev.filigree.report.Report.Part;
import dev.filigree.report.Report.Section;
import dev.filigree.report.Report.Table;
import dev.filigree.report.Report.Text;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Renders a {@link Report} as one HTML file: styles, scripts and Chart.js are inside, nothing is
 * fetched. Without scripts every chart is still there as a table.
 */
public final class HtmlReport {
  private final StringBuilder html = new StringBuilder(1 << 19);
  private final List<Part> charts = new ArrayList<>();

  private HtmlReport() {}

  /** The whole page. */
  public static String render(Report report) {
    HtmlReport page = new HtmlReport();
    page.page(report);
    return page.html.toString();
  }

  /** Text with the characters that mean something in HTML made harmless, quotes included. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  private void page(Report report) {
    html.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
    element("title", report.title());
    html.append("<style>\n").append(resource("report.css")).append("</style>\n</head>\n<body>\n");
    html.append("<header>\n");
    element("h1", report.title());
    html.append("<p class=\"subtitle\">").append(escape(report.subtitle())).append("</p>\n");
    html.append("</header>\n<main>\n");
    for (Section section : report.sections()) {
      html.append("<section>\n");
      element("h2", section.heading());
      parts(section.parts());
      html.append("</section>\n");
    }
    html.append("</main>\n");
    if (!charts.isEmpty()) {
      html.append("<script type=\"application/json\" id=\"charts\">");
      html.append(Json.compact(charts)).append("</script>\n");
      script(resource("chart.umd.js"));
      script(resource("report.js"));
    }
    html.append("</body>\n</html>\n");
  }

  /** Charts that follow each other stand side by side where there is room. */
  private void parts(List<Part> parts) {
    boolean open = false;
    for (Part part : parts) {
      boolean chart = part instanceof LineChart || part instanceof BarChart;
      if (chart != open) {
        html.append(chart ? "<div class=\"plots\">\n" : "</div>\n");
        open = chart;
      }
      part(part);
    }
    if (open) {
      html.append("</div>\n");
    }
  }

  private void part(Part part) {
    if (part instanceof Text text) {
      element("p", text.text());
    } else if (part instanceof Finding finding) {
      String tone = finding.tone().name().toLowerCase(Locale.ROOT);
      html.append("<p class=\"finding ").append(tone).append("\">");
      html.append(escape(finding.text())).append("</p>\n");
    } else if (part instanceof Figures figures) {
      html.append("<div class=\"figures\">\n");
      figures.figures().forEach(this::figure);
      html.append("</div>\n");
    } else if (part instanceof Table table) {
      table(table);
    } else if (part instanceof LineChart chart) {
      chart(chart, chart.title(), numbers(chart));
    } else if (part instanceof BarChart chart) {
      chart(chart, chart.title(), numbers(chart));
    }
  }

  private void figure(Figure figure) {
    html.append("<div class=\"figure\"><span class=\"label\">").append(escape(figure.label()));
    html.append("</span><span class=\"value\">").append(escape(figure.value()));
    html.append("</span><span class=\"note\">").append(escape(figure.note()));
    html.append("</span></div>\n");
  }

  private void table(Table table) {
    html.append("<div class=\"scroll\"><table>\n<thead><tr>");
    for (int c = 0; c < table.columns().size(); c++) {
      html.append(table.isNumeric(c) ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
      html.append(escape(table.columns().get(c))).append("</th>");
    }
    html.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : table.rows()) {
      html.append("<tr>");
      for (int c = 0; c < row.size(); c++) {
        html.append(table.isNumeric(c) ? "<td class=\"n\">" : "<td>");
        html.append(escape(row.get(c))).append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody>\n</table></div>\n");
  }

  private void chart(Part chart, String title, Table numbers) {
    int id = charts.size();
    charts.add(chart);
    html.append("<figure>\n<figcaption>").append(escape(title)).append("</figcaption>\n");
    html.append("<div class=\"plot\"><canvas data-chart=\"").append(id);
    html.append("\" role=\"img\" aria-label=\"").append(escape(title)).append("\"></canvas></div>");
    html.append("\n<details><summary>Numbers</summary>\n");
    table(numbers);
    html.append("</details>\n</figure>\n");
  }

  private static Table numbers(LineChart chart) {
    List<String> columns = new ArrayList<>(List.of(chart.x()));
    Map<Double, List<String>> rows = new TreeMap<>();
    int lines = chart.lines().size();
    for (int l = 0; l < lines; l++) {
      Line line = chart.lines().get(l);
      columns.add(line.name());
      for (int i = 0; i < line.xs().size(); i++) {
        List<String> row =
            rows.computeIfAbsent(
                line.xs().get(i), x -> new ArrayList<>(Collections.nCopies(lines, "")));
        row.set(l, number(line.ys().get(i)));
      }
    }
    List<List<String>> cells = new ArrayList<>();
    rows.forEach(
        (x, row) -> {
          row.add(0, number(x));
          cells.add(row);
        });
    return new Table(columns, cells);
  }

  private static Table numbers(BarChart chart) {
    List<String> columns = new ArrayList<>(List.of(chart.y()));
    chart.bars().forEach(bars -> columns.add(bars.name()));
    List<List<String>> cells = new ArrayList<>();
    for (int c = 0; c < chart.categories().size(); c++) {
      List<String> row = new ArrayList<>(List.of(chart.categories().get(c)));
      for (Bars bars : chart.bars()) {
        row.add(number(bars.values().get(c)));
      }
      cells.add(row);
    }
    return new Table(columns, cells);
  }

  private static String number(double value) {
    if (!Double.isFinite(value)) {
      return "";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.4f", value);
  }

  private void element(String name, String text) {
    html.append('<').append(name).append('>').append(escape(text));
    html.append("</").append(name).append(">\n");
  }

  private void script(String code) {
    // A map reference would make browsers look for a file beside the report.
    String inlined =
        code.replaceAll("(?m)^//# sourceMappingURL=.*$", "").replace("</script", "<\\/script");
    html.append("<script>\n").append(inlined).append("</script>\n");
  }

  private static String resource(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the Filigree runtime jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
