package dev.filigree.processor.internal;

/** Answers for one concern. */
interface Validator {

  /**
   * Reports what is wrong with an element.
   *
   * @return whether the validators after this one should look at it, too
   */
  boolean validate(DeclaredElement declared, Reporter.Scope report);
}
