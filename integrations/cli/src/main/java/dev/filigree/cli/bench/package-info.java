/** Measures one layer: dense through DJL, our own dense, and the packed forms, in turn. */
package dev.filigree.cli.bench;
