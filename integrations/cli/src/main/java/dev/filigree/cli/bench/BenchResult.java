package dev.filigree.cli.bench;

import dev.filigree.gate.Gate;
import dev.filigree.gate.Ratio;
import dev.filigree.report.Json;
import java.util.List;
import java.util.Map;

/**
 * What was measured.
 *
 * @param spec the layer
 * @param threads of both sides
 * @param times medians of one call
 * @param paired DJL dense in this process over packed, round by round
 * @param overOwn our own dense over packed, round by round
 * @param ownOverDjl DJL dense in this process over our own dense
 * @param format of the packed side
 * @param forms median microseconds of all packed forms in the screening; empty without one
 * @param work what one call of the packed side reads and computes
 * @param machine what this machine can do at most
 * @param errors packed against dense through DJL
 * @param rounding dense through DJL on the weights as they are stored against dense through DJL
 * @param rivals what else libtorch offers
 * @param missing by name why another form of libtorch does not work here
 * @param rotation over how many copies and inputs calls went
 */
public record BenchResult(
    LayerSpec spec,
    int threads,
    Times times,
    Ratio paired,
    Ratio overOwn,
    Ratio ownOverDjl,
    String format,
    Map<String, Double> forms,
    Work work,
    Machine machine,
    Errors errors,
    Errors rounding,
    List<Rival> rivals,
    Map<String, String> missing,
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
   * What one call of the packed side reads and computes.
   *
   * @param kept weights that are not removed
   * @param packedBytes of all packed weights
   * @param share of them that one call needs; the others meet inputs that are zero
   */
  record Work(long kept, long packedBytes, double share) {}

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

  /** The same for another form of libtorch. */
  Ratio ratio(Rival rival) {
    return against(rival.paired());
  }

  private Ratio against(Ratio r) {
    double factor = times.dense() / times.djl();
    return new Ratio(
        r.median() * factor, r.p10() * factor, r.p90() * factor, r.lower90() * factor, r.rounds());
  }

  /** What the break-even gate would run: sparse where it beats both dense sides. */
  String chosen() {
    return Gate.sparse(ratio()) && Gate.sparse(overOwn) ? "sparse" : "dense";
  }

  /** 10^9 bytes of packed weights per second. */
  double gbytesPerSecond() {
    return work.packedBytes() * work.share() / times.packed() / 1e3;
  }

  /** 10^9 multiplications and additions per second with weights that are kept. */
  double gflops() {
    return 2.0 * spec.batch() * work.kept() * work.share() / times.packed() / 1e3;
  }

  /** The same of dense through DJL, with all weights. */
  double denseGflops() {
    return 2.0 * spec.batch() * spec.weights() / times.dense() / 1e3;
  }

  /** The name of the fastest of all that was measured. */
  String fastest() {
    String name = "DJL dense";
    double least = times.dense();
    if (times.own() < least) {
      name = "Filigree dense";
      least = times.own();
    }
    if (times.packed() < least) {
      name = "Filigree " + format;
      least = times.packed();
    }
    for (Rival rival : rivals) {
      if (rival.micros() < least) {
        name = rival.name();
        least = rival.micros();
      }
    }
    return name;
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
