/**
 * Serving a decoder on packed matrices: off heap, no DJL call per token, prefill of many rows and
 * decoding one row at a time with an in-place cache of keys and values.
 */
package dev.filigree.decoder.serve;
