/** How well the break-even gate chooses: its verdicts against a second measurement. */
package dev.filigree.cli.regret;
