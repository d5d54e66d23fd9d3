/** What the commands on files print. */
package dev.filigree.cli.file;
