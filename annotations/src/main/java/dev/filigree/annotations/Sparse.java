package dev.filigree.annotations;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Removes a fixed share of the weights of a layer: single weights, blocks, whole rows or whole
 * channels.
 *
 * <pre>{@code
 * @Sparse(sparsity = 0.8)
 * private final Linear wide = Linear.builder().setUnits(2048).build();
 *
 * @Sparse(sparsity = 0.5, granularity = Granularity.BLOCK, block = {4, 1})
 * private final Linear blocky = ...;
 * }</pre>
 *
 * <p><b>Axis.</b> A weight is seen as a matrix [outputs, inputs]: for {@code Linear} its own shape;
 * for convolutions one row per filter, with kernel positions outermost and input channels
 * innermost; for recurrent layers one row per gate unit, over the inputs of that gate
 * (input-to-hidden and hidden-to-hidden separately). Embeddings are refused.
 *
 * <p><b>Count.</b> Exactly floor(n * sparsity) of n scored units are removed, with n * sparsity
 * taken as an exact decimal, so that floor(100 * 0.29) is 29. Of equal scores the one that comes
 * first in row-major order goes first.
 *
 * <p><b>On a type</b> it applies to every supported layer below, but leaves embeddings, the output
 * head (the last layer with a weight), norms, biases, a first convolution and layers below 10,000
 * weights alone unless {@link #include()} names them.
 *
 * <p><b>Training.</b> Removed weights are exactly zero in the parameter after every optimizer step,
 * whatever momentum or weight decay the optimizer has. The default schedule ramps the sparsity as
 * in Zhu and Gupta, "To prune, or not to prune" (2017).
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.TYPE, ElementType.ANNOTATION_TYPE})
public @interface Sparse {

  /** Fraction of the units that is removed, 0 &lt;= sparsity &lt; 1. */
  double sparsity();

  /** What is removed as one unit. Default: single weights. */
  Granularity granularity() default Granularity.UNSTRUCTURED;

  /**
   * {outputs, inputs} of one block, each at least 1; only with {@link Granularity#BLOCK}, where it
   * is required. Blocks start at output 0, input 0; a block at the edge is smaller and counts as
   * one. Sizes with kernels of their own: 4x1, 16x1, 1x16 and their multiples.
   */
  int[] block() default {};

  /**
   * How weights are ranked. Default: {@link Criterion#MAGNITUDE}. With {@link Criterion#WANDA} and
   * {@link Criterion#SPARSEGPT} the layer trains dense and is pruned once, with calibration data,
   * when the model is packed; a schedule has no effect then.
   */
  Criterion criterion() default Criterion.MAGNITUDE;

  /**
   * Over what the removed share is counted. Default: {@code ROW}, or {@code LAYER} for blocks, rows
   * and channels.
   */
  Scope scope() default Scope.DEFAULT;

  /** When the sparsity is reached during training. */
  Schedule schedule() default @Schedule;

  /**
   * Path globs of layers to take, only on a type; empty takes all eligible ones. A path is the
   * child names joined by {@code /}, for example {@code encoder/wide}; {@code *} matches inside one
   * name, {@code **} across names. A layer named here without a wildcard is taken even where the
   * defaults would leave it alone.
   */
  String[] include() default {};

  /** Path globs of layers to leave alone, only on a type. Wins over {@link #include()}. */
  String[] exclude() default {};
}
