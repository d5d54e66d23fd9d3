package dev.filigree.cli.file;

import dev.filigree.file.DataDigest;
import dev.filigree.file.Evaluation;
import dev.filigree.file.Inspection;
import dev.filigree.file.Packing;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.file.Verifier;
import dev.filigree.report.Json;
import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** The results of {@code pack}, {@code unpack}, {@code strip}, {@code inspect}, {@code verify}. */
public final class FileText {
  private FileText() {}

  /** What {@code pack} did. */
  public static String packed(Packing.Result r) {
    return "%d of %d tensors packed: %s bytes, %s of %s.%n"
        .formatted(
            r.packed(), r.tensors(), Texts.count(r.outBytes()), ratio(r), Texts.count(r.inBytes()));
  }

  /** What {@code unpack} and {@code strip} did. */
  public static String dense(Packing.Result r) {
    return "%d tensors, %d of them were packed: %s bytes, %s of %s.%n"
        .formatted(
            r.tensors(), r.packed(), Texts.count(r.outBytes()), ratio(r), Texts.count(r.inBytes()));
  }

  private static String ratio(Packing.Result r) {
    return String.format(Locale.ROOT, "%.1f %%", 100.0 * r.outBytes() / r.inBytes());
  }

  /** The table of {@code inspect}. */
  public static String text(Inspection file) {
    boolean masks = file.tensors().stream().anyMatch(r -> r.maskSparsity().isPresent());
    List<String> columns = new ArrayList<>(List.of("tensor", "shape", "type", "pattern", "zeros"));
    if (masks) {
      columns.add("removed");
    }
    columns.addAll(List.of("format", "bytes", "share"));
    List<List<String>> rows = new ArrayList<>();
    for (Inspection.Row r : file.tensors()) {
      List<String> row =
          new ArrayList<>(
              List.of(
                  r.name(),
                  Arrays.stream(r.shape())
                      .mapToObj(String::valueOf)
                      .collect(Collectors.joining(" x ")),
                  r.dtype().name(),
                  r.pattern(),
                  Texts.percent(r.sparsity())));
      if (masks) {
        row.add(Texts.percent(r.maskSparsity().orElse(r.sparsity())));
      }
      row.addAll(
          List.of(
              r.format(),
              Texts.count(r.bytes()),
              Texts.percent(r.bytes() / (double) Math.max(1, file.bytes()))));
      rows.add(row);
    }
    return PlainText.table(new Table(columns, rows))
        + "%n%d tensors, %s bytes, %s%n"
            .formatted(
                file.tensors().size(),
                Texts.count(file.bytes()),
                file.packed() ? "packed by Filigree" : "not packed")
        + steps(file.receipt());
  }

  /** The JSON of {@code inspect}. */
  public static String json(Inspection file) {
    return Json.text(
        new InspectJson(
            file.bytes(),
            file.packed(),
            file.tensors().stream()
                .map(
                    r ->
                        new TensorJson(
                            r.name(),
                            r.shape(),
                            r.dtype().name(),
                            r.pattern(),
                            r.sparsity(),
                            Texts.orNull(r.maskSparsity()),
                            r.format(),
                            r.bytes()))
                .toList(),
            steps(file.receipt().steps())));
  }

  /** What {@code verify} found. */
  public static String text(Path path, Verifier.Checked checked) {
    StringBuilder out = new StringBuilder();
    for (String broken : checked.verification().broken()) {
      out.append("BROKEN  ").append(broken).append('\n');
    }
    if (checked.verification().ok()) {
      out.append(path)
          .append(
              checked.whole()
                  ? ": every byte, every mask and every step holds.\n"
                  : ": the masks and steps of its receipt hold. Only a packed file has a digest of"
                      + " every byte.\n");
    }
    return out.append(steps(checked.receipt())).toString();
  }

  /** The JSON of {@code verify}. */
  public static String json(Verifier.Checked checked) {
    return Json.text(
        new VerifyJson(
            checked.verification().ok(),
            checked.verification().broken(),
            checked.whole(),
            steps(checked.receipt().steps())));
  }

  private static String steps(Receipt receipt) {
    StringBuilder out = new StringBuilder();
    int number = 1;
    for (ReceiptStep step : receipt.steps()) {
      out.append("Step ").append(number++).append(": ").append(step.label());
      if (!step.masks().isEmpty()) {
        out.append(", ").append(step.masks().size());
        out.append(step.masks().size() == 1 ? " mask" : " masks");
      }
      for (DataDigest d : step.data()) {
        out.append(", ").append(d.role().name().toLowerCase(Locale.ROOT));
        out.append(" data ").append(d.name()).append(' ').append(d.sha256(), 0, 12);
      }
      for (Evaluation e : step.evaluations()) {
        out.append(", ").append(e.metric()).append(' ').append(values(e));
      }
      step.overlap().ifPresent(o -> out.append(", overlap ").append(Texts.percent(o)));
      out.append('\n');
    }
    return out.toString();
  }

  private static String values(Evaluation e) {
    return e.before().isPresent() && e.after().isPresent()
        ? number(e.before()) + " -> " + number(e.after())
        : number(e.after().isPresent() ? e.after() : e.before());
  }

  private static String number(OptionalDouble value) {
    return String.format(Locale.ROOT, "%.5g", value.orElse(Double.NaN));
  }

  private static List<StepJson> steps(List<ReceiptStep> steps) {
    return steps.stream()
        .map(
            s ->
                new StepJson(
                    s.name(),
                    s.plan(),
                    s.seed().isPresent() ? s.seed().getAsLong() : null,
                    s.data(),
                    s.evaluations().stream()
                        .map(
                            e ->
                                new EvaluationJson(
                                    e.metric(), Texts.orNull(e.before()), Texts.orNull(e.after())))
                        .toList(),
                    Texts.orNull(s.overlap()),
                    s.masks()))
        .toList();
  }

  private record InspectJson(
      long bytes, boolean packed, List<TensorJson> tensors, List<StepJson> receipt) {}

  @SuppressWarnings("ArrayRecordComponent") // only written
  private record TensorJson(
      String name,
      long[] shape,
      String dtype,
      String pattern,
      double sparsity,
      Double maskSparsity,
      String format,
      long bytes) {}

  private record VerifyJson(
      boolean ok, List<String> broken, boolean everyByte, List<StepJson> receipt) {}

  private record StepJson(
      String step,
      Map<String, String> plan,
      Long seed,
      List<DataDigest> data,
      List<EvaluationJson> evaluations,
      Double overlap,
      Map<String, String> masks) {}

  private record EvaluationJson(String metric, Double before, Double after) {}
}
