package dev.filigree.report;

import dev.filigree.report.Report.Line;
import dev.filigree.report.Report.LineChart;
import java.util.List;
import java.util.Locale;

/**
 * A {@link LineChart} as a picture of its own in SVG. Libraries that draw SVG measure text with the
 * fonts of the machine, which servers often lack; here the viewer lays out the text.
 */
public final class SvgPlot {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final int LEFT = 60;
  private static final int RIGHT = 220;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int TICKS = 5;
  private static final String[] COLOURS = {
    "#1f5fa8", "#c2571a", "#2f7d32", "#8e2b8c", "#7a5c00", "#00737a", "#b3203b", "#555555"
  };

  private final LineChart chart;
  private final StringBuilder out = new StringBuilder();
  private double x0 = Double.MAX_VALUE;
  private double x1 = -Double.MAX_VALUE;
  private double y1;

  private SvgPlot(LineChart chart) {
    this.chart = chart;
    for (Line line : chart.lines()) {
      for (double x : line.xs()) {
        x0 = Math.min(x0, x);
        x1 = Math.max(x1, x);
      }
      for (double y : line.ys()) {
        y1 = Math.max(y1, y);
      }
    }
    if (x1 <= x0) {
      x0 = Math.min(x0, 0);
      x1 = x0 + 1;
    }
    y1 = Math.max(1, Math.ceil(y1));
  }

  /** The SVG document; the y axis begins at 0 and a line marks y = {@code mark}. */
  public static String of(LineChart chart, double mark) {
    return new SvgPlot(chart).document(mark);
  }

  /** Several charts, one below the other, in one document. */
  public static String stacked(List<LineChart> charts, double mark) {
    StringBuilder all = new StringBuilder();
    all.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n",
            WIDTH,
            HEIGHT * charts.size()));
    for (int i = 0; i < charts.size(); i++) {
      all.append(String.format(Locale.ROOT, "<g transform=\"translate(0 %d)\">\n", HEIGHT * i));
      all.append(new SvgPlot(charts.get(i)).document(mark)).append("</g>\n");
    }
    return all.append("</svg>\n").toString();
  }

  private String document(double mark) {
    // The size is said too: a document inside another would fill all of it.
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %1$d %2$d\" width=\"%1$d\""
                + " height=\"%2$d\"",
            WIDTH,
            HEIGHT));
    out.append(" font-family=\"sans-serif\" font-size=\"12\">\n");
    out.append(
        String.format(
            Locale.ROOT, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", WIDTH, HEIGHT));
    text(LEFT, TOP - 18, "start", "#000000", chart.title());
    for (int i = 0; i <= TICKS; i++) {
      double x = x0 + i * (x1 - x0) / TICKS;
      double y = i * y1 / TICKS;
      line(x(x), y(0), x(x), y(0) + 5, "#000000", "");
      line(x(x0), y(y), x(x1), y(y), "#dddddd", "");
      text(x(x), y(0) + 18, "middle", "#000000", number(x));
      text(LEFT - 8, y(y) + 4, "end", "#000000", number(y));
    }
    line(x(x0), y(mark), x(x1), y(mark), "#000000", " stroke-dasharray=\"4 3\"");
    text((x(x0) + x(x1)) / 2, HEIGHT - 10, "middle", "#000000", chart.x());
    text(LEFT, TOP - 4, "start", "#444444", chart.y());
    for (int i = 0; i < chart.lines().size(); i++) {
      series(chart.lines().get(i), COLOURS[i % COLOURS.length], TOP + 10 + 18 * i);
    }
    return out.append("</svg>\n").toString();
  }

  private void series(Line line, String colour, double legend) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < line.xs().size(); i++) {
      points.append(
          String.format(Locale.ROOT, "%.1f,%.1f ", x(line.xs().get(i)), y(line.ys().get(i))));
    }
    out.append(
        String.format(
            Locale.ROOT,
            "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n",
            colour,
            points.toString().strip()));
    line(WIDTH - RIGHT + 12, legend, WIDTH - RIGHT + 32, legend, colour, " stroke-width=\"2\"");
    text(WIDTH - RIGHT + 38, legend + 4, "start", "#000000", line.name());
  }

  private double x(double value) {
    return LEFT + (value - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - value / y1 * (HEIGHT - TOP - BOTTOM);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.2f", value).replaceAll("\\.?0+$", "");
  }

  private void line(double ax, double ay, double bx, double by, String colour, String more) {
    out.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"%s/>\n",
            ax,
            ay,
            bx,
            by,
            colour,
            more));
  }

  private void text(double x, double y, String anchor, String colour, String text) {
    String safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n",
            x,
            y,
            anchor,
            colour,
            safe));
  }
}
