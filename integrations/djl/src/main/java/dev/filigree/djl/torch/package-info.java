/** What libtorch can do and DJL has no arrays for, asked by scripts. */
package dev.filigree.djl.torch;
