/** Safetensors files, packed files, and writing that leaves nothing half-written. */
package dev.filigree.file;
