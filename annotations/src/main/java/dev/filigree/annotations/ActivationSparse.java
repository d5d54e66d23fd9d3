package dev.filigree.annotations;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Skips small activations at inference: inputs of a layer that are zeroed need no weight to be
 * read.
 *
 * <pre>{@code
 * @ActivationSparse(sparsity = 0.5)
 * private final Linear third = Linear.builder().setUnits(512).build();
 *
 * @ActivationSparse(sparsity = 0.5, method = ActivationMethod.CATS, gate = "w1", up = "w3", down = "w2")
 * final class FeedForward extends AbstractBlock { ... }
 * }</pre>
 *
 * <p>Training is not touched, but for {@link #lambda}. {@link ActivationMethod#TEAL}, {@link
 * ActivationMethod#TEAL_GREEDY}, {@link ActivationMethod#WINA_THRESHOLD}, {@link
 * ActivationMethod#R_SPARSE}, {@link ActivationMethod#CATS} and {@link ActivationMethod#CHESS} need
 * a calibration pass over a few hundred inputs before they act; until then the layer runs dense and
 * the summary says so. {@link ActivationMethod#COREINFER} acts on what follows a prompt.
 *
 * <p>May be combined with {@link Sparse} or {@link NMSparse} on the same layer.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.TYPE, ElementType.ANNOTATION_TYPE})
public @interface ActivationSparse {

  /**
   * Fraction of the activations that is set to zero, 0 &lt;= sparsity &lt; 1. Required, but for
   * {@link ActivationMethod#RELU}, which has none to choose: there it must be left out. For {@link
   * ActivationMethod#TEAL_GREEDY} the fraction of the block's weights that need not be read, at
   * most 0.95; for {@link ActivationMethod#R_SPARSE} that of the layer's; for {@link
   * ActivationMethod#COREINFER} the fraction of the hidden units that is not used.
   */
  double sparsity() default Double.NaN;

  /** How activations are chosen. Default: {@link ActivationMethod#TEAL}. */
  ActivationMethod method() default ActivationMethod.TEAL;

  /**
   * CATS, CHESS, RELU, TEAL_GREEDY and COREINFER only, required there: the name of the annotated
   * type's field that holds the gate projection.
   */
  String gate() default "";

  /**
   * CATS, CHESS, RELU, TEAL_GREEDY and COREINFER only, required there: the name of the annotated
   * type's field that holds the up projection.
   */
  String up() default "";

  /**
   * CATS, CHESS, RELU, TEAL_GREEDY and COREINFER only, required there: the name of the annotated
   * type's field that holds the down projection.
   */
  String down() default "";

  /**
   * RELU only: gates at or below this count as zero when the model is served, as if f(g) were g for
   * g &gt; threshold and else 0 (FATReLU, the last step of ProSparse; the paper takes 0.01).
   * Finite, at least 0. Default: 0, which is ReLU itself and changes nothing. Training is ReLU's.
   */
  double threshold() default 0;

  /**
   * RELU only: ProSparse's regulariser of training, which drives hidden units to zero; the factor
   * of every stage, each finite and at least 0. Default: none, no regulariser.
   *
   * <p>To the loss of every optimizer step lambda(step) * mean |h| is added, h = ReLU(gate(x)) *
   * up(x), the input of down. The mean is over all elements of one forward pass of this block
   * [tokens, hidden units], so that lambda does not depend on width or batch; the terms of several
   * blocks, and of several forward passes of one, are summed. In the first stage lambda is the
   * first factor; in each later one it rises (or falls) from the factor before to its own on half a
   * sine, a + (b - a) * (1 + sin(pi * (u - 1/2))) / 2 for the share u of the stage that is done.
   * After the last stage the last factor stays. One factor alone is constant.
   */
  double[] lambda() default {};

  /**
   * RELU only: where every stage of {@link #lambda} ends, ascending and above 0, in fractions of
   * the planned training, to 1, or in optimizer steps, all of one kind as in {@link Schedule}.
   * Default: stages of the same length.
   */
  double[] end() default {};

  /**
   * Path globs of layers to take, only on a type and not with CATS, CHESS, RELU, TEAL_GREEDY or
   * COREINFER; see {@link Sparse#include()}.
   */
  String[] include() default {};

  /**
   * Path globs of layers to leave alone, only on a type and not with CATS, CHESS, RELU, TEAL_GREEDY
   * or COREINFER. Wins over {@link #include()}.
   */
  String[] exclude() default {};
}
