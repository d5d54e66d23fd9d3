package dev.filigree.hosts;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.translate.NoopTranslator;
import java.nio.file.Path;

/** A whole life of a model: build, train by hand and by EasyTrain, predict, close. */
public final class Host {
  private Host() {}

  /** Runs it, and saves the model into the folder given, if any. */
  public static void main(String[] args) throws Exception {
    Owner owner = new Owner();
    Block made = Owner.make();
    System.out.println("host made " + made.getClass().getSimpleName() + " " + (owner.held != null));
    Owner.plain();
    try (Model model = Model.newInstance("tiny")) {
      TinyNet net = new TinyNet();
      model.setBlock(net);
      train(model);
      NDArray weight = net.getParameters().get(0).getValue().getArray();
      System.out.println("host zeros " + weight.eq(0f).sum().getLong() + " of " + weight.size());
      predict(model);
      if (args.length > 0) {
        model.save(Path.of(args[0]), "tiny");
      }
      failing(model);
    }
    System.out.println("host done");
  }

  private static void train(Model model) throws Exception {
    try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()))) {
      trainer.initialize(new Shape(2, 5));
      NDArray x = model.getNDManager().ones(new Shape(2, 5));
      NDArray y = model.getNDManager().zeros(new Shape(2, 3));
      try (GradientCollector gradients = trainer.newGradientCollector()) {
        NDList out = trainer.forward(new NDList(x), new NDList(y));
        gradients.backward(trainer.getLoss().evaluate(new NDList(y), out));
      }
      trainer.step();
      ArrayDataset data =
          new ArrayDataset.Builder().setData(x).optLabels(y).setSampling(2, false).build();
      EasyTrain.fit(trainer, 1, data, null);
    }
  }

  private static void predict(Model model) throws Exception {
    try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator())) {
      NDArray x = model.getNDManager().ones(new Shape(1, 5));
      NDList out = predictor.predict(new NDList(x));
      System.out.println("host predicted " + out.singletonOrThrow().getShape());
    }
  }

  private static void failing(Model model) {
    Linear linear = Linear.builder().setUnits(2).build();
    linear.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3));
    ParameterStore store = new ParameterStore(model.getNDManager(), false);
    try {
      linear.forward(store, new NDList(model.getNDManager().ones(new Shape(1, 4))), false);
    } catch (RuntimeException e) {
      System.out.println("host caught from " + Engine.getInstance().getEngineName());
    }
  }

  /** Only predicts. */
  public static final class Serve {
    private Serve() {}

    /** Runs it. */
    public static void main(String[] args) throws Exception {
      try (Model model = Model.newInstance("tiny")) {
        TinyNet net = new TinyNet();
        net.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 5));
        model.setBlock(net);
        predict(model);
      }
      System.out.println("host done");
    }
  }
}
