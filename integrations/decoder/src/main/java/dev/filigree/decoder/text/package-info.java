/** Text to token ids and back. */
package dev.filigree.decoder.text;
