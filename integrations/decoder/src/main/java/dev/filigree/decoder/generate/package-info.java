/** Text generation: sampling and the loop around it. */
package dev.filigree.decoder.generate;
