/** Reads decoders: llama2.c files, Hugging Face directories, and models drawn at random. */
package dev.filigree.decoder.load;
