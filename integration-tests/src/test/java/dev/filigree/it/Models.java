package dev.filigree.it;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.util.PairList;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.train.Weights;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;

/** Helpers around small DJL models. */
final class Models {
  private Models() {}

  /** A model around an initialised block with random weights from a seed. */
  static Model initialised(Block block, Shape input, long seed) {
    Model model = Model.newInstance("m" + seed, "PyTorch");
    block.initialize(model.getNDManager(), DataType.FLOAT32, input);
    Random random = new Random(seed);
    block.getParameters().values().stream()
        .filter(p -> p.getType() == Parameter.Type.WEIGHT || p.getType() == Parameter.Type.BIAS)
        .forEach(
            p -> {
              float[] values = new float[Math.toIntExact(p.getArray().size())];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() * 0.1f;
              }
              Weights.write(p.getArray(), FloatBuffer.wrap(values));
            });
    model.setBlock(block);
    return model;
  }

  /** One forward through a Predictor. */
  static float[] predict(Model model, float[] input, Shape shape) {
    try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
        NDManager manager = model.getNDManager().newSubManager()) {
      try (NDList out = p.predict(new NDList(manager.create(input, shape)))) {
        return out.head().toFloatArray();
      }
    } catch (TranslateException e) {
      throw new IllegalStateException(e);
    }
  }

  static float[] gaussian(int n, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static LayerSummary layer(ModelSummary summary, String path) {
    return summary.layers().stream()
        .filter(l -> l.path().equals(path))
        .findFirst()
        .orElseThrow(
            () ->
                new AssertionError(
                    path
                        + " is not in "
                        + summary.layers().stream().map(LayerSummary::path).toList()));
  }

  static long zeros(float[] w) {
    long n = 0;
    for (float v : w) {
      n += v == 0f ? 1 : 0;
    }
    return n;
  }

  /** A block that runs its children in order, whatever fields its subclass keeps them in. */
  abstract static class Chain extends AbstractBlock {

    /** The order of the forward pass. */
    abstract List<Block> order();

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList x = inputs;
      for (Block b : order()) {
        x = b.forward(store, x, training);
      }
      return x;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      Shape[] shapes = inputs;
      for (Block b : order()) {
        shapes = b.getOutputShapes(shapes);
      }
      return shapes;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
      Shape[] shapes = inputs;
      for (Block b : order()) {
        b.initialize(manager, type, shapes);
        shapes = b.getOutputShapes(shapes);
      }
    }
  }
}
