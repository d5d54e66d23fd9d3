/**
 * What a bound layer does at inference: packed operators, activation sparsity, and the one place
 * that decides between them.
 */
package dev.filigree.djl.serve;
