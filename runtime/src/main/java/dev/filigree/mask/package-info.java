/** Masks, and the rules that choose which weights are removed. */
package dev.filigree.mask;
