/** The calls that woven DJL code makes. Nothing here throws because of a failure of Filigree. */
package dev.filigree.djl.weave;
