package dev.filigree.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
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
import dev.filigree.report.Report.Tone;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page is whole, harmless and fetches nothing. */
final class HtmlReportTest {
  private static final String EVIL = "</script><script>alert('1')</script>&\"";

  @Test
  void everyTextIsEscaped() {
    String html =
        render(
            new Text(EVIL),
            new Finding(Tone.BAD, EVIL),
            new Figures(List.of(new Figure(EVIL, EVIL, EVIL))),
            new Table(List.of(EVIL), List.of(List.of(EVIL))),
            new LineChart(EVIL, EVIL, EVIL, List.of(new Line(EVIL, List.of(1.0), List.of(2.0)))),
            new BarChart(EVIL, EVIL, List.of(EVIL), List.of(new Bars(EVIL, List.of(1.0)))));
    assertThat(html).doesNotContain("<script>alert").doesNotContain("alert('1')");
    // JSON, Chart.js and our own script, each opened and closed once.
    assertThat(count(html, "<script")).isEqualTo(3);
    assertThat(count(html, "</script")).isEqualTo(3);
  }

  @Test
  void nothingIsFetched() {
    String html = render(bars());
    assertThat(html)
        .doesNotContain("<link")
        .doesNotContain("<img")
        .doesNotContain("<iframe")
        .doesNotContain("src=")
        .doesNotContain("href=")
        .doesNotContain("@import")
        .doesNotContain("url(")
        .doesNotContain("sourceMappingURL=")
        .doesNotContain("fetch(")
        .doesNotContain("XMLHttpRequest");
    assertThat(html).contains("Chart.js v4.4.9");
  }

  @Test
  void numbersThatAreNotFiniteLeaveGaps() {
    String html =
        render(
            new LineChart(
                "t",
                "step",
                "y",
                List.of(
                    new Line("a", List.of(1.0, 2.0), List.of(Double.NaN, 3.5)),
                    new Line("b", List.of(2.0), List.of(Double.POSITIVE_INFINITY)))));
    Matcher json =
        Pattern.compile("<script type=\"application/json\" id=\"charts\">(.*?)</script>")
            .matcher(html);
    assertThat(json.find()).isTrue();
    JsonArray lines =
        JsonParser.parseString(json.group(1))
            .getAsJsonArray()
            .get(0)
            .getAsJsonObject()
            .getAsJsonArray("lines");
    JsonArray ys = lines.get(0).getAsJsonObject().getAsJsonArray("ys");
    assertThat(ys.get(0).isJsonNull()).isTrue();
    assertThat(ys.get(1).getAsDouble()).isEqualTo(3.5);
    assertThat(html).doesNotContain(">NaN<").doesNotContain(">Infinity<");
  }

  @Test
  void chartsAreReadableWithoutScripts() {
    String html =
        render(
            bars(),
            new LineChart(
                "curve",
                "step",
                "loss",
                List.of(
                    new Line("a", List.of(0.0, 10.0), List.of(2.25, 1.0)),
                    new Line("b", List.of(10.0), List.of(0.5)))));
    assertThat(html)
        .contains("<td>wide</td><td class=\"n\">80</td>")
        .contains("<td class=\"n\">10</td><td class=\"n\">1</td><td class=\"n\">0.5000</td>")
        .contains("<td class=\"n\">0</td><td class=\"n\">2.2500</td><td class=\"n\"></td>");
  }

  @Test
  void aPageWithoutChartsHasNoScript() {
    assertThat(render(new Text("plain"))).doesNotContain("<script");
  }

  private static BarChart bars() {
    return new BarChart(
        "zeros", "%", List.of("wide", "next"), List.of(new Bars("z", List.of(80.0, 50.0))));
  }

  private static String render(Part... parts) {
    return HtmlReport.render(
        new Report("title", "subtitle", List.of(new Section("section", List.of(parts)))));
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }
}
