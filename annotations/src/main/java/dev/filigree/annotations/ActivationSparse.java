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
 * <p>Training is not touched. {@link ActivationMethod#TEAL}, {@link ActivationMethod#CATS} and
 * {@link ActivationMethod#CHESS} need a calibration pass over a few hundred inputs before they act;
 * until then the layer runs dense and the summary says so.
 *
 * <p>May be combined with {@link Sparse} or {@link NMSparse} on the same layer.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.TYPE, ElementType.ANNOTATION_TYPE})
public @interface ActivationSparse {

  /** Fraction of the activations that is set to zero, 0 &lt;= sparsity &lt; 1. */
  double sparsity();

  /** How activations are chosen. Default: {@link ActivationMethod#TEAL}. */
  ActivationMethod method() default ActivationMethod.TEAL;

  /**
   * CATS and CHESS only, required there: the name of the annotated type's field that holds the gate
   * projection.
   */
  String gate() default "";

  /**
   * CATS and CHESS only, required there: the name of the annotated type's field that holds the up
   * projection.
   */
  String up() default "";

  /**
   * CATS and CHESS only, required there: the name of the annotated type's field that holds the down
   * projection.
   */
  String down() default "";

  /**
   * Path globs of layers to take, only on a type and not with CATS or CHESS; see {@link
   * Sparse#include()}.
   */
  String[] include() default {};

  /**
   * Path globs of layers to leave alone, only on a type and not with CATS or CHESS. Wins over
   * {@link #include()}.
   */
  String[] exclude() default {};
}
