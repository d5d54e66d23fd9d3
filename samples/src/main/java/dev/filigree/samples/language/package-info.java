/**
 * Trains a small language model on a text, dense or sparse, and writes it as a directory that every
 * command of Filigree takes: one model on which quality and speed are measured.
 */
package dev.filigree.samples.language;
