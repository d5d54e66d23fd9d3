/** Packed directories of decoders: writing them, and serving from the mapped file. */
package dev.filigree.decoder.store;
