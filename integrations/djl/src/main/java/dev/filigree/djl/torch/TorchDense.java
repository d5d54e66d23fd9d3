package dev.filigree.djl.torch;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A Linear by libtorch's own dense product in bfloat16: y = x W^T + bias. Weights and bias are kept
 * in bfloat16 inside a TorchScript module, because a bfloat16 array of DJL aborts the JVM; inputs
 * are rounded in the call, outputs are rounded and given back in float32. So an output is off by at
 * most 2^-7 of the sum of the absolute values of its terms, the bias among them.
 *
 * <p>Safe for any number of threads. {@link #close} frees the memory, as does closing the manager
 * of the weight it was made from, or the garbage collector where nobody does.
 */
public final class TorchDense implements AutoCloseable {
  /** The name of this form. */
  public static final String NAME = "torch-bf16";

  private static final String ENGINE = "PyTorch";
  private static final Cleaner CLEANER = Cleaner.create();

  /** DJL takes an array of this name for the method to call. */
  private static final String METHOD = "module_method:";

  /** libtorch's executor looks at the first calls before it settles on how to run a script. */
  private static final int FIRST_CALLS = 3;

  private final long rows;
  private final long cols;
  private final Module module;

  private TorchDense(long rows, long cols, Module module) {
    this.rows = rows;
    this.cols = cols;
    this.module = module;
    CLEANER.register(this, module::close);
  }

  /** Whether that array is libtorch's, in main memory. */
  public static boolean isPossible(NDArray x) {
    return !x.getDevice().isGpu() && x.getManager().getEngine().getEngineName().equals(ENGINE);
  }

  /**
   * Rounds the weights to bfloat16.
   *
   * @param weight float32 [outputs, inputs], for which {@link #isPossible} holds; it is not kept
   * @param bias float32 [outputs], or null
   * @param copies of the weights, 1 or more: calls take them in turn. More than one is for
   *     measuring, by one thread only
   * @throws EngineException where libtorch cannot do it on this machine
   */
  public static TorchDense of(NDArray weight, NDArray bias, int copies) {
    long rows = weight.getShape().get(0);
    long cols = weight.getShape().get(1);
    Module module = new Module(weight.getManager(), TorchArchive.of(script(bias != null, copies)));
    TorchDense dense = new TorchDense(rows, cols, module);
    try (NDManager manager = weight.getManager().newSubManager()) {
      if (bias != null) {
        module.call("add", manager, bias);
      }
      for (int i = 0; i < copies; i++) {
        module.call("add", manager, weight);
      }
      NDArray zeros = manager.zeros(new Shape(1, cols));
      for (int i = 0; i < FIRST_CALLS; i++) {
        dense.multiply(new ParameterStore(manager, false), zeros).close();
      }
      return dense;
    } catch (EngineException e) {
      dense.close();
      throw e;
    }
  }

  /** The methods of the script: {@code weights} holds the bias, where there is one, then the W. */
  static String script(boolean bias, int copies) {
    int first = bias ? 1 : 0;
    StringBuilder s = new StringBuilder();
    s.append("  def add(self: __torch__.M, dense: Tensor) -> Tensor:\n");
    // A copy in any case: the list must not hold DJL's own memory.
    s.append("    _0 = torch.append(self.weights, torch.to(dense, 15, False, True))\n");
    s.append("    return dense\n");
    s.append("  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n");
    if (copies == 1) {
      // Nothing is written, so threads need not wait for one another.
      s.append("    w = self.weights[%d]\n".formatted(first));
    } else {
      s.append("    i = self.next\n");
      s.append("    self.next = torch.remainder(torch.add(i, 1), %d)\n".formatted(copies));
      s.append("    w = self.weights[torch.add(i, %d)]\n".formatted(first));
    }
    s.append("    y = torch.linear(torch.to(x, 15), w")
        .append(bias ? ", self.weights[0])\n" : ")\n")
        .append("    return torch.to(y, 6)\n");
    return s.toString();
  }

  /** Outputs. */
  public long rows() {
    return rows;
  }

  /** Inputs. */
  public long cols() {
    return cols;
  }

  /** Bytes of one copy of the weights, the bias left out. */
  public long bytes() {
    return 2 * rows * cols;
  }

  /**
   * y = x W^T + bias, on the manager of x.
   *
   * @param store of the forward
   * @param x float32 [..., inputs] of the PyTorch engine
   * @return float32 [..., outputs]
   * @throws FiligreeException FIL-0865 where it is closed
   */
  public NDArray multiply(ParameterStore store, NDArray x) {
    NDArray y = tryMultiply(store, x);
    if (y == null) {
      throw new FiligreeException(Message.FIL_0865, rows + " x " + cols);
    }
    return y;
  }

  /** The same, but null where it is closed. */
  public NDArray tryMultiply(ParameterStore store, NDArray x) {
    try {
      return module.forward(store, x);
    } finally {
      // The cleaner must not free the module under the call.
      Reference.reachabilityFence(this);
    }
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return module.isClosed();
  }

  /** Frees the memory once calls that have begun have ended. Closing again does nothing. */
  @Override
  public void close() {
    module.close();
  }

  /**
   * The module and its memory. It knows nothing of the {@link TorchDense} around it, so that the
   * cleaner and the manager may hold it.
   */
  private static final class Module implements AutoCloseable {
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final String id = "filigree-" + UUID.randomUUID();
    private final NDManager owner;
    private final Model model;
    private final Block block;
    private boolean closed;

    Module(NDManager owner, byte[] archive) {
      this.owner = owner;
      this.model = Model.newInstance("filigree-" + NAME, Device.cpu(), ENGINE);
      try {
        model.load(new ByteArrayInputStream(archive));
        // DJL makes a folder for every model it loads, also from memory.
        Path folder = model.getModelPath();
        if (folder != null) {
          Files.deleteIfExists(folder);
        }
      } catch (MalformedModelException e) {
        throw new IllegalStateException("libtorch refuses the script: " + e.getMessage(), e);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      this.block = model.getBlock();
      owner.attachInternal(id, this);
    }

    void call(String method, NDManager manager, NDArray argument) {
      try (NDArray name = manager.create(0)) {
        name.setName(METHOD + method);
        run(new ParameterStore(manager, false), argument, name).close();
      }
    }

    /** Null where it is closed. */
    NDArray forward(ParameterStore store, NDArray x) {
      Lock use = lock.readLock();
      use.lock();
      try {
        return closed ? null : run(store, x).head();
      } finally {
        use.unlock();
      }
    }

    private NDList run(ParameterStore store, NDArray x, NDArray... method) {
      NDList inputs = new NDList(method.length + 1);
      if (x.getName() == null) {
        inputs.add(x);
        inputs.addAll(List.of(method));
        return block.forward(store, inputs, false);
      }
      // DJL reads meaning into names, dots and brackets for example; a view has none.
      try (NDArray view = x.reshape(x.getShape())) {
        inputs.add(view);
        inputs.addAll(List.of(method));
        return block.forward(store, inputs, false);
      }
    }

    boolean isClosed() {
      lock.readLock().lock();
      try {
        return closed;
      } finally {
        lock.readLock().unlock();
      }
    }

    @Override
    public void close() {
      lock.writeLock().lock();
      try {
        if (!closed) {
          closed = true;
          owner.detachInternal(id);
          model.close();
        }
      } finally {
        lock.writeLock().unlock();
      }
    }
  }
}
