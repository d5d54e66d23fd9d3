package dev.filigree.benchmarks.rivals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/** The decoder as one writes it with DJL's operations on NDArray, float32, with a cache. */
final class DjlContestant implements Contestant {
  private final DecoderConfig c;
  private final NDManager manager;
  private final Map<String, NDArray> weights = new HashMap<>();

  /** Keys and values [kvHeads][capacity][headDim] of every block, and how many are there. */
  private final class Cache implements AutoCloseable {
    private final NDManager own = manager.newSubManager();
    private final NDArray[] keys = new NDArray[c.layers()];
    private final NDArray[] values = new NDArray[c.layers()];
    private final NDArray cos;
    private final NDArray sin;
    private int position;

    Cache(int capacity) {
      Shape shape = new Shape(c.kvHeads(), capacity, c.headDim());
      for (int l = 0; l < c.layers(); l++) {
        keys[l] = own.zeros(shape);
        values[l] = own.zeros(shape);
      }
      int half = c.headDim() / 2;
      float[] cosines = new float[capacity * half];
      float[] sines = new float[capacity * half];
      for (int p = 0; p < capacity; p++) {
        for (int i = 0; i < half; i++) {
          double angle = p * Math.pow(c.ropeBase(), -2.0 * i / c.headDim());
          cosines[p * half + i] = (float) Math.cos(angle);
          sines[p * half + i] = (float) Math.sin(angle);
        }
      }
      cos = own.create(cosines, new Shape(capacity, half));
      sin = own.create(sines, new Shape(capacity, half));
    }

    @Override
    public void close() {
      own.close();
    }
  }

  /**
   * Loads a model.
   *
   * @param folder with safetensors
   */
  DjlContestant(Path folder) {
    DecoderWeights source = DecoderFiles.open(folder);
    c = source.config();
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    TensorShapes.of(c)
        .forEach(
            (name, shape) ->
                weights.put(
                    name, manager.create(source.floats(name), new Shape(shape), DataType.FLOAT32)));
  }

  @Override
  public void generate(int[] prompt, int steps, IntConsumer onId) {
    try (Cache cache = new Cache(prompt.length + steps)) {
      int[] next = prompt;
      for (int s = 0; s < steps; s++) {
        try (NDManager step = cache.own.newSubManager()) {
          NDArray hidden = hidden(step, cache, next);
          NDArray last = hidden.get(new NDIndex("{}:", next.length - 1));
          int id = (int) head(last).argMax(-1).toLongArray()[0];
          onId.accept(id);
          next = new int[] {id};
        }
      }
    }
  }

  @Override
  public OptionalDouble loss(int[] ids) {
    int n = ids.length - 1;
    try (Cache cache = new Cache(n);
        NDManager step = cache.own.newSubManager()) {
      FloatBuffer logits =
          FloatBuffer.wrap(head(hidden(step, cache, Arrays.copyOf(ids, n))).toFloatArray());
      double sum = 0;
      for (int i = 0; i < n; i++) {
        int row = i * c.vocab();
        sum += Likelihood.negativeLog(id -> logits.get(row + id), c.vocab(), ids[i + 1]);
      }
      return OptionalDouble.of(sum / n);
    }
  }

  /** Sends tokens through all blocks; [tokens][dim]. */
  private NDArray hidden(NDManager step, Cache cache, int[] ids) {
    NDArray x = weights.get(DecoderWeights.EMBEDDING).get(step.create(ids));
    x.attach(step);
    NDArray mask = ids.length == 1 ? null : mask(step, cache.position, ids.length);
    for (int l = 0; l < c.layers(); l++) {
      try (NDManager block = step.newSubManager()) {
        x.attach(block);
        NDArray afterAttention = x.add(attention(cache, l, x, mask));
        NDArray a = norm(afterAttention, DecoderWeights.feedForwardNorm(l));
        NDArray gate = project(Projection.GATE, l, a);
        NDArray units = gate.mul(Activation.sigmoid(gate)).mul(project(Projection.UP, l, a));
        x = afterAttention.add(project(Projection.DOWN, l, units));
        x.attach(step);
      }
    }
    cache.position += ids.length;
    return x;
  }

