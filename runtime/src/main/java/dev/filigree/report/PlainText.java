package dev.filigree.report;

import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;

/** Tables and paragraphs for a terminal. */
public final class PlainText {
  private static final int WIDTH = 100;
  private static final String GAP = "  ";

  private PlainText() {}

  /** Columns as wide as their widest cell; numbers to the right, all else to the left. */
  public static String table(Table table) {
    int columns = table.columns().size();
    List<List<String>> lines = new ArrayList<>(List.of(table.columns()));
    lines.addAll(table.rows());
    StringBuilder out = new StringBuilder();
    for (int l = 0; l < lines.size(); l++) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        int column = c;
        int width = lines.stream().mapToInt(cells -> cells.get(column).length()).max().orElse(0);
        String cell = lines.get(l).get(c);
        String pad = " ".repeat(width - cell.length());
        line.append(table.isNumeric(c) ? pad + cell : cell + pad).append(GAP);
      }
      out.append(line.toString().stripTrailing()).append('\n');
      if (l == 0) {
        out.append("-".repeat(Math.max(0, line.length() - GAP.length()))).append('\n');
      }
    }
    return out.toString();
  }

  /** Text in lines of at most 100 characters, broken at spaces. */
  public static String wrap(String text) {
    StringBuilder out = new StringBuilder();
    int used = 0;
    for (String word : text.split(" ", -1)) {
      if (used > 0 && used + 1 + word.length() > WIDTH) {
        out.append('\n');
        used = 0;
      } else if (used > 0) {
        out.append(' ');
        used++;
      }
      out.append(word);
      used += word.length();
    }
    return out.toString();
  }
}
