/** Filigree for DJL: the public facade {@link dev.filigree.djl.Filigree} and what it returns. */
package dev.filigree.djl;
