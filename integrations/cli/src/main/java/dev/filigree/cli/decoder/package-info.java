/** What the commands on language models share: options to a packed decoder, results as text. */
package dev.filigree.cli.decoder;
