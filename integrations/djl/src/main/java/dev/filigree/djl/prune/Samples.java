package dev.filigree.djl.prune;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.TranslateException;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.util.Iterator;

/**
 * Batches of samples that a model is shown, for calibration, search or evaluation. Every pass must
 * give the same batches in the same order; one batch is in memory at a time.
 */
public final class Samples {
  private final Source source;
  private final int most;

  private Samples(Source source, int most) {
    this.source = source;
    this.most = most;
  }

  /** Sees one batch; its arrays are closed afterwards. */
  @FunctionalInterface
  public interface Consumer {
    /**
     * @param index 0, 1, 2 ...
     * @param data as the model takes it
     * @param labels may be empty
     */
    void accept(int index, NDList data, NDList labels);
  }

  private interface Source {
    void each(NDManager manager, int most, Consumer consumer)
        throws IOException, TranslateException;
  }

  /**
   * The batches of a DJL dataset.
   *
   * @param dataset not sampled at random: {@code setSampling(batchSize, false)}
   */
  public static Samples of(Dataset dataset) {
    return new Samples(
        (manager, most, consumer) -> {
          dataset.prepare();
          Iterator<Batch> batches = dataset.getData(manager).iterator();
          for (int i = 0; i < most && batches.hasNext(); i++) {
            try (Batch batch = batches.next()) {
              consumer.accept(i, batch.getData(), batch.getLabels());
            }
          }
        },
        Integer.MAX_VALUE);
  }

  /**
   * Batches without labels that the caller owns and closes.
   *
   * @param batches can be iterated more than once
   */
  public static Samples of(Iterable<NDList> batches) {
    return new Samples(
        (manager, most, consumer) -> {
          int i = 0;
          for (NDList batch : batches) {
            if (i >= most) {
              return;
            }
            try (NDManager own = manager.newSubManager()) {
              NDList copy = new NDList();
              for (NDArray array : batch) {
                NDArray duplicate = array.duplicate();
                duplicate.attach(own);
                copy.add(duplicate);
              }
              consumer.accept(i++, copy, new NDList());
            }
          }
        },
        Integer.MAX_VALUE);
  }

  /** The first batches only. */
  public Samples first(int batches) {
    return new Samples(source, Math.min(most, batches));
  }

  /**
   * Shows every batch once.
   *
   * @param manager whose sub-managers hold the batches
   * @throws FiligreeException FIL-0608 where the dataset cannot be read
   */
  public void forEach(NDManager manager, Consumer consumer) {
    try (NDManager own = manager.newSubManager()) {
      source.each(own, most, consumer);
    } catch (IOException | TranslateException e) {
      throw new FiligreeException(e, Message.FIL_0608, "The dataset", e);
    }
  }
}
