package dev.filigree.annotations;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * When sparsity is reached during training.
 *
 * <p>{@link #start()} and {@link #end()} are both fractions of the planned training (0 to 1) or
 * both absolute optimizer steps (integers; an {@code end} above 1 makes both absolute). The planned
 * number of steps is taken from {@code EasyTrain.fit}; a hand-written loop says it with {@code
 * Filigree.plannedSteps(trainer, steps)}.
 *
 * <p>At scheduled sparsity s_t the count removed is floor(n * s_t), with s_t as an exact decimal;
 * from the end on it is the declared target exactly.
 *
 * <p>May stand alone beside {@link Sparse} or {@link NMSparse} on the same element; it then
 * replaces their {@code schedule} attribute.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.TYPE, ElementType.ANNOTATION_TYPE})
public @interface Schedule {

  /** The shape of the ramp. Default: {@link ScheduleKind#CUBIC}. */
  ScheduleKind kind() default ScheduleKind.CUBIC;

  /** First step at which weights are removed; at least 0. */
  double start() default 0.0;

  /**
   * Step from which the declared sparsity holds exactly; above {@link #start()} (ignored by {@code
   * ONE_SHOT}).
   */
  double end() default 0.6;

  /** Optimizer steps between two choices of the mask inside the window; at least 1. */
  int every() default 20;

  /** Exponent of the {@code CUBIC} ramp, above 0; 3 is the paper's. */
  double power() default 3.0;
}
