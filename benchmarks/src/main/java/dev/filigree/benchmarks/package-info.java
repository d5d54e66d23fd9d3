/** JMH benchmarks of the kernels, one class for each family. */
package dev.filigree.benchmarks;
