/** What a Llama-family decoder is made of: its shape, its tensors and their names. */
package dev.filigree.decoder.model;
