/**
 * The quickstart: an annotated digit classifier, trained dense and sparse, packed and measured.
 * {@link dev.filigree.samples.digits.DigitClassifier} is what a user writes; the rest is data,
 * measurement and the report.
 */
package dev.filigree.samples.digits;
