package dev.filigree.cli.bench;

import dev.filigree.gate.Gate;
import dev.filigree.gate.Ratio;
import dev.filigree.report.Json;
import java.util.Map;

/**
 * What was measured.
 *
 * @param spec the layer
 * @param threads of both sides
 * @param times medians of one call
 * @param paired DJL dense in this process over packed, round by round
 * @param ownOverDjl DJL dense in this process over our own dense
 * @param format of the packed side
 * @param forms median microseconds of all packed forms in the screening; empty without one
 * @param bytesRead bytes of packed weights one call needs
 * @param streamGbytesPerSecond bandwidth of reading memory from end to end with our threads
 * @param packedBytes of the packed weights
 * @param errors packed against dense through DJL
 * @param rotation over how many copies and inputs calls went
 */
public record BenchResult(
    LayerSpec spec,
    int threads,
    Times times,
    Ratio paired,
    Ratio ownOverDjl,
    String format,
    Map<String, Double> forms,
    long bytesRead,
    double streamGbytesPerSecond,
    long packedBytes,
    Errors errors,
    Rotation rotation) {

  /**
   * Median microseconds of one call.
   *
   * @param djl dense through DJL in this process
   * @param djlDefault the same under the default OpenMP settings in another process; NaN where
   *     these are the settings of this one
   * @param own our dense
   * @param packed the packed form
   */
  record Times(double djl, double djlDefault, double own, double packed) {
    /** The faster of dense through DJL under both settings. */
    double dense() {
      return djlDefault < djl ? djlDefault : djl;
    }
  }

  /**
   * Copies of the weights of each side, and inputs.
   *
   * @param limited whether memory did not suffice for all copies wanted
   */
  record Rotation(int dense, int denseJava, int packed, int inputs, boolean limited) {}

  /** DJL dense over packed: paired, and scaled where dense under the default settings is faster. */
  Ratio ratio() {
    return against(paired);
  }

  /** The same for our own dense. */
  Ratio denseJavaRatio() {
    return against(ownOverDjl);
  }

  private Ratio against(Ratio r) {
    double factor = times.dense() / times.djl();
    return new Ratio(
        r.median() * factor, r.p10() * factor, r.p90() * factor, r.lower90() * factor, r.rounds());
  }

  /** What the break-even gate would run. */
  String chosen() {
    return Gate.sparse(ratio()) ? "sparse" : "dense";
  }

  /** 10^9 bytes of packed weights per second. */
  double gbytesPerSecond() {
    return bytesRead / times.packed() / 1e3;
  }

  /** For a terminal. */
  public String text() {
    return BenchText.of(this);
  }

  /** For programs. */
  public String json() {
    return Json.text(BenchJson.of(this));
  }
}
