package dev.filigree.samples.digits;

import dev.filigree.djl.LayerSummary;
import dev.filigree.report.HtmlReport;
import dev.filigree.report.Json;
import java.util.List;

/**
 * Everything one run of the demo found out.
 *
 * @param run what was asked for
 * @param source where the images come from
 * @param sizes number of training, validation and test images
 * @param machine processor, JDK and thread policy
 * @param dense trained without plans, served by DJL
 * @param denseJava the same weights on Filigree's dense kernels
 * @param sparse trained under the annotations and packed
 * @param randomMask the control: the same sparsity with randomly chosen weights
 * @param timings one per batch size
 * @param layers what each layer of the sparse model runs on and why
 * @param worstError largest difference between packed and unpacked scores of the sparse model,
 *     divided by the largest score
 * @param curves dense, sparse and random mask in training
 * @param seconds the whole run
 */
public record DemoResult(
    Demo.Options run,
    String source,
    List<Integer> sizes,
    String machine,
    Side dense,
    Side denseJava,
    Side sparse,
    Side randomMask,
    List<Timing> timings,
    List<LayerSummary> layers,
    double worstError,
    List<Curve> curves,
    double seconds) {

  /**
   * One of the models that are compared.
   *
   * @param accuracy on the test images, 0 to 1
   * @param validation on the validation images, 0 to 1
   * @param bytes of its file
   */
  record Side(double accuracy, double validation, long bytes) {}

  /** For a terminal. */
  public String text() {
    return new DemoText(this).text();
  }

  /** One self-contained HTML page. */
  public String html() {
    return HtmlReport.render(new DemoReport(this).report());
  }

  /** The fields of the command line contract, and more. */
  public String json() {
    return Json.text(DemoJson.of(this));
  }
}
