/** How much sparsity is in force at a training step. */
package dev.filigree.schedule;
