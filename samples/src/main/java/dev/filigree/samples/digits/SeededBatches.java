package dev.filigree.samples.digits;

import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Full batches in an order that depends only on the seed and the epoch. DJL's own random sampler
 * shares one generator with everything else in the process.
 */
final class SeededBatches implements Sampler {
  private final int batchSize;
  private final long seed;
  private int epoch;

  SeededBatches(int batchSize, long seed) {
    this.batchSize = batchSize;
    this.seed = seed;
  }

  /** One epoch; each call starts the next one. The rest that fills no batch is left out. */
  @Override
  public Iterator<List<Long>> sample(RandomAccessDataset dataset) {
    int[] order = Digits.permutation((int) dataset.size(), seed + 31L * epoch++);
    List<List<Long>> batches = new ArrayList<>();
    for (int at = 0; at + batchSize <= order.length; at += batchSize) {
      List<Long> batch = new ArrayList<>(batchSize);
      for (int i = at; i < at + batchSize; i++) {
        batch.add((long) order[i]);
      }
      batches.add(batch);
    }
    return batches.iterator();
  }

  @Override
  public int getBatchSize() {
    return batchSize;
  }
}
