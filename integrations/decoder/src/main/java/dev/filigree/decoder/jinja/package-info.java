/** Templates in the language Jinja, which are not trusted. */
package dev.filigree.decoder.jinja;
