/** Files in the GGUF format: their header, its texts and numbers, and where their tensors lie. */
package dev.filigree.decoder.gguf;
