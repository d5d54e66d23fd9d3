package dev.filigree.annotations;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Keeps exactly n of every m consecutive inputs of one output.
 *
 * <pre>{@code
 * @NMSparse(n = 2, m = 4)
 * private final Linear next = Linear.builder().setUnits(1024).build();
 * }</pre>
 *
 * <p><b>n counts kept weights.</b> {@code n = 1, m = 4} removes 75 %. (Some published tools count
 * removed weights: 2:4 is the same in both, 1:4 is not.)
 *
 * <p><b>Axis.</b> Groups run along the inputs of one output; for convolutions along the input
 * channels at a fixed kernel position; for recurrent layers along the inputs of each gate row. m
 * must divide the number of inputs; that is checked when the layer is first initialised. Embeddings
 * are refused.
 *
 * <p><b>Training.</b> {@link Training#SR_STE} (default) keeps the removed weights alive underneath,
 * computes the forward pass with the pattern and adds {@code lambda * removed weight} to the
 * gradient: Zhou et al., "Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch"
 * (ICLR 2021). {@link Training#HARD} zeroes removed weights in the parameter after every step.
 *
 * <p>On a type it leaves the same layers alone as {@link Sparse} does.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.TYPE, ElementType.ANNOTATION_TYPE})
public @interface NMSparse {

  /**
   * Weights kept in each group, 1 &lt;= n &lt;= m. {@code n = m} removes nothing and is warned
   * about.
   */
  int n();

  /** Consecutive inputs in a group, at least 1. Sizes with kernels of their own: 4, 8, 16. */
  int m();

  /**
   * How weights are ranked. Default: {@link Criterion#MAGNITUDE}. With {@link Criterion#WANDA} and
   * {@link Criterion#SPARSEGPT} the layer trains dense and is pruned once, with calibration data,
   * when the model is packed; training, lambda and a schedule have no effect then.
   */
  Criterion criterion() default Criterion.MAGNITUDE;

  /** How removed weights are treated while training. Default: {@link Training#SR_STE}. */
  Training training() default Training.SR_STE;

  /**
   * Weight of the pull towards zero on removed weights, only for SR-STE; finite and at least 0.
   * Default 2e-4, the paper's.
   */
  double lambda() default 2e-4;

  /**
   * When the pattern is reached. While a gradual schedule runs at sparsity s_t, floor(m * s_t)
   * weights of each group are removed. Default: the full pattern from the first step, chosen anew
   * at every step.
   */
  Schedule schedule() default @Schedule(kind = ScheduleKind.CONSTANT, end = 1.0, every = 1);

  /** Path globs of layers to take, only on a type; see {@link Sparse#include()}. */
  String[] include() default {};

  /** Path globs of layers to leave alone, only on a type. Wins over {@link #include()}. */
  String[] exclude() default {};
}
