package dev.filigree.report;

import java.util.List;

/**
 * A page of results.
 *
 * @param title heading of the page
 * @param subtitle one line below it: when, where, on what
 * @param sections in reading order
 */
public record Report(String title, String subtitle, List<Section> sections) {
  public Report {
    sections = List.copyOf(sections);
  }

  /**
   * Parts under one heading.
   *
   * @param heading of the section
   * @param parts in reading order
   */
  public record Section(String heading, List<Part> parts) {
    public Section {
      parts = List.copyOf(parts);
    }
  }

  /** Something a section shows. */
  public sealed interface Part permits Text, Finding, Figures, Table, LineChart, BarChart {}

  /** A paragraph. */
  public record Text(String text) implements Part {}

  /** A conclusion that stands out; {@code tone} says whether it is welcome. */
  public record Finding(Tone tone, String text) implements Part {}

  /** How a conclusion is to be taken. */
  public enum Tone {
    GOOD,
    NEUTRAL,
    BAD
  }

  /** A few numbers to be seen first. */
  public record Figures(List<Figure> figures) implements Part {
    public Figures {
      figures = List.copyOf(figures);
    }
  }

  /**
   * One number.
   *
   * @param value the number with its unit
   * @param label what it is
   * @param note what it is to be compared with; may be empty
   */
  public record Figure(String value, String label, String note) {}

  /**
   * A table. Columns of numbers are set to the right.
   *
   * @param columns headings
   * @param rows cells, each row as long as {@code columns}
   */
  public record Table(List<String> columns, List<List<String>> rows) implements Part {
    public Table {
      columns = List.copyOf(columns);
      rows = rows.stream().map(List::copyOf).toList();
      for (List<String> row : rows) {
        if (row.size() != columns.size()) {
          throw new IllegalArgumentException(
              "a row has " + row.size() + " cells, the table " + columns.size() + " columns");
        }
      }
    }

    /** Whether a column holds numbers: every cell but empty ones and {@code -} starts like one. */
    boolean isNumeric(int column) {
      boolean any = false;
      for (List<String> row : rows) {
        String cell = row.get(column);
        if (!cell.isEmpty() && !cell.equals("-")) {
          if ("+-.0123456789".indexOf(cell.charAt(0)) < 0) {
            return false;
          }
          any = true;
        }
      }
      return any;
    }
  }

  /** Lines over a number, for example loss over steps. */
  public record LineChart(String title, String x, String y, List<Line> lines) implements Part {
    public LineChart {
      lines = List.copyOf(lines);
    }
  }

  /**
   * One line; values that are not finite leave a gap.
   *
   * @param xs as many as {@code ys}, ascending
   */
  public record Line(String name, List<Double> xs, List<Double> ys) {
    public Line {
      xs = List.copyOf(xs);
      ys = List.copyOf(ys);
      if (xs.size() != ys.size()) {
        throw new IllegalArgumentException(xs.size() + " x values, but " + ys.size() + " y values");
      }
    }
  }

  /**
   * Bars side by side for each category.
   *
   * @param y what the bars measure, with its unit
   */
  public record BarChart(String title, String y, List<String> categories, List<Bars> bars)
      implements Part {
    public BarChart {
      categories = List.copyOf(categories);
      bars = List.copyOf(bars);
    }
  }

  /** One bar per category; values that are not finite leave a gap. */
  public record Bars(String name, List<Double> values) {
    public Bars {
      values = List.copyOf(values);
    }
  }
}
