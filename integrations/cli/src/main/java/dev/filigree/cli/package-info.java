/** The command line: {@code ./filigree COMMAND}. */
package dev.filigree.cli;