  private NDArray attention(Cache cache, int l, NDArray x, NDArray mask) {
    long tokens = x.getShape().get(0);
    int from = cache.position;
    long to = from + tokens;
    NDArray a = norm(x, DecoderWeights.attentionNorm(l));
    NDArray q = rotated(cache, heads(project(Projection.Q, l, a), c.heads()), from, to);
    NDArray k = rotated(cache, heads(project(Projection.K, l, a), c.kvHeads()), from, to);
    NDIndex fresh = new NDIndex(":, {}:{}", from, to);
    cache.keys[l].set(fresh, k);
    cache.values[l].set(fresh, heads(project(Projection.V, l, a), c.kvHeads()));
    NDArray keys = seen(cache.keys[l], x.getManager(), to);
    NDArray values = seen(cache.values[l], x.getManager(), to);
    NDArray scores = q.matMul(keys.transpose(0, 2, 1)).div(Math.sqrt(c.headDim()));
    if (mask != null) {
      scores = scores.add(mask);
    }
    NDArray mixed = scores.softmax(-1).matMul(values).transpose(1, 0, 2);
    return project(Projection.O, l, mixed.reshape(tokens, c.qDim()));
  }

  /** What is in a cache, once for every query head. */
  private NDArray seen(NDArray cache, NDManager to, long positions) {
    NDArray seen = cache.get(to, new NDIndex(":, :{}", positions));
    int group = c.heads() / c.kvHeads();
    return group == 1 ? seen : seen.repeat(0, group);
  }

  /** [tokens][heads * headDim] as [heads][tokens][headDim]. */
  private NDArray heads(NDArray x, int heads) {
    return x.reshape(x.getShape().get(0), heads, c.headDim()).transpose(1, 0, 2);
  }

  private NDArray rotated(Cache cache, NDArray x, int from, long to) {
    NDManager m = x.getManager();
    int half = c.headDim() / 2;
    NDArray cos = cache.cos.get(m, new NDIndex("{}:{}", from, to));
    NDArray sin = cache.sin.get(m, new NDIndex("{}:{}", from, to));
    NDArray a = x.get(new NDIndex("..., :{}", half));
    NDArray b = x.get(new NDIndex("..., {}:", half));
    return NDArrays.concat(new NDList(a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))), -1);
  }

  /** 0 where a token sees a position, minus infinity where it does not. */
  private static NDArray mask(NDManager m, int position, int tokens) {
    int width = position + tokens;
    float[] values = new float[tokens * width];
    for (int t = 0; t < tokens; t++) {
      Arrays.fill(values, t * width + position + t + 1, (t + 1) * width, Float.NEGATIVE_INFINITY);
    }
    return m.create(values, new Shape(tokens, width));
  }

  private NDArray project(Projection p, int l, NDArray x) {
    NDArray bias = p.hasBias(c) ? weights.get(p.bias(l)) : null;
    return linear(x, weights.get(p.weight(l)), bias);
  }

  private NDArray head(NDArray x) {
    NDArray head = weights.get(c.tiedHead() ? DecoderWeights.EMBEDDING : DecoderWeights.HEAD);
    return linear(norm(x, DecoderWeights.FINAL_NORM), head, null);
  }

  private static NDArray linear(NDArray x, NDArray w, NDArray bias) {
    return Linear.linear(x, w, bias).singletonOrThrow();
  }

  private NDArray norm(NDArray x, String gain) {
    NDArray scale = x.square().mean(new int[] {-1}, true).add(c.normEpsilon()).sqrt();
    return x.div(scale).mul(weights.get(gain));
  }

  @Override
  public void close() {
    manager.close();
  }
}
