/**
 * Finds which plan applies to which layer of a block tree and keeps it beside the layer, never in
 * it.
 */
package dev.filigree.djl.bind;
