/**
 * The decoder as DJL blocks: a Llama-family model in plain operations on arrays, which trains under
 * any DJL engine, takes Filigree's annotations, and reads and writes the files that the serving
 * decoder reads.
 */
package dev.filigree.decoder.block;
