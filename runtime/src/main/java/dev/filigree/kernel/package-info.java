/**
 * The inner loops of packed products, in three forms: the definition ({@link
 * dev.filigree.kernel.ReferenceKernels}), plain Java for any JDK, and vector code for JDK 25.
 *
 * <p>Kernels know buffers and numbers, not matrices: shapes were checked by the caller, and every
 * kernel computes a range of outputs so that threads can split the outputs between them.
 */
package dev.filigree.kernel;
