package dev.filigree.cli.regret;

import ai.djl.Model;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import java.util.List;

/**
 * What the gate said about one layer.
 *
 * @param form what it would run: {@value Outcome#DJL}, {@value Outcome#OWN}, or a packed form
 * @param ratio of DJL's time to that of the best form, as it measured them
 * @param seconds that packing took
 */
record GateChoice(String form, double ratio, double seconds) {

  /** Packs the model of a probe just as an application does; earlier verdicts do not count. */
  static GateChoice of(Model model, int batch, PackOptions.Precision precision) {
    PackOptions options =
        new PackOptions(List.of(batch), PackOptions.Mode.AUTO)
            .withCache(PackOptions.Cache.OFF)
            .withPrecision(precision);
    long start = System.nanoTime();
    LayerSummary layer = Filigree.pack(model, options).layers().get(0);
    double seconds = (System.nanoTime() - start) / 1e9;
    LayerSummary.Verdict verdict = layer.verdicts().get(0);
    return new GateChoice(verdict.chosen(), verdict.ratio(), seconds);
  }
}
