/** Next-token loss over sequences, and what keeps such a figure honest. */
package dev.filigree.decoder.evaluate;
